"""Recorded assaults on constables by quarter and by year, one release at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from officer_assaults.data import breaks, forces, releases, tables
from officer_assaults.data.columns import (
    CONSTABLE_SERIES,
    CONTEXT_SERIES,
    INJURY,
    NO_INJURY,
    OTHER_WORKERS,
    OTHER_WORKERS_START,
)
from officer_assaults.data.forces import Force
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear, financial_year, financial_year_of
from officer_assaults.data.tables import Release
from officer_assaults.refusals import Refusal, nearest

FIRST_RELEASE = "first-release"
#: Figures as newspapers printed them: the claimant's own, so they lead nothing and prove nothing.
ARTICLE = "article"
#: Releases that hold whole years of one area.
QUOTED = (ARTICLE, FIRST_RELEASE)
FOLDER = "recorded-assaults"
EARLY = "early-copies"
CODES = (NO_INJURY, INJURY)
ANNUAL = ["force", "financial_year", "n_total", "n_no_injury", "n_injury", "days", "series"]


def vintages() -> list[str]:
    """Releases of the recorded figures, oldest first, then those that lead nowhere.

    ``"article"`` holds the figures that newspapers printed for Thames Valley, ``"first-release"``
    those first published for England and Wales; the others are months.
    """
    return [ARTICLE, FIRST_RELEASE, *sorted({*_early_vintages(), *full_vintages()})]


def full_vintages() -> list[str]:
    """Releases that hold every force and quarter, oldest first."""
    return releases.held(FOLDER)


def newest() -> str:
    """Full release that leads: the newest one that lost nothing."""
    return releases.leading(FOLDER)


def choose_vintage(
    force: str | Force, periods: Iterable[str | FinancialYear], wanted: str = "auto"
) -> str:
    """Release in which to compare years of a force.

    Parameters
    ----------
    force : str or Force
        Force in focus.
    periods : iterable of str
        Financial years that the release must hold for that force.
    wanted : str
        ``"auto"``: the full release that leads. Otherwise the release asked for.

    Raises
    ------
    Refusal
        E107 if the release asked for is unknown or lacks one of the years for that force.
    """
    slug = forces.resolve(force).slug
    years = [financial_year(period).label for period in periods]
    if wanted == "auto":
        return newest()
    check_vintage(wanted)
    if not _holds(wanted, slug, years):
        name = forces.names()[slug]
        raise Refusal.of(
            "E107",
            f"the release '{wanted}' does not hold {' and '.join(years)} for {name}.",
            "Choose whole years that it holds."
            if wanted == newest()
            else f"Use {newest()}, which covers all forces; releases are never mixed in one "
            "comparison.",
            column="vintage",
        )
    return wanted


@once
def quarterly(vintage: str = "auto") -> pd.DataFrame:
    """Offences by force, quarter and code in one full release.

    Parameters
    ----------
    vintage : str
        A full release, or ``"auto"`` for the newest.

    Returns
    -------
    pandas.DataFrame
        force, quarter_start, financial_year, quarter, offence_code (104, 8S, 8T), offences,
        series, vintage, flag. ``flag`` is "negative" for a count net of cancelled records,
        "structural zero" for a 0 before the code was in use, else empty.

    Raises
    ------
    Refusal
        E107 if the release is unknown, E106 if it has no quarters.
    """
    name = _full(vintage)
    frame = tables.load(f"{FOLDER}/{name}")
    unused = (frame["offence_code"] == OTHER_WORKERS) & (
        frame["quarter_start"] < pd.Timestamp(OTHER_WORKERS_START)
    )
    frame["flag"] = ""
    frame.loc[unused, "flag"] = "structural zero"
    frame.loc[frame["offences"] < 0, "flag"] = "negative"
    return frame


@dataclass(frozen=True, slots=True)
class Usable:
    """Quarters fit for a model, and those that are not.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows of :func:`quarterly` without the flagged ones and those inside a decided gap.
    left_out : pandas.DataFrame
        The other rows, with ``reason``.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame


@once
def usable_quarters(codes: Sequence[str] = CODES, vintage: str = "auto") -> Usable:
    """Quarters without negative counts, structural zeros and decided gaps."""
    frame = quarterly(vintage)
    frame = frame[frame["offence_code"].isin(list(codes))].reset_index(drop=True)
    reason = frame["flag"].replace({"negative": "negative count, net of cancelled records"})
    reason = reason.mask(
        breaks.inside_gap(frame) & (reason == ""), "inside a decided recording break"
    )
    out = reason != ""
    return Usable(
        frame=frame[~out].reset_index(drop=True),
        left_out=frame[out].assign(reason=reason[out]).reset_index(drop=True),
    )


