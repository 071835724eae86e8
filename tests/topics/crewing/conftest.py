"""Shared pieces of the crewing tests."""

import shutil
from dataclasses import replace

import pytest
from crewing_runs import HERE, SEED

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import ForceParams


@pytest.fixture
def export(tmp_path):
    """Thirty made-up cells and their sidecar, which a test may change."""
    for name in ("cells.csv", "cells.csv.meta.yml"):
        shutil.copy(HERE / name, tmp_path / name)
    return tmp_path / "cells.csv"


@pytest.fixture
def refused():
    """Call something and return the refusal that it must raise."""

    def call(function):
        with pytest.raises(Refusal) as caught:
            function()
        return caught.value

    return call


@pytest.fixture(scope="session")
def baseline_cells():
    """One simulated force-year without a calendar."""
    return simulate_crew_cells(replace(ForceParams(), periods=0), SEED)[0]


@pytest.fixture(scope="session")
def baseline(baseline_cells):
    """The same, ready for models."""
    return prepare(baseline_cells)
