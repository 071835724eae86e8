"""Files of a report built in this process: page, result, drawings and downloads, as a reader has.

A batch starts kernels; hundreds of exports would take an hour. The cells of the notebook, what
collects their outputs and what writes the page are the real ones.
"""

import base64
import html
import json
import re
from pathlib import Path

import nbformat

from officer_assaults.page import formats
from officer_assaults.page.page import render_page
from officer_assaults.pipeline.collect import collect, pictures, reproducible
from officer_assaults.pipeline.inputs import dump_json

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
DATA_LINK = re.compile(r"data:[\w/+.-]+(?:;charset=[\w-]+)?;base64,([A-Za-z0-9+/=]+)")


def build(name, monkeypatch, **parameters):
    """Run a notebook and write its files: content by name."""
    held = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    outputs = []
    # A page shows none, so a batch draws none.
    monkeypatch.setattr(formats, "pdf", lambda *_, **__: b"")
    monkeypatch.setattr(
        "IPython.display.display",
        lambda bundle, *, raw, metadata: outputs.append(
            {"output_type": "display_data", "data": bundle, "metadata": metadata}
        ),
    )
    values = {"display": lambda shown: None}
    for cell in held["cells"]:
        cell["source"] = "".join(cell["source"])
        if cell["cell_type"] == "code":
            exec(compile(cell["source"], f"{name}/{cell['id']}", "exec"), values)
            cell["outputs"], outputs[:] = list(outputs), []
            cell["execution_count"] = None
            if "parameters" in cell["metadata"].get("tags", []):
                values.update(parameters)
    shown = {key: Path(value).name if "path" in key else value for key, value in parameters.items()}
    return written(name, held, {"non_default": shown, "parameters": shown, "files": sorted(shown)})


def written(name, executed, context):
    """Page, result and drawings of an executed notebook, and what its data links hold."""
    clean = reproducible(nbformat.from_dict(executed), {})
    found = collect(clean, {})
    assert found.broken == ()
    about = {"notebook": name, "scope": "kent", "exhibits": found.exhibits, **context}
    result = {**about, "findings": found.findings, "sources": found.sources,
              "headline": found.headline, "counts": found.counts}  # fmt: skip
    page = render_page(nbformat.from_dict(clean), about)
    files = {f"{name}.html": page.encode(), f"{name}.json": dump_json(result, indent=1).encode()}
    files |= {f"{name}{end}": content for end, content in pictures(clean).items()}
    for number, encoded in enumerate(DATA_LINK.findall(page), 1):
        files[f"{name}-download-{number}.csv"] = base64.b64decode(encoded)
    return files


def text_of(files):
    """All that can be read in them, in one text."""
    texts = [content.decode("utf-8", "replace") for name, content in sorted(files.items())
             if not name.endswith(".png")]  # fmt: skip
    return html.unescape("\n".join(texts))


def result_of(files, name):
    return json.loads(files[f"{name}.json"])
