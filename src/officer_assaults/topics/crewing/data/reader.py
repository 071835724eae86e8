"""Reader: a force's own crewing files, from CSV or Parquet, checked whole before any is used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import pandera.pandas as pa

from officer_assaults import files
from officer_assaults.data import bounds, readers
from officer_assaults.data.tables import Release
from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.shown import Shown
from officer_assaults.topics.crewing.data import checks, exposures, identifiers, messages, parts
from officer_assaults.topics.crewing.data.about import About, read_about, sidecar_of
from officer_assaults.topics.crewing.data.collapse import agreement_counts, to_cells
from officer_assaults.topics.crewing.data.schemas import Kind, is_roster, kind_of, schema_of

COVID = (pd.Timestamp("2020-02-01"), pd.Timestamp("2021-07-01"))
MONTHS_WANTED = 24
Say = Callable[[str], None]
#: Columns of a table of something else, of which no cell is looked at.
MOST_COLUMNS = 200
#: How files of gzip, zstd, bzip2, xz and 7-Zip begin.
PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
#: Problems after which no further part of a large file is looked at.
MOST_PROBLEMS = 400


@dataclass(frozen=True, slots=True)
class CrewFile(Shown):
    """A checked file of a force.

    Parameters
    ----------
    kind : {"cells", "shifts", "incidents"}
        What the file held.
    force : str
        Short name.
    cells : pandas.DataFrame
        Crew cells (collapsed from unit-shifts); empty for incidents.
    rows : int
        Rows of the file.
    about : About
    release : Release
    simulated : bool
    cautions : tuple of str
        What the report must say beside the numbers.
    agreement : pandas.DataFrame or None
        Unit-shifts by crew as planned and as booked on, from unit-shifts only.
    incidents : pandas.DataFrame or None
        Rows of an incidents file.
    """

    kind: Kind
    force: str
    cells: pd.DataFrame
    rows: int
    about: About
    release: Release
    simulated: bool
    cautions: tuple[str, ...]
    agreement: pd.DataFrame | None = None
    incidents: pd.DataFrame | None = None


def load(
    path: Path | str,
    sidecar: Path | str | None = None,
    *,
    lines: Sequence[int] | None = None,
    say: Say | None = None,
) -> CrewFile:
    """Read a crewing file and its sidecar, or refuse both with every problem at once.

    Parameters
    ----------
    path : Path or str
        CSV or Parquet: crew cells, unit-shifts or incidents; which, its columns tell.
    sidecar : Path or str, optional
        By default the file's own name with ``.meta.yml`` behind it.
    lines : sequence of int, optional
        What messages call the rows, in place of their lines in the file.
    say : callable, optional
        Told how far a large file is; a terminal is told in any case.

    Raises
    ------
    Refusal
        E101 to E106, E110 to E113, E121, E123 and E124, each with file, row and column.
    """
    path = Path(path)
    beside = Path(sidecar) if sidecar else sidecar_of(path)
    with bounds.steady(path, beside):
        return _load(path, beside, lines, say or _on_terminal)


def _load(path: Path, beside: Path, lines: Sequence[int] | None, say: Say) -> CrewFile:
    _refuse_packed(path)
    large = parts.is_large(path)
    bounds.check_size(path, most=bounds.MOST_STREAMED if large else files.MOST_BYTES)
    if large:
        check_header(parts.columns(path), path.name)
        by = _load_parts if kind_of(parts.columns(path)) == "shifts" else _load_blocks
        return by(path, beside, say)
    cells = read_cells(path)
    if lines and len(lines) == len(cells):
        cells = cells.set_axis(pd.Index(lines), axis=0)
    problems = Problems(file=path.name)
    about = _about(path, beside, problems)
    kind, frame = _typed(cells, about, problems)
    if kind == "shifts":
        _check_units([_unit_times(frame)], [_officer_times(frame)], problems)
    if problems.found or about is None:
        raise _sorted(problems)
    return _finish(path, kind, frame, about)


def _load_parts(path: Path, sidecar: Path, say: Say) -> CrewFile:
    """Read a large file of unit-shifts beat by beat; the answer is that of the whole."""
    problems = Problems(file=path.name)
    about = _about(path, sidecar, problems)
    common, cells, agreement = [], [], []
    shifts, officers = [], []
    with parts.split(path, say) as pieces:
        for number, piece in enumerate(pieces, 1):
            say(f"Checking part {number} of {len(pieces)}")
            _, frame = _typed(parts.read_part(piece), about, problems)
            shifts.append(_unit_times(frame))
            officers.append(_officer_times(frame))
            if len(problems.found) > MOST_PROBLEMS:
                break
            if about is not None and not problems.found:
                common.append(_common(frame))
                cells.append(to_cells(frame, about))
                agreement.append(agreement_counts(frame))
    _check_units(shifts, officers, problems)
    if not shifts:
        _refuse_empty(problems)
    if not problems.found:
        whole = pd.concat([part.astype({"force": str}) for part in common], ignore_index=True)
        checks.check_common(whole, problems)
    if problems.found or about is None:
        raise _sorted(problems)
    joined = parts.join_cells(cells)
    _check_collapsed(joined, about, path)
    return _crew_file(path, "shifts", about, whole, joined, parts.join_counts(agreement))


def _load_blocks(path: Path, sidecar: Path, say: Say) -> CrewFile:
    """Read a large file of cells block by block; what tells rows from each other, at its end."""
    problems = Problems(file=path.name)
    about = _about(path, sidecar, problems)
    typed: list[pd.DataFrame] = []
    for block in parts.blocks(path, say):
        if block.empty:
            continue
        typed.append(parts.small(_cells_typed(block, schema_of("cells"), problems)))
        if len(problems.found) > MOST_PROBLEMS:
            break
    if not typed:
        _refuse_empty(problems)
    frame = parts.join_blocks(typed)
    say(f"Checking {len(frame):,} rows")
    _checked(frame.astype({"crew": "str"}), "cells", about, problems)
    if problems.found or about is None:
        raise _sorted(problems)
    return _finish(path, "cells", frame, about)


def _on_terminal(text: str) -> None:
    """Show on a terminal how far a large file is."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _common(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that are the same in every part of a file, those it lacks left out."""
    held = [name for name in ("force", "is_simulated") if name in frame]
    return frame[held].astype({"force": "category"})


