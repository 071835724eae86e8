"""Heterogeneity between forces, and whether one force stands apart from the others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import FloatArray, Interval, Limits, check_alpha

MAX_ITERATIONS = 200
RELATIVE_STEP = 1e-13
CHUNK_ELEMENTS = 4_000_000
#: Where Huber's first pass bends, and beyond which a unit takes no part in the spread, in
#: standard deviations.
HUBER_BEND = 1.0
SET_ASIDE = 2.5
ROBUST_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Heterogeneity(Shown):
    """Mean and spread of true values behind noisy estimates.

    Parameters
    ----------
    mu, se : float
        Weighted mean of the true values and its standard error.
    tau2, tau : float
        Variance and standard deviation of the true values.
    k : int
        Number of estimates.
    method : str
        Estimator of ``tau2``.
    q : float
        Cochran's Q, the weighted sum of squares about the mean if ``tau2`` were 0.
    """

    mu: float
    se: float
    tau2: float
    tau: float
    k: int
    method: str
    q: float

    @property
    def q_p(self) -> float:
        """Probability of a Q at least this large if all true values were equal."""
        return float(stats.chi2.sf(self.q, self.k - 1))

    def interval(self, alpha: float = 0.05) -> Interval:
        """Interval of the mean, from the normal distribution."""
        half = float(stats.norm.isf(check_alpha(alpha) / 2)) * self.se
        return Interval(self.mu - half, self.mu + half)

    def prediction_interval(self, alpha: float = 0.05) -> Interval:
        """Interval for the true value of one more unit, t with k - 1 degrees of freedom.

        Notes
        -----
        Higgins, Thompson and Spiegelhalter (2009), JRSS A 172:137, use k - 2; with k - 1 the rule
        is the one of :func:`predictive_comparison`, whose others number K - 1 and df K - 2.
        """
        t = float(stats.t.isf(check_alpha(alpha) / 2, self.k - 1))
        half = t * math.sqrt(self.tau2 + self.se**2)
        return Interval(self.mu - half, self.mu + half)


@dataclass(frozen=True, slots=True)
class PredictiveComparison(Limits, Shown):
    """One unit against what the others lead one to expect of it.

    Parameters
    ----------
    z : float
        ``(estimate - mu) / sqrt(tau^2 + variance + se^2)``.
    p : float
        Two-sided probability from the t distribution with ``df`` degrees of freedom.
    df : int
        K - 2, where K counts all units, this one included.
    mu, se, tau : float
        Mean of the other units, its standard error, and their spread (Paule-Mandel).
    lower, upper : float
        Range in which this unit's estimate was to be expected.
    estimate : float
        What was observed.
    k : int
        Number of units, this one included.
    """

    z: float
    p: float
    df: int
    mu: float
    tau: float
    se: float
    lower: float
    upper: float
    estimate: float
    k: int


@dataclass(frozen=True, slots=True)
class PredictiveComparisons(Shown):
    """Every unit against the others; arrays of shape ``(..., K)``, see PredictiveComparison."""

    z: FloatArray
    p: FloatArray
    df: int
    mu: FloatArray
    tau: FloatArray
    se: FloatArray
    lower: FloatArray
    upper: FloatArray


def paule_mandel(estimates: ArrayLike, variances: ArrayLike) -> Heterogeneity:
    """Paule-Mandel: the ``tau2`` at which the generalised Q equals its expectation, k - 1.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        Estimates on an additive scale (log ratios, log rates) and their sampling variances.

    Raises
    ------
    ValueError
        With fewer than two estimates, unequal lengths, or a variance not above 0.

    Notes
    -----
    Paule and Mandel (1982), J Res NBS 87:377; equals R ``metafor::rma(method = "PM")``. The
    generalised Q falls and 1/Q is concave in ``tau2``, so Newton's steps on 1/Q rise to the root
    from 0 without overshooting and need no bracket; where Q(0) is below k - 1 the answer is 0.
    """
    y, v = _estimates(estimates, variances)
    tau2 = float(_generalised_q_root(y, v, np.ones_like(y), y.size - 1))
    return _heterogeneity(y, v, tau2, "Paule-Mandel")


def dersimonian_laird(estimates: ArrayLike, variances: ArrayLike) -> Heterogeneity:
    """DerSimonian-Laird moment estimate of ``tau2``.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        As for :func:`paule_mandel`.

    Notes
    -----
    DerSimonian and Laird (1986), Controlled Clinical Trials 7:177; equals R
    ``metafor::rma(method = "DL")``.
    """
    y, v = _estimates(estimates, variances)
    w = 1 / v
    scale = w.sum() - (w**2).sum() / w.sum()
    return _heterogeneity(
        y, v, max(0.0, (_q(y, v, 0.0) - (y.size - 1)) / float(scale)), "DerSimonian-Laird"
    )


def reml(estimates: ArrayLike, variances: ArrayLike) -> Heterogeneity:
    """Restricted maximum likelihood estimate of ``tau2``.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        As for :func:`paule_mandel`.

    Notes
    -----
    Root of the restricted score (Viechtbauer 2005, J Educ Behav Stat 30:261); equals R
    ``metafor::rma(method = "REML")``. Where the score at 0 is not above 0 the answer is 0.
    """
    y, v = _estimates(estimates, variances)
    if _reml_score(0.0, y, v) <= 0:
        return _heterogeneity(y, v, 0.0, "REML")
    upper = float(np.ptp(y)) ** 2
    while _reml_score(upper, y, v) > 0:
        upper *= 2
    tau2 = optimize.brentq(_reml_score, 0.0, upper, args=(y, v), xtol=1e-15, rtol=1e-13)
    return _heterogeneity(y, v, float(tau2), "REML")


def tau2_interval(estimates: ArrayLike, variances: ArrayLike, alpha: float = 0.05) -> Interval:
    """Q-profile interval of ``tau2``.

    Parameters
    ----------
    estimates, variances : array_like, shape (k,)
        As for :func:`paule_mandel`.
    alpha : float
        One minus the coverage.

    Notes
    -----
    Viechtbauer (2007), Stat Med 26:37; equals R ``confint(metafor::rma(...))``. Both limits are 0
    when the estimates agree more closely than chance allows.
    """
    y, v = _estimates(estimates, variances)
    half = check_alpha(alpha) / 2
    low, high = (
        float(_generalised_q_root(y, v, np.ones_like(y), float(quantile)))
        for quantile in stats.chi2.isf([half, 1 - half], y.size - 1)
    )
    return Interval(low, high)


def predictive_comparison(
    estimates: ArrayLike, variances: ArrayLike, index: int | str, alpha: float = 0.05
) -> PredictiveComparison:
    """Ask whether one unit is odd, given how much the others differ among themselves.

    Parameters
    ----------
    estimates, variances : array_like or Series, shape (K,)
        Estimates of all units on an additive scale, and their sampling variances.
    index : int or str
        Position of the unit; with a Series also its label.
    alpha : float
        One minus the coverage of the expected range.

    Returns
    -------
    PredictiveComparison
        ``tau`` and ``mu`` come from the other units only, by Paule-Mandel.

    Raises
    ------
    ValueError
        With fewer than three units, or no such unit.

    Notes
    -----
    ``z = (y_i - mu_-i) / sqrt(tau_-i^2 + v_i + se_-i^2)`` against t with K - 2 degrees of freedom:
    the prediction interval of random-effects meta-analysis, with the unit's own sampling error
    added. Leaving the unit out keeps an outlier from widening the yardstick it is measured with.
    """
    y, v = _estimates(estimates, variances, least=3)
    i = _position(estimates, index, y.size)
    others = paule_mandel(np.delete(y, i), np.delete(v, i))
    return _compare(float(y[i]), float(v[i]), others, check_alpha(alpha))


def predictive_comparisons(
    estimates: ArrayLike, variances: ArrayLike, alpha: float = 0.05
) -> PredictiveComparisons:
    """Compare every unit with the others at once; see :func:`predictive_comparison`.

    Parameters
    ----------
    estimates, variances : array_like, shape (..., K)
        Units on the last axis; leading axes are separate data sets, for instance simulation runs.
    alpha : float
        One minus the coverage of the expected ranges.

    Returns
    -------
    PredictiveComparisons
        Arrays of the same shape.
    """
    y, v = _estimates(estimates, variances, least=3, batches=True)
    k = y.shape[-1]
    mu, se2, tau2 = _leave_one_out_pools(y.reshape(-1, k), v.reshape(-1, k))
    mu, se2, tau2 = (part.reshape(y.shape) for part in (mu, se2, tau2))
    spread = np.sqrt(tau2 + v + se2)
    z = (y - mu) / spread
    half = float(stats.t.isf(check_alpha(alpha) / 2, k - 2)) * spread
    return PredictiveComparisons(
        z=z,
        p=np.asarray(2 * stats.t.sf(np.abs(z), k - 2)),
        df=k - 2,
        mu=mu,
        tau=np.sqrt(tau2),
        se=np.sqrt(se2),
        lower=mu - half,
        upper=mu + half,
    )


def leave_one_out(estimates: ArrayLike, variances: ArrayLike) -> FloatArray:
    """Leave-one-out predictive z of every unit, shape ``(..., K)``; compare with t, K - 2 df."""
    return predictive_comparisons(estimates, variances).z


def robust_scores(
    estimates: ArrayLike, variances: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Score every unit against a robust mean and spread.

    Leaving one unit out at a time (:func:`predictive_comparisons`) hides a group of odd units:
    those that remain widen the yardstick for each other.

    Parameters
    ----------
    estimates, variances : array_like, shape (..., K)
        As for :func:`predictive_comparisons`.

    Returns
    -------
    z, p : ndarray, shape (..., K)
        ``(estimate - mu) / sqrt(tau^2 + variance)`` and its two-sided t probability, ``K - 2``
        degrees of freedom.
    tau : ndarray, shape (...)
        Spread of the units that were kept.
    kept : ndarray of bool, shape (..., K)
        Units within ``SET_ASIDE`` standard deviations, which mean and spread rest on.

    Notes
    -----
    Huber's proposal 2 with unequal variances gives the first mean and spread. Units beyond
    ``SET_ASIDE`` standard deviations are then set aside until the set stands still, and the
    variance of the rest is divided by that of a normal distribution cut at the same place
    (Huber and Ronchetti 2009, Robust Statistics, chapters 6 and 7; the reweighting of Rousseeuw
    and van Zomeren 1990, JASA 85:633).
    """
    y, v = _estimates(estimates, variances, least=4, batches=True)
    k = y.shape[-1]
    mu, tau2 = _huber(y, v)
    cut = 2 * float(stats.norm.cdf(SET_ASIDE)) - 1
    shrinks = 1 - 2 * SET_ASIDE * float(stats.norm.pdf(SET_ASIDE)) / cut
    kept = np.ones(y.shape, dtype=bool)
    for _ in range(ROBUST_ROUNDS):
        spread = np.sqrt(v + tau2[..., None])
        kept = np.abs(y - mu[..., None]) < SET_ASIDE * spread
        degrees = (kept.sum(axis=-1) - 1) * shrinks
        mu, tau2 = _settle(y, v, kept.astype(float), mu, tau2, np.inf, degrees)
    z = (y - mu[..., None]) / np.sqrt(v + tau2[..., None])
    p = np.asarray(2 * stats.t.sf(np.abs(z), k - 2))
    return z, p, np.sqrt(tau2), kept


