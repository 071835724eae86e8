"""Aside: do one thing many times on all cores, in copies of a process that has done its imports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from officer_assaults.pipeline.forkserver import unforkable

#: Fewer are done before a copy is made.
FEWEST = 2
Item = TypeVar("Item")


def each(work: Callable[[Item], object], items: Sequence[Item]) -> None:
    """Call a function for every item, on all cores where this process may be copied.

    Parameters
    ----------
    work : callable
        Leaves what it makes on disk: what it returns is lost.
    items : sequence
        What it takes, one at a time.

    Raises
    ------
    Exception
        What ``work`` raises: what a copy failed to do is done again here.
    """
    width = _width(len(items))
    shares = [items[first::width] for first in range(width)]
    copies = [(_copied(work, share), share) for share in shares[1:]]
    try:
        for item in shares[0]:
            work(item)
    finally:
        failed = [share for pid, share in copies if os.waitpid(pid, 0)[1]]
    for share in failed:
        for item in share:
            work(item)


def _width(count: int) -> int:
    if count < FEWEST or sys.platform != "linux" or unforkable() is not None:
        return 1
    return min(len(os.sched_getaffinity(0)), count)


def _copied(work: Callable[[Item], object], share: Sequence[Item]) -> int:
    """Start a copy of this process that does a share and ends; its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for item in share:
            work(item)
        code = 0
    finally:
        os._exit(code)
