"""Axes: ticks, titles and names of lines that stay readable on a telephone."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from officer_assaults.page import theme, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LABEL_WIDTH = 26
AXIS_LABEL_WIDTH = 40
FRAME = 74.0
LINE = 15.0
_TEXT_CONTRAST = 4.5
_TICK_ROOM = 38.0
#: Share of a value by which it may miss a rounded one, as numpy judges closeness.
_CLOSE = 1e-5
#: Ticks of a ratio axis, finest first: the first set whose labels all have room is used whole, so
#: that no tick is missing between two others.
_LINEAR_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
_RATIO_SETS = (
    (0.1, 0.2, 0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 10),
    (0.1, 0.2, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 5, 10),
    (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50),
    (0.125, 0.25, 0.5, 1, 2, 4, 8, 16),
    (0.01, 0.1, 1, 10, 100),
)
_WIDEST_LINEAR_SPAN = 2.0
_FEWEST_TICKS = 3


def wrap(text: str, width: int = _LABEL_WIDTH) -> str:
    """Break a label into lines."""
    return "\n".join(textwrap.wrap(str(text), width)) or str(text)


def title_axis(fig: Figure, text: str) -> None:
    """Print the name of the vertical axis above the chart, where it can be read upright."""
    fig.suptitle(
        wrap(text, AXIS_LABEL_WIDTH + 6), x=0.004, ha="left", color=theme.PALETTE["muted"],
        weight="normal",
    )  # fmt: skip
    _put_legends_below_title(fig)


def name_upright(ax: Axes, text: str) -> None:
    """Print the vertical axis's name between legend and axes."""
    ax.set_title(wrap(text, 44), color=theme.PALETTE["muted"], weight="normal")


