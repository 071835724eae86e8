"""Scratch: private work folders in one place, which the next command sweeps.

A process that is killed removes nothing. So each folder is locked by the process that made it, and
a folder whose lock is free was left behind: no process number has to be believed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

PLACE = "officer-assaults"
PRIVATE = 0o700
_TRIES = 20


@contextlib.contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """Give a work folder that nobody else may read, removed at the end.

    Parameters
    ----------
    prefix : str
        Beginning of its name.

    Yields
    ------
    Path

    Raises
    ------
    OSError
        If the folder of TMPDIR cannot be written.
    """
    sweep()
    made, held = _made(prefix)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        if held is not None:
            os.close(held)
            with contextlib.suppress(OSError):
                made.parent.rmdir()  # Where another process works there too, it stays.


def sweep() -> None:
    """Remove what processes that were killed left in the place of work folders."""
    with contextlib.suppress(OSError):
        place = _place()
        if not _is_private(place):
            return
        with _locked(place, wait=True):
            for left in place.iterdir():
                with contextlib.suppress(OSError), _locked(left, wait=False):
                    shutil.rmtree(left, ignore_errors=True)
            place.rmdir()


def _place() -> Path:
    who = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    return Path(tempfile.gettempdir()) / f"{PLACE}{who}"


def _made(prefix: str) -> tuple[Path, int | None]:
    """Make a folder in the place; where none can be locked, a private one that nobody sweeps."""
    for _ in range(_TRIES):
        try:
            return _made_in_place(prefix)
        except FileNotFoundError:
            continue  # The process that worked there last removed it just now.
        except OSError:
            break
    return Path(tempfile.mkdtemp(prefix=prefix)), None


def _made_in_place(prefix: str) -> tuple[Path, int]:
    """Make a folder and lock it before another process can take it for one left behind."""
    place = _place()
    with contextlib.suppress(FileExistsError):
        place.mkdir(PRIVATE)
    if not _is_private(place):
        raise PermissionError(f"{place} is not private")
    with _locked(place, wait=True):
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        held = _opened(made)
        _lock(held, wait=False)
    return made, held


def _is_private(place: Path) -> bool:
    if os.name == "nt":  # A folder cannot be locked there.
        return False
    found = place.lstat()
    return (
        found.st_uid == os.getuid()
        and stat.S_ISDIR(found.st_mode)
        and stat.S_IMODE(found.st_mode) == PRIVATE
    )


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


@contextlib.contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[None]:
    held = _opened(path)
    try:
        _lock(held, wait=wait)
        yield
    finally:
        os.close(held)


def _lock(held: int, *, wait: bool) -> None:
    import fcntl

    fcntl.flock(held, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
