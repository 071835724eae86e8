"""Notebooks run cell by cell in this process, with everything that they displayed kept."""

import json
import re
from pathlib import Path

import pytest

from officer_assaults.findings import FINDING_MIME, ROLE_KEY, SOURCE_MIME
from officer_assaults.page import formats, svg

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


class Shown:
    """What one run displayed."""

    def __init__(self, outputs, names=None):
        self.outputs = outputs
        self.names = names or {}
        self.findings = {one["id"]: one for one in self._of(FINDING_MIME)}

    def _of(self, mime):
        return [bundle[mime] for bundle, _ in self.outputs if mime in bundle]

    def html(self, role):
        return [bundle["text/html"] for bundle, meta in self.outputs if meta["role"] == role]

    def text(self, role):
        return [bundle["text/plain"] for bundle, meta in self.outputs if meta["role"] == role]

    @property
    def releases(self):
        return {row["name"] for one in self._of(SOURCE_MIME) for row in one}


def _draw_nothing(patch):
    """Leave charts out: the batch of all tests draws them, and ``test_other_tools.py`` does."""
    empty = svg.Drawing('<svg xmlns="http://www.w3.org/2000/svg"></svg>', None)
    patch.setattr(svg, "draw", lambda *_, **__: empty)
    patch.setattr(formats, "bundle", lambda *_, **__: {})


def run(name, monkeypatch, *, edits=None, drawn=False, **parameters):
    """Run a notebook; ``edits`` maps text that stands once in its cells to what replaces it.

    Charts are drawn where a test asks for it, and for the page alone.
    """
    outputs = []
    for kind in ("png", "pdf"):
        monkeypatch.setattr(formats, kind, lambda *_, **__: b"")
    if not drawn:
        _draw_nothing(monkeypatch)
    monkeypatch.setattr(
        "IPython.display.display",
        lambda bundle, *, raw, metadata: outputs.append((bundle, metadata[ROLE_KEY])),
    )
    cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    values = {}
    code = [one for one in cells if one["cell_type"] == "code"]
    for old in edits or {}:
        assert sum("".join(cell["source"]).count(old) for cell in code) == 1, old
    for cell in code:
        source = "".join(cell["source"])
        for old, new in (edits or {}).items():
            source = source.replace(old, new)
        exec(compile(source, f"{name}/{cell['id']}", "exec"), values)
        if "parameters" in cell["metadata"].get("tags", []):
            assert set(parameters) <= set(values)
            values.update(parameters)
    return Shown(outputs, values)


class Begun:
    """A notebook run up to the cell that is edited; each edit goes on from there on its own."""

    def __init__(self, name, old):
        self.values = {}
        cells = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        code = ["".join(one["source"]) for one in cells if one["cell_type"] == "code"]
        at = next(place for place, source in enumerate(code) if old in source)
        _shown(code[:at], self.values)
        self.left = code[at:]

    def go_on(self, old, new, last=""):
        """Run what is left with one edit, up to the cell that holds ``last``."""
        assert sum(source.count(old) for source in self.left) == 1, old
        values = dict(self.values)
        end = next((at for at, one in enumerate(self.left) if last and last in one), None)
        cells = self.left if end is None else self.left[: end + 1]
        return Shown(_shown([source.replace(old, new) for source in cells], values), values)


def _shown(cells, values):
    outputs = []
    with pytest.MonkeyPatch.context() as patch:
        _draw_nothing(patch)
        patch.setattr(
            "IPython.display.display",
            lambda bundle, *, raw, metadata: outputs.append((bundle, metadata[ROLE_KEY])),
        )
        for source in cells:
            exec(source, values)
    return outputs


def checked(shown, opening):
    """Number found by the check whose name begins so."""
    (text,) = [text for text in shown.text("table") if "was checked" in text]
    (line,) = [line for line in text.splitlines() if line.strip().startswith(opening)]
    return float(re.findall(r"(?<= )-?[\d,.]+(?= )", line)[0].replace(",", ""))