def legend_above(fig: Figure, ax: Axes, columns: int | None = None) -> None:
    """Put the legend above the axes, by default in as many columns as a telephone has room for."""
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        longest = max(len(label) for label in labels)
        columns = columns or int(np.clip(44 // (longest + 4), 1, len(handles)))
        fig.legend(handles, labels, loc="outside upper left", ncols=columns, borderaxespad=0.2)
        _put_legends_below_title(fig)


def _put_legends_below_title(fig: Figure) -> None:
    lines_above = fig.get_suptitle().count("\n") + 1 if fig.get_suptitle() else 0
    for legend in fig.legends:
        legend.borderaxespad = 0.2 + 1.5 * lines_above


def name_ends(ax: Axes, ends: Sequence[tuple[Any, float, str, str]], height: float) -> None:
    """Name lines at their right ends, moved apart where the names would overlap.

    Parameters
    ----------
    ax : Axes
        With its final vertical limits.
    ends : sequence of (x, y, name, colour)
        Last point of each line.
    height : float
        Height of the figure in px, without what stands above the lines.
    """
    if not ends:
        return
    low, high = (float(limit) for limit in ax.get_ylim())
    per_px = (high - low) / max(height - FRAME, 60.0)
    names = [wrap(name, 16) for _, _, name, _ in ends]
    order = sorted(range(len(ends)), key=lambda at: ends[at][1])
    floor = -np.inf
    for at in order:
        x, y, _, colour = ends[at]
        half = (names[at].count("\n") + 1) * LINE * per_px / 2
        place = max(y, floor + half)
        floor = place + half
        ax.annotate(
            names[at], (x, y), (8, (place - y) / per_px), textcoords="offset points", va="center",
            color=readable(colour), weight="bold", annotation_clip=False,
        )  # fmt: skip


def readable(colour: str) -> str:
    """Give a colour for text: the same if it has the contrast that text needs, else its partner."""
    if theme.contrast(colour, theme.PAGE_LIGHT) >= _TEXT_CONTRAST:
        return colour
    names = {light: name for name, light in theme.PALETTE.items()}
    return theme.PALETTE.get(f"{names.get(colour)}_text", theme.PALETTE["ink"])


def date_axis(ax: Axes) -> None:
    """Mark years on a long time axis and quarters on a short one, in the same words everywhere."""
    from matplotlib.ticker import FuncFormatter

    dates = _dates()
    first, last = (dates.num2date(limit) for limit in ax.get_xlim())
    years = last.year - first.year
    if years > 2:
        ax.xaxis.set_major_locator(dates.YearLocator(base=1 + years // 7))
    else:
        ax.xaxis.set_major_locator(dates.MonthLocator((1, 4, 7, 10)))
    ax.xaxis.set_major_formatter(FuncFormatter(_tick_date if years <= 2 else _tick_year))


def _dates() -> Any:
    import matplotlib.dates

    return matplotlib.dates


def _tick_year(value: float, pos: int | None = None) -> str:
    return str(_dates().num2date(value).year)


def _tick_date(value: float, pos: int | None = None) -> str:
    date = _dates().num2date(value)
    month = words.MONTHS[date.month - 1][:3]
    return f"{month}\n{date.year}" if date.month == 1 or not pos else month


def plain_numbers(ax: Axes, which: str, *, as_percent: bool = False) -> None:
    """Write tick labels alike, with thousands separators and a true minus sign.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes with a linear scale.
    which : {"x", "y"}
        Axis.
    as_percent : bool
        Write proportions as percentages.
    """
    from matplotlib.ticker import Formatter

    class PlainFormatter(Formatter):
        def __call__(self, value: float, pos: int | None = None) -> str:
            return self.format_ticks([value])[0]

        def format_ticks(self, values: Any) -> list[str]:
            scaled = [float(value) * (100 if as_percent else 1) for value in values]
            places = _places_between(scaled)
            texts = [words.number(round(value, 10), places) for value in scaled]
            return [f"{text}%" for text in texts] if as_percent else texts

    (ax.xaxis if which == "x" else ax.yaxis).set_major_formatter(PlainFormatter())


def _places_between(values: Sequence[float]) -> int:
    steps = np.diff(values)
    step = float(np.min(np.abs(steps))) if len(steps) else 1.0
    for places in range(6):
        off = np.abs(np.round(values, places) - values)
        if step > 0 and bool((off <= step / 1000 + _CLOSE * np.abs(values)).all()):
            return places
    return 6


def ratio_ticks(ax: Axes) -> None:
    """Make the horizontal axis logarithmic with ticks at round ratios, as many as have room."""
    from matplotlib.ticker import FuncFormatter, Locator, NullLocator

    class RatioLocator(Locator):
        def __call__(self) -> Any:
            return self.tick_values(*ax.get_xlim())

        def tick_values(self, vmin: float, vmax: float) -> Any:
            width = ax.get_window_extent().width * 72 / ax.figure.get_dpi()
            return _ticks_with_room(vmin, vmax, width / np.log(vmax / vmin))

    ax.set_xscale("log")
    ax.xaxis.set_major_locator(RatioLocator())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _ticks_with_room(low: float, high: float, px_per_log: float) -> list[float]:
    """Finest whole set of round ratios whose labels stand apart, else the coarsest."""
    sets: list[Sequence[float]] = list(_RATIO_SETS)
    if high / low < _WIDEST_LINEAR_SPAN:
        steps = [
            (step, np.arange(np.ceil(low / step), high / step + 1e-9)) for step in _LINEAR_STEPS
        ]
        sets = [*(np.round(step * whole, 2).tolist() for step, whole in steps), *sets]
    best: list[float] = []
    for each in sets:
        ticks = [tick for tick in each if low <= tick <= high]
        apart = np.diff(np.log(ticks)) * px_per_log if len(ticks) > 1 else np.array([np.inf])
        if apart.min() >= _TICK_ROOM and len(ticks) > len(best):
            best = ticks
        if len(best) >= _FEWEST_TICKS:
            break
    return best


def sparse_ticks(ax: Axes, names: Sequence[str]) -> None:
    """Leave out names of ticks that would run into each other."""
    every = max(1, -(-len(names) * max(len(name) for name in names) // 26))
    places = list(range(0, len(names), every))
    ax.set_xticks(places, [names[at] for at in places])
