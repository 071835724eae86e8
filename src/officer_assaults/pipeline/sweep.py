"""Sweep: the values that one notebook is run over, and one tidy table of what it found."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from officer_assaults.pipeline.inputs import read_json
from officer_assaults.pipeline.parameters import Parameter, Schema, Vocabulary, split_assignments
from officer_assaults.pipeline.plan import Plan, Refused
from officer_assaults.pipeline.results import findings_rows
from officer_assaults.refusals import Problem, Refusal, nearest

#: More runs than this are surely a slip of the hand.
MOST_RUNS = 5000
_BETWEEN = ".."


def combinations(
    schema: Schema, overs: Sequence[str], vocabularies: Mapping[str, Vocabulary]
) -> list[dict[str, str]]:
    """Every combination of the values that ``--over`` names.

    Parameters
    ----------
    schema : Schema
        Of the notebook.
    overs : sequence of str
        ``"period1=2015/16..2024/25"``: all known words from one to the other, or whole numbers;
        ``"alpha=0.05,0.1"``: these values; ``"offences=[a,b];[a]"``: these lists.
    vocabularies : mapping of str to Vocabulary
        Words in their order.

    Raises
    ------
    Refusal
        P201 for an unknown parameter, P210 for a range that cannot be read, no values, or more
        than 5,000 runs.
    """
    values: dict[str, list[str]] = {}
    for text in overs:
        for name, given in split_assignments(text).items():
            if name not in schema:
                what = f"unknown parameter '{name}'."
                raise Refusal(Problem("P201", what, nearest(name, schema.names), schema.notebook))
            values[name] = _values(schema[name], given, vocabularies)
    found = list(itertools.islice(itertools.product(*values.values()), MOST_RUNS + 1))
    if not values or not found or len(found) > MOST_RUNS:
        what = f"more than {MOST_RUNS:,} runs are asked for." if found[1:] else "no value is given."
        remedy = "Give --over 'name=value,value' or --over 'name=first..last'."
        raise Refusal(Problem("P210", what, remedy))
    return [dict(zip(values, one, strict=True)) for one in found]


def _values(parameter: Parameter, text: str, vocabularies: Mapping[str, Vocabulary]) -> list[str]:
    if parameter.many:
        return [item.strip() for item in text.split(";") if item.strip()]
    first, between, last = text.partition(_BETWEEN)
    if between:
        return _range(parameter, first.strip(), last.strip(), vocabularies)
    return [item.strip() for item in text.split(",") if item.strip()]


def _range(
    parameter: Parameter, first: str, last: str, vocabularies: Mapping[str, Vocabulary]
) -> list[str]:
    if parameter.kind == "int" and all(_is_whole(end) for end in (first, last)):
        return [str(number) for number in range(int(first), int(last) + 1)]
    words = list(parameter.allowed)
    for name in parameter.vocabularies:
        if name in vocabularies:
            words += vocabularies[name].known()
    ends = [_spelled(end, parameter, vocabularies) for end in (first, last)]
    known = [end in words for end in ends]
    if not words or not any(known):
        what = f"'{first}{_BETWEEN}{last}' is no range of '{parameter.name}'."
        raise Refusal(Problem("P210", what, "Name the values, parted by commas."))
    if words == sorted(words):
        inside = [word for word in words if ends[0] <= word <= ends[1]]
    else:
        inside = words[words.index(ends[0]) : words.index(ends[1]) + 1] if all(known) else []
    # An end that is not known is asked for all the same, so that its refusal is told.
    return [*([first] if not known[0] else []), *inside, *([last] if not known[1] else [])]


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _spelled(text: str, parameter: Parameter, vocabularies: Mapping[str, Vocabulary]) -> str:
    for name in parameter.vocabularies:
        try:
            return vocabularies[name].canonical(text)
        except (Refusal, KeyError):
            continue
    return text.replace("-", "/") if "financial-year" in parameter.vocabularies else text


def rows(
    plan: Plan, refused: Iterable[Refused], swept: Sequence[str], reports: Path, out: Path
) -> list[dict[str, Any]]:
    """One row per finding of each run of a sweep, and one for a run that gave none.

    Parameters
    ----------
    plan : Plan
    refused : iterable of Refused
    swept : sequence of str
        Parameters that were swept; a column each.
    reports : Path
        Folder of reports.
    out : Path
        Folder of the sweep, from which pages are linked.
    """
    found: list[dict[str, Any]] = []
    for run in plan.runs:
        about: dict[str, Any] = {"notebook": run.notebook.name, "scope": run.scope}
        about |= {name: _text(run.parameters[name]) for name in swept}
        content = read_json(run.path(reports, ".json"))
        if content is None:
            found.append({**about, "outcome": "failed"})
            continue
        about |= {"outcome": "ok", "page": _relative(run.path(reports, ".html"), out)}
        found += [{**about, **row} for row in findings_rows([content])]
    for scope, settings, problems in refused:
        about = {"scope": scope, **{n: settings.get(n, "") for n in swept}}
        why = " ".join(map(str, problems))
        found.append({**about, "outcome": "refused", "label": why})
    return found


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
