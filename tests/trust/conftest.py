"""The export of canaries, and the real pipeline run on it."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from canaries import ROOT, SHORT, USER, Tree, canary_cells, write_export

from officer_assaults.topics.crewing.simulator.params import ForceParams


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust")
    root = folder / "tree"
    for name in ("notebooks", "data"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, root / name)
    home = folder / USER
    home.mkdir()
    return Tree(root, home)


@pytest.fixture(scope="session")
def cells():
    """A year in one row per stratum."""
    return canary_cells(replace(ForceParams(), periods=0))


@pytest.fixture(scope="session")
def quarters():
    """Four quarters, which planning needs, of two beats in each area, to be quick."""
    return canary_cells(ForceParams(), beats=2)


@pytest.fixture(scope="session")
def reported(tree, quarters):
    """The tree after both crewing reports were made of the export, as a run and a site too."""
    path = write_export(tree.home / "exports", quarters)
    made = tree.run("crewing", "report", str(path), "--name", "kept", "--set", SHORT)
    assert made.returncode == 0, made.stdout + made.stderr
    gathered = tree.run("site", "site")
    assert gathered.returncode == 0, gathered.stderr
    return tree
