"""Designs over patterns of covariates, kept as small blocks instead of one wide matrix.

Terms that depend on the same few covariates form a block: a small matrix over the combinations of
their levels, and the place of each pattern in it. Products with the whole design are then sums over
cross tables of places.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import ModelDesc, Term

from officer_assaults.refusals import Refusal
from officer_assaults.shown import Shown
from officer_assaults.stats import expressions
from officer_assaults.stats.formulas import RateFormula, build_design
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
        return _steps(self.covariates, levels)

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
        some = np.flatnonzero(weights)  # Most patterns of a small roster hold no event.
        for block, place in zip(self.blocks, self.places, strict=True):
            own = np.bincount(place[some], weights[some], len(block.matrix))
            out[block.terms] = own @ block.matrix
        return out

    def moments(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weighted sum of the design's rows, and weighted cross-product with itself.

        Shapes (terms,) and (terms, terms). The sums of a block are those of any of its cross
        tables.
        """
        total, gram = np.zeros(len(self.names)), np.zeros((len(self.names), len(self.names)))
        pairs = list(zip(self.blocks, self.places, strict=True))
        own = {}
        if len(pairs) == 1:
            own[0] = np.bincount(self.places[0], weights, len(self.blocks[0].matrix))
        for (i, (a, p)), (j, (b, q)) in itertools.combinations(enumerate(pairs), 2):
            shape = len(a.matrix), len(b.matrix)
            crossed = np.bincount(p * shape[1] + q, weights, math.prod(shape)).reshape(shape)
            own |= {i: crossed.sum(axis=1), j: crossed.sum(axis=0)}
            part = a.matrix.T @ (crossed @ b.matrix)
            gram[np.ix_(a.terms, b.terms)] = part
            gram[np.ix_(b.terms, a.terms)] = part.T
        for i, block in enumerate(self.blocks):
            total[block.terms] = own[i] @ block.matrix
            gram[np.ix_(block.terms, block.terms)] = (
                block.matrix * own[i][:, None]
            ).T @ block.matrix
        return total, gram

    def gram(self, weights: FloatArray) -> FloatArray:
        """Weighted cross-product of the design with itself, shape (terms, terms)."""
        return self.moments(weights)[1]

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
        E125 for no term, a term that crosses too many levels, or a spline whose knots depend on
        rows.
    """
    _refuse_splines(formula.text)
    owners = _owners(formula)
    if not owners:
        raise refuse("the formula has no term.", "Name one, or write 'outcome ~ 1'.")
    _refuse_wide(owners, levels)
    # The combinations of all blocks below each other: a design is built once.
    tables = [_combinations(names, levels) for names in owners]
    ends = [0, *itertools.accumulate(len(table) for table in tables)]
    matrix, info = build_design(formula, pd.concat(tables, ignore_index=True))
    if len(info.column_names) > MOST_TERMS:
        what = f"{len(info.column_names):,} terms; at most {MOST_TERMS:,} fit."
        raise refuse(what, "Group levels.")
    found = []
    for (names, terms), here in zip(owners.items(), itertools.pairwise(ends), strict=True):
        slices = [info.term_slices[term] for term in terms]
        own = np.concatenate([np.arange(part.start, part.stop) for part in slices])
        found.append(Block(names, matrix.to_numpy()[slice(*here)][:, own], own))
    blocks = _merged(found)
    places = tuple(block.place(codes, levels, rows) for block in blocks)
    return BlockDesign(blocks, places, list(info.column_names))


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


def _refuse_wide(owners: Iterable[tuple[str, ...]], levels: Levels) -> None:
    """Refuse terms that cross too many levels before any of them is built."""
    for covariates in owners:
        size = math.prod(len(levels[name]) for name in covariates)
        if size > MOST_COMBINATIONS:
            crossed = f"{' x '.join(covariates)} cross {size:,} levels"
            what = f"{crossed}; at most {MOST_COMBINATIONS:,} fit."
            raise refuse(what, "Group levels, or drop the interaction.")


def _combinations(covariates: tuple[str, ...], levels: Levels) -> pd.DataFrame:
    """All combinations of some covariates, the last varying fastest, beside any of the others."""
    at = np.arange(math.prod(len(levels[name]) for name in covariates))
    steps = dict(_steps(covariates, levels))
    places = {name: at // steps.get(name, 1) % len(known) for name, known in levels.items()}
    return pd.DataFrame(
        {n: [levels[n][i] for i in code.tolist()] for n, code in places.items()}, index=at
    )


def _steps(covariates: tuple[str, ...], levels: Levels) -> list[tuple[str, int]]:
    sizes = [len(levels[name]) for name in covariates]
    return [(name, math.prod(sizes[i + 1 :])) for i, name in enumerate(covariates)]


def _owners(formula: RateFormula) -> dict[tuple[str, ...], list[Term]]:
    """Terms by the largest set of covariates that a term around them has."""
    terms = ModelDesc.from_formula(formula.text).rhs_termlist
    sets = [_covariates(formula, [factor.name() for factor in term.factors]) for term in terms]
    largest = [s for s in dict.fromkeys(sets) if not any(set(s) < set(other) for other in sets)]
    owners: dict[tuple[str, ...], list[Term]] = {s: [] for s in largest}
    for term, own in zip(terms, sets, strict=True):
        owners[next(s for s in largest if set(own) <= set(s))].append(term)
    return owners


def _covariates(formula: RateFormula, factors: Sequence[str]) -> tuple[str, ...]:
    """Columns that some factors name, in the order of the formula."""
    names = {name for code in factors for name in expressions.names(expressions.read(code))}
    return tuple(name for name in formula.columns if name in names)


def refuse(what: str, remedy: str) -> Refusal:
    """Refusal of a question that sums over patterns cannot answer (E125)."""
    return Refusal.of("E125", what, remedy)
