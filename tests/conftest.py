"""Settings that must be there before numpy is imported, a quick choice of tests, and a summary."""

import csv
import gc
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import hypothesis
import pytest

from officer_assaults import compiled
from officer_assaults.files import write_atomic
from officer_assaults.pipeline import lean  # noqa: F401 -- before what imports jsonschema
from officer_assaults.pipeline.inputs import fits, read_json

# Tests run side by side: threads inside one process would fight the other processes.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")


# Tests with full disks may cut off what Python compiles, here as with users.
compiled.mend()

# A shell ignores Ctrl-C for what runs in the background, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no fault of the code: no test has a time limit.
# A change is red for what it changes; new examples are drawn in full runs.
SAME = os.environ.get("OFFICER_ASSAULTS_RUNS") != "full"
hypothesis.settings.register_profile("project", deadline=None, derandomize=SAME)
hypothesis.settings.load_profile("project")

#: Seconds of call and of set-up of each test when the whole suite was last timed.
DURATIONS = Path(__file__).with_name("durations.json")
#: A run of fewer made-up inputs is a part of the suite and leaves the table in docs alone.
LEAST_INPUTS = 10_000


#: Variables that this project, its tests or the library read; others are set by imports.
OWN = ("OFFICER_ASSAULTS_", "TREE_", "TMPDIR", "HOME", "TZ", "PATH", "PYTHONPATH", "LC_", "LANG")


def _shared_state():
    """What all tests of a process share and any of them could change."""
    return {
        "variables": {name: value for name, value in os.environ.items() if name.startswith(OWN)},
        "folder": Path.cwd(),
        "temporary files": tempfile.tempdir,
        "longest cell": csv.field_size_limit(),
        "recursion": sys.getrecursionlimit(),
    }


@pytest.fixture(autouse=True)
def _process_as_it_was():
    """Give the next test the process as this one found it, whatever the order of the two."""
    before = _shared_state()
    yield
    for name in [name for name in os.environ if name.startswith(OWN)]:
        if name not in before["variables"]:
            del os.environ[name]
    os.environ.update(before["variables"])
    os.chdir(before["folder"])
    tempfile.tempdir = before["temporary files"]
    csv.field_size_limit(before["longest cell"])
    sys.setrecursionlimit(before["recursion"])


@pytest.fixture(scope="session", autouse=True)
def _tables_are_typed_once():
    """Have copies of ``data/`` that tests make take the frames of the files that they equal.

    What a table holds is decided by its file, its sidecar, and the forces that it may name.
    """
    from officer_assaults import paths
    from officer_assaults.data import tables

    typed, known = tables._loaded.__wrapped__, {}

    @lru_cache(maxsize=64)
    def loaded(name, trusted, path, *state):
        beside = path.with_name(path.name + tables.SIDECAR)
        read = (path, beside, paths.data_dir() / "forces.csv")
        content = tuple(one.read_bytes() if one.is_file() else None for one in read)
        key = (name, trusted, *content)
        if key not in known:
            known[key] = typed(name, trusted, path, *state)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "_loaded", loaded)
        yield


@pytest.fixture(scope="session")
def standard_reports(tmp_path_factory, worker_id):
    """Folder of the reports that ``make reports`` makes, without the pages that gather them.

    Those of the tree are taken where they are fresh; the others are made once for all processes.
    """
    from officer_assaults import paths
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline import workers
    from officer_assaults.pipeline.batch import run_batch
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.pipeline.plan import make_plan

    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    folder, done = shared / "standard-reports", shared / "standard-reports.done"
    with locked(shared / "standard-reports.lock", lambda holder: None):
        if not done.exists():
            for part in (project_.FOCUS_FORCE, project_.NATIONAL, ".state"):
                if (paths.reports_dir() / part).is_dir():
                    shutil.copytree(paths.reports_dir() / part, folder / part)
            project = replace(project_.load(), reports=folder)
            plan = make_plan(project)
            if plan.stale:
                run_batch(project, plan, workers.choose(project, plan))
            done.touch()
    return folder


