"""The picture to share: its size, its words, the same bytes again, and the tags that lead to it."""

import io
import os
import struct

import numpy as np
import pytest
from PIL import Image

from officer_assaults.page import picture, theme

LONG = "Recorded assaults rose by a third, more than counting chance alone would give. " * 12


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


@pytest.mark.parametrize("finding", ["Not known.", LONG, "x" * 400])
def test_it_is_1200_by_630_and_no_text_leaves_its_margins(finding):
    content = picture.draw(title="Kent: Is the rise real?", finding=finding, source="Source: S")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (picture.WIDTH, picture.HEIGHT)
    drawn = (pixels(content) < 250).any(axis=2)
    below = drawn[picture._BAR + 1 :]
    assert not below[:, : picture.MARGIN - 4].any()
    if " " in finding:
        assert not below[:, picture.WIDTH - picture.MARGIN + 4 :].any()
    assert not below[-8:].any()


def test_finding_and_foot_do_not_touch():
    content = picture.draw(title="T", finding=LONG, source="Source: " + "Home Office; " * 20)
    rows = (pixels(content) < 250).any(axis=(1, 2))
    # Two runs of empty rows part title, finding and foot.
    empty = np.flatnonzero(~rows[picture._BAR + 60 :])
    runs = np.split(empty, np.flatnonzero(np.diff(empty) > 1) + 1)
    assert sum(len(run) >= 12 for run in runs) >= 2


def test_the_same_finding_gives_the_same_bytes_and_another_gives_others():
    result = {
        "scope": "kent", "notebook": "01_rise", "headline": {"number": "+8%", "text": "It rose"},
        "sources": [{"publisher": "Home Office", "vintage": "2026-04"}],
    }  # fmt: skip
    made = picture.of_report(result)
    assert picture.of_report(result) == made
    assert picture.of_report(result | {"headline": {"answer": "Not known."}}) != made
    assert (theme.PALETTE["blue"]) == "#12436d"


def test_it_is_drawn_again_when_the_page_is_newer(tmp_path):
    result = {"scope": "kent", "notebook": "01_rise", "headline": {"text": "a"}, "sources": []}
    (tmp_path / "kent").mkdir()
    page = tmp_path / "kent" / "01_rise.html"
    page.write_text("page")
    picture.refresh(tmp_path, [result])
    drawn = page.with_suffix(".png")
    first = drawn.read_bytes()
    picture.refresh(tmp_path, [result | {"headline": {"text": "b"}}])
    assert drawn.read_bytes() == first
    later = drawn.stat().st_mtime + 5
    os.utime(page, (later, later))
    picture.refresh(tmp_path, [result | {"headline": {"text": "b"}}])
    assert drawn.read_bytes() != first
