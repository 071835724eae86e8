"""Spreadsheet: tables as an OpenDocument file, laid out as the Analysis Function asks.

Cover, contents and notes, then one table a sheet: a heading in the first cell, what the reader
should know below it, and the table marked as one, without merged or empty cells. gptables, which
would do the same, writes XLSX only (its issue 196), and the government's standard is ODS.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from officer_assaults.page.tables import MARKS, NOT_APPLICABLE, SUPPRESSED

if TYPE_CHECKING:
    import pandas as pd

NOT_AVAILABLE = "[x]"
#: Width of a column in centimetres: of text, of a number, of the lines of a cover.
WIDE, NARROW, LINE = "5cm", "2.9cm", "18cm"
_NAMESPACE = re.compile(rb' xmlns:([\w-]+)="[^"]*"')
# The first day a zip archive can hold; a real one would change the bytes.
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a spreadsheet.

    Parameters
    ----------
    name : str
        Of the sheet, without spaces.
    title : str
        What, where and when.
    frame : DataFrame
        One row per line; missing values are written ``[x]``.
    lines : sequence of str
        What stands between title and table: source, notes to read.
    """

    name: str
    title: str
    frame: pd.DataFrame
    lines: Sequence[str] = ()


def workbook(
    title: str, *, cover: Sequence[str], notes: Sequence[str], sheets: Sequence[Sheet]
) -> bytes:
    """Write a spreadsheet.

    Parameters
    ----------
    title : str
        Of the file.
    cover : sequence of str
        What stands on the cover: status, source, contact, a line each.
    notes : sequence of str
        Numbered in this order; what shorthand means is added.
    sheets : sequence of Sheet
        The tables.

    Returns
    -------
    bytes
        An ODS file, the same for the same arguments.
    """
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import DatabaseRange, DatabaseRanges

    book = OpenDocumentSpreadsheet()
    styles = _styles(book)
    _describe(book, title)
    shorthand = [f"{mark}: {MARKS[mark]}." for mark in (NOT_AVAILABLE, NOT_APPLICABLE, SUPPRESSED)]
    numbered = [(f"Note {at}", text) for at, text in enumerate([*shorthand, *notes], 1)]
    listed = [(sheet.name, sheet.title) for sheet in sheets]
    _lines(book, styles, "Cover", title, cover)
    ranges = [
        _table(book, styles, "Contents", "Contents", (), ("Sheet", "What it holds"),
               [("Notes", "What the columns and the shorthand mean"), *listed]),
        _table(book, styles, "Notes", "Notes", (), ("Note", "What it says"), numbered),
    ]  # fmt: skip
    for sheet in sheets:
        rows = sheet.frame.astype(object).where(sheet.frame.notna(), NOT_AVAILABLE)
        heads = [str(name) for name in sheet.frame.columns]
        cells = list(rows.itertuples(index=False, name=None))
        ranges.append(_table(book, styles, sheet.name, sheet.title, sheet.lines, heads, cells))
    marks = DatabaseRanges()
    for name, address in ranges:
        marks.addElement(DatabaseRange(name=name, targetrangeaddress=address))
    book.spreadsheet.addElement(marks)
    _freeze(book, {name.partition(".")[0]: address for name, address in ranges})
    return _bytes(book)


def _styles(book: Any) -> dict[str, Any]:
    from odf.style import ParagraphProperties, Style, TableCellProperties, TableColumnProperties
    from odf.style import TextProperties as Text

    made: dict[str, Any] = {}
    for name, size, weight, align in (
        ("heading", "16pt", "bold", "start"),
        ("head", "11pt", "bold", "start"),
        ("headnumber", "11pt", "bold", "end"),
        ("line", "11pt", "normal", "start"),
        ("cell", "11pt", "normal", "start"),
        ("number", "11pt", "normal", "end"),
    ):
        style = Style(name=name, family="table-cell")
        wrapping = "no-wrap" if name in ("heading", "line") else "wrap"
        style.addElement(TableCellProperties(wrapoption=wrapping))
        style.addElement(ParagraphProperties(textalign=align))
        style.addElement(Text(fontsize=size, fontweight=weight, fontfamily="Arial"))
        book.automaticstyles.addElement(style)
        made[name] = style
    for width in (WIDE, NARROW, LINE):
        style = Style(name=f"w{width}", family="table-column")
        style.addElement(TableColumnProperties(columnwidth=width))
        book.automaticstyles.addElement(style)
        made[width] = style
    return made


def _describe(book: Any, title: str) -> None:
    from odf.dc import Language, Title

    book.meta.addElement(Title(text=title))
    book.meta.addElement(Language(text="en-GB"))


