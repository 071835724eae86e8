"""Closure: which modules of a package a piece of code rests on, found without importing any."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from officer_assaults.files import sha256

BY_NAME = ("import_module", "__import__")
#: Where statements hold others: a lambda's body and an exception's type are none.
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


@dataclass(frozen=True, slots=True)
class Package:
    """A package on disk.

    Parameters
    ----------
    folder : Path
        The folder of the package itself; its name is the package's.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Name of the package."""
        return self.folder.name

    def path(self, module: str) -> Path | None:
        """File of a module of the package; None for anything else."""
        first, *inner = module.split(".")
        if first != self.name:
            return None
        inside = self.folder.joinpath(*inner)
        candidates = (inside / "__init__.py", inside.with_suffix(".py"))
        return next((path for path in candidates if path.is_file()), None)

    def closure(
        self,
        modules: Iterable[str],
        imports: Callable[[str], Iterable[str]] | None = None,
        *,
        parents: bool = True,
    ) -> frozenset[str]:
        """Modules of the package that some modules need, themselves included.

        Parameters
        ----------
        modules : iterable of str
            Names; those that are no module of the package are left out.
        imports : callable, optional
            Gives what one module imports; default :meth:`imports`.
        parents : bool
            Whether the packages around a module count as needed: importing it runs them.
        """
        imports = imports or self.imports
        found: set[str] = set()
        left = list(modules)
        while left:
            name = left.pop()
            if name in found or self.path(name) is None:
                continue
            found.add(name)
            left.extend(imports(name))
            if parents and "." in name:
                left.append(name.rpartition(".")[0])
        return frozenset(found)

    def imports(self, module: str) -> frozenset[str]:
        """Names that a module imports anywhere, functions included; names of objects among them."""
        path = self.path(module)
        if path is None:
            return frozenset()
        text = path.read_text(encoding="utf-8")
        digest = sha256(text.encode())
        if digest not in _known:
            know({digest: imported(text, self.around(module))})
        return _known[digest]

    def around(self, module: str) -> str:
        """Name of the package that a module's relative imports start from."""
        path = self.path(module)
        is_package = path is not None and path.name == "__init__.py"
        return module if is_package else module.rpartition(".")[0]


_known: dict[str, frozenset[str]] = {}


def know(imports: Mapping[str, Iterable[str]]) -> None:
    """Take what sources import, by their hash: to find it out takes a second for the package."""
    _known.update({digest: frozenset(names) for digest, names in imports.items()})


def imported(source: str, around: str = "") -> Iterator[str]:
    """Everything that a source may import: modules, and names that may be modules.

    Where it imports by name (``import_module``), every text that looks like a name counts.

    Parameters
    ----------
    source : str
        Python.
    around : str
        Package that relative imports start from.
    """
    tree = ast.parse(source)
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, around)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
    if any(name in source for name in BY_NAME):  # Looking into every expression takes long.
        yield from _named(tree)


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement of a source, at whatever depth."""
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        yield node
        for field in _BLOCKS:
            left.extend(getattr(node, field, ()))


def _named(tree: ast.Module) -> Iterator[str]:
    """Texts of a source that look like names of modules, if it imports by name."""
    nodes = list(ast.walk(tree))
    if any(isinstance(node, ast.Call) and _called(node) in BY_NAME for node in nodes):
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value.partition(":")[0]
                if "." in text and " " not in text:
                    yield text


def _base(node: ast.ImportFrom, around: str) -> str:
    if not node.level:
        return node.module or ""
    above = around.split(".")[: len(around.split(".")) - node.level + 1]
    return ".".join([*above, *filter(None, [node.module])])


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
