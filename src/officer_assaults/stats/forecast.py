"""Forecasts of recorded figures, and how earlier forecasts would have done."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from officer_assaults.estimate import Shown
from officer_assaults.stats.batch_glm import fit_batch
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.intervals import Interval, check_alpha, wilson

FloatArray = NDArray[np.float64]

DRAWS = 2000
# Below this the log of a count is no longer nearly normal; such years feed no growth.
LEAST_COUNT = 10
LEAST_YEARS = 3
QUARTERS = 4
APRIL = 4
LOG_LIMIT = 16.0

RANDOM_WALK = "random walk with drift"
SEASONAL_NAIVE = "seasonal naive"
NEGATIVE_BINOMIAL = "quarterly negative binomial"
COUNTING = "counting error of both years"
LAST_COUNT = "Poisson about the last count"
LOCAL_LEVEL = "quarterly local level"
METHODS = (RANDOM_WALK, SEASONAL_NAIVE, NEGATIVE_BINOMIAL, LOCAL_LEVEL, COUNTING, LAST_COUNT)


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts of several units over years, with the places where a series was broken.

    Parameters
    ----------
    units : tuple of str
        Names, for instance forces.
    years : tuple of int
        Consecutive years.
    quarters : ndarray, shape (units, years, 4)
        Counts by quarter; ``nan`` where a year is not known in full.
    segment : int ndarray, shape (units, years)
        Years of one unit are comparable where their numbers are equal.
    """

    units: tuple[str, ...]
    years: tuple[int, ...]
    quarters: FloatArray
    segment: NDArray[np.int_]

    @property
    def annual(self) -> FloatArray:
        """Counts by year, shape (units, years)."""
        return np.asarray(self.quarters.sum(axis=2))

    def until(self, year: int) -> Panel:
        """Part of the panel that was known at the end of ``year``."""
        keep = self.years.index(year) + 1
        return Panel(self.units, self.years[:keep], self.quarters[:, :keep], self.segment[:, :keep])


@dataclass(frozen=True, slots=True)
class GrowthModel(Shown):
    """How recorded figures have moved from one year to the next.

    Parameters
    ----------
    drift, drift_se : float
        Mean log growth a year, and its standard error over years.
    tau_unit : float
        SD of a unit's log growth about that year's common growth, counting error taken out.
    tau_common : float
        SD of the common log growth from year to year.
    years, growths : int
        Years of growth, and unit-years, that the model rests on.
    origin : int
        Last year used.
    """

    drift: float
    drift_se: float
    tau_unit: float
    tau_common: float
    years: int
    growths: int
    origin: int

    @property
    def tau(self) -> float:
        """SD of one unit's log growth in one year, counting error taken out."""
        return math.hypot(self.tau_unit, self.tau_common)

    def table(self) -> pd.DataFrame:
        """Drift as a yearly ratio with limits (t), and the spreads on the log scale."""
        half = float(stats.t.isf(0.025, self.years - 1)) * self.drift_se
        limits = (math.exp(self.drift - half), math.exp(self.drift + half))
        rows = [
            ("drift, ratio a year", math.exp(self.drift), *limits),
            ("movement common to all units, SD of log growth", self.tau_common, "", ""),
            ("movement of one unit, SD of log growth", self.tau_unit, "", ""),
        ]
        return pd.DataFrame(rows, columns=["term", "estimate", "lower", "upper"])

    def notes(self) -> tuple[str, ...]:
        """Say what the model rests on."""
        return (
            f"log growth ~ drift + year + unit, error: counting (1/y of both years); "
            f"{self.growths} growths over {self.years} years.",
        )


