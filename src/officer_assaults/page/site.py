"""Site: the front page, a force's pack, and the folder that any static host can serve."""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Protocol

from officer_assaults.files import TEMPORARY_PREFIX, read_inside, write_atomic
from officer_assaults.page import audience, catalogue, gaps, picture, publication, styles, words
from officer_assaults.page.answers import answers_of, release_table, verdict_summary
from officer_assaults.page.jinja import csp_hash, template
from officer_assaults.page.variants import Variant, of_own_files, site_files, variants
from officer_assaults.refusals import Problems, Refusal

if TYPE_CHECKING:
    import pandas as pd

INDEX = "index.html"
EVIDENCE = "evidence.html"
#: Table of all forces, in each of its forms.
GLANCE_FILES = "all-forces*"
#: Picture of a page at a glance.
GLANCE_PICTURE = "index.png"
#: Pages of two forces side by side.
PAIR_FILES = "compare/*.html"
CLAIMS_PAGE = "claims/collection.html"
_LONGEST_ERROR = 240
_SITE_MARK = ".nojekyll"
#: The list of what a site wrote; the next one removes these files and no others.
_SITE_FILES = ".site-files"
_PICTURE = '<meta property="og:image" content="'
_FINDER_LINK = re.compile(r'href="\.\./index\.html#force-([a-z-]+)"')
# The first day a zip archive can hold; a real one would change the bytes.
_ZIP_DAY = (1980, 1, 1, 0, 0, 0)


class Judging(Protocol):
    """A module that judges claims by the findings of the reports; the page knows no topic.

    ``FOCUS`` is the force that the claims are about.
    """

    FOCUS: str

    def rows(self, results: Iterable[Mapping[str, Any]]) -> Sequence[Any]:
        """Judge every claim; each as a :class:`Claim`."""

    def by_article(self, judged: Sequence[Any]) -> Mapping[str, Sequence[Any]]:
        """Group claims by where they were made."""

    def ways_in(self, judged: Sequence[Any]) -> Sequence[Any]:
        """Short paths through the reports, for each kind of reader."""

    def ledger(self) -> pd.DataFrame:
        """Evidence with its sources."""


