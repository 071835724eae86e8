"""Poisson-logistic model: mirrored maxima, refusals, validation counts, and its closed form."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special

from officer_assaults.refusals import Refusal
from officer_assaults.stats.pogit import (
    LEAST_CONTRACTION,
    PogitData,
    Prior,
    Terms,
    contraction_label,
    fit_pogit,
    mirror_maxima,
    simulate_pogit,
)

EQUAL_PEAKS = 1e-8
MACHINE = 1e-13
INCIDENCE, REPORTING = (0.75, 0.5, -2.0), (2.2, -1.9)
TRUTH = np.array([*INCIDENCE, *REPORTING])
RUNS = 500 if os.environ.get("OFFICER_ASSAULTS_RUNS") == "full" else 100


def units(run: int, size: int = 500) -> pd.DataFrame:
    normals = np.random.default_rng(1000 + run).normal(size=(size, 2))
    return pd.DataFrame(normals, columns=["x1", "x2"])


def same_covariates(seed: int) -> PogitData:
    frame = pd.DataFrame({"x": np.random.default_rng(seed).normal(size=344)})
    return simulate_pogit([0, 0.3], [np.log(1.5), 0.6], frame, ["x"], seed, exposure=250.0)


@pytest.mark.parametrize("seed", range(4))
def test_shared_covariates_have_two_equal_peaks(seed):
    first, second = mirror_maxima(same_covariates(seed))
    assert abs(first.log_likelihood - second.log_likelihood) < EQUAL_PEAKS
    beta, gamma = first.coefficients[:2], first.coefficients[2:]
    np.testing.assert_allclose(second.coefficients, [*(beta + gamma), *-gamma], rtol=0, atol=1e-6)
    assert abs(first.mean_recording - second.mean_recording) > 0.05


def test_mirror_is_of_the_likelihood_and_not_of_the_optimiser():
    # Written out anew: Poisson log-likelihood at a point and at its mirror image.
    data = same_covariates(1)
    x, y, e = data.incidence.matrix, data.recorded, data.exposure

    def log_likelihood(beta, gamma):
        mean = e * np.exp(x @ beta) * special.expit(x @ gamma)
        return (y * np.log(mean) - mean).sum()

    beta, gamma = np.array([0.1, 0.4]), np.array([0.7, -0.3])
    assert log_likelihood(beta, gamma) == pytest.approx(
        log_likelihood(beta + gamma, -gamma), abs=EQUAL_PEAKS
    )


def test_shared_covariates_are_refused_without_validation_counts():
    with pytest.raises(Refusal) as refusal:
        fit_pogit(same_covariates(1), Prior.recording(0.6, 0.4, 1))
    assert refusal.value.codes == ("E117",)
    assert "x " in str(refusal.value)


def test_a_renamed_or_rescaled_shared_covariate_is_found():
    data = same_covariates(1)
    shifted = Terms(("intercept", "other name"), data.reporting.matrix @ [[1, 2], [0, -3]])
    disguised = PogitData(data.recorded, data.exposure, data.incidence, shifted)
    with pytest.raises(Refusal, match="E117"):
        fit_pogit(disguised, Prior.recording(0.6, 0.4, 1))


@pytest.mark.parametrize("prior", [None, Prior.flat(2), Prior.recording(0.6, 5.0, 1)])
def test_no_informative_prior_is_refused(prior):
    data = simulate_pogit([0, 0.3, 0], [0.4, 0.6], units(0), ["x1"], 1, exposure=50.0)
    alone = PogitData(
        data.recorded, data.exposure, Terms.from_frame(units(0)[["x2"]]), data.reporting
    )
    with pytest.raises(Refusal) as refusal:
        fit_pogit(alone, prior)
    assert refusal.value.codes == ("E117",)


def test_validation_counts_recover_what_a_naive_poisson_does_not():
    estimates, errors, naive = [], [], []
    for run in range(RUNS):
        data = simulate_pogit(INCIDENCE, REPORTING, units(run), ["x1"], run, validated_share=0.3)
        fit = fit_pogit(data)
        estimates.append(fit.coefficients)
        errors.append(fit.table["se"].to_numpy())
        design = data.incidence.matrix
        naive.append(sm.GLM(data.recorded, design, family=sm.families.Poisson()).fit().params)
    estimates, errors = np.array(estimates), np.array(errors)
    within = (np.abs(estimates - TRUTH) < 2 * errors).mean(axis=0)
    # Two standard errors hold 95.4 %; four Monte-Carlo errors of a share at 100 runs are .084.
    assert (within > 0.954 - 4 * np.sqrt(0.954 * 0.046 / RUNS)).all()
    bias = estimates.mean(axis=0) - TRUTH
    assert (np.abs(bias) < 0.25 * errors.mean(axis=0)).all()
    np.testing.assert_allclose(errors.mean(axis=0), estimates.std(axis=0), rtol=0.25)
    assert np.mean(naive, axis=0)[1] == pytest.approx(0.1, abs=0.05)


def test_true_counts_matter_and_their_removal_is_refused():
    data = simulate_pogit(INCIDENCE, REPORTING, units(3), ["x1"], 3, validated_share=0.3)
    with pytest.raises(Refusal, match="E117"):
        fit_pogit(
            replace(data, true_counts=None, audited=None, found=None), Prior.recording(0.6, 0.4, 1)
        )


def test_saturated_case_has_a_closed_form():
    recorded, exposure = np.array([120.0, 340.0]), np.array([50.0, 80.0])
    found, audited = np.array([33.0, 61.0]), np.array([50.0, 75.0])
    recording = found / audited
    rate = recorded / (exposure * recording)
    se = np.sqrt(1 / recorded + (1 - recording) / found)
    level = Terms.from_frame(pd.DataFrame({"level": [0.0, 1.0]}))
    fit = fit_pogit(PogitData(recorded, exposure, level, level, audited=audited, found=found))
    beta, gamma = fit.coefficients[:2], fit.coefficients[2:]
    np.testing.assert_allclose(special.expit(level.matrix @ gamma), recording, rtol=MACHINE)
    np.testing.assert_allclose(np.exp(level.matrix @ beta), rate, rtol=MACHINE)
    assert fit.table["se"].iloc[0] == pytest.approx(se[0], rel=1e-10)


def test_gradient_and_hessian_are_those_of_the_likelihood():
    from officer_assaults.stats.pogit import _Objective

    data = simulate_pogit(INCIDENCE, REPORTING, units(5, 60), ["x1"], 5, validated_share=0.4)
    data = PogitData(
        data.recorded, data.exposure, data.incidence, data.reporting, data.true_counts,
        audited=np.full(60, 4.0), found=np.full(60, 3.0),
    )  # fmt: skip
    problem = _Objective(data, Prior.flat(3), Prior.recording(0.6, 0.4, 1), 1.7)
    at = TRUTH * 0.8
    numeric = optimize.approx_fprime(at, problem.value, 1e-7)
    np.testing.assert_allclose(problem.gradient(at), numeric, rtol=1e-4, atol=1e-2)
    columns = [
        (problem.gradient(at + step) - problem.gradient(at - step)) / 2e-6
        for step in 1e-6 * np.eye(5)
    ]
    np.testing.assert_allclose(problem.hessian(at), np.array(columns), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"recorded": np.array([3.0, -1.0])}, "E102"),
        ({"exposure": np.array([1.0, 0.0])}, "E104"),
        ({"true_counts": np.array([2.0, np.nan])}, "E102"),
        ({"audited": np.array([2.0, 2.0]), "found": np.array([1.0, 3.0])}, "E102"),
    ],
)
def test_impossible_units_are_refused(change, code):
    terms = Terms.from_frame(pd.DataFrame({"x": [0.0, 1.0]}))
    given = {"recorded": np.array([3.0, 4.0]), "exposure": np.ones(2), "incidence": terms,
             "reporting": terms, **change}  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        PogitData(**given)
    assert refusal.value.codes == (code,)


def test_the_word_estimated_is_withheld_below_the_limit():
    below, at = np.nextafter(LEAST_CONTRACTION, 0), LEAST_CONTRACTION
    assert contraction_label([below, at, 1.0]) == [
        "set by the prior",
        "moved by the counts",
        "moved by the counts",
    ]
    assert contraction_label(0.1, [1.9, -5.0]) == ["set by the prior", "moved by the counts"]
    unidentified = "moved by the counts, not identified"
    assert contraction_label([0.1, 0.9], 6.0, identified=False) == [unidentified] * 2
