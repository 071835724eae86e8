"""The rise of Thames Valley, against published and R figures, and what is said of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from officer_assaults.data import recorded, years
from officer_assaults.data.years import OfficerExposure
from officer_assaults.topics.rise import data as frames
from officer_assaults.topics.rise import report
from officer_assaults.topics.rise.model import among_forces, rise

YEARS = ("2017/18", "2018/19")
OFFICERS = OfficerExposure(4000.0, 4100.0, "")


@pytest.fixture(scope="module")
def printed():
    """The figures that the newspapers printed: 794 and 1,057."""
    two = years.two_years("thames-valley", *YEARS, recorded.ARTICLE)
    return rise(two, OFFICERS, taus=(0.0, 0.1))


def counted(y0, y1, days0=365, days1=365):
    two = years.two_years("thames-valley", *YEARS)
    before = replace(two.before, n_total=y0, days=days0)
    return replace(two, before=before, after=replace(two.after, n_total=y1, days=days1))


def test_ratio_equals_r_poisson_test(printed):
    got = [printed.ratio.value, printed.ratio.lower, printed.ratio.upper]
    assert got == pytest.approx([1.331234257, 1.213015744, 1.461428931], rel=1e-6)
    assert "p = 1.06e-09" in printed.ratio.note


def test_mid_p_lies_inside_exact(printed):
    exact, mid = printed.ratio, printed.ratio_mid_p
    assert exact.lower < mid.lower < mid.upper < exact.upper


def test_difference_week_rates_and_tipping_point(printed):
    diff = printed.change
    assert (diff.value, diff.lower, diff.upper) == pytest.approx((263, 179, 347), abs=0.5)
    weekly = (printed.weekly[1].value, printed.weekly[1].lower, printed.weekly[1].upper)
    assert weekly == pytest.approx((20.27123288, 19.06744261, 21.53110589), rel=1e-8)
    assert printed.weekly[0].value == pytest.approx(794 * 7 / 365)
    assert printed.tipping_phi == pytest.approx(9.7, abs=0.05)


def test_officer_ratio_divides_out_the_growth_of_the_force(printed):
    assert printed.per_officer.value == pytest.approx(printed.ratio.value * 4000 / 4100)
    assert rise(counted(794, 1057)).per_officer is None


def test_a_leap_year_moves_the_ratio_and_not_the_difference_of_two_counts():
    """2019/20 has 366 days: the difference beside two counts is theirs, +45 and not +42."""
    found = rise(counted(1038, 1083, 365, 366))
    assert found.change.value == 45
    assert found.ratio.value == pytest.approx(1083 / 366 / (1038 / 365))
    assert rise(counted(365, 366, 365, 366)).ratio.value == pytest.approx(1)


def panel(ratios, base=1000, later="2018/19"):
    names = [f"force-{i}" for i in range(len(ratios))]
    y1 = np.round(base * np.asarray(ratios)).astype(int)
    parts = [
        pd.DataFrame({"force": names, "later": at, "count": count, "days": 365,
                      "financial_year": year})
        for at, (year, count) in enumerate((("2017/18", base), (later, y1)))
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_the_force_in_focus_does_not_widen_its_own_yardstick():
    rows = panel([1.0, 1.1, 1.2, 1.05, 1.15, 1.1, 3.0])
    alone = among_forces(rows, "force-6")
    others = among_forces(rows[rows["force"] != "force-6"], None)
    assert alone.others.tau == pytest.approx(others.others.tau)
    assert alone.odd.z > 5
    assert alone.is_odd
    assert alone.expected.upper < 1.5
    assert alone.growth.loc[6, "z"] == pytest.approx(alone.odd.z)


def test_a_force_left_out_gets_no_comparison_but_the_others_do():
    among = among_forces(panel([1.0, 1.1, 1.2, 1.3]), "kent")
    assert among.odd is None
    assert among.forces == 4
    assert "cannot be set against" in report.how_odd(among)


def test_years_that_are_not_neighbours_are_not_called_usual():
    among = among_forces(panel([1.0, 1.1, 1.2, 1.3], later="2022/23"), "force-0")
    assert among.is_odd is None
    assert "not an unusual year" not in report.how_odd(among)


def test_a_force_given_twice_is_refused():
    with pytest.raises(ValueError, match="stands twice"):
        among_forces(pd.concat([panel([1.0, 1.1, 1.2])] * 2))


def test_a_low_base_year_and_the_quarter_after_the_inspection_stand_in_the_answer():
    two = years.two_years("thames-valley", *YEARS)
    base, jump = frames.base_year(two), frames.after_inspection(two)
    assert base.lowest
    assert base.changes["2015/16"] == pytest.approx(100 * (838 / 692 - 1))
    quarter = jump["quarter"].unique().tolist()
    assert quarter == [pd.Timestamp("2018-04-01")]
    # 199 over the mean of 151, 134, 186 and 141; 55 over 43.25; 4,866 over 3,721.
    assert jump["ratio"].tolist() == pytest.approx([199 / 153, 55 / 43.25, 4866 / 3721])
    assert jump["before_act"].all()
    said = report.answer(rise(two), base, jump)
    assert "lowest of three" in said
    assert "inspectors" in said


def test_a_fall_and_a_change_within_chance_are_answered_as_such():
    assert report.answer(rise(counted(1000, 700)), None, pd.DataFrame()).startswith("No. The")
    unsure = report.answer(rise(counted(30, 36)), None, pd.DataFrame())
    assert unsure.startswith("Not known.")


def test_the_national_line_has_the_scale_of_the_force_before_the_rise():
    series = frames.long_series("thames-valley", "2017/18")
    before = series[series["Quarter"] < "2018-04-01"].groupby("Who")["Offences"].sum()
    assert before.to_numpy() == pytest.approx(before.iloc[0])
    assert series["Quarter"].min() == pd.Timestamp("2012-04-01")
    broken = frames.long_series("devon-and-cornwall", "2017/18")
    own = broken[broken["Who"] == "Devon and Cornwall"]["Quarter"]
    assert not own.between("2019-01-01", "2020-03-31").any()
