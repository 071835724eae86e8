"""Publication: what a set of reports needs beside them: about, downloads, find, and a feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape, unescape
from typing import TYPE_CHECKING, Any

import yaml

from officer_assaults import paths
from officer_assaults.page import catalogue, crate, jinja, markup, styles, tables

if TYPE_CHECKING:
    from pathlib import Path

ABOUT, DOWNLOADS, FIND = "about.html", "downloads.html", "find.html"
FEED, PACKAGE, FINDINGS = "feed.atom", "datapackage.json", "all-findings.csv"
#: Heading of a section of the change log: a version or "Unreleased", and a day.
_SECTION = re.compile(r"^## (?P<title>.+?)(?: - (?P<day>\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
_INNER_LINK = re.compile(r'<a href="(?!https?:)[^"]*">(.*?)</a>')
_FIRST_DAY = "2026-11-22"
#: Files of all forces to download, and what they are.
GLANCE_DOWNLOADS = {
    "all-forces.csv": "All forces, newest year (CSV)",
    "all-forces.ods": "All forces, newest year (ODS spreadsheet with cover and notes)",
}
_TITLE = re.compile(r"<title>(?:Assaults on police officers )?(.+?)(?: – [^<]*)?</title>")
_TOLD = re.compile(r'<meta name="description" content="([^"]*)"')
# Title and description stand before the styles.
_HEAD = 6_000
_TYPES = {"int": "integer", "Int": "integer", "float": "number", "datetime": "date"}


def pages(
    results: Sequence[Mapping[str, Any]],
    *,
    data_root: str,
    extras: Iterable[Mapping[str, str]] = (),
    more: Iterable[Mapping[str, str]] = (),
) -> dict[str, str]:
    """Write the pages and files that go with a set of reports.

    Parameters
    ----------
    results : sequence of mapping
        Content of the reports' JSON files.
    data_root : str
        Address of the data tables as seen from the front page, with a slash at its end; empty
        where they do not lie near it.
    extras : iterable of mapping
        Further files to offer for download.
    more : iterable of mapping
        Further pages to find: address, title, text.

    Returns
    -------
    dict of str to str
        Content by file name; the same for the same arguments.
    """
    from officer_assaults.pipeline.results import findings_rows, write_csv

    rows = findings_rows(results)
    listed = _tables()
    return {
        ABOUT: _about(results),
        DOWNLOADS: _page(
            "downloads.html.j2", "Downloads", "All results and data tables as files.",
            findings=len(rows), extras=list(extras), tables=listed, data_root=data_root,
        ),
        FIND: _find(results, more),
        FEED: _feed(),
        PACKAGE: json.dumps(_package(listed, data_root), indent=1, ensure_ascii=False) + "\n",
        FINDINGS: tables.BYTE_ORDER_MARK + write_csv(rows, "force"),
        crate.EXHIBITS: tables.BYTE_ORDER_MARK + crate.exhibits(results),
        crate.METADATA: crate.metadata(results, _cff()),
    }  # fmt: skip


def beside(reports: Path, names: Iterable[str], *, evidence: str = "") -> dict[str, Any]:
    """Pages to find and files to offer beside the reports, as they lie in a folder.

    Parameters
    ----------
    reports : Path
        Folder of reports.
    names : iterable of str
        Pages and files in it that no report made.
    evidence : str
        Address of the page of claims and evidence; empty if there is none.

    Returns
    -------
    dict
        Arguments ``more`` and ``extras`` of :func:`pages`.
    """
    held = [name for name in names if name.endswith(".html")]
    more = [found for name in held if (found := _described(reports, name))]
    if evidence:
        title = "Claims, reasons and evidence"
        more.append({"address": evidence, "title": title, "text": "All claims and sources."})
    extras = [
        {"address": name, "label": label}
        for name, label in GLANCE_DOWNLOADS.items()
        if (reports / name).is_file()
    ]
    return {"more": more, "extras": extras}


def _described(reports: Path, name: str) -> dict[str, str] | None:
    """Title and description of a page, as it gives them itself."""
    text = (reports / name).read_text(encoding="utf-8", errors="replace")[:_HEAD]
    title, told = _TITLE.search(text), _TOLD.search(text)
    if title is None:
        return None
    is_pair = name.startswith("compare/")
    said = unescape(told[1]) if told and not is_pair else ""
    return {"address": name, "title": unescape(title[1]), "text": said}


def data_files() -> dict[str, bytes]:
    """Content of every data table, by its path from the folder ``data`` on."""
    return {table["path"]: (paths.data_dir() / table["path"]).read_bytes() for table in _tables()}


def releases(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the data releases that a set of reports rests on, each once, in order of name."""
    found: dict[str, dict[str, Any]] = {}
    for result in results:
        for release in result.get("sources", []):
            found.setdefault(str(release.get("name", release["title"])), release)
    return [found[name] for name in sorted(found)]


def citation() -> str:
    """How to cite the project, from CITATION.cff."""
    cff = _cff()
    authors = ", ".join(_author(author) for author in cff.get("authors", []))
    year = str(cff.get("date-released", ""))[:4]
    return f"{authors} ({year}). {cff['title']}. Version {cff.get('version', '')}."


def _about(results: Sequence[Mapping[str, Any]]) -> str:
    cff = _cff()
    return _page(
        "about.html.j2", "About these pages", "Status, citation, revisions, accessibility.",
        citation=citation(),
        releases=releases(results),
        changes=_changes(),
        authors=", ".join(_author(author) for author in cff.get("authors", [])),
        repository=str(cff.get("repository-code", "")),
        licence=str(cff.get("license", "")),
    )  # fmt: skip


