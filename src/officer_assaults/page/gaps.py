"""Gaps: pages that say "not built" in the place of reports that are missing from a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from officer_assaults.page import catalogue, styles
from officer_assaults.page.jinja import csp_hash, template
from officer_assaults.page.page import finder_address


def pages(
    results: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Write a page for every report that links of its neighbours would look for in vain.

    Parameters
    ----------
    results : iterable of mapping
        Reports that are built with their defaults.
    more : iterable of mapping
        Further reports, whose folders count too.

    Returns
    -------
    dict of str to str
        Pages by path.
    """
    built = {(result["scope"], result["notebook"]) for result in results}
    scopes = {scope for scope, _ in built} | {str(result["scope"]) for result in more}
    return {
        f"{scope}/{entry.notebook}.html": _gap_page(scope, entry)
        for scope in sorted(scopes)
        for entry in catalogue.entries(scope)
        if (scope, entry.notebook) not in built
    }


def _gap_page(scope: str, entry: catalogue.Entry) -> str:
    style = styles.page_style()
    page: str = template("gap.html.j2").render(
        style=style,
        style_hash=csp_hash(style),
        name=catalogue.scope_name(scope),
        entry=entry,
        command=f"make report NB={entry.notebook}"
        + ("" if scope == catalogue.NATIONAL else f" FORCE={scope}"),
        index=finder_address(scope) if scope != catalogue.NATIONAL else "../index.html#national",
    )
    return page
