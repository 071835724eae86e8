"""Recorded: counts of recorded assaults on constables, one release at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from typing import Any

import pandas as pd

from officer_assaults.data import breaks, forces, releases, tables
from officer_assaults.data.forces import Force
from officer_assaults.data.periods import (
    ALL_QUARTERS,
    FinancialYear,
    financial_year,
    financial_year_of,
    two_years_in_order,
)
from officer_assaults.data.schemas import (
    CONSTABLE_SERIES,
    CONTEXT_SERIES,
    INJURY,
    NO_INJURY,
    OTHER_WORKERS,
    OTHER_WORKERS_START,
)
from officer_assaults.data.tables import Release
from officer_assaults.estimate import Shown
from officer_assaults.refusals import Problem, Refusal, nearest

FIRST_RELEASE = "first-release"
#: Figures as newspapers printed them: the claimant's own, so they lead nothing and prove nothing.
ARTICLE = "article"
#: Releases that hold whole years of one area.
QUOTED = (ARTICLE, FIRST_RELEASE)
FOLDER = "recorded-assaults"
EARLY = "early-copies"
CODES = (NO_INJURY, INJURY)
#: Stands in a list of what was left out for every code of a force.
ALL_CODES = "all"
#: First financial year for which 104 and 8S together mean anything.
FIRST_YEAR = financial_year("2017/18")
ANNUAL = ["force", "financial_year", "n_total", "n_no_injury", "n_injury", "days", "series"]


@dataclass(frozen=True, slots=True)
class Comparison(Shown):
    """Recorded assaults on constables in two years, for every force that can be compared.

    Parameters
    ----------
    frame : pandas.DataFrame
        One row per usable force: force, y0, y1, injury0, injury1, no_injury0, no_injury1, days0,
        days1. Counts are offences; a code that is not asked for counts as missing.
    left_out : pandas.DataFrame
        force, financial_year, offence_code, reason: what is not in ``frame`` and why.
    flagged : pandas.DataFrame
        Same columns: what is in ``frame`` although a break touches it, and why.
    period0, period1 : FinancialYear
        Years compared.
    vintage : str
        Release of all counts.
    release : Release
        Provenance of that release.
    allowed : str
        Reason given for keeping forces with a decided break in; empty if they are left out.
    quarters : tuple of int
        Quarters of each year that are counted; 1 is April to June.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame
    flagged: pd.DataFrame
    period0: FinancialYear
    period1: FinancialYear
    vintage: str
    release: Release
    allowed: str = ""
    quarters: tuple[int, ...] = ALL_QUARTERS

    def require(self, force: str | Force) -> pd.Series:
        """Row of one force.

        Raises
        ------
        Refusal
            E108 with every reason if the force was left out; E101 if it is unknown.
        """
        slug = forces.resolve(force).slug
        mine = self.frame[self.frame["force"] == slug]
        if not mine.empty:
            return mine.iloc[0]
        why = self.left_out[self.left_out["force"] == slug]
        raise Refusal(_left_out_problems(slug, why))


