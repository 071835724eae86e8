"""Audience: how a report for internal eyes is told from one that may be handed on."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

#: Value of the parameter, and the folder of reports that holds such pages.
INTERNAL = "internal"
PARAMETER = "audience"
PUBLIC = "public"
#: Words at the head of every internal page.
BANNER = "For internal eyes: not to be handed on."
#: What its markup holds, whatever its words.
MARK = '<meta name="audience" content="internal">'
_MARKS = {
    "html": (MARK, BANNER),
    "json": ('"audience": "internal"', '"audience":"internal"'),
}


def is_internal(parameters: Mapping[str, Any]) -> bool:
    """Whether a report with these parameters is for internal eyes."""
    return bool(parameters.get(PARAMETER, PUBLIC) != PUBLIC)


def internal_files(files: Mapping[str, str | bytes]) -> Iterator[str]:
    """Name files that were made for internal eyes, by what they hold, archives looked into.

    Parameters
    ----------
    files : mapping of str to str or bytes
        Content by name.

    Yields
    ------
    str
    """
    for name, content in files.items():
        held = content.encode() if isinstance(content, str) else content
        if held[:2] == b"PK" and zipfile.is_zipfile(io.BytesIO(held)):
            with zipfile.ZipFile(io.BytesIO(held)) as archive:
                inside = {f"{name}/{one}": archive.read(one) for one in archive.namelist()}
            yield from internal_files(inside)
        elif any(mark.encode() in held for mark in _MARKS.get(name.rpartition(".")[2], ())):
            yield name
