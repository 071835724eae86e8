"""Staleness by what a notebook imports: one sentence, one report."""

import json

import notebook_tree as tree
import pytest

from officer_assaults.cli import project as project_
from officer_assaults.closure import imported
from officer_assaults.pipeline.batch import run_batch
from officer_assaults.pipeline.closures import Closures
from officer_assaults.pipeline.inputs import manifest
from officer_assaults.pipeline.plan import make_plan
from officer_assaults.pipeline.workers import LocalWorkers

FILES = {
    "__init__.py": "",
    "words/__init__.py": "",
    "words/rise.py": "from ..numbers import rate\nTEXT = 'It rose.'\n",
    "words/forces.py": "def text():\n    from shop import numbers\n    return numbers.rate\n",
    "words/style.css": "b {}\n",
    "numbers/__init__.py": "",
    "numbers/rate.py": "import numpy\n",
    "numbers/table.csv": "1\n",
    "page.py": "import importlib\nTHEME = 'shop.theme'\nimportlib.import_module(THEME)\n",
    "theme.py": "",
    "unused.py": "import shop.words.rise\n",
}


@pytest.fixture
def shop(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "shop"


def needed(shop, *imports):
    kept = shop.parent / "imports.json"
    closures = Closures(shop, manifest([shop]), ["shop.page"], kept)
    found = {name.removeprefix("shop/") for name in closures.files(imports)}
    closures.keep()
    return found - {"__init__.py", "page.py", "theme.py"}


def test_files_are_found_by_imports_at_any_remove(shop):
    numbers = {"numbers/__init__.py", "numbers/rate.py", "numbers/table.csv"}
    words = {"words/__init__.py", "words/style.css"}
    for _ in range(2):  # The second time from what was kept.
        assert needed(shop) == set()
        assert needed(shop, "numpy", "shop.words.rise.TEXT") == set()
        assert needed(shop, "shop.words.rise") == {"words/rise.py"} | numbers | words
        lazily = {"words/forces.py", "numbers/__init__.py", "numbers/table.csv"} | words
        assert needed(shop, "shop.words", "shop.words.forces") == lazily
    assert json.loads((shop.parent / "imports.json").read_text())


def test_imports_of_every_form_are_read():
    source = (
        "import a.b as c\nfrom d import e\nfrom . import f\nfrom ..g import h\n"
        "x = 'not.counted here'\n__import__('i.j')\n"
    )
    assert set(imported(source, "p.q")) == {
        "a.b", "d", "d.e", "p.q", "p.q.f", "p.g", "p.g.h", "i.j",
    }  # fmt: skip
    assert "k.l" not in set(imported("x = 'k.l'", "p"))


def test_one_edit_remakes_what_rests_on_it_and_names_the_file(tmp_path, shop):
    asks = "if 0:\n    from shop.words import rise"
    rise = tree.notebook(tree.HELPERS, tree.HEADLINE, tree.FINDING, asks)
    project = tree.plant(tmp_path, {"01_rise": rise, "02_other": tree.good()}, source=shop)
    assert run_batch(project, make_plan(project), LocalWorkers(1)).failures == ()
    assert make_plan(project).stale == ()
    words = shop / "words" / "rise.py"
    words.write_text(words.read_text().replace("rose", "fell"))
    plan = make_plan(project)
    assert plan.reasons == {"north/01_rise": "source changed: shop/words/rise.py"}


def test_one_sentence_of_the_rise_remakes_the_rise_only():
    """Of 269 reports of all forces, 44: those of one notebook."""
    ours = project_.load()
    plan = make_plan(ours, scopes=["all"])
    on = {
        topic: [
            run.key
            for run in plan.runs
            if f"officer_assaults/topics/{topic}/report.py" in run.sources
        ]
        for topic in ("rise", "severity", "justice", "planning")
    }
    assert {key.partition("/")[2] for key in on["rise"]} == {"01_rise"}
    assert len(on["rise"]) == 44
    assert all(len(keys) <= 44 for keys in on.values())
    everything = {name for run in plan.runs for name in run.sources}
    assert "officer_assaults/page/templates/report/page.css" in everything
    assert all("officer_assaults/page/page.py" in run.sources for run in plan.runs)
    assert "officer_assaults/cli/validate.py" not in everything
