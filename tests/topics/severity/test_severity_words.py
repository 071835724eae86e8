"""Words that must turn with the figures: which way a share moved, what a release table holds."""

from __future__ import annotations

import pandas as pd
import pytest

from officer_assaults.data import force_year, forces, recorded
from officer_assaults.stats import severity as models
from officer_assaults.topics.audit import report as audit
from officer_assaults.topics.severity import report as severity_split


def _story(force: str) -> severity_split.SeverityStory:
    focus = forces.resolve(force)
    split = force_year.injury_split(focus, "2017/18", "2018/19", "auto")
    data = force_year.force_year("2017/18", "2018/19")
    assert split.own is not None
    return severity_split.SeverityStory(
        two=split.two,
        force=focus,
        data=data,
        refused=split.refused,
        share=models.share_change(*split.own),
        own={"naive": models.ratio_of_ratios(*split.own)},
        panel={},
        placebo=models.placebo_distribution(data.panel.frame),
        pooled={},
        influence=pd.DataFrame(),
        uptake=pd.DataFrame(),
        alpha=0.05,
    )


@pytest.mark.parametrize(
    ("force", "opens"),
    [
        ("thames-valley", "A lower share"),
        ("devon-and-cornwall", "A higher share"),
        ("london-city", "A higher share"),
    ],
)
def test_the_caution_reads_the_way_the_share_moved(force: str, opens: str) -> None:
    assert severity_split.headline(_story(force))["caveat"].startswith(opens)


def test_a_line_that_is_not_in_the_table_is_not_explained_under_it() -> None:
    notes = severity_split.layers_table(_story("dorset"))["notes"]
    assert not any("against all others" in note for note in notes)


def test_the_table_of_releases_shows_the_newest_and_the_change_follows_from_it() -> None:
    shown = audit.revisions_table(recorded.vintages_side_by_side("england-and-wales"), "all")
    frame = shown["frame"]
    newest = recorded.newest()
    assert newest in frame
    counts = frame.drop(columns=["Year", "Code", "Change"]).astype(float)
    oldest = counts.bfill(axis="columns").iloc[:, 0]
    assert (counts[newest] / oldest - 1).tolist() == pytest.approx(frame["Change"].tolist())
