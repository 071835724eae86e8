"""Simulation-based calibration: draw from the prior, fit, and rank the truth among the draws.

If a posterior is right, every rank is as likely (Talts and others 2018, arXiv:1804.06788). It says
nothing of what the data taught: a posterior that returns its prior passes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from officer_assaults.refusals import Refusal
from officer_assaults.stats.pogit import PogitData
from officer_assaults.stats.shrinkage import TAU_SCALE, full_bayes
from officer_assaults.stats.studies import (
    RANK_DRAWS,
    RANKS,
    Draws,
    Seeds,
    generators,
    whole_number,
)
from officer_assaults.topics.recording.model import bayes
from officer_assaults.topics.recording.model.thinned_panel import (
    PanelPriors,
    fit_reporting_panel,
    panel_data,
    panel_priors,
)

FloatArray = NDArray[np.float64]

MU_PRIOR = (float(np.log(0.25)), 0.5)
EXPOSURE = np.geomspace(200, 9000, 12)
NAMES = [f"force {n}" for n in range(len(EXPOSURE))]
PRIORS = PanelPriors()
#: Prior of the log rate per officer-year in the panel, and the officer-years of each row.
RATE_PRIOR, PANEL_EXPOSURE = (0.0, 0.5), 250.0
FORCES, PERIODS = 8, 6
COUNT_SPREAD = 0.3


def _rank(draws: FloatArray, truth: float) -> float:
    """Count the evenly spaced draws, of 199, that lie below the truth."""
    kept = draws[np.linspace(0, len(draws) - 1, RANK_DRAWS).round().astype(int)]
    return float((kept < truth).sum())


def _forces(rng: np.random.Generator) -> tuple[float, float, FloatArray, FloatArray]:
    mu, tau = rng.normal(*MU_PRIOR), abs(rng.normal(0, TAU_SCALE))
    eta = rng.normal(mu, tau, len(EXPOSURE))
    return mu, tau, eta, rng.poisson(EXPOSURE * np.exp(eta)).astype(float)


def _rate_ranks(
    truth: tuple[float, float, FloatArray], draws: tuple[FloatArray, FloatArray, FloatArray]
) -> dict[str, float]:
    mu, tau, eta = truth
    return {
        f"{RANKS}mean": _rank(draws[0], mu),
        f"{RANKS}spread": _rank(draws[1], tau),
        f"{RANKS}smallest force": _rank(draws[2][:, 0], float(eta[0])),
        f"{RANKS}largest force": _rank(draws[2][:, -1], float(eta[-1])),
    }


def integrated_rate_runs(seeds: Seeds) -> Draws:
    """Hierarchy of rates by numerical integration, as reports use it."""
    rows = []
    for seed, rng in zip(seeds, generators(seeds), strict=True):
        mu, tau, eta, y = _forces(rng)
        found = full_bayes(
            y, EXPOSURE, NAMES, seed=whole_number(seed), draws=RANK_DRAWS, mu_prior=MU_PRIOR
        )  # fmt: skip
        draws = (found.mean_draws, found.spread_draws, np.log(found.draws))
        rows.append(_rate_ranks((mu, tau, eta), draws))
    return _columns(rows)


@lru_cache(maxsize=1)
def _rate_sampler() -> bayes.Sampler:
    return bayes.Sampler.of_rates(EXPOSURE, MU_PRIOR, TAU_SCALE)


def sampled_rate_runs(seeds: Seeds) -> Draws:
    """Sample the same hierarchy with the long settings: 1,500 of warm-up, acceptance .95."""
    rows = []
    for seed, rng in zip(seeds, generators(seeds), strict=True):
        mu, tau, eta, y = _forces(rng)
        found, divergences = _rate_sampler().draw(y, whole_number(seed))
        draws = (found["mu"][:, 0], found["tau"][:, 0], found["eta"])
        ranks = _rate_ranks((mu, tau, eta), draws)
        rows.append(ranks | {"divergent transitions": float(divergences)})
    return _columns(rows)


@lru_cache(maxsize=1)
def panel_frame() -> pd.DataFrame:
    """Lay out forces by periods with one covariate of incidence and one of recording."""
    rng = np.random.default_rng(12)
    rows = [(f"f{force}", f"q{period}") for force in range(FORCES) for period in range(PERIODS)]
    frame = pd.DataFrame(rows, columns=["force", "period"])
    frame["x"], frame["z"] = rng.normal(size=(2, len(frame)))
    return frame.assign(exposure=PANEL_EXPOSURE)


def _panel(recorded: FloatArray | float = 1.0, *, covariate: bool = True) -> PogitData:
    frame = panel_frame().assign(recorded=recorded)
    return panel_data(frame, ["x"], ["z"] if covariate else [])


def _panel_draw(
    rng: np.random.Generator, *, free: bool, covariate: bool = True
) -> tuple[dict[str, float], FloatArray]:
    """Parameters from the prior and counts from them; ``free`` draws the effect sizes too."""
    data = _panel()
    level_prior = panel_priors(data, PRIORS)[1]
    scales = np.array([PRIORS.force_rate_sd, PRIORS.force_recording_sd, PRIORS.period_sd])
    if free:
        scales = np.abs(rng.normal(0, scales))
    true = {
        "rate": rng.normal(*RATE_PRIOR),
        "level": rng.normal(level_prior.mean[0], level_prior.sd[0]),
        "beta": rng.normal(0, PRIORS.incidence_slope_sd),
        "gamma": rng.normal(0, PRIORS.recording_slope_sd) if covariate else 0.0,
        "force rate spread": scales[0],
    }
    force = np.repeat(np.arange(FORCES), PERIODS)
    period = np.tile(np.arange(PERIODS), FORCES)
    effects = [rng.normal(0, s, n) for s, n in zip(scales, (FORCES, FORCES, PERIODS), strict=True)]
    x, z = data.incidence.covariates()[:, 1], data.reporting.covariates()[:, 1]
    log_true = true["rate"] + effects[0][force] + effects[2][period] + true["beta"] * x
    logit = true["level"] + effects[1][force] + true["gamma"] * z
    mean = PANEL_EXPOSURE * np.exp(log_true) * special.expit(logit)
    if free:
        spread = abs(rng.normal(0, COUNT_SPREAD))
        mean = mean * rng.gamma(spread**-2, spread**2, len(mean))
    return true, rng.poisson(mean).astype(float)


def panel_runs(seeds: Seeds, *, covariate: bool = True) -> Draws:
    """Fit the recording panel at the peak of its posterior, as reports do.

    Parameters
    ----------
    seeds : sequence of SeedSequence
    covariate : bool
        Whether something measured moves recording.
    """
    rows: list[dict[str, float]] = []
    prior_sd = panel_priors(_panel(), PRIORS)[1].sd[0]
    for rng in generators(seeds):
        true, recorded = _panel_draw(rng, free=False, covariate=covariate)
        try:
            table = fit_reporting_panel(_panel(recorded, covariate=covariate), PRIORS).fit.table
        except Refusal:
            rows.append({})
            continue
        incidence, reporting = (table[table["part"] == p] for p in ("incidence", "reporting"))
        shown = {"level": reporting.iloc[0], "beta": incidence.iloc[1]}
        if covariate:
            shown["gamma"] = reporting.iloc[1]
        ranks = {}
        for name, row in shown.items():
            draws = rng.normal(row["estimate"], row["se"], RANK_DRAWS)
            ranks[f"{RANKS}{PANEL_WORDS[name]}"] = float((draws < true[name]).sum())
        level = shown["level"]
        off = abs(float(level["estimate"]) - true["level"]) / float(level["se"])
        rows.append(
            ranks
            | {
                "contraction of the level": 1 - float(level["se"]) ** 2 / prior_sd**2,
                "level": float(off <= stats.norm.ppf(0.975)),
            }
        )
    return _columns(rows)


PANEL_WORDS = {
    "level": "level of recording",
    "beta": "slope of incidence",
    "gamma": "slope of recording",
    "force rate spread": "spread of rates",
}


@lru_cache(maxsize=1)
def _panel_sampler() -> bayes.Sampler:
    return bayes.Sampler.of_panel(_panel(), PRIORS, RATE_PRIOR)


def sampled_panel_runs(seeds: Seeds) -> Draws:
    """Sample the recording panel with free effect sizes and the long settings."""
    rows = []
    prior_sd = panel_priors(_panel(), PRIORS)[1].sd[0]
    for seed, rng in zip(seeds, generators(seeds), strict=True):
        true, recorded = _panel_draw(rng, free=True)
        draws, divergences = _panel_sampler().draw(recorded, whole_number(seed))
        ranks = {
            f"{RANKS}{label}": _rank(draws[name][:, 0], true[name])
            for name, label in PANEL_WORDS.items()
        }
        ranks["contraction of the level"] = 1 - float(draws["level"].var()) / prior_sd**2
        rows.append(ranks | {"divergent transitions": float(divergences)})
    return _columns(rows)


def _columns(rows: list[dict[str, float]]) -> dict[str, FloatArray]:
    return {str(name): column.to_numpy() for name, column in pd.DataFrame(rows).items()}
