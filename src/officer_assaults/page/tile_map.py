"""Tile map: one equal tile per police force area, laid out from centroids without boundaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.page import charts, svg, theme, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS, ROWS = 8, 10
#: How far ranks replace distances: enough to pull London apart, not so much that Wales moves.
EVENNESS = 0.4
TILE = 44.0
_HALF = 0.47
_LONGEST = 4
#: Areas whose rule-made short forms would be alike.
_CLASHES: Mapping[str, str] = MappingProxyType(
    {"northumbria": "Nhum", "northamptonshire": "Nhan", "metropolitan-police": "Met"}
)
_LIGHT_TEXT_FROM = 3


def layout(geography: pd.DataFrame) -> pd.DataFrame:
    """Give every force a tile of its own, as near to its centroid as the others allow.

    Parameters
    ----------
    geography : DataFrame
        Columns force, longitude, latitude.

    Returns
    -------
    DataFrame
        force, row (0 is north), column (0 is west).

    Notes
    -----
    Centroids are placed half by distance, half by order, so that crowded parts spread out, and
    tiles are assigned so that the sum of squared displacements is least.
    """
    from scipy.optimize import linear_sum_assignment

    east = geography["longitude"].to_numpy(float)
    south = -geography["latitude"].to_numpy(float)
    wanted = np.column_stack([_spread(south, ROWS), _spread(east, COLUMNS)])
    tiles = np.indices((ROWS, COLUMNS)).reshape(2, -1).T
    cost = ((wanted[:, None, :] - tiles[None, :, :]) ** 2).sum(axis=-1)
    _, chosen = linear_sum_assignment(cost)
    return pd.DataFrame(
        {
            "force": geography["force"].to_numpy(),
            "row": tiles[chosen, 0],
            "column": tiles[chosen, 1],
        }
    )


def short_name(slug: str) -> str:
    """At most four letters for a tile: the start of the name, or an initial and a start.

    Examples
    --------
    >>> short_name("thames-valley"), short_name("kent"), short_name("northumbria")
    ('TVal', 'Kent', 'Nhum')
    """
    if slug in _CLASHES:
        return _CLASHES[slug]
    first, *rest = [part for part in slug.split("-") if part != "and"]
    if not rest:
        return first[:_LONGEST].capitalize()
    return first[0].upper() + rest[-1][: _LONGEST - 1].capitalize()


@cache
def places() -> dict[str, tuple[int, int, str]]:
    """Row, column (both from 1) and short form of each territorial force."""
    from officer_assaults.data import tables as data

    placed = layout(data.load("geography"))
    return {
        str(force): (int(row) + 1, int(column) + 1, short_name(str(force)))
        for force, row, column in zip(placed["force"], placed["row"], placed["column"], strict=True)
    }


def tile_map(
    frame: pd.DataFrame,
    geography: pd.DataFrame,
    *,
    value: str,
    edges: Sequence[float],
    names: Mapping[str, str],
    focus: str | None = None,
    left_out: Sequence[str] = (),
) -> charts.Chart:
    """Draw one value per force area as shaded tiles.

    Parameters
    ----------
    frame : DataFrame
        Columns force and ``value``.
    geography : DataFrame
        Centroids, see :func:`layout`.
    value : str
        Column to shade by; its name heads the column of numbers.
    edges : sequence of float
        Limits between the shades, at most four.
    names : mapping
        Reader's name of each force.
    focus : str, optional
        Force whose tile gets a heavy outline.
    left_out : sequence of str
        Forces drawn as crossed outlines.
    """
    placed = layout(geography).merge(frame[["force", value]], on="force", how="left")
    placed.loc[placed["force"].isin(list(left_out)), value] = np.nan
    fig, ax = theme.figure(height=70 + TILE * (placed["row"].max() + 1))
    steps = np.digitize(placed[value].to_numpy(float), list(edges))
    gone = placed[value].isna().to_numpy()
    for shade in range(len(edges) + 1):
        chosen = placed[(steps == shade) & ~gone]
        _squares(ax, chosen, theme.STEPS[shade], _step_name(edges, shade))
        light = shade >= _LIGHT_TEXT_FROM
        _labels(ax, chosen, "paper" if light else "ink", focus)
    _squares(ax, placed[gone], "none", "not compared" if gone.any() else "")
    _labels(ax, placed[gone], "ink", focus)
    _outline(ax, placed[placed["force"] == focus])
    ax.set_xlim(-0.55, COLUMNS - 0.45)
    ax.set_ylim(placed["row"].max() + 0.55, -0.55)
    ax.set_axis_off()
    ax.set_aspect("equal", anchor="W")
    charts.legend_above(fig, ax)
    rows = placed.assign(
        Force=placed["force"].map(names), Tile=placed["force"].map(short_name)
    ).sort_values("Force")
    data = rows[["Force", "Tile", value]].reset_index(drop=True)
    return charts.Chart(fig, data, f"Map of {words.plural(len(placed), 'equal tile')}.")


def _spread(values: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    by_distance = (values - values.min()) / np.ptp(values)
    by_order = (pd.Series(values).rank().to_numpy() - 1) / (len(values) - 1)
    mixed = (1 - EVENNESS) * by_distance + EVENNESS * by_order
    return np.asarray(mixed * (size - 1))


def _squares(ax: Axes, tiles: pd.DataFrame, colour: str, name: str) -> None:
    from matplotlib.collections import PolyCollection

    corners = _HALF * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    at = tiles[["column", "row"]].to_numpy(float)
    empty = colour == "none"
    edge = theme.PALETTE["axis"] if empty else colour
    squares = at[:, None, :] + corners[None]
    ax.add_collection(PolyCollection(list(squares), facecolors=colour, edgecolors=edge))
    if name:
        fill = theme.PALETTE["paper"] if empty else colour
        ax.plot([], [], "s", mfc=fill, mec=edge if empty else fill, ms=12, mew=1.2, label=name)


def _labels(ax: Axes, tiles: pd.DataFrame, colour: str, focus: str | None) -> None:
    for force, row, column in tiles[["force", "row", "column"]].itertuples(index=False):
        ax.text(
            column, row, short_name(force), ha="center", va="center", fontsize=11.5,
            color=theme.PALETTE[colour], weight="bold" if force == focus else "normal",
            gid=svg.ON_FILL,
        )  # fmt: skip


def _outline(ax: Axes, tile: pd.DataFrame) -> None:
    for row, column in tile[["row", "column"]].itertuples(index=False):
        x = column + _HALF * np.array([-1, 1, 1, -1, -1])
        y = row + _HALF * np.array([-1, -1, 1, 1, -1])
        ax.plot(x, y, color=theme.PALETTE["orange"], linewidth=3.0)


def _step_name(edges: Sequence[float], shade: int) -> str:
    if shade == 0:
        return f"under {words.number(edges[0])}"
    if shade == len(edges):
        return f"{words.number(edges[-1])} or more"
    return f"{words.number(edges[shade - 1])} to {words.number(edges[shade])}"
