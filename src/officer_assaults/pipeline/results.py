"""Results: what lies on disk after any number of batches, and the tracked table of findings."""

from __future__ import annotations

import csv
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from officer_assaults.pipeline.inputs import read_json
from officer_assaults.pipeline.project import STATE
from officer_assaults.refusals import Problem, Refusal

SIGNIFICANT_DIGITS = 8
#: Stands in the file name of a report between its notebook and what differs from the default.
VARIANT = "~"
NO_BOUND = "no bound"
_NUMBERS = ("value", "lower", "upper")
_FROM_FINDING = [
    "id",
    "label",
    "value",
    "lower",
    "upper",
    "level",
    "unit",
    "denominator",
    "period",
    "vintage",
    "verdict",
    "claim",
    "simulated",
    "tolerance",
]


def _is_number(value: Any) -> bool:
    try:
        as_number(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def _is_finding(finding: Mapping[str, Any]) -> bool:
    numbers = (finding.get(name) for name in _NUMBERS)
    return isinstance(finding.get("id"), str) and all(map(_is_number, numbers))


_REPORT_SHAPE = {"notebook": str, "scope": str, "findings": [dict]}
_FAILURE_SHAPE = {"notebook": str, "scope": str}


def columns(scope_column: str) -> list[str]:
    """Columns of the findings table, the scope under a name of the caller's."""
    return ["notebook", scope_column, *_FROM_FINDING]


def read_reports(folder: Path, *, variants: bool = False) -> list[dict[str, Any]]:
    """Results of all reports on disk, by scope and notebook; unreadable files are left out.

    Parameters
    ----------
    folder : Path
    variants : bool
        Whether reports with other parameters than the defaults count too; each of them then has
        its own file name under ``name``.
    """
    paths = [path for path in sorted(folder.glob("*/*.json")) if not _is_state(path)]
    chosen = [path for path in paths if variants or VARIANT not in path.stem]
    found = [
        ({**content, "name": path.stem} if variants else content)
        for path in chosen
        if (content := read_json(path, _REPORT_SHAPE))
    ]
    return [content for content in found if all(map(_is_finding, content["findings"]))]


def read_failures(folder: Path) -> list[dict[str, Any]]:
    """Failures of runs when they were last tried, by scope and notebook."""
    paths = sorted((folder / STATE / "failures").glob("*/*.json"))
    return [content for path in paths if (content := read_json(path, _FAILURE_SHAPE))]


def _is_state(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts[-2:])


def as_number(value: Any) -> float | None:
    """Read the number of a finding: None if missing, infinite limits as infinity."""
    return None if value is None or value == "" else float(value)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.{SIGNIFICANT_DIGITS}g}"
    return str(value)


def findings_rows(reports: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One tidy row per finding, in the order of notebook, scope and appearance."""
    rows = []
    for report in sorted(reports, key=lambda report: (report["notebook"], report["scope"])):
        for finding in report["findings"]:
            row = {"notebook": report["notebook"], "scope": report["scope"]}
            for name in _FROM_FINDING:
                value = finding.get(name)
                row[name] = _as_text(as_number(value) if name in _NUMBERS else value)
            rows.append(row)
    return rows


def write_csv(rows: Sequence[Mapping[str, str]], scope_column: str) -> str:
    """Write the findings table as CSV text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns(scope_column))
    for row in rows:
        writer.writerow([row["notebook"], row["scope"], *(row[name] for name in _FROM_FINDING)])
    return stream.getvalue()


def read_csv(path: Path, scope_column: str) -> list[dict[str, str]]:
    """Rows of a findings table.

    Raises
    ------
    Refusal
        P401 if the file is missing or has other columns.
    """
    if not path.is_file():
        raise Refusal(_no_findings(path.name, "is not there"))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(_no_findings(path.name, f"cannot be read ({error})")) from error
    return parse_csv(content, scope_column, path.name)


def parse_csv(
    content: bytes, scope_column: str, name: str = "findings.csv"
) -> list[dict[str, str]]:
    """Rows of a findings table from its bytes.

    Raises
    ------
    Refusal
        P401 if it has other columns or a broken row.
    """
    wanted = columns(scope_column)
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
        names, rows = reader.fieldnames, list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refusal(_no_findings(name, f"cannot be read ({error})")) from error
    if names != wanted:
        raise Refusal(_no_findings(name, f"has columns {names}"))
    wrong = [row for row, cells in enumerate(rows, 2) if not _is_whole(cells, wanted)]
    if wrong:
        raise Refusal(_no_findings(name, "has a row with other cells than the header", wrong[0]))
    return [{("scope" if n == scope_column else n): v for n, v in row.items()} for row in rows]


def _is_whole(cells: Mapping[Any, Any], wanted: Sequence[str]) -> bool:
    """Whether a row has a text for every column, with numbers where numbers belong."""
    return (
        list(cells) == list(wanted)
        and all(isinstance(cell, str) for cell in cells.values())
        and all(_is_number(cells[name]) for name in (*_NUMBERS, "tolerance"))
        and (as_number(cells["tolerance"]) or 0.0) >= 0
    )


