"""Crewing evidence: what the report rests on, and the names it gives things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.findings import Verdict
from officer_assaults.page import words
from officer_assaults.page.told import Told
from officer_assaults.shown import Shown
from officer_assaults.stats import shares as crewing_shares
from officer_assaults.stats import verdicts

if TYPE_CHECKING:
    from officer_assaults.stats.ecological import EcologicalAssociation
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.rate_ratio import RateRatio
    from officer_assaults.stats.risk_ratio import RiskRatio
    from officer_assaults.topics.evidence.model import MissingReports

#: Agencies as a reader outside the United States knows them.
CITIES: Mapping[str, str] = {
    "Birmingham PD": "Birmingham, Alabama",
    "San Diego PD": "San Diego, California",
}


@dataclass(frozen=True, slots=True)
class Washington(Shown):
    """Injury given assault in the Washington records.

    Parameters
    ----------
    years, offences : tuple
        What the main comparison holds.
    compared, reference : str
        Assignments, as the records name them.
    stratum : tuple of str
        Columns that the main comparison is made within.
    naive : RiskRatio
        Officers taken as independent.
    main : RiskRatio
        Within strata, clustered by incident: the one that the verdict follows.
    active : RiskRatio
        The same, with activity.
    others : tuple of (str, RiskRatio)
        Other choices that could have been made, clustered, with what differs.
    by_year : DataFrame
        year, assignment, injured, victims.
    """

    years: tuple[int, ...]
    offences: tuple[str, ...]
    compared: str
    reference: str
    stratum: tuple[str, ...]
    naive: RiskRatio
    main: RiskRatio
    active: RiskRatio
    others: tuple[tuple[str, RiskRatio], ...]
    by_year: pd.DataFrame

    @property
    def verdict(self) -> Verdict:
        """Verdict on more injury alone, from the clustered interval."""
        return verdicts.lies("above", 1.0, self.main.lower, self.main.upper)


@dataclass(frozen=True, slots=True)
class CrewingStory(Told):
    """Everything that the report on crewing evidence says, before it is put into words.

    Parameters
    ----------
    washington : Washington
        Injury given assault.
    counts, deployment : DataFrame
        From :func:`deployment.crew_count_ratios` and :func:`deployment.ratios_by_deployment`.
    implied : float
        Rate ratio per officer with all sizes of agency added up.
    agencies : mapping of str to MissingReports
        Two agencies by name.
    survey : Series
        Row of the survey on single crewing.
    victims_single : float
        Share of victims taken to be single crewed, for the bounds.
    taser : EcologicalAssociation
        Uses of TASER and recorded rates of forces.
    trial : RateRatio
        Officers assaulted with and without TASER in the published trial.
    ledger : DataFrame
        Published figures with how each was read.
    studies : DataFrame
        From :func:`officer_assaults.topics.evidence.model.american_studies`.
    alpha : float
        One minus the coverage of intervals.
    """

    washington: Washington
    counts: pd.DataFrame
    deployment: pd.DataFrame
    implied: float
    agencies: Mapping[str, MissingReports]
    survey: pd.Series
    victims_single: float
    taser: EcologicalAssociation
    trial: RateRatio
    ledger: pd.DataFrame
    studies: pd.DataFrame
    alpha: float

    @property
    def both(self) -> pd.Series:
        """Studies of injury once assaulted, weighed together."""
        return self.studies.iloc[-1]

    @property
    def bounds(self) -> tuple[Interval, Interval]:
        """Share of hours, and rate ratio, that the survey's share allows."""
        return crewing_shares.survey_bounds(
            float(self.survey["percent"]) / 100, self.victims_single
        )

    @property
    def total(self) -> pd.Series:
        """Counts of all activities together."""
        return self.counts.iloc[-1]


def years_in_words(years: Sequence[int]) -> str:
    """Write years as a span."""
    first, last = min(years), max(years)
    return str(first) if first == last else f"{first} to {last}"


def years_of(washington: Washington) -> str:
    """Years of the main comparison."""
    return years_in_words(washington.years)


def strata_in_words(names: tuple[str, ...]) -> str:
    """Name the strata."""
    return words.listing(list(names)) if names else "no strata"
