"""What a set of reports and each page say of how they were made."""

import csv
import io
import json
from urllib.parse import urlsplit

import pytest
import sample_notebook
from bs4 import BeautifulSoup
from test_publication import RESULTS

from officer_assaults.page import crate, publication
from officer_assaults.page.page import render_page

COMMIT = "0123456789abcdef0123456789abcdef01234567"
EXHIBIT = {"kind": "figure", "number": 1, "title": "It, rose", "cell": 4, "cell_id": "cell-04"}
RESULT = {
    **RESULTS[0],
    "title": "Is it so?",
    "command": "make report NB=01_rise FORCE=kent",
    "parameters": {"force": "kent", "phi_list": [1.0, 1.4], "alpha": 0.05},
    "inputs": {"lock": "ef" * 32},
    "versions": {"python": "3.12.1"},
    "provenance": {"commit": COMMIT, "day": "2026-11-28", "changed": 2},
    "exhibits": [EXHIBIT],
}


def references(value):
    if isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        else:
            yield from (found for item in value.values() for found in references(item))
    elif isinstance(value, list):
        yield from (found for item in value for found in references(item))


def test_the_crate_is_flat_whole_and_says_what_made_each_file():
    made = json.loads(crate.metadata([RESULT], publication._cff()))
    graph = {entity["@id"]: entity for entity in made["@graph"]}
    assert len(graph) == len(made["@graph"])
    # What the specification asks of every crate.
    assert graph[crate.METADATA]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    assert graph[crate.METADATA]["about"] == {"@id": "./"}
    root = graph["./"]
    assert root["datePublished"]
    assert root["name"]
    assert root["license"]
    assert {part["@id"] for part in root["hasPart"]} == {"kent/01_rise.html", "kent/01_rise.json"}
    dangling = {name for name in references(made["@graph"]) if name not in graph}
    assert all(name.startswith("https://") for name in dangling)
    assert not [name for name in graph if urlsplit(name).geturl() != name or " " in name]
    (run,) = [entity for entity in graph.values() if entity["@type"] == "CreateAction"]
    assert run["description"] == RESULT["command"]
    given = [graph[name["@id"]] for name in run["object"]]
    values = {entity["name"]: entity.get("value") for entity in given}
    assert values["commit"] == COMMIT
    assert values["files changed since the commit"] == 2
    assert values["sha256 of the lock"] == "ef" * 32
    assert values["parameter phi_list"] == "[1.0, 1.4]"
    assert "sha256:" + "ab" * 32 in [entity.get("identifier") for entity in given]
    assert graph["#python-3.12.1"]["version"] == "3.12.1"


def test_the_list_of_exhibits_names_notebook_cell_and_place():
    (row,) = csv.DictReader(io.StringIO(crate.exhibits([RESULT])))
    assert row["exhibit"] == "figure 1"
    assert (row["cell"], row["cell_id"]) == ("4", "cell-04")
    assert row["page"] == "kent/01_rise.html#figure-1"
    assert row["title"] == "It, rose"


@pytest.mark.parametrize(
    ("changed", "words"),
    [(0, "with nothing uncommitted"), (1, "1 changed file not"), (3, "3 changed files not")],
)
def test_the_foot_of_a_page_says_what_made_it(executed, changed, words):
    given = {
        **sample_notebook.CONTEXT,
        "inputs": {"lock": "ef" * 32},
        "versions": {"python": "3.12.1"},
        "provenance": {"commit": COMMIT, "day": "2026-11-28", "changed": changed},
        "exhibits": [EXHIBIT],
    }
    soup = BeautifulSoup(render_page(executed, given), "html.parser")
    foot = " ".join(soup.footer.get_text(" ").split())
    for part in (COMMIT, "28 November 2026", words, "Python 3.12.1", "ef" * 6, "alpha = 0.1"):
        assert part in foot
    assert given["command"] in foot
    releases = soup.select(".checksums dd code")
    assert releases
    assert all(release.get_text()[:12] in foot for release in releases)
    assert "cell 4 (cell-04)" in " ".join(soup.select_one(".exhibits").get_text().split())


def test_a_page_outside_version_control_says_so(executed):
    given = {**sample_notebook.CONTEXT, "provenance": {"commit": "", "day": "", "changed": 0}}
    foot = BeautifulSoup(render_page(executed, given), "html.parser").footer.get_text()
    assert "no commit is known" in foot
