"""Run: one notebook from source to finished page, in any process on any machine."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from officer_assaults import scratch
from officer_assaults.pipeline.collect import (
    Collected,
    clean_text,
    collect,
    pictures,
    reproducible,
)
from officer_assaults.pipeline.door import CHECKED_VARIABLE
from officer_assaults.pipeline.engines import DEFAULT_ENGINE, ERROR_TAG, TIMED_OUT, Watch
from officer_assaults.pipeline.forked import PRELOAD_VARIABLE
from officer_assaults.pipeline.inputs import dump_json
from officer_assaults.pipeline.plan import Run
from officer_assaults.pipeline.project import Project
from officer_assaults.pipeline.provenance import History
from officer_assaults.pipeline.terminal import printed

SCHEMA = 1
FAILED_SUFFIX = ".failed.ipynb"
OK = "ok"
CELL_ERROR = "cell error"
KERNEL_DIED = "kernel died"
CONTRACT_BROKEN = "contract broken"
#: Letters of an error that are told.
LONGEST_ERROR = 2_000
OUTCOMES = (OK, CELL_ERROR, KERNEL_DIED, TIMED_OUT, CONTRACT_BROKEN)


#: Bytes of a file above which it is copied where it lies, not carried through memory.
MOST_PACKED = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use.

    Parameters
    ----------
    seconds : float
        Longest time from kernel start to the last cell.
    megabytes : float
        Largest resident memory of the kernel and its children.
    start_seconds : float
        Longest time for a kernel to answer.
    """

    seconds: float = 600.0
    megabytes: float = 2000.0
    start_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """Everything one run needs, without a path of this machine: it can be sent anywhere.

    Parameters
    ----------
    key : str
        Scope and notebook.
    notebook : str
        The notebook as JSON text.
    inject : dict
        Parameters that differ from the notebook's own assignments.
    context : dict
        What the JSON file says, but for the results.
    expected : dict of str to int
        Least number of outputs by role.
    render : str
        Import path of the page template.
    files : dict of str to bytes
        Files that parameters name.
    places : dict of str to str
        Large ones among them, as paths of the one machine that all of it happens on.
    limits : Limits
        What the run may use.
    engine : str
        Name of the papermill engine.
    preload : tuple of str
        Modules that forked kernels find imported.
    environment : dict of str to str
        Environment variables of the kernel; ``{root}`` stands for the project folder.
    root : str
        The project folder of the machine that makes the report.
    """

    key: str
    notebook: str
    inject: dict[str, Any]
    context: dict[str, Any]
    expected: dict[str, int]
    render: str
    files: dict[str, bytes] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    engine: str = DEFAULT_ENGINE
    preload: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    root: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended, and the finished files.

    Parameters
    ----------
    key : str
        Scope and notebook.
    outcome : str
        One of :data:`OUTCOMES`.
    html, json : bytes, optional
        The page and its findings; None unless the outcome is ok.
    pictures : dict of str to bytes
        Figures as files, by the end of their names.
    executed : bytes, optional
        The executed notebook, for a failure.
    cell : int, optional
        Number of the cell that failed, the first being 1, as the notebook counts them.
    error : str
        One line that says what went wrong.
    seconds, cell_seconds, render_seconds : float
        Time of the whole run, inside cells, and for the page.
    peak_megabytes : float
        Largest resident memory of the kernel that was seen.
    """

    key: str
    outcome: str
    html: bytes | None = None
    json: bytes | None = None
    pictures: dict[str, bytes] = field(default_factory=dict)
    executed: bytes | None = None
    cell: int | None = None
    error: str = ""
    seconds: float = 0.0
    cell_seconds: float = 0.0
    render_seconds: float = 0.0
    peak_megabytes: float = 0.0


def make_job(
    project: Project,
    run: Run,
    *,
    limits: Limits | None = None,
    engine: str = DEFAULT_ENGINE,
    history: History | None = None,
    here: bool = False,
) -> Job:
    """Pack a planned run so that a worker can make it, without this disk unless it is ``here``."""
    defaults = run.notebook.schema.defaults
    large = {n: path for n, path in run.files.items() if here and path.stat().st_size > MOST_PACKED}
    return Job(
        key=run.key,
        notebook=json.dumps(run.notebook.content),
        inject={name: v for name, v in run.parameters.items() if v != defaults[name]},
        context=_context(run, history or History(project)),
        expected=dict(run.notebook.calls(project.helpers)),
        render=project.render,
        files={name: path.read_bytes() for name, path in run.files.items() if name not in large},
        places={name: str(path) for name, path in large.items()},
        limits=limits or Limits(),
        engine=engine,
        preload=(*run.notebook.imports(), *project.preload),
        environment=dict(project.environment),
        root=str(project.root),
    )


def _context(run: Run, history: History) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "notebook": run.notebook.name,
        "name": run.name,
        "title": run.notebook.title,
        "scope": run.scope,
        "parameters": run.parameters,
        "comments": {p.name: p.comment for p in run.notebook.schema.parameters},
        "non_default": run.non_default,
        "inputs": run.inputs.told(),
        "input_hash": run.inputs.hash,
        "versions": run.versions,
        "command": run.command,
        "provenance": history.of(run),
        "files": sorted(run.files),
    }


def perform(job: Job) -> Result:
    """Execute, check and render one job.

    Parameters
    ----------
    job : Job
        What to make.

    Returns
    -------
    Result
        Finished files, or what went wrong; notebooks' faults are never raised.
    """
    started = time.perf_counter()
    watch, result = _attempt(job)
    if watch.lost:
        watch, result = _attempt(job)
    return replace(
        result,
        seconds=time.perf_counter() - started,
        cell_seconds=watch.cell_seconds,
        peak_megabytes=watch.peak_megabytes,
    )


def _attempt(job: Job) -> tuple[Watch, Result]:
    watch = Watch(job.limits.seconds, job.limits.megabytes)
    with scratch.folder("run-") as made:
        folder = made.resolve()
        failure = _execute(job, folder, watch)
        return watch, failure or _finish(job, folder, watch)


def _execute(job: Job, folder: Path, watch: Watch) -> Result | None:
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    work = folder / "work"
    work.mkdir()
    try:
        _lay_out(job, work)
    except FileNotFoundError as error:
        what = f"{error.filename} is no longer there: it went after the reports were planned"
        return _failed(job, folder, watch, CONTRACT_BROKEN, what)
    source = folder / "notebook.ipynb"
    source.write_text(job.notebook, encoding="utf-8")
    os.environ.update(_environment(job))
    os.environ[PRELOAD_VARIABLE] = " ".join(job.preload)
    os.environ[CHECKED_VARIABLE] = str(work)
    try:
        with watch:
            execute_notebook(
                str(source),
                None,
                parameters=job.inject,
                progress_bar=False,
                start_timeout=job.limits.start_seconds,
                engine_name=job.engine,
                watch=watch,
                record_timing=True,
                resources={"metadata": {"path": str(work)}},
            )
    except PapermillExecutionError as error:
        # A cell may fail without an output that says how: an exception group, a handler of its own.
        said = (error.ename, error.evalue)
        return _failed(job, folder, watch, CELL_ERROR, _one_line(*(_unsaid(said, watch) or said)))
    except Exception as error:
        return _died(job, folder, watch, error)
    return None


def _lay_out(job: Job, work: Path) -> None:
    """Put the files that parameters name where the notebook finds them."""
    for name in (*job.files, *job.places):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
    for name, content in job.files.items():
        (work / name).write_bytes(content)
    for name, place in job.places.items():
        shutil.copyfile(place, work / name)


def _unsaid(said: tuple[str, str], watch: Watch) -> tuple[str, str] | None:
    return None if said[1] else watch.raised


def _one_line(name: str, text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return f"{name}: {first}".strip(": ")


def _died(job: Job, folder: Path, watch: Watch, error: Exception) -> Result:
    if watch.stopped == TIMED_OUT:
        return _failed(
            job, folder, watch, TIMED_OUT, f"ran longer than {job.limits.seconds:g} seconds"
        )
    if watch.stopped is not None:
        return _failed(job, folder, watch, KERNEL_DIED, f"SIGKILL: {watch.stopped}")
    code = watch.exit_code
    # One that lives, or was killed because of an error of its client, died of nothing of its own;
    # of one that died the client says so by a RuntimeError.
    if code is None or (code == -signal.SIGKILL and not isinstance(error, RuntimeError)):
        return _failed(job, folder, watch, KERNEL_DIED, _one_line(type(error).__name__, str(error)))
    return _failed(job, folder, watch, KERNEL_DIED, _exit_text(code))


def _exit_text(code: int) -> str:
    if code == 0:
        return "the kernel ended by itself (exit code 0): does this cell, or the one before, exit?"
    if code < 0:
        return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"exit code {code}"


def _failed(job: Job, folder: Path, watch: Watch, outcome: str, error: str) -> Result:
    executed = None
    if watch.notebook is not None:
        clean = reproducible(watch.notebook, _replacements(job, folder))
        clean["cells"] = [cell for cell in clean["cells"] if ERROR_TAG not in _tags(cell)]
        executed = (json.dumps(clean, ensure_ascii=False, indent=1) + "\n").encode(errors="replace")
    shown = _shortened(printed(clean_text(error, _replacements(job, folder))))
    cell = None if outcome == CONTRACT_BROKEN else watch.cell
    return Result(job.key, outcome, executed=executed, cell=cell, error=shown)


def _shortened(text: str) -> str:
    """Keep the beginning and the end of what no line of a terminal should hold whole."""
    half = LONGEST_ERROR // 2
    return text if len(text) <= LONGEST_ERROR else f"{text[:half]} [...] {text[-half:]}"


def _tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def _environment(job: Job) -> dict[str, str]:
    return {name: value.format(root=job.root) for name, value in job.environment.items()}


def _replacements(job: Job, folder: Path) -> dict[str, str]:
    """Text to write instead of this machine's paths."""
    packages = {path: "site-packages" for path in sys.path if path.endswith("site-packages")}
    shown = {str(folder / "work"): ".", **_home(), **packages, job.root: "."}
    return {path: word for path, word in shown.items() if len(Path(path).parts) > 1}


