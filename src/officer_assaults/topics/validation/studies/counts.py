"""Validation of counts and ratios: what is simulated, and whether intervals hold the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from officer_assaults.stats.capture_recapture import TwoLists, chapman
from officer_assaults.stats.intervals import binomial_intervals, poisson_intervals
from officer_assaults.stats.pogit import fit_pogit, simulate_pogit
from officer_assaults.stats.rate_ratio import conditional_limits, overdispersed_rate_ratio
from officer_assaults.stats.risk_ratio import clustered_risk_ratio, crude_risk_ratio
from officer_assaults.stats.studies import Draws, Seeds, generators, whole_number

MEANS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000)
RISE = 1.331
#: Share of incidents with a second victim, and the dispersion that it gives: (1 + 3q) / (1 + q).
PAIRED = 0.4
PAIRED_PHI = (1 + 3 * PAIRED) / (1 + PAIRED)
RISK_RATIO = 1.3
INCIDENCE, REPORTING = (0.75, 0.5, -2.0), (2.2, -1.9)


def rate_ratio_runs(seeds: Seeds) -> Draws:
    """Draw two Poisson counts at each of nine means and see whether the interval holds."""
    means = np.array(MEANS, dtype=float)
    pairs = np.array([rng.poisson([means * RISE, means]) for rng in generators(seeds)])
    found: dict[str, np.ndarray] = {}
    for method in ("exact", "mid-p"):
        limits = conditional_limits(
            pairs[:, 0].ravel(), 1, pairs[:, 1].ravel(), 1, method=method
        )  # fmt: skip
        hits = ((limits.lower <= RISE) & (limits.upper >= RISE)).reshape(-1, len(means))
        found[method] = hits.mean(axis=1)
        found |= {f"{method} at a mean of {m}": hits[:, n] for n, m in enumerate(MEANS)}
    return found


def single_count_runs(seeds: Seeds) -> Draws:
    """One Poisson count and one proportion a run, at a mean and a share of the run's own."""
    drawn = []
    for rng in generators(seeds):
        mean = float(np.exp(rng.uniform(np.log(5), np.log(2000))))
        trials, share = int(rng.integers(30, 1500)), float(rng.uniform(0.05, 0.95))
        drawn.append((mean, rng.poisson(mean), share, rng.binomial(trials, share), trials))
    mean, count, share, successes, trials = np.array(drawn).T
    found = {}
    for method in ("exact", "mid-p"):
        limits = poisson_intervals(count, method=method)
        found[method] = (limits.lower <= mean) & (mean <= limits.upper)
    score = binomial_intervals(successes, trials, method="wilson")
    return found | {"Wilson": (score.lower <= share) & (share <= score.upper)}


def paired_victims_runs(seeds: Seeds) -> Draws:
    """Draw victims singly or in pairs and cover the ratio with and without the dispersion."""
    found: dict[str, list[bool]] = {"dispersion allowed for": [], "counting error alone": []}
    for rng in generators(seeds):
        incidents = rng.poisson(np.array([RISE, 1.0]) * 800 / (1 + PAIRED))
        y1, y0 = incidents + rng.binomial(incidents, PAIRED)
        for name, phi in zip(found, (PAIRED_PHI, 1.0), strict=True):
            limits = overdispersed_rate_ratio(int(y1), 1, int(y0), 1, phi=phi).interval
            found[name].append(limits.contains(RISE))
    return found


def shared_danger(rng: np.random.Generator, truth: float, incidents: int = 300) -> pd.DataFrame:
    """Officers of one incident share its danger, which makes their injuries alike.

    Parameters
    ----------
    rng : Generator
    truth : float
        Risk ratio, single over double.
    incidents : int

    Returns
    -------
    DataFrame
        incident, crew, officers, hurt.
    """
    officers = rng.integers(1, 7, incidents)
    single = rng.random(incidents) < 0.5
    danger = np.minimum(rng.gamma(0.8, 1 / 0.8, incidents), 3.0)
    risk = np.clip(0.25 * danger / capped_gamma_mean(0.8, 3.0) * np.where(single, truth, 1.0), 0, 1)
    return pd.DataFrame(
        {
            "incident": np.arange(incidents),
            "crew": np.where(single, "single", "double"),
            "officers": officers,
            "hurt": rng.binomial(officers, risk),
        }
    )


def capped_gamma_mean(shape: float, cap: float) -> float:
    """Mean of a gamma variable with mean 1 that is cut off at ``cap``."""
    below = stats.gamma.cdf(cap, shape + 1, scale=1 / shape)
    return float(below + cap * stats.gamma.sf(cap, shape, scale=1 / shape))


def risk_ratio_runs(seeds: Seeds) -> Draws:
    """Injury given assault by crew, officers of an incident alike."""
    keys: dict[str, Any] = {"events": "hurt", "total": "officers", "group": "crew"}
    keys |= {"compared": "single", "reference": "double"}
    clustered, naive = [], []
    for rng in generators(seeds):
        frame = shared_danger(rng, RISK_RATIO)
        clustered.append(clustered_risk_ratio(frame, **keys, cluster=("incident",)))
        naive.append(crude_risk_ratio(frame, **keys))
    return {
        "clustered by incident": [one.interval.contains(RISK_RATIO) for one in clustered],
        "officers taken as independent": [one.interval.contains(RISK_RATIO) for one in naive],
        "log error": [float(np.log(one.ratio / RISK_RATIO)) for one in clustered],
    }


def recording_runs(seeds: Seeds) -> Draws:
    """Draw units of which three in ten have a known true count, and recover the coefficients."""
    truth = np.array([*INCIDENCE, *REPORTING])
    hits, slope = [], []
    for seed, rng in zip(seeds, generators(seeds), strict=True):
        covariates = pd.DataFrame(rng.normal(size=(500, 2)), columns=["x1", "x2"])
        data = simulate_pogit(
            INCIDENCE, REPORTING, covariates, ["x1"], whole_number(seed), validated_share=0.3
        )
        table = fit_pogit(data).table
        hits.append(np.mean((table["lower"] <= truth) & (truth <= table["upper"])))
        slope.append(float(table["estimate"].iloc[1]) - INCIDENCE[1])
    return {"coefficients": hits, "error of the slope": slope}


def two_lists_runs(seeds: Seeds) -> Draws:
    """Draw two independent lists of the same assaults and estimate their number."""
    total, first, second = 1_500, 0.7, 0.4
    hits = []
    for rng in generators(seeds):
        on = rng.random((2, total)) < np.array([[first], [second]])
        lists = TwoLists(int(on[0].sum()), int(on[1].sum()), int(on.all(axis=0).sum()))
        hits.append(chapman(lists).contains(total))
    return {"Chapman": hits}
