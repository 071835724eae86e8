"""Charts: the few forms that the reports share, drawn from tidy frames.

Every function takes a frame and column names and returns a :class:`Chart`: the figure, the plotted
rows (which become the fold and the CSV), and a hint for the alternative text. Pass it on as
``report.show_figure(chart, headline=..., subtitle=..., alt=...)``. The unit in focus is drawn in
blue with a filled diamond and a bold label, all others in grey with dots, so that colour is never
alone. Functions elsewhere that draw a figure of their own return a :class:`Chart` too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from officer_assaults.page import theme, words
from officer_assaults.page.axes import (
    AXIS_LABEL_WIDTH,
    FRAME,
    LINE,
    date_axis,
    name_ends,
    sparse_ticks,
)
from officer_assaults.page.axes import legend_above as legend_above
from officer_assaults.page.axes import name_upright as name_upright
from officer_assaults.page.axes import plain_numbers as plain_numbers
from officer_assaults.page.axes import ratio_ticks as ratio_ticks
from officer_assaults.page.axes import title_axis as title_axis
from officer_assaults.page.axes import wrap as wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW = 16.0
#: Above this the rows of a forest plot move together, so that it stays on a page.
MANY_ROWS = 12
# Share of an axis within which a centred label would run off a telephone.
_NEAR_END = 1 / 3
#: A step over dates that is this many times the usual one ends a line.
_GAP = 1.5
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2)))
_MARKERS = ("D", "o", "s", "^", "v", "P")


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with the rows it draws.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From :func:`theme.figure`.
    data : DataFrame
        The plotted rows, at most six columns once ``lower`` and ``upper`` are joined.
    alt_hint : str
        Form of the chart in words, to begin an alternative text with; the finding comes after it.
    """

    figure: Figure
    data: pd.DataFrame
    alt_hint: str


def caterpillar(
    frame: pd.DataFrame,
    *,
    label: str,
    value: str,
    axis_label: str,
    lower: str = "lower",
    upper: str = "upper",
    focus: str | None = None,
    reference: float | None = None,
    reference_label: str = "",
    log: bool = False,
) -> Chart:
    """Draw every unit's estimate and interval, in order of the estimate.

    Parameters
    ----------
    frame : DataFrame
        One row per unit.
    label, value, lower, upper : str
        Columns.
    axis_label : str
        Quantity and unit of the horizontal axis.
    focus : str, optional
        Label of the unit to mark.
    reference : float, optional
        Value of a vertical line, for instance the mean of all units.
    reference_label : str
        Words for that line.
    log : bool
        Logarithmic axis, for ratios.
    """
    rows = frame.loc[:, [label, value, lower, upper]].sort_values(value, kind="stable")
    rows = rows.reset_index(drop=True)
    fig, ax = theme.figure(height=FRAME + ROW * len(rows))
    is_focus = (rows[label] == focus).to_numpy()
    places = np.arange(len(rows), dtype=float)
    for chosen, style in ((~is_focus, "grey"), (is_focus, "blue")):
        _intervals(ax, rows[chosen], places[chosen], (value, lower, upper), style)
    _row_labels(ax, rows[label], places, bold=is_focus)
    _reference(ax, reference, reference_label)
    _value_axis(ax, axis_label, log=log)
    named = f", {focus} marked" if focus is not None and is_focus.any() else ""
    hint = f"Dots with intervals for {words.plural(len(rows), 'unit')} in rising order{named}."
    return Chart(fig, rows.iloc[::-1].reset_index(drop=True), hint)


