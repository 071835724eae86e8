"""A project of its own in a temporary folder, with the tracked data and nothing else."""

import shutil

import pytest

from officer_assaults import paths
from officer_assaults.refusals import Refusal


@pytest.fixture
def own_project(tmp_path, monkeypatch):
    """Copy of ``data/`` that a test may change."""
    root = tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(paths.data_dir(), root / "data")
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(root))
    return root


@pytest.fixture
def refused():
    """Call something and return the refusal that it must raise."""

    def call(function):
        with pytest.raises(Refusal) as caught:
            function()
        return caught.value

    return call
