"""Said: figures as people say them, read strictly; what says no one figure is never guessed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

Side = Literal["", ">", ">=", "<", "<="]
ROUND_OFF = 1e-9
_NUMBER = re.compile(r"(?<![\w.,])[+-]?\s*(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?![\d,]*\d)")
_PERCENT = re.compile(r"\s*(%|per\s?cent\b|pc\b)")
_ORDINAL = re.compile(r"(st|nd|rd|th)\b")
_FALLS = re.compile(r"\b(fewer|fell|fall|fallen|falling|down|decrease[ds]?|drop\w*|declined?)\b")
#: Words before a figure that make it a limit.
_LIMITS: tuple[tuple[str, Side], ...] = (
    (r"(no|not) (more|higher) than|at most|up to|maximum of", "<="),
    (r"(no|not) (fewer|less|lower) than|at least|minimum of", ">="),
    (r"more than|over|above|exceed\w*|upwards? of", ">"),
    (r"fewer than|less than|under|below", "<"),
)
_FLIPPED: dict[Side, Side] = {"": "", ">": "<", ">=": "<=", "<": ">", "<=": ">="}
#: Relative changes, and parts of a whole, that are said in words: per cent.
_CHANGES = {r"doubl\w+|twofold": 100, r"(trebl|tripl)\w+|threefold": 200, r"quadrupl\w+": 300,
            r"halv\w+": -50}  # fmt: skip
_PARTS = {r"two[ -]thirds": 67, r"three[ -]quarters": 75, r"(a|one)[ -]third": 33,
          r"(a|one)[ -]quarter": 25, r"(a|one)[ -]fifth": 20, r"(a |one[ -])?half": 50}  # fmt: skip
_PLACES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
           "tenth", "eleventh", "twelfth"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as it was said.

    Parameters
    ----------
    value : float
        Its value; below 0 for a fall.
    decimals : int
        Decimals it was said with.
    percent : bool
        Whether it is a percentage.
    side : str
        "" for the figure itself, else the sign that stands between what is claimed and the value.
    """

    value: float
    decimals: int
    percent: bool
    side: Side = ""

    def agrees(self, value: float) -> bool:
        """Whether a value is the figure as rounded, or lies on the side that was said."""
        near = ROUND_OFF * max(1.0, abs(value))
        if self.side in (">", "<"):
            return (value > self.value) if self.side == ">" else (value < self.value)
        if self.side:
            return value >= self.value - near if self.side == ">=" else value <= self.value + near
        return abs(self.value - value) <= 0.5 * 10.0**-self.decimals + near


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-")
    return " ".join(folded.casefold().split())


def figure(text: str) -> Figure | None:
    """Read the one figure that a text says; None if it says none, or several.

    Examples
    --------
    >>> figure("+12.5%")
    Figure(value=12.5, decimals=1, percent=True, side='')
    >>> figure("fell by a third").value, figure("more than 1,400").side
    (-33.0, '>')
    """
    plain = _plain(text)
    found = list(_NUMBER.finditer(plain))
    made, start = None, 0
    if len(found) == 1:
        made, start = _in_digits(plain, found[0]), found[0].start()
    elif not found:
        made, start = _in_words(plain)
    if made is None:
        return None
    side = _side(plain[:start])
    falls = _FALLS.search(re.sub(r"fewer than", "", plain))
    if falls and made.value > 0:
        return replace(made, value=-made.value, side=_FLIPPED[side])
    return replace(made, side=side)


def _in_digits(plain: str, found: re.Match[str]) -> Figure | None:
    rest = plain[found.end() :]
    percent = _PERCENT.match(rest)
    strange = rest[:1].isalnum() and not (percent or _ORDINAL.match(rest))
    if strange or rest.lstrip().startswith("percentage point"):
        return None
    digits = re.sub(r"[,\s+]", "", found.group())
    return Figure(float(digits), len(digits.partition(".")[2]), percent is not None)


def _in_words(plain: str) -> tuple[Figure | None, int]:
    held = [
        (value, match.start())
        for known in (_CHANGES, _PARTS)
        for word, value in known.items()
        if (match := re.search(rf"\b({word})\b", plain))
    ]
    if len(held) != 1:
        return None, 0
    return Figure(float(held[0][0]), 0, percent=True), held[0][1]


def _side(before: str) -> Side:
    for pattern, side in _LIMITS:
        if re.search(rf"\b({pattern})\b", before):
            return side
    return ""


def place(text: str) -> Figure | None:
    """Read a place among others: 6, 6th, sixth worst of 40; None if the text says none.

    Examples
    --------
    >>> place("sixth worst of 40").value
    6.0
    """
    plain = re.sub(r"\b(out )?of (the )?\d+\b.*", "", _plain(text))
    if re.search(r"\btop \w", plain):
        return None
    named = [at for at, word in enumerate(_PLACES, start=1) if re.search(rf"\b{word}\b", plain)]
    found = _NUMBER.findall(plain)
    if len(named) + len(found) == 1:
        made = Figure(float(named[0]), 0, percent=False) if named else figure(plain)
        good = made is not None and made.value >= 1 and made == Figure(made.value, 0, percent=False)
        return made if good else None
    if not named and not found and re.search(r"\b(worst|highest|top)\b", plain):
        return Figure(1.0, 0, percent=False)
    return None


def fault(kind: str, text: str) -> tuple[str, str] | None:
    """Say what is wrong with a figure for a claim of a kind, and what to write; None if nothing.

    Parameters
    ----------
    kind : str
        Kind of claim; a document or log may say anything.
    text : str
        The figure as it was said.
    """
    if kind in ("document", "log"):
        return None
    if kind == "rank":
        said = f"'{text}' says no place."
        return None if place(text) else (said, "Write the place as it was said: 6th.")
    found = figure(text)
    if found is None:
        return f"'{text}' says no figure, or more than one.", "Write it as it was said: +12%."
    if kind == "change":
        return _fault_of_change(text, found)
    if kind in ("count", "rate"):
        good = not found.percent and found.value >= 0 and (kind == "rate" or not found.decimals)
        what = "number of offences" if kind == "count" else "number of offences per unit of time"
        return None if good else (f"'{text}' is no {what}.", "Write a number of 0 or more: 1,057.")
    if not found.percent and 0 < found.value < 1:
        told = f"'{text}' may be a share or a percentage."
        return told, f"Write the percentage: {100 * found.value:g}%."
    if not 0 <= found.value <= 100:
        return f"'{text}' is no share of a whole.", "Write a percentage from 0 to 100."
    return None


def _fault_of_change(text: str, found: Figure) -> tuple[str, str] | None:
    if found.percent and found.value < -100:
        return f"'{text}' is a fall to less than nothing.", "Write a fall of 100% at most."
    if not found.percent and found.decimals:
        told = f"'{text}' is neither a percentage nor a number of offences."
        return told, "Write a percentage, such as +33%, or whole offences, such as 263 more."
    return None
