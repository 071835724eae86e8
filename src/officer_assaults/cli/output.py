"""Output: what is made from all results on disk after any batch, the index and the findings."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from officer_assaults.files import write_atomic
from officer_assaults.pipeline import results
from officer_assaults.pipeline.inputs import dump_json, hash_json, manifest, read_json

if TYPE_CHECKING:
    from pathlib import Path

    from officer_assaults.pipeline.project import Project

SCOPE_COLUMN = "force"


def findings_path(project: Project) -> Path:
    """Where the tracked table of findings lies."""
    return project.reports / "findings.csv"


def tracked_rows(project: Project) -> list[dict[str, str]]:
    """Rows of the findings on disk that the tracked table holds: focus force and national."""
    wanted = {project.focus, project.national_scope}
    return results.findings_rows(
        report
        for report in results.read_reports(project.reports)
        if report["scope"] in wanted and not report["non_default"]
    )


def refresh_findings(project: Project) -> None:
    """Bring the tracked table up to date, leaving rows of reports that are not on disk."""
    path = findings_path(project)
    now = tracked_rows(project)
    before = results.read_csv(path, SCOPE_COLUMN) if path.is_file() else []
    made = {(row["notebook"], row["scope"]) for row in now}
    notebooks = {path.stem for path in project.notebooks.glob("*.ipynb")}
    kept = [
        row
        for row in before
        if (row["notebook"], row["scope"]) not in made and row["notebook"] in notebooks
    ]
    rows = sorted(
        [*kept, *results.refreshed(before, now)],
        key=lambda row: (row["notebook"], row["scope"]),
    )
    text = results.write_csv(rows, SCOPE_COLUMN)
    if rows and (not path.is_file() or path.read_text(encoding="utf-8") != text):
        write_atomic(path, text)


def gather(project: Project) -> None:
    """Bring findings table and front page up to date after a batch."""
    refresh_findings(project)
    build(project)


def build(project: Project) -> Path:
    """Build the index page from everything on disk."""
    path = build_index(project.reports)
    with contextlib.suppress(OSError):  # Without a stamp the page is only built again.
        write_atomic(_stamp(project), dump_json({"key": _key(project)}))
    return path


def build_index(folder: Path) -> Path:
    """Build the front page of any folder of reports."""
    from officer_assaults.page import site

    return site.build_index(folder)


def build_if_stale(project: Project) -> None:
    """Build the index page if results, failures or the package changed since the last time."""
    stamp = read_json(_stamp(project)) or {}
    if stamp.get("key") != _key(project) or not (project.reports / "index.html").is_file():
        build(project)


def _stamp(project: Project) -> Path:
    return project.state / "index.json"


def _key(project: Project) -> str:
    folders = (project.state / "stamps", project.state / "failures", project.source)
    return hash_json(manifest(folder for folder in folders if folder.is_dir()))
