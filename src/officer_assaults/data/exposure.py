"""Exposure: officers, residents and uses of force that counts are set against."""

from __future__ import annotations

from datetime import date

import pandas as pd

from officer_assaults.data import forces, releases, tables
from officer_assaults.data.forces import Force
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.data.tables import Release
from officer_assaults.refusals import Refusal

OFFICER_MEASURES = ("officer_fte", "officer_headcount", "constable_fte")
#: Measure under which published totals of officers stand in published/figures.csv.
OFFICERS_PUBLISHED = "police officers, 43 forces, full-time equivalents"
#: Names of the denominators and what one unit of each is.
UNITS = {
    "officer_fte": "officer-years (full-time equivalents)",
    "officer_headcount": "officer-years (persons)",
    "constable_fte": "constable-years (full-time equivalents)",
    "residents": "residents",
    "uses_of_force": "recorded uses of force",
}


def officer_years(
    period: str | FinancialYear, measure: str = "officer_fte", *, last_stock: bool = False
) -> pd.DataFrame:
    """Officer-years of every territorial force in a financial year.

    The mean of the stocks at 31 March before and at the end of the year.

    Parameters
    ----------
    period : str or FinancialYear
        Financial year.
    measure : {"officer_fte", "officer_headcount", "constable_fte"}
        Who is counted.
    last_stock : bool
        Where a stock is not held by force, take the one between its neighbours, or the last one
        before it. The caller must print :func:`stand_in` beside the result.

    Returns
    -------
    pandas.DataFrame
        force, exposure (officer-years).

    Raises
    ------
    Refusal
        E104 if a stock is missing or the measure is unknown.
    """
    years = _officer_years(period, measure, stand_ins=last_stock)
    territorial = years[years.index.isin(forces.slugs("territorial"))]
    return territorial.rename("exposure").rename_axis("force").reset_index()


def stand_in(
    period: str | FinancialYear,
    denominator: str = "officer_fte",
    force: str | Force | None = None,
) -> str:
    """Sentence on what stands in for a denominator that is not held; empty if nothing does.

    Every page prints this sentence, so that one gap reads the same everywhere.

    Parameters
    ----------
    period : str or FinancialYear
        Financial year.
    denominator : str
        Name of :data:`UNITS`.
    force : str or Force, optional
        Force in focus; of British Transport Police and of England and Wales, which includes it,
        the last stock of that force is told too.
    """
    year = financial_year(period)
    if denominator == "residents":
        newest = int(_newest("population")["mid_year"].max())
        if year.first <= newest:
            return ""
        return f"No population estimate for mid-{year.first} is held; that of mid-{newest} is used."
    if denominator not in OFFICER_MEASURES:
        return ""
    stocks = _stocks(denominator)
    said = [_stock_at(stocks, day)[1] for day in _ends(year)]
    if force is not None and forces.resolve(force).kind != "territorial":
        held = _workforce().loc[lambda rows: rows["force"] == forces.BRITISH_TRANSPORT_POLICE]
        if not held.empty and _ends(year)[1] > held["as_at"].max():
            said.append(
                f"British Transport Police has the officers of {_day(held['as_at'].max())}."
            )
    return " ".join(filter(None, said))


@once
def _officer_years(
    period: str | FinancialYear, measure: str, *, stand_ins: bool
) -> pd.Series[float]:
    """Officer-years by force, British Transport Police included where it is held."""
    year = financial_year(period)
    if measure not in OFFICER_MEASURES:
        raise Refusal.of(
            "E104",
            f"'{measure}' is no measure of officers.",
            f"Known: {_listed()}.",
            column="measure",
        )
    stocks = _stocks(measure)
    days = pd.DatetimeIndex(stocks.columns)
    absent = [end for end in _ends(year) if end not in days]
    before = [end for end in absent if end < days.min()]
    if before or (absent and not stand_ins):
        held = ", ".join(f"{day:%Y}" for day in days)
        raise Refusal.of(
            "E104",
            f"no officer numbers at {' and '.join(f'{end:%d %B %Y}' for end in absent)}, so "
            f"{year} has no officer-years.",
            f"The tables hold 31 March of {held}; import a newer one"
            + ("." if before else ", or use a stand-in and say so (last_stock)."),
            column="period",
        )
    both = pd.concat([_stock_at(stocks, end)[0] for end in _ends(year)], axis=1)
    years: pd.Series[float] = both.mean(axis=1, skipna=False).dropna()
    return years


def _ends(year: FinancialYear) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(year.start) - pd.Timedelta(days=1), pd.Timestamp(year.end)


@once
def _stocks(measure: str) -> pd.DataFrame:
    """Stocks by force (rows) and day (columns), the newest workforce release leading."""
    stocks = _workforce().pivot_table(index="force", columns="as_at", values=measure)
    if measure == "officer_fte" and releases.held("officer-stocks"):
        later = _newest("officer-stocks").pivot_table(
            index="force", columns="as_at", values=measure
        )
        stocks = stocks.join(later[later.columns.difference(stocks.columns)])
    # Only British Transport Police is missing from the later tables: its last stock goes on.
    return stocks.sort_index(axis=1).ffill(axis=1)


def _stock_at(stocks: pd.DataFrame, day: pd.Timestamp) -> tuple[pd.Series[float], str]:
    """Stock of every force on a day, and the sentence on what stands in for it."""
    if day in stocks.columns:
        return stocks[day], ""
    days = pd.DatetimeIndex(stocks.columns)
    before, later = days[days < day].max(), days[days > day]
    if later.empty:
        said = f"No officer numbers at {_day(day)} are held; those at {_day(before)} are used."
        return stocks[before], said
    after = later.min()
    weight = (day - before) / (after - before)
    between = stocks[before] * (1 - weight) + stocks[after] * weight
    said = (
        f"Officer numbers by force at {_day(day)} are not held; they are taken between those of "
        f"{before:%Y} and {after:%Y}"
    )
    total = _published_officers(day)
    if total is None:
        return between, f"{said}."
    mine = between[between.index.isin(forces.slugs("territorial"))].sum()
    return between * (total / mine), f"{said}, scaled to the published total of {total:,}."


