"""Ratios of rates against R, the published counts of the case, and simulations of known truth."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import rates

from officer_assaults.stats.rate_ratio import (
    RateRatio,
    exact_rate_ratio,
    log_ratios,
    overdispersed_rate_ratio,
    overdispersion_grid,
    part_of_whole,
    rate_difference,
    rate_ratio_table,
    tipping_phi,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "golden_R.json").read_text())
# R's values are printed to ten digits.
R_PRINTED = 1e-8
# R's fisher.test stops its search for the estimate early; at the value here the conditional mean
# of the count equals the count to 1e-12, at R's it is off by 2e-4.
R_FISHER = 1e-5
PRINTED_3DP = 5e-4

# Thames Valley and England and Wales as first released: with injury, without.
TVP_INJURY, TVP_NO_INJURY = (198, 166), (859, 628)
TVP = (1057, 794)
NATION_INJURY, NATION_NO_INJURY = (10_399, 8_181), (20_578, 18_114)
NATION = (30_977, 26_295)

counts = st.integers(0, 3000)
positive = st.integers(1, 3000)
exposures = st.floats(0.01, 1e6)


def ratio_of(pair, **options):
    return exact_rate_ratio(pair[0], 1, pair[1], 1, **options)


def test_published_counts_add_up():
    assert tuple(map(sum, zip(TVP_INJURY, TVP_NO_INJURY, strict=True))) == TVP
    assert tuple(map(sum, zip(NATION_INJURY, NATION_NO_INJURY, strict=True))) == NATION
    assert TVP[0] - TVP[1] == 263
    assert ratio_of(TVP).percent_change == pytest.approx(33.1, abs=0.05)
    assert exact_rate_ratio(1038, 1, 785, 1).percent_change == pytest.approx(32.2, abs=0.05)
    assert TVP_INJURY[0] / TVP[0] == pytest.approx(0.1873, abs=5e-5)
    assert TVP_INJURY[1] / TVP[1] == pytest.approx(0.2091, abs=5e-5)


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        (TVP, (1.331234257, 1.213015744, 1.461428931, 1.062703643e-09)),
        (TVP_INJURY, (1.192771084, 0.9655474453, 1.474975142, 0.1040662705)),
        (TVP_NO_INJURY, (1.367834395, 1.232636984, 1.518509660, None)),
    ],
)
def test_exact_ratio_equals_r_poisson_test(pair, expected):
    result = ratio_of(pair)
    assert (result.ratio, result.lower, result.upper) == pytest.approx(expected[:3], rel=R_PRINTED)
    if expected[3] is not None:
        assert result.p == pytest.approx(expected[3], rel=R_PRINTED)


def test_exact_ratio_equals_the_golden_file():
    result = ratio_of(TVP)
    got = [result.ratio, result.lower, result.upper, result.p]
    assert got == pytest.approx(GOLDEN["poisson_test"]["total"], rel=R_PRINTED)


def test_statsmodels_default_interval_is_score_not_exact():
    score = rates.confint_poisson_2indep(TVP[0], 1, TVP[1], 1)
    assert score == pytest.approx((1.214, 1.460), abs=PRINTED_3DP)
    exact = ratio_of(TVP)
    assert (exact.lower, exact.upper) == pytest.approx((1.213, 1.461), abs=PRINTED_3DP)
    assert abs(score[0] - exact.lower) > PRINTED_3DP
    p = rates.test_poisson_2indep(TVP[0], 1, TVP[1], 1, method="exact-cond").pvalue
    assert p == pytest.approx(exact.p, rel=1e-12)


def test_quarter_within_its_year_equals_r_binom_test():
    assert part_of_whole(182, 794, 92, 365).p == pytest.approx(0.1413615142, rel=R_PRINTED)


def test_difference_of_counts():
    got = rate_difference(TVP[0], 1, TVP[1], 1)
    assert (got.value, got.lower, got.upper) == pytest.approx((263, 179, 347), abs=0.5)


def test_difference_by_mover_is_the_closed_form_on_score_limits():
    z = stats.norm.isf(0.025)

    def score(y, phi):
        half = z * np.sqrt(phi * y + (phi * z) ** 2 / 4)
        return y + phi * z**2 / 2 - half, y + phi * z**2 / 2 + half

    for y1, y0, phi in ((12, 3, 1.0), (0, 4, 2.0), (0, 0, 1.5)):
        (l1, u1), (l0, u0) = score(y1, phi), score(y0, phi)
        got = rate_difference(y1, 1, y0, 1, phi=phi, method="mover")
        assert got.lower == pytest.approx(y1 - y0 - np.hypot(y1 - l1, u0 - y0), abs=1e-9)
        assert got.upper == pytest.approx(y1 - y0 + np.hypot(u1 - y1, y0 - l0), abs=1e-9)


def test_dispersion_widens_as_stated_and_tips_at_9_7():
    grid = overdispersion_grid(TVP[0], 1, TVP[1], 1, phis=(1.0, 1.5, 9.6, 9.7)).set_index("phi")
    assert grid.loc[1.5, ["lower", "upper"]].tolist() == pytest.approx([1.19, 1.49], abs=5e-3)
    assert grid.loc[9.6, "lower"] > 1 > grid.loc[9.7, "lower"]
    assert tipping_phi(TVP[0], 1, TVP[1], 1) == pytest.approx(9.7, abs=0.05)


def test_interval_reaches_one_exactly_at_the_tipping_points():
    y1, y0 = TVP
    phi = tipping_phi(y1, 365, y0, 365)
    assert overdispersed_rate_ratio(y1, 365, y0, 365, phi=phi).lower == pytest.approx(1, rel=1e-12)
    tau = np.sqrt((phi - 2.2) * (1 / y1 + 1 / y0))
    at = overdispersed_rate_ratio(y1, 365, y0, 365, phi=2.2, tau=tau)
    assert at.lower == pytest.approx(1, rel=1e-12)
    assert at.p == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(
    ("y1", "y0", "ratio", "lower", "upper"),
    [(0, 5, 0.0, 0.0, 1.0912791), (5, 0, np.inf, 1 / 1.0912791, np.inf), (0, 0, np.nan, 0, np.inf)],
)
def test_zero_counts_have_open_limits(y1, y0, ratio, lower, upper):
    # Upper limit for 0 against 5: p/(1-p) with p = 1 - 0.025 ** (1/5).
    result = exact_rate_ratio(y1, 1, y0, 1)
    assert result.ratio == pytest.approx(ratio, nan_ok=True)
    assert (result.lower, result.upper) == pytest.approx((lower, upper), rel=1e-6)
    wide = overdispersed_rate_ratio(y1, 1, y0, 1, phi=2)
    assert (wide.lower, wide.upper) == (0, np.inf)
    assert np.isnan(wide.p)
    assert tipping_phi(y1, 1, y0, 1) == 0


def test_mid_p_p_value_and_interval_agree():
    # At the mid-p limit the smaller mid-p tail is alpha / 2, so p is alpha.
    base = exact_rate_ratio(60, 1, 40, 1, method="mid-p")
    at_limit = exact_rate_ratio(60, base.lower, 40, 1, method="mid-p")
    assert at_limit.p == pytest.approx(0.05, rel=1e-9)


@given(counts, exposures, counts, exposures, st.sampled_from(["exact", "mid-p"]))
def test_swapping_periods_inverts_the_ratio(y1, e1, y0, e0, method):
    assume(y0 + y1 > 0)
    one = exact_rate_ratio(y1, e1, y0, e0, method=method)
    other = exact_rate_ratio(y0, e0, y1, e1, method=method)
    with np.errstate(divide="ignore"):
        swapped = np.divide(1.0, [other.ratio, other.upper, other.lower])
    assert [one.ratio, one.lower, one.upper] == pytest.approx(list(swapped), rel=1e-6)
    assert one.p == pytest.approx(other.p, rel=1e-6, abs=1e-12)


@given(counts, exposures, counts, exposures, st.floats(1e-3, 1e3))
def test_the_unit_of_exposure_does_not_matter(y1, e1, y0, e0, unit):
    assume(y0 + y1 > 0)
    one = exact_rate_ratio(y1, e1, y0, e0)
    other = exact_rate_ratio(y1, e1 * unit, y0, e0 * unit)
    assert (one.lower, one.upper) == pytest.approx((other.lower, other.upper), rel=1e-9)


@given(positive, exposures, positive, exposures, st.floats(1, 50), st.floats(0, 1))
def test_intervals_hold_the_ratio_and_widen_with_dispersion(y1, e1, y0, e0, phi, tau):
    exact = exact_rate_ratio(y1, e1, y0, e0)
    plain = overdispersed_rate_ratio(y1, e1, y0, e0)
    wide = overdispersed_rate_ratio(y1, e1, y0, e0, phi=phi, tau=tau)
    for result in (exact, plain, wide):
        assert result.lower <= result.ratio <= result.upper
    assert wide.lower <= plain.lower * (1 + 1e-12)
    assert wide.upper >= plain.upper * (1 - 1e-12)


def test_table_and_log_ratios_equal_single_results():
    y1, y0, days = [1057, 198, 0], [794, 166, 3], 365
    table = rate_ratio_table(y1, days, y0, days)
    single = [exact_rate_ratio(a, days, b, days) for a, b in zip(y1, y0, strict=True)]
    for name in ("ratio", "lower", "upper"):
        assert table[name].tolist() == [getattr(result, name) for result in single]
    estimate, variance = log_ratios(y1[:2], days, y0[:2], days, phi=[1.0, 2.0])
    assert estimate == pytest.approx(np.log([1057 / 794, 198 / 166]))
    assert variance == pytest.approx([1 / 1057 + 1 / 794, 2 / 198 + 2 / 166])
    with pytest.raises(ValueError, match=r"leave out rows \[2\]"):
        log_ratios(y1, days, y0, days)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact_rate_ratio(-1, 1, 5, 1), "count of period 1 must be a whole number"),
        (lambda: exact_rate_ratio(1, 1, 5.5, 1), "count of period 0 .* not 5.5"),
        (lambda: exact_rate_ratio(1, 0, 5, 1), "exposure of period 1 .* not 0"),
        (lambda: exact_rate_ratio(1, 1, 5, float("nan")), "exposure of period 0 .* not nan"),
        (lambda: exact_rate_ratio(1, 1, 5, 1, method="score"), "method must be one of"),
        (lambda: overdispersed_rate_ratio(1, 1, 5, 1, phi=0.9), "phi must be 1 or more"),
        (lambda: overdispersed_rate_ratio(1, 1, 5, 1, tau=-0.1), "tau must be 0 or more"),
        (lambda: rate_difference(0, 1, 0, 1), "use method='mover'"),
        (lambda: rate_difference(1, 1, 0, 1, method="score"), "method must be one of"),
        (lambda: part_of_whole(10, 9, 1, 2), "no part of"),
        (lambda: part_of_whole(5, 9, 2, 2), "no part of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_results_cannot_be_changed():
    result = ratio_of(TVP)
    assert isinstance(result, RateRatio)
    with pytest.raises(AttributeError):
        result.ratio = 2.0
