"""Where the time of a report goes: cells, imports, pages, and a batch of every force.

Run it on a machine that does nothing else, after ``make environment``::

    python benchmarks/cells.py                      # what is shared between forces already kept
    python benchmarks/cells.py --fresh              # nothing kept
    python benchmarks/cells.py --only 04_recording --cells 30

Cells run in processes forked after the imports, as in a batch, and are told by processor time,
which other work on the machine hardly changes. What every force costs is measured on a few forces
spread through the alphabet and multiplied up.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from officer_assaults.cli import project as ours
from officer_assaults.data import cache
from officer_assaults.pipeline.door import CHECKED_VARIABLE
from officer_assaults.pipeline.forkserver import PINNED, preload
from officer_assaults.pipeline.plan import Plan, Run, make_plan
from officer_assaults.pipeline.project import Project
from officer_assaults.pipeline.run import make_job, perform
from officer_assaults.pipeline.workers import cores, preload_of

SAMPLE = 4
SHOWN_CELLS = 12
HELP = "import sys; from officer_assaults.cli import main; sys.argv = ['x', '--help']; main()"
KERNEL = "from cells import load_all, ours, whole_plan; load_all(*whole_plan())"


@dataclass(frozen=True, slots=True)
class Cell:
    """Processor seconds of one cell."""

    notebook: str
    number: int
    first_line: str
    seconds: float


def run_cells(run: Run) -> list[tuple[str, int, str, float]]:
    """Processor seconds of the code cells of one report, in a shell of its own."""
    from IPython.core.interactiveshell import InteractiveShell

    os.environ[CHECKED_VARIABLE] = str(Path.cwd())  # As in a batch, no figure is drawn as a PDF.
    shell = InteractiveShell()
    defaults = run.notebook.schema.defaults
    inject = {name: value for name, value in run.parameters.items() if value != defaults[name]}
    found = []
    for number, cell in enumerate(run.notebook.content["cells"], 1):
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"])
        begun = time.process_time()
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            result = shell.run_cell(source)
            if "parameters" in cell["metadata"].get("tags", []):
                shell.user_ns.update(inject)
        result.raise_error()
        lines = [line for line in source.splitlines() if not line.startswith(("from", "import"))]
        first = next((line for line in lines if line.strip()), "imports")
        found.append((run.notebook.name, number, first[:60], time.process_time() - begun))
    return found


def _told(answer: Any, work: Any, argument: Any) -> None:
    answer.send(work(argument))


def forked(work: Any, argument: Any) -> Any:
    """Answer of a function in a process of its own, which finds this one's imports."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=(there, work, argument))
    process.start()
    there.close()
    answer = here.recv()
    process.join()
    return answer


def load_all(project: Project, plan: Plan) -> None:
    """Do what a kernel finds done."""
    os.environ.update(project.variables())
    preload([*preload_of(project, plan), *project.later])


def page_seconds(pair: tuple[Project, Run]) -> float:
    """Processor seconds around the cells of one report: messages, checks and the page."""
    project, run = pair
    begun = time.process_time()
    result = perform(make_job(project, run, engine="officer-assaults-stock"))
    if result.html is None:
        raise RuntimeError(f"{run.key}: {result.error}")
    return time.process_time() - begun


def whole_plan() -> tuple[Project, Plan]:
    """Every report of every force, as if none were made."""
    project = ours.load()
    return project, make_plan(replace(project, reports=project.reports / "never"), scopes=["all"])


