"""Designs over patterns of covariates, kept as small blocks instead of one wide matrix.

Terms that depend on the same few covariates form a block: a small matrix over the combinations of
their levels, and the place of each pattern in it. Products with the whole design are then sums over
cross tables of places.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import DesignInfo, ModelDesc, Term

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats import expressions
from officer_assaults.stats.formulas import RateFormula, build_design, rebuild_design
from officer_assaults.stats.intervals import FloatArray

IntArray = NDArray[np.intp]
Levels = Mapping[str, Sequence[Any]]

MOST_COMBINATIONS = 20_000
MOST_TERMS = 1_500
#: Blocks that cross to at most so many combinations are taken together.
FEW_COMBINATIONS = 100


@dataclass(frozen=True, slots=True)
class Block(Shown):
    """Terms of a design that depend on the same few covariates.

    Parameters
    ----------
    covariates : tuple of str
    matrix : ndarray, shape (combinations, terms of the block)
        At every combination of the covariates' levels, the last covariate varying fastest.
    terms : ndarray
        Places of these terms in the whole design.
    """

    covariates: tuple[str, ...]
    matrix: FloatArray
    terms: IntArray

    def steps(self, levels: Levels) -> list[tuple[str, int]]:
        """Rows of the matrix from one level of each covariate to the next."""
        sizes = [len(levels[name]) for name in self.covariates]
        return [(name, math.prod(sizes[i + 1 :])) for i, name in enumerate(self.covariates)]

    def place(self, codes: Mapping[str, IntArray], levels: Levels, rows: int) -> IntArray:
        """Row of the matrix for each row of codes (places of levels), shape (rows,)."""
        place = np.zeros(rows, dtype=np.intp)
        for name, step in self.steps(levels):
            place += step * codes[name]
        return place


@dataclass(frozen=True, slots=True)
class BlockDesign(Shown):
    """A design matrix over patterns, which is never written out.

    Parameters
    ----------
    blocks : tuple of Block
    places : tuple of ndarray, shape (patterns,)
        Row of each block's matrix that each pattern has.
    names : list of str
        Terms.
    """

    blocks: tuple[Block, ...]
    places: tuple[IntArray, ...]
    names: list[str]

    @property
    def shape(self) -> tuple[int, int]:
        """Patterns and terms."""
        return len(self.places[0]), len(self.names)

    def __matmul__(self, beta: FloatArray) -> FloatArray:
        """Linear predictor of each pattern, shape (patterns,)."""
        return np.asarray(
            sum(
                (block.matrix @ beta[block.terms])[place]
                for block, place in zip(self.blocks, self.places, strict=True)
            )
        )

    def total(self, weights: FloatArray) -> FloatArray:
        """Weighted sum of the design's rows, shape (terms,)."""
        out = np.zeros(len(self.names))
        for block, place in zip(self.blocks, self.places, strict=True):
            out[block.terms] = np.bincount(place, weights, len(block.matrix)) @ block.matrix
        return out

    def gram(self, weights: FloatArray) -> FloatArray:
        """Weighted cross-product of the design with itself, shape (terms, terms)."""
        out = np.zeros((len(self.names), len(self.names)))
        for i, (a, p) in enumerate(zip(self.blocks, self.places, strict=True)):
            own = np.bincount(p, weights, len(a.matrix))
            out[np.ix_(a.terms, a.terms)] = (a.matrix * own[:, None]).T @ a.matrix
            for b, q in zip(self.blocks[i + 1 :], self.places[i + 1 :], strict=True):
                shape = len(a.matrix), len(b.matrix)
                crossed = np.bincount(p * shape[1] + q, weights, math.prod(shape))
                part = a.matrix.T @ (crossed.reshape(shape) @ b.matrix)
                out[np.ix_(a.terms, b.terms)] = part
                out[np.ix_(b.terms, a.terms)] = part.T
        return out

    def dense(self) -> FloatArray:
        """Whole matrix, shape (patterns, terms)."""
        out = np.empty(self.shape)
        for block, place in zip(self.blocks, self.places, strict=True):
            out[:, block.terms] = block.matrix[place]
        return out


