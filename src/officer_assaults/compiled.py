"""Compiled modules that were cut off are compiled anew, rather than stand in the way for good.

Python renames what it has compiled into place without a look at how much of it was written. So a
full disk, or a machine that lost its power, leaves half a module, and each later import of it ends
in ``EOFError: marshal data too short``.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType

#: What ``marshal`` raises of half a module.
_CUT_OFF = (EOFError, ValueError)


def main() -> None:
    """Run the command ``officer-assaults``, whose own modules may be cut off too."""
    mend()
    gc.set_threshold(20_000, 20, 20)  # Imports make no garbage that is worth looking for.
    importlib.import_module("officer_assaults.cli").main()


def mend() -> None:
    """Have this process, and those forked of it, read a module's source where no more is whole."""
    SourceFileLoader.get_code = _whole  # type: ignore[assignment, method-assign]


_loaded = SourceFileLoader.get_code


def _whole(loader: SourceFileLoader, name: str) -> CodeType | None:
    """Give a module's code; of one that is cut off from its source, and remove what was cut off."""
    try:
        return _loaded(loader, name)
    except _CUT_OFF:
        path = loader.get_filename(name)
        with contextlib.suppress(OSError):
            Path(cache_from_source(path)).unlink()
        return loader.source_to_code(loader.get_data(path), path)
