"""Checks of a design before and after a fit: aliased terms, arms without events, lost totals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, optimize

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import FloatArray

BALANCE_TOLERANCE = 1e-6
RANK_TOLERANCE = 1e-9
#: Cholesky pivots and singular values of a scaled design that no rounding could feign.
PLAINLY = 1e-4
#: Rows from which sums of products are taken in place of decompositions of all rows.
MANY_ROWS = 50_000
INTERCEPT_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Balance(Shown):
    """Observed total against the total that the model predicts for the same rows.

    Parameters
    ----------
    observed, predicted : float
        Sums of counts.
    """

    observed: float
    predicted: float

    @property
    def relative(self) -> float:
        """Predicted over observed, minus 1."""
        return self.predicted / self.observed - 1


def check_balance(
    observed: ArrayLike, predicted: ArrayLike, tolerance: float = BALANCE_TOLERANCE
) -> Balance:
    """Check that predicted counts add up to the observed ones.

    A Poisson model with an intercept reproduces its own total exactly, so a difference means that
    an exposure, a row or a term was lost on the way.

    Parameters
    ----------
    observed, predicted : array_like, shape (n,)
        Counts and predicted counts of the same rows.
    tolerance : float
        Largest relative difference.

    Raises
    ------
    ValueError
        If the totals differ by more, or nothing was observed.
    """
    balance = Balance(float(np.sum(observed)), float(np.sum(predicted)))
    if not balance.observed > 0:
        raise ValueError("no event observed: totals cannot be compared")
    if not abs(balance.relative) <= tolerance:
        raise ValueError(
            f"predicted counts add up to {balance.predicted:.6g}, observed ones to "
            f"{balance.observed:.6g}: an exposure, a row or a term was lost"
        )
    return balance


def check_rank(x: FloatArray, names: list[str]) -> None:
    """Refuse a design whose columns depend on each other, or that has no rows to spare.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design matrix.
    names : list of str
        Term of each column.

    Raises
    ------
    Refusal
        E122, naming each aliased column and the columns that it repeats.
    """
    if x.shape[0] <= x.shape[1]:
        raise Refusal.of(
            "E122",
            f"{x.shape[1]} terms for {x.shape[0]} rows leave nothing to measure error with.",
            "Drop terms, or use finer rows.",
        )
    check_aliases(x, names)


def check_aliases(x: FloatArray, names: list[str]) -> None:
    """Refuse a design whose columns depend on each other, however few its rows are.

    Parameters
    ----------
    x, names
        As for :func:`check_rank`.

    Raises
    ------
    Refusal
        E122, naming each aliased column and the columns that it repeats.
    """
    if len(x) > MANY_ROWS and _plainly_full(x):
        return
    triangle = np.asarray(np.linalg.qr(x, mode="r"))
    scale = np.sqrt((triangle**2).sum(axis=0))
    scaled = triangle / np.where(scale > 0, scale, 1.0)
    if np.linalg.matrix_rank(scaled, tol=RANK_TOLERANCE) == x.shape[1]:
        return
    kept: list[int] = []
    problems = []
    for j, name in enumerate(names):
        weights, *_ = np.linalg.lstsq(scaled[:, kept], scaled[:, j], rcond=None)
        if np.linalg.norm(scaled[:, j] - scaled[:, kept] @ weights) > RANK_TOLERANCE:
            kept.append(j)
            continue
        repeats = [names[i] for i, w in zip(kept, weights, strict=True) if abs(w) > RANK_TOLERANCE]
        problems.append(_aliased(name, repeats))
    raise Refusal(problems)


def triangle(x: FloatArray) -> FloatArray:
    """Triangle of the QR decomposition of a design, for questions of its rank.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Many rows are taken some at a time, so that no second copy of them is held.

    Returns
    -------
    ndarray, shape (min(n, k), k)
    """
    found = np.empty((0, x.shape[1]))
    for start in range(0, len(x), MANY_ROWS):
        rows = np.vstack([found, x[start : start + MANY_ROWS]])
        found = np.asarray(np.linalg.qr(rows, mode="r"))
    return found


def _plainly_full(x: FloatArray) -> bool:
    """Whether a design is of full rank by far; of many rows this is told faster from sums."""
    gram = x.T @ x
    size = np.sqrt(np.diag(gram).clip(1e-300))
    return bool(np.linalg.eigvalsh(gram / np.outer(size, size))[0] > PLAINLY**2)


def check_events(x: FloatArray, y: FloatArray, names: list[str]) -> None:
    """Refuse data in which some coefficient would run to infinity for want of events.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Design matrix of full rank.
    y : ndarray, shape (n,)
        Counts.
    names : list of str
        Term of each column.

    Raises
    ------
    Refusal
        E122, naming the terms involved and how many rows they concern.

    Notes
    -----
    Such a direction leaves rows with events alone and only lowers rows without: Correia,
    Guimaraes and Zylkin (2019), arXiv:1903.01633. Only when the rows with events do not have full
    rank can there be one; then a linear programme looks for it.
    """
    if not (y > 0).any():
        raise Refusal.of(
            "E122", "there is no event in any row.", "Check the counts, or pool periods."
        )
    size = np.sqrt(squares(x))
    free = linalg.null_space(
        np.asarray(np.linalg.qr(x[y > 0] / size, mode="r")), rcond=RANK_TOLERANCE
    )
    if free.shape[1] == 0:
        return
    falls = x[y == 0] / size @ free
    best = optimize.linprog(
        falls.sum(axis=0), A_ub=np.vstack([falls, -falls]), bounds=(None, None),
        b_ub=np.r_[np.zeros(len(falls)), np.ones(len(falls))],
    )  # fmt: skip
    if best.status == 0 and best.fun < -RANK_TOLERANCE:
        direction = free @ best.x
        terms = [n for n, w in zip(names, direction, strict=True) if abs(w) > RANK_TOLERANCE]
        count = int((falls @ best.x < -RANK_TOLERANCE).sum())
        raise Refusal(_no_events(terms, count))


def _aliased(name: str, repeats: list[str]) -> Problem:
    source = f"repeats {' + '.join(repeats)}" if repeats else "is 0 in every row"
    if name.startswith("cr(") and "Intercept" in repeats:
        what = f"the term '{name}' has a level of its own beside the intercept."
        return Problem("E122", what, "Write cr(column, df=..., constraints='center').")
    return Problem(
        "E122",
        f"the term '{name}' {source}: its coefficient cannot be told apart.",
        "Drop the term, or the one that it repeats; write single:night, not single*night, where "
        "night is already a level of another term.",
    )


def _no_events(terms: list[str], rows: int) -> Problem:
    return Problem(
        "E122",
        f"{rows:,} rows that {', '.join(terms)} set apart hold no event: the estimate would be "
        "infinite.",
        "Merge those levels, or drop the term.",
    )


def squares(x: FloatArray) -> FloatArray:
    """Sum of squares of each column; of very many rows without a copy of them."""
    if len(x) > MANY_ROWS:
        return np.asarray(np.einsum("na,na->a", x, x))
    return np.asarray((x**2).sum(axis=0))


def has_intercept(x: FloatArray) -> bool:
    """Whether the columns of a design, shape (n, k), add up to a constant somehow."""
    if any(column[0] != 0 and (column == column[0]).all() for column in x.T):
        return True
    # Columns of large numbers would hide the others.
    scale = np.sqrt(squares(x))
    gram, sums = x.T @ x / np.outer(scale, scale), x.sum(axis=0) / scale
    weights = linalg.solve(gram, sums, assume_a="pos") / scale
    return bool(np.max(np.abs(x @ weights - 1)) < INTERCEPT_TOLERANCE)
