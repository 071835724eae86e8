"""Page: an executed notebook and what is known of its run, turned into one self-contained report.

:func:`render_page` is what the pipeline calls. It depends on its two arguments, the package and the
list of forces alone: no clock, no random number, no network, no file of the run.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

from officer_assaults import findings
from officer_assaults.data import currency
from officer_assaults.estimate import RESULT_CLASS
from officer_assaults.page import catalogue, glossary, markup, plain, prose, styles, tables, words
from officer_assaults.page.context import PageContext
from officer_assaults.page.prose import PageError

HOISTED = ("answer", "headline", "main_points", "boxes")
#: Hoisted too, where they lead: the first pair of sentences, and a chart that is marked so.
LEADING = ("may_say", "figure")
SILENT = ("finding", "source")
#: Tag of a second heading whose section is shut until a reader opens it.
FOLD_TAG = "fold"
_HIDDEN_TAGS = frozenset(("parameters", "injected-parameters", "remove-cell"))
_NO_CODE = frozenset((*HOISTED, *SILENT, "caveat", "gate", "may_say"))
_LONE_HEADING = re.compile(r"#{2,6}\s[^\n]*")
_RESERVED = ("main", "summary", "contents", "findings", "data", "method", "glossary")
_NUMBERED = re.compile(r'<b class="oa-no">(Figure|Table)</b>')
_CITED = re.compile(r'<span class="oa-cite"><span class="oa-ref">this report</span></span>')
_REFERENCE = re.compile(r'<span class="oa-ref">this (figure|table)</span>')
_BANNED_MARKUP = {
    r"<[a-z][^>]*\sstyle=": "a style attribute",
    r"<script": "a script",
    r"<(?:img|link|iframe|object|embed|video|audio)\b": "an element that loads something",
    r"<[a-z][^>]*\s(?:on[a-z]+=|href=[\"']?\s*(?:javascript|vbscript):)": "an attribute that runs",
    r"<[a-z][^>]*(?:\s(?:src|srcset|poster|xlink:href)=|url\((?!#))": "an address that is loaded",
}
_LEFT_MATHS = re.compile(r"\$([^$\n<]*\\[^$\n<]*)\$")


#: A plain link to another page: its label and its address.
Link = dict[str, str]


@dataclass(slots=True)
class Page:
    """Everything the template puts in its place; every text in it is HTML.

    Parameters
    ----------
    context : PageContext
        Facts of the run.
    title, scope_name, description : str
        First heading, reader's name of the folder, and the finding in one line.
    hoisted : dict of str to str
        Fragments shown before the contents, by role.
    contents : list of (str, str)
        Identifier and text of each section, in order.
    steps : list of str
        Code that shows nothing to the reader, gathered at the end.
    findings, releases, checksums, parameters : str
        Tables made here; empty where there is nothing to list.
    currency : list of str
        How new the recorded figures are, and what later ones exist.
    finding_count : int
        Rows of the table of findings.
    folded : int
        Sections that are shut, and not printed.
    terms : list of Term
        Entries of the glossary.
    navigation : dict of str to Link
        Links to the front page and to the neighbours.
    forces : list of Link
        The force switcher; empty on national reports.
    """

    context: PageContext
    title: str = ""
    scope_name: str = ""
    description: str = ""
    hoisted: dict[str, str] = field(default_factory=dict)
    contents: list[tuple[str, str]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    findings: str = ""
    finding_count: int = 0
    folded: int = 0
    releases: str = ""
    checksums: list[tuple[str, str, str]] = field(default_factory=list)
    attributions: list[str] = field(default_factory=list)
    currency: list[str] = field(default_factory=list)
    parameters: str = ""
    terms: list[glossary.Term] = field(default_factory=list)
    navigation: dict[str, Link] = field(default_factory=dict)
    forces: list[Link] = field(default_factory=list)
    is_simulated: bool = False
    has_passed_gate: bool = False

    @property
    def style(self) -> str:
        """The stylesheet."""
        return styles.page_style()

    @property
    def style_hash(self) -> str:
        """Hash of the stylesheet for the content security policy."""
        return b64encode(sha256(self.style.encode()).digest()).decode()


def render_page(notebook: Any, context: Mapping[str, Any]) -> str:
    """Write an executed notebook as a self-contained HTML page.

    Parameters
    ----------
    notebook : NotebookNode
        Executed and cleaned; it is not changed.
    context : mapping
        Keys of :class:`PageContext`; others are ignored.

    Returns
    -------
    str
        The page, byte for byte the same for the same arguments.

    Raises
    ------
    PageError
        With every breach of the rules: banned phrases, a bare data frame or picture, a backslash
        left by maths, a style attribute, a repeated identifier.
    """
    builder = _Builder(PageContext.from_mapping(context))
    arranged = builder.arrange(notebook)
    text, _ = _exporter().from_notebook_node(arranged, resources={"page": builder.page})
    _refuse_breaches(str(text), causal_gate=builder.page.has_passed_gate)
    return str(text).replace("\\", "&#92;")


def prepare() -> None:
    """Do what else the first page of a process would: compile the template, read the data's age."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    cells: list[Any] = [
        new_markdown_cell("# Title\n\nText"),  # type: ignore[no-untyped-call]
        new_code_cell("x = 1"),  # type: ignore[no-untyped-call]
    ]
    render_page(new_notebook(cells=cells), {})  # type: ignore[no-untyped-call]
    currency.currency()


