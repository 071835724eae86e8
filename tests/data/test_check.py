"""The data check finds what was changed, and the pages about the data are up to date."""

import re
import stat

import pandas as pd
import pytest

from officer_assaults import files, paths
from officer_assaults.data import (
    check,
    columns,
    counts,
    dictionary,
    forces,
    recorded,
    schemas,
    tables,
)

NAME = "recorded-assaults/2023-10"


def test_everything_holds():
    results = check.verify()
    assert results["check"].value_counts().to_dict() == {
        "known total": len(check.known_totals()),
        "checksum": len(tables.names()),
        "schema": len(tables.names()),
    }


def _edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _describe_anew(project, name):
    path = project / "data" / f"{name}.csv"
    side = path.with_name(path.name + tables.SIDECAR)
    text = re.sub(r"sha256:\w+", f"sha256:{files.sha256_file(path)}", side.read_text("utf-8"))
    side.write_text(text, encoding="utf-8")


def test_a_file_changed_by_hand_is_refused_and_named(own_project, refused):
    path = own_project / "data" / f"{NAME}.csv"
    _edit(
        path, "thames-valley,2018-04-01,2018/19,1,104,", "thames-valley,2018-04-01,2018/19,1,104,9"
    )
    refusal = refused(lambda: tables.load(NAME))
    assert refusal.codes == ("E124",)
    assert "checksum differs" in str(refusal)
    assert "make data-check" in str(refusal)
    state = check.manifest().set_index("table")["state"]
    assert state[NAME] == "changed by hand"
    assert (state.drop(NAME) == "as described").all()
    assert NAME in str(refused(check.verify))


def test_a_changed_release_is_counted_anew(own_project):
    def count():
        years = recorded.annual("article")
        mine = (years["force"] == "thames-valley") & (years["financial_year"] == "2018/19")
        return years.loc[mine, "n_no_injury"].item()

    first = "recorded-assaults/article"
    assert count() == 859
    _edit(own_project / "data" / f"{first}.csv", "2018/19,104,859", "2018/19,104,860")
    _describe_anew(own_project, first)
    assert count() == 860


def test_a_changed_file_with_a_changed_checksum_fails_its_known_totals(own_project, refused):
    path = own_project / "data" / f"{NAME}.csv"
    _edit(
        path, "thames-valley,2018-04-01,2018/19,1,104,", "thames-valley,2018-04-01,2018/19,1,104,1"
    )
    _describe_anew(own_project, NAME)
    refusal = refused(check.verify)
    assert len(refusal.problems) == 1
    assert "offences: thames-valley, 2018/19, 104" in str(refusal)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("kent,2018-04-01,2018/19,1,104,", "kent,2018-04-02,2018/19,1,104,", "E106"),
        ("kent,2018-04-01,2018/19,1,104,", "kent,2018-04-01,2018/19,2,104,", "E106"),
        ("kent,2018-04-01,2018/19,1,104,", "kent,2018-04-01,2018/20,1,104,", "E106"),
        ("kent,2018-04-01,2018/19,1,104,", "knt,2018-04-01,2018/19,1,104,", "E101"),
        ("kent,2018-04-01,2018/19,1,104,", "kent,2018-04-01,2018/19,1,105B,", "E124"),
        ("kent,2018-04-01,2018/19,1,104,", "kent,2018-04-01,2018/19,1,104,x", "E102"),
        ("kent,2018-04-01,2018/19,1,104,", "essex,2018-04-01,2018/19,1,104,", "E105"),
        ("kent,2017-01-01,2016/17,4,104,", "kent,2017-01-01,2016/17,4,8S,", "E109"),
        ("kent,2020-01-01,2019/20,4,104,", "kent,2020-01-01,2019/20,4,8T,", "E109"),
        (",prc_8T,", ",prc_104_8S,", "E107"),
        (",prc_8T,", ",use_of_force,", "E107"),
        ("force,quarter_start", "area,quarter_start", "E124"),
        ("series,vintage\n", "series,vintage,note\n", "E124"),
    ],
)
def test_a_table_that_breaks_its_schema_is_refused(own_project, refused, old, new, code):
    _edit(own_project / "data" / f"{NAME}.csv", old, new)
    _describe_anew(own_project, NAME)
    assert code in refused(lambda: tables.load(NAME)).codes


