"""Take the picture of a report that the README shows.

Usage: python tests/browser/picture.py [REPORT] [PICTURE]
"""

from __future__ import annotations

import sys
from pathlib import Path

from browser_states import ARGUMENTS, FOCUS, find_browser

from officer_assaults import paths

WIDTH, HEIGHT = 1120, 860


def take(report: Path, picture: Path) -> None:
    """Save the first screen of a report as a PNG."""
    from playwright.sync_api import sync_playwright

    browser = find_browser()
    if browser is None:
        sys.exit("no Chromium here: apt-get install chromium")
    with sync_playwright() as play:
        running = play.chromium.launch(executable_path=browser, args=list(ARGUMENTS))
        page = running.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.screenshot(path=picture)
        running.close()


def main(arguments: list[str]) -> None:
    """Take the picture of the report named, or of the focus force's rise."""
    root = paths.project_root()
    report = Path(arguments[0]) if arguments else root / "reports" / FOCUS / "01_rise.html"
    picture = Path(arguments[1]) if len(arguments) > 1 else root / "docs" / "report.png"
    if not report.is_file():
        sys.exit(f"{report} is not there: make reports")
    take(report, picture)


if __name__ == "__main__":
    main(sys.argv[1:])
