"""One call for a whole force: frames of every layer, and the truth behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from officer_assaults.shown import Shown
from officer_assaults.topics.crewing.simulator.cells import draw_cells
from officer_assaults.topics.crewing.simulator.params import ForceParams
from officer_assaults.topics.crewing.simulator.public import (
    act_panel,
    quarterly_panel,
)
from officer_assaults.topics.crewing.simulator.rows import incident_rows, unit_shifts
from officer_assaults.topics.crewing.simulator.truth import Truth, check, work_out
from officer_assaults.topics.crewing.simulator.world import build_world, generators

FrameName = Literal["crew_cells", "incidents", "crew_shifts", "quarterly", "act"]


@dataclass(frozen=True, slots=True)
class SimulatedForce(Shown):
    """A force drawn once.

    Attributes
    ----------
    params : ForceParams
    seed : int
    frames : mapping of name to pandas.DataFrame
        ``crew_cells``, ``incidents``, ``quarterly``, ``act`` and, where asked for,
        ``crew_shifts``; each carries ``is_simulated``.
    truth : Truth
    """

    params: ForceParams
    seed: int
    frames: Mapping[FrameName, pd.DataFrame]
    truth: Truth


def simulate_crew_cells(
    params: ForceParams, seed: int, *, with_truth: bool = True
) -> tuple[pd.DataFrame, Truth | None]:
    """Crew cells alone: some milliseconds a force, for studies of many.

    Parameters
    ----------
    params : ForceParams
    seed : int
    with_truth : bool
        Whether to work out the truth, which takes longer than the draw.
    """
    check(params)
    rng = generators(seed)
    world = build_world(params, rng)
    cells, _ = draw_cells(world, rng)
    return cells, work_out(world) if with_truth else None


def simulate_force(params: ForceParams, seed: int, *, shifts: int = 0) -> SimulatedForce:
    """Draw every layer of a force.

    Parameters
    ----------
    params : ForceParams
    seed : int
        The same seed and parameters give the same force; each layer has a stream of its own, so
        that a change in one layer's parameters leaves the draws of the others as they were.
    shifts : int
        Unit-shifts to draw; none by default, they are many.

    Raises
    ------
    ValueError
        If a parameter is one that no force could have.
    """
    check(params)
    rng = generators(seed)
    world = build_world(params, rng)
    cells, victims = draw_cells(world, rng)
    makers: dict[FrameName, Callable[[], pd.DataFrame]] = {
        "crew_cells": lambda: cells,
        "incidents": lambda: incident_rows(world, cells, victims, rng),
        "quarterly": lambda: quarterly_panel(params.panel, rng["panel"]),
        "act": lambda: act_panel(params.panel, params.act, rng["act"]),
    }
    if shifts:
        makers["crew_shifts"] = lambda: unit_shifts(world, rng, shifts)
    return SimulatedForce(
        params, seed, {name: make() for name, make in makers.items()}, work_out(world)
    )


def planned_hours(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with victims by the crew as worked, but hours by the crew as planned."""
    size = np.where(cells["crew"] == "double", 2.0, 1.0)
    planned = cells["planned_officer_hours"]
    after = cells["officer_hours_after_double"] * planned / cells["officer_hours"]
    return cells.assign(
        officer_hours=planned, unit_hours=planned / size, officer_hours_after_double=after
    )
