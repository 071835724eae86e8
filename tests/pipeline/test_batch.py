"""The batch under every fault: nothing lost, nothing half written, the same bytes in the end."""

import contextlib
import io
import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import notebook_tree as tree
import psutil
import pytest

from officer_assaults.files import TEMPORARY_PREFIX, sha256
from officer_assaults.pipeline import cluster, engines, forked
from officer_assaults.pipeline.batch import run_batch
from officer_assaults.pipeline.engines import TIMED_OUT
from officer_assaults.pipeline.plan import make_plan
from officer_assaults.pipeline.progress import Progress, failure_table
from officer_assaults.pipeline.run import (
    CELL_ERROR,
    CONTRACT_BROKEN,
    KERNEL_DIED,
    OK,
    Limits,
    Result,
)
from officer_assaults.pipeline.workers import LocalWorkers
from officer_assaults.refusals import Refusal

PLACES = [f"place-{number}" for number in range(3)]
REPORTS = len(PLACES) + 1
# Slow enough to be caught half way, where a test waits for that; at once where none does.
SLOW = 'import os, time; time.sleep(float(os.environ.get("TREE_PAUSE", "0.6")))'
READS_DATA = (
    'import pathlib; text = pathlib.Path(os.environ["TREE_ROOT"], "data/counts.csv").read_text()\n'
    'record("counts", float(text.split()[1]))'
)


@pytest.fixture(autouse=True)
def places(monkeypatch):
    """Three scopes; processes that tests start learn of them from the environment."""
    monkeypatch.setenv("TREE_PLACES", " ".join(PLACES))


def _slow_tree(folder):
    nb = tree.notebook(
        tree.HELPERS, SLOW, tree.HEADLINE, READS_DATA,
        parameters=tree.PARAMETERS.replace('"north"', '"place-0"'),
    )  # fmt: skip
    options = {"environment": {"TREE_ROOT": "{root}"}}
    return tree.plant(folder, {"01_slow": nb, "02_quick": tree.good(tree.NATIONAL)}, **options)


