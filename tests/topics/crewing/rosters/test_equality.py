"""Fits from sums over patterns give what the same model gives on rows."""

import numpy as np
import pandas as pd
import patsy
import pyfixest as pf
import pytest
import statsmodels.api as sm

from officer_assaults.stats import cluster_scores
from officer_assaults.stats.newton import leave_one_cluster_out
from officer_assaults.stats.sufficient import (
    fit_roster,
    leave_one_cluster_out_roster,
    policy_model,
    standardise,
)
from officer_assaults.topics.crewing.model.policy import evaluate
from officer_assaults.topics.crewing.model.policy_language import Policy
from officer_assaults.topics.crewing.rosters import Roster, open_roster, write_roster
from officer_assaults.topics.crewing.rosters.simulated import RosterTruth, simulate_roster

# Both fits settle far beyond this; sums in another order move the last few digits only.
COEFFICIENTS = 1e-8
# statsmodels' information matrix is one step behind its coefficients, which shows at 1e-9.
ERRORS = 1e-6
# Sums of squares are expanded, which costs digits but none of these.
SUMS = 1e-9
# pyfixest stops at a deviance change of 1e-8, which leaves about this in a coefficient.
PYFIXEST = 1e-5

FORMULA = (
    "y ~ single + single:C(hour_band, Treatment('day')) + C(hour_band, Treatment('day')) + "
    "C(area_type) + C(service_band) + C(team)"
)
SMALL = "y ~ single + single:C(hour_band) + C(hour_band) + C(area_type) + C(team)"


@pytest.fixture(scope="module")
def row_fit(roster_rows):
    y, x = patsy.dmatrices(
        FORMULA,
        roster_rows.astype(
            {"hour_band": str, "area_type": str, "service_band": str, "force": str, "month": str}
        ),
        return_type="dataframe",
    )
    glm = sm.GLM(
        y.iloc[:, 0], x, family=sm.families.Poisson(), offset=np.log(roster_rows["officer_hours"])
    )
    return glm, x


@pytest.mark.parametrize(
    ("cov", "cluster", "correction", "theirs", "factor"),
    [
        ("model", None, "G/(G-1)", {"cov_type": "nonrobust"}, lambda n, k, g: 1.0),
        ("HC0", None, "G/(G-1)", {"cov_type": "HC0"}, lambda n, k, g: 1.0),
        ("HC1", None, "G/(G-1)", {"cov_type": "HC0"}, lambda n, k, g: n / (n - k)),
        ("cluster", "officer", "G/(G-1)*(N-1)/(N-K)", {"use_correction": True}, lambda *_: 1.0),
        ("cluster", "beat", "G/(G-1)", {"use_correction": False}, lambda n, k, g: g / (g - 1)),
    ],
)  # fmt: skip
def test_rows_and_patterns_agree(
    roster_path, roster_rows, row_fit, cov, cluster, correction, theirs, factor
):
    with open_roster(roster_path) as roster:
        ours = fit_roster(
            roster, FORMULA, exposure="officer_hours", cov=cov, cluster=cluster,
            correction=correction,
        )  # fmt: skip
    glm, x = row_fit
    groups = 0
    if cluster:
        codes = pd.factorize(roster_rows[cluster])[0]
        groups = len(np.unique(codes))
        theirs = {"cov_type": "cluster", "cov_kwds": {"groups": codes, **theirs}}
    fit = glm.fit(tol=1e-13, maxiter=100, **theirs)
    table = ours.log_ratios.set_index("term").loc[x.columns]
    assert ours.patterns < ours.n == len(roster_rows)
    np.testing.assert_allclose(table["estimate"], fit.params, atol=COEFFICIENTS, rtol=0)
    scale = np.sqrt(factor(ours.n, ours.k, groups))
    np.testing.assert_allclose(table["se"], scale * fit.bse, rtol=ERRORS)
    assert ours.pearson == pytest.approx(fit.pearson_chi2, rel=SUMS)
    assert ours.deviance == pytest.approx(fit.deviance, rel=SUMS)
    assert ours.loglik == pytest.approx(fit.llf, rel=SUMS)
    assert ours.dispersion == pytest.approx(fit.pearson_chi2 / fit.df_resid, rel=SUMS)
    assert ours.balance.observed == roster_rows["y"].sum()
    assert ours.balance.predicted == pytest.approx(fit.mu.sum(), rel=SUMS)
    assert ours.simulated


