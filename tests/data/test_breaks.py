"""The detector proposes, the project decides, and each decision is accounted for."""

import pandas as pd
import pytest

from officer_assaults.data import breaks, check, recorded, tables


def _series(counts, start="2018-04-01"):
    quarters = pd.date_range(start, periods=len(counts), freq="QS")
    return pd.DataFrame(
        {"force": "kent", "offence_code": "104", "quarter_start": quarters, "offences": counts}
    )


@pytest.mark.parametrize(
    ("counts", "rules"),
    [
        ([40, 40, 40, 40, 20, 40, 40, 40], []),
        ([40, 40, 40, 40, 19, 40, 40, 40], ["halved"]),
        ([40, 40, 40, 40, 80, 40, 40, 40], []),
        ([40, 40, 40, 40, 81, 40, 40, 40], ["doubled"]),
        ([29, 29, 29, 29, 90, 29, 29, 29], []),
        ([30, 29, 29, 29, 90, 29, 29, 29], ["doubled"]),
        ([10, 10, 10, 30, 0, 10, 10, 30], ["stopped"]),
        ([10, 10, 10, 29, 0, 10, 10, 30], []),
        ([0, 0, 0, 0, 50, 50, 50, 50], []),
    ],
)
def test_detector_at_its_limits(counts, rules):
    assert breaks.detect(_series(counts))["rule"].tolist() == rules


def test_detector_compares_the_same_series_and_a_full_year():
    two = pd.concat([_series([40] * 4), _series([5] * 4, "2019-04-01").assign(force="essex")])
    assert breaks.detect(two).empty
    gap = pd.concat([_series([40] * 4), _series([5] * 4, "2020-04-01")])
    assert breaks.detect(gap).empty
    swapped = _series([40] * 4 + [5] * 4).sample(frac=1, random_state=1)
    assert len(breaks.detect(swapped)) == 4


@pytest.fixture(scope="module")
def proposals():
    return breaks.proposals(recorded.quarterly("2023-10"))


@pytest.fixture(scope="module")
def revised():
    copies = tables.load("recorded-assaults/early-copies")
    key = ["force", "financial_year", "offence_code"]
    both = copies[[*key, "offences"]].merge(recorded.yearly("2023-10")[[*key, "offences"]], on=key)
    both = both.rename(columns={"offences_x": "earlier", "offences_y": "later"})
    ratio = both["later"] / both["earlier"]
    low, high = breaks.RATIO
    moved = (both["earlier"] >= breaks.MINIMUM) & ((ratio < low) | (ratio > high))
    return both[moved].sort_values(key, ignore_index=True)


def test_each_decided_break_is_proposed_or_says_why_it_cannot_be(proposals, revised):
    for row in breaks.decided("2023-10").to_dict("records"):
        mine = proposals[
            (proposals["force"] == row["force"])
            & (proposals["offence_code"] == row["offence_code"])
        ]
        end = row["from"] if row["kind"] == "step" or pd.isna(row["to"]) else row["to"]
        # The quarter a year after a break sets a usable count against an unusable one.
        near = mine["quarter_start"].between(row["from"], end + pd.DateOffset(years=1))
        said = not pd.isna(row["why_not_proposed"])
        assert near.any() != said, f"{row['force']} {row['offence_code']} {row['from']:%Y-%m}"
        if said:
            assert row["force"] in set(revised["force"])


def test_every_run_of_proposals_is_decided(proposals):
    frame = proposals.sort_values(["force", "offence_code", "quarter_start"])
    undecided = frame[frame["decision"] == "kept"]
    key = ["force", "offence_code"]
    following = undecided.groupby(key)["quarter_start"].diff().dt.days
    assert not (following < 100).any(), undecided[following < 100]


def test_revision_between_releases_proposes_kent_and_wiltshire_only(revised):
    found = revised[["force", "offence_code", "financial_year", "earlier", "later"]]
    assert found.to_numpy().tolist() == [
        ["kent", "8S", "2017/18", 189, 0],
        ["kent", "8S", "2018/19", 219, 74],
        ["wiltshire", "8S", "2017/18", 141, 1],
        ["wiltshire", "8S", "2018/19", 155, 6],
    ]


