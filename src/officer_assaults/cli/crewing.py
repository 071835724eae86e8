"""Commands about a force's own crewing data: ``crewing report``, ``crewing fit``, ``template``."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from officer_assaults.cli import crewing_runs
from officer_assaults.cli.lazy import LazyGroup
from officer_assaults.cli.reports import make_reports, options

if TYPE_CHECKING:
    from officer_assaults.pipeline.plan import Plan
    from officer_assaults.pipeline.project import Project
    from officer_assaults.topics.crewing.given import Given

NOTEBOOKS = ("05_crewing", "08_planning")
#: Above so many cells both reports are made at once only where memory for that is free.
ONE_BY_ONE = 250_000
#: What models of one cell take, both reports together; larger than measured with 1.28 million.
BYTES_PER_CELL = 4_000


@click.group(
    cls=LazyGroup,
    lazy={
        "report": "officer_assaults.cli.crewing:report",
        "fit": "officer_assaults.cli.crewing_fit:fit",
        "map": "officer_assaults.cli.crewing_intake:map_",
        "build": "officer_assaults.cli.crewing_intake:build",
        "check": "officer_assaults.cli.crewing_intake:check",
    },
)
def crewing() -> None:
    """Use a force's own records of crews."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", default="", help="Name to keep the run under; default its folder's name.")
@options
def report(file: Path, force: str | None, settings: tuple[str, ...], name: str, **how: Any) -> None:
    """Make the crewing reports from an own export, its sidecar beside it."""
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline.plan import outputs
    from officer_assaults.topics.crewing import handed
    from officer_assaults.topics.crewing.data.about import sidecar_of

    own = [f"cells_path={file}", f"about_path={sidecar_of(file)}"]
    state, opened = _opened(file, settings)
    held, told = _whose(opened, file, force)
    project = project_.load()
    folder = crewing_runs.check_name(project.root, name or crewing_runs.name_of(file), file)

    def keep(made: Project, plan: Plan) -> None:
        crewing_runs.keep(folder, file, [path for run in plan.runs for path in outputs(made, run)])
        click.echo(f"Kept as the run '{folder.name}'.")

    wanted = (*own, *settings)
    how |= {"finished": keep, "exports": {file: told}}
    if not _fits_twice(len(opened.cells)):
        how["jobs"] = how.get("jobs") or 1
    lasting = handed.over(opened, state)
    del opened
    with lasting:
        make_reports(list(NOTEBOOKS), force=held, settings=wanted, **how)


def _fits_twice(cells: int) -> bool:
    """Whether memory is free for both reports at once."""
    import psutil  # type: ignore[import-untyped]

    return cells <= ONE_BY_ONE or psutil.virtual_memory().available > BYTES_PER_CELL * cells


def _opened(file: Path, settings: tuple[str, ...]) -> tuple[tuple[str, ...], Given]:
    """Open and check an export before any kernel starts; also tells what was opened, for whom."""
    from officer_assaults.pipeline.parameters import split_assignments
    from officer_assaults.topics.crewing import handed
    from officer_assaults.topics.crewing.data.about import sidecar_of
    from officer_assaults.topics.crewing.given import checked

    chosen = split_assignments(" ".join(settings))
    audience = "internal" if chosen.get("audience") == "internal" else "public"
    state: tuple[str, ...] = ()
    with contextlib.suppress(OSError):  # What cannot be read is refused with its own words.
        state = handed.state(str(file), str(sidecar_of(file)), audience)
    return state, checked(str(file), None, chosen)


def _whose(opened: Given, file: Path, force: str | None) -> tuple[str | None, dict[str, str]]:
    """Force that a checked export names, and what to list of it once its public report is made.

    The force is None for a simulated export, which is no force's, and nothing is listed then.

    Raises
    ------
    Refusal
        E101 if another force is asked for than the file holds.
    """
    from officer_assaults.data import forces
    from officer_assaults.refusals import Refusal
    from officer_assaults.topics.crewing import published
    from officer_assaults.topics.crewing.data import schemas

    held = str(opened.cells["force"].iloc[0])
    if force is not None and forces.resolve(force).slug != held:
        what = f"the export is of '{held}', not of '{force}'."
        raise Refusal.of("E101", what, "Leave --force out, or give its file.", file.name)
    told: dict[str, str] = {}
    if opened.protected and opened.file is not None:
        told = published.entry(opened.cells, opened.file.about.period_months)
    return None if held == schemas.SIMULATED_FORCE else held, told


@click.group()
def template() -> None:
    """Write an empty, documented file to fill in."""


@template.command("crewing")
@click.argument("folder", default=".", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(["cells", "shifts", "incidents"]), default="cells")
def template_crewing(folder: Path, kind: Any) -> None:
    """Write an empty crewing file and the sidecar that explains every column."""
    from officer_assaults.topics.crewing.data import template as template_

    for path in template_.write_template(folder, kind):
        click.echo(f"Wrote {path}")
