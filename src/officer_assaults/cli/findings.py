"""Commands about what is tracked: ``verify`` and ``publish``."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from officer_assaults.files import read_inside, write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from officer_assaults.pipeline.plan import Plan
    from officer_assaults.pipeline.project import Project
    from officer_assaults.pipeline.results import Difference


@click.command()
@click.option("--jobs", type=click.IntRange(1), help="Processes; default one a core.")
def verify(jobs: int | None) -> None:
    """Run the tracked reports again and compare their findings with the committed table.

    The table is that of the last commit; where there is no git, the file that lies there.
    """
    from officer_assaults.cli import project as project_
    from officer_assaults.cli.reports import _tell_waiting
    from officer_assaults.pipeline.lock import locked

    project = project_.load()
    # Two at once would each remove what the other makes.
    with locked(project.state / "verify-lock", _tell_waiting):
        sys.exit(_verified(project, jobs))


def _verified(project: Project, jobs: int | None) -> int:
    """Make the tracked reports in a folder of their own and compare; the exit code."""
    from officer_assaults.cli import output
    from officer_assaults.cli.reports import FAILED
    from officer_assaults.pipeline import results

    on_disk = results.read_csv(output.findings_path(project), output.SCOPE_COLUMN)
    committed = output.committed_findings(project)
    before = on_disk if committed is None else committed
    elsewhere = replace(project, reports=project.state / "verify")
    shutil.rmtree(elsewhere.reports, ignore_errors=True)
    code = _make_all(elsewhere, jobs)
    differences = results.compare(before, output.tracked_rows(elsewhere))
    clashes = output.clashes(elsewhere.reports)
    for clash in clashes:
        click.echo(f"{clash}.", err=True)
    if code == 0:
        shutil.rmtree(elsewhere.reports, ignore_errors=True)
    moved = _moved(before, on_disk)
    if differences:
        click.echo(difference_table(differences))
        told = f"{len(differences)} differences from the tracked findings."
        click.echo(f"{told} If they are meant, 'make publish' takes them over.", err=True)
    if differences or moved or clashes:
        return FAILED
    click.echo(f"All {len(before)} tracked findings were reproduced within their tolerances.")
    return code


def _moved(committed: Sequence[dict[str, str]], on_disk: Sequence[dict[str, str]]) -> bool:
    """Whether the table on disk is another than the committed one, and say so."""
    from officer_assaults.pipeline import results

    moved = results.compare(committed, on_disk)
    if moved:
        click.echo(difference_table(moved, ("committed", "on disk")))
        told = f"reports/findings.csv differs from the committed table in {len(moved)} places."
        click.echo(f"{told} Commit it, if 'make publish' wrote it; else restore it.", err=True)
    return bool(moved)


def _make_all(project: Project, jobs: int | None) -> int:
    from officer_assaults.cli.reports import run, summarise
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.pipeline.plan import make_plan

    with locked(project.state / "lock", lambda holder: None):
        plan = make_plan(project)
        return summarise(project, plan, run(project, plan, jobs, None, 600.0, 2000.0, None))


def difference_table(
    differences: Sequence[Difference], sides: tuple[str, str] = ("tracked", "now")
) -> str:
    """Table of findings that came out otherwise, one line per column that differs."""
    rows = [("report", "finding", "column", *sides)]
    rows += [(f"{d.scope}/{d.notebook}", d.id, d.column, d.before, d.now) for d in differences]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


@click.command()
@click.option("--jobs", type=click.IntRange(1), help="Processes; default one a core.")
def publish(jobs: int | None) -> None:
    """Refresh what is tracked: reports/findings.csv and reports/published/."""
    from officer_assaults.cli import output
    from officer_assaults.cli import project as project_
    from officer_assaults.cli.reports import _tell_waiting, make
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.pipeline.plan import make_plan, outputs

    project = project_.load()
    with locked(project.state / "lock", _tell_waiting):
        plan = _naming_their_commit(project, make_plan(project))
        code = make(project, plan, jobs=jobs)
        if code != 0:
            click.echo("Nothing was published.", err=True)
            sys.exit(code)
        output.refresh_findings(project)
        target = output.published_path(project)
        _copy(project, [path for run in plan.runs for path in outputs(project, run)], target)
    click.echo(f"Published {len(plan.runs)} reports.")


def _naming_their_commit(project: Project, plan: Plan) -> Plan:
    """Have reports made again that are fresh but name another commit than holds their inputs."""
    from officer_assaults.pipeline.inputs import read_json
    from officer_assaults.pipeline.provenance import History

    history = History(project)
    reasons = dict(plan.reasons)
    for run in plan.runs:
        held = read_json(run.path(project.reports, ".json")) or {}
        if held.get("provenance") != history.of(run):
            reasons.setdefault(run.key, "names another commit")
    return replace(plan, reasons=reasons)


def _copy(project: Project, files: Sequence[Path], target: Path) -> None:
    """Replace the published set as a whole, index included."""
    from officer_assaults.cli import output
    from officer_assaults.page import catalogue, site

    names = [file.relative_to(project.reports).as_posix() for file in files]
    held = {name: read_inside(project.reports, name) for name in names}
    site.refuse_internal_files(held)
    fresh = target.with_name(".published-new")
    shutil.rmtree(fresh, ignore_errors=True)
    for name, content in held.items():
        write_atomic(fresh / name, content)
    output.glance_pages(project, catalogue.force_names(), folder=fresh)
    output.build_index(fresh)
    shutil.rmtree(fresh / ".state", ignore_errors=True)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
