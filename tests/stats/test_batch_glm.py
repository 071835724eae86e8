"""Batched fits against statsmodels, one at a time."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from officer_assaults.stats.batch_glm import fit_batch

# Both iterate to convergence; what is left is rounding.
SAME = 1e-9


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(4)
    time = np.arange(36.0)
    design = np.column_stack([np.ones(36), time / 12, np.sin(time), time >= 20])
    counts = rng.poisson(40 * np.exp(0.1 * time / 12), (5, 36)).astype(float)
    return design, counts, counts + rng.poisson(200, (5, 36))


@pytest.mark.parametrize("binomial", [False, True])
def test_every_fit_equals_statsmodels(series, binomial):
    design, counts, totals = series
    found = fit_batch(design, counts, totals if binomial else None)
    for row in range(len(counts)):
        outcome = np.column_stack([counts[row], totals[row] - counts[row]])
        model = (
            sm.GLM(outcome, design, family=sm.families.Binomial())
            if binomial
            else sm.GLM(counts[row], design, family=sm.families.Poisson())
        )
        reference = model.fit(tol=1e-14, tol_criterion="params")
        np.testing.assert_allclose(found.coefficients[row], reference.params, atol=SAME)
        np.testing.assert_allclose(found.covariance[row], reference.cov_params(), atol=SAME)
        dispersion = reference.pearson_chi2 / reference.df_resid
        assert found.dispersion[row] == pytest.approx(dispersion, rel=SAME)


def test_quasi_error_is_never_below_the_model_error(series):
    design = series[0]
    flat = np.round(np.exp(design @ [3.5, 0.1, 0.0, 0.2]))[None]
    steady = fit_batch(design, flat)
    assert steady.dispersion[0] < 1
    assert steady.quasi_se(-1)[0] == pytest.approx(np.sqrt(steady.covariance[0, -1, -1]))


def test_a_fit_that_runs_off_is_marked_and_spoils_no_other(series):
    design, counts, _ = series
    gone = counts.copy()
    gone[2, 20:] = 0
    found = fit_batch(design, gone)
    assert found.converged.tolist() == [True, True, False, True, True]
    assert np.isnan(found.coefficients[2]).all()
    np.testing.assert_allclose(found.coefficients[3], fit_batch(design, counts).coefficients[3])


def test_a_design_that_repeats_itself_is_refused(series):
    design, counts, _ = series
    with pytest.raises(ValueError, match="cannot carry"):
        fit_batch(np.column_stack([design, design[:, 1]]), counts)
