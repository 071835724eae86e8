"""The rooms of the house import downwards only, and each says what it is for."""

import ast
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
