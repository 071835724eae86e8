"""Crew cells and the victims behind them: one year of chance acting on a known force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.topics.crewing.simulator.params import (
    AREA_TYPES,
    BANDS,
    HIGH_RISK,
    STANDARD_RISK,
    Layer,
)
from officer_assaults.topics.crewing.simulator.world import CREWS, DOUBLE, World, dark_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

FORCE = "simulated-force"


@dataclass(frozen=True, slots=True)
class Victims:
    """True assaults, one entry per officer-victim, recorded or not.

    Attributes
    ----------
    cell : row of the crew cells
    incident : number of the violent incident; two entries where both officers were assaulted
    injured, recorded : bool
    """

    cell: IntArray
    incident: IntArray
    injured: BoolArray
    recorded: BoolArray


def draw_cells(
    world: World, rng: Mapping[Layer, np.random.Generator]
) -> tuple[pd.DataFrame, Victims]:
    """Draw attended incidents, violent incidents, victims, injuries and records.

    Parameters
    ----------
    world : World
    rng : mapping of layer to Generator
    """
    shares = period_shares(world)
    # Axes: hidden level, stratum, period, crew; a cell is the last three.
    worked = world.worked[:, :, None, :] * shares[:, None]
    crew_size = np.array([1.0, 2.0])
    attended = rng["incidents"].poisson(
        worked / crew_size * world.params.deployment.calls_per_unit_hour
    )
    violent = rng["incidents"].binomial(attended, _chance_violent(world, worked.shape[1:], rng))
    victims, level = _victims(world, violent, rng)
    cell_count = int(np.prod(worked.shape[1:]))
    hours = worked.sum(axis=0).ravel()
    counts = _count(victims, cell_count)
    frame = cell_keys(world, len(shares)).assign(
        unit_hours=hours / np.tile(crew_size, cell_count // 2),
        officer_hours=hours,
        attended=attended.sum(axis=0).ravel(),
        **counts,
        y_control=rng["control"].poisson(hours * world.params.risk.control_rate / 1000),
        **_history(world, worked, victims, level, rng["history"]),
        planned_officer_hours=(world.planned[:, :, None, :] * shares[:, None]).sum(axis=0).ravel(),
        is_simulated=True,
    )
    return frame, victims


def period_shares(world: World) -> FloatArray:
    """Share of the hours in each period of the cells."""
    days = np.asarray(world.months.days_in_month, dtype=float)
    by_period = days.reshape(len(world.periods), -1).sum(axis=1)
    return np.asarray(by_period / days.sum())


def _chance_violent(
    world: World, shape: tuple[int, ...], rng: Mapping[Layer, np.random.Generator]
) -> FloatArray:
    """Probability that an attended incident turns violent, shape (levels, strata, periods, 2)."""
    risk = world.params.risk
    size = np.array([1.0, 2.0])
    victims = np.array([1.0, risk.victims_per_double])
    per_call = world.rate * size / victims / world.params.deployment.calls_per_unit_hour
    wobble = np.ones(shape)
    if risk.cell_sd > 0:
        wobble = rng["incidents"].gamma(risk.cell_sd**-2, risk.cell_sd**2, shape)
    return np.asarray(np.minimum(per_call[:, :, None, :] * wobble, 1.0))


def _victims(
    world: World, violent: NDArray[np.int64], rng: Mapping[Layer, np.random.Generator]
) -> tuple[Victims, IntArray]:
    """Victims of the violent incidents, and the hidden level of each."""
    recording = world.params.recording
    cell_count = int(np.prod(violent.shape[1:]))
    place = np.repeat(np.arange(violent.size), violent.ravel())
    double = place % 2 == DOUBLE
    second = double & (
        rng["incidents"].random(len(place)) < world.params.risk.victims_per_double - 1
    )
    incident = np.repeat(np.arange(len(place)), 1 + second)
    crew = double[incident].astype(int)
    layer = rng["recording"]
    injured = layer.random(len(incident)) < world.true_injury_share
    # One threshold per incident, so that its victims are recorded together, unless set apart.
    threshold = np.where(
        layer.random(len(incident)) < recording.concordance,
        layer.random(len(place))[incident],
        layer.random(len(incident)),
    )
    without = np.array([recording.single, recording.double])[crew]
    recorded = threshold < np.where(injured, recording.injury, without)
    level, cell = np.divmod(place[incident], cell_count)
    return Victims(cell, incident, injured, recorded), level


def _count(victims: Victims, cells: int) -> dict[str, IntArray]:
    recorded = victims.recorded
    _, first = np.unique(victims.incident[recorded], return_index=True)
    return {
        "y": np.bincount(victims.cell[recorded], minlength=cells),
        "y_injury": np.bincount(victims.cell[recorded & victims.injured], minlength=cells),
        "incidents_assault": np.bincount(victims.cell[recorded][first], minlength=cells),
        "y_true": np.bincount(victims.cell, minlength=cells),
    }


def _history(
    world: World,
    worked: FloatArray,
    victims: Victims,
    level: IntArray,
    rng: np.random.Generator,
) -> dict[str, FloatArray | IntArray]:
    """Hours and recorded victims in shifts that followed a double-crewed shift on the beat."""
    persistence = world.params.hidden.persistence
    average = (world.hidden_shares[:, None] * world.chance_double).sum(axis=0)
    before = persistence * world.chance_double + (1 - persistence) * average
    hours = (worked * before[:, :, None, None]).sum(axis=0).ravel()
    stratum = victims.cell // (worked.shape[2] * worked.shape[3])
    after = victims.recorded & (rng.random(len(stratum)) < before[level, stratum])
    return {
        "officer_hours_after_double": hours,
        "y_after_double": np.bincount(victims.cell[after], minlength=len(hours)),
    }


def cell_keys(world: World, periods: int) -> pd.DataFrame:
    """Columns that say which cell a row is, in the order stratum, period, crew."""
    strata, beats = world.strata, world.beats
    index = np.repeat(np.arange(len(strata.beat)), periods * len(CREWS))
    period = np.tile(np.repeat(np.arange(periods), len(CREWS)), len(strata.beat))
    crew = np.tile(np.arange(len(CREWS)), len(strata.beat) * periods)
    beat, band = strata.beat[index], strata.band[index]
    width = len(str(world.params.deployment.beats))
    return pd.DataFrame(
        {
            "force": _category(np.zeros(len(index), dtype=int), [FORCE]),
            "lpa": _category(
                beats.lpa[beat], [f"lpa-{n + 1:02d}" for n in range(int(beats.lpa.max()) + 1)]
            ),
            "beat": _category(beat, [f"beat-{n + 1:0{width}d}" for n in range(len(beats.area))]),
            "area_type": _category(beats.area[beat], list(AREA_TYPES)),
            "period_start": world.periods[period],
            "hour_band": _category(band, list(BANDS)),
            "weekend": strata.weekend[index],
            "call_grade": _category(strata.high_risk[index], [STANDARD_RISK, HIGH_RISK]),
            "crew": _category(crew, list(CREWS)),
            "dark_share": dark_shares(world)[band, period],
            "grade1_share": strata.high_risk[index].astype(float),
            "backup_min": beats.backup[beat],
        }
    )


def _category(codes: IntArray, labels: list[str]) -> Any:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(labels))