class JudgedOnce:
    """Judges as another module does, and the same results only once."""

    def __init__(self, judging: Judging) -> None:
        self.FOCUS = judging.FOCUS
        self.by_article, self.ways_in = judging.by_article, judging.ways_in
        self.ledger = judging.ledger
        self._judging = judging
        self._judged: dict[str, Sequence[Any]] = {}

    def rows(self, results: Iterable[Mapping[str, Any]]) -> Sequence[Any]:
        """Judge every claim, where these findings are new."""
        held = list(results)
        key = repr([(each["scope"], each["notebook"], each.get("non_default"), each["findings"])
                    for each in held])  # fmt: skip
        if key not in self._judged:
            self._judged[key] = self._judging.rows(held)
        return self._judged[key]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The reports of one folder: which are built, which failed, and the command for the rest."""

    scope: str
    name: str
    built: tuple[catalogue.Entry, ...]
    missing: tuple[catalogue.Entry, ...]
    command: str
    row: int = 0
    column: int = 0
    short: str = ""
    pack: str = ""


def build_index(reports: Path, judging: Judging | None = None) -> Path:
    """Write the front page of a folder of reports, from what lies in it.

    Where a folder holds some of its reports, a page that says "not built" fills the place of each
    other one, so that no link between reports leads nowhere.

    Parameters
    ----------
    reports : Path
        Folder with one subfolder per force and one for England and Wales.
    judging : module, optional
        Judges the claims; without it the front page shows none.

    Returns
    -------
    Path
        The front page.
    """
    from officer_assaults.pipeline.results import read_failures, read_reports

    results, everything = read_reports(reports), read_reports(reports, variants=True)
    judging = JudgedOnce(judging) if judging is not None else None
    fill_gaps(reports, results, everything)
    picture.refresh(reports, results)
    page = render_index(
        results,
        failures=read_failures(reports),
        judging=judging,
        beside=variants(everything),
        glances=_with_glance(reports, results),
        others=_if_there(reports, CLAIMS_PAGE),
    )
    if judging is not None:
        write_atomic(reports / EVIDENCE, render_evidence(results, judging))
    near = "../data/" if (reports.parent / "data").is_dir() else ""
    listed = _listed(reports, results, judging)
    for name, content in publication.pages(results, data_root=near, **listed).items():
        write_atomic(reports / name, content)
    write_atomic(reports / INDEX, page)
    return reports / INDEX


def render_index(
    results: Sequence[Mapping[str, Any]],
    *,
    failures: Iterable[Mapping[str, Any]] = (),
    judging: Judging | None = None,
    packs: Iterable[str] = (),
    glances: Collection[str] = (),
    others: str = "",
    only: str | None = None,
    beside: Sequence[Variant] = (),
) -> str:
    """Write the front page.

    Parameters
    ----------
    results : list of mapping
        Content of the reports' JSON files.
    failures : iterable of mapping
        Runs that failed: notebook, scope, outcome, cell, error, command.
    judging : module, optional
        Judges the claims.
    packs : iterable of str
        Short names of the forces whose pack lies beside their reports.
    glances : collection of str
        Short names of the forces that have a page at a glance.
    others : str
        Address of the page of claims by others; empty if there is none.
    only : str, optional
        Short name of the one force that the page is for, in its pack.
    beside : sequence of Variant
        Reports of other years, settings or own data.

    Returns
    -------
    str
        A self-contained page; the same bytes for the same arguments.
    """
    failed = sorted(failures, key=lambda run: (run["scope"], run["notebook"]))
    shelves = _shelves(results, failed, frozenset(packs))
    style = styles.page_style() + styles.read("front.css")
    about_all = judging if judging is not None and _shows_claims(results, judging, only) else None
    claims = about_all.rows(results) if about_all else []
    focus = only or _sole_force(results)
    releases = publication.releases(results)
    page: str = template("front.html.j2").render(
        style=style,
        style_hash=csp_hash(style),
        answers=answers_of(results, focus),
        focus=catalogue.scope_name(focus or catalogue.NATIONAL),
        claims=about_all.by_article(claims) if about_all else {},
        unjudged=judging is None and not only,
        ways=about_all.ways_in(claims) if about_all and claims else [],
        summary=verdict_summary(claims),
        verdicts=words.VERDICT_MEANING,
        national=shelves[0],
        forces=[shelf for shelf in shelves[1:] if shelf.built and only in (None, shelf.scope)],
        unbuilt=[shelf for shelf in shelves[1:] if not (shelf.built or only)],
        only=only,
        glances=glances,
        others=others,
        beside=beside,
        tiles=[] if only else [shelf for shelf in shelves[1:] if shelf.row],
        failed=[_failure(run) for run in failed],
        count=len(results),
        releases=release_table(releases),
        release_count=len(releases),
    )
    return page


def render_evidence(results: Sequence[Mapping[str, Any]], judging: Judging) -> str:
    """Write the page of claims with their reasons, and of the evidence ledger.

    Parameters
    ----------
    results : list of mapping
        Content of the reports' JSON files.
    judging : module
        Judges the claims and holds the ledger.
    """
    style = styles.page_style() + styles.read("front.css")
    ledger = judging.ledger()
    topics = {
        str(topic)[:1].upper() + str(topic)[1:]: rows.to_dict("records")
        for topic, rows in ledger.groupby("topic", sort=False)
    }
    page: str = template("evidence.html.j2").render(
        style=style,
        style_hash=csp_hash(style),
        articles=judging.by_article(judging.rows(results)),
        topics=topics,
        count=len(ledger),
    )
    return page


def fill_gaps(
    reports: Path, results: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]] = ()
) -> None:
    """Write a "not built" page for every report that its neighbours link to and that is missing."""
    for name, page in gaps.pages(results, more).items():
        write_atomic(reports / name, page)


def pack(reports: Path, force: str, judging: Judging | None = None) -> bytes:
    """Zip a force's reports and the national ones with a front page of their own.

    Parameters
    ----------
    reports : Path
        Folder of reports.
    force : str
        Short name of the force.

    Returns
    -------
    bytes
        An archive that opens without a server; the same bytes for the same reports.

    Raises
    ------
    FileNotFoundError
        If the force has no report.
    Refusal
        E121 if one of its reports is for internal eyes.
    """
    from officer_assaults.pipeline.results import read_reports

    scopes = (force, catalogue.NATIONAL)
    results = [result for result in read_reports(reports) if result["scope"] in scopes]
    own = [result for result in of_own_files(reports) if result["scope"] in scopes]
    if not any(result["scope"] == force for result in (*results, *own)):
        raise FileNotFoundError(
            f"no reports of {force} in {reports.name}: make reports FORCE={force}"
        )
    _refuse_internal(reports, (*results, *own))
    front = render_index(results, judging=judging, only=force, beside=variants(own))
    about = publication.pages(results, data_root="")
    files: dict[str, bytes] = {INDEX: front.encode(), **site_files(reports, own)}
    files |= {name: content.encode() for name, content in about.items()}
    if judging is not None and force == judging.FOCUS:
        files[EVIDENCE] = render_evidence(results, judging).encode()
    for result in results:
        for suffix in (".html", ".json"):
            name = f"{result['scope']}/{result['notebook']}{suffix}"
            files[name] = read_inside(reports, name)
        name = f"{result['scope']}/{result['notebook']}.png"
        files[name] = picture.of_report(result)
        files |= _charts(reports, result)
    for name, page in gaps.pages(results, own).items():
        files[name] = page.encode()
    refuse_internal_files(files)
    return _zip({f"{force}-reports/{name}": content for name, content in files.items()})


def build_site(
    reports: Path, out: Path, address: str = "", judging: Judging | None = None
) -> list[Path]:
    """Gather everything that a static host needs, with a pack per force and direct links.

    Reports link other forces through the front page, because they cannot know what is built; in a
    site that is known, and they link each other.

    Parameters
    ----------
    reports : Path
        Folder of reports.
    out : Path
        Folder to fill; what an earlier site left there is removed first.
    address : str
        Address that the site will have; previews of shared links need it.

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    FileExistsError
        If the folder holds something that is no earlier site.
    Refusal
        E121 if a report is for internal eyes; P304 if one of its files lies outside the folder.
    """
    from officer_assaults.pipeline.results import read_reports

    results = read_reports(reports)
    _refuse_internal(reports, results)
    files = _site_files(reports, results, address, judging)
    refuse_internal_files(files)
    _empty(out, files)
    for name, content in files.items():
        if name != _SITE_FILES:
            write_atomic(out / name, content)
    write_atomic(out / _SITE_FILES, files[_SITE_FILES])
    return [out / name for name in files]


def _site_files(
    reports: Path,
    results: Sequence[Mapping[str, Any]],
    address: str,
    judging: Judging | None,
) -> dict[str, str | bytes]:
    built = {(result["scope"], result["notebook"]) for result in results}
    own = of_own_files(reports)
    _refuse_internal(reports, own)
    files: dict[str, str | bytes] = {**gaps.pages(results, own), **site_files(reports, own)}
    for scope, notebook in sorted(built):
        page = _whole(reports, f"{scope}/{notebook}.html")
        linked = _linked_directly(page, notebook, built)
        files[f"{scope}/{notebook}.html"] = _with_address(linked, scope, address)
        files[f"{scope}/{notebook}.json"] = read_inside(reports, f"{scope}/{notebook}.json")
    for result in results:
        files[f"{result['scope']}/{result['notebook']}.png"] = picture.of_report(result, address)
        files |= _charts(reports, result)
    scopes = {scope for scope, _ in built} | {str(result["scope"]) for result in own}
    forces = sorted(scopes - {catalogue.NATIONAL})
    files |= {pack_name(force): pack(reports, force, judging) for force in forces}
    files[INDEX] = render_index(
        results,
        judging=judging,
        packs=forces,
        glances=_with_glance(reports, results),
        others=_if_there(reports, CLAIMS_PAGE),
        beside=variants(own),
    )
    if judging is not None:
        files[EVIDENCE] = render_evidence(results, judging)
    listed = _listed(reports, results, judging)
    files |= publication.pages(results, data_root="data/", **listed)
    files |= {f"data/{name}": content for name, content in publication.data_files().items()}
    for name in _beside(reports, {scope for scope, _ in built}):
        content = read_inside(reports, name)
        if name.endswith(f"/{INDEX}"):
            content = _with_address(content.decode(), name.partition("/")[0], address).encode()
        files[name] = content
    # Hosts that would run a site generator over the folder leave it alone if this file is there.
    files[_SITE_MARK] = ""
    files[_SITE_FILES] = "\n".join(sorted([*files, _SITE_FILES])) + "\n"
    return files


def _whole(reports: Path, name: str) -> str:
    """Text of a page; one that a crash cut short or filled with zeros is not handed on."""
    text = read_inside(reports, name).decode("utf-8", "replace")
    if not text.rstrip().endswith("</html>"):
        what, remedy = "is cut short.", "Make it again with 'make reports'."
        raise Refusal.of("P310", what, remedy, name)
    return text


def _charts(reports: Path, result: Mapping[str, Any]) -> dict[str, bytes]:
    names = [f"{result['scope']}/{name}" for name in picture.of_charts(result)]
    return {name: read_inside(reports, name) for name in names}


def _beside(reports: Path, scopes: Iterable[str]) -> list[str]:
    """Pages and files at a glance, by their names in the folder of reports."""
    found = [*reports.glob(GLANCE_FILES)]
    found += [reports / scope / name for scope in scopes for name in (INDEX, GLANCE_PICTURE)]
    found += [reports / CLAIMS_PAGE, *reports.glob(PAIR_FILES)]
    return sorted(path.relative_to(reports).as_posix() for path in found if path.is_file())


def _shows_claims(results: Iterable[Mapping[str, Any]], judging: Judging, only: str | None) -> bool:
    """Whether the front page holds the claims: where no other force than theirs is built alone."""
    built = {str(result["scope"]) for result in results}
    return only in (None, judging.FOCUS) and (judging.FOCUS in built or not built)


def _listed(
    reports: Path, results: Iterable[Mapping[str, Any]], judging: Judging | None
) -> dict[str, Any]:
    names = _beside(reports, {str(result["scope"]) for result in results})
    return publication.beside(reports, names, evidence=EVIDENCE if judging else "")


def _if_there(reports: Path, name: str) -> str:
    return name if (reports / name).is_file() else ""


def _with_glance(reports: Path, results: Iterable[Mapping[str, Any]]) -> set[str]:
    scopes = {str(result["scope"]) for result in results}
    return {scope for scope in scopes if (reports / scope / INDEX).is_file()}


def _refuse_internal(reports: Path, results: Iterable[Mapping[str, Any]]) -> None:
    """Refuse to hand on reports that were made for internal eyes."""
    problems = Problems()
    for result in results:
        notebook, scope = result["notebook"], result["scope"]
        page = reports / scope / f"{result.get('name', notebook)}.html"
        # The page itself too: a run that was stopped may leave an older page beside its result.
        held = {page.name: page.read_bytes()} if page.is_file() else {}
        if any(audience.internal_files(held)) or audience.is_internal(result.get("parameters", {})):
            problems.add(
                "E121",
                f"the report {scope}/{notebook} was made with audience=internal.",
                "Make it again with audience=public, or delete it first.",
            )
    problems.raise_if_any()


def refuse_internal_files(files: Mapping[str, str | bytes]) -> None:
    """Look into everything that is about to be handed on, whatever lies beside it on disk.

    Parameters
    ----------
    files : mapping of str to str or bytes
        Content by name.

    Raises
    ------
    Refusal
        E121 for each page, result or archive that was made for internal eyes.
    """
    problems = Problems()
    for name in audience.internal_files(files):
        what = f"'{name}' was made with audience=internal."
        problems.add("E121", what, "Make it again with audience=public, or delete it.")
    problems.raise_if_any()


def pack_name(force: str) -> str:
    """Path of a force's pack in a site."""
    return f"{force}/{force}-reports.zip"


