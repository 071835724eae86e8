"""Diagnostics against statsmodels, hand arithmetic and simulations of known truth."""

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.outliers_influence import variance_inflation_factor

from officer_assaults.stats.diagnostics import (
    cluster_influence,
    condition_number,
    cooks_distance,
    diagnostic_table,
    dispersion_tests,
    lag_one,
    offset_sanity,
    quantile_residuals,
    randomised_residuals,
    rate_sanity,
    residual_table,
    rootogram,
    variance_left,
    zeros,
)
from officer_assaults.stats.glm import fit_rate_model

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


def test_rootogram_accounts_for_every_row_and_hangs_from_the_expected(model):
    table = rootogram(model)
    assert table["observed"].sum() == model.n
    assert table["expected"].sum() == pytest.approx(model.n)
    assert len(table) <= 30
    assert table["top"].tolist() == pytest.approx(np.sqrt(table["expected"]))
    assert (table["top"] - table["bottom"]).tolist() == pytest.approx(np.sqrt(table["observed"]))
    single = rootogram(model, width=1)
    assert single.loc[0, "observed"] == (model.rows.y == 0).sum()
    assert single.loc[3, "expected"] == pytest.approx(stats.poisson.pmf(3, model.rows.mu).sum())
    assert single["to"].iloc[-1] == np.inf
    # Poisson frequencies miss the zeros of these overdispersed cells, negative binomial do not.
    nb = rootogram(fit(pd.read_csv(FOLDER / "crew-cells.csv"), family="nb2"), width=1)
    assert single.loc[0, "bottom"] < -1 < nb.loc[0, "bottom"]


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


def test_residual_table_shows_two_seeds(model):
    table = residual_table(model, (1, 2))
    assert table["residual_1"].tolist() == quantile_residuals(model, 1).tolist()
    assert table["residual_2"].tolist() == quantile_residuals(model, 2).tolist()
    assert table["fitted"].tolist() == model.rows.mu.tolist()


def test_rate_sanity(model, cells):
    assert abs(rate_sanity(model).relative) < 1e-9
    with pytest.raises(ValueError, match="add up to"):
        rate_sanity(fit(cells, family="nb2"))


def test_offset_sanity_sees_counts_that_do_not_grow_with_exposure():
    rng = np.random.default_rng(9)
    fine = offset_sanity(fit(simulated(rng), "y ~ x"))
    assert fine.slope == pytest.approx(1, abs=0.1)
    assert fine.lower < fine.slope < fine.upper
    bent = offset_sanity(fit(simulated(rng, slope=0.5), "y ~ x"))
    assert not bent.agrees
    assert bent.slope == pytest.approx(0.5, abs=0.1)
    constant = simulated(rng).assign(officer_hours=1000.0)
    told = offset_sanity(fit(constant, "y ~ x"))
    assert not told.estimable
    assert told.agrees


def test_offset_sanity_covers_with_overdispersed_counts():
    rng = np.random.default_rng(10)
    runs = 200
    hits = [offset_sanity(fit(simulated(rng, 300, 0.3), "y ~ x")).agrees for _ in range(runs)]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.05)


def test_zeros_are_counted_and_expected():
    frame = simulated(np.random.default_rng(11), nb_alpha=1.0)
    poisson, nb = (fit(frame, "y ~ x", family=family) for family in ("poisson", "nb2"))
    found = zeros(poisson)
    assert found.observed == (frame["y"] == 0).sum()
    assert found.expected == pytest.approx(np.exp(-poisson.rows.mu).sum())
    assert found.p < 0.001
    assert zeros(nb).expected == pytest.approx(found.observed, rel=0.15)


