"""Commands that make reports: ``reports``, ``report`` and ``index``."""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from officer_assaults.cli import event_log
from officer_assaults.cli.lazy import INTERRUPTED

if TYPE_CHECKING:
    from officer_assaults.pipeline.batch import Batch
    from officer_assaults.pipeline.notebooks import Notebook
    from officer_assaults.pipeline.plan import Plan
    from officer_assaults.pipeline.project import Project
    from officer_assaults.pipeline.workers import Ahead

FAILED = 1
_MOST_LISTED = 12


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that commands which make reports share, and the log that they keep."""

    @functools.wraps(command)
    def logged(*args: Any, log: str, **how: Any) -> None:
        _, *name = click.get_current_context().command_path.split()
        with event_log.told(log, " ".join(name)):
            command(*args, **how)

    for option in reversed(
        [
            click.option("--force", help="Force name, several parted by commas, or 'all'."),
            click.option("--set", "settings", multiple=True, help="Parameters: 'name=value ...'."),
            click.option("--jobs", type=click.IntRange(1), help="Processes; default one a core."),
            click.option("--dry-run", is_flag=True, help="Say what would be made, and why."),
            click.option("--again", is_flag=True, help="Make fresh reports too."),
            click.option(
                "--engine",
                type=click.Choice(["forked", "stock"]),
                help="How kernels start; default forked where the system can.",
            ),
            click.option(
                "--timeout", type=click.FloatRange(0.1), default=600.0, show_default=True,
                help="Seconds that one run may take.",
            ),
            click.option(
                "--memory", type=click.FloatRange(50), default=2000.0, show_default=True,
                help="Megabytes that one kernel may hold.",
            ),
            click.option("--scheduler", help="Address of a Dask scheduler, tls://host:port."),
            event_log.option,
        ]
    ):  # fmt: skip
        logged = option(logged)
    return logged


@click.command()
@click.option("--notebook", "notebooks", multiple=True, help="Only this notebook; repeatable.")
@options
def reports(notebooks: tuple[str, ...], **how: Any) -> None:
    """Make all reports that are not fresh."""
    make_reports(list(notebooks) or None, **how)


@click.command()
@click.argument("notebook")
@options
def report(notebook: str, **how: Any) -> None:
    """Make one notebook's report."""
    make_reports([notebook], **how)


@click.command()
def index() -> None:
    """Build the index page again from the results on disk."""
    from officer_assaults.cli import output
    from officer_assaults.cli import project as project_

    click.echo(str(output.build(project_.load())))


def make_reports(
    notebooks: list[str] | None,
    *,
    force: str | None,
    settings: tuple[str, ...],
    dry_run: bool,
    again: bool,
    finished: Callable[[Project, Plan], None] | None = None,
    **how: Any,
) -> None:
    """Plan and make what a command line asks for, and leave with its exit code.

    ``finished`` is called once all of it is made.
    """
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline import notebooks as notebooks_
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.pipeline.parameters import split_assignments
    from officer_assaults.pipeline.plan import make_plan

    project = project_.load()
    asked: dict[str, Any] = {
        "notebooks": notebooks,
        "scopes": [name.strip() for name in force.split(",") if name.strip()] if force else None,
        "settings": split_assignments(" ".join(settings)),
        "force_all": again,
    }
    if dry_run:
        _show_plan(make_plan(project, **asked))
        return
    for name in notebooks_.strays(project.notebooks):
        click.echo(f"Left out: {name}; give it a name like 11_topic.ipynb.", err=True)
    ahead = _Ahead(project, how)
    with locked(project.state / "lock", _tell_waiting), contextlib.closing(ahead):
        plan = make_plan(project, **asked, slow=ahead.start)
        code = make(project, plan, **how, ahead=ahead.started)
        if finished and not code:
            finished(project, plan)
    sys.exit(code)


class _Ahead:
    """Starts a batch's processes while its plan is made; a plan of fresh reports imports none."""

    def __init__(self, project: Project, how: Mapping[str, Any]) -> None:
        self._project = project
        self._asked = how.get("scheduler") is None and how.get("engine") != "stock"
        self.started: Ahead | None = None

    def start(self, notebooks: Sequence[Notebook]) -> None:
        """Have the imports begin."""
        if self._asked:
            from officer_assaults.pipeline.workers import Ahead

            self.started = Ahead(self._project)
            self.started.start(notebooks)

    def close(self) -> None:
        """End what no batch took."""
        if self.started is not None:
            self.started.close()


