"""One door to statsmodels for regressions of recorded rates, which cannot lose the exposure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from patsy import DesignInfo
from scipy import stats

from officer_assaults.estimate import Estimate, Shown
from officer_assaults.refusals import Refusal, nearest
from officer_assaults.stats import support
from officer_assaults.stats.designs import (
    Balance,
    check_balance,
    check_events,
    check_rank,
    has_intercept,
)
from officer_assaults.stats.formulas import (
    RateFormula,
    build_design,
    check_formula,
    instead,
    rebuild_design,
)
from officer_assaults.stats.glm_fits import Fitted, fit_rows
from officer_assaults.stats.intervals import FloatArray, check_alpha
from officer_assaults.stats.model_rows import Correction as Correction
from officer_assaults.stats.model_rows import (
    Covariance,
    Family,
    check_door,
    check_options,
    cluster_column,
    count_column,
    exposure_column,
    refuse_bad_exposure,
)
from officer_assaults.stats.model_rows import ModelRows as ModelRows
from officer_assaults.stats.model_rows import ModelSpec as ModelSpec
from officer_assaults.stats.standardise import Contrast as Contrast
from officer_assaults.stats.standardise import combine, effect

DISPERSION_RULE = 1.2
FEW_CLUSTERS = 8


@dataclass(frozen=True, slots=True)
class RateModel(Shown):
    """A fitted model of ``log(expected count) = log(exposure) + X beta``.

    In JupyterLab it shows its rate ratios with their intervals.

    Parameters
    ----------
    spec : ModelSpec
        What was fitted.
    log_ratios : DataFrame
        Columns term, estimate, se, lower, upper, p; log scale.
    vcov : DataFrame, shape (k, k)
        Covariance of the coefficients, of the kind that ``spec.cov`` names.
    reference_df : float
        Degrees of freedom of the t distribution behind limits and p; infinite for the normal.
    n, k, df_resid : int
        Rows, coefficients, and rows minus coefficients.
    clusters : int or None
        Number of clusters.
    unsupported : tuple of str
        Terms that rest on one cluster: they have no error, limits or p.
    pearson, dispersion : float
        Pearson statistic, and the same over ``df_resid``. For nb2 the variance in it is the
        fitted ``mu + nb_alpha mu^2``.
    deviance, loglik, aic : float
        A quasi-likelihood has no ``loglik`` and ``aic``: ``nan``.
    nb_alpha : float or None
        Estimated negative-binomial alpha, 1/theta of R; 0 where counts vary no more than Poisson.
    balance : Balance
        Sum of counts, observed and fitted.
    cautions : tuple of str
        What a reader of these standard errors must know.
    rows : ModelRows
        The data of the fit.
    statsmodels : GLMResults or NegativeBinomialResults
        statsmodels' own result. Its standard errors are those of this class but for the factor
        that ``spec.correction`` or ``HC1`` puts on them.
    """

    spec: ModelSpec
    log_ratios: pd.DataFrame
    vcov: pd.DataFrame
    reference_df: float
    n: int
    k: int
    df_resid: int
    clusters: int | None
    pearson: float
    dispersion: float
    deviance: float
    loglik: float
    aic: float
    nb_alpha: float | None
    balance: Balance
    cautions: tuple[str, ...]
    rows: ModelRows = field(repr=False)
    statsmodels: Any = field(repr=False)
    _formula: RateFormula = field(repr=False)
    _info: DesignInfo = field(repr=False)
    _frame: pd.DataFrame = field(repr=False)
    unsupported: tuple[str, ...] = ()

    @property
    def coefficients(self) -> pd.Series:
        """Log-scale estimates by term."""
        return pd.Series(self.log_ratios["estimate"].to_numpy(), index=self.vcov.columns)

    @property
    def rate_ratios(self) -> pd.DataFrame:
        """Exponentiated estimates without the intercept: term, ratio, lower, upper, p."""
        rows = self.log_ratios[self.log_ratios["term"] != "Intercept"].reset_index(drop=True)
        limits = {
            name: np.exp(rows[column])
            for name, column in (("ratio", "estimate"), ("lower", "lower"), ("upper", "upper"))
        }
        return pd.DataFrame({"term": rows["term"], **limits, "p": rows["p"]})

    def table(self) -> pd.DataFrame:
        """Rate ratios with intervals, one row per term: term, rate ratio, lower, upper, p."""
        return self.rate_ratios.rename(columns={"ratio": "rate ratio"})

    def title(self) -> str:
        """Name the model by its outcome and exposure."""
        return f"Rate ratios: {self._formula.outcome} per unit of {self.spec.exposure}"

    def notes(self) -> tuple[str, ...]:
        """Say the model in a sentence, and what a reader of its errors must know."""
        spec = self.spec
        clusters = f" ({self.clusters} clusters)" if spec.cluster else ""
        return (
            f"{spec.formula}; {spec.family}, exposure {spec.exposure} as offset, errors "
            f"{spec.errors}{clusters}; {self.n:,} rows, dispersion {self.dispersion:.2f}.",
            *self.cautions,
        )

    def estimate(self, term: str, *, denominator: str, **about: Any) -> Estimate:
        """Rate ratio of one term as an :class:`~officer_assaults.estimate.Estimate`.

        Parameters
        ----------
        term : str
            A column of the model, or a meeting of two, ``"a:b"``; see :meth:`effect`.
        denominator : str
            The exposure in a reader's words.
        **about
            Other fields of the estimate: period, release, provenance, simulated, note.

        Raises
        ------
        Refusal
            E114, E122 or E125 if the model gives no such ratio.
        """
        found = self.effect(term)
        return Estimate(
            found.ratio, found.lower, found.upper,
            unit=about.pop("unit", "rate ratio"), denominator=denominator,
            level=1 - self.spec.alpha, **about,
        )  # fmt: skip

    def design(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Design matrix of the same terms for other data; needs no exposure column.

        Raises
        ------
        Refusal
            E125 if a column is absent or has missing values, or a category was not fitted.
        """
        return rebuild_design(self._formula, self._info, frame)

    def predict_rate(self, frame: pd.DataFrame) -> pd.Series:
        """Predict the count per one unit of exposure, for each row of ``frame``."""
        rates = np.exp(self.design(frame).to_numpy() @ self.coefficients.to_numpy())
        return pd.Series(rates, index=frame.index, name="rate")

    def predict_count(self, frame: pd.DataFrame, *, exposure: str | ArrayLike) -> pd.Series:
        """Predict the count for each row of ``frame``: rate times exposure.

        Parameters
        ----------
        frame : DataFrame
            Data with the formula's columns.
        exposure : str or array_like, shape (n,) or scalar
            Column of ``frame``, or values, in the unit that the model was fitted with.

        Raises
        ------
        Refusal
            E104 if an exposure is missing, zero or negative.
        """
        if isinstance(exposure, str):
            values = exposure_column(frame, exposure)
        else:
            values = np.broadcast_to(np.asarray(exposure, dtype=float), (len(frame),))
            refuse_bad_exposure(values, frame.index, "exposure")
        return (self.predict_rate(frame) * values).rename("count")

    def contrast(self, weights: Mapping[str, float]) -> Contrast:
        """Combine coefficients, with the standard error of the sum and as a rate ratio.

        Parameters
        ----------
        weights : mapping of term to weight
            For instance ``{"single": 1, "single:night": 1}``.

        Raises
        ------
        ValueError
            If a term is unknown.
        Refusal
            E114 for a term that rests on one cluster: its error would be zero.
        """
        terms = list(self.vcov.columns)
        for term, weight in weights.items():
            if term not in terms:
                raise ValueError(f"no term is called '{term}'. {nearest(term, terms)}")
            if weight and term in self.unsupported:
                what = f"the term '{term}' rests on one cluster, or has no error of its own."
                remedy = "Cluster by a finer unit, use model errors, or take the term out."
                raise Refusal.of("E114", what, remedy)
        w = np.array([weights.get(term, 0.0) for term in terms])
        label = " + ".join(
            term if weight == 1 else f"{weight:g} {term}" for term, weight in weights.items()
        )
        return combine(self, float(w @ self.coefficients.to_numpy()), w, label, self.spec.alpha)

    def effect(self, term: str, *, treated: bool = False) -> Contrast:
        """Rate ratio that a page states of a column or of a meeting of two, ``"a:b"``.

        See :func:`officer_assaults.stats.standardise.effect`.
        """
        return effect(self, term, treated=treated)

    def again(self, frame: pd.DataFrame, formula: str = "") -> RateModel:
        """Fit the same model to other rows, or other terms: same exposure, family and errors."""
        return refit(self.spec, frame, formula)

    def instead(self, column: str, terms: str, frame: pd.DataFrame) -> RateModel:
        """Fit the same model with other terms in the place of all that name a column."""
        return self.again(frame, instead(self.spec.formula, column, terms))


