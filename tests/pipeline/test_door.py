"""Every door asks for the same: what a kernel refuses, and in which words."""

import json
import os
import subprocess
import sys

import notebook_tree as tree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from papermill import inspect_notebook

from officer_assaults import paths
from officer_assaults.cli import project as project_
from officer_assaults.pipeline import door, notebooks
from officer_assaults.pipeline.parameters import join_assignments, split_assignments
from officer_assaults.pipeline.plan import make_plan
from officer_assaults.refusals import Refusal

NOTEBOOKS = notebooks.find(paths.notebooks_dir())
CELL = tree.PARAMETERS
FILE_CELL = 'table: "Optional[str]" = None  # What was counted [<file>]'


def enter(root, executed, **namespace):
    (root / "notebooks").mkdir(exist_ok=True)
    return door.resolve(
        executed,
        namespace,
        folder=root / "notebooks",
        root=root,
        vocabularies={"place": tree.Places()},
    )


def injected(**values):
    return "# Parameters\n" + "\n".join(f"{name} = {value!r}" for name, value in values.items())


# What papermill's -p makes of a text, and what make is given.
@pytest.mark.parametrize(
    "typed",
    [
        {"level": "0.95"},
        {"level": "high"},
        {"size": "2.5"},
        {"size": "True"},
        {"size": "12"},
        {"place": "nort"},
        {"place": "7"},
        {"place": "None"},
        {"sise": "4"},
        {"sise": "4", "level": "0.95", "place": "nort"},
        {"db_password": "x"},
    ],
    ids=str,
)
def test_a_kernel_refuses_in_the_words_of_make(tmp_path, typed):
    from papermill.cli import _resolve_type

    read = {name: _resolve_type(text) for name, text in typed.items()}
    project = tree.plant(tmp_path, {"01_one": tree.good()})
    scope = {"scopes": [typed["place"]]} if "place" in typed else {}
    others = {name: text for name, text in typed.items() if name != "place"}
    with pytest.raises(Refusal) as made:
        make_plan(project, notebooks=["01_one"], settings=others, **scope)
    with pytest.raises(Refusal) as met:
        enter(tmp_path, [CELL, injected(**read)], **{"place": "north", **read})
    assert sorted(map(str, met.value.problems)) == sorted(map(str, made.value.problems))
    assert all(problem.file == "01_one.ipynb" for problem in met.value.problems)


def test_values_are_spelled_as_make_spells_them(tmp_path):
    found = enter(tmp_path, [CELL, injected(place="NORTH", level=1e-1)], place="NORTH", level=0.1)
    assert found == {"place": "north", "size": 3, "level": 0.1}
    edited = CELL.replace("= 3", "= 30")
    with pytest.raises(Refusal, match=r"P203 .*'size' cannot be 30"):
        enter(tmp_path, [CELL, edited], size=30)
    assert enter(tmp_path, [edited, CELL], size=3)["size"] == 3


def test_without_a_parameters_cell_the_remedy_is_told(tmp_path):
    with pytest.raises(Refusal, match=r"P102: no parameters cell was run"):
        enter(tmp_path, ["import os", "x: int = 3", "1 +"])


def test_a_file_is_the_same_file_from_every_folder(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "mine.csv").write_text("a\n1\n")
    for folder in (tmp_path, tmp_path / "notebooks"):
        monkeypatch.chdir(folder)
        assert enter(tmp_path, [FILE_CELL], table="mine.csv")["table"] == str(tmp_path / "mine.csv")
    (tmp_path / "notebooks" / "mine.csv").write_text("another\n1\n")
    with pytest.raises(Refusal, match=r"P304 .*another where you stand"):
        enter(tmp_path, [FILE_CELL], table="mine.csv")
    whole = str(tmp_path / "mine.csv")
    assert enter(tmp_path, [FILE_CELL], table=whole)["table"] == whole


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_lists_every_parameter(path):
    schema = notebooks.load(path).schema
    assert set(inspect_notebook(str(path))) == set(schema.names)


def test_every_notebook_begins_with_the_check():
    for path in (*NOTEBOOKS, paths.project_root() / "docs" / "template.ipynb"):
        code = [
            cell for cell in notebooks.load(path).content["cells"] if cell["cell_type"] == "code"
        ]
        assert notebooks.source_of(code[1]).endswith("report.check_parameters()"), path.name


KERNEL = """
import json, sys
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.showtraceback = lambda *args, **kwargs: None
said = {}
for path, setting in json.loads(sys.argv[1]):
    cells = json.loads(Path(path).read_text())["cells"]
    first, check = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"][:2]
    shell.reset()
    for source in (first, f"# Parameters\\n{setting}", check):
        done = shell.run_cell(source, store_history=True)
    said[Path(path).stem] = str(done.error_in_exec)
print(json.dumps(said))
"""


def test_each_notebook_refuses_as_make_does():
    """A misspelt name in each; a wrong word, a flipped level, a late year where there is one."""
    wrong = {
        "01_rise": 'alpha = 0.95; period0 = "2019-20"',
        "03_severity": 'vintage = "2019-08"',
        "05_crewing": 'outcome = "All"',
        "06_act": 'slope = "maybe"',
    }
    given = [(str(path), wrong.get(path.stem, "alfa = 0.1")) for path in NOTEBOOKS]
    done = subprocess.run(
        [sys.executable, "-c", KERNEL, json.dumps(given)],
        capture_output=True, text=True, check=True, cwd=paths.project_root(),
    )  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1])
    project = project_.load()
    for path, setting in given:
        text = " ".join(part.strip().replace(" = ", "=") for part in setting.split(";"))
        with pytest.raises(Refusal) as made:
            make_plan(
                project, notebooks=[path.rpartition("/")[2]], settings=split_assignments(text)
            )
        assert said[made.value.problems[0].file.removesuffix(".ipynb")] == str(made.value)


def test_a_script_and_plain_papermill_meet_the_same_door(tmp_path):
    """What jupytext writes and what papermill runs: the last line is the refusal, not code 0."""
    rise = paths.notebooks_dir() / "01_rise.ipynb"
    script = tmp_path / "rise.py"
    tool = [sys.executable, "-m"]
    outside = {name: value for name, value in os.environ.items() if name != door.CHECKED_VARIABLE}
    subprocess.run(
        [*tool, "jupytext", "--quiet", "--to", "py:percent", "-o", script, rise], check=True
    )
    text = script.read_text()
    script.write_text(text.replace("alpha: float = 0.05", "alpha: float = 0.95"))
    commands = (
        [sys.executable, script],
        [
            *tool,
            "papermill",
            "--no-progress-bar",
            rise,
            tmp_path / "out.ipynb",
            "-p",
            "alpha",
            "0.95",
        ],
    )
    for command in commands:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=paths.project_root(),
            env=outside,
        )
        assert done.returncode != 0
        assert "'alpha' cannot be 0.95. Give a value from 0.001 to 0.5." in done.stderr


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.text(max_size=30), max_size=4)
)
@settings(deadline=None, max_examples=200)
def test_any_value_can_be_given(values):
    """Equals signs, quotes, backslashes, spaces: what the page prints is what is read."""
    assert split_assignments(join_assignments(values)) == values
