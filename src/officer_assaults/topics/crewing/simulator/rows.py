"""Rows behind the cells: assaults on officers one by one, and unit-shifts one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.topics.crewing.simulator.cells import Victims
from officer_assaults.topics.crewing.simulator.params import AREA_TYPES, BANDS, HOUR_BANDS, Layer
from officer_assaults.topics.crewing.simulator.world import CREWS, DOUBLE, World

IntArray = NDArray[np.intp]

ZONE = "Europe/London"
SHIFT_HOURS = 9.0
INJURY_GRADES = ("minor", "moderate", "hospital", "RIDDOR>7d")
INJURY_GRADE_SHARES = (0.78, 0.15, 0.05, 0.02)
WEAPONS = ("none", "threatened", "used")
WEAPON_SHARES = (0.90, 0.07, 0.03)
LOCATIONS = ("street", "dwelling", "vehicle", "hospital")
LOCATION_SHARES = (0.45, 0.37, 0.10, 0.08)
OUTCOMES = ("charged", "no suspect charged", "not yet assigned")
CHARGE_SHARE = 0.62
OUTCOME_MEDIAN_DAYS = (25.0, 60.0)


def incident_rows(
    world: World,
    cells: pd.DataFrame,
    victims: Victims,
    rng: Mapping[Layer, np.random.Generator],
) -> pd.DataFrame:
    """One row per officer-victim that either register knows, in the layout of ``incidents.csv``.

    A crime record and a health-and-safety form depend on each other by an odds ratio, so that
    counting the two registers together has a known truth.

    Parameters
    ----------
    world : World
    cells, victims : DataFrame, Victims
        From :func:`officer_assaults.topics.crewing.simulator.cells.draw_cells`.
    rng : mapping of layer to Generator
    """
    layer = rng["details"]
    form = _has_form(world, victims.recorded, layer)
    known = np.flatnonzero(victims.recorded | form)
    cells = cells.iloc[victims.cell[known]].reset_index(drop=True)
    _, group = np.unique(victims.incident[known], return_inverse=True)
    occurred = _moments(cells, layer)[_first_of(group)]
    recorded_at = occurred + pd.to_timedelta(
        np.round(layer.exponential(18.0, len(known))[_first_of(group)] * 60), unit="min"
    )
    injured = victims.injured[known]
    backup = cells["backup_min"].to_numpy()
    coded = injured & (layer.random(len(known)) < world.params.recording.injury_code)
    frame = pd.DataFrame(
        {
            "assault_id": [f"a{n:06d}" for n in range(len(known))],
            "incident_id": [f"i{n:06d}" for n in group],
            "officer": 1 + (np.arange(len(known)) - _first_of(group)),
            "occurred_at": occurred,
            "recorded_at": recorded_at,
            "force": cells["force"].to_numpy(),
            "lpa": cells["lpa"].to_numpy(),
            "beat_type": cells["area_type"].to_numpy(),
            "offence_code": np.where(coded, "8S", "104"),
            "injury_grade": np.where(
                injured, layer.choice(INJURY_GRADES, len(known), p=INJURY_GRADE_SHARES), "none"
            ),
            "weapon": layer.choice(WEAPONS, len(known), p=WEAPON_SHARES),
            "spit": (layer.random(len(known)) < 0.2).astype(int),
            "bite": (layer.random(len(known)) < 0.04).astype(int),
            "crew_actual": cells["crew"].to_numpy(),
            "officers_on_scene_at_assault": np.where(cells["crew"] == "double", 2, 1),
            "backup_eta_min": np.round(backup, 1),
            "backup_arrived_min": np.round(backup * layer.lognormal(0, 0.3, len(known)), 1),
            "call_grade": cells["call_grade"].to_numpy(),
            "markers_known": (layer.random(len(known)) < 0.25).astype(int),
            "location_type": layer.choice(LOCATIONS, len(known), p=LOCATION_SHARES),
            "role": "response",
            "crime_ref_present": victims.recorded[known].astype(int),
            "hs_form_present": form[known].astype(int),
            "arrested": (layer.random(len(known)) < 0.8).astype(int),
        }
    )
    return frame.assign(**_outcomes(frame, layer), is_simulated=True)


def _has_form(
    world: World, recorded: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.bool_]:
    recording = world.params.recording
    odds = recording.form_given_recorded / (1 - recording.form_given_recorded)
    without = odds / recording.form_odds_ratio
    chance = np.where(recorded, recording.form_given_recorded, without / (1 + without))
    return np.asarray(rng.random(len(recorded)) < chance)


def _first_of(group: IntArray) -> IntArray:
    """Position of the first row of each row's group; groups lie together."""
    _, first = np.unique(group, return_index=True)
    return np.asarray(first[group])