def _home() -> dict[str, str]:
    try:
        return {str(Path.home()): "~"}
    except RuntimeError:  # Neither HOME nor an entry in the list of users, as in a container.
        return {}


def _finish(job: Job, folder: Path, watch: Watch) -> Result:
    notebook = reproducible(watch.notebook or {}, _replacements(job, folder))
    try:
        found = collect(notebook, job.expected)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        what = (
            f"results that no helper of report made: {_one_line(type(error).__name__, str(error))}"
        )
        return _failed(job, folder, watch, CONTRACT_BROKEN, what)
    if found.broken:
        return _failed(job, folder, watch, CONTRACT_BROKEN, "; ".join(found.broken))
    started = time.perf_counter()
    try:
        context = _results(job, found)
        page = _renderer(job.render)(_as_node(notebook), context)
        content = dump_json(context, indent=1) + "\n"
    except Exception as error:
        text = "; ".join(line for line in str(error).splitlines() if line.strip())
        what = f"page not made: {type(error).__name__}: {text}"
        return _failed(job, folder, watch, CONTRACT_BROKEN, what)
    if not page.strip():
        return _failed(job, folder, watch, CONTRACT_BROKEN, "the page is empty")
    spent = time.perf_counter() - started
    drawn = pictures(notebook)
    return Result(job.key, OK, page.encode(), content.encode(), drawn, render_seconds=spent)


def _results(job: Job, found: Collected) -> dict[str, Any]:
    return {
        **job.context,
        "headline": found.headline,
        "findings": found.findings,
        "sources": found.sources,
        "counts": found.counts,
        "exhibits": found.exhibits,
    }


def _as_node(notebook: Mapping[str, Any]) -> Any:
    import nbformat

    return nbformat.from_dict(notebook)  # type: ignore[no-untyped-call]


def _renderer(name: str) -> Callable[[Any, Mapping[str, Any]], str]:
    module, _, function = name.partition(":")
    found: Callable[[Any, Mapping[str, Any]], str] = getattr(
        importlib.import_module(module), function
    )
    return found
