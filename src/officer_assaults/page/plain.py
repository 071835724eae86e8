"""Plain: outputs of a notebook that no helper made: texts are kept, all else is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from officer_assaults.findings import ROLE_KEY
from officer_assaults.page import markup

#: Of the plain outputs of one cell as many are shown; those between say little more.
MOST_PLAIN = 40
_TEXTS = frozenset(("text/plain", "text/markdown", "text/latex"))
# What Python writes of an object that has no text of its own, addresses taken out before.
_UNSHOWN = re.compile(
    r"\[?<(?:[\w.]+(?: object)?|(?:Axes|Figure|function|bound method)\b.*)>[\],]?"
)


def unshown(data: Mapping[str, Any]) -> str:
    """Say what would be lost on a page or stand there as an address, with what to do; else empty.

    Parameters
    ----------
    data : mapping
        An output by MIME type.
    """
    others = [mime for mime in data if mime not in _TEXTS]
    if any(mime.startswith("image/") for mime in others):
        return "a bare picture; pass it to show_figure"
    if "<table" in str(data.get("text/html", "")):
        return "a bare HTML table; pass it to show_table, or print it as text"
    if "text/html" in data:
        return "HTML, which no report takes over; print it as text"
    if others:
        return f"an object of type {others[0]}, which a page cannot; print it as text"
    if set(data) <= {"text/plain"} and _UNSHOWN.fullmatch(str(data.get("text/plain", ""))):
        return "an object that has no text; print what it says, or end its line with ;"
    return ""


def without_flood(outputs: Sequence[Any]) -> list[Any]:
    """Take the middle out of very many plain outputs of one cell, and say how many."""
    bare = [at for at, output in enumerate(outputs) if not output.get("metadata", {}).get(ROLE_KEY)]
    half = MOST_PLAIN // 2
    left = bare[half:-half] if len(bare) > MOST_PLAIN else []
    if not left:
        return list(outputs)
    from nbformat import NotebookNode

    said = f"[{len(left):,} outputs are left out here]"
    note = NotebookNode(output_type="stream", name="stdout", text=said)  # type: ignore[no-untyped-call]
    dropped = frozenset(left)
    kept = [output for at, output in enumerate(outputs) if at not in dropped]
    before = sum(at not in dropped for at in range(left[0]))
    return [*kept[:before], note, *kept[before:]]


def stream(output: Any) -> str:
    """Show what was printed; what went to the error stream, as warnings do, in a shut fold."""
    text = markup.text(str(output.text).rstrip())
    if not text:
        return ""
    block = f'<pre class="out">{text}</pre>'
    if output.name == "stdout":
        return block
    return (
        f'<details class="fold"><summary>Show messages of the software</summary>{block}</details>'
    )