def _unit_times(frame: pd.DataFrame, who: str = "unit_id") -> tuple[Any, ...]:
    """Take unit, start, end and line of unit-shifts whose times could be read."""
    if not {who, "start", "end"} <= set(frame):
        return (np.array([], np.uint64), *(np.array([], np.int64),) * 3)
    times = frame[["start", "end"]]
    if not all(pd.api.types.is_datetime64_any_dtype(times[name]) for name in times):
        return (np.array([], np.uint64), *(np.array([], np.int64),) * 3)
    read = frame[times.notna().all(axis=1) & frame[who].notna()]
    return (
        pd.util.hash_array(read[who].to_numpy(object)),
        read["start"].dt.as_unit("us").astype("int64").to_numpy(),
        read["end"].dt.as_unit("us").astype("int64").to_numpy(),
        read.index.to_numpy(np.int64),
    )


def _officer_times(frame: pd.DataFrame) -> tuple[Any, ...]:
    """Take the same of each officer booked; none of made-up shifts, whose officers are drawn."""
    names = [name for name in frame if str(name).startswith("officer_id_")]
    made_up = "is_simulated" in frame and bool(frame["is_simulated"].all())
    taken = [_unit_times(frame, str(name)) for name in ([] if made_up else names)]
    if not taken:
        return (np.array([], np.uint64), *(np.array([], np.int64),) * 3)
    return tuple(np.concatenate(part) for part in zip(*taken, strict=True))


def _check_units(
    shifts: list[tuple[Any, ...]], officers: list[tuple[Any, ...]], problems: Problems
) -> None:
    for held, check in ((shifts, exposures.check_units), (officers, exposures.check_officers)):
        if held:
            who, starts, ends, lines = (np.concatenate(part) for part in zip(*held, strict=True))
            check(who, starts, ends, lines, problems)


def _check_collapsed(cells: pd.DataFrame, about: About, path: Path) -> None:
    """Refuse unit-shifts whose hours, once collapsed, are no exposure."""
    problems = Problems(file=path.name)
    exposures.check_exposure(cells, about, problems, collapsed=True)
    problems.raise_if_any()


