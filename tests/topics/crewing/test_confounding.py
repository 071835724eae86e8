"""What each estimator finds where the truth is known, against the numbers it was designed by."""

import math
from dataclasses import replace

import numpy as np
import pytest
from crewing_runs import SEED, runs
from crewing_studies import confounding_study, misclassification_study, policy_study
from scipy import stats

from officer_assaults.stats.shares import misclassified_ratios, officer_hour_share
from officer_assaults.topics.crewing.model import ratios as crewing
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.model.study import (
    CORRECT,
    HOUR,
    fast_ratio,
)
from officer_assaults.topics.crewing.simulator.params import ForceParams, Risk

#: Means from 1,000 forces drawn for the design of this project; the truth is 1.40.
DESIGNED = {
    "crude": 0.756,
    "hour band only": 0.995,
    "all but call risk": 1.043,
    "correct, by beat": 1.401,
    "correct, by policing area": 1.401,
    "IPW": 1.399,
    "AIPW, both right": 1.399,
    "AIPW, wrong outcome": 1.399,
    "AIPW, wrong chance": 1.402,
    "IPW, wrong chance": 1.044,
    "hidden danger, strong": 1.221,
    "hidden danger, weak": 1.367,
}
RIGHT = (
    "correct, by beat",
    "correct, by policing area",
    "IPW",
    "overlap weights",
    "AIPW, both right",
)
WRONG = ("crude", "hour band only", "all but call risk", "IPW, wrong chance")
#: Standard errors allowed between two Monte-Carlo means: rare enough for twelve comparisons.
SPREAD = 3.5
#: The designed means carry a Monte-Carlo error of their own, about .075 over the root of 1,000.
DESIGN_SE = 0.0024


@pytest.fixture(scope="module")
def table():
    return confounding_study(runs(30, 1000), SEED).set_index("estimator")


@pytest.mark.parametrize("estimator", DESIGNED)
def test_mean_ratio_is_the_designed_one(table, estimator):
    row = table.loc[estimator]
    off = math.log(row["mean_ratio"] / DESIGNED[estimator])
    assert abs(off) < SPREAD * math.hypot(row["se_log"], DESIGN_SE)


@pytest.mark.parametrize("estimator", RIGHT)
def test_right_estimators_cover(table, estimator):
    row = table.loc[estimator]
    hits = round(row["coverage"] * row["runs"])
    # With 1,000 forces this is the pass band .93 to .97; with few it allows for their number.
    low, high = stats.binom.ppf([0.002, 0.998], int(row["runs"]), [0.94, 0.965])
    assert low <= hits <= high or 0.93 <= row["coverage"] <= 0.97


@pytest.mark.parametrize("estimator", WRONG)
def test_wrong_adjustment_does_not_cover(table, estimator):
    assert table.loc[estimator, "coverage"] <= 0.15


def test_the_plain_comparison_never_covers(table):
    assert table.loc["crude", "coverage"] == 0.0
    assert table.loc["crude", "mean_ratio"] < 0.8


def test_under_no_effect_the_plain_comparison_is_about_half():
    params = ForceParams(risk=Risk(crew_ratio=1.0))
    found = confounding_study(runs(20, 300), SEED, params=params, weighted=False)
    rows = found.set_index("estimator")
    assert rows.loc["crude", "mean_ratio"] == pytest.approx(0.54, abs=0.02)
    assert rows.loc["correct, by beat", "mean_ratio"] == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("terms", [(), HOUR, CORRECT])
def test_the_fast_fit_is_the_one_that_reports_use(baseline, baseline_cells, terms):
    fast = fast_ratio(baseline_cells, terms)
    named = {(): (), HOUR: ("C(hour_band)",)}.get(terms, baseline.terms)
    slow = crewing.arm_ratio(baseline, label="", terms=named)
    assert math.exp(fast.log_ratio) == pytest.approx(slow.ratio, rel=1e-8)
    assert math.exp(fast.lower) == pytest.approx(slow.lower, rel=1e-8)
    assert math.exp(fast.upper) == pytest.approx(slow.upper, rel=1e-8)


@pytest.fixture(scope="module")
def mistaken():
    return misclassification_study(runs(100, 1000), SEED, by_risk=False).set_index("estimator")


@pytest.mark.parametrize(
    ("version", "closed", "designed"),
    [
        ("both sides wrong", "both_sides", 1.30),
        ("hours alone wrong", "hours_alone", 1.49),
        ("hours planned, victims as worked", "planned_hours", 1.66),
    ],
)
def test_wrong_crew_types_mislead_as_designed(mistaken, version, closed, designed):
    row = mistaken.loc[version]
    expected = misclassified_ratios(1.4, officer_hour_share(0.73))[closed]
    assert expected == pytest.approx(designed, abs=0.011)
    assert abs(math.log(row["mean_ratio"] / expected)) < SPREAD * row["se_log"]


def test_where_crews_follow_risk_planned_hours_mislead_by_a_third_and_more():
    found = misclassification_study(runs(30, 600), SEED).set_index("estimator")["mean_ratio"]
    assert found["hours planned, victims as worked"] > 1.3 * found["as worked"]
    assert found["both sides wrong"] < found["as worked"]


def test_a_targeted_policy_needs_its_interaction():
    """A ratio that rises with back-up, and a policy on back-up: the model must let it rise."""
    params = ForceParams(risk=Risk(backup_slope=0.02))
    policy = POLICIES["double_far_backup"]
    number = runs(16, 500)
    right = policy_study(number, SEED, policy, params=params).iloc[0]
    wrong = policy_study(number, SEED, policy, params=params, interactions=()).iloc[0]
    assert abs(right["mean"] - right["truth"]) < SPREAD * right["se"]
    assert right["coverage"] >= stats.binom.ppf(0.002, number, 0.93) / number
    assert wrong["mean"] < 0.65 * wrong["truth"]
    assert wrong["coverage"] <= 0.35


@pytest.mark.parametrize("name", ["all_double", "double_nights"])
def test_policies_are_covered_and_unbiased(name):
    number = runs(20, 500)
    row = policy_study(number, SEED, POLICIES[name]).iloc[0]
    assert abs(row["mean"] - row["truth"]) < SPREAD * row["se"]
    assert row["coverage"] >= stats.binom.ppf(0.002, number, 0.95) / number


def test_averages_in_place_of_a_split_by_call_grade_hardly_identify_the_ratio():
    """Why the template asks for rows by call grade."""
    from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells

    averaged, split = [], []
    for n in range(runs(20, 200)):
        cells, _ = simulate_crew_cells(
            replace(ForceParams(), periods=0), SEED + n, with_truth=False
        )
        weighted = cells.assign(
            **{k: cells[k] * cells["officer_hours"] for k in ("grade1_share", "backup_min")}
        )
        keys = ["lpa", "area_type", "hour_band", "weekend", "crew"]
        sums = ["officer_hours", "y", "grade1_share", "backup_min"]
        for found, by in ((averaged, keys), (split, [*keys, "call_grade"])):
            coarse = weighted.groupby(by, observed=True, as_index=False)[sums].sum()
            for name in ("grade1_share", "backup_min"):
                coarse[name] = coarse[name] / coarse["officer_hours"]
            found.append(fast_ratio(coarse, CORRECT, cluster="lpa").log_ratio)
    assert np.std(averaged) > 3 * np.std(split)