def pytest_addoption(parser):
    parser.addoption(
        "--within", type=float, help="run the quickest tests, this many seconds' worth"
    )
    parser.addoption("--record-durations", action="store_true", help="time the tests anew")


def pytest_sessionstart():
    """Look through nothing while all tests are imported: what that makes stays until the end."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Begin with the longest files; with a budget, keep the quickest tests that fit.

    A test that was never timed counts as quick.
    """
    budget = config.getoption("--within")
    known = _timed(needed=budget is not None)
    if budget is None:
        _longest_files_first(items, known)
        return
    slow = [item for item in items if _is_marked_slow(item) and item.nodeid not in known]
    timed = sorted(
        (item for item in items if item not in slow),
        key=lambda item: sum(known.get(item.nodeid, (0, 0))),
    )
    kept, left, ready = set(), budget, set()
    for item in timed:
        call, setup = known.get(item.nodeid, (0.0, 0.0))
        # What one test of a file sets up, others of the file find there.
        cost = call + (0.0 if item.path in ready else setup)
        if cost <= left:
            kept.add(item.nodeid)
            ready.add(item.path)
            left -= cost
    dropped = [item for item in items if item.nodeid not in kept]
    items[:] = [item for item in items if item.nodeid in kept]
    config.hook.pytest_deselected(items=dropped)


def pytest_collection_finish():
    """Leave what the import of all tests made alone: looking through it takes half a second."""
    gc.collect()
    gc.freeze()
    gc.enable()


def _timed(*, needed):
    """Seconds of each test for itself and its set-up, as they were last timed."""
    known = read_json(DURATIONS, {str: _is_timed})
    if known is None and needed and DURATIONS.is_file():
        what = f"tests/{DURATIONS.name} is damaged: git checkout tests/{DURATIONS.name}"
        raise pytest.UsageError(what)
    return known or {}


def _is_timed(pair):
    return fits(pair, [(int, float)]) and len(pair) == 2


def _longest_files_first(items, known):
    """Files go whole to one process, so that what a file sets up is set up once; see Makefile."""
    calls, setups = defaultdict(float), defaultdict(float)
    for item in items:
        call, setup = known.get(item.nodeid, (0.0, 0.0))
        calls[item.path] += call
        setups[item.path] = max(setups[item.path], setup)
    items.sort(key=lambda item: (-calls[item.path] - setups[item.path], str(item.path)))


def _is_marked_slow(item):
    return any(item.get_closest_marker(name) for name in ("slow", "browser"))


def _record_durations(terminalreporter):
    spent = defaultdict(lambda: [0.0, 0.0])
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) in ("setup", "call"):
                spent[report.nodeid][report.when == "setup"] += report.duration
    by_file = defaultdict(float)
    for name, (_, setup) in spent.items():
        file = name.partition("::")[0]
        # A fixture with parameters is set up once for each of them.
        by_file[file] += setup
    rows = {
        name: [round(call, 2), round(by_file[name.partition("::")[0]], 2)]
        for name, (call, _) in sorted(spent.items())
    }
    write_atomic(DURATIONS, json.dumps(rows, indent=0) + "\n")


def pytest_terminal_summary(terminalreporter):
    """Say how many made-up inputs each reader was given; a full run keeps the numbers in docs."""
    if terminalreporter.config.getoption("--record-durations"):
        _record_durations(terminalreporter)
    tried = [
        dict(report.user_properties)["hostile"]
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown" and "hostile" in dict(report.user_properties)
    ]
    if not tried:
        return
    lines = ["reader,inputs,accepted,refused,codes"]
    for row in sorted(tried, key=lambda row: row["reader"]):
        counts = f"{row['inputs']},{row['accepted']},{row['refused']}"
        lines.append(f'"{row["reader"]}",{counts},{" ".join(row["codes"])}')
    total = sum(row["inputs"] for row in tried)
    terminalreporter.write_line(f"Hostile input: {total:,} inputs to {len(tried)} readers.")
    full = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full" and total >= LEAST_INPUTS
    if full and not terminalreporter.stats.get("failed"):
        page = Path(__file__).parents[1] / "docs" / "hostile-inputs.csv"
        page.write_text("\n".join(lines) + "\n", encoding="utf-8")
