"""Figures of the report on crewing evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import charts, theme, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.topics.evidence.model import MissingReports

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
        lower="lower",
        upper="upper",
        axis_label=axis_label,
        group=group,
        reference=1.0,
        reference_label=reference_label,
        log=True,
    )
    # Legend and axis name leave a short forest no room for labels of two lines.
    chart.figure.set_figheight(max(chart.figure.get_figheight(), LEAST_FOREST))
    return chart


def units_by_size(deployment: pd.DataFrame) -> charts.Chart:
    """Draw the share of two-officer units by size of agency.

    Parameters
    ----------
    deployment : DataFrame
        From :func:`officer_assaults.topics.evidence.model.ratios_by_deployment`.
    """
    shares = 100 * deployment["share_double"]
    rows = pd.DataFrame(
        {
            "Sworn officers": deployment["sworn_size"],
            "Two-officer units (%)": shares,
            "lower": float("nan"),
            "upper": float("nan"),
        }
    )
    chart = charts.dot_interval(
        rows,
        label="Sworn officers",
        value="Two-officer units (%)",
        lower="lower",
        upper="upper",
        axis_label="Motor patrol units with two officers, % of all",
        reference=0.0,
    )
    data = rows[["Sworn officers", "Two-officer units (%)"]]
    return charts.Chart(chart.figure, data, "Dots for six sizes of agency.")


def reporting_years(agencies: Mapping[str, MissingReports]) -> charts.Chart:
    """Draw two agencies' rates by year as published, with implausible zeros ringed.

    Parameters
    ----------
    agencies : mapping of str to MissingReports
        By name of the agency.
    """
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "Year": found.table["year"],
                    "Agency": name,
                    "Reported per 100 officers": found.table["rate"],
                    "Reading": found.table["reading"],
                }
            ).sort_values("Year")
            for name, found in agencies.items()
        ],
        ignore_index=True,
    )
    drawn = rows.dropna(subset="Reported per 100 officers")
    chart = charts.lines(
        drawn,
        x="Year",
        y="Reported per 100 officers",
        series="Agency",
        axis_label="Officers assaulted, as reported, per 100 officers",
    )
    zeros = drawn[drawn["Reading"] == "missing report"]
    ax = chart.figure.axes[0]
    # Room below nought, so that rings are whole and the name of a line at 0 is not struck through.
    ax.set_ylim(bottom=-2.5)
    ax.set_yticks([tick for tick in ax.get_yticks() if 0 <= tick <= ax.get_ylim()[1]])
    ax.plot(
        zeros["Year"],
        zeros["Reported per 100 officers"],
        "o",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor=theme.PALETTE["ink"],
        markeredgewidth=1.4,
        clip_on=False,
    )
    return charts.Chart(chart.figure, rows, chart.alt_hint)


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
    charts.name_upright(ax, y_label)
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
