"""Regression models of recorded rates, through one door that cannot lose the exposure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from patsy import DesignInfo
from scipy import linalg, optimize, special, stats

from officer_assaults.refusals import Problem, Refusal, nearest
from officer_assaults.stats.blocks import BlockDesign
from officer_assaults.stats.formulas import RateFormula, build_design, check_formula, rebuild_design
from officer_assaults.stats.intervals import FloatArray, Interval, check_alpha

Family = Literal["poisson", "quasi-poisson", "nb2"]
Covariance = Literal["model", "HC0", "HC1", "cluster"]
Correction = Literal["none", "G/(G-1)", "G/(G-1)*(N-1)/(N-K)"]

BALANCE_TOLERANCE = 1e-6
RANK_TOLERANCE = 1e-9
INTERCEPT_TOLERANCE = 1e-6
DISPERSION_RULE = 1.2
FEW_CLUSTERS = 8
MAX_STEPS = 50
MAX_HALVINGS = 30
STEP_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True)
class Balance:
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


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum of coefficients: on the log scale, and as a rate ratio."""

    estimate: float
    se: float
    p: float
    ratio: float
    lower: float
    upper: float

    @property
    def interval(self) -> Interval:
        """Limits of the rate ratio."""
        return Interval(self.lower, self.upper)


@dataclass(frozen=True, slots=True)
class DesignFit:
    """Poisson fit on arrays.

    Parameters
    ----------
    coefficients : ndarray, shape (k,)
        Log rate coefficients.
    vcov : ndarray, shape (k, k)
        Inverse information, dispersion 1.
    mu : ndarray, shape (n,)
        Fitted counts.
    deviance : float
        Residual deviance.
    steps : int
        Newton steps taken.
    """

    coefficients: FloatArray
    vcov: FloatArray
    mu: FloatArray
    deviance: float
    steps: int


@dataclass(frozen=True, slots=True)
class LeaveOneClusterOut:
    """Coefficients with each cluster left out in turn.

    Parameters
    ----------
    coefficients : ndarray, shape (G, k)
        One row per cluster left out.
    full : ndarray, shape (k,)
        Coefficients on all rows.
    labels : ndarray, shape (G,)
        Cluster left out in each row.
    """

    coefficients: FloatArray
    full: FloatArray
    labels: NDArray[Any]

    @property
    def vcov(self) -> FloatArray:
        """Jackknife covariance about the full fit, ``(G-1)/G sum d d'`` (CR3 up to that factor)."""
        g = len(self.labels)
        deviations = self.coefficients - self.full
        return np.asarray((g - 1) / g * deviations.T @ deviations)


@dataclass(frozen=True, slots=True)
class ModelSpec:
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


@dataclass(frozen=True, slots=True)
class ModelRows:
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


