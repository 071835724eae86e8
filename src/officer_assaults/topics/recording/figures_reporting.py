"""Figures of the report on recording culture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from officer_assaults.page import charts, theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from officer_assaults.stats.changes import RecordedChange

BANDS = (0.0, 0.25, 0.5, 0.75, 1.0)
LOWEST = 0.3


def share_contour(
    surface: pd.DataFrame,
    change: RecordedChange,
) -> charts.Chart:
    """Draw which moves of the recording probability explain how much of the change.

    Parameters
    ----------
    surface : DataFrame
        From ``bounds.sensitivity_surface``; becomes the data.
    change : RecordedChange
        The recorded change, whose ratio gives the lines.
    """
    fig, ax = theme.figure(height=430)
    before = np.linspace(LOWEST, 1.0, 141)
    for place, (low, high) in enumerate(pairwise(BANDS)):
        ends = [np.clip(before * change.ratio**share, LOWEST, 1.0) for share in (low, high)]
        label = f"{low:.0%} to {high:.0%} of it"
        ax.fill_between(before, *ends, color=theme.STEPS[place], lw=0, label=label)
    ax.plot(before, before, color=theme.PALETTE["axis"], lw=1.4, ls=(0, (4, 2)))
    rose = change.ratio > 1
    _corner(ax, (0.31, 0.985), "more than all\nof it", left=True, top=True, when=rose)
    _corner(ax, (0.985, 0.315), "none: recording\nmoved the other way", when=rose)
    _corner(ax, (0.31, 0.985), "none: recording\nmoved the other way", left=True, top=True,
            when=not rose)  # fmt: skip
    _corner(ax, (0.985, 0.315), "more than all\nof it", when=not rose)
    ax.set_xlim(LOWEST, 1.0)
    ax.set_ylim(LOWEST, 1.0)
    charts.plain_numbers(ax, "x", as_percent=True)
    charts.plain_numbers(ax, "y", as_percent=True)
    ax.set_xlabel("Recording probability before")
    ax.set_ylabel("Recording probability after")
    charts.legend_above(fig, ax)
    rows = surface.rename(
        columns={
            "before": "Recorded before",
            "after": "Recorded after",
            "share": "Share explained",
            "count_explained": "Recorded assaults explained",
        }
    )
    return charts.Chart(fig, rows, "Shaded bands on a square of two recording probabilities.")


def ladder_of_bounds(ladder: pd.DataFrame) -> charts.Chart:
    """Draw the range of shares that each set of assumptions leaves, weakest assumptions first.

    Parameters
    ----------
    ladder : DataFrame
        From ``case.RecordingCase``; infinite limits are
        drawn as arrows.
    """
    rows = ladder.reset_index(drop=True)
    finite = rows[["low", "high"]].to_numpy()
    finite = finite[np.isfinite(finite)]
    left, right = min(finite.min(), 0.0) - 0.25, max(finite.max(), 1.0) + 0.25
    fig, ax = theme.figure(height=100 + 44.0 * len(rows))
    places = np.arange(len(rows), dtype=float)[::-1]
    ax.axvspan(0, 1, color=theme.STEPS[0], lw=0)
    for at in (0, 1):
        ax.axvline(at, color=theme.PALETTE["axis"], lw=1.2, ls=(0, (4, 2)))
    low, high = rows["low"].clip(lower=left), rows["high"].clip(upper=right)
    bound = rows["middle"].isna().to_numpy()
    for chosen, colour in ((bound, "grey"), (~bound, "blue")):
        ax.hlines(places[chosen], low[chosen], high[chosen], color=theme.PALETTE[colour], lw=4)
    ax.plot(rows["middle"], places, "D", color=theme.PALETTE["blue"], ms=8)
    for values, marker in ((rows["low"], "<"), (rows["high"], ">")):
        gone = np.isinf(values)
        ax.plot(values[gone].clip(left, right), places[gone], marker,
                color=theme.PALETTE["grey"], ms=10)  # fmt: skip
    ax.set_yticks(places, [charts.wrap(name, 22) for name in rows["layer"]])
    ax.grid(visible=False, axis="y")
    ax.set_xlim(left - 0.05, right + 0.05)
    charts.plain_numbers(ax, "x", as_percent=True)
    ax.set_xlabel(charts.wrap("Share of the log change that recording explains", 40))
    drawn = rows.rename(
        columns={"layer": "Layer", "assumes": "Assumes", "low": "lower", "high": "upper"}
    )
    drawn = drawn.rename(columns={"middle": "Median share"})
    drawn = drawn[["Layer", "Assumes", "Median share", "lower", "upper"]]
    return charts.Chart(fig, drawn, "Bars of shares, one for each set of assumptions.")


def bias_tornado(tornado: pd.DataFrame, names: Mapping[str, str]) -> charts.Chart:
    """Draw how far each source of doubt alone moves the share that recording explains.

    Parameters
    ----------
    tornado : DataFrame
        From :func:`officer_assaults.topics.recording.model.bias.tornado`.
    names : mapping of str to str
        Source to its words.
    """
    rows = tornado.reset_index(drop=True)
    fig, ax = theme.figure(height=100 + 50.0 * len(rows))
    places = np.arange(len(rows), dtype=float)[::-1]
    centre = float(rows["centre"].iloc[0])
    ax.barh(places, rows["high_share"] - centre, left=centre, height=0.52,
            color=theme.PALETTE["orange"], label="source at its high end")  # fmt: skip
    ax.barh(places, rows["low_share"] - centre, left=centre, height=0.52,
            color=theme.PALETTE["blue"], label="source at its low end")  # fmt: skip
    for at in (0, 1):
        ax.axvline(at, color=theme.PALETTE["axis"], lw=1.2, ls=(0, (4, 2)), zorder=0.5)
    ax.set_yticks(places, [charts.wrap(names[source], 24) for source in rows["source"]])
    ax.grid(visible=False, axis="y")
    charts.plain_numbers(ax, "x", as_percent=True)
    ax.set_xlabel(charts.wrap("Share of the log change that recording explains", 40))
    charts.legend_above(fig, ax)
    data = pd.DataFrame(
        {
            "Source": rows["source"].map(names),
            "Low end": rows["low_value"],
            "High end": rows["high_value"],
            "Share explained at the low end": rows["low_share"],
            "Share explained at the high end": rows["high_share"],
        }
    )
    return charts.Chart(fig, data, "Bars of shares to either side of a centre, widest first.")


def _corner(
    ax: Axes,
    at: tuple[float, float],
    text: str,
    *,
    when: bool,
    left: bool = False,
    top: bool = False,
) -> None:
    if when:
        ax.text(*at, text, ha="left" if left else "right", va="top" if top else "bottom",
                color=theme.PALETTE["muted"])  # fmt: skip


def event_profile(tables: Mapping[str, pd.DataFrame]) -> charts.Chart:
    """Draw ratios to expected counts by quarters from an event, one panel for each series.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Series to time, value (log ratio), lower, upper, fitted (bool): fitted before the event,
        imputed from there on.
    """
    fig, axes = theme.figure(height=260.0 * len(tables), rows=len(tables), sharex=True)
    parts = []
    for ax, (name, table) in zip(np.atleast_1d(axes).ravel(), tables.items(), strict=True):
        _profile_panel(ax, name, table)
        parts.append(
            pd.DataFrame(
                {
                    "Series": name,
                    "Quarters from the report": table["time"],
                    "Ratio": np.exp(table["value"]),
                    "lower": np.exp(table["lower"]),
                    "upper": np.exp(table["upper"]),
                    "Forces": table["units"],
                }
            )
        )
    ax.set_xlabel("Quarters from the report")
    rows = pd.concat(parts, ignore_index=True)
    return charts.Chart(fig, rows, "Ratios by quarter before and after a report, two series.")


def _profile_panel(ax: Axes, name: str, table: pd.DataFrame) -> None:
    ax.axhline(1.0, color=theme.PALETTE["axis"], lw=1.2, ls=(0, (4, 2)))
    ax.axvspan(-2.5, 0.5, color=theme.STEPS[0], lw=0)
    time = table["time"].to_numpy(dtype=float)
    ratio, low, high = (np.exp(table[key].to_numpy()) for key in ("value", "lower", "upper"))
    for chosen, colour, label in (
        (table["fitted"].to_numpy(), "grey", "before, fitted"),
        (~table["fitted"].to_numpy(), "blue", "set against expected"),
    ):
        ax.vlines(time[chosen], low[chosen], high[chosen], color=theme.PALETTE[colour], lw=2)
        ax.plot(time[chosen], ratio[chosen], "o", color=theme.PALETTE[colour], ms=7, label=label)
    ax.set_title(charts.wrap(name, 44))
    ax.set_xticks(range(-8, 9, 4))
    charts.plain_numbers(ax, "y")
