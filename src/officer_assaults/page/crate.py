"""Crate: what a set of reports was made from, as RO-Crate metadata, and the list of its exhibits.

RO-Crate 1.1 is the form in which data repositories and journals take the provenance of a set of
files (Soiland-Reyes and others, *Packaging research artefacts with RO-Crate*, Data Science, 2022).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from officer_assaults.page import catalogue, picture

METADATA, EXHIBITS = "ro-crate-metadata.json", "exhibits.csv"
_SPECIFICATION = "https://w3id.org/ro/crate/1.1"
_SOFTWARE = "#officer-assaults"
_KINDS = {
    "html": ("page", "text/html"),
    "json": ("findings", "application/json"),
    "svg": ("chart", "image/svg+xml"),
    "png": ("chart", "image/png"),
}

Entity = dict[str, Any]


def exhibits(results: Sequence[Mapping[str, Any]]) -> str:
    """List every figure and table of a set of reports with the cell that makes it, as CSV.

    Parameters
    ----------
    results : sequence of mapping
        Content of the reports' JSON files.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["notebook", "force", "exhibit", "title", "cell", "cell_id", "page"])
    for result in sorted(results, key=lambda result: (result["notebook"], result["scope"])):
        for shown in result.get("exhibits", []):
            place = f"{shown['kind']} {shown['number']}"
            page = f"{_path(result, 'html')}#{shown['kind']}-{shown['number']}"
            cells = [place, shown["title"], shown["cell"], shown["cell_id"], page]
            writer.writerow([result["notebook"], result["scope"], *cells])
    return stream.getvalue()


def metadata(results: Sequence[Mapping[str, Any]], about: Mapping[str, Any]) -> str:
    """Write the RO-Crate metadata of a set of reports.

    Parameters
    ----------
    results : sequence of mapping
        Content of the reports' JSON files.
    about : mapping
        Content of CITATION.cff.

    Returns
    -------
    str
        JSON-LD with one entity for each page, findings file, data release, program and run.
    """
    graph: dict[str, Entity] = {}
    pythons = {str(r.get("versions", {}).get("python", "")) for r in results} - {""}
    for entity in (*_project(about), *(_language(version) for version in sorted(pythons))):
        graph[entity["@id"]] = entity
    parts: list[str] = []
    runs: list[str] = []
    for result in results:
        for entity in _report(result):
            graph.setdefault(entity["@id"], entity)
        parts += _files(result)
        runs.append(_run_id(result))
    graph["./"] |= {"hasPart": _references(parts), "mentions": _references(runs)}
    graph[_SOFTWARE]["programmingLanguage"] = _references(_id("python", v) for v in sorted(pythons))
    whole = {"@context": f"{_SPECIFICATION}/context", "@graph": list(graph.values())}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _project(about: Mapping[str, Any]) -> list[Entity]:
    """Descriptor, the set itself, and the program that makes it."""
    day, title = str(about.get("date-released", "")), str(about["title"])
    licence = {"license": {"@id": f"https://spdx.org/licenses/{about.get('license', 'MIT')}"}}
    authors = [str(author.get("name", "")) for author in about.get("authors", [])]
    people = [{"@id": _id(name), "@type": "Organization", "name": name} for name in authors]
    by = {"author": _references(_id(name) for name in authors)}
    repository = str(about.get("repository-code", ""))
    return [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "conformsTo": {"@id": _SPECIFICATION},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"Reports: {title}",
            "description": "Reports with their findings, and what each was made from.",
            "datePublished": day,
            **licence,
            **by,
        },
        {
            "@id": _SOFTWARE,
            "@type": "SoftwareSourceCode",
            "name": title,
            "version": str(about.get("version", "")),
            **({"codeRepository": repository} if repository else {}),
            **licence,
            **by,
        },
        *people,
    ]


def _language(version: str) -> Entity:
    return {
        "@id": _id("python", version),
        "@type": "ComputerLanguage",
        "name": "Python",
        "version": version,
    }


def _report(result: Mapping[str, Any]) -> list[Entity]:
    """Entities of one report: its files, the run, and what went into it."""
    given = [*_releases(result), *_values(result)]
    name = f"{catalogue.scope_name(str(result['scope']))}: {result.get('title', '')}"
    run = {
        "@id": _run_id(result),
        "@type": "CreateAction",
        "name": f"Make {result['scope']}/{result['notebook']}",
        "description": str(result.get("command", "")),
        "instrument": {"@id": _SOFTWARE},
        "object": _references(entity["@id"] for entity in given),
        "result": _references(_files(result)),
    }
    files = [
        {
            "@id": path,
            "@type": "File",
            "name": f"{name} ({_KINDS[path.rpartition('.')[2]][0]})",
            "encodingFormat": _KINDS[path.rpartition(".")[2]][1],
        }
        for path in _files(result)
    ]
    return [*files, run, *given]


def _releases(result: Mapping[str, Any]) -> list[Entity]:
    return [
        {
            "@id": _id("data", release.get("name", release["title"])),
            "@type": "Dataset",
            "name": str(release["title"]),
            "identifier": f"sha256:{release['sha256']}",
            **{
                theirs: str(release[ours])
                for ours, theirs in (
                    ("vintage", "version"),
                    ("url", "url"),
                    ("licence", "license"),
                    ("publisher", "creditText"),
                )
                if release.get(ours)
            },
        }
        for release in result.get("sources", [])
    ]


def _values(result: Mapping[str, Any]) -> list[Entity]:
    """Parameters, commit, and the checksums of the run's inputs, each as a value with a name."""
    made = result.get("provenance", {})
    values = {f"parameter {name}": value for name, value in result.get("parameters", {}).items()}
    values |= {f"sha256 of the {n}": digest for n, digest in result.get("inputs", {}).items()}
    if made.get("commit"):
        values |= {"commit": made["commit"], "files changed since the commit": made["changed"]}
    return [
        {
            "@id": _id(f"{name}={json.dumps(value, ensure_ascii=False)}"),
            "@type": "PropertyValue",
            "name": name,
            "value": value if isinstance(value, (str, int, float)) else json.dumps(value),
        }
        for name, value in values.items()
    ]


def _path(result: Mapping[str, Any], kind: str) -> str:
    return f"{result['scope']}/{result['notebook']}.{kind}"


def _files(result: Mapping[str, Any]) -> list[str]:
    charts = [f"{result['scope']}/{name}" for name in picture.of_charts(result)]
    return [_path(result, "html"), _path(result, "json"), *charts]


def _run_id(result: Mapping[str, Any]) -> str:
    return _id("run", result["scope"], result["notebook"])


def _id(*parts: object) -> str:
    """Name something that is no file; such names are addresses, so without spaces."""
    return "#" + "-".join(quote(str(part), safe="=") for part in parts)


def _references(names: Iterable[str]) -> list[Entity]:
    return [{"@id": name} for name in names]
