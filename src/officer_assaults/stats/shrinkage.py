"""Shrunken rates: each unit's recorded rate, pulled towards the others as far as noise warrants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from officer_assaults.shown import Tabled
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.intervals import check_alpha, check_counts, check_exposure

FloatArray = NDArray[np.float64]

TAU_SCALE = 0.5
"""Scale of the half-normal prior of tau: forces may differ by a factor of e at two scales."""
NODES = 21
MU_POINTS = 41
TAU_POINTS = 48
ETA_POINTS = 61
ETA_REACH = 5.0
REACH = 6.0


@dataclass(frozen=True, slots=True)
class ShrunkenRates(Tabled):
    """Posterior of each unit's rate in a Poisson-lognormal hierarchy.

    Parameters
    ----------
    table : DataFrame, indexed by unit
        Columns count, exposure, rate (raw), shrunk (posterior median), lower, upper.
    mu : float
        Mean log rate of the units.
    tau : float
        Standard deviation of log rates between units (posterior median for full Bayes).
    tau_lower, tau_upper : float
        Interval of ``tau``; equal to ``tau`` in the empirical form, which takes it as known.
    method : {"empirical Bayes", "full Bayes"}
        How ``tau`` was treated.
    draws : ndarray, shape (S, K)
        Joint posterior draws of the rates.
    mean_draws, spread_draws : ndarray, shape (S,)
        Draws of ``mu`` and ``tau`` that belong to them, spread over the cells of the grid; empty
        in the empirical form.
    """

    table: pd.DataFrame
    mu: float
    tau: float
    tau_lower: float
    tau_upper: float
    method: Literal["empirical Bayes", "full Bayes"]
    draws: FloatArray
    mean_draws: FloatArray = field(default_factory=lambda: np.empty(0))
    spread_draws: FloatArray = field(default_factory=lambda: np.empty(0))


def empirical_bayes(
    counts: ArrayLike,
    exposure: ArrayLike,
    units: Sequence[str],
    *,
    alpha: float = 0.05,
    draws: int = 4000,
    seed: int,
) -> ShrunkenRates:
    """Shrink by the normal approximation on the log scale, Paule-Mandel ``tau`` taken as known.

    Parameters
    ----------
    counts, exposure : array_like, shape (K,)
        Events, all above 0, and their exposure.
    units : sequence of str, length K
        Names.
    alpha : float
        One minus the coverage.
    draws : int
        Joint draws to return.
    seed : int
        Seed of the draws.

    Notes
    -----
    Fast path. The variance carries the error of the mean (Morris 1983, JASA 78:47) but not that of
    ``tau``: coverage holds where units clearly differ and falls short as ``tau`` nears 0, where
    :func:`full_bayes` is the reference.
    """
    y, e = check_counts("count", counts), check_exposure("exposure", exposure)
    half = float(stats.norm.isf(check_alpha(alpha) / 2))
    log_rate = np.log(y / e)
    centre, sd, mu_weight = _normal_posterior(log_rate, 1 / y)
    pool = paule_mandel(log_rate, 1 / y)
    rng = np.random.default_rng(seed)
    own = np.sqrt(sd**2 - (mu_weight * pool.se) ** 2)
    shared = rng.normal(size=(draws, 1)) * pool.se
    eta = centre + mu_weight * shared + own * rng.normal(size=(draws, y.size))
    limits = (np.exp(centre - half * sd), np.exp(centre + half * sd))
    return ShrunkenRates(
        _table(y, e, np.exp(centre), *limits, units),
        pool.mu,
        pool.tau,
        pool.tau,
        pool.tau,
        "empirical Bayes",
        np.exp(eta),
    )


def empirical_bayes_limits(
    counts: FloatArray, exposure: FloatArray, alpha: float = 0.05
) -> tuple[FloatArray, FloatArray]:
    """Interval limits of the empirical-Bayes rates of one panel, shape (K,), without draws."""
    half = float(stats.norm.isf(check_alpha(alpha) / 2))
    centre, sd, _ = _normal_posterior(np.log(counts / exposure), 1 / counts)
    return np.exp(centre - half * sd), np.exp(centre + half * sd)


def full_bayes(
    counts: ArrayLike,
    exposure: ArrayLike,
    units: Sequence[str],
    *,
    alpha: float = 0.05,
    draws: int = 4000,
    seed: int,
    tau_scale: float = TAU_SCALE,
    mu_prior: tuple[float, float] | None = None,
) -> ShrunkenRates:
    """Integrate the posterior numerically over the mean and spread of log rates.

    Counts are Poisson with mean ``exposure * exp(eta)``, ``eta`` normal with mean ``mu`` and
    standard deviation ``tau``, ``tau`` half-normal, ``mu`` flat or normal. Each unit's likelihood
    at each (mu, tau) is an adaptive Gauss-Hermite integral, so that no sampler is needed and two
    machines agree.

    Parameters
    ----------
    counts, exposure : array_like, shape (K,)
        Events (0 is allowed) and their exposure.
    units : sequence of str, length K
        Names.
    alpha : float
        One minus the coverage.
    draws : int
        Joint draws to return; limits are quantiles of them.
    seed : int
        Seed of the draws.
    tau_scale : float
        Scale of the half-normal prior of ``tau``.
    mu_prior : (float, float), optional
        Mean and standard deviation of a normal prior of ``mu``; flat if not given.
    """
    y, e = check_counts("count", counts), check_exposure("exposure", exposure)
    check_alpha(alpha)
    mu, tau = _grid(y, e)
    log_posterior = _log_marginal(y, np.log(e), mu, tau) + _log_prior(mu, tau, tau_scale, mu_prior)
    weight = special.softmax(log_posterior)
    rng = np.random.default_rng(seed)
    # Systematic resampling: grid cells appear in proportion to their weight, with little noise.
    ticks = (np.arange(draws) + rng.random()) / draws
    cell = np.searchsorted(np.cumsum(weight.ravel()), ticks).clip(max=weight.size - 1)
    at_mu, at_tau = np.unravel_index(cell, weight.shape)
    eta = _draw_eta(y, np.log(e), mu[at_mu], tau[at_tau], rng)
    rates = np.exp(eta)
    lower, median, upper = np.quantile(rates, [alpha / 2, 0.5, 1 - alpha / 2], axis=0)
    tau_low, tau_mid, tau_high = np.quantile(tau[at_tau], [alpha / 2, 0.5, 1 - alpha / 2])
    return ShrunkenRates(
        _table(y, e, median, lower, upper, units),
        float(mu[at_mu].mean()),
        float(tau_mid),
        float(tau_low),
        float(tau_high),
        "full Bayes",
        rates,
        _within_cells(mu, mu[at_mu], rng),
        _within_cells(tau, tau[at_tau], rng),
    )


def _within_cells(grid: FloatArray, chosen: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.asarray(chosen + (rng.random(chosen.size) - 0.5) * (grid[1] - grid[0]))


def _normal_posterior(
    log_rate: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Posterior mean, its standard deviation and the weight on the common mean."""
    pool = paule_mandel(log_rate, variance)
    to_mean = variance / (variance + pool.tau2)
    centre = (1 - to_mean) * log_rate + to_mean * pool.mu
    sd = np.sqrt((1 - to_mean) * variance + (to_mean * pool.se) ** 2)
    return centre, sd, to_mean


