"""Model formulas that cannot run Python: parsed and checked against a whitelist, then built."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from patsy import (
    DesignInfo,
    EvalEnvironment,
    ModelDesc,
    PatsyError,
    build_design_matrices,
    dmatrix,
    incr_dbuilder,
)
from patsy.builtins import C as PatsyCategory
from patsy.parse_formula import parse_formula as patsy_tree

from officer_assaults.refusals import Problem, Problems, Refusal, nearest
from officer_assaults.shown import Shown
from officer_assaults.stats import expressions

FUNCTIONS = ("C", "cr", "bs", "I", "log", "scale", "center")
#: They take arithmetic on columns and nothing else.
_PLAIN = ("I", "log", "scale", "center")
CODINGS = ("Treatment", "Sum")
OPERATORS = ("+", "-", "*", "/", ":", "**")
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
MAX_POWER = 4
#: Most degrees of freedom of a spline, and most knots or levels written out.
MAX_DF = 50
MAX_DEGREE = 5
#: Most cells of a design: 400 MB.
MAX_CELLS = 50_000_000
_DF = re.compile(r",\s*(?:df\s*=\s*)?(\d+)")
#: Rows of which designs are built together.
ROWS_AT_ONCE = 200_000
_FACTOR = re.compile(r"(?:C\(\s*)?(\w+)")
ALLOWED = (
    "Use column names, + - * / : ( ) ** up to 4, C(column), cr(column, df=...), "
    f"bs(column, df=...) up to df={MAX_DF}, and log, scale, center and I(arithmetic on columns)."
)


@dataclass(frozen=True, slots=True)
class RateFormula(Shown):
    """A checked formula.

    Parameters
    ----------
    text : str
        The formula as given, its names in plain letters.
    outcome : str
        Column on the left.
    columns : tuple of str
        Columns used on the right, in order of first use.
    """

    text: str
    outcome: str
    columns: tuple[str, ...]

    @property
    def right(self) -> str:
        """The part right of the tilde."""
        return self.text.split("~", 1)[1]


def check_formula(text: str, columns: Sequence[str]) -> RateFormula:
    """Check a formula without evaluating any part of it.

    Parameters
    ----------
    text : str
        ``"outcome ~ terms"`` in patsy's grammar.
    columns : sequence of str
        Columns that the data have.

    Returns
    -------
    RateFormula
        The formula, safe to build.

    Raises
    ------
    Refusal
        E125 for each unknown column, each function outside :data:`FUNCTIONS` and anything else
        that Python would evaluate; also for a formula that cannot be parsed and for names in
        letters that look like others.
    """
    text = expressions.normal(text)
    if name := expressions.disguised(text):
        what = f"the name '{name}' mixes alphabets or holds signs that nobody sees."
        raise _refuse(what, "Write it in Latin letters; rename the column if it has such a name.")
    outcome, leaves = _split(text)
    problems = Problems()
    used: dict[str, None] = {}
    for leaf in leaves:
        found = _check_leaf(leaf, problems)
        used.update(dict.fromkeys(found))
    for name in (outcome, *used):
        if name not in columns:
            problems.add("E125", f"no column is called '{name}'.", nearest(name, list(columns)))
        elif name in FUNCTIONS or name in CODINGS:
            problems.add(
                "E125", f"column '{name}' has the name of a function.", "Rename the column."
            )
    if outcome in used:
        problems.add("E125", f"the outcome '{outcome}' is also a term.", "Remove the term.")
    problems.raise_if_any()
    return RateFormula(text, outcome, tuple(used))


def build_design(formula: RateFormula, frame: pd.DataFrame) -> tuple[pd.DataFrame, DesignInfo]:
    """Build the design matrix of a checked formula.

    Parameters
    ----------
    formula : RateFormula
        From :func:`check_formula`.
    frame : DataFrame
        Data with the formula's columns, nothing missing in them.

    Returns
    -------
    matrix : DataFrame, shape (n, k)
        Columns named after the terms.
    info : DesignInfo
        What :func:`rebuild_design` needs.

    Raises
    ------
    Refusal
        E125 if a column has missing values, a term cannot be built, or it would be dropped because
        its column has one level only.
    """
    data = _coded(_complete(frame, formula.columns), formula)
    _check_width(formula, data)
    by_blocks = len(data) > ROWS_AT_ONCE and len(data.columns) > 0
    try:
        matrix, info = (_built_by_blocks if by_blocks else _built)(formula, data)
    except (PatsyError, ValueError, TypeError, ArithmeticError) as error:
        raise Refusal(_cannot_build(error)) from None
    _refuse_silent(info)
    return _finite(pd.DataFrame(matrix, frame.index, info.column_names, copy=False)), info


def instead(formula: str, column: str, terms: str) -> str:
    """Put other terms in the place of all that name a column.

    Parameters
    ----------
    formula : str
        That of a fit.
    column : str
    terms : str
        As a formula has them, ``"after + after:failed"``.

    Examples
    --------
    >>> instead("recorded ~ C(force) + public + public:C(year)", "public", "minor")
    'recorded ~ C(force) + minor'
    """
    model = ModelDesc.from_formula(formula)
    rest = [
        term
        for term in model.rhs_termlist
        if not any(
            column in expressions.names(expressions.read(factor.name())) for factor in term.factors
        )
    ]
    return f"{ModelDesc(model.lhs_termlist, rest).describe()} + {terms}"


def _environment() -> EvalEnvironment:
    return EvalEnvironment([{"C": _category, "log": _log, "np": _NUMPY}])


def _built(formula: RateFormula, data: pd.DataFrame) -> tuple[Any, DesignInfo]:
    # What is not finite is refused by row afterwards, without numpy's warnings.
    bare = _bare(data, formula.right)
    with np.errstate(all="ignore"):
        matrix = dmatrix(formula.right, bare, _environment(), NA_action="raise")
    return np.asfortranarray(matrix), matrix.design_info


def _bare(data: pd.DataFrame, terms: str) -> pd.DataFrame | dict[str, Any]:
    """Numbers as plain arrays: of a Series patsy makes several frames for each term.

    A frame without columns stays one: nothing else tells how many rows it has. What is coded stays
    too: levels are named after its values.
    """
    held: dict[str, Any] = {str(name): column for name, column in data.items()}
    for name, column in held.items():
        numbers = isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf"
        if numbers and not re.search(rf"\bC\(\s*{re.escape(name)}\b", terms):
            held[name] = column.to_numpy()
    return held or data


def _built_by_blocks(formula: RateFormula, data: pd.DataFrame) -> tuple[Any, DesignInfo]:
    """Build the same design some rows at a time: patsy holds several copies of what it works on."""
    places = [slice(at, at + ROWS_AT_ONCE) for at in range(0, len(data), ROWS_AT_ONCE)]
    info = incr_dbuilder(
        formula.right, lambda: (data.iloc[rows] for rows in places), _environment(), "raise"
    )
    matrix = np.empty((len(data), len(info.column_names)))
    for rows in places:
        (matrix[rows],) = build_design_matrices([info], data.iloc[rows], NA_action="raise")
    return matrix, info


def rebuild_design(formula: RateFormula, info: DesignInfo, frame: pd.DataFrame) -> pd.DataFrame:
    """Build the same terms for other data: same knots, same levels, same columns.

    Parameters
    ----------
    formula : RateFormula
        The formula that ``info`` came from.
    info : DesignInfo
        From :func:`build_design`.
    frame : DataFrame
        Other data with the formula's columns.

    Raises
    ------
    Refusal
        E125 if a column is absent or has missing values, or a category was not in the first data.
    """
    problems = Problems()
    for name in formula.columns:
        if name not in frame.columns:
            problems.add(
                "E125", f"no column is called '{name}'.", nearest(name, list(frame.columns))
            )
    problems.raise_if_any()
    if not formula.columns:
        ones = np.ones((len(frame), len(info.column_names)))
        return pd.DataFrame(ones, frame.index, info.column_names)
    data = _levelled(_complete(frame, formula.columns), info)
    bare = _bare(data, formula.right)
    try:
        with np.errstate(all="ignore"):
            (matrix,) = build_design_matrices([info], bare, NA_action="raise")
    except (PatsyError, ValueError, TypeError, ArithmeticError) as error:
        raise Refusal(_cannot_build(error)) from None
    return _finite(pd.DataFrame(np.asarray(matrix), frame.index, info.column_names))


def _check_width(formula: RateFormula, data: pd.DataFrame) -> None:
    """Refuse a design that memory cannot hold, as two columns of many levels give together."""
    try:
        terms = ModelDesc.from_formula(formula.right).rhs_termlist
    except PatsyError as error:
        raise Refusal(_cannot_build(error)) from None
    together = 0
    for term in terms:
        width = math.prod(_columns_at_most(factor.name(), data) for factor in term.factors)
        together += width
        if together * max(1, len(data)) > MAX_CELLS:
            with_others = "" if width == together else f", {together:,} with those before it,"
            what = (
                f"the term '{term.name()}' makes about {width:,} columns{with_others} of "
                f"{len(data):,} rows."
            )
            raise _refuse(what, "Use columns of fewer levels, or leave the term out.")


def _columns_at_most(factor: str, data: pd.DataFrame) -> int:
    """About how many columns one factor of a term makes."""
    named = _FACTOR.match(factor)
    name = named[1] if named else ""
    if name in data and (
        factor.startswith("C(") or isinstance(data[name].dtype, pd.CategoricalDtype)
    ):
        return max(1, int(data[name].nunique()))
    spline = _DF.search(factor) if factor.startswith(("cr(", "bs(")) else None
    return int(spline[1]) if spline else 1


def _refuse_silent(info: DesignInfo) -> None:
    """Refuse terms that patsy drops without a word: a column of one level says nothing."""
    problems = Problems()
    for term, place in info.term_slices.items():
        if place.start == place.stop:
            what = f"the term '{term.name()}' is dropped: its column has one level only."
            problems.add("E125", what, "Leave the term out, or give rows of another level.")
    problems.raise_if_any()


def _split(text: str) -> tuple[str, list[str]]:
    """Outcome and the Python-like leaves of the right side, from patsy's parse tree."""
    if len(text) > expressions.MAX_LENGTH:
        raise _refuse(
            f"the formula has {len(text):,} characters.", f"Keep it to {expressions.MAX_LENGTH:,}."
        )
    try:
        tree = patsy_tree(text)
    except Exception:  # Which one patsy's tokenizer raises differs between Pythons.
        raise _refuse(f"'{text}' is no formula.", ALLOWED) from None
    if tree.type != "~" or len(tree.args) != 2:
        raise _refuse(f"'{text}' has no outcome.", "Write 'outcome ~ terms'.")
    left, right = tree.args
    if left.type != "PYTHON_EXPR" or not left.token.extra.isidentifier():
        raise _refuse(
            f"the outcome of '{text}' is not a column name.", "Put one count column on the left."
        )
    return left.token.extra, list(_leaves(right))