def test_scores_of_every_way_to_sum_them_agree(roster_path, monkeypatch):
    """Sums in arrays, scores where arrays would be too large, and grouping sets of the engine."""
    formula = FORMULA.replace("C(team)", "C(force) + C(team):C(month)")
    found = []
    for share, streams in ((cluster_scores.SUMS_PER_MB, True), (0, True), (0, False)):
        monkeypatch.setattr(cluster_scores, "SUMS_PER_MB", share)
        monkeypatch.setattr(Roster, "streams", property(lambda _, now=streams: now))
        with open_roster(roster_path) as roster:
            found.append(
                fit_roster(
                    roster, formula, exposure="officer_hours", cov="cluster", cluster="officer"
                ).vcov
            )
    np.testing.assert_allclose(found[1], found[0], rtol=SUMS, atol=1e-12)
    np.testing.assert_allclose(found[2], found[0], rtol=SUMS, atol=1e-12)


@pytest.fixture(scope="module")
def small(roster_path):
    with open_roster(roster_path) as roster:
        model = fit_roster(roster, SMALL, exposure="officer_hours", cov="cluster", cluster="beat")
        left = leave_one_cluster_out_roster(roster, model, "beat")
    return model, left


@pytest.fixture(scope="module")
def small_rows(roster_rows):
    rows = roster_rows.astype({"hour_band": str, "area_type": str, "team": str})
    keys = ["beat", "single", "hour_band", "area_type", "team"]
    return rows.groupby(keys, as_index=False)[["y", "officer_hours"]].sum()


def test_jackknife_is_that_of_rows(small, small_rows):
    model, left = small
    x = patsy.dmatrix(SMALL.split("~")[1], small_rows, return_type="dataframe")[list(model.vcov)]
    rows = leave_one_cluster_out(
        x.to_numpy(), small_rows["y"].to_numpy(float),
        np.log(small_rows["officer_hours"].to_numpy()), small_rows["beat"].to_numpy(),
    )  # fmt: skip
    np.testing.assert_array_equal(left.labels, rows.labels)
    np.testing.assert_allclose(left.coefficients, rows.coefficients, atol=COEFFICIENTS)
    np.testing.assert_allclose(left.vcov, rows.vcov, rtol=ERRORS)


def test_standardised_ratio_is_that_of_rows(small, roster_rows):
    model, _ = small
    ours = standardise(model, "single")
    hours = roster_rows["officer_hours"].to_numpy()
    beta = model.coefficients.to_numpy()

    arms = [model.design(roster_rows.assign(single=value)).to_numpy() for value in (1, 0)]

    def log_ratio(b):
        rates = [np.exp(arm @ b) @ hours for arm in arms]
        return np.log(rates[0] / rates[1]), rates[0] / hours.sum()

    assert np.log(ours.ratio) == pytest.approx(log_ratio(beta)[0], abs=COEFFICIENTS)
    assert ours.rate_high == pytest.approx(log_ratio(beta)[1], rel=SUMS)
    step = 1e-6
    slope = [
        (log_ratio(beta + step * unit)[0] - log_ratio(beta - step * unit)[0]) / (2 * step)
        for unit in np.eye(len(beta))
    ]
    se = np.sqrt(slope @ model.vcov.to_numpy() @ slope)
    # A central difference at this step is good to about seven digits.
    assert ours.se_log == pytest.approx(se, rel=1e-5)


