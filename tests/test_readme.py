"""The commands of the README, through the real Makefile up to the plan of what they make."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from officer_assaults.cli import main

ROOT = Path(__file__).resolve().parents[1]
LINES = re.findall(
    r"^((?:make|\.venv/bin/officer-assaults) (?:reports?|sweep)\b[^#\n]*)",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """What stands for the command: it says each word that it was given, a line each."""
    path = tmp_path_factory.mktemp("bin") / "officer-assaults"
    path.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("line", sorted({line.strip() for line in LINES}))
def test_a_command_of_the_readme_plans_reports(app, tmp_path, monkeypatch, line):
    """Every command that the README shows is understood and plans what it says."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    typed = line.replace(".venv/bin/officer-assaults", str(app), 1)
    typed = typed.replace("make ", f"make BIN={app.parent} SELF= CORE= FULL= ", 1)
    done = subprocess.run(
        typed, shell=True, cwd=ROOT, capture_output=True, text=True, check=True, env=outside
    )
    words = [word for word in done.stdout.splitlines() if word != "--dry-run"]
    monkeypatch.setenv("OFFICER_ASSAULTS_REPORTS", str(tmp_path))
    monkeypatch.chdir(ROOT)
    # What stands behind "--" is a name, however it begins.
    planned = CliRunner().invoke(main, [words[0], "--dry-run", *words[1:]])
    assert planned.exit_code == 0, planned.output
    *runs, told = planned.stdout.splitlines()
    count = len(runs)
    assert told == f"{count} of {count} reports would be made."
    if "FORCE=all" in line:
        assert count > 250
    if "sweep" in line:
        first, last = (int(year) for year in re.findall(r"(\d{4})/\d\d", line))
        assert count == (line.count(",") + 1) * (last - first + 1)
        assert len(set(runs)) == count
