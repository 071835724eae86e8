"""Pages of forces at a glance, written beside the reports and only where something changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from officer_assaults.files import sha256, write_atomic
from officer_assaults.page import catalogue
from officer_assaults.pipeline import aside

_MADE_FROM = '<meta name="made-from" content="{}">'


def write(
    folder: Path,
    results: Sequence[Mapping[str, Any]],
    *,
    inputs: str,
    scopes: Iterable[str] = (),
    claims: Mapping[str, Sequence[Any]] | None = None,
) -> list[Path]:
    """Write the page of every force that has reports, and of ``scopes``; and of all forces.

    Parameters
    ----------
    folder : Path
        Folder of reports.
    results : sequence of mapping
        Content of the reports' JSON files.
    inputs : str
        Hash of the package and the data; with the list of reports it tells whether a page is new.
    scopes : iterable of str
        Further forces.
    claims : mapping, optional
        Short name of a force to what others said of it, judged.

    Returns
    -------
    list of Path
        Pages of forces that are there now, written or left.
    """
    from officer_assaults.topics.forces.glance import model, pair, report

    shelves: dict[str, dict[str, str]] = {scope: {} for scope in scopes}
    for result in results:
        entry = catalogue.find(str(result["notebook"]))
        if entry is not None:
            shelf = shelves.setdefault(str(result["scope"]), {})
            shelf[f"{entry.notebook}.html"] = entry.question
    paths = {slug: folder / slug / report.PAGE for slug in sorted(shelves)}
    said = claims or {}
    marks = {
        slug: _mark(inputs, {**shelves[slug], **dict.fromkeys(paths, ""), **_verdicts(said, slug)})
        for slug in paths
    }
    stale = {
        slug: mark
        for slug, mark in marks.items()
        if mark not in _text(paths[slug]) or not paths[slug].with_suffix(".png").is_file()
    }
    pairs = pair.pairs(model.glances(), set(paths)) if stale else set()

    def make(slug: str) -> None:
        made = report.page(
            model.glances(),
            model.series(slug),
            slug,
            reports=dict(sorted(shelves[slug].items())),
            picture=report.PICTURE,
            pairs=_beside(slug, pairs),
            claims=said.get(slug, ()),
        )
        write_atomic(folder / slug / report.PICTURE, report.shared_picture(model.glances(), slug))
        write_atomic(paths[slug], made.replace("<title>", f"{stale[slug]}<title>", 1))

    aside.each(make, list(stale))
    aside.each(lambda both: _write_pair(folder, *both, inputs), sorted(pairs))
    table = folder / f"{report.ALL}.html"
    mark = _mark(inputs, dict.fromkeys(paths, ""))
    if mark not in _text(table):
        for name, content in report.all_forces(model.glances(), set(paths)).items():
            if isinstance(content, str):
                content = content.replace("<title>", f"{mark}<title>", 1)
            write_atomic(folder / name, content)
    return list(paths.values())


def _verdicts(claims: Mapping[str, Sequence[Any]], slug: str) -> dict[str, str]:
    return {f"claim {one.claim}": str(one.verdict) for one in claims.get(slug, ())}


def _beside(slug: str, pairs: set[tuple[str, str]]) -> dict[str, str]:
    """Address, from the page of a force, to name of each force that is set beside it."""
    from officer_assaults.topics.forces.glance import model, pair

    names = model.glances().table["name"]
    others = sorted(
        {one if slug == other else other for one, other in pairs if slug in (one, other)}
    )
    return {f"../{pair.address(slug, other)}": str(names[other]) for other in others}


def _write_pair(folder: Path, one: str, other: str, inputs: str) -> None:
    from officer_assaults.topics.forces.glance import model, pair

    path, mark = folder / pair.address(one, other), _mark(inputs, {one: other})
    if mark not in _text(path):
        text = pair.page(model.glances(), one, other)
        write_atomic(path, text.replace("<title>", f"{mark}<title>", 1))


def _mark(inputs: str, shelf: Mapping[str, str]) -> str:
    return _MADE_FROM.format(sha256(repr((inputs, sorted(shelf.items()))).encode())[:16])


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def is_of_a_command(path: Path) -> bool:
    """Whether a page is whole and bears no mark, as the command ``compare`` writes it.

    Parameters
    ----------
    path : Path
    """
    text = _text(path)
    return _MADE_FROM.partition("{}")[0] not in text and text.rstrip().endswith("</html>")
