"""The validator: one fault at a time in a good notebook, each named with cell and remedy."""

import json

import nbformat
import notebook_tree as tree
import pytest

from officer_assaults.pipeline import notebooks
from officer_assaults.refusals import Refusal


def _check(tmp_path, nb):
    path = tmp_path / "01_small.ipynb"
    path.write_text(json.dumps(nb))
    return [str(problem) for problem in notebooks.check(path)]


def test_a_good_notebook_passes(tmp_path):
    assert _check(tmp_path, tree.good()) == []


def _outputs(nb):
    nb.cells[2].outputs = [nbformat.v4.new_output("stream", text="x")]


def _count(nb):
    nb.cells[3].execution_count = 4


def _untitled(nb):
    nb.cells[0].source = "## Second level"


def _code_first(nb):
    nb.cells.insert(0, nb.cells.pop(2))


def _kernel(nb):
    nb.metadata.kernelspec.name = "my-environment"


def _same_id(nb):
    nb.cells[2]["id"] = nb.cells[3]["id"]


def _no_parameters(nb):
    nb.cells[1].metadata.tags = []


def _two_parameters(nb):
    nb.cells[2].metadata.tags = ["parameters"]


def _source(number, source):
    def change(nb):
        nb.cells[number].source = source

    return change


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (_outputs, "P107", "cell 3"),
        (_count, "P108", "cell 4"),
        (_untitled, "P103", "cell 1"),
        (_code_first, "P103", "cell 1"),
        (_kernel, "P104", "'my-environment'"),
        (_same_id, "P105", "cell 3 shares the id 'cell-04'"),
        (_no_parameters, "P102", "0 cells"),
        (_two_parameters, "P102", "2 cells"),
        (_source(4, "x = 1\n" * 26), "P109", "cell 5 has 26 lines"),
        (_source(4, "!ls"), "P110", "cell 5"),
        (_source(4, 'open("/home/me/counts.csv")'), "P106", "cell 5"),
        (_source(4, 'open("~/counts/a.csv")'), "P106", "cell 5"),
        (_source(4, 'open(r"C:\\\\counts.csv")'), "P106", "cell 5"),
        (_source(1, "size = 3  # How many"), "P205", "line 1"),
    ],
)
def test_each_fault_is_named(tmp_path, change, code, said):
    nb = tree.good()
    change(nb)
    problems = _check(tmp_path, nb)
    assert any(problem.startswith(f"{code} 01_small.ipynb") for problem in problems)
    assert any(said in problem for problem in problems)


@pytest.mark.parametrize(
    "source",
    ["x = 1\n" * 25, 'x = "a/b/c"', '"https://example.org/data/a.csv"', "x = 4 / 2 / 1"],
)
def test_innocent_cells_pass(tmp_path, source):
    nb = tree.good()
    nb.cells[4].source = source
    assert _check(tmp_path, nb) == []


def test_what_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text("{")
    assert [problem.code for problem in notebooks.check(path)] == ["P101"]
    with pytest.raises(Refusal, match="P101"):
        notebooks.load(path)


def test_imports_are_read_from_the_cells(tmp_path):
    nb = tree.notebook("import a.b as c\nfrom d import e, f\nif size:\n    import g", "import (")
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps(nb))
    assert notebooks.load(path).imports() == ["a.b", "d", "d.e", "d.f", "g"]


def test_certain_calls_leave_out_branches_and_functions(tmp_path):
    nb = tree.notebook(
        "report.show_figure(1)\nif size > 1:\n    show_figure(2)\ndef f():\n    show_figure(3)",
        "show_figure(4)\nshow_table(5)",
    )
    path = tmp_path / "a.ipynb"
    nbformat.write(nb, path)
    calls = notebooks.load(path).calls({"show_figure": "figure"})
    assert dict(calls) == {"figure": 2}
