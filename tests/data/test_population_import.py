"""Estimates of residents as the statistics office lays them out, and what is refused."""

import pandas as pd
import pytest
from click.testing import CliRunner

from officer_assaults import cli
from officer_assaults.data import population, releases, tables
from officer_assaults.data.forces import names
from officer_assaults.refusals import Refusal

AREAS = [
    ("K04000001", "ENGLAND AND WALES", 600, 590),
    ("E12000008", "SOUTH EAST", 330, 320),
    ("E06000060", "Buckinghamshire", 100, 90),
    ("E07000178", "Oxford", 20, 19),
    ("E07000223", "Adur", 210, 205),
]
LOOKUP = [
    ("E06000060", "Buckinghamshire", "Thames Valley"),
    ("E07000178", "Oxford", "Thames Valley"),
    ("E07000178", "Oxford", "Thames Valley"),
    ("E07000223", "Adur", "Sussex"),
]


def tree(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def laid_out(folder, areas=AREAS, lookup=LOOKUP):
    """Estimates under the titles of the official sheet, and their lookup."""
    estimates, held = folder / "estimates.csv", folder / "lookup.csv"
    head = "MYE4: Population estimates,,,,\nCode,Name,Geography,Mid-2031,Mid-2030\n"
    rows = [f"{code},{name},Kind,{new},{old}" for code, name, new, old in areas]
    estimates.write_text(head + "\n".join(rows) + "\n")
    pd.DataFrame(lookup, columns=["LAD30CD", "LAD30NM", "PFA30NM"]).to_csv(held, index=False)
    return estimates, held


def test_authorities_are_summed_to_forces_and_regions_passed_over(own_project, tmp_path):
    before = tree(own_project)
    estimates, lookup = laid_out(tmp_path)
    done = population.import_population(estimates, lookup=lookup)
    assert done.vintage == "mid-2031"
    frame = tables.load("population/mid-2031").set_index(["force", "mid_year"])["residents"]
    assert (frame["thames-valley", 2031], frame["thames-valley", 2030]) == (120, 109)
    assert frame["sussex", 2031] == 210
    earlier = tables.load("population/mid-2024").set_index(["force", "mid_year"])["residents"]
    assert frame.drop([2030, 2031], level="mid_year").equals(earlier.sort_index())
    assert any("carried from mid-2024" in note for note in done.notes)
    assert len(tables.sidecar(own_project / "data/population/mid-2031.csv")["received"]) == 2
    releases.remove("population", "mid-2031")
    assert tree(own_project) == before


@pytest.mark.parametrize(
    ("areas", "lookup", "code", "words"),
    [
        ([*AREAS, ("E07000999", "Newtown", 5, 5)], LOOKUP, "E101", "'Newtown'.*not in the lookup"),
        ([*AREAS, ("", "Adur coast", 5, 5)], LOOKUP, "E101", "'Adur coast' .no code."),
        ([*AREAS, AREAS[-1]], LOOKUP, "E105", "Adur stands twice"),
        (AREAS[:-1], LOOKUP, "E104", "lacks 1 local authorities.*E07000223"),
        (
            [*AREAS[:-1], ("E07000223", "Adur", "[x]", 205)],
            LOOKUP,
            "E102",
            "not applicable|number|missing",
        ),
        (AREAS, [*LOOKUP[:-1], ("E07000223", "Adur", "Atlantis")], "E101", "not a police force"),
        (AREAS, [*LOOKUP, ("E07000223", "Adur", "Kent")], "E105", "two police force areas"),
    ],
)
def test_nothing_unknown_is_left_out(own_project, tmp_path, areas, lookup, code, words):
    before = tree(own_project)
    estimates, held = laid_out(tmp_path, areas, lookup)
    with pytest.raises(Refusal, match=words) as caught:
        population.import_population(estimates, lookup=held)
    assert code in caught.value.codes
    assert tree(own_project) == before


def test_a_table_by_force_tells_its_year_or_is_asked_for_it(own_project, tmp_path):
    held = tables.load("population/mid-2024")
    now = held[held["mid_year"] == 2024]
    assert now["residents"].sum() == 61_806_682
    assert held.loc[held["mid_year"] == 2023, "residents"].sum() == 60_854_727
    path = tmp_path / "pfa-population.csv"
    table = {"PFA 2023 Name": now["force"].map(names()), "Population": now["residents"] + 1}
    pd.DataFrame(table).to_csv(path, index=False)
    with pytest.raises(Refusal, match="--vintage mid-2024") as caught:
        population.import_population(path)
    assert caught.value.codes == ("E106",)
    run = CliRunner().invoke(
        cli.main, ["import", "population", str(path), "--vintage", "mid-2025", "--dry-run"]
    )
    assert run.exit_code == 0, run.output
    assert "602 cells equal, 0 changed, 0 gone; new periods: mid-2025" in run.output
    pd.DataFrame(table).head(40).to_csv(path, index=False)
    short = population.import_population(path, "mid-2025", dry_run=True)
    absent = sorted(names()[slug] for slug in now["force"].tail(3))
    assert short.lost == tuple(f"force {name}" for name in absent)


def test_a_cell_is_named_by_sheet_row_and_column_and_remarks_are_passed_over(tmp_path, own_project):
    rows = [["PFA23NM", "Mid-2031"], ["Kent", 20], ["Essex", ".."], ["Source: ONS", None]]
    path = tmp_path / "pfa.xlsx"
    pd.DataFrame(rows).to_excel(path, sheet_name="MYE", header=False, index=False)
    with pytest.raises(Refusal) as caught:
        population.import_population(path)
    problem = caught.value.problems[0]
    assert len(caught.value.problems) == 1
    assert (problem.code, problem.row, problem.column) == ("E102", 3, "Mid-2031")
    assert "sheet 'MYE'" in problem.what
    rows[2][1] = 30
    pd.DataFrame(rows).to_excel(path, sheet_name="MYE", header=False, index=False)
    assert "force Sussex" in population.import_population(path, dry_run=True).lost
