"""What a public crewing report refuses to say, and what an internal one may."""

from types import SimpleNamespace

import pytest
from canaries import PLACE, write_export

from officer_assaults.data import recording_evidence
from officer_assaults.page import audience, site
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing import disclosure
from officer_assaults.topics.crewing.given import checked, open_cells
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.report import story as crewing
from officer_assaults.topics.crewing.report import tables as crewing_tables


def story_of(path, *, outcome="all", audience="public", override_reason=""):
    """A story without models: what it may say hangs on its counts and texts alone."""
    given = open_cells(str(path), None, "kent", "", 0, audience)
    data = prepare(given.cells, outcome=outcome, override_reason=override_reason)
    return crewing.CrewingStory(
        analysis=SimpleNamespace(data=data, policies=()),
        survey=recording_evidence.single_crewed(),
        seed=0,
        file=given.file,
        outcome=outcome,
        audience=audience,
    )


@pytest.fixture(scope="module")
def many_injured(cells):
    """Injured victims are many, those without injury of single crews only two."""
    single = cells["crew"] == "single"
    injured = cells["y_injury"].where(~single, cells["y"]).to_numpy().copy()
    injured[(single & (cells["y"] > 0)).to_numpy().nonzero()[0][:2]] -= 1
    return cells.assign(y_injury=injured)


def test_a_report_on_injuries_does_not_give_back_what_the_other_kept(tmp_path, many_injured):
    """Ratio, hours and total of injuries would tell the victims without injury by difference."""
    path = write_export(tmp_path, many_injured)
    shown = crewing_tables.counts_table(story_of(path))["frame"]
    assert list(shown["With injury"]) == ["[c]", "[c]"]
    with pytest.raises(Refusal) as caught:
        story_of(path, outcome="injury")
    assert caught.value.codes == ("E121",)
    assert "2" not in str(caught.value).replace("E121", "")
    inside = crewing_tables.counts_table(story_of(path, audience="internal"))["frame"]
    assert inside["With injury"].tolist() == many_injured[many_injured["crew"] != "multi"].groupby(
        "crew"
    )["y_injury"].sum().loc[["single", "double"]].tolist()  # fmt: skip


def test_incidents_that_would_tell_how_few_had_two_victims_are_left_out(tmp_path, cells):
    """Victims per incident, or a ratio of incidents, times published victims gives the count."""
    near = cells.assign(incidents_assault=cells["y"])
    row = (near["crew"] == "double").to_numpy() & (near["y"] > 1).to_numpy()
    near.loc[row.nonzero()[0][:2], "incidents_assault"] -= 1
    path = write_export(tmp_path, near)
    assert "incidents_assault" not in open_cells(str(path), None, "kent", "", 0).cells
    assert "incidents_assault" in open_cells(str(path), None, "kent", "", 0, "internal").cells
    enough = cells.assign(incidents_assault=cells["y"])
    write_export(tmp_path, enough)
    assert "incidents_assault" in open_cells(str(path), None, "kent", "", 0).cells


@pytest.mark.parametrize(
    "written", [f"0 if lpa == '{PLACE} 01' else single", "0 if beat == 'b1' else single"]
)
def test_a_public_policy_cannot_set_one_place_apart(written):
    with pytest.raises(Refusal) as caught:
        disclosure.check_policies(["double_nights", written])
    assert caught.value.codes == ("E121",)
    disclosure.check_policies([written], "internal")


def test_words_for_a_public_report_name_no_place_of_the_export(tmp_path, cells):
    path = write_export(tmp_path, cells)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in PLACE)
    for words in (f"{PLACE} 03", f"because of {PLACE.upper()} 03.", f"{PLACE}-03", f"x_{PLACE}_03",
                  f"at {wide} 03", f"{PLACE}03"):  # fmt: skip
        with pytest.raises(Refusal) as caught:
            story_of(path, override_reason=words)
        assert caught.value.codes == ("E121",)
        assert PLACE.lower() not in str(caught.value).lower()
        with pytest.raises(Refusal, match="E121"):  # Before any kernel starts.
            checked(str(path), None, {"override_reason": words})
    story_of(path, override_reason=f"{PLACE} 0")
    sidecar = path.with_name("cells.csv.meta.yml")
    told = sidecar.read_text().replace("resource log", f"log of {PLACE} 03,")
    sidecar.write_text(told)
    with pytest.raises(Refusal) as caught:
        story_of(path)
    assert caught.value.codes == ("E121",)


@pytest.mark.parametrize("stopped", [False, True])
@pytest.mark.parametrize("mark", [audience.BANNER, audience.MARK])
@pytest.mark.parametrize("make", [site.build_site, site.pack])
def test_an_internal_report_is_never_handed_on(tmp_path, make, mark, stopped):
    """Nor where the run stopped between its result, public already, and its page."""
    folder = tmp_path / "reports" / "kent"
    folder.mkdir(parents=True)
    (folder / "05_crewing.html").write_text(f"<p>{mark}")
    (folder / "05_crewing.json").write_text(
        '{"findings": [], "scope": "kent", "notebook": "05_crewing", '
        f'"parameters": {{"audience": "{"public" if stopped else "internal"}"}}}}'
    )
    target = tmp_path / "site" if make is site.build_site else "kent"
    with pytest.raises(Refusal) as caught:
        make(tmp_path / "reports", target)
    assert caught.value.codes == ("E121",)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("count", "shown"), [(0, 0), (1, "[c]"), (9, "[c]"), (10, 10), (12_345, 12_345)]
)
def test_a_lone_count_is_kept_back_from_one_to_nine(count, shown):
    assert disclosure.shown_count(count) == shown
    assert disclosure.shown_count(count, "internal") == count


def test_a_refusal_for_too_few_victims_does_not_say_how_few(cells):
    few = cells[cells["crew"] != "multi"].assign(y_injury=0)
    few.loc[few.index[few["crew"] == "single"][:FEW_VICTIMS], "y_injury"] = 1
    with pytest.raises(Refusal) as caught:
        prepare(few, outcome="injury")
    assert str(FEW_VICTIMS) not in str(caught.value).replace("E114", "")


FEW_VICTIMS = 7


@pytest.mark.parametrize("name", ["kent/05_crewing.html", "kent/05_crewing.json", "kent.zip"])
def test_nothing_internal_is_handed_on_whatever_the_result_beside_it_says(name):
    """A page, a result or an archive that a stopped run, or a person, put in a public place."""
    held = {
        "html": f"<p>{audience.BANNER}</p>".encode(),
        "json": b'{"parameters": {"audience": "internal"}}',
        "zip": site._zip({"kent-reports/kent/x.html": f"<head>{audience.MARK}".encode()}),
    }
    files = {name: held[name.rpartition(".")[2]], "index.html": "the front page"}
    with pytest.raises(Refusal) as caught:
        site.refuse_internal_files(files)
    assert caught.value.codes == ("E121",)
    assert len(caught.value.problems) == 1
    site.refuse_internal_files({"index.html": "the front page", "kent.zip": site._zip({})})
