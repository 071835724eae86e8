"""Commands from a force's own tables to cells: ``crewing map``, ``build`` and ``check``."""

from __future__ import annotations

from pathlib import Path

import click

from officer_assaults.cli import event_log


@click.command("map")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    default=Path("mapping.yml"),
    show_default=True,
    help="Where the mapping goes; never over one that exists.",
)
@click.option("--force", default="", help="Force, by its short name.")
@click.option("--source", default="", help="System and query the tables were taken from.")
@click.option("--retrieved", default="", help="Day of the export, as 2024-04-30.")
def map_(paths: tuple[Path, ...], target: Path, force: str, source: str, retrieved: str) -> None:
    """Propose a mapping of a folder or of files, for a person to correct and confirm."""
    from officer_assaults.data import forces
    from officer_assaults.files import write_new
    from officer_assaults.refusals import Refusal
    from officer_assaults.topics.crewing.data.schemas import SIMULATED_FORCE
    from officer_assaults.topics.crewing.intake.propose import NOT_USED, propose

    if target.exists():
        what, remedy = "is there already.", "Name another with --to, or remove it."
        raise Refusal.of("P306", what, remedy, str(target))
    slug = forces.resolve(force).slug if force and force != SIMULATED_FORCE else force
    known = {"force": slug, "source": source, "retrieved": retrieved}
    text = propose(paths, target.parent, {name: value for name, value in known.items() if value})
    write_new(target, text)
    for line in text.splitlines():
        if line.startswith(NOT_USED):
            click.echo(line.removeprefix("# "))
    open_ = text.count(": ASK")
    click.echo(
        f"Wrote {target}: {text.count('# GUESS')} guesses to read, {open_} questions to answer."
    )
    click.echo(
        f"Then write 'confirmed: yes' in it and run: officer-assaults crewing build {target}"
    )


@click.command()
@click.argument("mapping", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder; default one beside the mapping, with its name.",
)
@event_log.option
def build(mapping: Path, folder: Path | None, log: str) -> None:
    """Build crew cells and a profile to sign off from a confirmed mapping."""
    from officer_assaults.topics.crewing.intake.write import build_into

    with event_log.told(log, "crewing build") as say:
        done = build_into(mapping, folder, say)
        click.echo(done.text)
        click.echo(f"Wrote {done.data}\nRead and sign: {done.page}")
        click.echo(f"Then run: officer-assaults crewing report {done.data}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@event_log.option
def check(file: Path, log: str) -> None:
    """Check a file of cells or unit-shifts, and say what a report could not do with it."""
    from officer_assaults.topics.crewing.intake.check import check_file

    with event_log.told(log, "crewing check") as say:
        for line in check_file(file, say):
            click.echo(line)
