"""Diagnostics of rate models: what each check found, and the rule it is judged by."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.discrete.diagnostic import PoissonDiagnostic

from officer_assaults.stats import near
from officer_assaults.stats.blocks import IntArray
from officer_assaults.stats.designs import Balance
from officer_assaults.stats.glm import DISPERSION_RULE, ModelRows, ModelSpec
from officer_assaults.stats.intervals import FloatArray, Interval
from officer_assaults.stats.newton import DesignFit, fit_design

CONDITION_RULE = 30.0
MOST_CELLS = 20_000_000
RESIDUAL_STREAM = 1996
BY_CHANCE = "How often chance alone does as much"
#: A cluster without which a coefficient moves by more than its standard error sways it, as in R's
#: ``influence.measures`` (Belsley, Kuh and Welsch 1980).
INFLUENCE_RULE = 1.0
NEAR_NOTHING = 1e-9
# Beyond this a normal tail is smaller than the smallest double.
FARTHEST = 37.5


class Checked(Protocol):
    """What a check needs of a fitted model: of :mod:`glm` or :mod:`random_level`."""

    @property
    def spec(self) -> ModelSpec:
        """What was fitted."""

    @property
    def rows(self) -> ModelRows:
        """Counts, fitted counts, exposure and design."""

    @property
    def vcov(self) -> pd.DataFrame:
        """Covariance of the coefficients."""

    @property
    def nb_alpha(self) -> float | None:
        """Negative-binomial alpha."""

    @property
    def dispersion(self) -> float:
        """Pearson statistic over the degrees of freedom."""

    @property
    def balance(self) -> Balance:
        """Sum of counts, observed and fitted."""


def dispersion_tests(model: Checked, poisson: PoissonDiagnostic | None = None) -> pd.DataFrame:
    """Score and regression tests of variance equal to mean.

    Parameters
    ----------
    model : RateModel or RandomLevel
        Any family; the tests are those of the Poisson model of the same terms.
    poisson : PoissonDiagnostic, optional
        Of that model, where it is at hand.

    Returns
    -------
    DataFrame
        Columns test, alternative, statistic, p.

    Notes
    -----
    Dean (1992), JASA 87:451; Cameron and Trivedi (1990), J Econometrics 46:347, as in statsmodels.
    Its plain "CT nb1" row is left out: statsmodels 0.15 computes it from the regression of
    "CT nb2" (on the fitted mean instead of a constant), so the two rows are equal.
    """
    found = (poisson or _poisson_diagnostic(model)).test_dispersion()
    table = pd.DataFrame(
        {
            "test": found.method,
            "alternative": found.alternative,
            "statistic": found.statistic,
            "p": found.pvalue,
        }
    )
    return table[table["test"] != "CT nb1"].reset_index(drop=True)


def quantile_residuals(model: Checked, seed: int) -> FloatArray:
    """Randomised quantile residuals, standard normal if the model holds.

    Parameters
    ----------
    model : RateModel or RandomLevel
        For quasi-Poisson the Poisson distribution is used, so dispersion shows.
    seed : int
        Seed of the randomisation; show two, since a pattern that changes is not one.

    Returns
    -------
    ndarray, shape (n,)

    Notes
    -----
    Dunn and Smyth (1996), JCGS 5:236. Each count is spread over its own step of the distribution
    function; above the median the survival function is used, so that far counts stay finite.
    """
    return randomised_residuals(model.rows.y, model.rows.mu, seed, nb_alpha=model.nb_alpha)


def randomised_residuals(
    y: ArrayLike, mu: ArrayLike, seed: int, *, nb_alpha: float | None = None
) -> FloatArray:
    """Randomised quantile residuals of counts with given means; see :func:`quantile_residuals`."""
    counts, means = np.asarray(y, dtype=float), np.asarray(mu, dtype=float)
    # A stream of its own: counts simulated with the same seed would else share these draws.
    uniform = np.random.default_rng([seed, RESIDUAL_STREAM]).uniform(size=counts.shape)
    low, high = _cdf(counts - 1, means, nb_alpha), _cdf(counts, means, nb_alpha)
    above = _sf(counts, means, nb_alpha), _sf(counts - 1, means, nb_alpha)
    lower_half = stats.norm.ppf(low + uniform * (high - low))
    upper_half = stats.norm.isf(above[0] + (1 - uniform) * (above[1] - above[0]))
    residuals = np.where(low < 0.5, lower_half, upper_half)
    return np.asarray(np.clip(residuals, -FARTHEST, FARTHEST))


def offset_sanity(model: Checked) -> tuple[float, float, float]:
    """Free the slope of the log exposure to see whether counts grow in proportion to it.

    Parameters
    ----------
    model : RateModel or RandomLevel
        Fitted model; it is not changed, and its offset stays fixed at a slope of 1.

    Returns
    -------
    tuple of float
        Freed slope and its limits, with quasi-Poisson errors; ``nan`` if the exposure does not
        vary enough apart from the terms of the model.
    """
    rows, untold = model.rows, (math.nan, math.nan, math.nan)
    extra = rows.log_exposure - rows.log_exposure.mean()
    wider = np.column_stack([rows.matrix, extra])
    weights, *_ = np.linalg.lstsq(rows.matrix, extra, rcond=None)
    if np.linalg.norm(extra - rows.matrix @ weights) <= 1e-6 * math.sqrt(len(extra)):
        return untold
    try:
        fit = fit_design(wider, rows.y, rows.log_exposure)
    except ValueError:
        return untold
    df = len(extra) - wider.shape[1]
    scale = max(1.0, float(((rows.y - fit.mu) ** 2 / fit.mu).sum()) / df)
    slope = 1 + float(fit.coefficients[-1])
    half = float(stats.t.isf(model.spec.alpha / 2, df)) * math.sqrt(scale * fit.vcov[-1, -1])
    return slope, slope - half, slope + half


def zeros(model: Checked, poisson: PoissonDiagnostic | None = None) -> tuple[int, float, float]:
    """Rows without an event: observed, expected under the model, and the p of the score test.

    Notes
    -----
    The p-value is that of statsmodels' moment test for zeros under Poisson. An excess asks for
    better terms or for nb2, not for a second process: short exposure makes zeros by itself.
    """
    expected = float(_cdf(np.zeros_like(model.rows.mu), model.rows.mu, model.nb_alpha).sum())
    test = (poisson or _poisson_diagnostic(model)).test_poisson_zeroinflation()
    return int((model.rows.y == 0).sum()), expected, float(test.pvalue)


def condition_number(model: Checked) -> float:
    """Condition number of the design with columns scaled to length 1 (Belsley, Kuh and Welsch)."""
    scaled = model.rows.matrix / np.sqrt((model.rows.matrix**2).sum(axis=0))
    return float(np.linalg.cond(scaled))


def influence(model: Checked, term: str, fitted: FloatArray | None = None) -> float:
    """Most that leaving one cluster out moves a coefficient, in errors of the other clusters.

    Parameters
    ----------
    model : RateModel or RandomLevel
    term : str
        One of its coefficients.
    fitted : ndarray, shape (n,), optional
        Counts fitted by the Poisson model of the same terms, where they are at hand.

    Returns
    -------
    float
        ``nan`` for a model without clusters, or a term that it does not have or that none moves.

    Notes
    -----
    As DFBETAS, whose error is also that without the row in question: in the error of all clusters
    no cluster could exceed 1, however far it lies. Moves are one Newton step from the fit on all
    rows (Pregibon 1981, Ann. Statist. 9:705), Poisson whatever the family, and the error is that
    of the jackknife. What a cluster alone tells, such as its own level, stays where it is.
    """
    terms = list(model.vcov.columns)
    if model.rows.groups is None or term not in terms:
        return math.nan
    mu, place = _poisson_fit(model.rows).mu if fitted is None else fitted, terms.index(term)
    squares = np.concatenate([moved[:, place] ** 2 for moved in _moves(model.rows, mu)])
    others = float(squares.sum() - squares.max())
    return math.sqrt(float(squares.max()) / others) if others > 0 else math.nan


def _moves(rows: ModelRows, mu: FloatArray) -> Iterator[FloatArray]:
    """Step of the coefficients as each cluster leaves, of many at once, shape (some, k)."""
    scale = np.sqrt((rows.matrix**2).mean(axis=0))
    codes, _ = pd.factorize(np.asarray(rows.groups), sort=True)
    order, sizes = np.argsort(codes, kind="stable"), np.bincount(codes)
    ends = np.cumsum(sizes)
    information = near.second_moments(rows.matrix, mu) / np.outer(scale, scale)
    blocks = np.unique(ends // near.ROWS_AT_ONCE, return_index=True)[1][1:]
    for some in filter(len, np.split(np.arange(len(sizes)), blocks)):
        starts = ends[some] - sizes[some]
        own = order[starts[0] : ends[some[-1]]]
        x = rows.matrix[own] / scale
        scores = np.add.reduceat(x * (rows.y[own] - mu[own])[:, None], starts - starts[0])
        left = information - _products(x, mu[own], starts - starts[0])
        inverse = np.linalg.pinv(left, rcond=NEAR_NOTHING, hermitian=True)
        yield np.einsum("nab,nb->na", inverse, -scores) / scale


def _products(x: FloatArray, mu: FloatArray, starts: IntArray) -> FloatArray:
    """Information of each cluster, whose rows follow each other, shape (some, k, k)."""
    if len(x) <= 2 * near.ROWS_AT_ONCE:
        pairs = np.add.reduceat(near.pairs_of(x) * mu[:, None], starts)
        return near.symmetric(pairs.T, x.shape[1]).transpose(2, 0, 1)
    # A large cluster is among them: all its products at once would fill the memory.
    parts = zip(np.split(x, starts[1:]), np.split(mu, starts[1:]), strict=True)
    return np.stack([near.second_moments(rows, weights) for rows, weights in parts])


def diagnostic_table(model: Checked, seed: int, term: str = "") -> pd.DataFrame:
    """All checks that need nothing but the model, each with its rule.

    Parameters
    ----------
    model : RateModel or RandomLevel
        Fitted model.
    seed : int
        Seed of the randomised residuals.
    term : str
        Coefficient that the answer rests on; without one influence is left out.

    Returns
    -------
    DataFrame
        Columns check, value, rule, passed (missing where a check is never decisive).
    """
    with warnings.catch_warnings():
        # Few rows or rare levels make the auxiliary regressions of statsmodels singular.
        warnings.simplefilter("ignore")
        return _checks(model, seed, term)


def _checks(model: Checked, seed: int, term: str) -> pd.DataFrame:
    full = _poisson_fit(model.rows)
    poisson = _poisson_diagnostic(model, full)
    dispersion, empty = dispersion_tests(model, poisson), zeros(model, poisson)
    condition, (slope, lower, upper) = condition_number(model), offset_sanity(model)
    residuals = quantile_residuals(model, seed)
    honest = model.spec.family != "poisson" or model.spec.cov != "model"
    rows: list[tuple[str, Any, str, bool | None]] = [
        (
            "Dispersion: variance of counts over that of chance alone",
            model.dispersion,
            f"Above {DISPERSION_RULE}: no errors of the plain model",
            honest or model.dispersion <= DISPERSION_RULE,
        ),
        ("Excess variance, Dean's test", _p_of(dispersion, "Dean B"), BY_CHANCE, None),
        (
            "Excess variance, Cameron and Trivedi's test",
            _p_of(dispersion, "CT nb2 HC3"),
            BY_CHANCE,
            None,
        ),
        ("Spread of the counts themselves", _frequency_p(model, poisson), BY_CHANCE, None),
        ("Fitted total over the observed, less one", *_balance_row(model)),
        (
            "Slope on the log exposure, where proportion means one",
            slope,
            "One inside its interval; it is never freed",
            math.isnan(slope) or Interval(lower, upper).contains(1.0),
        ),
        ("Rows without an event", empty[0], "Read with the next", None),
        ("Rows without an event, as fitted", empty[1], "No second process for them", None),
        ("Spread of residuals", float(residuals.std(ddof=1)), "One if the model holds", None),
        (
            "Terms that nearly repeat others (condition number)",
            condition,
            f"Below {CONDITION_RULE:g}, or errors show it",
            condition < CONDITION_RULE,
        ),
    ]
    if term:
        rows.append(_influence_row(model, term, full.mu))
    return pd.DataFrame(rows, columns=["check", "value", "rule", "passed"])


def _influence_row(
    model: Checked, term: str, fitted: FloatArray
) -> tuple[str, float, str, bool | None]:
    moved = influence(model, term, fitted)
    rule = f"Below {INFLUENCE_RULE:g}, or the answer leans on one"
    label = f"Influence: most that one {model.spec.cluster or 'cluster'} moves '{term}', in errors"
    return label, moved, rule, None if math.isnan(moved) else moved < INFLUENCE_RULE


def _balance_row(model: Checked) -> tuple[float, str, bool | None]:
    if model.spec.family == "nb2":
        return model.balance.relative, "A negative binomial need not balance", None
    away = model.balance.relative
    return away, "Nothing, within one in a million", abs(away) < 1e-6


def _p_of(table: pd.DataFrame, test: str) -> float:
    return float(table.loc[table["test"] == test, "p"].iloc[0])


def _frequency_p(model: Checked, poisson: PoissonDiagnostic) -> float:
    """Chi-square of binned count frequencies; missing where counts are too few to bin."""
    top = int(np.quantile(model.rows.y, 0.9))
    # At most eight bins of equal width up to the 90th percentile.
    edges = np.unique(np.linspace(0, top + 1, min(top + 2, 9)).round().astype(int))
    if len(edges) < 3 or top * len(model.rows.y) > MOST_CELLS:
        return math.nan
    return float(poisson.test_chisquare_prob(bin_edges=edges).pvalue)


def _poisson_fit(rows: ModelRows) -> DesignFit:
    return fit_design(rows.matrix, rows.y, rows.log_exposure)


def _poisson_diagnostic(model: Checked, full: DesignFit | None = None) -> PoissonDiagnostic:
    rows = model.rows
    # That it has settled shows that the design is of full rank.
    start = (full or _poisson_fit(rows)).coefficients
    poisson = sm.Poisson(rows.y, rows.matrix, offset=rows.log_exposure, check_rank=False)
    return PoissonDiagnostic(poisson.fit(start_params=start, method="newton", disp=False))


def _cdf(count: ArrayLike, mu: FloatArray, nb_alpha: float | None) -> FloatArray:
    return np.asarray(_distribution(mu, nb_alpha).cdf(count))


def _sf(count: ArrayLike, mu: FloatArray, nb_alpha: float | None) -> FloatArray:
    return np.asarray(_distribution(mu, nb_alpha).sf(count))


def _distribution(mu: FloatArray, nb_alpha: float | None) -> Any:
    if not nb_alpha:
        return stats.poisson(mu)
    size = 1 / nb_alpha
    return stats.nbinom(size, size / (size + mu))
