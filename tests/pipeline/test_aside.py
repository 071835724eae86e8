"""Work on all cores: everything is done once, and what fails is told."""

import subprocess
import sys

import pytest

from officer_assaults.pipeline import aside
from officer_assaults.pipeline.workers import cores

CODE = """
import os, sys
from pathlib import Path
from officer_assaults.pipeline import aside
folder = Path(sys.argv[1])
aside.each(lambda name: (folder / f"{name}").write_text(str(os.getpid())), list(range(20)))
"""


def test_everything_is_done_once_by_as_many_processes_as_cores(tmp_path):
    subprocess.run([sys.executable, "-c", CODE, str(tmp_path)], check=True)
    made = {int(path.name): path.read_text() for path in tmp_path.iterdir()}
    assert sorted(made) == list(range(20))
    wanted = min(cores(), 20) if sys.platform == "linux" else 1
    assert len(set(made.values())) == wanted


def test_what_a_copy_fails_to_do_is_told_here(monkeypatch):
    monkeypatch.setattr(aside, "unforkable", lambda: None)
    with pytest.raises(ZeroDivisionError):
        aside.each(lambda number: 1 / (number - 1), list(range(20)))
