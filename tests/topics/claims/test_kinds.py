"""Claims of every kind: the verdicts of their rules, rows that are refused, a year of claims."""

import re
import subprocess
import sys
from itertools import pairwise

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from click.testing import CliRunner

import by_turns
from officer_assaults.cli import main
from officer_assaults.data import forces, tables
from officer_assaults.refusals import Problems, Refusal
from officer_assaults.topics.claims import collection, figures, kinds, page, said


def claim(**row):
    problems = Problems("claims.yml")
    made = collection.make({name.rstrip("_"): text for name, text in row.items()}, problems)
    problems.raise_if_any()
    return made


RISE = {"kind": "change", "force": "thames-valley", "from_": "2017/18", "to": "2018/19"}
# Figures of the Home Office's releases of April 2026 and October 2023, and of the article.
CASES = [
    ({**RISE, "says": "+32%"}, "reproduces"),
    ({**RISE, "says": "up 33 per cent"}, "consistent"),
    ({**RISE, "says": "+33%", "publisher": "Home Office"}, "consistent"),
    ({**RISE, "says": "263 more"}, "consistent"),
    ({**RISE, "says": "253 more"}, "reproduces"),
    ({**RISE, "says": "+80%"}, "contradicted"),
    ({**RISE, "says": "more than 20%"}, "reproduces"),
    ({**RISE, "says": "up by a third"}, "consistent"),
    ({**RISE, "says": "doubled"}, "contradicted"),
    ({**RISE, "says": "fell by more than 30%"}, "contradicted"),
    ({**RISE, "says": "fell by 33%"}, "contradicted"),
    ({**RISE, "force": "gloucestershire", "to": "2023/24", "says": "-42%"}, "not identified"),
    ({**RISE, "from_": "2013/14", "says": "+5%"}, "needs data"),
    ({"kind": "count", "force": "thames-valley", "to": "2018/19", "says": "1,038"}, "reproduces"),
    ({"kind": "count", "force": "thames-valley", "to": "2018/19", "says": "1,057"}, "consistent"),
    ({"kind": "count", "force": "thames-valley", "to": "2018/19", "says": "1,500"}, "contradicted"),
    ({"kind": "count", "force": "thames-valley", "to": "2018/19", "says": "over 900"},
     "reproduces"),
    ({"kind": "count", "force": "thames-valley", "to": "2018/19", "says": "under 900"},
     "contradicted"),
    ({"kind": "count", "force": "gloucestershire", "to": "2019/20", "says": "9"}, "not identified"),
    ({"kind": "count", "force": "kent", "to": "2015/16", "says": "500"}, "needs data"),
    (
        {"kind": "count", "force": "england-and-wales", "to": "2014/15", "says": "14,369",
         "offences": "without injury"},
        "reproduces",
    ),
    ({"kind": "count", "force": "england-and-wales", "to": "2023/24", "says": "45,907"},
     "consistent"),
    ({"kind": "rate", "force": "thames-valley", "to": "2018/19", "says": "20", "per": "week"},
     "reproduces"),
    ({"kind": "rate", "force": "thames-valley", "to": "2018/19", "says": "20.9", "per": "week"},
     "consistent"),
    ({"kind": "rate", "force": "thames-valley", "to": "2018/19", "says": "30", "per": "week"},
     "contradicted"),
    ({"kind": "rate", "force": "gloucestershire", "to": "2019/20", "says": "1", "per": "day"},
     "not identified"),
    ({"kind": "rate", "force": "kent", "to": "2012/13", "says": "1", "per": "day"}, "needs data"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "6th", "by": "count"},
     "reproduces"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "6th"}, "not supported"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "sixth worst of 40",
      "by": "count"}, "reproduces"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "6", "by": "rate"},
     "contradicted"),
    ({"kind": "rank", "force": "thames-valley", "to": "2030/31", "says": "6"}, "needs data"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "6th", "by": "count",
      "publisher": "Home Office"}, "consistent"),
    ({"kind": "rank", "force": "gloucestershire", "to": "2019/20", "says": "6th"},
     "not identified"),
    ({"kind": "share", "force": "gloucestershire", "to": "2020/21", "says": "100%"},
     "not identified"),
    ({"kind": "change", "force": "kent", "from_": "2017/18", "to": "2018/19", "says": "-10%",
      "offences": "with injury"}, "not identified"),
    ({**RISE, "says": "fell by less than 5%"}, "contradicted"),
    ({"kind": "rank", "force": "british-transport-police", "to": "2018/19", "says": "11th",
      "by": "count"}, "reproduces"),
    ({"kind": "rank", "force": "british-transport-police", "to": "2018/19", "says": "11th",
      "by": "rate"}, "needs data"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "17th",
      "offences": "with injury"}, "reproduces"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "7th of 43",
      "by": "count"}, "reproduces"),
    ({"kind": "rank", "force": "thames-valley", "to": "2018/19", "says": "6th of 43",
      "by": "count"}, "contradicted"),
    ({"kind": "survey", "says": "more than four in five", "evidence": "C04"}, "reproduces"),
    ({"kind": "share", "force": "thames-valley", "to": "2018/19", "says": "19%"}, "reproduces"),
    ({"kind": "share", "force": "thames-valley", "to": "2018/19", "says": "18%"}, "consistent"),
    ({"kind": "share", "force": "thames-valley", "to": "2018/19", "says": "40%"}, "contradicted"),
    ({"kind": "share", "force": "thames-valley", "to": "2015/16", "says": "19%"}, "needs data"),
    ({"kind": "survey", "says": "85%", "evidence": "C04"}, "reproduces"),
    ({"kind": "survey", "says": "85%", "evidence": "C04",
      "publisher": "Derbyshire Police Federation"}, "consistent"),
    ({"kind": "survey", "says": "60%", "evidence": "C04"}, "contradicted"),
    ({"kind": "survey", "says": "60%"}, "needs data"),
    ({"kind": "document", "says": "12 months", "evidence": "G03"}, "consistent"),
    ({"kind": "document", "says": "24 months", "evidence": "G03"}, "contradicted"),
    ({"kind": "document", "says": "1 year", "evidence": "G03"}, "consistent"),
    ({"kind": "document", "says": "2 years", "evidence": "G03"}, "contradicted"),
    ({"kind": "document", "says": "doubled", "evidence": "G03"}, "consistent"),
    ({"kind": "document", "says": "trebled", "evidence": "G03"}, "contradicted"),
    ({"kind": "document", "evidence": "C03"}, "needs data"),
    ({"kind": "log", "settle": "Crew of each victim"}, "needs data"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "verdict"), CASES, ids=lambda part: str(part)[:60])
