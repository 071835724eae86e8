"""Every reader of a table, with a good table to start from."""

import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import mutations
import pandas as pd
import yaml
from simulated_rosters import RosterTruth, simulate_roster

from officer_assaults import files, paths
from officer_assaults.data import counts, home_office, registers, workforce
from officer_assaults.data import tables as tables_
from officer_assaults.topics.crewing import rosters
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.params import ForceParams

HERE = Path(__file__).parent
CELLS = HERE.parent / "topics" / "crewing" / "cells.csv"
ABOUT = sidecar_of(CELLS).read_text()


@dataclass(frozen=True)
class Target:
    """One reader: good rows, the kinds of file it takes, and how it is called."""

    name: str
    rows: Callable[[], list[list[str]]]
    read: Callable[[Path], object]
    suffixes: tuple[str, ...] = (".csv",)
    placed: bool = True
    stem: str = "own"
    sidecar: str = ""
    in_data: str = ""


def parse(text):
    return list(csv.reader(io.StringIO(text)))


def crime():
    rows = [
        [year, str(quarter), force, "Assault on a constable", "Violence", "Violence", code, "40"]
        for year in ("2018/19",)
        for quarter in (1, 2)
        for force in ("Kent", "Thames Valley")
        for code in ("104", "8S")
    ]
    return [list(home_office.CRIME_COLUMNS), *rows]


def staff():
    rows = [
        ["2023", force, sex, rank, kind, str(heads), str(heads - 0.5)]
        for force in ("Kent", "Essex")
        for sex, rank, kind, heads in (
            ("Female", "Constable", "Police Officer", 1000),
            ("Male", "Sergeant", "Police Officer", 400),
            ("Male", "Staff", "Police Staff", 900),
        )
    ]
    return [list(workforce.WORKFORCE_COLUMNS), *rows]


def yearly():
    header = "force,fy_start,days,n_total,n_injury,n_no_injury,series,vintage,status,lower,upper"
    return parse(
        f"{header}\nthames-valley,2017-04-01,365,794,166,628,prc_104_8S,2018-07,final,,\n"
        "Kent,2019-04-01,366,900,,,hr_self_report,2020-05-01,provisional,,\n"
        "Essex,2018-04-01,365,,,,federation,2020-05-01,provisional,51,182\n"
    )


def register():
    rows = [
        ["Kent", f"{year}-{month:02}-01", name, str(10 + month), kind, "no"]
        for year in (2018, 2019)
        for month in (1, 4, 7, 10)
        for name, kind in (("crime-record", "punch"), ("health-and-safety", ""))
    ]
    return [["force", "period_start", "register", "count", "category", "is_simulated"], *rows]


def crew_cells():
    return parse(CELLS.read_text())


def _as_rows(frame):
    return [list(frame.columns), *parse(frame.to_csv(index=False, header=False))]


@lru_cache
def _simulated():
    return simulate_force(ForceParams(), 3, shifts=12).frames


def unit_shifts():
    return _as_rows(_simulated()["crew_shifts"].assign(is_simulated="yes"))


def incident_rows():
    rows = _simulated()["incidents"].head(12).assign(is_simulated="yes")
    moment, day = "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"
    times = {"occurred_at": moment, "recorded_at": moment, "outcome_date": day}
    return _as_rows(
        rows.assign(**{name: rows[name].dt.strftime(how) for name, how in times.items()})
    )


def roster():
    block = next(iter(simulate_roster(300, 7, RosterTruth(log_rate=-2.0), block_rows=300)))
    flags = block["is_simulated"].map({True: "true", False: "false"})
    return _as_rows(block.assign(is_simulated=flags).head(100))


def read_roster(path):
    rosters.fit("y ~ single + C(hour_band)", path, exposure="officer_hours", threads=1)


def read_registers(path):
    published = pd.DataFrame(
        {"date": pd.date_range("2018-04-01", periods=8, freq="QS"), "recorded": 100.0}
    )
    registers.read_registers(str(path.relative_to(paths.project_root())), "kent", published)


def load_crewing(path):
    load(path)


def read_counts(path):
    counts.read_force_year(path)


def imported(function):
    return lambda path: function(path, "2024-01").files


TABLES = sorted(
    path.relative_to(paths.data_dir()).with_suffix("").as_posix()
    for path in (paths.data_dir() / f"{name}.csv" for name in tables_.names())
)


def table_rows(path):
    """The first rows of a table of data/."""
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for _, row in zip(range(8), csv.reader(stream), strict=False)]


