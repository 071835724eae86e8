"""Support: how many clusters stand behind each term of a model, and what that leaves to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import DesignInfo

from officer_assaults.stats import near
from officer_assaults.stats.designs import MANY_ROWS, squares

FloatArray = NDArray[np.float64]
#: A robust error that is this small a part of the model's is rounding, not knowledge.
LEAST_PART = 1e-6
#: Condition number of the scaled design; the normal equations square it, and hold 16 digits.
ILL_CONDITIONED = 1e6
#: Clusters on the thinner side of a term below which its own error is too small.
FEW = 5
_MOST_NAMED = 3


def clusters_behind(matrix: FloatArray, groups: NDArray[Any]) -> NDArray[np.int64]:
    """Clusters that tell something of each column.

    A column's commonest value is its background. Behind it stand the clusters with another value
    in any row; a column of two values also needs clusters on the other side, and the smaller
    number counts. A dummy of one cluster has 1: its cluster sandwich is zero by construction
    (Cameron and Miller, 2015, section IV.B; MacKinnon and Webb, 2018).

    Parameters
    ----------
    matrix : ndarray, shape (n, k)
        Design matrix.
    groups : ndarray, shape (n,)
        Cluster of each row.

    Returns
    -------
    ndarray of int, shape (k,)
        All clusters for a column that never changes, such as the intercept.
    """
    codes, labels = pd.factorize(groups)
    total = len(labels)
    return np.array([_behind(column, codes, total) for column in matrix.T], dtype=np.int64)


def _behind(column: FloatArray, codes: NDArray[Any], total: int) -> int:
    first = column == column[0]
    if first.all():
        return total
    if (first | (column == column[first.argmin()])).all():
        return min(_clusters_in(codes[first], total), _clusters_in(codes[~first], total))
    which, values = pd.factorize(column)
    counts = np.bincount(which)
    return _clusters_in(codes[column != values[counts == counts.max()].min()], total)


def _clusters_in(codes: NDArray[Any], total: int) -> int:
    seen = np.zeros(total, dtype=bool)
    seen[codes] = True
    return int(seen.sum())


def without_width(
    matrix: FloatArray, weights: FloatArray, errors: FloatArray, behind: NDArray[np.int64] | None
) -> NDArray[np.bool_]:
    """Whether a coefficient's robust error says nothing: one cluster behind it, or mere rounding.

    Parameters
    ----------
    matrix : ndarray, shape (n, k)
    weights : ndarray, shape (n,)
        Working weights; the inverse of ``X'WX`` is the model's covariance.
    errors : ndarray, shape (k,)
        Robust standard errors.
    behind : ndarray of int, shape (k,), optional
        From :func:`clusters_behind`.
    """
    if len(matrix) > MANY_ROWS:
        information = near.second_moments(matrix, weights)
    else:
        information = matrix.T @ (matrix * weights[:, None])
    of_model = standard_errors(np.asarray(np.linalg.pinv(information), dtype=float))
    rounding = ~(errors > LEAST_PART * of_model)
    return rounding if behind is None else rounding | (behind <= 1)


def standard_errors(covariance: FloatArray) -> FloatArray:
    """Roots of a diagonal, shape (k,); what rounding left below 0 is 0."""
    roots: FloatArray = np.sqrt(np.diag(covariance).clip(min=0.0))
    return roots


def cautions(
    info: DesignInfo,
    matrix: FloatArray,
    blank: NDArray[np.bool_],
    behind: NDArray[np.int64] | None,
) -> Iterator[str]:
    """Sentences about terms that rest on few clusters or hardly differ from others."""
    names = np.array(info.column_names)
    if blank.any():
        yield (
            f"{_listed(names[blank])} rests on one cluster, or its robust error is zero but for "
            "rounding: no interval can be given for it."
        )
    if behind is not None:
        few = (behind < FEW) & (behind > 1) & ~blank
        if few.any() and behind.max() >= FEW:
            least = int(behind[few].min())
            yield f"{_listed(names[few])} rests on {least} clusters or few more: too narrow."
    if _condition(matrix) > ILL_CONDITIONED:
        yield "Some terms are almost sums of others: their estimates hang on the last digits."


def _condition(matrix: FloatArray) -> float:
    scale = np.sqrt(squares(matrix))
    scale = np.where(scale > 0, scale, 1.0)
    if len(matrix) <= MANY_ROWS:
        return float(np.linalg.cond(matrix / scale))
    least, *_, most = np.linalg.eigvalsh(matrix.T @ matrix / np.outer(scale, scale))
    return float(np.sqrt(most / max(least, np.finfo(float).tiny)))


def _listed(names: Sequence[str] | NDArray[Any]) -> str:
    shown = ", ".join(f"'{name}'" for name in list(names)[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