def test_a_rule_gives_the_verdict_that_the_claim_deserves(row, verdict):
    answer = kinds.judge(claim(**row))
    assert answer.verdict == verdict
    assert answer.verdict in kinds.kind(row["kind"]).returns
    assert answer.reason
    if verdict in ("reproduces", "consistent") and row["kind"] in kinds.COUNTED:
        assert answer.say


def test_every_rule_is_driven_to_every_verdict_it_can_return():
    reached = {(row["kind"], verdict) for row, verdict in CASES}
    assert reached == {(name, v) for name in collection.KINDS for v in kinds.kind(name).returns}


def test_a_figure_known_through_the_claimant_alone_never_reproduces(monkeypatch):
    row = {"kind": "count", "force": "thames-valley", "to": "2018/19", "says": "1,057"}
    assert kinds.judge(claim(**row)).verdict != "reproduces"
    held = figures.readings("thames-valley", claim(**row).end, "all")
    whose = {reading.release: reading.independent for reading in held}
    assert whose["article"] is False
    assert whose["2026-04"] is True
    # The same figure in an independent table does.
    free = [figures.Reading("2019-07", 1057, "Home Office", "read directly", True), *held]
    monkeypatch.setattr(figures, "readings", lambda *given: free)
    assert kinds.judge(claim(**row)).verdict == "reproduces"


