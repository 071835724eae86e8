"""Modules that a full disk or a lost machine cut off while Python compiled them."""

import importlib
import os
import re
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import notebook_tree as tree
import pytest

from officer_assaults.compiled import mend

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("officer-assaults"))
#: What is read before anything can mend: of Python itself, and two modules that all commands read.
FIRST = re.compile(r"officer_assaults/(__init__|compiled)\.|^(?!.*(officer_assaults|click)/)")
USES = 'import os, sys\nsys.path.insert(0, os.environ["TREE_ROOT"] + "/source")\nimport module'
RENDERS = "from simple_page import render\n"


def compiling(folder=""):
    """The environment of a process that writes what it compiles, to a folder if one is named."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder)}


def call(folder, *arguments):
    return subprocess.run(
        [COMMAND, *arguments], env=compiling(folder), capture_output=True, text=True, check=False
    )


def sizes(folder):
    return {path: path.stat().st_size for path in folder.rglob("*.pyc")}


def cut_off(source):
    """Compile a module and leave the first part of it."""
    compile_it = [sys.executable, "-m", "compileall", "-q", str(source)]
    subprocess.run(compile_it, env=compiling(), check=True)
    half = Path(cache_from_source(str(source)))
    half.write_bytes(half.read_bytes()[:40])
    return half


@pytest.mark.parametrize("kept", [0, 17, 300, 0.5, 0.95])
def test_a_command_compiles_anew_what_was_cut_off(tmp_path, kept):
    """Its own modules and those of libraries; what stood there whole is there again."""
    assert call(tmp_path, "site", "--help").returncode == 0
    whole = sizes(tmp_path)
    for path, size in whole.items():
        if not FIRST.search(path.as_posix()):
            os.truncate(path, min(size, kept if isinstance(kept, int) else int(size * kept)))
    for _ in range(2):  # The first removes what is cut off, the second keeps what it compiles.
        done = call(tmp_path, "site", "--help")
        assert (done.returncode, done.stderr) == (0, "")
    assert sizes(tmp_path) == whole


def test_a_module_in_a_folder_that_cannot_be_written_is_read_from_its_source(tmp_path, monkeypatch):
    (tmp_path / "half.py").write_text("value = 7\n" * 50)
    half = cut_off(tmp_path / "half.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(Path, "unlink", refuse)
    mend()
    assert importlib.import_module("half").value == 7
    assert half.stat().st_size == 40


def refuse(path):
    raise PermissionError(path)


def test_an_error_of_the_source_itself_is_told_as_it_is(tmp_path, monkeypatch):
    (tmp_path / "nulls.py").write_bytes(b"value = 1\0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    mend()
    with pytest.raises((ValueError, SyntaxError), match="null bytes"):
        importlib.import_module("nulls")


@pytest.mark.parametrize("place", ["kernel", "worker"])
def test_a_batch_compiles_anew_what_was_cut_off(tmp_path, place):
    """A module that a notebook imports, and one that makes pages."""
    root = tmp_path / "tree"
    tree.plant(root, {"01": tree.notebook(USES, tree.HELPERS, tree.HEADLINE, tree.FINDING)})
    own_page = tmp_path / "own_page.py"
    own_page.write_text(RENDERS)
    half = cut_off(own_page if place == "worker" else root / "source" / "module.py")
    done = subprocess.run(
        [sys.executable, str(HERE / "driver.py"), str(root), "--render", "own_page:render"],
        env=os.environ | {"TREE_PLACES": "north", "PYTHONPATH": f"{HERE}:{tmp_path}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not half.exists() or half.stat().st_size > 40
