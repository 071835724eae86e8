"""What `make` does before it installs: a copied folder, a HOME or a tree that is read-only."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from officer_assaults import paths

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def clone(tmp_path):
    """A tree with an environment that says it belongs there."""
    folder = tmp_path / "a clone"
    site = folder / ".venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (folder / "src").mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    link = site / "_editable_impl_officer_assaults.pth"
    link.write_text(str(folder / "src"))
    return folder


def make(folder, *arguments, **environment):
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "UV_", "OFFICER"))
    }
    command = ["make", "-p", *arguments, "environment"]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, env={**kept, **environment},
        check=False,
    )  # fmt: skip
    exported = [line for line in done.stdout.splitlines() if ":= " in line or " = " in line]
    return done.stderr, dict(line.replace(":=", "=").split(" = ", 1) for line in exported)


def test_a_copied_or_moved_folder_never_runs_the_code_it_came_from(clone):
    told, _ = make(clone)
    assert "copied or moved" not in told
    assert (clone / ".venv").is_dir()
    copy = clone.with_name("copy")
    shutil.copytree(clone, copy)
    told, _ = make(copy)
    assert "This folder was copied or moved: making .venv anew" in told
    assert not (copy / ".venv").exists()
    assert (clone / ".venv").is_dir()
    moved = clone.rename(clone.with_name("moved"))
    assert "copied or moved" in make(moved)[0]
    assert not (moved / ".venv").exists()


def test_a_folder_reached_by_a_link_is_the_same_folder(clone):
    link = clone.with_name("link")
    link.symlink_to(clone)
    assert "copied or moved" not in make(link)[0]
    assert (clone / ".venv").is_dir()


def test_help_and_clean_leave_the_environment_of_a_copy_alone(clone):
    copy = clone.with_name("copy")
    shutil.copytree(clone, copy)
    subprocess.run(["make", "-n", "clean"], cwd=copy, check=True, capture_output=True)
    subprocess.run(["make"], cwd=copy, check=True, capture_output=True)
    assert (copy / ".venv").is_dir()


@pytest.mark.parametrize("git", ["absent", "ignorant", "there"])
def test_clean_keeps_what_nothing_tells_from_results(clone, tmp_path, git):
    """Outside of git, as in an unpacked archive, one sentence says what to remove by hand."""
    (clone / "reports").mkdir()
    (clone / ".mypy_cache").mkdir()
    for name in ("findings.csv", "made.html"):
        (clone / "reports" / name).touch()
    (clone / ".gitignore").write_text("/reports/*\n!/reports/findings.csv\n")
    if git == "there":
        subprocess.run(["git", "init", "-q"], cwd=clone, check=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("make", "sh", "rm", "grep", "git")[: 4 if git == "absent" else 5]:
        (tools / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["make", "clean"], cwd=clone, capture_output=True, text=True, check=False,
        env={"PATH": str(tools), "GIT_CEILING_DIRECTORIES": str(tmp_path), "LANG": "C"},
    )  # fmt: skip
    left = sorted(path.name for path in (clone / "reports").iterdir())
    assert not (clone / ".mypy_cache").exists()
    if git == "there":
        assert (done.returncode, done.stderr, left) == (0, "", ["findings.csv"])
        return
    assert left == ["findings.csv", "made.html"]
    told, ended = done.stderr.splitlines()
    assert told.startswith("Removed the caches alone: git does not know this folder")
    assert "Error 2" in ended


def test_a_home_that_cannot_be_written_is_replaced_and_another_kept(clone, tmp_path):
    _, seen = make(clone, HOME="/dev/null", TMPDIR=str(tmp_path))
    assert Path(seen["HOME"]).parent == tmp_path
    assert Path(seen["HOME"]).is_dir()
    _, seen = make(clone, HOME=str(tmp_path))
    assert seen["HOME"] == str(tmp_path)


def test_uv_takes_the_certificates_of_the_system_unless_told_otherwise(clone, tmp_path):
    store = str(tmp_path / "company.pem")
    _, seen = make(clone, SSL_CERT_FILE=store)
    assert (seen["UV_NATIVE_TLS"], seen["UV_SYSTEM_CERTS"]) == ("true", "$(UV_NATIVE_TLS)")
    _, seen = make(clone, SSL_CERT_FILE=store, UV_NATIVE_TLS="false")
    assert seen["UV_NATIVE_TLS"] == "false"


@pytest.mark.parametrize("named", ["out", "/somewhere/else"])
def test_reports_go_where_a_read_only_tree_says(monkeypatch, named):
    monkeypatch.setenv(paths.REPORTS_VARIABLE, named)
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(ROOT))
    from officer_assaults.cli import output, project

    held = project.load()
    assert held.reports == ROOT / named
    assert output.findings_path(held) == ROOT / "reports" / "findings.csv"
    assert output.published_path(held) == ROOT / "reports" / "published"
