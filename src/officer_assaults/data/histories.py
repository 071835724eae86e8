"""Histories: several years of all forces, for forecasts and for comparisons of totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from officer_assaults.data import breaks, exposure, recorded, tables
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.data.tables import Release
from officer_assaults.estimate import Shown

QUARTERS = 4
TASER = "use-of-force/taser"
FORCE_USED = "use-of-force/incidents"


@dataclass(frozen=True, slots=True)
class History(Shown):
    """Quarterly counts of recorded assaults on constables in complete years.

    Parameters
    ----------
    frame : DataFrame
        force, year (in which the financial year starts), quarter, count; only quarters in which
        every code can be used.
    breaks : DataFrame
        Decided breaks of these codes that keep years apart.
    codes : tuple of str
        Codes added up.
    vintage : str
        Release.
    releases : tuple of Release
        Provenance of counts and breaks.
    """

    frame: pd.DataFrame
    breaks: pd.DataFrame
    codes: tuple[str, ...]
    vintage: str
    releases: tuple[Release, ...]

    @property
    def years(self) -> tuple[str, str]:
        """First and last financial year."""
        return year_label(int(self.frame["year"].min())), year_label(int(self.frame["year"].max()))


@dataclass(frozen=True, slots=True)
class TaserYears(Shown):
    """Uses of TASER and recorded assaults of the same forces and years.

    Parameters
    ----------
    frame : DataFrame
        force, financial_year, recorded, officer_years, taser_uses, force_incidents.
    left_out : tuple of str
        Forces left out for a decided break in their recorded counts.
    releases : tuple of Release
        Provenance.
    """

    frame: pd.DataFrame
    left_out: tuple[str, ...]
    releases: tuple[Release, ...]


def year_label(year: int) -> str:
    """Label of the financial year that starts in April of ``year``."""
    return f"{year}/{(year + 1) % 100:02d}"


def history(codes: Sequence[str] = recorded.CODES, vintage: str = "auto") -> History:
    """Quarterly counts of every force, from the first year that all codes cover.

    Parameters
    ----------
    codes : sequence of str
        Offence codes to add up.
    vintage : str
        A full release; ``"auto"`` is the newest.

    Raises
    ------
    Refusal
        E107 if the release is unknown or does not hold every force.
    """
    quarters = recorded.usable_quarters(codes, vintage).frame
    complete = quarters.groupby("financial_year")["quarter"].nunique() == QUARTERS
    start = quarters.groupby("offence_code")["quarter_start"].min().max()
    kept = quarters[quarters["financial_year"].map(complete) & (quarters["quarter_start"] >= start)]
    kept = kept.assign(
        year=kept["financial_year"].map(lambda label: financial_year(label).start.year)
    )
    sums = kept.groupby(["force", "year", "quarter"], as_index=False).agg(
        count=("offences", "sum"), codes=("offence_code", "nunique")
    )
    used = str(quarters["vintage"].iloc[0])
    decided = breaks.decided(used)
    return History(
        frame=sums[sums["codes"] == len(codes)].drop(columns="codes").reset_index(drop=True),
        breaks=decided[
            decided["offence_code"].isin(list(codes)) & (decided["decision"] == "leave-out")
        ].reset_index(drop=True),
        codes=tuple(codes),
        vintage=used,
        releases=(recorded.release(used), tables.release("recording-breaks")),
    )


def part_year(known: History) -> pd.DataFrame:
    """First quarters of the year after the last whole one, as far as the release holds them.

    Parameters
    ----------
    known : History

    Returns
    -------
    DataFrame
        force, year, quarter, count; the same quarters for every force, empty if there are none.
    """
    quarters = recorded.usable_quarters(known.codes, known.vintage).frame
    year = int(known.frame["year"].max()) + 1
    mine = quarters[quarters["financial_year"] == year_label(year)]
    sums = mine.groupby(["force", "quarter"], as_index=False).agg(
        count=("offences", "sum"), codes=("offence_code", "nunique")
    )
    sums = sums[sums["codes"] == len(known.codes)].drop(columns="codes")
    sums = sums.assign(quarter=sums["quarter"].astype(int))
    held = 0
    while held < QUARTERS - 1 and (sums["quarter"] == held + 1).any():
        held += 1
    return sums[sums["quarter"] <= held].assign(year=year).reset_index(drop=True)


def taser_years(vintage: str = "auto") -> TaserYears:
    """Line up uses of TASER, uses of force, officers and recorded assaults by force and year.

    Returns
    -------
    TaserYears
        Forces whose recorded counts no decided break touches in any of the years.
    """
    taser, used = tables.load(TASER), tables.load(FORCE_USED)
    periods = [financial_year(label) for label in sorted(taser["financial_year"].unique())]
    officers = pd.concat(
        [exposure.officer_years(year).assign(financial_year=year.label) for year in periods]
    )
    key = ["force", "financial_year"]
    counts = recorded.annual(vintage)
    frame = (
        counts[[*key, "n_total"]]
        .merge(officers, on=key)
        .merge(taser[[*key, "uses"]], on=key)
        .merge(used[[*key, "incidents"]], on=key)
        .rename(
            columns={
                "n_total": "recorded",
                "exposure": "officer_years",
                "uses": "taser_uses",
                "incidents": "force_incidents",
            }
        )
    )
    used_release = str(counts["vintage"].iloc[0])
    broken = _broken(periods, used_release)
    release = recorded.release(used_release)
    return TaserYears(
        frame=frame[~frame["force"].isin(broken)].reset_index(drop=True),
        left_out=tuple(sorted(broken & set(frame["force"]))),
        releases=(
            release,
            tables.release("recording-breaks"),
            tables.release(TASER),
            tables.release(FORCE_USED),
            exposure.workforce_release(),
        ),
    )


def _broken(periods: Sequence[FinancialYear], release: str) -> set[str]:
    first, last = periods[0], periods[-1]
    decided = breaks.decided(release)
    decided = decided[decided["decision"] == "leave-out"]
    # A step after the first day of the window splits it; a gap does if any of it lies inside.
    starts_inside = decided["from"] <= pd.Timestamp(last.end)
    ends_inside = decided["to"].isna() | (decided["to"] >= pd.Timestamp(first.start))
    return set(decided.loc[starts_inside & ends_inside, "force"])
