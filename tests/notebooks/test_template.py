"""Docs that a researcher follows: the template becomes a report, the worked example runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from officer_assaults import paths
from officer_assaults.pipeline import notebooks

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "docs" / "template.ipynb"
GUIDE = ROOT / "docs" / "from-question-to-notebook.md"
NEW = "11_largest_quarter"
TITLE = "Which quarter has the most?"


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """A project of its own with one existing report and the template under a new number."""
    root = tmp_path_factory.mktemp("copied") / "project"
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(paths.data_dir(), root / "data")
    shutil.copy(ROOT / "requirements.lock", root)
    shutil.copy(ROOT / "notebooks" / "03_severity.ipynb", root / "notebooks")
    shutil.copy(TEMPLATE, root / "notebooks" / f"{NEW}.ipynb")
    return root


def command(root, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != paths.ROOT_VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", "from officer_assaults.cli import main; main()", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_copied_template_is_a_report_like_any_other(copied):
    """The template, copied, is planned, made, listed and linked like any other report."""
    assert "2 notebooks are in order" in command(copied, "check-notebooks")
    planned = command(copied, "reports", "--dry-run")
    assert f"thames-valley/{NEW}: never made" in planned
    command(copied, "reports", "--notebook", NEW, "--jobs", "1")
    folder = copied / "reports" / "thames-valley"
    found = json.loads((folder / f"{NEW}.json").read_text())
    assert found["findings"][0]["id"] == "quarters.largest_share"
    index = (copied / "reports" / "index.html").read_text()
    assert f'href="thames-valley/{NEW}.html"' in index
    page = (folder / f"{NEW}.html").read_text()
    assert TITLE in page
    # The report before it in reading order, and that one's link forward to the new report.
    assert 'href="07_justice.html"' in page
    gap = (folder / "07_justice.html").read_text()
    assert "Not built" in gap or "not built" in gap


def test_its_neighbours_are_made_again_when_it_comes(copied):
    """A page links to the reports beside it, so they are inputs of it."""
    code = (
        "from officer_assaults.cli import project; from officer_assaults.pipeline.plan import "
        "make_plan; print({r.key: r.inputs.notebook for r in make_plan(project.load()).runs})"
    )

    def hashes():
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=copied, capture_output=True, text=True, check=True
        )
        return eval(done.stdout)

    before = hashes()
    hidden = (copied / "notebooks" / f"{NEW}.ipynb").rename(copied / "kept.ipynb")
    after = hashes()
    hidden.rename(copied / "notebooks" / f"{NEW}.ipynb")
    key = "thames-valley/03_severity"
    assert before[key] != after[key]


def test_the_template_itself_is_no_report():
    assert notebooks.check(TEMPLATE) == []
    assert TEMPLATE not in notebooks.find(ROOT / "notebooks")


def test_the_worked_example_runs():
    """The model and the test of the guide, as they stand in it."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    model, test = blocks[:2]
    space = {}
    exec(compile(model, "model", "exec"), space)
    exec(compile(test.replace("from officer_assaults.stats.quarters", "#"), "test", "exec"), space)
    ran = [name for name in space if name.startswith("test_")]
    assert ran
    for name in ran:
        space[name]()
