"""Which exports public reports were made of, so that no two of one force and month are subtracted.

The list holds force, first and last month and a digest of each export, and nothing of its rows.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults.files import write_atomic
from officer_assaults.refusals import Problem, Refusal

NAME = "published-exports.json"


def entry(path: Path, cells: pd.DataFrame, months: int) -> dict[str, str]:
    """Describe an export without telling of its rows.

    Parameters
    ----------
    path : Path
        Of the export.
    cells : pandas.DataFrame
        Its cells.
    months : int
        Length of a period.
    """
    starts = pd.to_datetime(cells["period_start"])
    last = starts.max() + pd.DateOffset(months=months - 1)
    return {
        "force": str(cells["force"].iloc[0]),
        "first": f"{starts.min():%Y-%m}",
        "last": f"{last:%Y-%m}",
        "digest": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def check(listed: Path, new: dict[str, str]) -> None:
    """Refuse a public report whose difference from an earlier one would tell of few (E121).

    Parameters
    ----------
    listed : Path
        The list.
    new : dict
        From :func:`entry`.

    Raises
    ------
    Refusal
        E121 if another export of the same force and of some of the same months was published.
    """
    for old in _read(listed):
        overlaps = old["first"] <= new["last"] and new["first"] <= old["last"]
        if old["force"] == new["force"] and overlaps and old["digest"] != new["digest"]:
            what = (
                f"another export of {old['first']} to {old['last']} was made into a public report; "
                "the difference of the two would tell of the months between them."
            )
            advice = (
                "Set audience=internal. If that report was never handed on, delete "
                f"{listed.parent.name}/{listed.name} under reports first."
            )
            raise Refusal(Problem("E121", what, advice))


def note(listed: Path, new: dict[str, str]) -> None:
    """Add an export to the list, once.

    Parameters
    ----------
    listed : Path
    new : dict
    """
    known = _read(listed)
    if new not in known:
        write_atomic(listed, json.dumps([*known, new], indent=1) + "\n")


def _read(listed: Path) -> list[dict[str, Any]]:
    if not listed.is_file():
        return []
    try:
        found: list[dict[str, Any]] = json.loads(listed.read_text(encoding="utf-8"))
        return [one for one in found if {"force", "first", "last", "digest"} <= set(one)]
    except (ValueError, TypeError) as error:
        what = f"the list of published exports, {listed.name}, cannot be read."
        raise Refusal(Problem("E121", what, "Delete it if nothing was handed on.")) from error
