"""Commands about data: ``data-check``, ``dictionary`` and ``import``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from officer_assaults.data.imported import Imported

#: Share of a table's columns from which a file is taken for it, and told what it lacks.
MOST_OF_THEM = 0.6
Step = Callable[[int, int, str], None]


@click.command("data-check")
def data_check() -> None:
    """Verify checksums, schemas and published totals of data/."""
    from officer_assaults.data import check

    results = check.verify()
    for name, rows in results.groupby("check", sort=False):
        click.echo(f"{name}: {len(rows)} hold")


@click.command()
def dictionary() -> None:
    """Write the data dictionary page from the schemas."""
    from officer_assaults.data import dictionary as dictionary_

    click.echo(f"Wrote {dictionary_.write().name}.")


@click.group("import")
def import_() -> None:
    """Bring an official release in as a new vintage; none is ever overwritten."""


def _release_arguments(command: Callable[..., None]) -> Callable[..., None]:
    vintage = click.option("--vintage", help="Name of the release; default read from the file.")
    preview = click.option("--dry-run", is_flag=True, help="Check and compare; write nothing.")
    file = click.argument("file", type=click.Path(path_type=Path))
    return file(vintage(preview(command)))


@import_.command("home-office")
@_release_arguments
def home_office(file: Path, vintage: str | None, dry_run: bool) -> None:
    """Read the police recorded crime open data, Police Force Area tables (ODS, XLSX or CSV)."""
    from officer_assaults.data.home_office import import_recorded_crime

    with _progress() as step:
        imported = import_recorded_crime(file, vintage, progress=step, dry_run=dry_run)
    report(imported)


@import_.command("workforce")
@_release_arguments
def workforce(file: Path, vintage: str | None, dry_run: bool) -> None:
    """Read the police workforce open data table (ODS, XLSX or CSV)."""
    from officer_assaults.data.workforce import import_workforce

    with _progress() as step:
        imported = import_workforce(file, vintage, progress=step, dry_run=dry_run)
    report(imported)


@import_.command("population")
@_release_arguments
@click.option(
    "--lookup",
    type=click.Path(path_type=Path),
    help="Local authorities to police force areas, for estimates by local authority.",
)
def population(file: Path, lookup: Path | None, vintage: str | None, dry_run: bool) -> None:
    """Read mid-year population estimates, by police force area or by local authority."""
    from officer_assaults.data.population import import_population

    report(import_population(file, vintage, lookup=lookup, dry_run=dry_run))


def take_in(
    file: Path,
    kind: str | None,
    vintage: str | None,
    lookup: Path | None = None,
    *,
    dry_run: bool = False,
) -> tuple[Imported, str]:
    """Import an official table of any kind, told by its columns; also the folder it went to."""
    from officer_assaults.data import home_office, population, workbooks, workforce

    columns = {
        "home-office": home_office.CRIME_COLUMNS,
        "workforce": workforce.WORKFORCE_COLUMNS,
    }
    named = kind or workbooks.kind(file, columns) or _other_kind(file, columns)
    if named == "population":
        done = population.import_population(file, vintage, lookup=lookup, dry_run=dry_run)
        return done, population.FOLDER
    with _progress() as step:
        if named == "workforce":
            done = workforce.import_workforce(file, vintage, progress=step, dry_run=dry_run)
            return done, "workforce"
        done = home_office.import_recorded_crime(file, vintage, progress=step, dry_run=dry_run)
    return done, "recorded-assaults"


def _other_kind(file: Path, columns: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """Tell a damaged header of a known table, by most of its columns, from an estimate."""
    from officer_assaults.data import workbooks

    most, named = workbooks.most_columns(file, columns)
    return named if most >= MOST_OF_THEM else "population"


@contextlib.contextmanager
def _progress() -> Iterator[Step | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit="row", unit_scale=True, file=sys.stderr, leave=False) as bar:

        def step(done: int, total: int, what: str) -> None:
            bar.total, bar.n = total, done
            bar.set_description_str(what)

        yield step


def report(imported: Imported) -> None:
    """Say what was read, written and changed against the release before."""
    for line in imported.lines():
        click.echo(line)
    if imported.dry_run:
        click.echo("Nothing was written.")
