"""This batch against the two ways stock tools offer, on the same notebooks, cores and libraries.

Run it on a machine that does nothing else::

    python benchmarks/batch.py                 # 10 and 40 sample reports, then every real report
    python benchmarks/batch.py --sizes 10      # quick, or one table at a time
    python benchmarks/batch.py --sizes 10 --pooled 4 --looped 2      # a glance
    python benchmarks/batch.py --whole         # stock tools make every report, too (an hour)

(a) is a shell loop over ``papermill`` and ``jupyter nbconvert``, once as people write it and once
with as many loops side by side as there are cores;
(b) is ``papermill.execute_notebook`` in a process pool with nbconvert in the same process.
Neither gets faster with more reports, so by default they make a few, and the table says how many.
Overhead is what the cores spent on a report beyond the bare time inside its cells; that bare time
is measured with nothing else running. All contestants find their modules compiled. Processor time
counts every process of a contestant, and says more than the clock where other work runs beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import forkserver
from pathlib import Path

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from officer_assaults.cli import project as ours
from officer_assaults.pipeline.batch import run_batch
from officer_assaults.pipeline.plan import Plan, Run, make_plan
from officer_assaults.pipeline.project import Project
from officer_assaults.pipeline.workers import choose, cores

SCRATCH_VARIABLE = "BENCHMARK_SCRATCH"
SCRATCH = Path(os.environ.get(SCRATCH_VARIABLE, ""))
LOOPED, POOLED = 6, 12  # What stock tools make of each table unless asked otherwise.
BARE_RUNS = 4


@dataclass(frozen=True, slots=True)
class Timing:
    """One row of the table."""

    name: str
    made: int
    seconds: float
    failed: int = 0
    busy: float = 0.0
    megabytes: float = 0.0
    processor: float = 0.0

    @property
    def each(self) -> float:
        """Wall time of one report."""
        return self.seconds / self.made


SAMPLE_CELLS = (
    "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt\n"
    "import statsmodels.formula.api as smf\nimport statsmodels.api as sm\n"
    "from officer_assaults.findings import Finding\n"
    "from officer_assaults.page import report, theme",
    "rng = np.random.default_rng(seed)\nunits = pd.DataFrame({'x': rng.normal(size=3000)})\n"
    "units['y'] = rng.poisson(np.exp(1 + 0.3 * units['x']))",
    "fit = smf.glm('y ~ x', units, family=sm.families.Poisson()).fit()\n"
    "draws = rng.poisson(4.0, size=(400, 3000)).mean(axis=1)\n"
    "low, high = np.quantile(draws, [0.025, 0.975])",
    "report.headline('The mean of the draws is near four.', interval='the interval is 3.9 to 4.1', "
    "caveat='These are simulated counts.', number='4.0')",
    *(
        f"drawn = pd.DataFrame({{'rank': range(40), 'mean': np.sort(draws)[::10] * {k}}})\n"
        "fig, ax = theme.figure()\nax.plot(drawn['rank'], drawn['mean'])\n"
        f"report.show_figure(fig, headline='Draws rise in order, part {k}', data=drawn, "
        "subtitle='Simulated, sorted means', "
        "alt='The sorted means of simulated counts rise slowly around the value of four')"
        for k in (1, 2, 3)
    ),
    *(
        f"report.show_table(units.groupby(units['x'].round()).size().rename('units').reset_index()"
        f".iloc[:{k}], caption='Units by rounded value, table {k}', units='units')"
        for k in (3, 4)
    ),
    "report.record(Finding('mean', 'Mean of the draws', 'The mean is four', 'consistent', "
    "value=float(draws.mean()), lower=float(low), upper=float(high), unit='counts', "
    "denominator='draws', vintage='simulated', simulated=True))",
)  # fmt: skip


def sample_project(folder: Path, size: int) -> tuple[Project, Plan]:
    """A tree with one sample notebook in as many copies as reports are wanted."""
    project = ours.load()
    notebooks = folder / "notebooks"
    notebooks.mkdir(parents=True)
    for number in range(size):
        cells = [
            new_markdown_cell("# Simulated counts"),
            new_code_cell(
                f"seed: int = {number}  # Seed of the simulation", metadata={"tags": ["parameters"]}
            ),
            *(new_code_cell(source) for source in SAMPLE_CELLS),
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, notebooks / f"{number:03}_sample.ipynb")
    project = replace(project, notebooks=notebooks, reports=folder / "reports")
    return project, make_plan(project)


def real_project(folder: Path) -> tuple[Project, Plan]:
    """Every notebook for every force."""
    project = replace(ours.load(), reports=folder / "reports")
    return project, make_plan(project, scopes=["all"])


@contextmanager
def watched():
    """See how busy the cores are, and what memory and processor time this whole family takes."""
    seen = {"busy": 0.0, "megabytes": 0.0, "processor": -_family_processor_seconds()}
    over = threading.Event()
    psutil.cpu_percent()

    def look() -> None:
        while not over.wait(1.0):
            seen["megabytes"] = max(seen["megabytes"], _family_megabytes())
        seen["processor"] -= time.thread_time()  # What looking itself took.

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        seen["busy"] = psutil.cpu_percent()
        over.set()
        thread.join()
        seen["processor"] += _family_processor_seconds()


def _family_processor_seconds() -> float:
    """Processor time of this process and all its children, those that have ended included."""
    total = 0.0
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])
    return total


def _family_megabytes() -> float:
    """Proportional set size of this process and all its children: shared pages count once."""
    total = 0
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total / 1e6


def this_batch(project: Project, plan: Plan, processes: int) -> tuple[Timing, float]:
    """Make a plan with this project's batch; also the mean time inside cells."""
    shutil.rmtree(project.reports, ignore_errors=True)
    workers = choose(project, plan, processes=processes)
    forkserver._forkserver._stop()  # The imports of the batch before must be paid again.
    begun = time.perf_counter()
    with watched() as seen:
        batch = run_batch(project, plan, workers)
    seconds = time.perf_counter() - begun
    inside = sum(result.cell_seconds for result in batch.results) / len(batch.results)
    name = f"this batch, {processes} processes"
    row = Timing(name, len(batch.results), seconds, len(batch.failures), **seen)
    return row, inside


