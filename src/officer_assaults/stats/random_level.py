"""Poisson rate models in which every beat, area or officer has a level of its own, drawn at random.

Levels are gamma distributed with mean 1, which gives the likelihood in closed form (Hausman, Hall
and Griliches 1984, Econometrica 52:909; Stata's ``xtpoisson, re``). With a group for every row it
is the negative binomial.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import DesignInfo
from scipy import special, stats
from statsmodels.base.model import GenericLikelihoodModel

from officer_assaults.estimate import Shown
from officer_assaults.refusals import Refusal
from officer_assaults.stats import glm
from officer_assaults.stats.designs import Balance
from officer_assaults.stats.formulas import RateFormula, rebuild_design
from officer_assaults.stats.glm import ModelRows, ModelSpec
from officer_assaults.stats.intervals import FloatArray


@dataclass(frozen=True, slots=True)
class RandomLevel(Shown):
    """A fitted model with a random level by group.

    Parameters
    ----------
    spec : ModelSpec
        ``cluster`` is the column of the groups.
    coefficients : Series
        Log scale, by term.
    vcov : DataFrame
        Of the coefficients, from the curvature of the likelihood.
    variance : float
        Of the levels, whose mean is 1; 0 where groups differ no more than by chance.
    groups : int
    statsmodels : GenericLikelihoodModelResults
        Its last parameter is the log of one over the variance.
    rows : ModelRows
        The data of the fit; fitted counts are those given each group's level.
    """

    spec: ModelSpec
    coefficients: pd.Series
    vcov: pd.DataFrame
    variance: float
    groups: int
    statsmodels: Any = field(repr=False)
    rows: ModelRows = field(repr=False)
    _formula: RateFormula = field(repr=False)
    _info: DesignInfo = field(repr=False)
    _frame: pd.DataFrame = field(repr=False)

    @property
    def nb_alpha(self) -> None:
        """Given their levels, counts are Poisson."""

    @property
    def dispersion(self) -> float:
        """Pearson statistic, given the levels, over rows minus coefficients."""
        rows = self.rows
        pearson = float(((rows.y - rows.mu) ** 2 / rows.mu).sum())
        return pearson / (len(rows.y) - len(self.coefficients))

    @property
    def balance(self) -> Balance:
        """Sum of counts, observed and fitted."""
        return Balance(float(self.rows.y.sum()), float(self.rows.mu.sum()))

    @property
    def reference_df(self) -> float:
        """Limits and p use the normal distribution."""
        return math.inf

    def design(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Design matrix of the same terms for other data."""
        return rebuild_design(self._formula, self._info, frame)

    def again(self, frame: pd.DataFrame) -> RandomLevel:
        """Fit the same model to other rows."""
        spec = self.spec
        return fit(
            spec.formula, frame, exposure=spec.exposure, level=spec.cluster, alpha=spec.alpha
        )

    def table(self) -> pd.DataFrame:
        """Rate ratios with intervals, one row per term: term, rate ratio, lower, upper, p."""
        b, se = self.coefficients, np.sqrt(np.diag(self.vcov))
        half = stats.norm.isf(self.spec.alpha / 2) * se
        frame = pd.DataFrame(
            {
                "rate ratio": np.exp(b),
                "lower": np.exp(b - half),
                "upper": np.exp(b + half),
                "p": 2 * stats.norm.sf(np.abs(b) / se),
            }
        )
        return frame.drop(index="Intercept", errors="ignore").rename_axis("term").reset_index()

    def title(self) -> str:
        """Name the model by its outcome and exposure."""
        return f"Rate ratios: {self._formula.outcome} per unit of {self.spec.exposure}"

    def notes(self) -> tuple[str, ...]:
        """Say the model in a sentence."""
        return (
            f"{self.spec.formula}; Poisson, exposure {self.spec.exposure} as offset, a random "
            f"level by {self.spec.cluster} ({self.groups} groups, variance {self.variance:.3f}).",
        )


