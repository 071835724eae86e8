"""Bounds on what recording can explain: the published anchor rows, surveys, audits, registers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from officer_assaults.refusals import Refusal
from officer_assaults.stats import changes
from officer_assaults.stats.intervals import Interval
from officer_assaults.topics.recording import report_registers
from officer_assaults.topics.recording.model import bounds as reporting

# Anchor rows are published as whole per cents.
PER_CENT = 0.5
TVP = (794, 1057)


@pytest.fixture(scope="module")
def tvp() -> changes.RecordedChange:
    return changes.recorded_change(*TVP)


@pytest.mark.parametrize(
    ("before", "after", "share"),
    [
        (0.50, 0.55, 33), (0.50, 0.60, 64), (0.50, 0.665, 100), (0.60, 0.65, 28), (0.60, 0.70, 54),
        (0.60, 0.80, 101), (0.70, 0.75, 24), (0.70, 0.80, 47), (0.30, 0.33, 33), (0.30, 0.40, 101),
    ],
)  # fmt: skip
def test_anchor_rows_of_the_sensitivity_surface(tvp, before, after, share):
    assert reporting.share_explained(tvp, before, after) * 100 == pytest.approx(share, abs=PER_CENT)


def test_cap_table(tvp):
    table = reporting.cap_table(tvp, [0.05, 0.10], [0.30, 0.50, 0.65]) * 100
    expected = [[54, 33, 26], [100, 64, 50]]
    np.testing.assert_allclose(table.to_numpy(), expected, atol=PER_CENT)


@pytest.mark.parametrize(
    ("counts", "limit"), [((794, 1057), 0.751), ((628, 859), 0.731), ((166, 198), 0.838)]
)
def test_feasibility_limits(counts, limit):
    found = reporting.feasibility(changes.recorded_change(*counts))
    assert found.period == "before"
    assert found.limit == pytest.approx(limit, abs=5e-4)
    assert found.interval.contains(found.limit)


def test_after_a_fall_the_later_period_is_limited():
    found = reporting.feasibility(changes.recorded_change(400, 300))
    assert found.period == "after"
    assert found.limit == pytest.approx(0.75)


@given(
    true_before=st.floats(50, 5000), true_growth=st.floats(0.4, 2.5),
    before=st.floats(0.1, 1.0), after=st.floats(0.1, 1.0),
)  # fmt: skip
def test_real_and_recording_shares_add_up(true_before, true_growth, before, after):
    recorded = (true_before * before, true_before * true_growth * after)
    ratio = recorded[1] / recorded[0]
    if abs(math.log(ratio)) < 1e-3:
        return
    change = changes.RecordedChange(1, 1, ratio, Interval(0.0, math.inf))
    recording = reporting.share_explained(change, before, after)
    assert recording + math.log(true_growth) / math.log(ratio) == pytest.approx(1.0, abs=1e-9)


def test_count_version_is_what_the_earlier_practice_would_not_have_recorded(tvp):
    # 1,057 recorded at .60 are 1,761.67 events, of which .50 would have recorded 880.83.
    assert reporting.count_explained(tvp, 0.5, 0.6) == pytest.approx(1057 - 1057 / 0.6 * 0.5)


@pytest.mark.parametrize(
    ("concentration", "odds", "ceiling"),
    [
        (None, 1.0, 0.64), (math.inf, 1.0, 0.51), (1.0, 1.0, 0.39), (0.5, 1.0, 0.30),
        (0.25, 1.0, 0.16), (None, 1.5, 0.84), (None, 2.0, 1.0),
    ],
)  # fmt: skip
def test_survey_ceilings(concentration, odds, ceiling):
    survey = reporting.SurveyFigure("national safety survey", "assaulted-on-duty", 39, 40_268, 12)
    table = reporting.survey_ceiling(
        survey, 0.25, concentrations=[concentration], answer_odds=[odds]
    )
    assert table["ceiling"].item() == pytest.approx(ceiling, abs=0.005)


@given(mean=st.floats(0.05, 3), shape=st.floats(0.2, 20))
def test_events_behind_a_share_of_officers_invert_the_negative_binomial(mean, shape):
    prevalence = 1 - (1 + mean / shape) ** -shape
    assert reporting.events_per_officer(prevalence, shape) == pytest.approx(mean, rel=1e-6)


def test_a_monthly_survey_answer_gives_an_order_of_magnitude():
    event = "unarmed-attack-at-least-monthly"
    survey = reporting.SurveyFigure("2016 survey", event, 44, 11_397, 12, 12)
    table = reporting.survey_ceiling(survey, 0.25, answer_odds=[1.0])
    assert table["events"].item() == pytest.approx(5.28)
    assert table["ceiling"].item() == pytest.approx(0.047, abs=5e-4)
    assert not survey.recordable


def test_a_survey_without_a_defined_event_is_refused_with_every_problem():
    with pytest.raises(Refusal) as refusal:
        reporting.SurveyFigure("a survey", "", 139, 0, 12)
    assert refusal.value.codes == ("E110", "E110", "E110")
    assert "event_definition" in str(refusal.value)


def test_recording_audits_of_thames_valley():
    audits = pd.DataFrame(
        {
            "crimes": "violence",
            "audit_year": [2017, 2019],
            "percent": [69.2, 79.0],
            "lower": [65.85, np.nan],
            "upper": [72.55, np.nan],
            "read": "official page",
            "source_url": "https://example.org",
        }
    )
    row = reporting.audit_ratios(audits).iloc[0]
    found = [row["ratio"], row["lower"], row["upper"]]
    assert found == pytest.approx([1.142, 1.07, 1.218], abs=1e-3)
    assert len(reporting.spanning(audits, 2017, 2018)) == 2
    assert reporting.spanning(audits, 2020, 2021).empty
    assert reporting.spanning(audits, 2015, 2016).empty


@pytest.mark.parametrize(
    ("first", "second", "attribution"),
    [
        ((2000, 1500), (2000, 2020), "recording"),
        ((2000, 1500), (2000, 1510), "both registers"),
        ((2000, 1200), (2000, 1600), "both kinds"),
        ((2000, 2010), (2000, 1990), "neither"),
        ((2000, 1500), (2000, 2400), "recording"),
        ((2000, 2500), (2000, 1600), "recording"),
        ((2000, 2030), (2000, 2600), "both kinds"),
    ],
)
def test_two_registers_say_where_a_change_lies(first, second, attribution):
    found = reporting.compare_registers(first, second)
    assert found.attribution == attribution
    assert found.difference == pytest.approx(found.first / found.second)


@pytest.mark.parametrize(
    ("first", "second", "verdict", "said"),
    [
        ((2000, 2600), (2000, 2020), "consistent", "alone moved beyond chance"),
        ((2000, 2600), (2000, 2200), "consistent", "further"),
        ((2000, 2600), (2000, 1600), "consistent", "opposite ways"),
        ((2000, 2300), (2000, 2250), "not supported", "moved alike"),
        ((2000, 2300), (200, 210), "not supported", "no change can be told"),
        ((2000, 2300), (2000, 3000), "contradicted", "grew less than the other register"),
        ((2000, 1500), (2000, 2020), "consistent", "alone moved beyond chance"),
        ((2000, 1700), (2000, 1200), "contradicted", "fell less than the other register"),
        ((2000, 2010), (2000, 2600), "not identified", "did not clearly change"),
    ],
)
def test_own_forms_judge_the_claim_by_its_direction(first, second, verdict, said):
    """Recording can be part of a rise only where the record rose beyond the other register."""
    found = reporting.compare_registers(first, second)
    assert report_registers.verdict_of(found) == verdict
    assert said in report_registers.reads(found)


def test_equal_registers_call_recording_no_oftener_than_their_level():
    counts = np.random.default_rng(11).poisson([400, 300, 400, 300], size=(1000, 4))
    called = [
        reporting.compare_registers((a, b), (c, d)).attribution for a, b, c, d in counts.tolist()
    ]
    wrong = np.mean([name in ("recording", "both kinds") for name in called])
    # 5 % level; four Monte-Carlo standard errors at 1,000 runs are .028.
    assert wrong == pytest.approx(0.05, abs=0.028)


def test_a_zero_count_has_no_ratio_to_share_out():
    with pytest.raises(Refusal) as refusal:
        changes.recorded_change(0, 12)
    assert refusal.value.codes == ("E122",)