def build_blocks(
    formula: RateFormula, levels: Levels, codes: Mapping[str, IntArray], rows: int
) -> BlockDesign:
    """Build the design of a formula at patterns, block by block.

    Parameters
    ----------
    formula : RateFormula
    levels : mapping of str to sequence
        Sorted values of every covariate.
    codes : mapping of str to ndarray, shape (rows,)
        Place of each pattern's level.
    rows : int
        Patterns.

    Raises
    ------
    Refusal
        E125 for a term that crosses too many levels, or a spline whose knots depend on rows.
    """
    _refuse_splines(formula.text)
    _refuse_wide(formula, levels)
    longest = max((len(values) for values in levels.values()), default=1)
    sample = {n: [values[i % len(values)] for i in range(longest)] for n, values in levels.items()}
    _, info = build_design(formula, pd.DataFrame(sample, index=range(longest)))
    if len(info.column_names) > MOST_TERMS:
        what = f"{len(info.column_names):,} terms; at most {MOST_TERMS:,} fit."
        raise refuse(what, "Group levels.")
    blocks = _merged([_block(formula, info, levels, *o) for o in _owners(formula, info).items()])
    places = tuple(block.place(codes, levels, rows) for block in blocks)
    return BlockDesign(blocks, places, list(info.column_names))


def _block(
    formula: RateFormula,
    info: DesignInfo,
    levels: Levels,
    covariates: tuple[str, ...],
    terms: list[Term],
) -> Block:
    table = pd.DataFrame(index=range(1))
    if covariates:
        product = pd.MultiIndex.from_product([levels[name] for name in covariates])
        table = product.to_frame(index=False, name=list(covariates))
    # Of the other terms nothing is built: most of the time goes into each one's levels.
    alone = replace(formula, columns=covariates)
    matrix = rebuild_design(alone, info.subset(terms), table).to_numpy()
    slices = [info.term_slices[term] for term in terms]
    places = np.concatenate([np.arange(part.start, part.stop) for part in slices])
    return Block(covariates, matrix, places.astype(np.intp))


def _merged(blocks: list[Block]) -> tuple[Block, ...]:
    """Take the smallest blocks together, so that fewer pairs are crossed and rows walked less."""
    blocks = sorted(blocks, key=lambda block: len(block.matrix))
    while len(blocks) > 1 and len(blocks[0].matrix) * len(blocks[1].matrix) <= FEW_COMBINATIONS:
        a, b, *rest = blocks
        matrix = np.hstack(
            [np.repeat(a.matrix, len(b.matrix), axis=0), np.tile(b.matrix, (len(a.matrix), 1))]
        )
        both = Block(a.covariates + b.covariates, matrix, np.concatenate([a.terms, b.terms]))
        blocks = sorted([both, *rest], key=lambda block: len(block.matrix))
    return tuple(blocks)


def _refuse_splines(text: str) -> None:
    plain = text.replace(" ", "")
    if any(part in plain for part in ("bs(", "constraints=", "scale(", "center(")):
        raise refuse(
            "the knots of bs(), constraints of cr(), scale() and center() depend on how often each "
            "value occurs.",
            "Use cr() without constraints, or bin the covariate.",
        )


def _refuse_wide(formula: RateFormula, levels: Levels) -> None:
    """Refuse terms that cross too many levels before any of them is built."""
    for term in ModelDesc.from_formula(formula.text).rhs_termlist:
        covariates = _covariates(formula, [factor.name() for factor in term.factors])
        size = math.prod(len(levels[name]) for name in covariates)
        if size > MOST_COMBINATIONS:
            crossed = f"{' x '.join(covariates)} cross {size:,} levels"
            what = f"{crossed}; at most {MOST_COMBINATIONS:,} fit."
            raise refuse(what, "Group levels, or drop the interaction.")


def _owners(formula: RateFormula, info: DesignInfo) -> dict[tuple[str, ...], list[Term]]:
    """Terms of the design by the largest set of covariates that a term around them has."""
    sets = [_covariates(formula, [factor.name() for factor in t.factors]) for t in info.terms]
    largest = [s for s in dict.fromkeys(sets) if not any(set(s) < set(other) for other in sets)]
    owners: dict[tuple[str, ...], list[Term]] = {s: [] for s in largest}
    for term, own in zip(info.terms, sets, strict=True):
        owners[next(s for s in largest if set(own) <= set(s))].append(term)
    return owners


def _covariates(formula: RateFormula, factors: Sequence[str]) -> tuple[str, ...]:
    """Columns that some factors name, in the order of the formula."""
    names = {name for code in factors for name in expressions.names(expressions.read(code))}
    return tuple(name for name in formula.columns if name in names)


def refuse(what: str, remedy: str) -> Refusal:
    """Refusal of a question that sums over patterns cannot answer (E125)."""
    return Refusal.of("E125", what, remedy)
