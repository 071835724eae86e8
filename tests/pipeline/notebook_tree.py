"""Small trees of generic notebooks, and the stand-ins a pipeline needs around them."""

import os
import sys
from pathlib import Path

from officer_assaults.pipeline import lean  # noqa: F401 -- before what imports jsonschema

# isort: split
import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from officer_assaults.pipeline.project import Project
from officer_assaults.refusals import Problem, Refusal, nearest

HERE = Path(__file__).parent
PARAMETERS = (
    'place: str = "north"  # Where it was measured [<place>]\n'
    "size: int = 3  # How many items [1 .. 9]\n"
    "level: float = 0.05  # One minus the coverage [0.001 .. 0.5]"
)
NATIONAL = "size: int = 3  # How many items [1 .. 9]"
HELPERS = """from IPython.display import display
def show(role, **data):
    bundle = {mime.replace("__", "/"): value for mime, value in data.items()}
    display(bundle, raw=True, metadata={"report": {"role": role}})
def headline(text):
    show("headline", text__html=f"<p>{text}</p>")
def record(id, value, **more):
    finding = {"id": id, "value": value, **more}
    show("finding", **{"application/vnd.report.finding+json": finding})
def show_figure(svg):
    show("figure", text__html=svg)"""
HEADLINE = 'headline(f"{size} items")'
FINDING = 'record("items", 1.5 * size, lower=1.0, upper=9.0, tolerance=1e-6)'


class Places:
    """A vocabulary of two places, or of those the environment names."""

    def __init__(self, words=None):
        self.words = list(words or os.environ.get("TREE_PLACES", "north south").split())

    def canonical(self, text):
        if text.lower() not in self.words:
            raise Refusal(Problem("E999", f"'{text}' is no place.", nearest(text, self.words)))
        return text.lower()

    def known(self):
        return self.words


def notebook(*cells, parameters=PARAMETERS, title="A small report"):
    """A notebook in format 4.5: title, parameters, then the given code."""
    nb = new_notebook(
        cells=[
            new_markdown_cell(f"# {title}"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *(new_code_cell(source) for source in cells),
        ],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
    )
    for number, cell in enumerate(nb.cells, start=1):
        cell["id"] = f"cell-{number:02}"
    return nb


def good(parameters=PARAMETERS, **kwargs):
    """A notebook that delivers what a report must hold."""
    return notebook(HELPERS, HEADLINE, FINDING, parameters=parameters, **kwargs)


def make_command(name, scope, settings):
    return " ".join(["make", name, scope or "-", *(f"{k}={v}" for k, v in settings.items())])


def plant(root, notebooks, **options):
    """Write a tree of notebooks, data, source and lock, and describe it."""
    root = Path(root)
    for folder in ("notebooks", "data", "source", "reports"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, nb in notebooks.items():
        nbformat.write(nb, root / "notebooks" / f"{name}.ipynb")
    (root / "data" / "counts.csv").write_text("count\n1\n")
    (root / "source" / "module.py").write_text("value = 1\n")
    (root / "lock.txt").write_text("numpy==2\n")
    return describe(root, **options)


def describe(root, **options):
    """The project of a planted tree."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    root = Path(root)
    return Project(
        **{
            "root": root,
            "notebooks": root / "notebooks",
            "reports": root / "reports",
            "source": root / "source",
            "data": (root / "data",),
            "lock": root / "lock.txt",
            "render": "simple_page:render",
            "command": make_command,
            "scope_parameter": "place",
            "national_scope": "everywhere",
            "focus": Places().words[0],
            "scope_vocabulary": "place",
            "vocabularies": {"place": Places()},
            "helpers": {"headline": "headline", "record": "finding", "show_figure": "figure"},
            "versions": ("numpy",),
            **options,
        }
    )


def snapshot(project):
    """Bytes of every finished file, by its name."""
    return {
        path.relative_to(project.reports).as_posix(): path.read_bytes()
        for path in sorted(project.reports.glob("*/*"))
        if path.is_file() and not path.parent.name.startswith(".")
    }
