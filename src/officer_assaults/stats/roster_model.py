"""Rate models of rosters: what sums over patterns make of a fit, and of its covariance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import DesignInfo

from officer_assaults.stats.designs import Balance, check_balance
from officer_assaults.stats.formulas import RateFormula
from officer_assaults.stats.glm import (
    ModelRows,
    ModelSpec,
    RateModel,
    _cautions,
    _Fitted,
    _reference_df,
    _tidy,
)
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.pattern_design import PatternDesign, decode
from officer_assaults.stats.pattern_fit import PatternSums

#: Designs up to this size are kept whole, for the diagnostics that need one.
DENSE_NUMBERS = 2_000_000


@dataclass(frozen=True, slots=True)
class PatternFit:
    """A model fitted to sums, before its errors are put together.

    Parameters
    ----------
    spec : ModelSpec
    formula : RateFormula
    info : DesignInfo
    levels : mapping of str to tuple
    design : PatternDesign
    sums : PatternSums
    beta : ndarray, shape (k,)
    mu : ndarray, shape (patterns,)
        Fitted counts.
    bread : ndarray, shape (k, k)
        Inverse of the information.
    meat : ndarray, shape (k, k)
        Of the clusters; empty if there are none.
    clusters : int or None
    simulated : bool
    """

    spec: ModelSpec
    formula: RateFormula
    info: DesignInfo
    levels: Mapping[str, tuple[Any, ...]]
    design: PatternDesign
    sums: PatternSums
    beta: FloatArray
    mu: FloatArray
    bread: FloatArray
    meat: FloatArray
    clusters: int | None
    simulated: bool

    @property
    def n(self) -> int:
        """Rows."""
        return int(self.sums.n.sum())

    @property
    def rate(self) -> FloatArray:
        """Fitted counts per unit of exposure, shape (patterns,)."""
        return self.mu / self.sums.e

    @property
    def pearson(self) -> float:
        """Pearson statistic of the rows."""
        sums = self.sums
        return float((sums.yy_over_e / self.rate - 2 * sums.y + self.mu).sum())

    @property
    def dispersion(self) -> float:
        """Pearson statistic of the rows over their degrees of freedom."""
        return self.pearson / (self.n - self.design.k)

    @property
    def loglik(self) -> float:
        """Poisson log likelihood of the rows."""
        sums = self.sums
        log_rate = float(sums.y @ np.log(self.rate))
        return float(sums.y_log_e + log_rate - self.mu.sum() - sums.log_factorial)

    @property
    def deviance(self) -> float:
        """Poisson deviance of the rows."""
        sums = self.sums
        log_rate = float(sums.y @ np.log(self.rate))
        return float(2 * (sums.y_log_y - sums.y_log_e - log_rate - sums.y.sum() + self.mu.sum()))

    @property
    def covariance(self) -> FloatArray:
        """Covariance of the coefficients by the errors asked for, shape (k, k)."""
        spec, k = self.spec, self.design.k
        if spec.cov == "model":
            return self.bread * (self.dispersion if spec.family == "quasi-poisson" else 1.0)
        factor, meat = 1.0, self.meat
        if self.clusters is None:
            meat = self.design.products(self._squares())
            factor = self.n / (self.n - k) if spec.cov == "HC1" else 1.0
        elif spec.correction != "none":
            factor = self.clusters / (self.clusters - 1)
            if spec.correction == "G/(G-1)*(N-1)/(N-K)":
                factor *= (self.n - 1) / (self.n - k)
        return np.asarray(factor * self.bread @ meat @ self.bread)

    def _squares(self) -> FloatArray:
        """Sum over each pattern's rows of observed minus fitted, squared."""
        sums, rate = self.sums, self.rate
        if sums.ee is None:
            raise ValueError("the squares of exposures were not summed")
        return sums.yy - 2 * rate * sums.ye + rate**2 * sums.ee


