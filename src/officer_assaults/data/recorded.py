"""Recorded: counts of recorded assaults on constables, one release at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from officer_assaults.data import breaks, forces
from officer_assaults.data.columns import INJURY, NO_INJURY
from officer_assaults.data.forces import Force
from officer_assaults.data.once import once
from officer_assaults.data.periods import (
    ALL_QUARTERS,
    FinancialYear,
    financial_year,
    two_years_in_order,
)
from officer_assaults.data.recorded_years import ARTICLE as ARTICLE
from officer_assaults.data.recorded_years import CODES as CODES
from officer_assaults.data.recorded_years import FIRST_RELEASE as FIRST_RELEASE
from officer_assaults.data.recorded_years import FOLDER as FOLDER
from officer_assaults.data.recorded_years import QUOTED as QUOTED
from officer_assaults.data.recorded_years import annual as annual
from officer_assaults.data.recorded_years import check_vintage
from officer_assaults.data.recorded_years import choose_vintage as choose_vintage
from officer_assaults.data.recorded_years import context as context
from officer_assaults.data.recorded_years import full_vintages as full_vintages
from officer_assaults.data.recorded_years import national as national
from officer_assaults.data.recorded_years import newest as newest
from officer_assaults.data.recorded_years import quarterly as quarterly
from officer_assaults.data.recorded_years import release as release
from officer_assaults.data.recorded_years import usable_quarters as usable_quarters
from officer_assaults.data.recorded_years import vintages as vintages
from officer_assaults.data.recorded_years import vintages_side_by_side as vintages_side_by_side
from officer_assaults.data.recorded_years import yearly as yearly
from officer_assaults.data.tables import Release
from officer_assaults.estimate import Shown
from officer_assaults.refusals import Problem, Refusal

#: Stands in a list of what was left out for every code of a force.
ALL_CODES = "all"
#: First financial year for which 104 and 8S together mean anything.
FIRST_YEAR = financial_year("2017/18")


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


@once
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
    check_vintage(name)
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