def refit(spec: ModelSpec, frame: pd.DataFrame, formula: str = "") -> RateModel:
    """Fit the model that a spec tells of to other rows, or with other terms."""
    return fit(
        formula or spec.formula, frame, exposure=spec.exposure, cluster=spec.cluster or None,
        family=spec.family, errors=spec.cov, alpha=spec.alpha,
    )  # fmt: skip


def fit(
    formula: str,
    frame: pd.DataFrame,
    *,
    exposure: str,
    cluster: str | None = None,
    family: Family = "poisson",
    errors: Covariance | None = None,
    alpha: float = 0.05,
) -> RateModel:
    """Fit a rate model as a notebook writes it: formula, frame, exposure, cluster.

    Parameters
    ----------
    formula : str
        ``"count ~ terms"``.
    frame : DataFrame
        One row per cell or unit.
    exposure : str
        Column of exposure; its logarithm is the offset.
    cluster : str, optional
        Column of cluster labels for the standard errors.
    family, alpha
        As for :func:`fit_rate_model`.
    errors : {"model", "HC0", "HC1", "cluster"}, optional
        Kind of standard error; by default "cluster" where a cluster is named, otherwise "model".

    Returns
    -------
    RateModel
        Shows its rate ratios; ``.statsmodels`` is statsmodels' own result.

    Raises
    ------
    Refusal
        As :func:`fit_rate_model`; E104 without an exposure, E122 for whatever else stops a fit,
        E125 for a family that does not exist.
    """
    kind = errors or ("model" if cluster is None else "cluster")
    check_door(formula, frame, exposure, family)
    try:
        return fit_rate_model(
            frame, formula, exposure=exposure, family=family, cov=kind, cluster=cluster, alpha=alpha
        )
    except ValueError as error:
        what = f"the model '{formula}' cannot be fitted: {error}."
        remedy = "Drop a term, or centre and scale columns of large numbers: scale(column)."
        raise Refusal.of("E122", what, remedy) from None


