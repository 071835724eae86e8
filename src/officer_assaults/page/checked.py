"""Words for the checks of a fitted model, the same in every report that shows one."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.page import words
from officer_assaults.shown import SMALLEST_P
from officer_assaults.stats import diagnostics

#: From here on a number is written without places after the point.
LARGE = 100.0


def checks_table(table: pd.DataFrame, model: str) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: how a model was checked.

    Parameters
    ----------
    table : DataFrame
        From :func:`officer_assaults.stats.diagnostics.diagnostic_table`.
    model : str
        The model in a reader's words.
    """
    known = table[table["value"].notna()]
    passed = known["passed"].map({True: "yes", False: "no"}).fillna("not decisive")
    return {
        "frame": pd.DataFrame(
            {
                "Check": known["check"],
                "Found": [
                    _found(float(value), rule)
                    for value, rule in zip(known["value"], known["rule"], strict=True)
                ],
                "Rule": known["rule"],
                "Passed": passed,
            }
        ),
        "caption": f"How {model} was checked",
    }


def _found(value: float, rule: str) -> str:
    if rule == diagnostics.BY_CHANCE and value < SMALLEST_P:
        return f"below {SMALLEST_P:g}"
    is_count = value.is_integer() or abs(value) >= LARGE
    places = 0 if is_count else 3 if rule == diagnostics.BY_CHANCE else 2
    return words.number(value, places)
