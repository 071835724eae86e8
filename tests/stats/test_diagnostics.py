"""Diagnostics against statsmodels, hand arithmetic and simulations of known truth."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from officer_assaults.stats import near, random_level
from officer_assaults.stats.diagnostics import (
    condition_number,
    diagnostic_table,
    dispersion_tests,
    influence,
    offset_sanity,
    randomised_residuals,
    zeros,
)
from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.stats.newton import leave_one_cluster_out

FOLDER = Path(__file__).parents[2] / "data" / "reference"


@pytest.fixture(scope="module")
def cells():
    return pd.read_csv(FOLDER / "crew-cells.csv")


def fit(frame, formula="y ~ single + C(band) + risk", **options):
    return fit_rate_model(frame, formula, exposure="officer_hours", **options)


@pytest.fixture(scope="module")
def model(cells):
    return fit(cells)


def simulated(rng, n=2000, nb_alpha=0.0, slope=1.0):
    """Counts with a known law; ``slope`` other than 1 breaks proportionality to exposure."""
    frame = pd.DataFrame({"x": rng.normal(size=n), "officer_hours": rng.uniform(200, 5000, n)})
    mean = 3 * (frame["officer_hours"] / 1000) ** slope * np.exp(0.3 * frame["x"])
    if nb_alpha:
        frame["y"] = rng.negative_binomial(1 / nb_alpha, 1 / (1 + nb_alpha * mean))
    else:
        frame["y"] = rng.poisson(mean)
    return frame


def test_dean_b_is_its_formula_and_the_mislabelled_row_is_left_out(model):
    table = dispersion_tests(model).set_index("test")
    y, mu = model.rows.y, model.rows.mu
    dean = ((y - mu) ** 2 - y).sum() / np.sqrt(2 * (mu**2).sum())
    assert table.loc["Dean B", "statistic"] == pytest.approx(dean, rel=1e-6)
    # Auxiliary regression on the fitted mean, without an intercept.
    z = ((y - mu) ** 2 - y) / mu
    t = sm.OLS(z, mu).fit().tvalues[0]
    assert table.loc["CT nb2", "statistic"] == pytest.approx(t, rel=1e-6)
    assert "CT nb1" not in table.index


def test_dispersion_tests_keep_their_size_and_see_excess():
    rng = np.random.default_rng(3)
    p = [
        dispersion_tests(fit(simulated(rng, 300), "y ~ x")).set_index("test").loc["Dean B", "p"]
        for _ in range(200)
    ]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.045)
    excess = dispersion_tests(fit(simulated(rng, 300, nb_alpha=0.5), "y ~ x"))
    assert excess["p"].max() < 0.01


def test_quantile_residuals_are_normal_when_the_model_holds():
    rng = np.random.default_rng(5)
    mean = rng.uniform(0.1, 60, 20_000)
    assert stats.kstest(randomised_residuals(rng.poisson(mean), mean, 1), "norm").pvalue > 0.01
    alpha = 0.5
    excess = rng.negative_binomial(1 / alpha, 1 / (1 + alpha * mean))
    right = randomised_residuals(excess, mean, 1, nb_alpha=alpha)
    assert stats.kstest(right, "norm").pvalue > 0.01
    assert randomised_residuals(excess, mean, 1).std() > 1.5


def test_quantile_residuals_stay_finite_repeat_and_use_their_own_stream():
    far = randomised_residuals([5000, 0], [5.0, 800.0], 1)
    assert np.isfinite(far).all()
    assert far[0] > 30 > -30 > far[1]
    mean = np.full(5000, 4.0)
    counts = np.random.default_rng(7).poisson(mean)
    first, again, other = (randomised_residuals(counts, mean, seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1
    # Counts made from the very uniforms of the same seed must not be mirrored in the residuals.
    uniforms = np.random.default_rng(7).uniform(size=5000)
    spread = randomised_residuals(np.full(5000, 3), mean, 7)
    assert abs(np.corrcoef(uniforms, spread)[0, 1]) < 0.05


def test_offset_sanity_sees_counts_that_do_not_grow_with_exposure():
    rng = np.random.default_rng(9)
    slope, lower, upper = offset_sanity(fit(simulated(rng), "y ~ x"))
    assert slope == pytest.approx(1, abs=0.1)
    assert lower < slope < upper
    bent = fit(simulated(rng, slope=0.5), "y ~ x")
    assert offset_sanity(bent)[0] == pytest.approx(0.5, abs=0.1)
    constant = fit(simulated(rng).assign(officer_hours=1000.0), "y ~ x")
    assert np.isnan(offset_sanity(constant)).all()
    passed = [
        diagnostic_table(one, 1).set_index("check")["passed"].filter(like="Slope").iloc[0]
        for one in (bent, constant)
    ]
    assert passed == [False, True]


def test_offset_sanity_covers_with_overdispersed_counts():
    rng = np.random.default_rng(10)
    runs = 200
    limits = [offset_sanity(fit(simulated(rng, 300, 0.3), "y ~ x"))[1:] for _ in range(runs)]
    hits = [lower <= 1 <= upper for lower, upper in limits]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.05)


def test_zeros_are_counted_and_expected():
    frame = simulated(np.random.default_rng(11), nb_alpha=1.0)
    poisson, nb = (fit(frame, "y ~ x", family=family) for family in ("poisson", "nb2"))
    observed, expected, p = zeros(poisson)
    assert observed == (frame["y"] == 0).sum()
    assert expected == pytest.approx(np.exp(-poisson.rows.mu).sum())
    assert p < 0.001
    assert zeros(nb)[1] == pytest.approx(observed, rel=0.15)


def test_the_condition_number_sees_collinear_terms(cells):
    rng = np.random.default_rng(13)
    frame = cells.assign(shadow=cells["single"] + rng.normal(0, 0.1, len(cells)))
    model = fit(frame, "y ~ single + shadow + risk")
    assert condition_number(model) > 10 > condition_number(fit(cells))


def test_table_applies_the_rules(cells, model):
    table = diagnostic_table(model, seed=1).set_index("check")
    first = "Dispersion: variance of counts over that of chance alone"
    assert table.loc[first, "value"] == model.dispersion
    assert table.loc[first, "passed"] is False
    for honest in (
        fit(cells, cov="cluster", cluster="beat"),
        fit(cells, family="quasi-poisson"),
        fit(cells, family="nb2"),
    ):
        assert diagnostic_table(honest, seed=1).set_index("check").loc[first, "passed"] is True
    balance = "Fitted total over the observed, less one"
    assert table.loc[balance, "passed"] is True
    nb = diagnostic_table(fit(cells, family="nb2"), seed=1).set_index("check")
    assert nb.loc[balance, "passed"] is None
    assert table.loc["Spread of residuals", "value"] > 1.5


@pytest.mark.parametrize("at_once", [1, 7, 2_048])
def test_influence_is_the_same_however_many_rows_are_taken_at_once(cells, monkeypatch, at_once):
    """One cluster holds most rows, the others few; set beside one step written out by itself."""
    uneven = cells.assign(place=np.where(np.arange(len(cells)) % 9, "large", cells["beat"]))
    uneven = uneven.sample(frac=1, random_state=4).reset_index(drop=True)
    found = fit(uneven, "y ~ single + C(band)", cov="cluster", cluster="place")
    rows, mu, steps = found.rows, fit(uneven, "y ~ single + C(band)").rows.mu, []
    for place in uneven["place"].unique():
        own = (uneven["place"] == place).to_numpy()
        rest = rows.matrix[~own]
        information = rest.T @ (rest * mu[~own, None])
        score = rows.matrix[own].T @ (rows.y - mu)[own]
        steps.append(np.linalg.solve(information, -score)[list(found.vcov.columns).index("single")])
    squares = np.square(steps)
    monkeypatch.setattr(near, "ROWS_AT_ONCE", at_once)
    expected = np.sqrt(squares.max() / (squares.sum() - squares.max()))
    assert influence(found, "single") == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("formula", ["y ~ single + C(band)", "y ~ single + C(beat)"])
def test_influence_is_the_largest_move_of_a_refit_without_one_cluster(cells, formula):
    """A beat's own level cannot be refitted without the beat, and moves nothing else."""
    found = fit(cells, formula, cov="cluster", cluster="beat")
    rows, at = found.rows, list(found.vcov.columns).index("single")
    refits = leave_one_cluster_out(
        rows.matrix, rows.y, rows.log_exposure, rows.groups, partial=True
    )
    moved = (refits.coefficients[:, at] - refits.full[at]) ** 2
    # One Newton step is near a full refit while no cluster is most of the data.
    expected = np.sqrt(moved.max() / (moved.sum() - moved.max()))
    assert influence(found, "single") == pytest.approx(expected, rel=0.1)
    assert np.isnan(influence(found, "absent"))
    assert np.isnan(influence(fit(cells, formula), "single"))


