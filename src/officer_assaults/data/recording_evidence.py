"""Recording evidence: dated events, surveys, and growth of sister series."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from officer_assaults.data import (
    breaks,
    exposure,
    forces,
    inspections,
    recorded,
    tables,
    years,
)
from officer_assaults.data.columns import NO_INJURY
from officer_assaults.data.forces import Force
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.data.tables import Release
from officer_assaults.data.years import TwoYears
from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown

EVENTS = "events/dated"
SURVEYS = "surveys/officer-surveys"
NATION = "england-and-wales"
#: Assault without injury on members of the public.
PUBLIC_NO_INJURY = "105A"
#: The years on either side of the national recording inspections of 2014.
AFTER_INSPECTIONS = ("2014/15", "2015/16")


@dataclass(frozen=True, slots=True)
class YearlyPair(Shown):
    """A series in two financial years.

    Parameters
    ----------
    who : str
        Force, or England and Wales with British Transport Police.
    series : str
        ``"104"`` or ``"105A"``.
    period0, period1 : str
        Financial years.
    before, after : int
        Offences.
    """

    who: str
    series: str
    period0: str
    period1: str
    before: int
    after: int


def events(force: str | Force) -> pd.DataFrame:
    """Dated events of one force and of the nation, in order: day, event, kind, source_url."""
    slug = forces.resolve(force).slug
    rows = tables.load(EVENTS)
    rows = rows[rows["force"].isin([slug, NATION])]
    both = pd.concat([rows, inspections.reports(slug)], ignore_index=True)
    return both.sort_values("day", ignore_index=True)


def dated() -> pd.DataFrame:
    """Every dated event that can move the record, of all forces: force, day, event, kind.

    Days, months and quarters are taken at their first day; a year is no date. The events of
    England and Wales concern every force.
    """
    known = tables.load(EVENTS)[["force", "day", "event", "kind"]]
    other = tables.load(inspections.EVENTS)
    other = other[other["dated_as"].isin(["day", "month", "quarter"])]
    other = other.rename(columns={"first_day": "day"})[["force", "day", "event", "kind"]]
    reports = tables.load(inspections.INSPECTIONS).dropna(subset="published_first")
    reports = reports[reports["published_as"].isin(["day", "month"])]
    reports = reports.rename(columns={"published_first": "day"})[["force", "day"]]
    reports = reports.assign(event=inspections.FIRST_REPORT, kind="inspection")
    return pd.concat([known, other, reports], ignore_index=True)


def act_in_force() -> pd.Timestamp:
    """Day on which the Assaults on Emergency Workers (Offences) Act 2018 came into force."""
    rows = tables.load(EVENTS)
    return pd.Timestamp(rows.loc[rows["kind"] == "law", "day"].max())


def sister_series(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
) -> tuple[YearlyPair, ...]:
    """Assaults without injury on constables and on the public, force and nation, two years.

    Parameters
    ----------
    force : str or Force
        Force in focus; for England and Wales only the national pairs are given.
    period0, period1 : str or FinancialYear
        Financial years.
    vintage : str
        A full release, or ``"auto"`` for the newest.

    Returns
    -------
    tuple of YearlyPair
        The force's two series, the nation's two, and the nation's two over the years on either
        side of the recording inspections of 2014. Without the force's two where one of them is
        empty in a year: they are read against each other, and such a year has no ratio.
    """
    chosen = forces.resolve(force)
    labels = (financial_year(period0).label, financial_year(period1).label)
    counts = _both_series(vintage)
    asked = [] if chosen.kind == "nation" else [(chosen.slug, labels)]
    asked += [(NATION, labels), (NATION, AFTER_INSPECTIONS)]
    found = [
        [_pair(counts, slug, series, pair) for series in (NO_INJURY, PUBLIC_NO_INJURY)]
        for slug, pair in asked
    ]
    return tuple(
        pair
        for both in found
        if all(min(pair.before, pair.after) > 0 for pair in both)
        for pair in both
    )


def single_crewed() -> pd.Series:
    """Row of the survey of single crewing, often or always, with its ``fieldwork`` in words."""
    asked = {"survey_id": "pfew-single-crewing-2016"}
    asked |= {"event_definition": "single-crewed-often-or-always"}
    table = tables.load(SURVEYS)
    (row,) = table[(table[list(asked)] == pd.Series(asked)).all(axis=1)].to_dict("records")
    return pd.Series({**row, "fieldwork": f"{row['fieldwork_start']:%B %Y}"})


def surveys(event_definition: str) -> pd.DataFrame:
    """Return published answers of the nation's officers about one event in the past 12 months.

    Parameters
    ----------
    event_definition : str
        What was asked about, in the words of the survey table.

    Returns
    -------
    DataFrame
        survey, event_definition, percent, respondents, response_percent, source_url; empty where
        no survey asked about that event.
    """
    rows = tables.load(SURVEYS)
    asked = (rows["event_definition"] == event_definition) & (rows["force"] == NATION)
    rows = rows[asked & (rows["recall"] == "past-12-months") & rows["respondents"].notna()]
    columns = ["survey", "event_definition", "percent", "respondents", "response_percent"]
    return rows[[*columns, "source_url"]].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class FirstYear(Shown):
    """A year in which a law came into force, and the year before.

    Parameters
    ----------
    before, after : int
        Recorded assaults on constables.
    days_before, days_after : int
        Days of each year.
    days_in_force : int
        Days of the later year with the law.
    """

    before: int
    after: int
    days_before: int
    days_after: int
    days_in_force: int


def first_year(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    event: pd.Timestamp,
) -> FirstYear | None:
    """Year of a force in which an event fell; None if it fell outside or the years are refused."""
    year = financial_year(period1)
    if not pd.Timestamp(year.start) <= event <= pd.Timestamp(year.end):
        return None
    try:
        two = years.two_years(force, period0, period1)
    except Refusal:
        return None
    before, after = two.before, two.after
    if not (before.n_total and after.n_total):
        return None
    in_force = (pd.Timestamp(year.end) - event).days + 1
    return FirstYear(before.n_total, after.n_total, before.days, after.days, in_force)


def yearly_no_injury(force: str | Force, vintage: str = "auto") -> pd.Series:
    """Sum recorded assaults without injury of complete years free of decided breaks, by label.

    Whole series of England and Wales for the nation.
    """
    slug = forces.resolve(force).slug
    usable = recorded.usable_quarters((NO_INJURY,), vintage).frame
    if slug != NATION:
        usable = usable[usable["force"] == slug]
    whole = usable.groupby(["force", "financial_year"])["offences"].agg(["sum", "size"])
    sums = whole["sum"].where(whole["size"] == 4)
    return sums.groupby("financial_year").agg(lambda each: each.sum(skipna=False)).dropna()


def touched_codes(two: TwoYears) -> tuple[str, ...]:
    """Offence codes of two years that a decided recording break touches, flagged ones included."""
    touches = breaks.touching(two.period0, two.period1, two.codes, two.vintage)
    return tuple(sorted({t.offence_code for t in touches if t.force == two.force.slug}))


def recorded_per_officer(period: str | FinancialYear, vintage: str = "auto") -> float:
    """Divide recorded assaults by officer-years over the territorial forces together.

    Raises
    ------
    Refusal
        E104 if officer numbers are missing.
    """
    label = financial_year(period).label
    counts = recorded.annual(vintage)
    counts = counts[counts["financial_year"] == label]
    officers = exposure.officer_years(period, last_stock=True)
    both = counts.merge(officers, on="force")
    return float(both["n_total"].sum() / both["exposure"].sum())


def releases() -> tuple[Release, ...]:
    """Provenance of inspections, events and surveys."""
    held = (inspections.INSPECTIONS, inspections.EVENTS, inspections.FORMS, EVENTS, SURVEYS)
    return tuple(tables.release(item) for item in held)


@once
def _both_series(vintage: str) -> pd.DataFrame:
    constables = recorded.quarterly(vintage)
    constables = constables[constables["offence_code"] == NO_INJURY].assign(series=NO_INJURY)
    public = recorded.context(vintage)
    public = public[public["series"] == PUBLIC_NO_INJURY]
    columns = ["force", "financial_year", "series", "offences"]
    rows = pd.concat([constables[columns], public[columns].astype({"series": "str"})])
    return rows.groupby(columns[:3])["offences"].sum().reset_index()


def _pair(counts: pd.DataFrame, slug: str, series: str, labels: tuple[str, str]) -> YearlyPair:
    mine = counts[counts["series"] == series]
    if slug != NATION:
        mine = mine[mine["force"] == slug]
    sums = mine.groupby("financial_year")["offences"].sum()
    return YearlyPair(
        forces.names()[slug], series, *labels, *(int(sums[label]) for label in labels)
    )
