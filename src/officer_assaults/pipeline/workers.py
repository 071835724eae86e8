"""Workers: the processes that make reports, on this machine or on a Dask cluster."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import multiprocessing.util
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import connection, forkserver, resource_tracker
from typing import Protocol

from officer_assaults import scratch
from officer_assaults.pipeline import engines
from officer_assaults.pipeline.forked import ADDRESS_VARIABLE, KernelServer, short_folder
from officer_assaults.pipeline.forkserver import (
    LATER,
    PINNED,
    UNTHREADED,
    preload,
    seldom_collect,
)
from officer_assaults.pipeline.notebooks import Notebook
from officer_assaults.pipeline.plan import Plan
from officer_assaults.pipeline.project import Project
from officer_assaults.pipeline.run import Job, Result, perform

_log = logging.getLogger(__name__)


class Workers(Protocol):
    """Who makes reports."""

    @property
    def engine(self) -> str:
        """Name of the papermill engine."""

    @property
    def width(self) -> int:
        """How many runs may be in flight."""

    @property
    def perform(self) -> Callable[[Job], Result]:
        """The function that makes one report."""

    def call(self, name: str, arguments: Sequence[str]) -> bool:
        """Call a function where the imports are done; False without such a place."""

    def executor(self) -> contextlib.AbstractContextManager[Executor]:
        """Give a fresh executor; a new one is asked for after a worker process died."""


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(slots=True)
class LocalWorkers:
    """Processes on this machine.

    Parameters
    ----------
    processes : int
        How many; default one per core.
    engine : str
        Papermill engine. Stock kernels take the place of forked ones if these cannot be had.
    preload : tuple of str
        Modules that forked kernels find imported, and functions called before.
    variables : dict of str to str
        Environment variables that these imports need.
    imports : tuple of str
        Modules that workers find imported, for instance the page template's.
    warm : tuple of str
        Functions that workers call before their first run.
    notice : callable
        Called with a sentence if stock kernels have to be used.
    perform : callable
        Makes one report.
    ahead : Ahead, optional
        What was started before.
    """

    processes: int = field(default_factory=cores)
    engine: str = engines.DEFAULT_ENGINE
    preload: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    notice: Callable[[str], None] = _log.warning
    perform: Callable[[Job], Result] = perform
    warm: tuple[str, ...] = ()
    ahead: Ahead | None = None
    _running: KernelServer | None = None

    def call(self, name: str, arguments: Sequence[str]) -> bool:
        """Call a function in a process forked as kernels are, while the executor is open."""
        return self._running is not None and self._running.call(name, arguments)

    @property
    def width(self) -> int:
        """One run per process, and one ready for the process that ends first."""
        return self.processes + 1

    @contextlib.contextmanager
    def executor(self) -> Iterator[Executor]:
        """Give a pool of processes with a temporary folder of their own, ended whatever happens."""
        with scratch.folder("reports-") as folder, self._server() as server:
            environment = {
                "TMPDIR": str(folder),
                ADDRESS_VARIABLE: server.address if server else "",
                **{name: os.environ.get(name, "1") for name in PINNED},
            }
            pool = ProcessPoolExecutor(
                self.processes,
                _process_context(self.imports),
                initializer=_prepare,
                initargs=(environment,),
            )
            with _ended(pool):
                _warm_up(pool, self.processes, self.variables, self.warm)
                self._wait_for(server)
                self._running = server if self.engine == engines.FORKED else None
                try:
                    yield pool
                finally:
                    self._running = None

    def _server(self) -> contextlib.AbstractContextManager[KernelServer | None]:
        if self.engine != engines.FORKED:
            return contextlib.nullcontext()
        started = self.ahead.take() if self.ahead is not None else None
        return contextlib.closing(started or KernelServer(self.preload, self.variables))

    def _wait_for(self, server: KernelServer | None) -> None:
        try:
            if server is not None:
                server.wait_ready()
        except RuntimeError as error:
            self.notice(f"Kernels are started anew for each report: {error}.")
            self.engine = engines.STOCK


class Ahead:
    """Starts what a batch needs while its plan is still being made.

    Parameters
    ----------
    project : Project
        What kernels and workers should find imported.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._server: KernelServer | None = None

    def start(self, notebooks: Iterable[Notebook]) -> None:
        """Have the imports of some notebooks begin, in processes of their own."""
        if self._server is None and engines.DEFAULT_ENGINE == engines.FORKED:
            project = self._project
            self._server = KernelServer(_preload(project, notebooks), project.variables())
            _process_context(_worker_imports(project))

    def take(self) -> KernelServer | None:
        """Give the server away, to be closed by others; None if there is none or it has ended."""
        server, self._server = self._server, None
        if server is not None and not server.alive:
            server.close()
            return None
        return server

    def close(self) -> None:
        """End what nobody took."""
        server = self.take()
        if server is not None:
            server.close()


