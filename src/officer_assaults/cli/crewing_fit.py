"""Command ``crewing fit``: a rate model of a roster of any size."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from officer_assaults.cli.lazy import INTERRUPTED


@click.command("fit")
@click.argument("roster", type=click.Path(path_type=Path))
@click.option("--formula", required=True, help="'count ~ terms'; the exposure is no part of it.")
@click.option("--exposure", default="officer_hours", show_default=True, help="Column of hours.")
@click.option("--cluster", help="Column of clusters: officer, beat, team.")
@click.option("--bin", "bins", multiple=True, help="Classes of a number: backup_min=10,20.")
@click.option("--memory", type=click.IntRange(500), default=1000, show_default=True, help="MB.")
@click.option("--threads", type=click.IntRange(1), help="Default one a core.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write the table here.")
def fit(
    roster: Path,
    formula: str,
    exposure: str,
    cluster: str | None,
    bins: tuple[str, ...],
    memory: int,
    threads: int | None,
    table: Path | None,
) -> None:
    """Fit a rate model to officer-shifts in Parquet or CSV, of any number of rows."""
    from officer_assaults.files import write_atomic
    from officer_assaults.topics.crewing import rosters

    try:
        found = rosters.fit(
            formula, roster, exposure=exposure, cluster=cluster, bins=dict(map(_edges, bins)),
            memory_mb=memory, threads=threads,
        )  # fmt: skip
    except KeyboardInterrupt:
        click.echo("Stopped; nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    click.echo(str(found))
    if table is not None:
        write_atomic(table, found.table().to_csv(index=False, lineterminator="\n"))


def _edges(text: str) -> tuple[str, list[float]]:
    name, _, edges = text.partition("=")
    try:
        return name, [float(edge) for edge in edges.split(",")]
    except ValueError:
        raise click.UsageError(f"'{text}' is not NAME=EDGE,EDGE: backup_min=10,20.") from None