def _leaves(node: Any) -> Iterator[str]:
    if node.type == "PYTHON_EXPR":
        yield node.token.extra
    elif node.type in OPERATORS:
        if node.type == "**" and not _is_small_power(node.args[1]):
            raise _refuse(f"a power above {MAX_POWER} or not a whole number.", ALLOWED)
        for child in node.args:
            yield from _leaves(child)
    elif node.type not in ("ZERO", "ONE", "NUMBER"):
        raise _refuse(f"'{node.type}' is not allowed in a formula.", ALLOWED)


def _is_small_power(node: Any) -> bool:
    text = str(node.token.extra)
    return node.type in ("ONE", "NUMBER") and text.isdigit() and 1 <= int(text) <= MAX_POWER


def _check_leaf(leaf: str, problems: Problems) -> list[str]:
    """Columns that a leaf uses; anything outside the whitelist is noted as a problem."""
    try:
        return list(_columns_of_term(expressions.read(leaf)))
    except ValueError:
        problems.add("E125", f"the term '{leaf}' is not allowed.", _remedy(leaf))
        return []


def _remedy(leaf: str) -> str:
    if leaf.startswith("offset"):
        return "Name the exposure column in exposure=: it is the offset."
    return f"{ALLOWED} Compute other columns before the fit."


