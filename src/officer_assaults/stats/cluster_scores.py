"""Errors clustered by officer, beat or team, from scores summed over the rows of each cluster."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from officer_assaults.stats.intervals import FloatArray
from officer_assaults.stats.pattern_design import (
    MOST_COMBINATIONS,
    PatternDesign,
    bundle_matrix,
    refuse,
)
from officer_assaults.stats.roster_access import RosterLike

MOST_SCORE_NUMBERS_PER_MB = 40_000
#: A quarter of the memory allowed, in numbers of eight bytes.
SUMS_PER_MB = 31_250
FEW_FOR_SAMPLE = 1_000
#: Cost of one more group in an engine's aggregation, in rows.
GROUP_COST = 3.0
#: Cost of one more sum per cluster, in rows that are added to one bundle less.
SUM_COST = 2.5
CLUSTERS_AT_ONCE = 4_096


class _Sink(Protocol):
    def add(self, i: int, g: NDArray[Any], code: NDArray[Any], w: FloatArray) -> None:
        """Add differences to bundle i's sums."""

    def meat(self) -> FloatArray:
        """Sum over clusters of the score times itself."""


class _Sums:
    """One sum for each cluster and combination: quickest while there is room."""

    def __init__(self, design: PatternDesign, bundles: Sequence[Sequence[int]], clusters: int):
        self._k, self._clusters = design.k, clusters
        self._bundles = [bundle_matrix(design.blocks, bundle) for bundle in bundles]
        self._sums = [np.zeros(clusters * len(matrix)) for _, matrix in self._bundles]

    def add(self, i: int, g: NDArray[Any], code: NDArray[Any], w: FloatArray) -> None:
        np.add.at(self._sums[i], g * len(self._bundles[i][1]) + code, w)

    def meat(self) -> FloatArray:
        out = np.zeros((self._k, self._k))
        for first in range(0, self._clusters, CLUSTERS_AT_ONCE):
            some = slice(first, min(first + CLUSTERS_AT_ONCE, self._clusters))
            scores = np.zeros((some.stop - first, self._k))
            for (terms, matrix), sums in zip(self._bundles, self._sums, strict=True):
                scores[:, terms] = sums.reshape(self._clusters, -1)[some] @ matrix
            out += scores.T @ scores
        return out


class _Scores:
    """One score for each cluster and term: where combinations outnumber terms by far."""

    def __init__(self, design: PatternDesign, bundles: Sequence[Sequence[int]], clusters: int):
        self._bundles = [bundle_matrix(design.blocks, bundle) for bundle in bundles]
        self._scores = np.zeros((clusters, design.k))

    def add(self, i: int, g: NDArray[Any], code: NDArray[Any], w: FloatArray) -> None:
        terms, matrix = self._bundles[i]
        shape = (len(self._scores), len(matrix))
        self._scores[:, terms] += sparse.csr_matrix((w, (g, code)), shape) @ matrix

    def meat(self) -> FloatArray:
        return np.asarray(self._scores.T @ self._scores)


def cluster_meat(
    roster: RosterLike,
    question: Any,
    design: PatternDesign,
    beta: FloatArray,
    clusters: int,
    rows: int,
) -> FloatArray:
    """Sum over clusters of the score times itself, shape (k, k).

    A cluster's score is the design's rows weighted by observed minus fitted counts. As a block of
    the design depends on few covariates, sums of the differences by cluster and combination of
    these are enough.

    Parameters
    ----------
    roster : RosterLike
    question : Question
    design : PatternDesign
    beta : ndarray, shape (k,)
    clusters, rows : int

    Raises
    ------
    Refusal
        E125 if the sums need more memory than allowed.
    """
    lookups = [
        block.table.assign(m=np.exp(block.matrix @ beta[block.terms])) for block in design.blocks
    ]
    bundles, sink = _plan(roster, question, design, clusters, rows)
    roster.cluster_scores(question, lookups, bundles, sink.add)
    return sink.meat()


def _plan(
    roster: RosterLike, question: Any, design: PatternDesign, clusters: int, rows: int
) -> tuple[list[list[int]], _Sink]:
    """Choose what is summed together, and what holds the sums."""
    sizes = [len(block.matrix) for block in design.blocks]
    room = roster.memory_mb * SUMS_PER_MB / clusters
    if roster.streams and sum(sizes) <= room:
        bundles = _merged(sizes, room, rows / clusters)
        return bundles, _Sums(design, bundles, clusters)
    if clusters * design.k > roster.memory_mb * MOST_SCORE_NUMBERS_PER_MB:
        need = math.ceil(clusters * design.k / MOST_SCORE_NUMBERS_PER_MB)
        raise refuse(
            f"scores of {clusters:,} clusters on {design.k} terms need about {need:,} MB.",
            "Allow more memory, or cluster by a coarser unit.",
        )
    bundles = [[j] for j in range(len(sizes))]
    if not roster.streams:
        sample = roster.cluster_sample(question) if clusters > FEW_FOR_SAMPLE else None
        bundles = _bundles(design, sample, clusters, rows)
    return bundles, _Scores(design, bundles, clusters)


def _merged(sizes: Sequence[int], room: float, rows_each: float) -> list[list[int]]:
    """Blocks to sum together: each bundle costs a walk over all rows, each combination room."""
    bundles = [[j] for j in range(len(sizes))]
    while len(bundles) > 1:
        bundles.sort(key=lambda bundle: math.prod(sizes[j] for j in bundle))
        own = [math.prod(sizes[j] for j in bundle) for bundle in bundles]
        more = own[0] * own[1] - own[0] - own[1]
        if more * SUM_COST > rows_each or sum(own) + more > room:
            break
        bundles[1] = [*bundles[0], *bundles[1]]
        del bundles[0]
    return bundles


def _bundles(
    design: PatternDesign, sample: pd.DataFrame | None, clusters: int, rows: int
) -> list[list[int]]:
    """Blocks an engine sums together: fewer aggregations against fewer groups."""
    sizes = [len(block.matrix) for block in design.blocks]

    def groups(bundle: Sequence[int]) -> float:
        """Estimate the groups that a bundle makes within one cluster."""
        crossed = float(math.prod(sizes[j] for j in bundle))
        if sample is None:
            return min(crossed, rows / clusters)
        names = list(dict.fromkeys(n for j in bundle for n in design.blocks[j].covariates))
        if not names:
            return 1.0
        distinct = sample[["cluster_", *names]].drop_duplicates()
        return len(distinct) / sample["cluster_"].nunique()

    def cost(bundle: Sequence[int]) -> float:
        too_many = math.prod(sizes[j] for j in bundle) > 10 * MOST_COMBINATIONS
        return math.inf if too_many else rows / clusters + GROUP_COST * groups(bundle)

    bundles = [[j] for j in range(len(sizes))]
    while len(bundles) > 1:
        gain, i, j = max(
            (cost(a) + cost(b) - cost([*a, *b]), i, j)
            for i, a in enumerate(bundles)
            for j, b in enumerate(bundles)
            if i < j
        )
        if gain <= 0:
            break
        bundles[i] = [*bundles[i], *bundles.pop(j)]
    return bundles
