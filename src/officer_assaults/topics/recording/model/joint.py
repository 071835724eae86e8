"""Joint model of severity and recording with beta and normal priors, by quasi-Monte Carlo.

Levels of recording enter with informative priors. The two counts of each severity inform only the
products of real growth and recording growth, so the posterior of a level is its prior again: the
contraction printed beside it says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats
from scipy.stats import qmc

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown, Tabled
from officer_assaults.stats.intervals import Interval, check_alpha
from officer_assaults.stats.pogit import contraction, contraction_label
from officer_assaults.topics.recording.model.bias import SeverityCounts

FloatArray = NDArray[np.float64]

LOG2_POINTS = 15


@dataclass(frozen=True, slots=True)
class JointPriors(Shown):
    """Priors of the joint model.

    Parameters
    ----------
    level : tuple of float
        Beta parameters of the recording probability of assaults without injury, before.
    shift_sd : float
        Standard deviation of the change of its logit, around no change.
    anchor_sd : float
        Standard deviation of the log change of the recording of injury assaults.
    mix_sd : float
        Standard deviation of the log change of the real severity mix.
    growth_sd : float
        Standard deviation of the log real growth, around no growth.
    """

    level: tuple[float, float] = (6.0, 4.0)
    shift_sd: float = 1.0
    anchor_sd: float = 0.05
    mix_sd: float = 0.10
    growth_sd: float = 0.5


@dataclass(frozen=True, slots=True)
class JointPosterior(Tabled):
    """Posterior of the joint model.

    Parameters
    ----------
    table : DataFrame, indexed by parameter
        prior_mean, prior_sd, mean, sd, lower, upper, contraction, label.
    share : float
        Posterior median of the share of the log change that recording explains.
    share_interval : Interval
        Its central interval.
    effective_draws : float
        Effective number of weighted points.
    """

    table: pd.DataFrame
    share: float
    share_interval: Interval
    effective_draws: float


def joint_severity_posterior(
    counts: SeverityCounts, priors: JointPriors, seed: int, alpha: float = 0.05
) -> JointPosterior:
    """Posterior of real growth, recording and the share that recording explains.

    Parameters
    ----------
    counts : SeverityCounts
        Recorded assaults, all four cells above 0.
    priors : JointPriors
        Assumptions.
    seed : int
        Seed of the scrambled Sobol points.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        E122 if a cell is zero.

    Notes
    -----
    Given its total, the later count of each severity is binomial with odds equal to its growth.
    Injury growth is drawn from its own likelihood, the rest from the priors, and points are
    weighted by the likelihood of the other severity and the prior of real growth: importance
    sampling on quasi-random points, deterministic given the seed.
    """
    if min(counts.injury0, counts.injury1, counts.no_injury0, counts.no_injury1) <= 0:
        raise Refusal.of(
            "E122",
            "the joint model needs all four counts above 0.",
            "Choose periods in which both classes were recorded.",
        )
    points = qmc.Sobol(5, seed=np.random.default_rng(seed)).random_base2(LOG2_POINTS)
    draws = _transform(points, counts, priors)
    weights = _weights(draws, counts, priors)
    recorded = math.log(counts.after / counts.before / counts.length_ratio)
    share = 1 - draws["total growth"] / recorded
    low, middle, high = _quantiles(share, weights, [alpha / 2, 0.5, 1 - check_alpha(alpha) / 2])
    return JointPosterior(
        table=_table(draws, weights, priors, alpha),
        share=middle,
        share_interval=Interval(low, high),
        effective_draws=float(1 / (weights**2).sum()),
    )


def _transform(
    points: FloatArray, counts: SeverityCounts, priors: JointPriors
) -> dict[str, FloatArray]:
    inside = np.clip(points, 1e-12, 1 - 1e-12).T
    before = stats.beta.ppf(inside[0], *priors.level)
    shift, anchor, mix = stats.norm.ppf(inside[1:4]) * np.array(
        [[priors.shift_sd], [priors.anchor_sd], [priors.mix_sd]]
    )
    injury = special.logit(
        stats.beta.ppf(inside[4], counts.injury1 + 0.5, counts.injury0 + 0.5)
    ) - math.log(counts.length_ratio)
    growth = injury - anchor
    weight = counts.no_injury0 / counts.before
    return {
        "recording before": before,
        "log change of recording": np.log(special.expit(special.logit(before) + shift) / before),
        "log real growth": growth,
        "severity mix": mix,
        "anchor": anchor,
        "total growth": growth + np.log1p(weight * np.expm1(mix)),
    }


def _weights(
    draws: dict[str, FloatArray], counts: SeverityCounts, priors: JointPriors
) -> FloatArray:
    log_odds = draws["log real growth"] + draws["severity mix"] + draws["log change of recording"]
    log_odds = log_odds + math.log(counts.length_ratio)
    log_weight = counts.no_injury1 * special.log_expit(log_odds)
    log_weight += counts.no_injury0 * special.log_expit(-log_odds)
    log_weight += stats.norm.logpdf(draws["log real growth"], scale=priors.growth_sd)
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def _table(
    draws: dict[str, FloatArray], weights: FloatArray, priors: JointPriors, alpha: float
) -> pd.DataFrame:
    rows = {}
    even = np.full_like(weights, 1 / len(weights))
    known = {"log real growth": (0.0, priors.growth_sd)}
    for name, values in draws.items():
        if name == "total growth":
            continue
        prior_mean, prior_sd = known.get(name) or _moments(values, even)
        mean, sd = _moments(values, weights)
        low, high = _quantiles(values, weights, [alpha / 2, 1 - alpha / 2])
        rows[name] = (prior_mean, prior_sd, mean, sd, low, high)
    columns = ["prior_mean", "prior_sd", "mean", "sd", "lower", "upper"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("parameter")
    contracted = contraction(table["sd"], table["prior_sd"])
    return table.assign(contraction=contracted, label=contraction_label(contracted))


def _moments(values: FloatArray, weights: FloatArray) -> tuple[float, float]:
    mean = float(values @ weights)
    return mean, float(np.sqrt(((values - mean) ** 2) @ weights))


def _quantiles(values: FloatArray, weights: FloatArray, at: list[float]) -> list[float]:
    order = np.argsort(values, kind="stable")
    cumulative = np.cumsum(weights[order]) - 0.5 * weights[order]
    return [float(np.interp(level, cumulative, values[order])) for level in at]