def _columns_of_term(node: ast.expr) -> Iterator[str]:
    """Yield the columns of one leaf; ValueError at the first thing outside the whitelist."""
    if isinstance(node, ast.Name):
        yield node.id
        return
    if not isinstance(node, ast.Call):
        raise ValueError("not a column or a function of one")
    function = _function(node.func)
    if function not in FUNCTIONS or not node.args:
        raise ValueError("not a function of the whitelist")
    first, *others = node.args
    if function in _PLAIN:
        if others or node.keywords:
            raise ValueError("these take one argument")
        yield from _columns_of_arithmetic(first)
        return
    if not isinstance(first, ast.Name) and (function == "C" or not _is_call(first)):
        raise ValueError("the first argument is a column, or the log of one")
    for option in (*others, *(keyword.value for keyword in node.keywords)):
        _check_option(option, coding=function == "C")
    if any(keyword.arg is None for keyword in node.keywords):
        raise ValueError("no unpacking")
    if function in ("cr", "bs"):
        _check_spline(others, {str(keyword.arg): keyword.value for keyword in node.keywords})
        yield from _columns_of_arithmetic(first)
        return
    yield first.id  # type: ignore[attr-defined]


def _check_spline(others: Sequence[ast.expr], named: dict[str, ast.expr]) -> None:
    """Refuse splines of so many columns that memory would go before any fit."""
    places = ("df", "knots", "degree")
    given = {**dict(zip(places, others, strict=False)), **named}
    for option, most in (("df", MAX_DF), ("degree", MAX_DEGREE)):
        node = given.get(option)
        if node is None:
            continue
        value = ast.literal_eval(node)
        if isinstance(value, list | tuple) or (
            value is not None and not (isinstance(value, int) and 0 <= value <= most)
        ):
            raise ValueError(f"{option} is a whole number up to {most}")


