"""Force year: one financial year of every territorial force, and which of them can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from officer_assaults.data import exposure, forces, recorded, releases, tables, years
from officer_assaults.data.forces import Force
from officer_assaults.data.once import once
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.data.recorded import Comparison
from officer_assaults.data.tables import Release
from officer_assaults.data.years import TwoYears
from officer_assaults.estimate import Shown
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Tabled

CHOSEN = "left out on request"


@dataclass(frozen=True, slots=True)
class ForceYear(Shown):
    """Counts of all territorial forces in one year, beside the panel of those fit to compare.

    Parameters
    ----------
    year : FinancialYear
        The year.
    counts : DataFrame
        force, count, n_injury, n_no_injury: all 43 forces, those with a recording break included.
    panel : Comparison
        The forces whose records hold from the earlier year to this one, and why others do not.
    release : Release
        Provenance of the counts.
    """

    year: FinancialYear
    counts: pd.DataFrame
    panel: Comparison
    release: Release

    @property
    def usable(self) -> list[str]:
        """Short names of the forces that can be compared."""
        return self.panel.frame["force"].tolist()

    @property
    def fit(self) -> pd.DataFrame:
        """Rows of ``counts`` that can be compared."""
        return self.counts[self.counts["force"].isin(self.usable)].reset_index(drop=True)

    def refusal(self, force: str | Force) -> tuple[Problem, ...]:
        """Why a force cannot be compared; empty if it can.

        E101 for England and Wales and for British Transport Police, which is in no denominator,
        E108 with every reason for a force left out by a recording break.
        """
        chosen = forces.resolve(force)
        if chosen.kind == "nation":
            return (_whole(),)
        if chosen.kind == "transport":
            return (_no_denominator(chosen),)
        try:
            self.panel.require(chosen)
        except Refusal as refusal:
            return refusal.problems
        return ()


@dataclass(frozen=True, slots=True)
class Exposures(Tabled):
    """What counts are set against, one frame per denominator that the year has.

    Parameters
    ----------
    frames : dict of str to DataFrame
        force, exposure, by the names of :data:`exposure.UNITS`.
    notes : tuple of str
        Which denominators are missing or stand in for a later figure, and why.
    releases : tuple of Release
        Provenance of the denominators.
    """

    frames: dict[str, pd.DataFrame]
    notes: tuple[str, ...]
    releases: tuple[Release, ...]

    def joined(self, counts: pd.DataFrame, denominator: str) -> pd.DataFrame:
        """Join counts with the exposure of one denominator; forces without it drop out."""
        return counts.merge(self.frames[denominator], on="force")


@once
def force_year(
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
    *,
    exclude: Sequence[str] = (),
) -> ForceYear:
    """One year of every force, and the forces whose records hold since an earlier one.

    Parameters
    ----------
    period0, period1 : str or FinancialYear
        Earlier year, which a recording break must not part from the later one; later year, whose
        counts are compared.
    vintage : str
        A release that holds all forces; ``"auto"`` is the newest.
    exclude : sequence of str
        Further forces to leave out.

    Raises
    ------
    Refusal
        As :func:`recorded.compare`; E107 for a release that does not hold all forces.
    """
    if vintage != "auto" and vintage not in recorded.full_vintages():
        raise Refusal.of(
            "E107",
            f"the release '{vintage}' does not hold every force, so forces cannot be compared "
            "within it.",
            f"Use {recorded.newest()}; releases are never mixed in one comparison.",
            column="vintage",
        )
    panel = _without(recorded.compare(period0, period1, vintage), exclude)
    year = financial_year(period1)
    rows = recorded.annual(panel.vintage)
    mine = rows[
        (rows["financial_year"] == year.label) & rows["force"].isin(forces.slugs("territorial"))
    ]
    counts = mine.rename(columns={"n_total": "count"})
    return ForceYear(
        year=year,
        counts=counts[["force", "count", "n_injury", "n_no_injury"]].reset_index(drop=True),
        panel=panel,
        release=panel.release,
    )


@once
def exposures(period: str | FinancialYear, denominators: Sequence[str]) -> Exposures:
    """Every denominator asked for that the year has, and a note on each that it has not.

    Parameters
    ----------
    period : str or FinancialYear
        Financial year.
    denominators : sequence of str
        Names of :data:`exposure.UNITS`.
    """
    frames: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    sources: dict[Release, None] = {}
    for name in denominators:
        try:
            frames[name] = exposure.of(period, name, last_known=True)
        except Refusal as refusal:
            notes.append(f"{refusal.problems[0].said} That denominator is left out.")
            continue
        notes.append(exposure.stand_in(period, name))
        sources |= dict.fromkeys(_sources(name, period))
    return Exposures(frames, tuple(dict.fromkeys(filter(None, notes))), tuple(sources))


def both_years(data: ForceYear) -> pd.DataFrame:
    """Injury counts of all 43 forces in the two years of a panel, broken series included.

    Returns
    -------
    DataFrame
        force, injury0, no_injury0, injury1, no_injury1.
    """
    rows = recorded.annual(data.panel.vintage)
    rows = rows[rows["force"].isin(forces.slugs("territorial"))]
    parts = []
    for at, year in enumerate((data.panel.period0, data.panel.period1)):
        mine = rows[rows["financial_year"] == year.label].set_index("force")
        names = {"n_injury": f"injury{at}", "n_no_injury": f"no_injury{at}"}
        parts.append(mine[list(names)].rename(columns=names))
    return pd.concat(parts, axis=1).dropna().astype("int64").reset_index()


@dataclass(frozen=True, slots=True)
class InjurySplit(Shown):
    """Counts with and without injury of one force in two years, and of all others together.

    Parameters
    ----------
    two : TwoYears or None
        The force's figures; None where a break bars every code.
    own : tuple of int or None
        With injury and without it in the earlier year, then in the later one.
    rest : tuple of int or None
        The same for the rest of England and Wales, where the release publishes it.
    refused : tuple of Problem
        Why there is no split; empty if there is one.
    """

    two: TwoYears | None
    own: tuple[int, int, int, int] | None
    rest: tuple[int, int, int, int] | None
    refused: tuple[Problem, ...]


def injury_split(
    force: str | Force,
    period0: str | FinancialYear,
    period1: str | FinancialYear,
    vintage: str = "auto",
) -> InjurySplit:
    """Injury split of one force in two years, or why it has none.

    Parameters
    ----------
    force : str or Force
        Any force, or England and Wales.
    period0, period1, vintage
        As for :func:`years.two_years`.
    """
    try:
        two = years.two_years(force, period0, period1, vintage)
    except Refusal as refusal:
        if set(refusal.codes) != {"E108"}:
            raise
        return InjurySplit(None, None, None, refusal.problems)
    cells = (two.before.n_injury, two.before.n_no_injury, two.after.n_injury, two.after.n_no_injury)
    known = [cell for cell in cells if cell is not None]
    if len(known) < len(cells):
        problems = tuple(
            Problem("E108", f"{two.force.name}: {why}", "Choose other years.")
            for why in two.left_out
        )
        return InjurySplit(two, None, None, problems)
    a, b, c, d = known
    return InjurySplit(two, (a, b, c, d), _rest(two), ())


def _rest(two: TwoYears) -> tuple[int, int, int, int] | None:
    if two.vintage not in recorded.QUOTED or two.force.kind == "nation":
        return None
    totals = recorded.national(two.vintage, without=[two.force]).set_index("financial_year")
    a, b, c, d = (
        int(totals.loc[[year.label], column].iloc[0])
        for year in (two.period0, two.period1)
        for column in ("n_injury", "n_no_injury")
    )
    return a, b, c, d


def _without(panel: Comparison, exclude: Sequence[str]) -> Comparison:
    gone = [forces.resolve(force).slug for force in exclude]
    if not gone:
        return panel
    rows = pd.DataFrame(
        {"force": gone, "financial_year": panel.period1.label, "offence_code": recorded.ALL_CODES,
         "reason": CHOSEN}
    )  # fmt: skip
    return Comparison(
        frame=panel.frame[~panel.frame["force"].isin(gone)].reset_index(drop=True),
        left_out=pd.concat([panel.left_out, rows], ignore_index=True),
        flagged=panel.flagged,
        period0=panel.period0,
        period1=panel.period1,
        vintage=panel.vintage,
        release=panel.release,
        allowed=panel.allowed,
    )


def _sources(denominator: str, period: str | FinancialYear) -> tuple[Release, ...]:
    """Provenance of a denominator."""
    if denominator in exposure.OFFICER_MEASURES:
        return exposure.officer_releases(period, denominator)
    if denominator == "residents":
        return (tables.release(f"population/{releases.leading('population')}"),)
    return (tables.release("use-of-force/incidents"),)


def _whole() -> Problem:
    return Problem(
        "E101",
        "England and Wales is all forces together and cannot be set among them.",
        "Name one of the 43 territorial forces.",
        column="force",
    )


def _no_denominator(force: Force) -> Problem:
    return Problem(
        "E101",
        f"{force.name} is in none of the tables of officers, residents and uses of force.",
        "Compare its counts by year; a rate needs a denominator of its own.",
        column="force",
    )
