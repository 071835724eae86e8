"""Memory: give back to the machine what a process no longer holds."""

from __future__ import annotations

import contextlib
import ctypes
import gc


def give_back() -> None:
    """Give freed memory back at once; allocators keep it else for what may come."""
    import pyarrow as pa

    gc.collect()
    pa.default_memory_pool().release_unused()
    # Only the C library of GNU has this; others give back by themselves.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
