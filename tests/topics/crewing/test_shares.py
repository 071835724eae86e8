"""E-values, bounds and shares, against published and closed-form values."""

import pytest

from officer_assaults.stats.evalue import bounding_factor, e_value
from officer_assaults.stats.shares import (
    mechanical_benchmark,
    misclassified_ratios,
    officer_hour_share,
    ratio_from_shares,
    survey_bounds,
    victims_share_for,
)


@pytest.mark.parametrize(
    ("ratio", "strength"),
    # 3.9 is the worked example of VanderWeele and Ding (2017), Annals of Internal Medicine.
    [(3.9, 7.2630), (1.40, 2.1483), (1.10, 1.4317), (1.0, 1.0), (1 / 3.9, 7.2630)],
)
def test_e_value(ratio, strength):
    assert e_value(ratio)[0] == pytest.approx(strength, abs=5e-5)


@pytest.mark.parametrize(
    ("limits", "nearer"),
    [((1.8, 8.7), 1.8), ((0.9, 2.0), 1.0), ((0.2, 0.5), 0.5), ((1.0, 2.0), 1.0)],
)
def test_the_limit_nearer_to_one_counts(limits, nearer):
    assert e_value(1.3, *limits)[1] == e_value(nearer)[0]


def test_e_value_needs_ratios():
    with pytest.raises(ValueError, match="above 0"):
        e_value(0)
    with pytest.raises(ValueError, match="above 0"):
        e_value(1.2, -1, 2)


def test_bounding_factor():
    assert bounding_factor(3, 2) == 1.5
    assert bounding_factor(1, 5) == 1
    # A danger as strong as the E-value on both sides moves the ratio just to 1.
    assert bounding_factor(e_value(1.4)[0], e_value(1.4)[0]) == pytest.approx(1.4)
    with pytest.raises(ValueError, match="at least 1"):
        bounding_factor(0.5, 2)


def test_shares_of_unit_and_officer_hours():
    hours = officer_hour_share(0.73)
    assert hours == pytest.approx(0.5748, abs=5e-5)
    for ratio, share in ((1, 0.575), (1.4, 0.654), (2, 0.730)):
        assert victims_share_for(ratio, hours) == pytest.approx(share, abs=5e-4)
        assert ratio_from_shares(victims_share_for(ratio, hours), hours) == pytest.approx(ratio)


def test_wrong_crew_types_shift_hours_and_victims_as_counted():
    """Every hour and victim counted in its place, at a true ratio of 1.5."""
    single, double, ratio, wrong = 40.0, 60.0, 1.5, 0.1
    moved_up, moved_down = wrong * double, wrong * single
    shown = misclassified_ratios(ratio, single / (single + double), wrong)
    hours = single - moved_down + moved_up, double - moved_up + moved_down
    victims = ratio * (single - moved_down) + moved_up, double - moved_up + ratio * moved_down
    assert shown["both_sides"] == pytest.approx(victims[0] / hours[0] / (victims[1] / hours[1]))
    assert shown["hours_alone"] == pytest.approx(ratio * single / hours[0] / (double / hours[1]))
    # Parted crews patrol alone and are booked so, but their hours stand as planned.
    alone, together = ratio * (single + moved_up), double - moved_up
    assert shown["planned_hours"] == pytest.approx(alone / single / (together / double))


def test_the_survey_alone_leaves_the_sign_open():
    hours, ratio = survey_bounds(0.73, 0.70)
    assert (hours.lower, hours.upper) == pytest.approx((0.365, 0.865))
    assert (ratio.lower, ratio.upper) == pytest.approx((0.364, 4.06), abs=0.005)


def test_the_benchmark_needs_one_or_two_victims():
    assert mechanical_benchmark(1.25) == 1.6
    for victims in (0.9, 2.1):
        with pytest.raises(ValueError, match="1 to 2"):
            mechanical_benchmark(victims)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_no_share_outside_nought_and_one(share):
    with pytest.raises(ValueError, match="no share"):
        officer_hour_share(share)
