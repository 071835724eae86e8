"""Two forces side by side: which pairs, what is said of them, and the command that makes a page."""

import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from statsmodels.stats.rates import test_poisson_2indep as exact_test

from officer_assaults import cli
from officer_assaults.page import catalogue
from officer_assaults.topics.forces.glance import model, pages, pair

MOST_BYTES = 60_000
#: Counties that share a border.
BORDERS = [
    ("kent", "essex"),
    ("surrey", "sussex"),
    ("gwent", "south-wales"),
    ("durham", "cleveland"),
]


@pytest.fixture(scope="module")
def glances():
    return model.glances()


@pytest.mark.parametrize(("slug", "other"), BORDERS)
def test_neighbours_stand_beside_each_other(glances, slug, other):
    assert other in pair.beside(glances, slug)


def test_forces_alike_in_officers_stand_beside_each_other_and_every_force_has_some(glances):
    officers = glances.table["officers"].dropna()
    for slug in officers.index:
        near = pair.beside(glances, slug)
        assert pair.NEAREST <= len(near) <= pair.NEAREST + pair.SIMILAR
        assert slug not in near
        # Nearest by ratio: none outside is more alike than all inside.
        apart = np.abs(np.log(officers / officers[slug])).drop(slug)
        assert apart.idxmin() in near
    assert pair.beside(glances, "british-transport-police") == []


def test_the_ratio_is_that_of_an_exact_test_of_two_counts(glances):
    found = pair.ratio(glances, "kent", "sussex")
    rows = glances.table.loc[["kent", "sussex"]]
    assert found.value == pytest.approx(rows["rate"].iloc[0] / rows["rate"].iloc[1], rel=1e-6)
    (y1, y0), (e1, e0) = rows["after"], rows["officers"]
    for limit in (found.lower, found.upper):
        p = exact_test(y1, e1, y0, e0, value=limit, method="exact-cond").pvalue
        assert p == pytest.approx(0.05, abs=0.005)
    assert pair.ratio(glances, "kent", "british-transport-police") is None


def test_no_sentence_of_any_pair_is_absurd_and_nobody_is_said_to_be_safer(glances):
    for one, other in pair.pairs(glances, set(catalogue.force_names())):
        said = pair.sentences(glances, one, other)
        text = " ".join((said["answer"], said["record"], said["say"]))
        assert not re.search(r"nan|inf|None|−|E1\d\d", text), text
        assert said["answer"].startswith("Not known.")
        found = pair.ratio(glances, one, other)
        if found is not None and "hardly" in said["record"]:
            assert not found.lower <= 1 <= found.upper


@pytest.mark.parametrize("other", ["sussex", "gloucestershire", "london-city"])
def test_the_page_of_two_forces_is_small_and_the_same_whoever_is_named_first(glances, other):
    text = pair.page(glances, "kent", other)
    assert text == pair.page(glances, other, "kent")
    assert len(text.encode()) < MOST_BYTES
    soup = BeautifulSoup(text, "html.parser")
    assert len(soup.select("figure svg")) == 2
    assert len(soup.select("tbody tr")) == 6
    assert {f"../{slug}/index.html" for slug in ("kent", other)} <= {
        link["href"] for link in soup.select(".questions a")
    }


def test_pages_of_forces_link_the_pairs_that_are_made_and_no_others(tmp_path):
    scopes = ["kent", "essex", "cumbria"]
    pages.write(tmp_path, [], inputs="one", scopes=scopes)
    made = {path.name for path in (tmp_path / pair.FOLDER).iterdir()}
    assert made == {"essex--kent.html"}
    for slug, links in (("kent", 1), ("essex", 1), ("cumbria", 0)):
        soup = BeautifulSoup((tmp_path / slug / "index.html").read_text(), "html.parser")
        found = [link["href"] for link in soup.select(".questions a[href*=compare]")]
        assert len(found) == links
        assert all((tmp_path / slug / link).resolve().is_file() for link in found)


def test_the_command_writes_the_page_and_refuses_one_force_twice(tmp_path):
    out = tmp_path / "pair.html"
    told = CliRunner().invoke(cli.main, ["compare", "Kent", "sussex", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert "You may say: In 2024/25 Kent recorded" in told.output
    assert "Kent and Sussex side by side" in out.read_text(encoding="utf-8")
    for pair_of_names in (["kent", "Kent"], ["kent", "susex"]):
        told = CliRunner().invoke(cli.main, ["compare", *pair_of_names, "--out", str(out)])
        assert told.exit_code == 2, told.output
