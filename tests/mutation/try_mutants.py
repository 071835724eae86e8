"""Make each mutation in a copy of the tree and see whether its tests go red: ``make mutants``."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(Path(__file__).parent))

import pytest  # noqa: E402
from mutants import MUTANTS, Mutant  # noqa: E402

PAGE = ROOT / "docs" / "mutations.md"
#: Outcomes of earlier runs, kept while models and tests stay as they are.
KEPT = ROOT / ".pytest_cache" / "mutants.json"
SECONDS = 300
RED, GREEN, BROKEN_RUN = 1, 0, 70
KILLED, SURVIVED, BROKEN = "killed", "survived", "broken"
TAIL = 1500
HEAVY = (
    "hypothesis",
    "numpy",
    "pandas",
    "pandera.pandas",
    "patsy",
    "scipy.optimize",
    "scipy.stats",
    "statsmodels.api",
    "statsmodels.formula.api",
    "statsmodels.stats.multitest",
    "statsmodels.tsa.api",
)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+?::.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutation, the seconds that took, and the first test that went red."""

    mutant: Mutant
    state: str
    seconds: float
    said: str = ""
    red: str = ""


def misplaced(mutants: Iterable[Mutant] = MUTANTS, root: Path = ROOT) -> list[str]:
    """Mutations whose text does not stand in its file exactly once, or that change nothing."""
    found = []
    for mutant in mutants:
        count = (root / mutant.path).read_text(encoding="utf-8").count(mutant.old)
        if count != 1:
            found.append(f"{mutant.name}: found {count} times in {mutant.path}")
        elif mutant.old == mutant.new:
            found.append(f"{mutant.name}: changes nothing")
    return found


def missing_tests(mutants: Iterable[Mutant] = MUTANTS, root: Path = ROOT) -> list[str]:
    """Tests that mutations name and that do not exist."""
    found = []
    for name in sorted({name for mutant in mutants for name in mutant.tests.split()}):
        path, _, test = name.partition("::")
        file = root / path
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if not text or (test and f"def {test}(" not in text):
            found.append(name)
    return found


