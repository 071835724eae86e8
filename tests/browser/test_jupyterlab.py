"""JupyterLab in a browser: run notebooks, change the force of one, see figures, no error.

Those take turns that stock kernels do not run in ``notebooks/test_other_tools.py`` this time; a
full run has them all.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

import by_turns

ROOT = Path(__file__).resolve().parents[2]
# An idle kernel answers in a few seconds; a machine busy with other tests may need far longer.
PATIENCE_MS = 120_000
IDLE = """() => {
    const status = document.querySelector("#jp-main-statusbar")?.textContent ?? "";
    return status.includes("| Idle");
}"""
STARTED = """() => [...document.querySelectorAll(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt")]
    .some(cell => /\\[[\\d*]+\\]/.test(cell.textContent))"""
RAN_ALL = """() => {
    const cells = document.querySelectorAll(".jp-NotebookPanel .jp-CodeCell .jp-InputPrompt");
    return cells.length > 5 && [...cells].every(cell => /\\[\\d+\\]/.test(cell.textContent));
}"""

NAMES = sorted(p.stem for p in (ROOT / "notebooks").glob("*.ipynb"))
OTHERS = [name for name in NAMES if name != "01_rise"]
ELSEWHERE = by_turns.some(NAMES, 3)
REST = OTHERS if by_turns.FULL else [name for name in OTHERS if name not in ELSEWHERE]

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(f"JupyterLab did not start: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a JupyterLab whose root holds a copy of the tracked notebooks."""
    tmp_path = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    port, log = free_port(), tmp_path / "lab.log"
    folders = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    own = {name: str(tmp_path / name.lower()) for name in folders}
    command = [
        str(Path(sys.executable).with_name("jupyter")),
        "lab",
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=token",
        f"--ServerApp.root_dir={tmp_path}",
    ]
    with log.open("wb") as stream:
        server = subprocess.Popen(
            command,
            env={**os.environ, **own, "OFFICER_ASSAULTS_ROOT": str(ROOT)},
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(port, server, log)
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks/{{}}.ipynb?token=token&reset"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    yield page
    page.close()


def run_all_cells(page: Page, tries: int = 5) -> None:
    """Click until cells run: JupyterLab drops what is asked while a kernel reconnects."""
    for _ in range(tries):
        page.wait_for_function(IDLE)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()
        with suppress(PlaywrightTimeout):
            page.wait_for_function(STARTED, timeout=PATIENCE_MS / 6)
            return
    raise AssertionError(f"No cell started: {page.locator('#jp-main-statusbar').inner_text()}")


def test_a_researcher_changes_the_force_and_runs_all(lab: str, page: Page) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.goto(lab.format("01_rise"))
    parameters = page.locator(".jp-NotebookPanel .jp-CodeCell").first.locator(".cm-line").first
    parameters.wait_for()
    parameters.click()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text('force: str = "kent"  # Force in focus [<force>]')
    run_all_cells(page)
    page.wait_for_function(RAN_ALL)

    assert "officers of Kent" in (page.locator(".oa-headline").first.text_content() or "")
    assert page.locator(".jp-OutputArea-output svg").count() >= 2
    assert_no_complaint(page)


def assert_no_complaint(page: Page) -> None:
    errors = page.locator('[data-mime-type="application/vnd.jupyter.error"]')
    complaints = page.locator('[data-mime-type="application/vnd.jupyter.stderr"]')
    assert errors.count() == 0, errors.all_inner_texts()
    assert complaints.count() == 0, complaints.all_inner_texts()


@pytest.mark.parametrize("name", by_turns.some(REST, 1))
def test_every_other_notebook_runs_as_it_is(lab: str, page: Page, name: str) -> None:
    """A notebook runs in JupyterLab from end to end, shows its answer, complains of nothing."""
    page.set_default_timeout(PATIENCE_MS)
    page.goto(lab.format(name))
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.locator(".cm-line").first.wait_for()
    run_all_cells(page)
    page.wait_for_function(RAN_ALL)
    assert page.locator(".oa-headline, .oa-answer").count() >= 1
    assert_no_complaint(page)
    # The next notebook gets the memory of this one's kernel.
    page.evaluate(
        """async () => {
            for (const kind of ["sessions", "kernels"]) {
                const all = await (await fetch(`/api/${kind}?token=token`)).json();
                for (const one of all) {
                    await fetch(`/api/${kind}/${one.id}?token=token`, {method: "DELETE",
                        headers: {"X-XSRFToken": document.cookie.match(/_xsrf=([^;]*)/)?.[1]}});
                }
            }
        }"""
    )