def processor_seconds(code: str) -> float:
    """Processor seconds of a Python of its own."""
    before = os.times()
    folder = str(Path(__file__).parent)
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": folder},
    )
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def table(title: str, head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Print one table."""
    print(f"\n## {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        shown = (f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row)
        print(f"| {' | '.join(shown)} |")
    sys.stdout.flush()


def _spread(plan: Plan, sample: int) -> list[Run]:
    """Reports of a few forces spread through the alphabet."""
    scopes = sorted({run.scope for run in plan.runs})
    chosen = {scopes[int((k + 0.5) * len(scopes) / sample)] for k in range(sample)}
    return [run for run in plan.runs if run.scope in chosen]


def main() -> None:
    """Read the command line and print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", help="notebooks")
    parser.add_argument("--cells", type=int, default=SHOWN_CELLS, help="slowest cells shown")
    parser.add_argument("--forces", type=int, default=SAMPLE, help="forces that are tried")
    parser.add_argument("--fresh", action="store_true", help="keep nothing from before")
    parser.add_argument("--json", help="also write the cells to this file")
    asked = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in PINNED):  # Read once, when numpy is imported.
        alone = {**os.environ, **dict.fromkeys(PINNED, "1")}
        sys.exit(subprocess.run([sys.executable, *sys.argv], env=alone, check=False).returncode)
    scratch = tempfile.TemporaryDirectory(prefix="bench-")
    if asked.fresh:
        os.environ[cache.CACHE_VARIABLE] = scratch.name
    project, plan = whole_plan()
    print(f"{cores()} cores; processor seconds unless another unit is named")
    bare = processor_seconds("pass")
    rows = [("the command's help", processor_seconds(HELP) - bare),
            ("what kernels find done", processor_seconds(KERNEL) - bare)]  # fmt: skip
    table("Imports", ("what", "seconds"), rows)
    load_all(project, plan)
    wanted = set(asked.only or (run.notebook.name for run in plan.runs))
    first: dict[str, Run] = {}
    for run in sorted(plan.runs, key=lambda run: run.scope != project.focus):
        if run.notebook.name in wanted:
            first.setdefault(run.notebook.name, run)
    cells = {
        name: [Cell(*cell) for cell in forked(run_cells, run)]
        for name, run in sorted(first.items())
    }
    totals = {name: sum(cell.seconds for cell in found) for name, found in cells.items()}
    table(
        "Notebooks, first time", ("notebook", "report of", "cells", "slowest cell", "seconds"),
        [
            (name, first[name].scope, len(found), max(c.seconds for c in found), totals[name])
            for name, found in cells.items()
        ],
    )  # fmt: skip
    every = sorted((cell for found in cells.values() for cell in found), key=lambda c: -c.seconds)
    table(
        "Slowest cells", ("notebook", "cell", "begins", "seconds"),
        [(c.notebook, c.number, f"`{c.first_line}`", c.seconds) for c in every[: asked.cells]],
    )  # fmt: skip
    if asked.json:
        with Path(asked.json).open("w") as stream:
            json.dump([(c.notebook, c.number, c.first_line, c.seconds) for c in every], stream)
    _every_force(project, plan, wanted, asked.forces)


def _every_force(project: Project, plan: Plan, wanted: set[str], sample: int) -> None:
    """Cells and pages of a few forces, multiplied up to all of them."""
    chosen = [run for run in _spread(plan, sample) if run.notebook.name in wanted]
    inside: dict[str, list[float]] = {}
    for run in chosen:
        seconds = sum(cell[-1] for cell in forked(run_cells, run))
        inside.setdefault(run.notebook.name, []).append(seconds)
    made = {name: sum(r.notebook.name == name for r in plan.runs) for name in inside}
    means = {name: sum(found) / len(found) for name, found in inside.items()}
    pages = {
        name: forked(page_seconds, (project, next(r for r in chosen if r.notebook.name == name)))
        for name in inside
    }
    rows = [
        (name, made[name], means[name], pages[name], made[name] * (means[name] + pages[name]))
        for name in sorted(inside)
    ]
    each = sum(row[-1] for row in rows) / max(1, sum(made.values()))
    table(
        f"Every force, from {sample} forces",
        ("notebook", "reports", "cells", "around them", "all reports"),
        [*rows, ("together", sum(made.values()), "", "", each * sum(made.values()))],
    )  # fmt: skip
    print(f"\n{each:.2f} s of one core a page, beside starting a kernel")


if __name__ == "__main__":
    main()