def _grid(y: FloatArray, e: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Grid of the mean and spread, wide enough to hold all but a trace of the posterior."""
    rate, variance = np.log((y + 0.5) / e), 1 / (y + 0.5)
    pool = paule_mandel(rate, variance)
    spread = np.sqrt(pool.tau2 + variance.mean())
    reach = REACH * np.sqrt((spread**2 + 0.02) / y.size)
    mu = np.linspace(pool.mu - reach, pool.mu + reach, MU_POINTS)
    top = pool.tau + REACH * np.sqrt((pool.tau2 + variance.mean()) / (2 * y.size)) + 0.05
    # Midpoints keep the weights equal and leave out tau = 0, where the integral degenerates.
    return mu, (np.arange(TAU_POINTS) + 0.5) / TAU_POINTS * top


def _log_prior(
    mu: FloatArray, tau: FloatArray, tau_scale: float, mu_prior: tuple[float, float] | None
) -> FloatArray:
    on_tau = stats.halfnorm.logpdf(tau, scale=tau_scale)[None, :]
    on_mu = np.zeros_like(mu) if mu_prior is None else stats.norm.logpdf(mu, *mu_prior)
    return np.asarray(on_mu[:, None] + on_tau)


def _log_marginal(y: FloatArray, log_e: FloatArray, mu: FloatArray, tau: FloatArray) -> FloatArray:
    """Log likelihood of all units at each (mu, tau), shape (len(mu), len(tau))."""
    mean, sd = mu[:, None, None], tau[None, :, None]
    mode, curvature = _mode(y, log_e, mean, sd)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    total = np.full(mode.shape, -np.inf)
    for node, weight in zip(nodes, weights, strict=True):
        eta = mode + node / curvature
        log_joint = y * (log_e + eta) - np.exp(log_e + eta) - 0.5 * ((eta - mean) / sd) ** 2
        total = np.logaddexp(total, log_joint + 0.5 * node**2 + np.log(weight))
    return np.asarray((total - np.log(curvature) - np.log(sd)).sum(axis=-1))


def _mode(
    y: FloatArray, log_e: FloatArray, mean: FloatArray, sd: FloatArray, steps: int = 12
) -> tuple[FloatArray, FloatArray]:
    """Mode of each unit's conditional posterior and root of its curvature, by Newton's method."""
    start = np.log((y + 0.5) / np.exp(log_e))
    precision = 1 / sd**2
    eta = (start * (y + 0.5) + mean * precision) / (y + 0.5 + precision)
    for _ in range(steps):
        expected = np.exp(log_e + eta)
        step = (y - expected - (eta - mean) * precision) / (expected + precision)
        eta = eta + np.clip(step, -1.0, 1.0)
        if np.max(np.abs(step)) < 1e-10:
            break
    return eta, np.sqrt(np.exp(log_e + eta) + precision)


def _draw_eta(
    y: FloatArray, log_e: FloatArray, mu: FloatArray, tau: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """One draw of every unit's log rate for each given (mu, tau), by inversion on a fine grid."""
    mode, curvature = _mode(y, log_e, mu[:, None], tau[:, None])
    offsets, width = np.linspace(-ETA_REACH, ETA_REACH, ETA_POINTS, retstep=True)
    eta = np.empty_like(mode)
    for unit in range(y.size):  # one unit at a time keeps the grid small enough for the cache
        at = mode[:, [unit]] + offsets / curvature[:, [unit]]
        log_density = (
            y[unit] * at - np.exp(log_e[unit] + at) - 0.5 * ((at - mu[:, None]) / tau[:, None]) ** 2
        )
        mass = np.cumsum(np.exp(log_density - log_density.max(axis=1, keepdims=True)), axis=1)
        target = rng.random((mu.size, 1)) * mass[:, [-1]]
        cell = (mass < target).sum(axis=1, keepdims=True)
        high = np.take_along_axis(mass, cell, 1)
        low = np.where(cell > 0, np.take_along_axis(mass, np.maximum(cell - 1, 0), 1), 0.0)
        inside = (target - low) / (high - low) - 0.5
        eta[:, unit] = (
            mode[:, unit] + ((offsets[cell] + inside * width) / curvature[:, [unit]])[:, 0]
        )
    return eta


def _table(
    y: FloatArray,
    e: FloatArray,
    shrunk: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    units: Sequence[str],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "count": y.astype(int),
            "exposure": e,
            "rate": y / e,
            "shrunk": shrunk,
            "lower": lower,
            "upper": upper,
        },
        index=pd.Index(list(units), name="unit"),
    )
