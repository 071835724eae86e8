"""A second register brought by an analyst: what is read, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from officer_assaults import paths
from officer_assaults.data.control_series import controlled_series
from officer_assaults.data.registers import inside_project, read_registers
from officer_assaults.refusals import Refusal

QUARTERS = pd.date_range("2016-04-01", periods=16, freq="QS")
PUBLISHED = pd.DataFrame({"date": QUARTERS, "recorded": np.arange(100, 116)})


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a writer of CSV files into a project of its own, with the real list of forces."""
    real = paths.project_root()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").symlink_to(real / "data")
    (tmp_path / "own").mkdir()
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))

    def write(lines: list[str], header: str = "force,period_start,register,count") -> str:
        (tmp_path / "own" / "registers.csv").write_text("\n".join([header, *lines, ""]))
        return "own/registers.csv"

    return write


def rows(register: str = "health-and-safety", force: str = "Kent Police", extra: str = ""):
    return [
        f"{force},{day:%Y-%m-%d},{register},{50 + place}{extra}"
        for place, day in enumerate(QUARTERS)
    ]


def test_one_register_is_set_beside_the_published_series(project):
    found = read_registers(project(rows()), "kent", PUBLISHED)
    assert found.dates.equals(pd.DatetimeIndex(QUARTERS))
    assert found.first.tolist() == list(range(100, 116))
    assert found.second.tolist() == list(range(50, 66))
    assert (found.second_name, found.own_first, found.simulated) == (
        "health-and-safety", False, False,
    )  # fmt: skip
    assert len(found.release.sha256) == 64
    assert found.release.path == "own/registers.csv"


def test_only_shared_quarters_are_compared(project):
    found = read_registers(project(rows()), "kent", PUBLISHED.iloc[3:12])
    assert len(found.dates) == 9
    assert found.second[0] == 53


def test_categories_are_summed_and_kept(project):
    header = "force,period_start,register,category,count,is_simulated"
    lines = []
    for place, day in enumerate(QUARTERS):
        lines.append(f"kent,{day:%Y-%m-%d},crime-record,spitting,{7 if place < 8 else 0},yes")
        lines.append(f"kent,{day:%Y-%m-%d},crime-record,other,20,yes")
        lines.append(f"kent,{day:%Y-%m-%d},health-and-safety,,30,yes")
    found = read_registers(project(lines, header), "kent", PUBLISHED)
    assert found.own_first
    assert found.simulated
    assert found.first.tolist() == [27.0] * 8 + [20.0] * 8
    assert found.categories["spitting"].tolist() == [7] * 8 + [0] * 8


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ([*rows(), "kent,2016-04-01,health-and-safety,9"], "E105", "row 18"),
        (["nowhere,2016-04-01,health-and-safety,9"], "E101", "row 2, column force"),
        (rows(force="sussex"), "E101", "no row of Kent"),
        (rows(register="diary"), "E107", "column register"),
        ([*rows(), *rows("use-of-force")], "E107", "2 registers"),
        (rows("crime-record"), "E107", "0 registers"),
        ([line.replace(",52", ',"1,052"') for line in rows()], "E102", "thousands separator"),
        ([line.replace(",52", ",-2") for line in rows()], "E102", "row 4"),
        ([line for line in rows() if "2017-10" not in line], "E106", "without a gap"),
        ([line.replace("-01,", "-15,") for line in rows()], "E106", "0 of its 16"),
    ],
)  # fmt: skip
def test_bad_files_are_refused(project, lines, code, said):
    with pytest.raises(Refusal) as refusal:
        read_registers(project(lines), "kent", PUBLISHED)
    assert code in refusal.value.codes
    assert "registers.csv" in str(refusal.value)
    assert said in str(refusal.value)


def test_simulated_rows_never_meet_real_ones(project):
    header = "force,period_start,register,count,is_simulated"
    alone = rows(extra=",yes")
    with pytest.raises(Refusal, match="E123"):
        read_registers(project(alone, header), "kent", PUBLISHED)
    mixed = [*alone, *rows("crime-record", extra=",no")]
    with pytest.raises(Refusal, match="E123"):
        read_registers(project(mixed, header), "kent", PUBLISHED)


@pytest.mark.parametrize("path", ["/etc/hosts", "../outside.csv", "own/../../outside.csv"])
def test_a_path_outside_the_project_is_refused(project, path):
    with pytest.raises(Refusal) as refusal:
        inside_project(path, "second_register")
    assert refusal.value.codes == ("E124",)
    assert "second_register" in str(refusal.value)


def test_a_file_that_is_not_there_is_refused(project):
    with pytest.raises(Refusal, match="E124"):
        read_registers("own/none.csv", "kent", PUBLISHED)


def test_an_unknown_control_is_refused_with_the_nearest():
    with pytest.raises(Refusal, match=r"E118 .*public-order"):
        controlled_series(["105A", "public_order"], "2012-04-01", "2020-03-31")


def test_a_window_holds_whole_quarters_only():
    found = controlled_series(["105A"], "2018-02-15", "2019-05-15").frame
    assert found["date"].min() == pd.Timestamp("2018-04-01")
    assert found["date"].max() == pd.Timestamp("2019-01-01")
