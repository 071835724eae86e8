"""What 02 says of a force among forces: the valid interval leads, and refusals are kept to."""

import re

import pytest
from notebook_runs import run

from officer_assaults.findings import VERDICTS

RANKED = re.compile(r"number \d+ of|places? (?:from|could)")


@pytest.fixture(scope="module")
def plain():
    with pytest.MonkeyPatch.context() as patch:
        return run("02_forces", patch)


def test_the_interval_that_holds_whatever_the_order_leads(plain):
    found = plain.findings["comparison.place_officer_fte"]
    story = plain.names["story"]
    valid, narrow = story.focus["officer_fte"].rank_set, story.focus["officer_fte"].rank_interval
    assert (found["lower"], found["upper"]) == (valid.lower, valid.upper)
    assert valid.upper - valid.lower > narrow.upper - narrow.lower
    assert f"{valid.lower:.0f} to {valid.upper:.0f}" in plain.text("headline")[0]
    assert plain.findings["comparison.claimed_place"]["verdict"] == "not supported"
    assert plain.findings["comparison.place_by_count"]["verdict"] == "reproduces"


def test_every_place_on_the_page_is_among_the_same_forces(plain):
    story = plain.names["story"]
    same = set(story.data.usable)
    assert {frozenset(each.funnel.table.index) for each in story.usable.values()} == {
        frozenset(same)
    }
    assert set(story.by_count.table.index) == same
    assert story.size.denominator == f"{len(same)} forces"


@pytest.mark.parametrize("force", ["london-city", "british-transport-police", "kent"])
def test_a_force_that_cannot_be_set_against_the_others_gets_no_place(monkeypatch, force):
    shown = run("02_forces", monkeypatch, force=force)
    assert shown.text("answer")[0].startswith("Not known.")
    assert not any(name.startswith("comparison.place") for name in shown.findings)
    assert shown.findings["comparison.refused"]["verdict"] == "needs data"
    said = " ".join(shown.text("headline") + shown.text("main_points") + shown.text("may_say"))
    assert not RANKED.search(said)
    assert {finding["verdict"] for finding in shown.findings.values()} <= set(VERDICTS)


def test_a_covariate_is_one_edit(monkeypatch, plain):
    edited = run(
        "02_forces", monkeypatch,
        edits={'"count ~ focus" if': '"count ~ focus + np.log(population)" if'},
    )  # fmt: skip
    assert "np.log(population)" in set(edited.names["fit"].table()["term"])
    assert (
        edited.findings["comparison.model"]["value"] != plain.findings["comparison.model"]["value"]
    )
