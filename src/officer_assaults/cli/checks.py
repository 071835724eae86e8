"""Commands that check: ``check-notebooks``."""

from __future__ import annotations

import contextlib
import sys

import click


@click.command("check-notebooks")
def check_notebooks() -> None:
    """Refuse notebooks that hold outputs, untyped parameters or paths of one machine."""
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline import notebooks
    from officer_assaults.refusals import Refusal

    paths = notebooks.find(project_.load().notebooks)
    problems = [problem for path in paths for problem in notebooks.check(path)]
    if problems:
        raise Refusal(problems)
    click.echo(f"{len(paths)} notebooks are in order.")


@click.command("check-published")
def check_published() -> None:
    """Refuse a published set that was not made by these notebooks, program, data and lock file."""
    from officer_assaults.cli import output
    from officer_assaults.cli import project as project_
    from officer_assaults.refusals import Problem, Refusal

    outdated = output.outdated(project_.load())
    remedy = "Publish again: 'make publish', and commit reports/."
    if outdated:
        raise Refusal(Problem("P402", f"published {what}.", remedy) for what in outdated)
    click.echo("The published set was made by what is here.")


@click.command("clean-notebook")
def clean_notebook() -> None:
    """Read a notebook and write it without outputs: git's filter, which `make lab` sets."""
    from officer_assaults.pipeline import notebooks

    content = sys.stdin.buffer.read()
    with contextlib.suppress(UnicodeError):  # Not a notebook: git gets what it gave.
        content = notebooks.cleaned(content.decode("utf-8")).encode("utf-8")
    sys.stdout.buffer.write(content)
