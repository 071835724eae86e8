"""A small tree under the real command line."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

import notebook_tree as tree

from officer_assaults.cli import main, output
from officer_assaults.cli import project as project_


@pytest.fixture
def built(monkeypatch):
    """Folders that an index page was built for; pages at a glance are those of the real forces."""
    folders = []

    def build_index(folder, judging=None):
        folders.append(folder)
        path = folder / "index.html"
        path.write_text("index")
        return path

    def glance_pages(project, scopes=(), *, folder=None, judging=None):
        for scope in scopes:
            path = (folder or project.reports) / scope / "index.html"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"{scope} at a glance")

    monkeypatch.setattr(output, "build_index", build_index)
    monkeypatch.setattr(output, "glance_pages", glance_pages)
    return folders


@pytest.fixture
def project(tmp_path, monkeypatch, built):
    notebooks = {"01_scoped": tree.good(), "02_national": tree.good(tree.NATIONAL)}
    planted = tree.plant(tmp_path, notebooks)
    monkeypatch.setattr(project_, "load", lambda: planted)
    return planted


@pytest.fixture
def run():
    def invoke(*arguments, code=0):
        result = CliRunner().invoke(main, arguments, catch_exceptions=True)
        assert "Traceback" not in result.output
        if code is not None:
            assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke
