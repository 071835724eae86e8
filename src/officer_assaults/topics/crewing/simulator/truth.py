"""The truth of a simulated force: every estimand, worked out on expectations and not on draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from officer_assaults.shown import Shown
from officer_assaults.topics.crewing.model.policy_language import POLICIES, Policy, share_single
from officer_assaults.topics.crewing.simulator.cells import cell_keys, period_shares
from officer_assaults.topics.crewing.simulator.params import ForceParams, Panel, Recording
from officer_assaults.topics.crewing.simulator.world import CREWS, DOUBLE, SINGLE, World

OFFICERS_PER_DOUBLE = 2


@dataclass(frozen=True, slots=True)
class Truth(Shown):
    """What every notebook should find, were there no chance and nothing hidden.

    Ratios are single over double crews for the same work, at 10 minutes of planned back-up and
    outside the night band where the ratio varies.

    Attributes
    ----------
    per_officer_hour, per_attendance : float
        E1 and E2 in true assaults on officers.
    per_officer_hour_recorded, per_attendance_recorded : float
        The same in recorded victims: the truth times ``recording_ratio``.
    incidents_per_unit_hour, incidents_per_unit_hour_recorded : float
        Violent incidents per unit-hour: what crewing does to the attack itself; and those with a
        recorded victim.
    mechanical_benchmark : float
        E1 if crewing changed no incident: 2 over the victims per double-crewed incident.
    victims_per_double, victims_per_double_recorded : float
        Mean victims of a double crew's violent incident, true and among recorded ones.
    recording_ratio : float
        Probability that a true assault is recorded, single over double.
    single_share_unit_hours, single_share_officer_hours : float
    expected_recorded : float
        Recorded victims in all.
    avoided : mapping of policy name to float
        E3: recorded victims avoided at the same officer-hours; negative where more are expected.
    unit_hours_lost : mapping of policy name to float
    reporting_share : float
        Share of the focus force's log rise between the two years that is recording.
    """

    per_officer_hour: float
    per_attendance: float
    per_officer_hour_recorded: float
    per_attendance_recorded: float
    incidents_per_unit_hour: float
    incidents_per_unit_hour_recorded: float
    mechanical_benchmark: float
    victims_per_double: float
    victims_per_double_recorded: float
    recording_ratio: float
    single_share_unit_hours: float
    single_share_officer_hours: float
    expected_recorded: float
    avoided: Mapping[str, float]
    unit_hours_lost: Mapping[str, float]
    reporting_share: float


def expected_cells(world: World) -> pd.DataFrame:
    """Cells with expected officer-hours and the recorded rate under either crew.

    Returns
    -------
    pandas.DataFrame
        Keys of the crew cells, ``single``, ``officer_hours``, and ``rate_single`` and
        ``rate_double``: recorded victims per officer-hour of the work of that row.
    """
    shares = period_shares(world)
    hours = world.hidden_shares[:, None] * world.strata.officer_hours
    split = np.stack([1 - world.chance_double, world.chance_double], axis=-1)
    parted = split[:, :, DOUBLE] * world.params.deployment.split_share
    split[:, :, SINGLE] += parted
    split[:, :, DOUBLE] -= parted
    by_level = hours[:, :, None] * split
    total = by_level.sum(axis=0)
    rates = world.rate * world.recorded
    mixed = (by_level[..., None] * rates[:, :, None, :]).sum(axis=0) / total[..., None]
    keys = cell_keys(world, len(shares))
    return keys.assign(
        single=np.tile([1.0, 0.0], len(keys) // 2),
        officer_hours=(total[:, None, :] * shares[:, None]).ravel(),
        **{
            f"rate_{crew}": np.broadcast_to(
                mixed[:, None, :, number], (len(total), len(shares), 2)
            ).ravel()
            for number, crew in enumerate(CREWS)
        },
    )


def work_out(world: World, policies: Iterable[Policy] = tuple(POLICIES.values())) -> Truth:
    """Every estimand of a force.

    Parameters
    ----------
    world : World
    policies : iterable of Policy
        Policies whose consequences are worked out; leave out what is not needed to save time.
    """
    params = world.params
    risk, recording = params.risk, params.recording
    cells = expected_cells(world)
    hours, single = cells["officer_hours"].to_numpy(), cells["single"].to_numpy()
    rate = {crew: cells[f"rate_{crew}"].to_numpy() for crew in CREWS}
    victims = hours * np.where(single == 1, rate["single"], rate["double"])
    units = hours / np.where(single == 1, 1, OFFICERS_PER_DOUBLE)
    ratio = float(world.recorded[SINGLE] / world.recorded[DOUBLE])
    recorded_victims = _victims_per_recorded_incident(world)
    avoided, lost = {}, {}
    for policy in policies:
        moved = hours * (single - share_single(policy, cells))
        avoided[policy.name] = float((moved * (rate["single"] - rate["double"])).sum())
        lost[policy.name] = float(moved.sum() / OFFICERS_PER_DOUBLE)
    return Truth(
        per_officer_hour=risk.crew_ratio,
        per_attendance=risk.crew_ratio / OFFICERS_PER_DOUBLE,
        per_officer_hour_recorded=risk.crew_ratio * ratio,
        per_attendance_recorded=risk.crew_ratio * ratio / OFFICERS_PER_DOUBLE,
        incidents_per_unit_hour=risk.crew_ratio * risk.victims_per_double / OFFICERS_PER_DOUBLE,
        incidents_per_unit_hour_recorded=risk.crew_ratio
        * ratio
        * recorded_victims
        / OFFICERS_PER_DOUBLE,
        mechanical_benchmark=OFFICERS_PER_DOUBLE / risk.victims_per_double,
        victims_per_double=risk.victims_per_double,
        victims_per_double_recorded=recorded_victims,
        recording_ratio=ratio,
        single_share_unit_hours=float(units[single == 1].sum() / units.sum()),
        single_share_officer_hours=float(hours[single == 1].sum() / hours.sum()),
        expected_recorded=float(victims.sum()),
        avoided=avoided,
        unit_hours_lost=lost,
        reporting_share=reporting_share(params.panel, recording),
    )


def _victims_per_recorded_incident(world: World) -> float:
    """Count recorded victims per double-crewed incident with at least one of them recorded."""
    recording, injury = world.params.recording, world.true_injury_share
    both = world.params.risk.victims_per_double - 1
    one = float(world.recorded[DOUBLE])
    without = 1 - injury
    together = without**2 * recording.double + (1 - without**2) * max(
        recording.injury, recording.double
    )
    apart = 1 - (1 - one) ** 2
    either = recording.concordance * together + (1 - recording.concordance) * apart
    return (1 + both) * one / ((1 - both) * one + both * either)


def reporting_share(panel: Panel, recording: Recording) -> float:
    """Share of the focus force's expected log rise that is recording, or ``nan`` without a rise.

    Parameters
    ----------
    panel, recording
        Parameters; true assaults without and with injury grow by the same factor.
    """
    del recording
    injury, without = panel.injury_share, 1 - panel.injury_share
    captured = injury * panel.injury_capture_first
    recorded_rise = np.log((without * np.exp(panel.recording_rise) + injury) / (without + captured))
    rise = recorded_rise + panel.focus_growth
    return float(recorded_rise / rise) if rise != 0 else float("nan")


def check(params: ForceParams) -> None:
    """Refuse parameters that no force could have.

    Raises
    ------
    ValueError
        If a double crew's incident has fewer than one or more than two victims, or a probability
        leaves 0 to 1.
    """
    if not 1 <= params.risk.victims_per_double <= OFFICERS_PER_DOUBLE:
        raise ValueError("victims_per_double lies between 1 and 2")
    recording = params.recording
    for name in ("injury", "single", "double", "concordance", "injury_code", "injury_share"):
        if not 0 <= getattr(recording, name) <= 1:
            raise ValueError(f"recording.{name} lies between 0 and 1")
    if not 0 < params.deployment.single_share < 1:
        raise ValueError("deployment.single_share lies between 0 and 1")
