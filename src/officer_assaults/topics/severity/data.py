"""Frames behind the report on injury and no injury: one row per force, year and class."""

from __future__ import annotations

import pandas as pd


def class_rows(frame: pd.DataFrame, days: tuple[int, int]) -> pd.DataFrame:
    """Lay two years of forces out for a model of counts by class.

    Parameters
    ----------
    frame : DataFrame
        force, injury0, no_injury0, injury1, no_injury1; one row per force.
    days : tuple of int
        Days of the two years.

    Returns
    -------
    DataFrame
        force, later (0 or 1), without_injury (0 or 1), count, days. The term
        ``without_injury:later`` of a Poisson model of these counts is the ratio of ratios.
    """
    parts = [
        pd.DataFrame(
            {
                "force": frame["force"],
                "later": later,
                "without_injury": int(name == "no_injury"),
                "count": frame[f"{name}{later}"].astype("int64"),
                "days": days[later],
            }
        )
        for later in (0, 1)
        for name in ("injury", "no_injury")
    ]
    return pd.concat(parts, ignore_index=True)
