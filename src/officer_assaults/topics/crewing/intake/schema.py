"""Schema: which fields a mapping has and what each may hold; what is wrong is told by its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from officer_assaults.refusals import Problem, nearest

ASK = "ASK"


def _as_text(value: Any) -> Any:
    if isinstance(value, bool):
        text = "yes or no without quotation marks is no text."
        raise PydanticCustomError("bare_word", text)
    return str(value) if isinstance(value, int | float | date) else value


def _as_word(value: Any) -> Any:
    return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def _by_column(value: Any) -> Any:
    return value if isinstance(value, dict) else {"": value}


Text = Annotated[str, BeforeValidator(_as_text)]
Style = Literal[
    "iso", "day first", "month first", "named month", "compact", "excel", "unix", "month", "ASK"
]
Count = Annotated[int, Field(ge=0)]
Above = Annotated[int, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TableFields(_Part):
    """Fields of one table."""

    holds: Literal["officers", "incidents", "assaults", "cells", "shifts"]
    file: Text
    encoding: Text = ""
    separator: Literal["comma", "semicolon", "tab", "pipe"] = "comma"
    sheet: Text = ""
    header_row: Above = 1
    last_line_cut_off: Literal["left out"] | None = None
    last_rows_left_out: Count = 0
    columns: dict[Text, Text | None]
    dates: Annotated[dict[Text, Style], BeforeValidator(_by_column)] = {"": "iso"}
    hours: Literal["hours", "minutes", "hh:mm"] = "hours"
    decimal: Literal["point", "comma"] = "point"
    values: dict[Text, dict[Text, Text]] = {}
    not_used: list[Text] = []


class MappingFields(_Part):
    """Fields of a mapping; what they mean is checked where it is known."""

    confirmed: Any = False
    force: Text
    simulated: bool = False
    title: Text | None = None
    source: Text | None = None
    retrieved: date | Literal["ASK"]
    vintage: Text | None = None
    licence: Text | None = None
    crew_source: dict[Text, Text | None] | None = None
    timezone: Text
    clock_comes_twice: Literal["first", "second"] = "first"
    clock_never_comes: Literal["an hour later"] = "an hour later"
    officer_on_two_units: Literal["later", "refuse"] = "later"
    off_before_on: Literal["refuse", "the next day"] = "refuse"
    names_match: Literal["loosely", "exactly"] = "loosely"
    latitude: Annotated[float, Field(ge=-90, le=90)] = 51.75
    headcount: Annotated[float, Field(gt=0)] | None = None
    period_months: Annotated[int, Field(ge=1, le=12)] = 1
    sum_rows: Annotated[Literal["yes", "no", "victims"], BeforeValidator(_as_word)] = "no"
    tables: Annotated[list[TableFields], Field(min_length=1)]


#: What a value is not, by the kind of error, and what to write.
_WRONG: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bool": ("is neither yes nor no.", "Write yes or no."),
        "bare": ("is yes or no, not a text.", "Put it in quotation marks: 'yes'."),
        "date": ("is not a date.", "Write it as 2024-04-30."),
        "dict": ("is no group of lines 'name: value'.", "Write it as 'crewing map' does."),
        "model": ("is no group of lines 'name: value'.", "Write it as 'crewing map' does."),
        "float": ("is not a number.", "Write a number with a point."),
        "int": ("is not a whole number.", "Write a whole number."),
        "list": ("is no list.", "Write it as 'crewing map' does."),
        "string": ("is no text.", "Write a text on the same line, in quotation marks."),
        "too": ("names no tables.", "Write it with 'crewing map'."),
        "greater": ("is too small.", "Write a number of at least {least}."),
        "less": ("is too large.", "Write a number of at most {most}."),
    }
)


def read(
    text: str, content: Mapping[str, Any], file: str
) -> tuple[MappingFields | None, list[Problem]]:
    """Fields of a mapping, or what is wrong with them, each with its line.

    Parameters
    ----------
    text : str
        The file, for the lines.
    content : mapping
        What the text holds.
    file : str
        Its name.
    """
    try:
        return MappingFields.model_validate(content), []
    except ValidationError as error:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        told = [_told(each, root, file) for each in error.errors()]
        return None, list(dict.fromkeys(told))


def line_of(text: str, place: Iterable[str | int]) -> int:
    """Line of a field in the text of a mapping."""
    return _line(yaml.compose(text, Loader=yaml.SafeLoader), tuple(place))


def _told(error: ErrorDetails, root: Any, file: str) -> Problem:
    unions = ("", "[key]", "date", "literal['ASK']")
    place = tuple(part for part in error["loc"] if part not in unions)
    kind, name = error["type"], str(place[-1]) if place else ""
    limits = {
        k: f"{v:g}" for k, v in (error.get("ctx") or {}).items() if isinstance(v, int | float)
    }
    least = limits.get("ge") or str(int(float(limits.get("gt", 0))) + 1)
    if kind == "bare_word" and place and isinstance(place[-1], int):
        # A key that YAML has read as true or false.
        place = (*place[:-1], str(_as_word(error["input"])))
    if name == "retrieved":
        kind = "date"
    if kind == "extra_forbidden":
        model = TableFields if "tables" in place else MappingFields
        what, remedy = f"has an unknown field '{name}'.", nearest(name, list(model.model_fields))
    elif kind == "missing":
        what, remedy = f"says nothing of '{name}'.", "Write it, or run 'crewing map' again."
    elif kind == "literal_error":
        what = f"'{_short(error['input'])}' is no choice."
        remedy = f"Write one of: {str(error['ctx']['expected']).replace(' or ', ', ')}."
        remedy = remedy.replace("'", "").replace(", ASK", "")
    else:
        wrong = _WRONG.get(
            kind.split("_")[0], ("cannot be used.", "Write it as 'crewing map' does.")
        )
        what = f"'{_short(error['input'])}' {wrong[0]}"
        remedy = wrong[1].format(least=least, most=limits.get("le", ""))
    return Problem("E124", what, remedy, file, _line(root, place), said(place) or None)


def _short(value: Any) -> str:
    return " ".join(str(_as_word(value)).split())[:40]


def said(place: Iterable[str | int]) -> str:
    """Place of a field in words: tables 1.columns.start."""
    text = ""
    for part in place:
        text = f"{text} {part + 1}" if isinstance(part, int) else f"{text}.{part}"
    return text.strip(".")


def _line(node: Any, place: tuple[str | int, ...]) -> int:
    line = node.start_mark.line + 1 if node is not None else 1
    for part in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if _is_key(pair[0], part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        else:
            break
    return line


def _is_key(node: Any, part: str | int) -> bool:
    bare = node.tag.endswith(":bool") and part in ("yes", "no")
    return bare or bool(node.value == str(part))
