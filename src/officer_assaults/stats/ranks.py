"""Ranks as distributions: where a unit could stand, never where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Tabled
from officer_assaults.stats.intervals import Interval, check_alpha, check_counts, check_exposure

FloatArray = NDArray[np.float64]

MINIMUM_UNITS = 10
TOP = 6


@dataclass(frozen=True, slots=True)
class RankDistribution(Tabled):
    """Ranks of all units under uncertainty; rank 1 is the highest rate.

    Parameters
    ----------
    table : DataFrame, indexed by unit
        Columns rank (of the point estimates), median, lower, upper (central interval of the rank
        distribution) and p_top, the probability of being among the ``top`` highest.
    denominator : str
        What the rate is per.
    units : int
        Number of units ranked.
    top : int
        The k of ``p_top``.
    alpha : float
        One minus the coverage of lower to upper.
    """

    table: pd.DataFrame
    denominator: str
    units: int
    top: int
    alpha: float

    def interval(self, unit: str) -> Interval:
        """Limits of the rank of one unit."""
        lower, upper = self.table.loc[[unit], ["lower", "upper"]].to_numpy(dtype=float)[0]
        return Interval(lower, upper)


def counting_draws(
    counts: ArrayLike,
    exposure: ArrayLike,
    *,
    draws: int = 4000,
    seed: int,
    phi: ArrayLike = 1.0,
) -> FloatArray:
    """Draws of each unit's rate that carry counting error, each unit on its own.

    Parameters
    ----------
    counts, exposure : array_like, shape (K,)
        Events and their exposure.
    draws : int
        Number of draws.
    seed : int
        Seed of the generator.
    phi : array_like, shape (K,) or scalar
        Dispersion: variance over mean of a count. The default of 1 is Poisson error.

    Returns
    -------
    ndarray, shape (draws, K)
        Gamma draws with mean ``y + 1/2`` and variance ``phi`` times that, over the exposure; with
        ``phi`` of 1 the posterior of a Poisson mean under Jeffreys' prior.

    Raises
    ------
    ValueError
        For counts or exposures that are none, or a dispersion not above 0.
    """
    y = check_counts("count", counts)
    e = check_exposure("exposure", exposure)
    spread = np.broadcast_to(check_exposure("phi", phi), y.shape)
    rng = np.random.default_rng(seed)
    return np.asarray(rng.gamma((y + 0.5) / spread, spread, size=(draws, y.size)) / e)


def rank_distribution(
    draws: ArrayLike,
    estimates: ArrayLike,
    units: Sequence[str],
    *,
    denominator: str,
    top: int = TOP,
    alpha: float = 0.05,
) -> RankDistribution:
    """Rank distribution from joint draws of the units' rates.

    Parameters
    ----------
    draws : array_like, shape (S, K)
        Joint draws of the rates, for instance from :func:`counting_draws` or a fitted hierarchy.
    estimates : array_like, shape (K,)
        Point estimates that give the plain rank.
    units : sequence of str, length K
        Names.
    denominator : str
        What the rate is per; a rank without it means nothing.
    top : int
        Size of the group whose probability is wanted.
    alpha : float
        One minus the coverage of the rank interval.

    Raises
    ------
    Refusal
        E119 with fewer than ten units or without a denominator.
    """
    check_alpha(alpha)
    _refuse_bare_ranks(len(units), denominator)
    ranks = stats.rankdata(-np.asarray(draws, dtype=float), axis=1)
    lower, median, upper = np.quantile(
        ranks, [alpha / 2, 0.5, 1 - alpha / 2], axis=0, method="inverted_cdf"
    )
    table = pd.DataFrame(
        {
            "rank": stats.rankdata(-np.asarray(estimates, dtype=float), method="min").astype(int),
            "median": median.astype(int),
            "lower": np.floor(lower).astype(int),
            "upper": np.ceil(upper).astype(int),
            "p_top": (ranks <= top).mean(axis=0),
        },
        index=pd.Index(list(units), name="unit"),
    )
    return RankDistribution(table, denominator, len(units), top, alpha)


def confidence_set(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    index: int,
    *,
    alpha: float = 0.05,
    draws: int = 4000,
    seed: int,
) -> Interval:
    """Confidence set for the rank of one unit that holds whatever the true order is.

    Parameters
    ----------
    estimates, standard_errors : array_like, shape (K,)
        Independent estimates and their standard errors, for instance log rates.
    index : int
        Unit of interest.
    alpha : float
        One minus the least coverage.
    draws : int
        Draws of the largest studentised difference.
    seed : int
        Seed of the generator.

    Returns
    -------
    Interval
        Lowest and highest rank that the data do not rule out.

    Notes
    -----
    Mogstad, Romano, Shaikh and Wilhelm (2024), Review of Economic Studies 91:476, marginal set:
    a unit is surely above (below) this one where the simultaneous interval of their difference
    lies above (below) zero. Unlike a rank interval from draws it keeps its coverage when many
    units are nearly tied, at the price of length.
    """
    check_alpha(alpha)
    x = np.asarray(estimates, dtype=float)
    s = check_exposure("standard error", standard_errors)
    others = np.arange(x.size) != index
    se = np.hypot(s[others], s[index])
    noise = np.random.default_rng(seed).normal(size=(draws, x.size)) * s
    largest = np.abs((noise[:, others] - noise[:, [index]]) / se).max(axis=1)
    z = (x[others] - x[index]) / se
    cut = np.quantile(largest, 1 - alpha)
    return Interval(float(1 + (z > cut).sum()), float(x.size - (z < -cut).sum()))


def _refuse_bare_ranks(units: int, denominator: str) -> None:
    problems = []
    if units < MINIMUM_UNITS:
        problems.append(
            Problem(
                "E119",
                f"a rank among {units} units says next to nothing.",
                f"Rank {MINIMUM_UNITS} units or more, or show the rates themselves.",
            )
        )
    if not denominator.strip():
        problems.append(
            Problem(
                "E119",
                "a rank was asked for without a denominator.",
                "Name what the rate is per, for instance officer-years.",
            )
        )
    if problems:
        raise Refusal(problems)
