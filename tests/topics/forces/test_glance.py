"""Every force at a glance: the newest figures, their words, the pages, and when they are remade."""

import io
import math
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from officer_assaults.page import catalogue
from officer_assaults.topics.forces.glance import model, pages, report

MOST_BYTES = 60_000


@pytest.fixture(scope="module")
def glances():
    return model.glances()


def test_totals_are_the_published_ones(glances):
    # Home Office, police recorded crime of April 2026: 104 and 8S, with British Transport Police.
    row = glances.table.loc["england-and-wales"]
    assert (str(glances.before), str(glances.after)) == ("2023/24", "2024/25")
    assert (row["before"], row["after"]) == (46_181, 47_539)
    assert row["lower"] < row["ratio"] < row["upper"]
    assert list(glances.table.loc["thames-valley", ["before", "after"]]) == [1463, 1520]


def test_a_force_has_a_place_or_a_reason(glances):
    table = glances.table.drop(index="england-and-wales")
    assert len(table) == 44
    placed = table["rate"].notna()
    assert (table.loc[~placed, "reason"] != "").all()
    assert (table.loc[placed, "reason"] == "").all()
    assert glances.places == placed.sum()
    inside = table[placed]
    assert (inside["place_lower"] <= inside["place_upper"]).all()
    assert inside["place_upper"].max() == glances.places


def test_no_sentence_of_any_force_is_absurd(glances):
    for slug in glances.table.index:
        said = report.sentences(glances, slug)
        text = " ".join((said["answer"], said["compared"], said["say"], said["not_say"]))
        assert not re.search(r"nan|inf|None|\[x\]|−\d+ assaults|E1\d\d", text), text
        low, high = glances.table.loc[slug, ["lower", "upper"]]
        if "chance alone would hardly" in said["answer"].lower():
            assert not low <= 1 <= high


@pytest.mark.parametrize(
    "slug", ["kent", "gloucestershire", "london-city", "british-transport-police"]
)
def test_the_page_of_a_force_is_small_and_holds_its_series(glances, slug):
    series = model.series(slug)
    text = report.page(glances, series, slug, reports={"01_rise.html": "Is the rise real?"})
    assert len(text.encode()) < MOST_BYTES
    soup = BeautifulSoup(text, "html.parser")
    assert soup.select_one("h1").get_text(" ").endswith("at a glance")
    assert len(soup.select(".oa-say p")) == 3
    assert soup.select_one(".questions a")["href"] == "01_rise.html"
    assert (series["offences"] >= 0).all()


def test_the_table_of_all_forces_comes_in_four_orders_and_two_files(glances):
    made = report.all_forces(glances, {"kent"})
    orders = {}
    for name in ("all-forces", "all-forces-by-rate", "all-forces-by-count", "all-forces-by-change"):
        soup = BeautifulSoup(made[f"{name}.html"], "html.parser")
        orders[name] = [row.th.get_text() for row in soup.select("tbody tr")]
        assert [link["href"] for link in soup.select("tbody a")] == ["kent/index.html"]
    assert orders["all-forces"] == sorted(orders["all-forces"])
    rates = glances.table.set_index("name")["rate"].reindex(orders["all-forces-by-rate"])
    assert rates.dropna().is_monotonic_decreasing
    assert rates.tail(3).isna().all()
    book = pd.read_excel(io.BytesIO(made["all-forces.ods"]), sheet_name=None, engine="odf")
    assert list(book) == ["Cover", "Contents", "Notes", "Table_1"]
    frame = pd.read_csv(io.StringIO(made["all-forces.csv"].removeprefix("\ufeff")))
    kent = frame.set_index("Force").loc["Kent"]
    assert kent["Newest year"] == glances.table.loc["kent", "after"]
    assert math.isclose(kent["Rate ratio"], glances.table.loc["kent", "ratio"], rel_tol=1e-9)


def test_pages_are_remade_only_where_something_changed(tmp_path):
    result = {"scope": "kent", "notebook": "01_rise"}
    pages.write(tmp_path, [result], inputs="a", scopes=["essex"])
    kent, essex = tmp_path / "kent" / "index.html", tmp_path / "essex" / "index.html"
    table = tmp_path / "all-forces.html"
    before = {path: path.stat().st_mtime_ns for path in (kent, essex, table)}
    pages.write(tmp_path, [result], inputs="a", scopes=["essex"])
    assert {path: path.stat().st_mtime_ns for path in before} == before
    pages.write(
        tmp_path, [result, {"scope": "kent", "notebook": "02_forces"}], inputs="a", scopes=["essex"]
    )
    assert kent.stat().st_mtime_ns != before[kent]
    assert essex.stat().st_mtime_ns == before[essex]
    pages.write(tmp_path, [result], inputs="b", scopes=["essex"])
    assert essex.stat().st_mtime_ns != before[essex]


def test_every_force_has_a_series():
    for slug in (*catalogue.force_names(), "england-and-wales"):
        assert not model.series(slug).empty
