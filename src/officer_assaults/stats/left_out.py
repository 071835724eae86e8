"""Poisson refits without each of thousands of clusters, in time linear in rows.

The score of all rows is taken from a series about the full fit, that of the cluster left out from
its own rows. Where the series does not give the digits that are wanted, all rows are summed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from officer_assaults.stats import near
from officer_assaults.stats.designs import PLAINLY
from officer_assaults.stats.intervals import FloatArray

Bounds = NDArray[np.intp]

#: Error of a coefficient that the series may leave, by its own next term.
ERROR_WANTED = 2e-9
STEP_TOLERANCE = 1e-10
MAX_STEPS = 20
CLUSTERS_AT_ONCE = 500


def close_refits(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    codes: NDArray[np.intp],
    full: FloatArray,
) -> FloatArray:
    """Coefficients without each cluster.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y, log_exposure : ndarray, shape (n,)
    codes : ndarray, shape (n,)
        Cluster of each row, numbered from 0.
    full : ndarray, shape (k,)
        Coefficients on all rows.

    Returns
    -------
    ndarray, shape (G, k)
        ``nan`` for clusters without which terms are not plainly told apart, or the fit does not
        settle from here.
    """
    if (np.diff(codes) < 0).any():
        order = np.argsort(codes, kind="stable")
        x, y, log_exposure, codes = x[order], y[order], log_exposure[order], codes[order]
    mu = np.exp(x @ full + log_exposure)
    rows = _Rows(x, y, mu, x.T @ (y - mu), near.Series(x, mu))
    gram = near.second_moments(x, np.ones(len(x)))
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(starts[1:], len(x))
    found = np.empty((len(starts), x.shape[1]))
    for first in range(0, len(starts), CLUSTERS_AT_ONCE):
        some = slice(first, first + CLUSTERS_AT_ONCE)
        found[some] = full + _moves_without(rows, starts[some], ends[some], gram)
    return found


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in the order of their clusters; fitted counts, score and series at the full fit."""

    x: FloatArray
    y: FloatArray
    mu: FloatArray
    score: FloatArray
    series: near.Series

    def own(self, moves: FloatArray, starts: Bounds, ends: Bounds) -> FloatArray:
        """Score of the rows of each cluster at its own move, shape (m, k)."""
        sizes = ends - starts
        which = np.repeat(np.arange(len(starts)), sizes)
        firsts = np.cumsum(sizes) - sizes
        at = np.arange(len(which)) + np.repeat(starts - firsts, sizes)
        x = self.x[at]
        rest = self.y[at] - self.mu[at] * np.exp(np.einsum("na,na->n", x, moves[which]))
        return np.asarray(np.add.reduceat(x * rest[:, None], firsts))

    def all(self, moves: FloatArray) -> FloatArray:
        """Score of all rows at each of many moves, shape (m, k)."""
        out = np.zeros_like(moves)
        for rows in near.row_blocks(len(self.x)):
            fitted = self.mu[rows, None] * np.exp(self.x[rows] @ moves.T)
            out += (self.y[rows, None] - fitted).T @ self.x[rows]
        return out


def _moves_without(rows: _Rows, starts: Bounds, ends: Bounds, gram: FloatArray) -> FloatArray:
    """Find how coefficients move without each of some clusters, shape (m, k)."""
    own = [rows.x[a:b] for a, b in zip(starts, ends, strict=True)]
    weighted = [x * rows.mu[a:b, None] for x, a, b in zip(own, starts, ends, strict=True)]
    gone = np.array([part.T @ x for part, x in zip(weighted, own, strict=True)])
    told = plainly_told(gram - np.array([x.T @ x for x in own]))
    told &= plainly_told(rows.series.second - gone)
    moves = np.full((len(starts), len(gram)), np.nan)
    if told.any():
        at = np.flatnonzero(told)
        moves[at], error = _by_series(rows, starts[at], ends[at], gone[at])
        if len(far := at[~(error <= ERROR_WANTED)]):
            moves[far] = _by_sums(rows, starts[far], ends[far], gone[far], moves[far])
    return moves


def _by_series(
    rows: _Rows, starts: Bounds, ends: Bounds, gone: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Find moves that make the series of the score vanish, and their error by its next term."""
    series, inverse = rows.series, np.linalg.inv(rows.series.second - gone)
    moves = np.zeros((len(starts), gone.shape[1]))
    with np.errstate(all="ignore"):
        for _ in range(MAX_STEPS):
            first, second, third = series.gains(moves)
            left = rows.score - first - second - third - rows.own(moves, starts, ends)
            step = np.einsum("nab,nb->na", inverse, left)
            moves = moves + step
            if not np.nanmax(np.abs(step)) > STEP_TOLERANCE:
                break
        size = np.sqrt(((moves @ series.second) * moves).sum(1) / rows.mu.sum())
        second, third = (
            np.abs(np.einsum("nab,nb->na", inverse, term)).max(1) for term in (second, third)
        )
        # The next term is to the last as the last to the one before, times 3/4 for factorials.
        error = third * np.fmax(0.75 * third / second, size)
    error[np.abs(step).max(1) > STEP_TOLERANCE] = np.inf
    return moves, np.asarray(error)


def _by_sums(
    rows: _Rows, starts: Bounds, ends: Bounds, gone: FloatArray, moves: FloatArray
) -> FloatArray:
    """Find moves that make the score of the other rows vanish, with all rows summed."""
    moves = np.nan_to_num(moves, posinf=0.0, neginf=0.0)
    left, before = np.arange(len(moves)), np.zeros(len(moves))
    with np.errstate(all="ignore"):
        for _ in range(MAX_STEPS):
            now = moves[left]
            score = rows.all(now) - rows.own(now, starts[left], ends[left])
            slope = rows.series.slopes(now) - gone[left]
            fine = np.asarray(np.linalg.det(slope) > 0)
            slope[~fine] = np.eye(slope.shape[1])
            step = np.where(
                fine[:, None], np.linalg.solve(slope, score[:, :, None])[:, :, 0], np.nan
            )
            moves[left] = now + step
            length = np.abs(step).max(1)
            # Steps shrink by a factor that the last two tell: what is left is that of the last.
            going = length * np.fmin(length / before, 1.0) > STEP_TOLERANCE
            left, before = np.asarray(left[going]), np.asarray(length[going])
            if not len(left):
                break
    moves[left] = np.nan
    return moves


def plainly_told(grams: FloatArray) -> NDArray[np.bool_]:
    """Tell where terms are told apart by far more than rounding could feign, shape (m,).

    Parameters
    ----------
    grams : ndarray, shape (m, k, k)
        Cross-products, of all of which the Cholesky pivots are taken at once.
    """
    size = np.einsum("nii->ni", grams)
    told = np.asarray((size > 0).all(1))
    scale = np.sqrt(np.where(size > 0, size, 1.0))
    left = grams / scale[:, :, None] / scale[:, None, :]
    for column in range(left.shape[1]):
        pivot = left[:, column, column]
        told &= pivot > PLAINLY**2
        below = left[:, column + 1 :, column] / np.sqrt(np.where(told, pivot, 1.0))[:, None]
        left[:, column + 1 :, column + 1 :] -= below[:, :, None] * below[:, None, :]
    return told
