"""A real report is the same bytes wherever and whenever it is made."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from officer_assaults import paths
from officer_assaults.cli import output, project

ELSEWHERE = {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LC_ALL": "C"}
FORCE = "thames-valley"
#: The one thing that differs by design: the commit, which a folder outside version control has not.
COMMIT = re.compile(
    r"Made from commit <code>\w+</code> of [\w ]+, (?:with nothing|and \d+ changed)[^.<]+\."
    r"|Made outside version control: no commit is known\."
    r'|"provenance": \{[^}]*\}'
)
#: They name the newest commit, or hold checksums of pages that name one.
OF_COMMITS = ("about.html", "datapackage.json", "downloads.html", "ro-crate-metadata.json")


def _made_in(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    root = paths.project_root()
    for name in ("data", "notebooks"):
        shutil.copytree(root / name, folder / name)
    shutil.copy(root / "requirements.lock", folder)
    env = {**os.environ, **environment, paths.ROOT_VARIABLE: str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from officer_assaults.cli import main; main()"]
    done = subprocess.run(
        [*command, "report", "01_rise", "--force", FORCE, "--jobs", "1"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return _sums(folder / "reports")


def _sums(reports: Path) -> dict[str, str]:
    files = [path for path in reports.rglob("*") if path.suffix in (".html", ".json")]
    return {
        path.relative_to(reports).as_posix(): _sum(path)
        for path in sorted(files)
        if ".state" not in path.parts and path.name not in OF_COMMITS
    }


def _sum(path: Path) -> str:
    text = COMMIT.sub("", path.read_bytes().decode())
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def batch(standard_reports: Path, tmp_path: Path) -> dict[str, str]:
    """What the batch of all standard reports made, in this world, with a front page of its own."""
    reports = tmp_path / "batch"
    (reports / FORCE).mkdir(parents=True)
    for path in (standard_reports / FORCE).glob("01_rise*"):
        shutil.copy(path, reports / FORCE)
    output.build(replace(project.load(), reports=reports))
    return _sums(reports)


@pytest.mark.slow
def test_one_checksum_under_two_seeds_zones_locales_and_folders(
    tmp_path: Path, batch: dict[str, str]
) -> None:
    """Hash seed, time zone, locale and folder change no byte of a report or the front page."""
    assert _made_in(tmp_path / "some/where else", ELSEWHERE) == batch
    assert {f"{FORCE}/01_rise.html", f"{FORCE}/01_rise.json", "index.html"} <= set(batch)