def _no_findings(name: str, what: str, row: int | None = None) -> Problem:
    remedy = "Restore it from version control, or make it again with 'make publish'."
    return Problem("P401", f"the findings table {what}.", remedy, name, row)


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell of the findings table that is not what it was.

    Parameters
    ----------
    notebook, scope, id : str
        Which finding.
    column : str
        Which column; empty if the whole row came or went.
    before, now : str
        Text in the tracked table and after the re-run.
    """

    notebook: str
    scope: str
    id: str
    column: str
    before: str
    now: str


def compare(
    before: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]
) -> list[Difference]:
    """Differences between two findings tables beyond each finding's tolerance.

    Numbers differ if they are further apart than the tolerance times the larger of the two;
    everything else differs if its text does.
    """
    old, new = ({_key(row): row for row in rows} for rows in (before, now))
    found = [Difference(*key, "", "present", "missing") for key in old if key not in new]
    found += [Difference(*key, "", "missing", "present") for key in new if key not in old]
    for key in old:
        if key in new:
            found += _row_differences(key, old[key], new[key])
    return sorted(found, key=lambda d: (d.notebook, d.scope, d.id, d.column))


def _key(row: Mapping[str, str]) -> tuple[str, str, str]:
    return row["notebook"], row["scope"], row["id"]


def _row_differences(
    key: tuple[str, str, str], old: Mapping[str, str], new: Mapping[str, str]
) -> list[Difference]:
    tolerance = float(old["tolerance"] or 0)
    return [
        Difference(*key, name, old[name], new[name])
        for name in _FROM_FINDING
        if name != "id" and not _same(name, old[name], new[name], tolerance)
    ]


def _same(name: str, old: str, new: str, tolerance: float) -> bool:
    if name not in _NUMBERS or not old or not new:
        return old == new
    return math.isclose(float(old), float(new), rel_tol=tolerance, abs_tol=0.0) or old == new


def moved(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Say how one finding moved beyond its tolerance, in words; empty if it did not.

    A release or a wording that changes with the figure as it was is not a move.
    """
    tolerance = float(old["tolerance"] or 0)
    parts = []
    if not _same("value", old["value"], new["value"], tolerance):
        was, now = (_in_words(row) for row in (old, new))
        parts.append(f"{was} before, {now} now")
    elif any(not _same(name, old[name], new[name], tolerance) for name in ("lower", "upper")):
        was, now = (_in_words(row) for row in (old, new))
        parts.append(f"the interval moved: {was} before, {now} now")
    if old["verdict"] != new["verdict"]:
        was, now = (row["verdict"] or "no verdict" for row in (old, new))
        parts.append(f"verdict '{was}' before, '{now}' now")
    where = f"{new['scope']}, {new['notebook']}: {new['label'] or new['id']}"
    return f"{where}: {'; '.join(parts)}." if parts else ""


def _in_words(row: Mapping[str, str]) -> str:
    value, lower, upper = (_short(row[name]) for name in _NUMBERS)
    if not (row["lower"] and row["upper"]):
        return value
    if upper == NO_BOUND:
        return f"{value} ({lower}, no upper bound)"
    return f"{value} ({lower} to {upper})"


def _short(cell: str) -> str:
    """Write a number in few digits; counts are never cut."""
    number = as_number(cell)
    if number is None:
        return "not known"
    if not math.isfinite(number):
        return NO_BOUND
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def refreshed(
    tracked: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Take new rows, but keep tracked digits where a number moved by no more than its tolerance.

    So the table changes in a diff only if a finding did, not because another machine rounds the
    last digits another way.
    """
    old = {_key(row): row for row in tracked}
    rows = []
    for row in now:
        key = _key(row)
        kept = key in old and not _row_differences(key, old[key], row)
        rows.append(dict(old[key]) if kept else dict(row))
    return rows


def contradictions(reports: Iterable[Mapping[str, Any]], tolerance: float = 1e-6) -> list[str]:
    """Name every quantity that has two values, and every claim that has two verdicts.

    A quantity is a key that findings share, or else one label, unit, denominator, period and
    release of one scope; a claim is one sentence about one period, release and scope.

    Parameters
    ----------
    reports : iterable of mapping
        Results as :func:`read_reports` gives them.
    tolerance : float
        Relative difference at which two values count as one.
    """
    values: dict[tuple[str, ...], list[tuple[float, str]]] = defaultdict(list)
    verdicts: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for report in reports:
        for finding in report["findings"]:
            where = f"{report['scope']}/{report['notebook']} {finding['id']}"
            when, release = (str(finding.get(part, "")) for part in ("period", "vintage"))
            about = (str(report["scope"]), when, release)
            verdicts[(*about, str(finding.get("claim", "")))].setdefault(
                str(finding.get("verdict", "")), where
            )
            if isinstance(finding.get("value"), int | float):
                key = finding.get("quantity") or "; ".join(
                    str(finding.get(part, "")) for part in ("label", "unit", "denominator")
                )
                values[(*about, str(key))].append((float(finding["value"]), where))
    return [*_two_values(values, tolerance), *_two_verdicts(verdicts)]


def _two_values(
    values: Mapping[tuple[str, ...], list[tuple[float, str]]], tolerance: float
) -> Iterator[str]:
    for key, found in values.items():
        (low, first), (high, last) = min(found), max(found)
        if high - low > tolerance * max(abs(low), abs(high)):
            yield f"{key[-1]} is {low:g} in {first} and {high:g} in {last}"


def _two_verdicts(verdicts: Mapping[tuple[str, ...], Mapping[str, str]]) -> Iterator[str]:
    for key, found in verdicts.items():
        if len(found) > 1:
            told = " and ".join(f"'{word}' in {where}" for word, where in sorted(found.items()))
            yield f"'{key[-1]}' is {told}"
