"""Texts laid out once: drawings are those of matplotlib alone, and a changed label moves."""

import numpy as np
import pytest
from matplotlib.text import Text

from officer_assaults.page import formats, measured, svg, theme


def chart():
    """Turned, broken, aligned and rasterised labels of several sizes."""
    fig, (ax, other) = theme.figure(columns=2)
    ax.plot(np.arange(5), [1, 4, 2, 8, 1000], color=theme.PALETTE["blue"])
    ax.set_xlabel("A label of the axis that is much longer than its drawing on a telephone is wide")
    for at, side in enumerate(("left", "center", "right")):
        ax.text(at, 100 * at, "two\nlines", ha=side, va="top", rotation=30 * at)
        other.text(0.2, 0.2 * at, "two\nlines", ha=side, linespacing=1 + at, multialignment=side)
    other.text(0.5, 0.9, "two\nlines", weight="bold", rasterized=True)
    return fig


def drawn():
    fig = chart()
    drawing = svg.draw(fig, title="t", description="d", prefix="p")
    return drawing.wide, drawing.narrow, formats.bundle(fig, drawing, title="t", alt="d")


def test_drawings_are_those_of_matplotlib_alone():
    alone = drawn()
    with measured.once():
        assert drawn() == alone


@pytest.mark.parametrize(
    "change",
    [
        {"text": "wider than before"},
        {"fontsize": 30},
        {"weight": "bold"},
        {"rotation": 90},
        {"horizontalalignment": "right"},
        {"verticalalignment": "top"},
        {"multialignment": "right"},
        {"linespacing": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_label_that_changes_is_measured_again(change):
    fig, ax = theme.figure()
    label = ax.text(0.5, 0.5, "of\ntwo lines")
    renderer = fig._get_renderer()
    with measured.once():
        before = repr(label._get_layout(renderer))
        label.set(**change)
        after = repr(label._get_layout(renderer))
    assert after != before
    assert after == repr(label._get_layout(renderer))


def test_matplotlib_is_left_as_it_was_and_asked_a_fifth_as_often(monkeypatch):
    asked = []
    plain = Text._get_layout

    def count(text, renderer):
        asked.append(text.get_text())
        return plain(text, renderer)

    monkeypatch.setattr(Text, "_get_layout", count)
    drawn()
    alone = len(asked)
    asked.clear()
    with measured.once():
        drawn()
    assert len(asked) < alone / 5
    assert Text._get_layout is count
