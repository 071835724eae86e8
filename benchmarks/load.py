"""Large exports through both crewing reports: time and memory by rows, beats and format.

Each line is one command, ``officer-assaults crewing report FILE``, on an export drawn anew from the
simulated force. Time is by the clock and by the processors, of all processes that the command
starts; memory is the largest sum of all of them at one time (proportional set size, so that pages
that they share count once). The last columns compare with the line before of the same kind: where
time is linear, it grows no faster than the file. Where other work runs, compare processor times.
``--full`` draws a million unit-shifts as CSV, five million as Parquet, and 10,000 beats.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

#: Kind, unit-shifts or beats, ending of the file.
SMALL = (
    ("shifts", 100_000, ".csv"),
    ("shifts", 200_000, ".csv"),
    ("cells", 500, ".csv"),
    ("cells", 1_000, ".csv"),
)
FULL = (
    ("shifts", 500_000, ".csv"),
    ("shifts", 1_000_000, ".csv"),
    ("shifts", 2_500_000, ".parquet"),
    ("shifts", 5_000_000, ".parquet"),
    ("cells", 5_000, ".csv"),
    ("cells", 10_000, ".csv"),
)
SEED = 2
SHIFTS_PER_PERIOD = 80_000
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Line:
    kind: str
    size: int
    rows: int
    megabytes: float
    wall: float
    processor: float
    peak: float
    failed: bool


def draw(folder, kind, size, ending):
    """Write an export of made-up records and its sidecar, under a real force's name."""
    from officer_assaults.topics.crewing.data.schemas import column_needs, schema_of
    from officer_assaults.topics.crewing.data.template import write_template
    from officer_assaults.topics.crewing.simulator.force import simulate_force
    from officer_assaults.topics.crewing.simulator.params import ForceParams

    params = ForceParams()
    if kind == "cells":
        places = replace(params.deployment, beats=size, lpas=min(12, size))
        frame = simulate_force(replace(params, deployment=places), SEED).frames["crew_cells"]
    else:
        # So many months that the officers of the force could have worked the hours.
        months = max(params.periods, size // SHIFTS_PER_PERIOD)
        frame = simulate_force(replace(params, periods=months), SEED, shifts=size)
        frame = frame.frames["crew_shifts"]
    columns = schema_of(kind).columns
    known = column_needs(kind, optional=True)
    needed = [name for name, column in columns.items() if column.required]
    kept = [name for name in frame if name in known]
    frame = frame[kept].assign(**{name: "" for name in needed if name not in kept})
    empty, sidecar = write_template(folder, kind)
    told = sidecar.read_text().replace("source: ASK", "source: simulated by benchmarks/load.py")
    told = told.replace("retrieved: ASK", "retrieved: 2040-01-01").replace(": ASK", ": actual")
    # More officers than any force has: the hours of millions of shifts within a year.
    told = told.replace("headcount: null", "headcount: 100000")
    empty.unlink()
    sidecar.unlink()
    path = empty.with_suffix(ending)
    frame = frame.assign(force="thames-valley", is_simulated="yes" if ending == ".csv" else True)
    frame.to_csv(path, index=False) if ending == ".csv" else frame.to_parquet(path)
    path.with_name(path.name + ".meta.yml").write_text(told)
    return path, len(frame)


def measure(command, reports):
    """Run a command: seconds by the clock and by processors, peak megabytes, whether it failed."""
    import psutil

    before, start, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0.0
    variables = os.environ | {"OFFICER_ASSAULTS_REPORTS": str(reports)}
    with subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) as running:
        while running.poll() is None:
            with contextlib.suppress(psutil.Error):
                first = psutil.Process(running.pid)
                family = [first, *first.children(recursive=True)]
                peak = max(peak, sum(one.memory_full_info().pss for one in family) / 1e6)
            time.sleep(LOOK_SECONDS)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, processor, peak, running.returncode != 0


def run(kind, size, ending, folder):
    """Draw one export and make both reports of it; the drawing is a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        drawn = subprocess.run(
            [sys.executable, __file__, "--draw", kind, str(size), ending, place],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        path, rows = drawn.stdout.split("\t")
        command = [str(Path(sys.executable).with_name("officer-assaults")), "crewing", "report"]
        found = measure([*command, path], Path(place) / "reports")
        return Line(kind, size, int(rows), Path(path).stat().st_size / 1e6, *found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="the sizes that are promised")
    parser.add_argument("--only", default="", help="of these, kind and ending: shifts.csv")
    parser.add_argument("--folder", type=Path, help="for files of up to a gigabyte")
    parser.add_argument("--draw", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.draw:
        kind, size, ending, folder = asked.draw
        path, rows = draw(Path(folder), kind, int(size), ending)
        print(path, rows, sep="\t", end="")
        return
    print("kind    beats or shifts       rows   MB file  wall s  cpu s  peak MB  rows x  cpu x")
    last: dict[str, Line] = {}
    for kind, size, ending in FULL if asked.full else SMALL:
        if asked.only not in ("", kind + ending):
            continue
        line = run(kind, size, ending, asked.folder)
        before = last.get(kind + ending)
        grown = ""
        if before:
            grown = f"{line.rows / before.rows:8.2f}{line.processor / before.processor:7.2f}"
        print(
            f"{kind:8}{size:>15,}{line.rows:>11,}{line.megabytes:>10.0f}{line.wall:>8.1f}"
            f"{line.processor:>7.1f}{line.peak:>9.0f}{grown:>15}"
            f"{'  FAILED' if line.failed else ''}",
            flush=True,
        )
        last[kind + ending] = line


if __name__ == "__main__":
    main()
