"""Small faults of official tables: each comes in right, or one line says where and what to do."""

import pytest
from click.testing import CliRunner
from official_release import COLUMNS, official

from officer_assaults import cli
from officer_assaults.data import home_office, recorded, releases, tables
from officer_assaults.data.workbooks import read
from officer_assaults.refusals import Refusal, nearest

NAME = "prc-pfa-tables-230726"
YEARS = ("2023/24", "2024/25")


@pytest.fixture(scope="module")
def whole():
    frame = official()
    return frame[frame["Financial Year"].isin(YEARS)].reset_index(drop=True).astype("object")


def tree(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def kent(frame, code="104", quarter=1):
    mine = (frame["Force Name"] == "Kent") & (frame["Offence Code"] == code)
    when = (frame["Financial Year"] == "2024/25") & (frame["Financial Quarter"] == quarter)
    return frame.index[mine & when][0]


def cell(column, value, code="104"):
    def change(frame):
        frame.loc[kent(frame, code), column] = value
        return frame

    return change


def renamed(**names):
    def change(frame):
        return frame.rename(columns={old.replace("_", " "): new for old, new in names.items()})

    return change


def mapped(column, function):
    return lambda frame: frame.assign(**{column: frame[column].map(function)})


MONTHS = ["Apr-Jun", "Jul-Sep", "Oct-Dec", "January to March"]


@pytest.mark.parametrize(
    "change",
    [
        mapped("Financial Quarter", "Quarter {}".format),
        mapped("Financial Quarter", lambda number: MONTHS[number - 1]),
        mapped("Financial Quarter", float),
        mapped("Financial Year", lambda year: f" {year.replace('/', '-')} "),
        mapped("Force Name", lambda name: f"{name.replace(' ', chr(160))} Police "),
        mapped("Offence Code", lambda code: f" {code.lower()} "),
        renamed(Number_of_Offences="Number of offences [note 2]", Force_Name="Police Force"),
        lambda frame: frame.assign(Year=2024),
        cell("Number of Offences", "", code="92D"),
        cell("Number of Offences", "#N/A", code="92D"),
    ],
)
def test_what_is_clear_comes_in_and_is_taken_back(own_project, tmp_path, whole, change):
    before = tree(own_project)
    comma = ";" if change(whole.copy()).shape[1] == len(COLUMNS) else ","
    path = tmp_path / f"{NAME}.csv"
    text = change(whole.copy()).to_csv(index=False, sep=comma)
    path.write_text(f"Recorded crime\n\n{text}Source: Home Office\nFootnote{comma * 3}\n")
    done = home_office.import_recorded_crime(path)
    assert (done.changed, done.same) == (
        0,
        int(whole["Offence Code"].isin(["104", "8S", "8T"]).sum()),
    )
    assert "Remarks under the rows, skipped: Source: Home Office; Footnote." in done.notes
    assert recorded.newest() == "2026-04"
    releases.remove("recorded-assaults", "2026-07")
    assert tree(own_project) == before


@pytest.mark.parametrize(
    ("change", "code", "column", "said"),
    [
        (cell("Number of Offences", "1,234 [r]"), "E102", "Number of Offences", "Write 1234."),
        (cell("Number of Offences", "233*"), "E102", "Number of Offences", "Write 233."),
        (cell("Number of Offences", ".."), "E102", "Number of Offences", "does not lead"),
        (cell("Number of Offences", "#REF!"), "E102", "Number of Offences", "publisher's own file"),
        (cell("Financial Year", ""), "E106", "Financial Year", "merged cell"),
        (cell("Financial Quarter", None), "E106", "Financial Quarter", "merged cell"),
        (cell("Force Name", " "), "E101", "Force Name", "merged cell"),
        (cell("Offence Group", ""), "E124", "Offence Group", "merged cell"),
        (cell("Force Name", "South East Counties"), "E101", "Force Name", "Known: Avon"),
        (cell("Force Name", "Knet"), "E101", "Force Name", "Did you mean 'Kent'?"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_what_is_not_clear_is_named_by_its_place(
    own_project, tmp_path, whole, refused, change, code, column, said, suffix
):
    before = tree(own_project)
    path = tmp_path / f"{NAME}{suffix}"
    frame = change(whole.head(kent(whole) + 3).tail(40).reset_index(drop=True))
    row = kent(whole.head(kent(whole) + 3).tail(40).reset_index(drop=True)) + 2
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_excel(path, sheet_name="Table 1", index=False)
    problem = refused(lambda: home_office.import_recorded_crime(path)).problems[0]
    assert (problem.code, problem.file, problem.row) == (code, path.name, row)
    assert problem.column == column
    assert said in problem.what + problem.remedy
    assert ("sheet 'Table 1'" in problem.what) == (suffix == ".xlsx")
    assert tree(own_project) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (",".join([*home_office.CRIME_COLUMNS, "Offence code"]) + "\n1,2,3,4,5,6,7,8,9\n", "twice"),
        (",".join(home_office.CRIME_COLUMNS) + "\n", "holds the header and no rows"),
        ("", "is empty"),
        ('a,b,c,d\n1,2,3,"4\n', "holds no sheet"),
    ],
)
def test_a_table_without_rows_or_with_a_column_twice_is_refused(tmp_path, text, said):
    path = tmp_path / f"{NAME}.csv"
    path.write_text(text)
    with pytest.raises(Refusal, match=said):
        read(path, home_office.CRIME_COLUMNS)


@pytest.mark.parametrize(
    ("gone", "lost"),
    [
        (lambda frame: frame.index == kent(frame), "code 104 of Kent in April to June of 2024/25"),
        (lambda frame: frame["Offence Code"] == "105A", "series 105A"),
        (
            lambda frame: frame.index == kent(frame, "105A", 4),
            "series 105A of Kent in January to March of 2024/25",
        ),
    ],
)
def test_one_lost_quarter_or_series_keeps_a_release_from_leading(own_project, tmp_path, gone, lost):
    frame = official()
    path = tmp_path / f"{NAME}.csv"
    frame[~gone(frame)].to_csv(path, index=False)
    done = home_office.import_recorded_crime(path)
    assert done.lost == (lost,)
    assert recorded.newest() == "2026-04"
    assert "This release does not lead; name it to use it." in done.lines()


@pytest.mark.parametrize("command", [["import", "home-office"], ["update"]])
def test_a_table_of_outcomes_is_no_table_of_offences(own_project, tmp_path, whole, command):
    before = tree(own_project)
    path = tmp_path / f"{NAME}.csv"
    counts = {"Number of Offences": "Force outcomes recorded in quarter"}
    outcomes = whole.head(5).rename(columns=counts).assign(**{"Outcome Type": "1"})
    outcomes.to_csv(path, index=False)
    done = CliRunner().invoke(cli.main, [*command, str(path)])
    assert (done.exit_code, done.output.count("E124")) == (2, 1)
    assert "is a table of outcomes" in done.output
    assert tree(own_project) == before


def test_an_update_of_a_table_with_a_damaged_header_says_what_it_lacks(
    own_project, tmp_path, whole
):
    path = tmp_path / f"{NAME}.csv"
    whole.head(5).rename(columns={"Force Name": "Area"}).to_csv(path, index=False)
    done = CliRunner().invoke(cli.main, ["update", str(path)])
    assert (done.exit_code, done.output.count("E124")) == (2, 1)
    assert "row 1: lacks the column 'Force Name'" in done.output


def test_a_public_copy_comes_in_as_parquet_and_says_so(own_project, tmp_path, whole):
    path = tmp_path / "prc-pfa-long-2026-07.parquet"
    short = {"Financial Year": "FY", "Force Name": "Force", "Number of Offences": "n"}
    copy = whole.rename(columns={**short, "Offence Group": "Group"})
    copy.astype({"Financial Quarter": "float64", "n": "float64"}).to_parquet(path)
    done = home_office.import_recorded_crime(path)
    assert (done.vintage, done.changed) == ("2026-07", 0)
    assert tables.release("recorded-assaults/2026-07").how_read == "through a public copy"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("Nowhere", "Known: "),
        ("South East Counties", "Known: "),
        ("thames", "'Thames Valley'"),
        ("THAMES VALLY", "'Thames Valley'"),
    ],
)
def test_only_what_is_near_is_suggested(word, said):
    assert said in nearest(word, ["Cheshire", "South Wales", "Thames Valley"])
