"""What a researcher changes in notebook 01: each task is one edit, and the page follows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from notebook_runs import checked, run

from officer_assaults.data import forces
from officer_assaults.refusals import Refusal

FORMULA = '"count ~ later"'


@pytest.fixture(scope="module")
def plain():
    with pytest.MonkeyPatch.context() as patch:
        return run("01_rise", patch)


def test_the_model_is_what_statsmodels_fits(plain):
    rows, fit = plain.names["others"], plain.names["fit"]
    assert "thames-valley" not in set(rows["force"])
    direct = smf.poisson("count ~ later", rows, exposure=rows["officers"]).fit(disp=False)
    found = fit.table().set_index("term")["rate ratio"]
    assert found["later"] == pytest.approx(np.exp(direct.params["later"]))
    assert plain.findings["rise.others"]["value"] == pytest.approx(found["later"])


def test_the_checks_of_the_model_stand_beside_it(plain):
    own = plain.names["fit"].statsmodels
    assert checked(plain, "Dispersion") == pytest.approx(own.pearson_chi2 / own.df_resid, abs=6e-3)
    assert checked(plain, "Influence: most that one force moves 'later'") < 1


@pytest.mark.parametrize(
    ("term", "shown"),
    [("np.log(population)", ["np.log(population)"]), ("C(region)", ["London", "Wales"])],
)
def test_a_covariate_is_one_edit_and_its_rate_ratio_stands_in_the_table(
    monkeypatch, plain, term, shown
):
    edited = run("01_rise", monkeypatch, edits={FORMULA: f'"count ~ later + {term}"'})
    table = edited.names["fit"].table()
    for name in shown:
        assert table["term"].str.contains(name, regex=False).any()
    assert edited.findings["rise.others"]["value"] != plain.findings["rise.others"]["value"]


def test_the_family_is_one_edit_and_the_interval_follows(monkeypatch, plain):
    edited = run("01_rise", monkeypatch, edits={'family="poisson"': 'family="nb2"'})
    assert edited.names["fit"].nb_alpha > 0
    assert edited.findings["rise.others"]["upper"] != plain.findings["rise.others"]["upper"]


def test_an_own_denominator_moves_model_words_and_figure(monkeypatch, tmp_path, plain):
    """Twice as many in the later year for everyone halves every rate ratio."""
    rows = plain.names["rows"]
    own = rows[["force", "financial_year"]].assign(exposure=rows["officers"] * (1 + rows["later"]))
    own["force"] = own["force"].map(forces.names())
    own.to_csv(tmp_path / "own.csv", index=False)
    edited = run("01_rise", monkeypatch, own_denominator=str(tmp_path / "own.csv"))
    half = plain.findings["rise.others"]["value"] / 2
    assert edited.findings["rise.others"]["value"] == pytest.approx(half)
    assert edited.findings["rise.odd"]["value"] == pytest.approx(
        plain.findings["rise.odd"]["value"] / 2
    )
    assert "own denominator" in edited.releases
    assert any("per unit of your own" in text for text in edited.text("main_points"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"exposure": 0.0}, "E104"),
        ({"force": "Rutland"}, "E101"),
        ({"financial_year": "2018"}, "E106"),
    ],
)
def test_a_wrong_row_of_an_own_denominator_is_refused(monkeypatch, tmp_path, plain, change, code):
    rows = plain.names["rows"]
    own = rows[["force", "financial_year"]].assign(exposure=1.5)
    for name, value in change.items():
        own.loc[3, name] = value
    own.to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(Refusal) as refused:
        run("01_rise", monkeypatch, own_denominator=str(tmp_path / "own.csv"))
    assert code in refused.value.codes
    assert "own.csv" in str(refused.value)


def test_own_yearly_counts_take_the_place_of_the_release(monkeypatch, tmp_path):
    own = pd.DataFrame(
        {
            "force": "Kent", "fy_start": ["2017-04-01", "2018-04-01"], "days": 365,
            "n_total": [1000, 1300], "n_injury": [200, 260], "n_no_injury": [800, 1040],
            "series": "prc_104_8S", "vintage": "2026-11", "status": "final",
        }
    )  # fmt: skip
    own.to_csv(tmp_path / "own.csv", index=False)
    edited = run("01_rise", monkeypatch, force="kent", own_counts=str(tmp_path / "own.csv"))
    assert edited.findings["rise.change"]["value"] == 300
    # Nobody reproduces a count by printing it.
    assert edited.findings["rise.weekly1"]["verdict"] == "consistent"


def test_a_headline_sentence_is_one_edit(monkeypatch):
    old = "report.headline(**rise.headline(size, among))"
    new = 'report.headline(**rise.headline(size, among) | {"text": "A line of mine."})'
    edited = run("01_rise", monkeypatch, edits={old: new})
    assert "A line of mine." in edited.text("headline")[0]


def test_a_seaborn_figure_of_ones_own_is_one_edit(monkeypatch, plain):
    mine = """import seaborn as sns
report.show_figure(
    sns.scatterplot(data=rows, x="officers", y="count", hue="financial_year"),
    headline="Counts follow officers", subtitle="Forces, two years",
    alt="Scatter of recorded counts against officers for two years, rising together",
    data=rows[["force", "officers", "count"]],
)
for finding in findings:"""
    edited = run("01_rise", monkeypatch, edits={"for finding in findings:": mine}, drawn=True)
    assert len(edited.html("figure")) == len(plain.html("figure")) + 1
    assert "Counts follow officers" in edited.html("figure")[-1]


def test_england_and_wales_is_a_focus_too(monkeypatch):
    shown = run("01_rise", monkeypatch, force="england-and-wales")
    assert shown.findings["rise.change"]["value"] == 31_029 - 26_114
    assert "rise.odd" not in shown.findings
    assert "other forces" not in shown.text("headline")[0]
