"""The crewing models against values that R and an independent refit gave."""

import json

import numpy as np
import pandas as pd
import pytest
from crewing_runs import GOLDEN, REFERENCE

from officer_assaults.stats.glm import fit_rate_model
from officer_assaults.topics.crewing.model import checks as crewing_checks
from officer_assaults.topics.crewing.model import ratios as crewing
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy import fit_policy_model, standardised_rates

#: R stops its iteration when the deviance has settled to 1e-8.
COEFFICIENT = 1e-6
ERROR = 1e-5
R_VALUES = json.loads((GOLDEN / "golden_R.json").read_text())
#: Leave-one-cluster-out refits of the same model, 12 beats, made for the design of this project.
JACKKNIFE_SE = 0.1736088895


@pytest.fixture(scope="module")
def cells():
    """Golden cells under the names of crew cells; 12 beats stand as policing areas."""
    raw = pd.read_csv(REFERENCE / "crew-cells.csv")
    crew = np.where(raw["single"] == 1, "single", "double")
    return pd.DataFrame(
        {
            "lpa": raw["beat"].map("area-{:02d}".format),
            "period_start": pd.Timestamp("2024-01-01"),
            "hour_band": raw["band"].map({"day": "day", "eve": "evening", "night": "night"}),
            "weekend": 0,
            "crew": crew,
            "unit_hours": raw["officer_hours"] / np.where(crew == "single", 1, 2),
            "officer_hours": raw["officer_hours"],
            "y": raw["y"],
            "grade1_share": raw["risk"].astype(float),
        }
    )


@pytest.fixture(scope="module")
def data(cells):
    return prepare(cells, formula="C(hour_band) + grade1_share", cluster="lpa")


def test_ratio_and_cluster_error_equal_r(data):
    found = crewing.arm_ratio(data, label="")
    expected = R_VALUES["poisson"]
    assert np.log(found.ratio) == pytest.approx(expected["coef"]["single"], rel=COEFFICIENT)
    # Limits are t with 11 degrees of freedom about R's vcovCL(type = "HC0", cadjust = TRUE).
    half = (np.log(found.upper) - np.log(found.lower)) / 2
    assert half / 2.2009851600916384 == pytest.approx(expected["cl_hc0_cadj"]["single"], rel=ERROR)


def test_negative_binomial_equals_mass(data):
    model = fit_rate_model(
        data.frame, "victims ~ single + C(hour_band) + grade1_share",
        exposure="officer_hours", family="nb2",
    )  # fmt: skip
    assert model.coefficients["single"] == pytest.approx(R_VALUES["nb"]["coef"]["single"], rel=1e-5)
    assert model.nb_alpha == pytest.approx(R_VALUES["nb"]["alpha"], rel=1e-4)
    shown = {one.label: one for one in crewing_checks.sensitivities(data)}["Negative binomial"]
    assert np.log(shown.ratio) == pytest.approx(R_VALUES["nb"]["coef"]["single"], rel=1e-5)


def test_standardised_rates_equal_r(data):
    single, double, ratio, _ = standardised_rates(fit_policy_model(data, [], interactions=()))
    expected = R_VALUES["gcomp"]
    assert single * 1000 == pytest.approx(expected["all_single"], rel=COEFFICIENT)
    assert double * 1000 == pytest.approx(expected["all_double"], rel=COEFFICIENT)
    assert ratio == pytest.approx(expected["ratio"], rel=COEFFICIENT)


def test_jackknife_error_equals_the_refits(data):
    model = fit_policy_model(data, [], interactions=())
    place = model.terms.index("single")
    moves = model.left_out[:, place] - model.coefficients[place]
    groups = len(moves)
    assert groups == 12
    se = np.sqrt((groups - 1) / groups * (moves**2).sum())
    assert se == pytest.approx(JACKKNIFE_SE, rel=1e-7)
    # Main effects only, so the standardised ratio is the coefficient and has its interval.
    _, _, ratio, limits = standardised_rates(model)
    half = (np.log(limits.upper) - np.log(limits.lower)) / 2
    assert half / 2.2009851600916384 == pytest.approx(JACKKNIFE_SE, rel=1e-7)
    assert np.log(ratio) == pytest.approx(R_VALUES["poisson"]["coef"]["single"], rel=COEFFICIENT)


def test_an_offset_taken_for_a_count_goes_red(data):
    """Mutation: the golden ratio is far from the one without exposure."""
    wrong = fit_rate_model(
        data.frame.assign(one=1.0), "victims ~ single + C(hour_band) + grade1_share", exposure="one"
    )
    expected = R_VALUES["poisson"]["coef"]["single"]
    assert abs(wrong.coefficients["single"] - expected) > 0.1
