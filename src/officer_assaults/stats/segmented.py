"""Segmented regression of one series, of every date for a step, and of two registers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.findings import Verdict
from officer_assaults.refusals import Problems, Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats.batch_glm import BatchFit, fit_batch
from officer_assaults.stats.changes import Attribution, attribute
from officer_assaults.stats.intervals import Interval, check_alpha

FloatArray = NDArray[np.float64]

MINIMUM_POINTS = 24
MINIMUM_BEFORE = 12
MINIMUM_AFTER = 6
ENTRIES_BEFORE_DROP = 30


@dataclass(frozen=True, slots=True)
class SeriesOptions(Shown):
    """How a segmented series is modelled.

    Parameters
    ----------
    slope : bool
        Let the slope change at the event as well as the level.
    harmonics : int
        Pairs of sine and cosine of the year; at half the periods of a year the sine vanishes and
        only the cosine is added.
    alpha : float
        One minus the coverage of intervals.
    """

    slope: bool = False
    harmonics: int = 1
    alpha: float = 0.05

    def __post_init__(self) -> None:
        check_alpha(self.alpha)


STANDARD = SeriesOptions()


@dataclass(frozen=True, slots=True)
class SeriesDesign(Shown):
    """Design of a segmented series; the step is the last term, the slope change before it.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of equally long periods, in order.
    event : Timestamp
        First period that counts as after the event.
    matrix : ndarray, shape (points, terms)
        Intercept, trend in years, harmonics, optional change of slope, step.
    """

    dates: pd.DatetimeIndex
    event: pd.Timestamp
    matrix: FloatArray

    @property
    def before(self) -> int:
        """Number of periods before the event."""
        return int((self.dates < self.event).sum())

    @property
    def after(self) -> int:
        """Number of periods from the event on."""
        return len(self.dates) - self.before


@dataclass(frozen=True, slots=True)
class SegmentedSeries(Shown):
    """Segmented regression of one series, descriptive only.

    Parameters
    ----------
    label : str
        Always ``"descriptive"``: without a control, trend and event cannot be told apart.
    step, step_interval : float, Interval
        Ratio of levels at the event.
    slope : float or None
        Ratio of yearly growth after the event to before it, where asked for.
    dispersion : float
        Pearson chi-square over degrees of freedom.
    df : int
        Degrees of freedom.
    fitted : DataFrame
        date, observed, fitted, without_event.
    """

    label: Literal["descriptive"]
    step: float
    step_interval: Interval
    slope: float | None
    dispersion: float
    df: int
    fitted: pd.DataFrame


@dataclass(frozen=True, slots=True)
class RegisterSteps(Shown):
    """Step at an event in two registers of the same events.

    Parameters
    ----------
    first, second : SegmentedSeries
        Each register alone, descriptive.
    difference, difference_interval : float, Interval
        Step of the first register relative to the second, as a binomial share.
    attribution : Attribution
        See :func:`officer_assaults.stats.changes.attribute`.
    dropped : tuple of str
        Categories of the first register that end at the event, where categories are given.
    like_for_like : SegmentedSeries or None
        The first register without the dropped categories.
    """

    first: SegmentedSeries
    second: SegmentedSeries
    difference: float
    difference_interval: Interval
    attribution: Attribution
    dropped: tuple[str, ...]
    like_for_like: SegmentedSeries | None


def parse_day(text: str, parameter: str) -> pd.Timestamp:
    """Read a day given as a parameter.

    Raises
    ------
    Refusal
        E113 if it is no ISO date.
    """
    try:
        return pd.Timestamp(date.fromisoformat(text))
    except ValueError:
        raise Refusal.of(
            "E113", f"'{text}' is no date.", "Write it as 2018-11-13.", column=parameter
        ) from None


def series_design(
    dates: pd.DatetimeIndex, event: pd.Timestamp, options: SeriesOptions = STANDARD
) -> SeriesDesign:
    """Build the design of a segmented series of months or quarters.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of months or quarters, in order, none missing.
    event : Timestamp
        Date of the event; the period that contains it counts as after.
    options : SeriesOptions
        Season and slope. A change of slope is centred at the event, so that the step stays the
        jump there.

    Raises
    ------
    Refusal
        E106 if the dates are not consecutive months or quarters.
    """
    dates = pd.DatetimeIndex(dates)
    per_year = _per_year(dates)
    first_after = period_of(dates, event)
    years = np.arange(len(dates)) / per_year
    step = (dates >= first_after).astype(float)
    columns = [np.ones(len(dates)), years - years.mean()]
    for harmonic in range(1, options.harmonics + 1):
        if 2 * harmonic < per_year:
            columns.append(np.sin(2 * np.pi * harmonic * years))
        columns.append(np.cos(2 * np.pi * harmonic * years))
    if options.slope:
        columns.append((years - years[step.argmax()]) * step)
    return SeriesDesign(dates, first_after, np.column_stack([*columns, step]))


def segmented_series(
    dates: pd.DatetimeIndex,
    counts: FloatArray,
    event: pd.Timestamp,
    options: SeriesOptions = STANDARD,
    *,
    family: Literal["poisson", "quasi-poisson"] = "quasi-poisson",
) -> SegmentedSeries:
    """Fit a segmented Poisson or quasi-Poisson regression to a single series.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of months or quarters.
    counts : ndarray, shape (points,)
        Events per period.
    event : Timestamp
        Date of the event.
    options : SeriesOptions
        Slope, season and coverage.
    family : {"poisson", "quasi-poisson"}
        Poisson takes the counting error as all there is, with a normal quantile; quasi-Poisson
        scales it by the dispersion, with t.

    Raises
    ------
    Refusal
        E106 for dates that are not consecutive, E118 for a series too short, E122 if no step can
        be fitted, for instance because all counts after the event are zero.
    """
    problems = Problems()
    check_length(problems, dates, event, "the event")
    problems.raise_if_any()
    design = series_design(dates, event, options)
    fit = fit_batch(design.matrix, counts)
    if not fit.converged[0]:
        remedy = "Choose a series with events on both sides of the date."
        raise Refusal.of("E122", "no step can be fitted to this series.", remedy)
    quasi = family == "quasi-poisson"
    quantile = float(
        stats.t.isf(options.alpha / 2, fit.df) if quasi else stats.norm.isf(options.alpha / 2)
    )
    without = design.matrix.copy()
    without[:, (-2 if options.slope else -1) :] = 0.0
    step, interval = _ratio(fit, -1, quantile, quasi)
    bend = _ratio(fit, -2, quantile, quasi) if options.slope else (None, None)
    return SegmentedSeries(
        label="descriptive",
        step=step,
        step_interval=interval,
        slope=bend[0],
        dispersion=float(fit.dispersion[0]),
        df=fit.df,
        fitted=pd.DataFrame(
            {
                "date": dates,
                "observed": counts,
                "fitted": fit.fitted[0],
                "without_event": np.exp(without @ fit.coefficients[0]),
            }
        ),
    )


def break_dates(
    dates: pd.DatetimeIndex,
    counts: FloatArray,
    options: SeriesOptions = STANDARD,
) -> pd.DataFrame:
    """How well a step at each date fits one series, the best first.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of months or quarters.
    counts : ndarray, shape (points,)
        Events per period.
    options : SeriesOptions
        Season and coverage.

    Returns
    -------
    DataFrame
        Columns date, ratio, lower, upper, distance, near. ``distance`` is the rise of the
        deviance over the best date in units of the dispersion; ``near`` marks dates within the F
        quantile of it. Only dates with enough points on both sides are tried. The intervals take
        each date as given; the best of many dates is not as precise as its interval looks.

    Raises
    ------
    Refusal
        E122 if no date can carry a step.
    """
    candidates = dates[MINIMUM_AFTER : len(dates) - MINIMUM_AFTER + 1]
    rows, deviances, dispersions, df = [], [], [], 1
    for candidate in candidates:
        design = series_design(dates, candidate, options)
        fit = fit_batch(design.matrix, counts)
        if not fit.converged[0]:
            continue
        df = fit.df
        step, limits = _ratio(fit, -1, float(stats.t.isf(options.alpha / 2, df)), quasi=True)
        rows.append((candidate, step, limits.lower, limits.upper))
        deviances.append(_poisson_deviance(counts, fit.fitted[0]))
        dispersions.append(float(fit.dispersion[0]))
    if not rows:
        raise Refusal.of("E122", "no step can be fitted to this series.", "Choose a longer series.")
    best = int(np.argmin(deviances))
    distance = (np.array(deviances) - deviances[best]) / max(1.0, dispersions[best])
    table = pd.DataFrame(rows, columns=["date", "ratio", "lower", "upper"])
    table = table.assign(distance=distance, near=distance <= stats.f.isf(options.alpha, 1, df))
    return table.sort_values("distance", kind="stable", ignore_index=True)


def break_profiles(
    frame: pd.DataFrame, names: Mapping[str, str], options: SeriesOptions = STANDARD
) -> dict[str, pd.DataFrame]:
    """Find the best break of several series of one force, those that cannot carry one left out.

    Parameters
    ----------
    frame : DataFrame
        Columns date and one per series, in order of date.
    names : mapping of str to str
        Column to the name under which its result is handed out.
    options : SeriesOptions
        Season and coverage.

    Returns
    -------
    dict of str to DataFrame
        As :func:`break_dates`. A series with a negative count, or with fewer than
        :data:`ENTRIES_BEFORE_DROP` in all, is left out.
    """
    dates = pd.DatetimeIndex(frame["date"])
    found = {}
    for column, name in names.items():
        counts = frame[column].to_numpy(dtype=float)
        if counts.min() >= 0 and counts.sum() >= ENTRIES_BEFORE_DROP:
            found[name] = break_dates(dates, counts, options)
    return found


def compare_register_steps(
    dates: pd.DatetimeIndex,
    first: FloatArray,
    second: FloatArray,
    event: pd.Timestamp,
    options: SeriesOptions = STANDARD,
    *,
    categories: pd.DataFrame | None = None,
) -> RegisterSteps:
    """Ask of two registers of the same events where a change at a date lies.

    A policy that changes what happens moves both registers; a change of what one register takes
    in moves that one alone, and so moves its share of the two.

    Parameters
    ----------
    dates : DatetimeIndex
        Starts of months or quarters.
    first, second : ndarray, shape (points,)
        Counts of the register in question and of the other one.
    event : Timestamp
        Date of the event.
    options : SeriesOptions
        Season and coverage.
    categories : DataFrame, optional
        Counts of the first register, one column per category and one row per date.

    Raises
    ------
    Refusal
        E106 or E118 as in :func:`segmented_series`; E122 if no step can be fitted.
    """
    alone = [segmented_series(dates, series, event, options) for series in (first, second)]
    design = series_design(dates, event, options)
    fit = fit_batch(design.matrix, first, first + second)
    quantile = float(stats.t.isf(options.alpha / 2, fit.df))
    difference, interval = _ratio(fit, -1, quantile, quasi=True)
    dropped = () if categories is None else _dropped(categories, design)
    rest = None
    if categories is not None and dropped:
        gone = categories[list(dropped)].sum(axis=1).to_numpy(dtype=float)
        rest = segmented_series(dates, first - gone, event, options)
    return RegisterSteps(
        first=alone[0],
        second=alone[1],
        difference=difference,
        difference_interval=interval,
        attribution=attribute(alone[0].step, interval, alone[1].step_interval),
        dropped=dropped,
        like_for_like=rest,
    )


def register_verdict(attribution: Attribution) -> Verdict:
    """Verdict on the claim that the event changed what happens, not only what is recorded."""
    verdicts: dict[Attribution, Verdict] = {
        "recording": "not supported",
        "both registers": "consistent",
        "both kinds": "not identified",
        "neither": "not supported",
    }
    return verdicts[attribution]


def _per_year(dates: pd.DatetimeIndex) -> int:
    for frequency, per_year in (("QS", 4), ("MS", 12)):
        if len(dates) > 1 and dates.equals(
            pd.DatetimeIndex(pd.date_range(dates[0], periods=len(dates), freq=frequency))
        ):
            return per_year
    raise Refusal.of(
        "E106",
        "the dates are not the starts of consecutive months or quarters.",
        "Give every period once, in order, zero counts included.",
        column="date",
    )


def period_of(dates: pd.DatetimeIndex, event: pd.Timestamp) -> pd.Timestamp:
    """Start of the period that contains a date; the date itself if it lies before all."""
    earlier = dates[dates <= event]
    return earlier.max() if len(earlier) else event


def check_length(
    problems: Problems, dates: pd.DatetimeIndex, event: pd.Timestamp, what: str
) -> None:
    """Note an E118 problem if a series is too short before or after a date."""
    before = int((dates < period_of(dates, event)).sum())
    found = {"points": len(dates), "before": before, "after": len(dates) - before}
    needed = {"points": MINIMUM_POINTS, "before": MINIMUM_BEFORE, "after": MINIMUM_AFTER}
    short = [
        f"{found[key]} {key} (need {needed[key]})" for key in found if found[key] < needed[key]
    ]
    if short:
        problems.add(
            "E118",
            f"{what} ({event:%Y-%m-%d}) leaves {', '.join(short)}.",
            "Use a longer series or another date.",
        )


def _ratio(fit: BatchFit, term: int, quantile: float, quasi: bool) -> tuple[float, Interval]:
    estimate = float(fit.coefficients[0, term])
    model_se = float(np.sqrt(fit.covariance[0, term, term]))
    half = quantile * (float(fit.quasi_se(term)[0]) if quasi else model_se)
    limits = Interval(float(np.exp(estimate - half)), float(np.exp(estimate + half)))
    return float(np.exp(estimate)), limits


def _poisson_deviance(counts: FloatArray, fitted: FloatArray) -> float:
    logs = np.where(counts > 0, counts * np.log(np.maximum(counts, 1.0) / fitted), 0.0)
    return float(2 * (logs - (counts - fitted)).sum())


def _dropped(categories: pd.DataFrame, design: SeriesDesign) -> tuple[str, ...]:
    after = np.asarray(design.dates >= design.event)
    before_sum = categories.to_numpy()[~after].sum(axis=0)
    after_sum = categories.to_numpy()[after].sum(axis=0)
    gone = (before_sum >= ENTRIES_BEFORE_DROP) & (after_sum == 0)
    return tuple(str(name) for name in categories.columns[gone])