@pytest.mark.parametrize(
    ("row", "code", "remedy"),
    [
        ({"kind": "chnge"}, "E126", "The kinds are change, count, rate, rank, share, survey"),
        ({**RISE, "says": "33"}, "E126", "Write +33%, or 33 more."),
        ({**RISE, "says": "12,5%"}, "E126", "Write 12.5%."),
        ({**RISE, "says": "10-15%"}, "E126", "more than one"),
        ({**RISE, "says": "3 times as many"}, "E126", "no figure"),
        ({**RISE, "says": "12 thousand more"}, "E126", "no figure"),
        ({"kind": "share", "force": "kent", "to": "2018/19", "says": "half a dozen"}, "E126",
         "Write one figure: 19%."),
        ({"kind": "rank", "force": "kent", "to": "2018/19", "says": "third lowest"}, "E126",
         "1 is the highest"),
        ({"kind": "rank", "force": "kent", "to": "2018/19", "says": "45th of 40"}, "E126",
         "no place among 40"),
        ({"kind": "count", "force": "kent", "to": "2018/19", "says": "5", "from": "2017/18"},
         "E126", "has no 'from'"),
        ({"kind": "count", "force": "kent", "to": "2018/19", "says": "5", "per": "week"},
         "E126", "has no 'per'"),
        ({"kind": "count", "force": "kent", "to": "FY23", "says": "5"}, "E106", "2018/19"),
        ({"kind": "document", "evidence": "Z99"}, "E126", "no row 'Z99'"),
        ({"kind": "log", "settle": "x", "address": "javascript:alert(1)"}, "E126", "https://"),
        ({"kind": "count", "force": "kent", "to": "2018/19"}, "E126", "needs 'says'"),
        ({"kind": "count", "force": "kentt", "to": "2018/19", "says": "1"}, "E101", "kent"),
        ({"kind": "count", "force": "kent", "to": "2018", "says": "1"}, "E106", "2018/19"),
        ({"kind": "count", "force": "kent", "to": "2018/19", "says": "many"}, "E126", "no figure"),
        ({**RISE, "to": "2016/17", "says": "1%"}, "E106", "not before"),
        ({**RISE, "says": "0.33"}, "E126", "neither a percentage"),
        ({**RISE, "says": "-150%"}, "E126", "less than nothing"),
        ({**RISE, "says": "+1e400%"}, "E126", "no figure"),
        ({**RISE, "says": "from 794 to 1,057"}, "E126", "more than one"),
        ({**RISE, "says": "12k"}, "E126", "no figure"),
        ({"kind": "count", "force": "kent", "to": "2018/19", "says": "-5"}, "E126", "0 or more"),
        ({"kind": "count", "force": "kent", "to": "2018/19", "says": "12%"}, "E126", "no number"),
        ({"kind": "share", "force": "kent", "to": "2018/19", "says": "0.33"}, "E126", "33%"),
        ({"kind": "share", "force": "kent", "to": "2018/19", "says": "130%"}, "E126", "0 to 100"),
        ({"kind": "rank", "force": "kent", "to": "2018/19", "says": "0"}, "E126", "no place"),
        ({"kind": "log", "settle": "x", "offence": "all"}, "E126", "Did you mean 'offences'?"),
        ({"kind": "rank", "force": "england-and-wales", "to": "2018/19", "says": "1"}, "E126",
         "no place"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_claim_is_refused_with_its_field(row, code, remedy):
    with pytest.raises(Refusal) as refusal:
        kinds.judge(claim(**row))
    assert refusal.value.codes[0] == code
    assert remedy in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        (
            "- kind: count\n  force: kent\n  to: 2018/19\n  says: 5\n- kind: nothing\n",
            "a.yml",
            "E126",
        ),
        ("kind,force,to,says\ncount,kent,2018/19,5\ncount,nowhere,2018/19,5\n", "a.csv", "E101"),
        ("kind: count\n", "a.yml", "E124"),
        ("- just words\n", "a.yml", "E124"),
        ("", "a.csv", "E124"),
        ("kind,force,to,says\n", "a.csv", "E126"),
        ("kind,force,to,says\ncount,kent,2018/19,1,057\n", "a.csv", "E124"),
        ("kind;force;to;says\ncount;kent;2018/19;5\n", "a.csv", "E124"),
        ("kind,kind\nlog,log\n", "a.csv", "E124"),
        ("- kind: log\n  settle: x\n  settle: y\n", "a.yml", "E124"),
        ("- &a {kind: log, settle: x}\n- *a\n", "a.yml", "E124"),
        ("- [: broken", "a.yml", "E124"),
        ('kind,settle\nlog,"x\nlog,y\n', "a.csv", "E124"),
        ("- kind: log\n  id: a\n  settle: x\n- kind: log\n  id: a\n  settle: y\n", "a.yml", "E105"),
        ("- kind: [log]\n  settle: {a: b}\n  says: !!binary aGk=\n", "a.yml", "E126"),
    ],
)
def test_a_file_that_cannot_be_judged_is_refused_by_row(tmp_path, text, name, code):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(Refusal) as refusal:
        collection.read(path)
    assert code in refusal.value.codes
    assert name in str(refusal.value)


@pytest.mark.parametrize(
    ("header", "row", "told"),
    [
        ("kind,says", "kind {at},5", "row 2, column kind: 'kind 1' is no kind of claim (400 rows; "
         "also row 3: 'kind 2' is no kind of claim). The kinds are"),
        ("kind,says", ",5", "row 2, column kind: '' is no kind of claim (400 rows; also row 3)."),
        ("kind,force,to,says", "count,nowhere {at},2018/19,5", "(400 rows; also row 3: "),
        ("kind,settle,evidence", "log,x,Z{at}", "no row 'Z1' (400 rows; also row 3: "),
        ("kind,settle,nothing", "log,x,y", "no field is called 'nothing' (400 rows; also row 3)."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_each_row_is_told_once(tmp_path, header, row, told):
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *(row.format(at=at) for at in range(1, 401))]) + "\n")
    with pytest.raises(Refusal) as refusal:
        collection.read(path)
    assert told in str(refusal.value)
    assert len(refusal.value.problems) == 1


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00kind")
    with pytest.raises(Refusal, match="E124"):
        collection.read(path)


def test_csv_and_yaml_say_the_same(tmp_path):
    row = {"kind": "count", "force": "kent", "to": "2018/19", "says": "1,017", "id": "k"}
    (tmp_path / "a.yml").write_text(yaml.safe_dump([row]))
    pd.DataFrame([row]).to_csv(tmp_path / "a.csv", index=False)
    assert collection.read(tmp_path / "a.yml") == collection.read(tmp_path / "a.csv")


def test_a_yaml_value_is_read_as_it_is_written(tmp_path):
    """No loader may turn 1_057, 12:30, yes or a day into something else."""
    path = tmp_path / "a.yml"
    path.write_text("- {kind: log, settle: 12:30, id: 007, publisher: yes, date: 2019-08-01}\n")
    (read,) = collection.read(path)
    assert (read.settle, read.id, read.publisher, read.date) == (
        "12:30",
        "007",
        "yes",
        "2019-08-01",
    )


@pytest.mark.parametrize(
    ("says", "value", "percent", "side"),
    [
        ("one in five", 20, True, ""),
        ("seven out of 10", 70, True, ""),
        ("at least one in ten", 10, True, ">="),
        ("one in every 5", 20, True, ""),
        ("two-fifths", 40, True, ""),
        ("cut by a quarter", -25, True, ""),
        ("12% lower", -12, True, ""),
        ("no lower than 20%", 20, True, ">="),
        ("nearly two a day", 2, False, ""),
        ("just over 1,000", 1000, False, ""),
        ("twenty a week", 20, False, ""),
    ],
)
def test_a_figure_is_read_as_people_say_it(says, value, percent, side):
    found = said.figure(says)
    assert (found.value, found.percent, found.side) == (value, percent, side)


@pytest.mark.parametrize(
    "says", ["182 in 3 months", "one and a half", "1 in 5 or 20%", "2 in 0", "one every 12 minutes"]
)
def test_what_says_more_than_one_figure_says_none(says):
    assert said.figure(says) is None


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("sixth of 40", "“Of 40” cannot be checked: the readings are of 38 to 44 forces."),
        ("6th of 60", "There are 44 such forces, not 60."),
        ("6th", ""),
        ("6th of 42", ""),
    ],
)
def test_the_number_of_forces_that_was_said_is_checked(says, told):
    answer = kinds.judge(claim(kind="rank", force="thames-valley", to="2018/19", says=says))
    assert answer.reason.endswith(told or ".")
    assert told or "checked" not in answer.reason


