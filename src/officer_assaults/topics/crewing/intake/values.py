"""Values: cells of a mapped table as moments, numbers and words, refused where they are none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from officer_assaults.refusals import Problem, Problems
from officer_assaults.topics.crewing.intake.mapping import OTHERS, Mapping, Table
from officer_assaults.topics.crewing.intake.meanings import MISSING, MONTH_ONLY, VALUE_WORDS

EXAMPLES = 2
#: A number whose commas part thousands.
THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DMY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{2}|\d{4})(?:[ T,]+(.*))?")
_YMD = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T]+(.*))?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{2})(\d{2})(\d{2})?)?")
_CLOCK = re.compile(
    r"(\d{1,2})[:.]?(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*([AaPp][Mm])?\s*(Z|[+-]\d{2}:?\d{2})?"
)
_NAMED = ("%d %b %Y", "%d %B %Y", "%d %b %y")
_EPOCH = datetime(1899, 12, 30)


def iso_texts(cells: Sequence[str], style: str) -> list[str]:
    """Cells as ISO dates and times; what is no date of that style becomes empty."""
    return [_iso(cell, style) for cell in cells]


def _iso(cell: str, style: str) -> str:
    try:
        if style == "excel":
            return (_EPOCH + timedelta(seconds=round(float(cell) * 86400))).isoformat()
        if style == "month":
            return _month(cell)
        if style == "named month":
            day, month, year, *rest = re.split(r"[ \-]+", cell, maxsplit=3)
            named = next(_named(f"{day} {month} {year}"))
            return f"{named}T{_time(rest[0] if rest else '')}"
        pattern = {"iso": _YMD, "compact": _COMPACT}.get(style, _DMY)
        found = pattern.fullmatch(cell)
        if found is None:
            return ""
        if style == "compact":
            year, month, day, hour, minute, second = found.groups()
            return f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}"
        one, two, three, clock = found.groups()
        parts = {"iso": (one, two, three), "day first": (three, two, one)}
        year, month, day = parts.get(style, (three, one, two))
        year = year if len(year) == 4 else f"20{year}"
        return f"{year}-{int(month):02d}-{int(day):02d}T{_time(clock or '')}"
    except (ValueError, OverflowError, StopIteration):
        return ""


def _month(cell: str) -> str:
    """First day of a month written without a day."""
    found = MONTH_ONLY.match(cell)
    if found is None:
        return ""
    year = found["year"] or found["year2"] or found["year3"]
    month = found["month"] or found["month2"]
    if found["name"]:
        month = str(datetime.strptime(found["name"][:3], "%b").month)
    return f"{year if len(year) == 4 else f'20{year}'}-{int(month):02d}-01T00:00:00"


def _named(text: str) -> Iterator[str]:
    for form in _NAMED:
        try:
            yield datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue


def _time(clock: str) -> str:
    if not clock:
        return "00:00:00"
    found = _CLOCK.fullmatch(clock.strip())
    if found is None:
        raise ValueError(clock)
    hour, minute, second, half, offset = found.groups()
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half.lower() == "pm" else 0)
    return f"{hours:02d}:{minute}:{second or '00'}{offset or ''}"


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
) -> tuple[pd.DatetimeIndex, dict[str, int]]:
    """Moments of a column in UTC, and how many fell on clock changes."""
    header, file = table.columns[meaning], table.layout.file.name
    cells = frame[header].to_list()
    distinct = list(dict.fromkeys(cells))
    texts = iso_texts(distinct, table.style_of(meaning))
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
    note(
        problems,
        file,
        "E113",
        lines[rest],
        [cells[at] for at in rest],
        header,
        f"are no date and time written '{table.style_of(meaning)}'",
        "Correct 'dates' in the mapping, or the cells.",
    )
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
        "Correct 'retrieved' or 'dates' in the mapping.",
    )
    return found, {"come twice": int(twice[index].sum()), "never come": int(never[index].sum())}


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
    if meaning not in VALUE_WORDS:
        return column
    allowed = list(VALUE_WORDS[meaning])
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
