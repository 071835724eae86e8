"""Values: cells of a mapped table as moments, numbers and words, refused where they are none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from officer_assaults.refusals import Problem, Problems
from officer_assaults.topics.crewing.intake import dates
from officer_assaults.topics.crewing.intake.mapping import OTHERS, Mapping, Table
from officer_assaults.topics.crewing.intake.meanings import MISSING, value_words

EXAMPLES = 2
#: Fewer rows at midnight may be there by chance.
FEWEST_DAYS = 5
#: A number whose commas part thousands.
THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def note(
    problems: Problems,
    file: str,
    code: str,
    lines: Any,
    cells: Sequence[str],
    column: str,
    what: str,
    remedy: str,
) -> None:
    """Note one kind of problem with its count and two examples."""
    if not len(lines):
        return
    some = [f"'{cell}' in row {line}" for line, cell in zip(lines, cells, strict=False)][:EXAMPLES]
    said = f"{len(lines):,} cells {what}: {', '.join(some)}."
    problems.found.append(Problem(code, said, remedy, file, int(lines[0]), column))


def moments(
    frame: pl.DataFrame,
    table: Table,
    meaning: str,
    mapping: Mapping,
    problems: Problems,
    *,
    blank: bool = False,
) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    """Moments of a column in UTC; which of them come twice, and which never, as clocks change."""
    header, file = table.columns[meaning], table.layout.file.name
    cells = frame[header].to_list()
    distinct = list(dict.fromkeys(cells))
    texts = dates.iso_texts(distinct, table.style_of(meaning))
    parsed, twice, never = _in_utc(texts, mapping)
    places = {cell: n for n, cell in enumerate(distinct)}
    index = np.fromiter((places[cell] for cell in cells), dtype=np.int64, count=len(cells))
    found = parsed[index]
    lines = frame["line"].to_numpy()
    missing = np.array([cell.casefold() in MISSING for cell in distinct])[index]
    wrong = np.flatnonzero(np.asarray(found.isna()) & ~(blank & missing))
    empty = [at for at in wrong if missing[at]]
    note(
        problems,
        file,
        "E113",
        lines[empty],
        [cells[at] for at in empty],
        header,
        "are empty",
        "Ask for them: a row that is left out loses its hours or its victim.",
    )
    rest = [at for at in wrong if not missing[at]]
    said, remedy = _unread([cells[at] for at in rest], table.style_of(meaning), len(cells))
    note(problems, file, "E113", lines[rest], [cells[at] for at in rest], header, said, remedy)
    _check_clocks(found, distinct, index, table, meaning, lines, problems)
    late = np.flatnonzero(
        np.asarray(found > pd.Timestamp(mapping.retrieved, tz="UTC") + pd.Timedelta(days=1))
    )
    note(
        problems,
        file,
        "E113",
        lines[late],
        [cells[at] for at in late],
        header,
        "lie after the day of the export",
        "Correct 'retrieved' or 'dates' in the mapping; where a day far ahead stands for 'still on "
        "duty', write the moment of the export.",
    )
    return found, twice[index], never[index]


def _unread(cells: Sequence[str], style: str, count: int) -> tuple[str, str]:
    """Say how cells are written that are no dates of their style, and what mends them."""
    plain = f"are no date and time written '{style}'"
    others = dates.other_styles(list(dict.fromkeys(cells)), style) if cells else []
    if not others:
        return plain, "Correct 'dates' in the mapping, or the cells."
    if len(cells) > 0.9 * count:
        return plain, f"Correct 'dates' in the mapping: they can be read as '{others[0]}'."
    said = f"are written '{others[0]}' in a column written '{style}'"
    return said, (
        "Export the column in one way of writing, before Excel has opened it: where days and "
        "months changed places, cells that look right are wrong too."
    )


def _check_clocks(
    found: pd.DatetimeIndex,
    distinct: Sequence[str],
    index: np.ndarray,
    table: Table,
    meaning: str,
    lines: np.ndarray,
    problems: Problems,
) -> None:
    """Refuse a column of days that lacks the time of most of them: all would be at midnight."""
    style = table.style_of(meaning)
    without = np.array([not dates.has_clock(cell, style) for cell in distinct], dtype=bool)[index]
    days = np.flatnonzero(without & np.asarray(found.notna()))
    if len(days) >= FEWEST_DAYS and len(days) > 0.5 * int(np.asarray(found.notna()).sum()):
        note(
            problems,
            table.layout.file.name,
            "E113",
            lines[days],
            [distinct[index[at]] for at in days[:EXAMPLES]],
            table.columns[meaning],
            "tell a day without a time",
            "Map the column of the time too, as 'Day + Time', or ask for the time: at midnight "
            "they would meet the wrong crews.",
        )


def _in_utc(texts: list[str], mapping: Mapping) -> tuple[pd.DatetimeIndex, np.ndarray, np.ndarray]:
    column = pd.Series(texts, dtype=object)
    offset = column.str.contains(r"T.*(?:Z|[+-]\d{2}:?\d{2})$", regex=True).to_numpy(bool)
    aware = pd.to_datetime(column.where(offset), format="ISO8601", utc=True, errors="coerce")
    bare = pd.DatetimeIndex(
        pd.to_datetime(column.where(~offset), format="ISO8601", errors="coerce")
    )
    probe = bare.tz_localize(mapping.timezone, ambiguous="NaT", nonexistent="shift_forward")
    twice = np.asarray(probe.isna()) & np.asarray(bare.notna())
    strict = bare.tz_localize(
        mapping.timezone, ambiguous=np.ones(len(bare), bool), nonexistent="NaT"
    )
    never = np.asarray(strict.isna()) & np.asarray(bare.notna())
    first = np.full(len(bare), mapping.choices["clock_comes_twice"] == "first")
    # A clock time that the March night skips is read as an hour later, as a clock not put on says.
    local = bare.where(~never, bare + pd.Timedelta(hours=1)).tz_localize(
        mapping.timezone, ambiguous=first, nonexistent="shift_forward"
    )
    utc = pd.DatetimeIndex(aware).where(offset, local.tz_convert("UTC"))
    return pd.DatetimeIndex(utc), twice, never


def words(frame: pl.DataFrame, table: Table, meaning: str, problems: Problems) -> pl.Series:
    """Cells of a column as the mapping says what they stand for."""
    header, said = table.columns[meaning], dict(table.words.get(meaning, {}))
    column = frame[header]
    if meaning not in value_words():
        return column
    allowed = list(value_words()[meaning])
    others = said.pop(OTHERS, "")
    unknown = frame.filter(~pl.col(header).is_in([*said, *([] if said else allowed)]))
    if others:
        said |= dict.fromkeys(unknown[header].unique(), others)
        unknown = unknown.head(0)
    elif not said:
        said = {word: word for word in allowed}
    note(
        problems,
        table.layout.file.name,
        "E111" if "crew" in meaning else "E124",
        unknown["line"].to_list(),
        unknown[header].to_list(),
        header,
        f"are not listed under values of {meaning}",
        "Add them to the mapping.",
    )
    return column.replace_strict(said, default="", return_dtype=pl.String)


def hours(frame: pl.DataFrame, table: Table, meaning: str, problems: Problems) -> list[str]:
    """Cells of hours as decimal hours, in text."""
    header, cells = table.columns[meaning], frame[table.columns[meaning]].to_list()
    done = {cell: _hours(cell, table) for cell in set(cells)}
    wrong = [at for at, cell in enumerate(cells) if done[cell] is None]
    lines = frame["line"].to_numpy()
    note(
        problems,
        table.layout.file.name,
        "E104",
        lines[wrong],
        [cells[at] for at in wrong],
        header,
        f"are no {table.hours}",
        "Correct 'hours' or 'decimal' in the mapping, or the cells.",
    )
    return [done[cell] or "" for cell in cells]


def _hours(cell: str, table: Table) -> str | None:
    if cell == "":
        return ""
    if table.hours == "hh:mm":
        found = re.fullmatch(r"(\d+):([0-5]\d)(?::([0-5]\d))?", cell)
        if found is None:
            return None
        return f"{int(found[1]) + int(found[2]) / 60 + int(found[3] or 0) / 3600:.10g}"
    try:
        value = float(decimal(cell, table))
    except ValueError:
        return None
    return f"{value / 60 if table.hours == 'minutes' else value:.10g}"


def decimal(cell: str, table: Table) -> str:
    """Write a number with a point, whatever the mapping says it is written with."""
    bare = re.sub(r"(?<=\d)[\s'](?=\d{3})", "", cell)
    if table.decimal == "comma":
        return bare.replace(".", "").replace(",", ".")
    return bare.replace(",", "") if THOUSANDS.fullmatch(bare) else bare
