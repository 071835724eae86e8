"""Intervals for one count, one proportion or one rate, and for many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from officer_assaults.shown import Shown

FloatArray = NDArray[np.float64]
ExactMethod = Literal["exact", "mid-p"]
BinomialMethod = Literal["exact", "mid-p", "wilson"]

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Interval(Shown):
    """Two limits of an interval; either may be infinite, neither may be missing.

    Parameters
    ----------
    lower, upper : float
        Limits, in the unit of the estimate.

    Raises
    ------
    ValueError
        If a limit is not a number or the limits are the wrong way round.
    """

    lower: float
    upper: float

    def __post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise ValueError(f"limits {self.lower} to {self.upper} are no interval")

    def contains(self, value: float) -> bool:
        """Whether ``value`` lies between the limits, both included."""
        return self.lower <= value <= self.upper

    def scaled(self, factor: float) -> Interval:
        """Interval times a positive factor, for instance from a day to a week."""
        if not factor > 0:
            raise ValueError(f"the factor of an interval must be above 0, not {factor}")
        return Interval(self.lower * factor, self.upper * factor)


class _HasLimits(Protocol):
    @property
    def lower(self) -> float: ...

    @property
    def upper(self) -> float: ...


class Limits:
    """A result with ``lower`` and ``upper``, which make its interval."""

    __slots__ = ()

    @property
    def interval(self: _HasLimits) -> Interval:
        """The two limits."""
        return Interval(self.lower, self.upper)


@dataclass(frozen=True, slots=True)
class Intervals(Shown):
    """Limits for many rows at once.

    Parameters
    ----------
    lower, upper : ndarray of float
        Limits, same shape, in the unit of the estimates.
    """

    lower: FloatArray
    upper: FloatArray

    def at(self, index: int) -> Interval:
        """Interval of one row."""
        return Interval(float(self.lower.flat[index]), float(self.upper.flat[index]))


@dataclass(frozen=True, slots=True)
class Rate(Limits, Shown):
    """A count over its exposure, with an interval.

    Parameters
    ----------
    rate, lower, upper : float
        Rate and limits per ``per`` units of exposure.
    count : int
        Number of events.
    exposure : float
        Exposure in its own unit (days, officer-years, hours).
    per : float
        Units of exposure that the rate is quoted for.
    method : str
        How the limits were made.
    """

    rate: float
    lower: float
    upper: float
    count: int
    exposure: float
    per: float
    method: str


def check_alpha(alpha: float) -> float:
    """Return ``alpha`` if it lies strictly between 0 and 1.

    Raises
    ------
    ValueError
        Otherwise.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    return float(alpha)


def check_counts(name: str, counts: ArrayLike) -> FloatArray:
    """Return counts as floats, after checking that all are whole numbers of 0 or more.

    Parameters
    ----------
    name : str
        What the counts are called in the message.
    counts : array_like
        One count or many.

    Raises
    ------
    ValueError
        If any is missing, negative, fractional or not a number; the message gives the first.
    """
    return _check(name, counts, "a whole number of 0 or more", _is_count)


def check_exposure(name: str, exposure: ArrayLike) -> FloatArray:
    """Exposure as floats, after checking that all are finite and above 0.

    Raises
    ------
    ValueError
        If any is missing, infinite, zero or negative; the message gives the first.
    """
    return _check(name, exposure, "a number above 0", _is_exposure)


def poisson_interval(
    count: int, alpha: float = 0.05, *, exposure: float = 1.0, method: ExactMethod = "exact"
) -> Interval:
    """Interval of a Poisson mean, or of a rate when an exposure is given.

    Parameters
    ----------
    count : int
        Number of events.
    alpha : float
        One minus the coverage.
    exposure : float
        Exposure; limits are per unit of it.
    method : {"exact", "mid-p"}
        Exact is Garwood's central interval, which never covers less than 1 - alpha; mid-p counts
        half the probability of the observed value, is shorter and covers 1 - alpha on average.

    Raises
    ------
    ValueError
        For a count that is no count, an exposure not above 0, or an unknown method.

    Notes
    -----
    Garwood (1936), Biometrika 28:437. The mid-p limits are found by bracketed root finding: the
    minimiser behind ``confint_poisson(method="midp-c")`` stops far from the root for small counts.
    The exact limits are quantiles of the gamma distribution, taken from ``scipy.special``: what
    answers on a terminal need not load the whole of ``scipy.stats``.
    """
    return poisson_intervals([count], alpha, exposure=[exposure], method=method).at(0)


