"""Pages and the ways to look at them, for the browser tests and the README's picture."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from officer_assaults import paths
from officer_assaults.page import catalogue

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
)
FOCUS = "thames-valley"
#: Two forces side by side, and claims by others.
PAIR, CLAIMS = f"compare/kent--{FOCUS}", "claims/collection"
FULL = os.environ.get("OFFICER_ASSAULTS_RUNS") == "full"


@dataclass(frozen=True)
class State:
    """One way of looking at a page."""

    width: int
    scheme: str
    folds: str

    @property
    def viewport(self) -> dict[str, int]:
        return {"width": self.width, "height": 844 if self.width < 500 else 900}

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}-{self.folds}"


STATES = [
    State(width, scheme, folds)
    for width in (1280, 390)
    for scheme in ("light", "dark")
    for folds in ("shut", "open")
]


def page_names() -> list[str]:
    """Every page of a batch with the focus force: front page, its sisters, each report."""
    made = {path.stem for path in paths.notebooks_dir().glob("[0-9][0-9]_*.ipynb")}
    scopes = {True: FOCUS, False: catalogue.NATIONAL}
    beside = ["evidence", "about", "downloads", "find", "all-forces", f"{FOCUS}/index"]
    beside += [PAIR, CLAIMS]
    return ["index", *beside] + [
        f"{scopes[entry.per_force]}/{entry.notebook}"
        for entry in catalogue.ENTRIES
        if entry.notebook in made
    ]


def report_names() -> list[str]:
    """Pages that a notebook made."""
    return [name for name in page_names() if name.rpartition("/")[2][:2].isdigit()]


def states_of(name: str) -> list[State]:
    """States to look at: all in full runs, else two opposite ones that rotate over the pages."""
    if FULL:
        return STATES
    first = page_names().index(name) % len(STATES)
    return [STATES[first], STATES[len(STATES) - 1 - first]]


def find_browser() -> str | None:
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
