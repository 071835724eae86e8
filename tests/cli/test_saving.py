"""Saving in JupyterLab: what git stores, what it shows, and what a batch leaves out."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import notebook_tree as tree
import pytest
from click.testing import CliRunner

from officer_assaults import paths
from officer_assaults.cli import main


def _git(root, *arguments):
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path):
    """A repository with the settings that `make lab` makes, JupyterLab left out."""
    root = tmp_path / "clone"
    root.mkdir()
    _git(root, "init", "-q")
    (root / ".gitattributes").write_text((paths.project_root() / ".gitattributes").read_text())
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    makefile = (paths.project_root() / "Makefile").read_text()
    makefile = re.sub(r"(?m)^\t@\$\(BIN\)/jupyter lab", "\t@echo lab", makefile)
    (root / "Makefile").write_text(makefile)
    folder = Path(sys.executable).parent
    command = ["make", "lab", f"BIN={folder}", "SELF=", "CORE=", "FULL=", "ARGS=--port 9999"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, check=True, env=outside
    )
    assert done.stdout.strip().endswith("--port 9999")
    return root


def test_git_stores_and_shows_notebooks_without_outputs(repository):
    nb = tree.good()
    path = repository / "01_one.ipynb"
    path.write_text(json.dumps(nb, indent=1) + "\n")
    _git(repository, "add", ".")
    before = _git(repository, "show", ":01_one.ipynb")
    nb.cells[2].outputs = [nbformat.v4.new_output("stream", text="a path of /home/somebody")]
    nb.cells[2].execution_count = 7
    nb.cells[2].metadata["scrolled"] = True
    nb.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    path.write_text(json.dumps(nb, indent=1) + "\n")
    _git(repository, "add", ".")
    stored = _git(repository, "show", ":01_one.ipynb")
    assert stored == before
    assert [cell["id"] for cell in json.loads(stored)["cells"]] == [cell.id for cell in nb.cells]


BROKEN = ["<<<<<<< HEAD\n{}\n=======\n>>>>>>> other\n", "{", "[1]", ""]


def test_a_broken_notebook_kills_no_diff(repository):
    path = repository / "01_one.ipynb"
    path.write_text(json.dumps(tree.good()) + "\n")
    _git(repository, "add", ".")
    path.write_text(BROKEN[0])
    assert "diff --git" in _git(repository, "diff")
    _git(repository, "add", ".")
    assert _git(repository, "show", ":01_one.ipynb") == BROKEN[0]


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_notebook_is_stored_as_it_stands(content):
    """The filter that git calls; it calls it once for each file and each look at one."""
    done = CliRunner().invoke(main, ["clean-notebook"], input=content)
    assert (done.exit_code, done.stdout) == (0, content)


def test_a_stray_notebook_is_named_and_left_out(project, run):
    tree.plant(project.root, {"Untitled": nbformat.v4.new_notebook()})
    tree.plant(project.root, {"01_scoped-Copy1": tree.good()})
    done = run("reports")
    assert "Left out: Untitled.ipynb" in done.stderr
    assert "Left out: 01_scoped-Copy1.ipynb" in done.stderr
    assert "Made 2 reports" in done.output


def test_an_absent_kernel_is_found_before_the_run(project, run):
    other = tree.good(tree.NATIONAL)
    other.metadata.kernelspec = {"name": "conda-env-police-py", "language": "python"}
    tree.plant(project.root, {"03_other": other})
    assert (
        "P104 03_other.ipynb: the kernel is 'conda-env-police-py'" in run("reports", code=2).stderr
    )
    assert tree.snapshot(project) == {}
