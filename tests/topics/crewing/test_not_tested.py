"""A check that a file cannot feed is not tested, and not tested is not passed."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from officer_assaults.data import recording_evidence
from officer_assaults.findings import VERDICTS
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.data.schemas import CELL_KEY, schema_of
from officer_assaults.topics.crewing.model.analysis import analyse
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.checks import CREW_BEFORE, OTHER_INJURIES
from officer_assaults.topics.crewing.model.claims import untested_verdict
from officer_assaults.topics.crewing.report import story as crewing
from officer_assaults.topics.crewing.simulator import scenarios
from officer_assaults.topics.crewing.simulator.force import simulate_crew_cells

DROPPED = ["y_after_double", "officer_hours_after_double"]
POLICIES = ["all_double", "all_single", "double_nights"]
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def hidden(request):
    """A force whose dispatchers act on a danger that no column holds; the true ratio is 1.4."""
    params = replace(scenarios.scenario("hidden_dispatcher").params, periods=0)
    return simulate_crew_cells(params, request.param)[0]


def verdicts(cells):
    found = analyse(prepare(cells), POLICIES)
    return {claim.id: claim.verdict for claim in found.claims}, found


def test_a_hidden_danger_is_found_where_the_file_can_feed_the_check(hidden):
    judged, found = verdicts(hidden)
    assert found.hidden_danger
    assert judged["per_officer_hour"] == "not identified"


def test_without_the_columns_no_verdict_that_the_danger_could_have_made(hidden):
    judged, found = verdicts(hidden.drop(columns=DROPPED))
    assert found.untested == {
        CREW_BEFORE: "the file does not fill y_after_double and officer_hours_after_double"
    }
    for claim in ("per_officer_hour", "far_more", "true_ratio", "incidents", "per_attendance"):
        assert judged[claim] in ("consistent", "needs data"), claim
    assert judged["policy.all_double.officer-hours"] in ("consistent", "needs data")
    # Hours moved to single crews look safer than they are.
    assert judged["policy.all_single.officer-hours"] in ("contradicted", "needs data")


@pytest.mark.parametrize(
    ("drop", "untested"),
    [
        ([], []),
        (["y_control"], [OTHER_INJURIES]),
        ([*DROPPED, "y_control"], [CREW_BEFORE, OTHER_INJURIES]),
    ],
)
def test_checks_are_counted_as_made_or_not(baseline_cells, drop, untested):
    assert list(analyse(prepare(baseline_cells.drop(columns=drop)), []).untested) == untested


def test_too_few_events_leave_a_check_untested(baseline_cells):
    rare = baseline_cells.assign(y_control=0)
    found = analyse(prepare(rare), [])
    assert found.untested == {OTHER_INJURIES: "too few recorded events"}


@pytest.mark.parametrize(
    ("verdict", "bias"), list(itertools.product(VERDICTS, ("low", "high", "unknown")))
)
def test_only_a_verdict_against_the_bias_stands(verdict, bias):
    safe = {"low": "consistent", "high": "contradicted", "unknown": None}[bias]
    assert untested_verdict(verdict, looked=True, bias=bias) == verdict
    expected = verdict if verdict == safe else "needs data"
    assert untested_verdict(verdict, looked=False, bias=bias) == expected


def test_the_headline_says_what_was_not_tested(export):
    file = load(export)
    file = replace(file, simulated=False)
    found = analyse(prepare(file.cells), ["all_double"])
    survey = recording_evidence.single_crewed()
    story = crewing.CrewingStory(analysis=found, survey=survey, seed=0, file=file)
    if CREW_BEFORE in found.untested:
        assert "Not tested" in crewing.headline(story)["caveat"]
    assert crewing.gate(story)["passed"] is (not found.untested and found.data.holds_risk_alike)
    untested = replace(found, untested={CREW_BEFORE: "the file does not fill y_after_double"})
    said = crewing.headline(replace(story, analysis=untested))["caveat"]
    assert "Not tested: whether dispatchers act on a danger" in said
    assert "(E-value)" in said
    assert crewing.gate(replace(story, analysis=untested))["passed"] is False


def test_labels_of_one_place_written_twice_are_refused(baseline_cells):
    lpa = baseline_cells["lpa"].astype(str)
    twice = np.where(np.arange(len(lpa)) % 2, lpa.str.upper(), lpa)
    with pytest.raises(Refusal, match=r"E125.*'lpa' holds labels that read as one"):
        prepare(baseline_cells.assign(lpa=twice))


def test_every_key_of_cells_that_shifts_hold_is_kept(tmp_path):
    """Two lists of keys once dropped the team of unit-shifts, and the report missed it."""
    from officer_assaults.topics.crewing.data.about import sidecar_of
    from officer_assaults.topics.crewing.data.template import write_template
    from officer_assaults.topics.crewing.simulator.force import simulate_force
    from officer_assaults.topics.crewing.simulator.params import ForceParams

    data, side = write_template(tmp_path, "shifts")
    drawn = simulate_force(ForceParams(), 5, shifts=300).frames["crew_shifts"]
    drawn.assign(force="thames-valley", is_simulated="yes").to_csv(data, index=False)
    answers = {"source": "made up", "retrieved": "2024-04-30", "hours": "actual"}
    answers["victims"] = answers["hours"]
    text = side.read_text()
    for name, answer in answers.items():
        text = text.replace(f"{name}: ASK", f"{name}: {answer}")
    side.write_text(text)
    assert sidecar_of(data) == side
    cells = load(data).cells
    shared = [name for name in CELL_KEY if name in schema_of("shifts").columns]
    assert {"team", "beat", "lpa", "force"} <= set(shared) <= set(cells.columns)
    assert cells["team"].nunique() == drawn["team"].nunique() > 1
