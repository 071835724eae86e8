from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from browser_states import ARGUMENTS, FOCUS, PAIR, State, find_browser

#: Of Arial, in hundredths of its size.
WIDTH_OF_M = 83.3


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium of this system, in one process for all tests."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    if path is None:
        _lacking(
            "no Chromium here: apt-get install chromium (Debian, Ubuntu), or put chromium or "
            "google-chrome on the PATH"
        )
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        if not _has_letters_of_arial(running):
            _lacking("no letters as wide as Arial's here: apt-get install fonts-liberation")
        yield running
        running.close()


def _lacking(what: str) -> None:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)


def _has_letters_of_arial(running: Any) -> bool:
    """Whether text takes the room that pages are measured for; the letters of others are wider."""
    page = running.new_page()
    width = page.evaluate(
        """() => {
        const drawn = document.createElement("canvas").getContext("2d")
        drawn.font = '100px "Helvetica Neue", Arial, "Liberation Sans", sans-serif'
        return drawn.measureText("m").width
        }"""
    )
    page.close()
    return abs(width - WIDTH_OF_M) < 1


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
            # The list of gathered pages is that of the tree, which may hold this pair as well.
            shutil.copytree(standard_reports, folder, ignore=shutil.ignore_patterns("index.json"))
            # The pages of pairs need both forces built; this one stands for them.
            write_atomic(folder / f"{PAIR}.html", pair.page(model.glances(), "kent", FOCUS))
            output.build(replace(project_.load(), reports=folder))
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests of one page follow each other: they share what was loaded."""
    here = [at for at, item in enumerate(items) if item.path.name == "test_reports.py"]
    by_page = sorted((items[at] for at in here), key=_page_of)
    for at, item in zip(here, by_page, strict=True):
        items[at] = item


def _page_of(item: pytest.Item) -> str:
    return str(item.callspec.params.get("name", "")) if hasattr(item, "callspec") else ""


@pytest.fixture(scope="session")
def failed(reports: Path) -> dict[str, str]:
    """Why a report could not be made, by its name."""
    from officer_assaults.pipeline.results import read_failures

    return {f"{run['scope']}/{run['name']}": run["error"] for run in read_failures(reports)}


@pytest.fixture(scope="session")
def window(browser: Any) -> Any:
    """Function that opens a file in the window of a name: a new window costs more than most pages.

    What was there before leaves nothing behind: no page keeps anything in the browser.
    """
    windows: dict[str, Any] = {}

    def opened(name: str, path: Path, state: State, *, javascript: bool = True) -> Any:
        if name not in windows:
            windows[name] = _window(browser, javascript)
        page = windows[name]
        # A page whose scripts still ran would be heard in the next one.
        page.goto("about:blank")
        page.requested.clear()
        page.said.clear()
        _set(page, state)
        page.goto(path.as_uri())
        return page

    return opened


def _window(browser: Any, javascript: bool) -> Any:
    page = browser.new_context(java_script_enabled=javascript).new_page()
    page.requested, page.said = [], []
    page.on("request", lambda request: page.requested.append(request.url))
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    return page


def _set(page: Any, state: State) -> None:
    page.set_viewport_size(state.viewport)
    page.emulate_media(media="screen", color_scheme=state.scheme, forced_colors="none")


@pytest.fixture
def look(window: Any, reports: Path, failed: dict[str, str]) -> Any:
    """Function that opens a page of the reports anew in one state, to do with it what one likes."""

    def opened(name: str, state: State, *, javascript: bool = True) -> Any:
        if name in failed:
            pytest.fail(f"{name} could not be made: {failed[name]}")
        of = "to be changed" if javascript else "without scripts"
        page = window(of, reports / f"{name}.html", state, javascript=javascript)
        if state.folds == "open":
            from measure import open_folds

            open_folds(page)
        return page

    return opened


@pytest.fixture(scope="session")
def shelf() -> dict[str, Any]:
    """The page that was opened last, under its name."""
    return {}


@pytest.fixture
def still(window: Any, reports: Path, failed: dict[str, str], shelf: dict[str, Any]) -> Any:
    """Function that sets a page, loaded once, to a state; the test only looks at it.

    Layout and colours of a page are its style sheets' alone: no script of it asks for either.
    """

    def shown(name: str, state: State) -> Any:
        if name in failed:
            pytest.fail(f"{name} could not be made: {failed[name]}")
        if name not in shelf:
            shelf.clear()
            shelf[name] = window("to be looked at", reports / f"{name}.html", state)
            shelf[name].folds = shelf[name].evaluate(
                "[...document.querySelectorAll('details')].map(fold => fold.open)"
            )
        page = shelf[name]
        _set(page, state)
        page.evaluate(
            "open => { document.querySelectorAll('details').forEach((fold, at) =>"
            " { fold.open = open[at]; }); scrollTo(0, 0); }",
            [True] * len(page.folds) if state.folds == "open" else page.folds,
        )
        return page

    return shown
