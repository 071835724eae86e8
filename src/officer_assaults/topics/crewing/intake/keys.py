"""Keys: the secret that identifiers are hashed with, made here and kept here."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from officer_assaults.refusals import Problem, Refusal

FOLDER = "OFFICER_ASSAULTS_KEY_FOLDER"
BYTES = 32


def key_file() -> Path:
    """Where the secret lies: in the user's own configuration, never beside the data."""
    base = os.environ.get(FOLDER) or os.environ.get("XDG_CONFIG_HOME")
    try:
        return Path(base or Path.home() / ".config") / "officer-assaults" / "key"
    except RuntimeError:
        what = "this user has no home folder to keep the key of pseudonyms in."
        raise Refusal(Problem("P311", what, f"Set HOME or {FOLDER}.")) from None


def secret() -> bytes:
    """Secret of this user on this machine; made at the first use, readable by nobody else."""
    path = key_file()
    if path.is_file():
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = secrets.token_bytes(BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as stream:
        stream.write(made)
    return made


def digest(identifier: str, key: bytes) -> str:
    """HMAC of an identifier, in hexadecimal."""
    return hmac.new(key, identifier.encode(), hashlib.sha256).hexdigest()
