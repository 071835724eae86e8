"""Templates: empty, documented files for an analyst to fill, and the page that asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandera.pandas as pa
import yaml

from officer_assaults.files import write_atomic
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.schemas import HOUR_BANDS, Kind, schema_of

FILE_NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        "cells": "crew_cells.csv",
        "shifts": "crew_shifts.csv",
        "incidents": "incidents.csv",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """Where a force keeps a column, and why it is asked for."""

    system: str
    why: str


LOG = "Command and control (STORM, ICAD, SmartSTORM): resource log, book-on and book-off"
LINK = "Command and control: links of resources to incidents"
CRIME = "Crime system (Niche, Athena, Connect): offences 104, 8S and 8T with an officer as victim"
DUTY = "Duty management (GRS, Origin, Crown)"
SAFETY = "Health-and-safety forms"
MAP = "Geography of the force"

REQUESTS: Mapping[str, Request] = MappingProxyType(
    {
        "force": Request("", "One file per force."),
        "lpa": Request(MAP, "Areas differ in violence and in crews; also the unit of error."),
        "beat": Request(MAP, "Thirty or more places give far better intervals than areas alone."),
        "area_type": Request(MAP, "Town and country differ in violence, crews and back-up."),
        "period_start": Request(LOG, "Seasons and changes over time."),
        "hour_band": Request(LOG, "Nights are double crewed and violent: the largest distortion."),
        "weekend": Request(LOG, "Weekend nights likewise."),
        "call_grade": Request(
            LINK,
            "Dispatchers double up on risky calls. Split the rows by it: an average per row cannot "
            "replace the split.",
        ),
        "dark_share": Request("From date, hour and latitude", "Policies name darkness itself."),
        "team": Request(DUTY, "Teams differ in habits."),
        "crew": Request(LOG, "As booked on, never as planned: the comparison itself."),
        "unit_hours": Request(LOG, "Denominator of units."),
        "officer_hours": Request(LOG, "Denominator of officers; checked against the crew."),
        "attended": Request(LINK, "Denominator of attendances; without it one ratio is missing."),
        "y": Request(CRIME, "One row per victim; say in the sidecar whether staff are in."),
        "y_injury": Request(CRIME, "Injuries are recorded more alike than other assaults."),
        "incidents_assault": Request(
            CRIME, "Victims per incident set the ratio that crewing alone produces."
        ),
        "grade1_share": Request(LINK, "Call risk, where rows are not split by call_grade."),
        "marker_share": Request(LINK, "Warning markers are known before a crew is sent."),
        "backup_min": Request(
            "Command and control: travel times, or the force's plan",
            "Whether the gap widens far from help. Planned time, never the time it took.",
        ),
        "taser_share": Request(DUTY, "TASER goes to some officers and shifts rather than others."),
        "new_officer_share": Request(DUTY, "New officers are paired with tutors."),
        "staffing": Request(DUTY, "On short shifts fewer crews are double."),
        "officer_hours_after_double": Request(
            LOG, "A check: the crew of the shift before should not matter."
        ),
        "y_after_double": Request(CRIME, "The same check."),
        "y_control": Request(SAFETY, "A check: road injuries should not differ by crew."),
        "is_simulated": Request("", "For made-up files only."),
        "unit_id": Request(LOG, "Tells shifts apart; an HMAC with a secret kept in the force."),
        "officer_id_1": Request(LOG, "Counts officers; an HMAC with a secret kept in the force."),
        "officer_id_2": Request(LOG, "The same; empty for a single crew."),
        "officer_id_3": Request(LOG, "The same; for crews of three."),
        "start": Request(LOG, "Hours and darkness."),
        "end": Request(LOG, "Hours and darkness."),
        "role": Request(DUTY, "Response and neighbourhood work differ."),
        "service_band": Request(DUTY, "New officers are paired with tutors."),
        "taser": Request(DUTY, "TASER goes to some officers and shifts rather than others."),
        "crew_planned": Request(DUTY, "Only to report how far plan and log agree."),
        "crew_actual": Request(LOG, "The comparison itself."),
        "beat_type": Request(MAP, "Town and country differ."),
        "headcount_on_shift": Request(DUTY, "On short shifts fewer crews are double."),
        "calls_attended": Request(LINK, "Denominator of attendances."),
        "calls_grade1": Request(LINK, "Call risk."),
        "calls_marker": Request(LINK, "Warning markers."),
        "assault_id": Request(CRIME, "Tells rows apart; not the crime number."),
        "incident_id": Request(CRIME, "Two victims of one incident; not the log number."),
        "officer": Request(CRIME, "1, 2 ... within the incident."),
        "occurred_at": Request(CRIME, "When and in what light."),
        "recorded_at": Request(CRIME, "How late records are made."),
        "offence_code": Request(CRIME, "104, 8S or 8T."),
        "injury_grade": Request(SAFETY, "A steadier yardstick than the offence code."),
        "weapon": Request(CRIME, "What happened."),
        "spit": Request(CRIME, "What happened."),
        "bite": Request(CRIME, "What happened."),
        "officers_on_scene_at_assault": Request(
            CRIME, "What happened; never adjusted for, it comes after the crew was sent."
        ),
        "backup_eta_min": Request(LINK, "Planned time to help."),
        "backup_arrived_min": Request(LINK, "Never adjusted for."),
        "markers_known": Request(LINK, "Known before a crew is sent."),
        "location_type": Request(CRIME, "Custody and hospital can be left out."),
        "crime_ref_present": Request(CRIME, "Which register knows of it."),
        "hs_form_present": Request(SAFETY, "Which register knows of it."),
        "outcome_code": Request(CRIME, "What came of it."),
        "outcome_date": Request(CRIME, "What came of it."),
        "arrested": Request(CRIME, "Never adjusted for."),
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
    parts = [_INTRODUCTION]
    for kind, title in _TITLES.items():
        schema = schema_of(kind)
        lines = [f"## {title}", "", f"`{FILE_NAMES[kind]}`. {schema.description}.", ""]
        lines += ["| column | what | need | from | why |", "|---|---|---|---|---|"]
        for name, column in _named(schema).items():
            asked = REQUESTS[name]
            what = str(column.description).replace("|", "/")
            lines.append(f"| `{name}` | {what} | {_need(column)} | {asked.system} | {asked.why} |")
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

<!-- Written from the schemas in topics/crewing/data by template.request_page; edit those. -->

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
