"""Lean: imports jsonschema, which nbformat needs, without what it would spend seconds on.

If they are installed, jsonschema imports checkers of internet addresses and durations and builds
their grammars, for two seconds of every process that reads a notebook. Notebooks hold neither.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

NOT_NEEDED = ("isoduration", "rfc3987_syntax")


def import_jsonschema() -> None:
    """Import it as if the checkers were not installed, which it allows for."""
    modules: dict[str, Any] = sys.modules
    hidden = [name for name in NOT_NEEDED if name not in modules]
    modules.update(dict.fromkeys(hidden))
    try:
        importlib.import_module("jsonschema")
    finally:
        for name in hidden:
            del modules[name]


import_jsonschema()
