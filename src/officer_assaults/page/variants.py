"""Variants: reports of other years, settings or own data, which stand beside the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from officer_assaults.files import read_inside
from officer_assaults.page import audience, catalogue, picture
from officer_assaults.pipeline.results import VARIANT


@dataclass(frozen=True, slots=True)
class Variant:
    """One report that was made with other parameters than the defaults.

    Parameters
    ----------
    title : str
        Force and question.
    address : str
        Address from the front page.
    settings : tuple of str
        What differs, in words: "period1: 2019/20".
    internal : bool
        Whether it is for internal eyes and in no site.
    """

    title: str
    address: str
    settings: tuple[str, ...]
    internal: bool


def variants(results: Iterable[Mapping[str, Any]]) -> list[Variant]:
    """List the variants among results that hold them, by force, question and settings.

    Parameters
    ----------
    results : iterable of mapping
        From :func:`officer_assaults.pipeline.results.read_reports` with ``variants=True``.
    """
    found = [_variant(result) for result in results if VARIANT in str(result["name"])]
    return sorted(found, key=lambda one: (one.title, one.settings, one.address))


def of_own_files(reports: Path) -> list[dict[str, Any]]:
    """Results of the reports that were made from somebody's own files, with their names."""
    from officer_assaults.pipeline.results import read_reports

    found = read_reports(reports, variants=True)
    return [result for result in found if VARIANT in result["name"] and result.get("files")]


def site_files(reports: Path, results: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """Files of such reports, as a site holds them."""
    found: dict[str, bytes] = {}
    for result in results:
        names = [f"{result['name']}.html", f"{result['name']}.json", *picture.of_charts(result)]
        paths = [f"{result['scope']}/{name}" for name in names]
        found |= {path: read_inside(reports, path) for path in paths}
    return found


def _variant(result: Mapping[str, Any]) -> Variant:
    entry = catalogue.find(str(result["notebook"]))
    question = entry.question if entry else str(result["notebook"])
    parameters = result.get("parameters", {})
    differing = {
        name: value
        for name, value in result.get("non_default", {}).items()
        if name != audience.PARAMETER and value not in ("", None)
    }
    return Variant(
        title=f"{catalogue.scope_name(str(result['scope']))}: {question}",
        address=f"{result['scope']}/{quote(str(result['name']))}.html",
        settings=tuple(f"{name.replace('_', ' ')}: {_text(it)}" for name, it in differing.items()),
        internal=audience.is_internal(parameters),
    )


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value))
    # A file is told by its name: where it lies is nobody else's business.
    return (
        str(value).rsplit("/", 1)[-1] if str(value).endswith((".csv", ".parquet")) else str(value)
    )