def dot_interval(
    frame: pd.DataFrame,
    *,
    label: str,
    value: str,
    axis_label: str,
    lower: str = "lower",
    upper: str = "upper",
    group: str | None = None,
    reference: float | None = None,
    reference_label: str = "",
    log: bool = False,
) -> Chart:
    """Draw estimates with intervals in the order given, top down (a forest plot).

    Parameters
    ----------
    frame : DataFrame
        One row per estimate.
    label, value, lower, upper : str
        Columns; a row whose limits are missing is drawn as a point alone.
    axis_label : str
        Quantity and unit of the horizontal axis.
    group : str, optional
        Column whose values get a colour and a marker each, named in a legend.
    reference, reference_label, log
        As for :func:`caterpillar`.
    """
    used = [label, value, lower, upper] + ([group] if group else [])
    rows = frame.loc[:, used].reset_index(drop=True)
    tall = max(len(wrap(text).split("\n")) for text in rows[label].astype(str))
    groups = list(dict.fromkeys(rows[group])) if group else [None]
    legend = 30.0 if group else 0.0
    gap = 8.0 if len(rows) <= MANY_ROWS else 2.0
    fig, ax = theme.figure(height=FRAME + legend + max(26.0, 15.0 * tall + gap) * len(rows))
    places = np.arange(len(rows), dtype=float)[::-1]
    for at, name in enumerate(groups):
        chosen = (rows[group] == name).to_numpy() if group else np.full(len(rows), True)
        style = ("blue", "orange", "teal", "pink", "purple", "grey")[at % 6]
        _intervals(
            ax, rows[chosen], places[chosen], (value, lower, upper), style,
            marker=_MARKERS[at % 6], name=None if name is None else str(name),
        )  # fmt: skip
    _row_labels(ax, rows[label], places)
    _reference(ax, reference, reference_label)
    _value_axis(ax, axis_label, log=log)
    if group:
        legend_above(fig, ax)
    return Chart(fig, rows, f"Dots with intervals for {words.plural(len(rows), 'estimate')}.")


def lines(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    axis_label: str,
    series: str | None = None,
    lower: str | None = None,
    upper: str | None = None,
    focus: str | None = None,
    events: Mapping[Any, str] | None = None,
    x_label: str = "",
    zero: bool = True,
    as_percent: bool = False,
    height: float = 330,
) -> Chart:
    """Draw one line per series, named at its end, with dated events as dashed uprights.

    A line over dates stops where periods are missing, and goes on after them.

    Parameters
    ----------
    frame : DataFrame
        One row per point.
    x, y : str
        Columns; ``x`` may hold dates or numbers.
    axis_label : str
        Quantity and unit of the vertical axis, printed above it.
    series : str, optional
        Column that names the line; at most four lines, or any number with ``focus``.
    lower, upper : str, optional
        Columns of a band round the lines.
    focus : str, optional
        The series in blue; all others become thin grey lines without a name.
    events : mapping, optional
        Value of ``x`` to a short label.
    x_label : str
        Quantity and unit of the horizontal axis, where it is not time.
    zero : bool
        Let the vertical axis begin at nought.
    as_percent : bool
        Write the vertical axis, a proportion, as percentages.
    height : float
        Height in px.

    Raises
    ------
    ValueError
        If there are more than four series and none in focus.
    """
    used = [column for column in (x, series, y, lower, upper) if column is not None]
    rows = frame.loc[:, used].reset_index(drop=True)
    every = list(dict.fromkeys(rows[series])) if series else [None]
    if len(every) > len(_DASHES) and focus is None:
        raise ValueError(f"{len(every)} lines cannot be told apart; name one as focus=")
    fig, ax = theme.figure(height=height)
    ends = []
    for at, name in enumerate(sorted(every, key=lambda name: name == focus)):
        part = rows[rows[series] == name] if series else rows
        is_context = focus is not None and name != focus
        order = 0 if focus is not None else at
        colour = theme.PALETTE["grey"] if is_context else theme.SERIES[order]
        style = {"color": colour, "linestyle": "solid" if is_context else _DASHES[order]}
        _unbroken(ax, part, x, y, linewidth=1.0 if is_context else 2.4, **style)
        if lower and upper and not is_context:
            ax.fill_between(part[x], part[lower], part[upper], color=colour, alpha=0.18, lw=0)
        if name is not None and not is_context:
            ends.append((part[x].iloc[-1], float(part[y].iloc[-1]), str(name), colour))
    ax.set(xlabel="", ylabel="")
    if zero:
        ax.set_ylim(bottom=0)
    room = _events(ax, events or {})
    name_ends(ax, ends, height - room)
    ax.grid(visible=False, axis="x")
    title_axis(fig, axis_label)
    plain_numbers(ax, "y", as_percent=as_percent)
    if rows[x].dtype.kind == "M":
        date_axis(ax)
    elif x_label:
        plain_numbers(ax, "x")
    if x_label:
        ax.set_xlabel(wrap(x_label, AXIS_LABEL_WIDTH))
    return Chart(fig, rows, f"Line chart of {words.plural(max(1, len(ends)), 'series', 'series')}.")


