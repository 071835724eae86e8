"""The words of the report on the methods: what is met, what is not, and what is old."""

from dataclasses import replace

import pandas as pd
import pytest

from officer_assaults.page import theme, words
from officer_assaults.stats.studies import Tally, tally
from officer_assaults.studies import registry
from officer_assaults.topics.validation import figures as figures_validation
from officer_assaults.topics.validation import report as validation
from officer_assaults.topics.validation.findings import SAID

SCENARIO = "situation placebo"


def covered(hits, runs=1000):
    return tally("m", [1.0] * hits + [0.0] * (runs - hits))


@pytest.fixture
def references():
    rows = [(name, "What", 1.0, 0.1, "relative", "Published", "book", 1.0) for name in _names()]
    columns = ["id", "quantity", "value", "tolerance", "kind", "program", "source", "found"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(difference=0.0, agrees=True)


def _names():
    ends = ("", ".lower", ".upper")
    return [
        *(name + end for name in SAID.told("released") for end in ends),
        "doctors.ratio",
        "ships.yr_con",
    ]


@pytest.fixture
def story(references):
    found = {
        "two lists": {"Chapman": covered(950)},
        "next year": {
            "movement allowed for": covered(950),
            "counting error alone": covered(600),
        },
        SCENARIO: {"step": covered(190, 200)},
        "calibration of rates, integrated": {
            f"rank of {name}": Tally(200, 200, 0.0, 0.0, (10,) * 20)
            for name in ("mean", "spread", "smallest force", "largest force")
        },
    }
    forecast = validation.forecast_result(pd.DataFrame({"covered": [True] * 94 + [False] * 6}))
    return validation.ValidationStory(
        full=(*registry.judged(found), forecast),
        now=registry.judged(found, widen=True),
        changed=(),
        missing=(),
        references=references,
        refused="E112",
        refusal_wanted="E112",
        refused_situation="two logs are mixed.",
        versions={},
        runs=100,
        release="2026-04",
    )


def _missing_its_band(story):
    bad = [replace(one, value=0.80) if one.target.measure == "Chapman" else one
           for one in story.full]  # fmt: skip
    return replace(story, full=tuple(bad))


def test_real_counts_name_their_release_and_simulated_ones_say_so(story):
    releases = {one.vintage for one in validation.findings(story) if one.simulated}
    assert releases == {"simulated"}
    assert [one.vintage for one in validation.findings(story) if one.period == "all origins"] == [
        story.release
    ]


def _text(story):
    parts = [
        validation.answer(story),
        *validation.headline(story).values(),
        *validation.main_points(story),
    ]
    parts += validation.notes_on_record(story)
    return " ".join(parts)


def test_a_met_study_says_so(story):
    assert validation.headline(story)["text"].startswith("8 of 8 promises")
    assert validation.answer(story).startswith("Yes")
    assert "Every band that a method relied on is held to is met." in _text(story)
    by_id = {one.id: one for one in validation.findings(story)}
    assert {one.verdict for one in by_id.values()} == {"consistent", "reproduces"}
    assert by_id["validation.recording"].simulated
    assert not by_id["validation.forecast-on-real-forces"].simulated
    assert by_id["validation.next-year-s-count"].denominator == "of 1 band"


def test_a_missed_band_is_named_and_never_hidden(story):
    bad = _missing_its_band(story)
    assert validation.headline(bad)["text"].startswith("7 of 8 promises")
    assert validation.answer(bad).startswith("Mostly: 1 promise")
    assert "1 band of methods relied on is not met: Total from two lists" in _text(bad)
    found = next(one for one in validation.findings(bad) if one.id == "validation.recording")
    assert (found.verdict, found.value) == ("not supported", 0.0)
    rows = validation.failures_table(bad)["frame"]
    assert rows["Estimator"].tolist() == [
        "Total from two lists",
        "Poisson limits of next year's count",
    ]
    assert "covers outside the band" in validation.words_for_coverage(bad)["headline"]


def test_old_and_missing_studies_are_said_plainly(story):
    old = replace(story, changed=("two lists",), missing=("rate ratio", "funnel 0.25"))
    text = _text(old)
    assert "the code of 1 study changed since" in text
    assert "2 studies not run yet" in text
    assert "Made by older code, and to be run again with make validate: two lists." in text
    assert "Not in the record: rate ratio and funnel 0.25." in text
    assert "older code" not in _text(story)


def test_a_figure_that_disagrees_turns_its_findings(story):
    off = story.references.assign(agrees=story.references["id"] != "nhefs.ipw.upper")
    by_id = {one.id: one for one in validation.findings(replace(story, references=off))}
    assert by_id["validation.nhefs.ipw"].verdict == "contradicted"
    assert by_id["validation.nhefs.standardised"].verdict == "reproduces"
    assert by_id["validation.agrees.published"].verdict == "contradicted"


def test_the_refusal_is_compared_with_the_one_fixed(story):
    assert "refused (E112)" in validation.note_on_refusal(story)
    assert "should be refused with E112 and was not" in validation.note_on_refusal(
        replace(story, refused="")
    )


def test_rank_rows_are_flat_for_even_ranks_and_hold_the_band(story):
    rows = validation.rank_rows(story.full, "calibration of rates, integrated")
    assert rows["Difference (points)"].abs().max() == pytest.approx(0, abs=1e-9)
    middle = rows[rows["Rank of the truth (%)"] == 50].iloc[0]
    # 1.96 root(.5 * .5 / 200) is 6.93 points.
    assert middle["Allowed (points)"] == pytest.approx(6.93, abs=0.01)
    for chart in (
        figures_validation.ranks(rows),
        figures_validation.coverage(validation.coverage_rows(story.full)),
    ):
        theme.close(chart.figure)


def test_every_sentence_keeps_the_rules_of_wording(story):
    for one in (story, _missing_its_band(story)):
        texts = [_text(one), validation.note_on_refusal(one)]
        for table in (
            *validation.kind_tables(one),
            validation.failures_table(one),
            validation.situations_table(one),
            validation.now_table(one),
            validation.external_table(one),
        ):
            texts += [table["caption"], str(table.get("notes", ""))]
            texts += table["frame"].astype(str).to_numpy().ravel().tolist()
        texts += [f"{found.claim} {found.note}" for found in validation.findings(one)]
        texts += [f"{study.scenario}. {study.family}" for study in registry.STUDIES.values()] + [
            f"{target.estimator}. {target.why}. {target.miss}" for target in registry.TARGETS
        ]
        found = words.lint("".join(f"<p>{text}</p>" for text in texts))
        assert found == []
