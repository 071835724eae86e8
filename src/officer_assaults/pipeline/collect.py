"""Collect: make an executed notebook reproducible, read its results, judge its contract."""

from __future__ import annotations

import copy
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from officer_assaults.findings import FINDING_MIME, ROLE_KEY, SOURCE_MIME
from officer_assaults.pipeline.notebooks import source_of
from officer_assaults.pipeline.terminal import HALF_SIGN, UNSEEN, printed, visible

INJECTED_TAG = "injected-parameters"
_KEPT_CELL_METADATA = {"tags", ROLE_KEY, "jupyter"}
_CELL_FILE = re.compile(r"(?:/[^\s'\"<>:]*)?/ipykernel_\d+/\d+\.py|(?<=\()\d{4,}\.py(?=, line )")
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{6,}")
# A program of the machine in a warning or a trace of calls, by its path.
_PROGRAM = re.compile(
    r"(?<![\w.~:/\\-])(?:[A-Za-z]:)?(?:[/\\][^/\\\s'\"<>:]+)+[/\\]([\w.-]+\.py)\b"
)
_BINARY_MIMES = frozenset({"image/png", "image/jpeg", "image/gif", "application/pdf"})


@dataclass(frozen=True, slots=True)
class Collected:
    """What an executed notebook says about itself.

    Parameters
    ----------
    findings, sources : list of dict
        Payloads of the finding and source outputs, in order.
    counts : dict of str to int
        Number of outputs of each role.
    headline : dict of str to str
        What the headline and the answer say, by part.
    exhibits : list of dict
        Every figure and table as the page numbers them, with the cell that makes it.
    broken : tuple of str
        Every way in which the notebook did not deliver what it declares; empty if it did.
    """

    findings: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    counts: dict[str, int]
    headline: dict[str, str]
    exhibits: list[dict[str, Any]]
    broken: tuple[str, ...]


