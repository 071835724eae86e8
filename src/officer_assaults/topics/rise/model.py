"""The rise of one force between two years: how big it is, and whether the year is odd."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from officer_assaults.stats.diagnostics import quantile_residuals
from officer_assaults.stats.glm import Covariance, Family, fit_rate_model
from officer_assaults.stats.heterogeneity import (
    Heterogeneity,
    PredictiveComparison,
    paule_mandel,
    predictive_comparison,
    predictive_comparisons,
)
from officer_assaults.stats.intervals import Interval, Rate, weekly_rate
from officer_assaults.stats.rate_ratio import (
    PHI_GRID,
    RateDifference,
    RateRatio,
    RelativeGrowth,
    exact_rate_ratio,
    overdispersion_grid,
    rate_difference,
    rate_ratio_table,
    relative_growth,
    tipping_phi,
)

POOLED_MODELS: tuple[tuple[Family, Covariance], ...] = (
    ("poisson", "model"),
    ("quasi-poisson", "model"),
    ("poisson", "cluster"),
    ("nb2", "model"),
)


@dataclass(frozen=True, slots=True)
class YearPair:
    """Recorded counts of two years, one series and one release, with their exposures.

    Parameters
    ----------
    y0, y1 : int
        Recorded offences in the earlier and the later year.
    days0, days1 : int
        Days in each year.
    officers0, officers1 : float, optional
        Officer-years in each year; missing where no officer denominator is published.
    """

    y0: int
    y1: int
    days0: int
    days1: int
    officers0: float | None = None
    officers1: float | None = None


@dataclass(frozen=True, slots=True)
class Rise:
    """Size of the change between two years, under counting error and more.

    Parameters
    ----------
    pair : YearPair
        What was compared.
    daily : RateRatio
        Ratio of rates per day, exact conditional interval.
    mid_p : RateRatio
        The same with the mid-p interval.
    per_officer : RateRatio or None
        Ratio of rates per officer-year.
    difference : RateDifference
        Change in the count, scaled to a year of ``days1`` days.
    weekly0, weekly1 : Rate
        Recorded offences a week in each year.
    grid : DataFrame
        Ratio and limits for each phi and tau; columns of ``overdispersion_grid``.
    tipping_phi : float
        Dispersion at which the interval reaches 1.
    """

    pair: YearPair
    daily: RateRatio
    mid_p: RateRatio
    per_officer: RateRatio | None
    difference: RateDifference
    weekly0: Rate
    weekly1: Rate
    grid: pd.DataFrame
    tipping_phi: float


@dataclass(frozen=True, slots=True)
class YearAmongForces:
    """Growth of every usable force, and where one of them stands among the others.

    Parameters
    ----------
    growth : DataFrame
        One row per force: force, y0, y1, ratio, lower, upper (exact, counting error only), and z
        against the other forces.
    others : Heterogeneity
        Growth of the other forces on the log scale (all forces if the focus is not usable).
    sd : float
        Standard deviation of log growth over all rows, counting error included.
    odd : PredictiveComparison or None
        The focus force against what the others lead one to expect; None where it is not usable.
    """

    growth: pd.DataFrame
    others: Heterogeneity
    sd: float
    odd: PredictiveComparison | None

    @property
    def forces(self) -> int:
        """Number of usable forces, the one in focus included."""
        return len(self.growth)

    @property
    def mean_ratio(self) -> float:
        """Mean growth of the other forces as a ratio (geometric, weighted)."""
        return float(np.exp(self.others.mu))

    def mean_interval(self, alpha: float = 0.05) -> Interval:
        """Interval of the mean growth of the other forces."""
        mean = self.others.interval(alpha)
        return Interval(float(np.exp(mean.lower)), float(np.exp(mean.upper)))

    @property
    def expected(self) -> Interval | None:
        """Range of ratios in which the force's growth was to be expected."""
        if self.odd is None:
            return None
        return Interval(float(np.exp(self.odd.lower)), float(np.exp(self.odd.upper)))


def rise(
    pair: YearPair,
    *,
    phis: Iterable[float] = PHI_GRID,
    taus: Iterable[float] = (0.0,),
    alpha: float = 0.05,
) -> Rise:
    """Compare two years of one force.

    Parameters
    ----------
    pair : YearPair
        Counts and exposures.
    phis, taus : iterable of float
        Dispersion within a year and spread of ordinary year-to-year movement to allow for.
    alpha : float
        One minus the coverage of the intervals.

    Raises
    ------
    ValueError
        If a count is no count or an exposure is not above 0.
    """
    days = (pair.y1, pair.days1, pair.y0, pair.days0)
    return Rise(
        pair=pair,
        daily=ratio_over_days(pair, alpha=alpha),
        mid_p=exact_rate_ratio(*days, method="mid-p", alpha=alpha),
        per_officer=_per_officer(pair, alpha),
        difference=rate_difference(*days, per=pair.days1, alpha=alpha, method="wald"),
        weekly0=weekly_rate(pair.y0, pair.days0, alpha),
        weekly1=weekly_rate(pair.y1, pair.days1, alpha),
        grid=overdispersion_grid(*days, phis=phis, taus=taus, alpha=alpha),
        tipping_phi=tipping_phi(*days, alpha=alpha),
    )


def ratio_over_days(pair: YearPair, *, alpha: float = 0.05) -> RateRatio:
    """Ratio of the rates per day of two years, with the exact interval.

    Parameters
    ----------
    pair : YearPair
        Counts and days.
    alpha : float
        One minus the coverage.
    """
    return exact_rate_ratio(pair.y1, pair.days1, pair.y0, pair.days0, alpha=alpha)


