"""Adopt: a figure that a researcher drew with seaborn or matplotlib, put into the house's look."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from officer_assaults.page import theme
from officer_assaults.refusals import unfit

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

LEAST_HEIGHT = 240.0
MOST_HEIGHT = 520.0
MOST_COLUMNS = 2
SMALLEST = 11.5
#: Largest distance in RGB (0 to 1 a channel) at which a colour counts as one of a known palette;
#: seaborn takes a quarter of the saturation out of filled shapes.
NEAR = 0.13
#: Spread of channels below which a colour is a grey.
GREY = 0.06
#: Mean of a shade's channels below which words on it are white.
DARK = 0.5
_SEABORN = ("deep", "muted", "bright", "dark", "colorblind")


def figure_of(drawn: Any) -> Figure:
    """Figure of whatever a plotting call gave back, in the house's look.

    Parameters
    ----------
    drawn : Figure, Axes, array of Axes, or a seaborn grid
        Figures of :func:`theme.figure` come back as they are; others are restyled in place:
        house fonts and colours, 680 px wide, legends above.

    Raises
    ------
    ValueError
        If it is no drawing, a colour belongs to no known palette, more colours are used than the
        house tells apart, or more than two panels stand side by side.
    """
    figure = _find_figure(drawn)
    # Where it is refused, what is drawn next must not fall into it.
    theme.release(figure)
    if figure.get_gid() == theme.HOUSE:
        return figure
    _check_panels(figure)
    width, height = (float(side) for side in figure.get_size_inches())
    tall = float(np.clip(theme.WIDE * height / width, LEAST_HEIGHT, MOST_HEIGHT))
    figure.set_layout_engine("none")
    figure.set_size_inches(theme.WIDE / 72, tall / 72)
    bars = _take_bars(figure)
    for ax in figure.axes:
        _restyle_axes(ax)
        _shade(ax)
    _lift_legends(figure)
    # A grid that was made apart from its figure, as a joint plot's, is laid out already.
    apart = any(getattr(spec.get_gridspec(), "figure", None) is None for spec in _tops(figure))
    figure.set_layout_engine("none" if apart else "constrained")
    for mappable, label in bars:
        figure.colorbar(mappable, ax=mappable.axes, label=label).outline.set_visible(False)
    for artist in figure.findobj():
        _restyle_text(artist)
        _recolour(artist)
    figure.patch.set_alpha(0.0)
    return figure


def _find_figure(drawn: Any) -> Figure:
    from matplotlib.figure import Figure

    first = drawn.flat[0] if isinstance(drawn, np.ndarray) and drawn.size else drawn
    found = first if isinstance(first, Figure) else getattr(first, "figure", None)
    if hasattr(drawn, "dendrogram_row"):
        theme.release(drawn.figure)
        raise unfit(
            "a cluster map needs more width than a telephone has; draw sns.heatmap of its "
            "data2d, which is in the clustered order"
        )
    if not isinstance(found, Figure):
        raise unfit(
            f"a {type(drawn).__name__} is no drawing; pass the figure, the axes, or the grid that "
            "the plotting call gave back"
        )
    return found


def _check_panels(figure: Figure) -> None:
    tops = {(top.rowspan, top.colspan) for top in _tops(figure)}
    rows = {row for span, _ in tops for row in span}
    columns = max((sum(row in span for span, _ in tops) for row in rows), default=1)
    if columns > MOST_COLUMNS:
        raise unfit(
            f"{columns} panels stand side by side, and a telephone has room for {MOST_COLUMNS}; "
            f"give col_wrap={MOST_COLUMNS}, or row= in place of col="
        )


def _restyle_axes(ax: Axes) -> None:
    for name, spine in ax.spines.items():
        spine.set_visible(spine.get_visible() and name == "bottom")
    ax.patch.set_alpha(0.0)
    ax.set_axisbelow(True)
    if ax.get_gid() != "colorbar":
        ax.grid(visible=True, color=theme.PALETTE["grid"], linewidth=1.0)
    ax.tick_params(which="both", length=0, pad=6, labelsize=theme.TEXT_SIZE)


def _tops(figure: Figure) -> list[SubplotSpec]:
    specs = [spec for ax in figure.axes if (spec := ax.get_subplotspec()) is not None]
    return [spec.get_topmost_subplotspec() for spec in specs]


def _take_bars(figure: Figure) -> list[tuple[Any, str]]:
    """Take colour bars off, since no other layout can hold them; give what to make them anew."""
    bars: list[tuple[Any, str]] = []
    for mappable in [each for ax in figure.axes for each in (*ax.collections, *ax.images)]:
        if bar := mappable.colorbar:
            bars.append((mappable, bar.ax.get_ylabel()))
            bar.remove()
    return bars


def _shade(ax: Axes) -> None:
    """Give a map of values the house's steps of shade, which have partners on dark pages."""
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import ListedColormap

    for mesh in ax.collections:
        if mesh.get_array() is None:
            continue
        mesh.set_cmap(ListedColormap(theme.STEPS))
        mesh.update_scalarmappable()
        if not isinstance(mesh, QuadMesh):
            continue
        ax.grid(visible=False)
        shades = np.asarray(mesh.get_facecolor())
        # Words in the tiles, in their order, where there is one for each.
        for text, shade in zip(ax.texts, shades, strict=False):
            text.set_color(theme.PALETTE["ink" if shade[:3].mean() > DARK else "paper"])


