"""Installations killed at random moments: the next make ends with the files of an undisturbed one.

Copies what an installation needs into a folder of its own, installs there once undisturbed, then
kills one after another: the whole group, or make alone, so that the installer lives on. Packages
come from uv's cache, so run ``make environment`` first::

    python benchmarks/killed_installations.py --kills 50
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("Makefile", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "src", "tools")
#: Written anew by every run, or stamped with a time.
PASSING = ("__pycache__", ".lock", "uv_cache.json", ".core-installed", ".full-installed")
BUSY = "Another make is installing"
#: One kill in so many takes make alone.
ALONE = 5


def copied(folder: Path) -> Path:
    """Copy the tree without its environment."""
    tree = folder / "tree"
    tree.mkdir(parents=True)
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, tree / name)
    return tree


def start(tree: Path, targets: list[str]) -> subprocess.Popen[str]:
    """Begin an installation in a session of its own."""
    # Modules compiled once serve all: what is on trial is what lies in the environment.
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(tree.parent / "compiled")}
    environment = {key: value for key, value in environment.items() if key != "MAKEFLAGS"}
    return subprocess.Popen(
        ["make", *targets], cwd=tree, env=environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finished(tree: Path, targets: list[str]) -> str:
    """Install to the end, waiting for an installer that outlived its make; what went wrong."""
    while True:
        process = start(tree, targets)
        said, _ = process.communicate()
        if process.returncode == 0:
            break
        if BUSY not in said:
            return said[-500:]
        time.sleep(1)
    program = tree / ".venv" / "bin" / "officer-assaults"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def listing(tree: Path, known: dict[tuple[int, int, int], str]) -> dict[str, str]:
    """Every file of the environment with its hash; links to one file of the cache are read once."""
    environment = tree / ".venv"
    found = {}
    for path in environment.rglob("*"):
        name = path.relative_to(environment)
        if set(name.parts) & set(PASSING):
            continue
        if path.is_symlink():
            found[str(name)] = f"-> {path.readlink()}"
        elif path.is_file():
            about = path.stat()
            same = (about.st_ino, about.st_size, about.st_mtime_ns)
            if same not in known:
                known[same] = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(name)] = known[same]
    return found


def different(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names that only one has, or that differ."""
    return sorted(name for name in one.keys() | other if one.get(name) != other.get(name))


def kill(tree: Path, targets: list[str], seconds: float, *, alone: bool) -> bool:
    """Kill an installation after so many seconds; whether it was still running."""
    process = start(tree, targets)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def main() -> int:
    """Print one line a kill, and how many left an environment that was not made good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("targets", nargs="*", default=[".venv/.core-installed"])
    given = parser.parse_args()
    targets = [*given.targets, ".venv/.project-registered"]
    rng = random.Random(given.seed)
    killed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        for _ in range(2):  # The first compiles modules, and so takes longer.
            shutil.rmtree(tree / ".venv", ignore_errors=True)
            began = time.monotonic()
            wrong = finished(tree, targets)
            took = time.monotonic() - began
        known: dict[tuple[int, int, int], str] = {}
        whole = listing(tree, known)
        print(f"undisturbed: {took:.0f} s, {len(whole)} files {wrong}", flush=True)
        while killed < given.kills and not wrong:
            shutil.rmtree(tree / ".venv", ignore_errors=True)
            moment, alone = rng.uniform(0, took), killed % ALONE == ALONE - 1
            if not kill(tree, targets, moment, alone=alone):
                continue
            killed += 1
            left = sum(path.is_file() for path in (tree / ".venv").rglob("*"))
            wrong_now = finished(tree, targets)
            apart = different(whole, listing(tree, known))
            failed += bool(wrong_now or apart)
            what = "make alone" if alone else "all"
            print(f"{killed:3} {what:10} at {moment:5.1f} s with {left:6} files: "
                  f"{wrong_now or apart[:5] or 'made good'}", flush=True)  # fmt: skip
    print(f"{killed} kills, {failed} left an environment that was not made good")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