def _typed(
    cells: pd.DataFrame, about: About | None, problems: Problems
) -> tuple[Kind, pd.DataFrame]:
    """Type and check text cells; what is wrong with them is noted.

    Raises
    ------
    Refusal
        If nothing more can be said of them.
    """
    kind = kind_of(list(cells.columns))
    if cells.empty:
        _refuse_empty(problems)
    _refuse_roster(list(cells.columns), problems.file)
    if len(cells.columns) > MOST_COLUMNS:
        check_header(list(cells.columns), str(problems.file))
    frame = _cells_typed(cells, schema_of(kind), problems)
    return kind, _checked(frame, kind, about, problems)


def _cells_typed(
    cells: pd.DataFrame, schema: pa.DataFrameSchema, problems: Problems
) -> pd.DataFrame:
    """Type text cells by themselves."""
    identifiers.scan(cells, problems)
    try:
        frame: pd.DataFrame = readers.typed(cells, schema, problems)
    except Refusal:
        _note_cells(cells, schema, problems)
        raise _sorted(problems) from None
    return frame


def _note_cells(cells: pd.DataFrame, schema: pa.DataFrameSchema, problems: Problems) -> None:
    """Note what is wrong with the cells of known columns when the header is wrong too."""
    known = [name for name in readers.column_names(schema) if name in cells]
    absent = [name for name in readers.column_names(schema) if name not in cells]
    if known and not cells.columns.duplicated().any():
        readers.typed(cells[known], schema.remove_columns(absent), problems)


def read_cells(path: Path) -> pd.DataFrame:
    """All cells of a CSV or Parquet file as text; the index holds line or row numbers."""
    if path.suffix.lower() in parts.BOOKS:
        what = "is a workbook; here only CSV and Parquet are read."
        raise Refusal(Problem("E124", what, _mapped(path), path.name))
    if path.suffix.lower() not in parts.PARQUET:
        try:
            return readers.read_cells(path, first=lambda header: check_header(header, path.name))
        except Refusal as refusal:
            raise Refusal(
                _told_with_command(problem, path) for problem in refusal.problems
            ) from None
    if path.stat().st_size > readers.SMALL_BYTES and (names := parts.columns(path)):
        check_header(names, path.name)
    return parts.cells_of(bounds.read_parquet(path))


def check_header(header: list[str], file: str) -> None:
    """Refuse a file by its column names, before any of its rows is read.

    Raises
    ------
    Refusal
        E124 for columns that are missing or unknown, and for a roster of officers.
    """
    problems = Problems(file=file)
    _refuse_roster(header, file)
    readers.check_columns(header, schema_of(kind_of(header)), problems)


def _refuse_empty(problems: Problems) -> NoReturn:
    problems.add("E124", "has a header and no rows.", "Fill it in, then run it again.", row=1)
    raise _sorted(problems)


def _refuse_packed(path: Path) -> None:
    """Refuse a file that a packer wrote, before its text is told to be in another code."""
    if path.suffix.lower() in parts.BOOKS or not path.is_file():
        return
    with path.open("rb") as stream:
        start = stream.read(6)
    if start.startswith(PACKED):
        what = "is compressed, not a table."
        raise Refusal(
            Problem("E124", what, "Unpack it, and give the CSV that it holds.", path.name)
        )


def _refuse_roster(header: list[str], file: str | None) -> None:
    if is_roster(header):
        what = "holds officer-shifts: rows of officers, without the units and calls of a crew."
        remedy = "Give it to 'officer-assaults crewing fit', or export unit-shifts or crew cells."
        raise Refusal(Problem("E124", what, remedy, file=file))


def _mapped(path: Path) -> str:
    return f"Run 'officer-assaults crewing map {path.name}', which reads it as it is."


def _told_with_command(problem: Problem, path: Path) -> Problem:
    """Tell how a file is encoded or separated in plain words, with the command that reads it."""
    if "is not UTF-8" in problem.what:
        what = "is not UTF-8, most likely Windows-1252 as Excel's 'CSV' writes it."
        return replace(problem, what=what, remedy=_mapped(path))
    if "UTF-16" in problem.what or "not separated by commas" in problem.what:
        return replace(problem, remedy=_mapped(path))
    return problem


