"""The report on recording, run as a reader would get it."""

import csv
import re

import pytest
from notebook_runs import checked, run

from officer_assaults import paths
from officer_assaults.data import cache, inspections, recording_evidence
from officer_assaults.page import words

RECORDING = "04_recording"
ROLES = ("answer", "headline", "main_points", "boxes", "table", "figure", "caveat")
FEW = {"panels": 50}
NUMBER = re.compile(r"[−-]?\d[\d,.]*(?:/\d+)?%?")


@pytest.fixture(scope="module")
def patch(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # The national part is computed once, as in a batch.
        patch.setenv(cache.CACHE_VARIABLE, str(tmp_path_factory.mktemp("cache")))
        yield patch


@pytest.fixture(scope="module")
def thames_valley(patch):
    return run(RECORDING, patch, **FEW)


def has_clean_words(shown):
    return all(words.lint(html) == [] for role in ROLES for html in shown.html(role))


def test_the_first_screen_answers_and_is_in_plain_words(thames_valley):
    assert thames_valley.text("answer")[0].startswith("Not known. ")
    assert "no sign that inspections" in thames_valley.text("headline")[0]
    assert "95% interval" in thames_valley.text("headline")[0]
    assert has_clean_words(thames_valley)
    shown = " ".join(
        text for role in ("answer", "headline", "main_points") for text in thames_valley.text(role)
    )
    assert not re.search(r"\bE1\d\d\b|P\(|\bz =|\bp =", shown)
    assert len(NUMBER.findall(shown)) / len(shown.split()) <= 0.085
    assert "all 3 recorded series step most clearly in April to June 2018" in shown
    assert "against 2015/16 the change is +21%" in shown


@pytest.mark.parametrize(
    ("finding", "value", "lower", "upper", "verdict"),
    [
        ("reporting.inspected", 1.033, 0.909, 1.174, "not supported"),
        ("reporting.inspected_public", 1.198, 1.007, 1.426, "consistent"),
        ("reporting.share_perfect_anchor", 0.479, -0.175, 1.246, "not identified"),
        ("reporting.feasible", 0.756, 0.688, 0.831, "not identified"),
    ],
)
def test_figures_of_thames_valley(thames_valley, finding, value, lower, upper, verdict):
    found = thames_valley.findings[finding]
    got = (found["value"], found["lower"], found["upper"])
    assert got == pytest.approx((value, lower, upper), abs=2e-3)
    assert found["verdict"] == verdict


def test_the_checks_of_the_model_stand_beside_it(thames_valley):
    own = thames_valley.names["fit"].statsmodels
    found = checked(thames_valley, "Dispersion")
    assert found == pytest.approx(own.pearson_chi2 / own.df_resid, abs=6e-3)
    assert checked(thames_valley, "Influence: most that one force moves 'log_public'") < 1
    # With levels of forces held, more officers go with more records than in proportion.
    assert checked(thames_valley, "Slope on the log exposure") > 1


def test_audits_are_not_carried_over_one_for_one(thames_valley):
    passed = thames_valley.findings["reporting.pass_through"]
    assert passed["lower"] < 0 < 1 < passed["upper"]
    assert passed["verdict"] == "not identified"
    audited = thames_valley.findings["reporting.audited"]
    assert audited["lower"] < 0 < audited["upper"]
    assert "reporting.audits" not in thames_valley.findings


def test_outside_evidence_is_printed_whichever_way_it_points(thames_valley):
    table = next(text for text in thames_valley.text("table") if "Did recording change" in text)
    assert table.count("against the public, audits") == 2
    assert table.count("Recorded assaults without injury") == 6
    tables = " ".join(thames_valley.text("table"))
    assert "two-way model" in tables.lower()
    assert "Stacked cohorts" in tables


def test_audits_agree_with_the_evidence_ledger():
    with (paths.data_dir() / "evidence" / "ledger.csv").open(encoding="utf-8") as file:
        ledger = {row["id"]: row for row in csv.DictReader(file)}
    audits = inspections.audits("thames-valley")
    audits = audits[audits["crimes"] == "violence"]
    assert list(audits["percent"]) == [float(ledger[name]["value"]) for name in ("F02", "F03")]
    limits = [float(ledger["F02"][end]) for end in ("lower", "upper")]
    assert list(audits[["lower", "upper"]].iloc[0]) == pytest.approx(limits)
    assert f"{recording_evidence.act_in_force():%Y-%m-%d}" == ledger["G02"]["value"]


def test_a_force_without_a_clear_change_or_an_anchor_says_so(patch):
    kent = run(RECORDING, patch, force="kent", **FEW)
    assert kent.findings["reporting.share"]["kind"] == "statement"
    assert any("8S" in text for text in kent.text("caveat"))
    still = run(RECORDING, patch, force="derbyshire", **FEW)
    assert "did not clearly change" in still.text("answer")[0]
    assert "reporting.associated" not in still.findings
    assert has_clean_words(kent)
    assert has_clean_words(still)


@pytest.fixture
def own_root(patch, tmp_path):
    """Project folder of one's own beside the real data."""
    real = paths.project_root()
    patch.setenv(paths.ROOT_VARIABLE, str(tmp_path))
    for name in ("data", "notebooks"):
        (tmp_path / name).symlink_to(real / name)
    yield tmp_path
    patch.setenv(paths.ROOT_VARIABLE, str(real))


def test_own_forms_say_which_register_moved(patch, own_root):
    lines = ["force,financial_year,register,category,count"]
    lines += [
        f"Thames Valley Police,{year},health-and-safety,,{count}"
        for year, count in (("2017/18", 400), ("2018/19", 404))
    ]
    (own_root / "forms.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    shown = run(RECORDING, patch, second_register="forms.csv", **FEW)
    assert shown.findings["reporting.registers"]["verdict"] == "consistent"
    assert any("Which register moved" in text for text in shown.text("table"))
    assert "the crime record alone moved" in shown.text("main_points")[0]
    assert has_clean_words(shown)
