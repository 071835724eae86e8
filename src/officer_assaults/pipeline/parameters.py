"""Parameters: a notebook's typed parameters cell is the schema that runs are checked against."""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from officer_assaults.pipeline.terminal import HALF_SIGN
from officer_assaults.refusals import Problem, Problems, Refusal, nearest

TAG = "parameters"
FILE_VOCABULARY = "file"
SECRET_WORDS = frozenset(
    [
        "apikey",
        "auth",
        "credential",
        "credentials",
        "key",
        "keys",
        "passphrase",
        "passwd",
        "password",
        "pin",
        "pwd",
        "secret",
        "secrets",
        "token",
        "tokens",
    ]
)
#: Words that speak of a secret wherever they stand in a name.
SECRET_ANYWHERE = (
    "apikey",
    "credential",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "token",
)
_NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: What reading a text that is no Python raises, by Python and by what is wrong.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_BASES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}
_TRUE, _FALSE, _NONE = {"true", "yes", "1"}, {"false", "no", "0"}, {"none", "null", ""}
_BRACKET = re.compile(r"\[([^\[\]]*)\]\s*$")
_VOCABULARY = re.compile(r"<([\w-]+)>")
_RANGE = re.compile(r"^\s*(\S*)\s*\.\.\s*(\S*)\s*$")
_ASSIGNMENT_AHEAD = re.compile(r"\s+(?=[A-Za-z_]\w*\s*=(?!=))")
_ASSIGNED = re.compile(r"\s*([^\s=]+)\s*=(?!=)")
_QUOTED = re.compile(
    r"\s*(?P<mark>['\"])(?P<value>(?:\\.|(?!(?P=mark)|\\).)*)(?P=mark)"
    r"(?=\s+[A-Za-z_]\w*\s*=(?!=)|\s*$)",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\\'\"])")


class Vocabulary(Protocol):
    """Words that a parameter may take and that only the caller knows."""

    def canonical(self, text: str) -> str:
        """One spelling for a word; raises Refusal for an unknown one."""

    def known(self) -> Sequence[str]:
        """All words, canonically spelled."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed and commented line of a parameters cell.

    Parameters
    ----------
    name : str
        The variable's name.
    kind : {"str", "int", "float", "bool"}
        Type of the value, or of each item of a list.
    many, optional : bool
        Whether it is a list, and whether ``None`` is a value.
    default : object
        The value the notebook itself assigns.
    comment : str
        What it means, in the words of the notebook.
    allowed : tuple of str
        Values named in the comment's brackets; empty if not restricted.
    low, high : float
        Bounds, both included; infinite where open.
    vocabularies : tuple of str
        Names of the vocabularies that extend ``allowed``.
    """

    name: str
    kind: str
    many: bool
    optional: bool
    default: Any
    comment: str
    allowed: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    vocabularies: tuple[str, ...] = ()

    @property
    def type_text(self) -> str:
        """The annotation as written, for messages."""
        text = f"list[{self.kind}]" if self.many else self.kind
        return f"{text} | None" if self.optional else text

    @property
    def is_file(self) -> bool:
        """Whether it names a file whose content belongs to the inputs of a run."""
        return FILE_VOCABULARY in self.vocabularies

    def parse(self, text: str) -> Any:
        """Value of a text typed on a command line.

        Raises
        ------
        ValueError
            If the text is no value of this type.
        """
        if self.optional and text.strip().lower() in _NONE:
            return None
        if self.many:
            return [self._parse_item(item) for item in _split_list(text)]
        return self._parse_item(text)

    def _parse_item(self, text: str) -> Any:
        if self.kind == "str":
            return text
        stripped = text.strip()
        if self.kind == "bool":
            if stripped.lower() in _TRUE | _FALSE:
                return stripped.lower() in _TRUE
            raise ValueError(text)
        number = _BASES[self.kind](stripped)
        if not math.isfinite(number):
            raise ValueError(text)
        return number

    def has_type(self, value: Any) -> bool:
        """Whether a Python value is of this type (an int is a float, a bool is not an int)."""
        if value is None:
            return self.optional
        items = value if self.many else [value]
        if self.many and not isinstance(value, (list, tuple)):
            return False
        return all(self._item_has_type(item) for item in items)

    def _item_has_type(self, item: Any) -> bool:
        if isinstance(item, bool) or self.kind == "bool":
            return isinstance(item, bool) and self.kind == "bool"
        if self.kind == "float":
            return isinstance(item, (int, float)) and math.isfinite(item)
        return isinstance(item, _BASES[self.kind])


@dataclass(frozen=True, slots=True)
class Schema:
    """The parameters of one notebook, in the order of its cell."""

    notebook: str
    parameters: tuple[Parameter, ...]

    @property
    def names(self) -> list[str]:
        """Names, in order."""
        return [parameter.name for parameter in self.parameters]

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that the notebook itself assigns."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def resolve(
        self,
        given: Mapping[str, Any],
        vocabularies: Mapping[str, Vocabulary],
        together: Callable[[Mapping[str, Any], Mapping[str, Vocabulary]], None] | None = None,
    ) -> dict[str, Any]:
        """Every parameter's checked value for one run: given where given, else the default.

        Parameters
        ----------
        given : mapping of str to object
            Values by name; a text stands for itself or is read as the parameter's type.
        vocabularies : mapping of str to Vocabulary
            What ``<word>`` in a comment stands for.
        together : callable, optional
            Refuses values that are wrong together.

        Returns
        -------
        dict
            One canonical value per parameter, in the order of the cell.

        Raises
        ------
        Refusal
            With every unknown name, wrong type, value out of range and word not allowed.
        """
        problems = Problems(file=self.notebook)
        refuse_names(given, self.names, problems)
        values = {
            parameter.name: _checked(
                parameter, given.get(parameter.name, parameter.default), vocabularies, problems
            )
            for parameter in self.parameters
        }
        problems.raise_if_any()
        if together is not None:
            try:
                together(values, vocabularies)
            except Refusal as refusal:
                raise Refusal(replace(p, file=self.notebook) for p in refusal.problems) from refusal
        return values


