"""Composition: what shares a total has when parts are counted roughly or may overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Shown, Tabled
from officer_assaults.stats.intervals import Interval, binomial_intervals, check_alpha


@dataclass(frozen=True, slots=True)
class Composition(Tabled):
    """Shares of a total, one row per part.

    Parameters
    ----------
    table : DataFrame, indexed by part
        Columns count_lower, count_upper (what is known of the count), share_lower, share_upper
        (the shares those would give) and lower, upper (outer limits with sampling error).
    total : int
        The total that the parts are taken to be subsets of.
    exclusive : bool
        Whether a case can fall into one part only; intervals are then simultaneous.
    alpha : float
        One minus the coverage of lower to upper.
    """

    table: pd.DataFrame
    total: int
    exclusive: bool
    alpha: float


@dataclass(frozen=True, slots=True)
class Overlap(Shown):
    """Fewest and most cases that two parts of one total can share.

    Parameters
    ----------
    lower, upper : int
        Bounds that hold for every count inside the two ranges.
    upper_at_lowest : int
        Upper bound if both counts are the lowest they can be.
    """

    lower: int
    upper: int
    upper_at_lowest: int


def composition(
    parts: pd.DataFrame, total: int, *, exclusive: bool = False, alpha: float = 0.05
) -> Composition:
    """Shares of a total with Wilson intervals, conditional on the parts being subsets of it.

    Parameters
    ----------
    parts : DataFrame
        Columns part, lower, upper: a count known exactly has both equal, "more than 50 of 182" is
        51 to 182.
    total : int
        Cases in all.
    exclusive : bool
        True only if the source says that a case falls into one part. Then all parts and the
        remainder share the error rate (Goodman 1965, Technometrics 7:247), else each part has its
        own Wilson interval.
    alpha : float
        One minus the coverage.

    Returns
    -------
    Composition
        For an interval-censored count the lower limit is that of the lowest count, the upper limit
        that of the highest.

    Raises
    ------
    Refusal
        E102 if a range is no range of whole numbers of 0 or more, E120 if a part exceeds the total
        or exclusive parts together must exceed it.
    """
    check_alpha(alpha)
    low, high = parts["lower"].to_numpy(), parts["upper"].to_numpy()
    _refuse_ranges(parts, total)
    if exclusive:
        _refuse_overfull(int(low.sum()), total)
        high = np.minimum(high, total - (low.sum() - low))
    each = alpha / (len(parts) + 1) if exclusive else alpha
    trials = np.full(len(parts), total)
    table = pd.DataFrame(
        {
            "count_lower": low,
            "count_upper": high,
            "share_lower": low / total,
            "share_upper": high / total,
            "lower": binomial_intervals(low, trials, each, method="wilson").lower,
            "upper": binomial_intervals(high, trials, each, method="wilson").upper,
        },
        index=pd.Index(parts["part"], name="part"),
    )
    return Composition(table, total, exclusive, alpha)


def overlap_bounds(first: Interval, second: Interval, total: int) -> Overlap:
    """Bound how many cases lie in both of two parts of one total.

    Parameters
    ----------
    first, second : Interval
        Lowest and highest count of each part.
    total : int
        Cases in all.

    Raises
    ------
    Refusal
        E120 if a part exceeds the total.

    Notes
    -----
    Frechet (1935): with counts a and b of n, the overlap lies between ``a + b - n`` and the
    smaller of a and b. Nothing about the two parts is assumed.
    """
    for part in (first, second):
        if part.upper > total:
            _refuse_overfull(int(part.upper), total)
    return Overlap(
        lower=max(0, int(first.lower + second.lower) - total),
        upper=int(min(first.upper, second.upper)),
        upper_at_lowest=int(min(first.lower, second.lower)),
    )


def _refuse_ranges(parts: pd.DataFrame, total: int) -> None:
    problems = []
    for part, low, high in parts[["part", "lower", "upper"]].itertuples(index=False):
        if not (0 <= low <= high and float(low).is_integer() and float(high).is_integer()):
            problems.append(
                Problem(
                    "E102",
                    f"'{part}' runs from {low} to {high}, which is no range of counts.",
                    "Give whole numbers with lower at most upper; a known count has both equal.",
                )
            )
        elif high > total:
            problems.append(
                Problem(
                    "E120",
                    f"'{part}' may count {high} of only {total} cases.",
                    "Correct the count or the total; a part cannot exceed what it is part of.",
                )
            )
    if problems:
        raise Refusal(problems)


def _refuse_overfull(together: int, total: int) -> None:
    if together > total:
        raise Refusal.of(
            "E120",
            f"the parts count {together} cases or more, the total {total}.",
            "They overlap: set exclusive to false, or correct the counts.",
        )