def fit_rate_model(
    frame: pd.DataFrame,
    formula: str,
    *,
    exposure: str,
    family: Family = "poisson",
    cov: Covariance = "model",
    cluster: str | None = None,
    correction: Correction = "G/(G-1)",
    alpha: float = 0.05,
) -> RateModel:
    """Fit a rate model: counts on terms, with the log of an exposure column as offset.

    Parameters
    ----------
    frame : DataFrame
        One row per cell or unit.
    formula : str
        ``"count ~ terms"``; see :func:`officer_assaults.stats.formulas.check_formula` for the
        grammar. The exposure is never part of it.
    exposure : str
        Column of exposure (officer-hours, officer-years, days); required.
    family : {"poisson", "quasi-poisson", "nb2"}
        Variance ``mu``; ``phi mu`` with phi from Pearson's statistic; ``mu + alpha mu^2`` with
        alpha estimated by maximum likelihood.
    cov : {"model", "HC0", "HC1", "cluster"}
        Model covariance, sandwich, sandwich times N/(N-K), or cluster sandwich.
    cluster : str, optional
        Column of cluster labels; required with ``cov="cluster"``, refused without.
    correction : {"none", "G/(G-1)", "G/(G-1)*(N-1)/(N-K)"}
        Factor on the cluster sandwich. The middle one is that of Stata and of R
        ``sandwich::vcovCL(type = "HC0")``, the last that of statsmodels and pyfixest.
    alpha : float
        One minus the coverage.

    Returns
    -------
    RateModel
        Limits use the normal distribution for "model", "HC0" and "HC1", t with N - K degrees of
        freedom for quasi-Poisson model errors (as R) and t with G - 1 for clusters.

    Raises
    ------
    Refusal
        E102 counts that are no counts; E104 exposure missing, zero or negative; E122 a
        rank-deficient design (aliased columns named) or an arm without any event; E125 a formula
        outside the grammar or terms that cannot be built.
    ValueError
        For options that do not exist or do not go together.

    Notes
    -----
    statsmodels' own ``predict`` on new data forgets an offset; :meth:`RateModel.predict_rate` and
    :meth:`RateModel.predict_count` make the exposure explicit instead.
    """
    check_options(family, cov, cluster, correction)
    spec = ModelSpec(
        formula=formula,
        exposure=exposure,
        family=family,
        cov=cov,
        cluster=cluster or "",
        correction=correction if cov == "cluster" else "",
        alpha=check_alpha(alpha),
    )
    parsed = check_formula(formula, list(frame.columns))
    y = count_column(frame, parsed.outcome)
    log_exposure = np.log(exposure_column(frame, exposure))
    groups = cluster_column(frame, cluster) if cluster is not None else None
    matrix, info = build_design(parsed, frame)
    x = matrix.to_numpy()
    check_rank(x, info.column_names)
    check_events(x, y, info.column_names)
    try:
        fitted = fit_rows(x, y, log_exposure, spec, groups)
        rows = ModelRows(y, fitted.mu, log_exposure, x, groups)
        for part in (y, fitted.mu, log_exposure, x):
            part.flags.writeable = False
        columns = frame[list(parsed.columns)]
        return _assemble(spec, fitted, rows, parsed, info, columns)
    except np.linalg.LinAlgError:
        what = "some terms are sums of others but for the last digits."
        raise Refusal.of("E122", what, "Drop one of them, or centre and scale it.") from None