def _find(results: Sequence[Mapping[str, Any]], more: Iterable[Mapping[str, str]]) -> str:
    script = (styles.TEMPLATES / "report" / "find.js").read_text(encoding="utf-8")
    entries = [dict(entry) for entry in more]
    for result in results:
        scope, notebook = str(result["scope"]), str(result["notebook"])
        entry = catalogue.find(notebook)
        question = entry.question if entry else notebook
        said = result.get("headline", {}) or {}
        entries.append(
            {
                "address": f"{scope}/{notebook}.html",
                "title": f"{catalogue.scope_name(scope)}: {question}",
                "text": markup.plain(str(said.get("text", ""))),
            }
        )
    return _page(
        "find.html.j2", "Find a page", "A list of all pages, with a search that needs no network.",
        entries=sorted(entries, key=lambda entry: entry["title"]),
        script=script, script_hash=jinja.csp_hash(script),
    )  # fmt: skip


def _feed() -> str:
    title = escape(catalogue.SHORT_PROJECT)
    entries = "".join(
        "<entry>"
        f"<id>tag:officer-assaults,2026:{markup.slug(entry['title'])}</id>"
        f"<title>{escape(entry['title'])}</title><updated>{entry['day']}T00:00:00Z</updated>"
        f'<link href="{ABOUT}#changes"/><content type="html">{escape(entry["html"])}</content>'
        "</entry>"
        for entry in _changes()
    )
    newest = max((entry["day"] for entry in _changes()), default=_FIRST_DAY)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>tag:officer-assaults,2026:changes</id><title>{title}: changes</title>"
        f"<updated>{newest}T00:00:00Z</updated><author><name>{title}</name></author>"
        f"{entries}</feed>\n"
    )


def _changes() -> list[dict[str, str]]:
    """Sections of the change log, newest first: title, day, html."""
    import mistune

    path = paths.project_root() / "CHANGELOG.md"
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8")
    day = str(_cff().get("date-released", _FIRST_DAY))
    found = list(_SECTION.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    write = mistune.create_markdown(escape=True)
    return [
        {
            "title": match["title"],
            "day": match["day"] or day,
            "html": _standing_alone(str(write(text[match.end() : end]))),
        }
        for match, end in zip(found, ends, strict=True)
    ]


def _standing_alone(html: str) -> str:
    """Take out links to files of the repository, which do not lie beside the page."""
    return _INNER_LINK.sub(r"\1", html).replace("\\", "&#92;").strip()


def _tables() -> list[dict[str, Any]]:
    from officer_assaults.data import tables as held

    found = []
    for name in sorted(held.names()):
        release = held.release(name)
        found.append(
            {
                "name": name,
                "title": str(release.title),
                "publisher": str(release.publisher),
                "release": str(release.vintage or ""),
                "licence": str(release.licence),
                "url": str(release.url or ""),
                "rows": f"{int(release.rows):,}",
                "path": f"{name}.csv",
                "sha256": str(release.sha256),
            }
        )
    return found


def _package(tables: Iterable[Mapping[str, Any]], data_root: str) -> dict[str, Any]:
    cff = _cff()
    return {
        "profile": "tabular-data-package",
        "name": "officer-assaults",
        "title": str(cff["title"]),
        "version": str(cff.get("version", "")),
        "resources": [_resource(table, data_root) for table in tables],
    }


def _resource(table: Mapping[str, Any], data_root: str) -> dict[str, Any]:
    # A data package admits no path that climbs out of its folder.
    inside = f"data/{table['path']}" if data_root.startswith("..") else data_root + table["path"]
    return {
        "profile": "tabular-data-resource",
        "name": re.sub(r"[^a-z0-9._-]+", "-", str(table["name"]).lower()),
        "title": table["title"],
        "path": inside,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "hash": f"sha256:{table['sha256']}",
        "sources": [{"title": table["publisher"], **({"path": u} if (u := table["url"]) else {})}],
        "licenses": [{"title": table["licence"]}],
        "schema": {"fields": _fields(str(table["name"])), "missingValues": [""]},
    }


def _fields(name: str) -> list[dict[str, str]]:
    from officer_assaults.data import schemas

    schema = schemas.schema_of(name)
    return (
        []
        if schema is None
        else [
            {
                "name": str(column),
                "type": _type(str(spec.dtype)),
                "description": spec.description or "",
            }
            for column, spec in schema.columns.items()
            if not spec.regex
        ]
    )


def _type(dtype: str) -> str:
    known = (kind for start, kind in _TYPES.items() if dtype.startswith(start))
    return "boolean" if dtype == "bool" else next(known, "string")


def _page(template: str, title: str, description: str, **content: Any) -> str:
    style = styles.page_style() + styles.read("front.css")
    given: dict[str, Any] = {"up": "", "script_hash": "", **content}
    page: str = jinja.template(template).render(
        style=style, style_hash=jinja.csp_hash(style), title=title, description=description, **given
    )
    return page


@cache
def _cff() -> dict[str, Any]:
    path = paths.project_root() / "CITATION.cff"
    found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {"title": "Officer Assaults", **found}


def _author(author: Mapping[str, Any]) -> str:
    person = " ".join(str(author.get(key, "")) for key in ("given-names", "family-names")).strip()
    return str(author.get("name", person))
