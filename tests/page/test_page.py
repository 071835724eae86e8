"""The page: what a reader gets, measured on the file itself."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
import sample_notebook
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from officer_assaults.findings import ROLE_KEY
from officer_assaults.page import page
from officer_assaults.page.page import render_page
from officer_assaults.page.prose import PageError
from officer_assaults.stats import glm

MOST_BYTES = 400_000
MOST_CODE_SHARE = 0.05
FEWEST_ALT_WORDS = 8


def _download(link: Any) -> pd.DataFrame:
    head, _, content = link["href"].partition(",")
    assert head == "data:text/csv;base64"
    return pd.read_csv(StringIO(base64.b64decode(content).decode()))


def test_one_self_contained_file_without_anything_to_load(page: str, soup: BeautifulSoup) -> None:
    assert len(page.encode()) <= MOST_BYTES
    assert not soup.select("script, link, img, iframe, object, embed, [style], [src], [onclick]")
    assert len(soup.select("style")) == 1
    assert "@import" not in page
    policy = soup.select_one("meta[http-equiv]")["content"]  # type: ignore[index]
    style = soup.style.string  # type: ignore[union-attr]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()  # type: ignore[union-attr]
    assert policy.startswith("default-src 'none'; ")  # type: ignore[union-attr]
    assert f"style-src 'sha256-{digest}'" in policy
    external = [link["href"] for link in soup.select("[href^=http]")]
    assert external == ["https://example.org/data"]


def test_no_tex_is_left_and_maths_is_mathml(page: str, soup: BeautifulSoup) -> None:
    assert "\\" not in page
    assert len(soup.select("math")) == 2
    assert "$5 or $10" in soup.get_text()


def test_headings_identifiers_landmarks_and_links(soup: BeautifulSoup) -> None:
    assert soup.html["lang"] == "en-GB"  # type: ignore[index]
    (heading,) = soup.select("h1")
    assert heading.get_text(" ", strip=True) == "Thames Valley Is the sample real?"
    assert "Thames Valley" in soup.title.get_text()  # type: ignore[union-attr]
    names = [element["id"] for element in soup.select("[id]")]
    assert len(names) == len(set(names))
    inside = {link["href"][1:] for link in soup.select('a[href^="#"]')}  # type: ignore[index]
    assert inside <= set(names)
    assert soup.select_one("body > a")["href"] == "#main"  # type: ignore[index]
    assert all(soup.select(landmark) for landmark in ("main", "header", "footer", "nav.contents"))


def test_contents_list_every_section_in_order_and_numbered(soup: BeautifulSoup) -> None:
    listed = [link.get_text() for link in soup.select(".contents a")]
    headings = [head.get_text() for head in soup.select("main .body h2")]
    assert headings == [f"{number}. {text}" for number, text in enumerate(listed, start=1)]
    assert listed == [
        "How big is the change?",
        "Which counts?",
        "Findings and verdicts",
        "The data and how to get it",
        "How this report was made",
        "Glossary",
    ]


def test_the_finding_its_interval_and_its_caveat_come_first(soup: BeautifulSoup) -> None:
    text = soup.select_one("main").get_text(" ", strip=True)  # type: ignore[union-attr]
    order = [
        "+33%", "Recorded assaults rose by a third", "95% interval 21% to 46%", "Caution.",
        "Main points", "What the records show", "Contents", "How big is the change?",
    ]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)


def test_every_drawing_has_an_alternative_text_that_says_something(soup: BeautifulSoup) -> None:
    drawings = soup.select("svg")
    assert len(drawings) == 4
    for drawing in drawings:
        description = soup.find(id=drawing["aria-labelledby"].split()[1])  # type: ignore[union-attr]
        assert len(description.get_text().split()) >= FEWEST_ALT_WORDS  # type: ignore[union-attr]
        assert "No description" not in description.get_text()  # type: ignore[union-attr]


def test_figures_and_tables_are_numbered_in_order(soup: BeautifulSoup) -> None:
    labels = [label.get_text() for label in soup.select(".oa-no")]
    figures = [label for label in labels if label.startswith("Figure")]
    captions = [label for label in labels if label.startswith("Table")]
    assert figures == ["Figure 1.", "Figure 2."]
    assert captions == [f"Table {number}." for number in range(1, len(captions) + 1)]
    assert len(captions) == 5
    assert "this figure" not in soup.get_text()
    downloads = [link["download"] for link in soup.select("a[download$='.csv']")]
    assert downloads == [
        f"thames-valley-01_rise-{name}.csv"
        for name in ("figure-1", "figure-2", "table-1", "table-2")
    ]


def test_downloads_hold_the_rows_that_are_drawn_and_shown(soup: BeautifulSoup) -> None:
    for figure in soup.select("figure"):
        data = _download(figure.select_one("a[download]"))
        shown = [
            [cell.get_text() for cell in row.find_all(["th", "td"])]
            for row in figure.select("tbody tr")
        ]
        assert len(shown) == len(data)
        assert [row[0] for row in shown] == data.iloc[:, 0].astype(str).tolist()
        values = [float(row[1]) for row in shown]
        np.testing.assert_allclose(values, data.iloc[:, 1], atol=0.005)


def test_drawn_points_stand_where_the_rows_say(soup: BeautifulSoup) -> None:
    """Positions of the dots in the drawing are a straight-line function of the log of the rows."""
    figure = soup.select("figure")[1]
    data = _download(figure.select_one("a[download]"))
    for drawing in figure.select("svg"):
        places = sorted(
            (float(dot["y"]), float(dot["x"])) for dot in drawing.select("use") if dot.get("y")
        )
        across = [x for _, x in places][: len(data)]
        fit = np.polyfit(np.log(data["Ratio"]), across, 1)
        np.testing.assert_allclose(np.polyval(fit, np.log(data["Ratio"])), across, atol=0.02)


def test_every_table_has_a_caption_scopes_and_no_empty_heading(soup: BeautifulSoup) -> None:
    for table in soup.select("table"):
        assert table.caption.get_text(strip=True)  # type: ignore[union-attr]
        heads = table.select("thead th")
        assert all(head["scope"] == "col" and head.get_text(strip=True) for head in heads)
        assert all(row.find("th", scope="row") for row in table.select("tbody tr"))
        assert len(heads) <= 6


def test_findings_show_claim_verdict_number_and_interval(soup: BeautifulSoup) -> None:
    (table,) = [
        table
        for table in soup.select("table")
        if "Findings and verdicts" in table.caption.get_text()  # type: ignore[union-attr]
    ]
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.select("tr")]
    what = "Rate ratio of recorded assaults (simulated; denominator: days)"
    assert rows[1][:4] == ["up 33%", "reproduces", what, "1.33 (1.21 to 1.46)"]
    assert rows[2][1:4] == ["consistent", "The Act", "[z]"]


def test_code_is_folded_and_little(soup: BeautifulSoup) -> None:
    for code in soup.select("pre.code"):
        assert code.find_parent("details") is not None
        assert not code.find_parent("details").has_attr("open")  # type: ignore[union-attr]
    text = len(soup.select_one("main").get_text())  # type: ignore[union-attr]
    visible = copy.copy(soup)
    for fold in visible.select("details"):
        fold.decompose()
    code = sum(len(block.get_text()) for block in visible.select("pre, code"))
    assert code / text <= MOST_CODE_SHARE


def test_terms_are_linked_once_and_explained(soup: BeautifulSoup) -> None:
    links = [link["href"] for link in soup.select("a.oa-term")]
    assert len(links) == len(set(links)) >= 3
    assert {f"#{term['id']}" for term in soup.select("dl.glossary dt")} == set(links)
    assert not soup.select("h1 .oa-term, h2 .oa-term, q .oa-term, svg .oa-term, a a")


def test_provenance_says_what_the_page_is_made_of(soup: BeautifulSoup) -> None:
    text = soup.get_text()
    for words in (
        "make report NB=01_rise FORCE=thames-valley", "cd" * 32, "ab" * 32, "numpy 2.0",
        "alpha = 0.1", "Made for a test", "1,234",
    ):  # fmt: skip
        assert words in text
    assert "thames-valley/" not in text
    assert str(Path.home()) not in text


def test_no_clock_time_stands_in_the_page(page: str) -> None:
    assert not re.search(r"\b\d{1,2}:\d{2}(:\d{2})?\b", re.sub(r"<style>.*?</style>", "", page))


def test_links_to_other_reports_are_plain(soup: BeautifulSoup) -> None:
    assert soup.select_one("a[rel=next]")["href"] == "02_forces.html"  # type: ignore[index]
    assert not soup.select("a[rel=prev]")
    forces = [link["href"] for link in soup.select(".switch a")]
    assert len(forces) == 43
    assert "../index.html#force-kent" in forces
    assert "../index.html#force-thames-valley" not in forces


def test_simulated_data_are_marked_on_the_page_and_on_each_figure(soup: BeautifulSoup) -> None:
    assert "contains simulated data" in soup.get_text()
    assert all(
        figure.select_one(".oa-sub").get_text().startswith("Simulated data")  # type: ignore[union-attr]
        for figure in soup.select("figure")
    )


def test_the_page_is_made_again_byte_by_byte_under_other_seeds_zones_and_folders(
    page: str, executed: Any, tmp_path: Path
) -> None:
    nbformat.write(executed, tmp_path / "executed.ipynb")
    (tmp_path / "context.json").write_text(json.dumps(sample_notebook.CONTEXT))
    code = (
        "import json, sys, nbformat; from officer_assaults.page.page import render_page;"
        "sys.stdout.buffer.write(render_page(nbformat.read('executed.ipynb', 4),"
        " json.load(open('context.json'))).encode())"
    )
    root = Path(__file__).parents[2]
    env = {
        **os.environ, "PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo", "LC_ALL": "C",
        "OFFICER_ASSAULTS_ROOT": str(root),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, check=True
    )
    assert done.stdout == page.encode()


def test_the_notebook_is_left_as_it_was(executed: Any) -> None:
    before = copy.deepcopy(executed)
    render_page(executed, sample_notebook.CONTEXT)
    assert executed == before


def _with_output(data: dict[str, str], kind: str = "execute_result") -> Any:
    extra = {"execution_count": 1} if kind == "execute_result" else {}
    return new_code_cell("show()", outputs=[new_output(kind, data=data, **extra)])


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (_with_output({"text/html": "<table><tr><td>1</td></tr></table>"}), "bare HTML table"),
        (_with_output({"image/png": "aGk="}, "display_data"), "bare picture; pass it to show_fig"),
        (new_markdown_cell("The rise is significant."), "banned phrase in significant"),
        (new_markdown_cell("| a | b |\n|---|---|\n| 1 | 2 |"), "use show_table"),
        (new_markdown_cell("![plot](plot.png)"), "use show_figure"),
        (new_markdown_cell("$\\unknownmacro{x}$"), "unknownmacro"),
        (new_markdown_cell("# Another title"), "two headings of the first level"),
        (
            new_code_cell(
                "1/0", outputs=[new_output("error", ename="E", evalue="v", traceback=[])]
            ),
            "shows an error: E: v",
        ),
    ],
)
def test_what_a_reader_should_not_meet_stops_the_page(
    executed: Any, cell: Any, message: str
) -> None:
    notebook = copy.deepcopy(executed)
    notebook.cells.append(cell)
    with pytest.raises(PageError, match=message):
        render_page(notebook, sample_notebook.CONTEXT)


def test_plain_results_of_a_last_line_are_kept(executed: Any) -> None:
    notebook = copy.deepcopy(executed)
    notebook.cells.append(_with_output({"text/plain": "42 \\ <b>"}))
    soup = BeautifulSoup(render_page(notebook, sample_notebook.CONTEXT), "html.parser")
    assert "42 \\ <b>" in [block.get_text() for block in soup.select("pre.out")]


def test_a_result_typed_on_a_last_line_is_a_table_of_the_page(executed: Any) -> None:
    frame = pd.DataFrame({"y": [3, 5, 2, 9], "hours": [1.0, 2.0, 1.0, 2.0], "alone": [0, 0, 1, 1]})
    fit = glm.fit("y ~ alone", frame, exposure="hours")
    notebook = copy.deepcopy(executed)
    notebook.cells.append(_with_output({"text/html": fit._repr_html_(), "text/plain": "fit"}))
    soup = BeautifulSoup(render_page(notebook, sample_notebook.CONTEXT), "html.parser")
    table = soup.select_one("table.oa-result")
    assert table.caption.get_text() == "Rate ratios: y per unit of hours"
    assert [cell["scope"] for cell in table.select("th")] == ["col"] * 5 + ["row"]
    assert f"{fit.rate_ratios['ratio'].iloc[0]:.4g}" in table.get_text()


def test_the_answer_leads_and_what_may_be_said_is_cited(
    soup: BeautifulSoup,
) -> None:
    summary = soup.select_one("#summary")
    first = next(child for child in summary.children if child.name)
    assert first.select_one(".oa-answer strong").get_text() == "Not known."
    leading, later = soup.select(".oa-say")
    assert leading.find_parent(id="summary") is not None
    assert later.find_parent(id="summary") is None
    assert "Is the sample real?" in leading.get_text()
    assert summary.select_one("figure .oa-no").get_text() == "Figure 1."


def test_two_headlines_are_refused(executed: Any) -> None:
    notebook = copy.deepcopy(executed)
    for cell in list(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("metadata", {}).get(ROLE_KEY, {}).get("role") == "headline":
                notebook.cells.append(new_code_cell("again", outputs=[output]))
    with pytest.raises(PageError, match="two headline outputs"):
        render_page(notebook, sample_notebook.CONTEXT)


def test_a_passed_gate_lets_causal_verbs_stand(executed: Any) -> None:
    gate = new_output(
        "display_data",
        data={"text/html": "<div class='oa'>gate</div>"},
        metadata={ROLE_KEY: {"role": "gate", "passed": True}},
    )
    notebook = copy.deepcopy(executed)
    notebook.cells.append(new_markdown_cell("The change led to fewer recorded offences."))
    with pytest.raises(PageError, match="led to"):
        render_page(notebook, sample_notebook.CONTEXT)
    notebook.cells.append(new_code_cell("gate()", outputs=[gate]))
    assert "led to fewer" in render_page(notebook, sample_notebook.CONTEXT)


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        ({"value": 0.9006, "lower": 0.8689, "upper": 0.9335}, "0.90 (0.87 to 0.93)"),
        ({"value": 0.544, "lower": 0.08, "upper": 1.358, "level": 1.0}, "0.54 (bounds 0.08 to"),
        ({"value": 26.0, "lower": 22.0, "upper": 28.0, "level": 0.9}, "26 (90% interval 22 to 28)"),
    ],
)
def test_a_result_has_one_number_of_places_and_bounds_are_no_interval(
    finding: dict[str, float], said: str
) -> None:
    assert said in page._result(finding).replace("<strong>", "").replace("</strong>", "")
