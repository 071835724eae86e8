"""Designs over patterns of covariates, kept as small blocks instead of one wide matrix."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import DesignInfo, ModelDesc
from scipy import sparse

from officer_assaults.refusals import Problem, Refusal
from officer_assaults.stats.formulas import RateFormula, build_design, rebuild_design
from officer_assaults.stats.intervals import FloatArray

IntArray = NDArray[np.intp]

MOST_COMBINATIONS = 20_000
MOST_TERMS = 1_500
#: Blocks that cross to at most so many are taken together where sums are formed.
FEW_COMBINATIONS = 100


@dataclass(frozen=True, slots=True)
class Block:
    """Terms of a design that depend on the same few covariates.

    Parameters
    ----------
    covariates : tuple of str
    table : DataFrame, shape (combinations, covariates)
        Every combination of their levels, the last covariate varying fastest.
    matrix : ndarray, shape (combinations, terms of the block)
    terms : ndarray
        Places of these terms in the whole design.
    """

    covariates: tuple[str, ...]
    table: pd.DataFrame
    matrix: FloatArray
    terms: IntArray


@dataclass(frozen=True, slots=True)
class Bundle:
    """Blocks taken together, so that fewer pairs of them are crossed.

    Parameters
    ----------
    matrix : ndarray, shape (combinations, terms of the bundle)
        At each combination of rows of the blocks, the first block's varying fastest.
    terms : ndarray
        Places of these terms in the whole design.
    place : ndarray, shape (patterns,)
        Combination that each pattern has.
    """

    matrix: FloatArray
    terms: IntArray
    place: IntArray


@dataclass(frozen=True, slots=True)
class PatternDesign:
    """A design matrix over patterns, kept as small blocks and the place of each pattern in them.

    Parameters
    ----------
    blocks : tuple of Block
    places : tuple of ndarray, shape (patterns,)
        Row of each block's matrix that each pattern has.
    k : int
        Terms.
    """

    blocks: tuple[Block, ...]
    places: tuple[IntArray, ...]
    k: int
    bundles: tuple[Bundle, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        chosen = _small_together([len(block.matrix) for block in self.blocks])
        bundles = tuple(_bundle(self.blocks, self.places, some) for some in chosen)
        object.__setattr__(self, "bundles", bundles)

    def predictor(self, beta: FloatArray) -> FloatArray:
        """Linear predictor of each pattern, shape (patterns,)."""
        out = np.zeros(len(self.places[0]))
        for bundle in self.bundles:
            out += (bundle.matrix @ beta[bundle.terms]).take(bundle.place)
        return out

    def total(self, weights: FloatArray) -> FloatArray:
        """Weighted sum of the design's rows, shape (k,)."""
        out = np.zeros(self.k)
        for bundle in self.bundles:
            summed = np.bincount(bundle.place, weights, len(bundle.matrix))
            out[bundle.terms] = summed @ bundle.matrix
        return out

    def products(self, weights: FloatArray) -> FloatArray:
        """Weighted cross-product of the design with itself, shape (k, k)."""
        out = np.zeros((self.k, self.k))
        for i, first in enumerate(self.bundles):
            for second in self.bundles[i:]:
                shape = len(first.matrix), len(second.matrix)
                if first is second:
                    marginal = np.bincount(first.place, weights, shape[0])
                    part = (first.matrix * marginal[:, None]).T @ first.matrix
                else:
                    crossed = _cross(first.place, second.place, weights, shape)
                    part = first.matrix.T @ (crossed @ second.matrix)
                out[np.ix_(first.terms, second.terms)] = part
                out[np.ix_(second.terms, first.terms)] = part.T
        return out

    def dense(self) -> FloatArray:
        """Whole matrix, shape (patterns, k)."""
        out = np.empty((len(self.places[0]), self.k))
        for block, place in zip(self.blocks, self.places, strict=True):
            out[:, block.terms] = block.matrix[place]
        return out

    def take(self, rows: NDArray[Any]) -> PatternDesign:
        """Keep the terms, for some of the patterns."""
        return PatternDesign(self.blocks, tuple(place[rows] for place in self.places), self.k)


def _cross(a: IntArray, b: IntArray, weights: FloatArray, shape: tuple[int, int]) -> Any:
    """Cross-tabulate two factors, sparse where the table would be much larger than its input."""
    rows, columns = shape
    if rows * columns <= 4 * len(a) + 1_000_000:
        return np.bincount(a * columns + b, weights, rows * columns).reshape(shape)
    return sparse.csr_matrix((weights, (a, b)), shape=shape)


def _small_together(sizes: Sequence[int]) -> list[list[int]]:
    """Numbers of the blocks of each bundle: the smallest go together while they cross to few."""
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    together = next(
        n for n in range(len(order), 0, -1)
        if n == 1 or math.prod(sizes[j] for j in order[:n]) <= FEW_COMBINATIONS
    )  # fmt: skip
    return [order[:together], *([j] for j in order[together:])]


def _bundle(blocks: Sequence[Block], places: Sequence[IntArray], some: Sequence[int]) -> Bundle:
    terms, matrix = bundle_matrix(blocks, some)
    place, radix = np.zeros(len(places[0]), dtype=np.intp), 1
    for j in some:
        place = place + places[j] * radix
        radix *= len(blocks[j].matrix)
    return Bundle(matrix, terms, place)


def bundle_matrix(blocks: Sequence[Block], some: Sequence[int]) -> tuple[IntArray, FloatArray]:
    """Terms of some blocks, and their values at each combination, the first varying fastest."""
    number = np.arange(math.prod(len(blocks[j].matrix) for j in some))
    parts = []
    for j in some:
        number, code = np.divmod(number, len(blocks[j].matrix))
        parts.append(blocks[j].matrix[code])
    return np.concatenate([blocks[j].terms for j in some]), np.hstack(parts)


