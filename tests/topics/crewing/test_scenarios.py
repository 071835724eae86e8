"""Each named situation, run end to end, gives the verdict that was fixed for it."""

import pytest
from crewing_runs import SEED

from officer_assaults.studies.situations import verdicts_of
from officer_assaults.topics.crewing.given import open_cells
from officer_assaults.topics.crewing.model.analysis import analyse, judge_claims
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.scenarios import SCENARIOS, scenario

#: The seed that reports on simulated crews have by default.
REPORT_SEED = 2
CREWING = [n for n, s in SCENARIOS.items() if s.layer == "crewing" and not s.refused]


def test_every_situation_of_the_design_is_there():
    assert set(SCENARIOS) == {
        "baseline", "null_crew", "strong_confounding", "hidden_dispatcher", "positivity_fail",
        "backup_modifies", "split_crews", "differential_recording", "all_reporting",
        "no_reporting", "broken_anchor", "act_deters", "act_records", "placebo",
    }  # fmt: skip
    for one in SCENARIOS.values():
        assert one.verdicts or one.refused
    with pytest.raises(KeyError, match="known: baseline"):
        scenario("base line")


@pytest.mark.parametrize("name", CREWING)
def test_crewing_situations_give_their_verdict(name):
    # How often they do over many draws is a matter of the validation study.
    given = verdicts_of(SCENARIOS[name], REPORT_SEED)
    wanted = dict(SCENARIOS[name].verdicts)
    assert {claim: given[claim] for claim in wanted} == wanted


@pytest.mark.parametrize("name", [n for n, s in SCENARIOS.items() if s.layer == "reporting"])
def test_recording_situations_give_their_verdict(name):
    assert verdicts_of(SCENARIOS[name], SEED) == dict(SCENARIOS[name].verdicts)


@pytest.mark.parametrize("name", [n for n, s in SCENARIOS.items() if s.layer == "interruption"])
def test_interruption_situations_give_their_verdict(name):
    assert verdicts_of(SCENARIOS[name], SEED) == dict(SCENARIOS[name].verdicts)


def test_claims_alone_are_those_of_the_whole_analysis(baseline_cells):
    whole = analyse(prepare(baseline_cells), ["all_double"])
    assert judge_claims(prepare(baseline_cells), ["all_double"]) == whole.claims


def test_the_truths_of_all_and_none_are_far_apart_and_the_verdict_is_the_same():
    truths = [
        simulate_force(SCENARIOS[name].params, SEED).truth.reporting_share
        for name in ("all_reporting", "no_reporting")
    ]
    assert truths == [1.0, 0.0]


def test_hours_by_the_plan_and_victims_by_the_log_are_refused(refused):
    refusal = refused(lambda: open_cells(None, None, None, "split_crews", REPORT_SEED))
    assert refusal.codes == (SCENARIOS["split_crews"].refused,)
