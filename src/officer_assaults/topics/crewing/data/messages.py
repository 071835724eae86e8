"""Messages: problems of one kind told once, with their number and two examples."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from officer_assaults.refusals import Problem, kind_of, told_once

#: Problems by consequence: what makes all else void comes first.
ORDER = (
    "E124", "E112", "E101", "E123", "E121", "E127", "E128", "E129", "E130", "E131", "E132", "E133",
    "E134", "E105", "E104", "E111", "E113", "E106", "E102", "E103", "E110",
)  # fmt: skip
#: Codes of cells by themselves, and of rows in which cells do not fit each other.
CELLS = ("E102", "E106", "E110")
ACROSS = ("E103", "E111")
_FURTHER = re.compile(r"([\d,]+) further ")
_RANGE = "is a range, not a number."
_UNREAD = ("is not a date.", "is not known.", "is not a number.")
_MISSING = "stands for a missing value."
_NOTHING = re.compile(r"'(#?n/?a|null|nan|none|nil|-+)' is not a number", re.IGNORECASE)
_ABOVE = "is not above zero."
_AMOUNTS = ("y", "y_injury", "y_after_double", "y_control", "attended", "incidents_assault")


def grouped(found: Iterable[Problem]) -> list[Problem]:
    """One problem per kind: the first, with how many there are and a second example.

    Parameters
    ----------
    found : iterable of Problem
        Cell by cell, as the readers and checks note them.
    """
    found = _first_causes(found)
    kinds: dict[tuple[str, ...], list[Problem]] = {}
    further: dict[tuple[str | None, ...], int] = {}
    for problem in found:
        if (more := _FURTHER.match(problem.what)) and problem.row is None:
            key = (problem.code, problem.column)
            further[key] = further.get(key, 0) + int(more[1].replace(",", ""))
            continue
        kinds.setdefault(_kind(problem), []).append(_mended(problem))
    told: list[tuple[int, Problem]] = []
    for problems in kinds.values():
        ordered = sorted(problems, key=lambda problem: problem.row or 0)
        count = len(ordered) + further.pop((ordered[0].code, ordered[0].column), 0)
        told.append((count, told_once(ordered, count)))
    return [problem for _, problem in sorted(told, key=_consequence)]


def _first_causes(found: Iterable[Problem]) -> list[Problem]:
    """Problems without those across columns that a cell of the same row brings about."""
    held = list(dict.fromkeys(found))
    unread = {problem.row for problem in held if problem.code in CELLS and problem.row}
    return [p for p in held if p.code not in ACROSS or p.row not in unread or _one_cell(p)]


def _one_cell(problem: Problem) -> bool:
    return problem.what.endswith((*_UNREAD, _RANGE, _MISSING))


def _kind(problem: Problem) -> tuple[str, ...]:
    # A header names its columns: each of those problems is one of its own.
    if (problem.row or 0) <= 1:
        return (problem.code, problem.file or "", problem.column or "", problem.what)
    return kind_of(problem)


def _consequence(entry: tuple[int, Problem]) -> tuple[int, int, int]:
    count, problem = entry
    place = ORDER.index(problem.code) if problem.code in ORDER else len(ORDER)
    return (place, -count, problem.row or 0)


def _mended(problem: Problem) -> Problem:
    """Problem with a remedy that leaves other rows as they are."""
    if problem.what.endswith(_ABOVE):
        remedy = (
            "A row without hours and without victims can be taken out: it says nothing. Where it "
            "has victims, ask for the hours."
        )
        return replace(problem, remedy=remedy)
    empty = problem.what == "is empty." and problem.column in _AMOUNTS
    if empty or _NOTHING.search(problem.what):
        remedy = "Write 0 if it stands for none; if it is not known, ask for it. Drop no row."
        return replace(problem, remedy=remedy)
    if problem.what.endswith(_RANGE):
        remedy = (
            "Ask for the figure itself: small numbers that are hidden cannot be used inside the "
            "force's own file, and a guess would change the rates."
        )
        return replace(problem, remedy=remedy)
    if problem.what.endswith(_UNREAD):
        remedy = f"{problem.remedy} 'officer-assaults crewing map' reads other ways of writing it."
        return replace(problem, remedy=remedy)
    if problem.what.endswith(_MISSING):
        remedy = "Write 0 if it stands for none; if it is not known, ask for it. Drop no row."
        return replace(problem, remedy=remedy)
    return problem
