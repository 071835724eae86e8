"""Every notebook for every force, through the batch that `make reports FORCE=all` runs."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from officer_assaults.cli import project as project_
from officer_assaults.findings import FINDING_MIME, VERDICTS
from officer_assaults.pipeline import workers
from officer_assaults.pipeline.batch import run_batch
from officer_assaults.pipeline.plan import make_plan

ROOT = Path(__file__).resolve().parents[2]
FORCES = 43 + 1  # territorial forces and British Transport Police

pytestmark = pytest.mark.slow


# What a reader takes for a fault: a number nobody rounded, a p-value with two signs.
RAW = re.compile(r"\d\.\d{9,}|p = [<>]|\bnan\b|code all\b|\b[1-9]\d{4,} recorded")
UNREAD = re.compile(r"<(script|style|svg|pre|math)\b.*?</\1>|<[^>]+>", re.DOTALL)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """Every report without its suffix, by force and notebook; rendering refuses banned words."""
    project = replace(project_.load(), reports=tmp_path_factory.mktemp("reports"))
    plan = make_plan(project, scopes=["all"])
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


def test_every_force_has_every_report(reports):
    scopes = {scope for scope, _ in reports}
    assert len(scopes) == FORCES + 1
    by_force = {name for scope, name in reports if scope == "thames-valley"}
    assert len(reports) == FORCES * len(by_force) + len(
        [name for scope, name in reports if scope == "england-and-wales"]
    )


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
    kent = {finding["id"] for finding in reports["kent", "01_rise"]["findings"]}
    assert "rise.odd" not in btp
    assert {"rise.ratio", "rise.ratio_per_officer", "rise.odd"} <= kent


def test_plain_papermill_gives_the_findings_of_the_batch(reports, tmp_path):
    out = tmp_path / "out.ipynb"
    papermill = Path(sys.executable).with_name("papermill")
    command = [papermill, "notebooks/01_rise.ipynb", out, "-p", "force", "kent"]
    subprocess.run([*command, "--no-progress-bar"], cwd=ROOT, check=True, capture_output=True)
    outputs = [
        output
        for cell in nbformat.read(out, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    recorded = [o["data"][FINDING_MIME] for o in outputs if FINDING_MIME in o.get("data", {})]
    assert recorded == reports["kent", "01_rise"]["findings"]
