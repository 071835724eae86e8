"""Sums over rows at many coefficients close to one, by a series where rows times fits are many.

With each of thousands of clusters left out in turn, coefficients hardly move. Sums over all rows at
each of them then follow from a few sums at the full fit; where one moves far, it is summed in full.
"""

from __future__ import annotations

import numpy as np

from officer_assaults.stats.intervals import FloatArray

#: Up to so many rows times fits, every fit is summed over every row.
MOST_AT_ONCE = 20_000_000
#: Mean square change of the linear predictor up to which the series is good to 1e-8.
CLOSE = 2.5e-6


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
        To second order in the change of coefficients where rows times fits are very many.
    """
    if len(x) * len(betas) <= MOST_AT_ONCE:
        return np.asarray(weights @ np.exp(x @ betas.T))
    moves = betas - betas[0]
    at = weights * np.exp(x @ betas[0])
    second = (x * at[:, None]).T @ x
    sums = at.sum() + moves @ (x.T @ at) + ((moves @ second) * moves).sum(1) / 2
    size = (x * np.abs(at)[:, None]).T @ x / np.abs(at).sum() if at.any() else second
    far = np.flatnonzero(((moves @ size) * moves).sum(1) > CLOSE)
    each = max(1, MOST_AT_ONCE // len(x))
    for start in range(0, len(far), each):
        some = far[start : start + each]
        sums[some] = weights @ np.exp(x @ betas[some].T)
    return np.asarray(sums)


def third_moments(x: FloatArray, mu: FloatArray) -> FloatArray:
    """Third derivative of a Poisson log likelihood, ``sum_i mu_i x_ia x_ib x_ic``, sign apart."""
    k = x.shape[1]
    out = np.empty((k, k, k))
    for a in range(k):
        rest = x[:, a:]
        block = (rest * (mu * x[:, a])[:, None]).T @ rest
        out[a, a:, a:] = out[a:, a, a:] = out[a:, a:, a] = block
    return out
