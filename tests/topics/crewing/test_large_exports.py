"""Large exports of unit-shifts are read beat by beat, with the answer of the whole."""

import bz2
import gzip
import lzma
import shutil
import tempfile
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crewing_runs import answer

from officer_assaults.cli import crewing
from officer_assaults.data import readers
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing import door, given, handed
from officer_assaults.topics.crewing.data import parts
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.data.schemas import column_needs
from officer_assaults.topics.crewing.data.template import write_template
from officer_assaults.topics.crewing.model import cells as model_cells
from officer_assaults.topics.crewing.model.cells import pool
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.params import ForceParams

ROWS = 1_500


@pytest.fixture(scope="module")
def drawn():
    return simulate_force(ForceParams(), 5, shifts=ROWS).frames["crew_shifts"]


@pytest.fixture
def shifts(tmp_path, drawn):
    data, side = write_template(tmp_path, "shifts")
    drawn.assign(force="thames-valley", is_simulated="yes").to_csv(data, index=False)
    answer(side)
    return data


@pytest.fixture
def beat_by_beat(tmp_path, monkeypatch):
    """Split anything above a thousand rows, and find nothing left behind."""
    spill = tmp_path / "temporary"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    monkeypatch.setattr(parts, "MOST_ROWS", 600)
    monkeypatch.setattr(parts, "PART_ROWS", 600)
    monkeypatch.setattr(parts, "BLOCK_ROWS", 700)
    yield
    assert list(spill.iterdir()) == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_parts_give_the_cells_of_the_whole(shifts, beat_by_beat, monkeypatch, kind):
    path = shifts
    if kind == "parquet":
        path = shifts.with_suffix(".parquet")
        pd.read_csv(shifts).to_parquet(path, index=False)
        shutil.copy(sidecar_of(shifts), sidecar_of(path))
    assert parts.is_large(path)
    split = load(path)
    monkeypatch.setattr(parts, "MOST_ROWS", 10**9)
    whole = load(path)
    assert (split.rows, split.force, split.simulated) == (ROWS, whole.force, whole.simulated)
    assert split.cautions == whole.cautions
    # Sums of the same numbers in the same order within a cell.
    pd.testing.assert_frame_equal(split.cells, whole.cells, rtol=1e-12)
    pd.testing.assert_frame_equal(split.agreement, whole.agreement, check_dtype=False)


#: Columns that unit-shifts may lack; times to back-up and marks of simulation among them.
OPTIONAL = sorted(set(column_needs("shifts", optional=True)) - set(column_needs("shifts")))


@pytest.mark.parametrize("lacking", [*([name] for name in OPTIONAL), OPTIONAL], ids=",".join)
def test_a_large_file_may_lack_optional_columns(shifts, beat_by_beat, monkeypatch, drawn, lacking):
    """The branch of large files once broke off where ``is_simulated`` was not there."""
    frame = pd.read_csv(shifts, dtype=str, keep_default_na=False)
    frame.drop(columns=lacking, errors="ignore").to_csv(shifts, index=False)

    def told():
        try:
            return load(shifts)
        except Refusal as refusal:
            return str(refusal)

    split = told()
    monkeypatch.setattr(parts, "MOST_ROWS", 10**9)
    whole = told()
    if isinstance(whole, str):
        assert split == whole
        return
    pd.testing.assert_frame_equal(split.cells, whole.cells, rtol=1e-12)
    assert (split.rows, split.simulated, split.cautions) == (ROWS, whole.simulated, whole.cautions)


def _one_row(column, value, row=1_234):
    def change(frame):
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value

    return change


def _same_unit_on_another_beat(frame):
    other = frame.index[frame["beat"] != frame.loc[0, "beat"]][-1]
    frame.loc[other, ["unit_id", "start"]] = frame.loc[0, ["unit_id", "start"]].to_numpy()
    frame.loc[other, "end"] = frame.loc[0, "end"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_one_row("y", "-1"), "E102 .*row 1236, column y"),
        (_one_row("crew_actual", "triple"), "E111 .*row 1236, column crew_actual"),
        (_one_row("force", "kent"), "E101"),
        (_one_row("is_simulated", "no"), "E123"),
        (_one_row("role", "PC 1234"), "E121 .*row 1236, column role"),
        (_one_row("end", "9999-12-31T23:59:59"), "E10[0-9] .*row 1236"),
        (_same_unit_on_another_beat, "E105 .*same unit and start"),
        (lambda frame: frame.insert(0, "colour", "red"), "E124 .*unknown column 'colour'"),
    ],
)  # fmt: skip
def test_a_bad_row_in_a_large_file_is_refused(shifts, beat_by_beat, change, message):
    frame = pd.read_csv(shifts, dtype=str)
    change(frame)
    frame.to_csv(shifts, index=False)
    with pytest.raises(Refusal, match=message):
        load(shifts)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data.replace(b"response", b"r\xe9sponse", 1), "E124 .*Windows-1252"),
        (lambda data: data + b"a,b\n", f"E124 .*row {ROWS + 2}: has 2 cells"),
    ],
)
def test_a_large_csv_that_is_damaged_is_refused(shifts, beat_by_beat, spoil, message):
    shifts.write_bytes(spoil(shifts.read_bytes()))
    with pytest.raises(Refusal, match=message):
        load(shifts)


