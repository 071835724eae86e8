"""A year of one force, 300,000 unit-shifts, from file to rendered report, step by step.

Each line is a process of its own: time of the step, processor time and peak memory of the whole
process, for CSV and for Parquet. ``read`` checks the file and collapses it to crew cells,
``analyse`` fits every model of the report on them, ``report`` is the command that a force types
for report 05, its kernel included. Targets: 60 seconds on two cores, 2 GB. Run with
``--shifts 3e5``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

SEED = 2
STEPS = ("read", "analyse", "report")
LONGEST_SECONDS = 60
MOST_MEMORY_MB = 2000
POLLED_SECONDS = 0.2


def read(path):
    from officer_assaults.topics.crewing.data.reader import load

    start = time.perf_counter()
    return start, f"{len(load(path).cells):,} cells"


def analyse(path):
    from officer_assaults.topics.crewing.data.reader import load
    from officer_assaults.topics.crewing.model.analysis import analyse as analyse_
    from officer_assaults.topics.crewing.model.cells import prepare
    from officer_assaults.topics.crewing.model.policy_language import POLICIES

    cells = load(path).cells
    start = time.perf_counter()
    found = analyse_(prepare(cells), list(POLICIES)).adjusted
    return start, f"ratio {found.ratio:.3f} ({found.lower:.3f} to {found.upper:.3f})"


def measure(name, path):
    start, what = {"read": read, "analyse": analyse}[name](path)
    spent = resource.getrusage(resource.RUSAGE_SELF)
    used = {
        "seconds": time.perf_counter() - start,
        "cpu": spent.ru_utime + spent.ru_stime,
        "peak_mb": spent.ru_maxrss / 1024,
        "what": what,
    }
    print(json.dumps(used))


def step(name, path):
    """Run one step in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, "--path", path],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def report(path):
    """Make report 05 as a force would, with its whole family of processes measured."""
    setting = f"cells_path={path} about_path={path}.meta.yml audience=internal"
    command = [Path(sys.executable).with_name("officer-assaults"), "report", "05_crewing"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    made = subprocess.Popen(
        [*command, "--force", "thames-valley", "--set", setting],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    peak = 0.0
    while made.poll() is None:
        peak = max(peak, held_mb(made.pid))
        time.sleep(POLLED_SECONDS)
    said = made.communicate()[0]
    if made.returncode:
        raise SystemExit(said)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_mb": peak,
        "what": said.strip().splitlines()[-1],
    }


def held_mb(pid):
    """Memory of a process and all below it, shared pages counted once."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            total += process.memory_full_info().pss
    except psutil.Error:
        return 0.0
    return total / 1e6


def write(folder, shifts):
    """Write one simulated force-year of unit-shifts as CSV and as Parquet, with sidecars."""
    from officer_assaults.topics.crewing.data.template import write_template
    from officer_assaults.topics.crewing.simulator.force import simulate_force
    from officer_assaults.topics.crewing.simulator.params import ForceParams

    drawn = simulate_force(ForceParams(), SEED, shifts=shifts).frames["crew_shifts"]
    drawn = drawn.assign(force="thames-valley", is_simulated=True)
    csv, side = write_template(folder, "shifts")
    text = side.read_text().replace("source: ASK", "source: made up for this run")
    text = text.replace("retrieved: ASK", "retrieved: 2026-04-30").replace(": ASK", ": actual")
    parquet = csv.with_suffix(".parquet")
    drawn.assign(is_simulated="yes").to_csv(csv, index=False)
    drawn.to_parquet(parquet)
    for path in (csv, parquet):
        path.with_name(f"{path.name}.meta.yml").write_text(text)
    return csv, parquet


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--shifts", default="3e5")
    parser.add_argument("--steps", default=",".join(STEPS))
    parser.add_argument("--one")
    parser.add_argument("--path")
    options = parser.parse_args()
    if options.one:
        measure(options.one, options.path)
        return
    print(f"load before the run {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        for path in write(Path(folder), int(float(options.shifts))):
            print(f"\n{path.name}, {path.stat().st_size / 1e6:,.0f} MB")
            for name in options.steps.split(","):
                used = report(path) if name == "report" else step(name, str(path))
                print(f"  {name:8s} {used['seconds']:7.1f} s {used['cpu']:7.1f} CPU s "
                      f"{used['peak_mb']:7,.0f} MB  {used['what']}", flush=True)  # fmt: skip
                if used["seconds"] > LONGEST_SECONDS or used["peak_mb"] > MOST_MEMORY_MB:
                    print("  above the target")


if __name__ == "__main__":
    main()
