"""Years: two years of one force with the codes and the exposure that can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from officer_assaults.data import breaks, decisions, exposure, forces, recorded
from officer_assaults.data.forces import Force
from officer_assaults.data.periods import (
    ALL_QUARTERS,
    FinancialYear,
    quarters_in_words,
    two_years_in_order,
)
from officer_assaults.data.recorded import CODES, YearCount
from officer_assaults.data.tables import Release
from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal

#: Quarters of a year that make a comparison like for like: half a year.
FEWEST_QUARTERS = 2
MEANING = {"104": "assault without injury", "8S": "assault with injury"}


@dataclass(frozen=True, slots=True)
class TwoYears(Shown):
    """Two years of one force, on the offence codes that no decided break keeps apart.

    Parameters
    ----------
    force : Force
        Force, or England and Wales.
    before, after : YearCount
        Counts; ``n_total`` sums ``codes`` only, a code left out is None.
    period0, period1 : FinancialYear
        The years.
    codes : tuple of str
        Codes counted.
    left_out : tuple of str
        Reason for each code left out.
    remarks : tuple of str
        Warnings to print beside any result.
    vintage : str
        Release of both years.
    release : Release
        Provenance.
    allow_break : str
        Reason given for comparing across a decided break; empty if none was.
    quarters : tuple of int
        Quarters that are usable in both years and so counted in both; 1 is April to June.
    """

    force: Force
    before: YearCount
    after: YearCount
    period0: FinancialYear
    period1: FinancialYear
    codes: tuple[str, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]
    vintage: str
    release: Release
    allow_break: str = ""
    quarters: tuple[int, ...] = ALL_QUARTERS

    def table(self) -> pd.DataFrame:
        """Give counts and days of the two years."""
        rows = [
            (one.financial_year, one.n_total, one.n_injury, one.n_no_injury, one.days)
            for one in (self.before, self.after)
        ]
        names = ["financial year", "recorded", "with injury", "without injury", "days"]
        return pd.DataFrame(rows, columns=names).astype(object)

    def title(self) -> str:
        """Say whose years they are."""
        return f"{self.force.name}, {self.offences}"

    def notes(self) -> tuple[str, ...]:
        """Say what is left out, and what to know."""
        return (*self.left_out, *self.remarks)

    @property
    def shares(self) -> tuple[float, float]:
        """Shares of the two years that are counted; 1 and 1 where both are whole."""
        return self.before.days / self.period0.days, self.after.days / self.period1.days

    @property
    def counts(self) -> dict[str, int]:
        """Counts and days, named as the models name them: y0, y1, days0, days1."""
        return {
            "y0": self.before.n_total,
            "y1": self.after.n_total,
            "days0": self.before.days,
            "days1": self.after.days,
        }

    @property
    def offences(self) -> str:
        """Codes counted, in words."""
        if self.codes == CODES:
            return "assaults on constables, with and without injury (codes 104 and 8S)"
        return " and ".join(
            f"{MEANING[code].replace('assault', 'assaults')} on constables (code {code})"
            for code in self.codes
        )


@dataclass(frozen=True, slots=True)
class OfficerExposure(Shown):
    """Officer-years of one force in two years, or why there are none.

    Parameters
    ----------
    before, after : float or None
        Officer-years (full-time equivalents), mean of the stocks at both ends of the year.
    note : str
        What to say beside a rate per officer; empty if nothing.
    releases : tuple of Release
        Provenance; empty where there are no officer-years.
    """

    before: float | None
    after: float | None
    note: str
    releases: tuple[Release, ...] = ()


def two_years(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
    allow_break: str = "",
) -> TwoYears:
    """Two years of one force, like for like: without what a decided break keeps apart.

    Where a break touches some quarters, both years are counted over the others; a code of which
    fewer than two quarters remain is left out.

    Parameters
    ----------
    force : str or Force
        Any of the 43 forces, British Transport Police or England and Wales.
    period0, period1 : str or FinancialYear
        Years compared, the earlier first; from 2017/18, when code 8S began.
    vintage : str
        As in :func:`recorded.choose_vintage`.
    allow_break : str
        Reason for keeping the codes that a decided break keeps apart; it is carried into ``notes``.

    Raises
    ------
    Refusal
        E108 if a break bars every code and no reason is given; otherwise as :func:`recorded.pair`.
    """
    chosen = forces.resolve(force)
    first, second = two_years_in_order(period0, period1)
    name = recorded.newest() if vintage == "auto" else vintage
    touches = breaks.touching(first, second, CODES, name)
    touches = [touch for touch in touches if touch.force == chosen.slug]
    barring = [] if allow_break else [touch for touch in touches if touch.leave_out]
    whole_years_only = name not in recorded.full_vintages()
    codes, quarters = _like_for_like(barring, first, second, whole=whole_years_only)
    # With every code barred, pair() refuses with all the reasons.
    pair = recorded.pair(
        chosen, first, second, name, allow_break or None, codes=codes or CODES, quarters=quarters
    )
    left_out = {t.offence_code: t.reason for t in barring if t.offence_code not in codes}
    return TwoYears(
        force=chosen,
        before=_only(pair.before, codes),
        after=_only(pair.after, codes),
        period0=first,
        period1=second,
        codes=codes,
        left_out=tuple(f"Code {code} is left out. {why}" for code, why in left_out.items()),
        remarks=(
            *_notes([t for t in touches if t.offence_code not in left_out], allow_break),
            *_extent_notes(chosen, first, second, quarters, name),
            *_open_notes(chosen, name),
        ),
        vintage=pair.vintage,
        release=pair.release,
        allow_break=allow_break,
        quarters=quarters,
    )


def _like_for_like(
    barring: list[breaks.Touch], first: FinancialYear, second: FinancialYear, *, whole: bool
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Codes and quarters left to compare; ``whole`` for a release that holds years only."""
    usable = {
        code: breaks.usable_quarters(
            [touch for touch in barring if touch.offence_code == code], first, second
        )
        for code in CODES
    }
    enough = len(ALL_QUARTERS) if whole else FEWEST_QUARTERS
    kept = {code: each for code, each in usable.items() if len(each) >= enough}
    shared = set(ALL_QUARTERS).intersection(*kept.values())
    if len(shared) < enough and kept:
        longest = max(kept, key=lambda code: len(kept[code]))
        kept = {longest: kept[longest]}
        shared = set(kept[longest])
    return tuple(kept), tuple(sorted(shared)) if kept else ALL_QUARTERS


