"""Styles: the one stylesheet of the reports, and the part of it that notebooks carry."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from officer_assaults.page import theme

TEMPLATES = Path(__file__).parent / "templates"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
NOTEBOOK_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)


@cache
def read(name: str) -> str:
    """Read one stylesheet of the template folder, without comments and spare space."""
    text = _COMMENT.sub("", (TEMPLATES / "report" / name).read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", text).replace("; }", "}").replace(";}", "}").strip()


@cache
def notebook_style(has_chart: bool) -> str:
    """Style element for one output in JupyterLab, following its light or dark theme."""
    dark = theme.dark_rules('[data-jp-theme-light="false"] .oa-chart') if has_chart else ""
    return f"<style>{read('components.css')}{read('notebook.css')}{dark}</style>"


@cache
def page_style() -> str:
    """Join the whole stylesheet of a report, charts in light and dark included."""
    dark = theme.dark_rules(".oa-chart")
    swap = f"@media screen and (prefers-color-scheme:dark){{{dark}}}"
    return read("components.css") + read("page.css") + swap