def _lines(book: Any, styles: dict[str, Any], name: str, title: str, lines: Sequence[str]) -> None:
    from odf.table import Table, TableColumn

    table = Table(name=name)
    table.addElement(TableColumn(stylename=styles[LINE]))
    for at, text in enumerate((title, *lines)):
        table.addElement(_row(styles, [text], ["cell" if at else "heading"]))
    book.spreadsheet.addElement(table)


def _table(
    book: Any,
    styles: dict[str, Any],
    name: str,
    title: str,
    lines: Sequence[str],
    heads: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> tuple[str, str]:
    """Add a sheet with one table; return the name and the address of its marked range."""
    from odf.table import Table, TableColumn

    are_numbers = [all(_is_number(row[at]) for row in rows) for at in range(len(heads))]
    table = Table(name=name)
    for at, is_number in enumerate(are_numbers):
        last = at == len(heads) - 1
        width = NARROW if is_number else LINE if last else WIDE
        table.addElement(TableColumn(stylename=styles[width]))
    for at, text in enumerate((title, *lines)):
        table.addElement(_row(styles, [text], ["line" if at else "heading"]))
    kinds = ["headnumber" if one else "head" for one in are_numbers]
    table.addElement(_row(styles, heads, kinds))
    for row in rows:
        table.addElement(_row(styles, row, ["number" if one else "cell" for one in are_numbers]))
    book.spreadsheet.addElement(table)
    first, last_row = len(lines) + 2, len(lines) + 2 + len(rows)
    return f"{name}.marked", f"{name}.A{first}:{name}.{_letters(len(heads))}{last_row}"


def _row(styles: dict[str, Any], cells: Sequence[Any], kinds: Sequence[str]) -> Any:
    from odf.table import TableCell, TableRow
    from odf.text import P

    row = TableRow()
    for value, kind in zip(cells, kinds, strict=True):
        if isinstance(value, str):
            cell = TableCell(valuetype="string", stylename=styles[kind])
            cell.addElement(P(text=value))
        else:
            cell = TableCell(valuetype="float", value=repr(float(value)), stylename=styles[kind])
            cell.addElement(P(text=f"{value:g}"))
        row.addElement(cell)
    return row


def _is_number(value: Any) -> bool:
    return not isinstance(value, str) or value == NOT_AVAILABLE


def _letters(count: int) -> str:
    """Name of the column that is the ``count``-th."""
    name = ""
    while count:
        count, at = divmod(count - 1, 26)
        name = chr(65 + at) + name
    return name


def _freeze(book: Any, ranges: dict[str, str]) -> None:
    """Keep the row of column heads in sight on each sheet that holds a table."""
    from odf.config import (
        ConfigItem,
        ConfigItemMapEntry,
        ConfigItemMapIndexed,
        ConfigItemMapNamed,
        ConfigItemSet,
    )

    views = ConfigItemMapIndexed(name="Views")
    view = ConfigItemMapEntry()
    tables = ConfigItemMapNamed(name="Tables")
    for name, address in ranges.items():
        below = address.partition(":")[0].rpartition(".A")[2]
        entry = ConfigItemMapEntry(name=name)
        for key, kind, value in (
            ("VerticalSplitMode", "short", "2"),
            ("VerticalSplitPosition", "int", below),
            ("PositionBottom", "int", below),
        ):
            entry.addElement(ConfigItem(name=key, type=kind, text=value))
        tables.addElement(entry)
    view.addElement(tables)
    views.addElement(view)
    settings = ConfigItemSet(name="ooo:view-settings")
    settings.addElement(views)
    book.settings.addElement(settings)


def _bytes(book: Any) -> bytes:
    raw, out = io.BytesIO(), io.BytesIO()
    book.write(raw)
    with zipfile.ZipFile(raw) as made, zipfile.ZipFile(out, "w") as kept:
        for name in made.namelist():
            entry = zipfile.ZipInfo(name, _ZIP_DAY)
            # The first entry tells what the file is, and must not be compressed.
            entry.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            kept.writestr(entry, _in_order(made.read(name)))
    return out.getvalue()


def _in_order(xml: bytes) -> bytes:
    """Name the namespaces of a part in one order; the library keeps them in a set."""
    places = list(_NAMESPACE.finditer(xml))
    if not places:
        return xml
    begin, end = places[0].start(), places[-1].end()
    rest = xml[:begin] + _NAMESPACE.sub(b"", xml[begin:end]) + xml[end:]
    named = sorted({place[0] for place in places if place[1] + b":" in rest})
    return xml[:begin] + b"".join(named) + rest[begin:]
