"""A new release: what it may change unasked, what it may not, and how it is taken back."""

import os

import pandas as pd
import pytest
from click.testing import CliRunner
from official_release import official

from officer_assaults import cli
from officer_assaults.data import (
    breaks,
    decisions,
    home_office,
    recorded,
    releases,
    tables,
    workforce,
)
from officer_assaults.refusals import Refusal


def tree(root):
    """Every file of a folder with its bytes."""
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def without(**picked):
    def change(frame):
        mask = pd.Series(True, index=frame.index)
        for name, value in picked.items():
            mask &= frame[name] == value
        return frame[~mask]

    return change


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        (without(financial_year="2016/17"), "4 quarters, April 2016 to January 2017"),
        (without(force="kent"), "force Kent"),
        (without(offence_code="8T"), "code 8T"),
        (without(force="kent", offence_code="8S"), "code 8S of Kent in 2017/18"),
        (without(force="kent", financial_year="2019/20"), "code 104 of Kent in 2019/20"),
    ],
)
def test_a_release_that_loses_something_does_not_lead(own_project, tmp_path, change, lost):
    before = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(change).to_csv(path, index=False)
    done = home_office.import_recorded_crime(path)
    assert lost in done.lost
    assert recorded.newest() == "2026-04"
    assert lost in tables.release("recorded-assaults/2026-07").lacks
    assert any("does not lead" in line for line in done.lines())
    assert recorded.compare("2023/24", "2024/25").vintage == "2026-04"
    assert recorded.compare("2023/24", "2024/25", "2026-07").vintage == "2026-07"
    releases.remove("recorded-assaults", "2026-07")
    assert tree(own_project) == before


def test_a_whole_release_leads_until_it_is_removed(own_project, tmp_path):
    before = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official().to_csv(path, index=False)
    preview = home_office.import_recorded_crime(path, dry_run=True)
    assert (preview.dry_run, preview.changed, preview.lost) == (True, 0, ())
    assert tree(own_project) == before
    home_office.import_recorded_crime(path)
    assert recorded.newest() == "2026-07"
    assert len(tree(own_project)) == len(before) + 4
    releases.remove("recorded-assaults", "2026-07")
    assert tree(own_project) == before
    with pytest.raises(Refusal, match="came with the project"):
        releases.remove("recorded-assaults", "2026-04")
    with pytest.raises(Refusal, match="there is no release"):
        releases.remove("recorded-assaults", "2026-07")


@pytest.mark.parametrize(
    "written",
    ["", "#N/A", "0104", "104: Assault without injury on a constable", "2024-10-08", "9V"],
)
def test_a_row_of_unknown_code_is_refused_by_its_description(own_project, tmp_path, written):
    def change(frame):
        wrong = (frame["force"] == "kent") & (frame["offence_code"] == "104")
        return frame.assign(written=frame["offence_code"].mask(wrong, written))

    before = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(change).to_csv(path, index=False)
    with pytest.raises(Refusal) as caught:
        home_office.import_recorded_crime(path)
    assert caught.value.codes == ("E124",)
    problem = caught.value.problems[0]
    assert problem.column == "Offence Code"
    assert "Assault without injury on a constable" in problem.what
    assert tree(own_project) == before


def test_not_applicable_passes_only_where_no_series_names_the_code(own_project, tmp_path):
    frame = official()
    extra = frame.head(2).assign(
        **{"Offence Code": "802", "Offence Description": "Exposure", "Number of Offences": "N/a"}
    )
    path = tmp_path / "prc-pfa-tables-230726.csv"
    pd.concat([frame, extra]).to_csv(path, index=False)
    done = home_office.import_recorded_crime(path, dry_run=True)
    assert any("no series names: 802" in note for note in done.notes)
    frame = frame.astype({"Number of Offences": "object"})
    frame.loc[frame.index[0], "Number of Offences"] = "N/a"
    frame.to_csv(path, index=False)
    with pytest.raises(Refusal, match="stands for a missing value"):
        home_office.import_recorded_crime(path)


def _decisions(force):
    rows = breaks.decided()
    return rows.loc[rows["force"] == force, "decision"].tolist()