@pytest.mark.parametrize("kind", sorted(kinds.COUNTED))
def test_a_rule_says_what_its_limits_are(kind):
    rule = kinds.kind(kind).rule
    assert "broken" in rule or "recording break" in rule
    assert "needs data where" in rule


def test_the_own_collection_has_a_source_for_each_claim_and_judges_all():
    own = collection.own()
    assert len(own) >= 8
    ledger = set(tables.load("evidence/ledger")["id"])
    for each in own:
        assert each.publisher
        assert each.address.startswith("https://")
        assert each.evidence in ledger
    soup = BeautifulSoup(page.render(own, title="Claims by others"), "html.parser")
    assert len(soup.select("section")) == len(own)
    for section in soup.select("section"):
        assert section.select_one(".verdict").get_text() in section.select("dd")[-1].get_text()
    assert "nan" not in soup.get_text().split()


def test_the_command_answers_on_the_terminal_and_refuses_in_one_line(tmp_path):
    runner = CliRunner()
    asked = ["claim", "change", "--force", "kent", "--from", "2022/23", "--to", "2023/24"]
    done = runner.invoke(main, [*asked, "--says", "+12%"])
    assert done.exit_code == 0
    assert done.output.startswith("CONTRADICTED")
    assert "You may say" in done.output
    bad = runner.invoke(main, ["claim", "weight"])
    assert bad.exit_code == 2
    assert bad.output.count("\n") == 1
    mine = tmp_path / "mine.yml"
    mine.write_text("- kind: log\n  settle: Crew of each victim\n")
    made = runner.invoke(main, ["claims", str(mine), "--out", str(tmp_path / "p.html")])
    assert made.exit_code == 0
    assert "needs data" in (tmp_path / "p.html").read_text()


