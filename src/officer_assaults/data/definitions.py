"""Definitions: what the package keeps in YAML beside its code, read once it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def read_yaml(path: Path) -> Any:
    """Read a YAML file of the package, by the library's compiled reader where it has one."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # Ten times as fast.
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
