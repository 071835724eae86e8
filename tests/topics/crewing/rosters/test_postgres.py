"""The same collapse runs where the rows live: PostgreSQL, started by an unprivileged user."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import ibis
import numpy as np
import psycopg
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing import rosters

# Rows are added in another order, which moves the last digits only.
ORDER = 1e-9
FORMULA = "y ~ single + single:C(hour_band) + C(hour_band) + C(area_type)"


def _programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else None)
    return Path(initdb).parent if initdb else None


@pytest.fixture(scope="module")
def server():
    programs = _programs()
    if programs is None:
        pytest.fail("PostgreSQL is not installed: initdb is not on the path")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    who = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    data = folder / "data"

    def run(name, *arguments):
        subprocess.run(
            [programs / name, "-D", data, *arguments],
            cwd=folder, check=True, stdout=subprocess.DEVNULL, **who,
        )  # fmt: skip

    try:
        run("initdb", "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        quiet = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-w", "-l", folder / "log", "-o", quiet, "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def table(server, roster_rows):
    columns = ["officer", "hour_band", "area_type", "beat", "single", "officer_hours", "y"]
    rows = roster_rows[columns].head(30_000).astype({"y": int, "beat": int, "single": int})
    with psycopg.connect(host=str(server), user="owner", dbname="postgres") as connection:
        connection.execute(
            "CREATE TABLE shifts (officer text, hour_band text, area_type text, beat int, "
            "single int, officer_hours double precision, y int)"
        )
        with connection.cursor().copy("COPY shifts FROM STDIN") as copy:
            for row in rows.itertuples(index=False, name=None):
                copy.write_row(row)
        # The account of the analysis can read this table and do nothing else.
        connection.execute("CREATE ROLE reader LOGIN; GRANT SELECT ON shifts TO reader")
        connection.execute("REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC")
    return rows


def test_only_sums_leave_the_engine_and_the_answer_is_the_same(server, table, tmp_path):
    path = tmp_path / "shifts.parquet"
    table.astype({"officer": str, "hour_band": str, "area_type": str}).to_parquet(path)
    connection = ibis.postgres.connect(host=str(server), user="reader", database="postgres")
    there, here = (
        rosters.fit(FORMULA, source, exposure="officer_hours", cluster="officer")
        for source in (connection.table("shifts"), path)
    )
    assert there.rows == here.rows == len(table)
    np.testing.assert_allclose(there.coefficients, here.coefficients, rtol=ORDER, atol=ORDER)
    np.testing.assert_allclose(there.vcov, here.vcov, rtol=ORDER, atol=ORDER)
    assert there.dispersion == pytest.approx(here.dispersion, rel=ORDER)


def test_bad_rows_on_the_engine_are_refused(server, table):
    with psycopg.connect(host=str(server), user="owner", dbname="postgres") as owner:
        owner.execute(
            "CREATE VIEW spoilt AS SELECT officer, hour_band, y, -1.0::float8 AS hours FROM shifts"
        )
        owner.execute("GRANT SELECT ON spoilt TO reader")
    connection = ibis.postgres.connect(host=str(server), user="reader", database="postgres")
    with pytest.raises(Refusal, match="E104 spoilt"):
        rosters.fit("y ~ C(hour_band)", connection.table("spoilt"), exposure="hours")
