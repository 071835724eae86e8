"""Cache: keep the result of a slow pure function under the hash of everything it depends on."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import inspect
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults import files, paths
from officer_assaults.closure import Package

CACHE_VARIABLE = "OFFICER_ASSAULTS_CACHE"
DIGEST_LENGTH = 64
LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels")
_OURS = Package(Path(__file__).parents[1])
_imports = lru_cache(maxsize=512)(_OURS.imports)


def cached_frame(
    compute: Callable[..., pd.DataFrame], /, *arguments: Any, **named: Any
) -> pd.DataFrame:
    """Return ``compute(*arguments, **named)``, from disk if it was computed before.

    Parameters
    ----------
    compute : callable
        A module-level function that returns a DataFrame and depends on its arguments only.
    *arguments, **named
        Numbers, text, None, lists, tuples, dictionaries, DataFrames, Series, or dataclasses of
        these.

    Returns
    -------
    DataFrame
        What ``compute`` returns, written to Parquet and read back, so that the first call and the
        hundredth give the same bits and types.

    Raises
    ------
    TypeError
        For an argument whose content cannot be hashed.

    Notes
    -----
    The file is named by the SHA-256 of the function's name, the source of its module and of all
    that this imports of the package, the versions of the numerical libraries, and the arguments.
    So nothing stale is read, and two runs at once write the same content: the file appears whole
    or not at all. A folder that cannot
    be written, or a file that is not as it was written, costs time only. The folder is
    ``reports/.cache``, or what ``OFFICER_ASSAULTS_CACHE`` names; it can be deleted at any time.
    """
    path = cache_dir() / f"{compute.__name__}-{_key(compute, arguments, named)}.frame"
    kept = _kept(path)
    if kept is not None:
        return pd.read_parquet(io.BytesIO(kept))
    frame = compute(*arguments, **named)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"{compute.__name__} returned {type(frame).__name__}, not a DataFrame")
    content = _as_parquet(frame)
    with contextlib.suppress(OSError):
        files.write_atomic(path, files.sha256(content).encode() + content)
    return pd.read_parquet(io.BytesIO(content))


def _kept(path: Path) -> bytes | None:
    """Parquet content kept before, behind its own hash: a flipped bit would be another number."""
    if not path.is_file():
        return None
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, parquet = content[:DIGEST_LENGTH], content[DIGEST_LENGTH:]
    return parquet if files.sha256(parquet).encode() == digest else None


def cache_dir() -> Path:
    """Folder of cached results."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else paths.reports_dir() / ".cache"


def _key(
    compute: Callable[..., pd.DataFrame], arguments: tuple[Any, ...], named: dict[str, Any]
) -> str:
    parts = {
        "function": f"{compute.__module__}.{compute.__qualname__}",
        "source": _source(compute),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": list(sys.version_info[:2]),
        "arguments": [_content(value) for value in arguments],
        "named": {name: _content(value) for name, value in sorted(named.items())},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _source(compute: Callable[..., pd.DataFrame]) -> str:
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
    if isinstance(value, list | tuple):
        return [_content(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_content(key), _content(item)] for key, item in value.items()]}
    if isinstance(value, pd.Series):
        return {"series": _content(value.to_frame(name="values"))}
    if isinstance(value, pd.DataFrame):
        return {"frame": hashlib.sha256(_as_parquet(value)).hexdigest()}
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: _content(getattr(value, field.name)) for field in fields(value)}
        return {"dataclass": type(value).__qualname__, "fields": own}
    raise TypeError(f"a cached call cannot take {type(value).__name__}: give plain values")


def _as_parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()
