"""Expressions that analysts type, read as Python's grammar and never run: formulas and policies."""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings

#: Deeper expressions are refused before anything recurses into them.
MAX_DEPTH = 40
#: Longer expressions are refused before they are parsed.
MAX_LENGTH = 2_000
_QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")
#: What is read as one name, with the signs that nobody sees.
_WORD = re.compile(r"[^\x00-\x2f:;<=>?@\[\\\]^`{|}~\s]+")


def normal(text: str) -> str:
    """Write names as Python reads them (NFKC), so that no rule on names is passed by other letters.

    Texts in quotation marks stay: they are levels of the data.
    """
    parts = _QUOTED.split(text)
    return "".join(p if n % 2 else unicodedata.normalize("NFKC", p) for n, p in enumerate(parts))


def disguised(text: str) -> str:
    """First name that mixes alphabets or holds unseen signs, those written out; empty if none does.

    Such a name looks like another one, which a rule may refuse.
    """
    for word in _WORD.findall("".join(_QUOTED.split(text)[::2])):
        letters = [sign for sign in word if sign not in "_0123456789"]
        alphabets = {unicodedata.name(sign, "UNKNOWN").split()[0] for sign in letters}
        if len(alphabets) > 1 or any(unicodedata.category(sign)[0] != "L" for sign in letters):
            return str(word.encode("ascii", "backslashreplace").decode())
    return ""


def read(text: str, longest: int = MAX_LENGTH) -> ast.expr:
    """Parse an expression without evaluating any part of it.

    Parameters
    ----------
    text : str
    longest : int
        Characters.

    Raises
    ------
    ValueError
        Saying why, for one that is too long, nested too deeply or no expression.
    """
    if len(text) > longest:
        raise ValueError(f"it is longer than {longest} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError("it cannot be read") from error
    if depth(tree) > MAX_DEPTH:
        raise ValueError("it is nested too deeply")
    return tree


def names(node: ast.AST) -> set[str]:
    """Every name in an expression: columns, and functions where it may call any."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def depth(node: ast.AST) -> int:
    """Levels of nesting, counted level by level: Python's recursion limit depends on the caller."""
    levels = 0
    level = [node]
    while level:
        levels += 1
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
    return levels
