"""Figures of the report on planning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import histories
from officer_assaults.page import charts, theme

if TYPE_CHECKING:
    from officer_assaults.stats.forecast import Forecast

LEVELS = (0.95, 0.8, 0.5)


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
    charts.name_upright(ax, "Recorded offences in a financial year")
    charts.plain_numbers(ax, "y")
    charts.legend_above(fig, ax)
    return charts.Chart(fig, _fan_rows(table, past, name), "Fan chart.")


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
