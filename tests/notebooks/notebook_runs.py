"""Notebooks run cell by cell in this process, with everything that they displayed kept."""

import json
import re
from pathlib import Path

from officer_assaults.findings import FINDING_MIME, ROLE_KEY, SOURCE_MIME

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


def run(name, monkeypatch, *, edits=None, **parameters):
    """Run a notebook; ``edits`` maps text that stands once in its cells to what replaces it."""
    outputs = []
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


def checked(shown, opening):
    """Number found by the check whose name begins so."""
    (text,) = [text for text in shown.text("table") if "was checked" in text]
    (line,) = [line for line in text.splitlines() if line.strip().startswith(opening)]
    return float(re.findall(r"(?<= )-?[\d,.]+(?= )", line)[0].replace(",", ""))
