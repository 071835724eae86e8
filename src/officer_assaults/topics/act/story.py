"""Interruption: what the report on the 2018 Act rests on, and the names it gives things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from officer_assaults.page.told import Told
from officer_assaults.topics.act.model import step_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.forces import Force
    from officer_assaults.data.tables import Release
    from officer_assaults.estimate import Estimate
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.glm import RateModel
    from officer_assaults.topics.act.model import Assessment

CONTROLS = {
    "105A": "public victims",
    "public-order": "public order",
    "all-crime-except-fraud": "all crime except fraud",
    "violence-with-injury": "violence with injury",
    "8N": "public victims with injury",
    "weapons": "weapons",
    "drugs": "drugs",
    "66": "other offences against the state",
}
ATTRIBUTIONS = {
    "recording": "the crime record moved and the other register not that way: recording",
    "both registers": "both registers moved alike: what happens may have changed",
    "both kinds": "the other register moved, and the crime record differently: both",
    "neither": "no change can be told from none",
}


@dataclass(frozen=True, slots=True)
class InterruptionStory(Told):
    """Everything that the report says about one dated event.

    Parameters
    ----------
    force : Force
        In focus.
    event : Timestamp
        Day of the event.
    assessment : Assessment or None
        Without a force in focus where that one cannot carry the model; None if nothing can.
    refused : tuple of Problem
        Why the force, or the whole analysis, is refused.
    left_out : DataFrame
        force, code, reason: forces that cannot carry the model.
    law : str
        Label of the law that came into force on the day; empty for another event.
    fits : mapping of str to RateModel
        Model of all usable forces together, by control; its term ``after`` is the step.
    forces : int
        Number of these forces.
    search : DataFrame
        From :func:`officer_assaults.topics.act.model.every_date`.
    jump : Estimate or None
        Jump on the first day by which the event alone would have made the year's change.
    years : tuple of str
        Financial years compared for the jump.
    vintage, release : str, Release
        Where the series come from.
    covid : bool
        Whether the window reaches into 2020.
    alpha : float
        One minus the coverage.
    """

    force: Force
    event: pd.Timestamp
    assessment: Assessment | None
    refused: tuple[Problem, ...]
    left_out: pd.DataFrame
    law: str
    fits: Mapping[str, RateModel]
    forces: int
    search: pd.DataFrame
    jump: Estimate | None
    years: tuple[str, str]
    vintage: str
    release: Release
    covid: bool
    alpha: float

    @property
    def focus(self) -> Assessment | None:
        """Assessment, where the force is in it."""
        found = self.assessment
        return found if found is not None and found.force is not None else None

    @property
    def in_the_quarter(self) -> int:
        """Number of models in which the best of all dates is the quarter of the event."""
        found = self.assessment
        return 0 if found is None else int((self.search["date"] == found.event).sum())

    @property
    def record_stepped(self) -> bool:
        """Whether all controls and most searched models put a step of the record at the event."""
        found = self.assessment
        if found is None or not self.fits:
            return False
        limits = [step_of(fit) for fit in self.fits.values()]
        one_side = all(one.lower > 1 for one in limits) or all(one.upper < 1 for one in limits)
        return one_side and 2 * self.in_the_quarter > len(self.search)


def plain_control(text: str) -> str:
    """Name controls as a reader knows them."""
    for code, name in sorted(CONTROLS.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"against {code}", f"against {name}")
    return text


def day_in_words(day: pd.Timestamp) -> str:
    """Write a day."""
    return day.strftime("%-d %B %Y")