def bare_seconds(project: Project, plan: Plan, runs: int = BARE_RUNS) -> float:
    """Mean time inside cells when nothing else runs, over runs spread through the plan."""
    step = max(1, len(plan.runs) // runs)
    chosen = plan.runs[::step]
    few = replace(plan, runs=chosen, reasons={run.key: "timed" for run in chosen})
    return this_batch(project, few, 1)[1]


def _inject(run: Run) -> dict[str, object]:
    defaults = run.notebook.schema.defaults
    return {name: value for name, value in run.parameters.items() if value != defaults[name]}


def _timed_pool(
    name: str, make: Callable[..., bool], runs: Sequence[Run], processes: int
) -> Timing:
    out = Path(tempfile.mkdtemp(dir=SCRATCH))
    asked = [(str(run.notebook.path), _inject(run), str(out / run.key.replace("/", "-")))
             for run in runs]  # fmt: skip
    os.environ.update(ours.load().variables())
    begun = time.perf_counter()
    with watched() as seen, ProcessPoolExecutor(processes) as pool:
        good = list(pool.map(make, *zip(*asked, strict=True)))
    row = Timing(name, len(runs), time.perf_counter() - begun, good.count(False), **seen)
    shutil.rmtree(out)
    return row


def loop_one(path: str, parameters: dict[str, object], out: str) -> bool:
    """One turn of the shell loop of (a)."""
    options = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
    scripts = Path(sys.executable).parent
    for command in (
        [scripts / "papermill", "--no-progress-bar", path, f"{out}.ipynb", *options],
        [scripts / "jupyter", "nbconvert", "--to", "html", f"{out}.ipynb"],
    ):
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            return False
    return True


def pool_one(path: str, parameters: dict[str, object], out: str) -> bool:
    """One task of (b)."""
    import papermill
    from nbconvert.exporters import HTMLExporter

    try:
        papermill.execute_notebook(path, f"{out}.ipynb", parameters, progress_bar=False)
        page, _ = HTMLExporter().from_filename(f"{out}.ipynb")
    except Exception:
        return False
    return bool(Path(f"{out}.html").write_text(page))


def compare(title: str, project: Project, plan: Plan, pooled: int, looped: int) -> None:
    """Print one table; the stock tools make as many reports as asked, spread through the plan."""
    bare = bare_seconds(project, plan)
    few = plan.runs[:: max(1, len(plan.runs) // looped)]
    rows = [
        this_batch(project, plan, cores())[0],
        _timed_pool(
            "(b) process pool", pool_one, plan.runs[:: max(1, len(plan.runs) // pooled)], cores()
        ),
        _timed_pool("(a) one loop", loop_one, few, 1),
        _timed_pool("(a) a loop per core", loop_one, few, cores()),
    ]
    print(f"\n## {title}: {len(plan.runs)} reports, {bare:.2f} s inside cells, {cores()} cores\n")
    print(
        "| way | made | failed | s a report | times ours | overhead s | processor s a report "
        "| cores busy | peak MB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for row in rows:
        used = 1 if row.name == "(a) one loop" else cores()
        overhead = row.each * used - bare
        print(
            f"| {row.name} | {row.made} | {row.failed} | {row.each:.2f} "
            f"| {row.each / rows[0].each:.1f} | {overhead:.2f} | {row.processor / row.made:.2f} "
            f"| {row.busy:.0f} % | {row.megabytes:.0f} |"
        )
    sys.stdout.flush()


def _again_with_equal_chances() -> int:
    """Start this script again where every contestant finds its modules compiled and one thread."""
    scratch = tempfile.mkdtemp(prefix="bench-")
    environment = {
        **os.environ,
        SCRATCH_VARIABLE: scratch,
        "PYTHONPYCACHEPREFIX": f"{scratch}/compiled",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, __file__, *sys.argv[1:]]
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> None:
    """Read the command line and print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="*", default=["10", "40", "all"])
    parser.add_argument("--pooled", type=int, default=POOLED, help="reports that (b) makes")
    parser.add_argument("--looped", type=int, default=LOOPED, help="reports that (a) makes")
    parser.add_argument("--whole", action="store_true", help="stock tools make every report")
    asked = parser.parse_args()
    few = (sys.maxsize, sys.maxsize) if asked.whole else (asked.pooled, asked.looped)
    if SCRATCH_VARIABLE not in os.environ:
        sys.exit(_again_with_equal_chances())
    try:
        warm, plan = sample_project(SCRATCH / "warm", 2)
        this_batch(warm, plan, cores())
        first = plan.runs[0]
        loop_one(str(first.notebook.path), _inject(first), str(SCRATCH / "first"))
        for size in asked.sizes:
            folder = SCRATCH / size
            if size == "all":
                compare("Every report", *real_project(folder), *few)
            else:
                compare("Sample notebook", *sample_project(folder, int(size)), *few)
    finally:
        shutil.rmtree(SCRATCH, ignore_errors=True)


if __name__ == "__main__":
    main()
