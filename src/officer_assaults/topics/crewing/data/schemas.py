"""Schemas of a force's own crewing files: every column with its meaning, unit and checks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

from officer_assaults.data import schemas
from officer_assaults.topics.crewing.data.identifiers import HASH

Kind = Literal["cells", "shifts", "incidents"]

CREW_SIZES: Mapping[str, int] = MappingProxyType({"single": 1, "double": 2, "multi": 3})
CREWS = tuple(CREW_SIZES)
HOUR_BANDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"day": (7, 17), "evening": (17, 22), "night": (22, 3), "early": (3, 7)}
)
AREA_TYPES = ("urban", "town", "rural")
CALL_GRADES = ("grade 1", "other")
SERVICE_BANDS = ("0-2", "3-9", "10+")
INJURY_GRADES = ("none", "minor", "moderate", "hospital", "RIDDOR>7d")
WEAPONS = ("none", "threatened", "used")
LOCATIONS = ("street", "dwelling", "custody", "vehicle", "hospital", "other")
LARGEST_CREW = 8
HOURS_TOLERANCE = 0.01

#: What tells one crew cell from another; columns that a file lacks are left out of the key.
CELL_KEY = (
    "force",
    "lpa",
    "beat",
    "area_type",
    "period_start",
    "hour_band",
    "weekend",
    "call_grade",
    "team",
    "crew",
)


def kind_of(columns: list[str]) -> Kind:
    """Kind of file that these columns belong to."""
    if "assault_id" in columns or "incident_id" in columns:
        return "incidents"
    return "shifts" if "unit_id" in columns or "crew_actual" in columns else "cells"


def is_roster(columns: list[str]) -> bool:
    """Whether a file is a roster: a row per officer and shift, which report 05 cannot use."""
    named = set(columns)
    return {"officer", "officer_hours"} <= named and not {"crew", "unit_hours", "unit_id"} & named


def _word(description: str, *words: str, code: str = "E124", **more: Any) -> pa.Column:
    return schemas.column("str", description, schemas.one_of(words, code), code=code, **more)


def _flag(description: str, *, required: bool = True, nullable: bool = False) -> pa.Column:
    check = pa.Check.isin(
        [0, 1], error="E102|{cell} is neither 0 nor 1.|Write 1 for yes and 0 for no."
    )
    return schemas.column(
        "int64",
        description,
        check,
        unit="0 or 1",
        code="E102",
        required=required,
        nullable=nullable,
    )


def _yes_no(description: str) -> pa.Column:
    return schemas.column("bool", description, unit="yes or no", required=False)


def _share(description: str, *, required: bool = True, nullable: bool = True) -> pa.Column:
    check = pa.Check.in_range(0, 1, error="E110|{cell} is outside 0 to 1.|Give a share, 0 to 1.")
    return schemas.column(
        "float64",
        description,
        check,
        unit="share, 0 to 1",
        code="E110",
        required=required,
        nullable=nullable,
    )


def _number(description: str, unit: str, *, required: bool = True) -> pa.Column:
    check = schemas.at_least(0, "E102", "{cell} is negative.", "Give 0 or more.")
    return schemas.column(
        "float64", description, check, unit=unit, code="E102", required=required, nullable=True
    )


def _count(
    description: str, unit: str, *, nullable: bool = False, needed: bool = True
) -> pa.Column:
    check = schemas.at_least(0, "E102", "{cell} is negative.", "Counts are 0 or more.")
    return schemas.column(
        "int64", description, check, unit=unit, code="E102", nullable=nullable, required=needed
    )


def _label(description: str, *, required: bool = True) -> pa.Column:
    return schemas.column("str", description, code="E124", required=required)


def _hash(description: str, *, required: bool = True, nullable: bool = False) -> pa.Column:
    check = pa.Check.str_matches(
        rf"^{HASH}$",
        error="E121|{cell} is not a hash.|Replace it by an HMAC of 16 or more hexadecimal "
        "digits, made with a secret that stays in the force.",
    )
    return schemas.column(
        "str", description, check, code="E121", required=required, nullable=nullable
    )


def _moment(description: str, *, nullable: bool = False) -> pa.Column:
    return schemas.column(
        "str", description, unit="date and time with offset", code="E113", nullable=nullable
    )


def _first_of_month(values: pd.Series) -> Any:
    return values.dt.day == 1


def _known_force(values: pd.Series) -> Any:
    from officer_assaults.data import forces

    return values.isin([*forces.slugs(), SIMULATED_FORCE])


SIMULATED_FORCE = "simulated-force"


def _force() -> pa.Column:
    check = pa.Check(
        _known_force,
        name="known_force",
        error="E101|{cell} is not a force.|Use the short names of forces.csv.",
    )
    return schemas.column("str", "force, by its short name (forces.csv)", check, code="E101")


def _cells() -> pa.DataFrameSchema:
    month = pa.Check(
        _first_of_month,
        name="first_of_month",
        error="E106|{cell} is not the first day of a month.|Write months as 2018-04-01.",
    )
    return schemas.table(
        "crew-cells",
        "Hours, attendances and recorded victims by place, month, hour band and crew",
        {
            "force": _force(),
            "lpa": _label("local policing area"),
            "beat": _label("beat, by a number or code that names no place", required=False),
            "area_type": _word("kind of area", *AREA_TYPES, required=False),
            "period_start": schemas.column(
                "datetime64[ns]", "first day of the month", month, unit="date", code="E106"
            ),
            "hour_band": _word("part of the day", *HOUR_BANDS),
            "weekend": _flag("Saturday or Sunday"),
            "call_grade": _word(
                "grade of the calls the hours were spent on", *CALL_GRADES, required=False
            ),
            "dark_share": _share("share of the hours after dark"),
            "team": _label("team or relief, by a letter", required=False),
            "crew": _word("crew as booked on", *CREWS, code="E111"),
            "unit_hours": schemas.amount("hours that units were on duty", "hours"),
            "officer_hours": schemas.amount("hours that officers were on duty", "hours"),
            "attended": _count("incidents attended", "attendances of units", nullable=True),
            "y": _count("recorded assaults on officers, one per victim", "officer-victims"),
            "y_injury": _count("of these with injury", "officer-victims", nullable=True),
            "incidents_assault": _count(
                "incidents with at least one recorded victim", "incidents", nullable=True
            ),
            "grade1_share": _share("share of attended calls that were grade 1"),
            "marker_share": _share("share of attended calls with a warning marker"),
            "backup_min": _number("planned time to back-up, median", "minutes"),
            "taser_share": _share("share of officer-hours with TASER carried", required=False),
            "new_officer_share": _share(
                "share of officer-hours by officers in their first two years", required=False
            ),
            "staffing": _number("officers on duty in the area", "officers", required=False),
            "officer_hours_after_double": _number(
                "officer-hours in shifts that followed a double-crewed one on the beat",
                "hours",
                required=False,
            ),
            "y_after_double": _count(
                "recorded victims in those shifts", "officer-victims", nullable=True, needed=False
            ),
            "y_control": _count(
                "injuries other than by assault (road collisions, training)",
                "officers",
                nullable=True,
                needed=False,
            ),
            "is_simulated": _yes_no("yes if the numbers are made up"),
        },
    )


def _shifts() -> pa.DataFrameSchema:
    return schemas.table(
        "crew-shifts",
        "One row per unit and shift",
        {
            "force": _force(),
            "unit_id": _hash("unit, hashed"),
            "officer_id_1": _hash("first officer, hashed"),
            "officer_id_2": _hash("second officer, hashed", nullable=True),
            "officer_id_3": _hash("third officer, hashed", required=False, nullable=True),
            "start": _moment("booked on"),
            "end": _moment("booked off"),
            "role": _label("role, for instance response"),
            "team": _label("team or relief, by a letter"),
            "service_band": _word("years of service, first officer", *SERVICE_BANDS),
            "taser": _flag("TASER carried by an officer of the unit"),
            "crew_planned": _word("crew in the duty plan", *CREWS, code="E111"),
            "crew_actual": _word("crew as booked on", *CREWS, code="E111"),
            "lpa": _label("local policing area"),
            "beat": _label("beat, by a number or code that names no place", required=False),
            "beat_type": _word("kind of area", *AREA_TYPES),
            "backup_min": _number("planned time to back-up", "minutes", required=False),
            "headcount_on_shift": _count("officers on duty in the area", "officers"),
            "calls_attended": _count("incidents attended", "attendances"),
            "calls_grade1": _count("of these grade 1", "attendances"),
            "calls_marker": _count("of these with a warning marker", "attendances", needed=False),
            "incidents_assault": _count(
                "incidents with at least one recorded victim", "incidents", needed=False
            ),
            "y": _count("recorded assaults on officers, one per victim", "officer-victims"),
            "y_injury": _count("of these with injury", "officer-victims"),
            "is_simulated": _yes_no("yes if the numbers are made up"),
        },
    )


def _incidents() -> pa.DataFrameSchema:
    return schemas.table(
        "crew-incidents",
        "One row per officer-victim",
        {
            "assault_id": _label("running number of the row"),
            "incident_id": _label("running number of the incident"),
            "officer": _label("which victim of the incident, 1, 2 ..., or an HMAC"),
            "occurred_at": _moment("when it happened"),
            "recorded_at": _moment("when it was recorded"),
            "force": _force(),
            "lpa": _label("local policing area"),
            "beat_type": _word("kind of area", *AREA_TYPES),
            "offence_code": _word("offence code", "104", "8S", "8T"),
            "injury_grade": _word("injury", *INJURY_GRADES),
            "weapon": _word("weapon", *WEAPONS),
            "spit": _flag("spat at"),
            "bite": _flag("bitten"),
            "crew_actual": _word("crew as booked on", *CREWS, code="E111"),
            "officers_on_scene_at_assault": schemas.column(
                "int64",
                "officers there when it happened",
                schemas.at_least(1, "E111", "{cell} is below 1.", "The victim was there."),
                unit="officers",
                code="E102",
            ),
            "backup_eta_min": _number("planned time to back-up", "minutes"),
            "backup_arrived_min": _number("time until back-up arrived", "minutes"),
            "call_grade": _word("grade of the call", *CALL_GRADES),
            "markers_known": _flag("warning marker known"),
            "location_type": _word("kind of place", *LOCATIONS),
            "role": _label("role of the officer"),
            "crime_ref_present": _flag("recorded as a crime"),
            "hs_form_present": _flag("health-and-safety form filled in"),
            "outcome_code": schemas.column("str", "outcome", nullable=True),
            "outcome_date": schemas.column(
                "datetime64[ns]", "date of the outcome", unit="date", code="E106", nullable=True
            ),
            "arrested": _flag("suspect arrested"),
            "is_simulated": _yes_no("yes if the numbers are made up"),
        },
    )


def schema_of(kind: Kind) -> pa.DataFrameSchema:
    """Give the schema of one kind of file: ``"cells"``, ``"shifts"`` or ``"incidents"``."""
    return {"cells": _cells, "shifts": _shifts, "incidents": _incidents}[kind]()


def column_needs(kind: str, *, optional: bool = False) -> tuple[str, ...]:
    """Columns that a kind of file cannot do without, or all that it may have.

    Parameters
    ----------
    kind : str
        ``"cells"``, ``"shifts"`` or ``"incidents"``; nothing is known of any other.
    optional : bool
        Whether columns that may be left out or left empty are named too.
    """
    if kind not in ("cells", "shifts", "incidents"):
        return ()
    columns = schema_of(kind).columns  # type: ignore[arg-type]
    return tuple(
        str(name)
        for name, column in columns.items()
        if not column.regex and (optional or (column.required and not column.nullable))
    )
