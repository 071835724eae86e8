"""A researcher's own seaborn figure comes out in the house's look, or is refused with a remedy."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
from matplotlib.figure import Figure

from officer_assaults.page import adopt, svg, theme

QUARTERS = pd.DataFrame(
    {
        "quarter": np.tile(np.arange(12), 3),
        "offences": 100 + np.arange(36) % 7 * 9,
        "force": np.repeat(["Kent", "Essex", "Surrey"], 12),
        "act": np.tile(["before"] * 6 + ["after"] * 6, 3),
    }
)
DRAWN = {
    "line": lambda: sns.lineplot(QUARTERS, x="quarter", y="offences", hue="force"),
    "band": lambda: sns.lineplot(QUARTERS, x="quarter", y="offences", seed=1),
    "facets": lambda: sns.relplot(
        QUARTERS, x="quarter", y="offences", hue="force", col="act", kind="line"
    ),
    "points": lambda: sns.pointplot(QUARTERS, x="force", y="offences", hue="act", seed=1),
    "bars": lambda: sns.barplot(QUARTERS, x="force", y="offences", hue="act", seed=1),
    "boxes": lambda: sns.boxplot(QUARTERS, x="force", y="offences"),
    "histogram": lambda: sns.histplot(QUARTERS, x="offences", hue="force"),
    "ecdf": lambda: sns.ecdfplot(QUARTERS, x="offences", hue="force"),
    "scatter": lambda: sns.scatterplot(QUARTERS, x="quarter", y="offences", style="force"),
    "regression": lambda: sns.regplot(QUARTERS, x="quarter", y="offences", seed=1),
    "heat": lambda: sns.heatmap(
        QUARTERS.pivot_table(index="force", columns="quarter", values="offences")
    ),
    "density": lambda: sns.histplot(QUARTERS, x="quarter", y="offences", cbar=True),
    "categories": lambda: sns.catplot(QUARTERS, x="act", y="offences", kind="box"),
    "grid": lambda: sns.FacetGrid(QUARTERS, col="force", col_wrap=2).map(sns.histplot, "offences"),
    "joint": lambda: sns.jointplot(QUARTERS, x="quarter", y="offences"),
    "pairs": lambda: sns.pairplot(QUARTERS[["quarter", "offences"]]),
    "matplotlib": lambda: plt.subplots()[1].plot([1, 2], [3, 4], "--")[0].axes,
}


@pytest.fixture(autouse=True)
def fresh_style():
    sns.reset_orig()
    yield
    plt.close("all")
    sns.reset_orig()


@pytest.mark.parametrize("style", ["stock", "darkgrid"])
@pytest.mark.parametrize("name", DRAWN)
def test_any_form_comes_out_in_the_house_colours_at_both_widths(name, style):
    if style == "darkgrid":
        sns.set_theme()
    plt.figure()
    figure = adopt.figure_of(DRAWN[name]())
    # The drawing itself refuses a colour without a dark partner and text too small to read.
    drawing = svg.draw(figure, title=name, description="d", prefix="p")
    assert drawing.narrow is not None
    assert f'width="{theme.WIDE}"' in drawing.wide
    assert theme.SERIES[0] in drawing.wide


def test_a_map_of_values_takes_the_steps_of_shade_and_its_numbers_stay_readable():
    figure = adopt.figure_of(sns.heatmap(np.arange(9.0).reshape(3, 3), annot=True))
    values, bar = figure.axes
    shades = [plt.matplotlib.colors.to_hex(one) for one in values.collections[0].get_facecolor()]
    assert shades[0] == theme.STEPS[0]
    assert shades[-1] == theme.STEPS[-1]
    for text, shade in zip(values.texts, shades, strict=True):
        assert theme.contrast(plt.matplotlib.colors.to_hex(text.get_color()), shade) > 3
    assert bar.get_position().x0 > values.get_position().x1


def test_categories_keep_their_order_of_colours_and_transparency_stays():
    figure = adopt.figure_of(DRAWN["line"]())
    shown = [line.get_color() for line in figure.axes[0].lines[:3]]
    expected = [plt.matplotlib.colors.to_rgba(colour) for colour in theme.SERIES[:3]]
    np.testing.assert_allclose(shown, expected)
    plt.figure()
    band = adopt.figure_of(DRAWN["band"]()).axes[0].collections[0]
    assert 0 < band.get_facecolor()[0, 3] < 0.5


def test_a_figure_of_the_house_is_left_as_it_is():
    figure, ax = theme.figure()
    ax.plot([1, 2], [1, 2], color=theme.PALETTE["step3"])
    assert adopt.figure_of(figure) is figure
    assert figure.get_size_inches()[0] == theme.WIDE / 72


@pytest.mark.parametrize(
    ("drawn", "remedy"),
    [
        (lambda: sns.relplot(QUARTERS, x="quarter", y="offences", col="force"), "col_wrap=2"),
        (
            lambda: sns.scatterplot(QUARTERS, x="quarter", y="offences", hue="offences"),
            "at most 6 categories as hue",
        ),
        (lambda: sns.clustermap(np.arange(9.0).reshape(3, 3)), "sns.heatmap of its data2d"),
        (lambda: plt.plot([1, 2]), "pass the figure, the axes"),
        (lambda: QUARTERS, "pass the figure, the axes"),
        (lambda: Figure, "pass the figure, the axes"),
    ],
)
def test_what_cannot_be_shown_says_what_to_change(drawn, remedy):
    plt.figure()
    with pytest.raises(ValueError, match=remedy):
        adopt.figure_of(drawn())


def test_what_is_drawn_after_a_refused_figure_starts_anew():
    with pytest.raises(ValueError, match="side by side"):
        adopt.figure_of(sns.pairplot(QUARTERS.assign(a=1.0, b=QUARTERS["quarter"] ** 2)))
    next_one = adopt.figure_of(sns.scatterplot(QUARTERS, x="quarter", y="offences"))
    assert len(next_one.axes) == 1
