"""Simulation of short interrupted series: which error of the step can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from officer_assaults.shown import Shown
from officer_assaults.stats.batch_glm import BatchFit, fit_batch
from officer_assaults.stats.segmented import SeriesDesign, series_design
from officer_assaults.stats.studies import Draws, Seeds, generators

FloatArray = NDArray[np.float64]

METHODS: tuple[str, ...] = (
    "Poisson",
    "Quasi-Poisson with t",
    "Newey-West",
    "Prais-Winsten",
    "Controlled share with t",
)
PRAIS_WINSTEN_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class SeriesScenario:
    """Monthly series with a season, a shared autocorrelated disturbance and a known step.

    Parameters
    ----------
    points : int
        Months.
    after : int
        Months after the event.
    mean, control_mean : float
        Mean count a month of the series and of its control.
    rho, sd : float
        Lag-one autocorrelation of the disturbance of the log mean and the standard deviation of
        its innovations; the control shares the disturbance.
    season : float
        Amplitude of the yearly wave, log scale.
    log_step : float
        True step.
    """

    points: int = 48
    after: int = 12
    mean: float = 75.0
    control_mean: float = 600.0
    rho: float = 0.4
    sd: float = 0.08
    season: float = 0.08
    log_step: float = 0.0


def coverage_study(scenario: SeriesScenario, runs: int, seed: int) -> pd.DataFrame:
    """Coverage and rejection of the step's 95 % interval under five methods.

    Parameters
    ----------
    scenario : SeriesScenario
        Process that makes the series.
    runs : int
        Simulated series.
    seed : int
        Seed of the random numbers.

    Returns
    -------
    DataFrame, indexed by method
        coverage of the true step, rejected (interval excludes no step), mean_se.
    """
    design = _design(scenario)
    series = _simulate(scenario, design, runs, np.random.default_rng(seed))
    rows = {
        name: (float(np.mean(covered)), float(np.mean(rejected)), float(np.mean(se)))
        for name, (covered, rejected, se) in _judged(scenario, design, *series).items()
    }
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=["coverage", "rejected", "mean_se"]
    )
    return table.rename_axis("method")


def covered_runs(
    scenario: SeriesScenario, generators: Sequence[np.random.Generator]
) -> dict[str, NDArray[np.bool_]]:
    """Whether each method's 95 % interval holds the true step, one series per generator.

    Parameters
    ----------
    scenario : SeriesScenario
    generators : sequence of Generator
        One per series; all series are fitted together.

    Returns
    -------
    dict of str to bool array, shape (series,)
        By method.
    """
    design = _design(scenario)
    series = [_simulate(scenario, design, 1, one) for one in generators]
    first, control = (np.concatenate([pair[n] for pair in series]) for n in (0, 1))
    judged = _judged(scenario, design, first, control)
    return {name: covered for name, (covered, _, _) in judged.items()}


def _design(scenario: SeriesScenario) -> SeriesDesign:
    dates = pd.date_range("2015-01-01", periods=scenario.points, freq="MS")
    return series_design(dates, dates[scenario.points - scenario.after])


def _judged(
    scenario: SeriesScenario, design: SeriesDesign, first: FloatArray, control: FloatArray
) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_], FloatArray]]:
    """Covered, rejected and standard error of each series, by method."""
    return {
        name: (np.abs(step - scenario.log_step) < q * se, np.abs(step) > q * se, se)
        for name, (step, se, q) in _estimates(design.matrix, first, control).items()
    }


@dataclass(frozen=True, slots=True)
class SimulatedRegisters(Shown):
    """Two registers of the same made-up events, and what was done to them.

    Parameters
    ----------
    dates : DatetimeIndex
        Quarters.
    event : Timestamp
        Date of the change.
    categories : DataFrame
        Counts of the first register by category.
    first, second : ndarray
        Counts of each register.
    """

    dates: pd.DatetimeIndex
    event: pd.Timestamp
    categories: pd.DataFrame
    first: FloatArray
    second: FloatArray


def simulate_registers(
    seed: int, *, dropped: bool = False, real: float = 1.0, mean: float = 400.0
) -> SimulatedRegisters:
    """Make two registers of the same events, one of which may stop taking a category.

    Parameters
    ----------
    seed : int
        Seed of the random numbers.
    dropped : bool
        Whether the first register stops taking spitting at the event.
    real : float
        Ratio by which events themselves change at the event.
    mean : float
        Events a quarter before it, three in ten of them spitting.

    Notes
    -----
    The first register takes 70 % of events, the second 80 %, independently.
    """
    generator = np.random.default_rng(seed)
    dates = pd.date_range("2014-04-01", periods=32, freq="QS")
    event = pd.Timestamp("2018-11-13")
    after = np.asarray(dates >= pd.Timestamp("2018-10-01"))
    expected = mean * np.where(after, real, 1.0)
    spitting, other = generator.poisson(0.3 * expected), generator.poisson(0.7 * expected)
    kept = ~(after & dropped)
    categories = pd.DataFrame(
        {
            "spitting": generator.binomial(spitting, 0.7) * kept,
            "other": generator.binomial(other, 0.7),
        },
        index=dates,
    )
    second = generator.binomial(spitting + other, 0.8).astype(float)
    first = categories.sum(axis=1).to_numpy(dtype=float)
    return SimulatedRegisters(dates, event, categories, first, second)


def newey_west_se(design: FloatArray, response: FloatArray, fit: BatchFit) -> FloatArray:
    """Newey-West standard error of the last term of batched Poisson fits.

    Bartlett weights with ``floor(4 * (n / 100) ** (2/9))`` lags, the usual rule (Newey and West
    1994, Review of Economic Studies 61:631).
    """
    points = len(design)
    lags = int(np.floor(4 * (points / 100) ** (2 / 9)))
    scores = (response - fit.fitted)[:, :, None] * design[None]
    meat = np.einsum("rti,rtj->rij", scores, scores)
    for lag in range(1, lags + 1):
        cross = np.einsum("rti,rtj->rij", scores[:, lag:], scores[:, :-lag])
        meat += (1 - lag / (lags + 1)) * (cross + cross.transpose(0, 2, 1))
    sandwich = fit.covariance @ meat @ fit.covariance
    return np.asarray(np.sqrt(sandwich[:, -1, -1]))


def prais_winsten(design: FloatArray, logs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Last coefficient and its error from Prais-Winsten regressions on one design.

    Parameters
    ----------
    design : ndarray, shape (points, terms)
        Common design.
    logs : ndarray, shape (fits, points)
        Responses on an additive scale.

    Notes
    -----
    Iterated, with the first observation kept by scaling (Prais and Winsten 1954).
    """
    points, terms = design.shape
    coefficients = np.linalg.lstsq(design, logs.T, rcond=None)[0].T
    for _ in range(PRAIS_WINSTEN_ROUNDS):
        residual = logs - coefficients @ design.T
        rho = (residual[:, 1:] * residual[:, :-1]).sum(1) / (residual[:, :-1] ** 2).sum(1)
        rho = np.clip(rho, -0.99, 0.99)
        head = np.sqrt(1 - rho**2)[:, None]
        y = np.concatenate([head * logs[:, :1], logs[:, 1:] - rho[:, None] * logs[:, :-1]], axis=1)
        x = np.concatenate(
            [head[:, :, None] * design[:1], design[1:] - rho[:, None, None] * design[:-1]], axis=1
        )
        normal = np.einsum("rti,rtj->rij", x, x)
        moment = np.einsum("rti,rt->ri", x, y)
        coefficients = np.linalg.solve(normal, moment[:, :, None])[:, :, 0]
    error = y - np.einsum("rti,ri->rt", x, coefficients)
    variance = (error**2).sum(1) / (points - terms)
    se = np.sqrt(variance * np.linalg.inv(normal)[:, -1, -1])
    return np.asarray(coefficients[:, -1]), np.asarray(se)


