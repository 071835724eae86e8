"""The force before chance acts: beats, hours, how crews are assigned, and every expected rate."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from officer_assaults import daylight
from officer_assaults.topics.crewing.simulator.params import (
    AREA_TYPES,
    BANDS,
    HOUR_BANDS,
    LAYERS,
    REFERENCE_BACKUP,
    Deployment,
    ForceParams,
    Layer,
    Recording,
)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

SINGLE, DOUBLE = 0, 1
MONTHS_A_YEAR = 12
CREWS = ("single", "double")
EVENING, NIGHT, EARLY = (BANDS.index(band) for band in ("evening", "night", "early"))


def generators(seed: int) -> dict[Layer, np.random.Generator]:
    """One random generator per layer: a change in one layer leaves the others as they were."""
    children = np.random.SeedSequence(seed).spawn(len(LAYERS))
    return {
        layer: np.random.Generator(np.random.PCG64(child))
        for layer, child in zip(LAYERS, children, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Beats:
    """Beats of the force, shape (beats,) each.

    Attributes
    ----------
    area : index into ``AREA_TYPES``
    lpa : number of the local policing area
    backup : planned back-up in minutes
    volume : share of the force's patrol hours
    effect : deviation of the log assault rate
    """

    area: IntArray
    lpa: IntArray
    backup: FloatArray
    volume: FloatArray
    effect: FloatArray


@dataclass(frozen=True, slots=True)
class Strata:
    """Beat by hour band by weekend by call risk, shape (strata,) each."""

    beat: IntArray
    band: IntArray
    weekend: IntArray
    high_risk: IntArray
    officer_hours: FloatArray


@dataclass(frozen=True, slots=True)
class World:
    """A force with every expectation known.

    Attributes
    ----------
    hidden_shares : array, shape (levels,)
        Share of hours without and with the hidden danger; one level when there is none.
    chance_double : array, shape (levels, strata)
        Probability that an officer-hour is planned as double crewed.
    planned, worked : array, shape (levels, strata, 2)
        Officer-hours by crew (single, double) as planned and as worked.
    rate : array, shape (levels, strata, 2)
        True assaults per officer-hour, were the crew single or double.
    recorded : array, shape (2,)
        Probability that a true assault on a single, double crew is recorded.
    """

    params: ForceParams
    beats: Beats
    strata: Strata
    hidden_shares: FloatArray
    chance_double: FloatArray
    planned: FloatArray
    worked: FloatArray
    rate: FloatArray
    recorded: FloatArray
    true_injury_share: float

    @property
    def periods(self) -> pd.DatetimeIndex:
        """First days of the periods of the cells; the first day alone without a calendar."""
        params = self.params
        return calendar(params.first_month, max(params.periods * params.years, 1), _length(params))

    @property
    def months(self) -> pd.DatetimeIndex:
        """First days of all months of the years."""
        return calendar(self.params.first_month, MONTHS_A_YEAR * self.params.years, 1)


def _length(params: ForceParams) -> int:
    """Months in a period of the cells."""
    return MONTHS_A_YEAR // params.periods if params.periods else MONTHS_A_YEAR * params.years


@functools.cache
def calendar(first: str, periods: int, months: int) -> pd.DatetimeIndex:
    """First days of consecutive periods of so many months."""
    return pd.date_range(first, periods=periods, freq=f"{months}MS")


@functools.cache
def _dark(first: str, months: int) -> FloatArray:
    table = daylight.dark_share_by_band(HOUR_BANDS, calendar(first, months, 1))
    return np.array([table[band] for band in BANDS])


def dark_shares(world: World) -> FloatArray:
    """Share of each hour band after dark, shape (bands, periods)."""
    monthly = _dark(world.params.first_month, len(world.months))
    by_period = monthly.reshape(len(BANDS), len(world.periods), -1)
    return np.asarray(by_period.mean(axis=2))


def build_world(params: ForceParams, rng: Mapping[Layer, np.random.Generator]) -> World:
    """Draw the lasting features of a force and work out every expectation.

    Parameters
    ----------
    params : ForceParams
    rng : mapping of layer to Generator
        From :func:`generators`.
    """
    beats = _beats(params, rng["geography"])
    strata = _strata(params, beats)
    hidden = params.hidden
    shares = (
        np.array([1 - hidden.prevalence, hidden.prevalence]) if hidden.active else np.array([1.0])
    )
    chance = _chance_double(params, beats, strata, shares)
    planned = _split_hours(params.deployment, strata, shares, chance, rng["assignment"])
    worked = planned.copy()
    parted = planned[:, :, DOUBLE] * params.deployment.split_share
    worked[:, :, DOUBLE] -= parted
    worked[:, :, SINGLE] += parted
    injury, recorded = _recorded(params.recording)
    rate = _relative_rate(params, beats, strata, len(shares))
    rate *= params.risk.recorded_assaults * params.years / (worked * rate * recorded).sum()
    return World(params, beats, strata, shares, chance, planned, worked, rate, recorded, injury)


def _beats(params: ForceParams, rng: np.random.Generator) -> Beats:
    plan = params.deployment
    counts = np.round(np.asarray(plan.area_shares) * plan.beats).astype(int)
    counts[-1] = plan.beats - counts[:-1].sum()
    area = rng.permutation(np.repeat(np.arange(len(AREA_TYPES)), counts))
    noise = rng.standard_normal((3, plan.beats))
    volume = np.asarray(plan.volume_medians)[area] * np.exp(plan.volume_sd * noise[1])
    return Beats(
        area=area,
        lpa=np.arange(plan.beats) * plan.lpas // plan.beats,
        backup=np.asarray(plan.backup_medians)[area] * np.exp(plan.backup_sd * noise[0]),
        volume=volume / volume.sum(),
        effect=params.risk.beat_sd * noise[2],
    )


def _strata(params: ForceParams, beats: Beats) -> Strata:
    plan = params.deployment
    beat, band, weekend, high = (
        grid.ravel()
        for grid in np.meshgrid(
            np.arange(plan.beats), np.arange(len(BANDS)), (0, 1), (0, 1), indexing="ij"
        )
    )
    share_high = np.asarray(plan.high_risk_shares)[band]
    hours = (
        plan.officer_hours
        * params.years
        * beats.volume[beat]
        * np.asarray(plan.band_shares)[band]
        * np.where(weekend == 1, plan.weekend_share, 1 - plan.weekend_share)
        * np.where(high == 1, share_high, 1 - share_high)
    )
    return Strata(beat, band, weekend, high, hours)


def _chance_double(
    params: ForceParams, beats: Beats, strata: Strata, shares: FloatArray
) -> FloatArray:
    plan = params.deployment
    predictor = (
        np.select(
            [strata.band == EVENING, strata.band == NIGHT, strata.band == EARLY],
            [plan.evening, plan.night, plan.early],
            0.0,
        )
        + plan.high_risk * strata.high_risk
        + plan.urban * (beats.area[strata.beat] == 0)
        + plan.weekend_night * strata.weekend * (strata.band == NIGHT)
        + plan.backup * beats.backup[strata.beat]
    )
    levels = np.log([1.0, params.hidden.assignment_odds])[: len(shares), None]
    hours = strata.officer_hours * shares[:, None]

    def chance(intercept: float) -> FloatArray:
        double = np.asarray(expit(intercept + predictor + levels), dtype=float)
        if plan.night_double is not None:
            double[:, strata.band == NIGHT] = plan.night_double
        return double

    def excess(intercept: float) -> float:
        double = chance(intercept)
        return float((hours * (1 - double)).sum() / (hours * (1 - double / 2)).sum()) - (
            plan.single_share
        )

    return chance(float(brentq(excess, -20, 20, xtol=1e-10)))


def _split_hours(
    plan: Deployment,
    strata: Strata,
    shares: FloatArray,
    chance: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    double = rng.beta(plan.concentration * chance, plan.concentration * (1 - chance))
    hours = strata.officer_hours * shares[:, None]
    return np.stack([hours * (1 - double), hours * double], axis=-1)


def _recorded(recording: Recording) -> tuple[float, FloatArray]:
    """Solve for the true injury share; with it, the chance of a record by crew."""
    injury = float(
        expit(logit(recording.injury_share) + np.log(recording.single / recording.injury))
    )
    without = np.array([recording.single, recording.double])
    return injury, injury * recording.injury + (1 - injury) * without


def _relative_rate(params: ForceParams, beats: Beats, strata: Strata, levels: int) -> FloatArray:
    risk = params.risk
    night = strata.band == NIGHT
    double = (
        np.select(
            [strata.band == EVENING, night, strata.band == EARLY],
            [risk.evening, risk.night, risk.early],
            0.0,
        )
        + risk.high_risk * strata.high_risk
        + risk.urban * (beats.area[strata.beat] == 0)
        + risk.weekend * strata.weekend
        + risk.weekend_night * strata.weekend * night
        + beats.effect[strata.beat]
    )
    crew = (
        np.log(risk.crew_ratio)
        + risk.backup_slope * (beats.backup[strata.beat] - REFERENCE_BACKUP)
        + np.log(risk.night_ratio) * night
    )
    hidden = np.log([1.0, params.hidden.rate_ratio])[:levels, None]
    return np.asarray(np.exp(np.stack([double + crew + hidden, double + hidden], axis=-1)))