def test_a_broken_force_that_is_revised_is_asked_for_again(own_project, tmp_path):
    def change(frame):
        broken = (frame["force"] == "gloucestershire") & (frame["offence_code"] == "104")
        return frame.assign(offences=frame["offences"].mask(broken & (frame["offences"] < 15), 30))

    first = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(change).to_csv(path, index=False)
    assert decisions.open_questions().empty
    home_office.import_recorded_crime(path)
    asked = decisions.open_questions()
    assert asked[["force", "offence_code"]].to_numpy().tolist() == [["gloucestershire", "104"]]
    assert "30" in asked["why"].iloc[0]
    decisions.confirm("gloucestershire", "104", "still far below the years before")
    assert decisions.open_questions().empty
    decisions.decide(
        "gloucestershire", "104", "2019-01-01", "", "gap", "keep", "Restored.", "Series"
    )
    assert decisions.open_questions().empty
    assert _decisions("gloucestershire") == ["keep"]
    assert "gloucestershire" in set(recorded.compare("2023/24", "2024/25").frame["force"])
    decisions.remove_release("recorded-assaults", "2026-07")
    assert _decisions("gloucestershire") == ["leave-out"]
    assert tree(own_project) == first


def test_data_that_cannot_be_written_gives_one_line(own_project, tmp_path, monkeypatch):
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official().to_csv(path, index=False)

    def denied(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(releases.files, "write_atomic", denied)
    monkeypatch.setattr(releases.files, "write_new", denied)
    done = CliRunner().invoke(cli.main, ["import", "home-office", str(path)])
    assert done.exit_code == 2
    assert "cannot be written (Permission denied)" in done.output
    assert "Traceback" not in done.output


def test_a_workforce_that_lost_years_does_not_lead(own_project, tmp_path):
    before = tree(own_project)
    columns = list(workforce.WORKFORCE_COLUMNS)
    rows = [
        ["2024", "Kent", "Male", "Constable", "Police Officer", "2400", "2350"],
        ["2024", "Kent", "Female", "Constable", "Police Officer", "1100", "1050"],
        ["2024", "Kent", "Male", "Constable", "Special Constable", "120", "N/A"],
        ["2024", "Kent", "Male", "Volunteer", "Police Support Volunteer", "12", "N/A"],
    ]
    path = tmp_path / "open-data-table-police-workforce-240724.csv"
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    done = workforce.import_workforce(path)
    assert "period 31 March 2023" in done.lost
    assert releases.leading("workforce") == "2023-07"
    assert tables.load("workforce/2024-07")["specials_headcount"].tolist() == [120]
    releases.remove("workforce", "2024-07")
    assert tree(own_project) == before


def test_releases_are_listed_and_removed_from_the_command_line(own_project, tmp_path):
    before = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official(without(force="kent")).to_csv(path, index=False)
    run = CliRunner().invoke
    preview = run(cli.main, ["import", "home-office", str(path), "--dry-run"])
    assert "Nothing was written." in preview.output
    assert tree(own_project) == before
    assert run(cli.main, ["import", "home-office", str(path)]).exit_code == 0
    listed = run(cli.main, ["releases", "list"]).output
    assert "2026-04  leads" in listed
    assert "2026-07  does not lead: lost against 2026-04: force Kent" in listed
    assert run(cli.main, ["breaks", "review"]).exit_code == 0
    done = run(cli.main, ["releases", "remove", "2026-07"])
    assert done.exit_code == 0, done.output
    assert tree(own_project) == before
    again = run(cli.main, ["releases", "remove", "2026-07"])
    assert again.exit_code == 2
    assert "E107" in again.output


@pytest.mark.parametrize("moment", range(1, 9))
def test_an_import_that_is_killed_is_taken_out_or_done_again(
    own_project, tmp_path, monkeypatch, moment
):
    before = tree(own_project)
    path = tmp_path / "prc-pfa-tables-230726.csv"
    official().query("`Force Name` == 'Kent'").to_csv(path, index=False)
    passed = iter(range(1, 100))

    class Killed(BaseException):
        """No code of the import runs after it: what it would clean up stays."""

    def dying(function):
        def call(*arguments):
            if next(passed) == moment:
                raise Killed
            done = function(*arguments)
            if next(passed) == moment:
                raise Killed
            return done

        return call

    with monkeypatch.context() as dead:
        dead.setattr(type(path), "replace", dying(type(path).replace))
        dead.setattr("os.link", dying(os.link))
        dead.setattr(type(path), "unlink", lambda *arguments, **options: None)
        with pytest.raises(Killed):
            home_office.import_recorded_crime(path)
    assert tree(own_project) != before
    assert recorded.newest() == "2026-04"
    if moment in (3, 5, 7):  # the first write leaves nothing that names a release
        decisions.remove_release("recorded-assaults", "2026-07")
        assert tree(own_project) == before
    if "2026-07" not in releases.held("recorded-assaults"):
        home_office.import_recorded_crime(path)
    decisions.remove_release("recorded-assaults", "2026-07")
    assert tree(own_project) == before
