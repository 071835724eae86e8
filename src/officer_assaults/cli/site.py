"""Command ``site``: the reports as a folder that any static host can serve."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", default="site", type=click.Path(path_type=Path))
@click.option("--address", default="", help="Address that the site will have, for link previews.")
def site(folder: Path, address: str) -> None:
    """Gather the reports on disk in a folder for a static host."""
    from officer_assaults.cli import project as project_
    from officer_assaults.page import site as site_
    from officer_assaults.pipeline import results
    from officer_assaults.refusals import Refusal
    from officer_assaults.topics.claims import report as judging

    reports = project_.load().reports
    found = results.read_reports(reports, variants=True)
    other = [r for r in found if results.VARIANT in r["name"] and not r.get("files")]
    if len(other) == len(found):
        raise Refusal.of("P310", "no report is made yet.", "Make some: 'make reports'.")
    try:
        files = site_.build_site(reports, folder, address, judging)
    except FileExistsError as error:
        raise Refusal.of("P307", f"{error}.", "Nothing was written.") from error
    click.echo(f"Gathered {len(files)} files in {folder}.")
    left = [f"{report['scope']}/{report['name']}" for report in other]
    if left:
        click.echo(f"Left out, as made with other parameters: {', '.join(left)}.", err=True)
