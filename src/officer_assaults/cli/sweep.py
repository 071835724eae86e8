"""Commands over many runs: ``sweep`` makes them, ``findings`` gathers what is built."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from officer_assaults.cli.reports import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from officer_assaults.pipeline.parameters import Schema
    from officer_assaults.pipeline.project import Project

RELEASE = "vintage"
FOLDER = "sweeps"


@click.command()
@click.argument("notebook")
@click.option("--over", "overs", multiple=True, required=True, help="name=a,b or name=first..last")
@options
def sweep(
    notebook: str,
    overs: tuple[str, ...],
    *,
    force: str | None,
    settings: tuple[str, ...],
    dry_run: bool,
    again: bool,
    **how: Any,
) -> None:
    """Run one notebook over forces and values: pages side by side, one table, one chart page.

    All runs use one release of the figures, unless --set or --over names vintage.
    """
    from officer_assaults.cli import project as project_
    from officer_assaults.cli.reports import _show_plan, _tell_waiting, make
    from officer_assaults.pipeline import notebooks, plan
    from officer_assaults.pipeline import sweep as sweeps
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.pipeline.parameters import split_assignments

    project = project_.load()
    name = Path(notebook).name.removesuffix(".ipynb")
    path = project.notebooks / f"{name}.ipynb"
    fixed = split_assignments(" ".join(settings))
    schema = notebooks.load(path).schema if path.is_file() else None
    found = sweeps.combinations(schema, overs, project.vocabularies) if schema else [{}]
    fixed = {**_one_release(schema, {**fixed, **found[0]}), **fixed}
    scopes = [each.strip() for each in force.split(",") if each.strip()] if force else None
    asked = [{**fixed, **one} for one in found]
    with locked(project.state / "lock", _tell_waiting):
        planned, refused = plan.make_sweep(project, name, scopes, asked, force_all=again)
        for scope, _, problems in refused:
            for problem in problems:
                click.echo(f"Left out, {scope}: {problem}", err=True)
        if dry_run:
            _show_plan(planned)
            return
        code = make(project, planned, **how)
    label = plan.variant({"over": " ".join(overs), "scopes": force or "", **fixed})
    # One page for internal eyes makes the table of all of them one.
    shelf = max((run.shelf for run in planned.runs), default="")
    out = project.reports / shelf / FOLDER / f"{name}{label}"
    made = sweeps.rows(planned, refused, list(found[0]), project.reports, out)
    for file in _write(project, made, list(found[0]), out, internal=bool(shelf)):
        click.echo(f"  {file}")
    sys.exit(code)


def _one_release(schema: Schema | None, given: Mapping[str, str]) -> dict[str, str]:
    """One release for all runs of a sweep, where the notebook would choose one for each."""
    if schema is None or RELEASE not in schema or RELEASE in given:
        return {}
    if schema[RELEASE].default != "auto":
        return {}
    from officer_assaults.data import recorded

    newest = recorded.newest()
    click.echo(f"All runs use the release {newest}; --set vintage=auto lets each choose.", err=True)
    return {RELEASE: newest}


def _write(
    project: Project,
    made: Sequence[Mapping[str, Any]],
    swept: Sequence[str],
    out: Path,
    *,
    internal: bool,
) -> list[Path]:
    from officer_assaults.files import write_atomic
    from officer_assaults.page import sweep as page

    files = _tables(project, made, swept, out / "findings")
    write_atomic(
        out / "index.html", page.render(page.frame_of(made, swept), swept, internal=internal)
    )
    return [*files, out / "index.html"]


def _tables(
    project: Project, made: Sequence[Mapping[str, Any]], swept: Sequence[str], stem: Path
) -> list[Path]:
    """Write the tidy table as CSV and as Parquet."""
    from io import BytesIO

    from officer_assaults.files import write_atomic
    from officer_assaults.page import sweep as page
    from officer_assaults.page import tables

    frame = page.frame_of(made, swept).rename(columns={"scope": project.scope_parameter})
    written = BytesIO()
    frame.to_parquet(written, index=False)
    files = [stem.with_suffix(".csv"), stem.with_suffix(".parquet")]
    write_atomic(files[0], tables.to_csv(frame))
    write_atomic(files[1], written.getvalue())
    return files


@click.command()
@click.option(
    "--out", "stem", type=click.Path(path_type=Path), help="Where to write, without the suffix."
)
def findings(stem: Path | None) -> None:
    """Gather the findings of everything that is built into one table, as CSV and Parquet."""
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline import results
    from officer_assaults.pipeline.inputs import dump_json
    from officer_assaults.refusals import Refusal

    project = project_.load()
    made = results.read_reports(project.reports, variants=True)
    if not made:
        raise Refusal.of("P310", "no report is made yet.", "Make some: 'make reports'.")
    rows = [
        {
            "parameters": dump_json(report["non_default"]),
            "page": f"{report['scope']}/{report['name']}.html",
            "outcome": "ok",
            **row,
        }
        for report in made
        for row in results.findings_rows([report])
    ]
    target = stem or project.reports / "all-findings"
    for file in _tables(project, rows, ["parameters"], target):
        click.echo(str(file))
