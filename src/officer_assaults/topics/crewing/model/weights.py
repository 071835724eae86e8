"""Weighting instead of modelling the outcome: who gets which crew, and where both kinds meet."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

from officer_assaults.shown import Shown
from officer_assaults.stats.designs import MANY_ROWS
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.stats.intervals import check_alpha
from officer_assaults.stats.many_rows import fit_logit
from officer_assaults.stats.near import second_moments
from officer_assaults.stats.newton import fit_design
from officer_assaults.topics.crewing.model.arms import arms_of
from officer_assaults.topics.crewing.model.cells import CrewData, pool
from officer_assaults.topics.crewing.model.ratios import Sensitivity

FloatArray = NDArray[np.float64]
Estimator = Literal["IPW", "AIPW", "overlap"]

HIGH_SHARE = 0.95
#: Least share of a term that the others must leave unexplained.
VARIANCE_LEFT_RULE = 0.1
BINS = 20


@dataclass(frozen=True, slots=True)
class Propensity(Shown):
    """Chance of a double crew for each officer-hour, given what is known at deployment.

    Attributes
    ----------
    frame : pandas.DataFrame
        Pooled cells: cluster, single, victims, officer_hours, chance_double.
    matrix : array, shape (rows, terms)
        Design of the fractional logit model.
    """

    frame: pd.DataFrame
    matrix: FloatArray


def propensity(data: CrewData, terms: Sequence[str] | None = None) -> Propensity:
    """Fractional logit of the double-crewed share of officer-hours on the adjustment terms.

    Parameters
    ----------
    data : CrewData
    terms : sequence of str, optional
        By default those of the data.
    """
    terms = data.terms if terms is None else tuple(terms)
    formula = check_formula(
        f"victims ~ {' + '.join(terms) if terms else '1'}", list(data.frame.columns)
    )
    pooled = pool(
        data.frame, [data.cluster, "single", *formula.columns], ["victims", "officer_hours"]
    )
    matrix, _ = build_design(formula, pooled)
    x = matrix.to_numpy()
    hours = pooled["officer_hours"].to_numpy(float)
    double = 1 - pooled["single"].to_numpy(float)
    chance = np.clip(_fitted_chance(x, double, hours / hours.mean()), 1e-9, 1 - 1e-9)
    return Propensity(pooled.assign(chance_double=chance, cluster=pooled[data.cluster]), x)


def _fitted_chance(x: FloatArray, double: FloatArray, weights: FloatArray) -> FloatArray:
    if len(x) > MANY_ROWS:
        with contextlib.suppress(ValueError):
            return fit_logit(x, double, weights)
    model = sm.GLM(double, x, family=sm.families.Binomial(), freq_weights=weights)
    with warnings.catch_warnings():
        # Crews told apart without exception are what overlap() is there to show.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        return np.asarray(model.fit(tol=1e-12).fittedvalues)


def weighted_ratio(
    data: CrewData,
    estimator: Estimator,
    *,
    chance: Propensity | None = None,
    outcome_terms: Sequence[str] | None = None,
    alpha: float = 0.05,
) -> Sensitivity:
    """Rate ratio per officer-hour, single over double, by weighting.

    Parameters
    ----------
    data : CrewData
    estimator : {"IPW", "AIPW", "overlap"}
        Inverse probability weights with weighted denominators (Hajek); the same with an outcome
        model, right if either model is (doubly robust); overlap weights, for the hours in which
        both kinds of crew are common (Li, Morgan and Zaslavsky 2018, JASA 113:390).
    chance : Propensity, optional
        By default from the terms of the data.
    outcome_terms : sequence of str, optional
        Terms of the outcome model of AIPW; by default those of the data.
    alpha : float
        One minus the coverage.

    Returns
    -------
    Sensitivity
        Limits from whole clusters (t with G - 1 degrees of freedom). IPW and overlap weights count
        the error of the estimated chance in; AIPW uses its influence function. Where a few hours
        weigh so much that an arm has no victims left, AIPW is ``nan`` between 0 and ``inf``.
    """
    check_alpha(alpha)
    chance = propensity(data) if chance is None else chance
    frame = chance.frame
    single = frame["single"].to_numpy(float)
    hours = frame["officer_hours"].to_numpy(float)
    victims = frame["victims"].to_numpy(float)
    double = frame["chance_double"].to_numpy(float)
    weight = _weights(estimator, single, double)
    if estimator == "AIPW":
        log_ratio, scores = _augmented(data, chance, outcome_terms, weight)
        if math.isnan(log_ratio):
            return Sensitivity(estimator, math.nan, 0.0, math.inf)
    else:
        log_ratio, scores = _weighted(single, hours, victims, weight)
        if estimator == "overlap":
            scores = scores + _overlap_correction(chance, single, hours, victims, double)
        else:
            scores = scores + _inverse_correction(chance, single, hours, victims, double)
    codes = pd.factorize(frame["cluster"])[0]
    by_cluster = np.bincount(codes, weights=scores)
    groups = len(by_cluster)
    se = math.sqrt(groups / (groups - 1) * float((by_cluster**2).sum()))
    half = float(stats.t.isf(alpha / 2, groups - 1)) * se
    return Sensitivity(
        estimator,
        math.exp(log_ratio),
        math.exp(log_ratio - half),
        math.exp(log_ratio + half),
    )


def _weights(estimator: Estimator, single: FloatArray, double: FloatArray) -> FloatArray:
    own = np.where(single == 1, 1 - double, double)
    return 1 - own if estimator == "overlap" else 1 / own


def _arms(
    single: FloatArray, hours: FloatArray, victims: FloatArray, weight: FloatArray
) -> tuple[float, float, float, float]:
    one, two = single == 1, single == 0
    return (
        float((weight * victims)[one].sum()),
        float((weight * hours)[one].sum()),
        float((weight * victims)[two].sum()),
        float((weight * hours)[two].sum()),
    )


def _weighted(
    single: FloatArray, hours: FloatArray, victims: FloatArray, weight: FloatArray
) -> tuple[float, FloatArray]:
    y1, h1, y0, h0 = _arms(single, hours, victims, weight)
    rate1, rate0 = y1 / h1, y0 / h0
    scores = weight * np.where(
        single == 1, (victims - rate1 * hours) / y1, -(victims - rate0 * hours) / y0
    )
    return math.log(rate1 / rate0), scores


def _chance_influence(
    chance: Propensity,
    single: FloatArray,
    hours: FloatArray,
    double: FloatArray,
    gradient: FloatArray,
) -> FloatArray:
    """Influence of each row on a sum of coefficients of the fractional logit, shape (rows,)."""
    x, rest = chance.matrix, hours * (1 - single - double)
    weights = hours * double * (1 - double)
    if len(x) > MANY_ROWS:
        return np.asarray((x @ np.linalg.solve(second_moments(x, weights), gradient)) * rest)
    information = (x * weights[:, None]).T @ x
    return np.asarray(np.linalg.solve(information, (x * rest[:, None]).T).T @ gradient)


def _inverse_correction(
    chance: Propensity,
    single: FloatArray,
    hours: FloatArray,
    victims: FloatArray,
    double: FloatArray,
) -> FloatArray:
    weight = np.where(single == 1, 1 / (1 - double), 1 / double)
    # d weight / d (x beta): the chance of a double crew raises a single row's weight.
    slope = np.where(single == 1, double / (1 - double), -(1 - double) / double)
    return _correction(chance, single, hours, victims, double, weight, slope)


def _overlap_correction(
    chance: Propensity,
    single: FloatArray,
    hours: FloatArray,
    victims: FloatArray,
    double: FloatArray,
) -> FloatArray:
    weight = np.where(single == 1, double, 1 - double)
    slope = np.where(single == 1, 1.0, -1.0) * double * (1 - double)
    return _correction(chance, single, hours, victims, double, weight, slope)


def _correction(
    chance: Propensity,
    single: FloatArray,
    hours: FloatArray,
    victims: FloatArray,
    double: FloatArray,
    weight: FloatArray,
    slope: FloatArray,
) -> FloatArray:
    """Share of each row's influence that comes through the estimated chance."""
    y1, h1, y0, h0 = _arms(single, hours, victims, weight)
    rate1, rate0 = y1 / h1, y0 / h0
    per_row = slope * np.where(
        single == 1, (victims - rate1 * hours) / y1, -(victims - rate0 * hours) / y0
    )
    gradient = chance.matrix.T @ per_row
    return _chance_influence(chance, single, hours, double, gradient)