def _driver(project, *options, **environment):
    script = tree.HERE / "driver.py"
    return subprocess.Popen(
        [sys.executable, str(script), str(project.root), *options],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def _undisturbed(project):
    """Number of reports that a batch makes which nobody catches half way."""
    plan = make_plan(project, scopes=["all"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TREE_PAUSE", "0")
        batch = run_batch(project, plan, LocalWorkers(1))
    assert batch.failures == ()
    return len(plan.stale)


def _finish(process, code=0, seconds=600):
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == code, out + err
    assert "Traceback" not in err
    return out


def _lines(out, word):
    return [line for line in out.splitlines() if line.startswith(word)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What a batch writes when nothing goes wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TREE_PLACES", " ".join(PLACES))
        project = _slow_tree(tmp_path_factory.mktemp("undisturbed"))
        assert _undisturbed(project) == REPORTS
        return tree.snapshot(project)


def _assert_whole(project):
    """Every file is complete, and no stamp stands for a report that is not there."""
    assert not list(project.reports.rglob(f"{TEMPORARY_PREFIX}*"))
    for path in project.reports.glob("[!.]*/*.json"):
        json.loads(path.read_text())
        assert path.with_suffix(".html").read_text().endswith("</html>")
    for stamp in (project.state / "stamps").glob("*/*.json"):
        for name in json.loads(stamp.read_text())["outputs"]:
            assert (project.reports / stamp.parent.name / name).is_file()


def _wait_for_reports(process, number):
    for _ in range(number):
        _wait_for_line(process, OK)


def _wait_for_first_process(process):
    _wait_for_line(process, "stale")
    batch = psutil.Process(process.pid)
    while not any("multiprocessing.forkserver" in _command(p) for p in batch.children()):
        assert process.poll() is None
        time.sleep(0.01)


def _command(process):
    """What a process was started with; nothing where it has ended meanwhile."""
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _wait_for_line(process, word):
    while not process.stdout.readline().startswith(word):
        assert process.poll() is None


@pytest.mark.parametrize("finished", [0, 2], ids=["while it starts", "half way"])
def test_ctrl_c_loses_nothing(tmp_path, undisturbed, finished):
    """Ctrl-C keeps what is finished, ends every process, and the next batch makes the rest only."""
    project = _slow_tree(tmp_path)
    process = _driver(project)
    _wait_for_reports(process, finished) if finished else _wait_for_first_process(process)
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # As a terminal does it: to all in the foreground.
    _finish(process, code=130)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []
    _assert_whole(project)
    made = tree.snapshot(project)
    assert 2 * finished <= len(made) < len(undisturbed)
    assert _undisturbed(project) == REPORTS - len(made) // 2
    assert tree.snapshot(project) == undisturbed


def test_a_killed_batch_leaves_no_process_and_no_half_file(tmp_path, undisturbed):
    project = _slow_tree(tmp_path)
    process = _driver(project, "--processes", "2")
    _wait_for_line(process, OK)
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
    (project.reports / "place-0" / f"{TEMPORARY_PREFIX}x").parent.mkdir(exist_ok=True)
    (project.reports / "place-0" / f"{TEMPORARY_PREFIX}x").write_text("half")
    _undisturbed(project)
    _assert_whole(project)
    assert tree.snapshot(project) == undisturbed


def test_two_batches_at_once_do_the_work_once(tmp_path, undisturbed):
    project = _slow_tree(tmp_path)
    outs = [_finish(process) for process in (_driver(project), _driver(project))]
    assert sorted(len(_lines(out, OK)) for out in outs) == [0, REPORTS]
    assert sum("waiting" in out for out in outs) == 1
    assert tree.snapshot(project) == undisturbed


def test_a_full_disk_breaks_runs_and_no_file(tmp_path, undisturbed):
    """Runs that could not be written are told, and no half file stands for a report."""
    project = _slow_tree(tmp_path)
    out = _finish(_driver(project, "--full-after", "2", TREE_PAUSE="0"), code=1)
    assert len(_lines(out, OK)) == 2
    broken = _lines(out, CONTRACT_BROKEN)
    assert len(broken) == REPORTS - 2
    assert all("could not be written: File too large" in line for line in broken)
    _assert_whole(project)
    assert len(tree.snapshot(project)) == 4
    assert _undisturbed(project) == REPORTS - 2
    assert tree.snapshot(project) == undisturbed


def _kernel_of(process):
    """A kernel at work: what the fork server of a batch has forked."""
    while True:
        for one in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.Error, IndexError):
                if "pipeline.forkserver" in _command(one):
                    return one.children()[0]
        time.sleep(0.01)


def test_a_kernel_killed_from_outside_costs_its_run_only(tmp_path, undisturbed):
    """Other runs end as if nothing had happened, and the next batch makes the one that died."""
    project = _slow_tree(tmp_path)
    process = _driver(project)
    _wait_for_line(process, OK)
    _kernel_of(process).kill()
    (died,) = _lines(_finish(process, code=1), KERNEL_DIED)
    assert died.endswith(" SIGKILL")
    _assert_whole(project)
    assert len(tree.snapshot(project)) == len(undisturbed) - 1  # The executed copy, not two files.
    assert _undisturbed(project) == 1
    assert tree.snapshot(project) == undisturbed


def test_a_killed_worker_process_costs_nothing(tmp_path, undisturbed):
    project = tree.describe(_slow_tree(tmp_path).root, environment={"TREE_ROOT": "{root}"})
    killed = []

    def kill_one(result):
        if not killed:
            killed.append(min(p.pid for p in multiprocessing.active_children()))
            os.kill(killed[0], signal.SIGKILL)

    batch = run_batch(
        project, make_plan(project, scopes=["all"]), LocalWorkers(2), finished=kill_one
    )
    assert killed
    assert [result.outcome for result in batch.results] == [OK] * REPORTS
    assert tree.snapshot(project) == undisturbed


@pytest.mark.parametrize(("engine", "gathered"), [(engines.FORKED, True), (engines.STOCK, False)])
def test_what_is_gathered_last_finds_every_report(tmp_path, monkeypatch, engine, gathered):
    (tmp_path / "gathering.py").write_text(
        "from pathlib import Path\n"
        "def all_of(reports):\n"
        "    found = sorted(path.name for path in Path(reports).glob('*/*.html'))\n"
        "    Path(reports, 'found.txt').write_text(' '.join(found))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    notebooks = {"01_one": tree.good(tree.NATIONAL), "02_two": tree.good(tree.NATIONAL)}
    project = tree.plant(tmp_path / "tree", notebooks)
    workers = LocalWorkers(2, engine)
    batch = run_batch(project, make_plan(project), workers, gather="gathering:all_of")
    assert batch.gathered is gathered
    if gathered:
        assert (project.reports / "found.txt").read_text() == "01_one.html 02_two.html"


def test_a_run_that_takes_its_worker_with_it_is_found(tmp_path):
    project = tree.plant(
        tmp_path,
        {
            "01_good": tree.good(tree.NATIONAL),
            "02_deadly": tree.good(tree.NATIONAL, title="Deadly"),
        },
        render="simple_page:render_deadly",
    )
    batch = run_batch(project, make_plan(project), LocalWorkers(2))
    outcomes = {result.key: result.outcome for result in batch.results}
    assert outcomes == {"everywhere/01_good": OK, "everywhere/02_deadly": KERNEL_DIED}


FAULTS = {
    "01_good": (None, OK, ""),
    "02_error": ("size / 0", CELL_ERROR, "ZeroDivisionError"),
    "03_killed": ("import os; os.kill(os.getpid(), 9)", KERNEL_DIED, "SIGKILL"),
    "04_endless": ("while True: pass", TIMED_OUT, "longer than 8 seconds"),
    "05_hog": ("held = []\nwhile True: held.append(b'x' * 20_000_000)", KERNEL_DIED, "memory cap"),
    "06_silent": ("def headline(text): pass", CONTRACT_BROKEN, "0 of 1 headline"),
    "07_empty": ("def show_figure(svg): pass", CONTRACT_BROKEN, "0 of 1 figure"),
    "08_page": ("print('no alt text')", CONTRACT_BROKEN, "page not made: ValueError"),
}  # fmt: skip


def _faulty(fault):
    cells = [tree.HELPERS, fault or "pass", tree.HEADLINE, 'show_figure("<svg></svg>")']
    return tree.notebook(*cells, tree.FINDING, parameters=tree.NATIONAL)


def test_every_fault_is_told_apart_and_costs_only_itself(tmp_path):
    render = {"render": "simple_page:render_strict"}
    project = tree.plant(
        tmp_path, {name: _faulty(fault) for name, (fault, _, _) in FAULTS.items()}, **render
    )
    outcomes = {}
    plan = make_plan(project)
    # Seconds are given to the endless one alone: on a busy machine any other may need them.
    for endless, limits in ((False, Limits(megabytes=400)), (True, Limits(seconds=8))):
        runs = [run for run in plan.runs if (run.notebook.name == "04_endless") == endless]
        part = run_batch(project, replace(plan, runs=tuple(runs)), LocalWorkers(2), limits=limits)
        outcomes |= {result.key.partition("/")[2]: result for result in part.results}
    for name, (_, outcome, said) in FAULTS.items():
        assert outcomes[name].outcome == outcome, outcomes[name]
        assert said in outcomes[name].error
        left = {
            path.name.removeprefix(name)
            for path in (project.reports / "everywhere").glob(f"{name}*")
        }
        assert left == ({".html", ".json"} if outcome == OK else {".failed.ipynb"})
    assert outcomes["04_endless"].cell == 4
    failures = project.state / "failures" / "everywhere"
    assert json.loads((failures / "03_killed.json").read_text())["command"] == "make 03_killed -"
    assert set(make_plan(project).reasons) == {f"everywhere/{name}" for name in FAULTS} - {
        "everywhere/01_good"
    }
    _mend_and_compare(project, tmp_path, render)


def _mend_and_compare(project, tmp_path, render):
    mended = {name: _faulty(None) for name in FAULTS}
    project = tree.plant(tmp_path, mended, **render)
    plan = make_plan(project)
    assert len(plan.stale) == len(FAULTS) - 1
    assert run_batch(project, plan, LocalWorkers(2)).failures == ()
    assert not list((project.state / "failures").glob("*/*"))
    other = tree.plant(tmp_path / "other", mended, **render)
    assert run_batch(other, make_plan(other), LocalWorkers(2)).failures == ()
    assert tree.snapshot(project) == tree.snapshot(other)


def test_stock_kernels_take_over_where_forking_fails(tmp_path, monkeypatch):
    (tmp_path / "threads").mkdir()
    (tmp_path / "threads" / "trouble.py").write_text(
        "from threading import Thread, Event\nThread(target=Event().wait, daemon=True).start()"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "threads"))
    project = tree.plant(tmp_path, {"01_good": tree.good(tree.NATIONAL)})
    said = []
    workers = LocalWorkers(1, engines.FORKED, ("trouble",), notice=said.append)
    batch = run_batch(project, make_plan(project), workers)
    assert [result.outcome for result in batch.results] == [OK]
    assert workers.engine == engines.STOCK
    assert "2 threads" in said[0]


@contextlib.contextmanager
def _cluster(folder):
    """A real scheduler and two workers, each a process of its own, on the loopback interface."""
    file = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(tree.HERE)}
    common = ["--scheduler-file", str(file)]
    commands = [
        ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
         "--no-show", *common],
        *[["distributed.cli.dask_worker", "--no-nanny", "--no-dashboard", "--nthreads", "1",
           "--local-directory", str(folder / "dask"), *common]] * 2,
    ]  # fmt: skip
    processes = []
    try:
        for command in commands:
            while processes and not file.exists():
                time.sleep(0.05)
            processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", *command], env=environment, cwd=folder,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
            )  # fmt: skip
        yield json.loads(file.read_text())["address"], processes[1:]
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_dask_cluster_that_loses_a_worker_gives_the_same_bytes(
    tmp_path, tmp_path_factory, undisturbed
):
    project = _slow_tree(tmp_path)
    with _cluster(tmp_path_factory.mktemp("cluster")) as (address, workers):
        process = _driver(project, "--scheduler", address)
        _wait_for_line(process, OK)
        _kernel_of(workers[0]).suspend()  # So that it is killed in the middle of a run.
        workers[0].kill()
        _finish(process)
    _assert_whole(project)
    assert tree.snapshot(project) == undisturbed


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("10.0.0.1:8786", "tls://10.0.0.1:8786"),
        ("tls://10.0.0.1:8786", "tls://10.0.0.1:8786"),
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("tcp://10.0.0.1:8786", None),
        ("tcp://localhost.example.org:8786", None),
        ("ws://10.0.0.1:8786", None),
    ],
)
def test_a_scheduler_open_to_the_network_needs_tls(address, meant):
    if meant is None:
        with pytest.raises(Refusal, match="P308"):
            cluster.secured(address)
    else:
        assert cluster.secured(address) == meant


