from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_states import ARGUMENTS, FOCUS, PAIR, State, find_browser


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
def reports(
    standard_reports: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Path:
    """Reports of the focus force and the nation, with every page that gathers them."""
    from officer_assaults.cli import output
    from officer_assaults.cli import project as project_
    from officer_assaults.files import write_atomic
    from officer_assaults.pipeline.lock import locked
    from officer_assaults.topics.forces.glance import model, pair

    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    folder = shared / "browser-reports"
    with locked(shared / "browser-reports.lock", lambda holder: None):
        if not (folder / "index.html").exists():
            shutil.copytree(standard_reports, folder)
            # The pages of pairs need both forces built; this one stands for them.
            write_atomic(folder / f"{PAIR}.html", pair.page(model.glances(), "kent", FOCUS))
            output.build(replace(project_.load(), reports=folder))
    return folder


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
