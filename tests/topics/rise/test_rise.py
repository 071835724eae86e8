"""The rise of Thames Valley between the first releases, against published and R figures."""

import numpy as np
import pandas as pd
import pytest

from officer_assaults.topics.rise.model import (
    YearPair,
    growth_against_rest,
    rise,
    year_among_forces,
)

FIRST_RELEASE = YearPair(y0=794, y1=1057, days0=365, days1=365, officers0=4000.0, officers1=4100.0)
REST = YearPair(y0=26295 - 794, y1=30977 - 1057, days0=365, days1=365)
PRINTED = 5e-4  # the figures below are quoted to three decimals


@pytest.fixture(scope="module")
def result():
    return rise(FIRST_RELEASE, taus=(0.0, 0.1))


def test_ratio_equals_r_poisson_test(result):
    got = [result.daily.ratio, result.daily.lower, result.daily.upper, result.daily.p]
    assert got == pytest.approx([1.331234257, 1.213015744, 1.461428931, 1.062703643e-09], rel=1e-6)


def test_mid_p_lies_inside_exact(result):
    assert result.daily.lower < result.mid_p.lower < result.mid_p.upper < result.daily.upper


def test_difference_week_rates_and_tipping_point(result):
    diff = result.difference
    assert (diff.difference, diff.lower, diff.upper) == pytest.approx((263, 179, 347), abs=0.5)
    weekly = (result.weekly1.rate, result.weekly1.lower, result.weekly1.upper)
    assert weekly == pytest.approx((20.27123288, 19.06744261, 21.53110589), rel=1e-8)
    assert result.weekly0.rate == pytest.approx(794 * 7 / 365)
    assert result.tipping_phi == pytest.approx(9.7, abs=0.05)


def test_officer_ratio_divides_out_the_growth_of_the_force(result):
    assert result.per_officer.ratio == pytest.approx(result.daily.ratio * 4000 / 4100)
    without = YearPair(794, 1057, 365, 365)
    assert rise(without).per_officer is None


def test_a_leap_year_is_not_mistaken_for_a_rise():
    same_rate = rise(YearPair(y0=365, y1=366, days0=365, days1=366))
    assert same_rate.daily.ratio == pytest.approx(1)
    assert same_rate.difference.difference == pytest.approx(0, abs=1e-9)


def test_growth_against_the_rest_of_the_nation():
    relative = growth_against_rest(FIRST_RELEASE, REST)
    got = (relative.ratio, relative.lower, relative.upper)
    assert got == pytest.approx((1.135, 1.033, 1.246), abs=PRINTED)


def panel(ratios, base=1000):
    y0 = np.full(len(ratios), base)
    y1 = np.round(base * np.asarray(ratios)).astype(int)
    names = [f"force-{i}" for i in range(len(ratios))]
    return pd.DataFrame({"force": names, "y0": y0, "y1": y1, "days0": 365, "days1": 365})


def test_the_force_in_focus_does_not_widen_its_own_yardstick():
    frame = panel([1.0, 1.1, 1.2, 1.05, 1.15, 1.1, 3.0])
    alone = year_among_forces(frame, "force-6")
    others = year_among_forces(frame.iloc[:-1], None)
    assert alone.others.tau == pytest.approx(others.others.tau)
    assert alone.odd.z > 5
    assert alone.expected.upper < 1.5
    assert alone.growth.loc[6, "z"] == pytest.approx(alone.odd.z)


def test_a_force_left_out_gets_no_comparison_but_the_others_do():
    among = year_among_forces(panel([1.0, 1.1, 1.2, 1.3]), "kent")
    assert among.odd is None
    assert among.expected is None
    assert among.forces == 4


def test_a_force_given_twice_is_refused():
    twice = pd.concat([panel([1.0, 1.1, 1.2])] * 2)
    with pytest.raises(ValueError, match="stands twice"):
        year_among_forces(twice)
