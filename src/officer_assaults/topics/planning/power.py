"""Power of crewing trials: what a force could learn from switching policy, area by area."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.intervals import check_alpha
from officer_assaults.topics.planning.trials import (
    DAYS_PER_MONTH,
    TESTS,
    FloatArray,
    TrialPower,
    scale_to_margins,
)
from officer_assaults.topics.planning.trials import DESIGNS as DESIGNS
from officer_assaults.topics.planning.trials import Design as Design
from officer_assaults.topics.planning.trials import TrialSetting as TrialSetting
from officer_assaults.topics.planning.trials import allocations as allocations
from officer_assaults.topics.planning.trials import trial_power as trial_power
from officer_assaults.topics.planning.trials import trial_tests as trial_tests

# What a trial is sized for where no records are given (assumptions): single-crewed hours carry 1.4
# times the rate, and 73 % of unit-hours single crewed means 42.5 % of officer-hours double crewed.
ASSUMED_SHARES = {"crew_ratio": 1.4, "share_before": 0.425, "share_after": 0.85}
ASSUMED_PATROL = {"rate_per_1000_hours": 0.327, "patrol_hours_per_year": 2.75e6}
ASSUMED_LENGTHS = (12, 18, 24, 30, 36)
LEAST_AREAS = 2
LEAST_PERIODS = 4
YEAR = 12
HOURS_PER_THOUSAND = 1000.0


@dataclass(frozen=True, slots=True)
class TrialPlan(Shown):
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
) -> dict[str, float]:
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

    Returns
    -------
    dict of str to float
        ``ratio``, ``officer_shifts_per_arm``, ``events`` to expect in both arms, and
        ``years_of_patrol``: both arms as a multiple of a year of the force's patrol officer-hours.

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
    return {
        "ratio": ratio,
        "officer_shifts_per_arm": shifts,
        "events": shifts * per_shift * (1 + ratio),
        "years_of_patrol": 2 * shifts * shift_hours / patrol_hours_per_year,
    }


def setting_from_cells(cells: pd.DataFrame, *, months: int) -> TrialSetting:
    """Read the setting of a trial off a force's own past records.

    Parameters
    ----------
    cells : DataFrame
        lpa, period_start, y, officer_hours: any finer rows; they are summed to one row per area
        and period (months, or quarters).
    months : int
        Length of the trial to plan.

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
    counts, hours = (
        cells.pivot_table(index="lpa", columns="period_start", values=name, aggfunc="sum")
        for name in ("y", "officer_hours")
    )
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
    mean = scale_to_margins(e[None], y[None])[0]
    areas, months = y.shape
    spare = (areas - 1) * (months - 1) / (areas * months)
    excess = ((y - mean) ** 2).sum() - spare * mean.sum()
    return math.sqrt(max(0.0, float(excess / (spare * (mean**2).sum()))))
