"""Figures that a claim is set beside: counts of one force and year, release by release."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from officer_assaults.data import breaks, forces, recorded, tables
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear
from officer_assaults.refusals import Refusal

#: What a claim may count, in its own words, and the column of the record.
OFFENCES = {"all": "n_total", "without injury": "n_no_injury", "with injury": "n_injury"}
FIRST_WHOLE_YEAR = 2017
_CODES = {"all": ("104", "8S"), "without injury": ("104",), "with injury": ("8S",)}


@dataclass(frozen=True, slots=True)
class Reading:
    """A count of one release.

    Parameters
    ----------
    release : str
        The release.
    count : int
        Recorded offences.
    publisher, how_read : str
        Whose figure it is, and how it came here.
    independent : bool
        False where the release is the claimant's own quotation.
    """

    release: str
    count: int
    publisher: str
    how_read: str
    independent: bool


@once
def readings(force: str, year: FinancialYear, offences: str) -> list[Reading]:
    """Count a force and year in every release that holds them, the leading one first.

    Parameters
    ----------
    force : str
        Short name of a force or ``"england-and-wales"``.
    year : FinancialYear
        Year; before 2017/18 only offences without injury have a code.
    offences : str
        One of :data:`OFFENCES`.
    """
    found = []
    for vintage in reversed(recorded.vintages()):
        if vintage in recorded.QUOTED:
            found.append(_quoted(vintage, force, year, offences))
            continue
        count = _count(vintage, force, year, offences)
        if count is not None:
            about = recorded.release(vintage)
            found.append(
                Reading(vintage, count, about.publisher, about.how_read, about.independent)
            )
    held = [reading for reading in found if reading is not None]
    return sorted(held, key=lambda reading: reading.release in recorded.QUOTED)


def why_missing(force: str, year: FinancialYear, offences: str) -> str:
    """Say why no release holds a count, and what would."""
    if year.first < FIRST_WHOLE_YEAR and offences != "without injury":
        return (
            f"Assaults with injury had no code of their own before April {FIRST_WHOLE_YEAR}, so "
            f"the record of {year} holds those without injury only."
        )
    named = forces.names()[force]
    return f"No release held here has the whole of {year} for {named}."


def broken(force: str, years: tuple[FinancialYear, ...], offences: str) -> str:
    """Say which decided break of the leading release lies inside the years; empty if none does."""
    if forces.resolve(force).kind == "nation":
        return ""
    touched = breaks.touching(years[0], years[-1], _CODES[offences])
    mine = [touch.reason for touch in touched if touch.force == force and touch.leave_out]
    return " ".join(dict.fromkeys(mine))


def _quoted(vintage: str, force: str, year: FinancialYear, offences: str) -> Reading | None:
    """Figure of a table whose rows come from different pages, each read in its own way.

    A figure that is known only through somebody who quotes it is not independent.
    """
    rows = tables.load(f"recorded-assaults/{vintage}")
    mine = rows[(rows["force"] == force) & (rows["financial_year"] == year.label)]
    codes = _CODES[offences]
    row = mine[mine["offence_code"] == "+".join(codes)]
    if len(row) != 1:
        return None
    parts = row
    if row["how_read"].iloc[0] == "derived":
        others = {"104", "8S", "104+8S"} - {"+".join(codes)}
        parts = mine[mine["offence_code"].isin(others)]
    direct = bool(len(parts)) and bool((parts["how_read"] == "read directly").all())
    about = recorded.release(vintage)
    how = "read directly" if direct else "second-hand"
    independent = direct and about.independent
    return Reading(vintage, int(row["offences"].iloc[0]), about.publisher, how, independent)


def _count(vintage: str, force: str, year: FinancialYear, offences: str) -> int | None:
    is_nation = forces.resolve(force).kind == "nation"
    try:
        if year.first < FIRST_WHOLE_YEAR:
            return _early(vintage, force, year, offences, is_nation)
        rows = recorded.national(vintage) if is_nation else recorded.annual(vintage)
    except Refusal:
        return None
    mine = rows[rows["financial_year"] == year.label]
    mine = mine if is_nation else mine[mine["force"] == force]
    return int(mine[OFFENCES[offences]].iloc[0]) if len(mine) == 1 else None


def _early(
    vintage: str, force: str, year: FinancialYear, offences: str, is_nation: bool
) -> int | None:
    """Count of code 104 before the other code began."""
    if offences != "without injury" or vintage not in recorded.full_vintages():
        return None
    rows: pd.DataFrame = recorded.yearly(vintage)
    rows = rows[(rows["financial_year"] == year.label) & (rows["offence_code"] == "104")]
    rows = rows if is_nation else rows[rows["force"] == force]
    return int(rows["offences"].sum()) if len(rows) and rows["complete"].all() else None
