"""A chart as SVG, PNG and PDF: the same bytes twice, standing alone, with its words inside."""

import io
from base64 import b64decode

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from officer_assaults.page import formats, svg, theme
from officer_assaults.pipeline.door import CHECKED_VARIABLE

TITLE, ALT = "It rose by 8%", "A line that climbs from left to right, from nought to nine"


def drawn():
    fig, ax = plt.subplots(figsize=(theme.WIDE / 72, 3))
    ax.plot([0, 1, 2], [0, 3, 9], color=theme.PALETTE["blue"], marker="o")
    ax.text(1, 3, "a < b", color=theme.PALETTE["ink"], fontsize=theme.TEXT_SIZE)
    drawing = svg.draw(fig, title=TITLE, description=ALT, prefix="t")
    found = formats.bundle(fig, drawing, title=TITLE, alt=ALT)
    plt.close(fig)
    return found


@pytest.fixture
def house(monkeypatch):
    with plt.rc_context(dict(theme.rc())):
        yield


def test_the_svg_stands_alone_and_every_shape_it_uses_is_in_it(house):
    image = BeautifulSoup(drawn()[formats.SVG], "xml").svg
    ids = {element["id"] for element in image.find_all(id=True)}
    used = {element["xlink:href"][1:] for element in image.find_all("use")}
    assert used
    assert used <= ids
    _, _, wide, high = image["viewBox"].split()
    assert (image["width"], image["height"]) == (wide, high)
    assert image.title.get_text() == TITLE
    assert image.desc.get_text() == ALT
    assert "a < b" in image.get_text()


def test_the_png_is_wide_small_and_says_what_it_shows(house):
    image = Image.open(io.BytesIO(b64decode(drawn()[formats.PNG])))
    assert image.width == round(theme.WIDE / 72 * formats.DOTS)
    assert image.text == {"Title": TITLE, "Description": ALT}
    colours = {colour for _, colour in image.convert("RGB").getcolors(1 << 20)}
    blue = tuple(int(theme.PALETTE["blue"][at : at + 2], 16) for at in (1, 3, 5))
    near = min(sum(abs(a - b) for a, b in zip(c, blue, strict=True)) for c in colours)
    assert near < 30


def test_the_same_chart_gives_the_same_bytes_and_a_batch_makes_no_pdf(house, monkeypatch, tmp_path):
    assert drawn() == drawn()
    monkeypatch.setenv(CHECKED_VARIABLE, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert set(drawn()) == {formats.SVG, formats.PNG}
