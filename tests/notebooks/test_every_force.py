"""Every notebook for forces of every kind, through the batch that `make reports FORCE=all` runs.

A full run makes every report of every force. Others make every notebook for two of the four kinds
of force whose record is out of the ordinary, forces of one kind by turns, and one notebook for a
fifth of the others; other kinds, forces and notebooks at each change of the code.
"""

import json
import re
import shutil
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest

import by_turns
from officer_assaults.cli import project as project_
from officer_assaults.data import breaks
from officer_assaults.findings import VERDICTS
from officer_assaults.pipeline import workers
from officer_assaults.pipeline.batch import run_batch
from officer_assaults.pipeline.plan import Plan, make_plan
from officer_assaults.pipeline.project import Project
from officer_assaults.topics.forces.glance import model

FORCES = 43 + 1  # territorial forces and British Transport Police
#: Of so many ordinary forces one is met.
SHARE = 5
#: Of the kinds that are out of the ordinary so many take every notebook.
KINDS = 2

pytestmark = pytest.mark.slow


# What a reader takes for a fault: a number nobody rounded, a p-value with two signs.
RAW = re.compile(r"\d\.\d{9,}|p = [<>]|\bnan\b|code all\b|\b[1-9]\d{4,} recorded")
UNREAD = re.compile(r"<(script|style|svg|pre|math)\b.*?</\1>|<[^>]+>", re.DOTALL)


def out_of_the_ordinary() -> list[list[str]]:
    """Forces whose pages take ways of their own, those of one kind together.

    Those that no table holds, those whose rise cannot be told, the smallest and the largest record,
    and the record with the most breaks.
    """
    table = model.glances().table.drop(index=project_.NATIONAL)
    apart = table.index[table["officers"].isna()]
    untold = table.index[table["ratio"].isna()].difference(apart)
    extremes = [table["after"].idxmin(), table["after"].idxmax()]
    broken = breaks.decided()["force"].value_counts().idxmax()
    return [sorted(apart), sorted(untold), extremes, [broken]]


def chosen(project: Project, plan: Plan) -> set[tuple[str, str]]:
    """Scope and notebook of each report to make: the focus, the nation, and what the top says."""
    every = {(run.scope, run.notebook.name) for run in plan.runs}
    if by_turns.FULL:
        return every
    always = {project_.FOCUS_FORCE, project_.NATIONAL}
    per_force = sorted(name for scope, name in every if scope == project_.FOCUS_FORCE)
    odd = {
        (kind[(by_turns.turn() + at) % len(kind)], name)
        for kind in by_turns.some(out_of_the_ordinary(), KINDS)
        for at, name in enumerate(per_force)
    }
    others = sorted({scope for scope, _ in every} - always - set(chain(*out_of_the_ordinary())))
    # As many turns later as there are others, each of them has its next notebook.
    rounds = by_turns.turn() // len(others)
    rotating = {
        (scope, per_force[(rounds + at) % len(per_force)])
        for at, scope in enumerate(by_turns.some(others, len(others) // SHARE))
    }
    # What is told of the one that is not set among the others is compared in every run.
    apart = {(by_turns.AWKWARD[0], "01_rise")}
    return {key for key in every if key[0] in always} | odd | rotating | apart


@pytest.fixture(scope="module")
def project(standard_reports: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with a folder of reports that holds the standard ones."""
    folder = tmp_path_factory.mktemp("reports") / "all"
    shutil.copytree(standard_reports, folder)
    return replace(project_.load(), reports=folder)


@pytest.fixture(scope="module")
def whole(project: Project) -> Plan:
    return make_plan(project, scopes=["all"])


@pytest.fixture(scope="module")
def made(project: Project, whole: Plan) -> dict[tuple[str, str], Path]:
    """Reports without their suffix, by force and notebook; rendering refuses banned words."""
    plan = whole
    keys = chosen(project, plan)
    runs = tuple(run for run in plan.runs if (run.scope, run.notebook.name) in keys)
    plan = replace(plan, runs=runs)
    batch = run_batch(project, plan, workers.choose(project, plan))
    failed = [f"{result.key}: {result.error}" for result in batch.failures]
    assert failed == []
    return {
        (run.scope, run.notebook.name): run.path(project.reports, ".json").with_suffix("")
        for run in plan.runs
    }


@pytest.fixture(scope="module")
def reports(made: dict[tuple[str, str], Path]) -> dict[tuple[str, str], dict]:
    """Content of every report's JSON by force and notebook."""
    return {key: json.loads(path.with_suffix(".json").read_text()) for key, path in made.items()}


def test_no_page_shows_a_number_as_the_machine_holds_it(made):
    found = {
        key: raw
        for key, path in made.items()
        if (raw := RAW.findall(UNREAD.sub(" ", path.with_suffix(".html").read_text())))
    }
    assert found == {}


def test_every_force_has_every_report(whole):
    planned = {(run.scope, run.notebook.name) for run in whole.runs}
    scopes = {scope for scope, _ in planned}
    assert len(scopes) == FORCES + 1
    by_force = {name for scope, name in planned if scope == "thames-valley"}
    assert len(planned) == FORCES * len(by_force) + len(
        [name for scope, name in planned if scope == "england-and-wales"]
    )


def test_every_force_and_every_notebook_is_met(reports):
    """Odd forces of the kinds in turn take every notebook, a fifth of the others one or more."""
    by_force = {name for scope, name in reports if scope == project_.FOCUS_FORCE}
    met = {scope: {name for where, name in reports if where == scope} for scope, _ in reports}
    kinds = out_of_the_ordinary()
    assert all(known in kind for known, kind in zip(by_turns.AWKWARD, kinds, strict=True))
    in_turn = by_turns.some(kinds, KINDS)
    for kind in in_turn:
        assert set().union(*(met.get(scope, set()) for scope in kind)) == by_force, kind
    ordinary = set(met) - set(chain(*kinds)) - {project_.FOCUS_FORCE, project_.NATIONAL}
    every = FORCES - 1 - len({*chain(*kinds)})
    assert len(ordinary) == (every if by_turns.FULL else every // SHARE)
    for name in by_force:
        assert sum(name in names for names in met.values()) >= len(in_turn) + 1, name


def test_every_finding_carries_what_a_reader_needs(reports):
    for place, report in reports.items():
        findings = report["findings"]
        assert findings, place
        assert len({finding["id"] for finding in findings}) == len(findings), place
        for finding in findings:
            assert finding["verdict"] in VERDICTS, (place, finding["id"])
            if finding["kind"] == "estimate":
                needed = ("value", "lower", "upper", "denominator", "vintage")
                assert all(finding[name] not in (None, "") for name in needed), (place, finding)


def test_a_force_that_is_not_set_among_the_others_has_no_finding_of_it(reports):
    btp = {finding["id"] for finding in reports["british-transport-police", "01_rise"]["findings"]}
    focus = {finding["id"] for finding in reports[project_.FOCUS_FORCE, "01_rise"]["findings"]}
    assert "rise.odd" not in btp
    assert {"rise.ratio", "rise.ratio_per_officer", "rise.odd"} <= focus