def test_by_checksum_alone_a_table_is_the_same_and_a_changed_one_is_still_refused(
    own_project, refused
):
    full = tables.load(NAME)
    with tables.by_checksum():
        pd.testing.assert_frame_equal(tables.load(NAME), full)
        _edit(own_project / "data" / f"{NAME}.csv", ",prc_8T,", ",use_of_force,")
        assert "checksum differs" in str(refused(lambda: tables.load(NAME)))
        _describe_anew(own_project, NAME)
        assert len(tables.load(NAME)) == len(full)
    # What was taken by its checksum is not taken for checked afterwards.
    assert "E107" in refused(lambda: tables.load(NAME)).codes


@pytest.mark.parametrize("field", ["licence", "checksum", "attribution", "vintage"])
def test_a_sidecar_without_a_field_is_refused(own_project, refused, field):
    side = own_project / "data" / f"{NAME}.csv{tables.SIDECAR}"
    _edit(side, f"{field}:", "x:")
    assert field in str(refused(lambda: tables.load(NAME)))


def test_files_without_partner_are_found(own_project, refused):
    side = own_project / "data" / f"geography.csv{tables.SIDECAR}"
    side.rename(own_project / "data" / f"other.csv{tables.SIDECAR}")
    text = str(refused(check.verify))
    assert "geography" in text
    assert "other.csv" in text
    (own_project / "data" / "odd.csv").write_text("a\n1\n")
    assert "odd" in str(refused(check.verify))


def test_unknown_tables_get_a_suggestion(refused):
    refusal = refused(lambda: tables.load("recorded-assaults/2023-1"))
    assert "Did you mean 'recorded-assaults/2023-10'?" in str(refusal)


@pytest.mark.parametrize("name", tables.names())
def test_every_table_says_where_it_comes_from(name):
    release = tables.release(name)
    assert release.rows == len(tables.load(name))
    assert release.url.startswith("https://")
    assert release.licence
    if "Open Government Licence" in release.licence:
        assert "Open Government Licence v3.0" in release.attribution
    assert release.path == f"data/{name}.csv"


def test_questions_name_tables_that_exist():
    named = {name for cell in check.questions()["tables"] for name in cell.split(", ")}
    assert named <= set(tables.names())


def test_the_dictionary_is_up_to_date_and_complete():
    page = (paths.project_root() / dictionary.PAGE).read_text(encoding="utf-8")
    assert page == dictionary.page(), f"run: {dictionary.COMMAND}"
    every = [*schemas.everything(), counts.schema()]
    for schema in every:
        for name in columns.column_names(schema):
            assert f"| `{name}` |" in page
            assert schema.columns[name].description
    assert {schema.strict for schema in every} == {True}


def test_every_table_has_a_schema():
    assert [name for name in tables.names() if schemas.schema_of(name) is None] == []


def test_every_code_is_documented_once():
    page = (paths.project_root() / "docs" / "refusals.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (E\d{3}) \|", page, flags=re.MULTILINE)
    assert sorted(listed) == [f"E{number}" for number in range(101, 136)]
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (paths.project_root() / "src").rglob("*")
        if path.suffix in (".py", ".yml")
    )
    assert set(re.findall(r"\bE1\d\d\b", source)) <= set(listed)


def test_writing_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "file.txt"
    files.write_atomic(path, "one")
    files.write_atomic(path, b"two")
    assert path.read_text() == "two"
    with pytest.raises(FileExistsError):
        files.write_new(path, "three")
    assert path.read_text() == "two"
    files.write_new(path.with_name("other.txt"), "three")
    assert sorted(file.name for file in path.parent.iterdir()) == ["file.txt", "other.txt"]
    assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRUSR
    assert files.sha256_file(path) == files.sha256(b"two")


def test_names_and_kinds_of_forces():
    kinds = {kind: len(forces.slugs(kind)) for kind in ("territorial", "transport", "nation")}
    assert kinds == {"territorial": 43, "transport": 1, "nation": 1}
    assert len(set(forces.names().values())) == 45
