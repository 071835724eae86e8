"""One edit of a model by a stranger: the page follows, or one sentence refuses."""

from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pytest
import statsmodels.formula.api as smf
from notebook_runs import Begun, run

from officer_assaults.refusals import Refusal

RISE = '"count ~ later"'
SEVERITY = '"count ~ without_injury * later"'
RECORDING = '"recorded ~ C(force) + C(quarter) + log_public"'
CREWING = 'f"victims ~ single + {data.adjustment}"'
ACT = 'C(season) + after"'
OF_RISE = 'exposure=per, cluster="force", family="poisson"'
MODELS = {
    "01_rise": RISE,
    "02_forces": '"count ~ focus"',
    "03_severity": SEVERITY,
    "04_recording": RECORDING,
    "05_crewing": CREWING,
    "06_act": ACT,
}


@pytest.fixture(scope="module")
def begun():
    """Each notebook up to its model, run once."""
    kept = {}

    def call(name):
        if name not in kept:
            kept[name] = Begun(name, MODELS[name])
        return kept[name]

    return call


REFUSED = [
    ("01_rise", RISE, '"count ~ np.log(population)"', "E125", r"Put '\+ later' back"),
    ("01_rise", RISE, '"count ~ 0 + later"', "E122", "no level of its own"),
    ("01_rise", RISE, '"count ~ later + cr(population, 4)"', "E122", "constraints='center'"),
    ("01_rise", RISE, '"count ~ later + population + I(population**2)"', "E122", r"scale\(column"),
    ("01_rise", RISE, '"count ~ later * C(region)"', "E114", "rests on one cluster"),
    ("01_rise", OF_RISE, 'exposure=None, cluster="force"', "E104", "needs its exposure"),
    ("01_rise", OF_RISE, 'exposure="count", cluster="force"', "E104", "outcome as well"),
    ("01_rise", OF_RISE, 'exposure=per, cluster="county"', "E125", "no column is called"),
    ("01_rise", OF_RISE, 'exposure=per, family="negbin"', "E125", "nb2 is the negative binomial"),
    ("02_forces", '"count ~ focus"', '"count ~ np.log(population)"', "E125", "no term 'focus'"),
    ("03_severity", SEVERITY, '"count ~ without_injury + later"', "E125", "without_injury:later"),
    ("04_recording", RECORDING, '"recorded ~ C(force) + C(quarter)"', "E125", "log_public"),
    ("05_crewing", CREWING, "data.adjustment and 'victims ~ night'", "E125", "no term 'single'"),
    ("05_crewing", CREWING, '"incidents_assault ~ single"', "E125", "speaks of victims"),
    ("05_crewing", CREWING, '"victims ~ single + attended"', "E116", "after the crew was sent"),
    ("05_crewing", 'exposure="officer_hours"', 'exposure="unit_hours"', "E104", "into that column"),
    ("06_act", ACT, 'C(season)"', "E125", "no term 'after'"),
]


@pytest.mark.parametrize(("name", "old", "new", "code", "said"), REFUSED)
def test_an_edit_that_takes_away_what_the_page_says_is_refused(begun, name, old, new, code, said):
    with pytest.raises(Refusal, match=said) as refused:
        begun(name).go_on(old, new)
    assert refused.value.codes[0] == code


@pytest.mark.parametrize("name", MODELS)
def test_what_a_notebook_holds_shows_a_table(begun, name):
    held = [
        one
        for one in begun(name).values.values()
        if is_dataclass(one) and not isinstance(one, type)
    ]
    assert held
    assert [type(one).__name__ for one in held if "<table" not in one._repr_html_()] == []


def test_another_exposure_is_named_in_words_and_findings(begun):
    shown = begun("01_rise").go_on(OF_RISE, 'exposure="days", cluster="force"')
    assert "per day, by the model below" in shown.text("main_points")[0]
    assert shown.findings["rise.others"]["denominator"] == "day"
    assert "(codes 104 and 8S) per day" in shown.text("figure")[-1]


