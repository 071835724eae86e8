"""Reporting: what the report says about one force, before it is put into words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officer_assaults.page import words
from officer_assaults.page.told import Told

if TYPE_CHECKING:
    from officer_assaults.data.forces import Force
    from officer_assaults.data.years import TwoYears
    from officer_assaults.refusals import Problem
    from officer_assaults.topics.recording.model.case import Anchored, RecordingCase

ASSUMED = "(assumption)"


@dataclass(frozen=True, slots=True)
class ReportingStory(Told):
    """Everything that the report says about recording, before it is put into words.

    Parameters
    ----------
    force : Force
        In focus.
    two : TwoYears or None
        What was compared; None if refused.
    case : RecordingCase or None
        Every layer; None if refused.
    refused : tuple of Problem
        Why the force cannot be analysed.
    touched : tuple of str
        Offence codes that a decided recording break touches in these years.
    panel_vintage : str
        Release in which forces are set side by side.
    alpha : float
        One minus the coverage.
    """

    force: Force
    two: TwoYears | None
    case: RecordingCase | None
    refused: tuple[Problem, ...]
    touched: tuple[str, ...]
    panel_vintage: str
    alpha: float

    @property
    def moved(self) -> str:
        """Noun for the recorded change."""
        ratio = self.case.change.ratio if self.case else math.nan
        return "fall" if ratio < 1 else "rise"

    @property
    def broken(self) -> str:
        """Why the anchor cannot be leant on although it can be computed; empty if it can."""
        if not self.touched:
            return ""
        codes = words.listing([f"code {code}" for code in self.touched])
        return f"a recording break touches {codes} in these years, so the anchor is not sound"

    def anchored(self) -> Anchored | None:
        """Layers with the injury anchor, where a share can be spoken of."""
        if self.case is None or not self.case.has_direction:
            return None
        return self.case.anchored


def common(story: ReportingStory) -> dict[str, Any]:
    """Fields that findings on the force share."""
    assert story.two is not None
    return {
        "period": f"{story.two.period0} to {story.two.period1}",
        "vintage": story.two.vintage,
        "level": story.level,
    }
