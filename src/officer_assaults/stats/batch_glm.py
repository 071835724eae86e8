"""Many generalised linear models that share one design, fitted at once.

Beside the Newton of :mod:`officer_assaults.stats.newton`, which fits one response: here a thousand
simulated series go through one array of steps, counts or shares, and a series that does not settle
is marked instead of stopping the others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from officer_assaults.shown import Shown

Array = npt.NDArray[np.float64]

MAX_STEPS = 60
STEP_TOLERANCE = 1e-10
# A logit or log mean beyond this is a fitted zero: the estimate has run off to infinity.
PREDICTOR_LIMIT = 30.0


@dataclass(frozen=True, slots=True)
class BatchFit(Shown):
    """Fits of one design to many responses.

    Attributes
    ----------
    coefficients : array, shape (fits, terms)
    covariance : array, shape (fits, terms, terms)
        Model covariance (dispersion 1): inverse Fisher information.
    dispersion : array, shape (fits,)
        Pearson chi-square over residual degrees of freedom.
    fitted : array, shape (fits, points)
        Mean count, or probability where trials were given.
    df : int
        Residual degrees of freedom.
    converged : bool array, shape (fits,)
        False where a fit ran off or did not settle; its numbers are ``nan``.
    """

    coefficients: Array
    covariance: Array
    dispersion: Array
    fitted: Array
    df: int
    converged: npt.NDArray[np.bool_]

    def quasi_se(self, term: int) -> Array:
        """Quasi-likelihood standard error of one term, shape (fits,).

        The dispersion is not let below 1: a short series that happens to lie close to its line
        is no evidence of counts steadier than Poisson or binomial ones.
        """
        scale = np.maximum(self.dispersion, 1.0)
        return np.asarray(np.sqrt(scale * self.covariance[:, term, term]))


def fit_batch(design: Array, response: Array, trials: Array | None = None) -> BatchFit:
    """Fit Poisson (log link) or, with trials, binomial (logit link) models by Newton steps.

    Parameters
    ----------
    design : array, shape (points, terms)
        One full-rank design for all fits, with its own intercept.
    response : array, shape (fits, points)
        Counts, or successes.
    trials : array, shape (fits, points), optional
        Binomial totals.

    Raises
    ------
    ValueError
        If shapes disagree or the design is rank-deficient.
    """
    design = np.asarray(design, dtype=float)
    response = np.atleast_2d(np.asarray(response, dtype=float))
    points, terms = design.shape
    if response.shape[1] != points:
        raise ValueError(f"{response.shape[1]} responses for {points} rows of the design")
    if np.linalg.matrix_rank(design) < terms or points <= terms:
        raise ValueError(f"a design of {points} rows cannot carry {terms} terms")
    totals = None if trials is None else np.atleast_2d(np.asarray(trials, dtype=float))
    coefficients = _start(design, response, totals)
    moving = np.ones(len(response), dtype=bool)
    for _ in range(MAX_STEPS):
        mean, weight = _moments(design, coefficients, totals)
        score = (response - mean) @ design
        information = _information(design, weight)
        # Where the information vanishes the fit has run off: take no step, it stays unsettled.
        singular = np.linalg.cond(information) > 1e14
        step = np.linalg.solve(np.where(singular[:, None, None], np.eye(terms), information),
                               score[:, :, None])[:, :, 0]  # fmt: skip
        step[singular] = 0.0
        coefficients = coefficients + step
        moving = singular | (np.abs(step).max(axis=1) > STEP_TOLERANCE)
        if not (moving & ~singular).any():
            break
    return _collect(design, response, totals, coefficients, ~moving)


def _start(design: Array, response: Array, totals: Array | None) -> Array:
    if totals is None:
        guess = np.log(response + 0.5)
    else:
        guess = np.log((response + 0.5) / (totals - response + 0.5))
    return np.asarray(np.linalg.lstsq(design, guess.T, rcond=None)[0].T)


def _moments(design: Array, coefficients: Array, totals: Array | None) -> tuple[Array, Array]:
    predictor = np.clip(coefficients @ design.T, -PREDICTOR_LIMIT, PREDICTOR_LIMIT)
    if totals is None:
        mean = np.exp(predictor)
        return mean, mean
    share = 1.0 / (1.0 + np.exp(-predictor))
    return totals * share, totals * share * (1.0 - share)


def _information(design: Array, weight: Array) -> Array:
    products = design[:, :, None] * design[:, None, :]
    return np.asarray(np.tensordot(weight, products, axes=(1, 0)))


def _collect(
    design: Array,
    response: Array,
    totals: Array | None,
    coefficients: Array,
    settled: npt.NDArray[np.bool_],
) -> BatchFit:
    points, terms = design.shape
    predictor = coefficients @ design.T
    good = settled & (np.abs(predictor).max(axis=1) < PREDICTOR_LIMIT)
    mean, weight = _moments(design, coefficients, totals)
    information = np.where(good[:, None, None], _information(design, weight), np.eye(terms))
    covariance = np.linalg.inv(information)
    pearson = ((response - mean) ** 2 / np.where(weight > 0, weight, np.inf)).sum(axis=1)
    blank = np.where(good, 1.0, np.nan)
    df = points - terms
    return BatchFit(
        coefficients=coefficients * blank[:, None],
        covariance=covariance * blank[:, None, None],
        dispersion=pearson / df * blank,
        fitted=(mean if totals is None else mean / totals) * blank[:, None],
        df=df,
        converged=good,
    )
