"""A year of one force, from its raw tables to the page: ``map``, ``build`` and ``report`` as typed.

300,000 unit-shifts, 600,000 officer rows, 250,000 incidents and 2,000 assaults, drawn with a known
ratio. Each step is a command of its own; seconds, processor time and peak memory of all its
processes are printed, and their sums against the targets: 90 seconds on two idle cores, 1.5 GB.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

SEED = 5
UNITS = 274
TURNS = ((7, 8), (15, 8), (22, 9))
BEATS = 60
MOST_SECONDS = 90
MOST_MEMORY_MB = 1_500
POLLED_SECONDS = 0.1
ROOT = Path(__file__).parents[1]


def draw(folder, shifts=300_000, rows=600_000, calls=250_000, victims=2_000, ratio=1.4):
    """Write three tables as a force's systems would; a quarter of the crews parts or joins."""
    rng = np.random.default_rng(SEED)
    at = np.arange(shifts)
    unit, turn, day = at % UNITS, at // UNITS % 3, at // (UNITS * 3)
    hour, length = (np.array(part)[turn] for part in zip(*TURNS, strict=True))
    on = np.datetime64("2023-03-01", "m") + day * 1440 + hour * 60
    off = on + length * 60
    size = rng.choice([1, 2, 3], shifts, p=[0.42, 0.5, 0.08])
    booked = _booked(on, off, size, rows, rng)
    which, first, last, number = booked
    beat = unit % BEATS
    officers = pd.DataFrame({
        "Collar No": 10_000 + (unit[which] * 3 + turn[which]) * 5 + number,
        "Call Sign": [f"U{n:03d}" for n in unit[which]],
        "Booked On": _clock(first), "Booked Off": _clock(last),
        "Beat": [f"B{n:02d}" for n in beat[which]], "Area": [f"Area {n % 8}" for n in beat[which]],
    })  # fmt: skip
    officers.to_csv(folder / "officers.csv", index=False)
    there = rng.integers(0, shifts, calls)
    moment = on[there] + (rng.random(calls) * length[there] * 60).astype(int)
    incidents = pd.DataFrame({
        "Log No": np.arange(calls), "At Scene": _clock(moment),
        "Callsign": [f"U{n:03d}" for n in unit[there]],
        "Grade": rng.choice(["Immediate", "Priority", "Scheduled"], calls),
    })  # fmt: skip
    incidents.to_csv(folder / "incidents.csv", index=False)
    risk = (last - first).astype(float) * np.where(size[which] == 1, ratio, 1.0)
    hit = rng.choice(len(which), victims, replace=False, p=risk / risk.sum())
    moment = first[hit] + (rng.random(victims) * (last - first)[hit].astype(int)).astype(int)
    assaults = pd.DataFrame({
        "Crime No": [f"C{n:05d}" for n in range(victims)], "Committed": _clock(moment),
        "Victim": officers["Collar No"].to_numpy()[hit],
        "HO Code": rng.choice(["104", "8S"], victims, p=[0.8, 0.2]),
    })  # fmt: skip
    assaults.to_csv(folder / "assaults.csv", index=False)


def _booked(on, off, size, rows, rng):
    """Rows of officers: all of a crew, some for part of the shift, up to the number wanted."""
    which = np.repeat(np.arange(len(on)), size)
    number = np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size)
    first, last = on[which].copy(), off[which].copy()
    cut = on[which] + rng.integers(60, 420, len(which))
    part = (number > 0) & (rng.random(len(which)) < 0.25)
    joins = rng.random(len(which)) < 0.5
    first[part & joins], last[part & ~joins] = cut[part & joins], cut[part & ~joins]
    # Officers who log off for a meal and on again make up the rest of the rows.
    again = rng.choice(np.flatnonzero(~part), max(rows - len(which), 0), replace=False)
    pause = on[which[again]] + rng.integers(120, 360, len(again))
    end = last[again].copy()
    last[again] = pause
    return (
        np.concatenate([which, which[again]]),
        np.concatenate([first, pause + 30]),
        np.concatenate([last, end]),
        np.concatenate([number, number[again]]),
    )


def _clock(moments):
    return pd.DatetimeIndex(moments).strftime("%d/%m/%Y %H:%M:%S")


def tree_in(folder):
    """A project of its own to make reports in, so that none of this one is touched."""
    tree = folder / "tree"
    shutil.copytree(ROOT / "notebooks", tree / "notebooks")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tree)
    (tree / "data").symlink_to(ROOT / "data")
    return tree


def held_mb(pid):
    """Memory of a process and all below it, shared pages counted once."""
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in family) / 1e6
    return 0.0


def typed(tree, *words):
    """Run a command in a tree; returns its seconds, processor seconds, peak MB and what it said."""
    program = Path(sys.executable).with_name("officer-assaults")
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        made = subprocess.Popen([program, *words], cwd=tree, stdout=said, stderr=said)
        peak = 0.0
        while made.poll() is None:
            peak = max(peak, held_mb(made.pid))
            time.sleep(POLLED_SECONDS)
        said.seek(0)
        text = said.read()
    if made.returncode:
        raise SystemExit(text)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, cpu, peak, text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="share of the year's rows")
    options = parser.parse_args()
    print(f"load before the run {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tree = tree_in(folder)
        (folder / "raw").mkdir()
        draw(folder / "raw", *(int(options.share * n) for n in (300_000, 600_000, 250_000, 2_000)))
        mapping = folder / "year.yml"
        about = ("--force", "simulated-force", "--source", "made up", "--retrieved", "2024-06-30")
        steps = [("map", ["crewing", "map", str(folder / "raw"), "--to", str(mapping), *about])]
        steps += [("build", ["crewing", "build", str(mapping)])]
        made = str(folder / "year" / "crew_cells.csv")
        steps += [("report", ["crewing", "report", made])]
        seconds = processor = most = 0.0
        for step, words in steps:
            took, cpu, peak, _ = typed(tree, *words)
            print(f"  {step:8s} {took:7.1f} s {cpu:7.1f} CPU s {peak:7,.0f} MB", flush=True)
            seconds, processor, most = seconds + took, processor + cpu, max(most, peak)
            if step == "map":
                text = mapping.read_text().replace("confirmed: no", "confirmed: yes")
                mapping.write_text(re.sub(r"^headcount: .*", "headcount: null", text, flags=re.M))
        print(f"  {'all':8s} {seconds:7.1f} s {processor:7.1f} CPU s {most:7,.0f} MB")
        if seconds > MOST_SECONDS or most > MOST_MEMORY_MB:
            print(f"  above the target of {MOST_SECONDS} s and {MOST_MEMORY_MB:,} MB")


if __name__ == "__main__":
    main()
