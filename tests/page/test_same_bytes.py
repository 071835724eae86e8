"""A real report is the same bytes wherever and whenever it is made."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from officer_assaults import paths

PLACES = (
    ("here", {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}),
    ("some/where else", {"PYTHONHASHSEED": "4242", "TZ": "Pacific/Auckland", "LC_ALL": "C"}),
)


def _made_in(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    root = paths.project_root()
    for name in ("data", "notebooks"):
        shutil.copytree(root / name, folder / name)
    shutil.copy(root / "requirements.lock", folder)
    env = {**os.environ, **environment, paths.ROOT_VARIABLE: str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", "from officer_assaults.cli import main; main()"]
    done = subprocess.run(
        [*command, "report", "01_rise", "--force", "kent", "--jobs", "1"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    files = [path for path in (folder / "reports").rglob("*") if path.suffix in (".html", ".json")]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if ".state" not in path.parts
    }


@pytest.mark.slow
def test_one_checksum_under_two_seeds_zones_locales_and_folders(tmp_path: Path) -> None:
    """Hash seed, time zone, locale and folder change no byte of a report or the front page."""
    (first, here), (second, there) = PLACES
    one, other = _made_in(tmp_path / first, here), _made_in(tmp_path / second, there)
    assert one == other
    assert {"reports/kent/01_rise.html", "reports/kent/01_rise.json", "reports/index.html"} <= set(
        one
    )