@once
def yearly(vintage: str = "auto") -> pd.DataFrame:
    """Offences by force, financial year and code, with how complete each year is.

    Returns
    -------
    pandas.DataFrame
        force, financial_year, offence_code, offences, quarters, complete, days, flag, series,
        vintage. ``flag`` joins the flags of the year's quarters.
    """
    if vintage in (*QUOTED, *_early_vintages()):
        return _yearly_partial(vintage)
    frame = quarterly(vintage)
    key = ["force", "financial_year", "offence_code", "series", "vintage"]
    grouped = frame.groupby(key, sort=True)
    years = grouped.agg(
        offences=("offences", "sum"),
        quarters=("quarter", "nunique"),
    )
    flags = frame[frame["flag"] != ""].groupby(key)["flag"]
    joined = flags.agg(lambda each: "; ".join(sorted(set(each))))
    years["flag"] = joined.reindex(years.index).fillna("")
    years = years.reset_index()
    years["complete"] = years["quarters"] == 4
    years["days"] = years["financial_year"].map(_days)
    return years[[*key[:3], "offences", "quarters", "complete", "days", "flag", *key[3:]]]


@once
def annual(vintage: str = "auto") -> pd.DataFrame:
    """Count recorded assaults on constables by force and complete financial year, from 2017/18.

    Codes 104 and 8S together. 8S began on 1 April 2017, so no earlier year is given: the sum
    would jump there without any change in what happened.

    Returns
    -------
    pandas.DataFrame
        force, financial_year, n_total, n_no_injury (104), n_injury (8S), days, series, vintage.
        A full release holds the 43 territorial forces and British Transport Police, no totals;
        the first release holds Thames Valley and England and Wales.

    Raises
    ------
    Refusal
        E107 if the release is unknown.
    """
    long = yearly(vintage)
    long = long[long["complete"] & long["offence_code"].isin(CODES)]
    wide = long.pivot_table(
        index=["force", "financial_year", "days", "vintage"],
        columns="offence_code",
        values="offences",
        aggfunc="sum",
    )
    wide = wide.reindex(columns=list(CODES)).dropna().astype("int64").reset_index()
    wide = wide.rename(columns={NO_INJURY: "n_no_injury", INJURY: "n_injury"})
    wide.columns.name = None
    wide["n_total"] = wide["n_no_injury"] + wide["n_injury"]
    wide["series"] = CONSTABLE_SERIES
    return wide[[*ANNUAL, "vintage"]].sort_values(["force", "financial_year"], ignore_index=True)


def national(vintage: str = "auto", without: Iterable[str | Force] = ()) -> pd.DataFrame:
    """England and Wales with British Transport Police, by complete year, as :func:`annual`.

    Parameters
    ----------
    vintage : str
        A full release (summed over its forces), or ``"first-release"`` (as published); beside
        ``"article"`` stands the national total first published.
    without : iterable of str or Force
        Forces to take out of the sum, for instance the force in focus.

    Raises
    ------
    Refusal
        E107 if a force is to be taken out of a release that does not hold it for every year.
    """
    return _nation(vintage, [forces.resolve(force).slug for force in without])


@once
def _nation(vintage: str, out: Sequence[str]) -> pd.DataFrame:
    """National sum without some forces, by their short names."""
    frame = annual(vintage)
    numbers = ["n_total", "n_no_injury", "n_injury"]
    key = ["financial_year", "days", "series", "vintage"]
    if vintage in QUOTED:
        frame = pd.concat([annual(name) for name in QUOTED]).assign(vintage=vintage)
    else:
        total = frame[~frame["force"].isin(out)].groupby(key, sort=True)[numbers].sum()
        return _named_national(total.reset_index(), frame.columns)
    whole = frame[frame["force"] == forces.ENGLAND_AND_WALES].set_index(key)[numbers]
    for slug in out:
        mine = frame[frame["force"] == slug].set_index(key)[numbers]
        if mine.empty:
            what = f"the release '{vintage}' does not hold {forces.names()[slug]}."
            raise Refusal.of("E107", what, f"Use {newest()} for both.", column="vintage")
        whole = (whole - mine).dropna().astype("int64")
    return _named_national(whole.reset_index(), frame.columns)


