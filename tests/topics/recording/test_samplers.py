"""Every posterior that is worked out without a sampler, beside a sampler's.

Compiling a model takes the sampler longest: they take turns, and full runs have them all.
"""

from __future__ import annotations

import numpy as np
import pytest
from test_bias import TVP
from test_thinned_panel import simulated_panel

import by_turns
from officer_assaults.stats.shrinkage import TAU_SCALE, full_bayes
from officer_assaults.topics.recording.model import bayes
from officer_assaults.topics.recording.model.joint import JointPriors, joint_severity_posterior
from officer_assaults.topics.recording.model.thinned_panel import PanelPriors, fit_reporting_panel


def panel_agrees_with_its_peak():
    panel = simulated_panel(8)
    sampled = bayes.sample_panel(panel, PanelPriors(), seed=3, draws=300, warm_up=500)
    peak = fit_reporting_panel(panel, PanelPriors()).summary.set_index("quantity")
    for name in ("incidence slope: x", "reporting slope: z"):
        mean, sd = sampled.table.loc[name, ["mean", "sd"]]
        # The sampler lets the spread of effects vary, so the two need not agree exactly.
        assert peak.loc[name, "estimate"] == pytest.approx(mean, abs=1.5 * sd)
    assert sampled.table["label"].iloc[0] != "moved by the counts"


def rates_agree_with_their_grid():
    rng = np.random.default_rng(4)
    e = np.geomspace(60, 4000, 14)
    y = rng.poisson(e * 0.25 * np.exp(rng.normal(0, 0.3, 14)))
    found, _ = bayes.Sampler.of_rates(e, (np.log(0.25), 0.5), TAU_SCALE).draw(y, 5, draws=2000)
    sampled = found["eta"]
    names = [f"force {i}" for i in range(14)]
    full = full_bayes(y, e, names, seed=6, draws=8000, mu_prior=(np.log(0.25), 0.5))
    grid = np.log(full.draws)
    # 4,000 dependent draws: means agree to about .04, deviations to about 5 % of a deviation.
    sd = sampled.std(axis=0)
    assert np.all(np.abs(sampled.mean(axis=0) - grid.mean(axis=0)) < 0.1 * sd)
    assert np.allclose(grid.std(axis=0), sd, rtol=0.1)
    assert full.tau == pytest.approx(np.median(found["tau"]), rel=0.06)


def severity_agrees_with_quasi_monte_carlo():
    sampled = bayes.sample_joint_severity(TVP, JointPriors(), seed=5)
    fast = joint_severity_posterior(TVP, JointPriors(), seed=5)
    assert sampled.passed
    for name in ("recording before", "log real growth", "severity mix"):
        mean, sd = sampled.table.loc[name, ["mean", "sd"]]
        # 2,000 effective draws leave a Monte-Carlo error of .022 SD; four of them, and rounding.
        assert fast.table.loc[name, "mean"] == pytest.approx(mean, abs=0.1 * sd)
        assert fast.table.loc[name, "sd"] == pytest.approx(sd, rel=0.1)
    assert fast.share == pytest.approx(sampled.table.loc["share explained", "mean"], abs=0.05)


SAMPLED = (
    panel_agrees_with_its_peak,
    rates_agree_with_their_grid,
    severity_agrees_with_quasi_monte_carlo,
)


@pytest.mark.slow
@pytest.mark.parametrize("agrees", by_turns.some(SAMPLED, 1), ids=lambda one: one.__name__)
def test_a_posterior_is_that_of_a_sampler(agrees):
    agrees()
