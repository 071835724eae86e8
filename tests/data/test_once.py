"""What is worked out once is what would be worked out anew, and follows every change of a table."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pandas as pd
import pytest

from officer_assaults import paths
from officer_assaults.cli import project
from officer_assaults.data import control_series, force_year, recorded, tables
from officer_assaults.data.once import once
from officer_assaults.pipeline import forkserver
from officer_assaults.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Told:
    """What the functions below give: frames at several depths."""

    frame: pd.DataFrame
    parts: dict[str, list[pd.DataFrame]]


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Give a function of one file, and the list of its runs."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "forces.csv").write_text("x\n1\n")
    (tmp_path / "data" / "deep" / "a.csv").write_text("x\n1\n")
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    runs = []

    @once
    def read(names, most=5, *, way="mean"):
        runs.append((names, most, way))
        if most < 0:
            raise Refusal.of("E104", "no.", "Give more.")
        frame = pd.read_csv(tmp_path / "data" / "deep" / "a.csv")
        return Told(frame, {"both": [frame, frame + 1]})

    return read, runs, tmp_path / "data" / "deep"


def test_a_call_is_told_by_its_arguments_however_they_are_given(counted):
    read, runs, _ = counted
    for call in (
        lambda: read(["a"]), lambda: read(("a",), 5), lambda: read(names=["a"], way="mean"),
    ):  # fmt: skip
        assert call().frame["x"].tolist() == [1]
    assert len(runs) == 1
    for other in (["b"], ["a", "b"], [1], [True]):
        read(other)
    read(["a"], 6)
    read(["a"], way="sum")
    assert len(runs) == 7


@pytest.mark.parametrize("change", ["content", "new", "gone", "time"])
def test_a_changed_folder_is_read_anew(counted, change):
    read, runs, folder = counted
    read("a")
    path = folder / "a.csv"
    if change == "content":
        path.write_text("x\n22\n")
    elif change == "new":
        (folder / "b.csv").write_text("x\n1\n")
    elif change == "gone":
        (folder.parent / "forces.csv").rename(folder.parent.parent / "forces.csv")
        (folder.parent / "forces.csv").write_text("x\n11\n")
    else:
        os.utime(path, ns=(1, 1))
    assert read("a").frame["x"].tolist() == ([22] if change == "content" else [1])
    assert len(runs) == 2


def test_no_change_of_a_result_reaches_the_next(counted):
    read, _, _ = counted
    first = read("a")
    first.frame["y"] = 2
    first.frame.loc[0, "x"] = 9
    first.parts["both"][1].iloc[0, 0] = 9
    first.parts["more"] = []
    again = read("a")
    assert again.frame.to_dict("list") == {"x": [1]}
    assert [part["x"].tolist() for part in again.parts["both"]] == [[1], [2]]
    assert list(again.parts) == ["both"]


def test_a_refusal_is_made_each_time(counted):
    read, runs, _ = counted
    for _ in range(2):
        with pytest.raises(Refusal, match=r"E104|no\."):
            read("a", -1)
    assert len(runs) == 2


def test_tables_are_shared_until_they_are_written_to():
    table = tables.load("forces")
    table.iloc[0, 0] = "changed"
    assert tables.load("forces").iloc[0, 0] != "changed"


@pytest.mark.parametrize(
    "call",
    [
        lambda: recorded.compare(*project.YEARS).frame,
        lambda: force_year.force_year(*project.YEARS).counts,
        lambda: control_series.recording_panel(*project.YEARS).frame,
        lambda: control_series.controlled_series(["105A"], "2012-04-01", "2020-03-31").frame,
        lambda: recorded.usable_quarters().left_out,
    ],
)
def test_what_is_remembered_is_what_is_counted_anew(call, monkeypatch):
    remembered = call()
    with tables.by_checksum():  # Another key: nothing of the above is taken.
        pd.testing.assert_frame_equal(call(), remembered)


def test_counting_ahead_leaves_a_process_that_can_be_forked(tmp_path):
    """And what it counts is asked for by the reports: no name in it has gone."""
    import subprocess
    import sys

    code = (
        "from officer_assaults.cli import project\n"
        "from officer_assaults.pipeline import forkserver\n"
        "forkserver.preload(project.LATER)\n"  # Which tells nobody what fails.
        "project.count_ahead()\n"
        "print(forkserver.unforkable())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True,
        env={**os.environ, **forkserver.UNTHREADED},
    )  # fmt: skip
    assert done.stdout.strip() == "None", done.stderr
