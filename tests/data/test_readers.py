"""Files that analysts bring: read when right, else refused with every problem and its place."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from officer_assaults.data import counts, readers, schemas
from officer_assaults.refusals import Refusal

HEADER = "force,fy_start,days,n_total,n_injury,n_no_injury,series,vintage,status"
GOOD = [
    "thames-valley,2017-04-01,365,794,166,628,prc_104_8S,2018-07,final",
    "Thames Valley Police,2018-04-01,365,1057,198,859,prc_104_8S,2018-07,final",
    "Kent,2019-04-01,366,900,,,hr_self_report,2020-05-01,provisional",
]


def _file(tmp_path, *rows, header=HEADER, name="counts.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_good_file_is_read_with_canonical_names(tmp_path, encoding):
    frame = counts.read_force_year(_file(tmp_path, *GOOD, encoding=encoding))
    assert frame["force"].tolist() == ["thames-valley", "thames-valley", "kent"]
    assert frame["financial_year"].tolist() == ["2017/18", "2018/19", "2019/20"]
    pair = counts.pair(frame, "tvp", "2017/18", "2018/19")
    assert (pair.before.n_total, pair.after.n_total, pair.after.n_injury) == (794, 1057, 198)
    assert (pair.vintage, pair.release.path) == ("2018-07", "counts.csv")


def test_own_columns_and_limits_are_kept(tmp_path):
    path = _file(
        tmp_path,
        "kent,2018-04-01,365,,,,federation,2019-01,provisional,51,182,from the newsletter",
        header=f"{HEADER},lower,upper,x_note",
    )
    frame = counts.read_force_year(path)
    assert frame.loc[0, ["lower", "upper", "x_note"]].tolist() == [51, 182, "from the newsletter"]
    assert pd.isna(frame.loc[0, "n_total"])


def _row(**changes):
    cells = dict(zip(HEADER.split(","), GOOD[0].split(","), strict=True)) | changes
    return ",".join(f'"{cell}"' for cell in cells.values())


@pytest.mark.parametrize(
    ("changes", "code", "column", "said"),
    [
        ({"force": "Thame Vally"}, "E101", "force", "Did you mean 'Thames Valley'?"),
        ({"force": "Total"}, "E124", "force", "total among forces"),
        ({"force": ""}, "E101", "force", "is empty"),
        (
            {"n_total": "-1", "n_injury": "", "n_no_injury": ""},
            "E102",
            "n_total",
            "'-1' is negative",
        ),
        ({"n_total": "794.5"}, "E102", "n_total", "fraction"),
        ({"n_total": "9" * 400}, "E102", "n_total", "too large to be true"),
        ({"n_total": "1,057"}, "E102", "n_total", "Write 1057"),
        ({"n_total": "1 057"}, "E102", "n_total", "Write 1057"),
        ({"n_total": ">50"}, "E102", "n_total", "lower and upper"),
        ({"n_total": "c.50"}, "E102", "n_total", "lower and upper"),
        ({"n_total": "50+"}, "E102", "n_total", "lower and upper"),
        ({"n_total": "more than 50"}, "E102", "n_total", "lower and upper"),
        ({"n_total": "many"}, "E102", "n_total", "is not a number"),
        ({"n_total": "*"}, "E102", "n_total", "missing value"),
        ({"n_total": "", "n_injury": "", "n_no_injury": ""}, "E102", None, "neither n_total nor"),
        ({"n_injury": "167"}, "E103", None, "do not add up"),
        ({"n_injury": ""}, "E103", None, "only one of"),
        ({"fy_start": "01/04/2017"}, "E106", "fy_start", "2018-04-01"),
        ({"fy_start": "2017-02-30"}, "E106", "fy_start", "not a date"),
        ({"fy_start": "2018-05-01"}, "E106", "fy_start", "1 April"),
        ({"days": "366"}, "E106", None, "not the length"),
        ({"fy_start": "2019-04-01"}, "E106", None, "not the length"),
        ({"series": "recorded"}, "E107", "series", "Known: prc_104_8S"),
        ({"vintage": ""}, "E107", "vintage", "is empty"),
        ({"fy_start": "2016-04-01"}, "E108", None, "began on 1 April 2017"),
        (
            {"fy_start": "2016-04-01", "n_injury": "0", "n_no_injury": "794"},
            "E109",
            None,
            "absent, not unused",
        ),
        ({"status": "done"}, "E124", "status", "Known: final"),
    ],
)
def test_each_bad_cell_is_named_with_its_place(tmp_path, refused, changes, code, column, said):
    path = _file(tmp_path, GOOD[2], _row(**changes))
    refusal = refused(lambda: counts.read_force_year(path))
    assert refusal.codes == (code,), str(refusal)
    problem = refusal.problems[0]
    assert (problem.file, problem.row, problem.column) == ("counts.csv", 3, column)
    assert said in str(problem)


def test_all_problems_of_a_file_come_at_once_in_order(tmp_path, refused):
    rows = [_row(force="Knt"), _row(n_total="-4"), _row(days="3", series="prc"), _row(n_total="?")]
    refusal = refused(lambda: counts.read_force_year(_file(tmp_path, *rows)))
    places = [problem.row for problem in refusal.problems]
    assert places == sorted(places)
    assert set(refusal.codes) == {"E101", "E102", "E103", "E106", "E107"}


def test_many_like_problems_are_counted_not_listed(tmp_path, refused):
    rows = [_row(n_total="none", vintage=str(number)) for number in range(100)]
    refusal = refused(lambda: counts.read_force_year(_file(tmp_path, *rows)))
    assert len(refusal.problems) == readers.LISTED + 1
    assert str(100 - readers.LISTED) in str(refusal.problems[0])


@pytest.mark.parametrize("other", ["thames-valley", "TVP", "Thames Valley Police"])
def test_one_key_twice_is_refused_under_any_spelling(tmp_path, refused, other):
    refusal = refused(lambda: counts.read_force_year(_file(tmp_path, *GOOD, _row(force=other))))
    assert set(refusal.codes) == {"E105"}
    assert refusal.problems[-1].row == 5


def test_a_national_row_stands_alone_or_not_at_all(tmp_path, refused):
    nation = _row(force="England and Wales")
    refusal = refused(lambda: counts.read_force_year(_file(tmp_path, *GOOD, nation)))
    assert [(problem.code, problem.row) for problem in refusal.problems] == [("E124", 5)]
    alone = counts.read_force_year(_file(tmp_path, nation))
    assert alone["force"].tolist() == ["england-and-wales"]


@pytest.mark.parametrize(
    ("second", "code", "said"),
    [
        ({"vintage": "2019-07"}, "E107", "vintage 2018-07 and 2019-07"),
        ({"series": "federation"}, "E107", "series federation and prc_104_8S"),
        ({"fy_start": "2019-04-01", "days": "366"}, "E106", "no row of Thames Valley for 2018/19"),
    ],
)
def test_years_of_two_releases_or_series_are_not_compared(tmp_path, refused, second, code, said):
    row = _row(**{"fy_start": "2018-04-01", **second})
    frame = counts.read_force_year(_file(tmp_path, GOOD[0], row))
    refusal = refused(lambda: counts.pair(frame, "thames-valley", "2017/18", "2018/19"))
    assert refusal.codes == (code,)
    assert said in str(refusal)


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        (f"{HEADER}\n{GOOD[0]}\n", "utf-16", "UTF-16"),
        (f"{HEADER}\n{GOOD[0]}\nKent – county,,,,,,,,\n", "cp1252", "0x96 is not UTF-8"),
        (f"{HEADER};{GOOD[0]}".replace(",", ";"), "utf-8", "not separated by commas"),
        (f"Assaults by force,,,,,,,,\n{HEADER}\n{GOOD[0]}\n", "utf-8", "stand in line 2"),
        (f"Year,,Counts,,,,,,\n\n{HEADER}\n{GOOD[0]}\n", "utf-8", "stand in line 3"),
        (f"{HEADER},\n{GOOD[0]},5\n", "utf-8", "column 10 has no name"),
        (f"{HEADER},days\n{GOOD[0]},5\n", "utf-8", "'days' stands twice"),
        (f"{HEADER}\n{GOOD[0]},5\n", "utf-8", "has 10 cells where the header has 9"),
        (f"{HEADER.replace('n_total', 'total')}\n{GOOD[0]}\n", "utf-8", "Did you mean 'n_total'?"),
        (f"{HEADER},area\n{GOOD[0]},5\n", "utf-8", "unknown column 'area'"),
        ("", "utf-8", "has no header row"),
    ],
)
def test_files_of_another_layout_are_refused(tmp_path, refused, text, encoding, said):
    path = tmp_path / "counts.csv"
    path.write_bytes(text.encode(encoding))
    refusal = refused(lambda: counts.read_force_year(path))
    assert set(refusal.codes) == {"E124"}
    assert said in str(refusal)


def test_a_missing_file_is_refused(tmp_path, refused):
    assert refused(lambda: counts.read_force_year(tmp_path / "no.csv")).codes == ("E124",)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cells=st.lists(st.text(max_size=12), min_size=9, max_size=9))
def test_no_cell_gives_anything_but_a_table_or_a_refusal(tmp_path, cells):
    row = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    path = tmp_path / "counts.csv"
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8", errors="surrogatepass", newline="")
    try:
        rows = len(counts.read_force_year(path))
    except Refusal:
        rows = 0
    assert rows <= 1


SURVEY = {
    "survey_id": "own-2024",
    "survey": "Own survey",
    "fieldwork_start": "2024-01-01",
    "fieldwork_end": "2024-01-31",
    "force": "kent",
    "population_definition": "response officers",
    "event_definition": "assaulted-on-duty",
    "recall": "past-12-months",
    "measure": "assaulted in the past year",
    "respondents": "120",
    "respondents_is_minimum": "no",
    "response_percent": "35",
    "percent": "41",
    "source_url": "own",
    "note": "",
}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, ()),
        ({"percent": "141"}, ("E110",)),
        ({"percent": "-1"}, ("E110",)),
        ({"percent": ""}, ("E110",)),
        ({"percent": "100"}, ()),
        ({"response_percent": "350"}, ("E110",)),
        ({"event_definition": ""}, ("E110",)),
        ({"event_definition": "attacked"}, ("E110",)),
        ({"recall": "once"}, ("E110",)),
        ({"respondents": "0"}, ("E110",)),
        ({"respondents_is_minimum": "maybe"}, ("E124",)),
    ],
)
def test_surveys_say_what_was_asked_of_whom(tmp_path, changes, codes):
    row = ",".join((SURVEY | changes).values())
    path = _file(tmp_path, row, header=",".join(SURVEY), name="surveys.csv")
    try:
        readers.read_table(path, schemas.schema_of("surveys/officer-surveys"))
        found = ()
    except Refusal as refusal:
        found = refusal.codes
    assert found == codes


@pytest.mark.parametrize("whole", [True, False])
def test_thousands_of_numbers_are_read_as_a_few_are(whole):
    rng = np.random.default_rng(4)
    odd = "5. +5 .5 -0 -0.0 00012 12.0 1e5 1e400 -1e-400 nan inf 1_0 0x1 ٣ -- - . 1.2.3"
    texts = [*odd.split(), "9" * 17, "", "1" * 400, f"0.{'1' * 400}", "0.1 ", "1\n", "\ud800"]
    texts += map(str, range(700))
    texts += [f"{x:.{d}f}" for x in rng.normal(0, 1e9, 300) for d in (1, 5, 17)]
    texts += [repr(float(x)) for x in rng.normal(0, 1e-3, 300)]
    assert len(set(texts)) > readers.MANY_TEXTS
    few = [texts[at : at + 500] for at in range(0, len(texts), 500)]
    found = [readers.numbers(pd.Series(part, dtype=object), whole=whole) for part in few]
    for all_at_once, parts in zip(
        readers.numbers(pd.Series(texts, dtype=object), whole=whole),
        zip(*found, strict=True),
        strict=True,
    ):
        expected = pd.concat(parts, ignore_index=True)
        pd.testing.assert_series_equal(all_at_once, expected, check_exact=True)