@dataclass(frozen=True, slots=True)
class RateModel:
    """A fitted model of ``log(expected count) = log(exposure) + X beta``.

    Parameters
    ----------
    spec : ModelSpec
        What was fitted.
    table : DataFrame
        Columns term, estimate, se, lower, upper, p; log scale.
    vcov : DataFrame, shape (k, k)
        Covariance of the coefficients, of the kind that ``spec.cov`` names.
    reference_df : float
        Degrees of freedom of the t distribution behind limits and p; infinite for the normal.
    n, k, df_resid : int
        Rows, coefficients, and rows minus coefficients.
    clusters : int or None
        Number of clusters.
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
    """

    spec: ModelSpec
    table: pd.DataFrame
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
    _formula: RateFormula = field(repr=False)
    _info: DesignInfo = field(repr=False)

    @property
    def coefficients(self) -> pd.Series:
        """Log-scale estimates by term."""
        return pd.Series(self.table["estimate"].to_numpy(), index=self.vcov.columns)

    @property
    def rate_ratios(self) -> pd.DataFrame:
        """Exponentiated estimates without the intercept: term, ratio, lower, upper, p."""
        rows = self.table[self.table["term"] != "Intercept"].reset_index(drop=True)
        limits = {
            name: np.exp(rows[column])
            for name, column in (("ratio", "estimate"), ("lower", "lower"), ("upper", "upper"))
        }
        return pd.DataFrame({"term": rows["term"], **limits, "p": rows["p"]})

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
            values = _exposure_column(frame, exposure)
        else:
            values = np.broadcast_to(np.asarray(exposure, dtype=float), (len(frame),))
            _refuse_bad_exposure(values, frame.index, "exposure")
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
        """
        terms = list(self.vcov.columns)
        for term in weights:
            if term not in terms:
                raise ValueError(f"no term is called '{term}'. {nearest(term, terms)}")
        w = np.array([weights.get(term, 0.0) for term in terms])
        estimate = float(w @ self.coefficients.to_numpy())
        se = math.sqrt(float(w @ self.vcov.to_numpy() @ w))
        half = float(stats.t.isf(self.spec.alpha / 2, self.reference_df)) * se
        return Contrast(
            estimate=estimate,
            se=se,
            p=float(2 * stats.t.sf(abs(estimate) / se, self.reference_df)),
            ratio=math.exp(estimate),
            lower=math.exp(estimate - half),
            upper=math.exp(estimate + half),
        )


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
    _check_options(family, cov, cluster, correction)
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
    y = _count_column(frame, parsed.outcome)
    log_exposure = np.log(_exposure_column(frame, exposure))
    groups = _cluster_column(frame, cluster) if cluster is not None else None
    matrix, info = build_design(parsed, frame)
    x = matrix.to_numpy()
    check_rank(x, info.column_names)
    check_events(x, y, info.column_names)
    fitted = _fit(x, y, log_exposure, spec, groups)
    rows = ModelRows(y, fitted.mu, log_exposure, x, groups)
    for part in (y, fitted.mu, log_exposure, x):
        part.flags.writeable = False
    return _assemble(spec, fitted, rows, parsed, info)


def fit_design(
    x: FloatArray | BlockDesign,
    y: FloatArray,
    log_exposure: FloatArray,
    *,
    start: FloatArray | None = None,
) -> DesignFit:
    """Fit a Poisson rate model on ready arrays, fast enough for a jackknife.

    Parameters
    ----------
    x : ndarray or BlockDesign, shape (n, k)
        Design of full rank.
    y : ndarray, shape (n,)
        Counts.
    log_exposure : ndarray, shape (n,)
        Log of exposure.
    start : ndarray, shape (k,), optional
        Coefficients to start from, for instance those of the fit on all rows.

    Raises
    ------
    ValueError
        If the design is singular or the fit does not settle, as with an arm without events.

    Notes
    -----
    Newton's method, which for a log link is iteratively reweighted least squares, with step
    halving; agrees with statsmodels GLM to 1e-9 and skips its per-fit overhead.
    """
    beta = _starting_values(x, y, log_exposure) if start is None else np.array(start, dtype=float)
    mu, deviance = _mean_and_deviance(x, y, log_exposure, beta)
    for step in range(1, MAX_STEPS + 1):
        try:
            factor = linalg.cho_factor(_products(x, mu))
        except linalg.LinAlgError:
            raise ValueError("the design is singular: check its rank first") from None
        move = linalg.cho_solve(factor, _total(x, y - mu))
        beta, mu, deviance = _take_step(x, y, log_exposure, beta, move, deviance)
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            vcov = linalg.cho_solve(factor, np.eye(x.shape[1]))
            return DesignFit(beta, vcov, mu, deviance, step)
    raise ValueError(
        f"the fit did not settle in {MAX_STEPS} steps: is there an arm without events?"
    )


def leave_one_cluster_out(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    groups: ArrayLike,
    *,
    partial: bool = False,
) -> LeaveOneClusterOut:
    """Refit a Poisson rate model with each cluster left out in turn, offset included.

    Parameters
    ----------
    x, y, log_exposure
        As for :func:`fit_design`.
    groups : array_like, shape (n,)
        Cluster of each row.
    partial : bool
        Without a cluster some terms may be no longer told apart, as its own level. Then the later
        ones of such columns keep their coefficient of the full fit, and a fit that does not settle
        is all ``nan``. By default either is an error.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, or a fit without one of them is impossible.
    """
    labels, codes = np.unique(np.asarray(groups), return_inverse=True)
    if len(labels) < 2:
        raise ValueError("leaving one cluster out needs two clusters or more")
    full = fit_design(x, y, log_exposure)
    information = (x * full.mu[:, None]).T @ x
    refit = _partly_without if partial else _without
    coefficients = [
        refit(x, y, log_exposure, codes == code, full, information) for code in range(len(labels))
    ]
    return LeaveOneClusterOut(np.array(coefficients), full.coefficients, labels)


def _partly_without(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    left: NDArray[np.bool_],
    full: DesignFit,
    information: FloatArray,
) -> FloatArray:
    """Coefficients without the rows ``left``, as far as the other rows tell them apart."""
    rest = x[~left]
    size = np.abs(linalg.qr(rest / np.sqrt((rest**2).sum(0).clip(1e-300)), mode="r")[0])
    told = np.zeros(x.shape[1], dtype=bool)
    told[: min(rest.shape)] = np.diag(size) > RANK_TOLERANCE
    try:
        if told.all():
            return _without(x, y, log_exposure, left, full, information)
        found = fit_design(rest[:, told], y[~left], log_exposure[~left])
    except ValueError:
        return np.full(x.shape[1], np.nan)
    beta = full.coefficients.copy()
    beta[told] = found.coefficients
    return beta


def _without(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    left: NDArray[np.bool_],
    full: DesignFit,
    information: FloatArray,
) -> FloatArray:
    """Coefficients without the rows ``left``.

    Keeps the information of the full fit, less that of the rows, through all steps: each step then
    costs a product with ``x`` and no new matrix, and the point where the score vanishes is the
    same. Where that does not settle, Newton's method does it, or says why not.
    """
    gone = x[left]
    beta: FloatArray = full.coefficients
    try:
        factor = linalg.cho_factor(information - (gone * full.mu[left, None]).T @ gone)
    except linalg.LinAlgError:
        return fit_design(x[~left], y[~left], log_exposure[~left], start=beta).coefficients
    for _ in range(MAX_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):
            rest = np.where(left, 0.0, y - np.exp(x @ beta + log_exposure))
        if not np.isfinite(rest).all():
            break
        move = linalg.cho_solve(factor, x.T @ rest)
        beta = np.asarray(beta + move)
        if np.max(np.abs(move)) <= STEP_TOLERANCE:
            return beta
    start = full.coefficients
    return fit_design(x[~left], y[~left], log_exposure[~left], start=start).coefficients


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
        raise Refusal(
            Problem(
                "E122",
                f"{x.shape[1]} terms for {x.shape[0]} rows leave nothing to measure error with.",
                "Drop terms, or use finer rows.",
            )
        )
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
        raise Refusal(
            Problem("E122", "there is no event in any row.", "Check the counts, or pool periods.")
        )
    scaled = x / np.sqrt((x**2).sum(axis=0))
    free = linalg.null_space(
        np.asarray(np.linalg.qr(scaled[y > 0], mode="r")), rcond=RANK_TOLERANCE
    )
    if free.shape[1] == 0:
        return
    falls = scaled[y == 0] @ free
    best = optimize.linprog(
        falls.sum(axis=0), A_ub=np.vstack([falls, -falls]), bounds=(None, None),
        b_ub=np.r_[np.zeros(len(falls)), np.ones(len(falls))],
    )  # fmt: skip
    if best.status == 0 and best.fun < -RANK_TOLERANCE:
        direction = free @ best.x
        terms = [n for n, w in zip(names, direction, strict=True) if abs(w) > RANK_TOLERANCE]
        count = int((falls @ best.x < -RANK_TOLERANCE).sum())
        raise Refusal(_no_events(terms, count))


@dataclass(frozen=True, slots=True)
class _Fitted:
    coefficients: FloatArray
    vcov: FloatArray
    mu: FloatArray
    deviance: float
    loglik: float
    nb_alpha: float | None


def _fit(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    spec: ModelSpec,
    groups: NDArray[Any] | None,
) -> _Fitted:
    kind, factor = _statsmodels_covariance(spec, groups, x.shape)
    options = kind | ({"scale": "X2"} if spec.family == "quasi-poisson" else {})
    glm = sm.GLM(y, x, family=sm.families.Poisson(), offset=log_exposure)
    # The default settles the deviance to 1e-8, which leaves coefficients good to about 1e-5 only.
    result = glm.fit(tol=1e-13, maxiter=200, **options)
    quasi = spec.family == "quasi-poisson"
    poisson = _Fitted(
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


def _fit_nb2(
    x: FloatArray,
    y: FloatArray,
    log_exposure: FloatArray,
    poisson: _Fitted,
    kind: dict[str, Any],
    factor: float,
) -> _Fitted:
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
    return _Fitted(
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
    labels, codes = np.unique(groups, return_inverse=True)
    full = spec.correction == "G/(G-1)*(N-1)/(N-K)"
    options = {"groups": codes, "use_correction": full, "df_correction": False}
    factor = len(labels) / (len(labels) - 1) if spec.correction == "G/(G-1)" else 1.0
    return {"cov_type": "cluster", "cov_kwds": options}, factor


def _assemble(
    spec: ModelSpec, fitted: _Fitted, rows: ModelRows, parsed: RateFormula, info: DesignInfo
) -> RateModel:
    n, k = rows.matrix.shape
    variance = rows.mu + (fitted.nb_alpha or 0.0) * rows.mu**2
    pearson = float(((rows.y - rows.mu) ** 2 / variance).sum())
    clusters = len(np.unique(rows.groups)) if rows.groups is not None else None
    reference_df = _reference_df(spec, n - k, clusters)
    balance = Balance(float(rows.y.sum()), float(rows.mu.sum()))
    if spec.family != "nb2" and _has_intercept(rows.matrix):
        check_balance(rows.y, rows.mu)
    free = k + (fitted.nb_alpha is not None)
    dispersion = pearson / (n - k)
    return RateModel(
        spec=spec,
        table=_tidy(fitted, info.column_names, reference_df, spec.alpha),
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
        cautions=tuple(_cautions(spec, dispersion, clusters, fitted.nb_alpha)),
        rows=rows,
        _formula=parsed,
        _info=info,
    )


def _tidy(fitted: _Fitted, names: list[str], reference_df: float, alpha: float) -> pd.DataFrame:
    se = np.sqrt(np.diag(fitted.vcov))
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


def _check_options(family: str, cov: str, cluster: str | None, correction: str) -> None:
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
        raise Refusal(Problem(code, what, nearest(name, list(frame.columns)), column=name))
    values = pd.to_numeric(frame[name], errors="coerce")
    return np.array(values, dtype=float)


def _count_column(frame: pd.DataFrame, name: str) -> FloatArray:
    values = _column(frame, name, "E102")
    good = np.isfinite(values) & (values >= 0) & (values == np.floor(values))
    _refuse_rows(good, frame, name, "E102", "Counts are whole numbers of 0 or more.")
    return values


def _exposure_column(frame: pd.DataFrame, name: str) -> FloatArray:
    values = _column(frame, name, "E104")
    _refuse_bad_exposure(values, frame.index, name)
    return values


def _cluster_column(frame: pd.DataFrame, name: str) -> NDArray[Any]:
    if name not in frame.columns:
        what = f"no column is called '{name}'."
        raise Refusal(Problem("E125", what, nearest(name, list(frame.columns)), column=name))
    missing = frame[name].isna().to_numpy()
    _refuse_rows(~missing, frame, name, "E125", "Every row needs its cluster.")
    codes, labels = pd.factorize(frame[name], sort=True)
    if len(labels) < 2:
        what = f"'{name}' has one cluster only."
        raise Refusal(Problem("E114", what, "Cluster by a finer unit.", column=name))
    return np.asarray(labels)[codes]


def _refuse_bad_exposure(values: FloatArray, index: pd.Index, name: str) -> None:
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        first = int(np.argmin(good))
        raise Refusal(
            Problem(
                "E104",
                f"exposure is {values[first]:g} in row {index[first]} "
                f"({int((~good).sum()):,} of {len(good):,} rows are not above 0).",
                "Give every row its exposure, or leave out rows that had none.",
                column=name,
            )
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
        raise Refusal(Problem(code, what, remedy, column=name))


def _aliased(name: str, repeats: list[str]) -> Problem:
    source = f"repeats {' + '.join(repeats)}" if repeats else "is 0 in every row"
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


def _has_intercept(x: FloatArray) -> bool:
    ones = np.ones(len(x))
    weights = linalg.solve(x.T @ x, x.sum(axis=0), assume_a="pos")
    return bool(np.max(np.abs(x @ weights - ones)) < INTERCEPT_TOLERANCE)


def _products(x: FloatArray | BlockDesign, weights: FloatArray) -> FloatArray:
    """Weighted cross-product of a design with itself, shape (k, k)."""
    if isinstance(x, BlockDesign):
        return x.gram(weights)
    return np.asarray((x * weights[:, None]).T @ x)


def _total(x: FloatArray | BlockDesign, weights: FloatArray) -> FloatArray:
    """Weighted sum of the rows of a design, shape (k,)."""
    return x.total(weights) if isinstance(x, BlockDesign) else np.asarray(x.T @ weights)


def _starting_values(
    x: FloatArray | BlockDesign, y: FloatArray, log_exposure: FloatArray
) -> FloatArray:
    guess = np.log(y + y.mean() / 2 + 1e-9) - log_exposure
    if isinstance(x, BlockDesign):
        # Patterns hold unlike numbers of rows: those with more to say weigh more.
        weights = np.exp(log_exposure) / np.exp(log_exposure).max()
        return np.asarray(linalg.solve(x.gram(weights), x.total(weights * guess)))
    return np.asarray(np.linalg.lstsq(x, guess, rcond=None)[0])


def _mean_and_deviance(
    x: FloatArray | BlockDesign, y: FloatArray, log_exposure: FloatArray, beta: FloatArray
) -> tuple[FloatArray, float]:
    with np.errstate(over="ignore", invalid="ignore"):
        mu = np.exp(log_exposure + x @ beta)
        deviance = 2 * float((special.xlogy(y, y) - special.xlogy(y, mu) - y + mu).sum())
    return mu, deviance


def _take_step(
    x: FloatArray | BlockDesign,
    y: FloatArray,
    log_exposure: FloatArray,
    beta: FloatArray,
    move: FloatArray,
    deviance: float,
) -> tuple[FloatArray, FloatArray, float]:
    """Newton step, halved while it makes the fit worse."""
    slack = 1e-9 * (abs(deviance) + 1)
    for _ in range(MAX_HALVINGS):
        mu, new = _mean_and_deviance(x, y, log_exposure, beta + move)
        if new <= deviance + slack:
            return beta + move, mu, new
        move = move / 2
    raise ValueError("the fit does not improve along its own gradient: check the design")
