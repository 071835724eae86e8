"""Entry: the name under which papermill finds the forked engine (``papermill --engine ...``)."""

from __future__ import annotations

from typing import Any


class ForkedEngine:
    """Stands for :class:`officer_assaults.pipeline.engines.ForkedEngine` until it is used.

    Papermill loads its engines while it is itself being imported; importing the real one at that
    moment would go round in a circle.
    """

    @staticmethod
    def _real() -> Any:
        from officer_assaults.pipeline import engines

        return engines.ForkedEngine

    @classmethod
    def execute_notebook(cls, *args: Any, **kwargs: Any) -> Any:
        """Execute a notebook object."""
        return cls._real().execute_notebook(*args, **kwargs)

    @classmethod
    def nb_kernel_name(cls, *args: Any, **kwargs: Any) -> Any:
        """Read the kernel's name from a notebook."""
        return cls._real().nb_kernel_name(*args, **kwargs)

    @classmethod
    def nb_language(cls, *args: Any, **kwargs: Any) -> Any:
        """Read the language from a notebook."""
        return cls._real().nb_language(*args, **kwargs)