def test_a_cluster_that_sways_the_answer_does_not_pass(cells):
    """However far one beat lies, the error of all beats would hide it."""
    swayed = cells.copy()
    own = (swayed["beat"] == swayed["beat"].iloc[0]) & (swayed["single"] == 1)
    swayed.loc[own, "y"] += 400
    for frame, passes in ((cells, True), (swayed, False)):
        found = fit(frame, "y ~ single", cov="cluster", cluster="beat")
        last = diagnostic_table(found, 1, "single").iloc[-1]
        assert "one beat moves 'single'" in last["check"]
        assert last["passed"] is passes


def test_a_random_level_is_checked_like_any_model(cells):
    """Given their levels beats vary less, and an intercept gives the total back."""
    plain = fit(cells, cov="cluster", cluster="beat")
    levels = random_level.fit(
        "y ~ single + C(band) + risk", cells, exposure="officer_hours", level="beat"
    )
    table = diagnostic_table(levels, 1, "single").set_index("check")["value"]
    assert table["Dispersion: variance of counts over that of chance alone"] < plain.dispersion
    assert table["Fitted total over the observed, less one"] == pytest.approx(0, abs=1e-5)


def test_memory_of_the_table_grows_with_rows_alone():
    """A matrix of rows by rows would take 3 GB here."""
    model = fit(simulated(np.random.default_rng(15), 20_000), "y ~ x")
    tracemalloc.start()
    try:
        diagnostic_table(model, seed=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100e6