def _lift_legends(figure: Figure) -> None:
    """Put every legend above the panels, where it covers nothing on a narrow page."""
    for ax in figure.axes:
        inside = ax.get_legend()
        if inside is not None and len(figure.axes) == 1:
            labels = [text.get_text() for text in inside.get_texts()]
            title = inside.get_title().get_text() or None
            handles = [handle for handle in inside.legend_handles if handle is not None]
            figure.legend(handles, labels, title=title)
            inside.remove()
    for legend in figure.legends:
        legend.set_loc("outside upper left")
        legend.set_ncols(max(1, min(3, len(legend.get_texts()))))
        legend.set_frame_on(False)


def _restyle_text(artist: Artist) -> None:
    from matplotlib.text import Text

    if isinstance(artist, Text):
        artist.set_fontfamily(theme.rc()["font.sans-serif"])
        artist.set_fontsize(max(SMALLEST, float(artist.get_fontsize())))
        artist.set_parse_math(False)


def _recolour(artist: Artist) -> None:
    for name in ("color", "facecolor", "edgecolor", "markerfacecolor", "markeredgecolor"):
        setter: Callable[[Any], Any] | None = getattr(artist, f"set_{name}", None)
        getter: Callable[[], Any] | None = getattr(artist, f"get_{name}", None)
        if setter is None or getter is None:
            continue
        before = getter()
        if before is None or (isinstance(before, str) and before in ("auto", "none", "")):
            continue
        setter(_house_colours(before))


def _house_colours(given: Any) -> Any:
    from matplotlib.colors import to_rgba_array

    colours = to_rgba_array(given)
    if not len(colours):
        return given
    ours = np.array([_house_colour(tuple(float(part) for part in row)) for row in colours])
    return ours if len(ours) > 1 or np.ndim(given) > 1 else tuple(ours[0])


@cache
def _house_colour(rgba: tuple[float, ...]) -> tuple[float, ...]:
    """Colour of the house for a colour of a known palette; transparency stays."""
    from matplotlib.colors import to_hex, to_rgb

    rgb, alpha = np.array(rgba[:3]), rgba[3]
    name = to_hex((rgba[0], rgba[1], rgba[2]))
    if alpha == 0 or name in theme.PALETTE.values():
        return rgba
    if float(np.ptp(rgb)) < GREY:
        return (*to_rgb(theme.PALETTE[_grey(float(rgb.mean()))]), alpha)
    known, slots = _known()
    distance = np.sqrt(((known - rgb) ** 2).sum(axis=1))
    nearest = int(distance.argmin())
    if distance[nearest] > NEAR or slots[nearest] >= len(theme.SERIES):
        raise unfit(
            f"colour {name} has no partner for dark pages. Leave colours to seaborn's own "
            f"palette with at most {len(theme.SERIES)} categories as hue, or name one of "
            f"theme.PALETTE: {', '.join(theme.PALETTE)}"
        )
    return (*to_rgb(theme.SERIES[slots[nearest]]), alpha)


def _grey(level: float) -> str:
    limits = (("ink", 0.22), ("muted", 0.42), ("axis", 0.6), ("grid", 0.92))
    return next((name for name, limit in limits if level < limit), "paper")


@cache
def _known() -> tuple[np.ndarray, list[int]]:
    """Colours of the usual palettes, shape (n, 3), and the place of each in its cycle."""
    import seaborn as sns
    from matplotlib import colormaps

    palettes = [sns.color_palette(name) for name in _SEABORN]
    palettes.append([tuple(colour) for colour in colormaps["tab10"].colors])  # type: ignore[attr-defined]
    palettes.append(sns.color_palette(theme.SERIES))
    colours, slots = [], []
    for palette in palettes:
        for slot, colour in enumerate(palette):
            for shown in (colour, sns.desaturate(colour, 0.75)):
                colours.append(shown)
                slots.append(slot)
    return np.array(colours), slots
