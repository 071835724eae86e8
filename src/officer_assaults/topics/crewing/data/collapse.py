"""Collapse: unit-shifts into crew cells, an exact saving of rows for Poisson models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults import daylight
from officer_assaults.topics.crewing.data.about import About
from officer_assaults.topics.crewing.data.schemas import CELL_KEY, CREW_SIZES, HOUR_BANDS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

LOCAL_ZONE = "Europe/London"
NEW_OFFICER = "0-2"
SUMS = (
    "unit_hours",
    "officer_hours",
    "attended",
    "y",
    "y_injury",
    "incidents_assault",
    "officer_hours_after_double",
    "y_after_double",
)
AVERAGES = (
    "dark_share",
    "grade1_share",
    "marker_share",
    "backup_min",
    "taser_share",
    "new_officer_share",
    "staffing",
)


def to_cells(shifts: pd.DataFrame, about: About) -> pd.DataFrame:
    """Crew cells from unit-shifts.

    A shift belongs to the hour band, weekend and month of its middle, hours and victims alike. It
    counts as spent on grade 1 calls when those are more than half of its calls.

    Parameters
    ----------
    shifts : pandas.DataFrame
        Checked unit-shifts with ``start`` and ``end`` in UTC.
    about : About

    Returns
    -------
    pandas.DataFrame
        Crew cells as :mod:`officer_assaults.topics.crewing.data.schemas` describes them.
    """
    rows = _as_cells(shifts, about)
    keys = [name for name in CELL_KEY if name in rows]
    sums = [name for name in SUMS if name in rows]
    averages = [name for name in AVERAGES if name in rows]
    weighted = rows.assign(**{name: rows[name] * rows["officer_hours"] for name in averages})
    cells = weighted.groupby(keys, observed=True, as_index=False)[[*sums, *averages]].sum()
    for name in averages:
        cells[name] = cells[name] / cells["officer_hours"]
    asked_for = ("marker_share", "backup_min", "incidents_assault")
    absent: dict[str, Any] = {name: np.nan for name in asked_for if name not in cells}
    simulated = bool(shifts["is_simulated"].all()) if "is_simulated" in shifts else False
    return cells.assign(**absent, is_simulated=simulated)


def _as_cells(shifts: pd.DataFrame, about: About) -> pd.DataFrame:
    zone = about.timezone or LOCAL_ZONE
    start, end = pd.DatetimeIndex(shifts["start"]), pd.DatetimeIndex(shifts["end"])
    middle = (start + (end - start) / 2).tz_convert(zone)
    hours = np.asarray((end - start).total_seconds(), dtype=float) / 3600
    crew = shifts["crew_actual"].astype(str)
    size = crew.map(CREW_SIZES).to_numpy(float)
    officers = [name for name in shifts if str(name).startswith("officer_id_")]
    size = np.where(crew == "multi", np.maximum(shifts[officers].notna().sum(axis=1), size), size)
    calls = shifts["calls_attended"].to_numpy(float)
    grade1 = np.divide(shifts["calls_grade1"], calls, out=np.zeros(len(shifts)), where=calls > 0)
    columns = {
        "force": shifts["force"].astype("category"),
        "lpa": shifts["lpa"].astype("category"),
        "area_type": shifts["beat_type"].astype("category"),
        "period_start": middle.tz_localize(None).to_period("M").to_timestamp(),
        "hour_band": _band(np.asarray(middle.hour)),
        "weekend": (np.asarray(middle.day_of_week) >= 5).astype(int),
        "call_grade": pd.Categorical(np.where(grade1 > 0.5, "grade 1", "other")),
        "team": shifts["team"].astype("category"),
        "crew": pd.Categorical(crew),
        "unit_hours": hours,
        "officer_hours": hours * size,
        "attended": calls,
        "y": shifts["y"],
        "y_injury": shifts["y_injury"],
        "dark_share": daylight.dark_share(start, end, about.latitude),
        "grade1_share": grade1,
        "taser_share": shifts["taser"].astype(float),
        "new_officer_share": (shifts["service_band"] == NEW_OFFICER).astype(float),
        "staffing": shifts["headcount_on_shift"].astype(float),
    }
    rows = pd.DataFrame({name: _bare(value) for name, value in columns.items()}, shifts.index)
    return _with_optional(rows, shifts, calls)


def _bare(values: Any) -> Any:
    """Values without an index of their own, categories kept."""
    if isinstance(values, pd.Series):
        return values.array
    return values if isinstance(values, pd.Categorical) else np.asarray(values)


def _with_optional(rows: pd.DataFrame, shifts: pd.DataFrame, calls: FloatArray) -> pd.DataFrame:
    more: dict[str, Any] = {}
    if "beat" in shifts:
        more["beat"] = shifts["beat"].astype("category")
    if "backup_min" in shifts and shifts["backup_min"].notna().all():
        more["backup_min"] = shifts["backup_min"]
    if "incidents_assault" in shifts:
        more["incidents_assault"] = shifts["incidents_assault"]
    if "calls_marker" in shifts:
        more["marker_share"] = np.divide(
            shifts["calls_marker"], calls, out=np.zeros(len(shifts)), where=calls > 0
        )
    return rows.assign(**more, **_after_double(rows, shifts))


def _after_double(rows: pd.DataFrame, shifts: pd.DataFrame) -> dict[str, pd.Series]:
    """Hours and victims of shifts whose predecessor on the beat was double crewed."""
    place = "beat" if "beat" in shifts else "lpa"
    order = shifts[[place, "start", "crew_actual"]].sort_values([place, "start"], kind="stable")
    before = order.groupby(place, observed=True)["crew_actual"].shift().reindex(shifts.index)
    after = (before == "double").astype(float)
    return {
        "officer_hours_after_double": rows["officer_hours"] * after,
        "y_after_double": rows["y"] * after.astype(int),
    }


def _band(hour: IntArray) -> Any:
    codes = np.zeros(len(hour), dtype=int)
    for code, (first, last) in enumerate(HOUR_BANDS.values()):
        inside = (
            (hour >= first) & (hour < last) if first < last else (hour >= first) | (hour < last)
        )
        codes[inside] = code
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(list(HOUR_BANDS)))


def agreement_counts(shifts: pd.DataFrame) -> pd.DataFrame:
    """Unit-shifts by crew as planned (rows) and as booked on (columns)."""
    return pd.crosstab(shifts["crew_planned"], shifts["crew_actual"])
