"""Schemas of the inspections of crime recording, dated events, and forms beside records."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandera.pandas as pa

from officer_assaults.data.columns import (
    at_least,
    column,
    day,
    force,
    one_of,
    percentage,
    table,
    text,
)

#: The rolling inspections of all 43 forces, what followed them, and the national round before.
ROLLING, AGAIN = "rolling programme", "re-inspection"
PROGRAMMES = (ROLLING, AGAIN, "later inspection", "2014 round")
#: Judgements, the worst first.
GRADES = ("inadequate", "requires improvement", "good", "outstanding")
PUBLISHED_AS = (
    "day",
    "day, by the tranche",
    "month",
    "month, by the tranche",
    "month, inferred",
    "year",
    "between",
)
DATED_AS = ("day", "month", "quarter", "year", "by", "not yet")
READ = (
    "official page",
    "official press release",
    "newspaper table (BBC)",
    "newspaper",
    "commissioner",
    "council paper",
    "force",
    "Federation",
    "Federation magazine",
    "supplier",
    "trade press",
    "bracketed",
    "inferred from the article number",
)
EVENT_KINDS = ("inspection", "recording", "support plan", "records system", "equipment")


def _read(what: str, *, nullable: bool = True) -> pa.Column:
    return column("str", f"where {what} was read", one_of(READ), nullable=nullable)


def _possible_day(description: str) -> pa.Column:
    return column("datetime64[ns]", description, unit="date", code="E106", nullable=True)


def _points(description: str) -> pa.Column:
    check = at_least(0, "E110", "{cell} is negative.", "Give the half-width of the interval.")
    return column("float64", description, check, unit="points", code="E110", nullable=True)


def _whole(description: str, unit: str) -> pa.Column:
    check = at_least(0, "E102", "{cell} is negative.", "Counts are 0 or more.")
    return column("Int64", description, check, unit=unit, code="E102", nullable=True)


def _in_order(first: str, last: str) -> pa.Check:
    def holds(frame: pd.DataFrame) -> Any:
        return (frame[first] <= frame[last]) | frame[first].isna() | frame[last].isna()

    return pa.Check(
        holds,
        name=f"{first}_before_{last}",
        error=f"E106|{first} lies after {last}.|Correct one of the two days.",
    )


INSPECTIONS = table(
    "inspections/inspections",
    "Inspections of crime recording: when published, which crimes were sampled, what was found.",
    {
        "force": force(),
        "programme": column("str", "which inspections", one_of(PROGRAMMES)),
        "published_first": day("first day on which the report can have been published"),
        "published_last": day("last such day; the same where the day was read"),
        "published_as": column("str", "how exactly the day is known", one_of(PUBLISHED_AS)),
        "fieldwork": text("months of the inspectors' visit", nullable=True),
        "audit_start": _possible_day("first day of the sampled crimes"),
        "audit_end": _possible_day("last day of the sampled crimes"),
        "grade": column("str", "judgement; none in 2014", one_of(GRADES), nullable=True),
        "all_percent": percentage(
            "recorded, of reported crimes that should have been, all but fraud", nullable=True
        ),
        "all_margin": _points("half-width of its published 95 % interval"),
        "violence_percent": percentage("the same for violence against the person", nullable=True),
        "violence_margin": _points("half-width of its published 95 % interval"),
        "records_audited": _whole("reports sampled", "reports"),
        "unrecorded_a_year": _whole(
            "crimes left unrecorded, as the inspectorate estimates", "crimes"
        ),
        "read_date": _read("the day", nullable=False),
        "read_grade": _read("the judgement"),
        "read_rate": _read("the rate of all crime"),
        "read_violence": _read("the rate of violence"),
        "source_url": text("page of the report, or the page that quotes it"),
        "other_sources": text("further pages", nullable=True),
        "note": text("remark", nullable=True),
    },
    key=["force", "programme", "published_first"],
    checks=[_in_order("published_first", "published_last"), _in_order("audit_start", "audit_end")],
)
EVENTS = table(
    "inspections/events",
    "Dated events that bear on how assaults on officers are recorded.",
    {
        "first_day": _possible_day("first day on which it can have happened"),
        "last_day": _possible_day("last such day; empty if it had not happened by the first"),
        "dated_as": column("str", "how exactly it is dated", one_of(DATED_AS)),
        "force": force(),
        "kind": column("str", "kind of event", one_of(EVENT_KINDS)),
        "event": text("event"),
        "read": _read("it", nullable=False),
        "source_url": text("page it was read on"),
        "note": text("remark", nullable=True),
    },
    key=["force", "kind", "event"],
    checks=[_in_order("first_day", "last_day")],
)
FORMS_BESIDE_RECORDS = table(
    "inspections/forms-beside-records",
    "Assaults on officers in two registers: officers' own forms and crime records.",
    {
        "force": force(),
        "period": text("period as the page words it"),
        "on_forms": _whole("assaults or injuries on officers' own forms", "forms"),
        "code_104": _whole("recorded offences of code 104", "offences"),
        "in_crime_system": _whole("all assaults on officers in the crime system", "offences"),
        "read": _read("it", nullable=False),
        "source_url": text("page it was read on"),
        "note": text("remark", nullable=True),
    },
    key=["force", "period"],
)

FIXED: dict[str, pa.DataFrameSchema] = {
    str(schema.name): schema for schema in (INSPECTIONS, EVENTS, FORMS_BESIDE_RECORDS)
}