def _column(table, name, values):
    return table.set_column(table.column_names.index(name), name, [values])


@pytest.mark.parametrize(
    ("change", "spoil", "message"),
    [
        (lambda table: table, lambda data: data[:2_000] + bytes(4_000) + data[6_000:], "E124"),
        (lambda table: table, lambda data: data.replace(b"response", b"r\xe9sponse"), "E124"),
        (lambda table: _column(table, "role", pa.array([["PC"]] * ROWS)), bytes, "E124 .*lists"),
        (lambda table: table.append_column("y", table["y"]), bytes, "E124 .*two columns 'y'"),
    ],
    ids=["page of zeros", "no UTF-8", "lists", "a name twice"],
)  # fmt: skip
def test_a_large_parquet_file_that_is_damaged_is_refused(
    shifts, beat_by_beat, change, spoil, message
):
    path = shifts.with_suffix(".parquet")
    table = pa.Table.from_pandas(pd.read_csv(shifts), preserve_index=False)
    pq.write_table(change(table), path, compression="none")
    path.write_bytes(spoil(path.read_bytes()))
    shutil.copy(sidecar_of(shifts), sidecar_of(path))
    assert parts.is_large(path)
    with pytest.raises(Refusal, match=message):
        load(path)


def test_a_column_of_dates_without_rows_has_no_cells():
    assert parts.as_text(pd.Series([], dtype="datetime64[ns]")).tolist() == []


