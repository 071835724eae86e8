"""What is wrong with a mapping is told by its file, line and key, with what to do."""

import pytest
from crewing_runs import HERE

from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing.intake.mapping import read_mapping
from officer_assaults.topics.crewing.intake.propose import propose

EXAMPLES = HERE.parents[2] / "data" / "examples" / "crewing"
KNOWN = {"force": "simulated-force", "source": "made up", "retrieved": "2023-12-31"}


@pytest.fixture(scope="module")
def text():
    return propose([EXAMPLES], EXAMPLES, KNOWN).replace("confirmed: no", "confirmed: yes")


#: What stands in a mapping, what a person made of it, and what is said of that line.
FAULTS = [
    ("latitude: 51.75", "latitude: north", "column latitude: 'north' is not a number"),
    ("latitude: 51.75", "latitude: 451", "column latitude: '451' is too large. .* at most 90"),
    ("header_row: 1", "header_row: x", "tables 1.header_row: 'x' is not a whole number"),
    ("header_row: 1", "header_row: 0", "tables 1.header_row: '0' is too small. .* at least 1"),
    (
        "holds: officers",
        "holds: oficers",
        "tables 3.holds: 'oficers' is no choice. .*officers, inc",
    ),
    ("dates: day first", "dates: first", "tables 1.dates: 'first' is no choice. .*iso, day first"),
    ("dates: day first", "dates: {occurred: x}", "tables 1.dates.occurred: 'x' is no choice"),
    ("separator: comma", "seperator: comma", "unknown field 'seperator'. Did you mean 'separator'"),
    ("period_months: 1", "period_months: 2.5", "period_months: '2.5' is not a whole number"),
    ("headcount: null", "headcount: many", "headcount: 'many' is not a number"),
    ("retrieved: 2023-12-31", "retrieved: soon", "'soon' is not a date. Write it as 2024-04-30"),
    ("retrieved: 2023-12-31", "retrieved: 2023-12-31 10:15", "retrieved: .* is not a date"),
    ("retrieved: 2023-12-31", "retrieved: ASK", "E135 .*retrieved: is still open"),
    ("timezone: Europe/London", "timezone: Europe", "E113 .*'Europe' is not a time zone"),
    ("force: simulated-force", "force: kant", "E101 .*'kant' is not a force. Did you mean 'kent'"),
    ("simulated: yes", "simulated: perhaps", "'perhaps' is neither yes nor no"),
    ("sum_rows: no", "sum_rows: maybe", "sum_rows: 'maybe' is no choice. .* yes, no, victims"),
    ("title: Crewing", "title: a: Crewing", "is not a YAML mapping. .*in quotation marks"),
    ("Immediate: grade 1", "Immediate: one", "values.grade: 'Immediate' stands for 'one'"),
    ("'104': no injury", "yes: no injury", "is yes or no, not a text. Put it in quotation marks"),
    ("'104': no injury", "'104': ASK", "E135 .*tables 1.values.code.104: is still open"),
    ("officer: Victim", "oficer: Victim", "'oficer' is no meaning .* Did you mean 'officer'"),
    ("off_before_on: refuse", "off_before_on: next", "'next' is no choice. .*refuse, the next day"),
    ("confirmed: yes\nforce", "confirmed: no\nforce", "E135 .*confirmed: is not confirmed"),
]


@pytest.mark.parametrize(("old", "new", "said"), FAULTS)
def test_a_fault_of_a_mapping_is_told_with_its_line(text, tmp_path, old, new, said):
    path = tmp_path / "mapping.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = next(
        n for n, row in enumerate(path.read_text().splitlines(), 1) if new.split("\n")[0] in row
    )
    with pytest.raises(Refusal, match=said) as caught:
        read_mapping(path)
    assert f"mapping.yml, row {line}" in str(caught.value)
    # A name that is wrong is missing under its own name too.
    assert len(caught.value.problems) <= 2
    path.write_text(path.read_text().replace(new, old, 1), encoding="utf-8")
    assert len(read_mapping(path).tables) == 3


def test_all_faults_of_a_mapping_come_at_once(text, tmp_path):
    path = tmp_path / "mapping.yml"
    for old, new, _ in (FAULTS[0], FAULTS[8], FAULTS[14], FAULTS[23]):
        text = text.replace(old, new, 1)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refusal) as caught:
        read_mapping(path)
    assert [p.column for p in caught.value.problems] == [
        "confirmed", "latitude", "period_months", "force",
    ]  # fmt: skip


@pytest.mark.parametrize("tables", ["[null]", "x", "[]", "{a: b}", "[{holds: cells}]", "[[1]]"])
def test_tables_that_are_none_are_refused_without_a_traceback(tmp_path, tables):
    path = tmp_path / "mapping.yml"
    path.write_text(f"confirmed: yes\nforce: kent\ntables: {tables}\n")
    with pytest.raises(Refusal, match="E124"):
        read_mapping(path)
