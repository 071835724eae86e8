"""Propose: a commented mapping with every guess marked, for a person to correct and confirm."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from officer_assaults.data import bounds, readers
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data import parts
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.schemas import (
    SIMULATED_FORCE,
    column_needs,
)
from officer_assaults.topics.crewing.intake import dates, joins, meanings, sources
from officer_assaults.topics.crewing.intake.mapping import OTHERS
from officer_assaults.topics.crewing.intake.meanings import MISSING
from officer_assaults.topics.crewing.intake.names import force_named
from officer_assaults.topics.crewing.intake.schema import ASK
from officer_assaults.topics.crewing.intake.sources import Layout
from officer_assaults.topics.crewing.intake.values import THOUSANDS

#: Different cells of a column of words that are listed for a person to confirm.
MOST_WORDS = 40
NOT_USED = "# Not used: "
SAMPLED = 5_000
_GUESS = "  # GUESS"
#: Meanings whose cells are not repeated: the mapping may travel further than the data.
_NAMING = ("officer", "assault", "incident", "officer_id_1", "officer_id_2", "officer_id_3")


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Tables among files and folders; names that begin with a point, ~ or _ are passed over."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        known = (*sources.TEXTS, *parts.BOOKS, *parts.PARQUET)
        found += [
            file
            for file in inside
            if not path.is_dir()
            or (file.is_file() and file.suffix.lower() in known and file.name[0] not in "._~")
        ]
    if not found:
        inner = [each.name for path in paths if path.is_dir() for each in path.iterdir()
                 if each.is_dir() and each.name[0] not in "._"]  # fmt: skip
        remedy = "Name files, or a folder that holds them."
        remedy += f" Folders in it: {', '.join(sorted(inner)[:5])}." if inner else ""
        raise Refusal(Problem("E124", "No tables found.", remedy))
    return found


def propose(paths: Iterable[Path], folder: Path, known: Mapping[str, str]) -> str:
    """Text of a mapping for the tables in some files.

    Parameters
    ----------
    paths : iterable of Path
        Files and folders.
    folder : Path
        Where the mapping will lie; files are named from there.
    known : mapping of str to str
        ``force``, ``source`` and ``retrieved`` where the person has given them.

    Raises
    ------
    Refusal
        E124 for files that cannot be read and for a set of files without a known table.
    """
    files = files_of(list(paths))
    with bounds.steady(*files):
        return _proposed(files, folder, known)


def _proposed(files: list[Path], folder: Path, known: Mapping[str, str]) -> str:
    found: list[tuple[str, Layout, pl.DataFrame]] = []
    unknown: list[str] = []
    for file in files:
        for layout in sources.layouts(file):
            frame = sources.read(layout)
            if kind := kind_of(frame.columns[1:]):
                found.append((kind, layout, frame))
            else:
                unknown.append(_one_line(f"{file.name}: {_unlike(frame.columns[1:])}"))
        if layout.sheet and (hidden := sources.shown_sheets(file, hidden=True)):
            unknown.append(_one_line(f"{file.name}: hidden sheets ({', '.join(hidden)})"))
    if not found:
        raise Refusal(Problem("E124", f"no known table in {'; '.join(unknown)}.", _WANTED))
    force = next(filter(None, (_force_in(frame) for _, _, frame in found)), "")
    agreed = joins.agreed(found)
    entries = [
        _entry(kind, layout, frame, folder, chosen)
        for (kind, layout, frame), chosen in zip(found, agreed, strict=True)
    ]
    head = _head(files, {"force": force, **known}, entries)
    left = [f"{NOT_USED}{name}\n" for name in unknown]
    return head + "tables:\n" + "".join(entries) + "".join(left)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _unlike(headers: list[str]) -> str:
    """Say which kind a table comes nearest to, and what it lacks of it."""
    shown = f"columns {', '.join(headers[:5])}" + (" ..." if len(headers) > 5 else "")
    lacking = {
        kind: [
            name
            for name in needs
            if not meanings.column_for(name, meanings.tables()[kind][name], headers, loose=True)
        ]
        for kind, needs in meanings.NEEDED.items()
    }
    nearest = min(lacking, key=lambda kind: len(lacking[kind]) / len(meanings.NEEDED[kind]))
    if len(lacking[nearest]) > 0.5 * len(meanings.NEEDED[nearest]):
        return f"no meaning was found ({shown})"
    return f"like {nearest}, but no column could be its {' or '.join(lacking[nearest])} ({shown})"


_WANTED = (
    "Give officer rows (who, call sign, booked on and off), incidents (attended, call sign) and "
    "assaults (occurred, officer), or ready cells (crew, unit_hours, y)."
)


def kind_of(headers: list[str]) -> str:
    """Kind of table that these headers belong to; empty if to none."""
    plain = {meanings.plain(header) for header in headers}
    if {"unit id", "crew actual"} <= plain:
        return "shifts"
    ready = ("crew", "unit_hours", "y")
    parted = ("period_start", "hour_band", "lpa")
    if all(meanings.column_for(name, meanings.ready()[name], headers) for name in ready):
        told = [
            name for name in parted if meanings.column_for(name, meanings.ready()[name], headers)
        ]
        # A summary of the rows on another sheet is no table of them.
        return "cells" if told else ""
    for loose in (False, True):
        scores = {
            kind: sum(
                1
                for name in needs
                if meanings.column_for(name, meanings.tables()[kind][name], headers, loose=loose)
            )
            / len(needs)
            for kind, needs in meanings.NEEDED.items()
        }
        best = max(scores, key=lambda kind: scores[kind])
        if scores[best] > 0.7:
            return best
    return ""


def _force_in(frame: pl.DataFrame) -> str:
    header = meanings.column_for("force", meanings.ready()["force"], frame.columns)
    found = [cell for cell in frame[header].unique() if cell] if header else []
    return force_named(found[0]) if len(found) == 1 else ""


def _head(files: list[Path], known: Mapping[str, str], entries: list[str]) -> str:
    said = _sidecar(files)
    ready = "holds: cells" in entries[0] or "holds: shifts" in entries[0]
    day = date.fromtimestamp(max(file.stat().st_mtime for file in files)).isoformat()
    logs = said.get("crew_source") or (
        {"hours": ASK, "victims": ASK} if ready else {"hours": "actual", "victims": "actual"}
    )
    logs = logs if isinstance(logs, dict) else {"hours": ASK, "victims": ASK}
    why = "" if not ready else "  # as booked on (actual) or planned; the same log for both"
    simulated = known.get("force") == SIMULATED_FORCE or known.get("simulated") == "yes"
    return _HEAD.format(
        force=known.get("force") or ASK,
        simulated="yes" if simulated else "no",
        source=_scalar(known.get("source") or said.get("source") or ASK),
        retrieved=known.get("retrieved") or said.get("retrieved") or day,
        mark=""
        if known.get("retrieved") or said.get("retrieved")
        else f"{_GUESS}: the day the newest file was written",
        hours=logs.get("hours", ASK),
        victims=logs.get("victims", ASK),
        why=why or "  # worked out from who was booked on",
        timezone=said.get("timezone") or "Europe/London",
        latitude=said.get("latitude") or 51.75,
        headcount="null" if said.get("headcount") is None else said["headcount"],
        period_months=said.get("period_months") or 1,
        title=_scalar(known.get("title") or said.get("title") or "Crewing export of the force"),
    )


def _sidecar(files: list[Path]) -> dict[str, Any]:
    beside = [sidecar_of(file) for file in files if sidecar_of(file).is_file()]
    return (readers.read_mapping(beside[0]) or {}) if len(beside) == 1 else {}


def _scalar(value: Any) -> str:
    if isinstance(value, str) and not value.isprintable():
        return json.dumps(value)
    return (
        yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True)
        .replace("\n...", "")
        .strip()
    )


def _entry(
    kind: str, layout: Layout, frame: pl.DataFrame, folder: Path, chosen: Mapping[str, str]
) -> str:
    headers = frame.columns[1:]
    columns = {**_columns(kind, headers, frame), **chosen}
    if kind == "officers":
        columns = joins.with_fellows(columns, headers)
    frame = sources.joined(frame, columns.values())
    lines = [f"  - holds: {kind}{_GUESS}", f"    file: {_scalar(_from(layout.file, folder))}"]
    if layout.encoding:
        lines += [
            f"    encoding: {layout.encoding}{_GUESS}",
            f"    separator: {layout.separator}{_GUESS}",
        ]
    if layout.sheet:
        lines.append(f"    sheet: {_scalar(layout.sheet)}")
    lines.append(
        f"    header_row: {layout.header_row}{_GUESS}: the line that holds the column names"
    )
    if layout.cut_off:
        lines.append(f"    last_line_cut_off: left out{_GUESS}: the file ends inside a line")
    if layout.below:
        shown = "; ".join(repr(text) for text in sources.below(layout))
        lines.append(f"    last_rows_left_out: {layout.below}{_GUESS}: {shown}")
    lines.append("    columns:  # meaning: column of the file")
    needs = meanings.NEEDED.get(kind, column_needs(kind))
    for meaning in dict.fromkeys([*(name for name in needs if name != "force"), *columns]):
        header = columns.get(meaning, "")
        note = f"{_GUESS}: {_examples(frame, header, meaning)}" if header else "  # no column found"
        lines.append(f"      {meaning}: {_scalar(header or ASK)}{note}")
    used = {
        part
        for header in columns.values()
        for sign in (sources.PLUS, sources.AND)
        for part in (header, *header.split(sign))
    }
    left = [header for header in headers if header not in used]
    if left:
        lines.append(f"    not_used: {_scalar(left)}")
    lines += _formats(kind, frame, columns)
    lines += _values(frame, columns)
    return "\n".join(lines) + "\n"


def _from(file: Path, folder: Path) -> str:
    file, folder = file.resolve(), folder.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _columns(kind: str, headers: list[str], frame: pl.DataFrame) -> dict[str, str]:
    """Meaning to header, each header once."""
    wanted: meanings.Words = meanings.tables().get(kind) or {
        name: meanings.ready().get(name, ()) for name in column_needs(kind, optional=True)
    }
    found: dict[str, str] = {}
    # Exact names first, so that no synonym takes a column which has its own meaning.
    for step in ("exact", "synonym", "loose"):
        for meaning, names in wanted.items():
            free = [
                header
                for header in headers
                if header not in found.values() and _could_be(frame[header], meaning)
            ]
            loose = step == "loose" and kind in meanings.tables()
            header = meanings.column_for(
                meaning, () if step == "exact" else names, free, loose=loose
            )
            if meaning not in found and header:
                found[meaning] = header
    for meaning in meanings.MOMENTS:
        if meaning in wanted and (both := _day_and_time(meaning, wanted[meaning], found, frame)):
            found[meaning] = both
    return found


def _day_and_time(
    meaning: str, names: Iterable[str], found: Mapping[str, str], frame: pl.DataFrame
) -> str:
    """'Day + Time' where a moment stands in two columns; empty where it does not."""
    header = found.get(meaning, "")
    clocks = [name for name in frame.columns[1:] if dates.clock_only(_sample(frame[name]), name)]
    if header:
        style = dates.style_of(_sample(frame[header]))
        if any(dates.has_clock(cell, style) for cell in _sample(frame[header])):
            return ""
        clock = next((name for name in clocks if _about(name) == _about(header)), "")
        return f"{header}{sources.PLUS}{clock}" if clock else ""
    clock = meanings.column_for(meaning, names, clocks, loose=True)
    days = [
        name
        for name in frame.columns[1:]
        if name not in clocks and dates.dated(_sample(frame[name]))
    ]
    same = [name for name in days if _about(name) == _about(clock)]
    day = same[0] if same else days[0] if len(days) == 1 else ""
    return f"{day}{sources.PLUS}{clock}" if clock and day else ""


def _sample(column: pl.Series) -> list[str]:
    return [cell for cell in column.head(SAMPLED).unique() if cell.casefold() not in MISSING]


def _about(header: str) -> frozenset[str]:
    """Words of a header that tell neither day nor time."""
    return frozenset(meanings.plain(header).split()) - {"date", "time", "day", "clock"}


def _could_be(column: pl.Series, meaning: str) -> bool:
    """Whether the cells of a column could hold a meaning: moments have dates."""
    if meaning not in meanings.MOMENTS:
        return True
    given = _sample(column)
    return not given or dates.dated(given)


def _examples(frame: pl.DataFrame, header: str, meaning: str) -> str:
    """How many cells a column has, and two of them where they name nobody."""
    column = frame[header]
    if meaning in _NAMING:
        return f"{column.n_unique():,} different"
    given = [cell[:24] for cell in column.head(SAMPLED).unique(maintain_order=True)[:2] if cell]
    shown = ", ".join(repr(cell) for cell in given) or "empty"
    return f"{column.n_unique():,} different, such as {shown}"


def _formats(kind: str, frame: pl.DataFrame, columns: Mapping[str, str]) -> list[str]:
    lines = []
    dated = [name for name in (*meanings.MOMENTS, "period_start") if name in columns]
    lines += _dates(frame, {name: columns[name] for name in dated})
    hours = [name for name in meanings.HOURS if name in columns]
    if hours:
        cells = frame[columns[hours[0]]].to_list()
        unit = meanings.hours_unit(cells, meanings.MOST_HOURS_A_MONTH)
        said = "" if unit != ASK else ": half of the rows are above 744, so perhaps minutes"
        lines.append(f"    hours: {unit if unit != ASK else 'hours'}{_GUESS}{said}")
        with_comma = [cell for cell in cells if "," in cell]
        comma = any(THOUSANDS.fullmatch(cell) is None for cell in with_comma)
        lines.append(f"    decimal: {'comma' if comma else 'point'}{_GUESS}")
    return lines


def _dates(frame: pl.DataFrame, columns: Mapping[str, str]) -> list[str]:
    """One line for all columns of dates, or one for each where they are written differently."""
    cells = {
        name: [
            cell
            for cell in frame[header].unique(maintain_order=True)
            if cell.casefold() not in MISSING
        ]
        for name, header in columns.items()
    }
    styles = {
        name: dates.style_of(given, first_of_month=name == "period_start")
        for name, given in cells.items()
    }
    known = set(styles.values()) - {ASK}
    if not styles:
        return []
    if len(known) <= 1:
        first = next(iter(cells))
        return [_dates_line("    dates", next(iter(known), ASK), cells[first])]
    return ["    dates:"] + [
        _dates_line(f"      {name}", style, cells[name]) for name, style in styles.items()
    ]


def _dates_line(start: str, style: str, cells: list[str]) -> str:
    cell = _one_line(next(iter(cells), ""))
    if style == ASK:
        mixed = [name for name in ("day first", "month first") if dates.only_as(cells, name)]
        if len(mixed) > 1:
            shown = " and ".join(f"'{dates.only_as(cells, name)}'" for name in mixed)
            return f"{start}: {ASK}  # {shown} are written differently: export them one way"
        return f"{start}: {ASK}  # is '{cell}' {', '.join(dates.STYLES[:-1])} or month?"
    return f"{start}: {style}{_GUESS}: '{cell}' is read as {dates.said_date(cell, style)}"


def _values(frame: pl.DataFrame, columns: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for meaning, header in columns.items():
        words = meanings.value_words().get(meaning)
        if words is None:
            continue
        counts = frame[header].value_counts(sort=True)
        if not lines:
            lines.append("    values:  # what each cell stands for")
        either = "; or: left out" if meaning == "code" else ""
        lines.append(f"      {meaning}:  # one of: {', '.join(words)}{either}")
        told = [(cell, count, meanings.word_for(cell, words)) for cell, count in counts.iter_rows()]
        # Of very many cells only those that stand for a word are listed one by one.
        many = len(told) > MOST_WORDS
        for cell, count, word in told:
            if word or not many:
                note = f"{_GUESS}: {count:,} rows"
                lines.append(f"        {_scalar(cell)}: {_scalar(word or ASK)}{note}")
        if many and (rest := sum(not word for _, _, word in told)):
            lines.append(f"        {OTHERS}: {ASK}  # {rest:,} other cells")
    return lines


_HEAD = """\
# Mapping of a force's own tables, proposed by 'officer-assaults crewing map'.
# Read every line marked GUESS and correct it; answer what says ASK; then write 'confirmed: yes'.
# Nothing is read from the tables before that.
confirmed: no
force: {force}  # short name, for instance kent or thames-valley
simulated: {simulated}  # yes if the numbers are made up
title: {title}
source: {source}  # system and query; shown on the page
retrieved: {retrieved}{mark}
licence: not for release
crew_source:{why}
  hours: {hours}
  victims: {victims}
timezone: {timezone}  # GUESS: of clock times without an offset
clock_comes_twice: first  # GUESS: 01:30 on the October night, as first or second
clock_never_comes: an hour later  # GUESS: 01:30 on the March night is read as 02:30
officer_on_two_units: later  # GUESS: the later booking ends the earlier; or refuse
off_before_on: refuse  # GUESS: or 'the next day', where a night shift carries one day in both
names_match: loosely  # GUESS: 'ke 01' is KE01, '0123' and 'PC 123' are 123; or exactly
latitude: {latitude}  # GUESS: for darkness
headcount: {headcount}  # officers who could have been on duty; hours are checked against it
period_months: {period_months}  # months in a row's period
sum_rows: no  # yes: add up rows that have one key; victims: add victims up, take hours once
# Joins: assaults to officer rows by officer and time; incidents and victims to crews by call sign
# and time.
"""
