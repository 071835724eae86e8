"""Templates: empty, documented files for an analyst to fill."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandera.pandas as pa
import yaml

from officer_assaults.files import write_atomic
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.schemas import HOUR_BANDS, Kind, schema_of

FILE_NAMES: Mapping[Kind, str] = MappingProxyType(
    {"cells": "crew_cells.csv", "shifts": "crew_shifts.csv", "incidents": "incidents.csv"}
)

_SIDECAR_HEAD = """\
# About the file beside it. Answer every ASK; the rest explains the columns.
title: Crewing export of the force
source: ASK  # NAME OF THE SYSTEM AND THE QUERY
retrieved: ASK  # day of the export, as 2024-04-30
vintage: ""  # if the figures were revised since, say which version this is
licence: not for release
# Crew behind the hours and behind the victims: actual (as booked on) or planned; one log for both.
crew_source:
  hours: ASK
  victims: ASK
timezone: Europe/London  # of times without an offset
latitude: 51.75  # for darkness
headcount: null  # officers who could have been on duty; hours are checked against it
period_months: 1  # months in a row's period
"""


def write_template(folder: Path | str, kind: Kind = "cells") -> tuple[Path, Path]:
    """Write an empty data file and its sidecar, which explains every column.

    Parameters
    ----------
    folder : Path or str
    kind : {"cells", "shifts", "incidents"}

    Returns
    -------
    tuple of Path
        The CSV, which holds its header alone, and the sidecar.

    Raises
    ------
    Refusal
        P306 if either file is there already; nothing is written then.
    """
    data = Path(folder) / FILE_NAMES[kind]
    about = sidecar_of(data)
    for path in (data, about):
        if path.exists():
            raise Refusal(Problem("P306", "is there already.", "Choose another folder.", str(path)))
    schema = schema_of(kind)
    write_atomic(data, ",".join(named_columns(schema)) + "\n")
    definitions = {name: _meaning(name, column) for name, column in named_columns(schema).items()}
    listed = yaml.safe_dump(
        {"definitions": definitions}, sort_keys=False, allow_unicode=True, width=1000
    )
    write_atomic(about, _SIDECAR_HEAD + listed)
    return data, about


def named_columns(schema: pa.DataFrameSchema) -> dict[str, pa.Column]:
    """Columns of a schema by name, without those whose name is a pattern."""
    return {str(name): column for name, column in schema.columns.items() if not column.regex}


def _meaning(name: str, column: pa.Column) -> str:
    parts = [str(column.description)]
    if values := _allowed(column):
        parts.append(f"one of {', '.join(values)}")
    if name == "hour_band":
        hours = (f"{band} {first:02d}-{last:02d}" for band, (first, last) in HOUR_BANDS.items())
        parts.append(f"by the clock: {', '.join(hours)}")
    unit = (column.metadata or {}).get("unit", "")
    if unit:
        parts.append(f"in {unit}" if unit not in ("date", "0 or 1", "yes or no") else unit)
    parts.append(need(column))
    return "; ".join(parts)


def need(column: pa.Column) -> str:
    """Say whether a file must hold a column."""
    if not column.required:
        return "the column may be left out"
    return "may be left empty throughout" if column.nullable else "needed"


def _allowed(column: pa.Column) -> list[str]:
    for check in column.checks:
        values = (check.statistics or {}).get("allowed_values")
        if values is not None and column.dtype is not None and "int" not in str(column.dtype):
            return [str(value) for value in values]
    return []
