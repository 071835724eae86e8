"""Figures of the report on crewing evidence."""

from __future__ import annotations

from typing import Any

import pandas as pd

from officer_assaults.page import charts, theme, words

LEAST_FOREST = 3.0


def ratio_forest(
    rows: pd.DataFrame, *, axis_label: str, group: str | None = None, reference_label: str = ""
) -> charts.Chart:
    """Draw ratios with intervals about 1, in the order given.

    Parameters
    ----------
    rows : DataFrame
        Columns Estimate, Ratio, lower, upper, and ``group`` if given.
    axis_label : str
        Quantity and what a value above 1 means.
    group : str, optional
        Column that gives colour and marker.
    reference_label : str
        Words for the line at 1.
    """
    chart = charts.dot_interval(
        rows,
        label="Estimate",
        value="Ratio",
        axis_label=axis_label,
        group=group,
        reference=1.0,
        reference_label=reference_label,
        log=True,
    )
    # Legend and axis name leave a short forest no room for labels of two lines.
    chart.figure.set_figheight(max(chart.figure.get_figheight(), LEAST_FOREST))
    return chart


def dose_scatter(
    frame: pd.DataFrame, *, x: str, y: str, period: str, x_label: str, y_label: str
) -> charts.Chart:
    """Draw one dot per unit and period on two logarithmic axes.

    Parameters
    ----------
    frame : DataFrame
        One row per unit and period; the columns to download.
    x, y, period : str
        Columns.
    x_label, y_label : str
        Quantity and unit of the axes.
    """
    fig, ax = theme.figure(height=380)
    for at, (name, part) in enumerate(frame.groupby(period, sort=True)):
        ax.plot(
            part[x], part[y], "oDs"[at % 3], color=theme.SERIES[at], markersize=6, label=str(name),
        )  # fmt: skip
    ax.set_yscale("log")
    charts.ratio_ticks(ax)
    _round_ticks(ax, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), frame[x], frame[y])
    ax.set_xlabel(charts.wrap(x_label, 44))
    _name_upright(ax, y_label)
    charts.legend_above(fig, ax)
    return charts.Chart(fig, frame, f"Scatter of {words.plural(len(frame), 'dot')}.")


def _round_ticks(ax: Any, ticks: tuple[int, ...], x: pd.Series, y: pd.Series) -> None:
    from matplotlib.ticker import FuncFormatter, NullLocator

    for axis, values in ((ax.xaxis, x), (ax.yaxis, y)):
        axis.set_major_locator(_fixed([t for t in ticks if values.min() <= t <= values.max()]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value)))


def _fixed(ticks: list[int]) -> Any:
    from matplotlib.ticker import FixedLocator

    return FixedLocator(ticks)


def _name_upright(ax: Any, text: str) -> None:
    """Print the vertical axis's name between legend and axes."""
    ax.set_title(charts.wrap(text, 44), color=theme.PALETTE["muted"], weight="normal")
