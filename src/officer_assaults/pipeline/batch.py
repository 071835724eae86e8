"""Batch: make every stale report of a plan, whatever happens to single ones."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any

from officer_assaults.files import TEMPORARY_PREFIX, remove, sha256, write_atomic
from officer_assaults.pipeline.inputs import dump_json, read_json
from officer_assaults.pipeline.plan import STAMP_FORMAT, Plan, Run, manifest_path, stamp_path
from officer_assaults.pipeline.project import Project
from officer_assaults.pipeline.provenance import History
from officer_assaults.pipeline.run import (
    CONTRACT_BROKEN,
    FAILED_SUFFIX,
    KERNEL_DIED,
    OK,
    Job,
    Limits,
    Result,
    make_job,
)
from officer_assaults.pipeline.workers import LocalWorkers, Workers


@dataclass(frozen=True, slots=True)
class Batch:
    """How a batch ended.

    Parameters
    ----------
    results : tuple of Result
        Finished runs, in the order they finished, without their files.
    commands : dict of str to str
        What makes each planned run again.
    left : int
        Stale runs that were not reached because the batch was interrupted.
    seconds : float
        Time from the first submission to the last stamp.
    gathered : bool
        Whether the project's pages of all results were made where the imports were done.
    """

    results: tuple[Result, ...] = ()
    commands: dict[str, str] = field(default_factory=dict)
    left: int = 0
    seconds: float = 0.0
    gathered: bool = False

    @property
    def failures(self) -> tuple[Result, ...]:
        """The runs that did not end well, by key."""
        failed = (result for result in self.results if result.outcome != OK)
        return tuple(sorted(failed, key=lambda result: result.key))

    @property
    def interrupted(self) -> bool:
        """Whether runs were left."""
        return self.left > 0


def run_batch(
    project: Project,
    plan: Plan,
    workers: Workers,
    *,
    limits: Limits | None = None,
    finished: Callable[[Result], None] = lambda result: None,
    gather: str = "",
) -> Batch:
    """Make all stale reports of a plan and write each as soon as it is finished.

    Parameters
    ----------
    project : Project
        Where reports go.
    plan : Plan
        What to make. The caller holds the lock of the tree since before the plan was made.
    workers : Workers
        Who makes the reports.
    limits : Limits, optional
        What each run may use.
    finished : callable
        Called with each result after its files are written.
    gather : str
        Name ``"module:function"`` of what makes pages of all results; it is called with the folder
        of reports where the imports are done, if workers have such a place.

    Returns
    -------
    Batch
        Outcomes. A first Ctrl-C ends the batch early and is told by ``interrupted``.
    """
    started = time.perf_counter()
    runs = {run.key: run for run in plan.stale}
    history = History(project)
    how: dict[str, Any] = {"limits": limits, "engine": workers.engine, "history": history}
    how["here"] = isinstance(workers, LocalWorkers)
    jobs = [make_job(project, run, **how) for run in _longest_first(project, plan.stale)]
    sweep(project)
    _keep_manifests(project, plan)
    results: list[Result] = []
    last = _Last(workers, gather, str(project.reports))
    try:
        with _stopping_gently(), contextlib.closing(_results(workers, jobs, last)) as stream:
            for result in stream:
                with _uninterrupted():
                    saved = save(project, runs[result.key], result)
                results.append(replace(saved, html=None, json=None, pictures={}, executed=None))
                finished(saved)
    except KeyboardInterrupt:
        pass
    batch = Batch(
        tuple(results),
        {run.key: run.local_command for run in plan.runs},
        len(jobs) - len(results),
        (last.begun or time.perf_counter()) - started,
        last.done,
    )
    _write_history(project, batch, workers)
    return batch


@dataclass(slots=True)
class _Last:
    """What is done once all runs are written, before the workers end."""

    workers: Workers
    gather: str
    reports: str
    begun: float = 0.0
    done: bool = False

    def __call__(self) -> None:
        self.begun = time.perf_counter()
        self.done = bool(self.gather) and self.workers.call(self.gather, [self.reports])


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keep Ctrl-C waiting until page, findings and stamp of a run are all written."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: waiting.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if waiting:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _stopping_gently() -> Iterator[None]:
    """Let a request to stop do what Ctrl-C does; what `nohup` ignores stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heard = [number for number in asked if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, signal.default_int_handler) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _results(workers: Workers, jobs: list[Job], last: Callable[[], None]) -> Generator[Result]:
    """Results as they come, then what is done last.

    Jobs in flight when a worker process died are tried again alone.
    """
    waiting, suspects = deque(jobs), deque[Job]()
    while waiting or suspects:
        alone = bool(suspects)
        queue = suspects if alone else waiting
        with workers.executor() as executor:
            width = 1 if alone else workers.width
            for job, outcome in _stream(executor, workers, queue, width):
                if outcome is not None:
                    yield outcome
                elif alone:
                    yield Result(job.key, KERNEL_DIED, error="its worker process died with it")
                else:
                    suspects.append(job)
            if not (waiting or suspects):
                last()


def _stream(
    executor: Executor,
    workers: Workers,
    queue: deque[Job],
    width: int,
) -> Iterator[tuple[Job, Result | None]]:
    """Job and result of everything in the queue; no result for jobs lost with their worker."""
    flying: dict[Future[Result], Job] = {}
    broken = False
    while flying or (queue and not broken):
        while queue and len(flying) < width and not broken:
            job = queue.popleft()
            try:
                sent = replace(job, engine=workers.engine)
                flying[executor.submit(workers.perform, sent)] = job
            except BrokenExecutor:
                queue.appendleft(job)
                broken = True
        done, _ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            job = flying.pop(future)
            error = future.exception()
            broken = broken or isinstance(error, BrokenExecutor)
            if error is not None and not isinstance(error, BrokenExecutor):
                text = f"{type(error).__name__}: {error}".splitlines()[0]
                yield job, Result(job.key, KERNEL_DIED, error=text)
            else:
                yield job, None if error is not None else future.result()


