"""Measured: texts, ticks and spines of a figure, worked out once for all its drawings.

Matplotlib lays each label out anew, and places each tick, whenever something asks how large they
are: a chart has some twenty labels, and is asked four hundred times before it is drawn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.text import Text

#: Axes on which a tick lies where its value does; others move ticks as they draw them.
_FLAT = "rectilinear"


@contextlib.contextmanager
def once() -> Iterator[None]:
    """Have each part of a figure that is drawn meanwhile worked out once for each kind of drawing.

    A text is told by all that its layout rests on, so that a label that changes is measured again.
    Ticks and spines are told by where their axes lie and what they span: what is drawn meanwhile
    changes its size and the text of its labels, and nothing else.
    """
    from matplotlib.axis import Axis
    from matplotlib.spines import Spine
    from matplotlib.text import Text

    with (
        _replaced(Text, "_get_layout", _layouts),
        _replaced(Axis, "_update_ticks", _ticks),
        _replaced(Axis, "_get_ticklabel_bboxes", _tick_labels),
        _replaced(Spine, "get_window_extent", _spines),
    ):
        yield


@contextlib.contextmanager
def _replaced(kind: Any, name: str, replacement: Callable[[Any], Any]) -> Iterator[None]:
    usual = getattr(kind, name)
    setattr(kind, name, replacement(usual))
    try:
        yield
    finally:
        setattr(kind, name, usual)


def _layouts(measure: Any) -> Any:
    known: dict[tuple[Any, ...], Any] = {}

    def recall(text: Text, renderer: Any) -> Any:
        if text.get_wrap() or text.get_usetex():
            return measure(text, renderer)
        key = _rests_on(text, renderer)
        if key not in known:
            known[key] = measure(text, renderer)
        return known[key]

    return recall


def _ticks(place: Any) -> Any:
    """Leave ticks where they are while their axes are: placing them moves these very ticks."""
    placed: dict[Any, tuple[Any, Any]] = {}

    def recall(axis: Any) -> Any:
        if axis.axes.name != _FLAT:
            return place(axis)
        where = _place(axis.axes)
        if placed.get(axis, (None,))[0] != where:
            placed[axis] = where, place(axis)
        return placed[axis][1]

    return recall


def _tick_labels(measure: Any) -> Any:
    known: dict[Any, tuple[Any, Any]] = {}

    def recall(axis: Any, ticks: Any, renderer: Any) -> Any:
        if axis.axes.name != _FLAT:
            return measure(axis, ticks, renderer)
        key = (_place(axis.axes), _kind(renderer), *map(id, ticks))
        if known.get(axis, (None,))[0] != key:
            known[axis] = key, measure(axis, ticks, renderer)
        return known[axis][1]

    return recall


def _spines(measure: Any) -> Any:
    known: dict[Any, tuple[Any, Any]] = {}

    def recall(spine: Any, renderer: Any = None) -> Any:
        if spine.axes.name != _FLAT:
            return measure(spine, renderer)
        where = _place(spine.axes)
        if known.get(spine, (None,))[0] != where:
            known[spine] = where, measure(spine, renderer)
        return known[spine][1]

    return recall


def _place(axes: Any) -> tuple[Any, ...]:
    """Give what decides where ticks come: the place of their axes in dots, and what these span."""
    return (
        axes.get_figure(root=True).dpi,
        axes.bbox.bounds,
        axes.viewLim.bounds,
    )


def _kind(renderer: Any) -> Any:
    # A drawing of lines changes to dots for what is to be rasterised.
    return type(getattr(renderer, "_renderer", renderer))


def _rests_on(text: Text, renderer: Any) -> tuple[Any, ...]:
    figure: Any = text.get_figure(root=True)
    return (
        _kind(renderer),
        figure.dpi,
        text.get_text(),
        hash(text.get_fontproperties()),
        text.get_rotation(),
        text.get_rotation_mode(),
        text.get_horizontalalignment(),
        text.get_verticalalignment(),
        text._get_multialignment(),  # type: ignore[attr-defined]
        text._linespacing,  # type: ignore[attr-defined]
        text.get_parse_math(),
    )
