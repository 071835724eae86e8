"""Severity split: reference values, equal forms, and coverage when forces wobble."""

import numpy as np
import pandas as pd
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.stats.severity import (
    SeverityContrast,
    against_the_rest,
    calibrate,
    coding_uptake,
    contrasts,
    focus_contrasts,
    influence,
    injury_shares,
    placebo_distribution,
    pooled_contrast,
    ratio_of_ratios,
    share_change,
    triple_difference,
)

FORMS_AGREE = 1e-10  # the forms are algebraically one; what is left is rounding in IRLS
PRINTED = 5e-4  # quoted to three decimals
FIRST_RELEASE = (166, 628, 198, 859)


def frame(rows):
    return pd.DataFrame(rows, columns=["force", "injury0", "no_injury0", "injury1", "no_injury1"])


def test_first_release_of_thames_valley_equals_the_reference_fit():
    own = ratio_of_ratios(*FIRST_RELEASE)
    # R glm(cbind(no, injury) ~ year, binomial)
    assert own.log_ratio == pytest.approx(0.1369495132, abs=1e-9)
    assert own.se == pytest.approx(0.1176057, abs=1e-7)
    assert (own.ratio, own.interval.lower, own.interval.upper) == pytest.approx(
        (1.147, 0.911, 1.444), abs=PRINTED
    )


def test_share_and_fisher_equal_r():
    change = share_change(*FIRST_RELEASE)
    # R fisher.test(matrix(c(859, 198, 628, 166), 2)) and prop.test(198, 1057, correct = FALSE)
    odds = (change.odds_ratio, change.odds_interval.lower, change.odds_interval.upper, change.p)
    assert odds == pytest.approx((1.146681672, 0.9040926067, 1.453300109, 0.2616782819), rel=1e-5)
    wilson = (change.after_interval.lower, change.after_interval.upper)
    assert wilson == pytest.approx((0.1649487139, 0.2119610076), rel=1e-9)
    low, high = change.difference_interval.lower, change.difference_interval.upper
    assert (change.difference, low, high) == pytest.approx((-0.022, -0.059, 0.015), abs=PRINTED)


def test_against_the_rest_of_the_first_release():
    own = ratio_of_ratios(*FIRST_RELEASE)
    rest = ratio_of_ratios(8181 - 166, 18114 - 628, 10399 - 198, 20578 - 859)
    both = against_the_rest(own, rest)
    assert (both.ratio, both.interval.lower, both.interval.upper) == pytest.approx(
        (1.294, 1.025, 1.634), abs=PRINTED
    )
    assert both.p == pytest.approx(0.030, abs=PRINTED)


@pytest.mark.parametrize(("wobble", "drift"), [(0.0, 0.0), (0.2, 0.0), (0.1, -0.1)])
def test_coverage_with_wobble_between_forces_and_a_common_drift(wobble, drift):
    """Forces differ by ``wobble``; ``drift`` is common to all and only the triple removes it."""
    rng = np.random.default_rng(17)
    runs, forces = 500, 40
    mean = np.array([170.0, 610.0, 200.0, 800.0])
    tau = rng.normal(0, wobble, (runs, forces)) + drift
    lam = np.broadcast_to(mean, (runs, forces, 4)).copy()
    lam[..., 3] = mean[3] * np.exp(tau)
    base = np.log(mean[3] / mean[1]) - np.log(mean[2] / mean[0])
    y = rng.poisson(lam)
    log_ratio = np.log(y[..., 3] / y[..., 1]) - np.log(y[..., 2] / y[..., 0]) - base
    variance = (1 / y).sum(axis=-1)
    hits = {"naive": 0, "calibrated": 0, "triple": 0}
    for run in range(runs):
        own = SeverityContrast("naive", log_ratio[run, 0], float(np.sqrt(variance[run, 0])))
        others = (log_ratio[run, 1:], variance[run, 1:])
        for result in (own, calibrate(own, *others), triple_difference(own, *others)):
            hits[result.method] += result.interval.contains(1.0)
    cover = {method: count / runs for method, count in hits.items()}
    # 500 runs have an error of .01; the band is the plan's .93 to .975 with one error to spare.
    assert 0.92 <= cover["triple"] <= 0.985
    if wobble == 0.2:
        # Normal theory: P(|Z| < 1.96 * .119 / .233) = .68.
        assert cover["naive"] < 0.75
        assert 0.92 <= cover["calibrated"] <= 0.985


def test_calibration_uses_the_others_only_and_loses_a_degree_of_freedom():
    own = ratio_of_ratios(*FIRST_RELEASE)
    log_ratio, variance = np.array([-0.3, 0.4, 0.1, 0.0, 0.2]), np.full(5, 0.01)
    wide = calibrate(own, log_ratio, variance)
    assert wide.log_ratio == own.log_ratio
    assert wide.df == 4
    # Equal variances: Paule-Mandel is the sample variance minus the sampling variance.
    assert wide.tau**2 == pytest.approx(log_ratio.var(ddof=1) - 0.01)
    triple = triple_difference(own, log_ratio, variance)
    assert triple.log_ratio == pytest.approx(own.log_ratio - log_ratio.mean())
    assert triple.se**2 == pytest.approx(own.se**2 + wide.tau**2 + log_ratio.var(ddof=1) / 5)


def test_one_large_force_is_named_by_its_influence_and_its_uptake():
    usual = [(f"f{i}", 100, 300, 110, 330) for i in range(6)]
    forces = frame([*usual, ("capital", 50, 900, 400, 900)])
    shifted = influence(forces)
    assert shifted.index[0] == "capital"
    assert shifted["ratio"]["capital"] == pytest.approx(1.0)
    assert pooled_contrast(forces).ratio < 0.8
    starts = pd.date_range("2017-04-01", periods=4, freq="QS")
    quarters = pd.DataFrame(
        [
            (name, start, injury, 80)
            for name, counts in (("capital", (5, 20, 40, 40)), ("f0", (40, 40, 40, 40)))
            for start, injury in zip(starts, counts, strict=True)
        ],
        columns=["force", "quarter_start", "n_injury", "n_no_injury"],
    )
    uptake = coding_uptake(quarters, list(starts))
    assert uptake.index[0] == "capital"
    assert uptake["z"]["f0"] == pytest.approx(0)
    shares = injury_shares(quarters, ["quarter_start"], without=["capital"])
    assert shares["share"].tolist() == pytest.approx([1 / 3] * 4)


def test_placebo_scores_and_positions():
    forces = frame([(f"f{i}", 100, 300, 100, 300 + 10 * i) for i in range(12)])
    placebo = placebo_distribution(forces)
    assert placebo.position("f11") == 1
    assert placebo.position("f0") == 12
    assert placebo.table["z"].is_monotonic_increasing
    assert focus_contrasts(forces, "f11")["triple"].log_ratio > 0


def test_zero_cells_are_left_out_of_panels_and_refused_for_the_focus():
    forces = frame([("kent", 0, 900, 70, 1000), *[(f"f{i}", 90, 300, 95, 310) for i in range(4)]])
    table, left_out = contrasts(forces)
    assert left_out == ("kent",)
    assert "kent" not in table.index
    with pytest.raises(Refusal, match=r"E122.*injury0 0"):
        focus_contrasts(forces, "kent")
    with pytest.raises(Refusal, match="E114"):
        focus_contrasts(forces.iloc[1:3], "f0")
