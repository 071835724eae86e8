"""Rate models of very many rows: fits and clustered errors from sums over blocks of rows.

The answers are those of statsmodels, which holds several copies of the design and decomposes it.
Its own result is fitted when it is first asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, special

from officer_assaults.stats import near
from officer_assaults.stats.intervals import FloatArray

MAX_STEPS = 100
MAX_HALVINGS = 30
STEP_TOLERANCE = 1e-9


class Later:
    """A result that is worked out when something of it is first asked for."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work

    @cached_property
    def _result(self) -> Any:
        return self._work()

    def __getattr__(self, name: str) -> Any:
        """Ask the result itself, worked out at the first time."""
        # A copy in the making has no work yet, and would ask for it here without end.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._result, name)


def sandwich(
    x: FloatArray, scores: FloatArray, bread: FloatArray, groups: NDArray[Any] | None
) -> FloatArray:
    """Robust covariance of coefficients, without any correction for few clusters.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    scores : ndarray, shape (n,)
        Derivative of the log likelihood by each row's linear predictor.
    bread : ndarray, shape (k, k)
        Inverse information.
    groups : ndarray, shape (n,), or None
        Cluster of each row; without, each row is its own (HC0).
    """
    if groups is None:
        return np.asarray(bread @ near.second_moments(x, scores**2) @ bread)
    sums = by_cluster(x, scores, pd.factorize(groups)[0])
    return np.asarray(bread @ (sums.T @ sums) @ bread)


def by_cluster(x: FloatArray, weights: FloatArray, codes: NDArray[np.intp]) -> FloatArray:
    """Weighted sum of the rows of each cluster, shape (G, k)."""
    columns = [np.bincount(codes, weights=column * weights) for column in x.T]
    return np.column_stack(columns)


def fit_logit(x: FloatArray, share: FloatArray, weights: FloatArray) -> FloatArray:
    """Fit a fractional logit by Newton's method; gives the fitted shares, shape (n,).

    Parameters
    ----------
    x : ndarray, shape (n, k)
    share : ndarray, shape (n,)
        Outcome from 0 to 1.
    weights : ndarray, shape (n,)

    Raises
    ------
    ValueError
        If the fit does not settle, as where the terms tell the outcome without exception.
    """
    beta = np.zeros(x.shape[1])
    for _ in range(MAX_STEPS):
        fitted = special.expit(x @ beta)
        information = near.second_moments(x, weights * fitted * (1 - fitted))
        try:
            move = linalg.solve(information, x.T @ (weights * (share - fitted)), assume_a="pos")
        except linalg.LinAlgError:
            break
        # A step this long leaves the region in which the curvature of the start holds.
        length = float(np.max(np.abs(x @ move)))
        beta = beta + move * min(1.0, 5.0 / max(length, 1e-12))
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            return np.asarray(special.expit(x @ beta))
    raise ValueError("the logit fit did not settle")


def fit_nb2(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    start: FloatArray,
    groups: NDArray[Any] | None,
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Fit a negative binomial model, variance ``mu + alpha mu^2``, by Newton's method.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y, log_exposure : ndarray, shape (n,)
    start : ndarray, shape (k + 1,)
        Coefficients and alpha above 0 to start from.
    groups : ndarray, shape (n,), or None
        Clusters of the sandwich; None gives the inverse observed information.

    Returns
    -------
    parameters : ndarray, shape (k + 1,)
        Alpha last.
    vcov : ndarray, shape (k + 1, k + 1)
    mu : ndarray, shape (n,)
    loglik : float

    Raises
    ------
    ValueError
        If the fit does not settle.
    """
    model = _Negative(x, y, log_exposure)
    found: FloatArray = np.array(start, dtype=float)
    likelihood = model.loglik(found)
    for _ in range(MAX_STEPS):
        slope, of_alpha, information, _ = model.slopes(found)
        gradient = np.append(x.T @ slope, of_alpha.sum())
        values, vectors = np.linalg.eigh(information)
        # Where the likelihood is not concave, the step goes uphill all the same.
        move = vectors @ ((vectors.T @ gradient) / np.abs(values).clip(1e-12))
        for _ in range(MAX_HALVINGS):
            new = model.loglik(found + move) if found[-1] + move[-1] > 0 else -np.inf
            if new >= likelihood - 1e-9 * (abs(likelihood) + 1):
                break
            move = move / 2
        found, likelihood = np.asarray(found + move), new
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            break
    else:
        raise ValueError("the negative binomial fit did not settle: use quasi-poisson")
    slope, of_alpha, information, mu = model.slopes(found)
    bread: FloatArray = np.asarray(np.linalg.inv(information), dtype=float)
    if groups is None:
        return found, bread, mu, likelihood
    codes = pd.factorize(groups)[0]
    sums = np.column_stack([by_cluster(x, slope, codes), np.bincount(codes, weights=of_alpha)])
    return found, np.asarray(bread @ (sums.T @ sums) @ bread), mu, likelihood


class _Negative:
    """Log likelihood of a negative binomial model, its slopes and its observed information."""

    def __init__(self, x: FloatArray, y: FloatArray, log_exposure: FloatArray) -> None:
        self.x, self.y, self.offset = x, y, log_exposure
        # Counts take few values: functions of them are worked out once for each.
        self.values, self.which = np.unique(y, return_inverse=True)
        self._of_factorials = special.gammaln(self.values + 1)[self.which]

    def _of_counts(self, function: Callable[[FloatArray], FloatArray], r: float) -> FloatArray:
        low = np.array([r])
        return np.asarray((function(self.values + r) - function(low))[self.which])

    def loglik(self, at: FloatArray) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            mu, r = np.exp(self.x @ at[:-1] + self.offset), 1 / at[-1]
            told = self._of_counts(special.gammaln, r) - self._of_factorials
            likely = special.xlogy(self.y, mu / (r + mu)) - r * np.log1p(mu / r)
            return float((told + likely).sum())

    def slopes(self, at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """By linear predictor and by alpha, row by row; observed information; fitted counts."""
        y, alpha, k = self.y, float(at[-1]), self.x.shape[1]
        mu, r = np.exp(self.x @ at[:-1] + self.offset), 1 / alpha
        low = 1 + alpha * mu
        slope = (y - mu) / low
        by_r = self._of_counts(special.psi, r) - np.log1p(mu / r) + 1 - (r + y) / (r + mu)
        bend = self._of_counts(lambda z: special.polygamma(1, z), r)
        bend = bend + 1 / r - 2 / (r + mu) + (r + y) / (r + mu) ** 2
        information = np.empty((k + 1, k + 1))
        information[:k, :k] = near.second_moments(self.x, mu * (1 + alpha * y) / low**2)
        information[:k, k] = information[k, :k] = self.x.T @ ((y - mu) * mu / low**2)
        information[k, k] = -(2 * r**3 * by_r + r**4 * bend).sum()
        return slope, -(r**2) * by_r, information, mu
