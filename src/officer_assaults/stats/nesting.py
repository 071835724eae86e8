"""How deeply an expression is nested, for the languages that analysts may type."""

from __future__ import annotations

import ast

#: Deeper expressions are refused before anything recurses into them.
MAX_DEPTH = 40


def depth(node: ast.AST) -> int:
    """Levels of nesting, counted level by level: Python's recursion limit depends on the caller."""
    levels = 0
    level = [node]
    while level:
        levels += 1
        level = [child for parent in level for child in ast.iter_child_nodes(parent)]
    return levels
