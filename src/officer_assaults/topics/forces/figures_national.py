"""Figures of the reports on comparison of forces, severity and charge rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.page import charts, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from officer_assaults.stats.funnel import Funnel
    from officer_assaults.stats.ranks import RankDistribution
    from officer_assaults.stats.severity import Placebo

_DOTTED = (0, (1.5, 1.8))
_PANEL = 230.0
MOST_TICKS = 5


def funnel(
    result: Funnel,
    curves: pd.DataFrame,
    *,
    names: Mapping[str, str],
    axis_label: str,
    exposure_label: str,
    per: float = 1.0,
    focus: str | None = None,
    log: bool = True,
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
    log : bool
        Logarithmic vertical axis.
    """
    fig, ax = theme.figure(height=400)
    ax.set_xscale("log")
    _limits(ax, curves, per)
    _points(ax, result.table, per, focus, names)
    ax.axhline(
        result.benchmark * per, color=theme.PALETTE["ink"], linewidth=1.1, label="mean of forces"
    )
    _round_ticks(ax, "x")
    if log:
        ax.set_yscale("log")
        _round_ticks(ax, "y")
    else:
        charts.plain_numbers(ax, "y")
    ax.set_xlabel(exposure_label)
    _axis_title(ax, axis_label)
    charts.legend_above(fig, ax)
    return charts.Chart(fig, _funnel_rows(result, per, names), "Scatter of rate against size.")


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
        _limits(ax, curves, 100.0)
        _points(ax, result.table, 100.0, focus, names)
        ax.axhline(
            result.benchmark * 100,
            color=theme.PALETTE["ink"],
            linewidth=1.1,
            label="mean of forces",
        )
        _round_ticks(ax, "x")
        ax.set_ylim(0, 100)
        _axis_title(ax, f"{title}: % charged or summonsed")
        parts.append(_funnel_rows(result, 1.0, names).assign(Class=title))
    np.atleast_1d(axes)[-1].set_xlabel("Recorded offences in the year")
    charts.legend_above(fig, np.atleast_1d(axes)[0])
    data = pd.concat(parts, ignore_index=True)
    data = data.rename(columns={"Count": "Charged", "Exposure": "Recorded", "Rate": "Charge rate"})
    kept = ["Class", "Force", "Charged", "Recorded", "Charge rate", "z"]
    return charts.Chart(fig, data[kept], "Two scatters of charge rate against recorded offences.")


def rank_strip(
    ranks: RankDistribution, *, names: Mapping[str, str], focus: str | None = None
) -> charts.Chart:
    """Draw every force's rank with its interval, the highest rate on top.

    Parameters
    ----------
    ranks : RankDistribution
        Ranks and intervals.
    names : mapping
        Reader's name of each force.
    focus : str, optional
        Force to mark.
    """
    frame = pd.DataFrame(
        {
            "Force": [names[slug] for slug in ranks.table.index],
            "Rank": ranks.table["rank"].to_numpy(),
            "lower": ranks.table["lower"].to_numpy(),
            "upper": ranks.table["upper"].to_numpy(),
        }
    )
    chart = charts.caterpillar(
        frame,
        label="Force",
        value="Rank",
        lower="lower",
        upper="upper",
        axis_label=f"Rank per {ranks.denominator} (1 is the highest recorded rate)",
        focus=names.get(focus or ""),
    )
    ax = chart.figure.axes[0]
    ax.invert_yaxis()
    ax.set_xlim(0.3, ranks.units + 0.7)
    ax.set_xticks([1, *range(10, ranks.units + 1, 10)])
    return charts.Chart(chart.figure, chart.data.iloc[::-1].reset_index(drop=True), chart.alt_hint)


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
    ax.plot(frame["exposure"][~is_focus], frame["count"][~is_focus], "o", color=_grey(), ms=6.5)
    for scale in (ax.set_xscale, ax.set_yscale):
        scale("log")
    _mark(ax, frame[is_focus], "exposure", "count", names)
    _round_ticks(ax, "x")
    _round_ticks(ax, "y")
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
        lower="lower",
        upper="upper",
        axis_label="Growth without injury over growth with injury",
        focus=names.get(focus or ""),
        reference=1.0,
        reference_label="both grew alike",
        log=True,
    )


def _limits(ax: Axes, curves: pd.DataFrame, per: float) -> None:
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


def _points(
    ax: Axes, table: pd.DataFrame, per: float, focus: str | None, names: Mapping[str, str]
) -> None:
    is_focus = np.asarray(table.index == focus)
    rest = table[~is_focus]
    ax.plot(rest["exposure"], rest["rate"] * per, "o", color=_grey(), ms=6.5)
    marked = table[is_focus].assign(height=lambda rows: rows["rate"] * per, force=focus)
    _mark(ax, marked, "exposure", "height", names)
    for slug, row in rest[rest["outside_998"]].iterrows():
        _name(ax, names[str(slug)], row["exposure"], row["rate"] * per, weight="normal")


def _mark(ax: Axes, rows: pd.DataFrame, x: str, y: str, names: Mapping[str, str]) -> None:
    ax.plot(rows[x], rows[y], "D", color=theme.PALETTE["blue"], ms=9)
    for slug, across, up in rows[["force", x, y]].itertuples(index=False):
        _name(ax, names[slug], across, up, weight="bold")


def _name(ax: Axes, name: str, x: float, y: float, *, weight: str) -> None:
    ax.annotate(
        name, (x, y), (0, 9), textcoords="offset points", ha=charts.side(ax, x), va="bottom",
        weight=weight,
    )  # fmt: skip


def _axis_title(ax: Axes, text: str) -> None:
    ax.set_title(
        charts.wrap(text, 46), fontweight="normal", color=theme.PALETTE["muted"], loc="left"
    )


def _grey() -> str:
    return theme.PALETTE["grey"]


def _funnel_rows(result: Funnel, per: float, names: Mapping[str, str]) -> pd.DataFrame:
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


def _round_ticks(ax: Axes, which: str) -> None:
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
