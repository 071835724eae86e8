"""Files made to harm: small ones that expand beyond measure are refused before memory goes."""

import csv
import gzip
import itertools
import subprocess
import sys
import zipfile
from html import escape
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from officer_assaults.cli import main
from officer_assaults.data import bounds, readers, workbooks
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.data import reader

CELLS = Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv"
#: What all refusals together need, imports included; expanded, each bomb needs gigabytes.
ROOM_BYTES = 600 * 1024**2
SPELLINGS = {name: [name] for name in ("force", "year", "count")}
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HEADER = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in SPELLINGS)


def xlsx(path, rows, texts=None):
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="a" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook {NS} xmlns:r="{office}"><sheets><sheet name="a" '
        'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f"<worksheet {NS}><sheetData>{rows}</sheetData></worksheet>",
    }
    if texts is not None:
        parts["xl/sharedStrings.xml"] = f"<sst {NS}>{texts}</sst>"
    return archive(path, parts)


def with_parts_that_nobody_reads(path, secret):
    """Give a workbook an author, a comment, a named formula, a link out and a sheet well hidden."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path) as file:
        parts = {name: file.read(name).decode() for name in file.namelist()}
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(
        "</sheets>",
        '<sheet name="b" sheetId="2" state="veryHidden" r:id="r3"/></sheets><externalReferences>'
        '<externalReference r:id="r4"/></externalReferences><definedNames><definedName '
        f'name="{secret}">WEBSERVICE("http://127.0.0.1/{secret}")</definedName></definedNames>',
    )
    parts["xl/_rels/workbook.xml.rels"] = parts["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="r3" Type="{office}/worksheet" Target="worksheets/sheet2.xml"/>'
        f'<Relationship Id="r4" Type="{office}/externalLink" Target="externalLinks/one.xml"/>'
        "</Relationships>",
    )
    cell = f'<c t="inlineStr"><is><t>{secret}</t></is></c>'
    sheet = f"<worksheet {NS}><sheetData>{f'<row>{cell * 9}</row>' * 30}</sheetData></worksheet>"
    return archive(path, parts | {
        "xl/worksheets/sheet2.xml": sheet,
        "xl/externalLinks/one.xml": f'<externalLink {NS}><externalBook r:id="r1"/></externalLink>',
        "xl/externalLinks/_rels/one.xml.rels": f'<Relationships><Relationship Id="r1" '
        f'Type="{office}/externalLinkPath" Target="file:///etc/{secret}" TargetMode="External"/>'
        "</Relationships>",
        "xl/comments1.xml": f"<comments {NS}><authors><author>{secret}</author></authors>"
        f'<commentList><comment ref="A1" authorId="0"><text><t>{secret}</t></text></comment>'
        "</commentList></comments>",
        "docProps/core.xml": f"<coreProperties><creator>{secret}</creator></coreProperties>",
    })  # fmt: skip


def ods(path, rows):
    names = "urn:oasis:names:tc:opendocument:xmlns"
    body = (
        f'<office:document-content xmlns:office="{names}:office:1.0" '
        f'xmlns:table="{names}:table:1.0" xmlns:text="{names}:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="a">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"/>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    return archive(path, {"mimetype": kind, "META-INF/manifest.xml": manifest, "content.xml": body})


def archive(path, parts):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return path


def ods_row(words, *, rows=1, columns=1):
    cells = "".join(
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="{columns}">'
        f"<text:p>{word}</text:p></table:table-cell>"
        for word in words
    )
    return f'<table:table-row table:number-rows-repeated="{rows}">{cells}</table:table-row>'


def two_cells(row, column):
    return (
        f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{column}{row}"><v>1</v></c>'
        "</row>"
    )


def parquet(path, table):
    pq.write_table(table, path, compression="zstd", use_dictionary=True)
    return path


def shared_text(path):
    row = '<row><c t="s"><v>0</v></c></row>'
    return xlsx(path, row * 100_000, f"<si><t>{'x' * 32_000}</t></si>")


BOMBS = {
    "two cells far apart": lambda p: xlsx(p / "b.xlsx", two_cells(1_048_576, "XFD")),
    "two cells in moderate distance": lambda p: xlsx(p / "b.xlsx", two_cells(900_000, "ZZ")),
    "spaces hide an address": lambda p: xlsx(
        p / "b.xlsx", two_cells(1_048_576, "XFD").replace(' r="XFD', f' r{" " * 5000}="XFD')
    ),
    "more rows than a sheet has": lambda p: xlsx(p / "b.xlsx", "<row></row>" * 1_100_000),
    "one text for all cells": lambda p: shared_text(p / "b.xlsx"),
    "rows and columns repeated": lambda p: ods(
        p / "b.ods", ods_row(["1"], rows=1_000_000, columns=16_000)
    ),
    "just under the limit of the library": lambda p: ods(
        p / "b.ods", ods_row(["1"], rows=100_000, columns=900)
    ),
    "blank rows before a last one": lambda p: ods(
        p / "b.ods",
        ods_row(["1"], columns=1000) + '<table:table-row table:number-rows-repeated="1000000"/>'
        + ods_row(["1"]),
    ),
    "a long text repeated": lambda p: ods(
        p / "b.ods", ods_row(["x" * 1_000_000], rows=10_000, columns=100)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_workbook_that_expands_is_refused(tmp_path, name):
    path = BOMBS[name](tmp_path)
    assert path.stat().st_size < 200_000
    with pytest.raises(Refusal) as caught:
        workbooks.read(path, SPELLINGS)
    assert caught.value.codes == ("E124",)


def test_an_archive_that_unpacks_beyond_the_limit_is_refused_while_it_is_read(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(bounds, "MOST_UNPACKED", 8 * 1024**2)
    path = archive(tmp_path / "b.ods", {"styles.xml": b"0" * (9 * 1024**2)})
    assert path.stat().st_size < 20_000
    with pytest.raises(Refusal) as caught:
        workbooks.read(path, SPELLINGS)
    assert "unpacks to more than" in str(caught.value)


def test_ordinary_workbooks_pass(tmp_path):
    """Blank columns and rows after the data, as spreadsheet programs write them, are no bomb."""
    filled = ods_row(SPELLINGS) + ods_row(["kent", "2018", "5"])
    tail = (
        '<table:table-row table:number-rows-repeated="1048573"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row>'
    )
    rows = f"<row>{HEADER}</row><row>{HEADER.replace('year', '2018')}</row>"
    for path in (
        ods(tmp_path / "a.ods", filled + tail),
        xlsx(tmp_path / "a.xlsx", rows, "<si><t>unused</t></si>"),
    ):
        [sheet] = workbooks.read(path, SPELLINGS).sheets
        assert len(sheet.frame) == 1


def test_nothing_of_a_workbook_comes_in_but_its_visible_cells(tmp_path):
    """Authors, comments, names, links and hidden sheets are neither read nor followed."""
    with CELLS.open(newline="") as file:
        cells = [map(escape, row) for row in itertools.islice(csv.reader(file), 400)]
    text = '<c t="inlineStr"><is><t>{}</t></is></c>'
    rows = [f"<row>{''.join(map(text.format, row))}</row>" for row in cells]
    book = xlsx(tmp_path / "log.xlsx", "".join(rows))
    mapped = {}
    for name in ("plain", "full"):
        if name == "full":
            with_parts_that_nobody_reads(book, "quizzlewick")
        target = tmp_path / f"{name}.yml"
        done = CliRunner().invoke(main, ["crewing", "map", str(book), "--to", str(target)])
        assert done.exit_code == 0, done.output
        mapped[name] = target.read_text().replace(name, "") + done.output.replace(name, "")
    assert "quizzlewick" not in mapped["full"]
    hidden = "hidden sheets (b)"
    told = [line for line in mapped["full"].splitlines() if hidden not in line]
    assert hidden in mapped["full"]
    assert told == mapped["plain"].splitlines()


def long_texts(length, columns):
    """Ten thousand rows that point at one text."""
    rows = pa.array([0] * 10_000, pa.int32())
    texts = pa.DictionaryArray.from_arrays(rows, pa.array(["x" * length]))
    return pa.table({f"c{n}": texts for n in range(columns)})


PARQUET_BOMBS = {
    "rows of one value": lambda: pa.table({"force": pa.repeat("kent", 11_000_000)}),
    "a long text in every row": lambda: long_texts(200_000, 1),
    "texts in every row that are long together": lambda: long_texts(9_000, 40),
    "lists": lambda: pa.table({"force": [[1, 2]]}),
    "columns": lambda: pa.table({f"c{n}": [1] for n in range(1_001)}),
}


@pytest.mark.parametrize("name", PARQUET_BOMBS)
def test_a_small_parquet_file_that_expands_is_refused(tmp_path, name):
    path = parquet(tmp_path / "b.parquet", PARQUET_BOMBS[name]())
    assert path.stat().st_size < 400_000
    for read in (reader.read_cells, lambda path: list(bounds.parquet_blocks(path, 50_000))):
        with pytest.raises(Refusal) as caught:
            read(path)
        assert caught.value.codes == ("E124",)


def test_an_endless_header_makes_no_endless_message(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"a,b,c,{'x' * 9_000}\n1,2,3,4\n")
    spellings = {name: [name] for name in ("a", "b", "c", "number of offences")}
    with pytest.raises(Refusal) as caught:
        workbooks.read(path, spellings)
    assert "lacks the column 'number of offences'" in str(caught.value)
    assert len(str(caught.value)) < 2_000


def test_a_measured_parquet_file_is_the_file(tmp_path):
    frame = pd.DataFrame(
        {"force": ["kent", None] * 7_000, "hours": [1.5, 2.0] * 7_000,
         "weekend": [True, False] * 7_000,
         "period_start": pd.to_datetime(["2018-04-01", "2018-05-01"] * 7_000)}
    )  # fmt: skip
    path = tmp_path / "a.parquet"
    frame.to_parquet(path)
    back = bounds.read_parquet(path)
    pd.testing.assert_frame_equal(back, pd.read_parquet(path), check_dtype=False)
    empty = tmp_path / "empty.parquet"
    frame.head(0).to_parquet(empty)
    assert list(bounds.read_parquet(empty).columns) == list(frame.columns)


def test_memory_stays_bounded_where_it_matters_most(tmp_path):
    """A process that meets every bomb ends with refusals and has hardly grown."""
    paths = [BOMBS[name](tmp_path / str(n)) for n, name in enumerate(BOMBS)
             if (tmp_path / str(n)).mkdir() is None]  # fmt: skip
    code = (
        "import re, sys\n"
        "from officer_assaults.refusals import Refusal\n"
        "from officer_assaults.data import workbooks\n"
        "import numpy, python_calamine\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        workbooks.read(path, {'force': ['force'], 'a': ['a'], 'b': ['b']})\n"
        "    except Refusal:\n"
        "        continue\n"
        "    raise SystemExit(path)\n"
        # Not ru_maxrss: that begins with what the process was forked from.
        "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True
    )
    assert int(found.stdout) * 1024 < ROOM_BYTES


def test_compressed_text_is_no_csv(tmp_path):
    path = tmp_path / "cells.csv"
    path.write_bytes(gzip.compress(b"0" * 10_000_000))
    with pytest.raises(Refusal) as caught:
        reader.load(path)
    assert set(caught.value.codes) <= {"E124", "E112"}


@pytest.mark.parametrize(("read", "megabytes"), [(readers.read_text, 600), (reader.load, 5_000)])
def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path, read, megabytes):
    """An export is read in blocks, so that it may be larger."""
    path = tmp_path / "large.csv"
    with path.open("wb") as stream:
        stream.truncate(megabytes * 1024**2)
    with pytest.raises(Refusal) as caught:
        read(path)
    assert "larger than" in str(caught.value)


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS + "title: *i\n",
        "title: !!python/object/apply:os.system ['touch pwned']\n",
        "title: !!python/name:os.system\n",
        "retrieved: 2024-13-45\n",
        "title: " + "[" * 1500 + "\n",
        "headcount: " + "9" * 5000 + "\n",
        "- a list\n",
        "title: 'no end\n",
        "a: &a {b: *a}\n",
        "\x00",
    ],
)
def test_a_hostile_sidecar_is_refused(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "cells.csv"
    path.write_text("force,lpa\nkent,a\n")
    (tmp_path / "cells.csv.meta.yml").write_text(text)
    with pytest.raises(Refusal) as caught:
        reader.load(path)
    assert "E124" in caught.value.codes
    assert not (tmp_path / "pwned").exists()