def heat_tiles(
    frame: pd.DataFrame,
    *,
    row: str,
    column: str,
    value: str,
    edges: Sequence[float],
    column_label: str = "",
    step_labels: Sequence[str] | None = None,
) -> Chart:
    """Draw a grid of tiles shaded in at most five steps; missing ones are crossed outlines.

    Parameters
    ----------
    frame : DataFrame
        One row per tile; absent combinations and missing values count as missing.
    row, column, value : str
        Columns; rows and columns are drawn in order of appearance.
    edges : sequence of float
        Limits between the steps, at most four; a value equal to an edge falls in the step above.
    column_label : str
        Words under the columns.
    step_labels : sequence of str, optional
        Words for each step in the legend, from the lowest; by default its limits.

    Raises
    ------
    ValueError
        If there are more than four edges.
    """
    if len(edges) >= len(theme.STEPS):
        raise ValueError(f"{len(edges)} edges make more than {len(theme.STEPS)} steps of shade")
    rows = frame.loc[:, [row, column, value]].reset_index(drop=True)
    grid = rows.pivot_table(index=row, columns=column, values=value, sort=False, dropna=False)
    grid = grid.reindex(
        index=list(dict.fromkeys(rows[row])), columns=list(dict.fromkeys(rows[column]))
    )
    fig, ax = theme.figure(height=FRAME + 46 + ROW * len(grid))
    step = np.digitize(grid.to_numpy(float), list(edges))
    gone = np.isnan(grid.to_numpy(float))
    labels = step_labels or [_step_name(edges, shade) for shade in range(len(edges) + 1)]
    shades = _spread(len(edges) + 1)
    for shade in range(len(edges) + 1):
        at = np.argwhere((step == shade) & ~gone)
        _tiles(ax, at, theme.STEPS[shades[shade]], labels[shade])
    if gone.any():
        at = np.argwhere(gone)
        ax.plot(
            at[:, 1], at[:, 0], "x", color=theme.PALETTE["axis"], ms=6, mew=1.4,
            label="not available",
        )  # fmt: skip
    ax.set_xlim(-0.5, grid.shape[1] - 0.5)
    ax.set_ylim(grid.shape[0] - 0.5, -0.5)
    ax.grid(visible=False)
    _row_labels(ax, grid.index.to_series(), np.arange(len(grid)), margin=False)
    sparse_ticks(ax, [str(name) for name in grid.columns])
    if column_label:
        ax.set_xlabel(wrap(column_label, AXIS_LABEL_WIDTH))
    legend_above(fig, ax)
    return Chart(fig, rows, f"Grid of {grid.shape[0]} rows and {grid.shape[1]} columns of tiles.")


def _intervals(
    ax: Axes,
    rows: pd.DataFrame,
    places: np.ndarray,
    names: tuple[str, str, str],
    colour: str,
    *,
    marker: str | None = None,
    name: str | None = None,
) -> None:
    value, lower, upper = (rows[column].to_numpy(float) for column in names)
    marker = marker or ("D" if colour == "blue" else "o")
    paint = theme.PALETTE[colour]
    ax.hlines(places, lower, upper, color=paint, linewidth=2.6 if marker == "D" else 1.8)
    ax.plot(value, places, marker, color=paint, markersize=7.5, label=name)


def _row_labels(
    ax: Axes,
    labels: pd.Series,
    places: np.ndarray,
    bold: np.ndarray | None = None,
    *,
    margin: bool = True,
) -> None:
    ax.set_yticks(places, [wrap(text) for text in labels])
    if margin:
        ax.set_ylim(-0.7, len(places) - 0.3)
    ax.grid(visible=False, axis="y")
    for tick, is_bold in zip(ax.get_yticklabels(), bold if bold is not None else (), strict=False):
        tick.set_fontweight("bold" if is_bold else "normal")


def _value_axis(ax: Axes, axis_label: str, *, log: bool) -> None:
    if log:
        ratio_ticks(ax)
    else:
        plain_numbers(ax, "x")
    ax.set_xlabel(wrap(axis_label, AXIS_LABEL_WIDTH))


