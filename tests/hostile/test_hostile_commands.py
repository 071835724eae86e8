"""Broken files through the real command line: code 2, a line per problem, never a traceback."""

import os
import random
import subprocess
import sys
from functools import partial

import pytest
import targets
from click.testing import CliRunner
from outcomes import CATALOGUE, runs, snapshot
from test_hostile_tables import bring

from officer_assaults.cli import main

COMMANDS = {
    "recorded crime, CSV": ("import", "home-office", "--vintage", "2024-01"),
    "recorded crime, XLSX": ("import", "home-office", "--vintage", "2024-01"),
    "workforce": ("import", "workforce", "--vintage", "2024-01"),
    "crew cells, CSV": ("crewing", "report"),
    "unit-shifts": ("crewing", "report"),
    "rosters": ("crewing", "fit", "--formula", "y ~ single + C(hour_band)"),
}


def broken(target, trial, seed):
    """A file that the reader refuses, by the first seed from here on that makes one."""
    while True:
        rng = random.Random(seed)
        path = bring(target, trial.fresh(target.in_data), rng, rng.choice(target.suffixes))
        refused = trial.refused
        trial.run(partial(target.read, path), placed=target.placed)
        if trial.refused > refused:
            return path, trial.last
        seed += 1_000


def said(output):
    """Lines that name a code."""
    return [line for line in output.splitlines() if line[:4] in CATALOGUE]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_refusal_is_a_line_per_problem_and_code_2(trial, name):
    trial.reader = f"command: {name}"
    target = next(target for target in targets.TARGETS if target.name == name)
    for seed in range(runs(2, 25)):
        path, refusal = broken(target, trial, seed)
        before = snapshot(trial.project), snapshot(trial.folder)
        done = CliRunner().invoke(main, [*COMMANDS[name], str(path)], catch_exceptions=True)
        assert done.exit_code == 2, (seed, done.output, done.exception)
        assert len(said(done.output)) == len(refusal.problems), (seed, done.output)
        assert "Traceback" not in done.output
        assert (snapshot(trial.project), snapshot(trial.folder)) == before


def test_the_installed_command_says_the_same(trial, own_project):
    """In a process of its own, as a user starts it."""
    trial.reader = "command in a process"
    target = targets.TARGETS[0]
    for seed in range(runs(1, 8)):
        path, refusal = broken(target, trial, 500 + seed)
        done = subprocess.run(
            [
                sys.executable, "-c", "from officer_assaults.cli import main; main()",
                *COMMANDS["recorded crime, CSV"], str(path),
            ],
            cwd=own_project, env=dict(os.environ), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2, done.stderr
        assert done.stderr.splitlines() == [str(problem) for problem in refusal.problems]
        assert "Traceback" not in done.stdout + done.stderr
