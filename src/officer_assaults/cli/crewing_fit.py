"""Command ``crewing fit``: a rate model of a roster of any size."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from officer_assaults.cli.lazy import INTERRUPTED

if TYPE_CHECKING:
    from officer_assaults.stats.sufficient import RosterModel


@click.command("fit")
@click.argument("roster", type=click.Path(path_type=Path))
@click.option("--formula", required=True, help="'count ~ terms'; the exposure is no part of it.")
@click.option("--exposure", default="officer_hours", show_default=True, help="Column of hours.")
@click.option("--cluster", help="Column of clusters: officer, beat, team.")
@click.option(
    "--cov",
    type=click.Choice(["model", "HC0", "HC1", "cluster"]),
    help="Kind of errors; default cluster where --cluster is given, else HC0.",
)
@click.option(
    "--correction",
    type=click.Choice(["none", "G/(G-1)", "G/(G-1)*(N-1)/(N-K)"]),
    default="G/(G-1)",
    show_default=True,
    help="Factor on the cluster sandwich.",
)
@click.option("--jackknife", is_flag=True, help="Refit without each cluster (up to 300).")
@click.option("--standardise", "standard", help="0/1 covariate to compare over the same hours.")
@click.option("--bin", "bins", multiple=True, help="Classes of a number: backup_min=10,20.")
@click.option("--memory", type=click.IntRange(500), default=1000, show_default=True, help="MB.")
@click.option("--threads", type=click.IntRange(1), help="Default one a core.")
@click.option("--csv", "table", type=click.Path(path_type=Path), help="Write the table here.")
def fit(roster: Path, table: Path | None, **options: Any) -> None:
    """Fit a rate model to officer-shifts in Parquet or CSV, of any number of rows."""
    with _progress() as step:
        try:
            _fit(roster, table, step, **options)
        except KeyboardInterrupt:
            click.echo("Stopped; nothing was written.", err=True)
            sys.exit(INTERRUPTED)


def _fit(
    path: Path,
    table: Path | None,
    step: Callable[[int, int, str], None] | None,
    *,
    formula: str,
    exposure: str,
    cluster: str | None,
    cov: str | None,
    correction: str,
    jackknife: bool,
    standard: str | None,
    bins: tuple[str, ...],
    memory: int,
    threads: int | None,
) -> None:
    from officer_assaults.files import write_atomic
    from officer_assaults.stats import sufficient
    from officer_assaults.topics.crewing import rosters

    kind: Any = cov or ("cluster" if cluster else "HC0")
    if (kind == "cluster" or jackknife) and not cluster:
        raise click.UsageError("Clustered errors need --cluster COLUMN.")
    by = cluster if kind == "cluster" else None
    with rosters.open_roster(
        path, bins=dict(map(_edges, bins)), memory_mb=memory, threads=threads, progress=step
    ) as opened:
        model = sufficient.fit_roster(
            opened, formula, exposure=exposure, cov=kind, cluster=by, correction=correction  # type: ignore[arg-type]
        )  # fmt: skip
        click.echo(describe(model))
        if standard:
            found = sufficient.standardise(model, standard)
            click.echo(_standardised(found))
        if jackknife and cluster:
            left = sufficient.leave_one_cluster_out_roster(opened, model, cluster, step)
            errors = left.vcov.diagonal() ** 0.5
            click.echo(f"Jackknife standard errors, {len(left.labels)} clusters left out in turn:")
            for term, se in zip(model.vcov.columns, errors, strict=True):
                click.echo(f"  {term}: {se:.6g}")
    if table is not None:
        write_atomic(table, model.log_ratios.to_csv(index=False, lineterminator="\n"))


def describe(model: RosterModel) -> str:
    """Put a fitted model into lines for a terminal."""
    spec = model.spec
    errors = spec.cov if spec.cov != "cluster" else f"by {spec.cluster}, {spec.correction}"
    lines = [
        *(["SIMULATED DATA: no figure below is about a real force."] if model.simulated else []),
        f"{model.n:,} rows in {model.patterns:,} patterns; {model.balance.observed:,.0f} recorded "
        f"victims in {model.cells[spec.exposure].sum():,.0f} of {spec.exposure}.",
        f"Errors: {errors}" + (f", {model.clusters:,} clusters." if model.clusters else "."),
        f"Dispersion {model.dispersion:.3f}; fitted over observed "
        f"{1 + model.balance.relative:.9f}.",
        "Rate ratios are associations, with their 95 % intervals.",
        model.rate_ratios.to_string(index=False, float_format=lambda value: f"{value:.4f}"),
        *model.cautions,
    ]
    return "\n".join(lines)


def _standardised(found: Any) -> str:
    return (
        f"All hours at {found.covariate} = {found.high} against {found.low}, over the same mix: "
        f"rate ratio {found.ratio:.3f} (95 % interval {found.lower:.3f} to {found.upper:.3f}; "
        f"{found.rate_high * 1000:.4f} against {found.rate_low * 1000:.4f} per 1,000)."
    )


def _edges(text: str) -> tuple[str, list[float]]:
    name, _, edges = text.partition("=")
    try:
        return name, [float(edge) for edge in edges.split(",")]
    except ValueError:
        raise click.UsageError(f"'{text}' is not NAME=EDGE,EDGE: backup_min=10,20.") from None


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(file=sys.stderr, leave=False) as bar:

        def step(done: int, total: int, what: str) -> None:
            bar.total, bar.n = total, done
            bar.set_description_str(what)

        yield step