def build_blocks(
    formula: RateFormula, levels: Mapping[str, tuple[Any, ...]]
) -> tuple[tuple[Block, ...], DesignInfo]:
    """Build the design of a formula on combinations of levels, block by block.

    Parameters
    ----------
    formula : RateFormula
    levels : mapping of str to tuple
        Sorted values of every covariate.

    Returns
    -------
    blocks : tuple of Block
    info : DesignInfo

    Raises
    ------
    Refusal
        E125 for a term that crosses too many levels, or a spline whose knots depend on rows.
    """
    if "bs(" in formula.text.replace(" ", ""):
        raise refuse(
            "the knots of bs() depend on how often each value occurs.",
            "Use cr(), or bin the covariate.",
        )
    _refuse_wide(formula, levels)
    longest = max((len(values) for values in levels.values()), default=1)
    sample = pd.DataFrame(
        {name: _cycled(values, longest) for name, values in levels.items()}, index=range(longest)
    )
    _, info = build_design(formula, sample)
    k = len(info.column_names)
    if k > MOST_TERMS:
        raise refuse(f"{k:,} terms; at most {MOST_TERMS:,} fit.", "Group levels.")
    owners = _owners(formula, info)
    return tuple(_block(formula, info, levels, *owner) for owner in owners.items()), info


def _block(
    formula: RateFormula,
    info: DesignInfo,
    levels: Mapping[str, tuple[Any, ...]],
    covariates: tuple[str, ...],
    terms: list[int],
) -> Block:
    table = _combinations(covariates, levels)
    rest = {name: values[0] for name, values in levels.items() if name not in covariates}
    matrix = rebuild_design(formula, info, table.assign(**rest)).to_numpy()
    return Block(covariates, table, matrix[:, terms], np.array(terms, dtype=np.intp))


def _refuse_wide(formula: RateFormula, levels: Mapping[str, tuple[Any, ...]]) -> None:
    """Refuse terms that cross too many levels before any of them is built."""
    for term in ModelDesc.from_formula(formula.text).rhs_termlist:
        names = {name for factor in term.factors for name in _names(factor.name())}
        covariates = [name for name in formula.columns if name in names]
        size = math.prod(len(levels[name]) for name in covariates)
        if size > MOST_COMBINATIONS:
            crossed = f"{' x '.join(covariates)} cross {size:,} levels"
            what = f"{crossed}; at most {MOST_COMBINATIONS:,} fit."
            raise refuse(what, "Group levels, or drop the interaction.")


def _cycled(values: tuple[Any, ...], length: int) -> list[Any]:
    return [values[i % len(values)] for i in range(length)]


def _combinations(
    covariates: tuple[str, ...], levels: Mapping[str, tuple[Any, ...]]
) -> pd.DataFrame:
    if not covariates:
        return pd.DataFrame(index=range(1))
    return pd.MultiIndex.from_product([levels[name] for name in covariates]).to_frame(
        index=False, name=list(covariates)
    )


def _owners(formula: RateFormula, info: DesignInfo) -> dict[tuple[str, ...], list[int]]:
    """Columns of the design by the largest set of covariates that a term around them has."""
    sets = []
    for term in info.terms:
        names = {name for factor in term.factors for name in _names(factor.name())}
        sets.append(tuple(name for name in formula.columns if name in names))
    largest = [s for s in dict.fromkeys(sets) if not any(set(s) < set(other) for other in sets)]
    owners: dict[tuple[str, ...], list[int]] = {s: [] for s in largest}
    for term, own in zip(info.terms, sets, strict=True):
        owner = next(s for s in largest if set(own) <= set(s))
        place = info.term_slices[term]
        owners[owner].extend(range(place.start, place.stop))
    return owners


def _names(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code, mode="eval")):
        if isinstance(node, ast.Name):
            yield node.id


def at_patterns(
    blocks: tuple[Block, ...],
    levels: Mapping[str, tuple[Any, ...]],
    patterns: NDArray[Any],
    info: DesignInfo,
) -> PatternDesign:
    """Place numbered patterns in the blocks of a design.

    Parameters
    ----------
    blocks : tuple of Block
    levels : mapping of str to tuple
    patterns : ndarray of int, shape (patterns,)
        Mixed radix over the levels, the first covariate's varying fastest.
    info : DesignInfo
    """
    codes = _codes(levels, patterns)
    places = []
    for block in blocks:
        place = np.zeros(len(patterns), dtype=np.intp)
        for name in block.covariates:
            place = place * len(levels[name]) + codes[name]
        places.append(place)
    return PatternDesign(blocks, tuple(places), len(info.column_names))


def _codes(levels: Mapping[str, tuple[Any, ...]], patterns: NDArray[Any]) -> dict[str, IntArray]:
    """Place of each pattern's level, from its number."""
    rest = patterns.astype(np.int64)
    codes = {}
    for name, values in levels.items():
        rest, code = np.divmod(rest, len(values))
        codes[name] = code.astype(np.intp)
    return codes


def decode(
    design: PatternDesign, levels: Mapping[str, tuple[Any, ...]], rows: int
) -> dict[str, IntArray]:
    """Place of each pattern's level in every covariate, from the blocks that hold it."""
    found: dict[str, IntArray] = {name: np.zeros(rows, dtype=np.intp) for name in levels}
    for block, place in zip(design.blocks, design.places, strict=True):
        rest = place
        for name in reversed(block.covariates):
            rest, found[name] = np.divmod(rest, len(levels[name]))
    return found


def refuse(what: str, remedy: str) -> Refusal:
    """Refusal of a question that sums cannot answer (E125)."""
    return Refusal(Problem("E125", what, remedy))
