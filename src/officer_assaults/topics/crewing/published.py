"""Which exports public reports were made of, so that no two of one force and month are subtracted.

The list holds force, first and last month, a digest of the protected cells and the analyst's own
formula of each report, and nothing of its rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults.files import write_atomic
from officer_assaults.refusals import Problem, Refusal
from officer_assaults.topics.crewing import door

NAME = "published-exports.json"


def entry(cells: pd.DataFrame, months: int, formula: str = "") -> dict[str, str]:
    """Describe an export, and what is asked of it, without telling of its rows.

    Parameters
    ----------
    cells : pandas.DataFrame
        Its protected cells.
    months : int
        Length of a period.
    formula : str
        Terms of the analyst's own; empty for those of the diagram.
    """
    starts = pd.to_datetime(cells["period_start"])
    last = starts.max() + pd.DateOffset(months=months - 1)
    return {
        "force": str(cells["force"].iloc[0]),
        "first": f"{starts.min():%Y-%m}",
        "last": f"{last:%Y-%m}",
        "digest": door.digest(cells),
        "formula": "".join(formula.split()),
    }


def check(listed: Path | Sequence[Mapping[str, str]], new: Mapping[str, str]) -> None:
    """Refuse a public report whose difference from an earlier one would tell of few (E121).

    Parameters
    ----------
    listed : Path or sequence of mapping
        The list, or what it holds.
    new : mapping
        From :func:`entry`.

    Raises
    ------
    Refusal
        E121 if another export of the same force and of some of the same months was published, or
        the same one with another formula of the analyst's own.
    """
    for old in read(listed) if isinstance(listed, Path) else listed:
        overlaps = old["first"] <= new["last"] and new["first"] <= old["last"]
        if old["force"] != new["force"] or not overlaps:
            continue
        formulas = {old.get("formula", ""), new["formula"]} - {""}
        if old["digest"] != new["digest"]:
            what = (
                f"another export of {old['first']} to {old['last']} was made into a public report; "
                "the difference of the two would tell of the months between them."
            )
        elif len(formulas) > 1:
            what = (
                "this export was made into a public report with another formula of your own; the "
                "difference of the two would tell of the rows that they hold apart."
            )
        else:
            continue
        advice = (
            f"Set audience=internal. If that report was never handed on, delete runs/{NAME} first, "
            f"and .state/{NAME} under reports where it is."
        )
        raise Refusal(Problem("E121", what, advice))


def note(listed: Path, new: Mapping[str, str]) -> None:
    """Add an export to the list, once.

    Parameters
    ----------
    listed : Path
    new : mapping
    """
    known = read(listed)
    if dict(new) not in known:
        write_atomic(listed, json.dumps([*known, dict(new)], indent=1) + "\n")


def drop(listed: Path, gone: Sequence[Mapping[str, str]]) -> None:
    """Take exports off the list again.

    Parameters
    ----------
    listed : Path
    gone : sequence of mapping
    """
    known = read(listed)
    kept = [one for one in known if one not in gone]
    if len(kept) < len(known):
        write_atomic(listed, json.dumps(kept, indent=1) + "\n")


def read(listed: Path) -> list[dict[str, Any]]:
    """Entries of the list; none where there is no list yet.

    Raises
    ------
    Refusal
        E121 for a list that cannot be read.
    """
    if not listed.is_file():
        return []
    try:
        found = json.loads(listed.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        found = None
    # What cannot be read must not be taken for a list of nothing.
    if not isinstance(found, list) or not all(map(_is_entry, found)):
        what = f"the list of published exports, {listed.name}, cannot be read."
        raise Refusal(Problem("E121", what, "Delete it if nothing was handed on."))
    return found


def _is_entry(one: object) -> bool:
    return (
        isinstance(one, dict)
        and {"force", "first", "last", "digest"} <= one.keys()
        and all(isinstance(text, str) for text in one.values())
    )
