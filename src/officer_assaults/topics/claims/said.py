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
_DECIMAL_COMMA = re.compile(r"\d,\d{1,2}(?!\d)")
_FALLS = re.compile(
    r"\b(fewer|less|lower|fell|fall|fallen|falling|down|cut|decreas\w+|drop\w*|declin\w+|reduc\w+)\b"
)
_NOT_A_FALL = re.compile(r"\b(fewer|less|lower) than\b")
#: Beside a limit: what is just over a figure is that figure as rounded, not all above it.
_JUST = re.compile(r"\bjust (over|under|above|below)\b")
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
_WORDS = {word: at for at, word in enumerate(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
     "twelve"], start=1)} | {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50}  # fmt: skip
_OF = {"third": 3, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
       "tenth": 10}  # fmt: skip
_FRACTION = re.compile(rf"\b(a|{'|'.join(_WORDS)})[ -]({'|'.join(_OF)})s?\b")
_HALF = re.compile(r"\b((a |one[ -])?half)\b")
_ONE = rf"(\d+|{'|'.join(_WORDS)})"
_SHARE = re.compile(rf"\b{_ONE} (?:in|out of)(?: every)? {_ONE}\b")
#: Words that change the number beside them in a way that is not read here.
_UNREAD = re.compile(
    r"\b(and a half|dozens?|hundreds?|thousands?|millions?|times|fold|every \d+)\b"
)
_NAMED = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_AMONG = re.compile(r"\b(out )?of (the )?(?P<of>\d+)\b.*")
#: A place counted from the other end.
_FROM_BELOW = re.compile(r"\b(lowest|least|fewest|safest|best|bottom|last|smallest)\b")
_PLACES = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
           "tenth", "eleventh", "twelfth"]  # fmt: skip


_SUCH = {"change": "+12%", "count": "1,057", "rate": "20", "share": "19%", "survey": "73%"}


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
    made, start = _one_in(plain)
    if made is not None:
        pass
    elif _UNREAD.search(plain):
        return None
    elif len(found) == 1:
        made, start = _in_digits(plain, found[0]), found[0].start()
    elif not found:
        made, start = _in_words(plain)
    if made is None:
        return None
    side = _side(plain[:start])
    falls = _FALLS.search(_NOT_A_FALL.sub("", plain))
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
    """Read a change or a part of a whole said in words; else a number from one to twelve."""
    held = [
        (float(value), match.start())
        for word, value in _CHANGES.items()
        if (match := re.search(rf"\b({word})\b", plain))
    ]
    for match in _FRACTION.finditer(plain):
        part = round(100 * _WORDS.get(match[1], 1) / _OF[match[2]])
        held.append((float(part), match.start()))
    held += [(50.0, match.start()) for match in _HALF.finditer(plain)]
    named = [] if held else list(_NAMED.finditer(plain))
    if len(named) == 1:
        return Figure(float(_WORDS[named[0][1]]), 0, percent=False), named[0].start()
    if len(held) != 1:
        return None, 0
    return Figure(held[0][0], 0, percent=True), held[0][1]


def _one_in(plain: str) -> tuple[Figure | None, int]:
    """Read a share such as one in five, or 7 out of 10."""
    found = list(_SHARE.finditer(plain))
    if len(found) != 1 or _PERCENT.search(plain):
        return None, 0
    part, whole = (float(_WORDS.get(word) or word) for word in found[0].groups())
    if not 0 < part <= whole or _NUMBER.search(_SHARE.sub("", plain)):
        return None, 0
    return Figure(100 * part / whole, 0, percent=True), found[0].start()


def _side(before: str) -> Side:
    if _JUST.search(before):
        return ""
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
    plain = _AMONG.sub("", _plain(text))
    if re.search(r"\btop \w", plain) or _FROM_BELOW.search(plain):
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


def among(text: str) -> int | None:
    """Read among how many a place is said to be; None if the text does not say.

    Examples
    --------
    >>> among("sixth worst of 40"), among("sixth")
    (40, None)
    """
    found = _AMONG.search(_plain(text))
    return int(found["of"]) if found else None


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
        return _fault_of_place(text)
    if _DECIMAL_COMMA.search(text):
        return f"'{text}' has a decimal comma.", f"Write {text.strip().replace(',', '.')}."
    found = figure(text)
    if found is None:
        return f"'{text}' says no figure, or more than one.", f"Write one figure: {_SUCH[kind]}."
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


def _fault_of_place(text: str) -> tuple[str, str] | None:
    made, of = place(text), among(text)
    if _FROM_BELOW.search(_plain(text)):
        told = f"'{text}' counts from the low end."
        return told, "Here 1 is the highest: write the place from the top, such as 38th of 43."
    if made is None:
        return f"'{text}' says no place.", "Write the place as it was said: 6th."
    if of is not None and made.value > of:
        return f"'{text}' is no place among {of}.", "Check both numbers: 6th of 40."
    return None


def _fault_of_change(text: str, found: Figure) -> tuple[str, str] | None:
    if found.percent and found.value < -100:
        return f"'{text}' is a fall to less than nothing.", "Write a fall of 100% at most."
    if not found.percent and re.fullmatch(r"[\d,]+", text.strip()):
        told = f"'{text}' may be a percentage or a number of offences."
        return told, f"Write +{text.strip()}%, or {text.strip()} more."
    if not found.percent and found.decimals:
        told = f"'{text}' is neither a percentage nor a number of offences."
        return told, "Write a percentage, such as +33%, or whole offences, such as 263 more."
    return None