def test_a_wrong_header_is_refused_before_a_row_is_read(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text("force\n" + "kent\n" * 600_000)
    tracemalloc.start()
    with pytest.raises(Refusal, match="lacks the column 'crew'"):
        load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


def test_a_large_file_of_blank_lines_is_refused(shifts, beat_by_beat):
    header = shifts.read_text().splitlines()[0]
    shifts.write_text(header + "\n" * 200_000)
    with pytest.raises(Refusal, match="has a header and no rows"):
        load(shifts)


@pytest.mark.parametrize("size", [3, 3_000_000])
def test_a_parquet_file_without_a_footer_is_refused(tmp_path, size):
    path = tmp_path / "cells.parquet"
    path.write_bytes(b"PAR1" + b"\x07" * size + b"PAR1")
    with pytest.raises(Refusal, match="E124"):
        load(path)


def test_reports_of_one_command_take_the_export_that_it_read(
    shifts, beat_by_beat, monkeypatch, tmp_path_factory
):
    """Read once: by the command, not by each report again; nothing of it stays behind."""
    beside, tmp_path = str(sidecar_of(shifts)), tmp_path_factory.mktemp("copies")
    asked = (str(shifts), beside, "thames-valley", "", 0)
    first = given.open_cells(*asked)
    reads = []
    monkeypatch.setattr(given, "load", lambda *_: reads.append(1) or load(*asked[:2]))
    with handed.over(first, handed.state(*asked[:2], "public")):
        (place,) = Path(tempfile.gettempdir()).glob("*/*")
        assert place.stat().st_mode & 0o077 == 0
        taken = given.open_cells(*asked)
        assert not reads
        pd.testing.assert_frame_equal(taken.cells, first.cells)
        copies = [str(shutil.copyfile(name, tmp_path / Path(name).name)) for name in asked[:2]]
        given.open_cells(*copies, *asked[2:])
        assert not reads
        assert (taken.file.release, taken.releases) == (first.file.release, first.releases)
        taken.cells.loc[:, "officer_hours"] = -1.0  # Pages are shared until one writes to them.
        pd.testing.assert_frame_equal(given.open_cells(*asked).cells, first.cells)
        with pytest.raises(Refusal, match="E101"):
            given.open_cells(*asked[:2], "kent", "", 0)
        given.open_cells(*asked, "internal")
        with shifts.open("a") as stream:
            stream.write("\n")
        given.open_cells(*asked)
        assert len(reads) == 2
    given.open_cells(*asked)
    assert len(reads) == 3


@pytest.mark.parametrize("packer", [gzip, bz2, lzma])
def test_a_compressed_export_is_told_to_be_unpacked(shifts, packer):
    packed = shifts.with_name("crew_shifts.csv.packed")
    packed.write_bytes(packer.compress(shifts.read_bytes()))
    with pytest.raises(Refusal, match=r"E124 crew_shifts\.csv\.packed: is compressed.* Unpack it"):
        load(packed, sidecar_of(shifts))


def test_keys_of_protected_rows_are_those_of_the_whole_as_text(monkeypatch):
    cells = simulate_force(ForceParams(), 5).frames["crew_cells"].head(1_000)
    cells = cells.assign(marker_share=None, lpa=cells["lpa"].astype("category"))
    cells.loc[3:9, "backup_min"] = None
    text = cells[sorted(cells.columns)].astype(str)
    monkeypatch.setattr(door, "ROWS_AT_ONCE", 7)
    whole = pd.util.hash_pandas_object(text, index=False).to_numpy()
    np.testing.assert_array_equal(door._row_keys(cells), whole)


@pytest.mark.parametrize("extra", [[], ["backup"]])
def test_pooling_many_rows_gives_the_sums_of_few(monkeypatch, extra):
    """Rows unlike in every key are kept as they are, but not those without a key."""
    frame = pd.DataFrame({"beat": [1, 2, 1, None], "backup": [1.5, 2, 3, 4], "y": [1, 2, 4, 8]})
    few = pool(frame, ["beat", *extra], ["y"])
    monkeypatch.setattr(model_cells, "MOST_ROWS", 0)
    pd.testing.assert_frame_equal(pool(frame, ["beat", *extra], ["y"]), few)
    assert few["y"].tolist() == ([1, 2, 4] if extra else [5, 2])


@pytest.fixture
def cells_file(tmp_path):
    data, side = write_template(tmp_path, "cells")
    drawn = simulate_force(ForceParams(), 5).frames["crew_cells"].head(2_000)
    drawn = drawn.drop(columns=["y_true", "planned_officer_hours"])
    drawn = drawn.assign(force="thames-valley", is_simulated="yes", marker_share="")
    drawn.to_csv(data, index=False)
    answer(side)
    return data


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_blocks_of_cells_give_the_cells_of_the_whole(cells_file, beat_by_beat, monkeypatch, kind):
    path = cells_file
    if kind == "parquet":
        path = path.with_suffix(".parquet")
        pd.read_csv(cells_file).assign(is_simulated=True).to_parquet(path, index=False)
        shutil.copy(sidecar_of(cells_file), sidecar_of(path))
    assert parts.is_large(path)
    blocks = load(path)
    monkeypatch.setattr(parts, "MOST_ROWS", 10**9)
    whole = load(path)
    assert (blocks.rows, blocks.force, blocks.simulated) == (2_000, "thames-valley", True)
    assert (blocks.cautions, blocks.release) == (whole.cautions, whole.release)
    words = dict.fromkeys(blocks.cells.select_dtypes("category"), "str")
    pd.testing.assert_frame_equal(blocks.cells.astype(words), whole.cells)
    assert blocks.cells.memory_usage(deep=True).sum() < whole.cells.memory_usage(deep=True).sum()


@pytest.mark.parametrize(
    "change",
    [
        _one_row("y", "-1"),
        _one_row("officer_hours", "9000"),
        _one_row("crew", "triple"),
        _one_row("force", "kent"),
        _one_row("is_simulated", "no"),
        _one_row("lpa", "Total"),
        _one_row("x_note", "PC Smith 07700 900123"),
        lambda frame: frame.__setitem__("y_injury", frame["y"] + 1),
        lambda frame: frame.__setitem__("badge_number", "7"),
        lambda frame: frame.pop("y"),
        lambda frame: frame.__setitem__("attended", ["", *frame["attended"][1:].astype(str)]),
        lambda frame: frame.loc.__setitem__(1_500, frame.loc[3].to_numpy()),
    ],
    ids=range(12),
)
def test_a_fault_in_many_cells_is_told_as_in_few(cells_file, beat_by_beat, monkeypatch, change):
    frame = pd.read_csv(cells_file, dtype=str, keep_default_na=False)
    for name in ("y", "attended"):
        frame[name] = frame[name].astype(int)
    if "x_note" in change.__code__.co_freevars or change.__closure__:
        frame["x_note"] = "x"
    change(frame)
    frame.to_csv(cells_file, index=False)
    with pytest.raises(Refusal) as blocks:
        load(cells_file)
    monkeypatch.setattr(parts, "MOST_ROWS", 10**9)
    with pytest.raises(Refusal) as whole:
        load(cells_file)
    # Of a header that is wrong no row is read.
    codes = [problem.code for problem in blocks.value.problems]
    assert codes == [problem.code for problem in whole.value.problems][: len(codes)]
    assert str(blocks.value.problems[0]) == str(whole.value.problems[0])


@pytest.mark.parametrize(
    ("cells", "free", "both"),
    [(250_000, 0, True), (1_280_000, 4e9, False), (1_280_000, 8e9, True), (5_000_000, 8e9, False)],
)
def test_many_cells_make_both_reports_at_once_only_where_memory_is_free(
    cells, free, both, monkeypatch
):
    memory = SimpleNamespace(available=free)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    assert crewing._fits_twice(cells) is both


def test_a_header_of_very_many_columns_is_refused_before_a_row_is_read(tmp_path, monkeypatch):
    wide = tmp_path / "wide.csv"
    names = ",".join(f"c{number}" for number in range(readers.MANY_COLUMNS + 1))
    wide.write_text(f"{names}\n{names}\n")
    monkeypatch.setattr(readers, "_block", lambda *_: pytest.fail("a row was read"))
    with pytest.raises(Refusal, match="1,001 unknown columns, the first of them 'c0'"):
        load(wide)
