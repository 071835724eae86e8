"""Write docs/data-request-crewing.md: what a force is asked for, column by column, and why."""

from __future__ import annotations

from pathlib import Path

from officer_assaults.topics.crewing.data.schemas import definitions, schema_of
from officer_assaults.topics.crewing.data.template import FILE_NAMES, named_columns, need

PAGE = Path(__file__).resolve().parents[1] / "docs" / "data-request-crewing.md"
TITLES = {
    "cells": "Crew cells: the least that answers the question",
    "shifts": "Unit-shifts: the same, row by row",
    "incidents": "Incidents: what lies behind the victims",
}
INTRODUCTION = """\
# Data request: crewing

<!-- Written from topics/crewing/data/columns.yml by `make map`; edit that. -->

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


def page() -> str:
    """Text of the page: columns, systems, reasons."""
    parts, asked = [INTRODUCTION], definitions()["asked"]
    for kind, title in TITLES.items():
        schema = schema_of(kind)
        lines = [f"## {title}", "", f"`{FILE_NAMES[kind]}`. {schema.description}.", ""]
        lines += ["| column | what | need | from | why |", "|---|---|---|---|---|"]
        for name, column in named_columns(schema).items():
            system, why = asked[name]
            what = str(column.description).replace("|", "/")
            lines.append(f"| `{name}` | {what} | {need(column)} | {system} | {why} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
