"""Figures of the report that sets forces side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from officer_assaults.page import charts, funnels, theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.stats.funnel import Funnel


def funnel(
    result: Funnel,
    curves: pd.DataFrame,
    *,
    names: Mapping[str, str],
    axis_label: str,
    exposure_label: str,
    per: float = 1.0,
    focus: str | None = None,
) -> charts.Chart:
    """Draw rates against exposure between the limits that allow for spread and those that do not.

    Parameters
    ----------
    result : Funnel
        Scores of the units.
    curves : DataFrame
        From :func:`officer_assaults.stats.funnel.funnel_curves`.
    names : mapping
        Reader's name of each unit.
    axis_label, exposure_label : str
        Quantity and unit of the two axes.
    per : float
        Units of exposure that rates are quoted for.
    focus : str, optional
        Unit to mark.
    """
    fig, ax = theme.figure(height=400)
    ax.set_xscale("log")
    funnels.limits(ax, curves, per)
    funnels.points(ax, result.table, per, focus, names)
    ax.axhline(
        result.benchmark * per, color=theme.PALETTE["ink"], linewidth=1.1, label="mean of forces"
    )
    funnels.round_ticks(ax, "x")
    ax.set_yscale("log")
    funnels.round_ticks(ax, "y")
    ax.set_xlabel(exposure_label)
    funnels.axis_title(ax, axis_label)
    charts.legend_above(fig, ax)
    return charts.Chart(fig, funnels.rows(result, per, names), "Scatter of rate against size.")


def count_against_size(
    frame: pd.DataFrame, *, names: Mapping[str, str], exposure_label: str, focus: str | None = None
) -> charts.Chart:
    """Draw counts against size with the line on which all forces would have the same rate.

    Parameters
    ----------
    frame : DataFrame
        Columns force, count, exposure.
    names : mapping
        Reader's name of each force.
    exposure_label : str
        Quantity and unit of the horizontal axis.
    focus : str, optional
        Force to mark.
    """
    fig, ax = theme.figure(height=360)
    ends = np.array([frame["exposure"].min() * 0.85, frame["exposure"].max() * 1.15])
    rate = frame["count"].sum() / frame["exposure"].sum()
    ax.plot(ends, ends * rate, color=theme.PALETTE["axis"], linewidth=1.2, linestyle=(0, (4, 2)))
    ax.annotate(
        "same rate everywhere", (ends[1], ends[1] * rate), (-4, 0), textcoords="offset points",
        color=theme.PALETTE["muted"], va="bottom", ha="right",
    )  # fmt: skip
    is_focus = (frame["force"] == focus).to_numpy()
    ax.plot(
        frame["exposure"][~is_focus],
        frame["count"][~is_focus],
        "o",
        color=theme.PALETTE["grey"],
        ms=6.5,
    )
    for scale in (ax.set_xscale, ax.set_yscale):
        scale("log")
    funnels.mark(ax, frame[is_focus], "exposure", "count", names)
    funnels.round_ticks(ax, "x")
    funnels.round_ticks(ax, "y")
    ax.set_xlabel(exposure_label)
    charts.title_axis(fig, "Recorded assaults in the year")
    data = pd.DataFrame(
        {
            "Force": frame["force"].map(names),
            exposure_label: frame["exposure"],
            "Recorded assaults": frame["count"],
        }
    ).sort_values("Recorded assaults", ascending=False, ignore_index=True)
    return charts.Chart(fig, data, "Scatter of count against size of force.")
