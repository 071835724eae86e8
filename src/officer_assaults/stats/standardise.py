"""What a page states of a fitted rate model: one rate ratio, whatever else the model holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal
from officer_assaults.stats.designs import has_intercept
from officer_assaults.stats.intervals import FloatArray, Interval, Limits

#: Step of a slope, as a part of the spread of its column.
STEP = 1e-4


@dataclass(frozen=True, slots=True)
class Contrast(Limits, Shown):
    """A weighted sum of coefficients: on the log scale, and as a rate ratio."""

    estimate: float
    se: float
    p: float
    ratio: float
    lower: float
    upper: float
    label: str = ""

    @property
    def log_interval(self) -> Interval:
        """Limits on the log scale."""
        return Interval(math.log(self.lower), math.log(self.upper))

    def table(self) -> pd.DataFrame:
        """Give the rate ratio with its interval, in one row: term, rate ratio, lower, upper, p."""
        row = (self.label, self.ratio, self.lower, self.upper, self.p)
        return pd.DataFrame([row], columns=["term", "rate ratio", "lower", "upper", "p"])

    def title(self) -> str:
        """Say that it is a ratio."""
        return f"Rate ratio: {self.label}"


def combine(fit: Any, estimate: float, weights: FloatArray, label: str, alpha: float) -> Contrast:
    """Put error, limits and p on a sum of coefficients, or on what a gradient makes one.

    Parameters
    ----------
    fit : RateModel or another result with ``vcov`` and ``reference_df``
    estimate : float
        On the log scale.
    weights : ndarray, shape (k,)
        Weight or gradient of each coefficient.
    label : str
    alpha : float
        One minus the coverage.
    """
    se = math.sqrt(float(weights @ np.asarray(fit.vcov) @ weights))
    half = float(stats.t.isf(alpha / 2, fit.reference_df)) * se
    return Contrast(
        estimate=estimate,
        se=se,
        p=float(2 * stats.t.sf(abs(estimate) / se, fit.reference_df)),
        ratio=math.exp(estimate),
        lower=math.exp(estimate - half),
        upper=math.exp(estimate + half),
        label=label,
    )


#: Rows whose designs are held together.
ROWS_AT_ONCE = 100_000


def standardised_ratio(
    fit: Any, frame: pd.DataFrame, arm: str, exposure: str, alpha: float = 0.05
) -> Contrast:
    """Rate ratio of all exposure in one arm over all of it in the other.

    Without terms in which the arm meets another column this is the arm's own rate ratio; with them
    it is the one over the mix of the rows, which no coefficient gives.

    Parameters
    ----------
    fit : RateModel or another result with ``design``, ``coefficients``, ``vcov``, ``reference_df``
    frame : DataFrame
        Rows of the mix.
    arm : str
        Column of 0 and 1 that is compared.
    exposure : str
        Column of exposure.
    alpha : float
        One minus the coverage.

    Returns
    -------
    Contrast
        Error by the delta method (Greenland 2004, Am J Epidemiol 160:301), on the log scale.
    """
    weight = frame[exposure].to_numpy(float)
    return combine(fit, *_over_arms(fit, frame, weight, [arm]), f"{arm}, standardised", alpha)


def effect(fit: Any, term: str, *, treated: bool = False) -> Contrast:
    """Rate ratio that a page states of a column, or of a meeting of two, ``"a:b"``.

    The coefficient, where the column stands in one plain term. Where it also meets others, or is
    bent, no coefficient is its ratio: then of a column of 0 and 1 the ratio of all exposure at 1
    over all of it at 0, of a meeting of two the ratio of such ratios, and of another column the
    mean slope, all over the mix of the fitted rows; of those alone that stand at 1, if ``treated``.

    Raises
    ------
    Refusal
        E125 if the model does not hold the column, or holds two without their meeting; E114 if a
        term of it rests on one cluster; E122 if the model has no level of its own.
    """
    stated = check_stated(fit, term)
    names = term.split(":")
    if len(stated) == 1 and stated[0] in (term, ":".join(reversed(names))):
        weights = np.array([float(name == stated[0]) for name in fit.vcov.columns])
        return combine(
            fit, float(weights @ np.asarray(fit.coefficients)), weights, term, fit.spec.alpha
        )
    frame = fit._frame
    weight = np.exp(fit.rows.log_exposure)
    if treated:
        weight = weight * (frame[names].to_numpy(float) == 1).all(axis=1)
    if all(set(frame[name].unique()) <= {0, 1} for name in names):
        found = _over_arms(fit, frame, weight, names)
    elif len(names) == 1 and pd.api.types.is_numeric_dtype(frame[term]):
        found = _mean_slope(fit, frame, weight, term)
    else:
        what = f"this model has no one rate ratio of '{term}', which this page states."
        raise Refusal.of("E125", what, f"Keep {term} as a plain term.")
    return combine(fit, *found, f"{term}, standardised", fit.spec.alpha)


def check_stated(fit: Any, term: str) -> list[str]:
    """Give the terms of a model that hold a column, or two together.

    Raises
    ------
    Refusal
        As :func:`effect`.
    """
    names = term.split(":")
    held = [one for one, columns in _terms(fit) if set(names) <= columns]
    if not held:
        what = (
            f"the model '{fit.spec.formula}' has no term '{term}', and this page states its ratio."
        )
        remedy = f"Put '+ {term}' back, or take out the cells that speak of it."
        raise Refusal.of("E125", what, remedy)
    for one, place in fit._info.term_name_slices.items():
        blank = set(fit._info.column_names[place]) & set(getattr(fit, "unsupported", ()))
        if one in held and blank:
            what = f"the term '{min(blank)}' rests on one cluster, or has no error of its own."
            remedy = "Cluster by a finer unit, use model errors, or take the term out."
            raise Refusal.of("E114", what, remedy)
    if "Intercept" not in fit.vcov.columns and not has_intercept(fit.rows.matrix):
        what = f"the model '{fit.spec.formula}' has no level of its own: ratios would be of 1."
        raise Refusal.of("E122", what, "Take the 0 or -1 out of the formula.")
    return held


def _terms(fit: Any) -> Iterator[tuple[str, set[str]]]:
    for term in fit._info.terms:
        factors = " ".join(re.sub(r"'.*?'|\".*?\"", "", each.name()) for each in term.factors)
        words = set(re.findall(r"\w+", factors))
        yield term.name(), words & set(fit._frame.columns)


def _over_arms(
    fit: Any, frame: pd.DataFrame, weight: FloatArray, arms: list[str]
) -> tuple[float, FloatArray]:
    """Log ratio of totals at 1 and 0 of a column, or of two such ratios, with its gradient."""
    ratio, gradient = 1.0, np.zeros(len(fit.vcov))
    for values in product((1.0, 0.0), repeat=len(arms)):
        total, slope = 0.0, np.zeros(len(fit.vcov))
        for start in range(0, len(frame), ROWS_AT_ONCE):
            some = frame.iloc[start : start + ROWS_AT_ONCE]
            x = fit.design(some.assign(**dict(zip(arms, values, strict=True)))).to_numpy()
            rate = np.exp(x @ np.asarray(fit.coefficients, dtype=float))
            rate = weight[start : start + ROWS_AT_ONCE] * rate
            total, slope = total + float(rate.sum()), slope + rate @ x
        sign = (-1.0) ** values.count(0.0)
        ratio *= total**sign
        gradient += sign * (slope / total)
    return math.log(ratio), gradient


def _mean_slope(
    fit: Any, frame: pd.DataFrame, weight: FloatArray, column: str
) -> tuple[float, FloatArray]:
    """Mean slope of the log rate on a column, rows weighted by their fitted counts."""
    values = frame[column].to_numpy(float)
    # Inwards, since a spline is not known beyond its ends.
    step = np.where(values > np.median(values), -1, 1) * STEP * float(values.std())
    x = fit.design(frame).to_numpy()
    slope = (fit.design(frame.assign(**{column: values + step})).to_numpy() - x) / step[:, None]
    beta = np.asarray(fit.coefficients, dtype=float)
    rate = weight * np.exp(x @ beta)
    gradient = rate @ slope / rate.sum()
    return float(gradient @ beta), gradient