def _longest_first(project: Project, runs: tuple[Run, ...]) -> list[Run]:
    """Long runs first, so that no core waits at the end for one that started last.

    Of notebooks that never ran, the longer text counts as the longer run.
    """
    known = (read_json(_history_path(project), _HISTORY_SHAPE) or {}).get("runs", {})
    by_notebook = {key.partition("/")[2]: entry["seconds"] for key, entry in known.items()}

    def length(run: Run) -> tuple[float, int]:
        return by_notebook.get(run.notebook.name, 0.0), len(dump_json(run.notebook.content))

    return sorted(runs, key=length, reverse=True)


def save(project: Project, run: Run, result: Result) -> Result:
    """Write a finished run's files, its stamp last; on a failure remove what is no longer true.

    Returns
    -------
    Result
        As given, or contract broken if the files could not be written.
    """
    try:
        remove(stamp_path(project, run))
        if result.outcome == OK and result.html is not None and result.json is not None:
            _remove_pictures(project, run)
            _write_report(project, run, result, result.html, result.json)
            return result
    except OSError as error:
        text = f"files could not be written: {error.strerror or error}"
        result = replace(result, outcome=CONTRACT_BROKEN, error=text)
    _remove_report(project, run)
    with contextlib.suppress(OSError):
        _write_failure(project, run, result)
    return result


def _write_report(project: Project, run: Run, result: Result, html: bytes, json: bytes) -> None:
    outputs = {}
    for suffix, content in (*result.pictures.items(), (".json", json), (".html", html)):
        path = run.path(project.reports, suffix)
        write_atomic(path, content)
        outputs[path.name] = sha256(content)
    remove(run.path(project.reports, FAILED_SUFFIX))
    remove(run.path(project.state / "failures", ".json"))
    stamp = {
        "format": STAMP_FORMAT,
        "inputs": run.inputs.as_dict(),
        "parameters": run.parameters,
        "versions": run.versions,
        "outputs": outputs,
    }
    write_atomic(stamp_path(project, run), dump_json(stamp, indent=1))


def _remove_report(project: Project, run: Run) -> None:
    for suffix in (".html", ".json"):
        with contextlib.suppress(OSError):
            remove(run.path(project.reports, suffix))
    with contextlib.suppress(OSError):
        _remove_pictures(project, run)


def _remove_pictures(project: Project, run: Run) -> None:
    folder = run.path(project.reports, "").parent
    for path in folder.glob(f"{escape(run.name)}-figure-*"):
        remove(path)


def _write_failure(project: Project, run: Run, result: Result) -> None:
    failure = {
        "notebook": run.notebook.name,
        "name": run.name,
        "title": run.notebook.title,
        "scope": run.scope,
        "outcome": result.outcome,
        "cell": result.cell,
        "error": result.error,
        "command": run.command,
    }
    if result.executed is not None:
        write_atomic(run.path(project.reports, FAILED_SUFFIX), result.executed)
    write_atomic(run.path(project.state / "failures", ".json"), dump_json(failure, indent=1))


def sweep(project: Project) -> None:
    """Remove what a killed process left half written; the caller holds the lock."""
    for path in project.reports.glob(f"**/{TEMPORARY_PREFIX}*"):
        path.unlink(missing_ok=True)


def _keep_manifests(project: Project, plan: Plan) -> None:
    """Keep hashes of single files, so that a later plan can name the one that changed."""
    for run in plan.stale:
        for part in plan.manifests:
            path = manifest_path(project, part, run.inputs.as_dict()[part])
            if not path.exists():
                with contextlib.suppress(OSError):
                    content = dict(run.manifest(part, plan.manifests))
                    write_atomic(path, dump_json(content, indent=1))


_HISTORY_SHAPE = {"runs": {str: {"seconds": (int, float)}}}


def _history_path(project: Project) -> Path:
    return project.state / "manifest.json"


def _write_history(project: Project, batch: Batch, workers: Workers) -> None:
    """Clock times, commit and durations, which no page may hold."""
    path = _history_path(project)
    runs: dict[str, Any] = (read_json(path, _HISTORY_SHAPE) or {}).get("runs", {})
    now = datetime.now(UTC).isoformat(timespec="seconds")
    commit = _commit(project.root)
    for result in batch.results:
        runs[result.key] = {
            "outcome": result.outcome,
            "finished": now,
            "commit": commit,
            "seconds": round(result.seconds, 3),
            "cell_seconds": round(result.cell_seconds, 3),
            "render_seconds": round(result.render_seconds, 3),
            "peak_megabytes": round(result.peak_megabytes, 1),
        }
    last = {
        "finished": now,
        "commit": commit,
        "seconds": round(batch.seconds, 3),
        "made": len(batch.results),
        "failed": len(batch.failures),
        "left": batch.left,
        "engine": workers.engine,
        "at_once": workers.width,
        "cores": os.cpu_count(),
    }
    with contextlib.suppress(OSError):
        write_atomic(path, dump_json({"last": last, "runs": runs}, indent=1))


def _commit(root: Path) -> str:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()
