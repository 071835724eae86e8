"""Two recorded counts and the ratio of their rates; what a second register tells of a change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import Interval
from officer_assaults.stats.rate_ratio import exact_rate_ratio

Direction = Literal["rise", "fall", "unclear"]
Attribution = Literal["recording", "both registers", "both kinds", "neither"]


@dataclass(frozen=True, slots=True)
class RecordedChange(Shown):
    """Two counts of recorded assaults and the ratio of their rates.

    Parameters
    ----------
    before, after : int
        Recorded assaults of the two periods.
    ratio : float
        Rate after over rate before; the ratio of the counts where both periods are equally long.
    interval : Interval
        Exact interval of the ratio for counting error.
    """

    before: int
    after: int
    ratio: float
    interval: Interval

    @property
    def log_ratio(self) -> float:
        """Natural log of :attr:`ratio`."""
        return math.log(self.ratio)

    @property
    def direction(self) -> Direction:
        """Rise or fall only where counting error alone does not hide it."""
        if self.interval.lower > 1:
            return "rise"
        return "fall" if self.interval.upper < 1 else "unclear"


def recorded_change(
    before: int,
    after: int,
    alpha: float = 0.05,
    *,
    days_before: float = 1.0,
    days_after: float = 1.0,
) -> RecordedChange:
    """Ratio of two recorded rates, with its exact conditional interval.

    Parameters
    ----------
    before, after : int
        Recorded assaults; both must be above 0.
    alpha : float
        One minus the coverage.
    days_before, days_after : float
        Lengths of the periods, which differ by a day across a leap year.

    Raises
    ------
    Refusal
        E122 if either count is zero: there is no ratio to explain.
    """
    if before <= 0 or after <= 0:
        raise Refusal.of(
            "E122",
            f"counts of {before} and {after} have no ratio whose log could be shared out.",
            "Choose periods in which assaults were recorded.",
        )
    found = exact_rate_ratio(after, days_after, before, days_before, alpha=alpha)
    return RecordedChange(int(before), int(after), found.ratio, found.interval)


def attribute(first: float, difference: Interval, second: Interval) -> Attribution:
    """Say where a change lies, from what a second register of the same events shows.

    Parameters
    ----------
    first : float
        Ratio of change in the first register.
    difference : Interval
        Ratio of the first register's change to the second's.
    second : Interval
        Ratio of change in the second register itself.

    Returns
    -------
    str
        ``"recording"``: the first register moved and the second did not move that way.
        ``"both registers"``: the second moved and the first with it. ``"both kinds"``: the second
        moved, and the first further or less far. ``"neither"``: no change can be told from none.
    """
    if difference.contains(1.0):
        return "neither" if second.contains(1.0) else "both registers"
    fell = difference.upper < 1
    if second.contains(1.0):
        return "recording"
    with_it = second.upper < 1 if fell else second.lower > 1
    # Where the second register moved against the first's own change, that change is recording.
    own_way = first < 1 if fell else first > 1
    return "recording" if own_way and not with_it else "both kinds"
