"""Wording: what a report says around its numbers, from ``words.yml`` beside the topic's code.

A text there may hold ``{name}`` for what is filled in, with a format of its own: ``{share:.0%}``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from officer_assaults.data.definitions import read_yaml
from officer_assaults.estimate import Estimate, count, statement
from officer_assaults.findings import Finding, Verdict


@cache
def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = read_yaml(path)
    return read


class Wording:
    """Texts of one topic.

    Parameters
    ----------
    code : str
        A module of the topic: its ``__file__``.
    """

    def __init__(self, code: str) -> None:
        self._path = Path(code).with_name("words.yml")

    def told(self, key: str, **names: Any) -> dict[str, Any]:
        """Texts of a box, table, figure or heading, by the argument that takes each."""
        told: dict[str, Any] = _filled(_read(self._path)[key], names)
        return told

    def lines(self, key: str, **names: Any) -> list[str]:
        """Texts of a list."""
        lines: list[str] = _filled(_read(self._path)[key], names)
        return lines

    def text(self, key: str, **names: Any) -> str:
        """Give one text."""
        text: str = _filled(_read(self._path)[key], names)
        return text

    def estimate(
        self, key: str, value: float, limits: Any, verdict: Verdict, *, names: dict[str, Any],
        **about: Any,
    ) -> Finding:  # fmt: skip
        """Make the finding of an estimate.

        Parameters
        ----------
        key : str
            Whose texts: id, label, claim, unit, denominator, and if wanted others of
            :class:`~officer_assaults.estimate.Estimate`.
        value : float
        limits : object
            Has ``lower`` and ``upper``.
        verdict : str
        names : dict
            What is filled in.
        **about
            Further fields of the estimate; ``quantity`` is the finding's.
        """
        head, told = self._told(key, names)
        more = {"quantity": about.pop("quantity")} if "quantity" in about else {}
        return Estimate.of(value, limits, **(told | about)).finding(*head, verdict, **more)

    def count(
        self, key: str, value: float, verdict: Verdict, *, names: dict[str, Any], **about: Any
    ) -> Finding:
        """Make the finding of an exact count; parameters as for :meth:`estimate`."""
        head, told = self._told(key, names)
        return count(*head, verdict, value=value, **(told | about))

    def statement(
        self, key: str, verdict: Verdict, *, names: dict[str, Any], **about: Any
    ) -> Finding:
        """Make a finding without a number; parameters as for :meth:`estimate`."""
        head, told = self._told(key, names)
        return statement(*head, verdict, **(told | about))

    def _told(self, key: str, names: dict[str, Any]) -> tuple[tuple[str, str, str], dict[str, Any]]:
        """Give identifier, label and claim of a finding, and its other texts."""
        told = _filled(_read(self._path)["findings"][key], names)
        return (told.pop("id"), told.pop("label"), told.pop("claim")), told


def _filled(said: Any, names: dict[str, Any]) -> Any:
    """Fill in every text of a mapping or list."""
    if isinstance(said, dict):
        return {part: _filled(one, names) for part, one in said.items()}
    if isinstance(said, list):
        return [_filled(one, names) for one in said]
    return said.format(**names) if isinstance(said, str) else said
