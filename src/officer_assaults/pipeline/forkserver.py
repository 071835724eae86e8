"""Fork server: a fresh process that imports once and then only forks kernels.

``python -m officer_assaults.pipeline.forkserver SOCKET MODULE...`` listens on a Unix socket,
imports the modules and answers each connection with one kernel: a line of JSON with the kernel's
arguments, environment and folder comes in; its process number and, when it ends, its exit code go
out. A request that names a function has that called with the arguments instead. A kernel lives no
longer than its connection, and the server no longer than its standard input. What is named with
``later=`` before it waits until a batch turns out to be long.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from officer_assaults import compiled

# Choosing a backend before the fork would lose every figure: it must be chosen in the kernel.
FORBIDDEN_MODULE = "matplotlib_inline.backend_inline"
# Threads inside a kernel would fight the kernels beside it.
PINNED = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
# A library that starts threads of its own when imported could not be forked.
UNTHREADED = {**dict.fromkeys(PINNED, "1"), "JE_ARROW_MALLOC_CONF": "background_thread:false"}
#: Threads start with its import whatever the environment says; others import it where it is there.
THREADED = ("polars",)
_BACKEND = "module://matplotlib_inline.backend_inline"
# What a kernel imports on its way to its first cell.
_KERNEL_MODULES = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "IPython.utils.wildcard",
    "ctypes",
    "encodings.idna",
    "ipykernel.debugger",
    "ipykernel.ipkernel",
    "ipykernel.kernelapp",
    "pdb",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
)
#: Mark of what a long batch has done, and the kernel that makes it one.
LATER = "later="
LONG = 24
_DEATH_SIGNAL_OPTION = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def main(arguments: Sequence[str]) -> None:
    """Listen, import, and fork until standard input ends."""
    address, *names = arguments
    modules = [name for name in names if not name.startswith(LATER)]
    later = [name.removeprefix(LATER) for name in names if name.startswith(LATER)]
    compiled.mend()
    gc.disable()  # What is imported stays; looking through it takes a quarter of the time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("MPLBACKEND", _BACKEND)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(address)
        listener.listen(256)
        preload([*_KERNEL_MODULES, *modules])
        problem = unforkable()
        if problem:
            sys.exit(f"kernels cannot be forked: {problem}")
        gc.freeze()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        _Server(listener, later).serve()


def preload(names: Sequence[str]) -> None:
    """Import modules and call ``module:function``; what fails is left to the notebooks to tell.

    Libraries that start threads count as absent meanwhile; a kernel imports them itself.
    """
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in THREADED if name not in modules]
    modules.update(dict.fromkeys(hidden))
    for name in names:
        module, _, function = name.partition(":")
        with contextlib.suppress(Exception):
            imported = importlib.import_module(module)
            if function:
                getattr(imported, function)()
    for name in hidden:
        del modules[name]


def unforkable() -> str | None:
    """Why this process must not fork kernels, or None."""
    if FORBIDDEN_MODULE in sys.modules:
        return f"{FORBIDDEN_MODULE} is imported, and kernels would show no figures"
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()
    if threads != 1:
        return f"it runs {threads} threads, and a fork copies only one"
    return None


class _Server:
    """One thread that waits for connections, dead kernels and the end of its owner."""

    def __init__(self, listener: socket.socket, later: Sequence[str]) -> None:
        self.listener = listener
        self.later = later
        self.begun = 0
        self.selector = selectors.DefaultSelector()
        self.kernels: dict[int, socket.socket] = {}
        self.wake_up, wake_up_end = socket.socketpair()
        for end in (self.wake_up, wake_up_end):
            end.setblocking(False)
        self._wake_up_end = wake_up_end
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(wake_up_end.fileno(), warn_on_full_buffer=False)
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(self.wake_up, selectors.EVENT_READ)
        self.selector.register(sys.stdin.fileno(), selectors.EVENT_READ)

    def serve(self) -> None:
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj is self.wake_up:
                    self.wake_up.recv(4096)
                    self._reap()
                elif key.fileobj == sys.stdin.fileno():
                    self._end()
                else:
                    self._closed(key.data)

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        with connection.makefile("r", encoding="utf-8") as stream:
            line = stream.readline()
        if not line:
            connection.close()
            return
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            _die_with(server)
            self._leave()
            connection.close()
            become_kernel(json.loads(line))
        self.kernels[pid] = connection
        self.selector.register(connection, selectors.EVENT_READ, pid)
        _tell(connection, {"pid": pid})
        self.begun += 1
        if self.begun == LONG:
            preload(self.later)
            gc.collect()
            gc.freeze()

    def _leave(self) -> None:
        """Drop in the child what belongs to the server."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.selector.close()
        for held in (self.listener, self.wake_up, self._wake_up_end, *self.kernels.values()):
            held.close()

    def _reap(self) -> None:
        for pid in list(self.kernels):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                connection = self.kernels.pop(pid)
                with contextlib.suppress(KeyError):
                    self.selector.unregister(connection)
                _tell(connection, {"exit": os.waitstatus_to_exitcode(status)})
                connection.close()

    def _closed(self, pid: int) -> None:
        """Kill a kernel whose owner is gone; it is reaped like any other."""
        self.selector.unregister(self.kernels[pid])
        _kill(pid)

    def _end(self) -> None:
        for pid in self.kernels:
            _kill(pid)
        os._exit(0)


def _tell(connection: socket.socket, message: dict[str, int]) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def _kill(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)


def become_kernel(request: dict[str, Any]) -> NoReturn:
    """Turn this forked process into the kernel of one request."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        pinned = {name: os.environ[name] for name in PINNED if name in os.environ}
        os.environ.clear()
        os.environ.update({**pinned, **request["env"]})
        os.chdir(request["cwd"])
        _forget_parent()
        seldom_collect()
        _call(request["call"], request["arguments"]) if request.get("call") else _kernel(request)
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        os._exit(code)


def seldom_collect() -> None:
    """Look for garbage among what comes from here on, and seldom: a report makes next to none."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def _kernel(request: dict[str, Any]) -> None:
    sys.argv = ["ipykernel_launcher", *request["arguments"]]
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def _call(name: str, arguments: Sequence[str]) -> None:
    module, _, function = name.partition(":")
    getattr(importlib.import_module(module), function)(*arguments)


def _die_with(parent: int) -> None:
    """End this process when its parent does, also if that was before this line was reached."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_DEATH_SIGNAL_OPTION, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _forget_parent() -> None:
    """Give the child its own random state, time zone and first entry of the path."""
    time.tzset()
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    if sys.path and sys.path[0] in ("", str(Path.cwd())):
        del sys.path[0]


if __name__ == "__main__":
    main(sys.argv[1:])