def _moments(cells: pd.DataFrame, rng: np.random.Generator) -> pd.DatetimeIndex:
    """Draw a moment inside the month, hour band and kind of day of each row, in UTC."""
    start = pd.DatetimeIndex(cells["period_start"])
    day = start + pd.to_timedelta((rng.random(len(cells)) * start.days_in_month).astype(int), "D")
    weekend = cells["weekend"].to_numpy() == 1
    wanted = np.where(weekend, 5 + rng.integers(0, 2, len(cells)), rng.integers(0, 5, len(cells)))
    moved = day + pd.to_timedelta(wanted - day.day_of_week.to_numpy(), "D")
    last = start + pd.offsets.MonthEnd(1)
    back = pd.to_timedelta(np.where(moved < start, 7, np.where(moved > last, -7, 0)), "D")
    first = np.array([HOUR_BANDS[band][0] for band in BANDS])[cells["hour_band"].cat.codes]
    length = np.array([(end - begin) % 24 for begin, end in HOUR_BANDS.values()])
    minutes = rng.random(len(cells)) * length[cells["hour_band"].cat.codes] * 60
    local = moved + back + pd.to_timedelta(first * 60 + np.floor(minutes), unit="min")
    return _at_home(local).tz_convert("UTC")


def _at_home(local: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Local clock times as moments; a time that comes twice in autumn is the first of the two."""
    first = np.ones(len(local), dtype=bool)
    return pd.DatetimeIndex(local.tz_localize(ZONE, ambiguous=first, nonexistent="shift_forward"))


def _outcomes(frame: pd.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    """Charge or closure, whichever comes first within a year; else not yet assigned."""
    waits = np.stack(
        [rng.exponential(days / np.log(2), len(frame)) for days in OUTCOME_MEDIAN_DAYS]
    )
    charged = rng.random(len(frame)) < CHARGE_SHARE
    wait = np.where(charged, waits[0], waits[1])
    pending = (wait > 365) | (frame["crime_ref_present"].to_numpy() == 0)
    date = pd.to_datetime(frame["recorded_at"]).dt.tz_convert(None).dt.normalize()
    date = date + pd.to_timedelta(np.floor(wait), unit="D")
    return {
        "outcome_code": np.where(pending, OUTCOMES[2], np.where(charged, OUTCOMES[0], OUTCOMES[1])),
        "outcome_date": date.where(~pending),
    }


def unit_shifts(
    world: World, rng: Mapping[Layer, np.random.Generator], shifts: int = 300_000
) -> pd.DataFrame:
    """Unit-shifts of one force in the layout of ``crew_shifts.csv``.

    Each shift lies around the middle of its hour band, so that a shift belongs to one band. The
    expected number of recorded victims is that of the force, whatever the number of shifts.

    Parameters
    ----------
    world : World
    rng : mapping of layer to Generator
    shifts : int
        Rows wanted.
    """
    layer = rng["details"]
    units = world.worked.sum(axis=0) / np.array([1.0, 2.0])
    flat = units.ravel() / units.sum()
    place = layer.choice(flat.size, size=shifts, p=flat)
    stratum, crew = np.divmod(place, len(CREWS))
    strata, beats = world.strata, world.beats
    beat, band = strata.beat[stratum], strata.band[stratum]
    start = _shift_starts(world, strata.weekend[stratum], band, layer)
    rate = (world.rate * world.recorded * world.worked).sum(axis=0) / world.worked.sum(axis=0)
    scale = units.sum() / (shifts * SHIFT_HOURS)
    size = 1 + crew
    expected = rate.ravel()[place] * size * SHIFT_HOURS * scale
    mean_victims = np.where(crew == DOUBLE, world.params.risk.victims_per_double, 1.0)
    violent = layer.poisson(expected / mean_victims)
    y = violent + layer.binomial(violent, mean_victims - 1)
    calls = layer.poisson(SHIFT_HOURS * world.params.deployment.calls_per_unit_hour, shifts)
    calls = np.maximum(calls, violent)
    high = strata.high_risk[stratum] == 1
    return pd.DataFrame(
        {
            "force": "simulated-force",
            "unit_id": [f"{n:016x}" for n in _scrambled(np.arange(shifts))],
            "officer_id_1": _officers(layer.integers(0, 2300, shifts)),
            "officer_id_2": np.where(
                crew == DOUBLE, _officers(2300 + layer.integers(0, 2300, shifts)), ""
            ),
            "start": start.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "end": (start + pd.Timedelta(hours=SHIFT_HOURS)).strftime("%Y-%m-%dT%H:%M:%S%z"),
            "role": "response",
            "team": np.array(list("ABCDE"))[layer.integers(0, 5, shifts)],
            "service_band": np.array(["0-2", "3-9", "10+"])[layer.integers(0, 3, shifts)],
            "taser": (layer.random(shifts) < 0.25).astype(int),
            "crew_planned": np.array(CREWS)[crew],
            "crew_actual": np.array(CREWS)[crew],
            "lpa": np.array([f"lpa-{n + 1:02d}" for n in range(world.params.deployment.lpas)])[
                beats.lpa[beat]
            ],
            "beat": np.array([f"beat-{n + 1:02d}" for n in range(len(beats.area))])[beat],
            "beat_type": np.array(AREA_TYPES)[beats.area[beat]],
            "backup_min": np.round(beats.backup[beat], 1),
            "headcount_on_shift": layer.integers(60, 120, shifts),
            "calls_attended": calls,
            "calls_grade1": np.where(high, np.ceil(calls * 0.7), np.floor(calls * 0.1)).astype(int),
            "incidents_assault": violent,
            "y": y,
            "y_injury": layer.binomial(y, world.params.recording.injury_share),
            "is_simulated": True,
        }
    )


def _shift_starts(
    world: World, weekend: IntArray, band: IntArray, rng: np.random.Generator
) -> pd.DatetimeIndex:
    months = world.months
    days = pd.date_range(months[0], months[-1] + pd.offsets.MonthEnd(1), freq="D")
    kinds = (days.day_of_week >= 5).astype(int)
    pools = [days[kinds == 0], days[kinds == 1]]
    picked = np.where(
        weekend == 1,
        rng.integers(0, len(pools[1]), len(weekend)),
        rng.integers(0, len(pools[0]), len(weekend)),
    )
    day = np.where(
        weekend == 1,
        pools[1].to_numpy()[np.minimum(picked, len(pools[1]) - 1)],
        pools[0].to_numpy()[np.minimum(picked, len(pools[0]) - 1)],
    )
    middles = np.array(
        [(first + ((last - first) % 24) / 2) % 24 for first, last in HOUR_BANDS.values()]
    )
    jitter = np.round((rng.random(len(weekend)) - 0.5) * 60)
    local = pd.DatetimeIndex(day) + pd.to_timedelta(
        (middles[band] - SHIFT_HOURS / 2) * 60 + jitter, unit="min"
    )
    return _at_home(local)


def _scrambled(numbers: IntArray) -> list[int]:
    """Distinct 64-bit numbers in no order, by an odd multiplier."""
    return [int(value) for value in numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)]


def _officers(numbers: IntArray) -> NDArray[np.str_]:
    known, place = np.unique(numbers, return_inverse=True)
    hashed = [hashlib.sha256(f"officer {n}".encode()).hexdigest()[:16] for n in known]
    return np.array(hashed)[place]
