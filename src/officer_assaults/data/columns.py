"""Columns: what a cell of a data file may hold, with units and refusals; codes and vocabularies."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
import pandera.pandas as pa

from officer_assaults import paths

#: Offence codes of assaults on constables: without and with injury.
NO_INJURY, INJURY = "104", "8S"
#: Assaults on emergency workers other than constables.
OTHER_WORKERS = "8T"
#: The series that 104 and 8S make up, and the one of 8T.
CONSTABLE_SERIES, OTHER_SERIES = "prc_104_8S", "prc_8T"
#: 8S begins here; before it such offences sit inside general violence codes.
INJURY_STARTS = date(2017, 4, 1)
#: 8T is in real use from here; three zeros of Greater Manchester stand in the year before.
OTHER_WORKERS_START = date(2020, 4, 1)
#: Lowest quarterly count, net of cancelled records, that an official series may carry.
LOWEST_NET_COUNT = -30
CONTEXT_SERIES = (
    "all-crime-except-fraud",
    "violence-with-injury",
    "8N",
    "105A",
    "public-order",
    "weapons",
    "drugs",
    "66",
)


def column(
    dtype: str,
    description: str,
    *checks: pa.Check,
    unit: str = "",
    code: str = "E124",
    nullable: bool = False,
    required: bool = True,
) -> pa.Column:
    """Column with its meaning, unit and the refusal code of a cell that cannot be read."""
    return pa.Column(
        dtype,
        list(checks),
        nullable=nullable,
        required=required,
        description=description,
        metadata={"unit": unit, "code": code},
    )


def table(
    name: str,
    description: str,
    columns: dict[str, pa.Column],
    *,
    key: list[str] | None = None,
    checks: list[pa.Check] | None = None,
) -> pa.DataFrameSchema:
    """Strict table: unknown columns refused, except those whose name starts with ``x_``."""
    own = pa.Column(regex=True, required=False, nullable=True, description="column of your own")
    return pa.DataFrameSchema(
        {**columns, "^x_": own},
        checks=checks,
        strict=True,
        unique=key,
        name=name,
        description=description,
    )


def column_names(schema: pa.DataFrameSchema) -> list[str]:
    """Names of the columns of a schema, without the pattern for columns of your own."""
    return [name for name, column in schema.columns.items() if not column.regex]


def one_of(words: tuple[str, ...], code: str = "E124") -> pa.Check:
    """Check that a cell is one word of a fixed vocabulary."""
    return pa.Check.isin(words, error=f"{code}|{{cell}} is not known.|Known: {', '.join(words)}.")


def not_below(lowest: float, code: str, what: str, remedy: str) -> pa.Check:
    """Check that a number is not below a limit."""
    return pa.Check.ge(lowest, error=f"{code}|{what}|{remedy}")


def _known_force(values: pd.Series) -> Any:
    return values.isin(_short_names(paths.data_dir() / "forces.csv"))


@lru_cache(maxsize=4)
def _short_names(register: Path) -> frozenset[str]:
    # Read bare: data.forces is built on this module, and its table on this column.
    with register.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["force"] for row in csv.DictReader(stream))


def force() -> pa.Column:
    """Force column holding short names of ``forces.csv``."""
    check = pa.Check(
        _known_force,
        name="known_force",
        error="E101|{cell} is not a force.|Use the short names of forces.csv.",
    )
    return column("str", "force, by its short name (forces.csv)", check, code="E101")


def year_label() -> pa.Column:
    """Financial-year column written as ``2018/19``."""
    good = pa.Check(
        lambda values: values.map(_is_year_label),
        name="financial_year",
        error="E106|{cell} is not a financial year.|Write it as 2018/19.",
    )
    return column("str", "financial year, 1 April to 31 March", good, code="E106")


def vintage() -> pa.Column:
    """Vintage column: the release that a row comes from."""
    return column("str", "release that the row comes from", code="E107")


def series(words: Sequence[str]) -> pa.Column:
    """Series column; rows of different series are never compared."""
    what = "series; rows of different series are never compared"
    return column("str", what, one_of(tuple(words), "E107"))


def word(
    description: str,
    *,
    of: Sequence[str],
    code: str = "E124",
    nullable: bool = False,
    required: bool = True,
) -> pa.Column:
    """One word of a fixed vocabulary; ``code`` refuses a word that is none of them."""
    check = one_of(tuple(of), code)
    return column("str", description, check, code=code, nullable=nullable, required=required)


def truth(description: str, *, required: bool = True) -> pa.Column:
    """Yes or no."""
    return column("bool", description, required=required)


def number(
    description: str,
    *,
    unit: str = "",
    code: str = "E124",
    at_least: float | None = None,
    remedy: str = "Give 0 or more.",
    nullable: bool = False,
    required: bool = True,
) -> pa.Column:
    """Any number, or one that is not below a limit."""
    checks = [] if at_least is None else [not_below(at_least, code, "{cell} is negative.", remedy)]
    return column(
        "float64", description, *checks, unit=unit, code=code, nullable=nullable, required=required
    )


def whole(
    description: str,
    *,
    unit: str = "",
    code: str = "E102",
    at_least: float | None = None,
    refusal: str = "E102",
    wrong: str = "{cell} is negative.",
    remedy: str = "Counts are 0 or more.",
    nullable: bool = False,
    required: bool = True,
) -> pa.Column:
    """Whole number that may be missing."""
    checks = [] if at_least is None else [not_below(at_least, refusal, wrong, remedy)]
    return column(
        "Int64", description, *checks, unit=unit, code=code, nullable=nullable, required=required
    )


def year(description: str) -> pa.Column:
    """Calendar year."""
    return column("int64", description, unit="year", code="E106")


def count(
    description: str, *, unit: str = "", nullable: bool = False, required: bool = True
) -> pa.Column:
    """Whole number that is not negative."""
    check = not_below(0, "E102", "{cell} is negative.", "Counts are 0 or more.")
    return column(
        "int64", description, check, unit=unit, code="E102", nullable=nullable, required=required
    )


def net_count(
    description: str,
    *,
    unit: str,
    lowest: int = LOWEST_NET_COUNT,
    nullable: bool = False,
) -> pa.Column:
    """Official count net of cancelled or moved records: a small negative is legitimate."""
    check = not_below(
        lowest,
        "E102",
        "{cell} is too far below 0 for a count net of cancelled records.",
        "Check the figure against the publisher's table.",
    )
    dtype = "Int64" if nullable else "int64"
    return column(dtype, description, check, unit=unit, code="E102", nullable=nullable)


def amount(description: str, unit: str) -> pa.Column:
    """Exposure that must be greater than zero."""
    check = pa.Check.gt(0.0, error="E104|{cell} is not above zero.|Give the exposure.")
    return column("float64", description, check, unit=unit, code="E104")


def percentage(description: str, *, nullable: bool = False) -> pa.Column:
    """Percentage between 0 and 100."""
    check = pa.Check.in_range(
        0, 100, error="E110|{cell} is outside 0 to 100.|Give a percentage, not a share."
    )
    return column("float64", description, check, unit="%", code="E110", nullable=nullable)


def text(
    description: str, *, nullable: bool = False, code: str = "E124", required: bool = True
) -> pa.Column:
    """Free text."""
    return column("str", description, nullable=nullable, code=code, required=required)


def day(description: str, *, nullable: bool = False, code: str = "E106") -> pa.Column:
    """ISO date."""
    return column("datetime64[ns]", description, unit="date", code=code, nullable=nullable)


def _is_year_label(label: object) -> bool:
    words = str(label).split("/")
    if len(words) != 2 or len(words[0]) != 4 or not all(word.isdigit() for word in words):
        return False
    return words[1] == f"{(int(words[0]) + 1) % 100:02d}"


def _quarter_agrees(frame: pd.DataFrame) -> Any:
    start = frame["quarter_start"]
    number = (start.dt.month - 4) // 3 % 4 + 1
    first = start.dt.year - (start.dt.month < 4)
    label = first.map(lambda year: f"{year}/{(year + 1) % 100:02d}" if year == year else "")
    starts = (start.dt.day == 1) & ((start.dt.month - 1) % 3 == 0)
    return starts & (frame["quarter"] == number) & (frame["financial_year"] == label)


def _injury_code_exists(frame: pd.DataFrame) -> Any:
    return ~(
        (frame["offence_code"] == INJURY) & (frame["quarter_start"] < pd.Timestamp(INJURY_STARTS))
    )


def _other_code_exists(frame: pd.DataFrame) -> Any:
    early = frame["quarter_start"] < pd.Timestamp(OTHER_WORKERS_START)
    kept = (frame["force"] == "greater-manchester") & (frame["offences"] == 0)
    return ~((frame["offence_code"] == OTHER_WORKERS) & early & ~kept)


def _series_fits_code(frame: pd.DataFrame) -> Any:
    wanted = frame["offence_code"].map({OTHER_WORKERS: OTHER_SERIES}).fillna(CONSTABLE_SERIES)
    return frame["series"] == wanted


#: Checks of rows that are more than an expression, by the name that a table calls them.
ROW_CHECKS: Mapping[str, Callable[[pd.DataFrame], Any]] = MappingProxyType(
    {
        "quarter_agrees": _quarter_agrees,
        "injury_code_exists": _injury_code_exists,
        "other_code_exists": _other_code_exists,
        "series_fits_code": _series_fits_code,
    }
)


def quarter() -> pa.Column:
    """Quarter of the financial year, 1 to 4."""
    numbers = pa.Check.isin((1, 2, 3, 4), error="E106|{cell} is not a quarter.|Write 1 to 4.")
    what = "quarter of the financial year; 1 is April to June"
    return column("int64", what, numbers, code="E106")


def offence_code(codes: Sequence[str]) -> pa.Column:
    """Home Office offence code."""
    return word("Home Office offence code", of=codes)


#: Every kind of column that a file of definitions may name.
KINDS: Mapping[str, Callable[..., pa.Column]] = MappingProxyType(
    {
        build.__name__: build
        for build in (
            amount,
            count,
            day,
            force,
            net_count,
            number,
            offence_code,
            percentage,
            quarter,
            series,
            text,
            truth,
            vintage,
            whole,
            word,
            year,
            year_label,
        )
    }
)


def defined(
    name: str,
    definition: Mapping[str, Any],
    kinds: Mapping[str, Callable[..., pa.Column]] = KINDS,
    row_checks: Mapping[str, Callable[[pd.DataFrame], Any]] = ROW_CHECKS,
) -> pa.DataFrameSchema:
    """Make the schema of a table from its definition.

    Parameters
    ----------
    name : str
    definition : mapping
        ``about``; ``columns``, by name: a kind, or a mapping that begins with the kind and its
        meaning and goes on with what else the kind takes; ``key`` and ``checks``, if any.
    kinds : mapping
        Makes a column of each kind.
    row_checks : mapping
        What holds of each row, for checks that the definition only names.
    """
    return table(
        name,
        definition["about"],
        {column: _built(told, kinds) for column, told in definition["columns"].items()},
        key=definition.get("key"),
        checks=[_row_check(told, row_checks) for told in definition.get("checks", ())],
    )


def _built(
    told: str | Mapping[str, Any], kinds: Mapping[str, Callable[..., pa.Column]]
) -> pa.Column:
    if isinstance(told, str):
        return kinds[told]()
    (kind, meaning), *options = told.items()
    return kinds[kind](meaning, **dict(options))


def _row_check(
    told: Mapping[str, str], named: Mapping[str, Callable[[pd.DataFrame], Any]]
) -> pa.Check:
    def holds(frame: pd.DataFrame) -> Any:
        return frame.eval(told["holds"], engine="python")

    return pa.Check(
        holds if "holds" in told else named[told["name"]],
        name=told["name"],
        error=f"{told['code']}|{told['wrong']}|{told['remedy']}",
    )