@cache
def _exporter() -> Any:
    from nbconvert.exporters import TemplateExporter

    class ReportExporter(TemplateExporter):
        """Fills the report template; the stock HTML exporter would parse the page once more."""

        default_preprocessors: list[Any] = []  # noqa: RUF012 -- a trait of the base class
        file_extension = ".html"
        template_extension = ".html.j2"
        output_mimetype = "text/html"

    return ReportExporter(  # type: ignore[no-untyped-call]
        template_name="report", extra_template_basedirs=[str(styles.TEMPLATES)], preprocessors=[]
    )


class _Builder:
    """Walks a notebook once, in reading order, and fills a :class:`Page`."""

    def __init__(self, context: PageContext) -> None:
        self.page = Page(context)
        self.linker = glossary.Linker()
        self.renderer = prose.Renderer(set(_RESERVED))
        self.markdown = prose.reader(self.renderer)
        self.counts = {"Figure": 0, "Table": 0}
        self.releases: dict[str, dict[str, Any]] = {}
        self.found: list[dict[str, Any]] = []
        self.leading: list[Any] = []
        #: Of the cell at work, as the notebook counts, the first being 1.
        self.number = 0

    def arrange(self, notebook: Any) -> Any:
        """Copy of the notebook that holds, cell by cell, the HTML the template places."""
        import nbformat

        cells = [cell for cell in notebook.cells if not _HIDDEN_TAGS & set(_tags(cell))]
        self._hoist(notebook)
        numbers = _numbers(notebook.cells)
        kept = []
        for at, cell in enumerate(cells):
            if _is_empty_section(cells, at):
                continue
            self.number = numbers[id(cell)]
            html = self._prose(cell) if cell.cell_type == "markdown" else self._code(cell, at)
            if html:
                kept.append(_rendered(cell, html))
        self.page.folded = _fold_sections(kept)
        self._finish()
        cited = f"“{self.page.title}”, {markup.text(self.page.scope_name)}"
        for cell in kept:
            cell["metadata"]["html"] = _CITED.sub(cited, cell["metadata"]["html"])
        arranged = {**notebook, "cells": kept}
        return nbformat.from_dict(arranged)  # type: ignore[no-untyped-call]

    def _hoist(self, notebook: Any) -> None:
        for output in _outputs(notebook.cells):
            role, data = _role(output), output.get("data", {})
            if role in HOISTED:
                if role in self.page.hoisted:
                    raise PageError(f"two {role} outputs; a report has one")
                self.page.hoisted[role] = _fragment(data)
            elif role in LEADING and _leads(output) and role not in self.page.hoisted:
                self.leading.append(output)
                self.page.hoisted[role] = ""
            elif role == "gate":
                self.page.has_passed_gate |= bool(output["metadata"][findings.ROLE_KEY]["passed"])
            elif role == "finding":
                self.found.append(data[findings.FINDING_MIME])
            elif role == "source":
                self._note_releases(data[findings.SOURCE_MIME])
        self._place_hoisted()
        self.page.is_simulated = any(finding.get("simulated") for finding in self.found)
        first = self.page.hoisted.get("answer") or self.page.hoisted.get("headline", "")
        self.page.description = _description(first)

    def _place_hoisted(self) -> None:
        for role in HOISTED:
            if role in self.page.hoisted:
                self.page.hoisted[role] = self._link_below_finding(self.page.hoisted[role])
        for output in self.leading:
            is_figure = _role(output) == "figure"
            html = self._numbered(output) if is_figure else _fragment(output["data"])
            self.page.hoisted[str(_role(output))] = html

    def _link_below_finding(self, html: str) -> str:
        finding, mark, below = html.rpartition('<p class="oa-interval">')
        return finding + self.linker.link(mark + below)

    def _note_releases(self, releases: list[dict[str, Any]]) -> None:
        for release in releases:
            self.releases.setdefault(str(release.get("name", release["title"])), release)

    def _prose(self, cell: Any) -> str:
        return self.linker.link(str(self.markdown(cell.source)))

    def _code(self, cell: Any, at: int) -> str:
        before = dict(self.counts)
        shown = "".join(map(self._output, plain.without_flood(cell.get("outputs", []))))
        code = f'<pre class="code"><code>{prose.highlight(cell.source)}</code></pre>'
        made_roles = {_role(output) for output in cell.get("outputs", [])}
        if not shown or made_roles <= _NO_CODE:
            if cell.source.strip():
                self.page.steps.append(code)
            return shown
        made = [
            f"{kind} {number}"
            for kind, count in self.counts.items()
            for number in range(before[kind] + 1, count + 1)
        ]
        label = words.listing(made) or f"step {at + 1}"
        summary = f"<summary>Show the code of {label}</summary>"
        return f'{shown}<details class="fold">{summary}{code}</details>'

    def _output(self, output: Any) -> str:
        try:
            return self._shown(output)
        except (LookupError, TypeError, AttributeError) as error:
            what = f"cell {self.number} shows a {_role(output)} that no helper of report made"
            raise PageError(what) from error

    def _shown(self, output: Any) -> str:
        role = _role(output)
        if role in HOISTED or role in SILENT or output in self.leading:
            return ""
        if role in ("figure", "table"):
            return self._numbered(output)
        if role is not None:
            return self.linker.link(_fragment(output["data"]))
        return self._plain_output(output)

    def _plain_output(self, output: Any) -> str:
        if output.output_type == "stream":
            return plain.stream(output)
        if output.output_type == "error":
            raise PageError(f"cell {self.number} shows an error: {output.ename}: {output.evalue}")
        data = output.data
        if "text/markdown" in data:
            return self.linker.link(str(self.markdown(data["text/markdown"])))
        shown = str(data.get("text/html", ""))
        if f'oa-table {RESULT_CLASS}"' in shown:
            return self.linker.link(shown)
        if unshown := plain.unshown(data):
            raise PageError(f"cell {self.number} shows {unshown}")
        if "text/latex" in data:
            return prose.latex(str(data["text/latex"]), self.markdown)
        text = markup.text(str(data.get("text/plain", "")))
        return f'<pre class="out">{text}</pre>' if text else ""

    def _numbered(self, output: Any) -> str:
        html = _fragment(output["data"])
        kind = "Figure" if _role(output) == "figure" else "Table"
        self.counts[kind] += 1
        return self._number(html, output["metadata"][findings.ROLE_KEY]["token"], kind)

    def _number(self, html: str, token: str, kind: str) -> str:
        number = self.counts[kind]
        place = f"{kind.lower()}-{number}"
        context = self.page.context
        html = html.replace('<details class="oa-long" open>', '<details class="oa-long">')
        html = html.replace(
            f'download="{token}', f'download="{context.scope}-{context.notebook}-{place}'
        )
        html = _NUMBERED.sub(rf'<b class="oa-no">\1 {number}.</b>', html.replace(token, place))
        html = html.replace("</figure>", f"{self._files(kind.lower(), number)}</figure>")
        return _REFERENCE.sub(f"{kind} {number}", html)

    def _files(self, kind: str, number: int) -> str:
        """Links to the files of a chart that lie beside the page."""
        context = self.page.context
        for shown in context.exhibits:
            if (shown["kind"], shown["number"]) == (kind, number) and shown.get("formats"):
                name = f"{context.name or context.notebook}-{kind}-{number}"
                links = [
                    f'<a download="{context.scope}-{name}.{form}" href="{name}.{form}">'
                    f"{form.upper()}</a>"
                    for form in reversed(shown["formats"])
                ]
                told = words.listing(links, "or")
                return f'<p class="oa-get">Download {kind.capitalize()} {number} as {told}</p>'
        return ""

    def _finish(self) -> None:
        page, context = self.page, self.page.context
        page.title = self.renderer.title or markup.inline(context.title) or context.notebook
        page.scope_name = catalogue.scope_name(context.scope)
        cited = f"“{page.title}”, {markup.text(page.scope_name)}"
        page.hoisted = {role: _CITED.sub(cited, html) for role, html in page.hoisted.items()}
        page.findings = self._own_table(_findings_columns(self.found), "Findings and verdicts")
        page.finding_count = len(self.found)
        page.releases = self._own_table(
            release_columns(list(self.releases.values())), "Data releases this report rests on"
        )
        page.checksums = [
            (str(r["title"]), str(r["sha256"]), str(r.get("url", "")))
            for r in self.releases.values()
        ]
        page.attributions = sorted(
            {str(r["attribution"]) for r in self.releases.values() if r.get("attribution")}
        )
        page.currency = currency.currency().lines() if page.releases else []
        page.parameters = self._own_table(_parameter_columns(context), "Parameters of this report")
        page.terms = self.linker.used
        page.contents = [*self.renderer.contents, *_closing_sections(page)]
        _navigate(page)

    def _own_table(self, columns: list[tables.Column], caption: str) -> str:
        if not columns or not columns[0].cells:
            return ""
        self.counts["Table"] += 1
        title = f'<b class="oa-no">Table {self.counts["Table"]}.</b> <span>{caption}</span>'
        name = f"table-{self.counts['Table']}"
        html = tables.to_html(columns, caption=title)
        return f'<div class="oa-tablebox reference" id="{name}">{html}</div>'


