"""Meanings: what the columns of force systems are called, and how their cells are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

Words = Mapping[str, Sequence[str]]

#: What a table of each kind cannot do without; the first need is what the kind is known by.
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "officers": ("officer", "call_sign", "start", "end", "lpa"),
        "incidents": ("attended", "call_sign"),
        "assaults": ("occurred", "officer"),
    }
)
MOMENTS = ("start", "end", "attended", "occurred", "recorded", "occurred_at", "recorded_at")
HOURS = ("unit_hours", "officer_hours", "officer_hours_after_double")
MOST_HOURS_A_MONTH = 24 * 31

#: A name shorter than this is taken for a meaning only where it is the whole header.
SHORTEST_PART = 5
#: What stands in a cell that holds nothing.
MISSING = (
    "", "-", "--", "null", "n/a", "#n/a", "na", "nan", "none", "nil", "(null)", "nat", "<na>",
    "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!",
)  # fmt: skip
_CODES = (
    ("no injury", re.compile(r"without injury|^\s*104\b", re.IGNORECASE)),
    ("injury", re.compile(r"\bwith injury|^\s*0*8/?[ST]\b|^\s*0*8/(6[89]|70)\b", re.IGNORECASE)),
)


@cache
def _told() -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("meanings.yml").read_text(encoding="utf-8")
    told: dict[str, dict[str, Any]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    return told


def tables() -> Mapping[str, Words]:
    """Names that columns go by, per kind of table."""
    return _told()["tables"]


def ready() -> Words:
    """Columns of ready cells and unit-shifts, and what else they are called."""
    return _told()["ready"]


def value_words() -> Mapping[str, Words]:
    """Words of each column that has a vocabulary, and what they stand in the files as."""
    return _told()["values"]


def plain(text: str) -> str:
    """Header or value in lower case, without signs between its words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return " ".join(re.sub(r"[^\w+]+|_", " ", spaced.casefold()).split())


def column_for(
    meaning: str, names: Iterable[str], headers: Sequence[str], *, loose: bool = False
) -> str:
    """Header that most likely holds a meaning; empty if none does.

    Parameters
    ----------
    meaning : str
    names : iterable of str
        What else it is called.
    headers : sequence of str
    loose : bool
        Whether a header may hold the name among other words, as 'Officer Collar No' does.
    """
    known = {plain(header): header for header in reversed(headers)}
    wanted = [plain(name) for name in (meaning, *names)]
    for name in wanted:
        if found := known.get(name):
            return found
    if loose:
        for name in sorted(wanted, key=len, reverse=True):
            for text, header in known.items():
                if len(name) >= SHORTEST_PART and f" {name} " in f" {text} ":
                    return header
    return ""


def word_for(cell: str, words: Words) -> str:
    """Word of the vocabulary that a cell most likely stands for; empty if none does."""
    text = plain(cell)
    for word, known in words.items():
        if text == plain(word) or cell.strip().casefold() in known or text in map(plain, known):
            return word
    if words is value_words()["code"]:
        return next((word for word, form in _CODES if form.search(cell)), "")
    return ""


def hours_unit(cells: Sequence[str], largest: float) -> str:
    """Tell the unit of hours: hh:mm by its sign; ASK where a month could not hold them."""
    given = [cell for cell in cells if cell]
    if given and all(re.fullmatch(r"\d+:\d{2}(:\d{2})?", cell) for cell in given):
        return "hh:mm"
    values = []
    for cell in given:
        try:
            values.append(float(cell.replace(",", ".")))
        except ValueError:
            return "ASK"
    if values and sorted(values)[len(values) // 2] > largest:
        return "ASK"
    return "hours"