def test_no_scheduler_is_a_refusal(tmp_path, monkeypatch):
    project = _slow_tree(tmp_path)
    workers = cluster.DaskWorkers("tcp://127.0.0.1:9", project, engines.STOCK)
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    with pytest.raises(Refusal, match="P308"), workers.executor():
        pass


def test_other_versions_of_the_package_are_turned_away(tmp_path):
    from officer_assaults.pipeline.run import make_job

    project = _slow_tree(tmp_path)
    job = make_job(project, make_plan(project).runs[0])
    result = cluster.perform_remote(job, "data", "another version")
    assert result.outcome == CONTRACT_BROKEN
    assert "another version" in result.error


def test_data_travel_unharmed(tmp_path):
    project = _slow_tree(tmp_path)
    packed = cluster.pack(project)
    assert cluster.pack(project) == packed
    folder = cluster.unpack(packed, sha256(packed))
    assert (folder / "data/counts.csv").read_bytes() == (tmp_path / "data/counts.csv").read_bytes()
    with pytest.raises(ValueError, match="damaged"):
        cluster.unpack(packed[:-1], sha256(packed))


class Terminal(io.StringIO):
    def isatty(self):
        return True


RESULTS = [
    Result("north/01_a", OK, seconds=1.24),
    Result("south/01_a", CELL_ERROR, cell=3, error="ValueError: no"),
]


