"""Report 05 as a researcher edits it: one change in the notebook, and table and words follow."""

import json
import os
from pathlib import Path

import notebook_runs
import numpy as np
import pandas as pd
import pytest

FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
NAME = "05_crewing"
SOURCE = Path(notebook_runs.NOTEBOOKS) / f"{NAME}.ipynb"
FORMULA = 'model = f"victims ~ single + {data.adjustment}"'
FIT = """fit = glm.fit(
    model,
    rows,
    exposure="officer_hours",
    cluster=data.errors_by,
    family="poisson",
    alpha=alpha,
)"""
RANDOM = (
    "from officer_assaults.stats import random_level\n\n"
    'fit = random_level.fit(model, rows, exposure="officer_hours", level="beat", alpha=alpha)'
)
#: Cells that a short run leaves out: figures and tables behind the headline.
LAST_OF_SHORT = "report.main_points"


@pytest.fixture(scope="module")
def edited(tmp_path_factory):
    """Run the notebook with one text put in place of another; every run is kept."""
    kept = {}

    def call(old="", new="", whole=False, drawn=False):
        if (old, new) not in kept:
            with pytest.MonkeyPatch.context() as patch:
                folder = tmp_path_factory.mktemp("edited")
                (folder / f"{NAME}.ipynb").write_text(_edit(old, new, whole=whole or FULL))
                patch.setattr(notebook_runs, "NOTEBOOKS", folder)
                kept[old, new] = notebook_runs.run(NAME, patch, drawn=drawn)
        return kept[old, new]

    return call


def _edit(old, new, *, whole):
    document = json.loads(SOURCE.read_text(encoding="utf-8"))
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    texts = ["".join(cell["source"]) for cell in cells]
    if old:
        assert sum(text.count(old) for text in texts) == 1, "the edit is one place"
        texts = [text.replace(old, new) for text in texts]
    last = next(i for i, text in enumerate(texts) if LAST_OF_SHORT in text)
    chosen = [
        cell | {"source": text.splitlines(True)}
        for i, (cell, text) in enumerate(zip(cells, texts, strict=True))
        if whole or i <= last or i == len(cells) - 1
    ]
    return json.dumps(document | {"cells": chosen})


def ratio(shown):
    return shown.findings["crewing.per_officer_hour"]


def model(shown):
    return next(text for text in shown.text("table") if "The fitted model" in text)


def test_the_checks_of_the_model_stand_beside_it_and_follow_it(edited):
    plain, levels = edited(), edited(FIT, RANDOM)
    own = plain.names["fit"].statsmodels
    found = notebook_runs.checked(plain, "Dispersion")
    assert found == pytest.approx(own.pearson_chi2 / own.df_resid, abs=6e-3)
    assert notebook_runs.checked(plain, "Influence: most that one beat moves 'single'") < 1
    assert notebook_runs.checked(levels, "Dispersion") < found


def test_a_term_more_is_a_row_more_and_moves_the_interval(edited):
    """``single`` meets the night: the headline's ratio is the one over all hours as worked."""
    plain, crossed = (
        edited(),
        edited(FORMULA, FORMULA.replace("single +", "single + single:night +")),
    )
    assert "single:night" in model(crossed)
    assert "single:night" not in model(plain)
    assert ratio(crossed)["value"] != ratio(plain)["value"]
    assert ratio(crossed)["value"] == pytest.approx(ratio(plain)["value"], rel=0.05)


def test_the_family_is_one_word(edited):
    shown = edited('family="poisson"', 'family="nb2"')
    assert "nb2" in "".join(shown.html("table"))
    assert ratio(shown)["value"] == pytest.approx(ratio(edited())["value"], rel=0.05)
    assert ratio(shown)["lower"] != ratio(edited())["lower"]


def test_a_random_level_by_beat_is_one_call(edited):
    shown = edited(FIT, RANDOM)
    assert "a random level by beat (60 groups" in "".join(shown.html("table"))
    assert ratio(shown)["value"] == pytest.approx(ratio(edited())["value"], rel=0.1)


def test_a_denominator_of_ones_own_is_one_line(edited, tmp_path):
    """Hours from a researcher's own file, twice as many for single crews, halve the ratio."""
    path = tmp_path / "own-hours.csv"
    shown = edited(
        "rows = data.rows()",
        "rows = data.rows()\n"
        f"rows.assign(own=rows['officer_hours'] * (1 + rows['single'])).to_csv({str(path)!r})\n"
        f"rows = rows.assign(officer_hours=pd.read_csv({str(path)!r})['own'].to_numpy())".replace(
            "pd.read_csv", "__import__('pandas').read_csv"
        ),
    )
    assert pd.read_csv(path)["own"].notna().all()
    single = _row(model(shown), "single"), _row(model(edited()), "single")
    assert single[0] == pytest.approx(single[1] / 2, abs=0.02)


def _row(text, term):
    line = next(line for line in text.splitlines() if line.strip().startswith(term))
    return float(line.split()[1])


def test_a_sentence_of_the_headline_is_one_line(edited):
    line = "report.headline(**crewing.headline(story))"
    said = "Nobody in England and Wales has counted the hours of single crews."
    shown = edited(line, f'report.headline(**crewing.headline(story) | {{"text": "{said}"}})')
    assert said in shown.text("headline")[0]


def test_a_new_seaborn_figure_is_taken_as_it_is(edited):
    old = "report.main_points(crewing.main_points(story))"
    new = f"""{old}
import seaborn as sns
by_band = rows.groupby(["hour_band", "single"], observed=True, as_index=False)[
    ["victims", "officer_hours"]
].sum()
by_band["rate"] = 1000 * by_band["victims"] / by_band["officer_hours"]
report.show_figure(
    sns.pointplot(by_band, x="hour_band", y="rate", hue="single"),
    headline="Single crews' rates by part of the day",
    subtitle="Recorded victims per 1,000 officer-hours",
    alt="Points for single and double crews in four parts of the day, highest at night.",
    data=by_band,
    **shown,
)"""
    figure = edited(old, new, drawn=True).text("figure")
    assert any("rates by part of the day" in text for text in figure)


def test_a_simulated_number_never_stands_in_large_type(edited):
    shown = edited()
    assert shown.text("answer")[0].startswith("Not known.")
    assert 'class="oa-big"' not in "".join(shown.html("headline"))
    found = np.round([ratio(shown)[name] for name in ("value", "lower", "upper")], 2)
    for role in ("answer", "headline", "may_say"):
        assert not any(f"{number:.2f}" in shown.text(role)[0] for number in found)
    assert "1.18" in shown.text("headline")[0]
    assert "1.04 to 1.34" in shown.text("headline")[0]
