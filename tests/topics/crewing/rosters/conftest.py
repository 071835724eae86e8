import pytest
from simulated_rosters import RosterTruth, simulate_roster, write_roster

ROWS = 200_000
TRUTH = RosterTruth(log_rate=-6.0)


@pytest.fixture(scope="session")
def roster_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("roster") / "roster.parquet"
    write_roster(simulate_roster(ROWS, 7, TRUTH, block_rows=70_000), path)
    return path


@pytest.fixture(scope="session")
def roster_rows(roster_path):
    import pandas as pd

    return pd.read_parquet(roster_path)
