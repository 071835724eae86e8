"""Engines: papermill engines that watch a run's time and memory, with stock kernels or forked."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from officer_assaults.pipeline import lean  # noqa: F401 -- before what imports jsonschema

# isort: split
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.log import logger
from traitlets.config import Config

from officer_assaults.pipeline import messages
from officer_assaults.pipeline.forked import ForkedKernelManager, can_fork, short_folder

STOCK = "officer-assaults-stock"
FORKED = "officer-assaults-forked"
TIMED_OUT = "timed out"
_POLL_SECONDS = 0.05
# How long the outputs of a finished cell may take to arrive; without them they would be lost.
_OUTPUT_SECONDS = 60
_LOOKS_PER_FAMILY = 10
ERROR_TAG = "papermill-error-cell-tag"
_INJECTED_TAGS = {"injected-parameters", ERROR_TAG}


class Watch:
    """Looks after one kernel from a thread of its own: time, memory, the cell it is in.

    Parameters
    ----------
    seconds : float
        The kernel is killed when it has run for longer.
    megabytes : float
        The kernel is killed when it and its children hold more resident memory.
    """

    def __init__(self, seconds: float, megabytes: float) -> None:
        self.seconds = seconds
        self.megabytes = megabytes
        self.stopped: str | None = None
        self.peak_megabytes = 0.0
        self.notebook: Any = None
        self.cell: int | None = None
        self.raised: tuple[str, str] | None = None
        self.client: NotebookClient | None = None
        self._process: Any = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._deadline = 0.0

    def __enter__(self) -> Watch:
        self._deadline = time.monotonic() + self.seconds
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def process(self) -> Any:
        """The kernel's process, once it has one."""
        if self._process is None and self.client is not None and self.client.km is not None:
            self._process = getattr(self.client.km.provisioner, "process", None)
        return self._process

    def _look(self) -> None:
        memory: _Memory | None = None
        while not self._over.wait(_POLL_SECONDS):
            if self.process is None:
                continue
            memory = memory or _Memory(self.process.pid)
            held = memory.megabytes()
            self.peak_megabytes = max(self.peak_megabytes, held)
            if time.monotonic() > self._deadline:
                self._stop(TIMED_OUT)
            elif held > self.megabytes:
                self._stop(f"passed its memory cap of {self.megabytes:g} MB")

    def _stop(self, why: str) -> None:
        if self.stopped is None:
            self.stopped = why
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    @property
    def exit_code(self) -> int | None:
        """Exit code of the kernel, negative for a signal; None while it lives."""
        code: int | None = None if self.process is None else self.process.poll()
        return code

    @property
    def lost(self) -> bool:
        """Whether the kernel died because the server it was forked from did."""
        return bool(self.exit_code is not None and getattr(self.process, "lost", False))

    @property
    def cell_seconds(self) -> float:
        """Time the kernel was busy with the notebook's cells."""
        return sum(_busy_seconds(cell) for cell in (self.notebook or {}).get("cells", []))


class _Memory:
    """Resident memory of a kernel and its children, which take a look at every process to find."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._looks = itertools.count()
        self._family: list[Any] = []

    def megabytes(self) -> float:
        """Sum over the family as it was found at most ten looks ago."""
        import psutil  # type: ignore[import-untyped]

        if next(self._looks) % _LOOKS_PER_FAMILY == 0:
            with contextlib.suppress(psutil.Error):
                kernel = psutil.Process(self._pid)
                self._family = [kernel, *kernel.children(recursive=True)]
        total = 0
        for process in self._family:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
        return total / 1e6


def _busy_seconds(cell: Any) -> float:
    timing = cell["metadata"].get("execution", {})
    begun, ended = timing.get("iopub.status.busy"), timing.get("iopub.status.idle")
    if not begun or not ended:
        return 0.0
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def is_injected(cell: Any) -> bool:
    """Whether papermill put a cell into the notebook."""
    return not _INJECTED_TAGS.isdisjoint(cell["metadata"].get("tags", []))


class WatchedClient(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client, telling a :class:`Watch` which cell is at work."""

    watch: Watch | None = None

    def execute_cell(self, cell: Any, cell_index: int, **kwargs: Any) -> Any:
        """Execute one cell, its number made known."""
        if self.watch is not None:
            before = self.nb.cells[:cell_index]
            self.watch.cell = cell_index + 1 - sum(map(is_injected, before))
        return super().execute_cell(cell, cell_index, **kwargs)

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """Take a message of the kernel; an output that no notebook can hold as an error."""
        return super().process_message(messages.checked(msg), cell, cell_index)

    async def _check_raise_for_error(self, cell: Any, cell_index: int, exec_reply: Any) -> None:
        content = (exec_reply or {}).get("content", {})
        if self.watch is not None and content.get("status") == "error":
            self.watch.raised = str(content.get("ename", "")), str(content.get("evalue", ""))
        await super()._check_raise_for_error(cell, cell_index, exec_reply)


class StockEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine with a private connection, its kernel started anew."""

    manager_class: type[AsyncKernelManager] = AsyncKernelManager

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        watch: Watch | None = None,
        start_timeout: float = 60,
        execution_timeout: float | None = None,
        **kwargs: Any,
    ) -> Any:
        """Execute a prepared notebook.

        Parameters
        ----------
        nb_man : papermill.engines.NotebookExecutionManager
            The notebook and its bookkeeping.
        kernel_name : str
            Name of the kernel.
        watch : Watch, optional
            Who looks after time and memory.
        start_timeout, execution_timeout : float
            Seconds for the kernel to answer, and for one cell.
        **kwargs
            Options of nbclient.
        """
        kwargs = {key: value for key, value in kwargs.items() if key not in _NOT_FOR_CLIENT}
        with private_connection() as config:
            client = WatchedClient(
                nb_man,
                kernel_manager_class=cls.manager_class,
                config=config,
                kernel_name=kernel_name,
                startup_timeout=int(start_timeout),
                timeout=execution_timeout,
                shutdown_kernel="immediate",
                extra_arguments=messages.ARGUMENTS,
                iopub_timeout=_OUTPUT_SECONDS,
                raise_on_iopub_timeout=True,
                log=logger,
                **kwargs,
            )
            if watch is not None:
                watch.client, watch.notebook, client.watch = client, nb_man.nb, watch
            return client.execute()


_NOT_FOR_CLIENT = {"input_path", "timeout", "startup_timeout"}


@contextlib.contextmanager
def private_connection() -> Iterator[Config]:
    """Keep connection file and sockets in a folder of their own: two kernels never share a port."""
    if sys.platform == "win32":
        yield Config()
        return
    with tempfile.TemporaryDirectory(
        prefix="k-", dir=short_folder(), ignore_cleanup_errors=True
    ) as folder:
        yield Config(
            KernelManager={
                "transport": "ipc",
                "ip": str(Path(folder) / "s"),
                "connection_file": str(Path(folder) / "kernel.json"),
            }
        )


class ForkedEngine(StockEngine):
    """Papermill's engine with kernels forked from a process that has done the imports."""

    manager_class = ForkedKernelManager


papermill_engines.register(STOCK, StockEngine)
papermill_engines.register(FORKED, ForkedEngine)
DEFAULT_ENGINE = FORKED if can_fork() else STOCK
