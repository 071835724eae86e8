"""Mapping: what a person confirms about a force's tables before anything is read from them."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import available_timezones

from officer_assaults.data import forces, readers
from officer_assaults.refusals import Problems, nearest
from officer_assaults.topics.crewing.data.about import keys_twice
from officer_assaults.topics.crewing.data.schemas import SIMULATED_FORCE, column_needs
from officer_assaults.topics.crewing.intake import dates
from officer_assaults.topics.crewing.intake.meanings import NEEDED, TABLES, VALUE_WORDS
from officer_assaults.topics.crewing.intake.sources import Layout

ASK = "ASK"
#: Stands in a list of values for every cell that the list does not name.
OTHERS = "(any other)"
FIELDS = (
    "confirmed", "force", "simulated", "source", "retrieved", "crew_source", "timezone",
    "clock_comes_twice", "clock_never_comes", "officer_on_two_units", "off_before_on",
    "names_match", "latitude", "headcount",
    "period_months", "licence", "title", "vintage", "sum_rows", "tables",
)  # fmt: skip
TABLE_FIELDS = (
    "holds", "file", "encoding", "separator", "sheet", "header_row", "last_line_cut_off",
    "last_rows_left_out",
    "columns", "dates", "hours", "decimal", "values", "not_used",
)  # fmt: skip
KINDS = ("officers", "incidents", "assaults", "cells", "shifts")
CHOICES: Map[str, tuple[str, ...]] = MappingProxyType(
    {
        "clock_comes_twice": ("first", "second"),
        "clock_never_comes": ("an hour later",),
        "officer_on_two_units": ("later", "refuse"),
        "off_before_on": ("refuse", "the next day"),
        "names_match": ("loosely", "exactly"),
    }
)
HOURS = ("hours", "minutes", "hh:mm")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a mapping.

    Parameters
    ----------
    holds : {"officers", "incidents", "assaults", "cells", "shifts"}
    layout : Layout
    columns : mapping of str to str
        Meaning to header.
    dates, hours, decimal : str
    words : mapping of str to mapping
        For a meaning, what each cell stands for.
    styles : mapping of str to str
        How dates of one column are written, where columns differ.
    """

    holds: str
    layout: Layout
    columns: Map[str, str]
    dates: str
    hours: str
    decimal: str
    words: Map[str, Map[str, str]]
    styles: Map[str, str] = field(default_factory=dict)

    def style_of(self, meaning: str) -> str:
        """How the dates of a column are written."""
        return self.styles.get(meaning, self.dates)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A confirmed mapping.

    Parameters
    ----------
    path : Path
    force : str
        Short name; of ready cells that name their force, the force that they must name.
    retrieved : datetime.date
    tables : tuple of Table
    choices : mapping of str to str
        What to do at clock changes and with an officer on two units.
    about : mapping of str to Any
        What goes into the sidecar.
    sum_rows : bool
        Whether rows with one key are to be added up.
    hours_once : bool
        Whether their hours and attendances stand in each of them, to be taken once.
    """

    path: Path
    force: str
    retrieved: date
    simulated: bool
    timezone: str
    latitude: float
    tables: tuple[Table, ...]
    choices: Map[str, str]
    about: Map[str, Any]
    sum_rows: bool
    hours_once: bool = False


def read_mapping(path: Path) -> Mapping:
    """Read a mapping that a person has confirmed.

    Raises
    ------
    Refusal
        E135 if it is not confirmed or a question in it is open; E124 for fields and values that
        are unknown; all problems at once.
    """
    problems = Problems(file=path.name)
    if twice := keys_twice(readers.read_text(path, path.name)):
        problems.add("E124", f"says '{twice[0]}' twice.", "Keep one of them.", column=twice[0])
        problems.raise_if_any()
    content = readers.read_mapping(path, path.name)
    if content is None:
        problems.add("E124", "is not a YAML mapping.", "Write it with 'crewing map'.")
        problems.raise_if_any()
        raise AssertionError
    for name in [name for name in content if name not in FIELDS]:
        problems.add("E124", f"has an unknown field '{name}'.", nearest(name, FIELDS))
    _check_confirmed(content, problems)
    _check_about(content, problems)
    found = content.get("tables")
    entries = found if isinstance(found, list) else []
    if not entries:
        problems.add("E124", "names no tables.", "Write it with 'crewing map'.", column="tables")
    tables = tuple(_table(path, entry, problems) for entry in entries)
    _check_tables(tables, problems)
    problems.raise_if_any()
    return _mapping(path, content, tables)


def _check_confirmed(content: dict[str, Any], problems: Problems) -> None:
    if content.get("confirmed") is not True:
        problems.add(
            "E135",
            "is not confirmed.",
            "Read every line marked GUESS, correct it, then write 'confirmed: yes'.",
            column="confirmed",
        )
    for place in _open_questions(content):
        problems.add("E135", "is still open (ASK).", "Write the answer in its place.", column=place)


def _open_questions(content: Any, place: str = "") -> list[str]:
    if isinstance(content, dict):
        pairs = [(f"{place}.{key}".strip("."), value) for key, value in content.items()]
        return [found for key, value in pairs for found in _open_questions(value, key)]
    if isinstance(content, list):
        numbered = enumerate(content, 1)
        return [found for n, item in numbered for found in _open_questions(item, f"{place} {n}")]
    return [place] if content == ASK else []


def _check_about(content: dict[str, Any], problems: Problems) -> None:
    force = str(content.get("force") or "")
    if force not in (ASK, SIMULATED_FORCE) and force not in forces.slugs():
        what = f"'{force}' is not a force."
        problems.add("E101", what, nearest(force, forces.slugs()), column="force")
    zone = str(content.get("timezone") or "")
    if zone not in available_timezones():
        what = f"'{zone}' is not a time zone."
        problems.add("E113", what, "Write Europe/London.", column="timezone")
    retrieved = content.get("retrieved")
    if retrieved != ASK and not isinstance(retrieved, date):
        what = f"'{retrieved}' is not a date."
        problems.add("E124", what, "Write it as 2024-04-30.", column="retrieved")
    for name, allowed in CHOICES.items():
        if (chosen := content.get(name, allowed[0])) not in allowed:
            what = f"'{chosen}' is no choice."
            problems.add("E124", what, f"Write one of: {', '.join(allowed)}.", column=name)


def _table(path: Path, entry: Any, problems: Problems) -> Table:
    entry = entry if isinstance(entry, dict) else {}
    holds, name = str(entry.get("holds")), str(entry.get("file") or "")
    for name_ in [name_ for name_ in entry if name_ not in TABLE_FIELDS]:
        problems.add("E124", f"has an unknown field '{name_}'.", nearest(name_, TABLE_FIELDS))
    if holds not in KINDS:
        what = f"'{holds}' is no kind of table."
        problems.add("E124", what, f"Write one of: {', '.join(KINDS)}.", column="holds")
    for said_, allowed in (
        ("dates", dates.STYLES),
        ("hours", HOURS),
        ("decimal", ("point", "comma")),
    ):
        value = entry.get(said_, allowed[0])
        for one in value.values() if isinstance(value, dict) and said_ == "dates" else [value]:
            if one != ASK and one not in allowed:
                what = f"'{one}' is no way of writing {said_}."
                problems.add("E124", what, f"Write one of: {', '.join(allowed)}.", column=said_)
    columns = {str(k): str(v) for k, v in (entry.get("columns") or {}).items() if v}
    values = {
        str(k): {str(cell): str(word) for cell, word in (v or {}).items()}
        for k, v in (entry.get("values") or {}).items()
    }
    _check_words(values, problems)
    header = entry.get("header_row", 1)
    layout = Layout(
        path.parent / name,
        str(entry.get("encoding") or ""),
        str(entry.get("separator") or "comma"),
        str(entry.get("sheet") or ""),
        header if isinstance(header, int) and header > 0 else 1,
        entry.get("last_line_cut_off") == "left out",
        below if isinstance(below := entry.get("last_rows_left_out", 0), int) else 0,
    )
    styles = entry.get("dates") if isinstance(entry.get("dates"), dict) else {}
    said = {
        name: str(entry.get(name, default))
        for name, default in (("dates", "iso"), ("hours", "hours"), ("decimal", "point"))
    }
    return Table(
        holds, layout, columns, said["dates"], said["hours"], said["decimal"], values, styles or {}
    )


def _check_words(values: dict[str, dict[str, str]], problems: Problems) -> None:
    for meaning, words in values.items():
        allowed = list(VALUE_WORDS.get(meaning, ()))
        for cell, word in words.items():
            if allowed and word not in (*allowed, ASK, "left out"):
                what = f"'{cell}' stands for '{word}', which is no word of {meaning}."
                problems.add("E124", what, f"Write one of: {', '.join(allowed)}.", column="values")


def _check_tables(tables: tuple[Table, ...], problems: Problems) -> None:
    held = [table.holds for table in tables]
    if {"cells", "shifts"} & set(held) and len(set(held)) > 1:
        problems.add("E124", "mixes ready rows with logs.", "Give one mapping to each.")
    if not {"cells", "shifts", "officers"} & set(held):
        what = "names no table of officer rows, so there are no hours."
        problems.add("E104", what, "Add who was booked on to which unit, from when to when.")
    if "officers" in held and "assaults" not in held:
        problems.add("E104", "names no table of assaults.", "Add the crime system's export.")
    for table in tables:
        for meaning in NEEDED.get(table.holds, column_needs(table.holds)):
            if meaning not in table.columns and meaning not in ("force",):
                what = f"does not say which column of '{table.layout.file.name}' is {meaning}."
                problems.add("E124", what, "Name the column.", column=f"columns.{meaning}")
        for meaning in table.columns:
            known = (
                TABLES[table.holds]
                if table.holds in TABLES
                else column_needs(table.holds, optional=True)
            )
            if table.holds in KINDS and meaning not in known and not meaning.startswith("x_"):
                what = f"'{meaning}' is no meaning of a column of {table.holds}."
                problems.add("E124", what, nearest(meaning, list(known)), column="columns")


def _mapping(path: Path, content: dict[str, Any], tables: tuple[Table, ...]) -> Mapping:
    about = {
        name: content[name]
        for name in ("title", "source", "retrieved", "vintage", "licence", "crew_source",
                     "timezone", "latitude", "headcount", "period_months")
        if content.get(name) is not None
    }  # fmt: skip
    return Mapping(
        path=path,
        force=str(content["force"]),
        retrieved=content["retrieved"],
        simulated=bool(content.get("simulated")),
        timezone=str(content["timezone"]),
        latitude=float(content.get("latitude") or 51.75),
        tables=tables,
        choices={name: content.get(name, allowed[0]) for name, allowed in CHOICES.items()},
        about=about,
        sum_rows=content.get("sum_rows") in (True, "victims"),
        hours_once=content.get("sum_rows") == "victims",
    )
