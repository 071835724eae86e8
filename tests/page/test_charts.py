"""Charts: what is drawn is what the rows say."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num

from officer_assaults.page import charts, svg, theme
from officer_assaults.topics.forces import figures

ROWS = pd.DataFrame(
    {
        "Force": ["Alder", "Birch", "Cedar", "Dogwood"],
        "Ratio": [1.1, 0.8, 1.6, 1.2],
        "lower": [1.0, 0.7, 1.2, 1.1],
        "upper": [1.2, 0.9, 2.1, 1.3],
    }
)
COLUMNS = {"label": "Force", "value": "Ratio", "lower": "lower", "upper": "upper"}


def _points(chart: charts.Chart) -> pd.DataFrame:
    """Positions of all markers, in order of height."""
    axes = chart.figure.axes[0]
    places = [
        point
        for line in axes.lines
        if line.get_marker() not in ("None", "", None)
        for point in line.get_xydata()
    ]
    return pd.DataFrame(places, columns=["x", "y"]).sort_values("y", ignore_index=True)


def test_a_caterpillar_draws_every_row_in_rising_order_with_its_own_label() -> None:
    chart = charts.caterpillar(ROWS, **COLUMNS, axis_label="Ratio", focus="Birch", log=True)
    points = _points(chart)
    axes = chart.figure.axes[0]
    labels = [tick.get_text() for tick in axes.get_yticklabels()]
    ordered = ROWS.sort_values("Ratio")
    assert points["x"].tolist() == ordered["Ratio"].tolist()
    assert labels == ordered["Force"].tolist()
    assert chart.data["Ratio"].tolist() == ordered["Ratio"].tolist()[::-1]
    bold = [tick.get_text() for tick in axes.get_yticklabels() if tick.get_fontweight() == "bold"]
    assert bold == ["Birch"]
    segments = [
        tuple(segment[:, 0]) for lines in axes.collections for segment in lines.get_segments()
    ]
    assert sorted(segments) == sorted(zip(ROWS["lower"], ROWS["upper"], strict=True))


def test_a_forest_keeps_the_order_given_top_down() -> None:
    chart = charts.dot_interval(ROWS, **COLUMNS, axis_label="Ratio", reference=1)
    assert _points(chart)["x"].tolist() == ROWS["Ratio"].tolist()[::-1]


def test_more_lines_than_can_be_told_apart_need_a_focus() -> None:
    frame = pd.DataFrame(
        [(x, y, name) for name in "abcde" for x, y in ((1, 2), (2, 3))], columns=["x", "y", "n"]
    )
    with pytest.raises(ValueError, match="5 lines cannot be told apart"):
        charts.lines(frame, x="x", y="y", series="n", axis_label="y")
    chart = charts.lines(frame, x="x", y="y", series="n", axis_label="y", focus="c")
    colours = [line.get_color() for line in chart.figure.axes[0].lines]
    assert colours == [theme.PALETTE["grey"]] * 4 + [theme.PALETTE["blue"]]


def test_names_at_line_ends_never_overlap() -> None:
    frame = pd.DataFrame(
        [(x, 10 + 0.01 * k, f"series {k}") for k in range(4) for x in (1, 2)],
        columns=["x", "y", "n"],
    )
    chart = charts.lines(frame, x="x", y="y", series="n", axis_label="y")
    chart.figure.draw_without_rendering()
    boxes = sorted(
        (text.get_window_extent() for text in chart.figure.axes[0].texts), key=lambda box: box.y0
    )
    assert len(boxes) == 4
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


def test_tiles_show_steps_and_cross_out_what_is_missing() -> None:
    frame = pd.DataFrame(
        {"f": ["a", "a", "b", "b"], "y": ["1", "2", "1", "2"], "v": [0.0, 1.0, np.nan, 2.0]}
    )
    chart = charts.heat_tiles(frame, row="f", column="y", value="v", edges=[1, 2])
    axes = chart.figure.axes[0]
    centres = [
        [square.mean(axis=0).round(6).tolist() for square in shade.get_path().to_polygons()]
        for shade in axes.patches
    ]
    # The first corner of a closed square counts twice in its mean.
    assert [[[round(x + 0.092), round(y + 0.088)] for x, y in shade] for shade in centres] == [
        [[0, 0]],
        [[1, 0]],
        [[1, 1]],
    ]
    (crosses,) = [line for line in axes.lines if line.get_marker() == "x"]
    assert crosses.get_xydata().tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("log", [True, False])
def test_axis_numbers_are_plain(log: bool) -> None:
    frame = ROWS.assign(**ROWS[["Ratio", "lower", "upper"]] * (1 if log else 10_000))
    chart = charts.caterpillar(frame, **COLUMNS, axis_label="x", log=log)
    chart.figure.draw_without_rendering()
    texts = [tick.get_text() for tick in chart.figure.axes[0].get_xticklabels()]
    assert texts
    assert not any("$" in text or "e" in text for text in texts)
    assert log or any("," in text for text in texts)


def test_the_frame_is_left_as_it_was() -> None:
    before = ROWS.copy()
    charts.caterpillar(ROWS, **COLUMNS, axis_label="Ratio")
    charts.dot_interval(ROWS, **COLUMNS, axis_label="Ratio")
    pd.testing.assert_frame_equal(ROWS, before)


@pytest.mark.parametrize(("focus", "side"), [("a", "left"), ("e", "center"), ("i", "right")])
def test_the_name_of_a_force_at_an_end_of_the_axis_runs_inwards(focus: str, side: str) -> None:
    # City of London's name lay on the ticks of its chart on a telephone.
    frame = pd.DataFrame({"force": list("abcdefghi"), "exposure": np.geomspace(20, 20_000, 9)})
    chart = figures.count_against_size(
        frame.assign(count=frame["exposure"] / 4),
        names={name: f"Force {name}" for name in frame["force"]},
        exposure_label="Officer-years",
        focus=focus,
    )
    texts = {text.get_text(): text for text in chart.figure.axes[0].texts}
    assert texts[f"Force {focus}"].get_ha() == side


def test_the_label_of_a_line_in_the_middle_of_a_logarithmic_axis_stands_over_it() -> None:
    chart = charts.caterpillar(
        ROWS, **COLUMNS, axis_label="Ratio", log=True, reference=1.2, reference_label="mean"
    )
    (label,) = [text for text in chart.figure.axes[0].texts if text.get_text() == "mean"]
    assert label.get_ha() == "center"


@pytest.mark.parametrize("width", [theme.WIDE, theme.NARROW])
@pytest.mark.parametrize(
    ("low", "high"), [(0.97, 1.04), (0.8, 1.4), (0.7, 2.1), (0.3, 3.5), (0.4, 9.0), (0.05, 60.0)]
)
def test_a_ratio_axis_has_three_ticks_or_more_and_none_is_left_out_between_others(
    width: int, low: float, high: float
) -> None:
    frame = pd.DataFrame({"Force": ["a", "b"], "Ratio": [low, high], "lower": [low] * 2})
    chart = charts.dot_interval(
        frame.assign(upper=high), label="Force", value="Ratio", lower="lower", upper="upper",
        axis_label="x", log=True,
    )  # fmt: skip
    chart.figure.set_size_inches(width / 72, chart.figure.get_size_inches()[1])
    chart.figure.draw_without_rendering()
    axes = chart.figure.axes[0]
    inside = [
        tick for tick in axes.get_xticks() if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]
    ]
    assert len(inside) >= 3
    gaps = np.diff(np.log(inside))
    assert gaps.max() / gaps.min() < 2.6


@pytest.mark.parametrize("apart", [0.0, 15.0, 30.0, 45.0])
@pytest.mark.parametrize("marked", [0, 3])
def test_names_of_lines_that_end_close_together_do_not_collide(apart: float, marked: int) -> None:
    quarters = pd.date_range("2012-04-01", periods=55, freq="QS")
    rows = [
        pd.DataFrame({"Quarter": quarters, "Offences": 300.0 + shift, "Who": who})
        for who, shift in (("Kent", 0.0), ("England and Wales, same scale", apart))
    ]
    events = dict.fromkeys(quarters[20 : 20 + marked], "second inspection: outstanding")
    chart = charts.lines(
        pd.concat(rows), x="Quarter", y="Offences", series="Who", events=events,
        axis_label="Offences", height=360,
    )  # fmt: skip
    drawn = svg.draw(chart.figure, title="t", description="d", prefix="p").narrow
    names = re.findall(r'<text[^>]*\by="([\d.]+)"[^>]*font-weight="700"|'
                       r'<text[^>]*font-weight="700"[^>]*\by="([\d.]+)"', drawn or "")  # fmt: skip
    heights = sorted(float(first or second) for first, second in names)
    assert len(heights) == 4
    # A line of text is fifteen high; names may stand no closer than their own lines do.
    assert min(b - a for a, b in pairwise(heights)) >= 14


def test_a_line_stops_where_quarters_are_missing() -> None:
    quarters = pd.Series(pd.date_range("2018-04-01", periods=12, freq="QS"))
    kept = quarters.drop([3, 4, 5, 7])
    frame = pd.DataFrame({"Quarter": kept, "Offences": np.arange(100, 108)})
    chart = charts.lines(frame, x="Quarter", y="Offences", axis_label="Offences")
    drawn = [line.get_xydata() for line in chart.figure.axes[0].lines]
    assert [len(points) for points in drawn] == [3, 1, 4, 1]
    assert len(chart.data) == 8


def test_the_names_of_events_stand_clear_of_each_others_uprights() -> None:
    quarters = pd.date_range("2012-04-01", periods=55, freq="QS")
    frame = pd.DataFrame({"Quarter": quarters, "Offences": np.arange(55) + 50})
    days = pd.to_datetime(["2017-02-15", "2018-04-20", "2018-11-13"])
    labels = ["inspection: inadequate", "second inspection: good", "Act in force"]
    events = dict(zip(days, labels, strict=True))
    chart = charts.lines(frame, x="Quarter", y="Offences", axis_label="Offences", events=events)
    axes = chart.figure.axes[0]
    chart.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    uprights = [axes.transData.transform((day, 50))[0] for day in date2num(days)]
    assert len(boxes) == len(uprights) == 3
    for box, own in zip(boxes, uprights, strict=True):
        assert box.x1 <= own
    for (one, _), (box, at) in pairwise(zip(boxes, uprights, strict=True)):
        assert not one.padded(-1).overlaps(box)
        assert not one.x0 < at < one.x1
