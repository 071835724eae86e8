"""Strata that a policy moves, and whether enough was seen of the crews that it moves hours to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.refusals import Problem
from officer_assaults.shown import Shown
from officer_assaults.topics.crewing.model.policy_language import AS_IT_IS, Policy, share_single

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.model.policy import PolicyModel

FEWEST_EVENTS = 10
FEW_EVENTS = 30
LEAST_SHARE_OF_HOURS = 0.02


@dataclass(frozen=True, slots=True)
class Stratum(Shown):
    """Hours that a policy moves from one crew to the other, and what is observed beside them.

    Attributes
    ----------
    label : str
    events, hours : float
        Recorded victims and exposure observed in the arm that the hours move to.
    share_of_hours : float
        That exposure over all exposure of the stratum.
    to_double : bool
        Whether the hours move to double crews.
    """

    label: str
    events: float
    hours: float
    share_of_hours: float
    to_double: bool = True

    @property
    def passes(self) -> bool:
        """At least 10 victims and 2% of the hours in the arm moved to."""
        return self.events >= FEWEST_EVENTS and self.share_of_hours >= LEAST_SHARE_OF_HOURS

    @property
    def warns(self) -> bool:
        """Fewer than 30 victims in the arm moved to."""
        return self.events < FEW_EVENTS


def strata_moved(
    model: PolicyModel, policy: Policy, moved: NDArray[np.float64]
) -> tuple[Stratum, ...]:
    """Strata that a policy moves, by direction and by the categories it conditions on.

    A policy that conditions on nothing is judged by hour band.
    """
    frame = model.frame
    single = frame[AS_IT_IS].to_numpy(float)
    exposure = frame[model.exposure].to_numpy(float)
    victims = frame["victims"].to_numpy(float)
    levels, names = _levels(frame, policy)
    found = []
    for origin, target, changes in ((1.0, 0.0, moved > 0), (0.0, 1.0, moved < 0)):
        # Hours that the policy would move had they been crewed as the hours that it does move.
        reached = share_single(policy, frame.assign(**{AS_IT_IS: origin})) != origin
        for level in pd.unique(levels[changes]):
            inside = reached & (levels == level)
            arm = inside & (single == target)
            found.append(
                Stratum(
                    f"{names[level]} to {'single' if target else 'double'} crews",
                    float(victims[arm].sum()),
                    float(exposure[arm].sum()),
                    float(exposure[arm].sum() / exposure[inside].sum()),
                    target == 0.0,
                )
            )
    return tuple(found)


def _levels(frame: pd.DataFrame, policy: Policy) -> tuple[NDArray[np.intp], list[str]]:
    """Give the number of each row's stratum, and the names of strata."""
    words = [name for name in policy.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    if not policy.columns:
        words = ["hour_band"]
    if not words:
        return np.zeros(len(frame), dtype=np.intp), ["all hours moved"]
    found = frame.groupby(words, observed=True, sort=False)
    levels = np.asarray(found.ngroup(), dtype=np.intp)
    first = frame[words].iloc[np.unique(levels, return_index=True)[1]].astype(str)
    return levels, [", ".join(row) for row in first.itertuples(index=False)]


def gate(policy: Policy, strata: tuple[Stratum, ...]) -> Problem | None:
    """Refuse a contrast that leans on hours hardly seen; the strata themselves stay internal."""
    if not strata:
        return Problem(
            "E114",
            f"the policy '{policy.label}' moves no hours: no row of these cells meets it.",
            "Ask for rows by what it conditions on, not averages of it, or choose another policy.",
        )
    failed = [stratum for stratum in strata if not stratum.passes]
    if not failed:
        return None
    return Problem(
        "E114",
        f"the policy '{policy.label}' leans on crews hardly ever seen in {len(failed)} of "
        f"{len(strata)} strata that it moves.",
        f"At least {FEWEST_EVENTS} victims and {LEAST_SHARE_OF_HOURS:.0%} of the hours are needed "
        "in the arm that hours move to: ask for a longer period, or a milder policy.",
    )
