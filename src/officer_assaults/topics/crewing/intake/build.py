"""Build: crew cells from confirmed tables, with what a person should look at before signing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from officer_assaults.data import bounds
from officer_assaults.refusals import Problem, Problems, Refusal
from officer_assaults.topics.crewing.data.checks import MEASURED
from officer_assaults.topics.crewing.data.schemas import HOUR_BANDS, column_needs
from officer_assaults.topics.crewing.intake import crews, dates, keys, names, sources, values
from officer_assaults.topics.crewing.intake.mapping import Mapping, Table
from officer_assaults.topics.crewing.intake.meanings import HOURS, MISSING, value_words
from officer_assaults.topics.crewing.intake.names import force_named

LONGEST_HOURS = 24
#: Length of a date and time without offset.
CLOCK = 19
KEY = ("lpa", "beat", "area_type", "team", "period_start", "hour_band", "weekend", "crew")
Say = Callable[[str], None]


@dataclass(slots=True)
class Built:
    """Cells and what was seen on the way.

    Parameters
    ----------
    cells : pandas.DataFrame
        Text and numbers as they go into the file.
    kind : {"cells", "shifts"}
    counts : dict of str to int
        Rows read, rows that met no hours, times on clock changes and the like.
    oddest : list of str
        The ten oddest rows, in words.
    origins : list of (str, int)
        File and line of each ready row, where rows were not added up.
    """

    cells: pd.DataFrame
    kind: str
    counts: dict[str, int] = field(default_factory=dict)
    oddest: list[str] = field(default_factory=list)
    origins: list[tuple[str, int]] = field(default_factory=list)


def build(mapping: Mapping, say: Say = lambda _: None) -> Built:
    """Read the tables of a mapping and make crew cells of them.

    Raises
    ------
    Refusal
        E104, E105, E111, E113 and E124, each kind with its count and two examples.
    """
    held = {table.holds for table in mapping.tables}
    with bounds.steady(*{table.layout.file for table in mapping.tables}):
        return _logs(mapping, say) if "officers" in held else _ready(mapping, say)


def _read(mapping: Mapping, holds: str, say: Say) -> list[tuple[Table, pl.DataFrame]]:
    found = []
    for table in mapping.tables:
        if table.holds == holds:
            say(f"Reading {table.layout.file.name}")
            frame = sources.joined(sources.read(table.layout), table.columns.values())
            absent = [header for header in table.columns.values() if header not in frame.columns]
            if absent:
                what = f"has no column '{absent[0]}' in row {table.layout.header_row}."
                remedy = f"Columns there: {', '.join(frame.columns[1:12])}."
                raise Refusal(Problem("E124", what, remedy, table.layout.file.name))
            found.append((table, frame))
    return found


# --- ready cells and unit-shifts -------------------------------------------------------------


def _ready(mapping: Mapping, say: Say) -> Built:
    problems = Problems()
    kind = mapping.tables[0].holds
    read = _read(mapping, kind, say)
    frames = [_standard(frame, table, mapping, problems) for table, frame in read]
    problems.raise_if_any()
    cells = pd.concat(frames, ignore_index=True)
    lines = [(table.layout.file.name, line) for table, frame in read for line in frame["line"]]
    counts = {"rows read": len(cells)}
    if kind == "cells":
        bare = _without_anything(cells)
        counts["rows without hours and victims, left out"] = int(bare.sum())
        cells = cells[~bare] if not bare.all() else cells
    if mapping.sum_rows and kind == "cells":
        cells = summed(cells, hours_once=mapping.hours_once)
        counts["rows after adding up those of one key"] = len(cells)
        lines = []
    return Built(cells, kind, counts, origins=[lines[at] for at in cells.index] if lines else [])


def _without_anything(cells: pd.DataFrame) -> pd.Series:
    """Rows that hold no hours, no victims and no attendances: they say nothing."""
    amounts = [name for name in MEASURED if name in cells]
    numbers = cells[amounts].apply(pd.to_numeric, errors="coerce")
    blank = cells[amounts] == ""
    nothing: pd.Series = ((numbers == 0) | blank).all(axis=1)
    needed: pd.Series = (numbers[["unit_hours", "officer_hours", "y"]] == 0).all(axis=1)
    return nothing & needed


def _standard(
    frame: pl.DataFrame, table: Table, mapping: Mapping, problems: Problems
) -> pd.DataFrame:
    made: dict[str, Any] = {}
    for meaning, header in table.columns.items():
        if meaning in ("unit_hours", "officer_hours", "officer_hours_after_double"):
            made[meaning] = values.hours(frame, table, meaning, problems)
        elif meaning == "period_start":
            cells = frame[header].to_list()
            texts = dates.iso_texts(cells, table.style_of(meaning))
            wrong = [at for at, text in enumerate(texts) if not text]
            values.note(
                problems,
                table.layout.file.name,
                "E106",
                frame["line"].to_numpy()[wrong],
                [cells[at] for at in wrong],
                header,
                f"are no date written '{table.style_of(meaning)}'",
                "Correct 'dates' in the mapping, or the cells.",
            )
            made[meaning] = [text[:10] for text in texts]
        elif meaning in ("start", "end"):
            found, *_ = values.moments(frame, table, meaning, mapping, problems)
            made[meaning] = found.strftime("%Y-%m-%dT%H:%M:%S+0000")
        else:
            column = values.words(frame, table, meaning, problems)
            made[meaning] = (
                [values.decimal(cell, table) for cell in column.to_list()]
                if meaning not in _TEXTS and meaning not in value_words()
                else column.to_list()
            )
    if "force" in made:
        named = {cell: force_named(cell) or cell for cell in set(made["force"])}
        made["force"] = [named[cell] for cell in made["force"]]
    others = sorted(set(made.setdefault("force", [mapping.force] * len(frame))) - {mapping.force})
    if others:
        what = f"holds rows of '{others[0]}', but the mapping says '{mapping.force}'."
        remedy = "Correct 'force' in the mapping, or give one file per force."
        file = table.layout.file.name
        problems.found.append(Problem("E101", what, remedy, file, None, table.columns["force"]))
    nullable = set(column_needs(table.holds, optional=True)) - set(column_needs(table.holds))
    wanted = _EMPTY.get(table.holds, ())
    made |= {name: [""] * len(frame) for name in wanted if name in nullable and name not in made}
    if mapping.simulated:
        made.setdefault("is_simulated", ["yes"] * len(frame))
    return pd.DataFrame(made)


#: Columns whose cells are names, in which a comma is a comma.
_TEXTS = ("force", "lpa", "beat", "team", "role", "unit_id", "service_band", *(
    f"officer_id_{number}" for number in (1, 2, 3)
))  # fmt: skip

#: Columns that a file must have but may leave empty throughout.
_EMPTY: dict[str, tuple[str, ...]] = {
    "cells": (
        "dark_share", "attended", "y_injury", "incidents_assault", "grade1_share", "marker_share",
        "backup_min",
    ),
    "shifts": ("officer_id_2",),
}  # fmt: skip


def summed(cells: pd.DataFrame, *, hours_once: bool = False) -> pd.DataFrame:
    """Rows of one key added up: hours and counts summed, shares weighted by officer-hours.

    Parameters
    ----------
    cells : pandas.DataFrame
    hours_once : bool
        Take hours and attendances once: a join of victims has repeated them in each row.

    Raises
    ------
    Refusal
        E133 if hours are to be taken once and differ among the rows of one key.
    """
    from officer_assaults.topics.crewing.data.collapse import AVERAGES, SUMS
    from officer_assaults.topics.crewing.data.schemas import CELL_KEY

    key = [name for name in CELL_KEY if name in cells]
    blank = [name for name in (*SUMS, *AVERAGES) if name in cells and (cells[name] == "").all()]
    sums = [name for name in SUMS if name in cells and name not in blank]
    averages = [name for name in AVERAGES if name in cells and name not in blank]
    numeric = cells.assign(**{n: pd.to_numeric(cells[n]) for n in (*sums, *averages)})
    weighted = numeric.assign(**{n: numeric[n] * numeric["officer_hours"] for n in averages})
    total = weighted.groupby(key, sort=False)[[*sums, *averages]].sum().reset_index()
    shares = {
        n: total[n] / total["officer_hours"].where(total["officer_hours"] > 0, 1) for n in averages
    }
    total = total.assign(**shares, **dict.fromkeys(blank, ""))
    if not hours_once:
        return total
    repeated = [name for name in (*HOURS, "attended") if name in sums]
    groups = numeric.groupby(key, sort=False)[repeated]
    if (groups.max() != groups.min()).any(axis=None):
        what = "hours or attendances differ among rows of one key, so they are no repeats."
        raise Refusal(Problem("E133", what, "Write 'sum_rows: yes' to add them up."))
    return total.assign(**groups.first().reset_index()[repeated])


# --- officer rows, incidents, assaults --------------------------------------------------------


def _logs(mapping: Mapping, say: Say) -> Built:
    problems, built = Problems(), Built(pd.DataFrame(), "cells")
    rows = _officers(mapping, problems, built, say)
    incidents = _incidents(mapping, problems, built, say)
    assaults = _assaults(mapping, problems, built, say)
    problems.raise_if_any()
    say("Working out crews")
    bookings, doubled = crews.settle(rows)
    _tell_doubled(doubled, mapping, built)
    found = crews.stretches(bookings)
    pieces = crews.pieces(found, mapping.timezone, mapping.latitude).with_row_index("piece")
    say("Placing incidents and victims")
    calls = _calls(incidents, pieces, mapping, built)
    victims = _victims(assaults, bookings, pieces, mapping, built)
    built.cells = _cells(mapping, pieces, calls, victims, bool(len(incidents)))
    _tell_oddest(rows, pieces, built)
    return built


def _officers(mapping: Mapping, problems: Problems, built: Built, say: Say) -> pl.DataFrame:
    found = []
    for table, frame in _read(mapping, "officers", say):
        if mapping.choices["off_before_on"] == "the next day":
            table, frame = _next_day(table, frame)
        start, *changes = values.moments(frame, table, "start", mapping, problems)
        end, *more = values.moments(frame, table, "end", mapping, problems)
        end = _second_pass(start, end, more[0])
        ended = np.asarray(end <= pd.Timestamp(mapping.retrieved, tz="UTC") + pd.Timedelta(days=1))
        length = np.asarray((end - start) / pd.Timedelta(hours=1), dtype=float)
        _check_lengths(frame, table, np.where(ended, length, np.nan), problems)
        for name, one, two in zip(("come twice", "never come"), changes, more, strict=True):
            key = f"booking times that {name} at a clock change"
            built.counts[key] = built.counts.get(key, 0) + int(one.sum() + two.sum())
        places = {
            name: values.words(frame, table, name, problems)
            for name in crews.PLACES
            if name in table.columns
        }
        made = pl.DataFrame(
            {
                "line": frame["line"],
                "officer": _names(frame, table, "officer", mapping, built),
                "call_sign": _names(frame, table, "call_sign", mapping, built),
                "start": _ticks(start),
                "end": _ticks(end),
                **places,
            }
        )
        for name in ("officer", "call_sign", "lpa"):
            header = table.columns[name]
            blank = frame.filter(_blank(header))
            values.note(
                problems,
                table.layout.file.name,
                "E124",
                blank["line"].to_list(),
                blank[header].to_list(),
                header,
                "are empty",
                "Ask for them: a row that is left out loses its hours."
                + (_FILL_DOWN if name == "lpa" else ""),
            )
        found.append(made)
    rows = pl.concat(found, how="diagonal")
    built.counts["officer rows"] = len(rows)
    empty = int((rows["start"] == rows["end"]).sum())
    built.counts["officer rows that end as they begin, left out"] = empty
    rows = rows.filter(pl.col("start").ne_missing(pl.col("end")))
    alike = rows.unique(subset=["officer", "call_sign", "start", "end"], maintain_order=True)
    built.counts["officer rows that stand twice, used once"] = len(rows) - len(alike)
    return alike


_FILL_DOWN = " Where the export names an area once for the rows under it, fill it down."


def _second_pass(
    start: pd.DatetimeIndex, end: pd.DatetimeIndex, twice: np.ndarray
) -> pd.DatetimeIndex:
    """Read an end that comes twice, and first before its start, as the second of the two."""
    back = (end <= start) & (start - end <= pd.Timedelta(hours=1)) & twice
    return end.where(~back, end + pd.Timedelta(hours=1))


def _next_day(table: Table, frame: pl.DataFrame) -> tuple[Table, pl.DataFrame]:
    """Write an end before its start by the clock as one of the next day."""
    header = table.columns["end"]
    on = dates.iso_texts(frame[table.columns["start"]].to_list(), table.style_of("start"))
    off = dates.iso_texts(frame[header].to_list(), table.style_of("end"))
    moved = [
        (datetime.fromisoformat(end) + timedelta(days=1)).isoformat()
        if start and end and len(start) == len(end) <= CLOCK and end <= start
        else end or cell
        for start, end, cell in zip(on, off, frame[header], strict=True)
    ]
    styles = {**table.styles, "end": "iso", "start": table.style_of("start")}
    return replace(table, styles=styles), frame.with_columns(pl.Series(header, moved))


def _ticks(moments: pd.DatetimeIndex) -> pl.Series:
    """Nanoseconds of UTC; missing where 31/12/9999 or 01/01/0001 stands for no moment at all."""
    first, last = (end.tz_localize("UTC") for end in (pd.Timestamp.min, pd.Timestamp.max))
    kept = pd.DatetimeIndex(moments.where((moments > first) & (moments < last)))
    return pl.Series(kept.as_unit("ns").asi8)


def _names(
    frame: pl.DataFrame, table: Table, meaning: str, mapping: Mapping, built: Built
) -> pl.Series:
    """Officers or units, by names that all tables write alike."""
    column = frame[table.columns[meaning]]
    if mapping.choices["names_match"] == "exactly":
        return column
    alike = names.loosely(column, officers=meaning == "officer")
    ways = pl.DataFrame({"one": alike, "way": column}).unique()["one"].value_counts()
    key = f"{meaning.replace('_', ' ')}s written in more than one way"
    built.counts[key] = built.counts.get(key, 0) + int((ways["count"] > 1).sum())
    return alike


def _check_lengths(frame: pl.DataFrame, table: Table, length: Any, problems: Problems) -> None:
    header, lines = table.columns["end"], frame["line"].to_numpy()
    before, long = "lie before their book-on", "lie more than 24 hours after their book-on"
    next_day = (
        "Correct the times; if a night shift carries one day in both, write "
        "'off_before_on: the next day' in the mapping."
    )
    shorten = "Correct the book-off, or leave the rows out."
    for code, wrong, what, remedy in (
        ("E113", length < 0, before, next_day),
        ("E104", length > LONGEST_HOURS, long, shorten),
    ):
        at = np.flatnonzero(wrong)
        cells = frame[header]
        values.note(
            problems,
            table.layout.file.name,
            code,
            lines[at],
            [cells[int(n)] for n in at[:2]],
            header,
            what,
            remedy,
        )


def _incidents(mapping: Mapping, problems: Problems, built: Built, say: Say) -> pl.DataFrame:
    found = []
    for table, frame in _read(mapping, "incidents", say):
        # An incident that nobody attended has no time at scene.
        at, *_ = values.moments(frame, table, "attended", mapping, problems, blank=True)
        more = {
            name: values.words(frame, table, name, problems)
            for name in ("grade", "marker")
            if name in table.columns
        }
        if "incident" in table.columns:
            more["incident"] = frame[table.columns["incident"]]
        there = pl.Series(~np.asarray(at.isna()))
        made = pl.DataFrame(
            {
                "call_sign": _names(frame, table, "call_sign", mapping, built),
                "at": _ticks(at),
                **more,
            }
        )
        found.append(made.filter(there))
    none = pl.DataFrame(schema={"call_sign": pl.String, "at": pl.Int64})
    rows = pl.concat([none, *found], how="diagonal")
    if "incident" in rows.columns:
        alike = rows.unique(subset=["incident", "call_sign", "at"], maintain_order=True)
        built.counts["attendances that stand twice, used once"] = len(rows) - len(alike)
        rows = alike.drop("incident")
    built.counts["attendances"] = len(rows)
    return rows


def _assaults(mapping: Mapping, problems: Problems, built: Built, say: Say) -> pl.DataFrame:
    found = []
    for table, frame in _read(mapping, "assaults", say):
        at, *_ = values.moments(frame, table, "occurred", mapping, problems)
        injury = (
            values.words(frame, table, "code", problems)
            if "code" in table.columns
            else pl.Series(["" for _ in range(len(frame))])
        )
        crime = (
            frame[table.columns["assault"]]
            if "assault" in table.columns
            else frame["line"].cast(pl.String)
        )
        made = pl.DataFrame(
            {
                "line": frame["line"],
                "officer": _names(frame, table, "officer", mapping, built),
                "at": _ticks(at),
                "crime": crime,
                "injury": injury,
            }
        ).filter(pl.col("injury") != "left out")
        column = table.columns.get("assault", "row")
        found.append(made.with_columns(file=pl.lit(table.layout.file.name), column=pl.lit(column)))
    rows = pl.concat(found)
    _check_victims(rows, problems)
    built.counts["victims"] = len(rows)
    return rows


def _blank(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase().is_in(MISSING)


def _check_victims(rows: pl.DataFrame, problems: Problems) -> None:
    """Refuse an officer who is a victim of one crime twice, in one file or in two."""
    named = rows.filter(~pl.any_horizontal(_blank("crime"), _blank("officer")))
    twice = named.filter(named.select("crime", "officer").is_duplicated()).sort("crime", "officer")
    if len(twice):
        files = twice["file"].unique(maintain_order=True).to_list()
        among = f" (in {' and '.join(files)})" if len(files) > 1 else ""
        values.note(
            problems,
            files[0],
            "E105",
            twice["line"].to_list(),
            twice["crime"].to_list(),
            twice["column"][0],
            f"name a crime and an officer that another row names too{among}",
            "Give each officer-victim of a crime one row: mend the join that repeats it.",
        )


def _refuse_unplaced(lost: int, total: int, what: str, remedy: str, mapping: Mapping) -> None:
    """Refuse tables of which more than half finds no hours: they do not belong together."""
    if lost * 2 > total:
        said = f"{lost:,} of {total:,} {what}"
        raise Refusal(Problem("E104", said, remedy, mapping.path.name))


def _calls(
    incidents: pl.DataFrame, pieces: pl.DataFrame, mapping: Mapping, built: Built
) -> pl.DataFrame:
    found = crews.placed(incidents, "call_sign", pieces, ["piece"])
    lost = found["piece"].null_count()
    built.counts["attendances outside any booking of their unit"] = lost
    unknown = incidents.filter(~pl.col("call_sign").is_in(pieces["call_sign"].unique().to_list()))
    built.counts["of these by units that nobody booked on to"] = len(unknown)
    _refuse_unplaced(
        lost,
        len(found),
        "attendances were by units that nobody was booked on to at the time.",
        "Map the column of the incidents that holds the call sign of the booking, and the same "
        "time zone; or leave the incidents out of the mapping.",
        mapping,
    )
    not_told = pl.lit(None, dtype=pl.Boolean)
    grade = pl.col("grade") == "grade 1" if "grade" in found.columns else not_told
    marker = pl.col("marker") == "1" if "marker" in found.columns else not_told
    return (
        found.drop_nulls("piece")
        .with_columns(grade1=grade, marked=marker)
        .group_by("piece")
        .agg(attended=pl.len(), grade1=pl.col("grade1").sum(), marked=pl.col("marked").sum())
    )


def _victims(
    assaults: pl.DataFrame,
    bookings: pl.DataFrame,
    pieces: pl.DataFrame,
    mapping: Mapping,
    built: Built,
) -> pl.DataFrame:
    on = crews.placed(assaults, "officer", bookings, ["call_sign"])
    lost = on.filter(pl.col("call_sign").is_null())
    built.counts["victims without hours"] = len(lost)
    known = set(bookings["officer"].unique())
    never = sum(officer not in known for officer in lost["officer"])
    unnamed = int(lost.select(_blank("officer").sum()).item())
    built.counts["of these rows that name no officer"] = unnamed
    built.counts["of these officers who were never booked on"] = never - unnamed
    _refuse_unplaced(
        len(lost),
        len(on),
        f"victims were not booked on when it happened; {never:,} are officers who never were.",
        "Map the column that holds the officer's number as the bookings write it, and export "
        "bookings and assaults of one period.",
        mapping,
    )
    built.oddest += [
        f"the victim in row {line} of the assaults was not booked on when it happened"
        for line in lost["line"].sort().head(5)
    ]
    placed = crews.placed(on.drop_nulls("call_sign"), "call_sign", pieces, ["piece"])
    return placed.group_by("piece").agg(
        y=pl.len(), y_injury=(pl.col("injury") == "injury").sum(), crimes=pl.col("crime").n_unique()
    )


def _cells(
    mapping: Mapping,
    pieces: pl.DataFrame,
    calls: pl.DataFrame,
    victims: pl.DataFrame,
    has_calls: bool,
) -> pd.DataFrame:
    crew = (
        pl.when(pl.col("officers") == 1)
        .then(pl.lit("single"))
        .when(pl.col("officers") == 2)
        .then(pl.lit("double"))
        .otherwise(pl.lit("multi"))
    )
    rows = (
        pieces.join(calls, on="piece", how="left")
        .join(victims, on="piece", how="left")
        .with_columns(
            pl.col("attended", "grade1", "marked", "y", "y_injury", "crimes").fill_null(0)
        )
        .rename({"month": "period_start"})
        .with_columns(crew=crew, staffed=pl.col("hours") * pl.col("officers"))
    )
    key = [name for name in KEY if name in rows.columns]
    cells = rows.group_by(key).agg(
        unit_hours=pl.col("hours").sum(),
        officer_hours=pl.col("staffed").sum(),
        attended=pl.col("attended").sum(),
        y=pl.col("y").sum(),
        y_injury=pl.col("y_injury").sum(),
        incidents_assault=pl.col("crimes").sum(),
        dark_share=(pl.col("dark_share") * pl.col("staffed")).sum() / pl.col("staffed").sum(),
        grade1_share=pl.col("grade1").sum() / pl.col("attended").sum().clip(lower_bound=1),
        marker_share=pl.col("marked").sum() / pl.col("attended").sum().clip(lower_bound=1),
    )
    held = {table.holds: table.columns for table in mapping.tables}
    there = {
        "attended": has_calls,
        "grade1_share": has_calls and "grade" in held.get("incidents", {}),
        "marker_share": has_calls and "marker" in held.get("incidents", {}),
        "y_injury": "code" in held["assaults"],
    }
    blank = [name for name, known in there.items() if not known]
    bands = pl.Enum(list(HOUR_BANDS))
    ordered = cells.sort(
        *[pl.col(name).cast(bands) if name == "hour_band" else pl.col(name) for name in key]
    )
    frame = ordered.with_columns(
        pl.col("unit_hours", "officer_hours").round(6),
        pl.col("dark_share", "grade1_share", "marker_share").round(6),
    ).to_pandas()
    named = frame.assign(**dict.fromkeys(blank, ""), backup_min="")
    named.insert(0, "force", mapping.force)
    return named.assign(is_simulated="yes" if mapping.simulated else "no")


def _tell_doubled(doubled: pl.DataFrame, mapping: Mapping, built: Built) -> None:
    built.counts["times an officer was on two units at once"] = len(doubled)
    if len(doubled) and mapping.choices["officer_on_two_units"] == "refuse":
        first = doubled["line"].sort()[0]
        what = f"{len(doubled):,} times an officer is on two units, first in row {first}."
        remedy = "Correct the bookings, or let the later end the earlier."
        raise Refusal.of("E105", what, remedy, mapping.path.name)
    key = keys.secret()
    for row in doubled.sort("hours", descending=True).head(5).iter_rows(named=True):
        who = keys.digest(row["officer"], key)[:8]
        built.oddest.append(
            f"officer {who} was on two units for {row['hours']:.1f} hours (row {row['line']})"
        )


def _tell_oddest(rows: pl.DataFrame, pieces: pl.DataFrame, built: Built) -> None:
    built.counts["stretches of crews"] = len(pieces)
    largest = pieces.sort("officers", descending=True).head(3)
    for row in largest.iter_rows(named=True):
        if row["officers"] > 3:
            built.oddest.append(f"{row['officers']} officers on one unit in {row['month'][:7]}")
    length = rows.with_columns(hours=(pl.col("end") - pl.col("start")) / crews.HOUR_NS)
    for row in length.sort("hours", descending=True).head(4).iter_rows(named=True):
        built.oddest.append(f"a booking of {row['hours']:.1f} hours in row {row['line']}")
    for row in length.sort("hours").head(4).iter_rows(named=True):
        built.oddest.append(f"a booking of {row['hours'] * 60:.0f} minutes in row {row['line']}")
    built.oddest = built.oddest[:10]