def _huber(y: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
    c, normal = HUBER_BEND, stats.norm
    # Mean of the squared clipped normal deviate, which makes the spread consistent.
    share = float(normal.cdf(c) - normal.cdf(-c) - 2 * c * normal.pdf(c) + 2 * c**2 * normal.sf(c))
    mu = np.asarray(np.median(y, axis=-1))
    mad = 1.4826 * np.median(np.abs(y - mu[..., None]), axis=-1)
    tau2 = np.maximum(mad**2 - np.median(v, axis=-1), 0.0)
    degrees = np.asarray(share * (y.shape[-1] - 1))
    return _settle(y, v, np.ones_like(y), mu, tau2, c, degrees)


def _settle(
    y: FloatArray,
    v: FloatArray,
    keep: FloatArray,
    mu: FloatArray,
    tau2: FloatArray,
    bend: float,
    degrees: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Mean and ``tau2`` at which the clipped squared scores add up to ``degrees``."""
    own = (keep * v).sum(axis=-1) / keep.sum(axis=-1)
    for _ in range(MAX_ITERATIONS):
        variance = v + tau2[..., None]
        z = (y - mu[..., None]) / np.sqrt(variance)
        weight = keep * np.minimum(1.0, bend / np.maximum(np.abs(z), 1e-12)) / variance
        mu = (weight * y).sum(axis=-1) / weight.sum(axis=-1)
        z = (y - mu[..., None]) / np.sqrt(variance)
        clipped = (keep * np.clip(z, -bend, bend) ** 2).sum(axis=-1)
        new = np.maximum((tau2 + own) * clipped / degrees - own, 0.0)
        if np.allclose(new, tau2, rtol=1e-9, atol=1e-12):
            break
        tau2 = new
    return mu, tau2


def _estimates(
    estimates: ArrayLike, variances: ArrayLike, *, least: int = 2, batches: bool = False
) -> tuple[FloatArray, FloatArray]:
    y, v = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if y.shape != v.shape or (y.ndim != 1 and not (batches and y.ndim > 1)):
        raise ValueError(
            f"estimates {y.shape} and variances {v.shape} must have the same shape, "
            "with the units on the last axis"
        )
    if y.shape[-1] < least:
        raise ValueError(f"at least {least} estimates are needed, not {y.shape[-1]}")
    if not np.all(np.isfinite(y)):
        raise ValueError("estimates must be finite numbers; leave out units with a count of 0")
    if not np.all(np.isfinite(v) & (v > 0)):
        raise ValueError("variances must be finite and above 0; leave out units with a count of 0")
    return y, v


def _position(estimates: ArrayLike, index: int | str, size: int) -> int:
    if isinstance(index, str):
        labels = list(estimates.index) if isinstance(estimates, pd.Series) else []
        if index not in labels:
            raise ValueError(f"no unit is called {index!r}")
        return labels.index(index)
    if not 0 <= index < size:
        raise ValueError(f"no unit has position {index}; positions run from 0 to {size - 1}")
    return int(index)


def _compare(y: float, v: float, others: Heterogeneity, alpha: float) -> PredictiveComparison:
    df = others.k - 1
    spread = math.sqrt(others.tau2 + v + others.se**2)
    z = (y - others.mu) / spread
    half = float(stats.t.isf(alpha / 2, df)) * spread
    return PredictiveComparison(
        z=z,
        p=float(2 * stats.t.sf(abs(z), df)),
        df=df,
        mu=others.mu,
        tau=others.tau,
        se=others.se,
        lower=others.mu - half,
        upper=others.mu + half,
        estimate=y,
        k=others.k + 1,
    )


def _heterogeneity(y: FloatArray, v: FloatArray, tau2: float, method: str) -> Heterogeneity:
    w = 1 / (v + tau2)
    return Heterogeneity(
        mu=float(w @ y / w.sum()),
        se=float(1 / math.sqrt(w.sum())),
        tau2=tau2,
        tau=math.sqrt(tau2),
        k=y.size,
        method=method,
        q=_q(y, v, 0.0),
    )


def _q(y: FloatArray, v: FloatArray, tau2: float) -> float:
    w = 1 / (v + tau2)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def _reml_score(tau2: float, y: FloatArray, v: FloatArray) -> float:
    w = 1 / (v + tau2)
    residual = w * (y - w @ y / w.sum())
    return float(residual @ residual - w.sum() + w @ w / w.sum())


def _generalised_q_root(
    y: FloatArray, v: FloatArray, keep: FloatArray, target: float
) -> FloatArray:
    """Root in ``tau2`` of ``Q = target``, for each row of ``keep``.

    ``y`` and ``v`` have shape (..., K); ``keep`` is 0 or 1 and has shape (K,) for one root per data
    set or (R, K) for R roots; the result has shape (...,) or (..., R).
    """
    centred = y - np.median(y, axis=-1, keepdims=True)
    powers = np.stack([np.ones_like(centred), centred, centred**2], axis=-1)
    rows = np.atleast_2d(keep)
    tau2 = np.zeros((*y.shape[:-1], rows.shape[0]))
    for _ in range(MAX_ITERATIONS):
        w = rows / (v[..., None, :] + tau2[..., None])
        first, second = w @ powers, (w * w) @ powers
        mean = first[..., 1] / first[..., 0]
        q = first[..., 2] - mean * first[..., 1]
        slope = second[..., 2] - 2 * mean * second[..., 1] + mean**2 * second[..., 0]
        step = np.where(q > target, q * (q / target - 1) / np.where(slope > 0, slope, 1.0), 0.0)
        tau2 = tau2 + step
        if np.all(step <= RELATIVE_STEP * tau2):
            break
    return tau2 if np.ndim(keep) == 2 else tau2[..., 0]


def _leave_one_out_pools(y: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, its squared error and ``tau2`` of the others, for data sets of shape (B, K)."""
    k = y.shape[1]
    keep = 1 - np.eye(k)
    size = max(1, CHUNK_ELEMENTS // k**2)
    pools = []
    for start in range(0, y.shape[0], size):
        rows = slice(start, start + size)
        tau2 = _generalised_q_root(y[rows], v[rows], keep, k - 2)
        w = keep / (v[rows, None, :] + tau2[..., None])
        total = w.sum(axis=-1)
        pools.append(((w @ y[rows, :, None])[..., 0] / total, 1 / total, tau2))
    mu, se2, tau2 = (np.concatenate(parts) for parts in zip(*pools, strict=True))
    return mu, se2, tau2