def _empty(out: Path, files: Iterable[str]) -> None:
    """Remove what an earlier site wrote, by its own list, and nothing else.

    The list is written before the first file, so that what an interrupted one left is known.
    """
    listed = out / _SITE_FILES
    # What was killed while it wrote the list itself left that half-written.
    others = [path for path in _in(out) if not path.name.startswith(TEMPORARY_PREFIX)]
    if others and not listed.is_file():
        raise FileExistsError(f"{out} holds other things than an earlier site; name a new folder")
    text = listed.read_text(encoding="utf-8", errors="replace") if listed.is_file() else ""
    inside = out.resolve()
    earlier = {name for name in text.splitlines() if _may_be_of_a_site(name)}
    astray = [name for name in files if not (out / name).parent.resolve().is_relative_to(inside)]
    if astray:
        raise FileExistsError(f"{out / astray[0]} leads out of the folder by a link")
    foreign = [name for name in files if name not in earlier and (out / name).exists()]
    if foreign:
        raise FileExistsError(f"{out / foreign[0]} was not written by an earlier site")
    write_atomic(listed, "".join(f"{name}\n" for name in sorted({*earlier, *files})))
    half = [path.relative_to(out).as_posix() for path in out.rglob(f"{TEMPORARY_PREFIX}*")]
    for name in {*earlier, *half} - {_SITE_FILES}:
        path = out / name
        if path.parent.resolve().is_relative_to(inside):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
                for folder in path.relative_to(out).parents[:-1]:
                    (out / folder).rmdir()  # Ends at the first that holds something.