def refuse_names(given: Iterable[str], known: Sequence[str], problems: Problems) -> None:
    """Note names that are no parameter, or that speak of a secret."""
    for name in given:
        if looks_secret(name):
            what = f"'{name}' looks like a secret, and parameters are printed."
            problems.add("P208", what, "Read secrets from the environment.")
        elif name not in known:
            problems.add("P201", f"unknown parameter '{name}'.", nearest(name, known))


def as_typed(value: Any) -> Any:
    """Value as the text that a person typed, where a tool has read it as a number or a word."""
    return value if isinstance(value, (str, list, tuple, dict)) else str(value)


def _checked(
    parameter: Parameter,
    value: Any,
    vocabularies: Mapping[str, Vocabulary],
    problems: Problems,
) -> Any:
    if isinstance(value, str) and (parameter.kind != "str" or parameter.many or parameter.optional):
        try:
            value = parameter.parse(value)
        except ValueError:
            return _refuse_type(parameter, value, problems)
    if not parameter.has_type(value):
        return _refuse_type(parameter, value, problems)
    if value is None:
        return None
    if parameter.many and parameter.default and not value:
        what = f"parameter '{parameter.name}' is an empty list."
        problems.add("P202", what, f"Name one or more, for instance {parameter.default!r}.")
    if parameter.many:
        return [_checked_item(parameter, item, vocabularies, problems) for item in value]
    return _checked_item(parameter, value, vocabularies, problems)


def _refuse_type(parameter: Parameter, value: Any, problems: Problems) -> None:
    problems.add(
        "P202",
        f"parameter '{parameter.name}' cannot be {value!r}.",
        f"Give a value of type {parameter.type_text}, for instance {parameter.default!r}.",
    )


def _checked_item(
    parameter: Parameter,
    item: Any,
    vocabularies: Mapping[str, Vocabulary],
    problems: Problems,
) -> Any:
    if isinstance(item, str) and HALF_SIGN.search(item):
        what = f"parameter '{parameter.name}' cannot be {item!r}: it is no UTF-8."
        problems.add("P203", what, "Give the file or the value another name.")
        return item
    if parameter.kind == "float":
        item = float(item)
    if parameter.kind in ("int", "float") and not parameter.low <= item <= parameter.high:
        problems.add(
            "P203",
            f"parameter '{parameter.name}' cannot be {item!r}.",
            f"Give a value {_bounds(parameter)}.",
        )
    if not (parameter.allowed or parameter.vocabularies) or str(item) in parameter.allowed:
        return item
    return _checked_word(parameter, item, vocabularies, problems)


def _bounds(parameter: Parameter) -> str:
    if math.isinf(parameter.high):
        return f"of {parameter.low:g} or more"
    if math.isinf(parameter.low):
        return f"of {parameter.high:g} or less"
    return f"from {parameter.low:g} to {parameter.high:g}"


