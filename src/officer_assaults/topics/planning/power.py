"""Power of crewing trials: what a force could learn from switching policy, area by area."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.intervals import Interval, check_alpha, wilson

FloatArray = NDArray[np.float64]
Design = Literal["cluster crossover", "stepped wedge", "parallel"]
DESIGNS: tuple[Design, ...] = get_args(Design)
TESTS: tuple[str, ...] = ("permutation", "cluster t", "cluster z")
# What a trial is sized for where no records are given (assumptions): single-crewed hours carry 1.4
# times the rate, and 73 % of unit-hours single crewed means 42.5 % of officer-hours double crewed.
ASSUMED_SHARES = {"crew_ratio": 1.4, "share_before": 0.425, "share_after": 0.85}
ASSUMED_PATROL = {"rate_per_1000_hours": 0.327, "patrol_hours_per_year": 2.75e6}
ASSUMED_LENGTHS = (12, 18, 24, 30, 36)

DAYS_PER_MONTH = 365.25 / 12
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7
LEAST_AREAS = 2
LEAST_PERIODS = 4
YEAR = 12
HOURS_PER_THOUSAND = 1000.0
SCALING_STEPS = 4
NEWTON_STEPS = 12
LOG_RATIO_LIMIT = 5.0
STEP_TOLERANCE = 1e-7
# Statistics of re-randomised lists that differ by less than this count as equal.
TIE = 1e-9
RUNS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class TrialSetting:
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
class TrialPower:
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


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Officer-shifts that two equal arms need when nothing varies but chance.

    Parameters
    ----------
    ratio : float
        True ratio of rates.
    officer_shifts_per_arm : float
        Officer-shifts in each arm.
    events : float
        Events to expect in both arms.
    years_of_patrol : float
        Both arms as a multiple of a year of the force's patrol officer-hours.
    """

    ratio: float
    officer_shifts_per_arm: float
    events: float
    years_of_patrol: float


@dataclass(frozen=True, slots=True)
class TrialPlan:
    """The trial that a force could start, and what it could find.

    Parameters
    ----------
    setting : TrialSetting
        Areas, length and events of the trial.
    forces : int
        Forces that take part, each with its own areas.
    crew_ratio : float
        Rate of single-crewed over double-crewed officer-hours that the trial is sized for
        (assumption).
    share_before, share_after : float
        Share of officer-hours double-crewed under the present and the new policy.
    ratio : float
        Rate under the new policy over the present one that follows (intention to treat).
    power, lower, upper : float
        Power of the permutation test, with Monte-Carlo limits.
    target : float
        Power wanted.
    runs : int
        Simulated trials behind ``power``.
    """

    setting: TrialSetting
    forces: int
    crew_ratio: float
    share_before: float
    share_after: float
    ratio: float
    power: float
    lower: float
    upper: float
    target: float
    runs: int

    @property
    def events(self) -> float:
        """Events to expect in the whole trial if crews are as far apart as assumed."""
        halves = (1 + self.ratio) / 2
        return self.setting.events_per_month * self.setting.months * halves

    @property
    def reaches_target(self) -> bool:
        """Whether the power found is at least the power wanted."""
        return self.power >= self.target


def assumed_setting(months: int = 12) -> TrialSetting:
    """Make up the setting of a trial in one force where no records are given (assumptions).

    Parameters
    ----------
    months : int
        Length of the trial.

    Notes
    -----
    12 areas and 900 recorded assaults on patrol a year. Sizes of areas spread by 0.6 on the log
    scale (city against countryside), months by 0.10, and levels of areas beyond their size by 0.35,
    near what is measured between forces.
    """
    return TrialSetting(event_shares=unequal_shares(12, 0.6), events_per_month=75.0, months=months)


def joined_trials(
    setting: TrialSetting, *, most_forces: int = 2, carry_over_weeks: float = 1.0
) -> dict[int, TrialSetting]:
    """Set up trials in one force, in two forces alike, and so on, with a washout.

    Parameters
    ----------
    setting : TrialSetting
        Of one force.
    most_forces : int
        Most forces that would take part; each is taken to be like the first (assumption).
    carry_over_weeks : float
        Weeks left out after each switch; 0 for none.
    """
    return {
        forces: replace(
            setting,
            event_shares=tuple(share / forces for share in setting.event_shares) * forces,
            events_per_month=setting.events_per_month * forces,
            carry_over_weeks=carry_over_weeks,
            washout=carry_over_weeks > 0,
        )
        for forces in range(1, most_forces + 1)
    }


