"""Theme: the look of every chart, and the dark colour that stands in for each light one.

Colours are the categorical palette of the Government Analysis Function (*Data visualisation:
colours in charts*, 2023). Charts are drawn once, in the light colours; style rules made here swap
each for its dark partner, so that no chart carries a white card into a dark page.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

PAGE_LIGHT = "#ffffff"
PAGE_DARK = "#14171a"
TEXT_SIZE = 12.5
WIDE = 680
NARROW = 358

Width = Literal["full", "half"]
_WIDTHS: Mapping[str, int] = MappingProxyType({"full": WIDE, "half": 330})
_POINTS_PER_INCH = 72
#: Mark of a figure that is drawn in the house's look already.
HOUSE = "officer-assaults"


class Ink(NamedTuple):
    """One colour of the theme, on a light page and on a dark one."""

    light: str
    dark: str


INKS: Mapping[str, Ink] = MappingProxyType(
    {
        "ink": Ink("#0b0c0c", "#f2f3f4"),
        "muted": Ink("#505a5f", "#b4babe"),
        "axis": Ink("#6f777b", "#8f989e"),
        "grid": Ink("#d5d9dc", "#343b41"),
        "paper": Ink(PAGE_LIGHT, PAGE_DARK),
        "blue": Ink("#12436d", "#cfe6fb"),
        "orange": Ink("#f46a25", "#cf5a16"),
        "grey": Ink("#868e93", "#778086"),
        "teal": Ink("#28a197", "#298c84"),
        "pink": Ink("#801650", "#fbd3e8"),
        "purple": Ink("#a285d1", "#8c6fc1"),
        # The series' colours where they write a name: dark enough, or light enough, to be read.
        "orange_text": Ink("#b3470f", "#f08650"),
        "teal_text": Ink("#1b746c", "#4fbfb4"),
        "purple_text": Ink("#6d4fa8", "#b9a2e2"),
        "step1": Ink("#e3ecf4", "#20303f"),
        "step2": Ink("#b3cbe0", "#33506b"),
        "step3": Ink("#7ba3c7", "#517ba2"),
        "step4": Ink("#42759f", "#86b1d8"),
    }
)

PALETTE: Mapping[str, str] = MappingProxyType({name: ink.light for name, ink in INKS.items()})
SERIES: tuple[str, ...] = tuple(
    PALETTE[name] for name in ("blue", "orange", "teal", "pink", "purple", "grey")
)
STEPS: tuple[str, ...] = tuple(
    PALETTE[name] for name in ("step1", "step2", "step3", "step4", "blue")
)

#: What of the look is a colour, by the ink that it takes.
_COLOURED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ink": (
            "text.color", "axes.labelcolor", "axes.titlecolor", "xtick.labelcolor",
            "ytick.labelcolor",
        ),
        "axis": ("xtick.color", "ytick.color", "axes.edgecolor", "hatch.color"),
        "grid": ("grid.color",),
        "paper": ("patch.edgecolor",),
    }
)  # fmt: skip


@cache
def rc() -> Mapping[str, Any]:
    """Give matplotlib its settings: ``house.mplstyle`` beside this, and the colours."""
    from matplotlib import rc_params_from_file

    style = Path(__file__).with_name("house.mplstyle")
    colours = {key: PALETTE[ink] for ink, keys in _COLOURED.items() for key in keys}
    return MappingProxyType({**rc_params_from_file(style, use_default_template=False), **colours})


def use() -> None:
    """Make the theme the default of seaborn, and so of matplotlib, for this session."""
    import seaborn as sns

    sns.set_theme(context="notebook", style="white", palette=list(SERIES), rc=dict(rc()))


def figure(
    width: Width = "full",
    height: float = 320,
    *,
    rows: int = 1,
    columns: int = 1,
    **subplots: Any,
) -> tuple[Figure, Any]:
    """Blank figure in the project's style.

    The figure is not registered with ``pyplot``, so that it is shown only by
    :func:`officer_assaults.page.report.show_figure`.

    Parameters
    ----------
    width : {"full", "half"}
        ``"full"`` is drawn 680 px wide, and a second time 358 px wide for telephones; ``"half"``
        is 330 px wide everywhere.
    height : float
        Height in px; the same on a telephone.
    rows, columns : int
        Number of panels.
    **subplots
        Passed on to :meth:`matplotlib.figure.Figure.subplots`, for instance ``sharey=True`` or
        ``height_ratios=[2, 1]``.

    Returns
    -------
    tuple of matplotlib.figure.Figure and matplotlib.axes.Axes
        Axes are an array where there is more than one panel.
    """
    from matplotlib.figure import Figure

    use()
    size = (_WIDTHS[width] / _POINTS_PER_INCH, height / _POINTS_PER_INCH)
    fig = Figure(figsize=size, layout="constrained")
    fig.set_gid(HOUSE)
    return fig, fig.subplots(rows, columns, **subplots)


def release(fig: Figure) -> None:
    """Take a figure from ``pyplot``, if that manages it, so that the next one starts anew."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close(fig)


def close(fig: Figure) -> None:
    """Release a figure and what it holds."""
    release(fig)
    # Clearing axes would make them anew before they go.
    for ax in list(fig.axes):
        fig.delaxes(ax)
    fig.clear()


def dark_rules(scope: str) -> str:
    """Style rules that swap every light chart colour for its dark partner.

    Parameters
    ----------
    scope : str
        Selector of the element that holds the charts, for instance ``".oa-chart"``.

    Returns
    -------
    str
        One rule per colour and property; black-ink text needs none, it is ``currentColor``.
    """
    rules: list[str] = []
    for name, ink in INKS.items():
        if name == "ink":
            continue
        rules.extend(
            f'{scope} [{part}="{ink.light}"]{{{part}:{ink.dark}}}' for part in ("fill", "stroke")
        )
    return "".join(rules)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb`` colours, 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