def _fold_sections(kept: list[dict[str, Any]]) -> int:
    """Shut the sections whose heading is tagged ``fold``, each below its heading; count them."""
    is_open, count = False, 0
    for cell in kept:
        begins = cell["cell_type"] == "markdown" and cell["metadata"]["html"].startswith("<h2")
        if is_open and begins:
            cell["metadata"]["html"] = "</details>" + cell["metadata"]["html"]
            is_open = False
        if begins and FOLD_TAG in cell["metadata"]["tags"]:
            head, mark, rest = cell["metadata"]["html"].partition("</h2>")
            title = re.sub(r"<[^>]+>", "", head)
            shut = (
                '<details class="oa-section"><summary>Show this section'
                f'<span class="vh">: {title}</span></summary>'
            )
            head = head.replace("<h2", '<h2 class="oa-folded oa-shut"', 1)
            cell["metadata"]["html"] = f"{head}{mark}{shut}{rest}"
            is_open, count = True, count + 1
    if is_open:
        kept[-1]["metadata"]["html"] += "</details>"
    return count


def _tags(cell: Any) -> list[str]:
    return list(cell.get("metadata", {}).get("tags", []))


def _outputs(cells: list[Any]) -> Iterator[Any]:
    for cell in cells:
        yield from cell.get("outputs", [])


