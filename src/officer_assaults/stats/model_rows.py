"""Rows of a rate model and what is asked of it; rows that no fit can use are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.refusals import Refusal, nearest
from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import FloatArray

Family = Literal["poisson", "quasi-poisson", "nb2"]
Covariance = Literal["model", "HC0", "HC1", "cluster"]
Correction = Literal["none", "G/(G-1)", "G/(G-1)*(N-1)/(N-K)"]


@dataclass(frozen=True, slots=True)
class ModelSpec(Shown):
    """What was fitted, in the words of :func:`fit_rate_model`.

    ``correction`` and ``cluster`` are empty unless ``cov`` is "cluster".
    """

    formula: str
    exposure: str
    family: Family
    cov: Covariance
    cluster: str
    correction: str
    alpha: float

    @property
    def kind(self) -> str:
        """Name the regression as a reader knows it."""
        return "Negative binomial" if self.family == "nb2" else self.family.title()

    @property
    def errors(self) -> str:
        """Say of what kind the errors are, as ``errors`` is followed by it."""
        if self.cluster:
            return f"clustered by {self.cluster}"
        return "of the model" if self.cov == "model" else self.cov


@dataclass(frozen=True, slots=True)
class ModelRows(Shown):
    """Rows of a fit, for diagnostics and refits.

    Parameters
    ----------
    y, mu, log_exposure : ndarray, shape (n,)
        Outcome, fitted counts, log of exposure.
    matrix : ndarray, shape (n, k)
        Design matrix.
    groups : ndarray, shape (n,), or None
        Cluster of each row.
    """

    y: FloatArray
    mu: FloatArray
    log_exposure: FloatArray
    matrix: FloatArray
    groups: NDArray[Any] | None


def check_door(formula: str, frame: pd.DataFrame, exposure: object, family: str) -> None:
    """Refuse what a one-line edit of a notebook gets wrong beside the formula."""
    if not isinstance(exposure, str):
        what = "a model of rates needs its exposure."
        raise Refusal.of("E104", what, "Name its column: exposure='officers'.", column="exposure")
    if exposure == formula.split("~")[0].strip():
        what = f"'{exposure}' is the outcome as well: every rate would be 1."
        raise Refusal.of("E104", what, "Name another column.", column="exposure")
    if family not in get_args(Family):
        what = f"no family is called '{family}'."
        known = f"Known: {', '.join(get_args(Family))}; nb2 is the negative binomial."
        raise Refusal.of("E125", what, known, column="family")


def check_options(family: str, cov: str, cluster: str | None, correction: str) -> None:
    """Refuse an unknown family, covariance or correction, and a cluster without need."""
    for what, given, known in (
        ("family", family, get_args(Family)),
        ("cov", cov, get_args(Covariance)),
        ("correction", correction, get_args(Correction)),
    ):
        if given not in known:
            raise ValueError(f"{what} must be one of {', '.join(known)}, not {given!r}")
    if (cov == "cluster") != (cluster is not None):
        raise ValueError("cov='cluster' and cluster=<column> go together")


def _column(frame: pd.DataFrame, name: str, code: str) -> FloatArray:
    if name not in frame.columns:
        what = f"no column is called '{name}'."
        raise Refusal.of(code, what, nearest(name, list(frame.columns)), column=name)
    values = pd.to_numeric(frame[name], errors="coerce")
    return np.array(values, dtype=float)


def count_column(frame: pd.DataFrame, name: str) -> FloatArray:
    """Read the outcome: whole numbers from 0."""
    values = _column(frame, name, "E102")
    good = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
    _refuse_rows(good, frame, name, "E102", "Counts are whole numbers of 0 or more.")
    return values


def exposure_column(frame: pd.DataFrame, name: str) -> FloatArray:
    """Read the exposure: numbers above 0."""
    values = _column(frame, name, "E104")
    refuse_bad_exposure(values, frame.index, name)
    return values


def cluster_column(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    """Read the cluster of each row."""
    if name not in frame.columns:
        what = f"no column is called '{name}'."
        raise Refusal.of("E125", what, nearest(name, list(frame.columns)), column=name)
    missing = frame[name].isna().to_numpy()
    _refuse_rows(~missing, frame, name, "E125", "Every row needs its cluster.")
    codes, labels = pd.factorize(frame[name], sort=True)
    if len(labels) < 2:
        what = f"'{name}' has one cluster only."
        raise Refusal.of("E114", what, "Cluster by a finer unit.", column=name)
    return np.asarray(labels)[codes]


def refuse_bad_exposure(values: FloatArray, index: pd.Index, name: str) -> None:
    """Refuse rows whose exposure is no number above 0."""
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        first = int(np.argmin(good))
        raise Refusal.of(
            "E104",
            f"exposure is {values[first]:g} in row {index[first]} "
            f"({int((~good).sum()):,} of {len(good):,} rows are not above 0).",
            "Give every row its exposure, or leave out rows that had none.",
            column=name,
        )


def _refuse_rows(
    good: NDArray[np.bool_], frame: pd.DataFrame, name: str, code: str, remedy: str
) -> None:
    if not good.all():
        first = int(np.argmin(good))
        what = (
            f"'{frame[name].iloc[first]}' in row {frame.index[first]} "
            f"({int((~good).sum()):,} of {len(good):,} rows)."
        )
        raise Refusal.of(code, what, remedy, column=name)
