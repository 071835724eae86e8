"""Joins: which columns of two tables name the same officers and units, told by their cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from officer_assaults.topics.crewing.intake import meanings, names
from officer_assaults.topics.crewing.intake.sources import AND, Layout

Found = tuple[str, Layout, pl.DataFrame]
#: The table that names officers or units a second time.
_OTHER = (("officer", "assaults"), ("call_sign", "incidents"))
MOST_NAMES = 100_000
#: Share of names found in the other table below which another pair of columns is looked for.
FEW, MANY = 0.5, 0.8
_NUMBER = re.compile(
    r"\b(?:\d|one|two|three|first|second|third)(?:st|nd|rd)?\b|(?<=[a-z])\d\b", re.IGNORECASE
)
_SEATS = ("driver", "operator", "passenger", "observer", "attendant")


def agreed(found: Sequence[Found]) -> list[dict[str, str]]:
    """Columns to map in each table because only they name what the other table names.

    Parameters
    ----------
    found : sequence of (kind, layout, frame)

    Returns
    -------
    list of dict
        Meaning to header; empty where the names of the columns already tell.
    """
    chosen: list[dict[str, str]] = [{} for _ in found]
    for meaning, other in _OTHER:
        first = [at for at, (kind, *_) in enumerate(found) if kind == "officers"]
        second = [at for at, (kind, *_) in enumerate(found) if kind == other]
        if not first or not second:
            continue
        best = _best(found[first[0]][2], found[second[0]][2], meaning, other)
        if best:
            for at, header in ((first, best[0]), (second, best[1])):
                for n in at:
                    if header in found[n][2].columns:
                        chosen[n][meaning] = header
    return chosen


def _best(one: pl.DataFrame, two: pl.DataFrame, meaning: str, other: str) -> tuple[str, str] | None:
    left, right = (_candidates(one, "officers", meaning), _candidates(two, other, meaning))
    if len(left) * len(right) < 2:
        return None
    shares = {
        (a, b): _share(_names(one, a, meaning), _names(two, b, meaning))
        for a in left
        for b in right
    }
    first, best = (left[0], right[0]), max(shares, key=lambda pair: shares[pair])
    return best if shares[first] < FEW and shares[best] >= MANY else None


def _names(frame: pl.DataFrame, header: str, meaning: str) -> set[str]:
    alike = names.loosely(frame[header].unique(), officers=meaning == "officer")
    return set(alike) - set(meanings.MISSING)


def _share(known: set[str], named: set[str]) -> float:
    return len(known & named) / max(len(named), 1)


def _candidates(frame: pl.DataFrame, kind: str, meaning: str) -> list[str]:
    """Headers that could be the meaning by their name, the likeliest first."""
    known, free = meanings.tables()[kind][meaning], list(frame.columns[1:])
    found: list[str] = []
    for loose in (False, True):
        while header := meanings.column_for(meaning, known, free, loose=loose):
            free.remove(header)
            found.append(header)
    return [header for header in found if frame[header].n_unique() <= MOST_NAMES]


def with_fellows(columns: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Columns of officer rows with all officers of a crew, where a row names more than one."""
    header = columns.get("officer", "")
    form = _NUMBER.sub("#", meanings.plain(header))
    alike = [name for name in headers if _NUMBER.sub("#", meanings.plain(name)) == form]
    if "#" not in form:
        alike = (
            [name for name in headers if any(seat in meanings.plain(name) for seat in _SEATS)]
            if not header
            else []
        )
    return {**columns, "officer": AND.join(alike)} if len(alike) > 1 else dict(columns)
