"""The table of runs: who is run where, what is refused before a kernel starts, what is stale."""

import dataclasses
import hashlib

import nbformat
import notebook_tree as tree
import pytest

from officer_assaults.pipeline import inputs
from officer_assaults.pipeline.batch import _keep_manifests, save
from officer_assaults.pipeline.notebooks import Notebook
from officer_assaults.pipeline.plan import make_plan, stamp_path, variant
from officer_assaults.pipeline.run import (
    CELL_ERROR,
    CONTRACT_BROKEN,
    OK,
    Result,
    _lay_out,
    make_job,
    perform,
)
from officer_assaults.refusals import Refusal

FILE = "path: str | None = None  # Own data [<file>]\nsize: int = 3  # How many"
OPTIONAL = "place: str | None = None  # Where [<place>]\n" + FILE


@pytest.fixture
def project(tmp_path):
    notebooks = {
        "01_scoped": tree.good(),
        "02_national": tree.good(tree.NATIONAL),
        "03_optional": tree.good(OPTIONAL),
    }
    return tree.plant(tmp_path, notebooks)


def _keys(plan):
    return [run.key for run in plan.runs]


def _finish(project, plan, outcome=OK):
    _keep_manifests(project, plan)
    for run in plan.stale:
        done = outcome == OK
        save(project, run, Result(run.key, outcome, b"<p>" if done else None, b"{}", error="x"))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["everywhere/02_national", "everywhere/03_optional", "north/01_scoped"]),
        ({"scopes": ["South"], "notebooks": ["01_scoped"]}, ["south/01_scoped"]),
        ({"scopes": ["all"], "notebooks": ["01_scoped"]}, ["north/01_scoped", "south/01_scoped"]),
        ({"notebooks": ["notebooks/02_national.ipynb"]}, ["everywhere/02_national"]),
        (
            {"notebooks": ["03_optional"], "settings": {"size": "4"}},
            ["everywhere/03_optional~size=4"],
        ),
        (
            {"notebooks": ["03_optional"], "scopes": ["south"], "settings": {"size": "4"}},
            ["everywhere/03_optional~size=4"],
        ),
        (
            {
                "notebooks": ["03_optional"],
                "scopes": ["south"],
                "settings": {"path": "data/counts.csv"},
            },
            ["south/03_optional~path=data-counts.csv"],
        ),
        (
            {"notebooks": ["03_optional"], "settings": {"path": "data/counts.csv"}},
            ["everywhere/03_optional~path=data-counts.csv"],
        ),
        (
            {"settings": {"level": "0.1"}},
            ["everywhere/02_national", "everywhere/03_optional", "north/01_scoped~level=0.1"],
        ),
    ],
)
def test_runs_go_where_their_parameters_say(project, asked, expected):
    assert _keys(make_plan(project, **asked)) == expected


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ({"notebooks": ["01_scopd"]}, ["P301"]),
        ({"settings": {"levle": "0.1"}}, ["P201"]),
        ({"settings": {"api_key": "x"}}, ["P208"]),
        ({"settings": {"place": "south"}}, ["P209"]),
        ({"scopes": ["east"]}, ["E999"]),
        ({"scopes": ["south", "SOUTH"]}, ["P302"]),
        ({"scopes": ["east", "south"], "settings": {"size": "99"}}, ["E999", "P203", "P203"]),
        ({"notebooks": ["03_optional"], "settings": {"path": "missing.csv"}}, ["P304"]),
    ],
)
def test_the_whole_table_is_refused_at_once(project, asked, codes):
    with pytest.raises(Refusal) as caught:
        make_plan(project, **asked)
    assert sorted(caught.value.codes) == codes


def test_missing_data_is_refused_before_any_run(project):
    (project.data[0] / "counts.csv").unlink()
    project.data[0].rmdir()
    with pytest.raises(Refusal, match="P303: 'data' is needed"):
        make_plan(project)


def test_non_default_parameters_are_told_apart(project):
    run = make_plan(
        project, notebooks=["01_scoped"], scopes=["south"], settings={"size": "3", "level": "0.1"}
    ).runs[0]
    assert run.parameters == {"place": "south", "size": 3, "level": 0.1}
    assert run.non_default == {"level": 0.1}
    assert run.command == "make 01_scoped south level=0.1"


def test_finished_runs_are_fresh_and_failures_are_not(project):
    plan = make_plan(project)
    assert set(plan.reasons.values()) == {"never made"}
    _finish(project, plan)
    assert make_plan(project).reasons == {}
    assert len(make_plan(project, force_all=True).stale) == 3
    plan = make_plan(project, notebooks=["01_scoped"], force_all=True)
    _finish(project, plan, CELL_ERROR)
    assert make_plan(project).reasons == {"north/01_scoped": "failed last time"}


