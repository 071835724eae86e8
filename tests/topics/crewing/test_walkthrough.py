"""The walkthrough as it is typed, what changed between two builds, and the log for schedulers."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from crewing_runs import HERE

from officer_assaults.cli import main
from officer_assaults.cli.crewing_runs import check_name, keep
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.intake.propose import propose

ROOT = HERE.parents[2]


@pytest.fixture
def typed(tmp_path, monkeypatch):
    """Type the commands of the walkthrough up to the report; returns what came out of each."""
    monkeypatch.setenv("OFFICER_ASSAULTS_KEY_FOLDER", str(tmp_path / "secret"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").symlink_to(ROOT / "data")
    text = (ROOT / "docs" / "crewing-walkthrough.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    officer-assaults (crewing .+)$", text, re.MULTILINE)
    assert [line.split()[1] for line in commands] == ["map", "build", "check", "report"]
    out = {"commands": commands}
    for line in commands[:3]:
        done = CliRunner().invoke(main, shlex.split(line))
        assert done.exit_code == 0, done.output
        out[line.split()[1]] = done.output
        if line.split()[1] == "map":
            mapping = tmp_path / "example.yml"
            mapping.write_text(mapping.read_text().replace("confirmed: no", "confirmed: yes"))
            assert "ASK" not in mapping.read_text().partition("\nconfirmed")[2]
    return out


def test_the_walkthrough_runs_as_it_is_typed(typed, tmp_path):
    assert "readable and consistent" in typed["check"]
    again = CliRunner().invoke(main, ["diff", "example", "example"])
    assert again.output == "Nothing changed.\n"
    # A build with half of the victims taken out of the assaults.
    mapping = (tmp_path / "example.yml").read_text()
    lines = (ROOT / "data/examples/crewing/assaults.csv").read_text().splitlines(keepends=True)
    (tmp_path / "fewer.csv").write_text("".join(lines[:90]))
    told = re.sub(r"file: .*assaults\.csv", "file: fewer.csv", mapping)
    (tmp_path / "fewer.yml").write_text(told)
    done = CliRunner().invoke(main, ["crewing", "build", "fewer.yml", "--log", "json"])
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [events[0]["event"], events[-1]["event"], events[-1]["exit"]] == ["start", "end", 0]
    said = CliRunner().invoke(main, ["diff", "example", "fewer"]).output
    assert re.search(r"victims of single crews: \d+ before, \d+ now", said)
    assert "unit-hours" not in said


def test_the_last_command_of_the_walkthrough_makes_the_pages(typed, tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    program = Path(sys.executable).with_name("officer-assaults")
    words = shlex.split(typed["commands"][3])
    done = subprocess.run(
        [program, *words, "--log", "json"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Kept as the run 'example'." in done.stdout
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["command"] for event in events} == {"crewing report"}
    assert (events[-1]["event"], events[-1]["exit"]) == ("end", 0)
    pages = sorted(path.name[:2] for path in (tmp_path / "runs" / "example").glob("*.html"))
    assert pages == ["05", "08"]
    (page,) = (tmp_path / "runs" / "example").glob("05*.html")
    assert "a made-up force" in page.read_text(encoding="utf-8")


def test_the_example_mapping_is_what_map_writes(tmp_path):
    folder = ROOT / "data" / "examples" / "crewing"
    known = {"force": "simulated-force", "source": "made up", "retrieved": "2023-12-31"}
    proposed = propose([folder], folder, known)
    kept = (folder / "mapping.yml").read_text(encoding="utf-8")
    assert kept == proposed.replace("\nconfirmed: no", "\nconfirmed: yes")


def test_a_refusal_is_an_event_with_its_place(tmp_path):
    (tmp_path / "m.yml").write_text("confirmed: no\n")
    done = CliRunner().invoke(main, ["crewing", "build", str(tmp_path / "m.yml"), "--log", "json"])
    events = [json.loads(line) for line in done.stderr.splitlines()]
    problem = next(event for event in events if event["event"] == "problem")
    assert (problem["code"], problem["file"]) == ("E135", "m.yml")
    assert done.exit_code == events[-1]["exit"] == 2


def test_a_run_is_never_overwritten_by_one_of_another_export(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(name)
    folder = check_name(tmp_path, "mine", tmp_path / "a.csv")
    keep(folder, tmp_path / "a.csv", [])
    assert check_name(tmp_path, "mine", tmp_path / "a.csv") == folder
    with pytest.raises(Refusal, match=r"P306 .*made from another export"):
        check_name(tmp_path, "mine", tmp_path / "b.csv")


def test_verdicts_and_figures_that_changed_are_said_in_words(tmp_path):
    one = {"id": "x", "label": "Rate ratio", "claim": "Alone is worse", "verdict": "consistent"}
    for name, change in (("a", {"value": 1.4}), ("b", {"value": 0.9, "verdict": "contradicted"})):
        (tmp_path / f"{name}.json").write_text(json.dumps({"findings": [one | change]}))
    said = CliRunner().invoke(main, ["diff", *(str(tmp_path / f"{n}.json") for n in "ab")]).output
    assert said.splitlines() == [
        "Verdict changed: Alone is worse: consistent before, contradicted now.",
        "Rate ratio: 1.4 before, 0.9 now.",
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"findings": 3}', '{"findings": [{}]}', "\udc80"])
def test_a_file_that_holds_no_results_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text, errors="surrogateescape")
    done = CliRunner().invoke(main, ["diff", str(path), str(path)])
    assert (done.exit_code, done.output.count("P301")) == (2, 1)
