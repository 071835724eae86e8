"""Rate models against R and Stata, and the ways in which an exposure can get lost."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st

from officer_assaults.refusals import Refusal
from officer_assaults.stats.designs import check_balance
from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.stats.newton import fit_design, leave_one_cluster_out

FOLDER = Path(__file__).parents[1] / "golden"
DATA = Path(__file__).parents[2] / "data" / "reference"
GOLDEN = json.loads((FOLDER / "golden_R.json").read_text())
FORMULA = "y ~ single + C(band) + risk"
R_NAMES = {
    "Intercept": "Intercept",
    "C(band)[T.eve]": "bandeve",
    "C(band)[T.night]": "bandnight",
    "single": "single",
    "risk": "risk",
}
# Coefficients; R's iteration is converged to about 1e-9 in them.
R_COEF = 1e-6
# R takes standard errors from the last weights but one, the dispersion likewise.
R_SE, R_DISPERSION = 1e-5, 1e-4
STATA = 1e-6


@pytest.fixture(scope="module")
def cells():
    return pd.read_csv(DATA / "crew-cells.csv")


def fit(cells, **options):
    return fit_rate_model(cells, FORMULA, exposure="officer_hours", **options)


def by_r_name(model, column):
    return {
        R_NAMES[term]: value for term, value in model.log_ratios.set_index("term")[column].items()
    }


def test_poisson_equals_r_glm(cells):
    model, golden = fit(cells), GOLDEN["poisson"]
    assert by_r_name(model, "estimate") == pytest.approx(golden["coef"], rel=R_COEF)
    assert by_r_name(model, "se") == pytest.approx(golden["se"], rel=R_SE)
    for name in ("loglik", "deviance", "pearson", "aic"):
        assert getattr(model, name) == pytest.approx(golden[name], rel=1e-8)
    assert (model.n, model.k, model.df_resid) == (144, 5, 139)


@pytest.mark.parametrize(
    ("options", "golden"),
    [
        ({"cov": "HC0"}, "hc0"),
        ({"cov": "cluster", "cluster": "beat"}, "cl_hc0_cadj"),
        ({"cov": "cluster", "cluster": "beat", "correction": "none"}, "cl_hc0_nocadj"),
    ],
)
def test_robust_errors_equal_r_sandwich(cells, options, golden):
    assert by_r_name(fit(cells, **options), "se") == pytest.approx(
        GOLDEN["poisson"][golden], rel=R_SE
    )


def test_the_correction_of_statsmodels_is_another_one(cells):
    r, own, bare = (
        fit(cells, cov="cluster", cluster="beat", correction=name)
        for name in ("G/(G-1)", "G/(G-1)*(N-1)/(N-K)", "none")
    )
    single = [m.log_ratios.set_index("term").loc["single", "se"] for m in (r, own, bare)]
    assert single == pytest.approx([0.16944, 0.17186, 0.16223], abs=5e-6)
    assert single[1] / single[0] == pytest.approx(np.sqrt(143 / 139), rel=1e-9)
    default = smf.glm(
        FORMULA, cells, family=sm.families.Poisson(), offset=np.log(cells["officer_hours"])
    ).fit(cov_type="cluster", cov_kwds={"groups": cells["beat"]})
    assert default.bse["single"] == pytest.approx(single[1], rel=R_SE)
    assert (r.spec.correction, r.clusters, r.reference_df) == ("G/(G-1)", 12, 11)


def test_hc1_is_hc0_with_its_factor(cells):
    ratio = fit(cells, cov="HC1").vcov / fit(cells, cov="HC0").vcov
    assert ratio.to_numpy() == pytest.approx(144 / 139, rel=1e-9)
    # statsmodels 0.15 leaves the factor out for a GLM: its "HC1" is HC0.
    glm = smf.glm(
        FORMULA, cells, family=sm.families.Poisson(), offset=np.log(cells["officer_hours"])
    )
    assert glm.fit(cov_type="HC1").bse["single"] == glm.fit(cov_type="HC0").bse["single"]


def test_quasi_poisson_equals_r(cells):
    model, golden = fit(cells, family="quasi-poisson"), GOLDEN["quasi"]
    assert model.dispersion == pytest.approx(golden["dispersion"], rel=R_DISPERSION)
    assert by_r_name(model, "se") == pytest.approx(golden["se"], rel=R_DISPERSION)
    assert np.isnan(model.loglik)
    assert np.isnan(model.aic)
    assert model.reference_df == 139


def test_nb2_equals_r_glm_nb_and_its_alpha_is_one_over_theta(cells):
    model, golden = fit(cells, family="nb2"), GOLDEN["nb"]
    assert by_r_name(model, "estimate") == pytest.approx(golden["coef"], rel=R_COEF)
    assert model.nb_alpha == pytest.approx(golden["alpha"], rel=R_COEF)
    assert model.nb_alpha == pytest.approx(1 / golden["theta"], rel=R_COEF)
    assert model.loglik == pytest.approx(golden["loglik"], rel=1e-9)
    # Five coefficients and alpha, as R counts them.
    assert model.aic == pytest.approx(2 * 6 - 2 * golden["loglik"], rel=1e-9)
    # The GLM family of statsmodels takes alpha as fixed, 1 unless told otherwise.
    fixed = smf.glm(
        FORMULA, cells, family=sm.families.NegativeBinomial(alpha=1.0),
        offset=np.log(cells["officer_hours"]),
    ).fit()  # fmt: skip
    assert abs(fixed.params["single"] / golden["coef"]["single"] - 1) > 1e-3


def test_doll_and_hill_equals_stata():
    # poisson deaths smokes i.agecat, exposure(pyears)
    deaths = pd.read_csv(DATA / "smoking-deaths.csv")
    model = fit_rate_model(deaths, "deaths ~ smokes + C(agecat)", exposure="pyears")
    row = model.log_ratios.set_index("term").loc["smokes"]
    assert (row["estimate"], row["se"]) == pytest.approx((0.35453564, 0.10737412), rel=STATA)
    irr = model.rate_ratios.set_index("term").loc["smokes", "ratio"]
    assert irr == pytest.approx(1.425519, rel=STATA)
    assert model.loglik == pytest.approx(-33.6001534, rel=STATA)
    assert model.n == 10


SHIP_TERMS = ["yr_con", "op_75_79", "Intercept"]


def ships():
    return pd.read_csv(DATA / "ships.csv").dropna()


@pytest.mark.parametrize(
    ("options", "factor", "expected"),
    [
        ({}, 1.0, (0.05790831365493, 0.12151759298719, 0.13252425018256)),
        # Stata's vce(robust) multiplies the sandwich by N/(N-1).
        ({"cov": "HC0"}, 34 / 33, (0.09144457613957, 0.16103531267836, 0.25586754150170)),
        (
            {"cov": "cluster", "cluster": "ship"},
            1.0,
            (0.03817694295902, 0.09213163536669, 0.09686566266030),
        ),
    ],
)
def test_ship_damage_equals_stata_poisson(options, factor, expected):
    # poisson accident yr_con op_75_79, exposure(service) [vce(robust) | vce(cluster ship)]
    model = fit_rate_model(ships(), "accident ~ yr_con + op_75_79", exposure="service", **options)
    table = model.log_ratios.set_index("term").loc[SHIP_TERMS]
    assert table["estimate"].tolist() == pytest.approx(
        [0.30633819450439, 0.35592229608495, -6.974712802772], rel=STATA
    )
    assert (table["se"] * np.sqrt(factor)).tolist() == pytest.approx(expected, rel=STATA)
    assert model.loglik == pytest.approx(-91.28727940081573, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (0.14983643534827, 0.27580549562862, 0.40391814231008)),
        (
            {"cov": "cluster", "cluster": "ship"},
            (0.14270989695062, 0.17997186802799, 0.62542746996715),
        ),
    ],
)
def test_ship_damage_equals_stata_nbreg(options, expected):
    # nbreg accident yr_con op_75_79, exposure(service) [vce(cluster ship)]
    model = fit_rate_model(
        ships(), "accident ~ yr_con + op_75_79", exposure="service", family="nb2", **options
    )
    table = model.log_ratios.set_index("term").loc[SHIP_TERMS]
    assert table["estimate"].tolist() == pytest.approx(
        [0.28503762550355, 0.17127003537767, -6.5908639033905], rel=STATA
    )
    assert model.nb_alpha == pytest.approx(0.24574220834903, rel=STATA)
    assert model.loglik == pytest.approx(-82.49115612464288, rel=1e-9)
    # nbreg works with log alpha, whose curvature differs in the sixth digit.
    assert table["se"].tolist() == pytest.approx(expected, rel=1e-5)


def test_bare_predict_forgets_the_offset_and_ours_does_not(cells):
    hours = cells["officer_hours"]
    model = fit(cells)
    bare = smf.glm(FORMULA, cells, family=sm.families.Poisson(), offset=np.log(hours)).fit()
    rates = bare.predict(cells)
    assert rates.sum() < 0.001 * cells["y"].sum()
    with pytest.raises(ValueError, match="an exposure, a row or a term was lost"):
        check_balance(cells["y"], rates)
    counts = model.predict_count(cells, exposure="officer_hours")
    assert abs(check_balance(cells["y"], counts).relative) < 1e-9
    np.testing.assert_allclose(counts, model.rows.mu, rtol=1e-9)
    np.testing.assert_allclose(model.predict_rate(cells), rates, rtol=1e-6)
    with pytest.raises(TypeError, match="exposure"):
        model.predict_count(cells)
    with pytest.raises(TypeError, match="exposure"):
        fit_rate_model(cells, FORMULA)


def test_standardised_rates_equal_r(cells):
    model = fit(cells)
    rates = [
        1000 * np.average(model.predict_rate(cells.assign(single=s)), weights=cells.officer_hours)
        for s in (1, 0)
    ]
    golden = GOLDEN["gcomp"]
    assert rates == pytest.approx([golden["all_single"], golden["all_double"]], rel=R_COEF)
    assert rates[0] / rates[1] == pytest.approx(golden["ratio"], rel=R_COEF)


def test_design_can_be_rebuilt_without_outcome_and_exposure(cells):
    model = fit(cells)
    rebuilt = model.design(cells.drop(columns=["y", "officer_hours"]))
    np.testing.assert_array_equal(rebuilt, model.rows.matrix)
    assert list(rebuilt.columns) == list(model.vcov.columns)


def test_contrast_equals_the_same_model_recoded(cells):
    frame = cells.assign(night=(cells["band"] == "night").astype(float))
    frame["day"] = 1 - frame["night"]
    inner = fit_rate_model(
        frame, "y ~ single + single:night + C(band)", exposure="officer_hours",
        cov="cluster", cluster="beat",
    ).contrast({"single": 1, "single:night": 1})  # fmt: skip
    outer = fit_rate_model(
        frame, "y ~ single + single:day + C(band)", exposure="officer_hours",
        cov="cluster", cluster="beat",
    )  # fmt: skip
    row = outer.log_ratios.set_index("term").loc["single"]
    ratio = outer.rate_ratios.set_index("term").loc["single"]
    assert (inner.estimate, inner.se, inner.p) == pytest.approx(
        (row["estimate"], row["se"], row["p"]), rel=1e-8
    )
    assert (inner.lower, inner.upper) == pytest.approx((ratio["lower"], ratio["upper"]), rel=1e-8)
    with pytest.raises(ValueError, match="Did you mean 'single'"):
        outer.contrast({"singel": 1})


def test_offset_equals_rates_weighted_by_exposure(cells):
    # A Poisson model of rates with exposure as weights has the same score equations.
    design = fit(cells).rows.matrix
    weighted = sm.GLM(
        cells["y"] / cells["officer_hours"], design, family=sm.families.Poisson(),
        var_weights=cells["officer_hours"],
    ).fit(tol=1e-12)  # fmt: skip
    np.testing.assert_allclose(weighted.params, fit(cells).coefficients, rtol=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-3, 1e3))
def test_the_unit_of_exposure_moves_the_intercept_only(factor):
    cells = pd.read_csv(DATA / "crew-cells.csv")
    one = fit(cells)
    other = fit(cells.assign(officer_hours=cells["officer_hours"] * factor))
    moved = one.coefficients - other.coefficients
    assert moved["Intercept"] == pytest.approx(np.log(factor), abs=1e-8)
    assert moved.drop("Intercept").abs().max() < 1e-8


def test_jackknife_equals_refits_and_the_reference_value(cells):
    model = fit(cells)
    rows = model.rows
    jack = leave_one_cluster_out(rows.matrix, rows.y, rows.log_exposure, cells["beat"])
    # Computed apart with full refits; the offset is in each of them, or this would be 1.96.
    position = list(model.vcov.columns).index("single")
    assert np.sqrt(jack.vcov[position, position]) == pytest.approx(0.1736088895, rel=R_COEF)
    part = fit(cells[cells["beat"] != 3])
    np.testing.assert_allclose(jack.coefficients[3], part.coefficients, rtol=1e-7)


def test_fast_fits_equal_statsmodels_with_and_without_a_cluster():
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(1920), rng.normal(size=(1920, 19))])
    log_exposure = np.log(rng.uniform(100, 1000, 1920))
    y = rng.poisson(np.exp(log_exposure - 6 + x[:, 1:5].sum(axis=1) * 0.2)).astype(float)
    fast = fit_design(x, y, log_exposure)
    slow = sm.GLM(y, x, family=sm.families.Poisson(), offset=log_exposure).fit(tol=1e-13)
    np.testing.assert_allclose(fast.coefficients, slow.params, atol=1e-9)
    np.testing.assert_allclose(fast.vcov, slow.cov_params(), rtol=1e-6, atol=1e-12)
    assert fast.deviance == pytest.approx(slow.deviance, rel=1e-9)
    groups = np.arange(1920) % 60
    left = leave_one_cluster_out(x, y, log_exposure, groups)
    for code in (0, 59):
        kept = groups != code
        slow = sm.GLM(
            y[kept], x[kept], family=sm.families.Poisson(), offset=log_exposure[kept]
        ).fit(tol=1e-13)
        np.testing.assert_allclose(left.coefficients[code], slow.params, atol=1e-9)


def test_an_arm_that_loses_all_its_events_with_a_cluster_is_told():
    x = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6)])
    y = np.array([3, 4, 2, 5, 3, 4, 0, 0, 0, 0, 7, 0], dtype=float)
    with pytest.raises(ValueError, match="arm without events"):
        leave_one_cluster_out(x, y, np.zeros(12), np.arange(12) % 6)


def test_intervals_of_a_clustered_simulation_cover():
    """Beats share a random level: model errors fail, cluster errors with t hold."""
    rng = np.random.default_rng(9)
    beats, cells_each, truth, runs = 30, 8, 0.3, 150
    frame = pd.DataFrame({"beat": np.repeat(np.arange(beats), cells_each), "hours": 1000.0})
    frame["dark"] = (frame["beat"] % 2).astype(float)
    covered = {"model": 0, "cluster": 0}
    for _ in range(runs):
        level = rng.normal(0, 0.3, beats)[frame["beat"]]
        frame["y"] = rng.poisson(10 * np.exp(truth * frame["dark"] + level))
        for cov, cluster in (("model", None), ("cluster", "beat")):
            model = fit_rate_model(
                frame, "y ~ dark", exposure="hours", cov=cov, cluster=cluster
            )  # fmt: skip
            row = model.log_ratios.iloc[1]
            covered[cov] += row["lower"] <= truth <= row["upper"]
    slack = 3 * np.sqrt(0.95 * 0.05 / runs)
    assert covered["cluster"] / runs == pytest.approx(0.95, abs=slack)
    assert covered["model"] / runs < 0.8


def test_nb2_finds_the_dispersion_it_was_given():
    rng = np.random.default_rng(12)
    n, alpha = 4000, 0.5
    frame = pd.DataFrame({"x": rng.normal(size=n), "hours": rng.uniform(500, 5000, n)})
    mean = frame["hours"] / 500 * np.exp(0.4 * frame["x"])
    frame["y"] = rng.negative_binomial(1 / alpha, 1 / (1 + alpha * mean))
    model = fit_rate_model(frame, "y ~ x", exposure="hours", family="nb2")
    # Standard error of alpha about 0.016 and of the slope about 0.013.
    assert model.nb_alpha == pytest.approx(alpha, abs=0.05)
    assert model.coefficients["x"] == pytest.approx(0.4, abs=0.04)
    assert model.dispersion == pytest.approx(1, abs=0.1)


def test_nb2_without_excess_is_poisson_and_says_so(cells):
    calm = cells.assign(y=np.minimum(cells["y"], 2))
    model, poisson = (
        fit_rate_model(calm, "y ~ single", exposure="officer_hours", family=family)
        for family in ("nb2", "poisson")
    )
    assert model.nb_alpha == 0
    assert model.coefficients.tolist() == poisson.coefficients.tolist()
    assert "the negative binomial is the Poisson" in " ".join(model.cautions)


def test_cautions_name_what_the_errors_leave_out(cells):
    assert "4.6 times" in fit(cells).cautions[0]
    assert fit(cells, family="quasi-poisson").cautions == ()
    assert fit(cells, cov="cluster", cluster="beat").cautions == ()
    few = fit(cells[cells["beat"] < 5], cov="cluster", cluster="beat")
    assert "Only 5 clusters" in few.cautions[0]


def test_inputs_and_results_stay_as_they_are(cells):
    before = cells.copy()
    model = fit(cells, cov="cluster", cluster="beat")
    model.predict_count(cells, exposure="officer_hours")
    pd.testing.assert_frame_equal(cells, before)
    with pytest.raises(AttributeError):
        model.n = 3
    with pytest.raises(ValueError, match="read-only"):
        model.rows.y[0] = 99


@pytest.mark.parametrize(
    ("change", "formula", "code", "message"),
    [
        ({"officer_hours": 0.0}, FORMULA, "E104", "144 of 144 rows are not above 0"),
        ({"officer_hours": np.nan}, FORMULA, "E104", "exposure is nan in row 0"),
        ({"officer_hours": -1.0}, FORMULA, "E104", "exposure is -1"),
        ({"officer_hours": "many"}, FORMULA, "E104", "exposure is nan"),
        ({"y": -1}, FORMULA, "E102", "'-1' in row 0"),
        ({"y": 2.5}, FORMULA, "E102", "whole numbers"),
        ({"y": "c.50"}, FORMULA, "E102", "'c.50' in row 0"),
        ({"y": 0}, FORMULA, "E122", "no event in any row"),
        ({"z": 0.0}, "y ~ z + single", "E122", "the term 'z' is 0 in every row"),
        ({"z": 2.0}, "y ~ z + single", "E122", "the term 'z' repeats Intercept"),
        ({}, "y ~ single + hours_lost", "E125", "no column is called 'hours_lost'"),
    ],
)
def test_bad_data_are_refused(cells, change, formula, code, message):
    with pytest.raises(Refusal) as refusal:
        fit_rate_model(cells.assign(**change), formula, exposure="officer_hours")
    assert refusal.value.codes == (code,)
    assert message in str(refusal.value)


def test_missing_columns_suggest_the_nearest(cells):
    with pytest.raises(Refusal, match=r"E104.*Did you mean 'officer_hours'"):
        fit_rate_model(cells, FORMULA, exposure="officer_hour")
    with pytest.raises(Refusal, match=r"E125.*Did you mean 'beat'"):
        fit(cells, cov="cluster", cluster="beats")
    with pytest.raises(Refusal, match=r"E104.*exposure is 0 in row 2"):
        fit(cells).predict_count(cells.head(3), exposure=[1.0, 2.0, 0.0])


def test_aliased_terms_are_named(cells):
    frame = cells.assign(night=(cells["band"] == "night").astype(float))
    with pytest.raises(Refusal) as refusal:
        fit_rate_model(frame, "y ~ C(band)*risk + single*night", exposure="officer_hours")
    assert refusal.value.codes == ("E122",)
    assert "'night' repeats C(band)[T.night]:" in str(refusal.value)
    with pytest.raises(Refusal, match="E122: 3 terms for 3 rows"):
        fit_rate_model(cells.head(3), "y ~ single + risk", exposure="officer_hours")
    # As many separate problems as aliased terms, each with all that it repeats.
    frame = cells.assign(sum=cells["single"] + cells["risk"], again=cells["single"] * 3)
    with pytest.raises(Refusal) as refusal:
        fit_rate_model(frame, "y ~ single + risk + sum + again", exposure="officer_hours")
    assert refusal.value.codes == ("E122", "E122")
    assert "'sum' repeats single + risk:" in str(refusal.value)


@pytest.mark.parametrize("arm", [0, 1])
def test_an_arm_without_events_is_refused(cells, arm):
    # Either way round one coefficient, or two that cancel, would run to infinity.
    empty = (cells["band"] == "night") & (cells["single"] == arm)
    frame = cells.assign(y=cells["y"].where(~empty, 0))
    with pytest.raises(Refusal, match=r"E122.*24 rows .* hold no event"):
        fit_rate_model(frame, "y ~ C(band)*single", exposure="officer_hours")
    # Without the interaction the same rows do no harm.
    fit_rate_model(frame, "y ~ C(band) + single", exposure="officer_hours")


def test_fits_that_cannot_settle_say_so(cells):
    x = np.column_stack([np.ones(144), cells["risk"]])
    zeros = np.where(cells["risk"] == 1, 0.0, cells["y"])
    with pytest.raises(ValueError, match="arm without events"):
        fit_design(x, zeros, np.log(cells["officer_hours"].to_numpy()))
    with pytest.raises(ValueError, match="two clusters or more"):
        leave_one_cluster_out(x, cells["y"].to_numpy(float), np.zeros(144), np.zeros(144))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "binomial"}, "family must be one of"),
        ({"cov": "HC3"}, "cov must be one of"),
        ({"cov": "cluster"}, "go together"),
        ({"cluster": "beat"}, "go together"),
        ({"correction": "CR2"}, "correction must be one of"),
        ({"alpha": 0}, "alpha must lie"),
    ],
)
def test_unknown_options_are_named(cells, options, message):
    with pytest.raises(ValueError, match=message):
        fit(cells, **options)