@once
def context(vintage: str = "auto") -> pd.DataFrame:
    """Other recorded crime on the same grid, long.

    Returns
    -------
    pandas.DataFrame
        force, quarter_start, financial_year, quarter, series, offences, vintage, flag. Series:
        all-crime-except-fraud, violence-with-injury, 8N, 105A, public-order, weapons, drugs, 66.
    """
    frame = tables.load(f"recorded-context/{_full(vintage)}").melt(
        ["force", "quarter_start", "vintage"],
        list(CONTEXT_SERIES),
        var_name="series",
        value_name="offences",
    )
    frame = frame.dropna(subset="offences").astype({"offences": "int64"})
    days = frame["quarter_start"].drop_duplicates()
    years = {day: financial_year_of(day.date()) for day in days}
    frame["financial_year"] = frame["quarter_start"].map({d: y.label for d, y in years.items()})
    frame["quarter"] = ((frame["quarter_start"].dt.month - 4) // 3 % 4 + 1).astype("int64")
    frame["flag"] = ""
    frame.loc[frame["offences"] < 0, "flag"] = "negative"
    order = pd.CategoricalDtype(list(CONTEXT_SERIES))
    by = ["force", "quarter_start", "series"]
    frame = frame.sort_values(
        by,
        key=lambda part: part.astype(order) if part.name == "series" else part,
        ignore_index=True,
    )
    return frame[[*by[:2], "financial_year", "quarter", "series", "offences", "vintage", "flag"]]


def vintages_side_by_side(force: str | Force | None = None) -> pd.DataFrame:
    """Set the same years and codes side by side in every release that holds them.

    Parameters
    ----------
    force : str or Force, optional
        One force; all by default.

    Returns
    -------
    pandas.DataFrame
        force, financial_year, offence_code, one column per release (missing where it has no such
        cell), and ``change``: the newest full release relative to the oldest that holds the cell,
        minus one.
    """
    summed = [_national_long(name) for name in vintages() if name not in QUOTED]
    parts = [yearly(name) for name in vintages()] + summed
    long = pd.concat([part[part["complete"]] for part in parts], ignore_index=True)
    long = long[long["offence_code"].isin(CODES)]
    if force is not None:
        long = long[long["force"] == forces.resolve(force).slug]
    key = ["force", "financial_year", "offence_code"]
    wide = long.pivot_table(index=key, columns="vintage", values="offences", aggfunc="sum")
    wide = wide.reindex(columns=vintages()).dropna(thresh=2)
    oldest = wide.bfill(axis=1).iloc[:, 0]
    latest = wide[newest()]
    wide["change"] = (latest / oldest - 1).where(oldest > 0)
    wide.columns.name = None
    return wide.reset_index()


def _table_of(vintage: str) -> str:
    if vintage in QUOTED:
        return f"{FOLDER}/{vintage}"
    return f"{FOLDER}/{EARLY if vintage in _early_vintages() else _full(vintage)}"


def release(vintage: str) -> Release:
    """Provenance of a release of the recorded figures."""
    check_vintage(vintage)
    return tables.release(_table_of(vintage))


def _early_vintages() -> list[str]:
    return sorted(set(tables.load(f"{FOLDER}/{EARLY}")["vintage"]))


def check_vintage(vintage: str) -> None:
    """Refuse a release that is not held."""
    if vintage not in vintages():
        raise Refusal.of(
            "E107",
            f"'{vintage}' is not a release of the recorded figures.",
            nearest(vintage, vintages()),
            column="vintage",
        )


def _full(vintage: str) -> str:
    name = newest() if vintage == "auto" else vintage
    check_vintage(name)
    if name not in full_vintages():
        raise Refusal.of(
            "E106",
            f"the release '{name}' holds whole years only, not quarters.",
            f"Use {newest()}.",
            column="vintage",
        )
    return name


def _yearly_partial(vintage: str) -> pd.DataFrame:
    frame = tables.load(_table_of(vintage))
    frame = frame[(frame["vintage"] == vintage) & frame["offence_code"].isin(CODES)]
    key = ["force", "financial_year", "offence_code"]
    frame = frame[[*key, "offences", "series", "vintage"]].sort_values(key, ignore_index=True)
    frame["quarters"], frame["complete"], frame["flag"] = 4, True, ""
    frame["days"] = frame["financial_year"].map(_days)
    return frame[[*key, "offences", "quarters", "complete", "days", "flag", "series", "vintage"]]


def _days(label: str) -> int:
    return financial_year(label).days


def _holds(vintage: str, slug: str, years: list[str]) -> bool:
    kind = forces.resolve(slug).kind
    summed = kind == "nation" and vintage in full_vintages()
    frame = national(vintage) if summed else annual(vintage)
    return set(years) <= set(frame.loc[frame["force"] == slug, "financial_year"])


def _named_national(frame: pd.DataFrame, columns: Any) -> pd.DataFrame:
    return frame.assign(force=forces.ENGLAND_AND_WALES)[list(columns)]


def _national_long(vintage: str) -> pd.DataFrame:
    key = ["financial_year", "offence_code", "series", "vintage", "days"]
    sums = yearly(vintage).groupby(key, as_index=False)
    frame = sums.agg(offences=("offences", "sum"), complete=("complete", "all"))
    return frame.assign(force=forces.ENGLAND_AND_WALES)
