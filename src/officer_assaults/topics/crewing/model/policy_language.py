"""The small language in which a crewing policy is written: safe expressions on named columns.

A policy says, for each row of crew cells, which share of the officer-hours is single crewed. It may
name columns, ``single`` (the share as it is: 1 in single-crewed rows, 0 in others), numbers, words
in quotes, comparisons, ``and``, ``or``, ``not``, ``in`` and ``... if ... else ...``. Nothing else
is evaluated: no calls, no attributes, no indexing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.refusals import Problem, Problems, Refusal, nearest
from officer_assaults.shown import Shown
from officer_assaults.stats import expressions
from officer_assaults.topics.crewing.simulator.params import (
    AREA_TYPES,
    BANDS,
    HIGH_RISK,
    STANDARD_RISK,
)

FloatArray = NDArray[np.float64]

AS_IT_IS = "single"
#: Words that a column may hold, whether or not these cells do.
KNOWN_WORDS: Mapping[str, tuple[str, ...]] = {
    "hour_band": BANDS,
    "area_type": AREA_TYPES,
    "call_grade": (HIGH_RISK, STANDARD_RISK),
}
MAXIMUM_LENGTH = 500

_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.In: lambda left, right: np.isin(left, right),
    ast.NotIn: lambda left, right: ~np.isin(left, right),
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}
_ALLOWED: tuple[type[ast.AST], ...] = (
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.USub,
    ast.BinOp,
    *_ARITHMETIC,
    ast.Compare,
    *_COMPARE,
    ast.IfExp,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Tuple,
    ast.List,
)


@dataclass(frozen=True, slots=True)
class Policy(Shown):
    """A rule of crewing, checked when it is made.

    Parameters
    ----------
    name : str
        Short name, for instance ``"double_nights"``.
    label : str
        What a reader is told.
    expression : str
        Share of each row's officer-hours that is single crewed.

    Raises
    ------
    Refusal
        E125 if the expression holds anything but the small language above.
    """

    name: str
    label: str
    expression: str

    def __post_init__(self) -> None:
        _parse(self.expression)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the policy conditions on, in alphabetical order, ``single`` left out."""
        return tuple(sorted(expressions.names(_parse(self.expression)) - {AS_IT_IS}))


def named_or_written(text: str) -> Policy:
    """One of :data:`POLICIES` by its name, else the text read as an expression.

    Raises
    ------
    Refusal
        E125 if it is neither.
    """
    if text in POLICIES:
        return POLICIES[text]
    if text.isidentifier():
        raise Refusal(
            Problem("E125", f"there is no policy '{text}'.", nearest(text, list(POLICIES)))
        )
    return Policy("own_policy", f"Own policy: {text}", text)


def share_single(policy: Policy, cells: pd.DataFrame) -> FloatArray:
    """Share of each row's officer-hours that is single crewed under a policy.

    Parameters
    ----------
    policy : Policy
    cells : pandas.DataFrame
        Crew cells with ``single`` (0 or 1) and the columns the policy names.

    Returns
    -------
    numpy.ndarray, shape (rows,)
        Shares from 0 to 1.

    Raises
    ------
    Refusal
        E115 if a column is missing, a word is compared with a number, or a share leaves 0 to 1.
    """
    _require_columns(policy, cells.columns)
    _require_words(policy, cells)
    values = {name: _values(cells[name]) for name in (*policy.columns, AS_IT_IS)}
    try:
        with np.errstate(all="ignore"):
            evaluated = _evaluate(_parse(policy.expression), values)
        share = np.broadcast_to(np.asarray(evaluated, dtype=float), len(cells)).copy()
    except _NotACondition as error:
        raise _unfit(policy, f" ({error})") from error
    except (TypeError, ValueError, ArithmeticError) as error:
        # What numpy says of the columns could name a place.
        raise _unfit(policy) from error
    outside = ~((share >= 0) & (share <= 1))
    if outside.any():
        found = share[outside][0]
        raise Refusal(
            Problem(
                "E115",
                f"the policy '{policy.expression}' gives a single-crewed share of {found:g}.",
                "Write it so that each row gets a share from 0 (double) to 1 (single).",
            )
        )
    return share


def _values(column: pd.Series) -> NDArray[Any]:
    """Values of a column; of categories each is read once."""
    if isinstance(column.dtype, pd.CategoricalDtype) and not column.isna().any():
        codes = column.cat.codes.to_numpy()
        return np.asarray(column.cat.categories.to_numpy(object)[codes])
    return np.asarray(column.to_numpy())


class _NotACondition(TypeError):
    """Something that is neither true nor false where a condition has to stand."""


def _unfit(policy: Policy, why: str = "") -> Refusal:
    return Refusal(
        Problem(
            "E115",
            f"the policy '{policy.expression}' does not fit the columns{why}.",
            "Compare words with words in quotes, and numbers with numbers.",
            column=", ".join(policy.columns),
        )
    )


