"""Cache: keep the result of a slow pure function, in joblib's memory, for every run to share."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import inspect
import io
import json
import logging
import os
import pickle
import stat
import sys
import warnings
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from officer_assaults import files, paths
from officer_assaults.closure import Package
from officer_assaults.data import kept

_log = logging.getLogger(__name__)

P = ParamSpec("P")
Result = TypeVar("Result")

CACHE_VARIABLE = "OFFICER_ASSAULTS_CACHE"
#: Results are read by pickle, which runs what it reads: only from where nobody else may write.
PRIVATE = "private"
LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels")
_PYTHON = list(sys.version_info[:2])
_OURS = Package(Path(__file__).parents[1])
_imports = lru_cache(maxsize=512)(_OURS.imports)


def cached(compute: Callable[P, Result], /, *arguments: P.args, **named: P.kwargs) -> Result:
    """Return ``compute(*arguments, **named)``, from disk if it was computed before.

    Parameters
    ----------
    compute : callable
        A module-level function that depends on its arguments only. What it returns can be pickled.
    *arguments, **named
        Numbers, text, None, dates, lists, tuples, dictionaries, DataFrames, Series, or dataclasses
        of these.

    Returns
    -------
    object
        What ``compute`` returns, a copy of its own for each call.

    Raises
    ------
    TypeError
        For an argument whose content cannot be hashed.

    Notes
    -----
    joblib keeps it under the SHA-256 of the function's name, the source of its module and of all
    that this imports of the package, the versions of the numerical libraries, and the arguments.
    So nothing stale is read, and two runs at once write the same content. A folder that cannot be
    written or that others may write, or a result that is not as it was written, costs time only. A
    result that is tracked under the same hash (:mod:`officer_assaults.data.kept`) is taken from
    there; single numbers count to 12 digits there, since an exponential differs in its last from
    one kind of processor to another. The folder is ``reports/.cache``, or what
    ``OFFICER_ASSAULTS_CACHE`` names; it can be deleted at any time.
    """
    parts = _parts(compute, arguments, named)
    name, tracked = parts["function"].removeprefix(f"{_OURS.name}."), _key(_same_everywhere(parts))
    held: Any = kept.read(name, tracked)
    if held is not None:
        return held  # type: ignore[no-any-return]
    result = _remembered(compute, arguments, named, _key({**parts, "python": _PYTHON}))
    kept.write(name, tracked, result)
    return result


def _remembered(
    compute: Callable[..., Result], arguments: tuple[Any, ...], named: dict[str, Any], key: str
) -> Result:
    """Take a result from joblib's memory, computed where that does not hold it."""
    memory = _memory()
    if memory is None:
        return compute(*arguments, **named)
    call = (key, compute, arguments, named)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unable to cache to disk")
        found = memory(*call)
        if not _is_whole(found):
            memory.call_and_shelve(*call).clear()
            found = memory(*call)
    result: Result = pickle.loads(found[0])  # noqa: S301 -- its hash is that of what was written
    return result


def _is_whole(found: Any) -> bool:
    """Whether a result is as it was written: a flipped bit would be another number."""
    try:
        content, digest = found
        return bool(files.sha256(content) == digest)
    except (TypeError, ValueError):
        return False


def _memory() -> Any:
    """Give joblib's memory of :func:`_computed`; None where the folder cannot be written."""
    from joblib import Memory, register_store_backend
    from joblib._store_backends import FileSystemStoreBackend

    class RegularFiles(FileSystemStoreBackend):  # type: ignore[misc]
        """Never waits for a pipe that stands where a result should."""

        _open_item = staticmethod(_open_regular)

    register_store_backend("regular", RegularFiles)
    folder = cache_dir() / PRIVATE
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder.is_dir() and os.access(folder, os.W_OK) and _is_private(folder)):
        return None
    kept = Memory(folder, backend="regular", verbose=0).cache(
        _computed, ignore=["compute", "arguments", "named"]
    )
    kept.warn = _log.debug  # What cannot be read is computed again; a page need not say so.
    return kept


def _is_private(folder: Path) -> bool:
    """Whether nobody but this user may put files there."""
    if os.name == "nt":  # Rights lie elsewhere there.
        return True
    found = folder.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & others
    )


def _open_regular(path: str, mode: str) -> Any:
    if "r" in mode and not Path(path).is_file():
        raise OSError(f"{path} is no file")
    return open(path, mode)  # noqa: PTH123 -- joblib closes it


def _computed(
    key: str, compute: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> tuple[bytes, str]:
    """Pickle a result, with the hash of that; the key stands for everything."""
    content = pickle.dumps(compute(*arguments, **named))
    return content, files.sha256(content)


def cache_dir() -> Path:
    """Folder of cached results."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else paths.reports_dir() / ".cache"


def _parts(
    compute: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> dict[str, Any]:
    """Everything that a result depends on."""
    return {
        "function": f"{compute.__module__}.{compute.__qualname__}",
        "source": _source(compute),
        "libraries": {name: _version(importlib.metadata.version, name) for name in LIBRARIES},
        "arguments": [_content(value) for value in arguments],
        "named": {name: _content(value) for name, value in sorted(named.items())},
    }


@lru_cache(maxsize=16)
def _version(look_up: Callable[[str], str], name: str) -> str:
    return look_up(name)


def read_source(*computed: Callable[..., Any]) -> None:
    """Hash the source of functions once; processes forked afterwards find that done."""
    for compute in computed:
        _parts(compute, (), {})


def _key(parts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _source(compute: Callable[..., Any]) -> str:
    """Hash of the function's module and of all that it imports of this package."""
    if compute.__module__.partition(".")[0] != _OURS.name:
        return files.sha256_file(Path(inspect.getfile(compute)))
    return _closure_hash(compute.__module__)


@lru_cache(maxsize=64)
def _closure_hash(module: str) -> str:
    together = sorted(_OURS.closure([module], _imports, parents=False))
    found = (_OURS.path(name) for name in together)
    hashes = "".join(files.sha256_file(path) for path in found if path is not None)
    return hashlib.sha256(hashes.encode()).hexdigest()


def _content(value: Any) -> Any:
    """Give a JSON form that differs whenever the content or its type differs."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, pd.Timestamp):
        return {"timestamp": value.isoformat()}
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_content(key), _content(item)] for key, item in value.items()]}
    if isinstance(value, pd.Series):
        return {"series": _content(value.to_frame(name="values"))}
    if isinstance(value, pd.DataFrame):
        return {"frame": hashlib.sha256(_as_parquet(value)).hexdigest()}
    if isinstance(value, np.ndarray):
        return {"array": [str(value.dtype), list(value.shape), files.sha256(value.tobytes())]}
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: _content(getattr(value, field.name)) for field in fields(value)}
        return {"dataclass": type(value).__qualname__, "fields": own}
    raise TypeError(f"a cached call cannot take {type(value).__name__}: give plain values")


def _same_everywhere(content: Any) -> Any:
    """JSON form of a content without the digits in which processors differ."""
    if isinstance(content, list):
        return [_same_everywhere(item) for item in content]
    if not isinstance(content, dict):
        return content
    if content.keys() == {"float"}:
        return {"float": f"{float.fromhex(content['float']):.12g}"}
    return {key: _same_everywhere(item) for key, item in content.items()}


def _as_parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()
