"""Jinja: the templates of pages that no notebook makes, and the hash their policy names."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from officer_assaults.page import markup, styles


@cache
def template(name: str) -> Any:
    """Template of the report folder; every value is escaped unless a template says otherwise."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(styles.TEMPLATES / "report")
    settings: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        **settings,
    )
    environment.filters["inline"] = _inline
    return environment.get_template(name)


def csp_hash(text: str) -> str:
    """Hash of a style or script, as a Content-Security-Policy names it."""
    return b64encode(sha256(text.encode()).digest()).decode()


def _inline(text: str) -> Any:
    from markupsafe import Markup

    return Markup(markup.inline(text))  # noqa: S704 -- inline() escapes
