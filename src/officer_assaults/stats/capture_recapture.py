"""Two lists of the same assaults: how many were missed by both, and how far to trust that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from scipy import stats

from officer_assaults.estimate import Estimate, Shown
from officer_assaults.refusals import Problems
from officer_assaults.stats.intervals import Interval, check_alpha

Direction = Literal["lower bound", "estimate"]


@dataclass(frozen=True, slots=True)
class TwoLists(Shown):
    """Assaults found in a crime record, in a health-and-safety form, or in both.

    Parameters
    ----------
    first, second : int
        Assaults on each list.
    both : int
        Assaults matched on both lists.

    Raises
    ------
    Refusal
        E102 if a count is negative, E103 if the matched ones outnumber a list.
    """

    first: int
    second: int
    both: int

    def __post_init__(self) -> None:
        problems = Problems()
        for name in ("first", "second", "both"):
            value = getattr(self, name)
            if value < 0 or value != int(value):
                problems.add("E102", f"{value} is no count.", "Give a whole number.", column=name)
        if self.both > min(self.first, self.second):
            problems.add(
                "E103",
                f"{self.both} matched assaults cannot exceed lists of {self.first} and "
                f"{self.second}.",
                "Count each matched assault once, on both lists.",
                column="both",
            )
        problems.raise_if_any()

    @property
    def seen(self) -> int:
        """Assaults on at least one list."""
        return self.first + self.second - self.both


def chapman(lists: TwoLists, odds_ratio: float = 1.0, alpha: float = 0.05) -> Estimate:
    """Chapman's estimate, extended to lists with a known odds ratio between them.

    Parameters
    ----------
    lists : TwoLists
        Counts of the two lists.
    odds_ratio : float
        1 for independent lists, above 1 if an assault on one list is likelier to be on the other.
    alpha : float
        One minus the coverage.

    Raises
    ------
    ValueError
        If the odds ratio is not above 0.

    Notes
    -----
    With b and c assaults on one list only and a on both, the number on neither is taken as
    ``odds_ratio * b * c / (a + 1)``; at an odds ratio of 1 the total is Chapman's
    ``(n1 + 1)(n2 + 1)/(m + 1) - 1`` (Chapman 1951) with the variance of Seber (1970), Biometrika
    57:757; at other odds ratios the variance is the multinomial delta method's, corrected in the
    same way. The interval is log-normal in the number on neither list (Chao 1987, Biometrics
    43:783).
    """
    if not odds_ratio > 0:
        raise ValueError(f"an odds ratio must be above 0, not {odds_ratio}")
    a, b, c = lists.both, lists.first - lists.both, lists.second - lists.both
    missed = odds_ratio * b * c / (a + 1)
    total = lists.seen + missed
    variance = _variance(a, b, c, missed)
    limits = _log_normal(lists.seen, missed, variance, check_alpha(alpha))
    return Estimate.of(total, limits, unit="events", denominator="two lists", level=1 - alpha)


def dependence_table(
    lists: TwoLists, odds_ratios: Sequence[float] = (0.5, 1.0, 1.5, 2.0, 3.0), alpha: float = 0.05
) -> pd.DataFrame:
    """Total and recorded share over a range of odds ratios between the lists.

    Returns
    -------
    DataFrame
        Columns odds_ratio, total, lower, upper, recorded_share, share_lower, share_upper, reading.
    """
    rows = []
    for odds_ratio in odds_ratios:
        found = chapman(lists, odds_ratio, alpha)
        ends = (found.value, found.lower, found.upper)
        share, high, low = (lists.first / value if value else math.nan for value in ends)
        rows.append((odds_ratio, *ends, share, low, high, direction(odds_ratio)))
    columns = ["odds_ratio", "total", "lower", "upper"]
    columns += ["recorded_share", "share_lower", "share_upper", "reading"]
    return pd.DataFrame(rows, columns=columns)


def expected_lists(total: int, first: float, second: float, odds_ratio: float) -> TwoLists:
    """Two lists that a known total would give on average, rounded to whole assaults.

    Parameters
    ----------
    total : int
        True number of assaults.
    first, second : float
        Probability of being on each list.
    odds_ratio : float
        True odds ratio between the lists.

    Notes
    -----
    The joint probability is Plackett's (1965), JASA 60:516.
    """
    both = first * second
    if odds_ratio != 1:
        spread = 1 + (odds_ratio - 1) * (first + second)
        root = math.sqrt(spread**2 - 4 * odds_ratio * (odds_ratio - 1) * first * second)
        both = (spread - root) / (2 * (odds_ratio - 1))
    return TwoLists(round(total * first), round(total * second), round(total * both))


def direction(odds_ratio: float) -> Direction:
    """Say what the total is when the true odds ratio between the lists is above 1.

    The same supervisor prompts the crime record and the safety form, so being on one makes the
    other likelier. Assuming independence then counts too few assaults on neither list: the total
    is a lower bound, and the recorded share an upper one.
    """
    return "estimate" if odds_ratio > 1 else "lower bound"


def _variance(a: int, b: int, c: int, missed: float) -> float:
    if missed == 0:
        return 0.0
    delta = missed + missed**2 * (1 / (a + 1) + 1 / b + 1 / c)
    return delta * (a + 1) / (a + 2)


def _log_normal(seen: int, missed: float, variance: float, alpha: float) -> Interval:
    if missed == 0:
        return Interval(float(seen), float(seen))
    spread = math.sqrt(math.log1p(variance / missed**2))
    factor = math.exp(float(stats.norm.isf(alpha / 2)) * spread)
    return Interval(seen + missed / factor, seen + missed * factor)