def fit(
    formula: str, frame: pd.DataFrame, *, exposure: str, level: str, alpha: float = 0.05
) -> RandomLevel:
    """Fit a Poisson rate model with a random level for every group.

    Parameters
    ----------
    formula : str
        ``"count ~ terms"``.
    frame : DataFrame
    exposure : str
        Column of exposure; its logarithm is the offset.
    level : str
        Column of groups that have a level of their own.
    alpha : float
        One minus the coverage.

    Raises
    ------
    Refusal
        As :func:`officer_assaults.stats.glm.fit`; E122 where the fit does not settle.
    """
    start = glm.fit(formula, frame, exposure=exposure, cluster=level, alpha=alpha)
    codes, labels = pd.factorize(frame[level], sort=True)
    model = _GammaLevel(
        start.rows.y, start.rows.matrix, groups=codes, log_exposure=start.rows.log_exposure
    )
    first = np.append(start.coefficients.to_numpy(), 2.0)
    rough = model.fit(start_params=first, method="bfgs", maxiter=500, disp=False)
    found = model.fit(start_params=rough.params, method="newton", maxiter=50, disp=False)
    variance = math.exp(-float(found.params[-1]))
    errors = np.asarray(found.cov_params())
    if not (found.mle_retvals["converged"] and np.isfinite(errors).all()):
        what = f"the levels of '{level}' cannot be told from chance, or the fit does not settle."
        raise Refusal.of("E122", what, "Leave the random level out, or drop a term.")
    names = list(start.vcov.columns)
    return RandomLevel(
        spec=start.spec,
        coefficients=pd.Series(found.params[:-1], index=names),
        vcov=pd.DataFrame(errors[:-1, :-1], index=names, columns=names),
        variance=variance,
        groups=len(labels),
        statsmodels=found,
        rows=replace(start.rows, mu=model.expected(np.asarray(found.params))),
        _formula=start._formula,
        _info=start._info,
        _frame=start._frame,
    )


class _GammaLevel(GenericLikelihoodModel):  # type: ignore[misc]
    """Poisson counts times a gamma level of each group; the last parameter is log theta."""

    def __init__(
        self,
        endog: FloatArray,
        exog: FloatArray,
        *,
        groups: NDArray[np.intp],
        log_exposure: FloatArray,
    ) -> None:
        super().__init__(endog, exog, extra_params_names=["log_theta"])
        self._codes, self._log_exposure = groups, log_exposure
        self._events = np.bincount(groups, endog)

    def _parts(self, params: FloatArray) -> tuple[FloatArray, FloatArray, float, FloatArray]:
        eta = self._log_exposure + self.exog @ params[:-1]
        mu = np.exp(eta)
        return eta, mu, math.exp(params[-1]), np.bincount(self._codes, mu).astype(float)

    def expected(self, params: FloatArray) -> FloatArray:
        """Fitted counts, each group at the mean of what its level can be."""
        _, mu, theta, expected = self._parts(params)
        return np.asarray(mu * ((theta + self._events) / (theta + expected))[self._codes])

    def loglike(self, params: FloatArray) -> float:
        """Log likelihood of all groups."""
        eta, _, theta, expected = self._parts(params)
        own = float(self.endog @ eta - special.gammaln(self.endog + 1).sum())
        level = special.gammaln(theta + self._events) - special.gammaln(theta)
        level += theta * math.log(theta) - (theta + self._events) * np.log(theta + expected)
        return own + float(level.sum())

    def score(self, params: FloatArray) -> FloatArray:
        """Slope of the log likelihood."""
        _, mu, theta, expected = self._parts(params)
        weight = (theta + self._events) / (theta + expected)
        beta = self.exog.T @ (self.endog - mu * weight[self._codes])
        slope = special.digamma(theta + self._events) - special.digamma(theta)
        slope += math.log(theta) + 1 - np.log(theta + expected) - weight
        return np.append(beta, theta * float(slope.sum()))
