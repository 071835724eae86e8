"""Funnel comparison: units against counting error and the ordinary spread between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Tabled
from officer_assaults.stats.heterogeneity import (
    paule_mandel,
    predictive_comparisons,
    robust_scores,
)
from officer_assaults.stats.intervals import check_alpha, check_counts, check_exposure

FloatArray = NDArray[np.float64]
Scale = Literal["log", "logit"]

LEVELS: tuple[float, ...] = (0.95, 0.998)
GRID_POINTS = 80
HALF = 0.5
MINIMUM_UNITS = 4


@dataclass(frozen=True, slots=True)
class Funnel(Tabled):
    """Units against limits that allow for counting error and for ordinary spread between units.

    Parameters
    ----------
    table : DataFrame, indexed by unit
        Columns count, exposure, rate, ``z`` and ``p`` (leave-one-out predictive score and its
        two-sided t probability), ``outside_95`` and ``outside_998`` (by that score),
        ``outside_exact_998`` (by the exact limit, which ignores that units differ), ``z_robust``
        and ``outside_robust`` (the score whose yardstick no group of odd units can widen, and
        whether it lies outside 99.8 % limits). In a funnel of proportions exposure holds the
        trials and rate the proportion.
    scale : {"log", "logit"}
        Scale on which units are compared: log for rates, logit for proportions.
    benchmark : float
        Rate or proportion at the centre of the overdispersed limits.
    tau : float
        Standard deviation of true values between units, on ``scale``.
    se : float
        Standard error of the centre, on ``scale``.
    df : int
        Degrees of freedom of the t limits.
    pooled : float
        All events over all exposure, centre of the exact limits.
    """

    table: pd.DataFrame
    scale: Scale
    benchmark: float
    tau: float
    se: float
    df: int
    pooled: float


def funnel_loo(counts: ArrayLike, exposure: ArrayLike, units: Sequence[str]) -> Funnel:
    """Leave-one-out Paule-Mandel funnel of rates with t limits.

    Each unit is judged by its distance from the mean of the others, in units of the square root of
    its own counting variance, the others' spread and the error of their mean, against t with K - 2
    degrees of freedom. A unit cannot widen the limits that judge it.

    Parameters
    ----------
    counts : array_like, shape (K,)
        Recorded events, all above 0.
    exposure : array_like, shape (K,)
        Exposure, for instance officer-years.
    units : sequence of str, length K
        Names.

    Raises
    ------
    Refusal
        E122 for units without any event (their log rate does not exist); E114 with fewer than
        four units.

    Notes
    -----
    Additive random effects as in Spiegelhalter (2005), Statistics in Medicine 24:1185. His
    winsorised dispersion is not used: winsorising a normal at 10 % keeps about 0.68 of its variance
    and flags ten times as many in-control units as it should. Several odd units hide each other
    from the leave-one-out score; ``z_robust`` stands beside it for them
    (:func:`~officer_assaults.stats.heterogeneity.robust_scores`).
    """
    y, e = check_counts("count", counts), check_exposure("exposure", exposure)
    _refuse_empty(y, units)
    _refuse_few(y.size)
    return _assemble("log", y, e, np.log(y / e), 1 / y, units)


def proportion_funnel(successes: ArrayLike, trials: ArrayLike, units: Sequence[str]) -> Funnel:
    """Leave-one-out Paule-Mandel funnel of proportions on the logit scale, t limits.

    Parameters
    ----------
    successes, trials : array_like, shape (K,)
        For instance charges and the recorded offences they came from.
    units : sequence of str, length K
        Names.

    Raises
    ------
    Refusal
        E114 with fewer than four units.

    Notes
    -----
    Half a success and half a failure are added to every unit, so that units at 0 or 1 have a logit
    (Anscombe 1956, Biometrika 43:461); the proportions in the table are the plain ones.
    """
    k, n = check_counts("successes", successes), check_exposure("trials", trials)
    _refuse_few(k.size)
    won, lost = k + HALF, n - k + HALF
    return _assemble("logit", k, n, np.log(won / lost), 1 / won + 1 / lost, units)


def funnel_curves(funnel: Funnel) -> pd.DataFrame:
    """Both kinds of limits as curves over exposure, for drawing.

    Parameters
    ----------
    funnel : Funnel
        Fitted funnel.

    Returns
    -------
    DataFrame
        Columns level, exposure, exact_lower, exact_upper, spread_lower, spread_upper.

    Notes
    -----
    The curves use all units, the scores of the funnel leave the judged unit out; a unit near a
    limit can therefore fall on different sides. The score decides.
    """
    exposure = funnel.table["exposure"]
    grid = np.geomspace(exposure.min() * 0.9, exposure.max() * 1.1, GRID_POINTS)
    centre = funnel.benchmark
    information = grid * centre * ((1 - centre) if funnel.scale == "logit" else 1.0)
    spread = np.sqrt(1 / information + funnel.tau**2 + funnel.se**2)
    parts = []
    for level in LEVELS:
        reach = stats.t.isf(check_alpha(1 - level) / 2, funnel.df) * spread
        lower, upper = exact_limits(funnel.scale, grid, funnel.pooled, level)
        columns = {
            "level": level,
            "exposure": grid,
            "exact_lower": lower,
            "exact_upper": upper,
            "spread_lower": _back(funnel.scale, _forth(funnel.scale, centre) - reach),
            "spread_upper": _back(funnel.scale, _forth(funnel.scale, centre) + reach),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def exact_limits(
    scale: Scale, exposure: ArrayLike, benchmark: float, level: float
) -> tuple[FloatArray, FloatArray]:
    """Exact Poisson (log) or binomial (logit) control limits of a rate or proportion.

    Parameters
    ----------
    scale : {"log", "logit"}
        Kind of funnel.
    exposure : array_like
        Exposure or trials of the points.
    benchmark : float
        Rate or proportion at the centre.
    level : float
        Coverage.

    Returns
    -------
    lower, upper : ndarray
        Limits between which a unit at the benchmark would fall with probability ``level``.

    Notes
    -----
    Spiegelhalter (2005), Appendix A.1.1: the quantile is interpolated linearly on the distribution
    function, so that the curves do not saw.
    """
    e = check_exposure("exposure", exposure)
    whole = np.round(e) if scale == "logit" else e
    law = stats.binom(whole, benchmark) if scale == "logit" else stats.poisson(e * benchmark)
    tail = check_alpha(1 - level) / 2
    return _quantile(law, tail) / whole, _quantile(law, 1 - tail) / whole


def _assemble(
    scale: Scale,
    y: FloatArray,
    e: FloatArray,
    transformed: FloatArray,
    variance: FloatArray,
    units: Sequence[str],
) -> Funnel:
    compared = predictive_comparisons(transformed, variance)
    z_robust, p_robust, *_ = robust_scores(transformed, variance)
    pool = paule_mandel(transformed, variance)
    pooled = float(y.sum() / e.sum())
    lower, upper = exact_limits(scale, e, pooled, LEVELS[1])
    columns = {
        "count": y.astype(int),
        "exposure": e,
        "rate": y / e,
        "z": compared.z,
        "p": compared.p,
        "outside_95": compared.p < 1 - LEVELS[0],
        "outside_998": compared.p < 1 - LEVELS[1],
        "outside_exact_998": (y / e < lower) | (y / e > upper),
        "z_robust": z_robust,
        "outside_robust": p_robust < 1 - LEVELS[1],
    }
    table = pd.DataFrame(columns, index=pd.Index(list(units), name="unit"))
    centre = float(_back(scale, np.asarray(pool.mu)))
    return Funnel(table, scale, centre, pool.tau, pool.se, compared.df, pooled)


def _forth(scale: Scale, value: float) -> float:
    return float(special.logit(value) if scale == "logit" else np.log(value))


def _back(scale: Scale, value: FloatArray) -> FloatArray:
    return np.asarray(special.expit(value) if scale == "logit" else np.exp(value))


def _quantile(law: Any, probability: float) -> FloatArray:
    whole = law.ppf(probability)
    return np.asarray(np.maximum(whole - (law.cdf(whole) - probability) / law.pmf(whole), 0.0))


def _refuse_empty(counts: FloatArray, units: Sequence[str]) -> None:
    empty = [unit for unit, count in zip(units, counts, strict=True) if count == 0]
    if empty:
        raise Refusal.of(
            "E122",
            f"no events for {', '.join(empty)}: a log rate does not exist.",
            "Leave the unit out by the table of recording breaks, or choose another period.",
        )


def _refuse_few(units: int) -> None:
    if units < MINIMUM_UNITS:
        raise Refusal.of(
            "E114",
            f"{units} units are too few to learn how far units differ.",
            f"Compare {MINIMUM_UNITS} or more.",
        )
