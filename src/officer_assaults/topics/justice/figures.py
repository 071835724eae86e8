"""Figures of the report on what happens after a recorded assault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from officer_assaults.page import charts, funnels, theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from officer_assaults.stats.funnel import Funnel

_PANEL = 230.0


def charge_funnels(
    panels: Mapping[str, tuple[Funnel, pd.DataFrame]],
    *,
    names: Mapping[str, str],
    focus: str | None = None,
) -> charts.Chart:
    """Draw one funnel of charge rates per offence class, one below the other.

    Parameters
    ----------
    panels : mapping of str to (Funnel, DataFrame)
        Words for the class to its funnel and curves.
    names : mapping
        Reader's name of each force.
    focus : str, optional
        Force to mark.
    """
    fig, axes = theme.figure(height=110 + _PANEL * len(panels), rows=len(panels))
    parts = []
    for ax, (title, (result, curves)) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        ax.set_xscale("log")
        funnels.limits(ax, curves, 100.0)
        funnels.points(ax, result.table, 100.0, focus, names)
        ax.axhline(
            result.benchmark * 100,
            color=theme.PALETTE["ink"],
            linewidth=1.1,
            label="mean of forces",
        )
        funnels.round_ticks(ax, "x")
        ax.set_ylim(0, 100)
        funnels.axis_title(ax, f"{title}: % charged or summonsed")
        parts.append(funnels.rows(result, 1.0, names).assign(Class=title))
    np.atleast_1d(axes)[-1].set_xlabel("Recorded offences in the year")
    charts.legend_above(fig, np.atleast_1d(axes)[0])
    data = pd.concat(parts, ignore_index=True)
    data = data.rename(columns={"Count": "Charged", "Exposure": "Recorded", "Rate": "Charge rate"})
    kept = ["Class", "Force", "Charged", "Recorded", "Charge rate", "z"]
    return charts.Chart(fig, data[kept], "Two scatters of charge rate against recorded offences.")


def court_months(frame: pd.DataFrame, *, act: pd.Timestamp) -> charts.Chart:
    """Draw three court outcomes by month for both series, one panel each.

    Parameters
    ----------
    frame : DataFrame
        Columns Month, Offence, Convicted, Custody (both per cent), Length (months) and Period.
    act : Timestamp
        Commencement, drawn as a dashed upright.
    """
    panels = (
        ("Convicted", "Convicted, % of those prosecuted in the month", (60, 95)),
        ("Custody", "Immediate custody, % of those sentenced", (0, 25)),
        ("Length", "Mean custodial sentence, months", (0, 4)),
    )
    fig, axes = theme.figure(height=60 + 190 * len(panels), rows=len(panels), sharex=True)
    for ax, (column, title, limits) in zip(axes, panels, strict=True):
        for at, name in enumerate(dict.fromkeys(frame["Offence"])):
            part = frame[frame["Offence"] == name]
            settled = part["Period"] != "half processed"
            colour = theme.SERIES[at]
            ax.plot(part["Month"], part[column], color=colour, linewidth=1.6)
            ax.plot(part["Month"][settled], part[column][settled], "Do"[at], color=colour, ms=6,
                    label=name if ax is axes[0] else None)  # fmt: skip
            ax.plot(part["Month"][~settled], part[column][~settled], "Do"[at], ms=6, mew=1.6,
                    mfc=theme.PALETTE["paper"], mec=colour,
                    label="half processed" if ax is axes[0] and at == 0 else None)  # fmt: skip
        ax.set_ylim(*limits)
        funnels.axis_title(ax, title)
        ax.axvline(act, color=theme.PALETTE["axis"], linewidth=1.2, linestyle=(0, (4, 2)))
        ax.grid(visible=False, axis="x")
    axes[0].annotate(
        "Act in force", (act, axes[0].get_ylim()[0]), (5, 4), textcoords="offset points",
        color=theme.PALETTE["muted"],
    )  # fmt: skip
    _month_axis(axes[-1])
    charts.legend_above(fig, axes[0])
    return charts.Chart(fig, frame, "Three line charts by month for two groups of offences.")


def _month_axis(ax: Axes) -> None:
    from matplotlib.dates import DateFormatter, MonthLocator

    ax.xaxis.set_major_locator(MonthLocator(bymonth=(1, 7)))  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(DateFormatter("%b %Y"))  # type: ignore[no-untyped-call]
