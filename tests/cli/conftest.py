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
    """Folders that an index page was built for."""
    folders = []

    def build_index(folder, judging=None):
        folders.append(folder)
        path = folder / "index.html"
        path.write_text("index")
        return path

    monkeypatch.setattr(output, "build_index", build_index)
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
