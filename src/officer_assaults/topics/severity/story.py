"""Severity: what the report rests on, and the names it gives things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.estimate import Estimate
from officer_assaults.page.told import Told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.force_year import ForceYear
    from officer_assaults.data.years import TwoYears
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.severity import Placebo, SeverityContrast, ShareChange

LAYERS = {
    "naive": "counting chance only",
    "against the rest": "against all others as one, counting chance only",
    "calibrated": "calibrated by the other forces",
    "triple": "beyond the mean of the other forces",
}


@dataclass(frozen=True, slots=True)
class SeverityStory(Told):
    """Everything that the report says about injury and no injury in one force.

    Parameters
    ----------
    two : TwoYears or None
        The force's own figures; None where a break bars every code.
    force : Force
        In focus.
    data : ForceYear
        All forces in one release.
    refused : tuple of Problem
        Why the force has no severity split; empty if it has.
    share : ShareChange or None
        Its injury share in both years.
    own : mapping of str to SeverityContrast
        Its contrasts: "naive" and, where its release holds the total, "against the rest".
    panel : mapping of str to SeverityContrast
        "naive", "calibrated" and "triple" in the release that holds all forces.
    placebo : Placebo
        Contrasts of all usable forces.
    pooled : mapping of str to Estimate
        Ratio of ratios of groups of forces by the model, errors clustered by force; by who they
        are, the like-for-like forces first.
    injury : Estimate or None
        Rate ratio of recorded assaults with injury in the force.
    influence : DataFrame
        Pooled contrast with each force left out, largest shift first.
    uptake : DataFrame
        Change of the injury share during the bedding-in year, by force; empty for other years.
    alpha : float
        One minus the coverage.
    """

    two: TwoYears | None
    force: forces.Force
    data: ForceYear
    refused: tuple[Problem, ...]
    share: ShareChange | None
    own: Mapping[str, SeverityContrast]
    panel: Mapping[str, SeverityContrast]
    placebo: Placebo
    pooled: Mapping[str, Estimate]
    injury: Estimate | None
    influence: pd.DataFrame
    uptake: pd.DataFrame
    alpha: float

    @property
    def period(self) -> str:
        """Years compared."""
        return f"{self.data.panel.period0} to {self.data.panel.period1}"

    @property
    def largest(self) -> str:
        """Short name of the force that moves the pooled contrast most."""
        return str(self.influence.index[0])
