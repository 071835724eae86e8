"""Fits behind the one door to rate models: by statsmodels, or of very many rows from their sums."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import special

from officer_assaults.stats import many_rows, newton
from officer_assaults.stats.designs import MANY_ROWS
from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.model_rows import ModelSpec


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit gives, whichever way it was found."""

    statsmodels: Any
    coefficients: FloatArray
    vcov: FloatArray
    mu: FloatArray
    deviance: float
    loglik: float
    nb_alpha: float | None


def fit_rows(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    spec: ModelSpec,
    groups: NDArray[Any] | None,
) -> Fitted:
    """Fit what a specification asks for to rows.

    Parameters
    ----------
    x : ndarray, shape (n, k)
    y, log_exposure : ndarray, shape (n,)
    spec : ModelSpec
    groups : ndarray, shape (n,), or None
        Cluster of each row.

    Raises
    ------
    ValueError
        If it does not settle.
    """
    if len(y) > MANY_ROWS:
        with contextlib.suppress(ValueError):
            return _fit_many(x, y, log_exposure, spec, groups)
    return _fit_by_statsmodels(x, y, log_exposure, spec, groups)


def _fit_by_statsmodels(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    spec: ModelSpec,
    groups: NDArray[Any] | None,
) -> Fitted:
    kind, factor = _statsmodels_covariance(spec, groups, x.shape)
    options = kind | ({"scale": "X2"} if spec.family == "quasi-poisson" else {})
    glm = sm.GLM(y, x, family=sm.families.Poisson(), offset=log_exposure)
    # The default settles the deviance to 1e-8, which leaves coefficients good to about 1e-5 only.
    result = glm.fit(maxiter=200, tol=1e-13, **options)
    quasi = spec.family == "quasi-poisson"
    poisson = Fitted(
        statsmodels=result,
        coefficients=result.params,
        vcov=factor * result.cov_params(),
        mu=np.array(result.mu),
        deviance=float(result.deviance),
        loglik=math.nan if quasi else float(result.llf),
        nb_alpha=None,
    )
    if spec.family != "nb2":
        return poisson
    return _fit_nb2(x, y, log_exposure, poisson, kind, factor)


def _fit_many(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    spec: ModelSpec,
    groups: NDArray[Any] | None,
) -> Fitted:
    """Fit very many rows from sums over blocks of them; statsmodels' own result comes later."""
    n, k = x.shape
    found = newton.fit_design(x, y, log_exposure)
    mu, bread, quasi = found.mu, found.vcov, spec.family == "quasi-poisson"
    vcov, factor = bread, _factor(spec, groups, n, k)
    if spec.cov != "model":
        vcov = many_rows.sandwich(x, y - mu, bread, groups)
    elif quasi:
        vcov = bread * float(((y - mu) ** 2 / mu).sum()) / (n - k)
    later = many_rows.Later(
        lambda: _fit_by_statsmodels(x, y, log_exposure, spec, groups).statsmodels
    )
    loglik = float((special.xlogy(y, mu) - mu - special.gammaln(y + 1)).sum())
    poisson = Fitted(
        statsmodels=later,
        coefficients=found.coefficients,
        vcov=factor * vcov,
        mu=mu,
        deviance=found.deviance,
        loglik=math.nan if quasi else loglik,
        nb_alpha=None,
    )
    excess = float(((y - mu) ** 2 - y).sum())
    if spec.family != "nb2" or excess <= 0:
        return poisson if spec.family != "nb2" else replace(poisson, nb_alpha=0.0)
    if spec.cov in ("HC0", "HC1"):
        raise ValueError("robust errors row by row are statsmodels' work here")
    start = np.append(poisson.coefficients, excess / float((mu**2).sum()))
    params, vcov, mu, loglik = many_rows.fit_nb2(x, y, log_exposure, start, groups)
    family = sm.families.NegativeBinomial(alpha=float(params[-1]))
    return Fitted(
        statsmodels=later,
        coefficients=params[:-1],
        vcov=_factor(spec, groups, n, k + 1) * vcov[:-1, :-1],
        mu=mu,
        deviance=float(family.deviance(y, mu)),
        loglik=loglik,
        nb_alpha=float(params[-1]),
    )


def _factor(spec: ModelSpec, groups: NDArray[Any] | None, n: int, k: int) -> float:
    """Correction of a plain sandwich; ``k`` counts alpha in, where there is one."""
    if groups is None:
        return n / (n - k) if spec.cov == "HC1" else 1.0
    clusters = len(pd.unique(groups))
    by = {"none": 1.0, "G/(G-1)": clusters / (clusters - 1)}
    return by.get(spec.correction, clusters / (clusters - 1) * (n - 1) / (n - k))


def _fit_nb2(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    poisson: Fitted,
    kind: dict[str, Any],
    factor: float,
) -> Fitted:
    excess = float(((y - poisson.mu) ** 2 - y).sum())
    # Half this sum is the slope of the log-likelihood at alpha 0, where nb2 is Poisson.
    if excess <= 0:
        return replace(poisson, nb_alpha=0.0)
    start = np.append(poisson.coefficients, excess / float((poisson.mu**2).sum()))
    model = sm.NegativeBinomial(y, x, loglike_method="nb2", offset=log_exposure)
    rough = model.fit(start_params=start, method="bfgs", maxiter=1000, disp=False)
    result = model.fit(start_params=rough.params, method="newton", maxiter=100, disp=False, **kind)
    if not result.mle_retvals["converged"]:
        raise ValueError("the negative binomial fit did not settle: use quasi-poisson")
    mu, alpha = np.array(result.predict()), float(result.params[-1])
    family = sm.families.NegativeBinomial(alpha=alpha)
    return Fitted(
        statsmodels=result,
        coefficients=result.params[:-1],
        vcov=factor * result.cov_params()[:-1, :-1],
        mu=mu,
        deviance=float(family.deviance(y, mu)),
        loglik=float(result.llf),
        nb_alpha=alpha,
    )


def _statsmodels_covariance(
    spec: ModelSpec, groups: NDArray[Any] | None, shape: tuple[int, ...]
) -> tuple[dict[str, Any], float]:
    """Options for statsmodels, and the factor left to apply to its covariance."""
    if spec.cov == "model":
        return {"cov_type": "nonrobust"}, 1.0
    if groups is None:
        # Outside least squares statsmodels gives plain HC0 under the name HC1.
        n, k = shape
        return {"cov_type": "HC0"}, n / (n - k) if spec.cov == "HC1" else 1.0
    codes, labels = pd.factorize(groups, sort=True)
    full = spec.correction == "G/(G-1)*(N-1)/(N-K)"
    options = {"groups": codes, "use_correction": full, "df_correction": False}
    factor = len(labels) / (len(labels) - 1) if spec.correction == "G/(G-1)" else 1.0
    return {"cov_type": "cluster", "cov_kwds": options}, factor