def _extent_notes(
    force: Force,
    first: FinancialYear,
    second: FinancialYear,
    quarters: tuple[int, ...],
    vintage: str,
) -> tuple[str, ...]:
    if quarters != ALL_QUARTERS:
        return (
            f"Both years are counted over {quarters_in_words(quarters)} only, the quarters that "
            "are usable in both.",
        )
    if force.kind != "nation":
        return ()
    touches = breaks.touching(first, second, CODES, vintage)
    names = forces.names()
    broken = sorted({names[touch.force] for touch in touches if touch.leave_out})
    if not broken:
        return ()
    return (
        f"The total holds every force, {len(broken)} with a recording break between the years or "
        f"in one of them among them: {', '.join(broken)}.",
    )


def _open_notes(force: Force, vintage: str) -> tuple[str, ...]:
    """Say which series of a force wait for a decision in a release."""
    if vintage not in recorded.full_vintages():
        return ()
    asked = decisions.open_questions(vintage)
    mine = asked[asked["force"] == force.slug]
    return tuple(
        f"The recording break of code {code} waits for a decision on this release. {why}"
        for code, why in zip(mine["offence_code"], mine["why"], strict=True)
    )


def _notes(touches: list[breaks.Touch], allow_break: str) -> tuple[str, ...]:
    notes = [f"{t.financial_year}, code {t.offence_code}: {t.reason}" for t in touches]
    if allow_break and any(touch.leave_out for touch in touches):
        notes.append(f"The years are compared across that break; reason given: {allow_break}.")
    return tuple(notes)


