"""Work in parts: what is finished is kept, whatever ends the rest."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from officer_assaults.files import TEMPORARY_PREFIX
from officer_assaults.pipeline.parts import Part, finish


def work(name, marks, seconds=0.0):
    Path(marks, f"{name}-{time.monotonic_ns()}").touch()
    time.sleep(seconds)
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "bad":
        raise ValueError("no such number")
    return {"name": name}


def parts(folder, names, seconds=0.0):
    marks = folder / "marks"
    marks.mkdir(exist_ok=True)
    return [Part(folder / f"{n}.json", partial(work, n, str(marks), seconds)) for n in names]


def started(folder):
    return [mark.name.rpartition("-")[0] for mark in sorted((folder / "marks").iterdir())]


@pytest.mark.parametrize("jobs", [1, 2])
def test_finished_parts_are_kept_and_a_failed_one_takes_none_with_it(tmp_path, jobs):
    wanted = parts(tmp_path, ["a", "bad", "b"])
    found = list(finish(wanted, jobs))
    assert {one.part.path.stem: one.error for one in found} == {
        "a": "", "b": "", "bad": "ValueError: no such number"
    }  # fmt: skip
    assert json.loads((tmp_path / "a.json").read_text()) == {"name": "a"}
    again = list(finish(wanted, jobs))
    assert sorted(started(tmp_path)) == ["a", "b", "bad", "bad"]
    assert {one.part.path.stem for one in again if one.seconds == 0} == {"a", "b"}


def test_a_killed_worker_is_told_of_and_the_rest_can_be_made_later(tmp_path):
    wanted = parts(tmp_path, ["killed", "b"])
    found = {one.part.path.stem: one.error for one in finish(wanted, 2)}
    assert "ended from outside" in found["killed"]
    assert set(found) == {"killed", "b"}
    assert [one.error for one in finish(parts(tmp_path, ["b"]), 1)] == [""]


def test_a_half_written_part_is_made_again(tmp_path):
    wanted = parts(tmp_path, ["a"])
    (tmp_path / "a.json").write_text('{"name": ')
    assert [one.error for one in finish(wanted, 1)] == [""]
    assert started(tmp_path) == ["a"]


def test_a_kill_half_way_keeps_what_was_finished(tmp_path):
    names = [f"p{n}" for n in range(8)]
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\nimport test_parts\n"
        "if __name__ == '__main__':\n"
        f"    wanted = test_parts.parts(Path({str(tmp_path)!r}), {names!r}, 0.3)\n"
        "    print(list(test_parts.finish(wanted, 2)))\n"
    )
    script = tmp_path / "run.py"
    script.write_text(code)
    running = subprocess.Popen(
        [sys.executable, str(script)], start_new_session=True, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("p*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = {path.stem for path in tmp_path.glob("p*.json")}
    assert kept
    assert len(kept) < len(names)
    before = set((tmp_path / "marks").iterdir())
    found = list(finish(parts(tmp_path, names), 1))
    assert {one.part.path.stem for one in found} == set(names)
    made = [mark.name.rpartition("-")[0] for mark in set((tmp_path / "marks").iterdir()) - before]
    assert sorted([*made, *kept]) == names
    assert all(json.loads((tmp_path / f"{n}.json").read_text()) == {"name": n} for n in names)
    assert not [p for p in tmp_path.glob("*.json") if p.name.startswith(TEMPORARY_PREFIX)]
