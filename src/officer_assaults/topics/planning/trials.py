"""Trials of crewing, simulated: how areas are drawn by lot, and what each test finds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.shown import Shown
from officer_assaults.stats.intervals import Interval, wilson

FloatArray = NDArray[np.float64]
Design = Literal["cluster crossover", "stepped wedge", "parallel"]
DESIGNS: tuple[Design, ...] = get_args(Design)
TESTS: tuple[str, ...] = ("permutation", "cluster t", "cluster z")
DAYS_PER_MONTH = 365.25 / 12
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7
SCALING_STEPS = 4
NEWTON_STEPS = 12
LOG_RATIO_LIMIT = 5.0
STEP_TOLERANCE = 1e-7
# Statistics of re-randomised lists that differ by less than this count as equal.
TIE = 1e-9
RUNS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class TrialSetting(Shown):
    """Where a crewing trial would take place.

    Parameters
    ----------
    event_shares : tuple of float
        Share of each area in the force's events; positive, sums to 1. Its length is the number of
        areas (clusters).
    events_per_month : float
        Events per month in all areas together under the present policy.
    months : int
        Length of the trial; each month of each area has one policy.
    month_sd : float
        SD, on the log scale, of an area's true rate from month to month about its own level.
    area_sd : float
        SD, on the log scale, of true rates between areas beyond their known exposure.
    carry_over_weeks : float
        Weeks after a switch in which the old policy still acts.
    washout : bool
        Leave those weeks out of the analysis.
    """

    event_shares: tuple[float, ...]
    events_per_month: float
    months: int
    month_sd: float = 0.10
    area_sd: float = 0.35
    carry_over_weeks: float = 0.0
    washout: bool = False

    def __post_init__(self) -> None:
        shares = np.asarray(self.event_shares, dtype=float)
        if shares.size < 2 or np.any(shares <= 0) or abs(shares.sum() - 1) > 1e-6:
            raise ValueError("event_shares needs two or more positive shares that sum to 1")
        if not self.events_per_month > 0 or self.months < 2:
            raise ValueError("a trial needs events_per_month above 0 and at least 2 months")
        if self.month_sd < 0 or self.area_sd < 0:
            raise ValueError("month_sd and area_sd must be 0 or more")
        if not 0 <= self.carry_over_weeks < WEEKS_PER_MONTH:
            raise ValueError(f"carry_over_weeks must lie from 0 to {WEEKS_PER_MONTH:.2f}")
        if self.washout and self.carry_over_weeks == 0:
            raise ValueError("a washout needs carry_over_weeks above 0")

    @property
    def areas(self) -> int:
        """Number of areas (clusters)."""
        return len(self.event_shares)

    @property
    def carry_over_share(self) -> float:
        """Share of a month in which the old policy still acts after a switch."""
        return self.carry_over_weeks / WEEKS_PER_MONTH


@dataclass(frozen=True, slots=True)
class TrialPower(Shown):
    """How often a trial would find what is there.

    Parameters
    ----------
    design : str
        One of :data:`DESIGNS`.
    ratio : float
        True ratio of rates, new policy over present policy.
    runs : int
        Simulated trials.
    rejections : dict of str to int
        Trials in which the two-sided p was at most ``alpha``, by test (:data:`TESTS`).
    alpha : float
        Size aimed at.
    events : float
        Mean number of events in the analysis.
    mean_ratio, sd_log_ratio : float
        Geometric mean and SD of the log of the estimated ratios; ``nan`` where only the permutation
        test was asked for.
    """

    design: str
    ratio: float
    runs: int
    rejections: Mapping[str, int]
    alpha: float
    events: float
    mean_ratio: float
    sd_log_ratio: float

    def power(self, test: str = "permutation") -> float:
        """Share of simulated trials in which ``test`` rejected equality."""
        return self.rejections[test] / self.runs

    def monte_carlo_interval(self, test: str = "permutation", alpha: float = 0.05) -> Interval:
        """Wilson interval of the power for the number of runs."""
        return wilson(self.rejections[test], self.runs, alpha)


def allocations(
    design: Design, areas: int, months: int, size: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Randomisation list: the allocations from which one is drawn for the trial.

    Parameters
    ----------
    design : str
        Cluster crossover: each area has the new policy in half of its months, in random order
        (rounded down). Stepped wedge: all areas start with the present policy and cross over at
        evenly spread months in random order. Parallel: half of the areas, all months.
    areas, months : int
        Areas and months.
    size : int
        Length of the list; a parallel design has all its allocations if they are no more.
    rng : Generator
        Source of randomness.

    Returns
    -------
    bool array, shape (size, areas, months)
        True where the new policy holds.

    Raises
    ------
    ValueError
        For an unknown design.
    """
    if design == "cluster crossover":
        half = np.arange(months) < months // 2
        return rng.permuted(np.broadcast_to(half, (size, areas, months)), axis=2)
    if design == "stepped wedge":
        order = rng.permuted(np.broadcast_to(np.arange(areas), (size, areas)), axis=1)
        start = 1 + order * (months - 1) // areas
        return np.asarray(np.arange(months) >= start[:, :, None])
    if design == "parallel":
        treated = _halves(areas, size, rng)
        return np.repeat(treated[:, :, None], months, axis=2)
    raise ValueError(f"design must be one of {', '.join(DESIGNS)}, not {design!r}")


