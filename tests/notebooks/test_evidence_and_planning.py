"""The reports on crewing evidence and on planning, run as a reader would get them."""

import pytest
from notebook_runs import run

from officer_assaults import paths
from officer_assaults.data import cache
from officer_assaults.page import words
from officer_assaults.topics.planning import protocol as trial_protocol

# Figures are printed to three decimals.
PRINTED = 0.0006


@pytest.fixture(scope="module")
def module_patch(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(cache.CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield patch


@pytest.fixture(scope="module")
def evidence(module_patch):
    return run("10_evidence", module_patch)


@pytest.fixture(scope="module")
def planning(module_patch):
    return run("08_planning", module_patch)


@pytest.mark.parametrize("report", ["evidence", "planning"])
def test_wording_rules_hold_and_the_first_screen_is_complete(report, request):
    shown = request.getfixturevalue(report)
    for role in ("headline", "main_points", "boxes", "table", "figure", "caveat"):
        for html in shown.html(role):
            assert words.lint(html) == []
    assert len(shown.html("headline")) == len(shown.html("main_points")) == 1
    assert (
        "interval" in shown.text("headline")[0] or "simulated trials" in shown.text("headline")[0]
    )


@pytest.mark.parametrize(
    ("finding", "value", "lower", "upper"),
    [
        ("injury_pooled", 1.183, 1.042, 1.345),
        ("injury_ratio", 1.216, 0.963, 1.535),
        ("injury_ratio_unclustered", 1.212, 1.005, 1.463),
        ("injury_ratio_activity", 1.191, 0.948, 1.497),
        ("survey_bounds", 1.726, 0.364, 4.059),
    ],
)
def test_evidence_states_the_figures(evidence, finding, value, lower, upper):
    found = evidence.findings[f"crewing.{finding}"]
    assert (found["value"], found["lower"], found["upper"]) == pytest.approx(
        (value, lower, upper), abs=PRINTED
    )
    assert not found["simulated"]


def test_evidence_verdicts_follow_their_rules(evidence):
    verdicts = {name: found["verdict"] for name, found in evidence.findings.items()}
    assert verdicts == {
        "crewing.injury_pooled": "consistent",
        "crewing.injury_ratio": "not supported",
        "crewing.injury_ratio_activity": "not supported",
        "crewing.injury_ratio_unclustered": "not supported",
        "crewing.city_counts": "not identified",
        "crewing.zeros_birmingham": "contradicted",
        "crewing.survey_bounds": "not identified",
        "crewing.taser_totals": "not supported",
        "crewing.taser_trial": "not supported",
        "crewing.training": "needs data",
    }
    assert "128 of 284" in evidence.findings["crewing.injury_ratio"]["denominator"]
    assert "129 of 347" in evidence.findings["crewing.injury_ratio"]["denominator"]


def test_evidence_names_its_data_and_says_what_was_left_out(evidence):
    assert {
        "us/dc-officer-victims",
        "us/city-assaults",
        "us/patrol-units-1987",
        "us/two-agencies",
        "evidence/ledger",
        "use-of-force/taser",
    } <= evidence.releases
    assert any("intimidation" in html for html in evidence.html("table"))
    assert len(evidence.html("figure")) == 4
    # There is a Birmingham in England.
    assert "Birmingham, Alabama" in evidence.text("main_points")[0]
    assert not any(
        "Birmingham PD" in text for role in ("main_points", "table") for text in evidence.text(role)
    )


def test_evidence_with_other_choices_still_speaks(monkeypatch):
    shown = run(
        "10_evidence",
        monkeypatch,
        years=[2022],
        offences=["13A", "13B", "13C"],
        stratum=["activity"],
        taser_factor=1.5,
        alpha=0.1,
    )
    found = shown.findings["crewing.injury_ratio"]
    assert found["level"] == 0.9
    assert found["period"] == "2022"
    assert all(words.lint(html) == [] for html in shown.html("headline"))


def test_planning_forecasts_hold_what_came_and_poisson_ones_do_not(planning):
    best = planning.findings["planning.coverage_random_0"]
    plain = planning.findings["planning.coverage_poisson_0"]
    assert 0.90 <= best["value"] <= 0.98
    assert best["verdict"] == "consistent"
    assert plain["upper"] < 0.5
    assert plain["verdict"] == "contradicted"
    assert planning.findings["planning.skill"]["upper"] < 1
    assert planning.findings["planning.forecast"]["verdict"] in ("not supported", "not identified")


@pytest.mark.parametrize(
    ("design", "power"), [("cluster_crossover", 0.78), ("stepped_wedge", 0.41), ("parallel", 0.14)]
)
def test_planning_powers_lie_within_monte_carlo_error(planning, design, power):
    found = planning.findings[f"planning.power_{design}"]
    runs = int(found["denominator"].split()[0])
    # Two standard errors of the difference; the reference had about 500 runs.
    error = 2 * (power * (1 - power) * (1 / runs + 1 / 500)) ** 0.5
    assert found["value"] == pytest.approx(power, abs=error)
    size = planning.findings[f"planning.size_{design}"]
    assert size["lower"] <= 0.05 <= size["upper"]
    assert found["simulated"]
    assert size["simulated"]


def test_planning_marks_what_is_simulated_and_what_is_not(planning):
    simulated = {name for name, found in planning.findings.items() if found["simulated"]}
    assert simulated == {
        name
        for name in planning.findings
        if name.split(".")[1].split("_")[0] in ("power", "size", "trial")
    }
    for html in planning.html("table"):
        if "other crewing policies" in html or "takes off the road" in html:
            assert "Simulated data" in html


def test_planning_for_another_force_and_longer(monkeypatch, tmp_path):
    monkeypatch.setenv(cache.CACHE_VARIABLE, str(tmp_path))
    shown = run(
        "08_planning",
        monkeypatch,
        focus="kent",
        horizon=1,
        irr_grid=[1.0, 0.9, 0.8, 0.7],
        trial_months=[12, 24],
        policies=["all_double", "0 if hour_band == 'night' else single"],
        carry_over_weeks=0.0,
    )
    assert "Kent" in shown.findings["planning.forecast"]["label"]
    assert any("Own policy" in html for html in shown.html("table"))


def test_protocol_in_the_docs_is_the_one_the_functions_make():
    page = trial_protocol.page(*trial_protocol.proposed())
    assert (paths.project_root() / "docs" / trial_protocol.PAGE).read_text("utf-8") == page
    assert len(page.split()) < 750
    assert words.lint(page) == []


def test_one_edit_of_the_forecaster_moves_the_words_and_the_finding(planning, module_patch):
    """Swap the forecaster as a researcher would; with it, no policy that can be judged."""
    edited = run(
        "08_planning",
        module_patch,
        edits={
            "forecaster = forecast.random_walk ": "forecaster = forecast.negative_binomial ",
            "started = histories.part_year(both)": "started = histories.part_year(both).head(0)",
            "    if row.refusal\n": "    if True\n",
        },
    )
    before, after = (one.findings["planning.forecast"] for one in (planning, edited))
    assert before["value"] != after["value"]
    assert planning.text("main_points") != edited.text("main_points")
    assert "0 quarters" in after["note"]
    assert "No crewing policy can be judged" in edited.text("main_points")[0]
    assert not any("takes off the road" in html for html in edited.html("table"))


def test_the_year_under_way_is_held_to_what_the_release_knows(planning):
    found = planning.findings["planning.forecast"]
    assert "3 quarters" in found["note"]
    held = planning.findings["planning.coverage_part_year"]
    assert held["lower"] <= 0.95 <= held["upper"]
    assert any("and what came" in html for html in planning.html("table"))
