"""Sums over rows at many coefficients close to one, by a series where rows times fits are many.

With each of thousands of clusters left out in turn, coefficients hardly move. Sums over all rows at
each of them then follow from a few sums at the full fit; where one moves far, it is summed in full.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from officer_assaults.stats.intervals import FloatArray

#: Up to so many rows times fits, every fit is summed over every row.
MOST_AT_ONCE = 20_000_000
#: Mean square change of the linear predictor up to which sums to third order are good to 1e-7.
CLOSE = 2.5e-4
#: Rows that are worked on together: their products stay near the processor.
ROWS_AT_ONCE = 8_192


def rate_sums(x: FloatArray, weights: FloatArray, betas: FloatArray) -> FloatArray:
    """Weighted sums of fitted rates, ``sum_i w_i exp(x_i b)``, for each of many coefficients.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    weights : ndarray, shape (n,)
    betas : ndarray, shape (m, k)
        The first is the full fit, near which the others lie.

    Returns
    -------
    ndarray, shape (m,)
        To third order in the change of coefficients where rows times fits are very many.
    """
    if len(x) * len(betas) <= MOST_AT_ONCE:
        return np.asarray(weights @ np.exp(x @ betas.T))
    moves = betas - betas[0]
    at = weights * np.exp(x @ betas[0])
    second, third = second_moments(x, at), third_moments(x, at)
    # Innermost first: at + x (at + ...), each power of the move over its factorial.
    inner = second / 2 + np.tensordot(moves, third, 1) / 6
    slopes = x.T @ at + np.einsum("nab,nb->na", inner, moves)
    sums = at.sum() + (slopes * moves).sum(1)
    size = second_moments(x, np.abs(at)) / np.abs(at).sum() if at.any() else second
    far = np.flatnonzero(((moves @ size) * moves).sum(1) > CLOSE)
    each = max(1, MOST_AT_ONCE // len(x))
    for start in range(0, len(far), each):
        some = far[start : start + each]
        sums[some] = weights @ np.exp(x @ betas[some].T)
    return np.asarray(sums)


def row_blocks(rows: int) -> Iterator[slice]:
    """Slices of rows that are worked on together."""
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))


def second_moments(x: FloatArray, mu: FloatArray) -> FloatArray:
    """Weighted cross-product, ``sum_i mu_i x_ia x_ib``."""
    out = np.zeros((x.shape[1], x.shape[1]))
    for rows in row_blocks(len(x)):
        out += (x[rows] * mu[rows, None]).T @ x[rows]
    return out


def third_moments(x: FloatArray, mu: FloatArray) -> FloatArray:
    """Third derivative of a Poisson log likelihood, ``sum_i mu_i x_ia x_ib x_ic``, sign apart."""
    k = x.shape[1]
    out = np.zeros((k, k, k))
    for rows in row_blocks(len(x)):
        pairs = pairs_of(x[rows])
        out += symmetric((pairs * mu[rows, None]).T @ x[rows], k)
    return out


def fourth_moments(x: FloatArray, mu: FloatArray) -> FloatArray:
    """Weighted cross-product of all products of two columns, ``sum_i mu_i x_ia x_ib x_ic x_id``.

    Returns
    -------
    ndarray, shape (k (k + 1) / 2, k (k + 1) / 2)
        Pairs of columns as :func:`pairs_of` orders them.
    """
    size = x.shape[1] * (x.shape[1] + 1) // 2
    out = np.zeros((size, size))
    for rows in row_blocks(len(x)):
        pairs = pairs_of(x[rows])
        out += (pairs * mu[rows, None]).T @ pairs
    return out


def pairs_of(x: FloatArray) -> FloatArray:
    """Products of two columns, each pair once, shape (n, k (k + 1) / 2)."""
    first, second = np.triu_indices(x.shape[1])
    return np.asarray(x[:, first] * x[:, second])


def symmetric(pairs: FloatArray, k: int) -> FloatArray:
    """Fill matrices from upper triangles along the first axis, shape (k, k, ...)."""
    first, second = np.triu_indices(k)
    out = np.empty((k, k, *pairs.shape[1:]))
    out[first, second] = pairs
    out[second, first] = pairs
    return out


class Series:
    """Score of a Poisson model about its full fit, to third order in the change of coefficients.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    mu : ndarray, shape (n,)
        Fitted counts of the full fit.
    """

    def __init__(self, x: FloatArray, mu: FloatArray) -> None:
        self.second, self.third = second_moments(x, mu), third_moments(x, mu)
        self.fourth = fourth_moments(x, mu)
        first, other = np.triu_indices(x.shape[1])
        self._times = np.where(first == other, 1.0, 2.0)

    def gains(self, moves: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Change of ``sum_i mu_i x_i`` at each of many moves: three terms of shape (m, k)."""
        cubed = symmetric(((pairs_of(moves) * self._times) @ self.fourth).T, moves.shape[1])
        third = np.einsum("abn,nb->na", cubed, moves) / 6
        squared = np.einsum("nab,nb->na", np.tensordot(moves, self.third, 1), moves) / 2
        return moves @ self.second, np.asarray(squared), np.asarray(third)

    def slopes(self, moves: FloatArray) -> FloatArray:
        """Information at each of many moves, to first order, shape (m, k, k)."""
        return np.asarray(self.second + np.tensordot(moves, self.third, 1))
