"""A second register brought by an analyst: what is read, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from officer_assaults import paths
from officer_assaults.data.control_series import controlled_series
from officer_assaults.data.registers import (
    inside_project,
    read_registers,
    read_yearly_registers,
)
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


YEARS = ("2017/18", "2018/19")
YEARLY = "force,financial_year,register,category,count"


def yearly(**changed: str) -> list[str]:
    """Forms and records of two kinds in two years."""
    rows = {
        f"{register} {kind} {year}": f"Kent,{year},{register},{kind},{count}"
        for register, kind, counts in (
            ("crime-record", "push", (100, 160)),
            ("crime-record", "injury", (40, 44)),
            ("health-and-safety", "push", (150, 152)),
            ("health-and-safety", "injury", (60, 61)),
        )
        for year, count in zip(YEARS, counts, strict=True)
    }
    return list((rows | changed).values())


def with_totals(register: str, kind: str, *counts: int) -> list[str]:
    """Add a row that sums the others to each year."""
    totals = zip(YEARS, counts, strict=True)
    return yearly() + [f"Kent,{year},{register},{kind},{count}" for year, count in totals]


def test_yearly_registers_are_added_up_kind_by_kind(project):
    found = read_yearly_registers(project(yearly(), YEARLY), "kent", YEARS, None)
    assert found.counts.to_numpy().tolist() == [
        ["all", 140, 204, 210, 213],
        ["injury", 40, 44, 60, 61],
        ["push", 100, 160, 150, 152],
    ]
    assert found.own_first
    forms = [line for line in yearly() if "crime-record" not in line]
    beside = read_yearly_registers(project(forms, YEARLY), "kent", YEARS, (500, 600))
    assert beside.counts.to_numpy().tolist() == [["all", 500, 600, 210, 213]]
    assert not beside.own_first


@pytest.mark.parametrize(
    ("lines", "published", "code"),
    [
        ([x for x in yearly() if "health-and-safety" not in x or "2017" in x], None, "E106"),
        ([line for line in yearly() if "crime-record" not in line], None, "E106"),
        ([*yearly(), yearly()[0]], None, "E105"),
        (yearly(more="Kent,2018/19,diary,push,3"), None, "E107"),
        (yearly(more="Kent,2018,health-and-safety,kick,3"), None, "E106"),
        (yearly(more="Kent,2018/19,health-and-safety,kick,-3"), None, "E102"),
        (yearly(more="Nowhere,2018/19,health-and-safety,kick,3"), None, "E101"),
        (yearly(more="Kent,2018/19,use-of-force,kick,3"), None, "E107"),
        ([line.replace("Kent", "Essex") for line in yearly()], None, "E101"),
        (with_totals("health-and-safety", "", 210, 213), None, "E103"),
        (with_totals("crime-record", "Total", 99, 99), None, "E103"),
        (yearly(more="Kent,2018/19,health-and-safety,bite,30"), None, "E106"),
        (yearly(more="Kent,2018/19,health-and-safety,Push,30"), None, "E125"),
    ],
)
def test_yearly_registers_that_cannot_be_compared_are_refused(project, lines, published, code):
    with pytest.raises(Refusal) as refusal:
        read_yearly_registers(project(lines, YEARLY), "kent", YEARS, published)
    assert code in refusal.value.codes