def _tell_waiting(holder: str) -> None:
    click.echo(f"Waiting for the batch of process {holder} on this tree to end.", err=True)


def _show_plan(plan: Plan) -> None:
    for run in plan.runs:
        click.echo(f"{run.key}: {plan.reasons.get(run.key, 'fresh')}")
    click.echo(f"{len(plan.stale)} of {len(plan.runs)} reports would be made.")


def make(
    project: Project,
    plan: Plan,
    *,
    jobs: int | None = None,
    engine: str | None = None,
    timeout: float = 600.0,
    memory: float = 2000.0,
    scheduler: str | None = None,
    exports: Mapping[Path, dict[str, str]] | None = None,
    ahead: Ahead | None = None,
) -> int:
    """Make what is stale in a plan, then the index; the caller holds the lock.

    ``exports`` are entries of own exports that were opened already, ``ahead`` is what was started
    while the plan was made.

    Returns
    -------
    int
        Exit code: 0, 1 after failures, 130 after Ctrl-C.
    """
    from officer_assaults.cli import output, own_exports

    told = own_exports.check(project, plan, exports)
    with own_exports.noted(project, plan, told):
        if not plan.stale:
            code = _gather(lambda: output.build_if_stale(project))
            click.echo(f"All {len(plan.runs)} reports are fresh.")
        else:
            batch = run(project, plan, jobs, engine, timeout, memory, scheduler, ahead)
            gathered = 0 if batch.gathered else _gather(lambda: output.build(project))
            code = summarise(project, plan, batch) or gathered
    _show_pages(project, plan)
    return code


def _gather(build: Callable[[], object]) -> int:
    """Exit code of what is written last; a full disk is told like any failed run."""
    try:
        build()
    except OSError as error:
        what = f"The front page could not be written: {error.strerror or error}."
        click.echo(f"{what} Make room; the same command finishes the rest.", err=True)
        return FAILED
    return 0


def _show_pages(project: Project, plan: Plan) -> None:
    """Say which files to open: few reports one by one, and the front page."""
    made = [run for run in plan.runs if run.path(project.reports, ".json").is_file()]
    listed = made if len(made) <= _MOST_LISTED else []
    for page in (
        *(run.path(project.reports, ".html") for run in listed),
        project.reports / "index.html",
    ):
        click.echo(f"  {_as_typed(page)}")


def _as_typed(path: Path) -> str:
    """Path from the folder that the user stands in, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def run(
    project: Project,
    plan: Plan,
    jobs: int | None,
    engine: str | None,
    timeout: float,
    memory: float,
    scheduler: str | None,
    ahead: Ahead | None = None,
) -> Batch:
    """Make what is stale in a plan, telling how far it is."""
    from officer_assaults.pipeline.batch import run_batch
    from officer_assaults.pipeline.progress import Progress
    from officer_assaults.pipeline.run import Limits
    from officer_assaults.pipeline.workers import choose

    workers = choose(
        project,
        plan,
        processes=jobs,
        engine=engine,
        scheduler=scheduler,
        notice=functools.partial(click.echo, err=True),
        ahead=ahead,
    )
    click.echo(f"Making {len(plan.stale)} of {len(plan.runs)} reports.", err=True)
    progress = Progress(len(plan.stale))
    try:
        limits = Limits(seconds=timeout, megabytes=memory)
        return run_batch(
            project,
            plan,
            workers,
            limits=limits,
            finished=progress.finished,
            gather=project.gather,
        )
    finally:
        progress.close()


def summarise(project: Project, plan: Plan, batch: Batch) -> int:
    """Say how a batch ended, and give its exit code."""
    from officer_assaults.pipeline.progress import failure_table

    made = len(batch.results) - len(batch.failures)
    rate = f" ({batch.seconds / made:.2f} s a report)" if made else ""
    click.echo(f"Made {made} reports in {batch.seconds:.1f} s{rate}.")
    if batch.failures:
        commands = [batch.commands[result.key] for result in batch.failures]
        folder = _as_typed(project.reports)
        click.echo(f"\n{len(batch.failures)} failed:\n", err=True)
        click.echo(failure_table(batch.failures, commands, folder), err=True)
    if batch.interrupted:
        click.echo(
            f"Interrupted with {batch.left} of {len(plan.stale)} reports left; "
            "the same command makes the rest.",
            err=True,
        )
        return INTERRUPTED
    return FAILED if batch.failures else 0
