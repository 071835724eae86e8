"""Proceedings: outcomes of recorded assaults, court tables, and reported parts of a quarter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from officer_assaults.data import forces, recorded, tables
from officer_assaults.data.forces import Force
from officer_assaults.shown import Shown

OUTCOMES, COURTS = "outcomes/2018-19", "courts/2018-2019"
COMPOSITION, EVENTS = "evidence/quarter-composition", "events/dated"
OLD_OFFENCE = "Assault on a constable"
NEW_OFFENCE = "Assault or assault by beating of an emergency worker"
CONTROL_OFFENCE = "Common assault and battery"


@dataclass(frozen=True, slots=True)
class ReportedQuarter(Shown):
    """What an article reports of one force in one quarter, beside what was recorded.

    Parameters
    ----------
    parts : DataFrame
        part, lower, upper.
    total : int
        Cases reported in all.
    exclusive : bool
        Whether the source says that a case falls into one part only.
    start, end : date
        The quarter.
    recorded, recorded_no_injury : int
        Recorded offences of the quarter, newest release: both codes, and code 104 alone.
    year_before : tuple of (int, int)
        Offences and days of the financial year in the first release, for scale; zeros if absent.
    ledger_id : str
        Row of the evidence ledger that holds the article.
    """

    parts: pd.DataFrame
    total: int
    exclusive: bool
    start: date
    end: date
    recorded: int
    recorded_no_injury: int
    year_before: tuple[int, int]
    ledger_id: str

    @property
    def days(self) -> int:
        """Days in the quarter."""
        return (self.end - self.start).days + 1


def outcomes() -> pd.DataFrame:
    """Outcomes, up to the release, of offences recorded in each quarter.

    Returns
    -------
    DataFrame
        force, quarter_start, offence_code, outcome, n.
    """
    frame = tables.load(OUTCOMES).rename(columns={"outcomes_of_offences_recorded": "n"})
    return frame[["force", "quarter_start", "offence_code", "outcome", "n"]]


def courts() -> pd.DataFrame:
    """Court table by month: month_start, offence, stage, value."""
    return tables.load(COURTS)[["month_start", "offence", "stage", "value"]]


def act_day() -> pd.Timestamp:
    """Commencement of the Assaults on Emergency Workers (Offences) Act 2018."""
    events = tables.load(EVENTS)
    law = events[(events["kind"] == "law") & events["event"].str.contains("in force")]
    return pd.Timestamp(law["day"].iloc[0])


def reported_quarter(force: str | Force) -> ReportedQuarter | None:
    """Parts of a quarter that an article reports of a force; None where there is no report."""
    slug = forces.resolve(force).slug
    rows = tables.load(COMPOSITION)
    rows = rows[rows["force"] == slug]
    if rows.empty:
        return None
    first = rows.iloc[0]
    counts = recorded.quarterly()
    mine = counts[(counts["force"] == slug) & (counts["quarter_start"] == first["start"])]
    codes = mine.set_index("offence_code")["offences"]
    return ReportedQuarter(
        parts=rows[["part", "lower", "upper"]].reset_index(drop=True),
        total=int(first["total"]),
        exclusive=bool(rows["exclusive"].all()),
        start=first["start"].date(),
        end=first["end"].date(),
        recorded=int(codes[list(recorded.CODES)].sum()),
        recorded_no_injury=int(codes[recorded.CODES[0]]),
        year_before=_first_year(slug, str(mine["financial_year"].iloc[0])),
        ledger_id=str(first["ledger_id"]),
    )


def _first_year(slug: str, label: str) -> tuple[int, int]:
    years = recorded.annual()
    mine = years[(years["force"] == slug) & (years["financial_year"] == label)]
    if mine.empty:
        return 0, 0
    return int(mine["n_total"].iloc[0]), int(mine["days"].iloc[0])
