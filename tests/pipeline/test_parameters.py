"""The parameters cell as schema: what is read, and every way a run can be wrong."""

import pytest
from notebook_tree import Places

from officer_assaults.pipeline.parameters import read_schema, split_assignments
from officer_assaults.refusals import Refusal

CELL = """place: str = "north"  # Where [<place>]
mode: str = "auto"  # How [auto | <place>]
size: int = 3  # How many [1 .. 9]
level: float = 0.05  # One minus the coverage [0.001 .. 0.5]
values: list[float] = [
    1.0,
    2.0,
]  # Values tried [1 .. 20]
names: list[str] = []  # Any words
strict: bool = True  # Whether to stop
path: str | None = None  # A file, or none
limit: int | None = 5  # At least this, or no limit [1 ..]
unit: str = "days"  # Exposure (in days [or hours]) [days | hours]"""
VOCABULARIES = {"place": Places()}


@pytest.fixture(scope="module")
def schema():
    return read_schema("a.ipynb", CELL)


def test_cell_is_read_as_it_runs(schema):
    namespace = {}
    exec(CELL, namespace)
    assert schema.defaults == {name: namespace[name] for name in schema.names}
    assert schema["size"].comment == "How many"
    assert (schema["size"].low, schema["size"].high) == (1, 9)
    assert schema["unit"].comment == "Exposure (in days [or hours])"
    assert schema["unit"].allowed == ("days", "hours")
    assert schema["mode"].vocabularies == ("place",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"place": "SOUTH"}, {"place": "south"}),
        ({"mode": "South"}, {"mode": "south"}),
        ({"size": "9"}, {"size": 9}),
        ({"level": "0.5"}, {"level": 0.5}),
        ({"level": 0.001}, {"level": 0.001}),
        ({"values": "[1,2.5]"}, {"values": [1.0, 2.5]}),
        ({"names": "[]"}, {"names": []}),
        ({"values": [1, 20]}, {"values": [1.0, 20.0]}),
        ({"names": "['a b', c]"}, {"names": ["a b", "c"]}),
        ({"names": "a"}, {"names": ["a"]}),
        ({"strict": "no"}, {"strict": False}),
        ({"path": "x.csv"}, {"path": "x.csv"}),
        ({"path": "none"}, {"path": None}),
        ({"limit": "None"}, {"limit": None}),
        ({"limit": "1000"}, {"limit": 1000}),
        ({"unit": "hours"}, {"unit": "hours"}),
    ],
)
def test_values_are_read_and_canonical(schema, given, expected):
    values = schema.resolve(given, VOCABULARIES)
    assert values == {**schema.defaults, **expected}
    assert list(values) == schema.names
    for name, value in expected.items():
        assert type(values[name]) is type(value)


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({"sise": 4}, "P201", "unknown parameter 'sise'. Did you mean 'size'?"),
        ({"size": "4.5"}, "P202", "'4.5'"),
        ({"values": "[]"}, "P202", "empty list"),
        ({"values": []}, "P202", "2.0"),
        ({"size": True}, "P202", "True"),
        ({"size": None}, "P202", "int"),
        ({"strict": "maybe"}, "P202", "'maybe'"),
        ({"level": "nan"}, "P202", "'nan'"),
        ({"values": "[1,x]"}, "P202", "list[float]"),
        ({"values": 3}, "P202", "list[float]"),
        ({"size": 10}, "P203", "from 1 to 9"),
        ({"size": 0}, "P203", "from 1 to 9"),
        ({"level": 0.0009}, "P203", "from 0.001 to 0.5"),
        ({"values": "[1,21]"}, "P203", "from 1 to 20"),
        ({"limit": 0}, "P203", "of 1 or more"),
        ({"unit": "day"}, "P204", "Did you mean 'days'?"),
        ({"mode": "auot"}, "P204", "Did you mean 'auto'?"),
        ({"place": "nort"}, "E999", "parameter 'place': 'nort' is no place. Did you mean 'north'?"),
    ],
)
def test_wrong_values_are_refused(schema, given, code, said):
    with pytest.raises(Refusal) as caught:
        schema.resolve(given, VOCABULARIES)
    assert caught.value.codes == (code,)
    assert said in str(caught.value)
    assert "a.ipynb" in str(caught.value)


def test_all_problems_come_at_once(schema):
    given = {"sise": 1, "size": 99, "level": "x", "place": "east", "values": [0.5, 21]}
    with pytest.raises(Refusal) as caught:
        schema.resolve(given, VOCABULARIES)
    assert sorted(caught.value.codes) == ["E999", "P201", "P202", "P203", "P203", "P203"]


def test_unknown_vocabulary_is_named(schema):
    with pytest.raises(Refusal, match="vocabulary <place>"):
        schema.resolve({}, {})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("size = 3  # How many", "not a typed assignment"),
        ("import math  # For later", "not a typed assignment"),
        ("size: int = 3", "has no comment"),
        ("size: int  # How many", "has no value"),
        ("size: int = 1 + size  # How many", "malformed node"),
        ("size: Path = 3  # How many", "type 'Path' is not known"),
        ("size: list[list[int]] = []  # How many", "type 'list[list[int]]' is not known"),
        ('size: int = "3"  # How many', "not of type int"),
        ("size: int = 3  # How many [4 .. 9]", "from 4 to 9"),
        ("size: int = 3  # How many [a .. 9]", "cannot be read"),
        ('name: str = "a"  # Which [b | c]', "cannot be 'a'"),
        ('name: str = "a"  # Which [1 .. 2]', "cannot be read"),
        ('name: str = "a"  # Which [a | ]', "an empty word"),
        ("size: int = 3  # How many\nsize: int = 4  # Again", "assigned twice"),
        ('api_token: str = "a"  # For the service', "looks like a secret"),
        ('db_password: str = "a"  # For the service', "looks like a secret"),
        ("size: int = (  # How many", "line 1"),
    ],
)
def test_cells_of_another_form_are_refused(line, said):
    with pytest.raises(Refusal) as caught:
        read_schema("a.ipynb", line)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("period=2019-20 level=0.1 values=[1, 2]", {
            "period": "2019-20", "level": "0.1", "values": "[1, 2]"}),
        ("place=North Sea size=4", {"place": "North Sea", "size": "4"}),
        ("path=", {"path": ""}),
        ("formula=a=b", {"formula": "a=b"}),
        ("formula=bs(x, df=3) + C(y, levels=[1, 2]) size=4", {
            "formula": "bs(x, df=3) + C(y, levels=[1, 2])", "size": "4"}),
        ("place=North (sea size=4", {"place": "North (sea", "size": "4"}),
    ],
)  # fmt: skip
def test_settings_are_split(text, expected):
    assert split_assignments(text) == expected


@pytest.mark.parametrize("text", ["size", "size=1 size=2", "3=4", "north size=1"])
def test_settings_of_another_form_are_refused(text):
    with pytest.raises(Refusal, match="P207"):
        split_assignments(text)