def design_grid(
    setting: TrialSetting,
    *,
    ratios: Iterable[float],
    runs: int = 2000,
    alpha: float = 0.05,
    seed: int = 20180401,
) -> pd.DataFrame:
    """Power of the three designs in one force over about a year.

    Parameters
    ----------
    setting : TrialSetting
        Of one force. Crossover and parallel designs take 12 months, a stepped wedge 13.
    ratios, runs, alpha, seed
        As for :func:`power_grid`.
    """
    wanted = tuple(ratios)
    parts = [
        power_grid(
            setting, designs=(design,), ratios=wanted, months=(YEAR + (design == "stepped wedge"),),
            runs=runs, alpha=alpha, seed=seed,
        )
        for design in DESIGNS
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def length_grid(
    settings: Mapping[int, TrialSetting],
    *,
    ratio: float,
    months: Iterable[int],
    runs: int = 1000,
    seed: int = 20180401,
) -> pd.DataFrame:
    """Power of cluster crossovers of several lengths in one or more forces.

    Parameters
    ----------
    settings : mapping of int to TrialSetting
        By number of forces.
    ratio : float
        True ratio of rates, new policy over present policy.
    months : iterable of int
        Lengths to try.
    runs, seed : int
        As for :func:`trial_power`.

    Returns
    -------
    DataFrame
        As :func:`power_grid`, permutation test only, with ``forces``.
    """
    lengths = list(months)
    parts = [
        power_grid(
            setting, designs=("cluster crossover",), ratios=(ratio,), months=lengths, runs=runs,
            seed=seed, tests=("permutation",),
        ).assign(forces=forces)
        for forces, setting in settings.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def plan_trial(
    grid: pd.DataFrame,
    settings: Mapping[int, TrialSetting],
    *,
    crew_ratio: float,
    share_before: float,
    share_after: float,
    target: float = 0.8,
) -> TrialPlan:
    """Choose the shortest trial that reaches the power wanted, with the fewest areas.

    Parameters
    ----------
    grid : DataFrame
        From :func:`length_grid`.
    settings : mapping of int to TrialSetting
        The settings it was made from.
    crew_ratio, share_before, share_after : float
        As for :func:`policy_ratio`; they must give the ratio of ``grid``.
    target : float
        Power wanted.

    Returns
    -------
    TrialPlan
        Where none reaches the target, the trial with the highest power.

    Raises
    ------
    ValueError
        If ``grid`` was made for another ratio.
    """
    ratio = policy_ratio(crew_ratio, share_before, share_after)
    if not np.allclose(grid["ratio"], ratio):
        raise ValueError(f"the grid was made for a ratio of {grid['ratio'].iloc[0]}, not {ratio}")
    enough = grid[grid["power"] >= target]
    if enough.empty:
        best = grid.iloc[int(grid["power"].argmax())]
    else:
        best = enough.sort_values(["months", "areas"]).iloc[0]
    forces = int(best["forces"])
    return TrialPlan(
        setting=replace(settings[forces], months=int(best["months"])),
        forces=forces,
        crew_ratio=crew_ratio,
        share_before=share_before,
        share_after=share_after,
        ratio=ratio,
        power=float(best["power"]),
        lower=float(best["lower"]),
        upper=float(best["upper"]),
        target=target,
        runs=int(best["runs"]),
    )


def unequal_shares(areas: int, log_sd: float) -> tuple[float, ...]:
    """Shares of areas whose sizes spread log-normally, at the quantiles of the distribution.

    Parameters
    ----------
    areas : int
        Number of areas.
    log_sd : float
        SD of log size; 0 gives equal areas.
    """
    quantiles = stats.norm.ppf((np.arange(areas) + 0.5) / areas)
    size = np.exp(log_sd * quantiles)
    return tuple(float(share) for share in size / size.sum())


def policy_ratio(crew_ratio: float, share_before: float, share_after: float) -> float:
    """Ratio of total rates that a policy month gives, when crews change only in part.

    Parameters
    ----------
    crew_ratio : float
        Rate of single-crewed over double-crewed officer-hours.
    share_before, share_after : float
        Share of officer-hours double-crewed under the present and the new policy.

    Returns
    -------
    float
        Rate under the new policy over rate under the present one (intention to treat).

    Raises
    ------
    ValueError
        For a ratio not above 0 or a share outside 0 to 1.
    """
    if not crew_ratio > 0:
        raise ValueError(f"crew_ratio must be above 0, not {crew_ratio}")
    totals = []
    for share in (share_before, share_after):
        if not 0 <= share <= 1:
            raise ValueError(f"a share of officer-hours lies from 0 to 1, not {share}")
        totals.append((1 - share) * crew_ratio + share)
    return totals[1] / totals[0]


def sample_size(
    ratio: float,
    *,
    rate_per_1000_hours: float = ASSUMED_PATROL["rate_per_1000_hours"],
    shift_hours: float = 9.0,
    patrol_hours_per_year: float = ASSUMED_PATROL["patrol_hours_per_year"],
    power: float = 0.8,
    alpha: float = 0.05,
) -> SampleSize:
    """Officer-shifts per arm for a comparison of two Poisson rates.

    Parameters
    ----------
    ratio : float
        True ratio of rates; not 1.
    rate_per_1000_hours : float
        Events per 1,000 officer-hours in the reference arm.
    shift_hours, patrol_hours_per_year : float
        Length of a shift, and the force's patrol officer-hours in a year.
    power, alpha : float
        Power wanted and two-sided size.

    Notes
    -----
    Normal approximation for the log ratio: ``(z_{1-alpha/2} + z_power)^2 (1/m1 + 1/m0) =
    log(ratio)^2`` with ``m`` the expected events of an arm. It ignores that officers of one area
    share their circumstances, so a real trial needs more: see :func:`trial_power`.
    """
    if not ratio > 0 or ratio == 1:
        raise ValueError(f"ratio must be above 0 and differ from 1, not {ratio}")
    per_shift = rate_per_1000_hours / HOURS_PER_THOUSAND * shift_hours
    z = float(stats.norm.isf(check_alpha(alpha) / 2) + stats.norm.ppf(power))
    shifts = z**2 * (1 + 1 / ratio) / per_shift / math.log(ratio) ** 2
    return SampleSize(
        ratio=ratio,
        officer_shifts_per_arm=shifts,
        events=shifts * per_shift * (1 + ratio),
        years_of_patrol=2 * shifts * shift_hours / patrol_hours_per_year,
    )


def setting_from_cells(
    cells: pd.DataFrame,
    *,
    months: int,
    area: str = "lpa",
    period: str = "period_start",
    events: str = "y",
    exposure: str = "officer_hours",
) -> TrialSetting:
    """Read the setting of a trial off a force's own past records.

    Parameters
    ----------
    cells : DataFrame
        Any finer rows; they are summed to one row per area and period (months, or quarters).
    months : int
        Length of the trial to plan.
    area, period, events, exposure : str
        Column names.

    Returns
    -------
    TrialSetting
        ``month_sd`` is what the area-by-month counts vary beyond chance about their area's level
        and the force's month, by moments; ``area_sd`` is the spread of area rates
        (Paule-Mandel).

    Raises
    ------
    Refusal
        E114 with fewer than 2 areas, fewer than 4 periods, a gap, or an area without events.
    """
    counts = cells.pivot_table(index=area, columns=period, values=events, aggfunc="sum")
    hours = cells.pivot_table(index=area, columns=period, values=exposure, aggfunc="sum")
    y, e = counts.to_numpy(float), hours.to_numpy(float)
    _refuse_sparse(y, e)
    totals, area_hours = y.sum(axis=1), e.sum(axis=1)
    span = _months_apart(counts.columns)
    return TrialSetting(
        event_shares=tuple(float(share) for share in totals / totals.sum()),
        events_per_month=float(y.sum() / y.shape[1] / span),
        months=months,
        # Months that vary on their own average out within a longer period.
        month_sd=_excess_sd(y, e) * math.sqrt(span),
        area_sd=paule_mandel(np.log(totals / area_hours), 1 / totals).tau,
    )


def setting_or_assumed(cells: pd.DataFrame, *, months: int) -> tuple[TrialSetting, str]:
    """Read the setting off past records, or take the assumed one where they are too few.

    Parameters
    ----------
    cells : DataFrame
        As for :func:`setting_from_cells`.
    months : int
        Length of the trial to plan.

    Returns
    -------
    setting : TrialSetting
    why : str
        Why the setting is assumed; empty where it was read off the records.
    """
    try:
        return setting_from_cells(cells, months=months), ""
    except Refusal as refusal:
        return assumed_setting(months), str(refusal)


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


def power_grid(
    setting: TrialSetting,
    *,
    designs: Iterable[Design],
    ratios: Iterable[float],
    months: Iterable[int] | None = None,
    runs: int = 2000,
    alpha: float = 0.05,
    seed: int = 20180401,
    tests: Sequence[str] = TESTS,
) -> pd.DataFrame:
    """Power of several designs, lengths and true ratios.

    Parameters
    ----------
    setting : TrialSetting
        Where the trial takes place.
    designs, ratios, months : iterable
        What to cross; ``months`` defaults to the setting's own.
    runs, alpha, seed, tests
        As for :func:`trial_power`.

    Returns
    -------
    DataFrame
        One row per design, months, ratio and test: power, Monte-Carlo limits, runs, events.
    """
    lengths = (setting.months,) if months is None else tuple(months)
    rows = []
    for design in designs:
        for length in lengths:
            here = replace(setting, months=length)
            for ratio in ratios:
                found = trial_power(
                    here, design, ratio, runs=runs, alpha=alpha, seed=seed, tests=tests
                )
                rows += [_grid_row(found, here, test) for test in tests]
    return pd.DataFrame(rows)


def _grid_row(found: TrialPower, setting: TrialSetting, test: str) -> dict[str, object]:
    limits = found.monte_carlo_interval(test)
    return {
        "design": found.design,
        "areas": setting.areas,
        "months": setting.months,
        "ratio": found.ratio,
        "test": test,
        "power": found.power(test),
        "lower": limits.lower,
        "upper": limits.upper,
        "runs": found.runs,
        "events": found.events,
        "sd_log_ratio": found.sd_log_ratio,
    }


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
        return y - _scale_to_margins(e, y)
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
    mean = _scale_to_margins(e * np.exp(beta[:, None, None] * policy), y)
    return mean, _project(policy, mean)


def _scale_to_margins(start: FloatArray, y: FloatArray) -> FloatArray:
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


def _refuse_sparse(y: FloatArray, e: FloatArray) -> None:
    if y.shape[0] < LEAST_AREAS or y.shape[1] < LEAST_PERIODS or not np.isfinite(y).all():
        what = f"{y.shape[0]} areas and {y.shape[1]} periods, or an area without rows in a period."
        remedy = (
            f"Planning needs at least {LEAST_AREAS} areas and {LEAST_PERIODS} periods, every area "
            "in every period."
        )
        raise Refusal.of("E114", what, remedy)
    if np.any(y.sum(axis=1) == 0) or np.any(e <= 0):
        raise Refusal.of(
            "E114",
            "an area has no recorded assault at all, or no hours in a period.",
            "Join it to a neighbouring area, or give a longer period.",
        )


def _months_apart(starts: pd.Index) -> float:
    """Months from one period to the next; 1 where the labels are no dates."""
    if not isinstance(starts, pd.DatetimeIndex):
        return 1.0
    days = np.median(np.diff(starts.sort_values().to_numpy()) / np.timedelta64(1, "D"))
    return max(1.0, round(float(days) / DAYS_PER_MONTH))


def _excess_sd(y: FloatArray, e: FloatArray) -> float:
    """SD of log rates beyond Poisson in an area-by-month table, by the Pearson moment."""
    mean = _scale_to_margins(e[None], y[None])[0]
    areas, months = y.shape
    spare = (areas - 1) * (months - 1) / (areas * months)
    excess = ((y - mean) ** 2).sum() - spare * mean.sum()
    return math.sqrt(max(0.0, float(excess / (spare * (mean**2).sum()))))
