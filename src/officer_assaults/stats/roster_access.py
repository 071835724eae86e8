"""What a fit asks of a roster, without knowing where its rows are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd


class RosterSumsLike(Protocol):
    """Sums over patterns, as a roster hands them out."""

    @property
    def levels(self) -> Mapping[str, tuple[Any, ...]]:
        """Sorted values of each covariate."""

    @property
    def patterns(self) -> pd.DataFrame:
        """Columns pattern, n, e and, where asked for, ee."""

    @property
    def events(self) -> pd.DataFrame:
        """Columns pattern, y, n, e, inverse and log."""


class RosterLike(Protocol):
    """What a fit asks of a roster; see :class:`officer_assaults.topics.crewing.rosters.Roster`."""

    memory_mb: int

    @property
    def streams(self) -> bool:
        """Whether scores arrive row by row."""

    @property
    def columns(self) -> list[str]:
        """Columns of the roster."""

    def check(
        self, outcome: str, exposure: str, covariates: Sequence[str], cluster: str = ""
    ) -> None:
        """Refuse columns that cannot serve."""

    def is_simulated(self) -> bool:
        """Whether all rows are made up."""

    def sums(
        self, outcome: str, exposure: str, covariates: Sequence[str], *, squares: bool = True
    ) -> RosterSumsLike:
        """Collapse the rows by pattern."""

    def ask(
        self, outcome: str, exposure: str, covariates: Mapping[str, Any], cluster: str = ""
    ) -> Any:
        """Put a question about clusters together."""

    def clusters(self, name: str) -> int:
        """Count the clusters."""

    def cluster_sample(self, question: Any) -> pd.DataFrame:
        """Distinct patterns of some clusters."""

    def cluster_scores(
        self,
        question: Any,
        lookups: Sequence[pd.DataFrame],
        bundles: Sequence[Sequence[int]],
        sink: Callable[[int, Any, Any, Any], None],
    ) -> None:
        """Sum observed minus fitted counts by cluster."""

    def cluster_cells(self, question: Any) -> pd.DataFrame:
        """Collapse the rows by cluster and pattern."""
