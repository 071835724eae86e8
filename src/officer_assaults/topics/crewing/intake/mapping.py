"""Mapping: what a person confirms about a force's tables before anything is read from them."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from officer_assaults.data import forces, readers
from officer_assaults.refusals import Problem, Problems, Refusal, nearest
from officer_assaults.topics.crewing.data.about import keys_twice
from officer_assaults.topics.crewing.data.schemas import SIMULATED_FORCE, column_needs
from officer_assaults.topics.crewing.intake import schema
from officer_assaults.topics.crewing.intake.meanings import NEEDED, tables, value_words
from officer_assaults.topics.crewing.intake.schema import ASK
from officer_assaults.topics.crewing.intake.sources import Layout

#: Stands in a list of values for every cell that the list does not name.
OTHERS = "(any other)"
#: Fields of the mapping that go into the sidecar.
_ABOUT = (
    "title", "source", "retrieved", "vintage", "licence", "crew_source", "timezone", "latitude",
    "headcount", "period_months",
)  # fmt: skip
#: Fields that choose between ways of reading what the tables leave open.
CHOICES = (
    "clock_comes_twice", "clock_never_comes", "officer_on_two_units", "off_before_on",
    "names_match",
)  # fmt: skip


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
    text = readers.read_text(path, path.name)
    if twice := keys_twice(text):
        problems.add("E124", f"says '{twice[0]}' twice.", "Keep one of them.", column=twice[0])
        problems.raise_if_any()
    content = readers.read_mapping(path, path.name)
    if content is None:
        raise Refusal(_no_yaml(text, path.name))
    fields, wrong = schema.read(text, content, path.name)
    _check_confirmed(content, text, problems)
    problems.found.extend(wrong)
    _check_about(content, text, problems)
    tables: tuple[Table, ...] = ()
    if fields is not None:
        tables = tuple(_table(path, entry) for entry in fields.tables)
        for number, table in enumerate(tables):
            _check_words(table, ("tables", number, "values"), text, problems)
        _check_tables(tables, text, problems)
    problems.raise_if_any()
    assert fields is not None
    return _mapping(path, fields, content, tables)


def _no_yaml(text: str, file: str) -> Problem:
    """Say in which line a text stops being YAML."""
    what, remedy = "is not a YAML mapping.", "Write it with 'crewing map'."
    try:
        yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        remedy = (
            "Put a text that holds ':' or '#' in quotation marks; keep the spaces of the lines."
        )
        return Problem("E124", what, remedy, file, mark.line + 1 if mark else None)
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    return Problem("E124", what, remedy, file)


def _check_confirmed(content: dict[str, Any], text: str, problems: Problems) -> None:
    if content.get("confirmed") is not True:
        problems.add(
            "E135",
            "is not confirmed.",
            "Read every line marked GUESS, correct it, then write 'confirmed: yes'.",
            row=schema.line_of(text, ("confirmed",)),
            column="confirmed",
        )
    for place in _open_questions(content, ()):
        problems.add(
            "E135",
            "is still open (ASK).",
            "Write the answer in its place.",
            row=schema.line_of(text, place),
            column=schema.said(place),
        )


def _open_questions(content: Any, place: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    if isinstance(content, dict):
        pairs = [((*place, str(key)), value) for key, value in content.items()]
        return [found for key, value in pairs for found in _open_questions(value, key)]
    if isinstance(content, list):
        numbered = enumerate(content)
        return [found for n, item in numbered for found in _open_questions(item, (*place, n))]
    return [place] if content == ASK else []


def _check_about(content: dict[str, Any], text: str, problems: Problems) -> None:
    force = str(content.get("force") or "")
    if "force" in content and force not in (ASK, SIMULATED_FORCE, *forces.slugs()):
        what = f"'{force}' is not a force."
        row = schema.line_of(text, ("force",))
        problems.add("E101", what, nearest(force, forces.slugs()), row=row, column="force")
    zone = str(content.get("timezone") or "")
    if "timezone" in content and zone not in (ASK, *available_timezones()):
        what = f"'{zone}' is not a time zone."
        row = schema.line_of(text, ("timezone",))
        problems.add("E113", what, "Write Europe/London.", row=row, column="timezone")


def _table(path: Path, entry: schema.TableFields) -> Table:
    columns = {name: header for name, header in entry.columns.items() if header}
    layout = Layout(
        path.parent / entry.file,
        entry.encoding,
        entry.separator,
        entry.sheet,
        entry.header_row,
        entry.last_line_cut_off == "left out",
        entry.last_rows_left_out,
    )
    styles = {name: str(style) for name, style in entry.dates.items() if name}
    return Table(
        entry.holds,
        layout,
        columns,
        str(entry.dates.get("", "iso")),
        entry.hours,
        entry.decimal,
        entry.values,
        styles,
    )


def _check_words(table: Table, place: tuple[str | int, ...], text: str, problems: Problems) -> None:
    for meaning, words in table.words.items():
        allowed = list(value_words().get(meaning, ()))
        for cell, word in words.items():
            if allowed and word not in (*allowed, ASK, "left out"):
                what = f"'{cell}' stands for '{word}', which is no word of {meaning}."
                row = schema.line_of(text, (*place, meaning, cell))
                remedy = f"Write one of: {', '.join(allowed)}."
                problems.add("E124", what, remedy, row=row, column=f"values.{meaning}")


def _check_tables(tables: tuple[Table, ...], text: str, problems: Problems) -> None:
    held = [table.holds for table in tables]
    if {"cells", "shifts"} & set(held) and len(set(held)) > 1:
        problems.add("E124", "mixes ready rows with logs.", "Give one mapping to each.")
    if not {"cells", "shifts", "officers"} & set(held):
        what = "names no table of officer rows, so there are no hours."
        problems.add("E104", what, "Add who was booked on to which unit, from when to when.")
    if "officers" in held and "assaults" not in held:
        problems.add("E104", "names no table of assaults.", "Add the crime system's export.")
    for number, table in enumerate(tables):
        _check_columns(table, ("tables", number, "columns"), text, problems)


def _check_columns(
    table: Table, place: tuple[str | int, ...], text: str, problems: Problems
) -> None:
    for meaning in NEEDED.get(table.holds, column_needs(table.holds)):
        if meaning not in table.columns and meaning != "force":
            what = f"does not say which column of '{table.layout.file.name}' is {meaning}."
            row = schema.line_of(text, place)
            remedy = "Name the column."
            problems.add("E124", what, remedy, row=row, column=f"columns.{meaning}")
    known = tables().get(table.holds) or column_needs(table.holds, optional=True)
    for meaning in table.columns:
        if meaning not in known and not meaning.startswith("x_"):
            what = f"'{meaning}' is no meaning of a column of {table.holds}."
            row = schema.line_of(text, (*place, meaning))
            problems.add("E124", what, nearest(meaning, list(known)), row=row, column="columns")


def _mapping(
    path: Path, fields: schema.MappingFields, content: dict[str, Any], tables: tuple[Table, ...]
) -> Mapping:
    about = {name: content[name] for name in _ABOUT if content.get(name) is not None}
    assert isinstance(fields.retrieved, date)
    return Mapping(
        path=path,
        force=fields.force,
        retrieved=fields.retrieved,
        simulated=fields.simulated,
        timezone=fields.timezone,
        latitude=fields.latitude,
        tables=tables,
        choices={name: str(getattr(fields, name)) for name in CHOICES},
        about=about,
        sum_rows=fields.sum_rows in ("yes", "victims"),
        hours_once=fields.sum_rows == "victims",
    )
