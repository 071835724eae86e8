"""Lock: one batch at a time on one tree."""

from __future__ import annotations

import contextlib
import importlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from officer_assaults.refusals import Problem, Refusal

_RETRY_SECONDS = 0.2


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold a file lock, which the system gives back even if the process is killed.

    Parameters
    ----------
    path : Path
        The lock file; it stays, and names the last holder's process.
    waiting : callable
        Called once with the holder's process number if the lock is taken.

    Raises
    ------
    Refusal
        P309 if the lock file cannot be opened: then nothing else could be written either.
    """
    with _opened(path) as stream:
        told = False
        while not _try_lock(stream):
            if not told:
                stream.seek(0)
                waiting(stream.read().strip() or "unknown")
                told = True
            time.sleep(_RETRY_SECONDS)
        try:
            stream.seek(0)
            stream.truncate()
            stream.write(str(os.getpid()))
            stream.flush()
        except OSError:
            pass  # A full disk takes the name of the holder, not the lock.
        yield


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8", errors="replace")
    except OSError as error:
        what = f"'{path.parent}' cannot be written: {error.strerror or error}."
        raise Refusal(Problem("P309", what, "Check its owner and the room on its disk.")) from error


def _try_lock(stream: IO[str]) -> bool:
    try:
        if os.name == "nt":
            windows: Any = importlib.import_module("msvcrt")
            stream.seek(0)
            windows.locking(stream.fileno(), windows.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
