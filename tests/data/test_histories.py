"""Histories hold complete years only, stop at breaks, and add up to the published counts."""

import pytest

from officer_assaults.data import histories, recorded


def test_history_of_both_codes_starts_when_the_newer_code_does():
    both = histories.history()
    assert both.years == ("2017/18", "2024/25")
    thames = both.frame[both.frame["force"] == "thames-valley"].groupby("year")["count"].sum()
    assert thames.loc[2017] == 785
    assert thames.loc[2018] == 1_038
    assert (both.frame.groupby(["force", "year"])["quarter"].nunique() <= 4).all()


def test_history_of_one_code_is_longer_and_leaves_gaps_open():
    one = histories.history(("104",))
    assert one.years == ("2012/13", "2024/25")
    gone = one.frame[(one.frame["force"] == "gloucestershire") & (one.frame["year"] >= 2019)]
    assert gone.empty
    city = one.frame[(one.frame["force"] == "london-city") & (one.frame["year"] == 2012)]
    assert len(city) == 3
    assert set(one.breaks["offence_code"]) == {"104"}
    assert (one.breaks["decision"] == "leave-out").all()


def test_taser_years_add_up_and_leave_out_broken_series():
    found = histories.taser_years()
    assert set(found.left_out) == {
        "devon-and-cornwall",
        "gloucestershire",
        "greater-manchester",
        "gwent",
        "kent",
        "wiltshire",
    }
    sizes = found.frame.groupby("force").size()
    assert (sizes == 3).all()
    assert len(sizes) == 43 - len(found.left_out)
    row = found.frame.query("force == 'thames-valley' and financial_year == '2018/19'").iloc[0]
    assert row["recorded"] == 1_038
    assert row["force_incidents"] == 15_718
    annual = recorded.annual().set_index(["force", "financial_year"])["n_total"]
    mine = found.frame.set_index(["force", "financial_year"])["recorded"]
    assert (annual.loc[mine.index] == mine).all()


@pytest.mark.parametrize(("year", "label"), [(2017, "2017/18"), (1999, "1999/00")])
def test_labels_of_years(year, label):
    assert histories.year_label(year) == label