def trial_power(
    setting: TrialSetting,
    design: Design,
    ratio: float,
    *,
    runs: int = 2000,
    list_size: int = 999,
    alpha: float = 0.05,
    seed: int = 20180401,
    tests: Sequence[str] = TESTS,
) -> TrialPower:
    """Power of a crewing trial, by simulation.

    Parameters
    ----------
    setting : TrialSetting
        Areas, months, events and how they vary.
    design : str
        One of :data:`DESIGNS`.
    ratio : float
        True ratio of rates, new policy over present policy; 1 gives the size of the tests.
    runs : int
        Simulated trials.
    list_size : int
        Length of the randomisation list; each run draws one of its allocations.
    alpha : float
        Two-sided size aimed at.
    seed : int
        The same seed gives the same list and the same underlying rates at every ratio.
    tests : sequence of str
        Analyses wanted, of :data:`TESTS`; the permutation test alone takes half the time and gives
        no estimate of the ratio.

    Returns
    -------
    TrialPower
        For three analyses: permutation over the list; Poisson with area and month effects and
        area-clustered errors (CR1, factor G/(G-1)) against t with G - 1 degrees of freedom; the
        same against the normal, as software prints by default.

    Raises
    ------
    ValueError
        For an unknown design, a ratio not above 0, or fewer than 2 runs.

    Notes
    -----
    Hussey and Hughes (2007) treat the stepped wedge; a parallel trial cannot have area effects,
    so the spread between areas enters its error in full.
    """
    if not ratio > 0 or runs < 2:
        raise ValueError("trial_power needs a ratio above 0 and at least 2 runs")
    rng = np.random.default_rng(seed)
    listed = allocations(design, setting.areas, setting.months, list_size, rng)
    parts = [
        _simulate_and_test(
            setting, listed, ratio, min(RUNS_AT_ONCE, runs - start), alpha, rng, tests
        )
        for start in range(0, runs, RUNS_AT_ONCE)
    ]
    log_ratio = np.concatenate([part[0] for part in parts])
    rejected = {test: sum(int(part[1][test].sum()) for part in parts) for test in tests}
    return TrialPower(
        design=design,
        ratio=ratio,
        runs=runs,
        rejections=rejected,
        alpha=alpha,
        events=float(np.concatenate([part[2] for part in parts]).mean()),
        mean_ratio=float(np.exp(log_ratio.mean())),
        sd_log_ratio=float(log_ratio.std(ddof=1)),
    )


def trial_tests(
    setting: TrialSetting,
    listed: NDArray[np.bool_],
    ratio: float,
    generators: Sequence[np.random.Generator],
    *,
    alpha: float = 0.05,
) -> dict[str, NDArray[np.bool_]]:
    """Whether each analysis rejects no difference, one simulated trial per generator.

    Parameters
    ----------
    setting : TrialSetting
    listed : bool array, shape (list, areas, months)
        Randomisation list, from :func:`allocations`.
    ratio : float
        True ratio of rates.
    generators : sequence of Generator
    alpha : float
        Two-sided size aimed at.

    Returns
    -------
    dict of str to bool array, shape (trials,)
        By analysis, see :func:`trial_power`.
    """
    found = [
        _simulate_and_test(setting, listed, ratio, 1, alpha, one, TESTS)[1] for one in generators
    ]
    return {test: np.concatenate([one[test] for one in found]) for test in TESTS}


