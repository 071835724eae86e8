"""How many forces the crewing tests simulate, and where their files are."""

import os
from pathlib import Path

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden"
REFERENCE = HERE.parents[2] / "data" / "reference"
FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"
SEED = 20180401


def runs(fast: int, full: int) -> int:
    """Few by default, all with OFFICER_ASSAULTS_RUNS=full."""
    return full if FULL else fast


def answer(side):
    """Answer what a template asks."""
    text = side.read_text().replace("source: ASK", "source: made up")
    text = text.replace("retrieved: ASK", "retrieved: 2024-04-30").replace(": ASK", ": actual")
    side.write_text(text)
