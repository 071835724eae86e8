"""Rosters from 1 to 100 million rows: this project beside statsmodels, glum, pyfixest and a scan.

Each line is a process of its own. What is counted is the same for all: time and processor time of
all threads from the file that nobody has opened yet to coefficients and clustered errors, so
reading, checking, building the design and fitting. Not counted are imports, which every function
below does before its clock starts. Peak memory is that of the whole process. Linear algebra runs in
one thread for all, as ``make`` and the kernels of this project set it: threads that wait spin, and
would be counted. Where other work runs, compare processor times. Of ``--repeats`` runs the middle
one counts. Files have four row groups or more, as engines share out a file by these. Run with
``--rows 1e6,1e7,1e8`` and ``--folder`` on a disk with 8 bytes free per row; the files are removed
afterwards, or kept for the next run with ``--keep``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LARGEST = {"project": 1e12, "floor": 1e12, "statsmodels": 1e6, "glum": 1e7, "pyfixest": 1e7}
KEYS = ["force", "month", "hour_band", "area_type", "service_band", "single"]
RIGHT = (
    "single + single:C(hour_band) + C(hour_band) + C(area_type) + C(service_band) + "
    "C(force) + C(month)"
)
SEED = 11
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def now():
    return time.perf_counter(), time.process_time()


def project(path):
    from officer_assaults.topics.crewing import rosters
    from officer_assaults.topics.crewing.data import identifiers  # noqa: F401

    start = now()
    fit = rosters.fit(f"y ~ {RIGHT}", path, exposure="officer_hours", cluster="officer")
    # The others multiply by (N - 1)/(N - K) as well, and this does not.
    factor = (fit.rows - 1) / (fit.rows - len(fit.coefficients))
    return start, fit.coefficients["single"], fit.se["single"] * factor**0.5


def floor(path):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false; SET memory_limit = '650MB'")
    start = now()
    keys = ", ".join(KEYS)
    connection.execute(
        f"SELECT {keys}, count(*), sum(y), sum(officer_hours), max(officer) "
        f"FROM '{path}' GROUP BY ALL"
    ).fetchnumpy()
    return start, None, None


def statsmodels(path):
    import numpy as np
    import pandas as pd
    import patsy
    import statsmodels.api as sm

    start = now()
    rows = pd.read_parquet(path, columns=[*KEYS, "officer", "officer_hours", "y"])
    x = patsy.dmatrix(RIGHT, rows, return_type="dataframe")
    fit = sm.GLM(
        rows["y"], x, family=sm.families.Poisson(), offset=np.log(rows["officer_hours"])
    ).fit(cov_type="cluster", cov_kwds={"groups": rows["officer"].cat.codes.to_numpy()})
    return start, fit.params["single"], fit.bse["single"]


def pyfixest(path):
    import numpy as np
    import pandas as pd
    import pyfixest as pf

    start = now()
    rows = pd.read_parquet(path, columns=[*KEYS, "officer", "officer_hours", "y"])
    rows["log_hours"] = np.log(rows["officer_hours"])
    rows["officer"] = rows["officer"].cat.codes
    for band in ("evening", "night", "early"):
        rows[f"single_{band}"] = rows["single"] * (rows["hour_band"] == band)
    fit = pf.fepois(
        "y ~ single + single_evening + single_night + single_early | "
        "hour_band + area_type + service_band + force + month",
        rows, offset="log_hours", vcov={"CRV1": "officer"}, copy_data=False, store_data=False,
    )  # fmt: skip
    return start, fit.coef()["single"], fit.se()["single"]


def glum(path):
    import numpy as np
    import pandas as pd
    from glum import GeneralizedLinearRegressor

    start = now()
    rows = pd.read_parquet(path, columns=[*KEYS, "officer_hours", "y"])
    x = rows[KEYS].copy()
    for band in ("evening", "night", "early"):
        x[f"single_{band}"] = x["single"] * (x["hour_band"] == band)
    glm = GeneralizedLinearRegressor(family="poisson", alpha=0, drop_first=True)
    glm.fit(x, rows["y"], offset=np.log(rows["officer_hours"]))
    return start, glm.coef_[list(glm.feature_names_).index("single")], None


def measure(name, path):
    start, estimate, se = globals()[name](path)
    seconds, cpu = (after - before for after, before in zip(now(), start, strict=True))
    used = {
        "cpu": cpu,
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "estimate": estimate,
        "se": se,
    }
    print(json.dumps(used))


def run(name, path, repeats):
    runs = [run_once(name, path) for _ in range(repeats)]
    failed = [found for found in runs if "failed" in found]
    if failed:
        return failed[0]
    middle = {
        what: statistics.median(found[what] for found in runs)
        for what in ("seconds", "cpu", "peak_mb")
    }
    return runs[0] | middle


def run_once(name, path):
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, "--path", path],
        capture_output=True, text=True, env=os.environ | ONE_THREAD,
    )  # fmt: skip
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}
    return json.loads(done.stdout.strip().splitlines()[-1])


def generate(rows, path):
    from made.simulated_rosters import simulate_roster, write_roster

    start = time.perf_counter()
    if not path.exists():
        groups = min(rows // 4, 1_000_000)
        write_roster(simulate_roster(rows, SEED), path, row_group_rows=groups)
    size = path.stat().st_size / 1e6
    print(f"\n{rows:,} rows, {size:,.0f} MB, drawn in {time.perf_counter() - start:.1f} s")


def compare(found):
    ours = found.get("project", {})
    for name, other in found.items():
        if name != "project" and "seconds" in other and "seconds" in ours:
            time_, cpu, memory = (
                other[what] / ours[what] for what in ("seconds", "cpu", "peak_mb")
            )
            print(
                f"  {name} / project: {time_:.2f} in time, {cpu:.2f} in processor time, "
                f"{memory:.2f} in memory"
            )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default="1e6,1e7")
    parser.add_argument("--engines", default=",".join(LARGEST))
    parser.add_argument("--folder", help="where files go, and stay with --keep")
    parser.add_argument("--keep", action="store_true", help="use files that are there, keep all")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--one")
    parser.add_argument("--path")
    options = parser.parse_args()
    if options.one:
        measure(options.one, options.path)
        return
    if options.keep and not options.folder:
        parser.error("--keep needs --folder")
    print(f"load before the run {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if options.keep:
        everything(options, Path(options.folder))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        everything(options, Path(folder))


def everything(options, folder):
    for rows in (int(float(text)) for text in options.rows.split(",")):
        path = folder / f"roster-{rows}.parquet"
        generate(rows, path)
        found = {}
        for name in options.engines.split(","):
            if rows <= LARGEST[name]:
                found[name] = result = run(name, str(path), options.repeats)
                print(f"  {name:12s}", format_line(result), flush=True)
        compare(found)
        if not options.keep:
            path.unlink()


def format_line(result):
    if "failed" in result:
        return f"failed: {result['failed']}"
    numbers = [
        f"{result['seconds']:8.2f} s {result['cpu']:8.2f} CPU s {result['peak_mb']:8,.0f} MB"
    ]
    known = [what for what in ("estimate", "se") if result[what] is not None]
    return "  ".join([*numbers, *(f"{what} of single {result[what]:.8f}" for what in known)])


if __name__ == "__main__":
    main()
