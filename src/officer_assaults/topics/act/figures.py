"""Figures of the report on the 2018 Act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.page import charts

if TYPE_CHECKING:
    from collections.abc import Mapping


FIRST_SHOWN = pd.Timestamp("2015-04-01")


def series_with_counterfactual(
    recorded: pd.DataFrame, expected: Mapping[str, pd.DataFrame], events: Mapping[Any, str]
) -> charts.Chart:
    """Draw the recorded series beside what each control would have had it be without a step.

    Parameters
    ----------
    recorded : DataFrame
        Columns date, recorded.
    expected : mapping of str to DataFrame
        Name of the control to :func:`officer_assaults.topics.act.model.counterfactual`.
    events : mapping
        Day to a short label.
    """
    return _beside(recorded, expected, events, ("lower", "upper"), 400)


def record_without_step(
    recorded: pd.DataFrame, expected: Mapping[str, pd.DataFrame], events: Mapping[Any, str]
) -> charts.Chart:
    """Draw the record of all forces beside what each model expects without the step.

    Parameters
    ----------
    recorded : DataFrame
        Columns date, recorded.
    expected : mapping of str to DataFrame
        Name of the control to :func:`officer_assaults.topics.act.model.without_step`.
    events : mapping
        Day to a short label.
    """
    return _beside(recorded, expected, events, None, 360)


def indexed_series(
    own: pd.DataFrame,
    names: Mapping[str, str],
    base: tuple[pd.Timestamp, pd.Timestamp],
    events: Mapping[Any, str],
) -> charts.Chart:
    """Draw several series of one force as an index of their mean over a base year.

    Parameters
    ----------
    own : DataFrame
        Columns date and one per series.
    names : mapping of str to str
        Column to the name of its line.
    base : tuple of Timestamp
        First and last day of the base year.
    events : mapping
        Day to a short label.
    """
    inside = own["date"].between(*base)
    shown = own["date"] >= FIRST_SHOWN
    parts = [
        pd.DataFrame(
            {
                "Quarter": own.loc[shown, "date"],
                "Series": name,
                "Index": own.loc[shown, column] / own.loc[inside, column].mean() * 100,
            }
        )
        for column, name in names.items()
    ]
    return charts.lines(
        pd.concat(parts, ignore_index=True),
        x="Quarter",
        y="Index",
        series="Series",
        axis_label=f"Recorded offences, mean quarter of {base[0].year}/{base[1]:%y} = 100",
        events=events,
        height=380,
    )


def _beside(
    recorded: pd.DataFrame,
    expected: Mapping[str, pd.DataFrame],
    events: Mapping[Any, str],
    limits: tuple[str, str] | None,
    height: float,
) -> charts.Chart:
    parts = [_named(recorded, "recorded", "recorded", None)]
    for name, frame in expected.items():
        parts.append(_named(frame, "without_event", f"expected from {name}", limits))
    rows = pd.concat(parts, ignore_index=True)
    lower, upper = limits or (None, None)
    return charts.lines(
        rows[rows["Quarter"] >= FIRST_SHOWN],
        x="Quarter",
        y="Offences a quarter",
        series="Series",
        lower=lower,
        upper=upper,
        axis_label="Recorded assaults without injury on constables, a quarter",
        events=events,
        height=height,
    )


def _named(
    frame: pd.DataFrame, column: str, name: str, limits: tuple[str, str] | None
) -> pd.DataFrame:
    blank = np.full(len(frame), np.nan)
    return pd.DataFrame(
        {
            "Quarter": frame["date"].to_numpy(),
            "Series": name,
            "Offences a quarter": frame[column].to_numpy(dtype=float),
            "lower": frame[limits[0]].to_numpy() if limits else blank,
            "upper": frame[limits[1]].to_numpy() if limits else blank,
        }
    )