def _assemble(
    spec: ModelSpec,
    fitted: Fitted,
    rows: ModelRows,
    parsed: RateFormula,
    info: DesignInfo,
    frame: pd.DataFrame,
) -> RateModel:
    n, k = rows.matrix.shape
    variance = rows.mu + (fitted.nb_alpha or 0.0) * rows.mu**2
    pearson = float(((rows.y - rows.mu) ** 2 / variance).sum())
    clusters = pd.Series(rows.groups).nunique() if rows.groups is not None else None
    reference_df = _reference_df(spec, n - k, clusters)
    balance = Balance(float(rows.y.sum()), float(rows.mu.sum()))
    if spec.family != "nb2" and has_intercept(rows.matrix):
        check_balance(rows.y, rows.mu)
    behind = None if rows.groups is None else support.clusters_behind(rows.matrix, rows.groups)
    blank = _without_error(spec, fitted, rows, variance, behind)
    free = k + (fitted.nb_alpha is not None)
    dispersion = pearson / (n - k)
    return RateModel(
        spec=spec,
        log_ratios=_tidy(fitted, info.column_names, reference_df, spec.alpha, blank),
        vcov=pd.DataFrame(fitted.vcov, index=info.column_names, columns=info.column_names),
        reference_df=reference_df,
        n=n,
        k=k,
        df_resid=n - k,
        clusters=clusters,
        pearson=pearson,
        dispersion=dispersion,
        deviance=fitted.deviance,
        loglik=fitted.loglik,
        aic=2 * free - 2 * fitted.loglik,
        nb_alpha=fitted.nb_alpha,
        balance=balance,
        cautions=(
            *_cautions(spec, dispersion, clusters, fitted.nb_alpha),
            *support.cautions(info, rows.matrix, blank, behind),
        ),
        rows=rows,
        statsmodels=fitted.statsmodels,
        _formula=parsed,
        _info=info,
        _frame=frame,
        unsupported=tuple(np.array(info.column_names)[blank]),
    )


def _without_error(
    spec: ModelSpec,
    fitted: Fitted,
    rows: ModelRows,
    variance: FloatArray,
    behind: NDArray[np.int64] | None,
) -> NDArray[np.bool_]:
    """Terms whose robust error says nothing; never any with model errors."""
    if spec.cov == "model":
        return np.zeros(rows.matrix.shape[1], dtype=bool)
    errors = support.standard_errors(fitted.vcov)
    return support.without_width(rows.matrix, rows.mu**2 / variance, errors, behind)


def _tidy(
    fitted: Fitted,
    names: list[str],
    reference_df: float,
    alpha: float,
    blank: NDArray[np.bool_],
) -> pd.DataFrame:
    se = np.where(blank, np.nan, support.standard_errors(fitted.vcov))
    half = stats.t.isf(alpha / 2, reference_df) * se
    b = fitted.coefficients
    return pd.DataFrame(
        {
            "term": names,
            "estimate": b,
            "se": se,
            "lower": b - half,
            "upper": b + half,
            "p": 2 * stats.t.sf(np.abs(b) / se, reference_df),
        }
    )


def _reference_df(spec: ModelSpec, df_resid: int, clusters: int | None) -> float:
    if clusters is not None:
        return float(clusters - 1)
    return float(df_resid) if spec.family == "quasi-poisson" and spec.cov == "model" else math.inf


def _cautions(
    spec: ModelSpec, dispersion: float, clusters: int | None, nb_alpha: float | None
) -> Iterator[str]:
    if spec.family == "poisson" and spec.cov == "model" and dispersion > DISPERSION_RULE:
        yield (
            f"Counts vary {dispersion:.1f} times as much as Poisson counts: these model standard "
            "errors are too small; use cluster or quasi-Poisson ones."
        )
    if clusters is not None and clusters < FEW_CLUSTERS:
        yield (
            f"Only {clusters} clusters: cluster standard errors tend to be too small; "
            "prefer a permutation test."
        )
    if nb_alpha == 0:
        yield "Counts vary no more than Poisson counts, so the negative binomial is the Poisson."
