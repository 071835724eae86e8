"""Runs of an own export: each is kept under its name, and ``diff`` says what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import pandas as pd

RUNS = "runs"
#: Notes of a run on the export that it was made from: hash of its bytes, and where it lay.
DIGEST, PLACE = "data.sha256", "data.path"
_DIGITS = 64
_DATA = ("crew_cells.csv", "crew_shifts.csv")


def name_of(file: Path) -> str:
    """Name of a run that was given none: the folder of a build, else the file's own name."""
    return file.resolve().parent.name if file.name in _DATA else file.stem


def check_name(root: Path, name: str, file: Path) -> Path:
    """Folder of a run; one that holds a run of another export is refused.

    Raises
    ------
    Refusal
        P306 before anything is made, so that no report is lost.
    """
    from officer_assaults.files import sha256_file
    from officer_assaults.refusals import Refusal

    folder = root / RUNS / name
    if Path(name).name != name or name.startswith("."):
        what = f"'{name}' is no name of a run."
        raise Refusal.of("P306", what, "Give letters, digits and '-' with --name.")
    held = _note(folder / DIGEST)
    if not folder.is_dir() or not any(folder.iterdir()) or held == sha256_file(file):
        return folder
    if len(held) == _DIGITS and held.isalnum():
        what = f"the run '{name}' was made from another export."
        raise Refusal.of("P306", what, "Give this one a name with --name.", str(folder))
    what = f"the run '{name}' does not say what export it was made from."
    raise Refusal.of("P306", what, "Delete it, or give this one a name with --name.", str(folder))


def _note(path: Path) -> str:
    """Text of a note beside a run; empty where there is none, whatever it holds after a crash."""
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return ""


def keep(folder: Path, file: Path, made: list[Path]) -> None:
    """Copy the files of finished reports into a run, after a note of what export made them.

    So one that is killed here says whose it is, and the next copies the rest.
    """
    from officer_assaults.files import sha256_file, write_atomic

    write_atomic(folder / DIGEST, sha256_file(file))
    write_atomic(folder / PLACE, str(file.resolve()))
    for path in made:
        write_atomic(folder / path.name, path.read_bytes())


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
def diff(before: str, after: str) -> None:
    """Say in words what changed between two runs: findings, verdicts and data.

    A and B are names of runs, folders of a build or of reports, or results (JSON).
    """
    lines = [*_of_data(_data(before), _data(after)), *_of_findings(before, after)]
    click.echo("\n".join(lines) if lines else "Nothing changed.")


def _place(said: str) -> Path:
    from officer_assaults.refusals import Refusal

    for path in (Path(said), Path(RUNS) / said):
        if path.is_dir() or path.is_file():
            return path
    known = sorted(path.name for path in Path(RUNS).glob("*/"))
    remedy = f"Runs here: {', '.join(known)}." if known else "Name a folder of a build or reports."
    raise Refusal.of("P301", f"no run and no folder '{said}'.", remedy)


def _findings(said: str) -> dict[str, dict[str, Any]]:
    place = _place(said)
    files = sorted(place.glob("*.json")) if place.is_dir() else [place]
    held = [finding for file in files for finding in _results(file, named=not place.is_dir())]
    return {str(finding["id"]): finding for finding in held}


def _results(file: Path, *, named: bool) -> list[dict[str, Any]]:
    """Read the findings of a report; a file that was named must be one."""
    from officer_assaults.data import bounds
    from officer_assaults.refusals import Refusal

    bounds.check_size(file)
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        content = None
    found = content.get("findings") if isinstance(content, dict) else None
    whole = isinstance(found, list) and all(
        isinstance(each, dict) and {"id", "label"} <= each.keys() for each in found
    )
    if (named and not whole) or content is None:
        remedy = "Name a run, a folder of reports or the JSON of one."
        raise Refusal.of("P301", "holds no results of a report.", remedy, str(file))
    return list(found) if whole and found else []


def _of_findings(before: str, after: str) -> list[str]:
    first, second = _findings(before), _findings(after)
    lines = [f"No longer found: {first[name]['label']}." for name in first if name not in second]
    lines += [f"New: {_said(second[name])}." for name in second if name not in first]
    for name in [name for name in first if name in second]:
        one, two = first[name], second[name]
        if one.get("verdict") != two.get("verdict"):
            lines.append(
                f"Verdict changed: {two.get('claim') or two['label']}: {one.get('verdict')} "
                f"before, {two.get('verdict')} now."
            )
        if any(one.get(key) != two.get(key) for key in ("value", "lower", "upper")):
            lines.append(f"{two['label']}: {_number(one)} before, {_number(two)} now.")
    return lines


def _said(finding: dict[str, Any]) -> str:
    return f"{finding['label']}: {_number(finding)} ({finding.get('verdict') or 'no verdict'})"


def _number(finding: dict[str, Any]) -> str:
    value, lower, upper = (finding.get(key) for key in ("value", "lower", "upper"))
    if not isinstance(value, int | float):
        return "no number" if value is None else str(value)
    bounds = [lower, upper]
    if not all(isinstance(bound, int | float) for bound in bounds):
        return f"{value:,.4g}"
    return f"{value:,.3g} ({bounds[0]:,.3g} to {bounds[1]:,.3g})"


def _data(said: str) -> pd.DataFrame | None:
    from officer_assaults.topics.crewing.data.reader import load

    place = _place(said)
    kept = place / PLACE
    if kept.is_file():
        file = Path(_note(kept))
        return load(file).cells if file.is_file() else None
    found = [place / name for name in _DATA if (place / name).is_file()]
    return load(found[0]).cells if found else None


def _of_data(first: pd.DataFrame | None, second: pd.DataFrame | None) -> list[str]:
    if first is None or second is None:
        return []
    lines = []
    if len(first) != len(second):
        lines.append(f"Rows of the data: {len(first):,} before, {len(second):,} now.")
    spans = [
        f"{cells['period_start'].min():%B %Y} to {cells['period_start'].max():%B %Y}"
        for cells in (first, second)
    ]
    if spans[0] != spans[1]:
        lines.append(f"Months: {spans[0]} before, {spans[1]} now.")
    for column, words in (("unit_hours", "unit-hours"), ("y", "victims"), ("attended", "calls")):
        one, two = (
            cells.groupby(cells["crew"].astype(str))[column].sum() for cells in (first, second)
        )
        for crew in sorted({*one.index, *two.index}):
            was, now = float(one.get(crew, 0)), float(two.get(crew, 0))
            if abs(was - now) > 1e-6 * max(was, now):
                lines.append(f"{words} of {crew} crews: {was:,.0f} before, {now:,.0f} now.".strip())
    return lines
