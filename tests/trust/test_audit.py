"""The audit of dependencies fails on what is known to be vulnerable, and on nothing else."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import audit_dependencies as audit  # noqa: E402

HOLE = {"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"], "aliases": [], "description": ""}


def answer(*packages):
    return json.dumps({"dependencies": list(packages), "fixes": []})


@pytest.mark.parametrize(
    ("given", "complaint", "code", "said"),
    [
        (answer({"name": "a", "version": "1", "vulns": []}), "", 0, "1 dependencies audited"),
        (answer({"name": "jinja2", "version": "2.4", "vulns": [HOLE]}), "", 1, "PYSEC-2019-217"),
        (answer({"name": "a", "skip_reason": "not found"}), "", 0, "not audited"),
        ("", "ERROR: Connection refused\n", 0, "not audited: no index of advisories answered (ERR"),
        ("<html>", "", 0, "not audited"),
        (
            answer({"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "x"}),
            "", 0, "1 dependencies audited, none vulnerable; 1 not audited",
        ),
    ],
)  # fmt: skip
def test_what_is_found_fails_and_what_cannot_be_asked_is_said(given, complaint, code, said):
    found, words = audit.judge(given, complaint)
    assert found == code
    assert said in words


def test_an_index_without_advisories_is_asked_once(tmp_path, monkeypatch):
    lock = tmp_path / "lock"
    lock.write_text("a==1 \\\n    --hash=sha256:00\nb==2 \\\n    --hash=sha256:00\n")
    asked = []

    def ask(path):
        asked.append(path.read_text())
        return answer({"name": "a", "skip_reason": "not found"}), ""

    monkeypatch.setattr(audit, "ask", ask)
    assert audit.audit(lock)[0] == 0
    assert len(asked) == 1
    assert "b==2" not in asked[0]
    monkeypatch.setattr(audit, "ask", lambda path: (
        answer({"name": "b", "version": "2", "vulns": [HOLE] if path == lock else []}), ""
    ))  # fmt: skip
    assert audit.audit(lock)[0] == 1


def test_it_is_part_of_the_checks_and_names_no_host():
    makefile = (ROOT / "Makefile").read_text()
    checks = re.search(r"^check:.*?\n\n", makefile, re.DOTALL | re.MULTILINE)[0]
    assert "tools/audit_dependencies.py" in checks
    assert "://" not in (ROOT / "tools" / "audit_dependencies.py").read_text()
