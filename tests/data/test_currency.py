"""Every page can say how new the recorded figures are and what waits to be decided."""

from datetime import date

import pandas as pd

from officer_assaults.data import breaks, currency, decisions, years


def test_currency_of_the_leading_release():
    now = currency.currency()
    assert (now.data_to, now.release.vintage) == (date(2025, 12, 31), "2026-04")
    text = " ".join(now.lines())
    assert "31 December 2025" in text
    assert "read through a public copy on 27 November 2026" in text
    assert "23 July 2026 exists and is not held" in text
    assert "revises" in text
    assert now.open_decisions == ()


def test_an_open_decision_is_said_on_the_pages_that_it_touches(monkeypatch):
    asked = pd.DataFrame([["dorset", "104", "2023-10", "It moved."]], columns=decisions.OPEN)
    monkeypatch.setattr(decisions, "open_questions", lambda release="auto": asked)
    assert "Dorset, code 104" in " ".join(currency.currency().lines())
    notes = years.two_years("dorset", "2023/24", "2024/25").notes
    assert any("waits for a decision" in note for note in notes)
    assert years.two_years("kent", "2023/24", "2024/25").notes == ()
    assert set(breaks.decided()["release"]) == {"2023-10", "2026-04"}
