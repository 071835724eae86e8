"""Templates: empty, documented files for an analyst to fill, and the page that asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandera.pandas as pa
import yaml

from officer_assaults.files import write_atomic
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.schemas import (
    HOUR_BANDS,
    Kind,
    definitions,
    schema_of,
)

FILE_NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        "cells": "crew_cells.csv",
        "shifts": "crew_shifts.csv",
        "incidents": "incidents.csv",
    }
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
    write_atomic(data, ",".join(_named(schema)) + "\n")
    definitions = {name: _meaning(name, column) for name, column in _named(schema).items()}
    listed = yaml.safe_dump(
        {"definitions": definitions}, sort_keys=False, allow_unicode=True, width=1000
    )
    write_atomic(about, _SIDECAR_HEAD + listed)
    return data, about


def _named(schema: pa.DataFrameSchema) -> dict[str, pa.Column]:
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
    parts.append(_need(column))
    return "; ".join(parts)


def _need(column: pa.Column) -> str:
    if not column.required:
        return "the column may be left out"
    return "may be left empty throughout" if column.nullable else "needed"


def _allowed(column: pa.Column) -> list[str]:
    for check in column.checks:
        values = (check.statistics or {}).get("allowed_values")
        if values is not None and column.dtype is not None and "int" not in str(column.dtype):
            return [str(value) for value in values]
    return []


def request_page() -> str:
    """Page that asks a force for the data: columns, systems, reasons; Markdown."""
    parts, asked = [_INTRODUCTION], definitions()["asked"]
    for kind, title in _TITLES.items():
        schema = schema_of(kind)
        lines = [f"## {title}", "", f"`{FILE_NAMES[kind]}`. {schema.description}.", ""]
        lines += ["| column | what | need | from | why |", "|---|---|---|---|---|"]
        for name, column in _named(schema).items():
            system, why = asked[name]
            what = str(column.description).replace("|", "/")
            lines.append(f"| `{name}` | {what} | {_need(column)} | {system} | {why} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


_TITLES: Mapping[Kind, str] = MappingProxyType(
    {
        "cells": "Crew cells: the least that answers the question",
        "shifts": "Unit-shifts: the same, row by row",
        "incidents": "Incidents: what lies behind the victims",
    }
)
_INTRODUCTION = """\
# Data request: crewing

<!-- Written from topics/crewing/data/columns.yml by template.request_page; edit that. -->

What a force analyst is asked for, so that the question "does patrolling alone put officers at
risk?" can be answered from the force's own records. At least 24 months. `officer-assaults template
crewing FOLDER` writes these files empty, with a sidecar that explains every column; `make crewing
DATA=path/to/crew_cells.csv` checks the filled file and renders the report from it.

* **Hours and victims take the crew from one log**, best from book-on and book-off. Hours by the
  plan with victims by the log overstate the ratio, as planned double crews part. The sidecar says
  which log it was; a file without that is refused.
* **No identifiers.** No names, collar numbers, crime numbers, addresses or free text. Officers and
  units of the row-by-row file are HMAC digests made with a secret that stays in the force; a plain
  hash of a collar number can be undone by trying all collar numbers.
* **Places by number.** Beats and areas need no names: the report never prints them.
* **One row per force, area, month, hour band, weekend, call grade and crew** in the small file. The
  split by call grade matters: with averages in its place the ratio is hardly identified.
* **Public or internal.** By default the report is fit for publication: small counts are suppressed,
  back-up is banded, and no table says where or when officers are routinely alone.
"""
