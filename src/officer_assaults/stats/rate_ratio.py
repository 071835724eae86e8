"""Ratios and differences of recorded rates between two periods."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from officer_assaults.estimate import Estimate, Shown
from officer_assaults.stats.intervals import (
    ExactMethod,
    FloatArray,
    Intervals,
    Limits,
    binomial_intervals,
    check_alpha,
    check_counts,
    check_exposure,
)

DifferenceMethod = Literal["wald", "mover"]
PHI_GRID = (1.0, 1.4, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class RateRatio(Limits, Shown):
    """Ratio of the rate of period 1 to the rate of period 0.

    Parameters
    ----------
    ratio, lower, upper : float
        Ratio and limits; 0 or infinite where a count is 0, ``nan`` where both are.
    p : float
        Two-sided probability of data at least this far from a ratio of 1; ``nan`` where the
        method gives none.
    method : str
        How the interval was made.
    y1, y0 : int
        Counts.
    e1, e0 : float
        Exposures, in the same unit.
    phi, tau : float
        Dispersion within a year and spread of year-to-year movement that the interval allows for.
    alpha : float
        One minus the coverage.
    """

    ratio: float
    lower: float
    upper: float
    p: float
    method: str
    y1: int
    y0: int
    e1: float
    e0: float
    phi: float = 1.0
    tau: float = 0.0
    alpha: float = 0.05

    @property
    def percent_change(self) -> float:
        """Change from period 0 in per cent."""
        return 100 * (self.ratio - 1)


def exact_rate_ratio(
    y1: int,
    e1: float,
    y0: int,
    e0: float,
    *,
    method: ExactMethod = "exact",
    alpha: float = 0.05,
) -> RateRatio:
    """Exact conditional ratio of two Poisson rates.

    Parameters
    ----------
    y1, y0 : int
        Counts of period 1 and period 0.
    e1, e0 : float
        Exposures, in the same unit (days, officer-years).
    method : {"exact", "mid-p"}
        Given ``y0 + y1``, ``y1`` is binomial: Clopper-Pearson limits, or their mid-p form.
    alpha : float
        One minus the coverage.

    Returns
    -------
    RateRatio
        With a count of 0 one limit is 0 or infinite; with two, both are and the ratio is ``nan``.

    Raises
    ------
    ValueError
        For counts that are no counts, exposures not above 0, or an unknown method.

    Notes
    -----
    Assumes that events are independent: counts of victims are not, see
    :func:`overdispersed_rate_ratio`. The exact p-value sums all outcomes no more likely than the
    observed one, as R ``poisson.test`` does; the mid-p value doubles the smaller tail.
    """
    check_alpha(alpha)
    _check(y1, e1, y0, e0)
    limits = conditional_limits([y1], [e1], [y0], [e0], method=method, alpha=alpha).at(0)
    p = _p_exact if method == "exact" else _p_mid
    return RateRatio(
        ratio=_ratio(y1, e1, y0, e0),
        lower=limits.lower,
        upper=limits.upper,
        p=p(int(y1), int(y0), e1 / (e1 + e0)),
        method=method,
        y1=int(y1),
        y0=int(y0),
        e1=float(e1),
        e0=float(e0),
        alpha=alpha,
    )


def conditional_limits(
    y1: ArrayLike,
    e1: ArrayLike,
    y0: ArrayLike,
    e0: ArrayLike,
    *,
    method: ExactMethod = "exact",
    alpha: float = 0.05,
) -> Intervals:
    """Exact conditional limits of many rate ratios, see :func:`exact_rate_ratio`.

    Parameters
    ----------
    y1, e1, y0, e0 : array_like, shape (n,) or scalar
        Counts and exposures of period 1 and period 0.
    method : {"exact", "mid-p"}
        Kind of interval.
    alpha : float
        One minus the coverage.
    """
    if method not in get_args(ExactMethod):
        raise ValueError(f"method must be one of {get_args(ExactMethod)}, not {method!r}")
    a, f, b, g = np.broadcast_arrays(*_check(y1, e1, y0, e0))
    trials = a + b
    share = binomial_intervals(a, np.where(trials == 0, 1, trials), alpha, method=method)
    with np.errstate(divide="ignore"):
        lower = share.lower / (1 - share.lower) * g / f
        upper = share.upper / (1 - share.upper) * g / f
    return Intervals(np.where(trials == 0, 0.0, lower), np.where(trials == 0, np.inf, upper))


def rate_ratio_table(
    y1: ArrayLike,
    e1: ArrayLike,
    y0: ArrayLike,
    e0: ArrayLike,
    *,
    method: ExactMethod = "exact",
    alpha: float = 0.05,
    index: pd.Index | None = None,
) -> pd.DataFrame:
    """Exact conditional rate ratios of many forces.

    Parameters
    ----------
    y1, e1, y0, e0 : array_like, shape (n,) or scalar
        Counts and exposures of period 1 and period 0.
    method : {"exact", "mid-p"}
        Kind of interval.
    alpha : float
        One minus the coverage.
    index : Index, optional
        Row labels, for instance force names.

    Returns
    -------
    DataFrame
        Columns ratio, lower, upper.
    """
    limits = conditional_limits(y1, e1, y0, e0, method=method, alpha=alpha)
    a, f, b, g = np.broadcast_arrays(*_check(y1, e1, y0, e0))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (a / f) / (b / g)
    return pd.DataFrame({"ratio": ratio, "lower": limits.lower, "upper": limits.upper}, index=index)


def overdispersed_rate_ratio(
    y1: int,
    e1: float,
    y0: int,
    e0: float,
    *,
    phi: float = 1.0,
    tau: float = 0.0,
    alpha: float = 0.05,
) -> RateRatio:
    """Ratio of two rates whose counts vary more than Poisson counts do.

    Parameters
    ----------
    y1, e1, y0, e0
        As for :func:`exact_rate_ratio`.
    phi : float
        Variance over mean within a year, 1 or more, for instance from victims per incident.
    tau : float
        Standard deviation of ordinary year-to-year movement on the log scale, 0 or more. With it
        the interval is about the lasting rate, not about the two years as they were.
    alpha : float
        One minus the coverage.

    Returns
    -------
    RateRatio
        ``exp(log ratio +- z sqrt(phi (1/y1 + 1/y0) + tau^2))``. The log scale says nothing when a
        count is 0: limits 0 and infinity, p ``nan``.

    Raises
    ------
    ValueError
        As for :func:`exact_rate_ratio`, and for ``phi`` under 1 or ``tau`` under 0.

    Notes
    -----
    McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., 4.5 and 6.2.
    """
    check_alpha(alpha)
    _check(y1, e1, y0, e0)
    _check_spread(phi, tau)
    ratio = _ratio(y1, e1, y0, e0)
    if y1 == 0 or y0 == 0:
        lower, upper, p = 0.0, math.inf, math.nan
    else:
        se = math.sqrt(phi * (1 / y1 + 1 / y0) + tau**2)
        lower, upper, p = _wald_log(math.log(ratio), se, alpha)
    return RateRatio(
        ratio=ratio,
        lower=lower,
        upper=upper,
        p=p,
        method="overdispersed",
        y1=int(y1),
        y0=int(y0),
        e1=float(e1),
        e0=float(e0),
        phi=float(phi),
        tau=float(tau),
        alpha=alpha,
    )


def overdispersion_grid(
    y1: int,
    e1: float,
    y0: int,
    e0: float,
    *,
    phis: Iterable[float] = PHI_GRID,
    taus: Iterable[float] = (0.0,),
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Overdispersed ratios over a grid of ``phi`` and ``tau``.

    Parameters
    ----------
    y1, e1, y0, e0
        As for :func:`exact_rate_ratio`.
    phis, taus : iterable of float
        Values of each.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        One row per pair: phi, tau, ratio, lower, upper, p.
    """
    results = [
        overdispersed_rate_ratio(y1, e1, y0, e0, phi=phi, tau=tau, alpha=alpha)
        for tau, phi in product(taus, phis)
    ]
    columns = ["phi", "tau", "ratio", "lower", "upper", "p"]
    return pd.DataFrame([[getattr(r, name) for name in columns] for r in results], columns=columns)


