"""Poisson refits without each of thousands of clusters, in time linear in rows.

The score of all rows is taken from a series about the full fit, that of the cluster left out from
its own rows. Where the series does not give the digits that are wanted, all rows are summed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from officer_assaults.stats import near
from officer_assaults.stats.designs import PLAINLY
from officer_assaults.stats.intervals import FloatArray

Bounds = NDArray[np.intp]

#: Error of a coefficient that the series may leave, by its own next term.
ERROR_WANTED = 2e-8
STEP_TOLERANCE = 1e-10
MAX_STEPS = 20
CLUSTERS_AT_ONCE = 500
#: Steps that sums over all rows take until they settle, about.
STEPS_OF_SUMS = 5


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
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    if len(starts) > codes.max() + 1:
        order = np.argsort(codes, kind="stable")
        x, y, log_exposure, codes = x[order], y[order], log_exposure[order], codes[order]
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
    mu = np.exp(x @ full + log_exposure)
    gram = near.second_moments(x, np.ones(len(x)))
    ends = np.append(starts[1:], len(x))
    rows = _Rows(x, y, mu, x.T @ (y - mu), near.Series(x, mu), gram, starts, ends)
    found = np.empty((len(starts), x.shape[1]))
    found[codes[starts]] = full + _moves_without(rows)
    return found


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows, cluster by cluster; fitted counts, score and series at the full fit."""

    x: FloatArray
    y: FloatArray
    mu: FloatArray
    score: FloatArray
    series: near.Series
    gram: FloatArray
    starts: Bounds
    ends: Bounds

    def own(self, moves: FloatArray, some: Bounds) -> FloatArray:
        """Score of the rows of some clusters, each at its own move, shape (m, k)."""
        starts, sizes = self.starts[some], (self.ends - self.starts)[some]
        which = np.repeat(np.arange(len(some)), sizes)
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


def _moves_without(rows: _Rows) -> FloatArray:
    """Find how coefficients move without each cluster, shape (G, k)."""
    k = rows.x.shape[1]
    moves, far = np.full((len(rows.starts), k), np.nan), []
    for some in _chunks(np.arange(len(rows.starts))):
        gone, told = _gone(rows, some)
        at = some[told]
        if len(at):
            moves[at], error = _by_series(rows, at, gone[told], 2)
            far.append(at[~(error <= ERROR_WANTED)])
    left = np.concatenate(far) if far else np.array([], dtype=np.intp)
    if len(left) * STEPS_OF_SUMS * (2 * k + near.WORK_OF_EXP) > k**4 / 2:
        still = []
        for some in _chunks(left):
            moves[some], error = _by_series(rows, some, _gone(rows, some)[0], 3)
            still.append(some[~(error <= ERROR_WANTED)])
        left = np.concatenate(still)
    for some in _chunks(left):
        moves[some] = _by_sums(rows, some, _gone(rows, some)[0], moves[some])
    return moves


def _chunks(clusters: Bounds) -> Iterator[Bounds]:
    starts = range(0, len(clusters), CLUSTERS_AT_ONCE)
    return (clusters[start : start + CLUSTERS_AT_ONCE] for start in starts)


def _gone(rows: _Rows, some: Bounds) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Information of the rows of some clusters, and whether the others tell the terms apart."""
    bounds = [(rows.starts[at], rows.ends[at]) for at in some]
    own = [rows.x[a:b] for a, b in bounds]
    weighted = [x * rows.mu[a:b, None] for x, (a, b) in zip(own, bounds, strict=True)]
    gone = np.array([part.T @ x for part, x in zip(weighted, own, strict=True)])
    told = plainly_told(rows.gram - np.array([x.T @ x for x in own]))
    return gone, told & plainly_told(rows.series.second - gone)


def _by_series(
    rows: _Rows, some: Bounds, gone: FloatArray, order: int
) -> tuple[FloatArray, FloatArray]:
    """Find moves that make the series of the score vanish, and their error by its next term."""
    series, inverse = rows.series, np.linalg.inv(rows.series.second - gone)
    moves = np.zeros((len(some), gone.shape[1]))
    with np.errstate(all="ignore"):
        for _ in range(MAX_STEPS):
            terms = series.gains(moves, order)
            left = rows.score - sum(terms) - rows.own(moves, some)
            step = np.einsum("nab,nb->na", inverse, left)
            moves = moves + step
            if not np.nanmax(np.abs(step)) > STEP_TOLERANCE:
                break
        size = np.sqrt(((moves @ series.second) * moves).sum(1) / rows.mu.sum())
        before, last = (
            np.abs(np.einsum("nab,nb->na", inverse, term)).max(1) for term in terms[-2:]
        )
        # The next term is to the last as the last to the one before, times 3/4 (after the third)
        # or 2/3 (after the second) for factorials; where the last is nil by chance, as the size.
        error = last * np.fmax((0.75 if order == 3 else 2 / 3) * last / before, size)
        if order == 2:
            error = np.fmax(error, before * size**2)
    error[np.abs(step).max(1) > STEP_TOLERANCE] = np.inf
    return moves, np.asarray(error)


def _by_sums(rows: _Rows, some: Bounds, gone: FloatArray, moves: FloatArray) -> FloatArray:
    """Find moves that make the score of the other rows vanish, with all rows summed."""
    moves = np.nan_to_num(moves, posinf=0.0, neginf=0.0)
    left, before = np.arange(len(moves)), np.zeros(len(moves))
    with np.errstate(all="ignore"):
        for _ in range(MAX_STEPS):
            now = moves[left]
            score = rows.all(now) - rows.own(now, some[left])
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
