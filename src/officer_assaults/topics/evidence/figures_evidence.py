"""Figures of the reports on crewing evidence and on planning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import histories
from officer_assaults.page import charts, theme, words
from officer_assaults.topics.planning.report import METHOD_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.stats.forecast import Forecast
    from officer_assaults.topics.evidence.model import MissingReports

LEVELS = (0.95, 0.8, 0.5)
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
    _name_upright(ax, y_label)
    charts.legend_above(fig, ax)
    return charts.Chart(fig, frame, f"Scatter of {words.plural(len(frame), 'dot')}.")


def fan(forecast: Forecast, past: pd.Series, name: str) -> charts.Chart:
    """Draw past counts and bands of 50, 80 and 95 per cent of the futures.

    Parameters
    ----------
    forecast : Forecast
        Of one unit.
    past : Series
        Counts by year (the year in which the financial year starts).
    name : str
        Unit, for the plotted rows.
    """
    table = forecast.table(LEVELS)
    fig, ax = theme.figure(height=360)
    last = int(past.index.max())
    for shade, level in zip(("step2", "step3", "step4"), LEVELS, strict=True):
        band = table[table["level"] == level]
        years = [last, *band["year"]]
        ax.fill_between(
            years,
            [past.iloc[-1], *band["lower"]],
            [past.iloc[-1], *band["upper"]],
            color=theme.PALETTE[shade],
            linewidth=0,
            label=f"{level:.0%} of futures",
        )
    median = table[table["level"] == LEVELS[0]]
    ax.plot(past.index, past, "o-", color=theme.PALETTE["ink"], label="recorded")
    ax.plot(
        [last, *median["year"]], [past.iloc[-1], *median["median"]], linestyle=(0, (4, 2)),
        color=theme.PALETTE["ink"], label="middle of the futures",
    )  # fmt: skip
    ax.set_ylim(bottom=0)
    # Every second year is named, the last one always.
    named = [int(year) for year in [*past.index, *median["year"]]][::-2]
    ax.set_xticks(named, [histories.year_label(year) for year in named])
    _name_upright(ax, "Recorded offences in a financial year")
    charts.plain_numbers(ax, "y")
    charts.legend_above(fig, ax)
    return charts.Chart(fig, _fan_rows(table, past, name), "Fan chart.")


def coverage(summary: pd.DataFrame, level: float) -> charts.Chart:
    """Draw how often each method's interval held what came.

    Parameters
    ----------
    summary : DataFrame
        One horizon of :func:`officer_assaults.stats.forecast.summarise_scores`.
    level : float
        Coverage promised.
    """
    rows = pd.DataFrame(
        {
            "Method": summary["method"].map(METHOD_WORDS),
            "Held (%)": 100 * summary["coverage"],
            "lower": 100 * summary["lower"],
            "upper": 100 * summary["upper"],
        }
    )
    return charts.dot_interval(
        rows,
        label="Method",
        value="Held (%)",
        lower="lower",
        upper="upper",
        axis_label=f"Years whose count lay inside the {words.level_words(level)}, %",
        reference=100 * level,
        reference_label="promised",
    )


def power_curves(grid: pd.DataFrame) -> charts.Chart:
    """Draw power against the true ratio, one line per design, with Monte-Carlo limits.

    Parameters
    ----------
    grid : DataFrame
        Rows of one test of :func:`officer_assaults.topics.planning.power.power_grid`.
    """
    rows = pd.DataFrame(
        {
            "True reduction (%)": 100 * (1 - grid["ratio"]),
            "Design": grid["design"],
            "Power (%)": 100 * grid["power"],
            "lower": 100 * grid["lower"],
            "upper": 100 * grid["upper"],
        }
    ).sort_values(["Design", "True reduction (%)"])
    chart = charts.lines(
        rows,
        x="True reduction (%)",
        y="Power (%)",
        series="Design",
        lower="lower",
        upper="upper",
        axis_label="Trials in 100 that would detect it",
    )
    ax = chart.figure.axes[0]
    ax.set_ylim(0, 100)
    ax.axhline(80, color=theme.PALETTE["axis"], linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    ax.set_xlabel("True reduction in the rate, %")
    return charts.Chart(chart.figure, chart.data, chart.alt_hint)


def policy_differences(rows: pd.DataFrame) -> charts.Chart:
    """Draw the difference that each policy would make to next year's count, with intervals.

    Parameters
    ----------
    rows : DataFrame
        Columns Policy, Difference, lower, upper.
    """
    return charts.dot_interval(
        rows,
        label="Policy",
        value="Difference",
        lower="lower",
        upper="upper",
        axis_label="Recorded offences next year, policy less present crewing",
        reference=0.0,
        reference_label="no difference",
    )


def _fan_rows(table: pd.DataFrame, past: pd.Series, name: str) -> pd.DataFrame:
    wide = table[table["level"] == LEVELS[0]]
    rows: list[dict[str, Any]] = [
        {"Area": name, "Year": histories.year_label(int(year)), "Count": count, "lower": None,
         "upper": None} for year, count in zip(past.index.astype(int), past, strict=True)
    ]  # fmt: skip
    rows += [
        {"Area": name, "Year": histories.year_label(int(row["year"])), "Count": row["median"],
         "lower": row["lower"], "upper": row["upper"]} for row in wide.to_dict("records")
    ]  # fmt: skip
    return pd.DataFrame(rows)


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