def _augmented(
    data: CrewData, chance: Propensity, outcome_terms: Sequence[str] | None, weight: FloatArray
) -> tuple[float, FloatArray]:
    frame = chance.frame
    terms = data.terms if outcome_terms is None else tuple(outcome_terms)
    formula = check_formula(f"victims ~ {' + '.join(['single', *terms])}", list(frame.columns))
    matrix, info = build_design(formula, frame)
    x = matrix.to_numpy()
    hours, victims = frame["officer_hours"].to_numpy(float), frame["victims"].to_numpy(float)
    fit = fit_design(x, victims, np.log(hours))
    single = frame["single"].to_numpy(float)
    expected, parts = [], []
    # Terms in which the crew meets another column follow it.
    arms = arms_of(matrix, formula, info, frame)
    for arm, design in zip((1.0, 0.0), arms, strict=True):
        mean = hours * design.rates(fit.coefficients)
        own = np.where(single == arm, weight * (victims - mean), 0.0)
        part = mean + own
        expected.append(float(part.sum()))
        parts.append(part - hours * part.sum() / hours.sum())
    if min(expected) <= 0:
        return math.nan, np.zeros(len(frame))
    scores = parts[0] / expected[0] - parts[1] / expected[1]
    return math.log(expected[0] / expected[1]), scores


