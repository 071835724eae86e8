"""Once: what the tables say for all forces alike, worked out once for each content of ``data/``."""

from __future__ import annotations

import copy
import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from officer_assaults import paths
from officer_assaults.data import tables

P = ParamSpec("P")
Result = TypeVar("Result")


def once(compute: Callable[P, Result]) -> Callable[P, Result]:
    """Have a function of ``data/`` and its arguments remember what it gave, in this process.

    Kernels forked from a process that has called it find the answer there. A file of ``data/`` that
    is changed, added or taken away has everything worked out anew. Each call gives frames of its
    own, which share their content until one is written to.

    Parameters
    ----------
    compute : callable
        A function that depends on the tables and on its arguments alone: text, numbers, dates,
        lists and dictionaries of these, forces and years. An error is never remembered.
    """
    signature = inspect.signature(compute)

    @lru_cache(maxsize=64)
    def remembered(state: tuple[Any, ...], call: _Call) -> Result:
        del state  # part of the cache key
        work: Any = compute
        result: Result = work(*call.arguments, **call.named)
        return result

    @wraps(compute)
    def told(*arguments: P.args, **named: P.kwargs) -> Result:
        bound = signature.bind(*arguments, **named)
        bound.apply_defaults()
        state = (tables.trusts_checksums(), _state(paths.data_dir()))
        result: Result = fresh(remembered(state, _Call(bound.args, bound.kwargs)))
        return result

    return told


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """Arguments of a call, told apart by what they hold."""

    arguments: tuple[Any, ...]
    named: dict[str, Any]

    def __hash__(self) -> int:
        return hash(self._key())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Call) and self._key() == other._key()

    def _key(self) -> tuple[Any, ...]:
        return _frozen(self.arguments), _frozen(self.named)


def _frozen(value: Any) -> Any:
    """Give a form that can be hashed and differs where the value does, or its type."""
    if isinstance(value, dict):
        return dict, tuple((key, _frozen(value[key])) for key in sorted(value))
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    return type(value), value


def fresh(value: Any) -> Any:
    """Copy a result so that no change of it reaches another copy; pandas copies on writing."""
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.copy(deep=False)
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(map(fresh, value))
    if isinstance(value, dict):
        return {key: fresh(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        own = copy.copy(value)
        for field in fields(value):
            object.__setattr__(own, field.name, fresh(getattr(value, field.name)))
        return own
    return value


def _state(folder: str | Path) -> tuple[Any, ...]:
    """Names, times and sizes of all files below a folder: others are another content."""
    found: list[Any] = [str(folder)]
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                found.append(_state(entry.path))
            else:
                seen = entry.stat()
                found.append((entry.name, seen.st_mtime_ns, seen.st_size))
    return tuple(found)
