"""Commands ``claim`` and ``claims``: one claim on the terminal, or a file of them as a page."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("kind")
@click.option("--force", default="", help="Force, or england-and-wales.")
@click.option("--from", "start", default="", help="Earlier financial year of a change.")
@click.option("--to", "end", default="", help="Financial year claimed about.")
@click.option("--says", default="", help="The figure as it was said: +12%, 1,057, 6th.")
@click.option("--offences", default="", help="all, with injury, or without injury.")
@click.option("--per", default="", help="day, week or month, of a rate.")
@click.option("--by", default="", help="count or rate, of a rank.")
@click.option("--evidence", default="", help="Row of the evidence ledger, of a survey or document.")
@click.option("--publisher", default="", help="Who says so.")
@click.option("--settle", default="", help="What would settle it, of a log.")
def claim(kind: str, **given: str) -> None:
    """Judge one claim: change, count, rate, rank, share, survey, document or log."""
    from officer_assaults.data import tables
    from officer_assaults.page import markup
    from officer_assaults.refusals import Problems
    from officer_assaults.topics.claims import collection, kinds

    row = {collection.OUTER.get(name, name): text for name, text in given.items() if text}
    problems = Problems()
    with tables.by_checksum():
        made = collection.make({"kind": kind, **row}, problems)
        problems.raise_if_any()
        assert made is not None
        answer = kinds.judge(made)
    click.echo(f"{answer.verdict.upper()}: {markup.plain(answer.reason)}")
    if answer.found:
        click.echo(f"Found: {answer.found}")
    if not answer.readings.empty:
        click.echo(answer.readings.to_string(index=False))
    for opening, text in (("You may say: ", answer.say), ("You may not say: ", answer.not_say)):
        if text:
            click.echo(opening + markup.plain(text))
    click.echo(f"Rule: {kinds.kind(kind).rule}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--out", type=click.Path(path_type=Path), help="Page to write.")
def claims(file: Path | None, out: Path | None) -> None:
    """Judge a file of claims, CSV or YAML, and write their page; without FILE the project's own."""
    from officer_assaults import paths
    from officer_assaults.files import write_atomic
    from officer_assaults.topics.claims import collection, page

    rows = collection.own() if file is None else collection.read(file)
    name = "collection" if file is None else file.stem
    if file is not None and name == "collection":
        name = "own-collection"  # The project's own page has that name, and is written each time.
    title = "Claims by others" if file is None else f"Claims of {file.name}"
    target = out or paths.reports_dir() / "claims" / f"{name}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, page.render(rows, title=title, up="../"))
    click.echo(f"{len(rows)} claims judged.")
    click.echo(f"  {target}")
