"""State that a batch left on disk, spoilt: the next batch makes more than it must, never less."""

import json
import shutil
import sys
from pathlib import Path

import mutations
import pandas as pd
import pytest
from hypothesis import given
from outcomes import runs
from test_hostile_tables import RANDOM, tries

from officer_assaults.data import cache
from officer_assaults.pipeline import batch
from officer_assaults.pipeline.plan import make_plan
from officer_assaults.pipeline.results import read_failures, read_reports
from officer_assaults.pipeline.run import CELL_ERROR, CONTRACT_BROKEN, OK, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

import notebook_tree as tree

PAGE = b"<p>page</p>"
REPORT = {"notebook": "x", "scope": "north", "findings": [{"id": "items", "value": 1.5}]}


def finish(project, plan):
    """Save every stale run but one of a batch, which fails."""
    batch._keep_manifests(project, plan)
    content = json.dumps(REPORT).encode()
    for run in plan.stale:
        outcome = CELL_ERROR if run.scope == "south" else OK
        batch.save(project, run, Result(run.key, outcome, PAGE, content, error="x"))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project whose batch is done: two runs fresh, one failed."""
    root = tmp_path_factory.mktemp("state") / "project"
    notebooks = {"01_scoped": tree.good(), "02_national": tree.good(tree.NATIONAL)}
    project = tree.plant(root, notebooks)
    finish(project, make_plan(project, scopes=["all"]))
    history = {"runs": {"north/01_scoped": {"seconds": 1.5}}, "last": {"made": 1}}
    (project.state / "manifest.json").write_text(json.dumps(history))
    return project


def spoil(path, rng):
    """Another value of the same kind of file, other bytes, or no file at all."""
    kind = rng.randint(0, 9)
    if kind == 0:
        mutations.put_elsewhere(path, rng)
    elif kind < 4:
        path.write_bytes(mutations.spoil_bytes(path.read_bytes(), rng))
    else:
        value = mutations.spoil_value(json.loads(path.read_bytes()), rng)
        path.write_text(json.dumps(value, allow_nan=True))


def test_spoilt_state_is_made_again(finished, tmp_path, record_property):
    counted = {"reader": "state of the batch", "inputs": 0, "accepted": 0, "refused": 0}

    @tries(30, 500)
    @given(rng=RANDOM)
    def each(rng):
        root = tmp_path / "project"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(finished.root, root)
        project = tree.describe(root)
        files = sorted([*project.state.rglob("*.json"), *project.reports.glob("*/*.json")])
        spoilt = rng.choice(files)
        gone = project.reports / "everywhere" / "02_national.html"
        gone.unlink()
        spoil(spoilt, rng)

        plan = make_plan(project, scopes=["all"])
        stale = {run.key for run in plan.stale}
        assert {"everywhere/02_national", "south/01_scoped"} <= stale, spoilt
        assert len(batch._longest_first(project, plan.runs)) == len(plan.runs) == 3
        read_reports(project.reports)
        read_failures(project.reports)
        for run in plan.stale:
            result = batch.save(project, run, Result(run.key, OK, PAGE, b"{}"))
            assert result.outcome in (OK, CONTRACT_BROKEN), result
        counted["inputs"] += 1
        counted["accepted" if len(stale) == 2 else "refused"] += 1

    each()
    assert counted["inputs"] >= runs(30, 500)
    assert counted["refused"] > 0
    record_property("hostile", {**counted, "codes": []})


def two(size):
    return pd.DataFrame({"x": range(size), "word": ["a"] * size})


def test_spoilt_results_are_computed_again(tmp_path, monkeypatch, record_property):
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path / "cache"))
    right = cache.cached(two, 3)
    (path,) = (tmp_path / "cache").rglob("output.pkl")
    content, tried = path.read_bytes(), 0

    @tries(30, 300)
    @given(rng=RANDOM)
    def each(rng):
        nonlocal tried
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
        path.write_bytes(mutations.spoil_bytes(content, rng))
        if not rng.randint(0, 9):
            mutations.put_elsewhere(path, rng)
        pd.testing.assert_frame_equal(cache.cached(two, 3), right)
        tried += 1

    each()
    counted = {"reader": "kept results", "inputs": tried, "accepted": tried, "refused": 0}
    record_property("hostile", {**counted, "codes": []})