@dataclass(frozen=True, slots=True)
class Forecast:
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
                    low, mid, high = _quantiles(self.draws[i, j], 1 - level)
                    rows.append((unit, year, level, mid, low, high))
        return pd.DataFrame(rows, columns=["unit", "year", "level", "median", "lower", "upper"])


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A future annual count under another policy, beside the count under the present one.

    Parameters
    ----------
    present, policy : Interval
        Where the counts are expected to lie.
    present_median, policy_median : float
        Their medians.
    difference : Interval
        Policy less present, paired within each future.
    difference_median : float
        Its median.
    """

    present: Interval
    present_median: float
    policy: Interval
    policy_median: float
    difference: Interval
    difference_median: float


def make_panel(
    quarterly: pd.DataFrame,
    breaks: pd.DataFrame | None = None,
    *,
    unit: str = "force",
    year: str = "year",
    quarter: str = "quarter",
    count: str = "count",
) -> Panel:
    """Lay quarterly counts out by unit, year and quarter, and mark what cannot be chained.

    Parameters
    ----------
    quarterly : DataFrame
        One row per unit, year and quarter; years as whole numbers.
    breaks : DataFrame, optional
        Columns named ``unit`` and ``year``: the first year that is not comparable with the year
        before. A year broken within itself has two rows: that year and the next.
    unit, year, quarter, count : str
        Column names.

    Raises
    ------
    ValueError
        If rows repeat a key, years have gaps, or a break names an unknown unit.

    Notes
    -----
    A negative quarter (net of cancelled crimes) makes its year unknown here: it stays in the data
    but feeds no forecast.
    """
    keys = [unit, year, quarter]
    if quarterly.duplicated(keys).any():
        raise ValueError(f"more than one row for a {', '.join(keys)}")
    units = sorted(quarterly[unit].unique())
    years = range(int(quarterly[year].min()), int(quarterly[year].max()) + 1)
    if set(years) - set(quarterly[year]):
        raise ValueError(f"years {sorted(set(years) - set(quarterly[year]))} are missing")
    grid = pd.MultiIndex.from_product([units, years, range(1, QUARTERS + 1)], names=keys)
    filled = quarterly.set_index(keys)[count].reindex(grid).to_numpy(float)
    counts = np.where(filled < 0, np.nan, filled).reshape(len(units), len(years), QUARTERS)
    segment = np.zeros(counts.shape[:2], dtype=int)
    for name, first in () if breaks is None else breaks[[unit, year]].itertuples(index=False):
        if name not in units:
            raise ValueError(f"a break names {name!r}, which has no counts")
        segment[units.index(name), [y >= first for y in years]] += 1
    return Panel(tuple(units), tuple(years), counts, segment)


def segment_starts(breaks: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Years from which a series is not comparable with the year before.

    Parameters
    ----------
    breaks : DataFrame
        Decided breaks: force, offence_code, from, to, kind ("gap" or "step").
    codes : sequence of str
        Offence codes summed in the series; a break of one breaks the sum.

    Returns
    -------
    DataFrame
        force, year: the first year that a gap or step touches, and the first after it.
    """
    mine = breaks[breaks["offence_code"].isin(list(codes))]
    rows = []
    for row in mine.to_dict("records"):
        first = _financial_year(row["from"])
        rows.append((row["force"], first))
        # A step on the first day of a year leaves that year whole.
        if row["kind"] == "gap" and not pd.isna(row["to"]):
            rows.append((row["force"], _financial_year(row["to"]) + 1))
        elif row["kind"] == "step" and pd.Timestamp(row["from"]).month != APRIL:
            rows.append((row["force"], first + 1))
    return pd.DataFrame(rows, columns=["force", "year"])


def fit_growth(panel: Panel) -> GrowthModel:
    """Estimate drift and between-year movement from all units' past growth.

    Parameters
    ----------
    panel : Panel
        Growth is taken only between consecutive years of one segment with counts of 10 or more.

    Raises
    ------
    ValueError
        With fewer than 3 years of growth.

    Notes
    -----
    Log growth of unit ``i`` in year ``t`` is ``drift + common_t + own_it`` plus counting error of
    variance ``1/y_t + 1/y_{t-1}``. Paule-Mandel gives the spread of ``own`` within each year
    (pooled by degrees of freedom) and then the spread of ``common`` between years. Units share
    their year, so the number of years, not of growths, sets how well the drift is known.
    """
    growth, variance = _growth(panel)
    yearly = [
        paule_mandel(growth[keep, j], variance[keep, j])
        for j in range(growth.shape[1])
        if (keep := np.isfinite(growth[:, j])).sum() >= LEAST_YEARS
    ]
    if len(yearly) < LEAST_YEARS:
        raise ValueError(
            f"a forecast needs {LEAST_YEARS} years of growth; {len(yearly)} can be used"
        )
    common = paule_mandel([year.mu for year in yearly], [year.se**2 for year in yearly])
    freedom = np.array([year.k - 1 for year in yearly])
    own = np.array([year.tau2 for year in yearly])
    return GrowthModel(
        drift=common.mu,
        drift_se=common.se,
        tau_unit=math.sqrt(float(own @ freedom / freedom.sum())),
        tau_common=common.tau,
        years=len(yearly),
        growths=int(freedom.sum() + len(yearly)),
        origin=panel.years[-1],
    )


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
    start = _usable(last)
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
    growth, _ = _growth(panel)
    last = _usable(panel.annual[:, -1])
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
        rows = np.flatnonzero((run == years) & np.isfinite(_usable(panel.annual[:, -1])))
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
    for i in np.flatnonzero((run >= LEAST_YEARS) & np.isfinite(_usable(panel.annual[:, -1]))):
        series = panel.quarters[i, len(panel.years) - run[i] :].ravel()
        out[i] = _local_level_draws(series, horizon, draws, rng)
    steps = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, steps, out)