def _about(path: Path, sidecar: Path, problems: Problems) -> About | None:
    try:
        return read_about(path, sidecar)
    except Refusal as refusal:
        problems.found.extend(refusal.problems)
        return None


def _sorted(problems: Problems) -> Refusal:
    return Refusal(messages.grouped(problems.found))


def _checked(
    frame: pd.DataFrame, kind: Kind, about: About | None, problems: Problems
) -> pd.DataFrame:
    """Check across columns what could be typed."""
    checks.check_common(frame, problems)
    if kind == "cells":
        checks.check_cells(frame, about, problems)
        # Rows that stand twice and totals make hours too many: they are the cause to be told.
        if not {"E105", "E133", "E101"} & {problem.code for problem in problems.found} and not any(
            problem.what.endswith("looks like a total.") for problem in problems.found
        ):
            exposures.check_exposure(frame, about, problems)
        return frame
    first, second = ("start", "end") if kind == "shifts" else ("occurred_at", "recorded_at")
    timed = frame.assign(
        **{name: checks.moments(frame, name, about, problems) for name in (first, second)}
    )
    if kind == "shifts":
        checks.check_shifts(timed, problems)
    else:
        checks.check_incidents(timed, problems)
    return timed


def _finish(path: Path, kind: Kind, frame: pd.DataFrame, about: About) -> CrewFile:
    if kind == "incidents":
        return _crew_file(path, kind, about, frame, pd.DataFrame(), None, frame)
    if kind == "shifts":
        cells, agreement = to_cells(frame, about), agreement_counts(frame)
        _check_collapsed(cells, about, path)
        return _crew_file(path, kind, about, frame, cells, agreement)
    return _crew_file(path, kind, about, frame, frame.reset_index(drop=True), None)


def _crew_file(
    path: Path,
    kind: Kind,
    about: About,
    rows: pd.DataFrame,
    cells: pd.DataFrame,
    agreement: pd.DataFrame | None,
    incidents: pd.DataFrame | None = None,
) -> CrewFile:
    cautions: list[str] = []
    if about.missing_months:
        cautions.append(f"Months are missing: {about.missing_months}.")
    if about.planned:
        cautions.append(
            "Crews are as planned, not as booked on: crews that parted count as double."
        )
    if incidents is not None and (late := checks.late_rows(incidents)):
        cautions.append(f"{late:,} rows were recorded more than 90 days after the event.")
    if not cells.empty:
        cautions.extend(_cell_cautions(cells, about))
    return CrewFile(
        kind=kind,
        force=str(rows["force"].iloc[0]),
        cells=cells,
        rows=len(rows),
        about=about,
        release=_release(path, about, len(rows)),
        simulated=bool(rows["is_simulated"].all()) if "is_simulated" in rows else False,
        cautions=tuple(cautions),
        agreement=agreement,
        incidents=incidents,
    )


def _cell_cautions(cells: pd.DataFrame, about: About) -> list[str]:
    found = []
    first, last = cells["period_start"].min(), cells["period_start"].max()
    end = last + pd.DateOffset(months=about.period_months)
    months = (end.year - first.year) * 12 + end.month - first.month
    if months < MONTHS_WANTED:
        found.append(f"The file covers {months} months; {MONTHS_WANTED} or more are asked for.")
    if first < COVID[1] and end > COVID[0]:
        found.append("The period holds months of the pandemic, when work and crews were unlike.")
    if "call_grade" not in cells:
        found.append(
            "Grade 1 and other calls share a row: call risk can be adjusted for by averages only, "
            "which leaves wide intervals. Ask for rows by call_grade."
        )
    return found


def _release(path: Path, about: About, rows: int) -> Release:
    return Release(
        name="crewing export",
        path=path.name,
        title=about.title,
        publisher="the force",
        vintage=about.vintage,
        licence=about.licence,
        url="",
        sha256=files.sha256_file(path),
        rows=rows,
        attribution=f"Source: {about.source}.",
        source=about.source,
    )
