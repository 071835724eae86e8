"""The crewing report from file or situation to verdict, as a reader would get it."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from notebook_runs import run

from officer_assaults.page import words
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.given import checked
from officer_assaults.topics.crewing.simulator.force import simulate_force
from officer_assaults.topics.crewing.simulator.params import ForceParams
from officer_assaults.topics.crewing.simulator.scenarios import SCENARIOS

CREWING, PLANNING = "05_crewing", "08_planning"
EXPORT = Path(__file__).resolve().parents[1] / "topics" / "crewing" / "cells.csv"
FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
ROLES = ("headline", "main_points", "boxes", "table", "figure", "caveat", "gate")
SITUATIONS = [n for n, s in SCENARIOS.items() if s.layer == "crewing" and not s.refused]
#: A gate that stops what an interval would let through; with full runs every situation.
ALWAYS = ("positivity_fail",)
KEYS = ["force", "lpa", "area_type", "period_start", "hour_band", "weekend", "call_grade", "crew"]
SUMS = [
    "unit_hours", "officer_hours", "attended", "y", "y_injury", "incidents_assault",
    "officer_hours_after_double", "y_after_double",
]  # fmt: skip
AVERAGES = ["dark_share", "grade1_share", "backup_min"]


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as given:
        yield given


@pytest.fixture(scope="module")
def year():
    """One simulated force-year by policing area, as an analyst might export it."""
    return coarse(simulate_force(ForceParams(periods=1), 4).frames["crew_cells"], KEYS)


def coarse(cells, keys):
    weighted = cells.assign(**{k: cells[k] * cells["officer_hours"] for k in AVERAGES})
    found = weighted.groupby(keys, observed=True, as_index=False)[[*SUMS, *AVERAGES]].sum()
    for name in AVERAGES:
        found[name] = found[name] / found["officer_hours"]
    return found.assign(force="thames-valley", marker_share=np.nan, is_simulated="yes")


@pytest.fixture
def export(tmp_path):
    """Write cells with a sidecar, and give the path."""

    def write(cells, months=12):
        path = tmp_path / "cells.csv"
        cells.to_csv(path, index=False, date_format="%Y-%m-%d")
        about = yaml.safe_load((EXPORT.parent / "cells.csv.meta.yml").read_text())
        side = path.with_name("cells.csv.meta.yml")
        side.write_text(yaml.safe_dump(about | {"period_months": months}))
        return str(path)

    return write


def everything(shown):
    return "\n".join(html for role in ROLES for html in shown.html(role))


def readable(shown):
    for role in ROLES:
        for html in shown.html(role):
            assert words.lint(html) == []
    said = everything(shown)
    assert not re.search(r"\b(inf|nan)\b", said)
    return said


@pytest.mark.parametrize("name", SITUATIONS if FULL else ALWAYS)
def test_a_situation_gives_its_verdict_in_the_report(patch, name):
    shown = run(CREWING, patch, scenario=name)
    for claim, verdict in SCENARIOS[name].verdicts.items():
        if claim != "far_more":
            assert shown.findings[f"crewing.{claim}"]["verdict"] == verdict, claim
    made_up = [f for f in shown.findings.values() if f["vintage"].startswith("simulated")]
    assert made_up
    assert all(finding["simulated"] for finding in made_up)
    readable(shown)


def test_planned_hours_beside_booked_victims_stop_the_report(patch):
    with pytest.raises(Refusal, match="E112"):
        run(CREWING, patch, scenario="split_crews")


@pytest.fixture(scope="module")
def thirty(patch):
    return {who: run(CREWING, patch, cells_path=str(EXPORT), audience=who) for who in AUDIENCES}


AUDIENCES = ("public", "internal")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_thirty_rows_that_mix_hour_and_grade_say_what_they_cannot_judge(thirty, audience):
    shown = thirty[audience]
    said = readable(shown)
    assert "no claim about like work is judged" in said
    assert "Comparison of like work: not passed" in said
    assert "At like hours and places" in shown.text("headline")[0]
    judged = {name: finding["verdict"] for name, finding in shown.findings.items()}
    assert judged["crewing.per_officer_hour"] == judged["crewing.true_ratio"] == "needs data"
    assert judged["crewing.policy.double_nights.officer-hours"] == "needs data"
    assert judged["crewing.policy.all_double.officer-hours"] == "not identified"


def test_where_officers_are_alone_is_for_internal_eyes(thirty):
    hidden = "Single crewed (share of hours)"
    assert hidden in everything(thirty["internal"])
    assert hidden not in everything(thirty["public"])


def test_three_policing_areas_give_ratios_and_no_interval(patch, export, year):
    area = "area " + (year["lpa"].cat.codes % 3 + 1).astype(str)
    keys = [name for name in KEYS if name != "area_type"]
    shown = run(CREWING, patch, cells_path=export(coarse(year.assign(lpa=area), keys)))
    said = readable(shown)
    assert "only 3 clusters" in said
    assert "No policy can be judged by these cells." in said
    # An endless interval would hold 1 whatever is true: no control may pass by it.
    assert "crewing.control_1" not in shown.findings
    own = [f for f in shown.findings.values() if f["simulated"]]
    assert {finding["verdict"] for finding in own} == {"needs data"}
    assert all(finding["lower"] is None for finding in own)


def test_without_attendances_the_other_two_denominators_stand(patch, export, year):
    shown = run(CREWING, patch, cells_path=export(year.assign(attended=np.nan)))
    assert "the ratio per attendance is missing" in readable(shown)
    assert "crewing.per_attendance" not in shown.findings
    assert shown.findings["crewing.per_officer_hour"]["verdict"] == "consistent"
    assert not [name for name in shown.findings if name.endswith(".attendances")]


def test_averages_of_call_grade_leave_a_policy_on_it_without_hours(patch, export, year):
    averaged = coarse(year, [name for name in KEYS if name != "call_grade"])
    own = "0 if grade1_share > 0.5 else single"
    shown = run(CREWING, patch, cells_path=export(averaged), own_policy=own)
    said = readable(shown)
    assert "Ask for rows by call_grade" in said
    assert "moves no hours" in said
    # Averages tell the crews apart, so weights would rest on nothing.
    assert "no weighted ratio is given" in said
    assert "Comparison of like work: not passed" in said
    policy = shown.findings["crewing.policy.own_policy.officer-hours"]
    assert (policy["verdict"], policy["value"]) == ("needs data", None)


def test_no_victim_in_single_crews_is_refused_before_any_report(export, year):
    counts = ["y", "y_injury", "incidents_assault", "y_after_double"]
    none = year.copy()
    none.loc[none["crew"] == "single", counts] = 0
    with pytest.raises(Refusal, match=r"E114.*0 recorded victims in single crews"):
        checked(export(none), None, {})


@pytest.mark.parametrize("audience", AUDIENCES if FULL else AUDIENCES[:1])
def test_twelve_months_of_sixty_beats(patch, export, audience):
    cells = simulate_force(replace(ForceParams(), periods=12), 2).frames["crew_cells"]
    monthly = cells.drop(columns=["y_true", "planned_officer_hours"])
    monthly = monthly.assign(force="thames-valley", marker_share=np.nan, is_simulated="yes")
    shown = run(CREWING, patch, cells_path=export(monthly, months=1), audience=audience)
    said = readable(shown)
    assert ("beat-" in said) is False
    assert shown.findings["crewing.per_officer_hour"]["verdict"] == "consistent"
    assert shown.findings["crewing.control_1"]["verdict"] == "consistent"


@pytest.mark.parametrize("rows", ["thirty", "months"] if FULL else ["thirty"])
def test_planning_says_when_it_sizes_a_trial_on_assumptions(patch, export, rows):
    cells = simulate_force(ForceParams(), 2).frames["crew_cells"]
    path = str(EXPORT) if rows == "thirty" else export(coarse(cells, KEYS), months=3)
    said = readable(run(PLANNING, patch, cells_path=path))
    assert ("sized on assumed areas and months" in said) is (rows == "thirty")


def test_planning_runs_where_no_policy_can_be_judged(patch, export):
    """Two areas of ten beats: too few places for any policy, and once a crash."""
    cells = simulate_force(ForceParams(), 2).frames["crew_cells"]
    two = cells[cells["lpa"].isin(sorted(cells["lpa"].unique())[:2])].copy()
    two[["lpa", "beat"]] = two[["lpa", "beat"]].astype(str)
    assert two["beat"].nunique() == 10
    shown = run(PLANNING, patch, cells_path=export(coarse(two, [*KEYS, "beat"]), months=3))
    said = readable(shown)
    assert "a policy contrast needs 8" in said
    assert shown.findings