def _in(out: Path) -> list[Path]:
    return list(out.iterdir()) if out.exists() else []


def _may_be_of_a_site(name: str) -> bool:
    """Tell names that a site can have written from hidden ones, and from ways out of its folder."""
    parts = name.split("/")
    own = name in (_SITE_MARK, _SITE_FILES) or not any(part.startswith(".") for part in parts)
    return own and all(parts) and name.isprintable() and not set(name) & set(":\\")


def _with_address(page: str, scope: str, address: str) -> str:
    """Make the picture of a preview absolute, which those who fetch it ask for."""
    base = address.rstrip("/")
    return page.replace(_PICTURE, f"{_PICTURE}{base}/{scope}/") if base else page


def _linked_directly(page: str, notebook: str, built: set[tuple[str, str]]) -> str:
    def direct(match: re.Match[str]) -> str:
        force = match.group(1)
        if (force, notebook) not in built:
            return match.group()
        return f'href="../{force}/{notebook}.html"'

    return _FINDER_LINK.sub(direct, page)


def _zip(files: Mapping[str, bytes]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _ZIP_DAY)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, files[name])
    return out.getvalue()


def _shelves(
    results: Iterable[Mapping[str, Any]],
    failures: Iterable[Mapping[str, Any]],
    packs: frozenset[str],
) -> list[Shelf]:
    from officer_assaults.page import tile_map

    built = {(result["scope"], result["notebook"]) for result in results}
    places = tile_map.places()
    shelves = []
    for scope, name in {catalogue.NATIONAL: "England and Wales", **catalogue.force_names()}.items():
        shelf = catalogue.entries(scope)
        row, column, short = places.get(scope, (0, 0, ""))
        national = scope == catalogue.NATIONAL
        shelves.append(
            Shelf(
                scope,
                name,
                tuple(entry for entry in shelf if (scope, entry.notebook) in built),
                tuple(entry for entry in shelf if (scope, entry.notebook) not in built),
                "make reports" if national else f"make reports FORCE={scope}",
                row,
                column,
                short,
                pack_name(scope) if scope in packs else "",
            )
        )
    return shelves


def _sole_force(results: Iterable[Mapping[str, Any]]) -> str:
    """Force whose answers open the front page: the one that is built, none where there are more."""
    built = {str(result["scope"]) for result in results} - {catalogue.NATIONAL}
    return built.pop() if len(built) == 1 else ""


def _failure(run: Mapping[str, Any]) -> dict[str, str]:
    cell = run.get("cell")
    return {
        "name": catalogue.scope_name(str(run["scope"])),
        "notebook": str(run["notebook"]),
        "outcome": str(run.get("outcome", "failed")) + (f" in cell {cell}" if cell else ""),
        "error": shorten(str(run.get("error", "")), _LONGEST_ERROR, placeholder=" …"),
        "command": str(run.get("command", "")),
        "executed": f"{run['scope']}/{run.get('name', run['notebook'])}.failed.ipynb",
    }
