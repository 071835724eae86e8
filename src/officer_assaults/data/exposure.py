"""Exposure: officers, residents and uses of force that counts are set against."""

from __future__ import annotations

from datetime import date

import pandas as pd

from officer_assaults.data import forces, tables
from officer_assaults.data.forces import Force
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.refusals import Problem, Refusal

OFFICER_MEASURES = ("officer_fte", "officer_headcount", "constable_fte")
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

    The mean of the stocks at 31 March before and at the end of the year. British Transport Police
    is not in the workforce table of July 2022 and so is absent.

    Parameters
    ----------
    period : str or FinancialYear
        Financial year.
    measure : {"officer_fte", "officer_headcount", "constable_fte"}
        Who is counted.
    last_stock : bool
        Where the stock at the end of the year is not published yet, use the one at its start. The
        caller must say so beside the result.

    Returns
    -------
    pandas.DataFrame
        force, exposure (officer-years).

    Raises
    ------
    Refusal
        E104 if a stock is missing or the measure is unknown.
    """
    year = financial_year(period)
    if measure not in OFFICER_MEASURES:
        raise Refusal(
            Problem(
                "E104",
                f"'{measure}' is no measure of officers.",
                f"Known: {_listed()}.",
                column="measure",
            )
        )
    stocks = _workforce().pivot_table(index="force", columns="as_at", values=measure)
    ends = [pd.Timestamp(year.start) - pd.Timedelta(days=1), pd.Timestamp(year.end)]
    if ends[1] not in stocks.columns and last_stock:
        ends = ends[:1]
    absent = [end for end in ends if end not in stocks.columns]
    if absent:
        held = f"{stocks.columns.min():%Y} to {stocks.columns.max():%Y}"
        raise Refusal(
            Problem(
                "E104",
                f"no officer numbers at {' and '.join(f'{end:%d %B %Y}' for end in absent)}, so "
                f"{year} has no officer-years.",
                f"The workforce table holds March {held}; import a newer one"
                + (", or use the last stock and say so (last_stock)." if len(absent) == 1 else "."),
                column="period",
            )
        )
    return stocks[ends].mean(axis=1).rename("exposure").reset_index()


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
        raise Refusal(
            Problem(
                "E104",
                f"no population estimate for mid-{year.first}.",
                f"The table holds mid-{held}; for a later year use the last estimate and say so "
                "(last_estimate).",
                column="period",
            )
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
        raise Refusal(
            Problem("E104", f"no uses of force for {year}.", f"Held: {held}.", column="period")
        )
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
        E101 for a force that is not in the table, as British Transport Police in the tables up to
        2022; E104 as :func:`of`.
    """
    chosen = forces.resolve(force)
    frame = of(period, denominator, last_known=last_known).set_index("force")["exposure"]
    if chosen.kind == "nation":
        return float(frame[forces.slugs("territorial")].sum())
    if chosen.slug not in frame.index:
        raise Refusal(
            Problem(
                "E101",
                f"{chosen.name} is not in the table that '{denominator}' comes from.",
                "Compare its counts by year instead, or set its counts against figures of its own.",
                column="force",
            )
        )
    return float(frame.loc[chosen.slug])


def workforce_release() -> tables.Release:
    """Provenance of the newest workforce figures."""
    return tables.release(_newest_name("workforce"))


def last_stock_day() -> date:
    """Day of the newest workforce figures."""
    day: date = _workforce()["as_at"].max().date()
    return day


def _workforce() -> pd.DataFrame:
    return _newest("workforce")


def _newest(folder: str) -> pd.DataFrame:
    return tables.load(_newest_name(folder))


def _newest_name(folder: str) -> str:
    return [name for name in tables.names() if name.startswith(f"{folder}/")][-1]


def _listed() -> str:
    return ", ".join(OFFICER_MEASURES)
