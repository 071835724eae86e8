"""Propose: a commented mapping with every guess marked, for a person to correct and confirm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from officer_assaults.data import forces, readers
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.schemas import (
    SIMULATED_FORCE,
    column_needs,
)
from officer_assaults.topics.crewing.intake import meanings, sources
from officer_assaults.topics.crewing.intake.mapping import ASK
from officer_assaults.topics.crewing.intake.sources import Layout

#: Different cells of a column of words that are listed for a person to confirm.
MOST_WORDS = 40
SAMPLED = 5_000
_GUESS = "  # GUESS"
#: Meanings whose cells are not repeated: the mapping may travel further than the data.
_NAMING = ("officer", "assault", "incident", "officer_id_1", "officer_id_2", "officer_id_3")


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Tables among files and folders; names that begin with a point, ~ or _ are passed over."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        known = (*sources.TEXTS, *sources.BOOKS, *sources.PARQUET)
        found += [
            file
            for file in inside
            if not path.is_dir()
            or (file.is_file() and file.suffix.lower() in known and file.name[0] not in "._~")
        ]
    if not found:
        raise Refusal(
            Problem("E124", "No tables found.", "Name files, or a folder that holds them.")
        )
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
    files = files_of(paths)
    entries, unknown, force = [], [], ""
    for file in files:
        for layout in sources.layouts(file):
            frame = sources.read(layout)
            kind = kind_of(frame.columns[1:])
            if not kind:
                unknown.append(f"{file.name} ({', '.join(frame.columns[1:6])} ...)")
                continue
            force = force or _force_in(frame)
            entries.append(_entry(kind, layout, frame, folder))
    if not entries:
        what = f"no known table in {'; '.join(unknown)}."
        raise Refusal(Problem("E124", what, _WANTED))
    head = _head(files, {"force": force, **known}, entries)
    left = [f"# Not used, as no meaning was found: {name}\n" for name in unknown]
    return head + "tables:\n" + "".join(entries) + "".join(left)


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
    if all(meanings.column_for(name, meanings.READY[name], headers) for name in ready):
        return "cells"
    scores = {
        kind: sum(
            1 for name in needs if meanings.column_for(name, meanings.TABLES[kind][name], headers)
        )
        / len(needs)
        for kind, needs in meanings.NEEDED.items()
    }
    best = max(scores, key=lambda kind: scores[kind])
    return best if scores[best] > 0.7 else ""


def _force_in(frame: pl.DataFrame) -> str:
    header = meanings.column_for("force", meanings.READY["force"], frame.columns)
    found = [cell for cell in frame[header].unique() if cell] if header else []
    return found[0] if len(found) == 1 and found[0] in (*forces.slugs(), SIMULATED_FORCE) else ""


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
    return (
        yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True)
        .replace("\n...", "")
        .strip()
    )


def _entry(kind: str, layout: Layout, frame: pl.DataFrame, folder: Path) -> str:
    headers = frame.columns[1:]
    columns = _columns(kind, headers)
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
    lines.append("    columns:  # meaning: column of the file")
    needs = meanings.NEEDED.get(kind, column_needs(kind))
    for meaning in dict.fromkeys([*(name for name in needs if name != "force"), *columns]):
        header = columns.get(meaning, "")
        note = f"{_GUESS}: {_examples(frame, header, meaning)}" if header else "  # no column found"
        lines.append(f"      {meaning}: {_scalar(header or ASK)}{note}")
    left = [header for header in headers if header not in columns.values()]
    if left:
        lines.append(f"    not_used: {_scalar(left)}")
    lines += _formats(kind, frame, columns)
    lines += _values(frame, columns)
    return "\n".join(lines) + "\n"


def _from(file: Path, folder: Path) -> str:
    file, folder = file.resolve(), folder.resolve()
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _columns(kind: str, headers: list[str]) -> dict[str, str]:
    """Meaning to header, each header once."""
    wanted: Mapping[str, tuple[str, ...]] = meanings.TABLES.get(kind) or {
        name: meanings.READY.get(name, ()) for name in column_needs(kind, optional=True)
    }
    found: dict[str, str] = {}
    # Exact names first, so that no synonym takes a column which has its own meaning.
    for exact in (True, False):
        free = [header for header in headers if header not in found.values()]
        for meaning, names in wanted.items():
            if meaning not in found and (
                header := meanings.column_for(meaning, () if exact else names, free)
            ):
                found[meaning] = header
                free.remove(header)
    return found


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
    if dated:
        styles = {
            meanings.date_style(
                frame[columns[name]].to_list(), first_of_month=name == "period_start"
            )
            for name in dated
        }
        asked = (ASK in styles and len(styles) == 1) or len(styles - {ASK}) != 1
        style = ASK if asked else next(iter(styles - {ASK}))
        cell = next((cell for cell in frame[columns[dated[0]]] if cell), "")
        note = (
            f"  # is '{cell}' day first, month first, iso, named month, compact or excel?"
            if asked
            else f"{_GUESS}: '{cell}' is read as {meanings.said_date(cell, style)}"
        )
        lines.append(f"    dates: {style}{note}")
    hours = [name for name in meanings.HOURS if name in columns]
    if hours:
        cells = frame[columns[hours[0]]].to_list()
        unit = meanings.hours_unit(cells, meanings.MOST_HOURS_A_MONTH)
        said = "" if unit != ASK else ": half of the rows are above 744, so perhaps minutes"
        lines.append(f"    hours: {unit if unit != ASK else 'hours'}{_GUESS}{said}")
        comma = any("," in cell and "." not in cell for cell in cells)
        lines.append(f"    decimal: {'comma' if comma else 'point'}{_GUESS}")
    return lines


def _values(frame: pl.DataFrame, columns: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for meaning, header in columns.items():
        words = meanings.VALUE_WORDS.get(meaning)
        counts = frame[header].value_counts(sort=True)
        if words is None or len(counts) > MOST_WORDS:
            continue
        if not lines:
            lines.append("    values:  # what each cell stands for")
        lines.append(f"      {meaning}:  # one of: {', '.join(words)}")
        for cell, count in counts.iter_rows():
            word = meanings.word_for(cell, words) or ASK
            lines.append(f"        {_scalar(cell)}: {_scalar(word)}{_GUESS}: {count:,} rows")
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
latitude: {latitude}  # GUESS: for darkness
headcount: {headcount}  # officers who could have been on duty; hours are checked against it
period_months: {period_months}  # months in a row's period
sum_rows: no  # yes: add up rows that have one key
# Joins: assaults to officer rows by officer and time; incidents and victims to crews by call sign
# and time.
"""
