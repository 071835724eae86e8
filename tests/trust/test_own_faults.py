"""Faults of the machine are named as its own, in one line, and no file of the user is blamed."""

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from officer_assaults.pipeline import run, workers
from officer_assaults.topics.crewing.intake import keys

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "tests" / "pipeline"
sys.path[:0] = [str(PIPELINE), str(ROOT / "tests" / "hostile")]

import mutations  # noqa: E402
import notebook_tree as tree  # noqa: E402
import targets  # noqa: E402

COMMAND = str(Path(sys.executable).with_name("officer-assaults"))


def call(*arguments, cwd, size=None, **environment):
    """Run a command, files limited to a size as a full disk would."""

    def limit():
        if size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False,
        preexec_fn=limit,
    )  # fmt: skip


def blamed(done):
    """The one line of the refusal."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip()


@pytest.fixture
def roster(tmp_path):
    rows = 20_000
    hours = [0.5 + row % 7 for row in range(rows)]
    frame = pd.DataFrame({
        "y": [int(row % 51 == 0) for row in range(rows)], "officer_hours": hours,
        "single": [row % 2 for row in range(rows)], "officer_id": [str(row) for row in range(rows)],
    })  # fmt: skip
    frame.to_csv(tmp_path / "roster.csv", index=False)
    return tmp_path / "roster.csv"


FIT = ("crewing", "fit", "--formula", "y ~ single")


@pytest.mark.parametrize("folder", ["o'neill and two wörds", "l" * 150])
def test_a_folder_for_temporary_files_may_have_any_name(roster, tmp_path, folder):
    (tmp_path / folder).mkdir()
    done = call(*FIT, roster, cwd=tmp_path, TMPDIR=str(tmp_path / folder))
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / folder).iterdir()) == []


def test_a_full_folder_for_temporary_files_is_not_the_users_file(roster, tmp_path):
    said = blamed(call(*FIT, roster, cwd=tmp_path, size=100))
    assert said.startswith("P311")
    assert "roster.csv" not in said


@pytest.mark.parametrize(
    "arguments",
    [
        ("template", "crewing", "new"),
        (*FIT, "roster.csv", "--csv", "/dev/full"),
        (*FIT, "roster.csv", "--csv", "roster.csv/table.csv"),
        ("claims", "--out", "/dev/full"),
    ],
    ids=lambda arguments: " ".join(arguments[-2:]),
)
def test_what_cannot_be_written_is_one_line(roster, tmp_path, arguments):
    size = 10 if arguments[0] == "template" else None
    root = {"OFFICER_ASSAULTS_ROOT": str(ROOT)}
    assert blamed(call(*arguments, cwd=tmp_path, size=size, **root)).startswith("P311")
    assert not list(tmp_path.rglob(".half-written-*"))


def test_a_user_without_a_home_is_no_error(monkeypatch):
    def nobody(cls):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", classmethod(nobody))
    monkeypatch.delenv(keys.FOLDER, raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    job = run.Job("x/y", "{}", {}, {}, {}, "a:b", root="/srv/tree")
    assert run._replacements(job, Path("/srv/run"))["/srv/tree"] == "."
    with pytest.raises(Exception, match="P311"):
        keys.key_file()


def test_sockets_of_workers_fit_below_a_long_folder(tmp_path):
    long = tmp_path / ("l" * 150)
    long.mkdir()
    code = (
        "from officer_assaults.pipeline import workers\n"
        "if __name__ == '__main__':\n"
        "    with workers.LocalWorkers(1, engine=workers.engines.STOCK).executor() as pool:\n"
        "        print(pool.submit(int, '7').result())\n"
    )
    (tmp_path / "program.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "program.py"], cwd=tmp_path, env=os.environ | {"TMPDIR": str(long)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "7\n", done.stderr
    assert list(long.iterdir()) == []
    assert workers.short_folder() in (None, "/tmp")


def test_an_error_of_a_notebook_steers_no_terminal(tmp_path):
    job = run.Job("x/y", "{}", {}, {}, {}, "a:b", root="/srv/tree")
    said = "ValueError: \x1b[31mred\x1b[0m \x1b]0;title\x07\rover\x08"
    failed = run._failed(job, tmp_path, run.Watch(1, 1), run.CELL_ERROR, said)
    assert failed.error == "over"


def lowered():
    """Take from root the right to write what is read-only; others have none."""
    if sys.platform == "linux":
        for right in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH out of the bounding set.
            ctypes.CDLL(None).prctl(24, right, 0, 0, 0)


@pytest.mark.parametrize("command", [("import", "home-office"), ("update",)], ids=lambda c: c[0])
def test_data_that_is_read_only_is_told_in_one_line_and_kept(tmp_path, command):
    root = tmp_path / "tree"
    shutil.copytree(ROOT / "data", root / "data")
    (root / "notebooks").mkdir()
    table = targets.TARGETS[0]
    file = tmp_path / "prc.csv"
    file.write_bytes(targets.content(table, ".csv", table.rows(), mutations.Calm()))
    inside = [root / "data", *(root / "data").rglob("*")]
    held = {path: path.read_bytes() for path in inside if path.is_file()}
    for path in inside:
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = subprocess.run(
        [COMMAND, *command, file, "--vintage", "2024-01"], cwd=tmp_path, preexec_fn=lowered,
        env=os.environ | {"OFFICER_ASSAULTS_ROOT": str(root)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "cannot be written (Permission denied). Nothing was changed." in blamed(done)
    assert "\n" not in blamed(done)
    for path in inside:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert {path: path.read_bytes() for path in (root / "data").rglob("*") if path.is_file()} == (
        held
    )


@pytest.mark.parametrize(
    "arguments",
    [("template", "crewing", "new"), (*FIT, "roster.csv"), ("crewing", "map", "roster.csv"),
     ("data", "list"), ("--version",)],
    ids=lambda arguments: " ".join(arguments[:2]),
)  # fmt: skip
def test_a_user_without_home_and_without_an_entry_is_served(roster, tmp_path, arguments):
    """As in a container that runs under any number."""
    nobody = "import pwd\ndef none(*_): raise KeyError('no entry')\npwd.getpwuid = none\n"
    (tmp_path / "sitecustomize.py").write_text(nobody)
    without = {key: value for key, value in os.environ.items()
               if key not in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME")}  # fmt: skip
    without |= {"PYTHONPATH": str(tmp_path), "OFFICER_ASSAULTS_ROOT": str(ROOT)}
    done = subprocess.run([COMMAND, *arguments], cwd=tmp_path, env=without,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, 2), done.stderr
    assert "no entry" not in done.stdout + done.stderr


def test_a_site_on_a_full_disk_is_one_line_and_the_next_is_whole(tmp_path):
    """Full at the first file, and in the middle."""
    reports = tmp_path / "tree" / "reports" / "kent"
    reports.mkdir(parents=True)
    for number in (1, 2):
        result = {"notebook": f"0{number}_x", "scope": "kent", "findings": [], "title": "X"}
        (reports / f"0{number}_x.json").write_text(json.dumps(result))
        (reports / f"0{number}_x.html").write_text("<html>" + "x" * 200_000 + "</html>")
    for name in ("data", "notebooks"):
        (tmp_path / "tree" / name).symlink_to(ROOT / name)
    root = {"OFFICER_ASSAULTS_ROOT": str(tmp_path / "tree")}
    for limit in (300, 100_000):
        said = blamed(call("site", "out", cwd=tmp_path, size=limit, **root))
        assert said.startswith("P311")
        assert not list(tmp_path.rglob(".half-written-*"))
    done = call("site", "out", cwd=tmp_path, **root)
    assert done.returncode == 0, done.stderr


def test_a_batch_runs_where_the_folder_of_temporary_files_is_long_and_quoted(tmp_path):
    place = tmp_path / ("o'neill's " + "l" * 140)
    place.mkdir()
    root = tmp_path / "it's" / "tree"
    tree.plant(root, {"01_scoped": tree.good()})
    done = subprocess.run(
        [sys.executable, str(PIPELINE / "driver.py"), str(root)], cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(place), "TREE_PLACES": "north"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(place.iterdir()) == []
