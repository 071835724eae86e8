"""Hostile exports through the route of large files, which is taken here by small ones."""

import csv
import io
import tempfile

import mutations
import pytest
import targets
from hypothesis import given
from outcomes import FULL, runs
from test_hostile_tables import RANDOM, tries

from officer_assaults.topics.crewing.data import parts
from officer_assaults.topics.crewing.data.about import sidecar_of

SHIFTS = next(target for target in targets.TARGETS if target.name == "unit-shifts")


@pytest.fixture
def by_parts(monkeypatch, tmp_path):
    """Every file counts as large and is read a few rows at a time; nothing may be left behind."""
    spill = tmp_path / "temporary"
    spill.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spill))
    for name, value in (("MOST_ROWS", -1), ("PART_ROWS", 16), ("BLOCK_ROWS", 30)):
        monkeypatch.setattr(parts, name, value)
    return spill


def repeated(rng):
    """Rows of the export many times over, each a unit of its own, with one place spoilt."""
    header, *body = SHIFTS.rows()
    unit = header.index("unit_id")
    many = [[*row[:unit], f"{row[unit]}{copy}", *row[unit + 1 :]] for copy in range(3)
            for row in body]  # fmt: skip
    rows = [header, *many]
    return mutations.spoil_table(rows, rng) if rng.randint(0, 9) < 9 else rows


def odd_bytes(data, rng):
    """What only a reader of streams meets: a lone quote, half a sign, a line without an end."""
    at = rng.randint(0, len(data))
    piece = rng.choice(
        (b'"', b"\xf0\x9f", b"\xed\xa0\xbd", b"\xff", b"\0", b"\r", b"x" * 200_000, b",,,\n",
         b'"' + b"\n" * 50, "\u2028".encode(), b"\n\n\n")
    )  # fmt: skip
    return data[:at] + piece + data[at:]


def bring(place, rng, suffix):
    path = place / f"own{suffix}"
    data = targets.content(SHIFTS, suffix, repeated(rng), rng)
    kind = rng.randint(0, 9)
    if kind < 2:
        data = mutations.spoil_bytes(data, rng)
    elif kind < 5 and suffix == ".csv":
        data = odd_bytes(data, rng)
    path.write_bytes(data)
    sidecar_of(path).write_text(SHIFTS.sidecar)
    return path


def test_any_large_export_is_read_or_refused(trial, by_parts):
    """Files that are read in parts are read whole or refused, and leave nothing behind."""
    trial.reader = "unit-shifts, large"
    good = bring(trial.fresh(), mutations.Calm(), ".csv")
    trial.good(lambda: SHIFTS.read(good))

    @tries(12, 2_500)
    @given(rng=RANDOM)
    def each(rng):
        path = bring(trial.fresh(), rng, rng.choice(SHIFTS.suffixes))
        trial.run(lambda: SHIFTS.read(path), placed=False)
        assert list(by_parts.iterdir()) == []

    each()
    assert trial.tried >= runs(12, 2_500)
    assert trial.refused > trial.tried / 4
    assert trial.accepted > 0 or not FULL


@pytest.mark.parametrize("piece", [b'"', b"\xf0\x9f", b"x" * 200_000])
def test_one_bad_place_at_the_end_of_many_rows_is_named(trial, by_parts, piece):
    """A quotation mark without its partner swallows the rest of the file."""
    trial.reader = "unit-shifts, large, one place"
    header, *body = SHIFTS.rows()
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *body * 20])
    data = text.getvalue().encode()
    at = data.index(b"\n", len(data) // 2) + 1
    path = trial.fresh() / "own.csv"
    path.write_bytes(data[:at] + piece + data[at:])
    sidecar_of(path).write_text(SHIFTS.sidecar)
    trial.run(lambda: SHIFTS.read(path), placed=False)
    assert trial.refused == 1
    assert trial.last.codes[0] == "E124"
    assert any(problem.row for problem in trial.last.problems)
