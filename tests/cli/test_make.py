"""What make is given is text: nothing in it runs, and every value arrives as it was typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"
#: What the Makefile knows, what it asks the environment for, its own parts, and any other name.
NAMES = [
    "FORCE", "NB", "SET", "DATA", "FILE", "JOBS", "OUT", "ARGS", "OVER", "PYTHON", "REPORTS",
    "RUN", "SSL_CERT_FILE", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "HOME", "TMPDIR", "VENV", "APP",
    "OMP_NUM_THREADS", "MAKECMDGOALS", "SIDE_BY_SIDE", "UNFINISHED", "begin", "finish", "install",
    "options", "typed", "ANYTHING",
]  # fmt: skip
VALUES = ["$(shell touch ran-{})", "$(touch ran-{})", "`touch ran-{}`", "x; touch ran-{}"]
PLACES = ("VENV",)  # Refused, so that nothing else would be looked at.


@pytest.fixture
def make(tmp_path):
    """Run make with a command that tells what it was given."""
    app = tmp_path / "bin" / "officer-assaults"
    app.parent.mkdir()
    app.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    app.chmod(0o755)
    own = [f"BIN={app.parent}", "SELF=", "CORE=", "FULL=", f"PYTHON={sys.executable}"]

    def run(*arguments, **environment):
        outside = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(
            ["make", "-f", str(MAKEFILE), *own, *arguments], cwd=tmp_path,
            capture_output=True, text=True, check=False, env=outside | environment,
        )  # fmt: skip

    return run


@pytest.mark.parametrize("value", VALUES)
def test_nothing_that_make_is_given_runs(make, tmp_path, value):
    """Neither on the command line nor from the environment."""
    given = {name: value.format(name) for name in NAMES}
    together = [f"{name}={text}" for name, text in given.items() if name not in PLACES]
    for arguments in (together, *([f"{name}={given[name]}"] for name in PLACES)):
        make("reports", *arguments)
    make("reports", **given)
    assert list(tmp_path.rglob("ran*")) == []


ODD = "cost$1.csv $HOME/$$x $(x) \"b\" 'c'  two\n`id` é;|&<>*?#=\\ (%) , last\\"
HOW = ["--force", ODD, "--set", ODD, "--jobs", ODD, "--", ODD]
CALLS = {
    "reports": ["reports", *HOW[:-2]],
    "report": ["report", *HOW],
    "sweep": ["sweep", "--over", ODD, *HOW],
    "crewing": ["crewing", "report", *HOW],
    "claims": ["claims", "--", ODD],
    "site": ["site", "--", ODD],
    "update": ["update", "--force", ODD, "--jobs", ODD, "--", ODD],
}
TAKEN = ("FORCE", "NB", "SET", "DATA", "FILE", "JOBS", "OUT", "OVER")


@pytest.mark.parametrize("target", CALLS)
def test_every_value_arrives_as_it_was_typed(make, target):
    for done in (
        make(target, *(f"{name}={ODD}" for name in TAKEN)),
        make(target, **dict.fromkeys(TAKEN, ODD)),
    ):
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == CALLS[target]


def test_other_settings_still_reach_the_command(make, tmp_path):
    app = tmp_path / "bin" / "officer-assaults"
    app.write_text('#!/bin/sh\necho "$TMPDIR $ANYTHING"\n')
    assert make("reports", "TMPDIR=/var/x", "ANYTHING=$y").stdout == "/var/x $y\n"


@pytest.mark.parametrize("target", ["report", "crewing", "claims", "site", "update"])
def test_a_name_that_begins_with_a_dash_is_no_option(tmp_path, target):
    """It is the name of a file, however odd, and never asks for help or another folder."""
    names = ("NB", "DATA", "FILE", "OUT")
    done = subprocess.run(
        ["make", "-n", "-f", str(MAKEFILE), target, *(f"{name}=--help" for name in names),
         "SELF=", "CORE=", "FULL=", f"BIN={Path(sys.executable).parent}"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    *_, line = (line for line in done.stdout.splitlines() if "officer-assaults" in line)
    told = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | dict.fromkeys(names, "--help") | {"OFFICER_ASSAULTS_ROOT": str(tmp_path)},
    )  # fmt: skip
    assert "Usage: " not in told.stdout
    assert told.returncode == 2, told.stdout + told.stderr
    assert len(told.stderr.splitlines()) == 1