def _checked_word(
    parameter: Parameter,
    item: Any,
    vocabularies: Mapping[str, Vocabulary],
    problems: Problems,
) -> Any:
    refused: Refusal | None = None
    for name in parameter.vocabularies:
        if name not in vocabularies:
            problems.add(
                "P206",
                f"parameter '{parameter.name}' names the vocabulary <{name}>, which is not known.",
                nearest(name, sorted(vocabularies)),
            )
            return item
        try:
            return vocabularies[name].canonical(str(item))
        except Refusal as refusal:
            refused = refusal
    if refused is not None and not parameter.allowed:
        problems.found.extend(_in_notebook(refused, parameter.name, problems.file))
        return item
    words = [*parameter.allowed]
    for name in parameter.vocabularies:
        words.extend(vocabularies[name].known())
    problems.add(
        "P204",
        f"parameter '{parameter.name}' cannot be '{item}'.",
        nearest(str(item), words),
    )
    return item


def _in_notebook(refusal: Refusal, name: str, notebook: str | None) -> Iterable[Problem]:
    for problem in refusal.problems:
        yield replace(problem, file=notebook, what=f"parameter '{name}': {problem.what}")


def _split_list(text: str) -> list[str]:
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1]
    items = [item.strip().strip("'\"") for item in inner.split(",")]
    return [] if items == [""] else items


def split_assignments(text: str) -> dict[str, str]:
    """Read ``"period1=2019-20 alpha=0.1 phi_list=[1, 2]"`` into names and texts.

    A value runs to the next ``name=`` outside brackets, so that it may hold spaces. One that itself
    holds such a word stands in quotes, with a backslash before quotes and backslashes inside them.

    Raises
    ------
    Refusal
        If something stands before the first ``name=``, or a name is given twice.

    Examples
    --------
    >>> split_assignments("alpha=0.1 phi_list=[1, 2]")
    {'alpha': '0.1', 'phi_list': '[1, 2]'}
    >>> split_assignments("why='a split, x = 2' alpha=0.1")
    {'why': 'a split, x = 2', 'alpha': '0.1'}
    >>> split_assignments("formula=bs(backup_min, df=3) alpha=0.1")
    {'formula': 'bs(backup_min, df=3)', 'alpha': '0.1'}
    """
    problems = Problems()
    found: dict[str, str] = {}
    place, text = 0, text.strip()
    while place < len(text):
        start = _ASSIGNED.match(text, place)
        value, end = _value_at(text, start.end() if start else place)
        name = start.group(1) if start else ""
        if not name.isidentifier():
            what = f"'{text[place:end].strip()}' sets nothing."
            problems.add("P207", what, "Write name=value, parted by spaces.")
        elif name in found:
            problems.add("P207", f"'{name}' is given twice.", "Give each parameter once.")
        found[name] = value
        place = end
    problems.raise_if_any()
    return found


def _value_at(text: str, place: int) -> tuple[str, int]:
    """Value that begins at a place, and where it ends."""
    quoted = _QUOTED.match(text, place)
    if quoted is not None:
        return _ESCAPED.sub(r"\1", quoted["value"]), quoted.end()
    ends = [found.start() for found in _ASSIGNMENT_AHEAD.finditer(text, place)]
    ends.append(len(text))
    end = next((end for end in ends if _closed(text[place:end])), ends[0])
    return text[place:end].strip(), end


def _closed(text: str) -> bool:
    """Whether no bracket stands open, as one does within ``bs(x, df=3)``."""
    return sum(map(text.count, "([{")) <= sum(map(text.count, ")]}"))


def join_assignments(settings: Mapping[str, str]) -> str:
    """Text that :func:`split_assignments` reads back; values are quoted where they must be."""
    return " ".join(f"{name}={_quoted(value)}" for name, value in settings.items())


def _quoted(value: str) -> str:
    plain = value == value.strip() and not _ASSIGNMENT_AHEAD.search(f" {value}")
    if plain and value[:1] not in ("'", '"', "="):
        return value
    return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'


def read_schema(notebook: str, source: str) -> Schema:
    """Read a parameters cell.

    Parameters
    ----------
    notebook : str
        Name for messages.
    source : str
        The cell's code: typed assignments of literals, one comment per line.

    Returns
    -------
    Schema
        Names, types, defaults, comments and limits.

    Raises
    ------
    Refusal
        P205 for every line that is not of that form or whose default its own comment forbids, and
        P208 for names that look like secrets.
    """
    problems = Problems(file=notebook)
    try:
        body = ast.parse(source).body
    except UNREADABLE as error:
        problems.add("P205", f"parameters cell{syntax_words(error)}.", "Mend it.")
        problems.raise_if_any()
        raise
    comments = _comments(source)
    found: list[Parameter] = []
    for statement in body:
        parameter = _read_line(statement, comments, problems)
        if parameter is not None:
            _check_line(parameter, found, problems, statement.lineno)
            found.append(parameter)
    problems.raise_if_any()
    return Schema(notebook, tuple(found))


