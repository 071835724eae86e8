"""Probabilistic bias analysis and the joint severity model."""

from __future__ import annotations

import numpy as np
import pytest

from officer_assaults.refusals import Refusal
from officer_assaults.stats.severity import ratio_of_ratios
from officer_assaults.topics.recording.model.bias import (
    BiasPriors,
    SeverityCounts,
    bias_analysis,
    standard_priors,
    tornado,
)
from officer_assaults.topics.recording.model.joint import JointPriors, joint_severity_posterior

TVP = SeverityCounts(166, 628, 198, 859)
# The design's own draws and these differ by Monte-Carlo error: about .004 in the median and .02
# in the tails at 100,000 draws; published values are rounded to .01.
MEDIAN, TAIL, PROBABILITY = 0.02, 0.04, 0.01


@pytest.mark.parametrize(
    ("which", "median", "lower", "upper", "above_half", "below_zero"),
    [
        (0, 0.38, -0.27, 1.12, 0.37, 0.12),
        (1, 0.38, -0.56, 1.39, 0.40, 0.21),
        (2, 0.39, -1.56, 2.21, 0.45, 0.34),
        (3, 0.73, -1.21, 2.65, 0.60, 0.22),
    ],
)
def test_shares_under_the_stated_priors(which, median, lower, upper, above_half, below_zero):
    found = bias_analysis(TVP, standard_priors(0.30)[which], seed=20180401)
    assert found.median == pytest.approx(median, abs=MEDIAN)
    assert (found.interval.lower, found.interval.upper) == pytest.approx((lower, upper), abs=TAIL)
    assert (found.above_half, found.below_zero) == pytest.approx(
        (above_half, below_zero), abs=PROBABILITY
    )


def test_a_perfect_anchor_is_the_severity_contrast_by_another_name():
    found = bias_analysis(TVP, BiasPriors("perfect"), seed=1)
    anchor = 1 - np.log(198 / 166) / np.log(1057 / 794)
    assert found.median == pytest.approx(anchor, abs=0.01)
    assert found.recording_ratio == pytest.approx((1057 / 794) / (198 / 166), rel=0.01)
    # The anchor is right where the contrast is: assaults without injury grew faster.
    assert (found.recording_ratio > 1) == (ratio_of_ratios(166, 628, 198, 859).ratio > 1)


def test_known_recording_change_is_recovered():
    # True growth 10 %; injury recording fixed at .9, no-injury recording .50 to .60.
    true_injury, true_minor = np.array([20_000, 22_000]), np.array([80_000, 88_000])
    injury, minor = true_injury * 0.9, true_minor * np.array([0.5, 0.6])
    counts = SeverityCounts(*np.round([injury[0], minor[0], injury[1], minor[1]]).astype(int))
    found = bias_analysis(counts, BiasPriors("perfect"), seed=2)
    recorded = (injury.sum(), minor.sum())
    overall = (injury[1] + minor[1]) / (injury[0] + minor[0]) / 1.1
    assert found.recording_ratio == pytest.approx(overall, rel=0.005), recorded


def test_wider_priors_never_narrow_the_answer():
    widths = [
        bias_analysis(TVP, BiasPriors("mix", mix_sd=sd), seed=3).interval for sd in (0.0, 0.1, 0.3)
    ]
    spans = [limits.upper - limits.lower for limits in widths]
    assert spans == sorted(spans)


def test_tornado_orders_sources_and_keeps_their_centre():
    table = tornado(TVP, standard_priors(0.30)[3])
    width = (table["high_share"] - table["low_share"]).abs()
    assert list(width) == sorted(width, reverse=True)
    assert table["source"].iloc[0] == "mix"
    assert set(table["source"]) == {"mix", "anchor", "uptake", "counting"}
    inside = table[["low_share", "high_share"]].min(axis=1) <= table["centre"]
    assert inside.all()


def test_a_leap_day_is_no_rise():
    even = bias_analysis(SeverityCounts(3650, 36500, 3660, 36600, 366 / 365), BiasPriors("p"), 1)
    assert even.recording_ratio == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("cells", [(0, 5, 5, 5), (5, 5, 0, 5)])
def test_an_empty_cell_is_refused(cells):
    for fitted in (
        lambda counts: bias_analysis(counts, BiasPriors("p"), 1),
        lambda counts: tornado(counts, BiasPriors("p", mix_sd=0.1)),
        lambda counts: joint_severity_posterior(counts, JointPriors(), 1),
    ):
        with pytest.raises(Refusal) as refusal:
            fitted(SeverityCounts(*cells))
        assert refusal.value.codes == ("E122",)


def test_joint_model_gives_back_the_prior_of_the_level():
    found = joint_severity_posterior(TVP, JointPriors(), seed=4)
    assert 0.30 <= found.share <= 0.38
    limits = (found.share_interval.lower, found.share_interval.upper)
    assert limits == pytest.approx((-0.4, 1.2), abs=0.15)  # published as "about"
    level = found.table.loc["recording before"]
    assert (level["lower"], level["upper"]) == pytest.approx((0.35, 0.86), abs=0.03)
    assert level["contraction"] < 0.3
    assert level["label"] == "set by the prior"
    assert found.table.loc["log real growth", "label"] == "moved by the counts"
    assert found.effective_draws > 1000
