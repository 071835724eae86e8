"""Commands killed at any moment: the next one finishes, with the same bytes, and sweeps."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import mutations
import pytest
import targets
from outcomes import runs

from officer_assaults import paths
from officer_assaults.files import TEMPORARY_PREFIX

PIPELINE = Path(__file__).parents[1] / "pipeline"
sys.path.insert(0, str(PIPELINE))

import notebook_tree as tree  # noqa: E402

MAIN = "from officer_assaults.cli import main; main()"
CELLS = Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv"


def batch(root):
    """Two scopes, two notebooks."""
    tree.plant(root, {"01_scoped": tree.good(), "02_national": tree.good(tree.NATIONAL)})
    return [str(PIPELINE / "driver.py"), str(root)]


def imported(root):
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(paths.data_dir(), root / "data")
    target = targets.TARGETS[0]
    file = root / "prc.csv"
    file.write_bytes(targets.content(target, ".csv", target.rows(), mutations.Calm()))
    return ["-c", MAIN, "import", "home-office", str(file), "--vintage", "2024-01"]


def mapped(root):
    root.mkdir(parents=True)
    shutil.copy(CELLS, root / "cells.csv")
    return ["-c", MAIN, "crewing", "map", str(root / "cells.csv")]


def finish(command, root, place, seconds=None):
    """Run a command, or kill it and all its children after so many seconds."""
    environment = os.environ | {
        "OFFICER_ASSAULTS_ROOT": str(root), "TMPDIR": str(place), "TREE_PLACES": "north south",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, *command], cwd=root, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None
    return process.returncode, said


def snapshot(root):
    """Bytes of what is kept; clock times stand in the state of a batch alone."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".state" not in path.parts and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("prepare", [batch, imported, mapped], ids=lambda step: step.__name__)
def test_a_killed_command_is_made_good_by_the_next(tmp_path, prepare):
    whole, place = tmp_path / "0" / "whole", tmp_path / "t"
    place.mkdir()
    command = prepare(whole)
    started = time.monotonic()
    code, said = finish(command, whole, place)
    took = time.monotonic() - started
    assert code in (0, 2), said
    rng = random.Random(20)
    for moment in range(1, 1 + runs(1, 50)):
        root = tmp_path / str(moment) / "whole"
        command = prepare(root)
        before = finish(command, root, place, rng.uniform(0.1, 0.95) * took)
        done = snapshot(root) == snapshot(whole)
        after = finish(command, root, place)
        if before is None and not done:
            assert after[0] == code, after[1]
        assert "Traceback" not in after[1]
        kept = snapshot(root)
        assert kept.keys() == snapshot(whole).keys()
        different = [name for name, data in snapshot(whole).items() if kept[name] != data]
        assert different == []
        assert not list(root.rglob(f"{TEMPORARY_PREFIX}*"))
        left = [path for path in place.rglob("*") if path.suffix in (".csv", ".parquet", ".yml")]
        assert left == []
        shutil.rmtree(root.parent)
