"""Told: what every report's story has in common."""

from __future__ import annotations

from typing import Protocol

from officer_assaults.estimate import Shown


class _HasAlpha(Protocol):
    @property
    def alpha(self) -> float: ...


class Told(Shown):
    """What a report rests on; ``alpha`` is one minus the coverage of its intervals."""

    __slots__ = ()

    @property
    def level(self: _HasAlpha) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha
