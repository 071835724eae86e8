"""The policy language, what a policy may condition on, and the gates on what is hardly seen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from officer_assaults.topics.crewing.model import policy_language as language
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy import (
    Stratum,
    check_policy,
    evaluate,
    evaluate_policies,
    fit_policy_model,
    fit_policy_models,
    holm_adjusted,
    standardised_rates,
    with_longer_backup,
)
from officer_assaults.topics.crewing.model.policy_language import POLICIES, Policy, share_single
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells
from officer_assaults.topics.crewing.simulator.params import Deployment, ForceParams

CELLS = pd.DataFrame(
    {
        "single": [1.0, 0.0, 1.0, 0.0],
        "hour_band": ["day", "day", "night", "early"],
        "backup_min": [5.0, 25.0, 25.0, 20.0],
        "dark_share": [0.0, 0.2, 1.0, 0.6],
        "grade1_share": [1.0, 0.0, 1.0, 1.0],
    }
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("0", [0, 0, 0, 0]),
        ("single", [1, 0, 1, 0]),
        ("0 if backup_min > 20 else single", [1, 0, 0, 0]),
        ("0 if backup_min >= 20 else 1", [1, 0, 0, 0]),
        ("0 if hour_band in ('night', 'early') else single", [1, 0, 0, 0]),
        ("0 if hour_band in ('night') else single", [1, 0, 0, 0]),
        ("0 if hour_band == 'night' else single", [1, 0, 0, 0]),
        ("1 if not (hour_band != 'day') else 0", [1, 1, 0, 0]),
        ("0.5 * single", [0.5, 0, 0.5, 0]),
        ("0 if 10 < backup_min <= 20 or dark_share > 0.9 else single", [1, 0, 0, 0]),
        ("1 - (1 - single) * 0.5", [1, 0.5, 1, 0.5]),
        ("-single + 1 if dark_share > 0.5 and grade1_share > 0.5 else single", [1, 0, 0, 1]),
    ],
)
def test_the_language_says_what_it_reads_like(written, expected):
    np.testing.assert_array_equal(share_single(Policy("own", "own", written), CELLS), expected)


@pytest.mark.parametrize(
    "written",
    [
        "__import__('os').system('true')",
        "single.__class__",
        "[x for x in (1, 2)]",
        "backup_min[0]",
        "lambda: 1",
        "open('x')",
        "single := 1",
        "f'{single}'",
        "{'a': 1}",
        "1 if single else",
        "single ** 9",
        "single @ single",
        "True",
        "b'x'",
        "1 if x" + " or x" * 400 + " else 0",
        "",
    ],
)
def test_anything_else_is_refused_unread(refused, written):
    refusal = refused(lambda: Policy("own", "own", written))
    assert refusal.codes == ("E125",)


def test_an_unknown_name_suggests_the_nearest(refused):
    refusal = refused(lambda: language.named_or_written("double_night"))
    assert refusal.codes == ("E125",)
    assert "double_nights" in str(refusal)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0 if backup_mins > 20 else single", "Did you mean 'backup_min'?"),
        ("2 * single", "share of 2"),
        ("single - 1", "share of -1"),
        ("0 if hour_band > 3 else single", "with 3, but it is a word"),
        ("0 if backup_min else single", "must be a comparison"),
        ("'single'", "does not fit the columns"),
        ("0 if hour_band == 'nigth' else single", "Did you mean 'night'?"),
        ("0 if hour_band in ('night', 'erly') else single", "Did you mean 'early'?"),
        ("0 if 'nite' != hour_band else single", "has no such word"),
        ("0 if hour_band == 3 else single", "with 3, but it is a word"),
        ("0 if backup_min == 'far' else single", "with 'far', but it is a number"),
        (f"0 if backup_min > {10**300} else single * {10**150}", "share of 1e+150"),
        (f"0 if backup_min > {10**400} else single", "does not fit the columns"),
    ],
)
def test_shares_that_cannot_be_are_refused(refused, written, said):
    refusal = refused(lambda: share_single(Policy("own", "own", written), CELLS))
    assert refusal.codes == ("E115",)
    assert said in str(refusal)


def test_every_named_policy_gives_shares():
    for policy in POLICIES.values():
        share = share_single(policy, CELLS)
        assert set(share) <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("events", "share", "passes", "warns"),
    [
        (9, 0.5, False, True),
        (10, 0.5, True, True),
        (29, 0.5, True, True),
        (30, 0.5, True, False),
        (100, 0.02, True, False),
        (100, 0.0199, False, False),
        (0, 0.0, False, True),
    ],
)
def test_the_boundaries_of_the_gate(events, share, passes, warns):
    stratum = Stratum("night to single crews", events, 1000.0, share)
    assert (stratum.passes, stratum.warns) == (passes, warns)


def test_leaving_crews_as_they_are_moves_nothing_and_is_told_so(baseline):
    model = fit_policy_model(baseline, [])
    outcome = evaluate(model, Policy("same", "Same", "single"))
    assert (outcome.moved_share, outcome.unit_hours_lost, outcome.strata) == (0, 0, ())
    # "Avoids 0 (0 to 0)" would read as a finding.
    assert outcome.refusal.code == "E114"
    assert "moves no hours" in str(outcome.refusal)
    assert np.isnan(outcome.avoided)


def test_all_single_and_all_double_frame_the_observed_total(baseline):
    """Natural course equals the data, so the two extremes differ by the standardised rates."""
    model = fit_policy_model(baseline, [])
    outcomes = {name: evaluate(model, POLICIES[name]) for name in ("all_single", "all_double")}
    hours = baseline.frame["officer_hours"].sum()
    single, double, _, _ = standardised_rates(model)
    total = baseline.frame["victims"].sum()
    assert total - outcomes["all_single"].avoided == pytest.approx(single * hours, rel=1e-9)
    assert total - outcomes["all_double"].avoided == pytest.approx(double * hours, rel=1e-9)


def test_units_lost_are_half_the_officers_put_together(baseline):
    frame = baseline.frame
    outcome = evaluate(fit_policy_model(baseline, []), POLICIES["all_double"])
    alone = frame.loc[frame["single"] == 1, "officer_hours"].sum()
    assert outcome.unit_hours_lost == pytest.approx(alone / 2)
    assert outcome.unit_share_lost == pytest.approx(alone / 2 / frame["unit_hours"].sum())


@pytest.mark.parametrize(
    ("events", "share", "passes"),
    [(10, 0.02, True), (9, 0.5, False), (500, 0.0199, False), (10.0, 1.0, True)],
)
def test_the_gate_counts_its_bounds_in(events, share, passes):
    assert Stratum("x", events, 1000.0, share).passes is passes


def test_the_policy_model_has_every_interaction_it_was_asked_for(baseline):
    model = fit_policy_model(baseline, [POLICIES["double_nights"], POLICIES["double_far_backup"]])
    assert "single:backup_c" in model.terms
    bands = baseline.frame["hour_band"].nunique()
    assert sum(name.startswith("single:C(hour_band)") for name in model.terms) == bands - 1


def test_with_calls_held_fixed_the_sign_turns(baseline):
    asked = [POLICIES["all_double"]]
    hours = evaluate_policies(fit_policy_models(baseline, asked), asked)[0]
    calls = evaluate_policies(fit_policy_models(baseline, asked, "attended"), asked)[0]
    assert hours.lower > 0
    assert calls.upper < 0
    assert np.isnan(calls.unit_hours_lost)


def test_a_policy_needs_its_interaction_in_the_model(baseline, refused):
    model = fit_policy_model(baseline, [], interactions=())
    refusal = refused(lambda: evaluate(model, POLICIES["double_far_backup"]))
    assert refusal.codes == ("E115",)
    assert "single:backup_min" in str(refusal)


def test_a_policy_on_a_column_that_is_absent_or_not_adjusted_for_is_refused(baseline, refused):
    absent = replace(baseline, frame=baseline.frame.drop(columns="backup_min"))
    own = Policy("own", "Own", "0 if backup_min > 15 else single")
    assert refused(lambda: check_policy(own, absent)).codes == ("E115",)
    unadjusted = replace(baseline, terms=("C(hour_band)",))
    assert refused(lambda: check_policy(own, unadjusted)).codes == ("E115",)
    # A policy of the package is shown with its refusal; the analyst's own stops the run.
    models = fit_policy_models(absent, list(POLICIES.values()))
    outcomes = {o.policy.name: o for o in evaluate_policies(models, list(POLICIES.values()))}
    assert "'backup_min'" in str(outcomes["double_far_backup"].refusal)
    assert outcomes["double_nights"].refusal is None
    assert refused(lambda: fit_policy_models(absent, [own])).codes == ("E115",)


@pytest.fixture(scope="module")
def one_sided():
    """A force in which hardly any officer is alone at night."""
    params = replace(ForceParams(periods=0), deployment=Deployment(night_double=0.995))
    return prepare(simulate_crew_cells(params, 20180401)[0])


def test_a_contrast_that_leans_on_crews_hardly_seen_is_refused(one_sided):
    night = one_sided.frame[(one_sided.frame["hour_band"] == "night")]
    assert night.loc[night["single"] == 1, "victims"].sum() < 10
    asked = list(POLICIES.values())
    outcomes = {
        o.policy.name: o for o in evaluate_policies(fit_policy_models(one_sided, asked), asked)
    }
    refusal = outcomes["all_single"].refusal
    assert refusal.code == "E114"
    assert np.isnan(outcomes["all_single"].avoided)
    failed = [s for s in outcomes["all_single"].strata if not s.passes]
    assert [s.label for s in failed] == ["night to single crews"]
    # Where the gate refuses, nothing of when officers are alone is in the words.
    assert "night" not in str(refusal)
    assert outcomes["all_double"].refusal is None


def test_the_gate_would_have_let_nonsense_through(one_sided):
    """The night-specific ratio from a handful of victims is far from the true 1.40."""
    from officer_assaults.topics.crewing.model.ratios import arm_ratio

    night = one_sided.frame[one_sided.frame["hour_band"] == "night"].reset_index(drop=True)
    inside = replace(one_sided, frame=night, terms=("grade1_share", "weekend"))
    found = arm_ratio(inside, label="")
    assert found.upper / found.lower > 6 or not 0.7 < found.ratio < 2.8


def test_fewer_than_eight_clusters_judge_no_policy(baseline, refused):
    few = replace(
        baseline,
        frame=baseline.frame.assign(half=np.arange(len(baseline.frame)) % 4),
        cluster="half",
        clusters=4,
    )
    assert refused(lambda: fit_policy_model(few, [])).codes == ("E114",)
    outcome = evaluate_policies(
        fit_policy_models(few, [POLICIES["all_double"]]), [POLICIES["all_double"]]
    )[0]
    assert outcome.refusal.code == "E114"


def test_slower_backup_does_nothing_without_elasticity(baseline):
    policy = Policy("far", "Far", "0 if backup_min > 12 else single")
    model = fit_policy_model(baseline, [policy])
    plain = evaluate(model, policy)
    assert plain.refusal is None
    same = with_longer_backup(model, policy, elasticity=0)
    np.testing.assert_allclose(same, (plain.avoided, plain.lower, plain.upper))
    slower = with_longer_backup(model, policy, elasticity=1)
    slope = model.coefficients[model.terms.index("single:backup_c")]
    assert np.sign(slower[0] - plain.avoided) == -np.sign(slope)


def test_holm_adjusts_the_whole_family(baseline):
    asked = list(POLICIES.values())
    outcomes = evaluate_policies(fit_policy_models(baseline, asked), asked)
    plain = np.array([o.p for o in outcomes])
    adjusted = np.array(holm_adjusted(outcomes))
    # Contrasts that a gate refuses have no p and take no part in the family.
    judged = np.array([o.refusal is None for o in outcomes])
    assert np.isnan(plain[~judged]).all()
    assert np.isnan(adjusted[~judged]).all()
    order = np.argsort(plain[judged])
    steps = np.arange(judged.sum(), 0, -1)
    by_hand = np.minimum(np.maximum.accumulate(plain[judged][order] * steps), 1)
    np.testing.assert_allclose(adjusted[judged][order], by_hand)
