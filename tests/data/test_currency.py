"""Every page can say how new the recorded figures are and what waits to be decided."""

from datetime import date

import pandas as pd

from officer_assaults.data import breaks, currency, decisions, force_year, forces, years
from officer_assaults.topics.forces import report as comparison
from officer_assaults.topics.forces.glance import model, report


def test_currency_of_the_leading_release():
    now = currency.currency()
    assert (now.data_to, now.release.vintage) == (date(2025, 12, 31), "2026-04")
    text = " ".join(now.lines())
    assert "31 December 2025" in text
    assert "read through a public copy on 27 November 2026" in text
    assert "23 July 2026 exists and is not held" in text
    assert "revises" in text
    assert now.waiting == ()


def test_an_open_decision_is_said_on_the_pages_that_it_touches(monkeypatch):
    asked = pd.DataFrame([["dorset", "104", "2023-10", "It moved."]], columns=decisions.OPEN)
    monkeypatch.setattr(decisions, "open_questions", lambda release="auto": asked)
    assert "Dorset, code 104" in " ".join(currency.currency().lines())
    notes = years.two_years("dorset", "2023/24", "2024/25").remarks
    assert any("waits for a decision" in note for note in notes)
    assert years.two_years("kent", "2023/24", "2024/25").remarks == ()
    assert set(breaks.decided()["release"]) == {"2023-10", "2026-04"}


def test_the_pages_of_all_forces_say_what_waits(monkeypatch):
    asked = pd.DataFrame([["dorset", "104", "2023-10", "It moved."]] * 2, columns=decisions.OPEN)
    made = model.glances.__wrapped__()
    quiet = report.all_forces(made)["all-forces.html"]
    assert "wait for a decision" not in quiet
    monkeypatch.setattr(decisions, "open_questions", lambda release="auto": asked)
    made = model.glances.__wrapped__()
    said = "Recording breaks that wait for a decision in this release: Dorset, code 104."
    pages = [
        report.all_forces(made)["all-forces.html"],
        report.page(made, model.series("kent"), "kent", reports={}),
        " ".join(comparison.caveats(_Story("kent"))),
    ]
    assert [page.count(said) for page in pages] == [1, 1, 1]


class _Story:
    """What the warnings of report 02 are made of."""

    def __init__(self, force):
        self.force = forces.resolve(force)
        self.data = force_year.force_year("2023/24", "2024/25")
        self.refused = self.data.refusal(self.force)
        self.exposures = force_year.exposures("2024/25", ["officer_fte"])
