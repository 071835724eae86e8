"""Poisson rate models fitted to sums over patterns of covariates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, special

from officer_assaults.stats.designs import check_events, check_rank
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.newton import MAX_HALVINGS, MAX_STEPS, STEP_TOLERANCE
from officer_assaults.stats.pattern_design import PatternDesign
from officer_assaults.stats.roster_access import RosterSumsLike

#: Smallest eigenvalue of a scaled cross-product that still tells terms apart.
GRAM_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class PatternSums:
    """Sums over the rows of each pattern, shape (patterns,) each, and three over all rows.

    Parameters
    ----------
    n, y, e : ndarray
        Rows, counts, exposure.
    ee : ndarray or None
        Sums of e², where they were asked for.
    ye, yy, yy_over_e : ndarray
        Sums of ye, y² and y²/e.
    y_log_rate, y_log_y, log_factorial : float
        Sums of y log(e), y log(y) and log(y!).
    """

    n: FloatArray
    y: FloatArray
    e: FloatArray
    ee: FloatArray | None
    ye: FloatArray
    yy: FloatArray
    yy_over_e: FloatArray
    y_log_e: float
    y_log_y: float
    log_factorial: float


def pattern_sums(raw: RosterSumsLike) -> PatternSums:
    """Add up by pattern what a fit needs."""
    patterns, events = raw.patterns, raw.events
    place = np.searchsorted(patterns["pattern"].to_numpy(), events["pattern"].to_numpy())
    y, n = events["y"].to_numpy(float), events["n"].to_numpy(float)

    def summed(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(place, values, len(patterns)), dtype=float)

    return PatternSums(
        n=patterns["n"].to_numpy(float),
        y=summed(y * n),
        e=patterns["e"].to_numpy(float),
        ee=patterns["ee"].to_numpy(float) if "ee" in patterns else None,
        ye=summed(y * events["e"].to_numpy(float)),
        yy=summed(y**2 * n),
        yy_over_e=summed(y**2 * events["inverse"].to_numpy(float)),
        y_log_e=float(y @ events["log"].to_numpy(float)),
        y_log_y=float(special.xlogy(y, y) @ n),
        log_factorial=float(special.gammaln(y + 1) @ n),
    )


def check_design(design: PatternDesign, sums: PatternSums, names: list[str]) -> None:
    """Refuse aliased terms and arms without events, as the fit on rows does."""
    if sums.n.sum() <= design.k:
        check_rank(np.zeros((int(sums.n.sum()), design.k)), names)
    gram = design.products(np.ones(len(sums.n)))
    if not _full_rank(gram):
        check_rank(_root(gram), names)
    events = sums.y > 0
    if not events.any() or not _full_rank(design.products(events.astype(float))):
        check_events(design.dense(), sums.y, names)


def _full_rank(gram: FloatArray) -> bool:
    size = np.sqrt(np.diag(gram))
    if not (size > 0).all():
        return False
    return bool(linalg.eigvalsh(gram / np.outer(size, size))[0] > GRAM_TOLERANCE)


def _root(gram: FloatArray) -> FloatArray:
    """Short matrix with the same dependent columns, and a row to spare."""
    size = np.sqrt(np.diag(gram))
    size = np.where(size > 0, size, 1.0)
    values, vectors = linalg.eigh(gram / np.outer(size, size))
    values = np.where(values > GRAM_TOLERANCE, values, 0.0)
    return np.vstack([np.sqrt(values)[:, None] * vectors.T * size, np.zeros(len(gram))])


def fit_patterns(
    design: PatternDesign, y: FloatArray, e: FloatArray, start: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Fit a Poisson rate model to sums over patterns by Newton's method.

    Parameters
    ----------
    design : PatternDesign
    y, e : ndarray, shape (patterns,)
        Counts and exposure.
    start : ndarray, shape (k,), optional

    Returns
    -------
    beta : ndarray, shape (k,)
    mu : ndarray, shape (patterns,)
        Fitted counts.

    Raises
    ------
    ValueError
        If the fit does not settle.
    """
    beta = _start(design, y, e) if start is None else start
    mu, loss = _fitted(design, y, e, beta)
    for _ in range(MAX_STEPS):
        move = linalg.solve(design.products(mu), design.total(y - mu), assume_a="pos")
        move, mu, loss = _step(design, y, e, beta, move, loss)
        beta = beta + move
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            return beta, mu
    raise ValueError(f"the fit did not settle in {MAX_STEPS} steps")


def _step(
    design: PatternDesign,
    y: FloatArray,
    e: FloatArray,
    beta: FloatArray,
    move: FloatArray,
    loss: float,
) -> tuple[FloatArray, FloatArray, float]:
    """Halve a step until it is no step back."""
    for _ in range(MAX_HALVINGS):
        mu, new = _fitted(design, y, e, beta + move)
        if new <= loss + 1e-9 * (abs(loss) + 1):
            break
        move = move / 2
    return move, mu, new


def _start(design: PatternDesign, y: FloatArray, e: FloatArray) -> FloatArray:
    guess = (y + e * y.sum() / e.sum()) / 2
    return np.asarray(
        linalg.solve(
            design.products(guess), design.total(guess * np.log(guess / e)), assume_a="pos"
        )
    )


def _fitted(
    design: PatternDesign, y: FloatArray, e: FloatArray, beta: FloatArray
) -> tuple[FloatArray, float]:
    """Fitted counts, and the part of the negative log likelihood that depends on them."""
    predictor = design.predictor(beta)
    with np.errstate(over="ignore", invalid="ignore"):
        mu = e * np.exp(predictor)
        return mu, float(mu.sum() - y @ predictor)
