"""Controlled interrupted series: whether recorded assaults stepped at a dated event.

The primary estimate is controlled: recorded assaults as a binomial share of recorded assaults
plus a control series of the same force, so that whatever moves both alike drops out. A step of
*recorded* assaults is never by itself a step of violence: an Act can deter and, at the same time,
make recording likelier. Dates at which nothing happened, tried over all forces, show how often
the method finds a step anyway. How far such steps spread beyond their own errors is added to every
error (empirical calibration, Schuemie et al. 2014, doi:10.1002/sim.5925, with dates in place of
drugs), and the level of the widened intervals is tried on dates that were left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from scipy import special, stats

from officer_assaults.estimate import Estimate, Shown
from officer_assaults.findings import Verdict
from officer_assaults.refusals import Problems
from officer_assaults.stats.batch_glm import fit_batch
from officer_assaults.stats.changes import RecordedChange
from officer_assaults.stats.glm import Contrast, RateModel, refit
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.intervals import Interval
from officer_assaults.stats.model_rows import ModelSpec
from officer_assaults.stats.newton import fit_design
from officer_assaults.stats.segmented import (
    MINIMUM_AFTER,
    MINIMUM_BEFORE,
    STANDARD,
    SeriesOptions,
    check_length,
    period_of,
    series_design,
)
from officer_assaults.topics.act.gates import MINIMUM_PLACEBOS as MINIMUM_PLACEBOS
from officer_assaults.topics.act.gates import Gate, check_gates
from officer_assaults.topics.act.gates import placebo_days as placebo_days
from officer_assaults.topics.act.gates import quiet_dates as quiet_dates
from officer_assaults.topics.act.gates import refusal as refusal
from officer_assaults.topics.act.gates import usable_forces as usable_forces
from officer_assaults.topics.act.steps import (
    FloatArray,
    Steps,
    calibrated,
    pooled_step,
    wide_matrix,
)
from officer_assaults.topics.act.steps import PooledStep as PooledStep
from officer_assaults.topics.act.steps import controlled_steps as controlled_steps

#: Largest share of placebo intervals that may exclude no step, in units of what is promised.
LARGEST_PLACEBO_RATE = 1.4


@dataclass(frozen=True, slots=True)
class Assessment(Shown):
    """Everything the verdict on one force and one event rests on.

    Parameters
    ----------
    force : str or None
        Force in focus; None where only the forces together are looked at.
    event : Timestamp
        First period after the event.
    steps, calibrated : tuple of Steps
        One per control: errors of the series alone, and widened by the spread of placebo steps.
    pooled : tuple of PooledStep
        Mean over forces at the event, one per control.
    placebos : DataFrame
        One row per control and placebo date: ratio, lower, upper (mean over forces), rejected and
        calibrated (share of forces whose interval, alone and widened, excludes no step), focus
        (the force's own ratio), k.
    placebo_steps : DataFrame
        Long: control, event, force, log_step, se, p, calibrated_p.
    gates : tuple of Gate
        Conditions and whether they hold.
    verdict : str
        ``"not identified"`` unless all gates pass; ``"needs data"`` without a force in focus.
    alpha : float
        One minus the coverage.
    """

    force: str | None
    event: pd.Timestamp
    steps: tuple[Steps, ...]
    calibrated: tuple[Steps, ...]
    pooled: tuple[PooledStep, ...]
    placebos: pd.DataFrame
    placebo_steps: pd.DataFrame
    gates: tuple[Gate, ...]
    verdict: Verdict
    alpha: float

    @property
    def holds_level(self) -> bool:
        """Whether the widened intervals exclude no step about as often as they promise."""
        rates = self.placebo_steps.groupby("control")["calibrated_p"].apply(
            lambda values: float((values < self.alpha).mean())
        )
        return bool((rates <= LARGEST_PLACEBO_RATE * self.alpha).all())


def assess(
    frame: pd.DataFrame,
    force: str | None,
    event: pd.Timestamp,
    controls: Sequence[str],
    placebo_dates: Sequence[pd.Timestamp],
    options: SeriesOptions = STANDARD,
    busy: pd.DataFrame | None = None,
) -> Assessment:
    """Judge one event for one force by rule: gates first, then controls, then the verdict.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`usable_forces`, with usable forces only.
    force : str or None
        Force in focus, among those of the frame; None to judge the forces together only.
    event : Timestamp
        Date of the event.
    controls : sequence of str
        At least two control series.
    placebo_dates : sequence of Timestamp
        At least four dates before the event; they are tried on the periods before it only.
    options : SeriesOptions
        Slope, season and coverage.
    busy : DataFrame, optional
        Columns force, day: dated events of single forces, whose placebo steps there are left out.

    Raises
    ------
    Refusal
        E118 for too short a series or too few controls or placebo dates.

    Notes
    -----
    The verdict judges the claim that recorded assaults stepped at the event beyond what the
    controls did, on the calibrated intervals. ``"consistent"`` needs every gate and every
    control's interval on one side of no step; ``"not supported"`` means that the gates hold and
    some interval spans no step.
    """
    dates = pd.DatetimeIndex(np.sort(frame["date"].unique()))
    check_gates(dates, event, controls, placebo_dates)
    steps = tuple(controlled_steps(frame, name, event, options) for name in controls)
    earlier = frame[frame["date"] < period_of(dates, event)]
    trials = [
        _without_busy(controlled_steps(earlier, name, placebo, options), dates, busy)
        for name in controls
        for placebo in placebo_dates
    ]
    long = _long(trials)
    wide = tuple(calibrated(one, _spread(long[long["control"] == one.control])) for one in steps)
    level = _level_gates(long, controls, options.alpha)
    own = () if force is None else _own_gates(steps, long[long["force"] == force], options.alpha)
    gates = (*own, *level)
    return Assessment(
        force=force,
        event=steps[0].event,
        steps=steps,
        calibrated=wide,
        pooled=tuple(pooled_step(step) for step in steps),
        placebos=pd.DataFrame([_placebo_row(trial, force, long) for trial in trials]),
        placebo_steps=long,
        gates=gates,
        verdict="needs data"
        if force is None
        else _verdict(gates, [step.of(force) for step in wide]),
        alpha=options.alpha,
    )


def best_steps(
    frame: pd.DataFrame,
    controls: Sequence[str],
    starts: Sequence[pd.Timestamp],
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Search every date for the step that all forces share, under several models.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`usable_forces`, with usable forces only.
    controls : sequence of str
        Control series.
    starts : sequence of Timestamp
        First periods to try.
    alpha : float
        One minus the coverage.

    Returns
    -------
    DataFrame
        One row per control, start, number of harmonics (0 or 1) and slope: the date at which a
        step takes most from the forces' deviance, a bend at the same date allowed for where
        ``slope``; and the mean step there (ratio, lower, upper). The interval takes the date as
        given; that of the best of many dates is not as precise as it looks.
    """
    rows = []
    for control, start, harmonics, slope in product(controls, starts, (0, 1), (False, True)):
        part, options = frame[frame["date"] >= start], SeriesOptions(slope, harmonics, alpha)
        recorded, dates, _ = wide_matrix(part, "recorded")
        totals = recorded + wide_matrix(part, control)[0]
        tried = list(dates[MINIMUM_BEFORE : 1 - MINIMUM_AFTER])
        if not tried:
            continue
        best = max(tried, key=lambda day: _taken(recorded, totals, dates, day, options))
        found = pooled_step(controlled_steps(part, control, best, options))
        limits = (found.interval.lower, found.interval.upper)
        rows.append((control, start, harmonics, slope, best, found.ratio, *limits))
    return pd.DataFrame(
        rows, columns=["control", "start", "harmonics", "slope", "date", *_RATIO]
    )  # fmt: skip


def model_frame(frame: pd.DataFrame, event: pd.Timestamp) -> pd.DataFrame:
    """Add to the series what a formula names: years, season and after (1 from the event on).

    Parameters
    ----------
    frame : DataFrame
        Columns force, date, recorded and the controls.
    event : Timestamp
        Date of the event; the period that holds it counts as after.
    """
    dates = pd.DatetimeIndex(np.sort(frame["date"].unique()))
    return frame.assign(
        years=(frame["date"] - dates[0]).dt.days / 365.25,
        season=frame["date"].dt.quarter.astype(str),
        after=(frame["date"] >= period_of(dates, event)).astype(float),
    )


@dataclass(frozen=True, slots=True)
class RecordSteps(Shown):
    """Step of the record of all forces together, one model per control.

    Parameters
    ----------
    fits : mapping of str to RateModel
        By control; the term ``after`` is the step.
    """

    fits: Mapping[str, RateModel]

    def __post_init__(self) -> None:
        self.table()  # A model without the step is refused where it is fitted.

    def table(self) -> pd.DataFrame:
        """Rate ratio of ``after`` by control, with limits and dispersion."""
        found = {name: step_of(fit) for name, fit in self.fits.items()}
        return pd.DataFrame(
            [
                (name, one.ratio, one.lower, one.upper, self.fits[name].dispersion)
                for name, one in found.items()
            ],
            columns=["exposure", "rate ratio of after", "lower", "upper", "dispersion"],
        )

    def title(self) -> str:
        """Say what the table holds."""
        return "Step of recorded assaults, all usable forces together"

    def notes(self) -> tuple[str, ...]:
        """Say the model of each."""
        return tuple(dict.fromkeys(fit.notes()[0] for fit in self.fits.values()))


def step_of(fit: RateModel) -> Contrast:
    """Ratio of what was recorded from the event on to what the model expects without ``after``."""
    return fit.effect("after", treated=True)


def without_step(rows: pd.DataFrame, fit: RateModel) -> pd.DataFrame:
    """Sum over forces what the model expects without the step.

    Parameters
    ----------
    rows : DataFrame
        What the model was fitted to.
    fit : RateModel
        With a term ``after``.

    Returns
    -------
    DataFrame
        Columns date, without_event.
    """
    expected = fit.predict_count(rows.assign(after=0.0), exposure=fit.spec.exposure)
    sums = expected.groupby(rows["date"].to_numpy()).sum()
    return pd.DataFrame({"date": sums.index, "without_event": sums.to_numpy()})


def every_date(
    rows: pd.DataFrame, specs: Mapping[str, ModelSpec], others: pd.DataFrame
) -> pd.DataFrame:
    """Search every date by the fitted models too, before the fixed ones of :func:`best_steps`.

    Parameters
    ----------
    rows : DataFrame
        What the models were fitted to.
    specs : mapping of str to ModelSpec
        By control, with a term ``after``; each is fitted again with the step at each date.
    others : DataFrame
        From :func:`best_steps`.

    Returns
    -------
    DataFrame
        As ``others``, with a row per fitted model before them that has no ``harmonics``.
    """
    dates = pd.DatetimeIndex(np.sort(rows["date"].unique()))
    found = []
    for control, spec in specs.items():
        fit = refit(spec, rows)
        before, after = (fit.design(rows.assign(after=value)).to_numpy() for value in (0.0, 1.0))
        left = {
            day: _left(fit, np.where((rows["date"] >= day).to_numpy()[:, None], after, before))
            for day in dates[MINIMUM_BEFORE : 1 - MINIMUM_AFTER]
        }
        best = min(left, key=left.__getitem__, default=None)
        if best is not None and np.isfinite(left[best]):
            step = step_of(fit.again(rows.assign(after=(rows["date"] >= best).astype(float))))
            limits = (step.ratio, step.lower, step.upper)
            found.append((control, dates[0], np.nan, False, best, *limits))
    own = pd.DataFrame(found, columns=others.columns)
    return pd.concat([own, others], ignore_index=True) if len(others) and len(own) else others


def _left(fit: RateModel, design: FloatArray) -> float:
    """Deviance that a model with another design leaves; infinite where it cannot be fitted."""
    try:
        return fit_design(design, fit.rows.y, fit.rows.log_exposure).deviance
    except ValueError:
        return np.inf


def _taken(
    recorded: FloatArray,
    totals: FloatArray,
    dates: pd.DatetimeIndex,
    day: pd.Timestamp,
    options: SeriesOptions,
) -> float:
    """Deviance that a step at a date takes from all forces together."""
    matrix = series_design(dates, day, options).matrix
    without, with_step = (
        np.nansum(
            special.xlogy(recorded, fit.fitted) + special.xlog1py(totals - recorded, -fit.fitted)
        )
        for fit in (
            fit_batch(matrix[:, :-1], recorded, totals),
            fit_batch(matrix, recorded, totals),
        )
    )
    return float(2 * (with_step - without))


def specification_range(
    frame: pd.DataFrame,
    force: str,
    event: pd.Timestamp,
    controls: Sequence[str],
    starts: Sequence[pd.Timestamp],
    alpha: float = 0.05,
) -> pd.DataFrame:
    """One force's step under every mix of control, first period, harmonics and slope.

    Returns
    -------
    DataFrame
        Columns control, start, harmonics, slope, points, ratio, lower, upper. Mixes that leave
        too few points for :func:`check_gates` are not tried.
    """
    own = frame[frame["force"] == force]
    rows = []
    for start in starts:
        part = own[own["date"] >= start]
        problems = Problems()
        check_length(problems, pd.DatetimeIndex(part["date"]), event, "the event")
        mixes = [] if problems.found else list(product(controls, (0, 1, 2), (False, True)))
        for control, harmonics, slope in mixes:
            options = SeriesOptions(slope, harmonics, alpha)
            found = controlled_steps(part, control, event, options).table.iloc[0]
            rows.append((control, start, harmonics, slope, len(part), *found[_RATIO]))
    columns = ["control", "start", "harmonics", "slope", "points", *_RATIO]
    return pd.DataFrame(rows, columns=columns)


def counterfactual(
    frame: pd.DataFrame,
    force: str,
    control: str,
    event: pd.Timestamp,
    options: SeriesOptions = STANDARD,
) -> pd.DataFrame:
    """Series of one force beside what its control would have had it be without the event.

    Returns
    -------
    DataFrame
        Columns date, recorded, control, fitted, without_event, lower, upper. The limits are those
        of the expected count without the event (quasi errors with t), not of single counts;
        before the event fitted and without_event agree.
    """
    own = frame[frame["force"] == force].sort_values("date")
    recorded = own["recorded"].to_numpy(dtype=float)
    other = own[control].to_numpy(dtype=float)
    dates = pd.DatetimeIndex(own["date"])
    design = series_design(dates, event, options)
    fit = fit_batch(design.matrix, recorded, recorded + other)
    without = design.matrix.copy()
    without[:, (-2 if options.slope else -1) :] = 0.0
    covariance = fit.covariance[0] * max(1.0, float(fit.dispersion[0]))
    predictor = without @ fit.coefficients[0]
    se = np.sqrt(np.einsum("ij,jk,ik->i", without, covariance, without))
    half = float(stats.t.isf(options.alpha / 2, fit.df)) * se
    return pd.DataFrame(
        {
            "date": dates,
            "recorded": recorded,
            "control": other,
            "fitted": other * np.exp(design.matrix @ fit.coefficients[0]),
            "without_event": other * np.exp(predictor),
            "lower": other * np.exp(predictor - half),
            "upper": other * np.exp(predictor + half),
        }
    )


def immediate_jump(change: RecordedChange, days_in_force: int, days: int) -> Estimate:
    """Jump that a law in force for part of a year needs to make that year's change alone.

    Parameters
    ----------
    change : RecordedChange
        The year's recorded rate over that of the year before.
    days_in_force, days : int
        Days of the year with the law, and all its days.

    Returns
    -------
    Estimate
        Proportional jump, 0.87 for 87 %, if the rest of the year had stayed at the old rate; limits
        are those of the recorded change, counting chance only.

    Raises
    ------
    ValueError
        If the law was not in force on any day of the year.
    """
    if not 0 < days_in_force <= days:
        raise ValueError(f"{days_in_force} days in force out of {days} is not possible")
    size, low, high = (
        (ratio - 1) * days / days_in_force
        for ratio in (change.ratio, change.interval.lower, change.interval.upper)
    )
    return Estimate(
        size, low, high, unit="proportion", denominator=f"{days_in_force} of {days} days in force"
    )


_RATIO = ["ratio", "lower", "upper"]


def _without_busy(trial: Steps, dates: pd.DatetimeIndex, busy: pd.DataFrame | None) -> Steps:
    """Leave out forces in which something is known to have happened in the trial's period."""
    if busy is None:
        return trial
    there = [force for force, day in zip(busy["force"], busy["day"], strict=True)
             if period_of(dates, day) == trial.event]  # fmt: skip
    return replace(trial, table=trial.table[~trial.table.index.isin(there)])


def _spread(placebos: pd.DataFrame) -> float:
    """Spread of placebo steps beyond their own errors, log scale (Paule-Mandel)."""
    return paule_mandel(placebos["log_step"], placebos["se"] ** 2).tau


def _long(trials: Sequence[Steps]) -> pd.DataFrame:
    """Placebo steps in long form; each date's are widened by the spread at the other dates."""
    parts = [
        trial.table[["log_step", "se", "p"]].dropna().reset_index().assign(
            control=trial.control, event=trial.event
        )
        for trial in trials
    ]  # fmt: skip
    whole = pd.concat(parts, ignore_index=True)
    widened = []
    for part, trial in zip(parts, trials, strict=True):
        others = whole[(whole["control"] == trial.control) & (whole["event"] != trial.event)]
        se = np.hypot(part["se"], _spread(others))
        widened.append(2 * stats.t.sf(np.abs(part["log_step"]) / se, trial.df))
    return whole.assign(calibrated_p=np.concatenate(widened))


def _placebo_row(trial: Steps, force: str | None, long: pd.DataFrame) -> dict[str, object]:
    pooled = pooled_step(trial)
    here = long[(long["control"] == trial.control) & (long["event"] == trial.event)]
    focus = trial.table["ratio"].get(force) if force else None
    return {
        "control": trial.control,
        "event": trial.event,
        "ratio": pooled.ratio,
        "lower": pooled.interval.lower,
        "upper": pooled.interval.upper,
        "rejected": pooled.rejected,
        "calibrated": float((here["calibrated_p"] < trial.alpha).mean()),
        "focus": np.nan if focus is None else float(focus),
        "k": pooled.k,
    }


def _own_gates(steps: Sequence[Steps], own: pd.DataFrame, alpha: float) -> tuple[Gate, ...]:
    """Conditions of one force: its controls agree, and its own placebo dates are quiet."""
    force = str(own["force"].iloc[0]) if len(own) else ""
    gates = []
    for control, part in own.groupby("control", sort=False):
        found, most = int((part["calibrated_p"] < alpha).sum()), stats.binom.ppf(
            0.95, len(part), alpha
        )  # fmt: skip
        gates.append(
            Gate(
                f"Placebo dates of this force are quiet against {control}",
                found <= most,
                f"{found} of {len(part)} intervals exclude no step",
                f"at most {most:.0f}, as chance would have in 19 of 20 forces",
            )
        )
    return (_sign_gate(steps, force), *gates) if force else ()


def _sign_gate(steps: Sequence[Steps], force: str) -> Gate:
    ratios = [float(step.table["ratio"].loc[force]) for step in steps]
    found = ", ".join(
        f"{ratio:.2f} against {step.control}" for ratio, step in zip(ratios, steps, strict=True)
    )
    agree = all(ratio > 1 for ratio in ratios) or all(ratio < 1 for ratio in ratios)
    return Gate("The controls agree on the direction", agree, found, "all above 1 or all below 1")


def _level_gates(long: pd.DataFrame, controls: Sequence[str], alpha: float) -> tuple[Gate, ...]:
    """Conditions of the method: over all forces it finds steps no more often than it promises."""
    gates = []
    for control in controls:
        rate = float((long.loc[long["control"] == control, "calibrated_p"] < alpha).mean())
        gates.append(
            Gate(
                f"The method holds its level against {control}",
                rate <= LARGEST_PLACEBO_RATE * alpha,
                f"{100 * rate:.1f}% of placebo intervals exclude no step",
                f"at most {100 * LARGEST_PLACEBO_RATE * alpha:g}%",
            )
        )
    return tuple(gates)


def _verdict(gates: Sequence[Gate], intervals: Sequence[Interval]) -> Verdict:
    if not all(gate.passed for gate in gates):
        return "not identified"
    apart = all(limits.lower > 1 for limits in intervals) or all(
        limits.upper < 1 for limits in intervals
    )
    return "consistent" if apart else "not supported"