@dataclass(frozen=True, slots=True)
class Overlap(Shown):
    """Where both kinds of crew are found.

    Attributes
    ----------
    histogram : pandas.DataFrame
        chance (middle of the bin), single, double: share of each arm's officer-hours.
    one_sided_hours : float
        Share of officer-hours in which a double crew is more than 95% or less than 5% likely.
    variance_left : float
        Share of the variance of ``single`` that adjustment leaves to compare with.
    """

    histogram: pd.DataFrame
    one_sided_hours: float
    variance_left: float

    @property
    def compares(self) -> bool:
        """Whether enough is left to compare with; weights would else rest on a few odd hours."""
        return self.variance_left >= VARIANCE_LEFT_RULE


def overlap(chance: Propensity) -> Overlap:
    """How far the two arms share the same kinds of hours.

    Parameters
    ----------
    chance : Propensity
    """
    frame = chance.frame
    hours = frame["officer_hours"].to_numpy(float)
    double = frame["chance_double"].to_numpy(float)
    single = frame["single"].to_numpy(float)
    edges = np.linspace(0, 1, BINS + 1)
    shares = {}
    for name, arm in (("single", 1.0), ("double", 0.0)):
        counts, _ = np.histogram(double[single == arm], edges, weights=hours[single == arm])
        shares[name] = counts / hours[single == arm].sum()
    extreme = (double > HIGH_SHARE) | (double < 1 - HIGH_SHARE)
    average = float((hours * single).sum() / hours.sum())
    left = float((hours * double * (1 - double)).sum() / hours.sum()) / (average * (1 - average))
    return Overlap(
        pd.DataFrame({"chance": (edges[:-1] + edges[1:]) / 2, **shares}),
        float(hours[extreme].sum() / hours.sum()),
        left,
    )
