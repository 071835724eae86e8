"""Poisson rate models with a level for every place, however many: the levels are summed out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from officer_assaults.stats.designs import RANK_TOLERANCE
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.newton import MAX_HALVINGS, MAX_STEPS, STEP_TOLERANCE


def fit_within(
    x: FloatArray, y: FloatArray, log_exposure: FloatArray, places: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray, int]:
    """Fit a Poisson rate model with a level for every place, in time linear in rows.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design; an intercept or any other column that places tell gets no coefficient.
    y : ndarray, shape (n,)
        Counts; every place has some.
    log_exposure : ndarray, shape (n,)
    places : ndarray, shape (n,)
        Place of each row, numbered from 0.

    Returns
    -------
    coefficients : ndarray, shape (k,)
        ``nan`` for columns that places and earlier columns already tell.
    vcov : ndarray, shape (k, k)
        Cluster sandwich by place times G/(G-1).
    places : int

    Raises
    ------
    ValueError
        If a place has no events or the fit does not settle.

    Notes
    -----
    Given the other coefficients, a place's level makes its fitted total its observed one; what is
    left is the conditional likelihood of Hausman, Hall and Griliches (1984, Econometrica 52:909).
    Coefficients and errors clustered by place are those of the model with all levels written out.
    """
    order = np.argsort(places, kind="stable")
    x, y, offset, places = x[order], y[order], log_exposure[order], places[order]
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    where = np.cumsum(np.diff(places, prepend=places[0]) != 0)
    totals = np.add.reduceat(y, starts)
    if not (totals > 0).all():
        raise ValueError("a place without events has no level")
    rows = _Rows(x - x.mean(0), y, offset, starts, where, totals)
    told = _told_apart(rows)
    kept = rows.keep(told)
    beta, mu = _settled(kept)
    bread = np.asarray(linalg.inv(kept.information(mu)))
    scores = np.add.reduceat(kept.x * (y - mu)[:, None], starts)
    groups = len(starts)
    coefficients, vcov = np.full(len(told), np.nan), np.full((len(told), len(told)), np.nan)
    coefficients[told] = beta
    vcov[np.ix_(told, told)] = groups / (groups - 1) * bread @ (scores.T @ scores) @ bread
    return coefficients, vcov, groups


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in the order of places: first row of each place, place of each row, events by place."""

    x: FloatArray
    y: FloatArray
    offset: FloatArray
    starts: NDArray[np.intp]
    where: NDArray[np.intp]
    totals: FloatArray

    def keep(self, columns: NDArray[np.bool_]) -> _Rows:
        x = self.x[:, columns]
        return _Rows(x, self.y, self.offset, self.starts, self.where, self.totals)

    def fitted(self, beta: FloatArray) -> FloatArray:
        rate = np.exp(self.x @ beta + self.offset)
        return np.asarray(rate * (self.totals / np.add.reduceat(rate, self.starts))[self.where])

    def information(self, weights: FloatArray) -> FloatArray:
        """Weighted cross-product of the columns about their means by place."""
        weighted = self.x * weights[:, None]
        sums = np.add.reduceat(weighted, self.starts)
        by = np.add.reduceat(weights, self.starts)
        return np.asarray(weighted.T @ self.x - (sums / by[:, None]).T @ sums)


def _told_apart(rows: _Rows) -> NDArray[np.bool_]:
    """Columns that places and the columns before them do not tell."""
    means = np.add.reduceat(rows.x, rows.starts) / np.bincount(rows.where)[:, None]
    inside = rows.x - means[rows.where]
    size = np.sqrt((rows.x**2).sum(0))
    upper = linalg.qr(inside / np.where(size > 0, size, 1.0), mode="r")[0]
    told = np.zeros(upper.shape[1], dtype=bool)
    basis = np.empty((len(upper), 0))
    for column, own in enumerate(upper.T):
        for _ in range(2):
            own = own - basis @ (basis.T @ own)
        if (length := float(np.linalg.norm(own))) > RANK_TOLERANCE:
            told[column] = True
            basis = np.column_stack([basis, own / length])
    return told


def _settled(rows: _Rows) -> tuple[FloatArray, FloatArray]:
    beta = np.zeros(rows.x.shape[1])
    mu = rows.fitted(beta)
    likelihood = float(special.xlogy(rows.y, mu).sum())
    for _ in range(MAX_STEPS):
        try:
            move = linalg.solve(rows.information(mu), rows.x.T @ (rows.y - mu), assume_a="pos")
        except linalg.LinAlgError:
            raise ValueError("the design is singular inside places") from None
        for _ in range(MAX_HALVINGS):
            with np.errstate(over="ignore", invalid="ignore"):
                tried = rows.fitted(beta + move)
                new = float(special.xlogy(rows.y, tried).sum())
            if new >= likelihood - 1e-9 * (abs(likelihood) + 1):
                break
            move = move / 2
        beta, mu, likelihood = beta + move, tried, new
        if np.max(np.abs(move), initial=0.0) <= STEP_TOLERANCE:
            return beta, mu
    raise ValueError(f"the fit did not settle in {MAX_STEPS} steps")