def _function(node: ast.expr) -> str:
    """Name of a called function; ``np.log`` is ``log``."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return "log" if (node.value.id, node.attr) == ("np", "log") else ""
    return node.id if isinstance(node, ast.Name) else ""


def _is_call(node: ast.expr) -> bool:
    """Whether a part of arithmetic is the logarithm of another."""
    return (
        isinstance(node, ast.Call)
        and _function(node.func) == "log"
        and len(node.args) == 1
        and not node.keywords
    )


def _columns_of_arithmetic(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Call) and _is_call(node):
        yield from _columns_of_arithmetic(node.args[0])
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
        if isinstance(node.op, ast.Pow):
            _check_power(node)
        yield from _columns_of_arithmetic(node.left)
        yield from _columns_of_arithmetic(node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.UAdd | ast.USub):
        yield from _columns_of_arithmetic(node.operand)
    elif not _is_number(node):
        raise ValueError("not arithmetic")


def _check_power(node: ast.BinOp) -> None:
    exponent = node.right
    small = isinstance(exponent, ast.Constant) and _is_number(exponent)
    plain = isinstance(node.left, ast.Name) or _is_call(node.left)
    if not small or not plain or abs(exponent.value) > MAX_POWER:  # type: ignore[attr-defined]
        raise ValueError("a power is a column to a small number")


def _is_number(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    )


def _check_option(node: ast.expr, *, coding: bool) -> None:
    """Allow literals and, for C, a coding whose own arguments are literals."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_number(node.operand):
        return
    if isinstance(node, ast.List | ast.Tuple):
        if not coding and len(node.elts) > MAX_DF:
            raise ValueError(f"more than {MAX_DF} values")
        for item in node.elts:
            _check_option(item, coding=False)
        return
    if coding and isinstance(node, ast.Name) and node.id in CODINGS:
        return
    if (
        coding
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in CODINGS
    ):
        for item in (*node.args, *(keyword.value for keyword in node.keywords)):
            _check_option(item, coding=False)
        return
    raise ValueError("not a literal")


