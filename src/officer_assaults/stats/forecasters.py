"""Forecasters: ways to draw future annual counts from a panel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize

from officer_assaults.shown import Shown
from officer_assaults.stats.batch_glm import fit_batch
from officer_assaults.stats.forecast_panel import (
    LEAST_COUNT,
    LEAST_YEARS,
    QUARTERS,
    FloatArray,
    Panel,
    fit_growth,
    log_growth,
    usable_counts,
)

DRAWS = 2000
LOG_LIMIT = 16.0
RANDOM_WALK = "random walk with drift"
SEASONAL_NAIVE = "seasonal naive"
NEGATIVE_BINOMIAL = "quarterly negative binomial"
COUNTING = "counting error of both years"
LAST_COUNT = "Poisson about the last count"
LOCAL_LEVEL = "quarterly local level"


@dataclass(frozen=True, slots=True)
class Forecast(Shown):
    """Draws of future annual counts.

    Parameters
    ----------
    units : tuple of str
        Names.
    years : tuple of int
        Years forecast.
    draws : ndarray, shape (units, years, draws)
        Equally likely futures; one column is one future of all units together.
    """

    units: tuple[str, ...]
    years: tuple[int, ...]
    draws: FloatArray

    def total(self, name: str) -> Forecast:
        """Forecast of the sum over the units that can be forecast.

        Movements common to all units do not average out: each draw is one future of all of them.
        """
        known = self.draws[self.known]
        return Forecast((name,), self.years, known.sum(axis=0, keepdims=True))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which units could be forecast."""
        return np.asarray(np.isfinite(self.draws).all(axis=(1, 2)))

    @property
    def missing(self) -> tuple[str, ...]:
        """Units that could not be forecast."""
        return tuple(np.array(self.units)[~self.known])

    def only(self, unit: str) -> Forecast:
        """Forecast of one unit, under the same conditions as :meth:`of`."""
        return Forecast((unit,), self.years, self.of(unit)[None])

    def of(self, unit: str) -> FloatArray:
        """Draws of one unit, shape (years, draws).

        Raises
        ------
        ValueError
            If the unit is unknown or could not be forecast.
        """
        if unit not in self.units:
            raise ValueError(f"no unit is called {unit!r}")
        draws = np.asarray(self.draws[self.units.index(unit)])
        if not np.isfinite(draws).all():
            raise ValueError(
                f"{unit} cannot be forecast: its last year is below {LEAST_COUNT}, incomplete or "
                "inside a recording break"
            )
        return draws

    def table(self, levels: Sequence[float] = (0.5, 0.8, 0.95)) -> pd.DataFrame:
        """Median and central intervals by unit and year.

        Returns
        -------
        DataFrame
            unit, year, level, median, lower, upper.
        """
        rows = []
        for i, unit in enumerate(self.units):
            for j, year in enumerate(self.years):
                for level in levels:
                    low, mid, high = quantiles(self.draws[i, j], 1 - level)
                    rows.append((unit, year, level, mid, low, high))
        return pd.DataFrame(rows, columns=["unit", "year", "level", "median", "lower", "upper"])


def random_walk(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Random walk with drift on the log scale: the default forecast.

    Parameters
    ----------
    panel : Panel
        What is known at the origin.
    horizon : int
        Years ahead.
    draws, seed : int
        Futures drawn, and their seed.

    Returns
    -------
    Forecast
        For every unit; ``nan`` where the last year is unknown or below 10.

    Notes
    -----
    Common movements are shared by all units of a draw and, like the drift, drawn from t with
    years - 1 degrees of freedom. The last count's own counting error and that of the future counts
    are included.
    """
    model = fit_growth(panel)
    rng = np.random.default_rng(seed)
    last = panel.annual[:, -1]
    ahead = np.arange(1, horizon + 1)
    t = rng.standard_t(model.years - 1, (horizon + 1, draws))
    common = model.tau_common * np.cumsum(t[1:], axis=0) + model.drift_se * ahead[:, None] * t[:1]
    own = model.tau_unit * np.cumsum(rng.standard_normal((len(last), horizon, draws)), axis=1)
    start = usable_counts(last)
    start_error = rng.standard_normal((len(last), 1, draws)) / np.sqrt(start)[:, None, None]
    log_mean = (
        np.log(start)[:, None, None] + model.drift * ahead[:, None] + common + own + start_error
    )
    years = tuple(panel.years[-1] + int(step) for step in ahead)
    return Forecast(panel.units, years, _poisson(rng, log_mean))


def seasonal_naive(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Baseline to beat: every quarter repeats the same quarter of the last year.

    Parameters
    ----------
    panel, horizon, draws, seed
        As for :func:`random_walk`.

    Returns
    -------
    Forecast
        Annual sums. The spread is the root mean square of the unit's own year-on-year log changes
        within its present segment, t with as many degrees of freedom; ``nan`` with fewer than 2.
    """
    rng = np.random.default_rng(seed)
    growth, _ = log_growth(panel)
    last = usable_counts(panel.annual[:, -1])
    known = np.isfinite(growth) & (panel.segment[:, 1:] == panel.segment[:, -1:])
    df = known.sum(axis=1)
    spread = np.sqrt(
        np.where(known, growth, 0.0) ** 2 @ np.ones(growth.shape[1]) / np.maximum(df, 1)
    )
    spread = np.where(df >= 2, spread, np.nan)
    t = rng.standard_t(np.maximum(df, 1)[:, None, None], (len(last), horizon, draws))
    log_mean = np.log(last)[:, None, None] + spread[:, None, None] * np.cumsum(t, axis=1)
    years = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, years, np.exp(np.clip(log_mean, None, LOG_LIMIT)))


