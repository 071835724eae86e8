"""What a report says it was made from: commit, changes, exhibits; and when a published set lies."""

import json
import os
import shutil
import subprocess

import notebook_tree as tree
import pytest

from officer_assaults.cli import output


@pytest.fixture
def git(project):
    def call(*arguments):
        named = {
            f"GIT_{who}_{what}": "x@y"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *arguments], cwd=project.root, capture_output=True, text=True, check=True,
            env={**os.environ, **named, "GIT_CONFIG_GLOBAL": os.devnull},
        )  # fmt: skip
        return done.stdout.strip()

    call("init", "-q")
    (project.root / ".gitignore").write_text("/reports/\n")
    return call


@pytest.fixture
def commit(git):
    def make(words):
        git("add", "-A")
        git("commit", "-qm", words)
        return git("rev-parse", "HEAD")

    return make


@pytest.fixture
def glanceless(monkeypatch):
    monkeypatch.setattr(output, "glance_pages", lambda *args, **kwargs: None)


def said(project, name="north/01_scoped"):
    return json.loads((project.reports / f"{name}.json").read_text())["provenance"]


def test_a_page_names_the_commit_that_last_changed_its_own_inputs(project, run, commit, git):
    first = commit("all")
    run("reports")
    day = git("show", "-s", "--format=%cs")
    assert said(project) == {"commit": first, "day": day, "changed": 0}
    before = tree.snapshot(project)

    # A commit that touches no input: nothing is stale, and what is made again is the same.
    (project.root / "notes.md").write_text("a note\n")
    commit("notes")
    assert "2 reports are fresh" in run("reports").output
    run("reports", "--again")
    assert tree.snapshot(project) == before

    # One notebook is edited: its page alone tells of a change, and of its commit once there is one.
    tree.plant(project.root, {"01_scoped": tree.good(title="Another title")})
    run("reports")
    assert said(project)["changed"] == 1
    assert said(project, "everywhere/02_national") == {"commit": first, "day": day, "changed": 0}
    second = commit("title")
    assert "2 reports are fresh" in run("reports").output
    run("reports", "--again")
    assert said(project) == {"commit": second, "day": day, "changed": 0}
    assert said(project, "everywhere/02_national")["commit"] == first

    # Data that git does not know yet are a change of every report.
    (project.root / "data" / "new.csv").write_text("count\n2\n")
    run("reports")
    assert said(project, "everywhere/02_national")["changed"] == 1


@pytest.mark.parametrize("path", ["", None])
def test_without_repository_or_git_no_commit_is_made_up(project, run, monkeypatch, path):
    if path is not None:
        monkeypatch.setenv("PATH", path)
    run("reports", "--engine", "stock", "--jobs", "1")
    assert said(project) == {"commit": "", "day": "", "changed": 0}


def test_publish_names_the_commit_and_the_check_finds_every_way_to_differ(
    project, run, commit, glanceless
):
    tree.plant(project.root, {"01_scoped": tree.good(title="Edited")})
    run("reports")
    commit("all")
    head = commit_of(project)
    run("publish")
    published = output.published_path(project)
    content = json.loads((published / "north" / "01_scoped.json").read_text())
    assert content["provenance"]["commit"] == head
    assert content["provenance"]["changed"] == 0
    assert "was made by what is here" in run("check-published").output

    module = project.source / "module.py"
    module.write_text("value = 2\n")
    refused = run("check-published", code=2).stderr
    assert "P402: published north/01_scoped was made from another source." in refused
    module.write_text("value = 1\n")
    run("check-published")

    page = published / "north" / "01_scoped.html"
    kept = page.read_text()
    page.write_text("a page by other hands")
    assert "of two runs" in run("check-published", code=2).stderr
    page.unlink()
    assert "north/01_scoped is missing" in run("check-published", code=2).stderr
    page.write_text(kept)
    shutil.copytree(published / "north", published / "south")
    assert "south/01_scoped is of no notebook" in run("check-published", code=2).stderr


def commit_of(project):
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, check=True
    ).stdout.strip()