def test_a_log_gets_one_line_per_run():
    stream = io.StringIO()
    progress = Progress(2, stream)
    for result in RESULTS:
        progress.finished(result)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "[1/2] ok  north/01_a  1.2 s",
        "[2/2] CELL ERROR  south/01_a in cell 3: ValueError: no",
    ]


def test_a_terminal_gets_a_bar_with_what_is_at_work():
    stream = Terminal()
    progress = Progress(2, stream)
    for result in RESULTS:
        progress.finished(result)
    progress.close()
    said = stream.getvalue()
    assert "2/2" in said
    assert "south 01_a" in said
    assert "CELL ERROR  south/01_a in cell 3" in said


def test_failures_are_listed_with_the_command_that_runs_them_again():
    table = failure_table(RESULTS[1:], ["make report NB=01_a FORCE=south"], "reports").splitlines()
    assert table[0].split() == ["report", "outcome", "cell", "error"]
    assert table[2].split(maxsplit=4)[3:] == ["3", "ValueError: no"]
    assert "  south/01_a.failed.ipynb" in table
    assert table[-1] == "  make report NB=01_a FORCE=south"


def test_long_runs_start_first(tmp_path):
    from officer_assaults.pipeline.batch import _longest_first

    project = _slow_tree(tmp_path)
    project.state.mkdir(parents=True)
    history = {"runs": {"place-0/01_slow": {"seconds": 0.1}, "everywhere/02_quick": {"seconds": 9}}}
    (project.state / "manifest.json").write_text(json.dumps(history))
    order = [run.key for run in _longest_first(project, make_plan(project).stale)]
    assert order == ["everywhere/02_quick", "place-0/01_slow"]