def negative_binomial(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Put each unit's quarters on a log-linear trend with one harmonic pair: a comparator.

    Parameters
    ----------
    panel, horizon, draws, seed
        As for :func:`random_walk`.

    Returns
    -------
    Forecast
        Annual sums, fitted within the unit's present segment; ``nan`` with fewer than 3 years.

    Notes
    -----
    Poisson maximum likelihood with the dispersion of the negative binomial by moments (Cameron and
    Trivedi); coefficients are drawn from their normal law with the variance that dispersion
    implies. Quarters are taken as independent about the trend, which is what goes wrong.
    """
    rng = np.random.default_rng(seed)
    units, length, _ = panel.quarters.shape
    out = np.full((units, horizon, draws), np.nan)
    run = _run_lengths(panel)
    for years in sorted({int(n) for n in run if n >= LEAST_YEARS}):
        rows = np.flatnonzero((run == years) & np.isfinite(usable_counts(panel.annual[:, -1])))
        if rows.size:
            counts = panel.quarters[rows, length - years :].reshape(rows.size, -1)
            out[rows] = _trend_draws(counts, horizon, draws, rng)
    steps = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, steps, out)


def local_level(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Let each unit's log quarters wander about a level with fixed seasons: a comparator.

    Parameters
    ----------
    panel, horizon, draws, seed
        As for :func:`random_walk`.

    Returns
    -------
    Forecast
        Annual sums, fitted within the unit's present segment; ``nan`` with fewer than 3 years.

    Notes
    -----
    ``statsmodels`` ``UnobservedComponents``, maximum likelihood; futures start from the filtered
    state and its covariance. The variances are taken as known.
    """
    rng = np.random.default_rng(seed)
    run = _run_lengths(panel)
    out = np.full((len(panel.units), horizon, draws), np.nan)
    for i in np.flatnonzero((run >= LEAST_YEARS) & np.isfinite(usable_counts(panel.annual[:, -1]))):
        series = panel.quarters[i, len(panel.years) - run[i] :].ravel()
        out[i] = _local_level_draws(series, horizon, draws, rng)
    steps = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, steps, out)


def counting_only(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Forecast as if nothing moved but chance, in the last count and in the next."""
    rng = np.random.default_rng(seed)
    last = usable_counts(panel.annual[:, -1])
    error = rng.standard_normal((len(last), horizon, draws)) / np.sqrt(last)[:, None, None]
    years = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, years, _poisson(rng, np.log(last)[:, None, None] + error))


def last_count_only(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Forecast as if the last count were the true rate: the Poisson interval people print."""
    rng = np.random.default_rng(seed)
    last = usable_counts(panel.annual[:, -1])
    log_mean = np.broadcast_to(np.log(last)[:, None, None], (len(last), horizon, draws))
    years = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, years, _poisson(rng, log_mean))


FORECASTERS: Mapping[str, Callable[..., Forecast]] = {
    RANDOM_WALK: random_walk,
    SEASONAL_NAIVE: seasonal_naive,
    NEGATIVE_BINOMIAL: negative_binomial,
    LOCAL_LEVEL: local_level,
    COUNTING: counting_only,
    LAST_COUNT: last_count_only,
}


