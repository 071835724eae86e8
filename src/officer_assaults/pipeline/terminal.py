"""Terminal: what a printed text looks like in the end, and what no page may hold of any text."""

from __future__ import annotations

import re

#: Letters of a printed output that a page shows; its middle says nothing more.
LONGEST_PRINTED = 20_000
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)(?P<number>[0-?]*)[ -/]*(?P<letter>[@-~])"
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[ -/]*[0-~]?"
)
_MOVE = re.compile("\x1b(?P<rows>[0-9]*)A|[\n\r\b]")
_UPWARDS = ("A", "F")
# What a progress bar says of time differs from run to run.
_TIMES = re.compile(r" ?\[(?:\d+:)?\d\d:\d\d[<,][^\]\n]*(?:/s|s/)[^\]\n]*\]")
_LINE_ENDS = re.compile("\r\n|[\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SILENT = re.compile(r"[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]")
#: Half of a sign beyond the first plane, which UTF-8 cannot hold.
HALF_SIGN = re.compile("[\ud800-\udfff]")
#: Signs that turn the order of reading or have no form: a page could read as it is not written.
UNSEEN = re.compile("[\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff]")


def printed(text: str) -> str:
    """Give a text as a terminal shows it in the end: no colours, no overwritten lines, no flood."""
    plain = _SILENT.sub("", _ESCAPE.sub(_kept_move, _LINE_ENDS.sub("\n", text)))
    whole = visible(_Screen(plain).text() if _MOVE.search(plain) else plain)
    whole = _TIMES.sub("", whole)
    left = len(whole) - LONGEST_PRINTED
    if left <= 0:
        return whole
    half = LONGEST_PRINTED // 2
    return f"{whole[:half]}\n[{left:,} letters are left out here]\n{whole[-half:]}"


def visible(text: str) -> str:
    """Text without signs that steer or have no form, and with one kind of line end."""
    return UNSEEN.sub("", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))


def _kept_move(match: re.Match[str]) -> str:
    """Of all escape sequences, keep those that lead up to a line that is written again."""
    is_move = match["letter"] in _UPWARDS and (match["number"] or "1").isdigit()
    return f"\x1b{match['number']}A" if is_move else ""


class _Screen:
    """Rows of a terminal without width; one that is begun anew is emptied by the next writing."""

    def __init__(self, text: str) -> None:
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self.is_fresh = False
        at = 0
        for move in _MOVE.finditer(text):
            self._write(text[at : move.start()])
            self._move(move)
            at = move.end()
        self._write(text[at:])

    def text(self) -> str:
        return "\n".join("".join(row) for row in self.rows)

    def _write(self, text: str) -> None:
        if not text:
            return
        row = self.rows[self.row]
        if self.is_fresh:
            row.clear()
        row[self.column : self.column + len(text)] = text
        self.column += len(text)
        self.is_fresh = False

    def _move(self, move: re.Match[str]) -> None:
        if move["rows"] is not None:
            self.row = max(0, self.row - int(move["rows"] or 1))
        elif move[0] == "\b":
            self.column = max(0, self.column - 1)
        elif move[0] == "\r":
            self.column, self.is_fresh = 0, True
        else:
            self.row, self.column, self.is_fresh = self.row + 1, 0, False
            if self.row == len(self.rows):
                self.rows.append([])
