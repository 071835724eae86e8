"""Funnel limits against exact tails and outliers; false alarms are in the validation study."""

import numpy as np
import pytest
from scipy import stats

from officer_assaults.refusals import Refusal
from officer_assaults.stats.funnel import exact_limits, funnel_curves, funnel_loo, proportion_funnel
from officer_assaults.stats.heterogeneity import (
    predictive_comparison,
    predictive_comparisons,
    robust_scores,
)

UNITS = 43
RATE = 0.25


def exposures(seed=1):
    """Officer-years from 700 to 30,000, as uneven as the real ones."""
    return np.exp(np.random.default_rng(seed).normal(7.8, 0.7, UNITS)).clip(700, 30_000)


def panels(tau, seed, panels):
    rng = np.random.default_rng(seed)
    e = exposures()
    y = rng.poisson(RATE * e * np.exp(rng.normal(0, tau, (panels, UNITS))))
    return np.maximum(y, 1), e


def test_funnel_scores_are_the_leave_one_out_comparison():
    y, e = panels(0.3, seed=5, panels=1)
    names = [f"u{i}" for i in range(UNITS)]
    funnel = funnel_loo(y[0], e, names)
    one = predictive_comparison(np.log(y[0] / e), 1 / y[0], 7)
    assert funnel.table["z"]["u7"] == pytest.approx(one.z)
    assert funnel.df == one.df == UNITS - 2


def test_an_outlier_of_four_deviations_is_found():
    y, e = panels(0.2, seed=3, panels=200)
    y[:, 5] = np.round(RATE * e[5] * np.exp(4 * 0.2))
    found = [predictive_comparison(np.log(row / e), 1 / row, 5).p < 0.002 for row in y]
    # The design's own study found 92 to 96 %; 200 panels have an error of 2 points.
    assert np.mean(found) > 0.86


def contaminated(odd, tau, runs, seed=2026):
    """Log rates of 40 forces, the first ``odd`` of each run at double or half their rate."""
    rng = np.random.default_rng(seed)
    size = 40
    theta = rng.normal(0, tau, (runs, size))
    theta[:, :odd] += rng.choice([-1, 1], (runs, odd)) * np.log(2)
    e = rng.permuted(np.tile(exposures()[:size], (runs, 1)), axis=1)
    y = np.maximum(rng.poisson(RATE * e * np.exp(theta)), 1)
    return np.log(y / e), 1 / y


@pytest.mark.parametrize(("odd", "tau"), [(0, 0.15), (0, 0.3), (4, 0.15)])
def test_the_robust_score_finds_four_of_forty_and_keeps_its_false_alarms(odd, tau):
    y, v = contaminated(odd, tau, runs=3000)
    flagged = robust_scores(y, v)[1] < 0.002
    # 108,000 or more judgements: the error of a false-alarm rate of .002 is .00014 or less.
    assert 0.0005 <= flagged[:, odd:].mean() <= 0.004
    if odd:
        # 12,000 chances: error .0036.
        assert flagged[:, :odd].mean() >= 0.80
        alone = predictive_comparisons(y, v).p < 0.002
        assert alone[:, :odd].mean() < 0.4


def test_eight_odd_forces_of_forty_do_not_hide_each_other():
    y, v = contaminated(8, 0.15, runs=1000)
    assert (robust_scores(y, v)[1] < 0.002)[:, :8].mean() > 0.6
    assert (predictive_comparisons(y, v).p < 0.002)[:, :8].mean() < 0.05


def test_without_spread_or_odd_units_the_robust_score_is_the_plain_one():
    e = np.full(30, 1000.0)
    y = np.full(30, 250.0)
    z, _, tau, kept = robust_scores(np.log(y / e), 1 / y)
    assert tau == 0
    assert z == pytest.approx(np.zeros(30))
    assert kept.all()


@pytest.mark.parametrize(("scale", "benchmark"), [("log", 0.25), ("logit", 0.6)])
def test_exact_limits_leave_the_stated_tails(scale, benchmark):
    e = np.array([80.0, 400.0, 5000.0])
    lower, upper = exact_limits(scale, e, benchmark, 0.95)
    for k in range(3):
        law = stats.poisson(e[k] * benchmark) if scale == "log" else stats.binom(e[k], benchmark)
        low, high = lower[k] * e[k], upper[k] * e[k]
        # An interpolated quantile lies between the whole counts on either side of its tail.
        assert law.cdf(np.floor(low)) <= 0.025 <= law.cdf(np.ceil(low))
        assert law.cdf(np.floor(high)) <= 0.975 <= law.cdf(np.ceil(high))


def test_curves_narrow_to_the_spread_and_enclose_the_benchmark():
    y, e = panels(0.3, seed=2, panels=1)
    funnel = funnel_loo(y[0], e, [str(i) for i in range(UNITS)])
    curves = funnel_curves(funnel).query("level == 0.998")
    width = np.log(curves["spread_upper"] / curves["spread_lower"]).to_numpy()
    assert np.all(np.diff(width) < 0)
    # However large a force, the ordinary spread between forces remains.
    assert width[-1] > 2 * stats.t.isf(0.001, funnel.df) * funnel.tau
    assert (curves["exact_lower"] < funnel.pooled).all()


@pytest.mark.parametrize("tau", [0.0, 0.3])
def test_proportion_funnel_stays_quiet_in_control(tau):
    rng = np.random.default_rng(8)
    n = rng.integers(60, 2500, UNITS)
    flagged = []
    for _ in range(150):
        p = 1 / (1 + np.exp(-(0.8 + rng.normal(0, tau, UNITS))))
        table = proportion_funnel(rng.binomial(n, p), n, [str(i) for i in range(UNITS)]).table
        flagged.append(table["outside_95"].mean())
    # 6,450 judgements at .05: error .003; at tau = 0 the estimate of tau errs to the safe side.
    assert 0.02 < np.mean(flagged) < 0.06


def test_a_unit_without_events_is_refused_by_name():
    with pytest.raises(Refusal, match=r"E122.*gloucestershire") as refused:
        funnel_loo([5, 0, 9, 4], [1.0, 1.0, 1.0, 1.0], ["kent", "gloucestershire", "sussex", "x"])
    assert refused.value.codes == ("E122",)
    with pytest.raises(Refusal, match="E114"):
        funnel_loo([5, 6, 7], [1.0, 1.0, 1.0], ["a", "b", "c"])
