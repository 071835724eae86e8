"""Steps: the step of recorded assaults at a date, force by force and over forces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.shown import Shown, Tabled
from officer_assaults.stats.batch_glm import BatchFit, fit_batch
from officer_assaults.stats.heterogeneity import paule_mandel
from officer_assaults.stats.intervals import Interval
from officer_assaults.stats.segmented import STANDARD, SeriesOptions, series_design

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Steps(Tabled):
    """Step of recorded assaults relative to one control, force by force.

    Parameters
    ----------
    table : DataFrame, indexed by force
        log_step, se (quasi), ratio, lower, upper, p, dispersion; with a slope option also
        slope_ratio, slope_lower, slope_upper (per year).
    control : str
        Control series.
    event : Timestamp
        First period after the event.
    df : int
        Degrees of freedom of the t distribution.
    alpha : float
        One minus the coverage.
    """

    table: pd.DataFrame
    control: str
    event: pd.Timestamp
    df: int
    alpha: float

    def of(self, force: str) -> Interval:
        """Interval of one force's step, as a ratio."""
        lower, upper = self.table.loc[force, ["lower", "upper"]].to_numpy(dtype=float)
        return Interval(float(lower), float(upper))


@dataclass(frozen=True, slots=True)
class PooledStep(Shown):
    """Mean step over forces, Paule-Mandel.

    Parameters
    ----------
    control : str
        Control series.
    event : Timestamp
        First period after the event or placebo date.
    ratio, interval : float, Interval
        Mean step as a ratio.
    tau : float
        Standard deviation of forces' true steps, log scale.
    k : int
        Number of forces.
    rejected : float
        Share of forces whose own interval excludes no step.
    """

    control: str
    event: pd.Timestamp
    ratio: float
    interval: Interval
    tau: float
    k: int
    rejected: float


def controlled_steps(
    frame: pd.DataFrame,
    control: str,
    event: pd.Timestamp,
    options: SeriesOptions = STANDARD,
) -> Steps:
    """Step of recorded assaults relative to a control, for every force of a frame at once.

    Parameters
    ----------
    frame : DataFrame
        As for :func:`usable_forces`, with usable forces only.
    control : str
        Control series.
    event : Timestamp
        Date of the event.
    options : SeriesOptions
        Slope, season and coverage.

    Notes
    -----
    Binomial (recorded, control) on trend, season and step; quasi-likelihood errors with t. In
    simulated series with a shared autocorrelated disturbance this holds its coverage where
    single-series models do not, Newey-West errors included (Turner et al. 2021, Bottomley et al.
    2023 find the same of short series).
    """
    recorded, dates, forces = wide_matrix(frame, "recorded")
    other = wide_matrix(frame, control)[0]
    design = series_design(dates, event, options)
    fit = fit_batch(design.matrix, recorded, recorded + other)
    quantile = float(stats.t.isf(options.alpha / 2, fit.df))
    table = _step_columns(fit, quantile)
    if options.slope:
        table = table.assign(**_slope_columns(fit, quantile))
    table.index = pd.Index(forces, name="force")
    return Steps(table, control, design.event, fit.df, options.alpha)


def pooled_step(steps: Steps) -> PooledStep:
    """Mean step over forces with the share of forces whose interval excludes no step."""
    table = steps.table.dropna(subset=["log_step"])
    panel = paule_mandel(table["log_step"], table["se"] ** 2)
    limits = panel.interval(steps.alpha)
    return PooledStep(
        control=steps.control,
        event=steps.event,
        ratio=float(np.exp(panel.mu)),
        interval=Interval(float(np.exp(limits.lower)), float(np.exp(limits.upper))),
        tau=panel.tau,
        k=panel.k,
        rejected=float((table["p"] < steps.alpha).mean()),
    )


def calibrated(steps: Steps, spread: float) -> Steps:
    """Widen every force's interval by the spread that steps show where nothing happened.

    Parameters
    ----------
    steps : Steps
        With errors of the series alone.
    spread : float
        Standard deviation of placebo steps beyond their own errors, log scale.
    """
    table, se = steps.table, np.hypot(steps.table["se"], spread)
    half = float(stats.t.isf(steps.alpha / 2, steps.df)) * se
    return replace(
        steps,
        table=table.assign(
            se=se,
            lower=np.exp(table["log_step"] - half),
            upper=np.exp(table["log_step"] + half),
            p=2 * stats.t.sf(np.abs(table["log_step"]) / se, steps.df),
        ),
    )


def wide_matrix(frame: pd.DataFrame, column: str) -> tuple[FloatArray, pd.DatetimeIndex, list[str]]:
    """Lay one column out by force and date, both sorted; NaN where a force has no such date."""
    rows, forces = pd.factorize(frame["force"], sort=True)
    places, dates = pd.factorize(frame["date"], sort=True)
    wide = np.full((len(forces), len(dates)), np.nan)
    wide[rows, places] = frame[column].to_numpy(dtype=float)
    return wide, pd.DatetimeIndex(dates), list(forces)


def _step_columns(fit: BatchFit, quantile: float) -> pd.DataFrame:
    log_step, se = fit.coefficients[:, -1], fit.quasi_se(-1)
    return pd.DataFrame(
        {
            "log_step": log_step,
            "se": se,
            "ratio": np.exp(log_step),
            "lower": np.exp(log_step - quantile * se),
            "upper": np.exp(log_step + quantile * se),
            "p": 2 * stats.t.sf(np.abs(log_step) / se, fit.df),
            "dispersion": fit.dispersion,
        }
    )


def _slope_columns(fit: BatchFit, quantile: float) -> dict[str, FloatArray]:
    slope, se = fit.coefficients[:, -2], fit.quasi_se(-2)
    return {
        "slope_ratio": np.exp(slope),
        "slope_lower": np.exp(slope - quantile * se),
        "slope_upper": np.exp(slope + quantile * se),
    }