def poisson_intervals(
    counts: ArrayLike,
    alpha: float = 0.05,
    *,
    exposure: ArrayLike = 1.0,
    method: ExactMethod = "exact",
) -> Intervals:
    """Poisson intervals for many counts; see :func:`poisson_interval`.

    Parameters
    ----------
    counts : array_like, shape (n,)
        Numbers of events.
    alpha : float
        One minus the coverage.
    exposure : array_like, shape (n,) or scalar
        Exposures.
    method : {"exact", "mid-p"}
        Kind of interval.
    """
    check_alpha(alpha)
    y, e = np.broadcast_arrays(check_counts("count", counts), check_exposure("exposure", exposure))
    if method == "exact":
        lower, upper = _garwood(y, alpha)
    elif method == "mid-p":
        lower, upper = _poisson_mid_p(y, alpha)
    else:
        raise ValueError(_unknown("method", method, get_args(ExactMethod)))
    return Intervals(lower / e, upper / e)


def rate(
    count: int,
    exposure: float,
    *,
    per: float = 1.0,
    alpha: float = 0.05,
    method: ExactMethod = "exact",
) -> Rate:
    """Events per ``per`` units of exposure, with a Poisson interval.

    Parameters
    ----------
    count : int
        Number of events.
    exposure : float
        Exposure in its own unit.
    per : float
        Units of exposure that the rate is quoted for, for instance 1,000 officer-years.
    alpha : float
        One minus the coverage.
    method : {"exact", "mid-p"}
        Kind of interval.
    """
    limits = poisson_interval(count, alpha, exposure=exposure, method=method).scaled(per)
    return Rate(
        count / exposure * per, limits.lower, limits.upper, int(count), exposure, per, method
    )


def weekly_rate(count: int, days: float, alpha: float = 0.05) -> Rate:
    """Events per week over a period of so many days, with a Poisson interval."""
    return rate(count, days, per=DAYS_PER_WEEK, alpha=alpha)


def wilson(successes: int, trials: int, alpha: float = 0.05) -> Interval:
    """Wilson's score interval of a proportion.

    Raises
    ------
    ValueError
        If there are no trials or more successes than trials.

    Notes
    -----
    Wilson (1927), JASA 22:209; equals R ``prop.test(correct = FALSE)``.
    """
    return binomial_intervals([successes], [trials], alpha, method="wilson").at(0)


def binomial_intervals(
    successes: ArrayLike,
    trials: ArrayLike,
    alpha: float = 0.05,
    *,
    method: BinomialMethod = "exact",
) -> Intervals:
    """Intervals of many proportions.

    Parameters
    ----------
    successes, trials : array_like, shape (n,)
        Counts; no successes above their trials.
    alpha : float
        One minus the coverage.
    method : {"exact", "mid-p", "wilson"}
        Clopper-Pearson, its mid-p form, or Wilson's score interval.

    Raises
    ------
    ValueError
        If a count is no count, there are no trials, or successes exceed trials.
    """
    check_alpha(alpha)
    k, n = np.broadcast_arrays(check_counts("successes", successes), check_counts("trials", trials))
    if np.any(n == 0) or np.any(k > n):
        bad = int(np.argmax((n == 0) | (k > n)))
        raise ValueError(
            f"{k.flat[bad]:g} successes of {n.flat[bad]:g} trials: trials must be 1 or more "
            "and successes at most the trials"
        )
    if method == "mid-p":
        return Intervals(
            _binomial_mid_p_lower(k, n, alpha), 1 - _binomial_mid_p_lower(n - k, n, alpha)
        )
    if method not in ("exact", "wilson"):
        raise ValueError(_unknown("method", method, get_args(BinomialMethod)))
    lower, upper = (_beta if method == "exact" else _wilson)(k, n, alpha)
    # Neither limit may leave the observed proportion at the edges, where round-off creeps in.
    return Intervals(np.where(k == 0, 0.0, lower), np.where(k == n, 1.0, upper))