def test_of_runs_that_never_ran_the_longer_notebook_starts_first(tmp_path):
    from officer_assaults.pipeline.batch import _longest_first

    longer = tree.notebook(
        tree.HELPERS, tree.HEADLINE, tree.FINDING, "# more", parameters=tree.NATIONAL
    )
    project = tree.plant(tmp_path, {"01_short": tree.good(tree.NATIONAL), "02_long": longer})
    order = [run.notebook.name for run in _longest_first(project, make_plan(project).stale)]
    assert order == ["02_long", "01_short"]


def test_clock_times_stay_in_the_manifest(tmp_path):
    project = tree.plant(tmp_path, {"01_good": tree.good(tree.NATIONAL)})
    run_batch(project, make_plan(project), LocalWorkers(1, engines.STOCK))
    history = json.loads((project.state / "manifest.json").read_text())
    year = history["last"]["finished"][:4]
    assert history["runs"]["everywhere/01_good"]["cell_seconds"] > 0
    for content in tree.snapshot(project).values():
        assert f"{year}-".encode() not in content


@pytest.mark.skipif(not forked.can_fork(), reason="kernels are forked on Linux only")
def test_forked_is_the_default_here():
    assert LocalWorkers().engine == engines.FORKED


def test_kernels_listen_in_a_private_folder_only():
    """Other users of the machine reach no kernel: neither by a port nor through the folder."""
    with engines.private_connection() as config:
        kernel = config["KernelManager"]
        folder = Path(kernel["ip"]).parent
        assert kernel["transport"] == "ipc"
        assert Path(kernel["connection_file"]).parent == folder
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()
