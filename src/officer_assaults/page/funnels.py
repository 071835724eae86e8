"""Parts of a funnel chart: limits, points, names and the rows behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from officer_assaults.page import charts, theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from officer_assaults.stats.funnel import Funnel

_DOTTED = (0, (1.5, 1.8))
MOST_TICKS = 5


def limits(ax: Axes, curves: pd.DataFrame, per: float) -> None:
    """Draw the exact limits and those with the spread of units, as curves over exposure."""
    levels = sorted(curves["level"].unique())
    thin = "".join(f", {level * 100:g}% thin" for level in levels[:-1])
    words_of_levels = f"{levels[-1] * 100:g}% limits{thin}"
    for level in levels:
        part = curves[curves["level"] == level]
        outer = level == curves["level"].max()
        for kind, colour, dash in (("exact", "orange", _DOTTED), ("spread", "blue", "solid")):
            name = "counting chance alone" if kind == "exact" else "with the spread of forces"
            for side in ("lower", "upper"):
                ax.plot(
                    part["exposure"], part[f"{kind}_{side}"] * per, color=theme.PALETTE[colour],
                    linestyle=dash, linewidth=1.9 if outer else 1.0,
                    label=f"{name}: {words_of_levels}" if outer and side == "lower" else None,
                )  # fmt: skip


def points(
    ax: Axes, table: pd.DataFrame, per: float, focus: str | None, names: Mapping[str, str]
) -> None:
    """Draw the units; the focus and those outside the widest limits carry their names."""
    is_focus = np.asarray(table.index == focus)
    rest = table[~is_focus]
    ax.plot(rest["exposure"], rest["rate"] * per, "o", color=theme.PALETTE["grey"], ms=6.5)
    marked = table[is_focus].assign(height=lambda rows: rows["rate"] * per, force=focus)
    mark(ax, marked, "exposure", "height", names)
    for slug, row in rest[rest["outside_998"]].iterrows():
        _name(ax, names[str(slug)], row["exposure"], row["rate"] * per, weight="normal")


def mark(ax: Axes, rows: pd.DataFrame, x: str, y: str, names: Mapping[str, str]) -> None:
    """Mark the unit in focus and write its name."""
    ax.plot(rows[x], rows[y], "D", color=theme.PALETTE["blue"], ms=9)
    for slug, across, up in rows[["force", x, y]].itertuples(index=False):
        _name(ax, names[slug], across, up, weight="bold")


def _name(ax: Axes, name: str, x: float, y: float, *, weight: str) -> None:
    ax.annotate(
        name, (x, y), (0, 9), textcoords="offset points", ha=charts.side(ax, x), va="bottom",
        weight=weight,
    )  # fmt: skip


def axis_title(ax: Axes, text: str) -> None:
    """Write the title of the vertical axis above it."""
    ax.set_title(
        charts.wrap(text, 46), fontweight="normal", color=theme.PALETTE["muted"], loc="left"
    )


def rows(result: Funnel, per: float, names: Mapping[str, str]) -> pd.DataFrame:
    """Rows behind the drawing: Force, Count, Exposure, Rate, z."""
    table = result.table
    return pd.DataFrame(
        {
            "Force": [names[slug] for slug in table.index],
            "Count": table["count"].to_numpy(),
            "Exposure": table["exposure"].to_numpy(),
            "Rate": table["rate"].to_numpy() * per,
            "z": table["z"].to_numpy(),
        }
    ).sort_values("z", ascending=False, ignore_index=True)


def round_ticks(ax: Axes, which: str) -> None:
    """Ticks at 1, 2 and 5 times powers of ten on a logarithmic axis, written plainly."""
    from matplotlib.ticker import NullLocator

    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = ax.get_xlim() if which == "x" else ax.get_ylim()
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 2, 5), (1, 5), (1,)):
        ticks = [m * 10.0**d for d in decades for m in steps if low <= m * 10.0**d <= high]
        if len(ticks) <= MOST_TICKS:
            break
    axis.set_ticks(ticks)
    axis.set_minor_locator(NullLocator())
    charts.plain_numbers(ax, which)
