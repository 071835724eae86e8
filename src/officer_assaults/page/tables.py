"""Tables: data frames as captioned HTML tables and safe CSV, at most six columns wide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import markup, numeric, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Format = int | str | Callable[[Any], str]

MOST_COLUMNS = 6
#: Tells spreadsheets that a CSV is UTF-8.
BYTE_ORDER_MARK = "\ufeff"
#: Characters of the widest usual font, bold headings included, that 320 px can hold.
STACK_WIDTH = 34
#: Up to so many columns stay a table on a telephone if two lines a cell make them fit.
MOST_NARROW_COLUMNS = 4
MARKS: Mapping[str, str] = MappingProxyType(
    {
        "[b]": "break in the series",
        "[c]": "suppressed to protect individuals",
        "[e]": "estimated",
        "[low]": "too few records to give a figure",
        "[p]": "provisional",
        "[u]": "too uncertain to use",
        "[x]": "not available",
        "[z]": "not applicable",
    }
)
SUPPRESSED = "[c]"
NOT_APPLICABLE = "[z]"
#: What a spreadsheet runs, also in the wide forms that Japanese ones take for the same.
_FORMULA = re.compile(r"^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?%?")
#: A spreadsheet that parts cells by semicolons would find a formula behind one.
_PARTED_FORMULA = re.compile(r"(?<=;)(\s*)(?=[=+@])")
_ESTIMATE = re.compile(r"\b(?:ratio|rate|odds|estimate|estimated|share)\b", re.IGNORECASE)
_INTERVAL = re.compile(r"\b(?:interval|lower|upper|limits?)\b", re.IGNORECASE)
_NUMBER_WORDS = re.compile(r" (?:to|of|or more|or less)\b")
_YEAR = re.compile(r"\byears?$", re.IGNORECASE)
_P_VALUE = re.compile(r"^p(?:[ _-]?value)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """One column ready to be written: heading, unit, cell texts, and whether it holds numbers."""

    heading: str
    unit: str
    cells: tuple[str, ...]
    is_number: bool

    @property
    def width(self) -> int:
        """Characters of the longest cell or longest heading word."""
        heading = max((len(word) for word in self.heading.split()), default=0)
        return max([heading, *(len(markup.plain(cell)) for cell in self.cells)])

    @property
    def narrow_width(self) -> int:
        """Characters that the column needs where a cell may run over two lines."""
        texts = [self.heading, *(markup.plain(cell) for cell in self.cells)]
        word = max((len(word) for text in texts for word in text.split()), default=0)
        return max(word, (self.width + 1) // 2)


def columns(
    frame: pd.DataFrame,
    *,
    units: str | Mapping[str, str] | None = None,
    formats: Mapping[str, Format] | None = None,
    intervals: Mapping[str, tuple[str, str]] | None = None,
    level: float = 0.95,
) -> list[Column]:
    """Write every cell of a frame as text.

    Parameters
    ----------
    frame : DataFrame
        One row per line; the index is not shown.
    units : str or mapping, optional
        Unit of each column by name (a plain string goes into the caption instead).
    formats : mapping, optional
        By column: number of decimals, a format string such as ``"{:.1f}"``, ``"percent"`` or
        ``"percent1"`` for a proportion, or a function of the value.
    intervals : mapping, optional
        Estimate column to its two limit columns, which become one column beside it. Columns named
        ``lower`` and ``upper`` need no mention.
    level : float
        Coverage named in the heading of interval columns.

    Raises
    ------
    ValueError
        If a named column is missing, or more than six columns are left.
    """
    pairs = _interval_pairs(frame, intervals)
    own_units = {} if units is None or isinstance(units, str) else dict(units)
    formats = dict(formats or {})
    _refuse_unknown(
        frame, [*own_units, *formats, *(name for pair in pairs.values() for name in pair)]
    )
    limits = {name for pair in pairs.values() for name in pair}
    shown: list[Column] = []
    for name in frame.columns:
        if name in limits:
            continue
        write = _writer(name, frame[name], formats.get(name))
        shown.append(_column(name, frame[name], write, own_units.get(name, "")))
        if name in pairs:
            shown.append(_interval_column(frame, pairs[name], formats.get(name), level))
    if len(shown) > MOST_COLUMNS:
        raise ValueError(
            f"a table of {len(shown)} columns ({', '.join(c.heading for c in shown)}) cannot be "
            f"read on a telephone; show at most {MOST_COLUMNS}: leave columns out, or make two "
            f"tables that share '{shown[0].heading}'"
        )
    return shown


def _interval_pairs(
    frame: pd.DataFrame, intervals: Mapping[str, tuple[str, str]] | None
) -> dict[str, tuple[str, str]]:
    if intervals is not None:
        _refuse_unknown(frame, list(intervals))
        return dict(intervals)
    names = list(frame.columns)
    if "lower" in names and "upper" in names and names.index("lower") > 0:
        return {names[names.index("lower") - 1]: ("lower", "upper")}
    return {}


def _refuse_unknown(frame: pd.DataFrame, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in frame.columns]
    if unknown:
        raise ValueError(
            f"no column {words.listing([repr(name) for name in unknown], 'or')} in the table; it "
            f"has {', '.join(map(str, frame.columns))}"
        )


def _writer(name: str, values: pd.Series, wanted: Format | None) -> Callable[[Any], str]:
    if callable(wanted):
        return wanted
    if isinstance(wanted, int):
        return lambda value: words.number(float(value), wanted)
    if isinstance(wanted, str) and wanted.startswith("percent"):
        decimals = int(wanted.removeprefix("percent") or 0)
        return lambda value: words.percent(float(value), decimals)
    if isinstance(wanted, str):
        return lambda value: wanted.format(value)
    if pd.api.types.is_datetime64_any_dtype(values):
        return words.day
    if _P_VALUE.match(str(name)):
        return lambda value: words.p_value(float(value))
    if _YEAR.match(str(name)) and _are_years(values):
        return lambda value: f"{value:.0f}"
    told = values[~values.map(lambda value: isinstance(value, str) and value in MARKS)]
    if _is_number(told.infer_objects()) and len(told):
        decimals = words.shared_decimals(told.astype(float))
        return lambda value: words.number(float(value), decimals)
    return str


def _are_years(values: pd.Series) -> bool:
    return pd.api.types.is_integer_dtype(values) and bool(values.between(1800, 2200).all())


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _cell(value: Any, write: Callable[[Any], str]) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return words.NOT_AVAILABLE
    if isinstance(value, str) and value in MARKS:
        return value
    return write(value)


def _column(name: str, values: pd.Series, write: Callable[[Any], str], unit: str) -> Column:
    cells = tuple(_cell(value, write) for value in values.tolist())
    is_number = _is_number(values) or _reads_as_numbers(cells)
    return Column(_heading(name), unit, cells, is_number)


def _reads_as_numbers(cells: Sequence[str]) -> bool:
    told = [cell for cell in cells if cell not in MARKS]
    return (
        bool(told)
        and all(re.match(r"^[<>+−-]?[\d£]", cell) for cell in told)
        and not any(re.search(r"[/A-Za-z]", _NUMBER_WORDS.sub("", cell)) for cell in told)
    )


def _heading(name: Any) -> str:
    text = str(name)
    if text == text.lower() and "_" in text:
        text = text.replace("_", " ")
    return text[:1].upper() + text[1:] if len(text) > 1 else text


def _interval_column(
    frame: pd.DataFrame, pair: tuple[str, str], wanted: Format | None, level: float
) -> Column:
    lower, upper = frame[pair[0]], frame[pair[1]]
    share = isinstance(wanted, str) and wanted.startswith("percent")
    if share:
        decimals = int(str(wanted).removeprefix("percent") or 0)
    else:
        both = pd.concat([lower, upper])
        decimals = wanted if isinstance(wanted, int) else words.shared_decimals(both.astype(float))
    cells = tuple(
        words.interval(float(low), float(high), decimals, as_percent=share)
        for low, high in zip(lower, upper, strict=True)
    )
    return Column(words.level_words(level), "", cells, is_number=True)


def needs_interval(shown: Sequence[Column]) -> list[str]:
    """Headings that promise an estimate in a table that shows no interval."""
    if any(_INTERVAL.search(column.heading) for column in shown):
        return []
    return [
        column.heading for column in shown if column.is_number and _ESTIMATE.search(column.heading)
    ]


def to_html(shown: Sequence[Column], *, caption: str) -> str:
    """Write columns as a table with caption and scopes.

    A table too wide for a telephone is marked to be stacked there, one block per row, so that no
    column is ever cut off.

    Parameters
    ----------
    shown : sequence of Column
        From :func:`columns`.
    caption : str
        Inside of the caption element, as HTML.
    """
    stacked = _is_stacked(shown)
    role = _roles(stacked)
    head = "".join(
        f'<th scope="col"{role("columnheader")}{_number_class(column)}>{_head_cell(column)}</th>'
        for column in shown
    )
    rows = "".join(
        f"<tr{role('row')}>{_body_row(shown, i, stacked)}</tr>" for i in range(len(shown[0].cells))
    )
    kind = "oa-table oa-stack" if stacked else "oa-table"
    return (
        f'<table class="{kind}"{role("table")}><caption>{caption}</caption>'
        f"<thead{role('rowgroup')}><tr{role('row')}>{head}</tr></thead>"
        f"<tbody{role('rowgroup')}>{rows}</tbody></table>"
    )


def _is_stacked(shown: Sequence[Column]) -> bool:
    few = len(shown) <= MOST_NARROW_COLUMNS
    needed = sum((column.narrow_width if few else column.width) + 1 for column in shown)
    return len(shown) > 2 and needed > STACK_WIDTH


def _roles(stacked: bool) -> Callable[[str], str]:
    # Blocks instead of table boxes lose their meaning to a screen reader unless roles say it.
    return lambda name: f' role="{name}"' if stacked else ""


def _number_class(column: Column) -> str:
    return ' class="oa-n"' if column.is_number else ""


def _head_cell(column: Column) -> str:
    unit = f'<span class="oa-unit">{markup.inline(column.unit)}</span>' if column.unit else ""
    return (markup.inline(column.heading) or "Item") + (f" {unit}" if unit else "")


def _body_row(shown: Sequence[Column], i: int, stacked: bool) -> str:
    return "".join(_body_cell(shown, j, i, stacked) for j in range(len(shown)))


def _body_cell(shown: Sequence[Column], j: int, i: int, stacked: bool) -> str:
    column = shown[j]
    text = markup.inline(column.cells[i])
    classes = _number_class(column)
    if j == 0:
        label = markup.attribute(column.heading or "Item")
        role = f' role="rowheader" data-label="{label}"' if stacked else ""
        return f'<th scope="row"{role}{classes}>{text}</th>'
    if not stacked:
        return f"<td{classes}>{text}</td>"
    label = markup.attribute(column.heading + (f", {column.unit}" if column.unit else ""))
    return f'<td role="cell" data-label="{label}"{classes}>{text}</td>'


def marks_used(shown: Sequence[Column]) -> str:
    """Sentence that explains the marks in the cells, empty where there are none."""
    used = [mark for mark in MARKS if any(mark in column.cells for column in shown)]
    return "; ".join(f"{mark} {MARKS[mark]}" for mark in used)


def to_csv(frame: pd.DataFrame) -> str:
    r"""Write a frame as CSV with ten leading digits, so that no cell can act as a formula.

    Text that a spreadsheet would run (it starts with ``=``, ``+``, ``-``, ``@``, tab or a line
    break, or has ``=``, ``+`` or ``@`` behind a semicolon) gets an apostrophe in front of that.
    Numbers are left alone, negative ones written as text included; those that stand together in a
    cell, such as an estimate with its interval, go into columns of their own.

    Examples
    --------
    >>> to_csv(pd.DataFrame({"force": ["=1+1"], "change": [-2.5]}))
    "force,change\n'=1+1,-2.5\n"
    """
    safe = numeric.take_apart(frame, MARKS)
    safe = safe.rename(columns={name: _harmless(name) for name in safe.columns})
    texts = [j for j in range(safe.shape[1]) if not _is_number(safe.iloc[:, j])]
    columns = {
        name: safe.iloc[:, j].map(_harmless) if j in texts else safe.iloc[:, j]
        for j, name in enumerate(safe.columns)
    }
    return pd.DataFrame(columns).to_csv(index=False, lineterminator="\n", float_format="%.10g")


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if _PLAIN_NUMBER.fullmatch(value):
        return value
    marked = f"'{value}" if _FORMULA.match(value) else value
    marked = _PARTED_FORMULA.sub(r"\1'", marked)
    # A bare carriage return ends the row in most readers.
    return marked.replace("\r", " ")