def outputs_of(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All outputs of the code cells, in order."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            yield from cell["outputs"]


def role_of(output: Mapping[str, Any]) -> str | None:
    """Role that a helper gave an output, or None."""
    described = output.get("metadata", {}).get(ROLE_KEY)
    role = described.get("role") if isinstance(described, Mapping) else None
    return role if isinstance(role, str) else None


def collect(notebook: Mapping[str, Any], expected: Mapping[str, int]) -> Collected:
    """Read findings, sources and counts, and check what was declared.

    Parameters
    ----------
    notebook : mapping
        Executed notebook.
    expected : mapping of str to int
        Least number of outputs of a role, from the calls that every run makes.

    Returns
    -------
    Collected
        Results with every breach of the contract.
    """
    findings = _payloads(notebook, FINDING_MIME)
    sources = _payloads(notebook, SOURCE_MIME)
    counts = Counter(role for output in outputs_of(notebook) if (role := role_of(output)))
    broken = [
        *_error_outputs(notebook),
        *_missing_roles(counts, {"headline": 1, "finding": 1, **expected}),
        *_repeated([str(finding.get("id", "")) for finding in findings]),
        *_empty_outputs(notebook),
    ]
    headline = _headline(notebook)
    counted = dict(sorted(counts.items()))
    shown = exhibits(notebook)
    return Collected(findings, sources, counted, headline, shown, tuple(broken))


def exhibits(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List figures and tables in the order of a page, on which the chart that leads comes first.

    Parameters
    ----------
    notebook : mapping
        Executed notebook.

    Returns
    -------
    list of dict
        ``kind`` and ``number``, ``title``, ``formats`` that it comes in as a file, and ``cell`` and
        ``cell_id`` of the tracked notebook, the first cell being 1.
    """
    return [entry for entry, _ in _numbered(notebook)]


def pictures(notebook: Mapping[str, Any]) -> dict[str, bytes]:
    """Give every figure of a notebook as files, by the end of their names.

    Parameters
    ----------
    notebook : mapping
        Executed notebook.

    Returns
    -------
    dict of str to bytes
        For instance ``"-figure-1.svg"``.
    """
    return {
        f"-{entry['kind']}-{entry['number']}.{kind}": content
        for entry, found in _numbered(notebook)
        for kind, content in found.items()
    }


def _numbered(notebook: Mapping[str, Any]) -> list[tuple[dict[str, Any], dict[str, bytes]]]:
    """Figures and tables as the page numbers them, with the figures' files."""
    found: list[tuple[dict[str, Any], Mapping[str, Any]]] = []
    cells = [cell for cell in notebook["cells"] if INJECTED_TAG not in _cell_tags(cell)]
    for number, cell in enumerate(cells, start=1):
        place = {"cell": number, "cell_id": str(cell.get("id", ""))}
        found += [
            (place, output)
            for output in cell.get("outputs", [])
            if role_of(output) in ("figure", "table")
        ]
    leading = next((entry for entry in found if _described(entry[1]).get("lead")), None)
    if leading is not None:
        found = [leading, *(entry for entry in found if entry is not leading)]
    counts: Counter[str] = Counter()
    listed = []
    for place, output in found:
        kind, title = str(role_of(output)), str(_described(output).get("title", ""))
        counts[kind] += 1
        files = _files(output) if kind == "figure" else {}
        entry = {"kind": kind, "number": counts[kind], "title": title, **place}
        listed.append(({**entry, "formats": sorted(files)}, files))
    return listed


def _described(output: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(output["metadata"][ROLE_KEY])


def _files(output: Mapping[str, Any]) -> dict[str, bytes]:
    data = output.get("data", {})
    found = {}
    if "image/svg+xml" in data:
        found["svg"] = str(data["image/svg+xml"]).encode()
    if "image/png" in data:
        found["png"] = b64decode(data["image/png"])
    return found


def _cell_tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell.get("metadata", {}).get("tags", []))


def _payloads(notebook: Mapping[str, Any], mime: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for output in outputs_of(notebook):
        payload = output.get("data", {}).get(mime)
        if isinstance(payload, str):
            payload = json.loads(payload)
        found.extend(payload if isinstance(payload, list) else [payload] if payload else [])
    return found


def _headline(notebook: Mapping[str, Any]) -> dict[str, str]:
    said: dict[str, str] = {}
    for output in outputs_of(notebook):
        if role_of(output) in ("headline", "answer"):
            said = dict(output["metadata"][ROLE_KEY].get("said", {})) | said
    return said


def _error_outputs(notebook: Mapping[str, Any]) -> Iterator[str]:
    cells = [cell for cell in notebook["cells"] if INJECTED_TAG not in _cell_tags(cell)]
    for number, cell in enumerate(cells, start=1):
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                said = " ".join(str(output["evalue"]).split())
                yield f"cell {number} shows an error: {output['ename']}: {said}"


def _missing_roles(counts: Mapping[str, int], least: Mapping[str, int]) -> Iterator[str]:
    for role, wanted in sorted(least.items()):
        if counts.get(role, 0) < wanted:
            yield f"{counts.get(role, 0)} of {wanted} {role} outputs"


def _repeated(ids: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(ids).items():
        if not name:
            yield "a finding has no id"
        elif count > 1:
            yield f"finding '{name}' is recorded {count} times"


def _empty_outputs(notebook: Mapping[str, Any]) -> Iterator[str]:
    for output in outputs_of(notebook):
        role = role_of(output)
        if role is not None and not any(output.get("data", {}).values()):
            yield f"a {role} output is empty"
        if role == "figure" and not _has_picture(output.get("data", {})):
            yield "a figure output holds no picture"


def _has_picture(data: Mapping[str, Any]) -> bool:
    html = str(data.get("text/html", ""))
    return any(mime.startswith("image/") for mime in data) or "<svg" in html or "<img" in html


def reproducible(notebook: Mapping[str, Any], replacements: Mapping[str, str]) -> dict[str, Any]:
    """Copy an executed notebook without anything that differs from run to run.

    Parameters
    ----------
    notebook : mapping
        Executed notebook; left as it is.
    replacements : mapping of str to str
        What to write instead of the paths of this machine.

    Returns
    -------
    dict
        Without papermill's metadata, times and ids, paths and memory addresses; text streams of a
        cell joined, whatever the size of the pieces they came in.
    """
    clean = copy.deepcopy(dict(notebook))
    kernel = clean["metadata"].get("kernelspec", {})
    clean["metadata"] = {
        "kernelspec": kernel,
        "language_info": {"name": "python"},
        **{key: value for key, value in clean["metadata"].items() if key == ROLE_KEY},
    }
    for number, cell in enumerate(clean["cells"], start=1):
        tags = cell["metadata"].get("tags", [])
        cell["id"] = INJECTED_TAG if INJECTED_TAG in tags else cell.get("id", f"cell-{number}")
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k in _KEPT_CELL_METADATA}
        source = HALF_SIGN.sub("\ufffd", source_of(cell))
        is_code = cell["cell_type"] == "code"
        cell["source"] = visible(UNSEEN.sub("\ufffd", source) if is_code else source)
        if is_code:
            cell["outputs"] = [_clean_output(o, replacements) for o in _joined(cell["outputs"])]
    return clean


def _joined(outputs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join streams between two other outputs: how they interleave is a matter of timing."""
    joined: list[dict[str, Any]] = []
    pending: dict[str, dict[str, Any]] = {}
    for output in outputs:
        if output["output_type"] != "stream":
            joined.extend(pending[name] for name in sorted(pending, reverse=True))
            pending = {}
            joined.append(output)
        elif output["name"] in pending:
            pending[output["name"]]["text"] += output["text"]
        else:
            pending[output["name"]] = output
    return [*joined, *(pending[name] for name in sorted(pending, reverse=True))]


def _clean_output(output: dict[str, Any], replacements: Mapping[str, str]) -> dict[str, Any]:
    cleaned = {
        key: _clean_value(value, replacements)
        for key, value in output.items()
        if key not in ("data", "output_type", "name")
    }
    data = {
        mime: value if mime in _BINARY_MIMES else _clean_data(mime, value, replacements)
        for mime, value in output.get("data", {}).items()
    }
    if output["output_type"] == "stream":
        text = cleaned["text"]
        cleaned["text"] = printed(_PROGRAM.sub(r"\1", text) if output["name"] == "stderr" else text)
    return {**output, **cleaned, **({"data": data} if "data" in output else {})}


def _clean_data(mime: str, value: Any, replacements: Mapping[str, str]) -> Any:
    cleaned = _clean_value(value, replacements)
    return printed(str(cleaned)) if mime == "text/plain" else _visible(cleaned)


def _visible(value: Any) -> Any:
    return _each_text(value, visible)


def _clean_value(value: Any, replacements: Mapping[str, str]) -> Any:
    return _each_text(value, lambda text: clean_text(text, replacements))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each_text(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_each_text(item, change) for item in value]
    return value


def clean_text(text: str, replacements: Mapping[str, str]) -> str:
    """Text without paths of this machine, cell files and memory addresses."""
    whole = HALF_SIGN.sub("\ufffd", text)
    # Most texts hold none of these, and finding a word is a tenth of finding a form.
    if ".py" in whole:
        whole = _CELL_FILE.sub("cell", whole)
    if " at 0x" in whole:
        whole = _ADDRESS.sub("", whole)
    for path in sorted(filter(whole.__contains__, replacements), key=len, reverse=True):
        word = replacements[path].replace("\\", r"\\")
        whole = re.sub(rf"(?<![\w.-]){re.escape(path)}(?![\w-])", word, whole)
    return whole