def tipping_phi(y1: int, e1: float, y0: int, e0: float, *, alpha: float = 0.05) -> float:
    """Dispersion at which the interval of the ratio comes to reach 1.

    Parameters
    ----------
    y1, e1, y0, e0
        As for :func:`exact_rate_ratio`.
    alpha : float
        One minus the coverage.

    Returns
    -------
    float
        Any larger ``phi`` leaves the interval containing 1; below 1 where plain Poisson counts
        already do, 0 where a count is 0.
    """
    _check(y1, e1, y0, e0)
    if y1 == 0 or y0 == 0:
        return 0.0
    reach = math.log(_ratio(y1, e1, y0, e0)) / _z(alpha)
    return reach**2 / (1 / y1 + 1 / y0)


def rate_difference(
    y1: int,
    e1: float,
    y0: int,
    e0: float,
    *,
    per: float = 1.0,
    phi: float = 1.0,
    alpha: float = 0.05,
    method: DifferenceMethod = "wald",
) -> Estimate:
    """Difference of two rates; with both exposures 1, of two counts.

    Parameters
    ----------
    y1, e1, y0, e0
        As for :func:`exact_rate_ratio`.
    per : float
        Units of exposure that the difference is quoted for.
    phi : float
        Variance over mean within a year, 1 or more.
    alpha : float
        One minus the coverage.
    method : {"wald", "mover"}
        Wald, or MOVER on score intervals of the two rates, which also serves small counts.

    Raises
    ------
    ValueError
        As for :func:`exact_rate_ratio`; also Wald with no event at all, whose width would be 0.

    Notes
    -----
    Dispersion enters as effective counts ``y / phi`` over ``e / phi``: same rate, ``phi`` times
    the variance. Li, Tang and Wong (2014), Comput Stat 29:869, for MOVER.
    """
    check_alpha(alpha)
    _check(y1, e1, y0, e0)
    _check_spread(phi, 0.0)
    if method not in get_args(DifferenceMethod):
        raise ValueError(f"method must be one of {get_args(DifferenceMethod)}, not {method!r}")
    if method == "wald" and y1 == y0 == 0:
        raise ValueError("no event in either period: Wald gives a width of 0, use method='mover'")
    difference = y1 / e1 - y0 / e0
    if method == "wald":
        half = _z(alpha) * math.sqrt(phi * (y1 / e1**2 + y0 / e0**2))
        lower, upper = difference - half, difference + half
    else:
        lower, upper = _mover((y1 / phi, e1 / phi, y0 / phi, e0 / phi), alpha)
    return Estimate(
        difference * per, lower * per, upper * per, unit="difference of rates",
        denominator=f"{per:g} units of exposure", level=1 - alpha, note=method,
    )  # fmt: skip


