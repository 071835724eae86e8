"""Counts of units by period: Poisson fits with unit and period effects, many at once.

Unit effects are profiled out, so a fit solves only for period effects and covariates, and hundreds
of refits (one unit left out, units drawn anew, dates dealt anew) cost what one large fit costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import FloatArray, Interval, check_alpha

BoolArray = NDArray[np.bool_]
MAX_STEPS = 40
STEP_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class TwoWayFit(Shown):
    """Fits of ``log mean = log exposure + unit + period + covariates``.

    Parameters
    ----------
    unit : ndarray, shape (fits, units)
        Multiplicative unit effects; 0 for a unit without a count, nan for one without a cell.
    period : ndarray, shape (fits, periods)
        Log period effects, their mean 0; nan for a period without a cell.
    slopes : ndarray, shape (fits, covariates)
        Coefficients of the covariates.
    converged : bool array, shape (fits,)
        False where a fit did not settle.
    """

    unit: FloatArray
    period: FloatArray
    slopes: FloatArray
    converged: BoolArray

    def expected(self, exposure: FloatArray, covariates: FloatArray | None = None) -> FloatArray:
        """Fitted counts, shape (fits, units, periods), of whatever cells."""
        log_mean = self.period[:, None, :]
        if covariates is not None and len(covariates):
            log_mean = log_mean + np.einsum("bk,kut->but", self.slopes, covariates)
        return np.asarray(exposure * self.unit[:, :, None] * np.exp(log_mean))


def fit_two_way(
    counts: FloatArray,
    exposure: FloatArray,
    cells: BoolArray,
    weights: FloatArray | None = None,
    covariates: FloatArray | None = None,
) -> TwoWayFit:
    """Fit unit and period effects by Poisson likelihood, once for each set of weights or cells.

    Parameters
    ----------
    counts : ndarray, shape (units, periods) or (fits, units, periods)
        Counts; what lies outside ``cells`` is ignored.
    exposure : ndarray, shape (units, periods)
        Above 0 inside ``cells``.
    cells : bool ndarray, shape as ``counts``
        Cells that the fit may see.
    weights : ndarray, shape (fits, units), optional
        Weight of each unit: 0 leaves it out, 2 takes it twice.
    covariates : ndarray, shape (covariates, units, periods), optional

    Raises
    ------
    ValueError
        If the numbers of fits disagree.
    """
    counts, cells = np.atleast_3d(counts.T).T, np.atleast_3d(cells.T).T
    fits = max(len(counts), len(cells), 1 if weights is None else len(weights))
    if {len(counts), len(cells), fits if weights is None else len(weights)} - {1, fits}:
        raise ValueError("counts, cells and weights are of different numbers of fits")
    units, periods = counts.shape[1:]
    weight = np.ones((1, units)) if weights is None else np.asarray(weights, dtype=float)
    other = np.zeros((0, units, periods)) if covariates is None else covariates
    state = _State(counts, exposure, cells, weight, other, fits)
    return state.solve()


class _State:
    """Newton steps on period effects and slopes, unit effects profiled out."""

    def __init__(
        self,
        counts: FloatArray,
        exposure: FloatArray,
        cells: BoolArray,
        weight: FloatArray,
        covariates: FloatArray,
        fits: int,
    ) -> None:
        self.y = np.where(cells, counts, 0.0)
        self.e = np.where(cells, exposure, 0.0)
        self.weight, self.x, self.fits = weight, np.where(cells.any(axis=0), covariates, 0.0), fits
        self.k, self.units, self.periods = self.x.shape
        self.total = self.y.sum(axis=2)
        self.weighted = weight[:, :, None] * self.y
        self.seen = (weight[:, :, None] * self.e).sum(axis=1) > 0
        self.has_cell = self.e.sum(axis=2) > 0

    def solve(self) -> TwoWayFit:
        theta = np.zeros((self.fits, self.periods + self.k))
        theta[:, : self.periods] = self._start()
        moving = np.ones(self.fits, dtype=bool)
        for _ in range(MAX_STEPS):
            score, information = self._score(theta)
            step = np.linalg.solve(information, score[:, :, None])[:, :, 0]
            step = np.clip(step, -2.0, 2.0)
            theta = theta + step
            moving = np.abs(step).max(axis=1) > STEP_TOLERANCE
            if not moving.any():
                break
        return self._fit(theta, ~moving)

    def _start(self) -> FloatArray:
        rate = self.weighted.sum(axis=1) / np.where(
            self.seen, (self.weight[:, :, None] * self.e).sum(axis=1), 1.0
        )
        log_rate = np.log(np.where(rate > 0, rate, 1.0))
        mean = np.where(self.seen, log_rate, 0).sum(axis=1) / np.maximum(self.seen.sum(axis=1), 1)
        return np.asarray(np.where(self.seen & (rate > 0), log_rate - mean[:, None], 0.0))

    def _mean(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Fitted counts at the best unit effects, and those effects."""
        log_mean = theta[:, None, : self.periods]
        if self.k:
            log_mean = log_mean + np.einsum("bk,kut->but", theta[:, self.periods :], self.x)
        base = self.e * np.exp(log_mean)
        sums = base.sum(axis=2)
        unit = self.total / np.where(sums > 0, sums, 1.0)
        return base * unit[:, :, None], unit

    def _score(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        mu, _ = self._mean(theta)
        w = self.weight[:, :, None] * mu
        part = self.weighted - w
        score = [part.sum(axis=1)]
        sums = mu.sum(axis=2)
        share = w / np.where(sums > 0, sums, 1.0)[:, :, None]
        top = -np.swapaxes(share, 1, 2) @ mu
        places = np.arange(self.periods)
        top[:, places, places] += w.sum(axis=1)
        information = np.zeros((self.fits, len(theta[0]), len(theta[0])))
        information[:, : self.periods, : self.periods] = top
        if self.k:
            score.append(np.einsum("but,kut->bk", part, self.x))
            self._add_covariates(information, mu, w, share)
        # One direction is free (units against periods), and periods without a cell have none.
        scale = np.maximum(np.abs(information[:, places, places]).mean(axis=1), 1e-12)
        information[:, : self.periods, : self.periods] += scale[:, None, None] / self.periods
        information[:, places, places] += np.where(self.seen, 0.0, scale[:, None])
        return np.concatenate(score, axis=1), information

    def _add_covariates(
        self, information: FloatArray, mu: FloatArray, w: FloatArray, share: FloatArray
    ) -> None:
        """Fill the rows and columns of the covariates."""
        within = np.einsum("but,kut->bku", mu, self.x)
        cross = np.einsum("but,kut->bkt", w, self.x) - within @ share
        weights = share.sum(axis=2) / np.where(mu.sum(axis=2) > 0, mu.sum(axis=2), 1.0)
        own = np.einsum("but,kut,lut->bkl", w, self.x, self.x, optimize=True)
        own = own - np.einsum("bku,bu,blu->bkl", within, weights, within, optimize=True)
        first = self.periods
        information[:, first:, :first] = cross
        information[:, :first, first:] = np.swapaxes(cross, 1, 2)
        information[:, first:, first:] = own

    def _fit(self, theta: FloatArray, settled: BoolArray) -> TwoWayFit:
        _, unit = self._mean(theta)
        period = theta[:, : self.periods]
        held = np.where(self.seen, period, 0.0)
        centre = held.sum(axis=1) / np.maximum(self.seen.sum(axis=1), 1)
        return TwoWayFit(
            unit=np.where(self.has_cell, unit, np.nan) * np.exp(centre)[:, None],
            period=np.where(self.seen, period - centre[:, None], np.nan),
            slopes=theta[:, self.periods :],
            converged=settled,
        )


def left_out_weights(units: int) -> FloatArray:
    """Weights of a jackknife: all units, then all but one at a time; shape (units + 1, units)."""
    return np.vstack([np.ones(units), 1.0 - np.eye(units)])


def drawn_weights(units: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Weights of a bootstrap over units, shape (draws, units)."""
    return rng.multinomial(units, np.full(units, 1 / units), size=draws).astype(float)


@dataclass(frozen=True, slots=True)
class Jackknife(Shown):
    """An estimate with the error of leaving units out one at a time.

    Parameters
    ----------
    value, se : float
        Full estimate and its standard error.
    interval : Interval
        From the t distribution with one degree of freedom less than units.
    units : int
        Units left out in turn.
    lowest, highest : float
        Range of the estimate as each unit is left out.
    """

    value: float
    se: float
    interval: Interval
    units: int
    lowest: float
    highest: float


def jackknife(values: FloatArray, alpha: float = 0.05) -> Jackknife:
    """Judge an estimate by its values without each unit.

    Parameters
    ----------
    values : ndarray, shape (units + 1,)
        The full estimate, then those without one unit, in the order of
        :func:`left_out_weights`; missing ones are left aside.
    alpha : float
        One minus the coverage.

    Notes
    -----
    The variance is ``(G - 1)/G`` times the sum of squares about the full estimate: CV3J of
    MacKinnon, Nielsen and Webb (2023), Journal of Econometrics 232.
    """
    full, left = float(values[0]), np.asarray(values[1:], dtype=float)
    left = left[np.isfinite(left)]
    se = float(np.sqrt(jackknife_variance(values)))
    half = float(stats.t.isf(check_alpha(alpha) / 2, len(left) - 1)) * se
    return Jackknife(
        full, se, Interval(full - half, full + half), len(left), left.min(), left.max()
    )


def jackknife_variance(values: FloatArray) -> FloatArray:
    """Jackknife variance, or covariance of several estimates.

    Parameters
    ----------
    values : ndarray, shape (units + 1,) or (units + 1, estimates)
    """
    rows = np.asarray(values, dtype=float).reshape(len(values), -1)
    gap = rows[1:] - rows[0]
    gap = gap[np.isfinite(gap).all(axis=1)]
    out = (len(gap) - 1) / len(gap) * gap.T @ gap
    return np.asarray(out[0, 0] if np.ndim(values) == 1 else out)


def joint_test(values: FloatArray) -> tuple[float, float]:
    """F statistic and p of several estimates all being 0, by their jackknife covariance.

    Parameters
    ----------
    values : ndarray, shape (units + 1, estimates)
    """
    covariance = jackknife_variance(values)
    terms, units = values.shape[1], len(values) - 1
    wald = float(values[0] @ np.linalg.solve(covariance, values[0]))
    # Hotelling's correction: a covariance of few units is itself uncertain.
    f = wald * (units - terms) / (terms * (units - 1))
    return f, float(stats.f.sf(f, terms, units - terms))
