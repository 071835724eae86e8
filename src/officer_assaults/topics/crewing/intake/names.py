"""Names: one officer, unit or force, however two systems write it."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from officer_assaults.data import forces
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.data.schemas import SIMULATED_FORCE

_RANK = re.compile(
    r"^(?:a/?|t/?)?(?:pc|ps|dc|ds|di|sgt|insp|wpc|tdc|pcso|sc|con|spc)[ .-]*(?=\d)", re.IGNORECASE
)


#: A number and a name beside it: 1234 SMITH, Smith, J (1234). One letter alone is a division.
_WITH_NAME = re.compile(
    r"(?=.*[^\W\d]{3})(?:[^\W\d]['\w,.-]*\s+)*\(?(?P<number>\d{2,})\)?(?:[\s,]+[^\W\d]['\w,.-]*)*\s*"
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")


def loosely(column: pl.Series, *, officers: bool = False) -> pl.Series:
    """Names of officers or units without what two systems write differently.

    Letter case, spaces, signs beside letters, a decimal nought from a spreadsheet, leading noughts
    of a number and, of officers, the rank before the number and the name beside it.
    """
    done = {cell: _loose(cell, officers) for cell in column.unique().to_list()}
    return column.replace_strict(done, return_dtype=pl.String)


def _loose(cell: str, officers: bool) -> str:
    text = unicodedata.normalize("NFKC", cell).replace("\u200b", "").strip("' \t")
    if officers:
        text = _RANK.sub("", text)
        named = _WITH_NAME.fullmatch(text)
        text = named["number"] if named else text
        text = text.replace(",", "") if _THOUSANDS.fullmatch(text) else text
    text = re.sub(r"^(\d+)\.0+$", r"\1", text).casefold()
    text = re.sub(r"[\s._/-]+", "-", text).strip("-")
    text = re.sub(r"(?<!\d)-|-(?!\d)", "", text)
    return (text.lstrip("0") or "0") if text.isdigit() else text


def force_named(cell: str) -> str:
    """Short name of a force, however it is called; empty if it is none."""
    if cell == SIMULATED_FORCE:
        return cell
    try:
        return forces.resolve(cell).slug
    except Refusal:
        return ""
