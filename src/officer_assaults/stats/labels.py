"""Labels that a person would read as one: what would count one place, team or unit as two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")


def plain(label: str) -> str:
    """Put a label into the form in which alike ones are equal.

    Compatible forms of signs (NFKC), case, spaces and zeros before a number do not count.

    Examples
    --------
    >>> plain(" LPA-01 ") == plain("lpa-1")
    True
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", label).casefold())
    return _ZEROS.sub("", "".join(folded.split()))


def look_alikes(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Find groups of different labels that a person would read as one.

    Parameters
    ----------
    labels : iterable of str

    Returns
    -------
    list of tuple of str
        Two labels or more each, sorted; empty where every label stands alone.
    """
    groups: dict[str, set[str]] = {}
    for label in set(labels):
        groups.setdefault(plain(label), set()).add(label)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def named(groups: Iterable[tuple[str, ...]], most: int = 5) -> str:
    """Name groups of labels for a message: ``'LPA-01' and 'lpa-01'; ...``."""
    listed = list(groups)
    text = "; ".join(" and ".join(f"'{label}'" for label in group) for group in listed[:most])
    return f"{text}; and {len(listed) - most} more" if len(listed) > most else text
