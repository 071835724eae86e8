"""A year of which some quarters are known: its total, and the years after it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.stats.forecast import LEAST_COUNT, LEAST_YEARS, Forecast, Panel
from officer_assaults.stats.heterogeneity import paule_mandel

FloatArray = NDArray[np.float64]
DRAWS = 4_000


def rest_of_year(
    panel: Panel, known: FloatArray, *, draws: int = DRAWS, seed: int = 20180401
) -> FloatArray:
    """Draw totals of a year whose first quarters are known.

    Parameters
    ----------
    panel : Panel
        Whole years before it.
    known : ndarray, shape (units, quarters)
        Counts of its first one to three quarters; ``nan`` where unknown.
    draws, seed : int
        Futures drawn, and their seed.

    Returns
    -------
    ndarray, shape (units, draws)
        What is known plus what the rest may bring; ``nan`` for a unit with a quarter unknown or
        fewer than ten counted.

    Raises
    ------
    ValueError
        With fewer than three past years.

    Notes
    -----
    The log ratio of the rest of a year to its first quarters is ``mean + common_t + own_it`` plus
    counting error, as growth is in :func:`officer_assaults.stats.forecast.fit_growth`; Paule-Mandel
    gives both spreads, and the mean and what is common are drawn from t with years - 1 degrees of
    freedom.
    """
    count = known.sum(axis=1)
    usable = np.where(count >= LEAST_COUNT, count, np.nan)
    ratio, variance = _ratios(panel, known.shape[1])
    yearly = [
        paule_mandel(ratio[keep, j], variance[keep, j])
        for j in range(ratio.shape[1])
        if (keep := np.isfinite(ratio[:, j])).sum() >= LEAST_YEARS
    ]
    if len(yearly) < LEAST_YEARS:
        raise ValueError(f"{len(yearly)} past years; a year in part needs {LEAST_YEARS}")
    common = paule_mandel([year.mu for year in yearly], [year.se**2 for year in yearly])
    freedom = np.array([year.k - 1 for year in yearly])
    own = math.sqrt(float(np.array([year.tau2 for year in yearly]) @ freedom / freedom.sum()))
    rng = np.random.default_rng(seed)
    shared = math.hypot(common.tau, common.se) * rng.standard_t(len(yearly) - 1, draws)
    each = np.sqrt(own**2 + 1 / usable)[:, None] * rng.standard_normal((len(count), draws))
    mean = usable[:, None] * np.exp(common.mu + shared[None] + each)
    later = np.where(np.isfinite(mean), rng.poisson(np.nan_to_num(mean)), np.nan)
    return np.asarray(count[:, None] + later)


def condition(future: Forecast, totals: FloatArray, *, seed: int = 20180401) -> Forecast:
    """Set a forecast's first year to totals of a year known in part, and carry the rest on.

    Parameters
    ----------
    future : Forecast
        As if nothing of its first year were known.
    totals : ndarray, shape (units, draws)
        From :func:`rest_of_year`; a unit with ``nan`` keeps its forecast.
    seed : int
        Seed of the draws that are matched.

    Returns
    -------
    Forecast
        Later years grow from the first as each draw's own growth has it.
    """
    size = future.draws.shape[2]
    picked = np.random.default_rng(seed).integers(0, totals.shape[1], size)
    first = np.where(np.isfinite(totals[:, picked]), totals[:, picked], future.draws[:, 0])
    growth = future.draws / np.maximum(future.draws[:, :1], 1.0)
    growth[:, 0] = 1.0
    return Forecast(future.units, future.years, np.round(first[:, None] * growth))


def part_year_scores(
    panel: Panel, quarters: int, *, alpha: float = 0.05, draws: int = DRAWS, seed: int = 20180401
) -> pd.DataFrame:
    """Go back to each past year, forecast it from its first quarters, and see what came.

    Parameters
    ----------
    panel : Panel
    quarters : int
        How many quarters are taken as known, 1 to 3.
    alpha : float
        One minus the coverage.
    draws, seed : int
        As for :func:`rest_of_year`.

    Returns
    -------
    DataFrame
        unit, year, observed, median, lower, upper, covered.
    """
    parts = []
    for at in range(LEAST_YEARS, len(panel.years)):
        before = panel.until(panel.years[at - 1])
        total = rest_of_year(before, panel.quarters[:, at, :quarters], draws=draws, seed=seed)
        observed = panel.annual[:, at]
        keep = np.isfinite(observed) & np.isfinite(total).all(axis=1)
        low, mid, high = np.quantile(total[keep], [alpha / 2, 0.5, 1 - alpha / 2], axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "unit": np.array(panel.units)[keep],
                    "year": panel.years[at],
                    "observed": observed[keep],
                    "median": mid,
                    "lower": low,
                    "upper": high,
                }
            )
        )
    found = pd.concat(parts, ignore_index=True)
    return found.assign(covered=found["observed"].between(found["lower"], found["upper"]))


def _ratios(panel: Panel, quarters: int) -> tuple[FloatArray, FloatArray]:
    """Log ratio of the rest of each year to its first quarters, and its counting variance."""
    first = panel.quarters[:, :, :quarters].sum(axis=2)
    rest = panel.quarters[:, :, quarters:].sum(axis=2)
    good = (first >= LEAST_COUNT) & (rest >= LEAST_COUNT)
    first, rest = np.where(good, first, np.nan), np.where(good, rest, np.nan)
    return np.log(rest / first), 1 / rest + 1 / first
