"""The command that runs the validation study."""

import json

import pytest

from officer_assaults.studies.registry import STUDIES
from officer_assaults.topics.validation import data as record_of


@pytest.fixture
def record(tmp_path, monkeypatch):
    path = tmp_path / "full-study.json"
    monkeypatch.setattr(record_of, "record_path", lambda: path)
    return path


def test_a_fast_study_says_what_it_found_and_leaves_the_record_alone(project, run, record):
    shown = run("validate", "--runs", "fast", "--jobs", "1", "--only", "two lists")
    assert "two lists: Chapman" in shown.output
    assert "1 promises: 1 met, 0 missed as expected, 0 missed." in shown.output
    assert "[1/1] two-lists" in shown.output
    assert not record.exists()
    # The second time every part is there.
    again = run("validate", "--runs", "fast", "--jobs", "1", "--only", "two lists")
    assert "[1/1]" not in again.output
    assert "Chapman" in again.output


def test_a_full_study_is_recorded_and_others_stay(project, run, record, monkeypatch):
    small = {**STUDIES, "two lists": _smaller("two lists"), "next year": _smaller("next year")}
    from officer_assaults.studies import registry

    monkeypatch.setattr(registry, "STUDIES", small)
    run("validate", "--jobs", "1", "--only", "two lists", code=None)
    run("validate", "--jobs", "1", "--only", "next year", code=None)
    content = json.loads(record.read_text())
    assert set(content["studies"]) == {"two lists", "next year"}
    one = content["studies"]["two lists"]
    assert one["runs"] == 40
    assert one["code"] == record_of.code_hash(STUDIES["two lists"].simulate)
    assert one["versions"]["numpy"]
    assert one["measures"]["Chapman"]["runs"] == 40


def _smaller(name):
    from dataclasses import replace

    return replace(STUDIES[name], full=40, batch=20)


def test_an_unknown_study_suggests_the_nearest(project, run):
    shown = run("validate", "--only", "two list s", code=2)
    assert "P301: no study is called 'two list s'. Did you mean 'two lists'?" in shown.output
