"""Checks of crewing files across columns and rows, each with its refusal."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.refusals import Problems
from officer_assaults.topics.crewing.data.about import About
from officer_assaults.topics.crewing.data.schemas import (
    CELL_KEY,
    CREW_SIZES,
    HOURS_TOLERANCE,
    LARGEST_CREW,
    SIMULATED_FORCE,
)

LISTED = 20
LONGEST_SHIFT_HOURS = 24
LATE_DAYS = 90
TOTAL_WORDS = ("total", "totals", "all", "sum", "force total", "grand total")
#: Columns that hold amounts, which rows of one key may share out among them.
MEASURED = (
    "unit_hours",
    "officer_hours",
    "attended",
    "y",
    "y_injury",
    "incidents_assault",
    "officer_hours_after_double",
    "y_after_double",
    "y_control",
)
OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"
#: Columns that are filled in every row or in none.
WHOLE_OR_BLANK = (
    "dark_share",
    "attended",
    "y_injury",
    "incidents_assault",
    "grade1_share",
    "marker_share",
    "backup_min",
    "taser_share",
    "new_officer_share",
    "staffing",
    "officer_hours_after_double",
    "y_after_double",
    "y_control",
)


def note(
    frame: pd.DataFrame,
    wrong: Any,
    problems: Problems,
    code: str,
    what: str,
    remedy: str,
    column: str | None = None,
) -> None:
    """Note each row where ``wrong`` holds, the first twenty one by one.

    Parameters
    ----------
    frame : pandas.DataFrame
        The index holds line numbers.
    wrong : boolean, shape (rows,)
    what : str
        May name columns in braces; their values are put in.
    """
    bad = pd.Series(wrong, index=frame.index).fillna(False).astype(bool)
    if not bad.any():
        return
    rows = frame[bad]
    for line, row in rows.head(LISTED).iterrows():
        problems.add(code, what.format(**row), remedy, row=int(str(line)), column=column)
    if len(rows) > LISTED:
        rest = f"{len(rows) - LISTED:,} further rows have the same problem."
        problems.add(code, rest, remedy, column=column)


def check_common(frame: pd.DataFrame, problems: Problems) -> None:
    """One force, no totals, simulated rows apart."""
    found = sorted(frame["force"].dropna().unique())
    if len(found) > 1:
        problems.add(
            "E101",
            f"holds rows of {len(found)} forces ({', '.join(map(str, found[:3]))}).",
            "Give one file per force.",
            column="force",
        )
    if "lpa" in frame:
        wrong = frame["lpa"].astype(str).str.strip().str.lower().isin(TOTAL_WORDS)
        note(frame, wrong, problems, "E124", "'{lpa}' looks like a total.", "Take it out.", "lpa")
    made_up = frame["is_simulated"] if "is_simulated" in frame else pd.Series(False, frame.index)
    if made_up.any() and not made_up.all():
        problems.add(
            "E123",
            f"{int(made_up.sum()):,} simulated rows stand among {len(frame):,}.",
            "Keep simulated and recorded rows in files of their own.",
            column="is_simulated",
        )
    if SIMULATED_FORCE in found and not made_up.all():
        problems.add(
            "E123",
            "rows of the simulated force are not marked as simulated.",
            "Write yes in is_simulated.",
            column="force",
        )


def check_cells(frame: pd.DataFrame, about: About | None, problems: Problems) -> None:
    """Hours, counts and keys of crew cells."""
    _whole_or_blank(frame, problems)
    key = [name for name in CELL_KEY if name in frame]
    _check_keys(frame, key, problems)
    _check_hours(frame, about, problems)
    size = frame["crew"].map({**CREW_SIZES, "multi": LARGEST_CREW})
    _check_counts(frame, size, problems)


def _check_keys(frame: pd.DataFrame, key: list[str], problems: Problems) -> None:
    """Tell rows that stand twice from rows that something outside the key splits."""
    doubled = frame[frame[key].notna().all(axis=1) & frame.duplicated(key, keep=False)]
    if doubled.empty:
        return
    groups = doubled.groupby(key, observed=True, dropna=False)
    rest = [name for name in doubled if name not in key]
    kinds = groups[list(map(str, rest))].nunique(dropna=False)
    differ = [name for name in rest if (kinds[str(name)] > 1).any()]
    measured = [name for name in differ if name in MEASURED]
    splits = [str(name) for name in differ if name not in MEASURED]
    first = [int(str(line)) for line in doubled.index[:2]]
    what = f"{len(doubled):,} rows share {', '.join(key)} with another (rows {first})"
    if not measured:
        of = f", and differ in {', '.join(splits)} alone" if splits else ", and are copies"
        problems.add(
            "E133" if splits else "E105",
            f"{what}{of}: the same hours are counted more than once.",
            "Mend the join that repeats them, then export again.",
            row=first[0],
        )
        return
    of = f": {', '.join(splits)} splits them" if splits else ": a column that was left out splits"
    problems.add(
        "E133" if splits else "E105",
        f"{what}{of}.",
        "Add the rows of one key up; never keep one of them. 'officer-assaults crewing map' does "
        "it once you write 'sum_rows: yes'; where a join repeats the hours in each row, write "
        "'sum_rows: victims'.",
        row=first[0],
    )


def _whole_or_blank(frame: pd.DataFrame, problems: Problems) -> None:
    for name in WHOLE_OR_BLANK:
        if name in frame:
            blank = int(frame[name].isna().sum())
            if 0 < blank < len(frame):
                problems.add(
                    "E102",
                    f"is empty in {blank:,} of {len(frame):,} rows.",
                    "Fill every row, or leave the whole column empty.",
                    column=name,
                )


def _check_hours(frame: pd.DataFrame, about: About | None, problems: Problems) -> None:
    size = frame["crew"].map(CREW_SIZES)
    largest = frame["crew"].map({**CREW_SIZES, "multi": LARGEST_CREW})
    low = frame["officer_hours"] < size * frame["unit_hours"] * (1 - HOURS_TOLERANCE)
    high = frame["officer_hours"] > largest * frame["unit_hours"] * (1 + HOURS_TOLERANCE)
    note(
        frame,
        (low | high).fillna(False),
        problems,
        "E104",
        "{officer_hours:g} officer-hours in {unit_hours:g} unit-hours of a {crew} crew.",
        "Officer-hours are unit-hours times the officers in the crew, within 1%.",
        "officer_hours",
    )
    if about is None or about.headcount is None:
        return
    totals = frame.groupby("period_start")["officer_hours"].sum()
    for start, hours in totals.items():
        first = pd.Timestamp(str(start))
        days = (first + pd.DateOffset(months=about.period_months) - first).days
        if hours > 24 * about.headcount * days:
            problems.add(
                "E104",
                f"{hours:,.0f} officer-hours from {first:%Y-%m-%d} are more than "
                f"{about.headcount:g} officers can work.",
                "Check the unit of the hours and the headcount in the sidecar.",
                column="officer_hours",
            )


def _check_counts(frame: pd.DataFrame, size: pd.Series, problems: Problems) -> None:
    if "y_injury" in frame:
        note(
            frame,
            frame["y_injury"] > frame["y"],
            problems,
            "E103",
            "{y_injury} victims with injury among {y}.",
            "Those with injury are part of y.",
            "y_injury",
        )
    if "incidents_assault" in frame:
        incidents = frame["incidents_assault"]
        note(
            frame,
            frame["y"] > size * incidents,
            problems,
            "E111",
            "{y} victims in {incidents_assault} incidents of a {crew} crew.",
            "An incident has at most as many victims as the crew has officers.",
            "y",
        )
        note(
            frame,
            incidents > frame["y"],
            problems,
            "E111",
            "{incidents_assault} incidents with a victim, but {y} victims.",
            "Count only incidents in which an officer was a recorded victim.",
            "incidents_assault",
        )
    if "y_after_double" in frame:
        note(
            frame,
            frame["y_after_double"] > frame["y"],
            problems,
            "E111",
            "{y_after_double} of {y} victims followed a double-crewed shift.",
            "They are part of y.",
            "y_after_double",
        )
    if "officer_hours_after_double" in frame:
        note(
            frame,
            frame["officer_hours_after_double"] > frame["officer_hours"] * (1 + HOURS_TOLERANCE),
            problems,
            "E104",
            "{officer_hours_after_double:g} of {officer_hours:g} officer-hours followed a "
            "double-crewed shift.",
            "They are part of officer_hours.",
            "officer_hours_after_double",
        )


def moments(frame: pd.DataFrame, column: str, about: About | None, problems: Problems) -> pd.Series:
    """Read the times of a column as UTC; what is wrong with them is noted under E113."""
    text = frame[column].fillna("").astype(str)
    has_offset = text.str.contains(OFFSET, regex=True)
    utc = pd.to_datetime(text.where(has_offset), format="ISO8601", utc=True, errors="coerce")
    zone = about.timezone if about else ""
    bare = ~has_offset & (text != "")
    if bare.any() and zone:
        clock = pd.to_datetime(text[bare], format="ISO8601", errors="coerce")
        local = clock.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
        note(
            frame.loc[bare],
            (clock.notna() & local.isna()),
            problems,
            "E113",
            f"'{{{column}}}' comes twice or never on the night when clocks change.",
            "Give the time an offset, for instance +01:00.",
            column,
        )
        utc = utc.fillna(local.dt.tz_convert("UTC"))
        unread = bare & pd.Series(utc.isna() & clock.reindex(frame.index).isna(), frame.index)
    else:
        note(
            frame,
            bare,
            problems,
            "E113",
            f"'{{{column}}}' has no offset.",
            "Write 2024-03-31T22:00:00+01:00, or name the timezone in the sidecar.",
            column,
        )
        unread = has_offset & utc.isna()
    note(
        frame,
        unread | (text == ""),
        problems,
        "E113",
        f"'{{{column}}}' is not a date and time.",
        "Write 2024-03-31T22:00:00+01:00.",
        column,
    )
    if about is not None:
        limit = pd.Timestamp(about.retrieved, tz="UTC") + pd.Timedelta(days=1)
        note(
            frame,
            utc > limit,
            problems,
            "E113",
            f"'{{{column}}}' lies after the day of the export.",
            "Correct the time, or 'retrieved' in the sidecar.",
            column,
        )
    return utc


def check_shifts(frame: pd.DataFrame, problems: Problems) -> None:
    """Officers, hours and counts of unit-shifts; ``start`` and ``end`` are moments already."""
    officers = (
        frame[[name for name in frame if str(name).startswith("officer_id_")]].notna().sum(axis=1)
    )
    size = frame["crew_actual"].map(CREW_SIZES)
    for crew, fits in (
        ("single", officers == 1),
        ("double", officers == 2),
        ("multi", officers >= 2),
    ):
        note(
            frame.assign(_officers=officers),
            (frame["crew_actual"] == crew) & ~fits,
            problems,
            "E111",
            "a {crew_actual} crew with {_officers} officers.",
            "Give one officer id per officer of the crew.",
            "crew_actual",
        )
    length = (frame["end"] - frame["start"]).dt.total_seconds() / 3600
    note(
        frame,
        length <= 0,
        problems,
        "E113",
        "ends at {end}, before it starts.",
        "Check both times.",
        "end",
    )
    note(
        frame.assign(_hours=length),
        length > LONGEST_SHIFT_HOURS,
        problems,
        "E104",
        "lasts {_hours:.1f} hours.",
        "A shift of a unit lasts at most 24 hours: check the book-off.",
        "end",
    )
    note(
        frame,
        size > frame["headcount_on_shift"],
        problems,
        "E104",
        "a {crew_actual} crew where {headcount_on_shift} officers are on duty.",
        "The headcount includes the unit itself.",
        "headcount_on_shift",
    )
    note(
        frame,
        frame["calls_grade1"] > frame["calls_attended"],
        problems,
        "E111",
        "{calls_grade1} grade 1 calls among {calls_attended}.",
        "They are part of calls_attended.",
        "calls_grade1",
    )
    _check_counts(frame.assign(crew=frame["crew_actual"]), size.replace(3, LARGEST_CREW), problems)


def check_incidents(frame: pd.DataFrame, problems: Problems) -> None:
    """Order of times and double-counted victims; the two times are moments already."""
    note(
        frame,
        frame["recorded_at"] < frame["occurred_at"],
        problems,
        "E113",
        "was recorded at {recorded_at}, before it occurred.",
        "Check both times and their offsets.",
        "recorded_at",
    )
    note(
        frame,
        frame.duplicated(["incident_id", "officer"]),
        problems,
        "E105",
        "has the same incident and officer as another row.",
        "Keep one row per officer-victim.",
    )
    double_with_one = (frame["officer"].astype(str) != "1") & (frame["crew_actual"] == "single")
    alone = double_with_one & frame.duplicated("incident_id", keep=False)
    note(
        frame,
        alone,
        problems,
        "E111",
        "a second victim of incident {incident_id} in a single crew.",
        "Check the crew, or give the other unit's incident its own number.",
        "crew_actual",
    )


def late_rows(frame: pd.DataFrame) -> int:
    """Rows recorded more than 90 days after the event."""
    lag = frame["recorded_at"] - frame["occurred_at"]
    return int((lag > pd.Timedelta(days=LATE_DAYS)).sum())