@pytest.mark.parametrize(
    "term",
    [
        "np.log(population) + later:np.log(population)",
        "bs(np.log(population), 4)",
        "scale(population)",
    ],
)
def test_growth_is_that_of_all_forces_whatever_the_formula_holds(begun, term):
    """statsmodels' own fit, predicted with everyone in the later year and in the earlier one."""
    own = f"count ~ later + {term}"
    shown = begun("01_rise").go_on(RISE, f'"{own}"', last="report.main_points")
    rows, growth = shown.names["others"], shown.names["growth"]
    direct = smf.poisson(own, rows, exposure=rows["officers"]).fit(disp=False, maxiter=200)
    totals = [
        direct.predict(rows.assign(later=value), exposure=rows["officers"]).sum()
        for value in (1, 0)
    ]
    assert growth.value == pytest.approx(totals[0] / totals[1], rel=1e-5)
    assert growth.lower < growth.value < growth.upper
    gap = f"{abs(growth.value - 1):.0%}"
    assert f"by {gap} per officer, by the model below" in shown.text("main_points")[0]


def test_a_place_among_forces_is_per_what_its_model_is_per(begun):
    shown = begun("02_forces").go_on("exposure=main, family", 'exposure="population", family')
    assert shown.findings["comparison.model"]["denominator"] == "population"


def test_a_ratio_of_ratios_does_not_hang_on_how_it_is_coded(begun):
    severity = begun("03_severity")
    plain = severity.go_on(SEVERITY, SEVERITY, last="report.main_points")
    coded = severity.go_on(
        SEVERITY, '"count ~ C(later) * C(without_injury, Sum)"', last="report.main_points"
    )
    for one, other in zip(
        plain.names["story"].pooled.values(), coded.names["story"].pooled.values(), strict=True
    ):
        assert (other.value, other.lower) == pytest.approx((one.value, one.lower), rel=1e-6)


def test_errors_are_said_as_they_were_made(begun):
    shown = begun("03_severity").go_on('cluster="force", ', "")
    (pooled,) = [html for html in shown.html("table") if "injury, forces together" in html]
    assert "From the model, errors of the model." in pooled
    assert not any("clustered by force" in html for html in shown.html("table"))


def test_each_force_left_out_in_turn_follows_the_formula(begun):
    """Below an edited model no row stays that of the report's own; refits are those of the fit."""
    plain, edited = (
        begun("04_recording").go_on(RECORDING, formula, last="inspected.each_force_left_out")
        for formula in (RECORDING, '"recorded ~ C(force) + log_public"')
    )
    for shown in (plain, edited):
        fit, left = shown.names["fit"], shown.names["jackknifed"]
        assert left.value == pytest.approx(fit.effect("log_public").estimate, abs=1e-9)
        rows = shown.names["national"].panel
        refits = [
            fit.again(rows[rows["force"] != force]).effect("log_public").estimate
            for force in ("kent", "norfolk", "thames-valley")
        ]
        assert all(left.lowest - 1e-6 <= one <= left.highest + 1e-6 for one in refits)
        assert shown.names["minor"].spec.formula == fit.spec.formula.replace("public", "minor")
    assert abs(plain.names["jackknifed"].value - edited.names["jackknifed"].value) > 0.01
    (table,) = [text for text in edited.html("table") if "each force left out in turn" in text]
    assert "Model recorded ~ C(force) + log_public, officers as offset" in table


def test_dropping_the_work_from_a_crewing_model_drops_it_from_every_sentence(begun):
    shown = begun("05_crewing").go_on(CREWING, '"victims ~ single + weekend"')
    assert shown.text("gate") == ["Comparison of like work: not passed"]
    assert "call grade (left out of the model)" in " ".join(shown.text("caveat"))
    ladder = next(text for text in shown.text("figure") if "as like is compared" in text)
    assert "most with darkness and weekend" in ladder
    assert "for 2 steps of adjustment" in ladder


