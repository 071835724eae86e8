"""A project of its own that hostile files are brought to, and what must hold of every outcome."""

import shutil

import pytest
from outcomes import Trial

from officer_assaults import paths


@pytest.fixture(scope="module")
def own_project(tmp_path_factory):
    """Copy of ``data/`` in a project without notebooks; the same for all inputs of a module."""
    root = tmp_path_factory.mktemp("hostile") / "project"
    (root / "notebooks").mkdir(parents=True)
    shutil.copytree(paths.data_dir(), root / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.ROOT_VARIABLE, str(root))
        yield root


@pytest.fixture
def trial(own_project, tmp_path, record_property):
    """Counts what was tried, and hands the numbers to the summary of the run."""
    counted = Trial(own_project, tmp_path)
    yield counted
    record_property("hostile", counted.as_dict())