def _mover(effective: tuple[float, float, float, float], alpha: float) -> tuple[float, float]:
    from statsmodels.stats.rates import confint_poisson_2indep

    found = confint_poisson_2indep(*effective, method="mover", compare="diff", alpha=alpha)
    return float(found[0]), float(found[1])


def part_of_whole(
    part: int, whole: int, part_exposure: float, whole_exposure: float, *, alpha: float = 0.05
) -> RateRatio:
    """Compare the count of a part of a period with its share of the whole period's count.

    Parameters
    ----------
    part, whole : int
        Count of the part, and of the whole period that contains it.
    part_exposure, whole_exposure : float
        Exposure of each, for instance 92 and 365 days.
    alpha : float
        One minus the coverage.

    Returns
    -------
    RateRatio
        Rate of the part over the rate of the rest of the period. It assumes that the two counts
        belong to one series, which the caller must know.

    Raises
    ------
    ValueError
        If the part is no part: more events than the whole, or as much exposure.
    """
    if not part <= whole or not 0 < part_exposure < whole_exposure:
        raise ValueError(
            f"{part} events over {part_exposure:g} are no part of {whole} over {whole_exposure:g}"
        )
    rest = whole_exposure - part_exposure
    return exact_rate_ratio(part, part_exposure, whole - part, rest, alpha=alpha)


def log_ratios(
    y1: ArrayLike,
    e1: ArrayLike,
    y0: ArrayLike,
    e0: ArrayLike,
    *,
    phi: ArrayLike = 1.0,
) -> tuple[FloatArray, FloatArray]:
    """Log rate ratios of many forces with their sampling variances, for heterogeneity.

    Parameters
    ----------
    y1, e1, y0, e0 : array_like, shape (n,) or scalar
        Counts and exposures of period 1 and period 0.
    phi : array_like, shape (n,) or scalar
        Variance over mean within a year.

    Returns
    -------
    tuple of ndarray, shape (n,)
        Log ratios and their sampling variances.

    Raises
    ------
    ValueError
        If a count is 0: such a force has no log ratio and must be left out by name.
    """
    a, f, b, g = np.broadcast_arrays(*_check(y1, e1, y0, e0))
    if np.any((a == 0) | (b == 0)):
        rows = np.flatnonzero((a == 0) | (b == 0)).tolist()
        raise ValueError(f"a count of 0 has no log ratio: leave out rows {rows} by name")
    variance = np.asarray(phi, dtype=float) * (1 / a + 1 / b)
    return np.log((a / f) / (b / g)), np.asarray(variance)


def _check(
    y1: ArrayLike, e1: ArrayLike, y0: ArrayLike, e0: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    return (
        check_counts("count of period 1", y1),
        check_exposure("exposure of period 1", e1),
        check_counts("count of period 0", y0),
        check_exposure("exposure of period 0", e0),
    )


def _check_spread(phi: float, tau: float) -> None:
    if not (math.isfinite(phi) and phi >= 1):
        raise ValueError(f"phi must be 1 or more, not {phi}; 1 is Poisson")
    if not (math.isfinite(tau) and tau >= 0):
        raise ValueError(f"tau must be 0 or more, not {tau}")


def _ratio(y1: float, e1: float, y0: float, e0: float) -> float:
    if y0 == 0:
        return math.inf if y1 > 0 else math.nan
    return (y1 / e1) / (y0 / e0)


def _z(alpha: float) -> float:
    return float(-special.ndtri(check_alpha(alpha) / 2))


def _wald_log(log_ratio: float, se: float, alpha: float) -> tuple[float, float, float]:
    half = _z(alpha) * se
    p = float(2 * special.ndtr(-abs(log_ratio) / se))
    return math.exp(log_ratio - half), math.exp(log_ratio + half), p


def _p_exact(y1: int, y0: int, share: float) -> float:
    from scipy import stats

    return float(stats.binomtest(y1, y1 + y0, share).pvalue) if y1 + y0 else 1.0


def _p_mid(y1: int, y0: int, share: float) -> float:
    from scipy import stats

    total = y1 + y0
    half = 0.5 * stats.binom.pmf(y1, total, share)
    tails = (stats.binom.cdf(y1 - 1, total, share), stats.binom.sf(y1, total, share))
    return float(min(1.0, 2 * (min(tails) + half)))