def _edit(project, name, cell, source):
    path = project.notebooks / f"{name}.ipynb"
    nb = nbformat.read(path, 4)
    nb.cells[cell].source = source
    nbformat.write(nb, path)


CHANGES = {
    "cell": (
        lambda p: _edit(p, "02_national", 4, "record('b', 2)"),
        {"everywhere/02_national": "notebook changed"},
    ),
    "default": (
        lambda p: _edit(p, "02_national", 1, "size: int = 4  # How many items [1 .. 9]"),
        {"everywhere/02_national": "notebook changed; parameters changed: size"},
    ),
    "source": (
        lambda p: (p.source / "module.py").write_text("value = 2\n"),
        "source changed: source/module.py",
    ),
    "new source": (lambda p: (p.source / "new.py").touch(), "source changed: source/new.py"),
    "data": (
        lambda p: (p.data[0] / "counts.csv").write_text("count\n2\n"),
        "data changed: data/counts.csv",
    ),
    "lock": (lambda p: p.lock.write_text("numpy==3\n"), "lock changed"),
    "page gone": (
        lambda p: (p.reports / "north" / "01_scoped.html").unlink(),
        {"north/01_scoped": "01_scoped.html is missing"},
    ),
    "page edited": (
        lambda p: (p.reports / "north" / "01_scoped.json").write_text("{ }"),
        {"north/01_scoped": "01_scoped.json was changed by other hands"},
    ),
    "stamp broken": (
        lambda p: (p.state / "stamps" / "north" / "01_scoped.json").write_text("{"),
        {"north/01_scoped": "never made"},
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_stale_what_depends_on_it(project, change):
    act, expected = CHANGES[change]
    plan = make_plan(project)
    _finish(project, plan)
    act(project)
    if isinstance(expected, str):
        expected = dict.fromkeys(_keys(plan), expected)
    assert make_plan(project).reasons == expected


@pytest.mark.parametrize("touch", ["__pycache__/module.pyc", "module.pyc"])
def test_compiled_code_is_no_input(project, touch):
    _finish(project, make_plan(project))
    (project.source / touch).parent.mkdir(exist_ok=True)
    (project.source / touch).touch()
    assert make_plan(project).reasons == {}


def test_saving_a_notebook_without_a_change_keeps_it_fresh(project):
    _finish(project, make_plan(project))
    path = project.notebooks / "02_national.ipynb"
    nb = nbformat.read(path, 4)
    nb.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    path.write_text(nbformat.writes(nb, indent=4))
    assert make_plan(project).reasons == {}


def test_other_parameters_leave_the_plain_report_fresh(project):
    _finish(project, make_plan(project))
    asked = {"settings": {"level": "0.2"}, "notebooks": ["01_scoped"]}
    assert make_plan(project, **asked).reasons == {"north/01_scoped~level=0.2": "never made"}
    _finish(project, make_plan(project, **asked))
    assert make_plan(project, **asked).reasons == {}
    assert make_plan(project).reasons == {}


def test_other_versions_are_stale(project):
    _finish(project, make_plan(project))
    other = dataclasses.replace(project, versions=("numpy", "click"))
    assert set(make_plan(other).reasons.values()) == {"versions changed: click"}


def test_a_file_that_a_parameter_names_makes_a_report_stale_and_no_hash_of_it_is_told(
    project, tmp_path
):
    asked = {"notebooks": ["03_optional"], "settings": {"path": str(tmp_path / "own.csv")}}
    own = tmp_path / "own.csv"
    own.write_text("a\n")
    plan = make_plan(project, **asked)
    assert plan.runs[0].parameters["path"] == "own.csv"
    _finish(project, plan)
    assert make_plan(project, **asked).reasons == {}
    own.write_text("b\n")
    again = make_plan(project, **asked)
    assert list(again.reasons.values()) == ["own files changed"]
    before, now = plan.runs[0].inputs, again.runs[0].inputs
    assert (before.told(), before.hash) == (now.told(), now.hash)
    assert before.as_dict() != now.as_dict()


def test_two_files_stand_side_by_side_and_a_description_goes_with_its_file(project, tmp_path):
    """Neither the default report nor that of another file of the same name is written over."""
    cell = FILE + "\nabout: str | None = None  # What it is [<file>]"
    tree.plant(tmp_path, {"04_two": tree.good(cell)})
    names = []
    for folder in ("data", "../one", "../another"):
        own = (tmp_path / folder / "own.csv").resolve()
        own.parent.mkdir(exist_ok=True)
        for path in (own, own.with_name("own.csv.yml")):
            path.write_text("a\n")
        settings = {"path": str(own), "about": f"{own}.yml"}
        (run,) = make_plan(project, notebooks=["04_two"], settings=settings).runs
        assert str(own.parent) not in run.name
        names.append(run.name)
        (again,) = make_plan(project, notebooks=["04_two"], settings=settings).runs
        assert again.name == run.name
    assert names[0].startswith("04_two~path=data-own.csv")
    assert names[1].startswith("04_two~path=own.csv-")
    assert len({"04_two", *names}) == 4
    assert not any("yml" in name for name in names)


def test_a_file_outside_the_tree_keeps_its_folder_to_itself(project, tmp_path_factory):
    own = tmp_path_factory.mktemp("elsewhere") / "own.csv"
    own.write_text("a\n")
    run = make_plan(project, notebooks=["03_optional"], settings={"path": str(own)}).runs[0]
    assert run.parameters["path"] == "own.csv"
    assert run.files["own.csv"].read_text() == "a\n"
    assert str(own.parent) not in run.command
    assert f"path={own}" in run.local_command
    # By a hash of its path anybody could try out whose folder it is.
    for told in (str(own.parent), str(own)):
        for algorithm in ("md5", "sha1", "sha256"):
            assert hashlib.new(algorithm, told.encode()).hexdigest()[:6] not in run.name


def test_a_large_file_is_carried_through_memory_only_to_other_machines(
    project, tmp_path_factory, monkeypatch
):
    monkeypatch.setattr("officer_assaults.pipeline.run.MOST_PACKED", 1)
    own = tmp_path_factory.mktemp("elsewhere") / "own.csv"
    own.write_text("a\n")
    run = make_plan(project, notebooks=["03_optional"], settings={"path": str(own)}).runs[0]
    sent, kept = make_job(project, run), make_job(project, run, here=True)
    assert (sent.files, sent.places) == ({"own.csv": b"a\n"}, {})
    assert (kept.files, kept.places) == ({}, {"own.csv": str(own)})
    for job in (sent, kept):
        work = tmp_path_factory.mktemp("work")
        _lay_out(job, work)
        assert (work / "own.csv").read_text() == "a\n"
    own.unlink()
    result = perform(kept)
    assert (result.outcome, "is no longer there" in result.error) == (CONTRACT_BROKEN, True)


def test_vocabularies_are_asked_once_per_state_of_data_and_source(project):
    asked = []

    class Counting(tree.Places):
        def canonical(self, text):
            asked.append(text)
            return super().canonical(text)

    counting = dataclasses.replace(project, vocabularies={"place": Counting()})
    make_plan(counting)
    make_plan(counting)
    assert asked == ["north"]
    (project.data[0] / "counts.csv").write_text("count\n9\n")
    make_plan(counting)
    assert asked == ["north", "north"]


def test_what_holds_for_many_runs_is_looked_up_once_a_plan(project, monkeypatch):
    """Installed versions for all of them, imports for all scopes of a notebook."""
    asked = []

    def counted(name, function):
        return lambda *given: (asked.append(name), function(*given))[1]

    monkeypatch.setattr(inputs, "versions", counted("versions", inputs.versions))
    monkeypatch.setattr(Notebook, "imports", counted("imports", Notebook.imports))
    plan = make_plan(project, scopes=["all"])
    notebooks = {run.notebook.name for run in plan.runs}
    assert len(plan.runs) > len(notebooks)
    assert sorted(asked) == ["imports"] * len(notebooks) + ["versions"]


def test_words_that_are_not_as_they_were_kept_are_asked_again(project):
    scopes = [run.scope for run in make_plan(project).runs]
    kept = project.state / "words.json"
    kept.write_text(kept.read_text().replace("north", "south"))
    assert [run.scope for run in make_plan(project).runs] == scopes
    assert "north" in scopes


def test_stamps_are_written_last(project, monkeypatch):
    order = []
    from officer_assaults.pipeline import batch

    write = batch.write_atomic
    monkeypatch.setattr(
        batch, "write_atomic", lambda path, data: (order.append(path), write(path, data))
    )
    plan = make_plan(project, notebooks=["01_scoped"])
    _finish(project, plan)
    assert order[-1] == stamp_path(project, plan.runs[0])
    assert [path.name for path in order[-3:-1]] == ["01_scoped.json", "01_scoped.html"]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, ""),
        ({"b": "2019/20", "a": [1.0, 2.0]}, None),
        ({"b": "2019/20"}, "~b=2019-20"),
        ({"why": "a/../b"}, "~why=a-..-b"),
        ({"why": 'quote" $x'}, None),
        ({"why": "x" * 300}, None),
        ({"why": "zoë"}, None),
    ],
)
def test_names_of_variants_are_safe_short_and_their_own(values, name):
    made = variant(values)
    if name is not None:
        assert made == name
    assert "/" not in made
    assert made.isascii()
    assert len(made) < 100
    others = [{**values, "b": "2018/19"}, {**values, "why": f"{values.get('why', '')}!"}]
    assert len({made, *map(variant, others)}) == 3