@pytest.mark.parametrize(
    ("force", "code", "year", "count"),
    [
        ("gloucestershire", "104", "2019/20", 0),
        ("dorset", "104", "2019/20", 30),
        ("dorset", "104", "2020/21", 9),
        ("devon-and-cornwall", "104", "2019/20", 15),
        ("gwent", "104", "2020/21", 30),
        ("greater-manchester", "8S", "2019/20", 598),
        ("kent", "8S", "2017/18", 0),
        ("wiltshire", "8S", "2017/18", 1),
    ],
)
def test_known_gaps_are_decided(force, code, year, count):
    held = recorded.yearly("2023-10").set_index(["force", "offence_code", "financial_year"])
    assert held.loc[(force, code, year), "offences"] == count
    cells = check.coverage("2023-10").set_index(["force", "offence_code", "financial_year"])
    assert cells.loc[(force, code, year), "state"] == "break"


@pytest.mark.parametrize(
    ("force", "period0", "period1", "usable"),
    [
        ("west-midlands", "2020/21", "2021/22", False),
        ("west-midlands", "2021/22", "2022/23", True),
        ("greater-manchester", "2019/20", "2020/21", False),
        ("greater-manchester", "2020/21", "2021/22", True),
        ("devon-and-cornwall", "2018/19", "2019/20", False),
        ("devon-and-cornwall", "2020/21", "2021/22", True),
        ("gwent", "2019/20", "2020/21", False),
        ("dorset", "2021/22", "2022/23", False),
        ("thames-valley", "2019/20", "2020/21", True),
    ],
)
def test_steps_part_years_and_gaps_spoil_them(force, period0, period1, usable):
    result = recorded.compare(period0, period1, "2023-10")
    assert (force in set(result.frame["force"])) == usable
    assert (force in set(result.left_out["force"])) != usable


def test_model_rows_leave_gaps_out_and_keep_steps():
    usable = recorded.usable_quarters(vintage="2023-10")
    gone = usable.left_out[usable.left_out["reason"] == "inside a decided recording break"]
    assert set(gone["force"]) == {
        "devon-and-cornwall",
        "dorset",
        "gloucestershire",
        "greater-manchester",
        "gwent",
        "kent",
        "wiltshire",
    }
    assert "west-midlands" not in set(gone["force"])


def test_coverage_tells_absent_from_not_in_use():
    cells = check.coverage("2023-10").set_index(["force", "offence_code", "financial_year"])[
        "state"
    ]
    assert cells.loc[("kent", "8S", "2016/17")] == "not in use"
    assert cells.loc[("kent", "8T", "2019/20")] == "not in use"
    assert cells.loc[("kent", "104", "2023/24")] == "part of a year"
    assert cells.loc[("london-city", "104", "2012/13")] == "negative"
    assert cells.loc[("thames-valley", "8S", "2017/18")] == "present"
    assert "absent" not in set(cells)


def test_successive_years_lose_a_few_forces_each():
    frame = check.comparisons("2023-10").set_index("period0")
    assert frame["usable"].to_dict() == {
        "2017/18": 37,
        "2018/19": 36,
        "2019/20": 36,
        "2020/21": 37,
        "2021/22": 40,
    }
    later = check.comparisons("2026-04").set_index("period0")["usable"]
    assert later.index[-1] == "2023/24"
    assert later["2023/24"] == 41


def test_a_decision_holds_until_its_series_is_decided_anew():
    def decisions(release):
        rows = breaks.decided(release)
        return rows.set_index(["force", "offence_code"])["decision"].groupby(level=[0, 1]).agg(set)

    before, after = decisions("2023-10"), decisions("2026-04")
    assert before[("dorset", "104")] == {"leave-out"}
    assert after[("dorset", "104")] == after[("northumbria", "8S")] == {"keep"}
    assert after[("gloucestershire", "104")] == {"leave-out"}
    assert after[("kent", "8S")] == before[("kent", "8S")] == {"leave-out", "flag"}
    assert after[("devon-and-cornwall", "104")] == {"leave-out"}
    # A release older than every decision takes the earliest ones, whatever its name.
    for name in ("2019-08", "article", "first-release"):
        assert decisions(name).equals(before)
    assert decisions("auto").equals(after)