def _simulate(
    scenario: SeriesScenario, design: SeriesDesign, runs: int, generator: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    shocks = generator.normal(scale=scenario.sd, size=(runs, scenario.points))
    shared = np.empty_like(shocks)
    shared[:, 0] = shocks[:, 0] / np.sqrt(1 - scenario.rho**2)
    for month in range(1, scenario.points):
        shared[:, month] = scenario.rho * shared[:, month - 1] + shocks[:, month]
    wave = scenario.season * np.sin(2 * np.pi * np.arange(scenario.points) / 12)
    common = wave + shared
    first = np.log(scenario.mean) + common + scenario.log_step * design.matrix[:, -1]
    control = np.log(scenario.control_mean) + common
    return (
        generator.poisson(np.exp(first)).astype(float),
        generator.poisson(np.exp(control)).astype(float),
    )


def _estimates(
    design: FloatArray, first: FloatArray, control: FloatArray
) -> dict[str, tuple[FloatArray, FloatArray, float]]:
    alone = fit_batch(design, first)
    share = fit_batch(design, first, first + control)
    step = alone.coefficients[:, -1]
    normal, t = float(stats.norm.isf(0.025)), float(stats.t.isf(0.025, alone.df))
    log_step, log_se = prais_winsten(design, np.log(np.maximum(first, 0.5)))
    found = (
        (step, np.sqrt(alone.covariance[:, -1, -1]), normal),
        (step, alone.quasi_se(-1), t),
        (step, newey_west_se(design, first, alone), normal),
        (log_step, log_se, t),
        (share.coefficients[:, -1], share.quasi_se(-1), t),
    )
    return dict(zip(METHODS, found, strict=True))


def step_runs(seeds: Seeds, *, scenario: SeriesScenario) -> Draws:
    """Draw monthly series with a known step and cover it by every method."""
    return dict(covered_runs(scenario, generators(seeds)))
