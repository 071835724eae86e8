"""Files: write whole or not at all, and know a file by its content."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

from officer_assaults.refusals import Refusal

#: Larger files are not read whole.
MOST_BYTES = 512 * 1024**2
TEMPORARY_PREFIX = ".half-written-"


def write_atomic(path: Path | str, data: bytes | str) -> None:
    """Write a file so that a reader sees the old content or the new, never a part.

    Parameters
    ----------
    path : Path or str
        Where to write; missing folders are made.
    data : bytes or str
        Content; text is encoded as UTF-8 with line ends as they are.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; the old content then still stands.
    """
    target = Path(path)
    if target.exists() and not target.is_file() and not target.is_dir():
        # A device or a pipe takes what it is given, and must not be replaced by a file.
        with target.open("wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
        return
    temporary = _write_beside(target, data)
    try:
        temporary.replace(target)
    except BaseException:
        _discard(temporary)
        raise


def write_new(path: Path | str, data: bytes | str) -> None:
    """Write a file like :func:`write_atomic`, but never over one that exists.

    Raises
    ------
    FileExistsError
        If the file exists, also where another process made it in the meantime.
    """
    target = Path(path)
    temporary = _write_beside(target, data)
    try:
        os.link(temporary, target)
    finally:
        _discard(temporary)


def remove(path: Path) -> None:
    """Remove a file or link, or an empty folder in its place; it may be gone already.

    Raises
    ------
    OSError
        For a folder that holds something, and where the folder around it cannot be written.
    """
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _write_beside(target: Path, data: bytes | str) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
    except BaseException:
        _discard(temporary)
        raise
    return temporary


def _discard(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        temporary.unlink()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def leads_elsewhere(path: Path) -> str:
    """Say why what lies behind a name is not the file that a user named; empty if it is.

    Parameters
    ----------
    path : Path
        A link may lead to its own folder and below: one that leads out, as an archive of somebody
        else's may hold, would have any file of the machine read and spoken of in messages.
    """
    try:
        folder = path.parent.resolve()
        real = (folder / path.name).resolve()
    except (OSError, ValueError, RuntimeError):
        return "its links lead nowhere"
    if any(real.is_relative_to(kernel) for kernel in ("/proc", "/sys", "/dev")):
        return "it is no plain file"
    if (folder / path.name).is_symlink() and not real.is_relative_to(folder):
        return "it is a link that leads out of its folder"
    return ""


def read_inside(folder: Path, name: str) -> bytes:
    """Read a file of a folder by its name there, never one that a link or dots lead to elsewhere.

    Raises
    ------
    Refusal
        P304 for a name that leads out of the folder.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        what = f"leads out of {folder.name}, by a link or by its name."
        raise Refusal.of("P304", what, "Put the file itself there, or delete the link.", name)
    return path.read_bytes()


def sha256(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path | str) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