def counting_only(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Forecast as if nothing moved but chance, in the last count and in the next."""
    rng = np.random.default_rng(seed)
    last = _usable(panel.annual[:, -1])
    error = rng.standard_normal((len(last), horizon, draws)) / np.sqrt(last)[:, None, None]
    years = tuple(panel.years[-1] + step for step in range(1, horizon + 1))
    return Forecast(panel.units, years, _poisson(rng, np.log(last)[:, None, None] + error))


def last_count_only(
    panel: Panel, horizon: int, *, draws: int = DRAWS, seed: int = 20180401
) -> Forecast:
    """Forecast as if the last count were the true rate: the Poisson interval people print."""
    rng = np.random.default_rng(seed)
    last = _usable(panel.annual[:, -1])
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


def rolling_scores(
    panel: Panel,
    *,
    horizons: Sequence[int] = (1,),
    methods: Sequence[str] = METHODS,
    first_origin: int | None = None,
    alpha: float = 0.05,
    draws: int = DRAWS,
    seed: int = 20180401,
) -> pd.DataFrame:
    """Forecast from every past origin and compare with what was recorded.

    Parameters
    ----------
    panel : Panel
        Full history.
    horizons : sequence of int
        Years ahead; a forecast is scored only where no break lies between origin and target.
    methods : sequence of str
        Keys of :data:`FORECASTERS`. Only unit-years that all of them can forecast are scored.
    first_origin : int, optional
        First year to forecast from; default the first with 3 years of growth behind it.
    alpha : float
        One minus the coverage of the scored interval.
    draws, seed : int
        Futures drawn, and their seed.

    Returns
    -------
    DataFrame
        method, horizon, unit, origin, observed, median, lower, upper, covered, interval_score,
        crps; one row per method and scored unit-year.

    Notes
    -----
    Scores are on the scale of log(count + 1), so that large units do not drown small ones (Bosse
    and others 2023, PLOS Comput Biol 19:e1011393). Interval score and CRPS: Gneiting and Raftery
    2007, JASA 102:359; smaller is better.
    """
    check_alpha(alpha)
    start = panel.years[LEAST_YEARS] if first_origin is None else first_origin
    parts = []
    for origin in (y for y in panel.years if start <= y < panel.years[-1]):
        reach = [h for h in horizons if origin + h <= panel.years[-1]]
        if not reach:
            continue
        known = panel.until(origin)
        futures = {
            name: FORECASTERS[name](known, max(reach), draws=draws, seed=seed).draws
            for name in methods
        }
        for h in reach:
            at = {name: future[:, h - 1] for name, future in futures.items()}
            parts.append(_score_origin(panel, origin, h, at, alpha))
    if not parts:
        raise ValueError(f"no origin leaves {min(horizons)} year(s) to score")
    return pd.concat(parts, ignore_index=True).sort_values(
        "horizon", kind="stable", ignore_index=True
    )


def summarise_scores(scores: pd.DataFrame, alpha: float = 0.05) -> pd.DataFrame:
    """Average the scores by horizon and method.

    Parameters
    ----------
    scores : DataFrame
        One or more results of :func:`rolling_scores`.
    alpha : float
        One minus the coverage of the interval of the coverage.

    Returns
    -------
    DataFrame
        horizon, method, forecasts, origins, first and last year forecast, coverage with limits,
        the lowest coverage of any one origin, interval_score, crps. Limits are Wilson's and take
        forecasts as independent; those of one origin share its surprises, so read the lowest
        origin beside them.
    """
    rows = []
    for (horizon, method), group in scores.groupby(["horizon", "method"], sort=False):
        hits = int(group["covered"].sum())
        limits = wilson(hits, len(group), alpha)
        rows.append(
            {
                "horizon": horizon,
                "method": method,
                "forecasts": len(group),
                "origins": group["origin"].nunique(),
                "first": int(group["origin"].min()) + int(str(horizon)),
                "last": int(group["origin"].max()) + int(str(horizon)),
                "coverage": hits / len(group),
                "lower": limits.lower,
                "upper": limits.upper,
                "lowest_origin": group.groupby("origin")["covered"].mean().min(),
                "interval_score": group["interval_score"].mean(),
                "crps": group["crps"].mean(),
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class Skill:
    """Mean score of one method over that of a baseline; below 1 is better.

    Parameters
    ----------
    ratio, lower, upper : float
        Estimate and limits.
    forecasts, origins : int
        What it rests on.
    """

    ratio: float
    lower: float
    upper: float
    forecasts: int
    origins: int


def skill(
    scores: pd.DataFrame,
    *,
    method: str = RANDOM_WALK,
    baseline: str = SEASONAL_NAIVE,
    score: str = "crps",
    alpha: float = 0.05,
) -> Skill:
    """Compare two methods on the same forecasts.

    Parameters
    ----------
    scores : DataFrame
        From :func:`rolling_scores`, one horizon.
    method, baseline : str
        Methods.
    score : str
        Column to average.
    alpha : float
        One minus the coverage.

    Notes
    -----
    Limits from the jackknife over origins on the log scale, t with origins - 1 degrees of freedom:
    forecasts of one origin share their surprises, so the origin is the unit.
    """
    sums = scores.pivot_table(index="origin", columns="method", values=score, aggfunc="sum")
    one, other = sums[method].to_numpy(float), sums[baseline].to_numpy(float)
    origins = len(one)
    full = math.log(one.sum() / other.sum())
    left = np.log((one.sum() - one) / (other.sum() - other))
    se = math.sqrt((origins - 1) / origins * float(((left - full) ** 2).sum()))
    half = float(stats.t.isf(check_alpha(alpha) / 2, origins - 1)) * se
    return Skill(
        ratio=math.exp(full),
        lower=math.exp(full - half),
        upper=math.exp(full + half),
        forecasts=int((scores["method"] == method).sum()),
        origins=origins,
    )


def next_count_interval(
    count: float, tau: float, *, drift: float = 0.0, alpha: float = 0.05
) -> Interval:
    """Interval of next year's count from one count and an assumed between-year movement.

    Parameters
    ----------
    count : float
        This year's count.
    tau : float
        SD of log growth beyond counting error; 0 leaves counting error only.
    drift : float
        Mean log growth.
    alpha : float
        One minus the coverage.

    Notes
    -----
    ``log`` variance ``tau^2 + 2 / count``: counting error enters twice, now and next year.
    """
    if not count > 0 or tau < 0:
        raise ValueError("next_count_interval needs a count above 0 and tau of 0 or more")
    half = float(stats.norm.isf(check_alpha(alpha) / 2)) * math.sqrt(tau**2 + 2 / count)
    return Interval(count * math.exp(drift - half), count * math.exp(drift + half))


def assumed_coverage(
    count: float,
    tau: float,
    *,
    alpha: float = 0.05,
    runs: int = 20_000,
    seed: int = 20180401,
) -> dict[str, float]:
    """Coverage of next year's count when true rates move by ``tau`` on the log scale.

    Parameters
    ----------
    count : float
        Expected count this year.
    tau : float
        SD of the true log growth.
    alpha : float
        One minus the coverage aimed at.
    runs, seed : int
        Simulated pairs of years.

    Returns
    -------
    dict of str to float
        Coverage of: Poisson limits about the last count; counting error of both years; the
        interval with ``tau``.
    """
    rng = np.random.default_rng(seed)
    last = np.maximum(rng.poisson(count, runs), 1).astype(float)
    after = rng.poisson(count * np.exp(tau * rng.standard_normal(runs)))
    z = float(stats.norm.isf(check_alpha(alpha) / 2))
    plain = (stats.poisson.ppf(alpha / 2, last), stats.poisson.isf(alpha / 2, last))
    both, wide = (z * np.sqrt(t**2 + 2 / last) for t in (0.0, tau))
    return {
        LAST_COUNT: float(((after >= plain[0]) & (after <= plain[1])).mean()),
        COUNTING: float((np.abs(np.log(np.maximum(after, 0.5) / last)) <= both).mean()),
        "with between-year movement": float(
            (np.abs(np.log(np.maximum(after, 0.5) / last)) <= wide).mean()
        ),
    }


def what_if(
    present: ArrayLike,
    avoided: float,
    half_width: float,
    *,
    df: float = math.inf,
    reach: float = 1.0,
    alpha: float = 0.05,
    seed: int = 20180401,
) -> WhatIf:
    """Put a policy on a forecast, with the uncertainty of both.

    Parameters
    ----------
    present : array_like, shape (draws,)
        Draws of the future count under the present policy.
    avoided : float
        Share of the events in reach that the policy avoids; negative where it adds some.
    half_width : float
        Half of the interval of ``avoided`` with coverage 1 - alpha.
    df : float
        Degrees of freedom of that interval; infinite for the normal.
    reach : float
        Share of the count that the policy can reach (for instance patrol); the rest stays.
    alpha : float
        One minus the coverage.
    seed : int
        Seed of the draws of ``avoided``.

    Raises
    ------
    ValueError
        If ``reach`` lies outside 0 to 1 or the half-width is negative.
    """
    if not 0 <= reach <= 1 or half_width < 0:
        raise ValueError("what_if needs a reach from 0 to 1 and a half-width of 0 or more")
    counts = np.asarray(present, dtype=float)
    rng = np.random.default_rng(seed)
    law = stats.norm if math.isinf(df) else stats.t(df)
    error = half_width / float(law.isf(check_alpha(alpha) / 2))
    share = avoided + error * law.rvs(size=counts.size, random_state=rng)
    changed = counts * (1 - reach * np.minimum(share, 1.0))
    parts = [_quantiles(values, alpha) for values in (counts, changed, changed - counts)]
    (a, b, c), (d, e, f), (g, h, i) = parts
    return WhatIf(Interval(a, c), b, Interval(d, f), e, Interval(g, i), h)


def _financial_year(day: object) -> int:
    moment = pd.Timestamp(str(day))
    return moment.year if moment.month >= APRIL else moment.year - 1


def _growth(panel: Panel) -> tuple[FloatArray, FloatArray]:
    """Log growth and its counting variance, shape (units, years - 1); ``nan`` across breaks."""
    y = _usable(panel.annual)
    same = panel.segment[:, 1:] == panel.segment[:, :-1]
    growth = np.where(same, np.log(y[:, 1:]) - np.log(y[:, :-1]), np.nan)
    return growth, 1 / y[:, 1:] + 1 / y[:, :-1]


def _usable(counts: FloatArray) -> FloatArray:
    return np.where(counts >= LEAST_COUNT, counts, np.nan)


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


def _score_origin(
    panel: Panel, origin: int, horizon: int, futures: Mapping[str, FloatArray], alpha: float
) -> pd.DataFrame:
    at = panel.years.index(origin)
    observed = panel.annual[:, at + horizon]
    span = panel.segment[:, at : at + horizon + 1]
    keep = np.isfinite(observed) & (span == span[:, :1]).all(axis=1)
    for draws in futures.values():
        keep &= np.isfinite(draws).all(axis=1)
    parts = []
    for method, draws in futures.items():
        scored = _scores(observed[keep], draws[keep], alpha)
        parts.append(
            scored.assign(
                method=method,
                horizon=horizon,
                unit=np.array(panel.units)[keep],
                origin=origin,
            )
        )
    return pd.concat(parts, ignore_index=True)


def _scores(observed: FloatArray, draws: FloatArray, alpha: float) -> pd.DataFrame:
    lower, median, upper = np.quantile(
        draws, [alpha / 2, 0.5, 1 - alpha / 2], axis=1, method="nearest"
    )
    y, low, high = np.log1p(observed), np.log1p(lower), np.log1p(upper)
    missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return pd.DataFrame(
        {
            "observed": observed,
            "median": median,
            "lower": lower,
            "upper": upper,
            "covered": (observed >= lower) & (observed <= upper),
            "interval_score": high - low + 2 / alpha * missed,
            "crps": crps(np.log1p(draws), y),
        }
    )


def crps(draws: ArrayLike, observed: ArrayLike) -> FloatArray:
    """Continuous ranked probability score of samples.

    Parameters
    ----------
    draws : array_like, shape (n, draws)
        Equally likely values.
    observed : array_like, shape (n,)
        What happened.

    Returns
    -------
    ndarray, shape (n,)
        ``E|X - y| - E|X - X'| / 2`` of the empirical distribution; 0 is perfect.
    """
    ordered = np.sort(np.asarray(draws, dtype=float), axis=1)
    y = np.asarray(observed, dtype=float)[:, None]
    size = ordered.shape[1]
    weights = 2 * np.arange(1, size + 1) - size - 1
    spread = ordered @ weights / size**2
    return np.asarray(np.abs(ordered - y).mean(axis=1) - spread)


def _quantiles(values: FloatArray, alpha: float) -> tuple[float, float, float]:
    low, mid, high = np.quantile(values, [alpha / 2, 0.5, 1 - alpha / 2])
    return float(low), float(mid), float(high)
