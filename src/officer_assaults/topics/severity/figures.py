"""Figures of the report on injury and no injury."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import charts

if TYPE_CHECKING:
    from officer_assaults.stats.severity import Placebo


def injury_share(frame: pd.DataFrame, events: Mapping[Any, str] | None = None) -> charts.Chart:
    """Draw the injury share by quarter, one line per group of forces.

    Parameters
    ----------
    frame : DataFrame
        Columns Quarter (date), Forces (at most four), Share (per cent), lower, upper.
    events : mapping, optional
        Date to a short label.
    """
    return charts.lines(
        frame,
        x="Quarter",
        y="Injury share",
        lower="lower",
        upper="upper",
        series="Forces",
        axis_label="Recorded with injury, % of recorded assaults on constables",
        events=events,
        height=360,
    )


def severity_caterpillar(
    placebo: Placebo, *, names: Mapping[str, str], focus: str | None = None
) -> charts.Chart:
    """Draw the ratio of ratios of every force with counting error, the one in focus marked.

    Parameters
    ----------
    placebo : Placebo
        Contrasts of all forces.
    names : mapping
        Reader's name of each force.
    focus : str, optional
        Force to mark.
    """
    table = placebo.table
    frame = pd.DataFrame(
        {
            "Force": [names[slug] for slug in table.index],
            "Ratio of ratios": table["ratio"].to_numpy(),
            "lower": table["lower"].to_numpy(),
            "upper": table["upper"].to_numpy(),
        }
    )
    return charts.caterpillar(
        frame,
        label="Force",
        value="Ratio of ratios",
        axis_label="Growth without injury over growth with injury",
        focus=names.get(focus or ""),
        reference=1.0,
        reference_label="both grew alike",
        log=True,
    )
