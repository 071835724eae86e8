"""Make the slow results anew that ``officer_assaults.data.kept`` tracks.

``make keep`` runs the notebooks below with their default parameters, nothing read from any cache,
and keeps what these functions return. To be run after every change of code, data or lock file and
before ``make publish``: an old result is not read, so pages stay right without it, only slower.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from officer_assaults import paths
from officer_assaults.data import cache, kept

NOTEBOOKS = ("04_recording", "06_act", "08_planning", "09_validation")
FUNCTIONS = (
    "studies.references.compared_frame",
    "studies.registry.codes",
    "studies.registry.made_now",
    "topics.act.model.best_steps",
    "topics.act.model.every_date",
    "topics.act.study.coverage_study",
    "topics.crewing.model.what_if.policies_and_questions",
    "topics.planning.past.tested",
    "topics.planning.power.design_grid",
    "topics.planning.power.length_grid",
    "topics.recording.model.inspected.effects_left_out",
    "topics.recording.model.inspected.figures",
    "topics.recording.model.inspected.recovered",
)


def main() -> int:
    """Run the notebooks and say how many results are kept."""
    shutil.rmtree(kept.folder(), ignore_errors=True)
    asked = [word for name in NOTEBOOKS for word in ("--notebook", name)]
    command = [str(Path(sys.executable).with_name("officer-assaults")), "reports", *asked]
    with tempfile.TemporaryDirectory(prefix="keep-") as scratch:
        fresh = {
            paths.REPORTS_VARIABLE: scratch,
            cache.CACHE_VARIABLE: f"{scratch}/cache",
            kept.KEEP_VARIABLE: " ".join(FUNCTIONS),
        }
        done = subprocess.run(command, env={**os.environ, **fresh}, check=False)
    print(f"{len(list(kept.folder().glob('*.json')))} results are kept in {kept.FOLDER}.")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
