"""Schemas: what every table of ``data/`` must look like, as ``tables.yml`` beside this defines it.

The data dictionary is written from these objects (:mod:`officer_assaults.data.dictionary`).
A check carries its refusal in its error text: ``code|what is wrong|what to do``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from officer_assaults.data import columns
from officer_assaults.data.definitions import read_yaml

#: Ends the name of a table that gains one file per release.
RELEASE = "/<release>"


@cache
def _tables(file: str = "tables.yml") -> dict[str, Any]:
    tables: dict[str, Any] = read_yaml(Path(__file__).with_name(file))["tables"]
    return tables


@cache
def _schema(name: str) -> pa.DataFrameSchema:
    return columns.defined(name, _tables()[name])


def schema_of(name: str) -> pa.DataFrameSchema | None:
    """Return the schema of the table called ``name``, or None if there is no such table."""
    known = (name, f"{name.partition('/')[0]}{RELEASE}" if "/" in name else "")
    return next((_schema(one) for one in known if one in _tables()), None)


def of_release(folder: str) -> pa.DataFrameSchema:
    """Return the schema of the tables in a folder that gains one file per release."""
    return _schema(f"{folder}{RELEASE}")


def folders() -> list[str]:
    """Folders that gain one file per release."""
    return [name.removesuffix(RELEASE) for name in _tables() if name.endswith(RELEASE)]


def everything() -> list[pa.DataFrameSchema]:
    """All schemas, by name."""
    return [_schema(name) for name in sorted(_tables())]


def own(
    name: str,
    kinds: Mapping[str, Callable[..., pa.Column]],
    row_checks: Mapping[str, Callable[[pd.DataFrame], Any]] = columns.ROW_CHECKS,
) -> pa.DataFrameSchema:
    """Give the schema of a file that an analyst brings, as ``own.yml`` defines it.

    Parameters
    ----------
    name : str
        Of the file.
    kinds : mapping
        Kinds of column that only this file has.
    row_checks : mapping
        What holds of each row, by the name of the check.
    """
    name = f"{name}.csv (your own)"
    return columns.defined(name, _tables("own.yml")[name], {**columns.KINDS, **kinds}, row_checks)