def test_cluster_influence_equals_refits_and_names_by_the_rule(cells):
    clustered = fit(cells, cov="cluster", cluster="beat")
    table = cluster_influence(clustered)
    assert len(table) == 12 * 5
    row = table[(table["cluster"] == 11) & (table["term"] == "single")].iloc[0]
    without = fit(cells[cells["beat"] != 11])
    assert row["without"] == pytest.approx(without.coefficients["single"], rel=1e-7)
    se = clustered.log_ratios.set_index("term").loc["single", "se"]
    expected = (without.coefficients["single"] - clustered.coefficients["single"]) / se
    assert row["shift_in_se"] == pytest.approx(expected, rel=1e-7)
    assert table["named"].tolist() == (table["shift_in_se"].abs() > 0.5).tolist()
    assert table["shift_in_se"].abs().is_monotonic_decreasing
    with pytest.raises(ValueError, match="pass groups="):
        cluster_influence(fit(cells))
    with pytest.raises(ValueError, match="Poisson mean"):
        cluster_influence(fit(cells, family="nb2"))


def test_cooks_distance_is_its_formula(model):
    x, mu = model.rows.matrix, model.rows.mu
    root = np.sqrt(mu)[:, None] * x
    hat = (root @ np.linalg.inv(root.T @ root) * root).sum(axis=1)
    pearson = (model.rows.y - mu) / np.sqrt(mu)
    expected = pearson**2 * hat / (1 - hat) ** 2 / 5
    np.testing.assert_allclose(cooks_distance(model), expected, rtol=1e-5)


def test_collinearity_measures(cells):
    rng = np.random.default_rng(13)
    frame = cells.assign(shadow=cells["single"] + rng.normal(0, 0.1, len(cells)))
    model = fit(frame, "y ~ single + shadow + risk")
    at = list(model.vcov.columns).index("single")
    vif = variance_inflation_factor(model.rows.matrix, at)
    assert variance_left(model, "single") == pytest.approx(1 / vif, rel=1e-9)
    assert variance_left(model, "single") < 0.1
    assert condition_number(model) > 10 > condition_number(fit(cells))
    with pytest.raises(ValueError, match="no term is called"):
        variance_left(model, "shade")
    with pytest.raises(ValueError, match="is constant"):
        variance_left(model, "Intercept")


def test_lag_one_finds_the_correlation_it_was_given():
    rng = np.random.default_rng(14)
    areas, months, rho = 40, 36, 0.6
    level = np.zeros((areas, months))
    level[:, 0] = rng.normal(size=areas)
    for month in range(1, months):
        step = rng.normal(size=areas) * np.sqrt(1 - rho**2)
        level[:, month] = rho * level[:, month - 1] + step
    frame = pd.DataFrame(
        {
            "area": np.repeat(np.arange(areas), months),
            "month": np.tile(np.arange(months), areas),
            "officer_hours": 1000.0,
            "y": rng.poisson(400 * np.exp(0.3 * level)).ravel(),
        }
    )
    shuffled = frame.sample(frac=1, random_state=1)
    found = lag_one(fit(shuffled, "y ~ 1"), shuffled["area"], shuffled["month"])
    assert found.pairs == areas * (months - 1)
    assert found.correlation == pytest.approx(rho, abs=0.08)
    assert found.lower < found.correlation < found.upper
    calm = frame.assign(y=rng.poisson(400, len(frame)))
    assert abs(lag_one(fit(calm, "y ~ 1"), calm["area"], calm["month"]).correlation) < 0.1
    with pytest.raises(ValueError, match="nothing to correlate"):
        lag_one(fit(calm, "y ~ 1"), np.arange(len(calm)), calm["month"])


def test_table_applies_the_rules(cells, model):
    table = diagnostic_table(model, seed=1).set_index("check")
    first = "Dispersion (Pearson over degrees of freedom)"
    assert table.loc[first, "value"] == model.dispersion
    assert table.loc[first, "passed"] is False
    for honest in (
        fit(cells, cov="cluster", cluster="beat"),
        fit(cells, family="quasi-poisson"),
        fit(cells, family="nb2"),
    ):
        assert diagnostic_table(honest, seed=1).set_index("check").loc[first, "passed"] is True
    balance = "Predicted over observed total, minus 1"
    assert table.loc[balance, "passed"] is True
    nb = diagnostic_table(fit(cells, family="nb2"), seed=1).set_index("check")
    assert nb.loc[balance, "passed"] is None
    assert table.loc["SD of quantile residuals", "value"] > 1.5


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
