"""Poisson rate models on ready arrays by Newton's method, for refits by the thousand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

from officer_assaults.shown import Shown
from officer_assaults.stats import near
from officer_assaults.stats.blocks import BlockDesign
from officer_assaults.stats.designs import MANY_ROWS, RANK_TOLERANCE
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.left_out import close_refits, plainly_told

MAX_STEPS = 50
MAX_HALVINGS = 30
STEP_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class DesignFit(Shown):
    """Poisson fit on arrays.

    Parameters
    ----------
    coefficients : ndarray, shape (k,)
        Log rate coefficients.
    vcov : ndarray, shape (k, k)
        Inverse information, dispersion 1.
    mu : ndarray, shape (n,)
        Fitted counts.
    deviance : float
        Residual deviance.
    steps : int
        Newton steps taken.
    """

    coefficients: FloatArray
    vcov: FloatArray
    mu: FloatArray
    deviance: float
    steps: int


@dataclass(frozen=True, slots=True)
class LeaveOneClusterOut(Shown):
    """Coefficients with each cluster left out in turn.

    Parameters
    ----------
    coefficients : ndarray, shape (G, k)
        One row per cluster left out.
    full : ndarray, shape (k,)
        Coefficients on all rows.
    labels : ndarray, shape (G,)
        Cluster left out in each row.
    """

    coefficients: FloatArray
    full: FloatArray
    labels: NDArray[Any]

    @property
    def vcov(self) -> FloatArray:
        """Jackknife covariance about the full fit, ``(G-1)/G sum d d'`` (CR3 up to that factor)."""
        g = len(self.labels)
        deviations = self.coefficients - self.full
        return np.asarray((g - 1) / g * deviations.T @ deviations)


def fit_design(
    x: FloatArray | BlockDesign,
    y: FloatArray,
    log_exposure: FloatArray,
    *,
    start: FloatArray | None = None,
) -> DesignFit:
    """Fit a Poisson rate model on ready arrays, fast enough for a jackknife.

    Parameters
    ----------
    x : ndarray or BlockDesign, shape (n, k)
        Design of full rank.
    y : ndarray, shape (n,)
        Counts.
    log_exposure : ndarray, shape (n,)
        Log of exposure.
    start : ndarray, shape (k,), optional
        Coefficients to start from, for instance those of the fit on all rows.

    Raises
    ------
    ValueError
        If the design is singular or the fit does not settle, as with an arm without events.

    Notes
    -----
    Newton's method, which for a log link is iteratively reweighted least squares, with step
    halving; agrees with statsmodels GLM to 1e-9 and skips its per-fit overhead.
    """
    beta = _starting_values(x, y, log_exposure) if start is None else np.array(start, dtype=float)
    mu, deviance = _mean_and_deviance(x, y, log_exposure, beta)
    for step in range(1, MAX_STEPS + 1):
        try:
            score, information = _derivatives(x, y, mu)
            factor = linalg.cho_factor(information)
        except linalg.LinAlgError:
            raise ValueError("the design is singular: check its rank first") from None
        move = linalg.cho_solve(factor, score)
        beta, mu, deviance = _take_step(x, y, log_exposure, beta, move, deviance)
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            vcov = linalg.cho_solve(factor, np.eye(x.shape[1]))
            return DesignFit(beta, vcov, mu, deviance, step)
    raise ValueError(
        f"the fit did not settle in {MAX_STEPS} steps: is there an arm without events?"
    )


def leave_one_cluster_out(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    groups: ArrayLike,
    *,
    partial: bool = False,
) -> LeaveOneClusterOut:
    """Refit a Poisson rate model with each cluster left out in turn, offset included.

    Parameters
    ----------
    x, y, log_exposure
        As for :func:`fit_design`.
    groups : array_like, shape (n,)
        Cluster of each row.
    partial : bool
        Without a cluster some terms may be no longer told apart, as its own level. Then the later
        ones of such columns keep their coefficient of the full fit, and a fit that does not settle
        is all ``nan``. By default either is an error.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or a fit without one of them is impossible.
    """
    codes, labels = pd.factorize(np.asarray(groups), sort=True)
    if len(labels) < 2:
        raise ValueError("leaving one cluster out needs two clusters or more")
    full = fit_design(x, y, log_exposure)
    information = _products(x, full.mu)
    refit = _partly_without if partial else _without
    if len(x) * len(labels) > near.MOST_AT_ONCE:
        found = close_refits(x, y, log_exposure, codes, full.coefficients)
    else:
        found = np.full((len(labels), x.shape[1]), np.nan)
    coefficients = [
        refit(x, y, log_exposure, codes == code, full, information) if np.isnan(close[0]) else close
        for code, close in enumerate(found)
    ]
    return LeaveOneClusterOut(np.array(coefficients), full.coefficients, labels)