#: What no claim on the terminal needs; each costs as much as all that it does need but pandas.
UNNEEDED = ("scipy.stats", "scipy.optimize", "statsmodels", "matplotlib", "nbformat", "papermill",
            "jinja2", "hypothesis", "pandera.backends.pandas.builtin_checks", "duckdb")  # fmt: skip


@pytest.mark.parametrize("kind", ["change", "rank"])
def test_the_command_imports_nothing_that_it_does_not_need(kind):
    asked = {
        "change": ["--from", "2022/23", "--to", "2023/24", "--says", "+12%"],
        "rank": ["--to", "2023/24", "--says", "sixth worst"],
    }[kind]
    code = (
        "import sys\nfrom officer_assaults.cli import main\n"
        f"main({['claim', kind, '--force', 'kent', *asked]!r}, standalone_mode=False)\n"
        f"print([name for name in {UNNEEDED} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "Rule: " in done.stdout


#: No sentence of an answer may hold one of these.
ABSURD = re.compile(
    r"\bnan\b|\binf|None|∞|\[x\]|−\d[\d,]* in 20|  |\bwas  ?in\b|[“( ]$|\(\)| \.|\.\.|, ,|\{"
)
ASKED = {
    "change": {"says": "+12%"},
    "count": {"says": "1,000"},
    "rate": {"says": "two a day", "per": "day"},
    "rank": {"says": "third highest of 40"},
    "share": {"says": "one in five"},
}
YEARS = ["2019/20", "2020/21", "2021/22", "2022/23", "2023/24", "2024/25"]


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_a_year_of_claims_has_no_absurd_sentence(kind):
    slugs = [*forces.slugs("territorial"), *forces.slugs("transport")]
    asked = 0
    # Changes are asked for in two pairs by turns, the other kinds in the year of most breaks.
    pairs = by_turns.some([*pairwise(YEARS)], 2) if kind == "change" else [("2018/19", "2019/20")]
    for first, second in pairs:
        for slug in slugs:
            years = {"from_": first} if kind == "change" else {}
            row = {"kind": kind, "force": slug, **years, "to": second, **ASKED[kind]}
            answer = kinds.judge(claim(**row))
            asked += 1
            _check_sane(answer)
    assert asked == 44 * len(pairs)


def _check_sane(answer):
    for text in (answer.found, answer.reason, answer.say, answer.not_say):
        assert not ABSURD.search(text), text
    assert answer.say
    assert answer.not_say
    for cell in answer.readings.astype(str).to_numpy().ravel():
        assert not ABSURD.search(cell), cell
    # What is broken is shown reading by reading, never as the answer.
    assert bool(answer.found) == (answer.verdict not in ("not identified", "needs data"))
    if answer.value is None:
        return
    said_of = said.figure(answer.claim.says).value
    inside = answer.lower <= said_of <= answer.upper
    assert answer.lower <= answer.value <= answer.upper
    assert answer.claim.kind == "change" or answer.lower >= 0
    assert inside <= (answer.verdict != "contradicted")


def test_a_file_of_the_name_of_the_projects_own_does_not_take_its_page(tmp_path, monkeypatch):
    """Each build writes that page again: the claims of the file would be gone."""
    monkeypatch.setenv("OFFICER_ASSAULTS_REPORTS", str(tmp_path))
    path = tmp_path / "collection.csv"
    path.write_text("kind,settle\nlog,a register\n")
    done = CliRunner().invoke(main, ["claims", str(path)])
    assert done.exit_code == 0, done.output
    assert [page.name for page in (tmp_path / "claims").iterdir()] == ["own-collection.html"]
