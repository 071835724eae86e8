"""Sums over rows at many coefficients close to one, by a series where rows times fits are many.

With each of thousands of clusters left out in turn, coefficients hardly move. Sums over all rows at
each of them then follow from a few sums at the full fit; where one moves far, it is summed in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from officer_assaults.stats.intervals import FloatArray

#: Up to so many rows times fits, every fit is summed over every row.
MOST_AT_ONCE = 2_000_000
#: Mean square change of the linear predictor up to which sums to third order are good to 1e-7.
CLOSE = 2.5e-4
#: The same to second order.
CLOSER = 1e-6
#: Work on one row of one fit beside products: an exponential.
WORK_OF_EXP = 40
FITS_AT_ONCE = 500
#: Rows that are worked on together: their products stay near the processor.
ROWS_AT_ONCE = 2_048


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
        To second or third order in the change of coefficients where rows times fits are very
        many and that is enough.
    """
    if len(x) * len(betas) <= MOST_AT_ONCE:
        return np.asarray(weights @ np.exp(x @ betas.T))
    if not weights.all():
        used = weights != 0
        x, weights = x[used], weights[used]
    moves = betas - betas[0]
    at = weights * np.exp(x @ betas[0])
    second = second_moments(x, at)
    size = second if (at >= 0).all() else second_moments(x, np.abs(at))
    size = size / (np.abs(at).sum() or 1.0)
    change = ((moves @ size) * moves).sum(1)
    sums = at.sum() + ((x.T @ at + moves @ second / 2) * moves).sum(1)
    apart = np.flatnonzero(change > CLOSER)
    k = x.shape[1]
    if len(apart) * (2 * k + WORK_OF_EXP) > k**3:
        third = np.tensordot(moves[apart], third_moments(x, at), 1)
        sums[apart] += np.einsum("nab,na,nb->n", third, moves[apart], moves[apart]) / 6
        apart = np.flatnonzero(change > CLOSE)
    for start in range(0, len(apart), FITS_AT_ONCE):
        some = apart[start : start + FITS_AT_ONCE]
        sums[some] = _sums_of_rows(x, weights, betas[some])
    return np.asarray(sums)


def _sums_of_rows(x: FloatArray, weights: FloatArray, betas: FloatArray) -> FloatArray:
    out = np.zeros(len(betas))
    for rows in row_blocks(len(x)):
        out += weights[rows] @ np.exp(x[rows] @ betas.T)
    return out


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
    out = np.zeros((k * (k + 1) // 2, k))
    for rows in row_blocks(len(x)):
        own = x[rows]
        out += _pairs_across(own) @ (own * mu[rows, None])
    return symmetric(out, k)


def fourth_moments(x: FloatArray, mu: FloatArray) -> FloatArray:
    """Weighted cross-product of all products of two columns, ``sum_i mu_i x_ia x_ib x_ic x_id``.

    Returns
    -------
    ndarray, shape (k (k + 1) / 2, k (k + 1) / 2)
        Pairs of columns as :func:`pairs_of` orders them; to six digits, as the last and least
        term of a series needs no more and half the digits take half the time.
    """
    root = np.sqrt(mu)
    size = x.shape[1] * (x.shape[1] + 1) // 2
    out = np.zeros((size, size))
    for rows in row_blocks(len(x)):
        pairs = _pairs_across(x[rows])
        # A matrix by itself takes half the work; fitted counts are never negative.
        pairs = (pairs * root[rows]).astype(np.float32)
        out += pairs @ pairs.T
    return out


def _pairs_across(x: FloatArray) -> FloatArray:
    """Give the products of :func:`pairs_of` with rows across, which memory holds in a row."""
    first, second = np.triu_indices(x.shape[1])
    across = np.ascontiguousarray(x.T)
    pairs = across[first]
    pairs *= across[second]
    return pairs


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
    """Score of a Poisson model about its full fit, to second or third order in the coefficients.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    mu : ndarray, shape (n,)
        Fitted counts of the full fit.
    """

    def __init__(self, x: FloatArray, mu: FloatArray) -> None:
        self._x, self._mu = x, mu
        self.second, self.third = second_moments(x, mu), third_moments(x, mu)
        first, other = np.triu_indices(x.shape[1])
        self._times = np.where(first == other, 1.0, 2.0)

    @cached_property
    def fourth(self) -> FloatArray:
        """What third order needs: the most work of all, so only where it is asked for."""
        return fourth_moments(self._x, self._mu)

    def gains(self, moves: FloatArray, order: int) -> list[FloatArray]:
        """Change of ``sum_i mu_i x_i`` at each of many moves: as many terms of shape (m, k)."""
        squared = np.einsum("nab,nb->na", np.tensordot(moves, self.third, 1), moves) / 2
        terms = [moves @ self.second, np.asarray(squared)]
        if order == 3:
            pairs = (pairs_of(moves) * self._times) @ self.fourth
            cubed = symmetric(pairs.T, moves.shape[1])
            terms.append(np.asarray(np.einsum("abn,nb->na", cubed, moves) / 6))
        return terms

    def slopes(self, moves: FloatArray) -> FloatArray:
        """Information at each of many moves, to first order, shape (m, k, k)."""
        return np.asarray(self.second + np.tensordot(moves, self.third, 1))
