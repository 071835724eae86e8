"""Command ``update``: from an official table to refreshed pages, and what that changed in words."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from officer_assaults.data.imported import Imported

#: Lines of one kind that are shown before the rest is counted.
LISTED = 40
KINDS = ("home-office", "workforce", "population")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), help="Which table; default told by its columns.")
@click.option("--vintage", help="Name of the release; default read from the file.")
@click.option("--lookup", type=click.Path(path_type=Path), help="As for 'import population'.")
@click.option("--force", help="Forces whose pages are made, as for 'reports'.")
@click.option("--jobs", type=click.IntRange(1), help="Processes; default one a core.")
@click.option("--dry-run", is_flag=True, help="Check and compare; write and make nothing.")
def update(
    file: Path,
    kind: str | None,
    vintage: str | None,
    lookup: Path | None,
    force: str | None,
    jobs: int | None,
    dry_run: bool,
) -> None:
    """Take a new official table in, say what it changes, and make the pages again.

    Imports the table, lists the recording breaks that wait for a decision, says which forces were
    revised, makes the pages, and says which findings and verdicts moved.
    """
    from officer_assaults.cli import data

    imported, folder = data.take_in(file, kind, vintage, lookup, dry_run=dry_run)
    data.report(imported)
    if dry_run:
        return
    _say_open()
    _say_revised(imported)
    code = _pages(force, jobs)
    option = "" if folder == "recorded-assaults" else f" --of {folder}"
    click.echo(f"To take it back: officer-assaults releases remove {imported.vintage}{option}")
    sys.exit(code)


def _say_open() -> None:
    from officer_assaults.data import decisions, forces

    asked = decisions.open_questions()
    lines = [
        f"{forces.names()[str(row['force'])]}, code {row['offence_code']}: {row['why']}"
        for row in asked.to_dict("records")
    ]
    _listed("Recording breaks that wait for a decision (officer-assaults breaks review)", lines)


def _say_revised(imported: Imported) -> None:
    if imported.previous:
        title = f"Forces whose figures moved against {imported.previous}"
        _listed(title, imported.by_force())


def _pages(force: str | None, jobs: int | None) -> int:
    """Make the pages; say which findings moved against the pages and the tracked table before."""
    from officer_assaults.cli import output, reports
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline import results
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.pipeline.plan import make_plan

    project = project_.load()
    scopes = [name.strip() for name in force.split(",") if name.strip()] if force else None
    with locked(project.state / "lock", reports._tell_waiting):
        tracked = output.findings_path(project)
        held = results.read_csv(tracked, output.SCOPE_COLUMN) if tracked.is_file() else []
        built = results.findings_rows(results.read_reports(project.reports))
        plan = make_plan(project, scopes=scopes)
        code = reports.make(project, plan, jobs=jobs)
        now = results.findings_rows(results.read_reports(project.reports))
    made = {(run.notebook.name, run.scope) for run in plan.runs}
    mine = [row for row in now if (row["notebook"], row["scope"]) in made]
    before = {(row["notebook"], row["scope"], row["id"]): row for row in [*held, *built]}
    lines = [
        line
        for row in mine
        if (old := before.get((row["notebook"], row["scope"], row["id"])))
        and (line := results.moved(old, row))
    ]
    unseen = sorted({row["scope"] for row in mine} - {scope for _, scope, _ in before})
    if unseen:
        click.echo(f"No earlier findings to compare with: {', '.join(unseen)}.")
    _listed("Findings and verdicts that moved", lines)
    return code


def _listed(title: str, lines: list[str]) -> None:
    """Print a title with its lines below, or that there are none."""
    if not lines:
        click.echo(f"{title}: none.")
        return
    click.echo(f"{title}: {len(lines)}.")
    for line in lines[:LISTED]:
        click.echo(f"  {line}")
    if len(lines) > LISTED:
        click.echo(f"  and {len(lines) - LISTED} more.")
