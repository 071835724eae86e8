"""Words that must turn with the figures: which way a share moved, what a release table holds."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from officer_assaults.data import force_year, forces, recorded
from officer_assaults.stats import glm
from officer_assaults.stats import severity as models
from officer_assaults.topics.audit import report as audit
from officer_assaults.topics.severity import data as frames
from officer_assaults.topics.severity import findings as severity_findings
from officer_assaults.topics.severity import model as growth
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
        injury=growth.injury_growth(split),
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


# Recomputed in R by an auditor from release 2023-10: ratio of ratios by the forces that are kept.
SELECTIONS = {
    "with the Metropolitan Police": ([], 0.924),
    "without it": (["metropolitan-police"], 1.051),
}


@pytest.mark.parametrize(("without", "ratio"), SELECTIONS.values(), ids=SELECTIONS)
def test_the_national_contrast_turns_with_one_force_and_neither_is_established(without, ratio):
    """Forces with a lost quarter are out; errors by force hold what counting chance excluded."""
    data = force_year.force_year("2017/18", "2018/19", "2023-10")
    rows = frames.class_rows(data.panel.frame, (365, 365))
    assert not {"devon-and-cornwall", "dorset", "gloucestershire"} & set(rows["force"])
    kept = rows[~rows["force"].isin(without)]
    fit = glm.fit("count ~ without_injury * later", kept, exposure="days", cluster="force")
    found = fit.estimate("without_injury:later", denominator="recorded assaults with injury")
    assert found.value == pytest.approx(ratio, abs=5e-4)
    assert found.contains(1.0)
    narrow = models.pooled_contrast(data.panel.frame, without).interval
    assert not narrow.contains(1.0)


def test_counting_chance_alone_gives_no_verdict_where_the_scatter_of_forces_is_known() -> None:
    story = _story("thames-valley")
    firm = models.SeverityContrast("naive", 0.5, 0.1)
    wide = models.SeverityContrast("calibrated", 0.5, 0.4, df=36, tau=0.3, comparators=37)
    alone = severity_findings._found_contrast(story, "severity.naive", firm, "2026-04")
    assert alone.verdict == "consistent"
    known = replace(story, panel={"calibrated": wide})
    assert (
        severity_findings._found_contrast(known, "severity.naive", firm, "2026-04").verdict
        == "not supported"
    )


@pytest.mark.parametrize(
    ("force", "opens"), [("thames-valley", "Not known. Recorded"), ("west-midlands", "Recorded")]
)
def test_the_answer_follows_the_interval_of_the_injury_counts(force: str, opens: str) -> None:
    story = _story(force)
    assert severity_split.answer(story).startswith(opens) == (
        story.injury.contains(1.0) == opens.startswith("Not known")
    )