def each_release(two: TwoYears) -> list[TwoYears]:
    """Return the same two years and codes in every release that holds both, oldest first."""
    held = []
    for vintage in recorded.vintages():
        try:
            again = two_years(two.force, two.period0, two.period1, vintage, two.allow_break)
        except Refusal:
            continue
        held.append(again)
    return held


def officer_exposure(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    shares: tuple[float, float] = (1.0, 1.0),
) -> OfficerExposure:
    """Officer-years of a force in two years; why there are none stands in ``note``.

    Parameters
    ----------
    force : str or Force
        Any force.
    period0, period1 : str or FinancialYear
        The years.
    shares : (float, float)
        Shares of the two years that are counted (:attr:`TwoYears.shares`).
    """
    chosen = forces.resolve(force)
    periods = (period0, period1)
    try:
        values = [exposure.of_force(chosen, period, last_known=True) for period in periods]
    except Refusal as refusal:
        return OfficerExposure(None, None, refusal.problems[0].said)
    sources = dict.fromkeys(
        each for period in periods for each in exposure.officer_releases(period)
    )
    notes = dict.fromkeys(exposure.stand_in(period, force=chosen) for period in periods)
    before, after = (value * share for value, share in zip(values, shares, strict=True))
    return OfficerExposure(before, after, " ".join(filter(None, notes)), tuple(sources))


def add_codes(quarters: pd.DataFrame, codes: tuple[str, ...]) -> pd.DataFrame:
    """Sum the codes of each quarter, over the quarters in which every code is there.

    Parameters
    ----------
    quarters : DataFrame
        force, quarter_start, financial_year, quarter, offence_code, offences.
    codes : tuple of str
        Codes to add up. With 8S among them no quarter before April 2017 remains.

    Returns
    -------
    DataFrame
        force, quarter_start, financial_year, quarter, offences; only forces that have all codes
        in every remaining quarter.
    """
    key = ["force", "quarter_start", "financial_year", "quarter"]
    mine = quarters[quarters["offence_code"].isin(codes)]
    start = mine.groupby("offence_code")["quarter_start"].min().max()
    mine = mine[mine["quarter_start"] >= start]
    sums = mine.groupby(key, as_index=False).agg(
        offences=("offences", "sum"), codes=("offence_code", "nunique")
    )
    sums = sums[sums["codes"] == len(codes)]
    full = (
        sums.groupby("force")["quarter_start"].transform("size") == sums["quarter_start"].nunique()
    )
    kept: pd.DataFrame = sums[full].drop(columns="codes").reset_index(drop=True)
    return kept


def by_severity(quarters: pd.DataFrame) -> pd.DataFrame:
    """Quarters with both codes side by side.

    Parameters
    ----------
    quarters : DataFrame
        From :func:`recorded.quarterly` or :func:`recorded.usable_quarters`.

    Returns
    -------
    DataFrame
        force, quarter_start, financial_year, n_no_injury (104), n_injury (8S); only quarters that
        have both.
    """
    wide = quarters.pivot_table(
        index=["force", "quarter_start", "financial_year"],
        columns="offence_code",
        values="offences",
        aggfunc="sum",
    ).reindex(columns=list(CODES))
    wide = wide.dropna().astype("int64").reset_index()
    wide.columns.name = None
    return wide.rename(columns={CODES[0]: "n_no_injury", CODES[1]: "n_injury"})


def _only(count: YearCount, codes: tuple[str, ...]) -> YearCount:
    parts = {"104": count.n_no_injury, "8S": count.n_injury}
    kept = {code: value for code, value in parts.items() if code in codes}
    return YearCount(
        financial_year=count.financial_year,
        n_total=sum(value or 0 for value in kept.values()),
        n_injury=kept.get("8S"),
        n_no_injury=kept.get("104"),
        days=count.days,
    )
