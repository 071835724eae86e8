"""The front page, the packs and the site: every link leads somewhere, every state is told."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pandas as pd
import pytest
import sample_notebook
from bs4 import BeautifulSoup

from officer_assaults import files, paths
from officer_assaults.page import catalogue, site, words
from officer_assaults.page.page import render_page
from officer_assaults.refusals import Refusal


@dataclass
class Claim:
    article: str
    claim: str
    verdict: str
    number: str
    link: str
    id: str = "x"
    reason: str = "because"
    report: str = "report"
    ledger_ids: tuple[str, ...] = ()
    rule: str = ""

    @property
    def address(self) -> str:
        return f"{self.link}.html" if self.link else ""


@pytest.fixture
def reports(tmp_path: Path, executed: Any) -> Path:
    """A folder with two reports of one force, one of another, a national one and a failure."""
    folder = tmp_path / "reports"
    sources = [
        {"name": "s", "title": "A release", "sha256": "ab" * 32, "publisher": "P", "rows": 3}
    ]
    for scope, notebook in (
        ("thames-valley", "01_rise"),
        ("thames-valley", "02_forces"),
        ("kent", "01_rise"),
        (catalogue.NATIONAL, "00_audit"),
    ):
        (folder / scope).mkdir(parents=True, exist_ok=True)
        context = {**sample_notebook.CONTEXT, "scope": scope, "notebook": notebook}
        (folder / scope / f"{notebook}.html").write_text(render_page(executed, context))
        result = {**context, "findings": []}
        (folder / scope / f"{notebook}.json").write_text(json.dumps({**result, "sources": sources}))
    failure = {
        "notebook": "03_severity", "scope": "kent", "outcome": "cell error", "cell": 4,
        "error": "ValueError: <no>", "command": "make report NB=03_severity FORCE=kent",
    }  # fmt: skip
    (folder / ".state" / "failures" / "kent").mkdir(parents=True)
    (folder / ".state" / "failures" / "kent" / "03_severity.json").write_text(json.dumps(failure))
    (folder / "kent" / "03_severity.failed.ipynb").write_text("{}")
    return folder


def test_variants_stand_beside_the_defaults_on_the_front_page_and_in_no_site(
    reports: Path, tmp_path: Path
) -> None:
    whole = json.loads((reports / "kent" / "01_rise.json").read_text())
    made = {
        "01_rise~period1=2019-20": {"period1": "2019/20"},
        "01_rise~audience=internal,cells_path=my_log.csv~0a1b2c3d": {
            "audience": "internal", "cells_path": "secret place/my log.csv",
        },
    }  # fmt: skip
    for name, differing in made.items():
        content = {**whole, "non_default": differing, "parameters": differing}
        (reports / "kent" / f"{name}.json").write_text(json.dumps(content))
        shutil.copy(reports / "kent" / "01_rise.html", reports / "kent" / f"{name}.html")
    before = (reports / "kent" / "01_rise.html").read_bytes()
    soup = _soup(site.build_index(reports))
    assert (reports / "kent" / "01_rise.html").read_bytes() == before
    links = {unquote(link["href"]): link for link in soup.select("#beside ~ ul a")}
    assert set(links) == {f"kent/{name}.html" for name in made}
    assert all((reports / name).is_file() for name in links)
    told = [link.parent.get_text(" ") for link in links.values()]
    assert sum("for internal eyes" in text for text in told) == 1
    assert any("period1: 2019/20" in text for text in told)
    assert "secret place" not in str(soup)
    # What is asked of the default is answered by the default.
    assert soup.select_one('#force-kent a[href="kent/01_rise.html"]') is not None
    files = site.build_site(reports, tmp_path / "site")
    assert not [path for path in files if "~" in path.name]
    assert "my log" not in (tmp_path / "site" / "index.html").read_text()


def _soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(), "html.parser")


def _dead_links(folder: Path) -> list[str]:
    dead = []
    names = {
        path: {element["id"] for element in _soup(path).select("[id]")}
        for path in folder.rglob("*.html")
    }
    for path in names:
        for link in _soup(path).select("a[href]"):
            address = str(link["href"])
            if address.startswith(("http", "data:")):
                continue
            file, _, fragment = address.partition("#")
            target = (path.parent / file).resolve() if file else path
            if not target.is_file() or (fragment and fragment not in names.get(target, set())):
                dead.append(f"{path.relative_to(folder)}: {address}")
    return dead


def test_the_front_page_tells_what_is_built_what_failed_and_how_to_build(reports: Path) -> None:
    soup = _soup(site.build_index(reports))
    kent, essex = (soup.find(id=f"force-{force}").get_text(" ") for force in ("kent", "essex"))  # type: ignore[union-attr]
    assert "not built" in essex
    assert "make reports FORCE=essex" in essex
    assert "Rise" in kent
    assert "5 not built" in kent
    failed = soup.select_one("table.failed").get_text(" ")  # type: ignore[union-attr]
    assert "cell error in cell 4:  ValueError: <no>" in failed
    assert "make report NB=03_severity FORCE=kent" in failed
    assert soup.select_one("table.failed a")["href"] == "kent/03_severity.failed.ipynb"  # type: ignore[index]
    assert "A release" in soup.get_text()
    assert words.lint(str(soup)) == []


def test_the_map_has_a_tile_for_every_force_in_a_place_of_its_own(reports: Path) -> None:
    soup = _soup(site.build_index(reports))
    tiles = soup.select(".tiles li")
    assert len(tiles) == 43
    assert len({tuple(sorted(tile["class"])) for tile in tiles}) == 43
    assert [tile.a["href"] for tile in tiles if "built" in tile.a["class"]] == [  # type: ignore[union-attr,index]
        "#force-kent",
        "#force-thames-valley",
    ]
    listed = {item["id"] for item in soup.select(".forces li")}
    assert listed == {f"force-{force}" for force in catalogue.force_names()}
    assert len(listed) == 44


def test_no_link_between_pages_leads_nowhere(reports: Path) -> None:
    site.build_index(reports)
    assert _dead_links(reports) == []
    assert (
        "make report NB=03_severity FORCE=kent"
        in (reports / "kent" / "03_severity.html").read_text()
    )


def test_a_gap_page_never_replaces_a_report(reports: Path) -> None:
    before = (reports / "kent" / "01_rise.html").read_text()
    site.build_index(reports)
    assert (reports / "kent" / "01_rise.html").read_text() == before


def test_claims_are_judged_or_said_not_to_be(reports: Path) -> None:
    assert "not run" in _soup(site.build_index(reports)).get_text()
    claims = [
        Claim("A paper, 2019", "sixth worst of 40", "not supported", "26th of 43 per officer, "
              "interval 22 to 28", "thames-valley/02_forces"),
        Claim("A paper, 2019", "up 33%", "reproduces", "1.33 (1.21 to 1.46)",
              "thames-valley/01_rise"),
        Claim("A paper, 2019", "72 spat at", "not run", "", ""),
    ]  # fmt: skip
    judging = SimpleNamespace(
        FOCUS="thames-valley",
        rows=lambda results: claims,
        by_article=lambda rows: {"A paper, 2019": rows},
        ways_in=lambda rows: [],
        ledger=lambda: pd.DataFrame({"topic": []}),
    )
    soup = _soup(site.build_index(reports, judging))
    rows = soup.select("table.claims tbody tr:not(.article)")
    assert [row.q.get_text() for row in rows] == [claim.claim for claim in claims]  # type: ignore[union-attr]
    assert rows[0].a["href"] == "thames-valley/02_forces.html"  # type: ignore[index]
    assert "not run" in rows[2].get_text()
    tally = [part.get_text() for part in soup.select(".tally span")]
    assert tally == ["1 reproduces", "1 not supported", "1 not run"]
    assert words.lint(str(soup)) == []


def test_claims_about_a_force_that_is_not_built_leave_the_front_page_to_others(
    reports: Path,
) -> None:
    claim = Claim("A paper, 2019", "up 33%", "not run", "", "")
    judging = SimpleNamespace(
        FOCUS="thames-valley",
        rows=lambda results: [claim],
        by_article=lambda rows: {"A paper, 2019": rows},
        ways_in=lambda rows: [],
        ledger=lambda: pd.DataFrame({"topic": []}),
    )
    shutil.rmtree(reports / "thames-valley")
    soup = _soup(site.build_index(reports, judging))
    assert soup.select("table.claims") == []
    assert "up 33%" not in soup.get_text()
    assert soup.select_one('#force-kent a[href="kent/01_rise.html"]') is not None
    found = _soup(reports / "find.html").select(".found a")
    assert {link["href"] for link in found} >= {"kent/01_rise.html", "evidence.html"}


def test_the_front_page_is_the_same_bytes_again(reports: Path) -> None:
    first = site.build_index(reports).read_bytes()
    assert site.build_index(reports).read_bytes() == first


def test_an_empty_folder_still_gives_a_front_page(tmp_path: Path) -> None:
    soup = _soup(site.build_index(tmp_path))
    assert len(soup.select(".forces .how")) == 44
    assert "0 reports built, none failed" in soup.get_text()


def test_a_pack_opens_without_a_server_and_is_the_same_bytes_again(
    reports: Path, tmp_path: Path
) -> None:
    content = site.pack(reports, "thames-valley")
    assert site.pack(reports, "thames-valley") == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "opened")
    assert all(name.startswith("thames-valley-reports/") for name in names)
    assert "thames-valley-reports/index.html" in names
    assert not any("kent" in name for name in names)
    dead = _dead_links(tmp_path / "opened" / "thames-valley-reports")
    assert [link for link in dead if "#force-" not in link] == []


def test_a_pack_of_a_force_without_reports_is_refused(reports: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make reports FORCE=essex"):
        site.pack(reports, "essex")


def test_a_site_links_built_forces_directly_and_holds_no_state(
    reports: Path, tmp_path: Path
) -> None:
    out = tmp_path / "site"
    written = site.build_site(reports, out)
    assert sorted(written) == sorted(path for path in out.rglob("*") if path.is_file())
    assert not any(".state" in str(path) or "failed" in path.name for path in written)
    assert _dead_links(out) == []
    page = (out / "thames-valley" / "01_rise.html").read_text()
    assert 'href="../kent/01_rise.html"' in page
    assert 'href="../index.html#force-essex"' in page
    assert (out / "kent" / "kent-reports.zip").read_bytes() == site.pack(reports, "kent")
    assert "kent/kent-reports.zip" in (out / "index.html").read_text()


def test_a_site_is_never_written_over_other_things(reports: Path, tmp_path: Path) -> None:
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="other things"):
        site.build_site(reports, out)
    assert (out / "thesis.txt").exists()
    (out / "thesis.txt").unlink()
    site.build_site(reports, out)


def test_the_catalogue_knows_every_notebook_and_which_are_for_each_force() -> None:
    for path in sorted(paths.notebooks_dir().glob("[0-9][0-9]_*.ipynb")):
        entry = catalogue.find(path.stem)
        assert entry is not None, f"{path.name} is not in the catalogue"
        cells: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
        (schema,) = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
        lines = "".join(schema["source"]).split("\n")
        # A force that may be left out names the sender of data, not a report for each force.
        assert entry.per_force == any(line.startswith("force: str =") for line in lines), path.name


def test_the_front_page_opens_with_the_headlines_of_the_reports(reports: Path) -> None:
    said = {"number": "+33%", "text": "Up by <33%>", "interval": "95% interval 21% to 46%"}
    for scope, notebook, more in (
        ("thames-valley", "01_rise", {}),
        ("thames-valley", "02_forces", {"non_default": {"period1": "2019/20"}}),
        (catalogue.NATIONAL, "05_crewing", {"findings": [{"id": "crewing.x", "simulated": True}]}),
    ):
        path = reports / scope / f"{notebook}.json"
        content = {**sample_notebook.CONTEXT, "findings": [], "non_default": {}}
        told = {"scope": scope, "notebook": notebook, "headline": said, **more}
        path.write_text(json.dumps({**content, **told}))
    every = [json.loads(path.read_text()) for path in sorted(reports.glob("*/*.json"))]
    results = [result for result in every if result["scope"] != "kent"]
    cards = BeautifulSoup(site.render_index(results), "html.parser").select(".answers li")
    # A report made with other parameters is not the answer to the question.
    assert [card.a["href"] for card in cards] == [  # type: ignore[index]
        "england-and-wales/05_crewing.html",
        "thames-valley/01_rise.html",
    ]
    assert "Up by <33%>" in cards[1].get_text()
    assert ["simulated" in card.get_text() for card in cards] == [True, False]
    # With more forces than one no single force speaks for all.
    both = BeautifulSoup(site.render_index(every), "html.parser").select(".answers li")
    assert [card.a["href"] for card in both] == ["england-and-wales/05_crewing.html"]


def test_a_site_removes_its_own_files_only(reports, tmp_path):
    out = tmp_path / "public"
    site.build_site(reports, out)
    listed = set((out / ".site-files").read_text().split("\n")) - {""}
    assert listed == {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    for name in (".git/HEAD", "thesis.tex", "kent/notes.txt"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")
    (out / ".site-files").write_text("\n".join([*sorted(listed), "old.html", "../outside.txt"]))
    (out / "old.html").write_text("of an earlier site")
    (tmp_path / "outside.txt").write_text("mine")
    site.build_site(reports, out)
    assert (tmp_path / "outside.txt").read_text() == "mine"
    assert not (out / "old.html").exists()
    for name in (".git/HEAD", "thesis.tex", "kent/notes.txt"):
        assert (out / name).read_text() == "mine"
    (out / ".site-files").write_text("")
    with pytest.raises(FileExistsError, match="was not written by an earlier site"):
        site.build_site(reports, out)


@pytest.mark.parametrize("mark", [".nojekyll", ".git/HEAD", "thesis.tex"])
def test_a_folder_without_the_list_is_left_alone(reports, tmp_path, mark):
    out = tmp_path / "public"
    (out / mark).parent.mkdir(parents=True)
    (out / mark).write_text("mine")
    with pytest.raises(FileExistsError):
        site.build_site(reports, out)
    assert (out / mark).read_text() == "mine"


FORGED = [
    ".git", ".git/HEAD", "kent/../.git/HEAD", "./.git/HEAD", "..", "../outside.txt", ".", "", "/",
    "kent//notes.txt", "out/../../outside.txt", "away/outside.txt", "nul\x00l", "\\\\host\\x",
    "C:\\x", ".ssh/id", "kent", "x" * 5000,
]  # fmt: skip


def test_a_list_that_somebody_else_wrote_removes_nothing_of_others(reports, tmp_path):
    out = tmp_path / "public"
    site.build_site(reports, out)
    listed = (out / ".site-files").read_text()
    kept = [out / ".git" / "HEAD", out / ".ssh" / "id", tmp_path / "outside.txt"]
    kept += [out / "kent" / "notes.txt", tmp_path / "away" / "outside.txt"]
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    (out / "away").symlink_to(tmp_path / "away", target_is_directory=True)
    forged = [*FORGED, str(tmp_path / "outside.txt"), str(out / ".git" / "HEAD")]
    (out / ".site-files").write_bytes("\n".join([listed, *forged]).encode() + b"\n\xff\xfe")
    site.build_site(reports, out)
    assert [path.read_text() for path in kept] == ["mine"] * len(kept)
    assert (out / "away").is_symlink()
    assert (out / ".site-files").read_text() == listed


def test_a_site_is_not_written_through_a_link(reports, tmp_path):
    out, away = tmp_path / "public", tmp_path / "away"
    site.build_site(reports, out)
    folder = next(path for path in out.iterdir() if path.is_dir())
    folder.rename(away)
    folder.symlink_to(away, target_is_directory=True)
    before = {path: path.stat().st_mtime_ns for path in away.rglob("*")}
    with pytest.raises(FileExistsError, match="leads out of the folder by a link"):
        site.build_site(reports, out)
    assert {path: path.stat().st_mtime_ns for path in away.rglob("*")} == before


@pytest.mark.parametrize(
    "name",
    ["kent/01_rise.html", "kent/01_rise.json", "kent/01_rise-figure-1.png", "kent",
     "kent/index.html", "all-forces.csv", "compare/a-b.html", "by its name"],
)  # fmt: skip
def test_nothing_that_lies_elsewhere_is_handed_on(reports, tmp_path, name):
    """By a link inside the folder, or by the name of a chart that a result gives."""
    linked, outside = reports / name, tmp_path / "outside-figure-1.png"
    result = reports / "kent" / "01_rise.json"
    kind = "/../../../outside-figure" if name == "by its name" else "figure"
    chart = {"kind": kind, "number": 1, "formats": ["png"], "title": "", "cell": 1, "cell_id": ""}
    result.write_text(json.dumps({**json.loads(result.read_text()), "exhibits": [chart]}))
    (reports / "kent" / "01_rise-figure-1.png").touch()
    (reports / "kent" / "01_rise-").mkdir()
    (reports / "compare").mkdir()
    if linked.exists():
        linked.rename(outside)
    else:
        outside.write_text("<title>Elsewhere</title></html>")
    if name != "by its name":
        linked.symlink_to(outside)
    makers = [lambda: site.build_site(reports, tmp_path / "site")]
    if "01_rise" in name or kind != "figure":
        makers.append(lambda: site.pack(reports, "kent"))
    for make in makers:
        with pytest.raises(Refusal) as caught:
            make()
        assert caught.value.codes == ("P304",)
        assert "Elsewhere" not in str(caught.value)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("moment", range(4))
def test_a_site_killed_at_any_write_is_finished_by_the_next(
    reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """The first write is that of the list itself, which then is half-written."""
    whole = tmp_path / "whole"
    site.build_site(reports, whole)
    out, write, left = tmp_path / "public", files.Path.replace, [moment]

    def killed(path: Path, target: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return write(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(files, "_discard", lambda temporary: None)
        patch.setattr(files.Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            site.build_site(reports, out)
    assert list(out.rglob(f"{files.TEMPORARY_PREFIX}*"))
    site.build_site(reports, out)
    made, again = (
        {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*.*")
         if path.is_file()}
        for place in (whole, out)
    )  # fmt: skip
    assert made == again


@pytest.mark.parametrize("spoilt", [b"", b"\0" * 80, b"\xff\xfe\x00", b"<!doctype html><p>cut sho"])
def test_a_page_that_was_cut_short_is_not_gathered(
    reports: Path, tmp_path: Path, spoilt: bytes
) -> None:
    page = next(path for path in reports.glob("*/0*.html") if path.with_suffix(".json").is_file())
    page.write_bytes(spoilt)
    with pytest.raises(Refusal, match=rf"P310 .*{page.name}: is cut short"):
        site.build_site(reports, tmp_path / "public")
    assert not (tmp_path / "public").exists()
