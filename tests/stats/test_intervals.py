"""Intervals of counts, proportions and rates against R, published values and known truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from officer_assaults.stats.intervals import (
    Interval,
    binomial_intervals,
    poisson_interval,
    poisson_intervals,
    weekly_rate,
    wilson,
)

# The R values are printed to ten digits.
R_PRINTED = 1e-8
PRINTED_1DP = 0.05

WHOLE_YEAR, QUARTER = 365, 92


@pytest.mark.parametrize(
    ("count", "days", "expected"),
    [
        (1057, WHOLE_YEAR, (20.27123288, 19.06744261, 21.53110589)),
    ],
)
def test_weekly_rate_equals_r_poisson_test(count, days, expected):
    week = weekly_rate(count, days)
    assert (week.rate, week.lower, week.upper) == pytest.approx(expected, rel=R_PRINTED)


@pytest.mark.parametrize(
    ("count", "days", "expected"),
    [
        (1057, WHOLE_YEAR, (20.3, 19.1, 21.5)),
        (794, WHOLE_YEAR, (15.2, 14.2, 16.3)),
        (182, QUARTER, (13.8, 11.9, 16.0)),
    ],
)
def test_weekly_rates_as_printed(count, days, expected):
    week = weekly_rate(count, days)
    assert (week.rate, week.lower, week.upper) == pytest.approx(expected, abs=PRINTED_1DP)


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    [
        (198, 1057, (0.1649487139, 0.2119610076)),
        (72, 182, (0.3274271566, 0.4680974790)),
    ],
)
def test_wilson_equals_r_prop_test(successes, trials, expected):
    limits = wilson(successes, trials)
    assert (limits.lower, limits.upper) == pytest.approx(expected, rel=R_PRINTED)


def test_wilson_limits_of_a_lower_bound_count():
    assert (wilson(51, 182).lower, wilson(51, 182).upper) == pytest.approx((0.220, 0.349), abs=5e-4)


def test_clopper_pearson_equals_published_table():
    # Newcombe (1998), Stat Med 17:857, table I, method 5 (exact): 81/263, 15/148, 0/20, 1/29.
    published = {
        (81, 263): (0.2527, 0.3676),
        (15, 148): (0.0578, 0.1617),
        (0, 20): (0.0000, 0.1684),
        (1, 29): (0.0009, 0.1776),
    }
    for (k, n), expected in published.items():
        limits = binomial_intervals([k], [n], method="exact").at(0)
        assert (limits.lower, limits.upper) == pytest.approx(expected, abs=5e-5)


def test_mid_p_equals_published_table():
    # The same table, method 6 (mid-p); the score method 3 is checked on the same rows.
    mid = binomial_intervals([81, 15, 0, 1], [263, 148, 20, 29], method="mid-p")
    assert mid.lower == pytest.approx([0.2544, 0.0601, 0.0, 0.0017], abs=5e-5)
    assert mid.upper == pytest.approx([0.3658, 0.1581, 0.1391, 0.1585], abs=5e-5)
    score = binomial_intervals([81, 15, 0, 1], [263, 148, 20, 29], method="wilson")
    assert score.lower == pytest.approx([0.2553, 0.0624, 0.0, 0.0061], abs=5e-5)
    assert score.upper == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=5e-5)


@pytest.mark.parametrize("count", [0, 1, 5, 50, 2000])
def test_mid_p_limits_put_half_alpha_in_each_tail(count):
    limits = poisson_interval(count, method="mid-p")
    low = stats.poisson.cdf(count, limits.upper) - 0.5 * stats.poisson.pmf(count, limits.upper)
    assert low == pytest.approx(0.025, rel=1e-9)
    if count:
        high = stats.poisson.sf(count, limits.lower) + 0.5 * stats.poisson.pmf(count, limits.lower)
        assert high == pytest.approx(0.025, rel=1e-9)
    else:
        assert limits.lower == 0


def test_exact_limits_of_zero_are_the_rule_of_three():
    assert poisson_interval(0).lower == 0
    assert poisson_interval(0).upper == pytest.approx(-np.log(0.025))
    assert poisson_interval(0, method="mid-p").upper == pytest.approx(-np.log(0.05))


def coverage(mean, method):
    """Probability that the interval of a Poisson count holds its mean, summed over counts."""
    counts = np.arange(int(mean + 12 * np.sqrt(mean) + 20))
    limits = poisson_intervals(counts, method=method)
    inside = (limits.lower <= mean) & (mean <= limits.upper)
    return stats.poisson.pmf(counts[inside], mean).sum()


def test_exact_interval_never_covers_less_and_mid_p_covers_on_average():
    means = np.geomspace(5, 2000, 60)
    exact = np.array([coverage(mean, "exact") for mean in means])
    mid_p = np.array([coverage(mean, "mid-p") for mean in means])
    assert exact.min() >= 0.95
    assert mid_p.mean() == pytest.approx(0.95, abs=0.005)
    # A single small mean may fall short: 0.928 at 5, which is why exact is the default.
    assert mid_p.min() > 0.92


@given(st.integers(0, 100_000), st.sampled_from(["exact", "mid-p"]), st.floats(0.001, 0.5))
def test_interval_holds_the_estimate(count, method, alpha):
    assert poisson_interval(count, alpha, method=method).contains(count)


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from(["exact", "mid-p", "wilson"]))
def test_proportion_interval_holds_the_estimate_and_mirrors(successes, more, method):
    trials = successes + more
    one = binomial_intervals([successes], [trials], method=method).at(0)
    other = binomial_intervals([trials - successes], [trials], method=method).at(0)
    assert one.contains(successes / trials)
    assert (one.lower, one.upper) == pytest.approx((1 - other.upper, 1 - other.lower), abs=1e-9)


@pytest.mark.parametrize("bad", [-1, 2.5, float("nan"), float("inf"), "12", "1,057", None, True])
def test_no_count_is_refused(bad):
    with pytest.raises(ValueError, match="whole number of 0 or more"):
        poisson_interval(bad)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: poisson_interval(5, exposure=0), "exposure must be a number above 0, not 0"),
        (lambda: poisson_interval(5, alpha=1.0), "alpha must lie between 0 and 1"),
        (lambda: poisson_interval(5, method="wald"), "method must be one of exact, mid-p"),
        (lambda: wilson(5, 0), "5 successes of 0 trials"),
        (lambda: binomial_intervals([6], [5]), "6 successes of 5 trials"),
        (lambda: binomial_intervals([1], [2], method="wald"), "exact, mid-p, wilson"),
        (lambda: Interval(2.0, 1.0), "no interval"),
        (lambda: Interval(1.0, float("nan")), "no interval"),
        (lambda: Interval(1.0, 2.0).scaled(-1), "above 0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