def _require_columns(policy: Policy, columns: Collection[str]) -> None:
    problems = Problems()
    for name in policy.columns:
        if name not in columns:
            problems.add(
                "E115",
                f"the policy '{policy.expression}' names '{name}', which the cells do not have.",
                nearest(name, sorted(columns)),
                column=name,
            )
    problems.raise_if_any()


def _require_words(policy: Policy, cells: pd.DataFrame) -> None:
    """Refuse a comparison that no row can meet because of a misspelt word, or a number for one."""
    problems = Problems()
    for name, value in _compared(_parse(policy.expression)):
        if name == AS_IT_IS:
            continue
        numeric = pd.api.types.is_numeric_dtype(cells[name])
        known = (
            [] if numeric else sorted({*map(str, cells[name].unique()), *KNOWN_WORDS.get(name, ())})
        )
        if numeric == isinstance(value, str):
            what, remedy = "is a number" if numeric else "is a word", "Compare like with like."
        elif not numeric and value not in known:
            what, remedy = "has no such word", nearest(str(value), known)
        else:
            continue
        problems.add(
            "E115",
            f"the policy '{policy.expression}' compares '{name}' with {value!r}, but it {what}.",
            remedy,
            column=name,
        )
    problems.raise_if_any()


def _compared(tree: ast.expr) -> list[tuple[str, int | float | str]]:
    """Columns and the constants that a policy compares them with."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for one, other in (*pairwise(sides), *pairwise(sides[::-1])):
                if isinstance(one, ast.Name):
                    given = other.elts if isinstance(other, (ast.Tuple, ast.List)) else [other]
                    found += [(one.id, c.value) for c in given if isinstance(c, ast.Constant)]
    return found  # type: ignore[return-value]


def _parse(expression: str) -> ast.expr:
    try:
        tree = expressions.read(expression, MAXIMUM_LENGTH)
    except ValueError as error:
        shown = expression if len(expression) <= MAXIMUM_LENGTH else expression[:40] + "..."
        raise _refuse(shown, str(error)) from error
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise _refuse(expression, f"'{ast.unparse(node)}' is not part of the policy language")
        if isinstance(node, ast.Constant) and type(node.value) not in (int, float, str):
            raise _refuse(expression, f"'{ast.unparse(node)}' is neither a number nor a word")
    return tree


def _refuse(expression: str, why: str) -> Refusal:
    return Refusal(
        Problem(
            "E125",
            f"the policy '{expression}' is refused: {why}.",
            "Use column names, numbers, words in quotes, comparisons, and, or, not, in, "
            "'... if ... else ...'; for instance: 0 if backup_min > 20 else single.",
        )
    )


def _evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return [_evaluate(item, values) for item in items]
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return np.where(
                _truth(_evaluate(test, values)), _evaluate(body, values), _evaluate(orelse, values)
            )
        case ast.BoolOp(op=op, values=parts):
            join = np.logical_and if isinstance(op, ast.And) else np.logical_or
            return join.reduce(np.broadcast_arrays(*(_truth(_evaluate(p, values)) for p in parts)))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~_truth(_evaluate(operand, values))
        case ast.UnaryOp(operand=operand):
            return np.negative(_evaluate(operand, values))
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_evaluate(left, values), _evaluate(right, values))
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            return _compare(left, ops, comparators, values)
    raise TypeError(f"{type(node).__name__} cannot be evaluated")


def _compare(
    left: ast.expr, ops: list[ast.cmpop], comparators: list[ast.expr], values: Mapping[str, Any]
) -> Any:
    sides = [_evaluate(side, values) for side in (left, *comparators)]
    steps = [
        np.asarray(_COMPARE[type(op)](one, other), dtype=bool)
        for op, one, other in zip(ops, sides[:-1], sides[1:], strict=True)
    ]
    return np.logical_and.reduce(np.broadcast_arrays(*steps))


def _truth(value: Any) -> NDArray[np.bool_]:
    truth = np.asarray(value)
    if truth.dtype != bool:
        raise _NotACondition("a condition must be a comparison")
    return truth


POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        Policy("all_double", "All double crewed", "0"),
        Policy("all_single", "All single crewed", "1"),
        Policy(
            "double_nights",
            "Double 22:00 to 07:00",
            "0 if hour_band in ('night', 'early') else single",
        ),
        Policy(
            "double_far_backup",
            "Double if back-up > 20 min",
            "0 if backup_min > 20 else single",
        ),
        Policy(
            "double_dark_grade1",
            "Double after dark, grade 1",
            "0 if dark_share > 0.5 and grade1_share > 0.5 else single",
        ),
        Policy(
            "current_policy",
            "Written policy",
            "0 if dark_share > 0.5 or grade1_share > 0.5 else 1",
        ),
    )
}