def describe(path, rows):
    """Sidecar of a table of data/ that says what the file is now."""
    side = yaml.safe_load((path.with_name(path.name + tables_.SIDECAR)).read_text())
    digest = files.sha256_file(path)
    return yaml.safe_dump({**side, "checksum": f"sha256:{digest}", "rows": rows})


def workbook(rows, suffix, rng):
    """Rows as a workbook: a cover, the data under some name, types as a person leaves them."""
    names = ("2018-19", "Data", "", "Contents", "2018-19 ", "Sheet'1", "x" * 31)
    name = rng.choice(names[:2]) if rng.randint(0, 3) else rng.choice(names)
    return _ods(rows, name, rng) if suffix == ".ods" else _xlsx(rows, name, rng)


def _typed(cell, rng):
    """Number, text, date, truth value, formula or error, as cells of a workbook are."""
    text = str(cell)
    if text.replace(".", "", 1).isdigit() and text.isascii() and len(text) < 15:
        return ("text", text) if not rng.randint(0, 9) else ("number", text)
    odd = (("formula", "1+1"), ("error", "#N/A"), ("bool", "1"), ("number", "1e308"))
    odd += (("date", "2018-04-01"), ("number", "NaN"), ("number", ""), ("text", text))
    return rng.choice(odd) if not rng.randint(0, 30) else ("text", text)