def year_among_forces(
    frame: pd.DataFrame, force: str | None = None, *, alpha: float = 0.05
) -> YearAmongForces:
    """Ask whether the growth of one force is odd among the others'.

    Parameters
    ----------
    frame : DataFrame
        One row per usable force: force, y0, y1, days0, days1; one series and one release. Rows
        with a count of 0 carry no log growth and must be left out before.
    force : str, optional
        The force in focus; if it is not among the rows there is no comparison for it.
    alpha : float
        One minus the coverage.

    Raises
    ------
    ValueError
        With fewer than three rows, a force twice, or a count of 0.

    Notes
    -----
    Leave-one-out Paule-Mandel: the spread of growth is estimated from the other forces only.
    """
    if frame["force"].duplicated().any():
        raise ValueError("a force stands twice in the comparison")
    table = _growth_table(frame, alpha)
    log_growth = np.log(table["ratio"].to_numpy())
    variance = (1 / frame["y1"] + 1 / frame["y0"]).to_numpy(dtype=float)
    table["z"] = predictive_comparisons(log_growth, variance, alpha).z
    is_focus = (table["force"] == force).to_numpy()
    odd = (
        predictive_comparison(log_growth, variance, int(np.argmax(is_focus)), alpha)
        if is_focus.any()
        else None
    )
    return YearAmongForces(
        growth=table,
        others=paule_mandel(log_growth[~is_focus], variance[~is_focus]),
        sd=float(np.std(log_growth, ddof=1)),
        odd=odd,
    )


def growth_against_rest(
    pair: YearPair, rest: YearPair, *, phi: float = 1.0, tau: float = 0.0, alpha: float = 0.05
) -> RelativeGrowth:
    """Growth of a force over the growth of the others.

    Parameters
    ----------
    pair, rest : YearPair
        The force, and everyone else in the same years; same codes, same release.
    phi, tau : float
        As for :func:`~officer_assaults.stats.rate_ratio.relative_growth`.
    alpha : float
        One minus the coverage.
    """
    focus, others = (ratio_over_days(each, alpha=alpha) for each in (pair, rest))
    return relative_growth(focus, others, phi=phi, tau=tau, alpha=alpha)


def poisson_curves(pair: YearPair, *, points: int = 81) -> pd.DataFrame:
    """Probability of each yearly count if the rate stayed as recorded, for both years.

    Parameters
    ----------
    pair : YearPair
        Counts and days; the earlier rate is scaled to the days of the later year.
    points : int
        Counts per curve, evenly spaced where counts are large.

    Returns
    -------
    DataFrame
        year (0 or 1), count, probability; four standard deviations to each side.
    """
    curves = []
    for year, mean in enumerate((pair.y0 * pair.days1 / pair.days0, float(pair.y1))):
        reach = 4 * np.sqrt(max(mean, 1.0))
        counts = np.unique(np.linspace(max(0.0, mean - reach), mean + reach, points).round())
        curves.append(
            pd.DataFrame(
                {"year": year, "count": counts, "probability": stats.poisson.pmf(counts, mean)}
            )
        )
    return pd.concat(curves, ignore_index=True)


def pooled_growth(frame: pd.DataFrame, *, seed: int, alpha: float = 0.05) -> pd.DataFrame:
    """Growth of all forces together, under each family and kind of standard error.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`year_among_forces`.
    seed : int
        Seed of the randomised quantile residuals.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        One row per model of ``count ~ force + year`` with days as exposure: family, errors (how
        the standard error was made), ratio, lower, upper, dispersion, balance (fitted over
        observed total, minus 1),
        residual_sd (of the randomised quantile residuals, near 1 for a family that fits).
    """
    long = _long(frame)
    rows = []
    for family, cov in POOLED_MODELS:
        cluster = "force" if cov == "cluster" else None
        model = fit_rate_model(
            long, "y ~ C(force) + later", exposure="days", family=family, cov=cov,
            cluster=cluster, alpha=alpha,
        )  # fmt: skip
        year = model.contrast({"later": 1.0})
        errors = f"clusters of one force, {model.spec.correction}" if cluster else cov
        residual_sd = float(quantile_residuals(model, seed).std(ddof=1))
        rows.append(
            [family, errors, year.ratio, year.lower, year.upper, model.dispersion,
             model.balance.relative, residual_sd]
        )  # fmt: skip
    names = ["family", "errors", "ratio", "lower", "upper", "dispersion", "balance", "residual_sd"]
    return pd.DataFrame(rows, columns=names)


def _long(frame: pd.DataFrame) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "force": frame["force"],
                "later": later,
                "y": frame[f"y{later}"],
                "days": frame[f"days{later}"],
            }
        )
        for later in (0, 1)
    ]
    return pd.concat(parts, ignore_index=True)


def _per_officer(pair: YearPair, alpha: float) -> RateRatio | None:
    if pair.officers0 is None or pair.officers1 is None:
        return None
    return exact_rate_ratio(pair.y1, pair.officers1, pair.y0, pair.officers0, alpha=alpha)


def _growth_table(frame: pd.DataFrame, alpha: float) -> pd.DataFrame:
    ratios = rate_ratio_table(
        frame["y1"], frame["days1"], frame["y0"], frame["days0"], alpha=alpha, index=frame.index
    )
    return pd.concat([frame[["force", "y0", "y1"]], ratios], axis=1).reset_index(drop=True)
