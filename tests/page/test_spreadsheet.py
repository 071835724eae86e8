"""Spreadsheets as the Analysis Function asks: what its checklist can be asked of a file."""

import io
import zipfile
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from officer_assaults.page import spreadsheet

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
FRAME = pd.DataFrame(
    {"Force": ["Kent", "Gwent & co"], "Rate": [1.25, np.nan], "Recorded": [1532, 7]}
)


@pytest.fixture(scope="module")
def written() -> bytes:
    sheet = spreadsheet.Sheet("Table_1", "Rates by force", FRAME, ["Source: a release."])
    return spreadsheet.workbook("Rates", cover=["Status."], notes=["A rate."], sheets=[sheet])


@pytest.fixture(scope="module")
def tables(written: bytes) -> dict[str, list[list[ElementTree.Element]]]:
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
    return {
        table.get(f"{TABLE}name", ""): [
            row.findall(f"{TABLE}table-cell") for row in table.findall(f"{TABLE}table-row")
        ]
        for table in root.iter(f"{TABLE}table")
    }


def _text(cell: ElementTree.Element) -> str:
    return "".join(cell.itertext())


def test_cover_contents_and_notes_come_before_one_table_a_sheet(tables, written):
    assert list(tables) == ["Cover", "Contents", "Notes", "Table_1"]
    for rows in tables.values():
        assert len(rows[0]) == 1
        assert _text(rows[0][0])
    listed = [_text(row[0]) for row in tables["Contents"][2:]]
    assert listed == ["Notes", "Table_1"]
    book = pd.read_excel(io.BytesIO(written), sheet_name="Table_1", engine="odf", skiprows=2)
    assert list(book.columns) == list(FRAME.columns)
    assert book["Recorded"].tolist() == [1532, 7]


def test_no_cell_is_merged_or_empty_and_numbers_are_numbers(tables):
    for rows in tables.values():
        for cell in (cell for row in rows for cell in row):
            assert not {f"{TABLE}number-columns-spanned", f"{TABLE}number-rows-spanned"} & set(
                cell.attrib
            )
            assert _text(cell)
    kent, gwent = tables["Table_1"][3:]
    assert kent[1].get(f"{OFFICE}value") == "1.25"
    assert _text(gwent[1]) == "[x]"
    assert gwent[0].get(f"{OFFICE}value-type") == "string"


def test_shorthand_is_explained_and_each_table_is_marked_and_its_heads_stay(tables, written):
    notes = " ".join(_text(cell) for row in tables["Notes"] for cell in row)
    assert all(mark in notes for mark in ("[x]: ", "[c]: ", "[z]: "))
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        root = ElementTree.fromstring(archive.read("content.xml"))
        settings = archive.read("settings.xml").decode()
        assert archive.namelist()[0] == "mimetype"
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
    marked = {
        found.get(f"{TABLE}target-range-address") for found in root.iter(f"{TABLE}database-range")
    }
    assert "Table_1.A3:Table_1.C5" in marked
    assert len(marked) == 3
    assert settings.count("VerticalSplitPosition") == 3


def test_the_same_table_gives_the_same_bytes(written):
    sheet = spreadsheet.Sheet("Table_1", "Rates by force", FRAME, ["Source: a release."])
    again = spreadsheet.workbook("Rates", cover=["Status."], notes=["A rate."], sheets=[sheet])
    assert again == written