def _escape(text):
    kept = "".join(sign if sign.isprintable() or sign in "\n\r\t" else "\ufffd" for sign in text)
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _zip(parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _xlsx_cell(place, row, cell, rng):
    kind, text = _typed(cell, rng)
    reference = (
        f"{chr(65 + place % 26)}{row}" if rng.randint(0, 200) else rng.choice(("A0", "", "1"))
    )
    where = f'r="{reference}"'
    if kind == "number":
        return f"<c {where}><v>{text}</v></c>"
    if kind == "formula":
        return f"<c {where}><f>{text}</f></c>"
    if kind in ("error", "bool"):
        return f'<c {where} t="{kind[0]}"><v>{text}</v></c>'
    return f'<c {where} t="inlineStr"><is><t>{_escape(text)}</t></is></c>'


def _xlsx(rows, name, rng):
    lines = "".join(
        f'<row r="{number}">'
        + "".join(_xlsx_cell(place, number, cell, rng) for place, cell in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{{}}</sheetData></worksheet>'
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/s1.xml" ContentType="{kind}.worksheet+xml"/>'
        f'<Override PartName="/xl/worksheets/s2.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r0" '
        f'Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
        '<sheet name="Cover" sheetId="1" r:id="r1"/>'
        f'<sheet name="{_escape(name)}" sheetId="2" r:id="r2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_LINKS}/worksheet" Target="worksheets/s1.xml"/>'
        f'<Relationship Id="r2" Type="{_LINKS}/worksheet" Target="worksheets/s2.xml"/>'
        "</Relationships>",
        "xl/worksheets/s1.xml": sheet.format(""),
        "xl/worksheets/s2.xml": sheet.format(lines),
    }
    return _zip(_spoilt(parts, rng))


def _ods_cell(cell, rng):
    kind, text = _typed(cell, rng)
    inner = f"<text:p>{_escape(text)}</text:p>"
    if kind == "number":
        opened = f'office:value-type="float" office:value="{text}"'
    elif kind == "date":
        opened = f'office:value-type="date" office:date-value="{text}"'
    elif kind == "bool":
        opened = 'office:value-type="boolean" office:boolean-value="true"'
    elif kind == "formula":
        opened = 'table:formula="of:=1+1" office:value-type="float" office:value="2"'
    else:
        opened = 'office:value-type="string"'
    return f"<table:table-cell {opened}>{inner}</table:table-cell>"


def _ods(rows, name, rng):
    lines = "".join(
        "<table:table-row>" + "".join(_ods_cell(cell, rng) for cell in row) + "</table:table-row>"
        for row in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{n}="{space}:{n}:1.0"' for n in ("office", "table", "text"))
    parts = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": f'<m:manifest xmlns:m="{space}:manifest:1.0">'
        '<m:file-entry m:full-path="/" m:media-type='
        '"application/vnd.oasis.opendocument.spreadsheet"/></m:manifest>',
        "content.xml": f"<office:document-content {names}><office:body><office:spreadsheet>"
        '<table:table table:name="Cover"><table:table-row><table:table-cell/></table:table-row>'
        f'</table:table><table:table table:name="{_escape(name)}">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>",
    }
    return _zip(_spoilt(parts, rng))


def _spoilt(parts, rng):
    """Now and then a workbook without one of its parts, or with one cut short or of other words."""
    if not rng.randint(0, 7):
        name = rng.choice(list(parts))
        text = parts[name]
        parts[name] = rng.choice((text[: len(text) // 2], "", "<x/>", text.replace("2", "-9")))
        if rng.choice((True, False)):
            del parts[name]
    return parts


def parquet(rows, rng):
    """Rows as Parquet with types as a database may give them, right or wrong."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    width = max(map(len, rows), default=0)
    header = [str(name) for name in rows[0]] if rows else []
    header += [f"more {place}" for place in range(width - len(header))]
    arrays = [
        _array([row[place] if place < len(row) else None for row in rows[1:]], rng)
        for place in range(len(header))
    ]
    table = pa.Table.from_arrays(arrays, names=header)
    if not rng.randint(0, 9):
        table = table.replace_schema_metadata({"pandas": rng.choice(("{", "[]", '{"columns": 1}'))})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=rng.choice(("none", "zstd", "snappy")))
    return sink.getvalue()


def _array(cells, rng):
    import pyarrow as pa

    words = [None if cell == "" else cell for cell in cells]
    plain = _numbers_or_words(words)
    if rng.randint(0, 15):
        return plain
    kinds = (
        pa.string(), pa.large_string(), pa.int8(), pa.uint64(), pa.float16(), pa.float32(),
        pa.decimal128(20, 3), pa.bool_(), pa.date32(), pa.date64(), pa.timestamp("ns"),
        pa.timestamp("us", tz="Europe/London"), pa.timestamp("s"), pa.time64("us"),
        pa.duration("s"), pa.binary(), pa.null(), pa.dictionary(pa.int8(), pa.string()),
    )  # fmt: skip
    shapes = (
        lambda: pa.array([[cell] for cell in words], pa.list_(pa.string())),
        lambda: pa.array([{"a": cell} for cell in words], pa.struct([("a", pa.string())])),
        lambda: pa.array([[("a", cell)] for cell in words], pa.map_(pa.string(), pa.string())),
        lambda: pa.array([float("nan")] * len(words)),
        lambda: pa.array([float("inf")] * len(words)),
        lambda: pa.array([253402300799] * len(words)).cast(pa.timestamp("s")),
        lambda: pa.array([-62135596801] * len(words)).cast(pa.timestamp("s")),
    )
    if rng.choice((True, False)):
        return rng.choice(shapes)()
    try:
        return plain.cast(rng.choice(kinds))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.nulls(len(words), rng.choice(kinds[:-1]))


def _numbers_or_words(words):
    import pyarrow as pa

    for kind in (int, float):
        try:
            return pa.array([None if word is None else kind(word) for word in words])
        except (ValueError, OverflowError):
            continue
    return pa.array([None if word is None else str(word) for word in words], pa.string())


def content(target, suffix, rows, rng):
    """Bytes of a file with these rows."""
    if suffix in (".xlsx", ".ods"):
        return workbook(rows, suffix, rng)
    if suffix == ".parquet":
        return parquet(rows, rng)
    return mutations.encode(mutations.csv_text(rows, rng), rng)


TARGETS = (
    Target("recorded crime, CSV", crime, imported(home_office.import_recorded_crime), stem="prc"),
    Target("recorded crime, XLSX", crime, imported(home_office.import_recorded_crime), (".xlsx",)),
    Target("recorded crime, ODS", crime, imported(home_office.import_recorded_crime), (".ods",)),
    Target("workforce", staff, imported(workforce.import_workforce), (".csv", ".xlsx", ".ods")),
    Target("own yearly counts", yearly, read_counts),
    Target("second register", register, read_registers, in_data="registers"),
    Target("crew cells, CSV", crew_cells, load_crewing, sidecar=ABOUT),
    Target("crew cells, Parquet", crew_cells, load_crewing, (".parquet",), sidecar=ABOUT),
    Target(
        "unit-shifts",
        unit_shifts,
        load_crewing,
        (".csv", ".parquet"),
        sidecar=ABOUT,
    ),
    Target(
        "incidents",
        incident_rows,
        load_crewing,
        (".csv", ".parquet"),
        sidecar=ABOUT,
    ),
    Target("rosters", roster, read_roster, (".parquet", ".csv"), placed=False),
)