def test_a_policy_is_judged_as_from_rows(small, roster_rows):
    model, left = small
    nights = Policy("nights", "Double at night", "0 if hour_band == 'night' else single")
    found = evaluate(policy_model(model, left), nights)
    night = roster_rows[(roster_rows["hour_band"] == "night") & (roster_rows["single"] == 1)]
    one = model.predict_count(night, exposure="officer_hours").sum()
    two = model.predict_count(night.assign(single=0), exposure="officer_hours").sum()
    assert found.refusal is None
    assert found.avoided == pytest.approx(one - two, rel=1e-7)
    assert found.moved_share == pytest.approx(
        night["officer_hours"].sum() / roster_rows["officer_hours"].sum(), rel=SUMS
    )


def test_bins_are_those_of_the_choice(roster_path, roster_rows, monkeypatch):
    found = []
    for streams in (True, False):
        monkeypatch.setattr(Roster, "streams", property(lambda _, now=streams: now))
        with open_roster(roster_path, bins={"beat": [20, 40]}) as roster:
            found.append(
                fit_roster(
                    roster, "y ~ C(beat) + single", exposure="officer_hours", cov="cluster",
                    cluster="beat",
                )
            )  # fmt: skip
    model = found[0]
    np.testing.assert_allclose(found[1].vcov, model.vcov, rtol=SUMS, atol=1e-12)
    assert sorted(set(model.cells["beat"])) == ["20 to under 40", "40 and over", "below 20"]
    low = model.cells[model.cells["beat"] == "below 20"]
    mine = roster_rows[roster_rows["beat"] < 20]
    assert (low["n_rows"].sum(), low["victims"].sum()) == (len(mine), mine["y"].sum())
    assert model.n == len(roster_rows)


def test_same_as_pyfixest_on_a_million_rows(tmp_path):
    path = tmp_path / "million.parquet"
    write_roster(simulate_roster(1_000_000, 3, RosterTruth(log_rate=-6.0)), path)
    formula = "y ~ single + C(hour_band) + C(area_type)"
    with open_roster(path) as roster:
        ours = fit_roster(
            roster, formula, exposure="officer_hours", cov="cluster", cluster="officer",
            correction="G/(G-1)*(N-1)/(N-K)",
        )  # fmt: skip
    columns = ["y", "single", "hour_band", "area_type", "officer", "officer_hours"]
    rows = pd.read_parquet(path, columns=columns)
    rows = rows.assign(
        log_hours=np.log(rows["officer_hours"]), officer=rows["officer"].cat.codes,
        hour_band=rows["hour_band"].astype(str), area_type=rows["area_type"].astype(str),
    )  # fmt: skip
    fit = pf.fepois(formula, rows, offset="log_hours", vcov={"CRV1": "officer"}, iwls_tol=1e-12)
    theirs = fit.tidy()
    table = ours.log_ratios.set_index("term")
    order = [table.index[[_same(term, name) for term in table.index]][0] for name in theirs.index]
    np.testing.assert_allclose(table.loc[order, "estimate"], theirs["Estimate"], atol=PYFIXEST)
    np.testing.assert_allclose(table.loc[order, "se"], theirs["Std. Error"], rtol=PYFIXEST)


def _same(ours: str, theirs: str) -> bool:
    return ours.replace("[T.", "[") == theirs.replace("[T.", "[")


def test_the_truth_is_recovered(roster_path):
    truth = RosterTruth(log_rate=-6.0).coefficients(7)
    formula = (
        FORMULA.replace("C(team)", "C(force) + C(month)")
        .replace("C(area_type)", "C(area_type, Treatment('urban'))")
        .replace("C(service_band)", "C(service_band, Treatment('10+'))")
    )
    with open_roster(roster_path) as roster:
        model = fit_roster(
            roster, formula, exposure="officer_hours", cov="cluster", cluster="officer"
        )
    table = model.log_ratios.set_index("term").loc[list(truth)]
    within = ["single" in term or "hour_band" in term or "month" in term for term in truth]
    z = ((table["estimate"] - pd.Series(truth)) / table["se"])[within]
    # 42 terms that vary within officers: their z scores have mean square 1, sd about 0.22.
    assert len(z) == 42
    assert 0.4 < (z**2).mean() < 1.8