def _role(output: Any) -> str | None:
    described = output.get("metadata", {}).get(findings.ROLE_KEY)
    role = described.get("role") if isinstance(described, Mapping) else None
    return role if isinstance(role, str) else None


def _leads(output: Any) -> bool:
    described = output["metadata"][findings.ROLE_KEY]
    return bool(described["role"] == "may_say" or described.get("lead"))


def _fragment(data: Mapping[str, Any]) -> str:
    return styles.NOTEBOOK_STYLE.sub("", str(data["text/html"]), count=1)


def _description(headline: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", headline.split('<p class="oa-caveat">')[0]).split())


def _rendered(cell: Any, html: str) -> dict[str, Any]:
    kept = {"cell_type": cell.cell_type, "id": cell.get("id", ""), "source": ""}
    if cell.cell_type == "code":
        kept |= {"outputs": [], "execution_count": None}
    return {**kept, "metadata": {"html": html, "tags": _tags(cell)}}


def _numbers(cells: Sequence[Any]) -> dict[int, int]:
    """Give cells their numbers in the notebook, by identity; what was injected has none."""
    counted = [cell for cell in cells if "injected-parameters" not in _tags(cell)]
    injected = {id(cell): 0 for cell in cells}
    return injected | {id(cell): number for number, cell in enumerate(counted, start=1)}


def _is_empty_section(cells: list[Any], at: int) -> bool:
    """Tell whether a cell is a lone heading over nothing that a reader would see."""
    if cells[at].cell_type != "markdown" or not _LONE_HEADING.fullmatch(cells[at].source.strip()):
        return False
    for cell in cells[at + 1 :]:
        if cell.cell_type == "markdown":
            return bool(cell.source.lstrip().startswith("#"))
        if any(_role(output) not in (*HOISTED, *SILENT) for output in cell.get("outputs", [])):
            return False
    return True


def _closing_sections(page: Page) -> list[tuple[str, str]]:
    sections = [
        ("findings", "Findings and verdicts", page.findings),
        ("data", "The data and how to get it", page.releases),
        ("method", "How this report was made", "always"),
        ("glossary", "Glossary", page.terms),
    ]
    return [(name, title) for name, title, content in sections if content]


def _findings_columns(found: list[dict[str, Any]]) -> list[tables.Column]:
    def column(heading: str, cells: list[str]) -> tables.Column:
        return tables.Column(heading, "", tuple(cells), is_number=False)

    return [
        column("Claim", [str(f["claim"]) for f in found]),
        column("Verdict", [f"<strong>{f['verdict']}</strong>" for f in found]),
        column("What was computed", [_what(f) for f in found]),
        column("Result and 95% interval", [_result(f) for f in found]),
        column("Period and release", [_release(f) for f in found]),
    ]


def _what(finding: Mapping[str, Any]) -> str:
    label, unit = str(finding["label"]), str(finding.get("unit") or "")
    details = ["simulated"] if finding.get("simulated") and "simulated" not in label else []
    details += [unit] if unit and unit not in label.lower() else []
    details += [f"denominator: {finding['denominator']}"] if finding.get("denominator") else []
    return f"{label} ({'; '.join(details)})" if details else label


def _result(finding: Mapping[str, Any]) -> str:
    if finding.get("value") is None:
        return tables.NOT_APPLICABLE
    value = float(finding["value"])
    if finding.get("lower") is None or finding.get("upper") is None:
        told = words.number(value)
        return f"{told}, an exact count" if finding.get("kind") == "count" else told
    told, limits = words.estimate(value, float(finding["lower"]), float(finding["upper"]))
    level = float(finding.get("level", 0.95))
    if level == findings.BOUNDS:
        return f"<strong>{told}</strong> (bounds {limits})"
    named = limits if level == 0.95 else words.level_words(level) + " " + limits
    return f"<strong>{told}</strong> ({named})"


def _release(finding: Mapping[str, Any]) -> str:
    return "; ".join(str(finding[key]) for key in ("period", "vintage") if finding.get(key))


def release_columns(releases: list[dict[str, Any]]) -> list[tables.Column]:
    """Columns that say what data releases are, from whom, under what licence."""

    def column(heading: str, key: str) -> tables.Column:
        return tables.Column(heading, "", tuple(str(r.get(key) or "[x]") for r in releases), False)

    rows = tuple(words.number(float(r["rows"])) if r.get("rows") else "[x]" for r in releases)
    digests = tuple(str(r["sha256"])[:12] for r in releases)
    titles = tuple(f"<cite>{release['title']}</cite>" for release in releases)
    return [
        tables.Column("Data", "", titles, is_number=False),
        column("Publisher", "publisher"),
        column("Release", "vintage"),
        column("Licence", "licence"),
        tables.Column("Rows", "", rows, is_number=True),
        tables.Column("Checksum begins", "", digests, is_number=False),
    ]


def _parameter_columns(context: PageContext) -> list[tables.Column]:
    names = list(context.parameters)
    differs = {name: "no" if name in context.non_default else "yes" for name in names}
    cells = {
        "Parameter": names,
        "Meaning": [context.comments.get(name) or tables.NOT_APPLICABLE for name in names],
        "Value": [_parameter_text(context.parameters[name]) for name in names],
        "Default": [differs[name] for name in names],
    }
    return [tables.Column(head, "", tuple(texts), False) for head, texts in cells.items()]


def _parameter_text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_parameter_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _link(label: str, address: str) -> Link:
    return {"label": label, "address": address}


def _navigate(page: Page) -> None:
    scope, notebook = page.context.scope, page.context.notebook
    if page.context.is_internal:
        # It stands in a folder of its own, and its neighbours are public.
        page.navigation["index"] = _link("Public reports", "../../index.html")
        return
    page.navigation["index"] = _link("All reports", "../index.html")
    for role, entry in zip(
        ("previous", "next"), catalogue.neighbours(scope, notebook), strict=True
    ):
        if entry is not None:
            label = f"{entry.number} {entry.question}"
            page.navigation[role] = _link(label, f"{entry.notebook}.html")
    if scope != catalogue.NATIONAL:
        page.forces = [
            _link(name, finder_address(slug))
            for slug, name in catalogue.force_names().items()
            if slug != scope
        ]


def finder_address(slug: str) -> str:
    """Address of a force on the front page, seen from a report.

    A report links other forces there, because only the front page knows which are built; a site
    that holds them all links them directly (see :func:`site.build_site`).
    """
    return f"../index.html#force-{slug}"


def _refuse_breaches(html: str, *, causal_gate: bool) -> None:
    problems = [f"banned phrase in {found}" for found in words.lint(html, causal_gate=causal_gate)]
    problems += [
        f"{what}: {html[max(0, match.end() - 60) : match.end() + 30]!r}"
        for pattern, what in _BANNED_MARKUP.items()
        if (match := re.search(pattern, html))
    ]
    problems += [
        f"maths '{tex}' has a space inside its dollar signs, or stands where none is read"
        for tex in _LEFT_MATHS.findall(html)
        if prose.is_maths(tex)
    ]
    names = Counter(re.findall(r'<[a-z][^<>]*?\sid="([^"]+)"', html))
    problems += [f"identifier '{name}' stands twice" for name, count in names.items() if count > 1]
    if problems:
        raise PageError("; ".join(problems))
