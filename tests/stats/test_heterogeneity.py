"""Heterogeneity against R metafor, published meta-analyses, and simulations of known truth."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from officer_assaults.stats.heterogeneity import (
    dersimonian_laird,
    leave_one_out,
    paule_mandel,
    predictive_comparison,
    predictive_comparisons,
    reml,
    tau2_interval,
)

FOLDER = Path(__file__).parents[1] / "golden"
DATA = Path(__file__).parents[2] / "data" / "reference"
GOLDEN = json.loads((FOLDER / "golden_R.json").read_text())
METHODS = {"DL": dersimonian_laird, "PM": paule_mandel, "REML": reml}
# DL and PM are solved to ten printed digits; metafor's scoring for REML stops at 1e-10 absolute,
# which is 1e-6 of a tau2 of 0.01.
R_PRINTED = {"DL": 1e-8, "PM": 1e-8, "REML": 2e-6}
PRINTED_4DP = 5e-5


@pytest.fixture(scope="module")
def ror():
    return pd.read_csv(DATA / "log-ratios.csv")


def bcg(measure):
    """Log ratios of the BCG trials and their variances."""
    t = pd.read_csv(DATA / "bcg-trials.csv")
    if measure == "odds":
        y = np.log(t.tpos / t.tneg / (t.cpos / t.cneg))
        return y, 1 / t.tpos + 1 / t.tneg + 1 / t.cpos + 1 / t.cneg
    n1, n0 = t.tpos + t.tneg, t.cpos + t.cneg
    return np.log(t.tpos / n1 / (t.cpos / n0)), 1 / t.tpos - 1 / n1 + 1 / t.cpos - 1 / n0


@pytest.mark.parametrize("method", METHODS)
def test_estimators_equal_r_metafor(ror, method):
    result = METHODS[method](ror["yi"], ror["vi"])
    for name, expected in GOLDEN[f"tau2_{method}"].items():
        assert getattr(result, name) == pytest.approx(expected, rel=R_PRINTED[method])


def test_published_meta_analysis_of_risk_ratios():
    # metafor's documentation of dat.bcg: REML, its Q test, the interval of tau2, and DL.
    y, v = bcg("risk")
    fitted = reml(y, v)
    assert (fitted.mu, fitted.se, fitted.tau2) == pytest.approx(
        (-0.7145, 0.1798, 0.3132), abs=PRINTED_4DP
    )
    assert fitted.q == pytest.approx(152.2330, abs=PRINTED_4DP)
    assert fitted.q_p < 1e-4
    limits = tau2_interval(y, v)
    assert (limits.lower, limits.upper) == pytest.approx((0.1197, 1.1115), abs=PRINTED_4DP)
    moment = dersimonian_laird(y, v)
    assert (moment.mu, moment.interval().lower, moment.interval().upper) == pytest.approx(
        (-0.7141, -1.0644, -0.3638), abs=PRINTED_4DP
    )


def test_published_interval_of_tau2_for_odds_ratios():
    # metafor's analysis page of van Houwelingen and others (2002).
    # Its root finder stops at a tolerance of 1.2e-4.
    limits = tau2_interval(*bcg("odds"))
    assert (limits.lower, limits.upper) == pytest.approx((0.1302, 1.1812), abs=1.2e-4)


def test_prediction_interval_is_t_with_k_minus_one():
    y, v = bcg("risk")
    fitted = paule_mandel(y, v)
    half = stats.t.isf(0.025, 12) * np.hypot(fitted.tau, fitted.se)
    got = fitted.prediction_interval()
    assert (got.lower, got.upper) == pytest.approx((fitted.mu - half, fitted.mu + half))


def generalised_q(y, v, tau2):
    w = 1 / (v + tau2)
    return float(w @ (y - np.average(y, weights=w)) ** 2)


estimates = arrays(float, st.integers(3, 30), elements=st.floats(-3, 3, width=32))


@given(estimates, st.integers(0, 2**32 - 1))
def test_paule_mandel_solves_its_equation(y, seed):
    v = np.random.default_rng(seed).uniform(0.001, 2, len(y))
    fitted = paule_mandel(y, v)
    assert fitted.tau2 >= 0
    q = generalised_q(y, v, fitted.tau2)
    if fitted.tau2 == 0:
        assert q <= len(y) - 1 + 1e-9
    else:
        assert q == pytest.approx(len(y) - 1, rel=1e-8)


@given(estimates, st.floats(-5, 5), st.floats(0.1, 10), st.integers(0, 2**32 - 1))
def test_paule_mandel_follows_shift_and_scale(y, shift, scale, seed):
    v = np.random.default_rng(seed).uniform(0.01, 1, len(y))
    one, other = paule_mandel(y, v), paule_mandel(scale * y + shift, scale**2 * v)
    assert other.tau2 == pytest.approx(scale**2 * one.tau2, rel=1e-6, abs=1e-9)
    assert other.mu == pytest.approx(scale * one.mu + shift, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_equal_variances_give_the_excess_of_the_sample_variance(method):
    # With equal variances all three estimators are the sample variance less v, not below 0.
    y = np.array([0.1, 0.4, -0.3, 0.9, 0.2])
    for v, expected in ((0.05, y.var(ddof=1) - 0.05), (1.0, 0.0)):
        assert METHODS[method](y, np.full(5, v)).tau2 == pytest.approx(expected, abs=1e-12)


def test_variances_of_very_different_size_are_solved():
    y, v = np.array([0.0, 1, 2, 3]), np.array([1e-12, 1e-3, 5, 1e-9])
    assert generalised_q(y, v, paule_mandel(y, v).tau2) == pytest.approx(3, rel=1e-9)


@given(arrays(float, st.integers(3, 12), elements=st.floats(-2, 2, width=32)))
def test_all_units_at_once_equal_one_at_a_time(y):
    v = np.linspace(0.01, 0.5, len(y))
    every = predictive_comparisons(y, v)
    for i in range(len(y)):
        one = predictive_comparison(y, v, i)
        assert every.z[i] == pytest.approx(one.z, rel=1e-7, abs=1e-9)
        assert every.lower[i] == pytest.approx(one.lower, rel=1e-7, abs=1e-9)
        assert every.tau[i] == pytest.approx(one.tau, rel=1e-6, abs=1e-6)
        assert every.p[i] == pytest.approx(one.p, rel=1e-6, abs=1e-9)


def test_comparison_uses_the_other_units_only(ror):
    y = pd.Series(ror["yi"].to_numpy(), index=list("abcdefgh"))
    one = predictive_comparison(y, ror["vi"], "d")
    others = paule_mandel(y.drop("d"), ror["vi"].drop(3))
    assert (one.mu, one.tau, one.se, one.df) == (others.mu, others.tau, others.se, 6)
    spread = np.sqrt(others.tau2 + others.se**2 + ror["vi"][3])
    assert one.z == pytest.approx((0.3 - others.mu) / spread)
    assert one.p == pytest.approx(2 * stats.t.sf(one.z, 6))
    # An outlier cannot hide itself by widening the yardstick it is measured with.
    outlier = predictive_comparison(y.where(y.index != "d", 50.0), ror["vi"], "d")
    assert outlier.tau == one.tau


def test_batches_equal_single_data_sets():
    rng = np.random.default_rng(3)
    y, v = rng.normal(size=(4, 5, 9)), rng.uniform(0.1, 1, (4, 5, 9))
    z = leave_one_out(y, v)
    assert z.shape == (4, 5, 9)
    assert z[2, 3] == pytest.approx(leave_one_out(y[2, 3], v[2, 3]), rel=1e-9)


FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
RUNS = 2_000 if FULL else 300


@pytest.mark.parametrize("tau", [0.0, 0.25])
def test_false_alarms_keep_their_rate(tau):
    """Units in control, 43 forces of real sizes: 5 % and 0.2 % of them may fall outside."""
    rng = np.random.default_rng([20180401, int(tau * 100)])
    officers = np.geomspace(700, 30_000, 43)
    true = np.log(0.25) + rng.normal(0, tau, (RUNS, 43))
    counts = rng.poisson(officers * np.exp(true))
    z = np.abs(leave_one_out(np.log(counts / officers), 1 / counts))
    # Forces of one run share a yardstick, so runs, not forces, are the independent draws.
    outside = (z > stats.t.isf(0.025, 41)).mean(axis=1)
    slack = 4 * outside.std() / np.sqrt(RUNS)
    # At tau = 0 the estimate of tau cannot go below 0, which makes the check a little lenient.
    assert 0.05 - slack - (0.015 if tau == 0 else 0.004) <= outside.mean() <= 0.05 + slack
    assert 0.0005 <= (z > stats.t.isf(0.001, 41)).mean() <= 0.004


def test_winsorising_without_its_factor_raises_the_false_alarms():
    """A normal winsorised at 10 % keeps 0.679 of its variance, so limits come out too tight."""
    cut = stats.norm.isf(0.1)
    kept = 0.8 - 2 * cut * stats.norm.pdf(cut) + 2 * 0.1 * cut**2
    assert kept == pytest.approx(0.679, abs=5e-4)
    rng = np.random.default_rng(11)
    v = np.full((RUNS, 43), 0.02)
    y = rng.normal(0, 0.25, (RUNS, 43)) + rng.normal(0, np.sqrt(v))
    score = (y - y.mean(axis=1, keepdims=True)) / np.sqrt(v)
    low, high = np.quantile(score, [0.1, 0.9], axis=1, keepdims=True)
    phi = (np.clip(score, low, high) ** 2).mean(axis=1, keepdims=True)
    limit = stats.norm.isf(0.001)
    plain = (np.abs(score) > limit * np.sqrt(phi)).mean()
    corrected = (np.abs(score) > limit * np.sqrt(phi / kept)).mean()
    ours = (np.abs(leave_one_out(y, v)) > stats.t.isf(0.001, 41)).mean()
    assert plain > 0.01
    assert corrected < plain / 2
    assert 0.001 < ours < 0.003


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paule_mandel([1.0], [1.0]), "at least 2 estimates"),
        (lambda: paule_mandel([1.0, 2.0], [1.0]), "same shape"),
        (lambda: paule_mandel([[1.0, 2.0]], [[1.0, 2.0]]), "same shape"),
        (lambda: paule_mandel([1.0, np.inf], [1.0, 1.0]), "finite numbers; leave out"),
        (lambda: paule_mandel([1.0, 2.0], [1.0, 0.0]), "variances must be finite and above 0"),
        (lambda: leave_one_out([1.0, 2.0], [1.0, 1.0]), "at least 3 estimates"),
        (lambda: predictive_comparison([1.0, 2, 3], [1.0, 1, 1], 3), "no unit has position 3"),
        (lambda: predictive_comparison([1.0, 2, 3], [1.0, 1, 1], "kent"), "no unit is called"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