def _halves(areas: int, size: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Allocations of half the areas: all of them if they are no more than ``size``."""
    if math.comb(areas, areas // 2) > size:
        half = np.arange(areas) < areas // 2
        return rng.permuted(np.broadcast_to(half, (size, areas)), axis=1)
    chosen = list(combinations(range(areas), areas // 2))
    treated = np.zeros((len(chosen), areas), dtype=bool)
    treated[np.arange(len(chosen))[:, None], np.array(chosen)] = True
    return treated


def _simulate_and_test(
    setting: TrialSetting,
    listed: NDArray[np.bool_],
    ratio: float,
    runs: int,
    alpha: float,
    rng: np.random.Generator,
    tests: Sequence[str],
) -> tuple[FloatArray, dict[str, NDArray[np.bool_]], FloatArray]:
    """Log ratios, rejections by test and events analysed of ``runs`` trials."""
    drawn = rng.integers(len(listed), size=runs)
    policy = listed[drawn].astype(float)
    first, rest = _simulate(setting, policy, ratio, rng)
    exposure = np.asarray(setting.event_shares)[None, :, None] * np.ones_like(policy)
    kept = 1 - _dropped(setting, policy)
    switches = bool((listed[:, :, 1:] != listed[:, :, :-1]).any())
    analysed = rest + kept * first
    p, _ = _list_p(_scores(setting, first, rest, exposure, listed, switches), drawn)
    rejected = {"permutation": p <= alpha + TIE}
    log_ratio = np.full(runs, np.nan)
    if set(tests) - {"permutation"}:
        known = exposure * _kept_share(setting, kept)
        log_ratio, se = _estimate(analysed, policy, known, switches)
        # With two areas the errors of both cancel out: an error of 0 tells nothing.
        z = np.divide(np.abs(log_ratio), se, out=np.zeros_like(se), where=se > 0)
        rejected["cluster t"] = z >= stats.t.isf(alpha / 2, setting.areas - 1)
        rejected["cluster z"] = z >= stats.norm.isf(alpha / 2)
    return log_ratio, rejected, analysed.sum(axis=(1, 2))


def _simulate(
    setting: TrialSetting, policy: FloatArray, ratio: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw counts of the carry-over weeks that open each month, and of the rest of it."""
    runs, areas = policy.shape[:2]
    level = setting.area_sd * rng.standard_normal((runs, areas, 1)) - setting.area_sd**2 / 2
    month = setting.month_sd * rng.standard_normal(policy.shape) - setting.month_sd**2 / 2
    shares = np.asarray(setting.event_shares)[None, :, None]
    mean = setting.events_per_month * shares * np.exp(level + month)
    share = setting.carry_over_share
    before = np.concatenate([policy[:, :, :1], policy[:, :, :-1]], axis=2)
    first = rng.poisson(share * mean * ratio**before).astype(float) if share else mean * 0.0
    rest = rng.poisson((1 - share) * mean * ratio**policy).astype(float)
    return first, rest


def _dropped(setting: TrialSetting, policy: FloatArray) -> FloatArray:
    """1 where the carry-over weeks of a cell are washed out, 0 elsewhere."""
    dropped = np.zeros_like(policy)
    if setting.washout:
        dropped[:, :, 1:] = policy[:, :, 1:] != policy[:, :, :-1]
    return dropped


def _kept_share(setting: TrialSetting, kept: FloatArray) -> FloatArray:
    return np.asarray(1 - setting.carry_over_share * (1 - kept))


def _scores(
    setting: TrialSetting,
    first: FloatArray,
    rest: FloatArray,
    exposure: FloatArray,
    listed: NDArray[np.bool_],
    switches: bool,
) -> FloatArray:
    """Score of every run under every allocation of the list, shape (runs, L).

    Each allocation washes out its own weeks, so residuals of the carry-over weeks and of the rest
    are kept apart and added only where that allocation keeps them.
    """
    new = listed.astype(float).reshape(len(listed), -1)
    whole = _null_residual(first + rest, exposure, switches)
    if not setting.washout:
        return np.asarray(whole.reshape(len(whole), -1) @ new.T)
    expected = first + rest - whole
    early = first - setting.carry_over_share * expected
    late = whole - early
    kept = 1 - _dropped(setting, listed.astype(float)).reshape(len(listed), -1)
    return np.asarray(
        late.reshape(len(late), -1) @ new.T + early.reshape(len(early), -1) @ (new * kept).T
    )


def _list_p(scores: FloatArray, drawn: NDArray[np.int_]) -> tuple[FloatArray, FloatArray]:
    """Two-sided p of the drawn allocation, and its centred score, for each run."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    own = centred[np.arange(len(centred)), drawn]
    far = np.abs(centred) >= np.abs(own)[:, None] - TIE
    return far.mean(axis=1), own


def _null_residual(y: FloatArray, e: FloatArray, switches: bool) -> FloatArray:
    """Take off what a model without a policy term expects; shape (runs, areas, months)."""
    if switches:
        return y - scale_to_margins(e, y)
    return np.asarray(y - e * (y.sum(axis=(1, 2)) / e.sum(axis=(1, 2)))[:, None, None])


def _estimate(
    y: FloatArray, policy: FloatArray, e: FloatArray, switches: bool
) -> tuple[FloatArray, FloatArray]:
    """Log ratio and CR1 standard error of each run."""
    return _two_way(y, policy, e) if switches else _two_arms(y, policy, e)


def _two_arms(y: FloatArray, policy: FloatArray, e: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratio of two pooled rates with area-clustered error: Poisson regression in closed form."""
    new, counts, exposure = policy[:, :, 0], y.sum(axis=2), e.sum(axis=2)
    logs, variance = np.zeros(len(y)), np.zeros(len(y))
    for sign, arm in ((1, new), (-1, 1 - new)):
        total = np.maximum((arm * counts).sum(axis=1), 0.5)
        rate = total / (arm * exposure).sum(axis=1)
        logs += sign * np.log(rate)
        variance += (arm * (counts - exposure * rate[:, None]) ** 2).sum(axis=1) / total**2
    areas = y.shape[1]
    return logs, np.sqrt(variance * areas / (areas - 1))


def _two_way(y: FloatArray, policy: FloatArray, e: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Poisson regression with area and month effects and area-clustered errors.

    The effects are profiled out by scaling to the margins; the policy term takes Newton steps on
    what is left of it after weighted projection on the effects (Frisch-Waugh-Lovell).
    """
    beta = np.zeros(len(y))
    for _ in range(NEWTON_STEPS):
        mean, left = _profile(beta, y, policy, e)
        step = (left * (y - mean)).sum(axis=(1, 2)) / (mean * left**2).sum(axis=(1, 2))
        beta = np.clip(beta + step, -LOG_RATIO_LIMIT, LOG_RATIO_LIMIT)
        if np.abs(step).max() < STEP_TOLERANCE:
            break
    mean, left = _profile(beta, y, policy, e)
    scores = (left * (y - mean)).sum(axis=2)
    areas = y.shape[1]
    meat = (scores**2).sum(axis=1) * areas / (areas - 1)
    return beta, np.sqrt(meat) / (mean * left**2).sum(axis=(1, 2))


def _profile(
    beta: FloatArray, y: FloatArray, policy: FloatArray, e: FloatArray
) -> tuple[FloatArray, FloatArray]:
    mean = scale_to_margins(e * np.exp(beta[:, None, None] * policy), y)
    return mean, _project(policy, mean)


def scale_to_margins(start: FloatArray, y: FloatArray) -> FloatArray:
    """Fit ``start`` to the area and month totals of ``y`` by iterative proportional scaling."""
    rows, columns = y.sum(axis=2), y.sum(axis=1)
    b = np.ones_like(columns)
    for _ in range(SCALING_STEPS):
        a = _ratio_or_zero(rows, np.matmul(start, b[:, :, None])[:, :, 0])
        b = _ratio_or_zero(columns, np.matmul(a[:, None, :], start)[:, 0, :])
    return np.asarray(start * a[:, :, None] * b[:, None, :])


def _project(x: FloatArray, w: FloatArray) -> FloatArray:
    """``x`` less its weighted area and month means, by alternating projection."""
    left = x
    rows, columns = w.sum(axis=2), w.sum(axis=1)
    for _ in range(SCALING_STEPS):
        left = left - _ratio_or_zero((w * left).sum(axis=2), rows)[:, :, None]
        left = left - _ratio_or_zero((w * left).sum(axis=1), columns)[:, None, :]
    return left


def _ratio_or_zero(top: FloatArray, bottom: FloatArray) -> FloatArray:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
