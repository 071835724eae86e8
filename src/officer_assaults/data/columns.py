"""Columns: what a cell of a data file may hold, with units and refusals; codes and vocabularies."""

from __future__ import annotations

import csv
from datetime import date
from functools import lru_cache
from pathlib import Path
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
#: Lowest balance of offences without an outcome; Kent's moved offences leave -64 in one quarter.
LOWEST_BALANCE = -100
SERIES = (CONSTABLE_SERIES, OTHER_SERIES, "hr_self_report", "federation", "use_of_force")
CONTEXT_MEANINGS = {
    "all-crime-except-fraud": "all recorded crime except fraud",
    "violence-with-injury": "subgroup violence with injury (code 8S is part of it)",
    "8N": "assault with injury",
    "105A": "assault without injury (victims other than constables)",
    "public-order": "public order offences",
    "weapons": "possession of weapons offences",
    "drugs": "drug offences",
    "66": "other offences against the State or public order",
}
CONTEXT_SERIES = tuple(CONTEXT_MEANINGS)
EVENTS = (
    "single-crewed-often-or-always",
    "verbal-insult-at-least-monthly",
    "verbal-threat-at-least-monthly",
    "unarmed-attack-at-least-monthly",
    "unarmed-attack-at-least-once",
    "weapon-attack-at-least-once",
    "injury-needing-medical-attention",
    "assaulted-on-duty",
)
ASSIGNMENTS = (
    "Two-Officer Vehicle",
    "One-Officer (Alone)",
    "One-Officer (Assisted)",
    "Detective or Special Assignment (Alone)",
    "Detective or Special Assignment (Assisted)",
    "Other (Alone)",
    "Other (Assisted)",
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


def at_least(lowest: float, code: str, what: str, remedy: str) -> pa.Check:
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


def series(*words: str) -> pa.Column:
    """Series column; rows of different series are never compared."""
    return column(
        "str", "series; rows of different series are never compared", one_of(words, "E107")
    )


def count(description: str, *, nullable: bool = False, unit: str = "offences") -> pa.Column:
    """Whole number that is not negative."""
    check = at_least(0, "E102", "{cell} is negative.", "Counts are 0 or more.")
    return column("int64", description, check, unit=unit, code="E102", nullable=nullable)


def net_count(
    description: str,
    *,
    unit: str = "offences",
    lowest: int = LOWEST_NET_COUNT,
    nullable: bool = False,
) -> pa.Column:
    """Official count net of cancelled or moved records: a small negative is legitimate."""
    check = at_least(
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


def text(description: str, *, nullable: bool = False, code: str = "E124") -> pa.Column:
    """Free text."""
    return column("str", description, nullable=nullable, code=code)


def day(description: str) -> pa.Column:
    """ISO date."""
    return column("datetime64[ns]", description, unit="date", code="E106")


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


QUARTER_AGREES = pa.Check(
    _quarter_agrees,
    name="quarter_agrees",
    error="E106|quarter_start, financial_year and quarter disagree.|Quarters start on 1 April, "
    "1 July, 1 October and 1 January.",
)
INJURY_EXISTS = pa.Check(
    _injury_code_exists,
    name="injury_code_exists",
    error="E109|code 8S does not exist before April 2017.|Leave the row out; it is not a zero.",
)
OTHER_WORKERS_EXIST = pa.Check(
    _other_code_exists,
    name="other_code_exists",
    error="E109|code 8T does not exist before April 2020.|Leave the row out; it is not a zero.",
)
SERIES_FITS = pa.Check(
    _series_fits_code,
    name="series_fits_code",
    error=f"E107|series and offence code disagree.|104 and 8S are {CONSTABLE_SERIES}, "
    f"8T is {OTHER_SERIES}.",
)


def quarter_columns() -> dict[str, pa.Column]:
    """Columns that name a quarter."""
    numbers = pa.Check.isin((1, 2, 3, 4), error="E106|{cell} is not a quarter.|Write 1 to 4.")
    return {
        "quarter_start": day("first day of the quarter"),
        "financial_year": year_label(),
        "quarter": column(
            "int64", "quarter of the financial year; 1 is April to June", numbers, code="E106"
        ),
    }


def offence_code(*codes: str) -> pa.Column:
    """Home Office offence code."""
    return column("str", "Home Office offence code", one_of(codes))