@dataclass(frozen=True, slots=True)
class RosterModel(RateModel):
    """A :class:`RateModel` of a roster, fitted from sums over patterns.

    ``n``, ``df_resid``, ``pearson``, ``dispersion``, ``deviance`` and ``loglik`` are those of the
    rows. ``rows`` holds patterns; its matrix has no rows where patterns times terms exceed two
    million.

    Parameters
    ----------
    cells : DataFrame
        One row per pattern: its covariates, rows ``n_rows``, ``victims``, exposure, ``fitted``.
    simulated : bool
        Whether the rows are marked as made up.
    design_blocks : PatternDesign
    levels : mapping of str to tuple
    """

    cells: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    simulated: bool = False
    design_blocks: PatternDesign | None = field(repr=False, default=None)
    levels: Mapping[str, tuple[Any, ...]] = field(repr=False, default_factory=dict)

    @property
    def patterns(self) -> int:
        """Patterns that occur."""
        return len(self.cells)


def assemble(fit: PatternFit) -> RosterModel:
    """Put the result of a fit together, in the form of a model of rows."""
    spec, sums, mu, k = fit.spec, fit.sums, fit.mu, fit.design.k
    names, dispersion, vcov = fit.info.column_names, fit.dispersion, fit.covariance
    loglik = math.nan if spec.family == "quasi-poisson" else fit.loglik
    fitted = _Fitted(None, fit.beta, vcov, mu, fit.deviance, loglik, None)
    reference_df = _reference_df(spec, fit.n - k, fit.clusters)
    balance = Balance(float(sums.y.sum()), float(mu.sum()))
    if "Intercept" in names:
        balance = check_balance(sums.y, mu)
    matrix = fit.design.dense() if len(mu) * k <= DENSE_NUMBERS else np.empty((0, k))
    return RosterModel(
        spec=spec,
        log_ratios=_tidy(fitted, names, reference_df, spec.alpha),
        vcov=pd.DataFrame(vcov, index=names, columns=names),
        reference_df=reference_df,
        n=fit.n,
        k=k,
        df_resid=fit.n - k,
        clusters=fit.clusters,
        pearson=fit.pearson,
        dispersion=dispersion,
        deviance=fitted.deviance,
        loglik=loglik,
        aic=2 * k - 2 * loglik,
        nb_alpha=None,
        balance=balance,
        cautions=tuple(_cautions(spec, dispersion, fit.clusters, None)),
        rows=ModelRows(sums.y, mu, np.log(sums.e), matrix, None),
        statsmodels=None,
        _formula=fit.formula,
        _info=fit.info,
        cells=_cells(fit),
        simulated=fit.simulated,
        design_blocks=fit.design,
        levels=fit.levels,
    )


def _cells(fit: PatternFit) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    patterns = decode(fit.design, fit.levels, len(fit.mu))
    for name, values in fit.levels.items():
        if isinstance(values[0], str):
            columns[name] = pd.Categorical.from_codes(patterns[name], pd.Index(values))
        else:
            columns[name] = np.asarray(values)[patterns[name]]
    sums = fit.sums
    columns |= {"n_rows": sums.n.astype(np.int64), "victims": sums.y, fit.spec.exposure: sums.e}
    return pd.DataFrame(columns | {"fitted": fit.mu}, index=range(len(fit.mu)))


def blocks_of(model: RosterModel) -> PatternDesign:
    """Give the blocks that a roster's model was fitted with."""
    if model.design_blocks is None:
        raise ValueError("the model was not fitted from a roster")
    return model.design_blocks


def numbers_of(model: RosterModel) -> NDArray[np.int64]:
    """Work out the number of each pattern, as the roster counts them."""
    places = decode(blocks_of(model), model.levels, len(model.cells))
    number = np.zeros(len(model.cells), dtype=np.int64)
    radix = 1
    for name, values in model.levels.items():
        number += places[name] * radix
        radix *= len(values)
    return number
