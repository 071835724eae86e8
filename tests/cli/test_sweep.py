"""Sweeps: one notebook over forces and values, one table, one page; nothing overwritten."""

import dataclasses
import io
import re
import shlex
from urllib.parse import unquote

import notebook_tree as tree
import pandas as pd
import pytest

from officer_assaults import paths
from officer_assaults.cli import main
from officer_assaults.cli import project as project_
from officer_assaults.page import audience
from officer_assaults.pipeline import notebooks
from officer_assaults.pipeline.sweep import combinations
from officer_assaults.refusals import Refusal


def _sweep_folder(project):
    (folder,) = (project.reports / "sweeps").iterdir()
    return folder


def test_a_sweep_is_one_table_and_one_page(project, run):
    run("reports", "--force", "all")
    before = tree.snapshot(project)
    done = run("sweep", "01_scoped", "--force", "north,south", "--over", "size=2..4")
    assert {name: tree.snapshot(project)[name] for name in before} == before
    folder = _sweep_folder(project)
    table = pd.read_csv(folder / "findings.csv")
    kept = pd.read_parquet(folder / "findings.parquet")
    assert kept.columns.tolist() == table.columns.tolist()
    assert kept["value"].tolist() == table["value"].tolist()
    assert table[["place", "size", "value"]].to_numpy().tolist() == [
        [place, size, 1.5 * size] for place in ("north", "south") for size in (2, 3, 4)
    ]
    assert all((folder / page).is_file() for page in table["page"])
    page = (folder / "index.html").read_text()
    assert page.count("<svg") == 1
    assert "6 runs side by side" in page
    assert str(folder / "index.html") in done.output


@pytest.mark.parametrize("secret", [3, 9])
def test_the_page_of_a_sweep_that_holds_an_internal_run_is_marked_as_such(
    project, run, monkeypatch, secret
):
    """Whoever hands the folder on would hand on small counts."""
    shelf = {secret: audience.INTERNAL}
    one = dataclasses.replace(project, shelf=lambda given: shelf.get(given["size"], ""))
    monkeypatch.setattr(project_, "load", lambda: one)
    run("sweep", "01_scoped", "--force", "north", "--over", "size=2..4")
    (page,) = project.reports.rglob("sweeps/*/index.html")
    marked = list(audience.internal_files({page.name: page.read_bytes()}))
    inside = audience.INTERNAL in page.relative_to(project.reports).parts
    assert inside == bool(marked) == (secret == 3)
    text = page.read_text()
    assert (audience.BANNER in text, "<title>INTERNAL" in text) == (inside, inside)
    (up,) = re.findall(r'href="([./]+)index.html">All reports', text)
    assert (page.parent / up).resolve() == project.reports.resolve()
    links = re.findall(r'<li><a href="([^"#]+)"', text)
    assert all((page.parent / unquote(link)).is_file() for link in links)
    assert len(links) == 3


def test_refused_runs_are_listed_and_the_others_made(project, run):
    done = run("sweep", "01_scoped", "--over", "size=8,9,10", "--set", "level=0.1")
    assert "Left out, north: P203 01_scoped.ipynb: parameter 'size' cannot be 10." in done.stderr
    table = pd.read_csv(_sweep_folder(project) / "findings.csv")
    assert table["outcome"].tolist() == ["ok", "ok", "refused"]
    assert "Runs that gave no result" in (_sweep_folder(project) / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["01_scopd", "--over", "size=1..3"], "P301: there is no notebook '01_scopd'."),
        (["01_scoped", "--over", "sise=1..3"], "P201 01_scoped.ipynb: unknown parameter 'sise'."),
        (["01_scoped", "--over", "level=a..b"], "P210: 'a..b' is no range of 'level'."),
        (["01_scoped", "--over", "size="], "P210: no value is given."),
        (["01_scoped", "--over", "size=1..9999"], "P210: more than 5,000 runs are asked for."),
        (["01_scoped", "--over", "size=10,11"], "P203 01_scoped.ipynb"),
    ],
)
def test_a_sweep_that_cannot_be_is_a_line(project, run, arguments, said):
    assert said in run("sweep", *arguments, code=2).stderr
    assert tree.snapshot(project) == {}


def test_findings_gathers_what_is_built(project, run):
    run("reports", "--force", "all")
    run("report", "01_scoped", "--set", "size=5")
    stem = project.root / "gathered"
    run("findings", "--out", str(stem))
    table = pd.read_csv(io.StringIO(stem.with_suffix(".csv").read_text()))
    assert len(table) == 4
    assert table.set_index("page").loc["north/01_scoped~size=5.html", "parameters"] == '{"size":5}'


def test_years_run_from_one_to_the_other():
    ours = project_.load()
    schema = notebooks.load(paths.notebooks_dir() / "01_rise.ipynb").schema
    found = combinations(schema, ["period1=2018-19..2021/22", "alpha=0.05,0.1"], ours.vocabularies)
    assert [one["period1"] for one in found[::2]] == ["2018/19", "2019/20", "2020/21", "2021/22"]
    assert {one["alpha"] for one in found} == {"0.05", "0.1"}
    with pytest.raises(Refusal, match="P210"):
        combinations(schema, ["period1=first..last"], ours.vocabularies)


def test_the_commands_of_the_readme_are_understood(project, run, monkeypatch):
    """Every command line of the README names a command, options and notebooks that exist."""
    text = (paths.project_root() / "README.md").read_text()
    lines = re.findall(r"^(?:\.venv/bin/)?(officer-assaults .*|make .*)$", text, re.MULTILINE)
    targets = set(re.findall(r"^([a-z-]+):", (paths.project_root() / "Makefile").read_text(), re.M))
    known = {path.stem for path in paths.notebooks_dir().glob("*.ipynb")}
    assert len(lines) > 10
    for line in lines:
        first, *words = shlex.split(line, comments=True)
        named = re.findall(r"\b\d\d_[a-z]+\b", line)
        assert set(named) <= known, line
        if first == "make":
            assert not words or words[0] in targets or "=" in words[0], line
        else:
            command = main.get_command(None, words[0])
            options = {option for part in command.params for option in part.opts}
            given = {word for word in words if word.startswith("--")}
            assert given <= options or hasattr(command, "commands"), line