@dataclass(frozen=True, slots=True)
class YearCount:
    """Recorded assaults on constables in one year and area.

    Parameters
    ----------
    financial_year : str
        Label, for instance ``"2018/19"``.
    n_total, n_injury, n_no_injury : int or None
        Recorded offences: codes 104 and 8S together, 8S, and 104.
    days : int
        Days in the year.
    """

    financial_year: str
    n_total: int
    n_injury: int | None
    n_no_injury: int | None
    days: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two years of one force from one release.

    Parameters
    ----------
    force : Force
        Force, or England and Wales.
    before, after : YearCount
        Counts of the two years.
    vintage : str
        Release of both.
    release : Release
        Provenance.
    flagged : tuple of str
        Warnings to print beside any result.
    """

    force: Force
    before: YearCount
    after: YearCount
    vintage: str
    release: Release
    flagged: tuple[str, ...] = field(default=())


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
    _check_vintage(wanted)
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


def _once(
    count: Callable[[str], pd.DataFrame],
) -> Callable[..., pd.DataFrame]:
    """Count once for each content of a release; a fresh copy at each call."""

    @lru_cache(maxsize=64)
    def kept(vintage: str, content: tuple[object, ...]) -> pd.DataFrame:
        del content  # part of the cache key: a changed file is counted anew
        return count(vintage)

    @wraps(count)
    def counted(vintage: str = "auto") -> pd.DataFrame:
        return kept(vintage, tables.fingerprint(_table_of(vintage))).copy()

    return counted


@_once
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


@_once
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
    out = [forces.resolve(force).slug for force in without]
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


def compare(
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
    allow_break: str | None = None,
    *,
    codes: Sequence[str] = CODES,
    kinds: Sequence[str] = ("territorial",),
    minimum: int = breaks.MINIMUM,
    flagged: str = "keep",
    quarters: Sequence[int] = ALL_QUARTERS,
) -> Comparison:
    """Two years of every force that can be compared, and why the others cannot.

    A force is left out when a decided recording break touches any of the quarters counted, a
    code or year is missing, or a year holds fewer than ``minimum`` offences, below which a break
    cannot be told from chance. Every force is counted over the same quarters.

    Parameters
    ----------
    period0, period1 : str or FinancialYear
        Years compared, the earlier first.
    vintage : str
        A release; ``"auto"`` is the newest full one.
    allow_break : str, optional
        Reason for keeping forces with a decided break in; it is carried into the result.
    codes : sequence of str
        Offence codes counted: 104 and 8S, or one of them.
    kinds : sequence of str
        Kinds of force: "territorial" (default), "transport", "nation".
    minimum : int
        Offences a year needs.
    flagged : {"keep", "leave-out"}
        What to do with forces that are only flagged.
    quarters : sequence of int
        Quarters of each year that are counted; 1 is April to June.

    Raises
    ------
    Refusal
        E106 for periods that are the same, in the wrong order or not in the release; E107 for an
        unknown release; E108 where 8S would be compared across April 2017.
    """
    first, second = two_years_in_order(period0, period1)
    name = newest() if vintage == "auto" else vintage
    _check_codes(tuple(codes), first)
    counted = tuple(quarters)
    long = _counts_of(name, (first, second), tuple(codes), tuple(kinds), counted)
    frame, missing = _wide(long, (first, second), tuple(codes), counted)
    touches = breaks.touching(first, second, tuple(codes), name)
    mine = [t for t in touches if t.force in set(frame["force"]) and set(t.quarters) & set(counted)]
    out = _touch_frame(t for t in mine if t.leave_out)
    kept = _touch_frame(t for t in mine if not t.leave_out)
    small = _too_small(frame, first, second, minimum)
    if allow_break is not None:
        kept, out = pd.concat([kept, out], ignore_index=True), out.iloc[:0]
    if flagged == "leave-out":
        out, kept = pd.concat([out, kept], ignore_index=True), kept.iloc[:0]
    left_out = pd.concat([missing, out, small], ignore_index=True)
    frame = frame[~frame["force"].isin(left_out["force"])].reset_index(drop=True)
    return Comparison(
        frame=frame,
        left_out=left_out.sort_values(["force", "financial_year"], ignore_index=True),
        flagged=kept[kept["force"].isin(frame["force"])].reset_index(drop=True),
        period0=first,
        period1=second,
        vintage=name,
        release=release(name),
        allowed=allow_break or "",
        quarters=counted,
    )


def pair(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
    allow_break: str | None = None,
    *,
    codes: Sequence[str] = CODES,
    quarters: Sequence[int] = ALL_QUARTERS,
) -> Pair:
    """Two years of one force, or of England and Wales, from one release.

    Parameters
    ----------
    force : str or Force
        Any of the 43 forces, British Transport Police or England and Wales.
    period0, period1 : str or FinancialYear
        Years compared, the earlier first.
    vintage : str
        As in :func:`choose_vintage`.
    allow_break : str, optional
        Reason for comparing across a decided break; it appears in ``flagged``.
    codes : sequence of str
        Codes that must be free of a decided break.
    quarters : sequence of int
        Quarters of each year that are counted; 1 is April to June.

    Raises
    ------
    Refusal
        E108 if a decided break stands between the years and no reason is given; E101, E106, E107
        as in :func:`compare` and :func:`choose_vintage`.
    """
    chosen = forces.resolve(force)
    first, second = two_years_in_order(period0, period1)
    _check_codes(CODES, first)
    name = choose_vintage(chosen, (first, second), vintage)
    touches = [
        touch
        for touch in breaks.touching(first, second, tuple(codes), name)
        if touch.force == chosen.slug and set(touch.quarters) & set(quarters)
    ]
    barred = [touch for touch in touches if touch.leave_out]
    if barred and allow_break is None:
        rows = _touch_frame(barred)
        raise Refusal(_left_out_problems(chosen.slug, rows))
    notes = [f"{t.financial_year}, code {t.offence_code}: {t.reason}" for t in touches]
    if barred:
        notes.append(f"Compared across the break because: {allow_break}")
    frame = _years_of(chosen, name, tuple(quarters))
    before, after = (_year_count(frame, chosen, year, name) for year in (first, second))
    return Pair(chosen, before, after, name, release(name), tuple(notes))


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
    _check_vintage(vintage)
    return tables.release(_table_of(vintage))


def _early_vintages() -> list[str]:
    return sorted(set(tables.load(f"{FOLDER}/{EARLY}")["vintage"]))


def _check_vintage(vintage: str) -> None:
    if vintage not in vintages():
        raise Refusal.of(
            "E107",
            f"'{vintage}' is not a release of the recorded figures.",
            nearest(vintage, vintages()),
            column="vintage",
        )


def _full(vintage: str) -> str:
    name = newest() if vintage == "auto" else vintage
    _check_vintage(name)
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


def _check_codes(codes: tuple[str, ...], first: FinancialYear) -> None:
    unknown = [code for code in codes if code not in CODES]
    if unknown or not codes:
        raise Refusal.of(
            "E107",
            f"code {', '.join(unknown) or '(none)'} is not part of this series.",
            "Compare 104, 8S or both; 8T and the context series stand apart.",
        )
    if INJURY in codes and first < FIRST_YEAR:
        raise Refusal.of(
            "E108",
            f"{first} lies before 1 April 2017, when code 8S began.",
            "Compare years from 2017/18 on; report 06 follows code 104 from 2012.",
            column="period0",
        )


def _years_of(force: Force, vintage: str, quarters: tuple[int, ...]) -> pd.DataFrame:
    """Both codes of a force or of all by year, over some quarters of each year."""
    if quarters == ALL_QUARTERS:
        return national(vintage) if force.kind == "nation" else annual(vintage)
    long = _part_years(vintage, quarters)
    if force.kind == "nation":
        long = long.assign(force=force.slug)
    key = ["force", "financial_year", "days", "vintage"]
    wide = long[long["complete"]].pivot_table(
        index=key, columns="offence_code", values="offences", aggfunc="sum"
    )
    wide = wide.reindex(columns=list(CODES)).dropna().astype("int64").reset_index()
    wide = wide.rename(columns={NO_INJURY: "n_no_injury", INJURY: "n_injury"})
    return wide.assign(n_total=wide["n_no_injury"] + wide["n_injury"])


def _part_years(vintage: str, quarters: tuple[int, ...]) -> pd.DataFrame:
    """As :func:`yearly`, over some quarters of each year."""
    if quarters == ALL_QUARTERS:
        return yearly(vintage)
    frame = quarterly(vintage)
    frame = frame[frame["quarter"].isin(quarters)]
    key = ["force", "financial_year", "offence_code", "series", "vintage"]
    sums = frame.groupby(key, as_index=False).agg(
        offences=("offences", "sum"), quarters=("quarter", "nunique")
    )
    days = {label: financial_year(label).days_of(quarters) for label in set(sums["financial_year"])}
    complete = sums["quarters"] == len(quarters)
    return sums.assign(complete=complete, days=sums["financial_year"].map(days), flag="")


def _counts_of(
    name: str,
    years: tuple[FinancialYear, ...],
    codes: tuple[str, ...],
    kinds: tuple[str, ...],
    quarters: tuple[int, ...],
) -> pd.DataFrame:
    _check_vintage(name)
    long = _part_years(name, quarters)
    long = long[long["offence_code"].isin(codes)]
    labels = [year.label for year in years]
    absent = [label for label in labels if label not in set(long["financial_year"])]
    partial = set(long.loc[~long["complete"], "financial_year"])
    if absent or partial & set(labels):
        named = ", ".join([*absent, *sorted(partial & set(labels))])
        held = sorted(set(long.loc[long["complete"], "financial_year"]))
        raise Refusal.of(
            "E106",
            f"the release '{name}' holds no complete year {named}.",
            f"It holds {held[0]} to {held[-1]}; releases are never mixed in one comparison.",
        )
    wanted = {slug for kind in kinds for slug in forces.slugs(kind)}  # type: ignore[arg-type]
    return long[long["financial_year"].isin(labels) & long["force"].isin(wanted)]


def _wide(
    long: pd.DataFrame,
    years: tuple[FinancialYear, FinancialYear],
    codes: tuple[str, ...],
    quarters: tuple[int, ...],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    names = {NO_INJURY: "no_injury", INJURY: "injury"}
    frame = pd.DataFrame({"force": sorted(set(long["force"]))})
    missing: list[dict[str, str]] = []
    for number, year in enumerate(years):
        for code in codes:
            cells = long[(long["financial_year"] == year.label) & (long["offence_code"] == code)]
            counts = cells.set_index("force")["offences"].reindex(frame["force"])
            frame[f"{names[code]}{number}"] = counts.astype("Int64").to_numpy()
            missing += [
                _row(force, year.label, code, "not in the release")
                for force in counts.index[counts.isna()]
            ]
        parts = [f"{names[code]}{number}" for code in codes]
        frame[f"y{number}"] = frame[parts].sum(axis=1, skipna=False)
        frame[f"days{number}"] = year.days_of(quarters)
    for name in ("no_injury0", "no_injury1", "injury0", "injury1"):
        if name not in frame:
            frame[name] = pd.array([pd.NA] * len(frame), dtype="Int64")
    order = ["force", "y0", "y1", "injury0", "injury1", "no_injury0", "no_injury1"]
    whole = frame[[*order, "days0", "days1"]]
    gone = _rows(missing)
    whole = whole[~whole["force"].isin(gone["force"])]
    return whole.astype({name: "int64" for name in order[1:] if whole[name].notna().all()}), gone


def _touch_frame(touches: Iterable[breaks.Touch]) -> pd.DataFrame:
    return _rows([_row(t.force, t.financial_year, t.offence_code, t.reason) for t in touches])


def _too_small(
    frame: pd.DataFrame, first: FinancialYear, second: FinancialYear, minimum: int
) -> pd.DataFrame:
    rows = []
    for name, year in (("y0", first), ("y1", second)):
        small = frame[frame[name] < minimum]
        rows += [
            _row(
                str(slug),
                year.label,
                ALL_CODES,
                f"{count} recorded offences; below {minimum} a break cannot be told from chance.",
            )
            for slug, count in zip(small["force"], small[name], strict=True)
        ]
    return _rows(rows)


def _row(force: str, year: str, code: str, reason: str) -> dict[str, str]:
    return {"force": force, "financial_year": year, "offence_code": code, "reason": reason}


def _rows(rows: list[dict[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        rows, columns=["force", "financial_year", "offence_code", "reason"], dtype="str"
    )


def _left_out_problems(slug: str, rows: pd.DataFrame) -> list[Problem]:
    name = forces.names()[slug]
    if rows.empty:
        return [
            Problem(
                "E108",
                f"{name} is not among the forces compared.",
                "Ask for its kind of force (kinds=) or another release.",
            )
        ]
    return [
        Problem(
            "E108",
            f"{name} cannot be compared: {row.financial_year}, "
            f"{_codes_in_words(row.offence_code)}: {row.reason}",
            "Choose other years, or give a reason as allow_break.",
        )
        for row in rows.itertuples(index=False)
    ]


def _codes_in_words(code: object) -> str:
    return "all codes" if code == ALL_CODES else f"code {code}"


def _year_count(frame: pd.DataFrame, force: Force, year: FinancialYear, vintage: str) -> YearCount:
    row = frame[(frame["force"] == force.slug) & (frame["financial_year"] == year.label)]
    if row.empty:
        raise Refusal.of(
            "E106",
            f"the release '{vintage}' holds no complete year {year} for {force.name}.",
            f"It holds {', '.join(frame['financial_year'].unique())}.",
        )
    cells = row.iloc[0]
    return YearCount(
        financial_year=year.label,
        n_total=int(cells["n_total"]),
        n_injury=int(cells["n_injury"]),
        n_no_injury=int(cells["n_no_injury"]),
        days=int(cells["days"]),
    )