def _reference(ax: Axes, at: float | None, label: str) -> None:
    if at is None:
        return
    ax.axvline(at, color=theme.PALETTE["ink"], linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    if label:
        ax.annotate(
            wrap(label, 30), (at, 1), (0, 4), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha=side(ax, at), va="bottom",
            color=theme.PALETTE["muted"],
        )  # fmt: skip


def side(ax: Axes, x: float) -> str:
    """Alignment of a label at ``x`` that keeps it on the chart: by its end, middle or start.

    Scale and data must be there already; a label near an end of the axis runs inwards.
    """
    ax.get_xlim()
    share = ax.transAxes.inverted().transform(ax.transData.transform((x, ax.get_ylim()[0])))[0]
    return "left" if share < _NEAR_END else "right" if share > 1 - _NEAR_END else "center"


def _events(ax: Axes, events: Mapping[Any, str]) -> float:
    """Mark days and name them above the lines; returns the room that the names take, in px."""
    labels = [wrap(label, 22) for label in events.values()]
    step = LINE * max((label.count("\n") + 1 for label in labels), default=1)
    levels = min(len(labels), 3)
    line: dict[str, Any] = {
        "color": theme.PALETTE["axis"],
        "linewidth": 1.2,
        "linestyle": (0, (4, 2)),
    }
    scale: Any = ax.xaxis
    for order, (at, label) in enumerate(zip(events, labels, strict=True)):
        rise = 3 + step * (order % levels)
        ax.axvline(at, zorder=1, **line)
        # A name ends at its own upright, so that those after it rise free of it.
        low, high = ax.get_xlim()
        near_start = (float(scale.convert_units(at)) - low) / (high - low) < _NEAR_END
        ax.annotate(
            label, (at, 1), (3 if near_start else -3, rise),
            xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="left" if near_start else "right", va="bottom", color=theme.PALETTE["muted"],
        )  # fmt: skip
        ax.annotate(
            "", (at, 1), (0, rise + LINE), xycoords=("data", "axes fraction"),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0} | line,
        )  # fmt: skip
    return step * levels


def _unbroken(ax: Axes, part: pd.DataFrame, x: str, y: str, **style: Any) -> None:
    """Draw a line that stops where dates are missing; a date between two gaps is a dot."""
    run = _runs(part[x])
    known = part[[x, y]].notna().all(axis=1).to_numpy()
    for number in np.unique(run):
        rows = part[known & (run == number)]
        ax.plot(rows[x], rows[y], **style)
    alone = part[(np.bincount(run) == 1)[run]] if len(part) > 1 else part.iloc[:0]
    if len(alone):
        ax.plot(alone[x], alone[y], ".", color=style["color"], markersize=5)


def _runs(moments: pd.Series) -> np.ndarray:
    """Give each point the number of its unbroken run: dates wider apart than usual end one."""
    if moments.dtype.kind != "M" or len(moments) < 3:
        return np.zeros(len(moments), dtype=int)
    steps = np.diff(moments.to_numpy()).astype("timedelta64[D]").astype(float)
    return np.concatenate([[0], np.cumsum(steps > _GAP * np.median(steps))])


def _tiles(ax: Axes, at: np.ndarray, colour: str, name: str) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    # One path for all tiles of a shade: a drawing of 43 forces by 12 years stays small.
    square = np.array([[-0.46, -0.44], [0.46, -0.44], [0.46, 0.44], [-0.46, 0.44], [-0.46, -0.44]])
    paths = [Path(square + place[::-1], closed=True) for place in at]
    whole = Path.make_compound_path(*paths) if paths else Path(np.empty((0, 2)))
    edge = theme.PALETTE["axis"]
    ax.add_patch(PathPatch(whole, facecolor=colour, edgecolor=edge, linewidth=0.7, label=name))


def _spread(count: int) -> list[int]:
    last = len(theme.STEPS) - 1
    return [round(at * last / max(count - 1, 1)) for at in range(count)]


def _step_name(edges: Sequence[float], shade: int) -> str:
    if shade == 0:
        return f"under {words.number(edges[0])}"
    if shade == len(edges):
        return f"{words.number(edges[-1])} or more"
    return f"{words.number(edges[shade - 1])} to under {words.number(edges[shade])}"
