"""Command ``validate``: run the validation study, side by side, and keep what it found."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from officer_assaults.pipeline.parts import Finished, Part
    from officer_assaults.stats.studies import Result, Study, Tally

FULL, FAST = "full", "fast"


@click.command()
@click.option("--runs", type=click.Choice([FAST, FULL]), default=FULL, show_default=True,
              help="Full study, or about a hundred runs with wider bands.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes; default one per core.")
@click.option("--only", multiple=True, metavar="WORD", help="Studies whose name holds the word.")
@click.option("--again", is_flag=True, help="Make parts again that are there.")
def validate(runs: str, jobs: int | None, only: Sequence[str], again: bool) -> None:
    """Simulate data with known truths and hold every estimator against its band.

    Finished parts are kept below reports/.state, so a study that is broken off goes on where it
    stopped. The full study writes data/validation/full-study.json, which report 09 shows.
    """
    from officer_assaults.studies import registry
    from officer_assaults.topics.validation.data import code_hash

    chosen = _chosen(list(registry.STUDIES.values()), runs, only)
    # Taken before the work begins: code that changes meanwhile is not the code that did it.
    codes = {study.id: code_hash(study.simulate) for study in chosen}
    parts = {study.id: _parts(study, _number(study, runs), codes[study.id]) for study in chosen}
    if again:
        for part in (part for group in parts.values() for part in group):
            part.path.unlink(missing_ok=True)
    failed = _run([part for group in parts.values() for part in group], jobs)
    results: list[Result] = []
    for study in chosen:
        found = _collected(study, parts[study.id])
        if found:
            _keep(study, found, runs, codes[study.id])
            results += registry.judged({study.id: found}, widen=runs == FAST)
    _print(results)
    for one in failed:
        click.echo(f"FAILED {one.part.path.stem}: {one.error}", err=True)
    missed = [one for one in results if one.status == "missed"]
    click.echo(f"{len(results)} promises: {sum(one.met for one in results)} met, "
               f"{sum(one.status == 'missed as expected' for one in results)} missed as expected, "
               f"{len(missed)} missed.")  # fmt: skip
    if failed or missed:
        sys.exit(1)


def _number(study: Study, runs: str) -> int:
    return study.full if runs == FULL else study.fast


def _chosen(studies: Sequence[Study], runs: str, only: Sequence[str]) -> list[Study]:
    from officer_assaults.refusals import Refusal, nearest
    from officer_assaults.topics.recording.model import bayes

    named = [s for s in studies if not only or any(word in s.id for word in only)]
    if not named:
        hint = nearest(only[0], [study.id for study in studies])
        raise Refusal.of("P301", f"no study is called '{only[0]}'.", hint)
    able = [study for study in named if not study.needs or bayes.available()]
    for study in named:
        if study not in able:
            click.echo(f"Left out: {study.id} needs the extra '{study.needs}'.", err=True)
    return [study for study in able if _number(study, runs)]


def _parts(study: Study, number: int, code: str) -> list[Part]:
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline.parts import Part
    from officer_assaults.stats.studies import SEED

    folder = project_.load().state / "validation" / study.id.replace(" ", "-").replace(",", "")
    return [
        Part(
            folder / f"{code[:16]}-{SEED}-{start}-{min(start + study.batch, number)}.json",
            partial(run_part, study.id, start, min(start + study.batch, number)),
        )
        for start in range(0, number, study.batch)
    ]


def run_part(name: str, start: int, stop: int) -> Mapping[str, Any]:
    """Make some runs of a study; called in a worker."""
    from officer_assaults.stats.studies import make_runs
    from officer_assaults.studies.registry import STUDIES

    found = make_runs(STUDIES[name], start, stop)
    return {measure: one.as_dict() for measure, one in found.items()}


def _run(parts: Sequence[Part], jobs: int | None) -> list[Finished]:
    from tqdm import tqdm

    from officer_assaults.pipeline.parts import finish

    # Threads inside one worker would fight the other workers.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    failed, terminal = [], sys.stderr.isatty()
    bar = tqdm(total=len(parts), unit="part", file=sys.stderr, disable=not terminal)
    for number, one in enumerate(finish(parts, jobs or os.cpu_count() or 1), start=1):
        if one.error:
            failed.append(one)
        bar.set_postfix_str(one.part.path.parent.name, refresh=False)
        bar.update(1)
        if not terminal and one.seconds:
            place = f"{one.part.path.parent.name} {one.part.path.stem.partition('-')[2]}"
            click.echo(f"[{number}/{len(parts)}] {place}  {one.seconds:.1f} s", err=True)
    bar.close()
    return failed


def _collected(study: Study, parts: Sequence[Part]) -> dict[str, Tally]:
    from officer_assaults.pipeline.inputs import read_json
    from officer_assaults.stats.studies import Tally, added

    contents = [read_json(part.path) for part in parts]
    whole = [content for content in contents if content is not None]
    if len(whole) < len(parts):
        return {}
    return added({name: Tally.of(one) for name, one in content.items()} for content in whole)


def _keep(study: Study, found: Mapping[str, Tally], runs: str, code: str) -> None:
    if runs != FULL:
        return
    from officer_assaults.stats.studies import SEED
    from officer_assaults.studies.registry import STUDIES
    from officer_assaults.topics.validation import data as validation

    record = {n: one for n, one in validation.load_record().items() if n in STUDIES}
    record[study.id] = validation.StudyRecord(
        code=code,
        seed=SEED,
        runs=study.full,
        versions=validation.versions(),
        measures={name: one.as_dict() for name, one in found.items()},
    )
    validation.write_record(record)


def _print(results: Sequence[Result]) -> None:
    for one in results:
        band = f"{one.low:.4g} to {one.high:.4g}"
        click.echo(f"{one.status:<18} {one.value:8.4f}  {band:<18} {one.given:>6}  {one.target.id}")
