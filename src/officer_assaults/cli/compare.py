"""Command ``compare``: two forces side by side, in words and as a page."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--out", type=click.Path(path_type=Path), help="Page to write.")
def compare(first: str, second: str, out: Path | None) -> None:
    """Set two forces side by side: say what their records show, and write their page."""
    from officer_assaults import paths
    from officer_assaults.data import forces
    from officer_assaults.files import write_atomic
    from officer_assaults.page import markup
    from officer_assaults.refusals import Refusal
    from officer_assaults.topics.forces.glance import model, pair

    one, other = (forces.resolve(name).slug for name in (first, second))
    glances = model.glances()
    for slug in (one, other):
        if slug not in glances.table.index:
            problem = f"'{slug}' is in no table of all forces."
            raise Refusal.of("E101", problem, "Name a territorial force.")
    if one == other:
        problem = f"'{first}' and '{second}' are the same force."
        raise Refusal.of("E101", problem, "Name two forces.")
    said = pair.sentences(glances, *sorted((one, other)))
    target = out or paths.reports_dir() / pair.address(one, other)
    write_atomic(target, pair.page(glances, one, other))
    for text in (said["answer"], said["record"], f"You may say: {said['say']}"):
        if text:
            click.echo(markup.plain(text))
    click.echo(f"You may not say: {markup.plain(said['not_say'])}")
    click.echo(f"  {target}")