def _process_context(imports: tuple[str, ...]) -> multiprocessing.context.BaseContext:
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    os.environ.update({name: os.environ.get(name, value) for name, value in UNTHREADED.items()})
    context = multiprocessing.get_context("forkserver")
    _keep_sockets_short()
    ours = ("officer_assaults.pipeline.mending", "officer_assaults.pipeline.run")
    context.set_forkserver_preload([*ours, "papermill", *imports])
    resource_tracker.ensure_running()
    with _holding_back_ctrl_c():
        forkserver.ensure_running()
    return context


def _keep_sockets_short() -> None:
    """Have multiprocessing make its private folder where names of sockets fit (104 letters)."""
    parent = short_folder()
    if parent is None:
        return
    usual, tempfile.tempdir = tempfile.tempdir, parent
    try:
        multiprocessing.util.get_temp_dir()  # Made once, kept, and removed at exit.
    finally:
        tempfile.tempdir = usual


@contextlib.contextmanager
def _holding_back_ctrl_c() -> Iterator[None]:
    """Start processes that never hear Ctrl-C; this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _warm_up(
    pool: ProcessPoolExecutor, processes: int, variables: dict[str, str], names: tuple[str, ...]
) -> None:
    """Have the processes started and warm while the fork server still imports.

    Ctrl-C waits until all of them are known: one that nobody ends would miss what it starts from.
    """
    with _holding_back_ctrl_c():
        for _ in range(processes):
            pool.submit(_warmed, variables, names)


def _warmed(variables: dict[str, str], names: tuple[str, ...]) -> None:
    os.environ.update(variables)
    preload(names)


@contextlib.contextmanager
def _ended(pool: ProcessPoolExecutor) -> Iterator[None]:
    before = set(multiprocessing.active_children())
    try:
        yield
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        own = set(multiprocessing.active_children()) - before
        for process in own:
            process.terminate()
        for process in own:
            process.join(5)


def _prepare(environment: dict[str, str]) -> None:
    """Set up one worker: deaf to Ctrl-C, which its parent handles, and gone when that is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    os.environ.update(environment)
    seldom_collect()
    tempfile.tempdir = None
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def preload_of(project: Project, plan: Plan) -> tuple[str, ...]:
    """Everything that kernels should find done: what notebooks import, and the project's own."""
    return _preload(project, (run.notebook for run in plan.stale))


def _preload(project: Project, notebooks: Iterable[Notebook]) -> tuple[str, ...]:
    imports = {name for notebook in notebooks for name in notebook.imports()}
    return (*sorted(imports), *project.preload, *(LATER + name for name in project.later))


def _worker_imports(project: Project) -> tuple[str, ...]:
    return (project.render.partition(":")[0], *project.render_imports)


def choose(
    project: Project,
    plan: Plan,
    *,
    processes: int | None = None,
    engine: str | None = None,
    scheduler: str | None = None,
    notice: Callable[[str], None] = _log.warning,
    ahead: Ahead | None = None,
) -> Workers:
    """Pick workers: a Dask cluster if an address is given, else processes on this machine.

    Parameters
    ----------
    project : Project
        What forked kernels and workers should find imported.
    plan : Plan
        Whose notebooks' imports to do beforehand.
    processes : int, optional
        How many; default one per core.
    engine : {"forked", "stock"}, optional
        How kernels start; default forked where the system can fork.
    scheduler : str, optional
        Address of a Dask scheduler, for instance ``"tls://10.0.0.1:8786"``.
    notice : callable
        Called with a sentence that the user should read.
    ahead : Ahead, optional
        What was started while the plan was made.
    """
    chosen = {"forked": engines.FORKED, "stock": engines.STOCK, None: engines.DEFAULT_ENGINE}
    if scheduler is not None:
        from officer_assaults.pipeline.cluster import DaskWorkers

        return DaskWorkers(scheduler, project, chosen[engine])
    return LocalWorkers(
        processes or cores(),
        chosen[engine],
        preload_of(project, plan),
        project.variables(),
        _worker_imports(project),
        notice,
        warm=project.warm,
        ahead=ahead,
    )
