"""Crew cells of a large file, and the command, on the same path."""

import pandas as pd
import pytest
from click.testing import CliRunner

from officer_assaults.cli.crewing_fit import fit
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.rosters import open_roster


def test_pooled_rows_are_those_of_pandas(roster_path, roster_rows):
    keys = ["beat", "hour_band", "single"]
    with open_roster(roster_path) as roster:
        ours = roster.collapse(keys, ["y", "officer_hours"])
        with pytest.raises(Refusal, match=r"E124.*shifts"):
            roster.collapse(keys, ["shifts"])
        mean = roster.collapse(["beat"], ["y"], ["single"])
    rows = roster_rows.astype({"hour_band": str})
    theirs = rows.groupby(keys, as_index=False)[["y", "officer_hours"]].sum()
    pd.testing.assert_frame_equal(ours, theirs, check_dtype=False)
    weighted = (rows["single"] * rows["officer_hours"]).groupby(rows["beat"]).sum()
    share = weighted / rows.groupby("beat")["officer_hours"].sum()
    assert mean["single"].to_list() == pytest.approx(share.to_list())


def test_the_command_says_what_it_did(roster_path, roster_rows, tmp_path):
    beats = roster_rows["beat"].nunique()
    table = tmp_path / "table.csv"
    done = CliRunner().invoke(
        fit,
        [
            str(roster_path), "--formula", "y ~ single + C(hour_band)", "--cluster", "beat",
            "--standardise", "single", "--jackknife", "--csv", str(table),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for words in (
        "SIMULATED DATA",
        "200,000 rows in 8 patterns",
        f"G/(G-1), {beats} clusters",
        "95 %",
    ):
        assert words in done.output
    assert list(pd.read_csv(table)["term"]) == [
        "Intercept", "C(hour_band)[T.early]", "C(hour_band)[T.evening]", "C(hour_band)[T.night]",
        "single",
    ]  # fmt: skip
