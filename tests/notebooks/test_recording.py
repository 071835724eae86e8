"""The reports on recording and on the Act, run as a reader would get them."""

import pandas as pd
import pytest
from notebook_runs import run

from officer_assaults import paths
from officer_assaults.page import timing, words
from officer_assaults.refusals import Refusal
from officer_assaults.topics.act.study import simulate_registers

RECORDING, ACT = "04_recording", "06_act"
ROLES = ("headline", "main_points", "boxes", "table", "figure", "caveat", "gate")
# Figures are printed to two decimals, percentages to whole ones.
PRINTED, PERCENT = 0.0055, 0.0055


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def act(patch):
    return run(ACT, patch)


def has_clean_words(shown):
    return all(words.lint(html) == [] for role in ROLES for html in shown.html(role))


def test_wording_rules_hold_and_the_first_screen_is_complete(act):
    shown = act
    assert has_clean_words(shown)
    for role in ("headline", "main_points", "boxes"):
        assert len(shown.html(role)) == 1
    assert "95% interval" in shown.text("headline")[0]


def test_the_act_gets_its_verdict_by_rule(act):
    assert act.text("headline")[0].startswith("Not identified")
    for name in ("act.step", "act.step_105a", "act.step_public_order", "act.pooled_105a"):
        assert act.findings[name]["verdict"] == "not identified"
    assert "not passed" in act.text("gate")[0]


@pytest.mark.parametrize(
    ("finding", "value", "lower", "upper"),
    [
        ("act.step_105a", 1.07, 0.74, 1.54),
        ("act.step_public_order", 0.67, 0.35, 1.25),
        ("act.pooled_105a", 1.27, 1.16, 1.40),
        ("act.pooled_public_order", 1.17, 1.02, 1.33),
        ("act.placebo_105a", 0.21, 0.14, 0.27),
        ("act.placebo_public_order", 0.32, 0.27, 0.38),
        ("act.national_105a", 1.31, 1.17, 1.45),
    ],
)
def test_published_figures_of_the_act_report(act, finding, value, lower, upper):
    found = act.findings[finding]
    got = (found["value"], found["lower"], found["upper"])
    assert got == pytest.approx((value, lower, upper), abs=PRINTED)


def test_the_points_say_that_the_record_stepped_and_when(act):
    points = act.text("main_points")[0]
    for printed in ("stepped up", "in 13 of 18 models", "April to June 2018, before"):
        assert printed in points
    assert act.findings["act.jump"]["value"] == pytest.approx(0.85, abs=0.01)
    assert act.text("answer")[0].startswith("Not known. We tried")


@pytest.mark.parametrize(
    ("force", "code"),
    [("gwent", "E108"), ("london-city", "E102"), ("england-and-wales", "E101")],
)
def test_a_force_that_cannot_be_judged_is_told_with_its_code(patch, force, code):
    shown = run(ACT, patch, force=force)
    assert shown.text("headline")[0].startswith("Not judged")
    assert any(f"{code}" in note for note in shown.text("caveat"))
    assert shown.findings["act.step"]["verdict"] == "needs data"
    assert shown.findings["act.pooled_105a"]["value"] == pytest.approx(1.27, abs=PRINTED)
    assert has_clean_words(shown)


def test_a_recording_break_is_never_dated_as_a_step(patch):
    # Gloucestershire's code 104 stops in January 2019, which a step at the Act would fit best.
    for name in (ACT, RECORDING):
        shown = run(name, patch, force="gloucestershire")
        dated = next(text for text in shown.html("table") if "Best quarter" in text)
        assert timing.SERIES["recorded"] not in dated
        assert timing.NOT_DATED in dated


def test_one_edit_of_the_formula_moves_table_words_and_figure(patch, act):
    """Leave the season out of the model, as a researcher would, and run the notebook."""
    edited = run(ACT, patch, edits={" + C(season)": ""})
    before, after = (one.findings["act.national_105a"] for one in (act, edited))
    assert abs(before["value"] - after["value"]) > 0.002
    assert "season" in before["note"]
    assert "season" not in after["note"]
    assert act.text("may_say") != edited.text("may_say")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"controls": ["105A"]}, "E118"),
        ({"event_date": "2019-12-01", "placebo_dates": ["2016-04-01"]}, "E118"),
    ],
)
def test_gates_refuse_without_a_traceback(patch, changed, code):
    shown = run(ACT, patch, **changed)
    assert shown.text("headline")[0].startswith("Not judged")
    assert any(code in note for note in shown.text("caveat"))
    assert has_clean_words(shown)


def test_a_date_that_is_none_is_refused(patch):
    with pytest.raises(Refusal, match="E113 column event_date"):
        run(ACT, patch, event_date="13 November 2018")


@pytest.fixture
def register_file(monkeypatch, tmp_path):
    """Writer of a register file into a project of its own, with the project's data."""
    real = paths.project_root()
    for name in ("data", "notebooks"):
        (tmp_path / name).symlink_to(real / name)
    monkeypatch.setenv(paths.ROOT_VARIABLE, str(tmp_path))

    def write(*, gap: bool = False, **kind):
        made = simulate_registers(20180401, **kind)
        rows = [
            (day, "crime-record", name, count)
            for name, counts in made.categories.items()
            for day, count in counts.items()
        ]
        rows += [
            (day, "health-and-safety", "", count)
            for day, count in zip(made.dates, made.second.astype(int), strict=True)
        ]
        frame = pd.DataFrame(rows, columns=["period_start", "register", "category", "count"])
        frame = frame.assign(force="thames-valley", is_simulated="yes")
        frame = frame[frame["period_start"] != made.dates[9]] if gap else frame
        frame.to_csv(tmp_path / "registers.csv", index=False)
        return "registers.csv"

    return write


def test_a_fall_from_a_dropped_category_is_put_down_to_recording(patch, register_file):
    shown = run(ACT, patch, second_register=register_file(dropped=True))
    found = shown.findings["act.second_register"]
    assert found["verdict"] == "not supported"
    assert found["simulated"]
    assert found["upper"] < 1
    assert "recording" in found["note"]
    assert shown.findings["act.step"]["verdict"] == "not identified"
    assert any("spitting" in html for html in shown.html("table"))
    assert has_clean_words(shown)


def test_a_fall_of_events_themselves_is_seen_in_both_registers(patch, register_file):
    shown = run(ACT, patch, second_register=register_file(real=0.75))
    assert shown.findings["act.second_register"]["verdict"] == "consistent"


def test_a_bad_register_file_is_refused(patch, register_file):
    with pytest.raises(Refusal, match=r"E106 registers\.csv"):
        run(ACT, patch, second_register=register_file(dropped=True, gap=True))
    with pytest.raises(Refusal, match="E124"):
        run(ACT, patch, second_register="/etc/passwd")
