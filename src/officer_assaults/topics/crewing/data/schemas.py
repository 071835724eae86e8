"""Schemas of a force's own crewing files: every column with its meaning, unit and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pandas as pd
import pandera.pandas as pa

from officer_assaults.data import columns
from officer_assaults.data.definitions import read_yaml
from officer_assaults.topics.crewing.data.identifiers import HASH

Kind = Literal["cells", "shifts", "incidents"]

CREW_SIZES: Mapping[str, int] = MappingProxyType({"single": 1, "double": 2, "multi": 3})
CREWS = tuple(CREW_SIZES)
HOUR_BANDS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"day": (7, 17), "evening": (17, 22), "night": (22, 3), "early": (3, 7)}
)
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


def _crew(description: str) -> pa.Column:
    return columns.word(description, of=CREWS, code="E111")


def _hour_band(description: str) -> pa.Column:
    return columns.word(description, of=tuple(HOUR_BANDS))


def _flag(description: str) -> pa.Column:
    check = pa.Check.isin(
        [0, 1], error="E102|{cell} is neither 0 nor 1.|Write 1 for yes and 0 for no."
    )
    return columns.column("int64", description, check, unit="0 or 1", code="E102")


def _yes_no(description: str) -> pa.Column:
    return columns.column("bool", description, unit="yes or no", required=False)


def _share(description: str, *, required: bool = True) -> pa.Column:
    check = pa.Check.in_range(0, 1, error="E110|{cell} is outside 0 to 1.|Give a share, 0 to 1.")
    unit = "share, 0 to 1"
    return columns.column(
        "float64", description, check, unit=unit, code="E110", required=required, nullable=True
    )


def _number(description: str, *, unit: str, required: bool = True) -> pa.Column:
    return columns.number(
        description, unit=unit, code="E102", at_least=0, required=required, nullable=True
    )


def _present(description: str) -> pa.Column:
    check = columns.not_below(1, "E111", "{cell} is below 1.", "The victim was there.")
    return columns.column("int64", description, check, unit="officers", code="E102")


def _hash(description: str, *, required: bool = True, nullable: bool = False) -> pa.Column:
    check = pa.Check.str_matches(
        rf"^{HASH}$",
        error="E121|{cell} is not a hash.|Replace it by an HMAC of 16 or more hexadecimal "
        "digits, made with a secret that stays in the force.",
    )
    return columns.column(
        "str", description, check, code="E121", required=required, nullable=nullable
    )


def _moment(description: str) -> pa.Column:
    return columns.column("str", description, unit="date and time with offset", code="E113")


def _month(description: str) -> pa.Column:
    check = pa.Check(
        _first_of_month,
        name="first_of_month",
        error="E106|{cell} is not the first day of a month.|Write months as 2018-04-01.",
    )
    return columns.column("datetime64[ns]", description, check, unit="date", code="E106")


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
    return columns.column("str", "force, by its short name (forces.csv)", check, code="E101")


#: Kinds of column that only these files have.
_KINDS: Mapping[str, Callable[..., pa.Column]] = {
    **columns.KINDS,
    "crew": _crew,
    "flag": _flag,
    "force": _force,
    "hash": _hash,
    "hour_band": _hour_band,
    "moment": _moment,
    "month": _month,
    "number": _number,
    "present": _present,
    "share": _share,
    "yes_no": _yes_no,
}


@cache
def definitions() -> dict[str, Any]:
    """Read ``columns.yml`` beside this: the tables, and why a force is asked for each column."""
    read: dict[str, Any] = read_yaml(Path(__file__).with_name("columns.yml"))
    return read


@cache
def schema_of(kind: Kind) -> pa.DataFrameSchema:
    """Give the schema of one kind of file: ``"cells"``, ``"shifts"`` or ``"incidents"``.

    It is the same object each time; :mod:`pandera` gives a copy where columns are taken out.
    """
    name = f"crew-{kind}"
    return columns.defined(name, definitions()["tables"][name], _KINDS)


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
    named = schema_of(kind).columns
    return tuple(
        str(name)
        for name, column in named.items()
        if not column.regex and (optional or (column.required and not column.nullable))
    )
