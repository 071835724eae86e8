"""Commands that check: ``check-notebooks``."""

from __future__ import annotations

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