def copy_tree(folder: Path) -> Path:
    """Copy of everything that tests of models read; data are linked, the package is copied."""
    folder.mkdir()
    for name in ("src", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in (
        "benchmarks",
        "data",
        "docs",
        "notebooks",
        "tools",
        "pyproject.toml",
        "requirements.lock",
    ):
        (folder / name).symlink_to(ROOT / name)
    return folder


def start_tests(tree: Path, tests: Sequence[str], log: Path) -> int:
    """Run pytest on a tree in a child that has the heavy libraries already; returns its number.

    The package itself must not be imported yet: the child imports the copy.
    """
    child = os.fork()
    if child:
        return child
    code = BROKEN_RUN
    try:
        signal.alarm(SECONDS)
        with log.open("w", encoding="utf-8") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
        os.chdir(tree)
        os.environ["OFFICER_ASSAULTS_ROOT"] = str(tree)
        os.environ.pop("OFFICER_ASSAULTS_RUNS", None)
        sys.path.insert(0, str(tree / "src"))
        package = importlib.import_module("officer_assaults")
        if not str(package.__file__).startswith(str(tree)):
            raise SystemExit(f"tests would import {package.__file__}, not the copy")
        code = int(pytest.main(["-x", "-n0", "-p", "no:cacheprovider", "--tb=line", "-rf", *tests]))
    finally:
        os._exit(code)


def warm_up() -> None:
    """Import what every test imports, once; the package under test is left alone."""
    for name in HEAVY:
        importlib.import_module(name)
    loaded = [name for name in sys.modules if name.split(".")[0] == "officer_assaults"]
    if loaded:
        raise SystemExit(f"{loaded[0]} was imported before its copy")


@dataclass(slots=True)
class Running:
    """A mutation whose tests run, in which copy, since when."""

    mutant: Mutant
    tree: Path
    log: Path
    started: float


def start(mutant: Mutant, tree: Path) -> tuple[int, Running]:
    """Apply a mutation to a tree and start its tests."""
    path, log = tree / mutant.path, tree / "log.txt"
    _write(path, path.read_text(encoding="utf-8").replace(mutant.old, mutant.new))
    running = Running(mutant, tree, log, time.perf_counter())
    return start_tests(tree, mutant.tests.split(), log), running


def finish(running: Running, status: int) -> Outcome:
    """Put the file back, and judge by how the tests ended."""
    mutant = running.mutant
    _write(running.tree / mutant.path, (ROOT / mutant.path).read_text(encoding="utf-8"))
    said = running.log.read_text(encoding="utf-8")
    seconds = time.perf_counter() - running.started
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return Outcome(mutant, KILLED, seconds, f"no end within {SECONDS} seconds")
    code = os.waitstatus_to_exitcode(status)
    red = _FAILED.findall(said)
    state = KILLED if code == RED and red else SURVIVED if code == GREEN else BROKEN
    return Outcome(mutant, state, seconds, said[-TAIL:], red[0] if red else "")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    # Files of one size and one second would be taken for unchanged.
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def run_all(mutants: Sequence[Mutant], jobs: int) -> list[Outcome]:
    """Try mutations side by side, each in a copy of the tree; then the tests that went red.

    Those must pass on the tree as it is, or red would mean nothing.
    """
    warm_up()
    outcomes, waiting, running = [], list(mutants), {}
    # Of the tree as it is copied, whatever is edited meanwhile.
    keys = {mutant.name: fingerprint(mutant) for mutant in mutants}
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        free = [copy_tree(Path(name) / str(number)) for number in range(jobs)]
        while waiting or running:
            while waiting and free:
                number, one = start(waiting.pop(0), free.pop())
                running[number] = one
            number, status = os.wait()
            one = running.pop(number)
            free.append(one.tree)
            outcome = finish(one, status)
            outcomes.append(outcome)
            keep(outcome, keys[outcome.mutant.name])
            print(f"{outcome.state:9} {outcome.seconds:5.1f} s  {outcome.mutant.name}", flush=True)
        red = sorted({outcome.red for outcome in outcomes if outcome.red})
        if red:
            log = free[0] / "log.txt"
            _, status = os.waitpid(start_tests(free[0], red, log), 0)
            if os.waitstatus_to_exitcode(status) != GREEN:
                KEPT.unlink(missing_ok=True)
                print(log.read_text(encoding="utf-8")[-TAIL:], file=sys.stderr)
                raise SystemExit("tests that went red are red without any mutation")
            print(f"The {len(red)} tests that went red pass without a mutation.", flush=True)
    return outcomes


def fingerprint(mutant: Mutant) -> str:
    """Hash of a mutation, of all models and of its tests: its outcome holds while they stay."""
    digest = hashlib.sha256((sys.version + repr(mutant)).encode())
    models = (ROOT / "src" / "officer_assaults" / "models").rglob("*.py")
    tests = {ROOT / name.partition("::")[0] for name in mutant.tests.split()}
    folders = {path.parent for path in tests}
    shared = {
        path for folder in folders for path in folder.glob("*.py") if "test_" not in path.name
    }
    for path in sorted({*models, ROOT / mutant.path, *tests, *shared}):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def kept() -> dict[str, list[Any]]:
    """Seconds and first red test of mutations killed before, by fingerprint."""
    try:
        return dict(json.loads(KEPT.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def keep(outcome: Outcome, key: str) -> None:
    """Remember a mutation that was killed, so that an interrupted run goes on from there."""
    if outcome.state == KILLED:
        KEPT.parent.mkdir(exist_ok=True)
        new = {key: [outcome.seconds, outcome.red]}
        KEPT.write_text(json.dumps(kept() | new), encoding="utf-8")


def page(outcomes: Sequence[Outcome]) -> str:
    """Page of all mutations and what became of them."""
    killed = sum(outcome.state == KILLED for outcome in outcomes)
    rows = "\n".join(
        f"| {o.mutant.name} | `{o.mutant.path.removeprefix('src/officer_assaults/')}` "
        f"| {o.mutant.why} | {f'`{_short(o.red)}`' if o.red else 'none in time'} | {o.state} |"
        for o in outcomes
    )
    return f"""\
# Mutations

Each line is a mistake that could be made in the models, made on purpose in a copy of the tree. The
test named beside it then goes red, and passes without it. Killed: {killed} of {len(outcomes)}.

`make mutants` tries them all again, writes this page, and fails if one survives. The list is
`tests/mutation/mutants.py`; a test of the default suite checks that every mutation still applies.

| mistake | file | what would be wrong | first test to go red | result |
|---|---|---|---|---|
{rows}
"""


def _short(test: str) -> str:
    return test.removeprefix("tests/").replace("::", " ").partition("[")[0]


def _before(mutant: Mutant, known: dict[str, list[Any]]) -> Outcome:
    seconds, red = known[mutant.name]
    return Outcome(mutant, KILLED, seconds, red=red)


def main() -> None:
    """Try all mutations, or those whose name holds a given text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text", nargs="?", default="", help="only mutations with this in the name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--again", action="store_true", help="try those killed before, too")
    options = parser.parse_args()
    wrong = [*misplaced(), *missing_tests()]
    if wrong:
        raise SystemExit("\n".join(["the list has to be mended:", *wrong]))
    chosen = [mutant for mutant in MUTANTS if options.text in mutant.name]
    before = {} if options.again else kept()
    known = {m.name: before[key] for m in chosen if (key := fingerprint(m)) in before}
    left = [mutant for mutant in chosen if mutant.name not in known]
    print(f"{len(left)} mutations to try, {len(chosen) - len(left)} killed before.", flush=True)
    tried = {o.mutant.name: o for o in (run_all(left, options.jobs) if left else [])}
    outcomes = [tried.get(mutant.name) or _before(mutant, known) for mutant in chosen]
    if chosen == list(MUTANTS):
        PAGE.write_text(page(outcomes), encoding="utf-8")
    alive = [outcome for outcome in outcomes if outcome.state != KILLED]
    for outcome in alive:
        print(f"\n{outcome.state}: {outcome.mutant.name}\n{outcome.said}", file=sys.stderr)
    print(f"{len(outcomes) - len(alive)} of {len(outcomes)} mutations killed.")
    sys.exit(1 if alive else 0)


if __name__ == "__main__":
    main()
