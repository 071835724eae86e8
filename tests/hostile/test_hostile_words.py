"""Sidecars, tracked tables, formulas, policies, settings and the state of the pipeline."""

import json
import re
import shutil
import sys
from pathlib import Path

import mutations
import pandas as pd
import pytest
import targets
from hypothesis import given
from outcomes import CATALOGUE, FULL, check_problem, runs
from test_hostile_tables import RANDOM, tries

from officer_assaults.cli import project
from officer_assaults.data import tables
from officer_assaults.pipeline import notebooks, results
from officer_assaults.pipeline.parameters import read_schema, split_assignments
from officer_assaults.stats.formulas import build_design, check_formula
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy_language import (
    POLICIES,
    named_or_written,
    share_single,
)

sys.path.insert(0, str(Path(__file__).parents[1] / "pipeline"))

import notebook_tree as tree

PARAMETERS = """force: str = "kent"  # Force [<force>]
period1: str = "2018-19"  # Year [<financial-year>]
release: str = "auto"  # Release [<vintage>]
alpha: float = 0.05  # One minus coverage [0.001 .. 0.5]
phi_list: list[float] = [1.0, 2.0]  # Dispersion [1 .. 20]
size: int = 3  # How many [1 .. 9]
deep: bool = False  # Whether
other: str | None = None  # A word [a | b | None]"""


def test_every_code_is_in_the_catalogue():
    source = Path(__file__).parents[2] / "src"
    used = {
        code
        for path in source.rglob("*.py")
        for code in re.findall(r"""["'|]([EP]\d{3})["'|]""", path.read_text(encoding="utf-8"))
    }
    assert len(used) > 40
    assert used <= CATALOGUE, used - CATALOGUE


def every(trial, reader, fast, full, attempt):
    """Try an attempt on many random sources, counted under a reader's name."""
    trial.reader = reader

    @tries(fast, full)
    @given(rng=RANDOM)
    def each(rng):
        attempt(rng)

    each()
    assert trial.tried >= runs(fast, full)
    assert trial.refused > 0
    assert trial.accepted > 0 or not FULL


def test_sidecars_of_crewing_files(trial):
    def attempt(rng):
        place = trial.fresh()
        data = place / "cells.csv"
        shutil.copy(targets.CELLS, data)
        text = mutations.spoil_yaml(targets.ABOUT, rng)
        raw = mutations.encode(text, rng)
        sidecar_of(data).write_bytes(raw if rng.randint(0, 9) else mutations.spoil_bytes(raw, rng))
        if not rng.randint(0, 30):
            mutations.put_elsewhere(sidecar_of(data), rng)
        trial.run(lambda: load(data) and None)

    every(trial, "crewing sidecar", 20, 500, attempt)


def test_tables_of_data(trial, own_project):
    """Each tracked table with wrong cells, its sidecar saying that this is the file; or not."""
    names = targets.TABLES

    def attempt(rng):
        name = rng.choice(names)
        path = own_project / "data" / f"{name}.csv"
        side = path.with_name(path.name + tables.SIDECAR)
        kept = path.read_bytes(), side.read_bytes()
        try:
            rows = targets.table_rows(path)
            if rng.randint(0, 9):
                rows = mutations.spoil_table(rows, rng)
            path.write_bytes(mutations.encode(mutations.csv_text(rows, rng), rng))
            if rng.randint(0, 3):
                side.write_text(targets.describe(path, max(0, len(rows) - 1)))
            else:
                side.write_text(mutations.spoil_yaml(side.read_text(), rng))

            def read():
                tables.release(name)
                tables.load(name)

            trial.run(read)
        finally:
            path.write_bytes(kept[0])
            side.write_bytes(kept[1])

    every(trial, "tables of data/ and their sidecars", 20, 700, attempt)
    tables._loaded.cache_clear()


@pytest.fixture(scope="module")
def cells():
    return prepare(pd.read_csv(targets.CELLS)).frame.reset_index(drop=True)


def test_policies(trial, cells):
    good = [policy.expression for policy in POLICIES.values()]

    def attempt(rng):
        text = mutations.phrase(rng, rng.choice(good))

        def read():
            share = share_single(named_or_written(text), cells)
            assert len(share) == len(cells)
            assert ((share >= 0) & (share <= 1)).all()

        trial.run(read, placed=False)

    every(trial, "crewing policies", 100, 2_000, attempt)


def test_formulas(trial, cells):
    good = ("y ~ single + C(hour_band)", "y ~ single*C(lpa) + I(backup_min**2)", "y ~ cr(y, df=3)")

    def attempt(rng):
        text = mutations.phrase(rng, rng.choice(good))

        def read():
            matrix, _ = build_design(check_formula(text, list(cells.columns)), cells)
            assert len(matrix) == len(cells)

        trial.run(read, placed=False)

    every(trial, "model formulas", 60, 1_000, attempt)


def test_settings_and_parameters_cells(trial):
    schema = read_schema("x.ipynb", PARAMETERS)
    words = project.load().vocabularies

    def attempt(rng):
        if rng.choice((True, False)):
            text = mutations.phrase(
                rng,
                "force=kent period1=2019-20 release=auto alpha=0.1 phi_list=[1, 2] size=4 other=a",
            )
            trial.run(lambda: schema.resolve(split_assignments(text), words) and None, placed=False)
        else:
            lines = PARAMETERS.splitlines()
            place = rng.randrange(len(lines))
            lines[place] = mutations.phrase(rng, lines[place])
            source = "\n".join(lines)
            trial.run(lambda: read_schema("x.ipynb", source) and None, placed=False)

    every(trial, "--set and parameters cells", 100, 1_200, attempt)


def test_notebooks(trial):
    good = json.loads(json.dumps(tree.good()))

    def attempt(rng):
        path = trial.fresh() / "01_x.ipynb"
        data = json.dumps(mutations.spoil_value(good, rng)).encode()
        path.write_bytes(mutations.spoil_bytes(data, rng) if not rng.randint(0, 5) else data)
        if not rng.randint(0, 30):
            mutations.put_elsewhere(path, rng)

        def read():
            for problem in notebooks.check(path):
                check_problem(problem, placed=True)
            found = notebooks.load(path)
            assert found.title, found.imports()

        trial.run(read)

    every(trial, "notebooks", 30, 400, attempt)


def test_the_table_of_findings(trial):
    rows = targets.parse((Path(__file__).parents[2] / "reports" / "findings.csv").read_text())[:12]

    def attempt(rng):
        path = trial.fresh() / "findings.csv"
        table = mutations.spoil_table(rows, rng) if rng.randint(0, 9) else rows
        data = mutations.encode(mutations.csv_text(table, rng), rng)
        path.write_bytes(mutations.spoil_bytes(data, rng) if not rng.randint(0, 7) else data)
        if not rng.randint(0, 30):
            mutations.put_elsewhere(path, rng)

        def read():
            found = results.read_csv(path, "force")
            results.compare(found, list(reversed(found)))
            results.refreshed(found, found)
            results.write_csv(found, "force")

        trial.run(read)

    every(trial, "findings.csv", 30, 500, attempt)