def _run_lengths(panel: Panel) -> NDArray[np.int_]:
    """Count, by unit, the known years of one segment that end with the last year."""
    same = (panel.segment == panel.segment[:, -1:]) & np.isfinite(panel.annual)
    return np.array([_tail(row) for row in same])


def _local_level_draws(
    series: FloatArray, horizon: int, draws: int, rng: np.random.Generator
) -> FloatArray:
    import warnings

    from statsmodels.tools.sm_exceptions import ConvergenceWarning
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    model = UnobservedComponents(
        np.log(series + 0.5), "local level", seasonal=QUARTERS, stochastic_seasonal=False
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fit = model.fit(disp=0)
    irregular, level = np.sqrt(np.maximum(fit.params, 0.0))
    ahead = QUARTERS * horizon
    state = rng.multivariate_normal(
        fit.predicted_state[:, -1], fit.predicted_state_cov[:, :, -1], draws, method="svd"
    )
    transition, observe = model.ssm["transition"], model.ssm["design"].ravel()
    out = np.empty((ahead, draws))
    for step in range(ahead):
        out[step] = np.exp(state @ observe + irregular * rng.standard_normal(draws)) - 0.5
        state = state @ transition.T
        state[:, 0] += level * rng.standard_normal(draws)
    return np.asarray(np.maximum(out, 0.0).reshape(horizon, QUARTERS, draws).sum(axis=1))


def _tail(flags: NDArray[np.bool_]) -> int:
    """Length of the run of True at the end."""
    return int(np.argmin(flags[::-1])) if not flags.all() else flags.size


def _poisson(rng: np.random.Generator, log_mean: FloatArray) -> FloatArray:
    mean = np.exp(np.clip(log_mean, None, LOG_LIMIT))
    drawn = rng.poisson(np.nan_to_num(mean, nan=0.0)).astype(float)
    return np.where(np.isfinite(mean), drawn, np.nan)


def _trend_draws(
    counts: FloatArray, horizon: int, draws: int, rng: np.random.Generator
) -> FloatArray:
    points = counts.shape[1]
    ahead = QUARTERS * horizon
    fit = fit_batch(_trend_design(np.arange(points), points), counts)
    mean = fit.fitted
    alpha = _moment_dispersion(counts, mean, fit.df)
    weights = mean / (1 + alpha[:, None] * mean)
    design = _trend_design(np.arange(points), points)
    covariance = np.linalg.inv(np.einsum("up,pi,pj->uij", weights, design, design))
    future = _trend_design(points + np.arange(ahead), points)
    noise = rng.standard_normal((len(counts), draws, design.shape[1]))
    beta = fit.coefficients[:, None, :] + noise @ np.linalg.cholesky(covariance).swapaxes(1, 2)
    log_mean = np.clip(beta @ future.T, None, LOG_LIMIT)
    shape = 1 / np.maximum(alpha, 1e-9)[:, None, None]
    drawn = rng.poisson(np.exp(log_mean) * rng.gamma(shape, 1 / shape, log_mean.shape))
    years = drawn.reshape(len(counts), draws, horizon, QUARTERS).sum(axis=3)
    return np.asarray(years.transpose(0, 2, 1), dtype=float)


def _trend_design(t: NDArray[np.int_], points: int) -> FloatArray:
    angle = 2 * np.pi * t / QUARTERS
    return np.column_stack([np.ones(t.size), (t - points) / points, np.sin(angle), np.cos(angle)])


def _moment_dispersion(counts: FloatArray, mean: FloatArray, df: int) -> FloatArray:
    """Alpha of NB2 for which Pearson's chi-square equals its degrees of freedom, 0 if none is."""

    def excess(alpha: float, y: FloatArray, mu: FloatArray) -> float:
        return float(((y - mu) ** 2 / (mu + alpha * mu**2)).sum() - df)

    return np.array(
        [
            optimize.brentq(excess, 0.0, 1e3, args=(y, mu)) if excess(0.0, y, mu) > 0 else 0.0
            for y, mu in zip(counts, mean, strict=True)
        ]
    )


def quantiles(values: FloatArray, alpha: float) -> tuple[float, float, float]:
    """Lower limit, median and upper limit of equally likely values."""
    low, mid, high = np.quantile(values, [alpha / 2, 0.5, 1 - alpha / 2])
    return float(low), float(mid), float(high)