def _garwood(y: FloatArray, alpha: float) -> tuple[FloatArray, FloatArray]:
    lower = np.where(y == 0, 0.0, special.gammaincinv(y, alpha / 2))
    return lower, np.asarray(special.gammainccinv(y + 1, alpha / 2))


def _beta(k: FloatArray, n: FloatArray, alpha: float) -> tuple[FloatArray, FloatArray]:
    lower = special.betaincinv(k, n - k + 1, alpha / 2)
    upper = special.betainccinv(k + 1, n - k, alpha / 2)
    return np.where(k == 0, 0.0, lower), np.where(k == n, 1.0, upper)


def _wilson(k: FloatArray, n: FloatArray, alpha: float) -> tuple[FloatArray, FloatArray]:
    share, square = k / n, special.ndtri(alpha / 2) ** 2
    centre = (share + square / (2 * n)) / (1 + square / n)
    spread = np.sqrt(square * (share * (1 - share) / n + square / (4 * n**2))) / (1 + square / n)
    return centre - spread, centre + spread


def _poisson_mid_p(y: FloatArray, alpha: float) -> tuple[FloatArray, FloatArray]:
    """Mid-p limits, each bracketed by the exact limits of neighbouring counts."""
    from scipy import stats

    lower, upper = _garwood(y, alpha)
    above, _ = _garwood(y + 1, alpha)
    _, below = _garwood(np.maximum(y - 1, 0), alpha)
    low = _root(
        lambda m, c: _average(stats.poisson.sf(c - 1, m), stats.poisson.sf(c, m)) - alpha / 2,
        (lower, above),
        y,
    )
    high = _root(
        lambda m, c: _average(stats.poisson.cdf(c, m), stats.poisson.cdf(c - 1, m)) - alpha / 2,
        (np.where(y == 0, 0.0, below), upper),
        y,
    )
    return np.where(y == 0, 0.0, low), high


def _binomial_mid_p_lower(k: FloatArray, n: FloatArray, alpha: float) -> FloatArray:
    from scipy import stats

    def excess(p: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return _average(stats.binom.sf(k - 1, n, p), stats.binom.sf(k, n, p)) - alpha / 2

    lower, _ = _beta(k, n, alpha)
    upper, _ = _beta(np.minimum(k + 1, n), n, alpha)
    return np.where(k == 0, 0.0, _root(excess, (lower, np.where(k == n, 1.0, upper)), k, n))


def _root(function: Any, bracket: tuple[FloatArray, FloatArray], *args: FloatArray) -> FloatArray:
    from scipy.optimize import elementwise

    return np.asarray(elementwise.find_root(function, bracket, args=args).x)


def _average(first: FloatArray, second: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (first + second))


def _check(name: str, values: ArrayLike, wanted: str, test: Any) -> FloatArray:
    try:
        if np.asarray(values).dtype.kind in "USb":
            raise TypeError
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be {wanted}, not {values!r}") from None
    good = test(numbers)
    if not np.all(good):
        raise ValueError(f"{name} must be {wanted}, not {numbers[~good].flat[0]:g}")
    return numbers


def _is_count(numbers: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(numbers) & (numbers >= 0) & (numbers == np.floor(numbers)))


def _is_exposure(numbers: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(numbers) & (numbers > 0))


def _unknown(what: str, given: object, known: tuple[str, ...]) -> str:
    return f"{what} must be one of {', '.join(known)}, not {given!r}"