def _published_officers(day: pd.Timestamp) -> int | None:
    """Total of the 43 forces as published for a day, full-time equivalents; None if not held."""
    rows = tables.load("published/figures")
    mine = rows[(rows["measure"] == OFFICERS_PUBLISHED) & (rows["period"] == _day(day))]
    return None if mine.empty else int(mine["value"].iloc[0])


def _day(day: pd.Timestamp) -> str:
    return f"{day.day} {day:%B %Y}"


def residents(period: str | FinancialYear, *, last_estimate: bool = False) -> pd.DataFrame:
    """Residents of every territorial force area in the middle of the year in which it starts.

    Parameters
    ----------
    period : str or FinancialYear
        Financial year; 2018/19 takes the estimate of mid-2018.
    last_estimate : bool
        Where that estimate is not there, use the newest one. The caller must say so.

    Returns
    -------
    pandas.DataFrame
        force, exposure (residents).

    Raises
    ------
    Refusal
        E104 if there is no estimate for the year.
    """
    year = financial_year(period)
    frame = _newest("population")
    wanted = min(year.first, frame["mid_year"].max()) if last_estimate else year.first
    mine = frame[frame["mid_year"] == wanted]
    if mine.empty:
        held = f"{frame['mid_year'].min()} to {frame['mid_year'].max()}"
        raise Refusal.of(
            "E104",
            f"no population estimate for mid-{year.first}.",
            f"The table holds mid-{held}; for a later year use the last estimate and say so "
            "(last_estimate).",
            column="period",
        )
    return (
        mine[["force", "residents"]]
        .rename(columns={"residents": "exposure"})
        .reset_index(drop=True)
    )


def uses_of_force(period: str | FinancialYear) -> pd.DataFrame:
    """Count recorded uses of force of every territorial force in a financial year.

    A denominator of contact, not of officers; the records grew more complete from 2017/18 on.

    Returns
    -------
    pandas.DataFrame
        force, exposure (reports).

    Raises
    ------
    Refusal
        E104 if the year has no figures.
    """
    year = financial_year(period)
    frame = tables.load("use-of-force/incidents")
    mine = frame[frame["financial_year"] == year.label]
    if mine.empty:
        held = ", ".join(sorted(set(frame["financial_year"])))
        raise Refusal.of("E104", f"no uses of force for {year}.", f"Held: {held}.", column="period")
    return (
        mine[["force", "incidents"]]
        .rename(columns={"incidents": "exposure"})
        .reset_index(drop=True)
    )


def of(
    period: str | FinancialYear, denominator: str = "officer_fte", *, last_known: bool = False
) -> pd.DataFrame:
    """Exposure of every territorial force by any denominator named in :data:`UNITS`.

    Raises
    ------
    Refusal
        E104 as the three functions it calls.
    """
    if denominator == "residents":
        return residents(period, last_estimate=last_known)
    if denominator == "uses_of_force":
        return uses_of_force(period)
    return officer_years(period, denominator, last_stock=last_known)


def of_force(
    force: str | Force,
    period: str | FinancialYear,
    denominator: str = "officer_fte",
    *,
    last_known: bool = False,
) -> float:
    """Exposure of one force; England and Wales is the sum of the 43 territorial forces.

    Raises
    ------
    Refusal
        E101 for a force that is not in the table, as British Transport Police in those of residents
        and uses of force; E104 as :func:`of`.
    """
    chosen = forces.resolve(force)
    if denominator in OFFICER_MEASURES:
        frame = _officer_years(period, denominator, stand_ins=last_known)
    else:
        frame = of(period, denominator, last_known=last_known).set_index("force")["exposure"]
    wanted = [chosen.slug]
    if chosen.kind == "nation":
        # Recorded crime of England and Wales includes British Transport Police, so do officers.
        wanted = forces.slugs("territorial")
        wanted += forces.slugs("transport") if denominator in OFFICER_MEASURES else []
    absent = [slug for slug in wanted if slug not in frame.index]
    if absent:
        raise Refusal.of(
            "E101",
            f"{forces.names()[absent[0]]} is not in the table that '{denominator}' comes from "
            f"for {financial_year(period)}.",
            "Compare counts by year instead, or set them against figures of its own.",
            column="force",
        )
    return float(frame.loc[wanted].sum())


def officer_releases(
    period: str | FinancialYear, measure: str = "officer_fte"
) -> tuple[Release, ...]:
    """Provenance of the officer-years of a year."""
    days = _workforce()["as_at"]
    found = [tables.release(_newest_name("workforce"))]
    if measure == "officer_fte" and max(_ends(financial_year(period))) > days.max():
        found += [tables.release(_newest_name("officer-stocks"))]
    return tuple(found)


def workforce_release() -> Release:
    """Provenance of the newest workforce figures."""
    return tables.release(_newest_name("workforce"))


def last_stock_day() -> date:
    """Day of the newest officer numbers."""
    day: date = pd.DatetimeIndex(_stocks("officer_fte").columns).max().date()
    return day


def _workforce() -> pd.DataFrame:
    return _newest("workforce")


def _newest(folder: str) -> pd.DataFrame:
    return tables.load(_newest_name(folder))


def _newest_name(folder: str) -> str:
    return f"{folder}/{releases.leading(folder)}"


def _listed() -> str:
    return ", ".join(OFFICER_MEASURES)
