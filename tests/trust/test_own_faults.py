"""Faults of the machine are named as its own, in one line, and no file of the user is blamed."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from officer_assaults.pipeline import run, workers
from officer_assaults.topics.crewing.intake import keys

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


@pytest.mark.parametrize("folder", ["o'neill", "two words", "ümlaut", "l" * 150])
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
    root = {"OFFICER_ASSAULTS_ROOT": str(Path(__file__).parents[2])}
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
