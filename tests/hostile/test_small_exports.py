"""A valid export that is small is reported with what it allows, or refused with what to ask for."""

import random

import pytest
import small_exports
from outcomes import check_problem, runs

from officer_assaults.data import recording_evidence
from officer_assaults.page import words
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.data.about import sidecar_of
from officer_assaults.topics.crewing.data.reader import load
from officer_assaults.topics.crewing.model import what_if
from officer_assaults.topics.crewing.model.analysis import analyse, crude_ratios
from officer_assaults.topics.crewing.model.cells import FEWEST_CLUSTERS, prepare, two_arms
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.report import story as crewing
from officer_assaults.topics.crewing.report import tables as tables_of
from officer_assaults.topics.planning import power

ABOUT = "source: made up\nretrieved: 2024-04-30\ncrew_source: {hours: actual, victims: actual}\n"
#: E114 is too little, E122 a crew without hours or events: both end in what to ask for.
TOO_SMALL = {"E114", "E122"}


@pytest.fixture(scope="module")
def survey():
    return recording_evidence.single_crewed()


def report(file, survey):
    """Everything behind report 05 that depends on the cells; its analysis."""
    data = prepare(file.cells)
    analysis = analyse(data, list(POLICIES))
    crude_ratios(data)
    story = crewing.CrewingStory(
        analysis=analysis,
        survey=survey,
        seed=1,
        file=file,
        truth=None,
        setting="",
        outcome="all",
        victims_single=0.7,
        far_more=2.0,
        audience="public",
    )
    shown = [crewing.headline(story), crewing.main_points(story), crewing.boxes(story)]
    assert words.lint(str(shown)) == []
    assert "nan" not in str(shown).lower().split()
    assert list(crewing.caveats(story))
    for table in (tables_of.counts_table, tables_of.strata_table, tables_of.policy_strata_table,
                  tables_of.policy_table):  # fmt: skip
        assert len(table(story)["frame"]), table.__name__
    return analysis


def planning(file):
    """Everything behind report 08 that depends on the cells."""
    cells = two_arms(file.cells)
    what_if.policies_and_questions(cells, list(POLICIES), alpha=0.05)
    _, too_few = power.setting_or_assumed(cells, months=12)
    assert too_few or cells["period_start"].nunique() > 1
    assert 0 <= what_if.double_share(cells) <= 1
    assert what_if.patrol(cells, file.about.period_months)


def outcome(make, given):
    """What a call gives, or its refusal."""
    try:
        return make(given), None
    except Refusal as refusal:
        return None, refusal


def test_small_exports(tmp_path, record_property, survey):
    path = tmp_path / "cells.csv"
    sidecar_of(path).write_text(ABOUT)
    outcomes = {"accepted": 0, "refused": 0}
    for seed in range(runs(16, 300)):
        small_exports.draw(random.Random(seed)).to_csv(path, index=False)
        file, refusal = outcome(load, path)
        if refusal:
            assert "no rows" in str(refusal), (seed, str(refusal))
            continue
        for make in (lambda opened: _few_say_so(report(opened, survey)), planning):
            _, refusal = outcome(make, file)
            outcomes["refused" if refusal else "accepted"] += 1
            for problem in refusal.problems if refusal else ():
                assert problem.code in TOO_SMALL, (seed, str(problem))
                check_problem(problem, placed=False)
    assert min(outcomes.values()) > 0
    tried = {"reader": "reports 05 and 08 on small exports", "inputs": sum(outcomes.values())}
    record_property("hostile", {**tried, **outcomes, "codes": sorted(TOO_SMALL)})


def _few_say_so(analysis):
    """With too few clusters no interval is claimed."""
    if analysis.data.clusters < FEWEST_CLUSTERS:
        assert analysis.adjusted.lower == 0
        assert "no interval" in analysis.adjusted.method