def test_a_headline_does_not_say_alike_what_the_model_does_not_hold_alike(monkeypatch):
    own = str(Path(__file__).parents[1] / "topics" / "crewing" / "cells.csv")
    shown = run("05_crewing", monkeypatch, edits={CREWING: '"victims ~ single"'}, cells_path=own)
    assert shown.text("headline")[0].startswith("With nothing held alike in")
    assert not any("like hours" in text for text in shown.text("main_points"))


def test_another_cluster_reaches_every_interval(begun):
    crewing = begun("05_crewing")
    shown = crewing.go_on("cluster=data.errors_by", 'cluster="lpa"', last="report.boxes")
    one = shown.names["analysis"].adjusted
    assert "12 clusters, t with 11 degrees" in one.method
    steps = {step.clusters for step in shown.names["analysis"].ladder}
    assert steps == {12}


def test_a_step_that_bends_is_the_one_since_the_event(begun):
    shown = begun("06_act").go_on(ACT, 'C(season) + after * years"', last="report.main_points")
    fit, rows = next(iter(shown.names["fits"].values())), shown.names["rows"]
    since = rows["after"].to_numpy() == 1
    without = fit.predict_count(rows.assign(after=0.0), exposure=fit.spec.exposure).to_numpy()
    ratio = fit.rows.mu[since].sum() / without[since].sum()
    assert f"{abs(ratio - 1):.0%} more" in shown.text("may_say")[0]
    # Its error is that of a refit with the trend measured from the mean of the time since.
    assert np.isfinite(fit.effect("after", treated=True).se)


def test_the_point_on_a_force_among_others_is_that_of_its_model(begun):
    forces = begun("02_forces")
    old = '"count ~ focus"'
    plain, edited = (
        forces.go_on(old, new, last="report.main_points")
        for new in (old, '"count ~ focus + np.log(population)"')
    )
    ratios = [f"{shown.names['fit'].effect('focus').ratio:.2f} (" for shown in (plain, edited)]
    assert ratios[0] != ratios[1]
    for shown, ratio in zip((plain, edited), ratios, strict=True):
        assert f"per officer-year is {ratio}" in shown.text("main_points")[0]


def test_every_date_is_tried_by_the_model_as_edited(begun):
    """The step that leaves least deviance among statsmodels' own fits, date by date."""
    act = begun("06_act")
    plain, edited = (act.go_on(ACT, new, last="report.answer") for new in (ACT, 'after"'))
    assert edited.names["search"].iloc[2:].equals(plain.names["search"].iloc[2:])
    assert plain.names["search"]["harmonics"].isna().tolist() == [True] * 2 + [False] * 16
    rows, own = edited.names["rows"], edited.names["search"].iloc[0]
    control = own["control"]
    left = {}
    for day in sorted(rows["date"].unique())[8:-3]:
        moved = rows.assign(after=(rows["date"] >= day).astype(float))
        direct = smf.poisson(edited.names["formula"], moved, exposure=moved[control]).fit(
            disp=False, maxiter=200
        )
        left[day] = (-direct.llf, float(np.exp(direct.params["after"])))
    best = min(left, key=left.get)
    assert own["date"] == best
    assert own["ratio"] == pytest.approx(left[best][1], rel=1e-6)
    assert own["ratio"] != pytest.approx(plain.names["search"]["ratio"].iloc[0], rel=1e-3)


def test_other_seeds_are_fitted_by_the_model_as_edited(begun):
    crewing = begun("05_crewing")
    plain, edited = (
        crewing.go_on(CREWING, new, last="seed_spread(") for new in (CREWING, '"victims ~ single"')
    )
    # With nothing held alike single crews seem safer: they do the calmer work.
    assert (plain.names["spread"]["Rate ratio"] > 1).all()
    assert (edited.names["spread"]["Rate ratio"] < 1).all()
    # The first seed is that of the page itself.
    one = edited.names["fit"].effect("single").ratio
    assert edited.names["spread"]["Rate ratio"].iloc[0] == pytest.approx(one, rel=1e-9)
