"""One command from an official table to refreshed pages, and what it says on the way."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from officer_assaults import paths
from officer_assaults.cli import main, reports
from officer_assaults.data import recorded
from officer_assaults.pipeline import results

NOTEBOOK = "01_count"


@pytest.fixture
def own_project(tmp_path, monkeypatch):
    """Copy of ``data/`` with one notebook, whose page counts a year of Gloucestershire."""
    sys.path[:0] = [str(Path(__file__).parents[1] / folder) for folder in ("pipeline", "data")]
    import nbformat
    import notebook_tree

    root = tmp_path / "project"
    for folder in ("notebooks", "reports"):
        (root / folder).mkdir(parents=True)
    shutil.copytree(paths.data_dir(), root / "data")
    (root / "requirements.lock").write_text("")
    parameters = 'force: str = "gloucestershire"  # Force [<force>]'
    nbformat.write(
        notebook_tree.good(parameters=parameters), root / "notebooks" / f"{NOTEBOOK}.ipynb"
    )
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(root))
    monkeypatch.setattr(reports, "make", made)
    return root


def count_of(frame, force="gloucestershire"):
    """Assaults without injury on constables of a force in 2024/25."""
    mine = (frame["force"] == force) & (frame["financial_year"] == "2024/25")
    return int(frame.loc[mine & (frame["offence_code"] == "104"), "offences"].sum())


def made(project, plan, **how):
    """Stand in for the batch: one finding a page, counted from the release that leads."""
    frame = recorded.quarterly()
    for run in plan.runs:
        count = count_of(frame, run.scope)
        finding = {
            "id": "count",
            "label": "Assaults without injury",
            "value": count,
            "verdict": "consistent" if count < 100 else "contradicts",
            "vintage": recorded.newest(),
            "tolerance": 1e-6,
        }
        path = run.path(project.reports, ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"notebook": run.notebook.name, "scope": run.scope, "findings": [finding]}
        path.write_text(json.dumps(content))
    return 0


def tree(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def official(path, change):
    import official_release

    official_release.official(change).to_csv(path, index=False)


def restored(frame):
    """Gloucestershire's broken code 104 comes back."""
    broken = (frame["force"] == "gloucestershire") & (frame["offence_code"] == "104")
    return frame.assign(offences=frame["offences"].mask(broken & (frame["offences"] < 15), 30))


def renamed(frame):
    return frame.assign(written=frame["offence_code"].replace({"8S": "8V"}))


def run(*arguments):
    done = CliRunner().invoke(main, [str(each) for each in arguments])
    assert "Traceback" not in done.output
    return done


def test_a_revised_broken_force_is_told_in_words_and_taken_back(own_project, tmp_path):
    before = tree(own_project / "data")
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(path, lambda frame: frame)
    assert run("update", path, "--force", "gloucestershire").exit_code == 0
    run("releases", "remove", "2026-07")
    official(path, restored)
    done = run("update", path, "--force", "gloucestershire")
    assert done.exit_code == 0, done.output
    said = done.output
    opened = said.index("Recording breaks that wait for a decision")
    moved = said.index("Forces whose figures moved against 2026-04: 1.")
    verdicts = said.index("Findings and verdicts that moved: 1.")
    assert opened < moved < verdicts
    assert "Gloucestershire, code 104: Quarters from" in said[opened:moved]
    assert "Gloucestershire: 31 figures, most of all code 104" in said[moved:verdicts]
    assert "0 before, 30 now (30 more)" in said[moved:verdicts]
    held = recorded.quarterly("2026-04")
    was, now = (count_of(frame) for frame in (held, restored(held.copy())))
    assert f"Assaults without injury: {was} before, {now} now" in said
    assert "verdict 'consistent' before, 'contradicts' now" in said
    assert "releases remove 2026-07" in said
    run("releases", "remove", "2026-07")
    assert tree(own_project / "data") == before


def test_a_release_that_loses_a_year_moves_nothing(own_project, tmp_path):
    before = tree(own_project / "data")
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(path, lambda frame: frame[frame["financial_year"] != "2016/17"])
    run("update", path, "--force", "kent", "--dry-run")
    assert tree(own_project / "data") == before
    done = run("update", path, "--force", "kent")
    assert "does not lead" in done.output
    assert "No earlier findings to compare with: kent." in done.output
    again = run("update", path, "--force", "kent")
    assert (again.exit_code, "E107" in again.output) == (2, True)
    assert recorded.newest() == "2026-04"
    run("releases", "remove", "2026-07")
    assert tree(own_project / "data") == before


def test_a_renamed_code_is_refused_before_a_page_is_made(own_project, tmp_path):
    before = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(path, renamed)
    done = run("update", path)
    assert done.exit_code == 2
    assert "Assault with injury on a constable" in done.output
    assert tree(own_project) == before


def test_the_kind_of_table_is_told_by_its_columns(own_project, tmp_path):
    path = tmp_path / "pfa-population-mid2025.csv"
    path.write_text("PFA 2023 Name,Population\nKent,2000000\n")
    assert "Release mid-2025" in run("update", path, "--dry-run").output
    path.write_text("colour,shape\nred,round\n")
    refused = run("update", path)
    assert (refused.exit_code, "E124" in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"vintage": "2026-07", "label": "Another wording"}, ""),
        ({"value": "100.00000001"}, ""),
        ({"value": "1463"}, "kent, 01_rise: Rise: 100 (90 to 110) before, 1,463 (90 to 110) now."),
        ({"value": ""}, "kent, 01_rise: Rise: 100 (90 to 110) before, not known (90 to 110) now."),
        (
            {"upper": "inf"},
            "kent, 01_rise: Rise: the interval moved: 100 (90 to 110) before, "
            "100 (90, no upper bound) now.",
        ),
        ({"verdict": ""}, "kent, 01_rise: Rise: verdict 'consistent' before, 'no verdict' now."),
    ],
)
def test_a_finding_that_moved_is_said_in_words(change, said):
    old = {
        "notebook": "01_rise",
        "scope": "kent",
        "id": "rise",
        "label": "Rise",
        "value": "100",
        "lower": "90",
        "upper": "110",
        "verdict": "consistent",
        "vintage": "2026-04",
        "tolerance": "1e-06",
    }
    line = results.moved(old, {**old, **change})
    assert line == said
    assert "inf" not in line