def _complete(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    data = frame.loc[:, list(columns)]
    problems = Problems()
    for name in columns:
        missing = data[name].isna().to_numpy()
        if missing.any():
            problems.add(
                "E125",
                f"column '{name}' has {int(missing.sum()):,} missing values, the first in row "
                f"{frame.index[int(missing.argmax())]}.",
                "Fill or leave out those rows first: none is dropped silently.",
            )
    problems.raise_if_any()
    return data


def _coded(data: pd.DataFrame, formula: RateFormula) -> pd.DataFrame:
    """Turn what is coded into categories: patsy would find their levels by one call a value."""
    if "levels" in formula.text:
        # Levels given in the formula must meet the plain values.
        return data
    kinds = pd.api.types
    coded = [
        name
        for name, column in data.items()
        if kinds.is_string_dtype(column)
        or (kinds.is_integer_dtype(column) and _is_only_coded(str(name), formula.right))
    ]
    return data.assign(**{str(name): pd.Categorical(data[name]) for name in coded})


def _levelled(data: pd.DataFrame, info: DesignInfo) -> pd.DataFrame:
    """Put categories into the order that the first data had; a new one is left to be refused.

    Text becomes categories, since patsy would take the words ``nan`` and ``None`` for gaps.
    """
    fitted = {
        found[1]: factor.categories
        for term, factor in info.factor_infos.items()
        if factor.type == "categorical" and (found := _FACTOR.match(term.name()))
    }
    return data.assign(
        **{
            name: pd.Categorical(data[name], categories=list(levels))
            for name, levels in fitted.items()
            if name in data
            and (
                isinstance(data[name].dtype, pd.CategoricalDtype)
                or pd.api.types.is_string_dtype(data[name])
            )
            and set(data[name].unique()) <= set(levels)
        }
    )


def _is_only_coded(name: str, terms: str) -> bool:
    """Whether every term that names a column does so as ``C(name)``."""
    named = re.findall(rf"\b{re.escape(name)}\b", terms)
    return len(named) == len(re.findall(rf"\bC\(\s*{re.escape(name)}\s*[,)]", terms))


def _log(values: Any) -> Any:
    """Logarithm without numpy's warnings: what is not finite is refused by row afterwards."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values)


#: All of numpy that a formula may name.
_NUMPY = SimpleNamespace(log=_log)


def _category(data: Any, contrast: Any = None, levels: Any = None) -> Any:
    """Leave categories as they are; patsy's ``C`` would have them read one by one again."""
    known = isinstance(getattr(data, "dtype", None), pd.CategoricalDtype)
    plain = contrast is None and levels is None
    return data if known and plain else PatsyCategory(data, contrast, levels)


def _finite(matrix: pd.DataFrame) -> pd.DataFrame:
    bad = ~np.isfinite(matrix.to_numpy())
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise _refuse(
            f"the term '{matrix.columns[column]}' is not a finite number in row "
            f"{matrix.index[row]}.",
            "Check for a division by 0 or the logarithm of 0, or leave out the row.",
        )
    return matrix


def _cannot_build(error: Exception) -> Problem:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return Problem("E125", f"a term cannot be built: {first}.", ALLOWED)


def _refuse(what: str, remedy: str) -> Refusal:
    return Refusal.of("E125", what, remedy)
