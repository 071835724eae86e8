"""A stranger's walk: what a notebook calls stands in the file that its own import names."""

import ast
import importlib
import inspect
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "editing.md").read_text(encoding="utf-8")
WALKED = ["01_rise", "03_severity", "04_recording", "05_crewing", "06_act", "08_planning"]
SPEAKING = {
    f"report.{helper}"
    for helper in ("answer", "headline", "main_points", "boxes", "may_say", "show_figure")
}


def code_of(name):
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def imported(tree):
    """Modules of the project under the names that a notebook gives them."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("officer_assaults"):
            for one in node.names:
                try:
                    module = importlib.import_module(f"{node.module}.{one.name}")
                except ModuleNotFoundError:
                    continue
                found[one.asname or one.name] = module
    return found


def files_named(name):
    """Each function of a topic that a notebook names, with the file that it is written in."""
    tree = ast.parse(code_of(name))
    modules = imported(tree)
    for node in ast.walk(tree):
        module = isinstance(node, ast.Attribute) and modules.get(ast.unparse(node.value))
        if not module or not module.__name__.startswith("officer_assaults.topics."):
            continue
        held = getattr(module, node.attr)
        if inspect.isfunction(held):
            source = inspect.getsourcefile(inspect.unwrap(held))
            yield ast.unparse(node), Path(source), Path(module.__file__)


def spoken(name):
    """Functions whose result a notebook hands to its report, as a sentence or as a figure."""
    tree = ast.parse(code_of(name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in SPEAKING:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            yield from (
                ast.unparse(one.func)
                for one in given
                if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)
            )


@pytest.mark.parametrize("name", WALKED)
def test_what_a_notebook_says_and_draws_stands_where_its_call_points(name):
    """One file besides the notebook, and the guide names it."""
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| {name[:2]} |"))
    said = set(spoken(name))
    assert said
    for function, source, pointed in files_named(name):
        if function not in said and not re.search(r"words_for|_figure$", function):
            continue
        assert source == pointed, f"{function} is imported from a file that only passes it on"
        topic, _, file = source.as_posix().partition("/topics/")[2].partition("/")
        if topic == name[3:]:
            assert f"`{topic}/{file}`" in row, function


@pytest.mark.parametrize("name", [*WALKED, "02_forces"])
def test_the_model_is_fitted_in_the_notebook_by_a_formula_in_it(name):
    cells = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    assert re.search(r"= (glm|forecast)\.fit|: glm\.fit", code_of(name))
    assert any(" ~ " in "".join(cell["source"]) for cell in cells)
