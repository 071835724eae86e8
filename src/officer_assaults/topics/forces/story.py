"""Comparison: what the report rests on, and the names it gives things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.estimate import Estimate
from officer_assaults.findings import Verdict
from officer_assaults.page import words
from officer_assaults.page.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.force_year import Exposures, ForceYear
    from officer_assaults.data.forces import Force
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.ranks import RankDistribution
    from officer_assaults.topics.forces.model import ForceAmongForces, RateComparison

OFFENCES = "recorded assaults on constables"
#: Denominators in the words of a sentence: one, many, and the units that a rate is quoted for.
PER: dict[str, str] = {
    "officer_fte": "officer-year",
    "officer_headcount": "officer-year (persons)",
    "constable_fte": "constable-year",
    "residents": "resident",
    "uses_of_force": "recorded use of force",
}
MANY: dict[str, str] = {
    "officer_fte": "officer-years",
    "officer_headcount": "officer-years (persons)",
    "constable_fte": "constable-years",
    "residents": "residents",
    "uses_of_force": "recorded uses of force",
}
UNITS_PER_RATE: dict[str, float] = {"residents": 100_000.0}
CLAIMED_PLACE, CLAIMED_FORCES = 6, 40


@dataclass(frozen=True, slots=True)
class ComparisonStory(Told):
    """Everything that the report says about one force among the others.

    Parameters
    ----------
    force : Force
        In focus.
    data : ForceYear
        Counts and who can be compared.
    exposures : Exposures
        Denominators.
    usable : mapping of str to RateComparison
        The forces that can be compared, by denominator.
    focus : mapping of str to ForceAmongForces
        The force in focus; empty where it cannot be compared.
    by_count : RankDistribution
        Ranks of the same forces by plain count.
    readings : DataFrame
        From :func:`officer_assaults.data.readings.place_readings`.
    model : Estimate or None
        Rate of the force over that of the others by the model; None where it is not compared.
    size : Estimate
        How count and officers go together.
    shares : DataFrame
        force, share (of offences with injury), lower, upper; usable forces.
    main : str
        Denominator of the headline.
    alpha : float
        One minus the coverage.
    """

    force: Force
    data: ForceYear
    exposures: Exposures
    usable: Mapping[str, RateComparison]
    focus: Mapping[str, ForceAmongForces]
    by_count: RankDistribution
    readings: pd.DataFrame
    model: Estimate | None
    size: Estimate
    shares: pd.DataFrame
    main: str
    alpha: float

    @property
    def refused(self) -> tuple[Problem, ...]:
        """Why the force is not compared; empty if it is."""
        return self.data.refusal(self.force)

    @property
    def year(self) -> str:
        """Year compared."""
        return self.data.year.label

    @property
    def count(self) -> int | None:
        """Recorded offences of the force, None for one that is not among the 43."""
        mine = self.data.counts.set_index("force")["count"]
        return int(mine[self.force.slug]) if self.force.slug in mine.index else None


def place_verdict(claimed: int, by_rate: Interval, by_count: Interval) -> Verdict:
    """Judge a claimed place, read as a statement about risk.

    "consistent" if the place lies in the interval by rate; "not supported" if only the order of
    plain counts allows it, which is a statement about size; else "contradicted".
    """
    if by_rate.contains(claimed):
        return "consistent"
    return "not supported" if by_count.contains(claimed) else "contradicted"


def count_rank(story: ComparisonStory) -> tuple[int, Interval]:
    """Rank of the force by count, and its interval."""
    slug = story.force.slug
    return int(story.by_count.table["rank"][slug]), story.by_count.interval(slug)


def quoted(name: str) -> str:
    """Write the unit that rates on a denominator are quoted for, "1,000 officer-years"."""
    return f"{words.number(rate_units(name))} {MANY[name]}"


def rate_units(name: str) -> float:
    """Units of exposure that rates on a denominator are quoted for."""
    return UNITS_PER_RATE.get(name, 1000.0)


def places(interval: Interval) -> str:
    """Write the limits of a place."""
    return words.interval(interval.lower, interval.upper, 0)
