from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_states import ARGUMENTS, FOCUS, PAIR, State, find_browser

from officer_assaults import paths
from officer_assaults.page import catalogue


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium of this system, in one process for all tests."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        message = (
            "no Chromium here: apt-get install chromium (Debian, Ubuntu), or put chromium or "
            "google-chrome on the PATH"
        )
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Reports of the focus force and the nation: those of ``make reports`` where they are fresh.

    Stale ones are made in a folder of the tests' own, once for all processes that run tests.
    """
    from officer_assaults.cli import project as project_
    from officer_assaults.pipeline.lock import locked

    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    folder = shared / "browser-reports"
    with locked(shared / "browser-reports.lock", lambda holder: None):
        if not (folder / "index.html").exists():
            for part in (FOCUS, catalogue.NATIONAL, ".state"):
                if (paths.reports_dir() / part).is_dir():
                    shutil.copytree(paths.reports_dir() / part, folder / part)
            _make(replace(project_.load(), reports=folder))
    return folder


def _make(project: Any) -> None:
    from officer_assaults.cli.output import build
    from officer_assaults.cli.reports import make
    from officer_assaults.files import write_atomic
    from officer_assaults.pipeline.plan import make_plan
    from officer_assaults.topics.forces.glance import model, pair

    make(project, make_plan(project))
    # The pages of pairs need both forces built; this one stands for them.
    write_atomic(project.reports / f"{PAIR}.html", pair.page(model.glances(), "kent", FOCUS))
    build(project)


@pytest.fixture
def look(browser: Any, reports: Path) -> Iterator[Any]:
    """Function that opens a page of the reports in one state."""
    from officer_assaults.pipeline.results import read_failures

    failed = {f"{run['scope']}/{run['notebook']}": run["error"] for run in read_failures(reports)}
    contexts = []

    def opened(name: str, state: State, *, javascript: bool = True) -> Any:
        if name in failed:
            pytest.fail(f"{name} could not be made: {failed[name]}")
        context = browser.new_context(
            viewport={"width": state.width, "height": 844 if state.width < 500 else 900},
            color_scheme=state.scheme,
            java_script_enabled=javascript,
        )
        contexts.append(context)
        page = context.new_page()
        page.requested = []
        page.said = []
        page.on("request", lambda request: page.requested.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto((reports / f"{name}.html").as_uri())
        if state.folds == "open":
            from measure import open_folds

            open_folds(page)
        return page

    yield opened
    for context in contexts:
        context.close()
