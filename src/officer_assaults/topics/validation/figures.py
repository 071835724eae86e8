"""Figures of the report on the methods."""

from __future__ import annotations

import pandas as pd

from officer_assaults.page import charts, theme


def coverage(rows: pd.DataFrame, *, by_band: bool = True) -> charts.Chart:
    """Draw how often each estimator's interval holds the truth.

    Parameters
    ----------
    rows : DataFrame
        From :func:`officer_assaults.topics.validation.report.coverage_rows`.
    by_band : bool
        Colour and mark by whether the band is met.
    """
    return charts.dot_interval(
        rows if by_band else rows.drop(columns="Band"),
        label="Estimator",
        value="Held (%)",
        lower="lower",
        upper="upper",
        axis_label="Runs whose 95% interval holds the truth, %",
        group="Band" if by_band and len(set(rows["Band"])) > 1 else None,
        reference=95.0,
        reference_label="promised",
    )


def ranks(rows: pd.DataFrame) -> charts.Chart:
    """Draw how far cumulative ranks stray from even ones, with the band that chance allows.

    Parameters
    ----------
    rows : DataFrame
        From :func:`officer_assaults.topics.validation.report.rank_rows`.
    """
    chart = charts.lines(
        rows,
        x="Rank of the truth (%)",
        y="Difference (points)",
        series="Quantity",
        axis_label="Observed less even, points",
        x_label="Rank of the truth among the draws, %",
        zero=False,
    )
    ax = chart.figure.axes[0]
    first = rows[rows["Quantity"] == rows["Quantity"].iloc[0]]
    ax.fill_between(
        first["Rank of the truth (%)"], -first["Allowed (points)"], first["Allowed (points)"],
        color=theme.PALETTE["grey"], alpha=0.25, linewidth=0, zorder=0,
    )  # fmt: skip
    return charts.Chart(chart.figure, rows, chart.alt_hint)
