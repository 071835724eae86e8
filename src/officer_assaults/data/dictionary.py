"""Dictionary: the page of all tables and columns, written from the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandera.pandas as pa

from officer_assaults import files, paths
from officer_assaults.data import counts, denominators, schemas
from officer_assaults.data.columns import column_names

PAGE = "docs/data-dictionary.md"
COMMAND = "python -m officer_assaults.data.dictionary"
_TYPES = {"int64": "whole number", "Int64": "whole number", "float64": "number"}
_INTRODUCTION = f"""\
# Data dictionary

Written from the schemas in `src/officer_assaults/data` by `{COMMAND}`; a test
compares the two. Change `tables.yml` or `own.yml`, then run the command.

Every table is strict: a column that is not listed is refused, unless its name starts with `x_`.
Dates are ISO (2018-04-01), financial years are written 2018/19, and an empty cell is a missing
value. Each file of `data/` has a sidecar, `<file>.meta.yml`, with title, publisher, address,
licence, attribution, release, definitions, number of rows and checksum.
"""


def page() -> str:
    """Text of the data dictionary."""
    parts = [_INTRODUCTION]
    parts += [
        "\n".join(_section(f"`data/{schema.name}.csv`", schema)) for schema in schemas.everything()
    ]
    parts.append("\n".join(_section("`force_year.csv`, your own counts", counts.schema())))
    own = "`denominator.csv`, your own denominator"
    parts.append("\n".join(_section(own, denominators.schema())))
    return "\n".join(parts)


def write(path: Path | None = None) -> Path:
    """Write the page; by default where the project keeps it."""
    path = path or paths.project_root() / PAGE
    files.write_atomic(path, page())
    return path


def _section(heading: str, schema: pa.DataFrameSchema) -> Iterator[str]:
    yield f"## {heading}\n"
    yield f"{schema.description}\n"
    if schema.unique:
        yield f"One row per {', '.join(f'`{name}`' for name in schema.unique)}.\n"
    yield "| column | type | unit | may be empty | meaning |"
    yield "|---|---|---|---|---|"
    for name in column_names(schema):
        column = schema.columns[name]
        unit = (column.metadata or {}).get("unit", "")
        empty = "yes" if column.nullable else "no"
        empty = empty if column.required else "yes; the column may be left out"
        yield f"| `{name}` | {_type(column)} | {unit} | {empty} | {_meaning(column)} |"
    yield ""


def _type(column: pa.Column) -> str:
    dtype = str(column.dtype)
    if dtype.startswith("str"):
        return "text"
    if dtype.startswith("datetime"):
        return "date"
    return "yes or no" if dtype == "bool" else _TYPES.get(dtype, dtype)


def _meaning(column: pa.Column) -> str:
    words = [
        ", ".join(f"`{word}`" for word in check.statistics["allowed_values"])
        for check in column.checks
        if "allowed_values" in check.statistics
    ]
    listed = f" One of {'; '.join(words)}." if words else ""
    return f"{(column.description or '').replace('|', '/')}.{listed}"


if __name__ == "__main__":
    write()
