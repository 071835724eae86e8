"""The command line: what each command prints, writes and returns."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import notebook_tree as tree
import pytest

from officer_assaults import paths
from officer_assaults.cli import output
from officer_assaults.cli import project as project_
from officer_assaults.cli.project import FOCUS_FORCE, NATIONAL
from officer_assaults.page import catalogue
from officer_assaults.pipeline.parameters import split_assignments
from officer_assaults.refusals import Refusal

HEAVY = ("pandas", "numpy", "papermill", "nbconvert", "matplotlib", "pandera")


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom officer_assaults.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    for command in ("reports", "report", "verify", "publish", "check-notebooks", "import"):
        assert f"  {command} " in done.stdout


def test_nothing_stale_imports_no_engine(project, run):
    run("reports")
    code = (
        f"import sys; sys.path.insert(0, {str(tree.HERE)!r}); import notebook_tree as tree\n"
        "from officer_assaults.cli import main, output, project\n"
        f"project.load = lambda: tree.describe({str(project.root)!r})\n"
        "output.build_index = lambda folder, judging: folder\n"
        "try:\n    main(['reports'])\nexcept SystemExit as done:\n    assert not done.code\n"
        f"print([m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = done.stdout.splitlines()
    assert (said[0], said[-1]) == ("All 2 reports are fresh.", "[]")


def test_reports_are_made_once_and_the_findings_tracked(project, run, built):
    first = run("reports", "--jobs", "1")
    assert "Made 2 reports" in first.output
    assert "[2/2] ok" in first.output
    again = run("reports").output
    assert "All 2 reports are fresh." in again
    pages = [line.strip() for line in again.splitlines() if line.endswith(".html")]
    assert pages == [line.strip() for line in first.output.splitlines() if line.endswith(".html")]
    wanted = ("everywhere/02_national.html", "north/01_scoped.html", "index.html")
    assert pages == [str(project.reports / name) for name in wanted]
    assert built == [project.reports]
    assert not (project.reports / "findings.csv").exists()


def test_dry_run_says_why_and_makes_nothing(project, run):
    shown = run("reports", "--dry-run", "--force", "north,south").output.splitlines()
    assert shown == [
        "everywhere/02_national: never made",
        "north/01_scoped: never made",
        "south/01_scoped: never made",
        "3 of 3 reports would be made.",
    ]
    assert tree.snapshot(project) == {}


def test_runs_with_other_parameters_keep_beside_each_other(project, run, built):
    run("reports", "--force", "south")
    before = tree.snapshot(project)
    for settings in ("level=0.2 size=4", "size=5", "size=3"):
        run("report", "01_scoped", "--force", "south", "--set", settings)
    after = tree.snapshot(project)
    assert {name: after[name] for name in before} == before
    added = sorted(name for name in after.keys() - before.keys() if name.endswith(".json"))
    assert added == ["south/01_scoped~level=0.2,size=4.json", "south/01_scoped~size=5.json"]
    assert json.loads(after[added[0]])["non_default"] == {"level": 0.2, "size": 4}
    assert "2 reports are fresh" in run("reports", "--force", "south").output
    shown = run("report", "01_scoped", "--force", "south", "--set", "size=5").output
    assert shown.splitlines()[1].endswith("south/01_scoped~size=5.html")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["report", "01_scopd"],
            "P301: there is no notebook '01_scopd'. Did you mean '01_scoped'?",
        ),
        (["reports", "--set", "sise=4"], "P201: unknown parameter 'sise'. Did you mean 'size'?"),
        (["reports", "--set", "size=40"], "P203 01_scoped.ipynb: parameter 'size' cannot be 40."),
        (["reports", "--force", "nort"], "Did you mean 'north'?"),
        (["reports", "--set", "size"], "P207"),
        (["verify"], "P401 findings.csv"),
        (["site"], "P310: no report is made yet."),
    ],
)
def test_refusals_are_lines_and_exit_code_2(project, run, arguments, said):
    result = run(*arguments, code=2)
    assert said in result.stderr
    assert all(line[0] in "PE" for line in result.stderr.splitlines())
    assert tree.snapshot(project) == {}


def test_failures_are_listed_and_the_rest_is_made(project, run, built):
    tree.plant(project.root, {"03_bad": tree.notebook("1 / 0", parameters=tree.NATIONAL)})
    result = run("reports", code=1)
    assert "Made 2 reports" in result.output
    assert "1 failed:" in result.stderr
    assert "3     ZeroDivisionError: division by zero\n" in result.stderr
    lines = result.stderr.splitlines()
    assert lines[-1] == "  make 03_bad -"
    (copy,) = [line.strip() for line in lines if line.endswith(".failed.ipynb")]
    assert (project.reports / copy).is_file()
    assert built == [project.reports]


def test_a_full_disk_is_told_and_mended_by_the_next_run(project, run, built, monkeypatch):
    def full(folder, judging):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))

    with monkeypatch.context() as patch:
        patch.setattr(output, "build_index", full)
        result = run("reports", code=1)
        assert "Made 2 reports" in result.output
        assert "front page could not be written: No space left on device." in result.stderr
        assert "No space left" in run("reports", code=1).stderr
    run("reports")
    assert built == [project.reports]


def test_a_folder_that_cannot_be_written_is_a_refusal(project, run):
    project.state.parent.mkdir(exist_ok=True)
    project.state.write_text("a file where the folder should be")
    assert "P309" in run("reports", code=2).stderr


def _change_value(project, factor):
    path = project.notebooks / "02_national.ipynb"
    path.write_text(path.read_text().replace("1.5 * size", f"1.5 * size * {factor}"))


def test_verify_compares_within_tolerance(project, run):
    """A change within the tolerance of a finding passes, a larger one is shown with both values."""
    run("publish")
    before = tree.snapshot(project)
    assert "All 2 tracked findings were reproduced" in run("verify").output
    _change_value(project, 1 + 5e-7)
    assert "All 2 tracked" in run("verify").output
    _change_value(project, 1.1)
    shown = run("verify", code=1)
    assert "everywhere/02_national  items    value   4.5      4.9500025" in shown.output
    assert tree.snapshot(project) == before
    assert not (project.state / "verify").exists()


def test_only_publish_moves_the_oracle(project, run):
    """A changed number, a deleted notebook: batches in between do not make verify agree."""
    run("publish")
    path = project.reports / "findings.csv"
    before = path.read_bytes()
    _change_value(project, 1.1)
    run("reports", "--force", "all")
    assert path.read_bytes() == before
    assert "value   4.5      4.95" in run("verify", code=1).output
    (project.notebooks / "02_national.ipynb").unlink()
    run("reports")
    assert path.read_bytes() == before
    gone = [line.split() for line in run("verify", code=1).output.splitlines()]
    assert ["everywhere/02_national", "items", "present", "missing"] in gone
    run("publish")
    assert [row.split(",")[0] for row in path.read_text().splitlines()] == ["notebook", "01_scoped"]


def test_verify_compares_with_the_commit(project, run):
    """Neither another file on disk nor a table that is not committed yet passes."""
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    run("publish")
    for command in (["init", "-q"], ["add", "-f", "reports/findings.csv"]):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    subprocess.run(["git", *identity, "commit", "-qm", "First"], cwd=project.root, check=True)
    run("verify")
    path = project.reports / "findings.csv"
    path.write_text(path.read_text().replace(",4.5,", ",4.6,", 1))
    shown = run("verify", code=1)
    assert "committed  on disk" in shown.output
    assert "differs from the committed table in 1 places" in shown.stderr
    _change_value(project, 1.1)
    run("publish")
    assert "tracked  now" in run("verify", code=1).output


def test_tracked_digits_move_only_with_a_finding(project, run):
    """Publishing again rewrites no digit of a finding that stayed within its tolerance."""
    run("publish")
    path = project.reports / "findings.csv"
    before = path.read_text()
    _change_value(project, 1 + 5e-7)
    run("publish")
    assert path.read_text() == before
    _change_value(project, 1.1)
    run("publish")
    old, new = before.splitlines(), path.read_text().splitlines()
    assert new[:2] == old[:2]
    assert new[2] == old[2].replace(",4.5,", ",4.9500025,")


def test_publish_replaces_the_published_set_as_a_whole(project, run):
    run("reports", "--force", "south")
    (project.reports / "published" / "old").mkdir(parents=True)
    assert "Published 2 reports." in run("publish").output
    published = project.reports / "published"
    names = sorted(
        p.relative_to(published).as_posix()
        for p in published.glob("*/[0-9]*")
        if p.suffix in (".html", ".json")
    )
    assert not (published / "old").exists()
    assert (published / "index.html").is_file()
    at_a_glance = {path.parent.name for path in published.glob("*/index.html")}
    assert at_a_glance == set(catalogue.force_names())
    assert names == [
        "everywhere/02_national.html",
        "everywhere/02_national.json",
        "north/01_scoped.html",
        "north/01_scoped.json",
    ]
    assert (published / "north/01_scoped.html").read_bytes() == (
        project.reports / "north/01_scoped.html"
    ).read_bytes()


def test_nothing_is_published_after_a_failure(project, run):
    tree.plant(project.root, {"03_bad": tree.notebook("1 / 0", parameters=tree.NATIONAL)})
    assert "Nothing was published." in run("publish", code=1).stderr
    assert not (project.reports / "published").exists()


def test_check_notebooks_names_every_problem(project, run):
    assert run("check-notebooks").output == "2 notebooks are in order.\n"
    tree.plant(project.root, {"03_bad": tree.notebook("!ls", parameters="size = 3")})
    lines = run("check-notebooks", code=2).stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["P110", "P205"]


def test_index_is_built_from_disk(project, run):
    assert run("index").output.strip() == str(project.reports / "index.html")


def test_ctrl_c_before_the_first_run_says_so(project, run, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("officer_assaults.pipeline.plan.make_plan", interrupted)
    assert run("reports", code=130).stderr == "Interrupted.\n"


def test_outside_a_project_is_a_refusal(run, tmp_path, monkeypatch):
    monkeypatch.setenv("OFFICER_ASSAULTS_ROOT", str(tmp_path))
    assert "P305" in run("reports", code=2).stderr


# --- what the pipeline is told about this project ------------------------------------------------


def test_every_force_has_reports_and_the_nation_is_none():
    ours = project_.load()
    forces = ours.vocabularies["force"].known()
    assert len(forces) == 44
    assert {FOCUS_FORCE, "london-city", "british-transport-police"} <= set(forces)
    assert NATIONAL not in forces
    assert ours.vocabularies["force"].canonical("City of London Police") == "london-city"
    for unknown in (NATIONAL, "Thame Vally"):
        with pytest.raises(Refusal, match="E101"):
            ours.vocabularies["force"].canonical(unknown)


@pytest.mark.parametrize(
    ("vocabulary", "text", "canonical"),
    [("financial-year", "2018-19", "2018/19"), ("vintage", "2023-10", "2023-10")],
)
def test_words_are_canonical(vocabulary, text, canonical):
    words = project_.load().vocabularies[vocabulary]
    assert words.canonical(text) == canonical
    assert canonical in words.known()
    with pytest.raises(Refusal):
        words.canonical("2018-20")


def test_the_command_runs_the_report_again(tmp_path):
    """Pasted into a shell, through make, every value arrives as it was."""
    settings = {"alpha": "0.1", "phi_list": "[1.0,2.0]", "why": 'the force\'s "own" split, 5 $HOME'}
    settings |= {
        "formula": "a == 1 b = 2 \\d",
        "title": '"quoted"',
        "run": "$(shell exit 1) cost$1.csv",
    }
    command = project_.make_command("01_rise", "kent", settings)
    app = tmp_path / "bin" / "officer-assaults"
    app.parent.mkdir()
    app.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    app.chmod(0o755)
    makefile = paths.project_root() / "Makefile"
    options = f"-f {makefile} BIN={app.parent} SELF= CORE= FULL="
    # The suite itself may run under make, whose flags would reach this one.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        command.replace("make ", f"make {options} ", 1),
        shell=True, cwd=tmp_path, capture_output=True, text=True, check=True, env=outside,
    )  # fmt: skip
    words = json.loads(done.stdout)
    assert words[:4] == ["report", "--force", "kent", "--set"]
    assert split_assignments(words[4]) == settings
    assert words[5:] == ["--", "01_rise"]


def test_a_report_made_where_a_gap_was_and_a_page_of_other_people_stay(project, monkeypatch):
    gap, own, beside = (
        project.reports / name for name in ("kent/02_forces.html", "mine.html", "notes/mine.html")
    )

    def gather(folder, judging):
        if not gap.with_suffix(".json").is_file():
            gap.write_text("not built")
        return folder / "index.html"

    monkeypatch.setattr(output, "build_index", gather)
    for path in (gap, own, beside):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("first")
    output.build(project)
    assert gap.read_text() == "not built"
    gap.with_suffix(".json").write_text("{}")
    for path in (gap, own, beside):
        path.write_text("second")
    output.build_if_stale(project)
    output.build(project)
    assert [path.read_text() for path in (gap, own, beside)] == ["second"] * 3


@pytest.mark.parametrize("page", ["index.html", "evidence.html", "claims/collection.html"])
@pytest.mark.parametrize("spoil", [lambda path: path.write_text("in"), Path.unlink])
def test_a_page_that_was_cut_short_is_made_again(run, project, monkeypatch, page, spoil):
    """Pages that no run makes have no stamps of their own."""

    def gather(folder, judging):
        for name in ("index.html", "evidence.html", "claims/collection.html"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(f"whole {name}")
        return folder / "index.html"

    monkeypatch.setattr(output, "build_index", gather)
    output.build_if_stale(project)
    spoil(project.reports / page)
    output.build_if_stale(project)
    assert (project.reports / page).read_text() == f"whole {page}"
    made = (project.reports / page).stat().st_mtime_ns
    output.build_if_stale(project)
    assert (project.reports / page).stat().st_mtime_ns == made


WHOLE = "<html><head><title>Two forces</title></head></html>"


@pytest.mark.parametrize(
    ("made", "now", "left"),
    [
        (WHOLE, WHOLE.replace("Two", "Other"), "newer"),  # By `compare`, on newer figures.
        (WHOLE, WHOLE[:20], "written again"),
        (WHOLE, "", "written again"),
        (f'<meta name="made-from" content="1">{WHOLE}', "\0" * 40, "written again"),
    ],
)
def test_a_page_of_two_forces_is_kept_or_made_again(project, monkeypatch, made, now, left):
    """One that `compare` wrote is made by no build; a damaged one goes with those of its forces."""
    path = project.reports / "compare" / "kent--sussex.html"
    glances = [project.reports / slug / "index.html" for slug in ("kent", "sussex")]

    def gather(folder, judging):
        for each in glances:
            each.parent.mkdir(parents=True, exist_ok=True)
            each.with_name("01_rise.json").write_text("{}")
            if not each.is_file():
                each.write_text("at a glance")
                path.parent.mkdir(exist_ok=True)
                path.write_text("written again")
        return folder / "index.html"

    monkeypatch.setattr(output, "build_index", gather)
    output.build(project)
    path.write_text(made)
    output.build(project)
    path.write_text(now)
    output.build_if_stale(project)
    assert path.read_text() == (now if left == "newer" else left)
