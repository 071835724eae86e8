"""Every notebook under the tools of others: papermill, nbconvert and jupytext, as they come."""

import json
import os
import re
from base64 import b64decode
from pathlib import Path

import jupytext
import nbformat
import papermill
import pypandoc
import pytest
from bs4 import BeautifulSoup
from nbconvert.exporters import get_exporter

import by_turns
from officer_assaults import paths
from officer_assaults.findings import FINDING_MIME
from officer_assaults.pipeline import collect, notebooks

NOTEBOOKS = notebooks.find(paths.notebooks_dir())
#: Others run in stock kernels in ``browser/test_jupyterlab.py``; a full run has them all.
BY_TURNS = by_turns.some(NOTEBOOKS, 2)
TRACEBACK = "Traceback (most recent call last)"


@pytest.fixture(scope="module", params=BY_TURNS, ids=lambda path: path.stem)
def executed(request, tmp_path_factory):
    """One notebook, run by papermill with its own engine once for all tests."""
    out = tmp_path_factory.mktemp("papermill") / request.param.name
    papermill.execute_notebook(str(request.param), str(out), progress_bar=False)
    return nbformat.read(out, 4)


@pytest.fixture(scope="module")
def figures(executed):
    return [
        output.data
        for output in collect.outputs_of(executed)
        if collect.role_of(output) == "figure"
    ]


@pytest.fixture
def convert(executed, monkeypatch):
    """Convert by nbconvert, with the pandoc of the lock."""
    pandoc = Path(pypandoc.get_pandoc_path()).parent
    monkeypatch.setenv("PATH", f"{pandoc}{os.pathsep}{os.environ['PATH']}")

    def to(name):
        text, resources = get_exporter(name)().from_notebook_node(executed)
        assert TRACEBACK not in text
        return text, resources.get("outputs", {})

    return to


def test_a_notebook_runs_as_it_is_and_complains_of_nothing(executed):
    said = collect.outputs_of(executed)
    complaints = [output for output in said if output.output_type == "error"]
    complaints += [output for output in said if output.get("name") == "stderr"]
    assert complaints == []
    cells = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)


def test_every_figure_comes_as_svg_png_and_pdf(figures):
    for data in figures:
        drawn = BeautifulSoup(data["image/svg+xml"], "xml").svg
        assert drawn["xmlns"] == "http://www.w3.org/2000/svg"
        assert float(drawn["height"]) > 0
        assert b64decode(data["image/png"]).startswith(b"\x89PNG")
        assert b64decode(data["application/pdf"]).startswith(b"%PDF")
        assert len(data["image/png"]) < 150_000


def test_stock_kernels_give_the_findings_of_the_batch(request, executed, standard_reports):
    name = f"{request.node.callspec.id}.json"
    (report,) = standard_reports.glob(f"[a-z]*/{name}")
    said = [output.get("data", {}) for output in collect.outputs_of(executed)]
    recorded = [data[FINDING_MIME] for data in said if FINDING_MIME in data]
    assert recorded
    assert recorded == json.loads(report.read_text(encoding="utf-8"))["findings"]


def formats(notebook):
    """One format each in short runs, so that each format is met in some notebooks each time."""
    every = ["html", "slides", "markdown"]
    return every if by_turns.FULL else [every[(by_turns.turn() + notebook) % len(every)]]


def test_pages_of_nbconvert_show_every_figure_and_the_answer(request, convert, executed, figures):
    at = [path.stem for path in NOTEBOOKS].index(request.node.callspec.id)
    for name in formats(at):
        shows_figures_and_answer(convert(name)[0], executed, figures)


def shows_figures_and_answer(text, executed, figures):
    shown = BeautifulSoup(text, "html.parser")
    assert len(shown.select("figure.oa-figure")) == len(figures)
    said = collect.collect(executed, {}).headline
    words = " ".join(shown.get_text().split())
    first = BeautifulSoup(next(iter(said.values())), "html.parser").get_text()
    assert " ".join(first.split()) in words


def test_latex_takes_every_figure_without_another_program(convert, figures):
    text, files = convert("latex")
    drawn = [name for name in files if name.endswith(".pdf")]
    assert len(drawn) == len(figures)
    assert all(name in text for name in drawn)


def test_exhibits_are_numbered_as_the_page_numbers_them(executed):
    from officer_assaults.page.page import render_page

    clean = collect.reproducible(executed, {})
    listed = collect.exhibits(clean)
    context = {"notebook": "n", "exhibits": listed}
    soup = BeautifulSoup(render_page(nbformat.from_dict(clean), context), "html.parser")
    for entry in listed:
        box = soup.find(id=f"{entry['kind']}-{entry['number']}")
        title = box.select_one(".oa-title").get_text()
        assert plain(entry["title"]) == plain(title)
        cell = clean["cells"][entry["cell"] - 1]
        assert cell["id"] == entry["cell_id"]
    files = collect.pictures(clean)
    linked = [a["href"] for a in soup.select("figure a") if not a["href"].startswith("data:")]
    assert sorted(linked) == sorted(f"n{end}" for end in files)


def plain(text):
    """Words without the quotation marks that a page sets."""
    return " ".join(re.sub("[‘’“”]", "", text).split())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("form", ["py:percent", "md:myst"])
def test_jupytext_goes_there_and_back(path, form):
    there = jupytext.writes(jupytext.read(path), form)
    back = jupytext.reads(there, form)
    before = json.loads(path.read_text(encoding="utf-8"))["cells"]
    kept = [(cell["cell_type"], notebooks.source_of(cell).strip()) for cell in before]
    assert [(cell.cell_type, cell.source.strip()) for cell in back.cells] == kept
    tagged = [cell for cell in back.cells if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert not re.search(r"^Traceback", there, re.MULTILINE)
