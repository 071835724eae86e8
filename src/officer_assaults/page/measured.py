"""Measured: the layout of a text, worked out once for all drawings of a figure.

Matplotlib lays each label out anew whenever something asks how large it is: a chart has some
twenty labels, and is asked four hundred times before it is drawn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.text import Text


@contextlib.contextmanager
def once() -> Iterator[None]:
    """Have every text that is drawn meanwhile laid out once for each kind of drawing.

    A text is told by all that its layout rests on, so that a label that changes is measured again.
    """
    from matplotlib.text import Text

    measure = Text._get_layout  # type: ignore[attr-defined]
    known: dict[tuple[Any, ...], Any] = {}

    def recall(text: Text, renderer: Any) -> Any:
        if text.get_wrap() or text.get_usetex():
            return measure(text, renderer)
        key = _rests_on(text, renderer)
        if key not in known:
            known[key] = measure(text, renderer)
        return known[key]

    Text._get_layout = recall  # type: ignore[attr-defined]
    try:
        yield
    finally:
        Text._get_layout = measure  # type: ignore[attr-defined]


def _rests_on(text: Text, renderer: Any) -> tuple[Any, ...]:
    figure: Any = text.get_figure(root=True)
    return (
        # A drawing of lines changes to dots for what is to be rasterised.
        type(getattr(renderer, "_renderer", renderer)),
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
