"""Handed over: an export that a command has read and checked, for the kernels that it starts.

Each report would read the same file again, from a copy in its own work folder. What is handed over
lies in a private folder for as long as the command runs; files are known by name and content, so
that one which has changed since is read anew.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from officer_assaults import files, memory, scratch

VARIABLE = "OFFICER_ASSAULTS_HANDED"
TEMPORARY_PREFIX = "export-"
_NAME, _PART, _ARRAYS = "given", "writing", "arrays"
_ALIGNED = 64


def state(path: str, sidecar: str, audience: str) -> tuple[str, ...]:
    """Tell what is opened, for whom: names and hashes of the files, taken before they are read."""
    names = (path, sidecar)
    if not all(Path(name).is_file() for name in names):
        # A pipe would be waited for, and a device never ends.
        raise FileNotFoundError(f"{path} and {sidecar} are not both files.")
    return (audience, *(Path(name).name for name in names), *map(files.sha256_file, names))


@contextlib.contextmanager
def over(given: object, opened: tuple[str, ...]) -> Iterator[None]:
    """Hand an opened export over to processes that start while this lasts.

    Parameters
    ----------
    given : object
        From :func:`officer_assaults.topics.crewing.given.checked`.
    opened : tuple of str
        From :func:`state`, before it was opened.
    """
    with contextlib.ExitStack() as stack:
        # Where there is no room for it, each report reads the file as before.
        with contextlib.suppress(OSError):
            folder = stack.enter_context(scratch.folder(TEMPORARY_PREFIX))
            _write(folder, given, opened)
            os.environ[VARIABLE] = str(folder)
            stack.callback(os.environ.pop, VARIABLE, None)
        # Its reader may hold hundreds of megabytes, which now lie in the file.
        del given
        memory.give_back()
        yield


def taken(path: str, sidecar: str | None, audience: str) -> Any:
    """Take what was handed over of these files, as they are now, for this audience; else None."""
    folder = os.environ.get(VARIABLE)
    if not folder or sidecar is None:
        return None
    with contextlib.suppress(OSError):
        place = Path(folder)
        if place.stat().st_uid != os.getuid() or place.stat().st_mode & 0o077:
            return None
        with (place / _NAME).open("rb") as stream:
            if pickle.load(stream) == state(path, sidecar, audience):  # noqa: S301 -- of this user
                sizes = pickle.load(stream)  # noqa: S301
                return pickle.load(stream, buffers=_mapped(place / _ARRAYS, sizes))  # noqa: S301
    return None


def _write(folder: Path, given: object, opened: tuple[str, ...]) -> None:
    arrays: list[pickle.PickleBuffer] = []
    told = pickle.dumps(given, protocol=5, buffer_callback=arrays.append)
    sizes = []
    with (folder / _ARRAYS).open("wb") as stream:
        for array in arrays:
            sizes.append(stream.write(array.raw()))
            stream.write(bytes(-sizes[-1] % _ALIGNED))
    with (folder / _PART).open("wb") as stream:
        stream.write(pickle.dumps(opened) + pickle.dumps(sizes) + told)
    (folder / _PART).rename(folder / _NAME)


def _mapped(place: Path, sizes: list[int]) -> Iterator[memoryview]:
    """Give arrays as they lie in the file: kernels share its pages, and own what they write to."""
    if not any(sizes):
        yield from (memoryview(bytearray()) for _ in sizes)
        return
    with place.open("rb") as stream:
        held = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY))
    at = 0
    for size in sizes:
        yield held[at : at + size]
        at += size + -size % _ALIGNED
