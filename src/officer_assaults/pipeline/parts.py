"""Parts: long work cut into pieces that run side by side and, once finished, are kept."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from officer_assaults.files import write_atomic
from officer_assaults.pipeline.inputs import dump_json, read_json


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of work.

    Parameters
    ----------
    path : Path
        Where its result is kept; whatever the result depends on must be in the name.
    work : callable
        Module-level function, or a partial of one, that returns a mapping fit for JSON.
    """

    path: Path
    work: Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Finished:
    """One piece that ended.

    Parameters
    ----------
    part : Part
    seconds : float
        0 for one that was kept from before.
    error : str
        Empty if it went well.
    """

    part: Part
    seconds: float
    error: str = ""


def finish(parts: Sequence[Part], jobs: int) -> Iterator[Finished]:
    """Run the pieces that are not there yet, and tell of each as it ends.

    Each worker writes its own result, whole or not at all, so that work that is broken off, even
    by a kill, goes on where it stopped.

    Parameters
    ----------
    parts : sequence of Part
    jobs : int
        Processes.

    Yields
    ------
    Finished
        Kept ones first, then the others in the order in which they end.
    """
    left = []
    for part in parts:
        if read_json(part.path) is None:
            left.append(part)
        else:
            yield Finished(part, 0.0)
    if jobs == 1:
        yield from map(_finish_one, left)
    elif left:
        yield from _side_by_side(left, jobs)


def _side_by_side(parts: Sequence[Part], jobs: int) -> Iterator[Finished]:
    # A fresh process per worker: a fork of one with threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(jobs, len(parts)), mp_context=context, initializer=_keep_going)
    try:
        waiting = {pool.submit(_finish_one, part): part for part in parts}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                part = waiting.pop(future)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield Finished(part, 0.0, "its process was ended from outside; start again")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _keep_going() -> None:
    """Let a worker end the piece it is at when the terminal is interrupted."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _finish_one(part: Part) -> Finished:
    start = perf_counter()
    try:
        write_atomic(part.path, dump_json(dict(part.work())))
    except Exception as error:  # one piece that fails must not take the others with it
        return Finished(part, perf_counter() - start, f"{type(error).__name__}: {error}")
    return Finished(part, perf_counter() - start)
