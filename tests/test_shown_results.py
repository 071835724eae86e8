"""Typing the name of a result in JupyterLab shows a table, whatever the result."""

import dataclasses
import importlib
import inspect
import pkgutil

import numpy as np
import pandas as pd
import pytest

import officer_assaults
from officer_assaults.data import forces, tables
from officer_assaults.estimate import count
from officer_assaults.shown import Shown, Tabled

#: Parts that modules hand to each other while they fit; no notebook holds one.
PARTS = {"stats.glm_fits.Fitted", "topics.crewing.model.arms.Arm"}


def results():
    """Public dataclasses of the methods, and of what a topic works out."""
    for found in pkgutil.walk_packages(officer_assaults.__path__, "officer_assaults."):
        room = found.name.removeprefix("officer_assaults.")
        if not (room.startswith("stats.") or (room.startswith("topics.") and ".model" in room)):
            continue
        for name, held in vars(importlib.import_module(found.name)).items():
            public = inspect.isclass(held) and not name.startswith("_")
            own = public and held.__module__ == found.name and f"{room}.{name}" not in PARTS
            if own and dataclasses.is_dataclass(held):
                yield held


def test_every_result_shows_a_table():
    without = [
        f"{one.__module__}.{one.__name__}" for one in results() if not issubclass(one, Tabled)
    ]
    assert not without, "give these the mixin Shown of officer_assaults.shown"


@dataclasses.dataclass(frozen=True, slots=True)
class Rates(Shown):
    force: str
    frame: pd.DataFrame
    hidden: np.ndarray = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Told(Tabled):
    title: str
    notes: tuple
    events: int


@pytest.mark.parametrize(
    ("result", "shown", "hidden"),
    [
        (
            Rates("kent", pd.DataFrame({"rate": [1.5]}), np.zeros(3)),
            ["Rates", "1.5"],
            ["kent"],
        ),
        (Told("Officers", ("a", "b"), 7), ["Told", "title", "Officers", "2 of them", ">7<"], []),
        (forces.resolve("kent"), ["Force", "kent"], ["Force("]),
        (tables.release("recording-breaks"), ["Release", "recording-breaks"], ["Release("]),
        (
            count(
                "a.b",
                "Label",
                "Claim",
                "consistent",
                value=3,
                unit="u",
                denominator="d",
                release="r",
            ),
            ["Finding", "a.b", "consistent"],
            ["Finding("],
        ),
    ],
    ids=["a table among its fields", "a field named as a hook", "force", "release", "finding"],
)
def test_a_result_without_a_table_of_its_own_is_laid_out(result, shown, hidden):
    html = result._repr_html_()
    assert html.count("<table") == 1
    assert [text for text in shown if text not in html] == []
    assert [text for text in hidden if text in html] == []
