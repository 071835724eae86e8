"""Ask an index of advisories about every pinned dependency: part of ``make check``.

Fails where a known vulnerability is found. Where no index answers it says so and passes: a check
that needs the network must not stop work without one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"
SECONDS_PER_ANSWER = 5
SECONDS_IN_ALL = 180
FOUND, SOUND = 1, 0
SKIPPED = "Dependencies not audited"


def ask(lock: Path) -> tuple[str, str]:
    """What pip-audit prints as JSON about a lock, and what it complains of."""
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--no-deps",
        "--disable-pip", "--progress-spinner", "off", "--format", "json",
        "--timeout", str(SECONDS_PER_ANSWER),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=SECONDS_IN_ALL, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {SECONDS_IN_ALL} seconds"
    return done.stdout, done.stderr


def audit(lock: Path) -> tuple[int, str]:
    """Exit code and words for a lock; its first pin is asked about alone, to see if any answer."""
    pins = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    first = next(line for line in pins if "==" in line)
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "requirements.txt"
        probe.write_text(first.split("#")[0] + "\n", encoding="utf-8")
        code, said = judge(*ask(probe))
    return (code, said) if said.startswith(SKIPPED) else judge(*ask(lock))


def judge(answer: str, complaint: str) -> tuple[int, str]:
    """Exit code and the words for it.

    Parameters
    ----------
    answer : str
        JSON of pip-audit; anything else means that nothing was audited.
    complaint : str
        What it wrote beside.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = [line for line in complaint.splitlines() if line.strip()][-1:]
        reason = f" ({last[0].strip()[:200]})" if last else ""
        return SOUND, f"{SKIPPED}: no index of advisories answered{reason}."
    told = [
        f"{package['name']} {package['version']}: {one['id']}, mended in "
        f"{', '.join(one['fix_versions']) or 'no release yet'}"
        for package in packages
        for one in package.get("vulns", [])
    ]
    asked = [package for package in packages if "skip_reason" not in package]
    if told:
        listed = "\n".join(told)
        return FOUND, f"Known vulnerabilities in {len(told)} cases:\n{listed}\nRun 'make lock'."
    if not asked:
        return SOUND, f"{SKIPPED}: the index that answers holds no advisories."
    if len(asked) < len(packages):
        left = len(packages) - len(asked)
        return SOUND, f"{len(asked)} dependencies audited, none vulnerable; {left} not audited."
    return SOUND, f"{len(asked)} dependencies audited, none vulnerable."


def main() -> None:
    """Audit the lock, or another one that is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lock", nargs="?", type=Path, default=LOCK)
    code, said = audit(parser.parse_args().lock)
    print(said, file=sys.stderr if code else sys.stdout)
    sys.exit(code)


if __name__ == "__main__":
    main()