def syntax_words(error: BaseException) -> str:
    """Say where and why a text is no Python."""
    if isinstance(error, SyntaxError):
        return f"{f', line {error.lineno}' if error.lineno else ''}: {error.msg}"
    return f": {error or type(error).__name__}"


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").rstrip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _read_line(
    statement: ast.stmt, comments: Mapping[int, str], problems: Problems
) -> Parameter | None:
    place = f"parameters cell, line {statement.lineno}:"
    if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
        problems.add(
            "P205", f"{place} not a typed assignment.", "Write name: type = value  # meaning."
        )
        return None
    name = statement.target.id
    try:
        kind, many, optional = _read_type(statement.annotation)
        if statement.value is None:
            raise ValueError(f"'{name}' has no value")
        default = ast.literal_eval(statement.value)
    except UNREADABLE as error:
        problems.add(
            "P205",
            f"{place} {str(error).split(' on line')[0]}.",
            'Types are str, int, float, bool, list[...] of those and "Optional[...]"; values are '
            "literals.",
        )
        return None
    comment = comments.get(statement.end_lineno or statement.lineno, "")
    if not comment:
        problems.add("P205", f"{place} '{name}' has no comment.", "Say what it means after a #.")
    try:
        return _with_limits(Parameter(name, kind, many, optional, default, comment))
    except ValueError as error:
        problems.add("P205", f"{place} '{name}' has limits that cannot be read: {error}.", _LIMITS)
        return None


_LIMITS = "Write [a | b], [low .. high] or [<vocabulary>] at the end of the comment."


def _read_type(annotation: ast.expr) -> tuple[str, bool, bool]:
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        kind, many, optional = _read_type(annotation.left)
        right = annotation.right
        if optional or not (isinstance(right, ast.Constant) and right.value is None):
            raise ValueError(f"type '{ast.unparse(annotation)}' is not known")
        return kind, many, True
    quoted = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
    if isinstance(annotation, ast.Constant) and quoted:
        return _read_type(ast.parse(str(annotation.value), mode="eval").body)
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Optional":
        kind, many, optional = _read_type(annotation.slice)
        return kind, many, True
    if isinstance(annotation, ast.Name) and annotation.id in _BASES:
        return annotation.id, False, False
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "list":
        kind, many, optional = _read_type(annotation.slice)
        if not many and not optional:
            return kind, True, False
    raise ValueError(f"type '{ast.unparse(annotation)}' is not known")


def _with_limits(parameter: Parameter) -> Parameter:
    bracket = _BRACKET.search(parameter.comment)
    if bracket is None:
        return parameter
    inner, comment = bracket.group(1), parameter.comment[: bracket.start()].rstrip()
    bounds = _RANGE.match(inner)
    if bounds is not None:
        if parameter.kind not in ("int", "float"):
            raise ValueError(f"a range for type {parameter.type_text}")
        low, high = bounds.groups()
        return replace(
            parameter,
            comment=comment,
            low=float(low) if low else -math.inf,
            high=float(high) if high else math.inf,
        )
    words = [word.strip() for word in inner.split("|")]
    if not all(words):
        raise ValueError(f"an empty word in [{inner}]")
    named = [_VOCABULARY.fullmatch(word) for word in words]
    return replace(
        parameter,
        comment=comment,
        allowed=tuple(w for w, match in zip(words, named, strict=True) if match is None),
        vocabularies=tuple(
            match.group(1).replace("_", "-") for match in named if match is not None
        ),
    )


def looks_secret(name: str) -> bool:
    """Whether a name speaks of something that must not stand in a report."""
    parts = {part.lower() for part in _NAME_PART.findall(name)}
    letters = re.sub(r"[^a-z]", "", name.lower())
    return not SECRET_WORDS.isdisjoint(parts) or any(word in letters for word in SECRET_ANYWHERE)


def _check_line(
    parameter: Parameter, before: Sequence[Parameter], problems: Problems, line: int
) -> None:
    place = f"parameters cell, line {line}:"
    if looks_secret(parameter.name):
        problems.add(
            "P208",
            f"{place} '{parameter.name}' looks like a secret, and parameters are printed.",
            "Read secrets from the environment, or choose another name.",
        )
    if any(parameter.name == other.name for other in before):
        problems.add("P205", f"{place} '{parameter.name}' is assigned twice.", "Keep one.")
    if not parameter.has_type(parameter.default):
        problems.add(
            "P205",
            f"{place} the default {parameter.default!r} of '{parameter.name}' is not of type "
            f"{parameter.type_text}.",
            "Change the type or the value.",
        )
        return
    if not parameter.vocabularies and parameter.default is not None:
        limits = Problems(file=problems.file)
        _checked(parameter, parameter.default, {}, limits)
        problems.found.extend(limits.found)
