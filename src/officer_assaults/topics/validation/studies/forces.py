"""Validation of comparisons between forces: shrunken rates, ranks, funnels, severity contrasts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.stats.funnel import exact_limits
from officer_assaults.stats.heterogeneity import predictive_comparisons, tau2_interval
from officer_assaults.stats.ranks import rank_distribution
from officer_assaults.stats.severity import calibrate, ratio_of_ratios, triple_difference
from officer_assaults.stats.shrinkage import empirical_bayes, empirical_bayes_limits, full_bayes
from officer_assaults.stats.studies import Draws, Seeds, generators, whole_number

FloatArray = NDArray[np.float64]

UNITS = 43
RATE = 0.25
NAMES = [f"force {n}" for n in range(UNITS)]
BAYES_DRAWS = 800
RANK_DRAWS = 1_000
ALARM = 0.002
#: Recorded assaults with and without injury, the first year and the second: Thames Valley's size.
SIZES = (185.0, 615.0, 185.0, 615.0)


def officer_years() -> FloatArray:
    """Officer-years from 700 to 30,000, as uneven as the real ones, shape (43,)."""
    return np.exp(np.random.default_rng(1).normal(7.8, 0.7, UNITS)).clip(700, 30_000)


def panel(rng: np.random.Generator, tau: float) -> tuple[FloatArray, FloatArray]:
    """Draw the true rates of 43 forces and their counts."""
    theta = RATE * np.exp(rng.normal(0, tau, UNITS))
    return theta, np.maximum(rng.poisson(theta * officer_years()), 1).astype(float)


def shrunken_runs(seeds: Seeds, *, tau: float) -> Draws:
    """Draw panels of forces; cover their rates, their ranks and their spread."""
    e = officer_years()
    rates, ranks, spread = [], [], []
    for seed, rng in zip(seeds, generators(seeds), strict=True):
        theta, y = panel(rng, tau)
        lower, upper = empirical_bayes_limits(y, e)
        rates.append(np.mean((lower <= theta) & (theta <= upper)))
        draws = empirical_bayes(y, e, NAMES, draws=RANK_DRAWS, seed=whole_number(seed)).draws
        table = rank_distribution(draws, y / e, NAMES, denominator="officers").table
        true = stats.rankdata(-theta)
        ranks.append(np.mean((table["lower"] <= true) & (true <= table["upper"])))
        spread.append(tau2_interval(np.log(y / e), 1 / y).contains(tau**2))
    return {"rates": rates, "ranks": ranks, "spread between forces": spread}


def full_bayes_runs(seeds: Seeds, *, tau: float) -> Draws:
    """Draw panels of forces and cover their rates with the integrated posterior."""
    hits = []
    for seed, rng in zip(seeds, generators(seeds), strict=True):
        theta, y = panel(rng, tau)
        table = full_bayes(
            y, officer_years(), NAMES, seed=whole_number(seed), draws=BAYES_DRAWS
        ).table
        hits.append(np.mean((table["lower"] <= theta) & (theta <= table["upper"])))
    return {"rates": hits}


def funnel_runs(seeds: Seeds, *, tau: float) -> Draws:
    """Draw panels with every force in control and count those outside the funnel."""
    e = officer_years()
    y = np.array([panel(rng, tau)[1] for rng in generators(seeds)])
    compared = predictive_comparisons(np.log(y / e), 1 / y)
    lower, upper = exact_limits("log", e, RATE, 1 - ALARM)
    return {
        "against the spread of the others": (compared.p < ALARM).mean(axis=1),
        "against counting error alone": ((y / e < lower) | (y / e > upper)).mean(axis=1),
    }


def severity_panel(
    rng: np.random.Generator, wobble: float, capture: float = 0.0, drift: float = 0.0
) -> FloatArray:
    """Draw counts of a Thames-Valley-sized force, first, among forty of all sizes.

    Parameters
    ----------
    rng : Generator
    wobble : float
        Standard deviation of the log growth of each class, force by force.
    capture, drift : float
        Log change of the injury class, and of the other, in every force.
    """
    rows = np.zeros((40, 4))
    rows[:, 2] = capture
    # Each class wobbles by itself, so that the contrast wobbles by root two of it.
    rows[:, 2:] += rng.normal(0, wobble, (40, 2))
    rows[:, 3] += drift
    scale = np.concatenate([[1.0], rng.lognormal(-0.1, 0.6, 39)])[:, None]
    counts = rng.poisson(np.array(SIZES) * scale * np.exp(rows))
    return np.asarray(np.maximum(counts, 1), dtype=float)


def severity_runs(
    seeds: Seeds, *, wobble: float = 0.0, capture: float = 0.0, drift: float = 0.0
) -> Draws:
    """Draw panels without any change of recording and see whether the contrasts hold 1."""
    found: dict[str, list[float]] = {"naive": [], "calibrated": [], "triple": [], "log ratio": []}
    for rng in generators(seeds):
        counts = severity_panel(rng, wobble, capture, drift)
        logs = np.log(counts) @ np.array([1.0, -1.0, -1.0, 1.0])
        variance = (1 / counts).sum(axis=-1)
        own, others = ratio_of_ratios(*counts[0]), (logs[1:], variance[1:])
        for one in (own, calibrate(own, *others), triple_difference(own, *others)):
            found[one.method].append(float(one.interval.contains(1.0)))
        found["log ratio"].append(own.log_ratio)
    return found
