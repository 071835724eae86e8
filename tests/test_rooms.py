"""The rooms of the house import downwards only, and each says what it is for."""

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "officer_assaults"


def test_imports_go_downwards_only():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("room", ["data", "stats", "page", "topics", "pipeline"])
def test_each_room_says_its_purpose_in_one_line(room):
    doc = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text()))
    assert doc
    assert len(doc.splitlines()) == 1


def test_the_map_of_the_house_is_the_one_the_code_gives():
    spec = importlib.util.spec_from_file_location("house_map", ROOT / "tools" / "house_map.py")
    house_map = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house_map)
    assert house_map.PAGE.read_text(encoding="utf-8") == house_map.page(), "run: make map"
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (PACKAGE / "topics" / path.stem[3:]).is_dir(), path.stem


#: Named as an example of a file that does not exist yet.
EXAMPLES = {"src/officer_assaults/stats/quarters.py", "tests/stats/test_quarters.py"}
#: Where a document may begin a path.
BASES = (
    ROOT,
    PACKAGE,
    PACKAGE / "topics",
    PACKAGE / "topics/crewing",
    ROOT / "tests",
    ROOT / "data",
)
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|ipynb|md|toml|csv|json|yml))(?: test_\w+)?`")
ROOM = re.compile(r"`((?:src|tests|notebooks|docs|topics|models|sources|present)(?:/[\w.-]+)+)/?`")
DATA = re.compile(r"^(runs|reports|site|example)/")


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md")]), ids=lambda path: path.name
)
def test_every_path_that_a_document_names_exists(page):
    text = page.read_text(encoding="utf-8")
    named = {*FILE.findall(text), *ROOM.findall(text)} - EXAMPLES
    gone = [
        path
        for path in sorted(named)
        if not DATA.match(path) and not any((base / path).exists() for base in BASES)
    ]
    assert gone == []
