"""Forecasts of recorded figures, and how earlier forecasts would have done."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from officer_assaults.shown import Shown
from officer_assaults.stats.forecast_panel import LEAST_COUNT as LEAST_COUNT
from officer_assaults.stats.forecast_panel import LEAST_YEARS as LEAST_YEARS
from officer_assaults.stats.forecast_panel import FloatArray
from officer_assaults.stats.forecast_panel import GrowthModel as GrowthModel
from officer_assaults.stats.forecast_panel import Panel as Panel
from officer_assaults.stats.forecast_panel import fit_growth as fit_growth
from officer_assaults.stats.forecast_panel import make_panel as make_panel
from officer_assaults.stats.forecast_panel import segment_starts as segment_starts
from officer_assaults.stats.forecasters import COUNTING as COUNTING
from officer_assaults.stats.forecasters import DRAWS, FORECASTERS, quantiles
from officer_assaults.stats.forecasters import LAST_COUNT as LAST_COUNT
from officer_assaults.stats.forecasters import LOCAL_LEVEL as LOCAL_LEVEL
from officer_assaults.stats.forecasters import NEGATIVE_BINOMIAL as NEGATIVE_BINOMIAL
from officer_assaults.stats.forecasters import RANDOM_WALK as RANDOM_WALK
from officer_assaults.stats.forecasters import SEASONAL_NAIVE as SEASONAL_NAIVE
from officer_assaults.stats.forecasters import Forecast as Forecast
from officer_assaults.stats.forecasters import counting_only as counting_only
from officer_assaults.stats.forecasters import last_count_only as last_count_only
from officer_assaults.stats.forecasters import local_level as local_level
from officer_assaults.stats.forecasters import negative_binomial as negative_binomial
from officer_assaults.stats.forecasters import random_walk as random_walk
from officer_assaults.stats.forecasters import seasonal_naive as seasonal_naive
from officer_assaults.stats.intervals import Interval, check_alpha, wilson

METHODS = (RANDOM_WALK, SEASONAL_NAIVE, NEGATIVE_BINOMIAL, LOCAL_LEVEL, COUNTING, LAST_COUNT)


@dataclass(frozen=True, slots=True)
class WhatIf(Shown):
    """A future annual count under another policy, beside the count under the present one.

    Parameters
    ----------
    present, policy : Interval
        Where the counts are expected to lie.
    present_median, policy_median : float
        Their medians.
    difference : Interval
        Policy less present, paired within each future.
    difference_median : float
        Its median.
    """

    present: Interval
    present_median: float
    policy: Interval
    policy_median: float
    difference: Interval
    difference_median: float


def rolling_scores(
    panel: Panel,
    *,
    horizons: Sequence[int] = (1,),
    methods: Sequence[str] = METHODS,
    alpha: float = 0.05,
    draws: int = DRAWS,
    seed: int = 20180401,
) -> pd.DataFrame:
    """Forecast from every past origin with 3 years of growth behind it and compare.

    Parameters
    ----------
    panel : Panel
        Full history.
    horizons : sequence of int
        Years ahead; a forecast is scored only where no break lies between origin and target.
    methods : sequence of str
        Keys of :data:`FORECASTERS`. Only unit-years that all of them can forecast are scored.
    alpha : float
        One minus the coverage of the scored interval.
    draws, seed : int
        Futures drawn, and their seed.

    Returns
    -------
    DataFrame
        method, horizon, unit, origin, observed, median, lower, upper, covered, interval_score,
        crps; one row per method and scored unit-year.

    Notes
    -----
    Scores are on the scale of log(count + 1), so that large units do not drown small ones (Bosse
    and others 2023, PLOS Comput Biol 19:e1011393). Interval score and CRPS: Gneiting and Raftery
    2007, JASA 102:359; smaller is better.
    """
    check_alpha(alpha)
    parts = []
    for origin in panel.years[LEAST_YEARS:-1]:
        reach = [h for h in horizons if origin + h <= panel.years[-1]]
        if not reach:
            continue
        known = panel.until(origin)
        futures = {
            name: FORECASTERS[name](known, max(reach), draws=draws, seed=seed).draws
            for name in methods
        }
        for h in reach:
            at = {name: future[:, h - 1] for name, future in futures.items()}
            parts.append(_score_origin(panel, origin, h, at, alpha))
    if not parts:
        raise ValueError(f"no origin leaves {min(horizons)} year(s) to score")
    return pd.concat(parts, ignore_index=True).sort_values(
        "horizon", kind="stable", ignore_index=True
    )


def summarise_scores(scores: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Average the scores by horizon and method.

    Parameters
    ----------
    scores : DataFrame
        One or more results of :func:`rolling_scores`.
    alpha : float
        One minus the coverage of the interval of the coverage.

    Returns
    -------
    DataFrame
        horizon, method, forecasts, origins, first and last year forecast, coverage with limits,
        the lowest coverage of any one origin, interval_score, crps. Limits are Wilson's and take
        forecasts as independent; those of one origin share its surprises, so read the lowest
        origin beside them.
    """
    rows = []
    for (horizon, method), group in scores.groupby(["horizon", "method"], sort=False):
        hits = int(group["covered"].sum())
        limits = wilson(hits, len(group), alpha)
        rows.append(
            {
                "horizon": horizon,
                "method": method,
                "forecasts": len(group),
                "origins": group["origin"].nunique(),
                "first": int(group["origin"].min()) + int(str(horizon)),
                "last": int(group["origin"].max()) + int(str(horizon)),
                "coverage": hits / len(group),
                "lower": limits.lower,
                "upper": limits.upper,
                "lowest_origin": group.groupby("origin")["covered"].mean().min(),
                "interval_score": group["interval_score"].mean(),
                "crps": group["crps"].mean(),
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class Skill(Shown):
    """Mean score of one method over that of a baseline; below 1 is better.

    Parameters
    ----------
    ratio, lower, upper : float
        Estimate and limits.
    forecasts, origins : int
        What it rests on.
    """

    ratio: float
    lower: float
    upper: float
    forecasts: int
    origins: int


def skill(
    scores: pd.DataFrame,
    *,
    method: str = RANDOM_WALK,
    baseline: str = SEASONAL_NAIVE,
    score: str = "crps",
    alpha: float = 0.05,
) -> Skill:
    """Compare two methods on the same forecasts.

    Parameters
    ----------
    scores : DataFrame
        From :func:`rolling_scores`, one horizon.
    method, baseline : str
        Methods.
    score : str
        Column to average.
    alpha : float
        One minus the coverage.

    Notes
    -----
    Limits from the jackknife over origins on the log scale, t with origins - 1 degrees of freedom:
    forecasts of one origin share their surprises, so the origin is the unit.
    """
    sums = scores.pivot_table(index="origin", columns="method", values=score, aggfunc="sum")
    one, other = sums[method].to_numpy(float), sums[baseline].to_numpy(float)
    origins = len(one)
    full = math.log(one.sum() / other.sum())
    left = np.log((one.sum() - one) / (other.sum() - other))
    se = math.sqrt((origins - 1) / origins * float(((left - full) ** 2).sum()))
    half = float(stats.t.isf(check_alpha(alpha) / 2, origins - 1)) * se
    return Skill(
        ratio=math.exp(full),
        lower=math.exp(full - half),
        upper=math.exp(full + half),
        forecasts=int((scores["method"] == method).sum()),
        origins=origins,
    )


def next_count_interval(
    count: float, tau: float, *, drift: float = 0.0, alpha: float = 0.05
) -> Interval:
    """Interval of next year's count from one count and an assumed between-year movement.

    Parameters
    ----------
    count : float
        This year's count.
    tau : float
        SD of log growth beyond counting error; 0 leaves counting error only.
    drift : float
        Mean log growth.
    alpha : float
        One minus the coverage.

    Notes
    -----
    ``log`` variance ``tau^2 + 2 / count``: counting error enters twice, now and next year.
    """
    if not count > 0 or tau < 0:
        raise ValueError("next_count_interval needs a count above 0 and tau of 0 or more")
    half = float(stats.norm.isf(check_alpha(alpha) / 2)) * math.sqrt(tau**2 + 2 / count)
    return Interval(count * math.exp(drift - half), count * math.exp(drift + half))


def assumed_coverage(
    count: float,
    tau: float,
    *,
    alpha: float = 0.05,
    runs: int = 20_000,
    seed: int = 20180401,
) -> dict[str, float]:
    """Coverage of next year's count when true rates move by ``tau`` on the log scale.

    Parameters
    ----------
    count : float
        Expected count this year.
    tau : float
        SD of the true log growth.
    alpha : float
        One minus the coverage aimed at.
    runs, seed : int
        Simulated pairs of years.

    Returns
    -------
    dict of str to float
        Coverage of: Poisson limits about the last count; counting error of both years; the
        interval with ``tau``.
    """
    rng = np.random.default_rng(seed)
    last = np.maximum(rng.poisson(count, runs), 1).astype(float)
    after = rng.poisson(count * np.exp(tau * rng.standard_normal(runs)))
    z = float(stats.norm.isf(check_alpha(alpha) / 2))
    plain = (stats.poisson.ppf(alpha / 2, last), stats.poisson.isf(alpha / 2, last))
    both, wide = (z * np.sqrt(t**2 + 2 / last) for t in (0.0, tau))
    return {
        LAST_COUNT: float(((after >= plain[0]) & (after <= plain[1])).mean()),
        COUNTING: float((np.abs(np.log(np.maximum(after, 0.5) / last)) <= both).mean()),
        "with between-year movement": float(
            (np.abs(np.log(np.maximum(after, 0.5) / last)) <= wide).mean()
        ),
    }


def what_if(
    present: ArrayLike,
    avoided: float,
    half_width: float,
    *,
    df: float = math.inf,
    reach: float = 1.0,
    alpha: float = 0.05,
    seed: int = 20180401,
) -> WhatIf:
    """Put a policy on a forecast, with the uncertainty of both.

    Parameters
    ----------
    present : array_like, shape (draws,)
        Draws of the future count under the present policy.
    avoided : float
        Share of the events in reach that the policy avoids; negative where it adds some.
    half_width : float
        Half of the interval of ``avoided`` with coverage 1 - alpha.
    df : float
        Degrees of freedom of that interval; infinite for the normal.
    reach : float
        Share of the count that the policy can reach (for instance patrol); the rest stays.
    alpha : float
        One minus the coverage.
    seed : int
        Seed of the draws of ``avoided``.

    Raises
    ------
    ValueError
        If ``reach`` lies outside 0 to 1 or the half-width is negative.
    """
    if not 0 <= reach <= 1 or half_width < 0:
        raise ValueError("what_if needs a reach from 0 to 1 and a half-width of 0 or more")
    counts = np.asarray(present, dtype=float)
    rng = np.random.default_rng(seed)
    law = stats.norm if math.isinf(df) else stats.t(df)
    error = half_width / float(law.isf(check_alpha(alpha) / 2))
    share = avoided + error * law.rvs(size=counts.size, random_state=rng)
    changed = counts * (1 - reach * np.minimum(share, 1.0))
    parts = [quantiles(values, alpha) for values in (counts, changed, changed - counts)]
    (a, b, c), (d, e, f), (g, h, i) = parts
    return WhatIf(Interval(a, c), b, Interval(d, f), e, Interval(g, i), h)


def _score_origin(
    panel: Panel, origin: int, horizon: int, futures: Mapping[str, FloatArray], alpha: float
) -> pd.DataFrame:
    at = panel.years.index(origin)
    observed = panel.annual[:, at + horizon]
    span = panel.segment[:, at : at + horizon + 1]
    keep = np.isfinite(observed) & (span == span[:, :1]).all(axis=1)
    for draws in futures.values():
        keep &= np.isfinite(draws).all(axis=1)
    parts = []
    for method, draws in futures.items():
        scored = _scores(observed[keep], draws[keep], alpha)
        parts.append(
            scored.assign(
                method=method,
                horizon=horizon,
                unit=np.array(panel.units)[keep],
                origin=origin,
            )
        )
    return pd.concat(parts, ignore_index=True)


def _scores(observed: FloatArray, draws: FloatArray, alpha: float) -> pd.DataFrame:
    lower, median, upper = np.quantile(
        draws, [alpha / 2, 0.5, 1 - alpha / 2], axis=1, method="nearest"
    )
    y, low, high = np.log1p(observed), np.log1p(lower), np.log1p(upper)
    missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return pd.DataFrame(
        {
            "observed": observed,
            "median": median,
            "lower": lower,
            "upper": upper,
            "covered": (observed >= lower) & (observed <= upper),
            "interval_score": high - low + 2 / alpha * missed,
            "crps": crps(np.log1p(draws), y),
        }
    )


def crps(draws: ArrayLike, observed: ArrayLike) -> FloatArray:
    """Continuous ranked probability score of samples.

    Parameters
    ----------
    draws : array_like, shape (n, draws)
        Equally likely values.
    observed : array_like, shape (n,)
        What happened.

    Returns
    -------
    ndarray, shape (n,)
        ``E|X - y| - E|X - X'| / 2`` of the empirical distribution; 0 is perfect.
    """
    ordered = np.sort(np.asarray(draws, dtype=float), axis=1)
    y = np.asarray(observed, dtype=float)[:, None]
    size = ordered.shape[1]
    weights = 2 * np.arange(1, size + 1) - size - 1
    spread = ordered @ weights / size**2
    return np.asarray(np.abs(ordered - y).mean(axis=1) - spread)
