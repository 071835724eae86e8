"""Drawings: the same bytes wherever they are made, and nothing a strict page would refuse."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from officer_assaults.page import svg, theme

DRAW = """
import sys, datetime
import numpy as np, pandas as pd
from officer_assaults.page import charts, svg
rows = pd.DataFrame({"Force": list("abcdef"), "r": [1.0, 1.2, .9, 1.5, 1.1, .7]})
rows = rows.assign(lower=rows.r * .9, upper=rows.r * 1.1)
dates = pd.date_range("2015-04-01", periods=12, freq="QS")
series = pd.DataFrame({"Quarter": dates, "Count": np.arange(12.0) ** 2 * 100})
drawn = [
    charts.caterpillar(rows, label="Force", value="r", lower="lower", upper="upper",
                       axis_label="Ratio", focus="c", log=True),
    charts.lines(series, x="Quarter", y="Count", axis_label="Count", events={dates[5]: "New code"}),
]
for chart in drawn:
    drawing = svg.draw(chart.figure, title="t", description="d", prefix="p")
    sys.stdout.write(drawing.wide + (drawing.narrow or ""))
"""


def _draw(folder: Path, **environment: str) -> str:
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", DRAW],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _draw(tmp_path_factory.mktemp("one"), PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C.UTF-8")


def test_bytes_do_not_depend_on_hash_seed_time_zone_locale_or_folder(
    drawn: str, tmp_path: Path
) -> None:
    other = _draw(tmp_path, PYTHONHASHSEED="77", TZ="Pacific/Auckland", LC_ALL="C", LANG="tr_TR")
    assert other == drawn
    assert len(drawn) > 4000


def test_nothing_in_a_drawing_needs_a_style_attribute_or_another_file(drawn: str) -> None:
    for banned in (
        "style=",
        "<style",
        "<metadata",
        "<!--",
        "xlink",
        "http",
        "font-family",
        "<?xml",
    ):
        assert banned not in drawn


def test_coordinates_have_two_decimals_and_text_stays_text(drawn: str) -> None:
    assert not re.findall(r"\d\.\d{3,}", drawn)
    soup = BeautifulSoup(drawn, "html.parser")
    texts = [text.get_text() for text in soup.select("text")]
    assert {"New code", "Ratio", "a", "Count", "2016"} <= set(texts)
    assert "10,000" in texts


def test_every_reference_inside_a_drawing_leads_somewhere() -> None:
    fig, ax = theme.figure()
    ax.plot([1, 2, 3], [1, 3, 2], "o-")
    ax.fill_between([1, 2, 3], [0, 1, 1], [2, 4, 3], alpha=0.2)
    drawing = svg.draw(fig, title="t", description="d", prefix="q")
    for text in (drawing.wide, drawing.narrow or ""):
        names = re.findall(r'\sid="([^"]+)"', text)
        wanted = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#(.+?)\)", text))
        assert wanted
        assert wanted <= set(names)
        assert len(names) == len(set(names))
        assert all(name.startswith("q-") for name in names)
    assert not set(re.findall(r'\sid="([^"]+)"', drawing.wide)) & set(
        re.findall(r'\sid="([^"]+)"', drawing.narrow or "")
    )


def test_the_narrow_drawing_is_as_wide_as_a_telephone_and_text_keeps_its_size() -> None:
    fig, ax = theme.figure()
    ax.set_xlabel("A label")
    drawing = svg.draw(fig, title="t", description="d", prefix="q")
    boxes = [
        BeautifulSoup(text or "", "html.parser").svg["viewbox"].split()  # type: ignore[index,union-attr]
        for text in (drawing.wide, drawing.narrow)
    ]
    assert [float(box[2]) for box in boxes] == [theme.WIDE, theme.NARROW]
    for text in (drawing.wide, drawing.narrow or ""):
        assert set(re.findall(r'font-size="([^"]+)"', text)) == {f"{theme.TEXT_SIZE:g}"}


def test_a_cloud_of_points_that_would_weigh_too_much_is_refused() -> None:
    fig, ax = theme.figure()
    ax.scatter(range(4000), range(4000), color=theme.PALETTE["blue"])
    with pytest.raises(ValueError, match=r"kB, more than 150 kB; aggregate"):
        svg.draw(fig, title="t", description="d", prefix="q")


def test_lines_of_one_label_stay_in_line_in_any_font() -> None:
    fig, ax = theme.figure()
    ax.set_yticks([0, 1], ["Both moved the way\nof the count", "short"])
    ax.set_title("in the middle of\nit", loc="center")
    drawing = svg.draw(fig, title="t", description="d", prefix="q")
    soup = BeautifulSoup(drawing.wide, "html.parser")
    lines = {text.get_text(): text for text in soup.select("text")}
    for upper, lower, anchor in (
        ("Both moved the way", "of the count", "end"),
        ("in the middle of", "it", "middle"),
    ):
        assert lines[upper]["text-anchor"] == lines[lower]["text-anchor"] == anchor
        assert lines[upper]["x"] == lines[lower]["x"]


def test_a_long_axis_label_is_broken_where_the_drawing_is_narrow_only() -> None:
    fig, ax = theme.figure()
    label = "A label of an axis that is far longer than a telephone is wide"
    ax.set_xlabel(label)
    drawing = svg.draw(fig, title="t", description="d", prefix="q")
    assert label in drawing.wide
    assert label not in (drawing.narrow or "")
    assert ax.get_xlabel() == label