def _partly_without(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    left: NDArray[np.bool_],
    full: DesignFit,
    information: FloatArray,
) -> FloatArray:
    """Coefficients without the rows ``left``, as far as the other rows tell them apart."""
    rest = x[~left]
    told = np.ones(x.shape[1], dtype=bool)
    if not plainly_told((rest.T @ rest)[None]).all():
        size = np.abs(linalg.qr(rest / np.sqrt((rest**2).sum(0).clip(1e-300)), mode="r")[0])
        told[:] = False
        told[: min(rest.shape)] = np.diag(size) > RANK_TOLERANCE
    try:
        if told.all():
            return _without(x, y, log_exposure, left, full, information)
        found = fit_design(rest[:, told], y[~left], log_exposure[~left])
    except ValueError:
        return np.full(x.shape[1], np.nan)
    beta = full.coefficients.copy()
    beta[told] = found.coefficients
    return beta


def _without(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    left: NDArray[np.bool_],
    full: DesignFit,
    information: FloatArray,
) -> FloatArray:
    """Coefficients without the rows ``left``.

    Keeps the information of the full fit, less that of the rows, through all steps: each step then
    costs a product with ``x`` and no new matrix, and the point where the score vanishes is the
    same. Where that does not settle, Newton's method does it, or says why not.
    """
    gone = x[left]
    beta: FloatArray = full.coefficients
    try:
        factor = linalg.cho_factor(information - (gone * full.mu[left, None]).T @ gone)
    except linalg.LinAlgError:
        return fit_design(x[~left], y[~left], log_exposure[~left], start=beta).coefficients
    for _ in range(MAX_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            rest = np.where(left, 0.0, y - np.exp(x @ beta + log_exposure))
        if not np.isfinite(rest).all():
            break
        move = linalg.cho_solve(factor, x.T @ rest)
        beta = np.asarray(beta + move)
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            return beta
    start = full.coefficients
    return fit_design(x[~left], y[~left], log_exposure[~left], start=start).coefficients


def _derivatives(
    x: FloatArray | BlockDesign, y: FloatArray, mu: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Score and information of a Poisson fit, shapes (k,) and (k, k)."""
    if isinstance(x, BlockDesign):
        fitted, information = x.moments(mu)
        return x.total(y) - fitted, information
    return np.asarray(x.T @ (y - mu)), _products(x, mu)


def _products(x: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted cross-product of a design with itself, shape (k, k)."""
    if len(x) > MANY_ROWS:
        return near.second_moments(x, weights)
    return np.asarray((x * weights[:, None]).T @ x)


def _starting_values(
    x: FloatArray | BlockDesign, y: FloatArray, log_exposure: FloatArray
) -> FloatArray:
    guess = np.log(y + y.mean() / 2 + 1e-9) - log_exposure
    if isinstance(x, BlockDesign):
        # Patterns hold unlike numbers of rows: those with more to say weigh more.
        weights = np.exp(log_exposure) / np.exp(log_exposure).max()
        return np.asarray(linalg.solve(x.gram(weights), x.total(weights * guess)))
    if len(y) > MANY_ROWS:
        return np.asarray(linalg.solve(near.second_moments(x, np.ones(len(y))), x.T @ guess))
    return np.asarray(np.linalg.lstsq(x, guess, rcond=None)[0])


def _mean_and_deviance(
    x: FloatArray | BlockDesign, y: FloatArray, log_exposure: FloatArray, beta: FloatArray
) -> tuple[FloatArray, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        mu = np.exp(log_exposure + x @ beta)
        deviance = 2 * float(special.kl_div(y, mu).sum())
    return mu, deviance


def _take_step(
    x: FloatArray | BlockDesign,
    y: FloatArray,
    log_exposure: FloatArray,
    beta: FloatArray,
    move: FloatArray,
    deviance: float,
) -> tuple[FloatArray, FloatArray, float]:
    """Newton step, halved while it makes the fit worse."""
    slack = 1e-9 * (abs(deviance) + 1)
    for _ in range(MAX_HALVINGS):
        mu, new = _mean_and_deviance(x, y, log_exposure, beta + move)
        if new <= deviance + slack:
            return beta + move, mu, new
        move = move / 2
    raise ValueError("the fit does not improve along its own gradient: check the design")
