"""Texts laid out once: drawings are those of matplotlib alone, and a changed label moves."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
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


def twins():
    """Two scales, ticks above, a secondary axis, dates, and numbers so large they are offset."""
    fig, (ax, other) = theme.figure(columns=2)
    ax.plot(pd.date_range("2012-04-01", periods=9, freq="QS"), np.arange(9) * 1e9)
    ax.twinx().semilogy([15450, 15800], [1, 1e5])
    ax.set_title("A title over ticks")
    ax.xaxis.tick_top()
    ax.set_ylabel("A label beside the ticks")
    other.minorticks_on()
    other.plot([1, 2, 3], [0.5, 9, 0.1])
    other.secondary_xaxis("top", functions=(lambda x: x * 12, lambda x: x / 12))
    other.invert_yaxis()
    fig.align_labels()
    return fig


def shared():
    """Panels with one scale between them, a colour bar, and spines moved outwards."""
    fig, axes = theme.figure(rows=2, columns=2, sharex=True, sharey="row")
    for ax in axes.flat:
        ax.plot([0, 10], [0, 3])
        ax.tick_params(size=4, direction="inout")
    axes[0, 0].spines["left"].set_visible(True)
    axes[0, 0].spines["left"].set_position(("outward", 12))
    image = axes[1, 1].imshow([[0, 1], [2, 3]], cmap="Greys", aspect="auto")
    image.remove()
    fig.supxlabel("A label below all")
    return fig


def round_about():
    """Axes on which ticks do not lie where values do."""
    fig = Figure(figsize=(9, 4), layout="constrained")
    fig.add_subplot(1, 2, 1, projection="polar").plot([0, 1, 2], [1, 2, 3])
    fig.add_subplot(1, 2, 2, projection="3d").plot([0, 1], [1, 2], [3, 4])
    return fig


CHARTS = (chart, twins, shared, round_about)


def files(fig):
    """The drawings as matplotlib gives them, of two sizes, with all colours."""
    for width in (9.4, 5):
        fig.set_size_inches(width, 4.4)
        with svg.labels_that_fit(fig, width * 72):
            yield svg._matplotlib_svg(fig), formats.png(fig, title="t", alt="d")


def drawn():
    fig = chart()
    drawing = svg.draw(fig, title="t", description="d", prefix="p")
    return drawing.wide, drawing.narrow, formats.bundle(fig, drawing, title="t", alt="d")


def test_drawings_are_those_of_matplotlib_alone():
    alone = drawn()
    with measured.once():
        assert drawn() == alone


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.__name__)
def test_ticks_and_spines_lie_where_matplotlib_puts_them(chart):
    alone = list(files(chart()))
    with measured.once():
        assert list(files(chart())) == alone


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
