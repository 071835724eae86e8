"""A force's export full of things that must not come out, and a tree to make reports in."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import ForceParams

ROOT = Path(__file__).resolve().parents[2]
SEED = 2
BEATS_PER_AREA = 5
PLACE, BEAT = "Quernmoor", "Vexholme"
USER, VALUE = "quizzlewick", "plover-seventeen-gannet"
SCRIPT = "<script>alert(7)</script>"
#: Recorded victims with injury of single crews: a small count that every output must keep back.
FEW = 3
MULTI = 2
#: Fewer designs and lengths of trial, which say nothing of the export's rows.
SHORT = "irr_grid=0.8 trial_months=24"

SIDECAR = f"""\
title: Export {SCRIPT} & "quotes"
source: resource log {SCRIPT}
retrieved: 2024-04-30
crew_source:
  hours: actual
  victims: actual
period_months: 3
"""


def canary_cells(params: ForceParams, beats: int = 5) -> pd.DataFrame:
    """Cells whose places have odd names, with three injured victims single crewed."""
    cells, _ = simulate_crew_cells(params, SEED)
    kept = cells["beat"].astype(str).str.split("-").str[-1].astype(int) % BEATS_PER_AREA < beats
    cells = cells[kept].reset_index(drop=True)
    cells = cells.drop(columns=["is_simulated", "y_true", "planned_officer_hours"])
    words = cells.select_dtypes("category").columns
    cells = cells.astype(dict.fromkeys(words, object)).assign(
        force="kent",
        marker_share=0.2,
        lpa=lambda c: c["lpa"].str.replace("lpa-", f"{PLACE} "),
        beat=lambda c: c["beat"].str.replace("beat-", f"{BEAT} "),
    )
    single = (cells["crew"] == "single").to_numpy()
    injured = np.flatnonzero(single & (cells["y_injury"] > 0).to_numpy())
    few = np.where(single, 0, cells["y_injury"])
    few[injured[:FEW]] = 1
    cells["y_injury"] = few
    multi = cells[~single].head(40).assign(
        crew="multi", officer_hours=lambda c: 3 * c["unit_hours"],
        y=0, y_injury=0, incidents_assault=0, officer_hours_after_double=0.0, y_after_double=0,
    )  # fmt: skip
    multi.iloc[0, multi.columns.get_loc("y")] = MULTI
    multi.iloc[0, multi.columns.get_loc("incidents_assault")] = 1
    both = pd.concat([cells, multi], ignore_index=True)
    return both.assign(period_start=both["period_start"].dt.strftime("%Y-%m-%d"))


def write_export(folder: Path, cells: pd.DataFrame) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "cells.csv"
    cells.to_csv(path, index=False)
    path.with_name("cells.csv.meta.yml").write_text(SIDECAR, encoding="utf-8")
    return path


@dataclass
class Tree:
    """A project tree of its own, with a home, a user and an environment that are canaries."""

    root: Path
    home: Path

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("officer-assaults")), *arguments]
        environment = os.environ | {
            "HOME": str(self.home), "USER": USER, "LOGNAME": USER, "CANARY": VALUE,
            "OFFICER_ASSAULTS_ROOT": str(self.root),
        }  # fmt: skip
        return subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False
        )
