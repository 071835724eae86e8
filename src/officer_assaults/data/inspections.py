"""Inspections: when each force's crime recording was inspected, what was found, what followed."""

from __future__ import annotations

import pandas as pd

from officer_assaults.data import forces, tables
from officer_assaults.data.forces import Force
from officer_assaults.data.tables import Release

INSPECTIONS = "inspections/inspections"
EVENTS = "inspections/events"
FORMS = "inspections/forms-beside-records"
FIRST_REPORT = "Inspection report on crime recording"
LATER_REPORT = "Second inspection report on crime recording"
#: The rolling inspections of all 43 forces, and what followed them.
ROLLING, AGAIN = "rolling programme", "re-inspection"
#: Judgements, the worst first.
GRADES = ("inadequate", "requires improvement", "good", "outstanding")
#: Inspections of a graded programme, the first of a force before the second.
GRADED = (ROLLING, AGAIN)
#: Programmes whose two rates have published limits; the others are dip samples or later scales.
AUDITED = {"violence": ("violence_percent", "violence_margin", "read_violence"),
           "all-crime": ("all_percent", "all_margin", "read_rate")}  # fmt: skip


def rolling() -> pd.DataFrame:
    """First inspections of all 43 forces in the rolling programme of 2016 to 2020.

    Returns
    -------
    DataFrame
        One row a force: force, published (day; the middle of the span where no day was read),
        quarter (first day of the quarter of publication; missing where the span of possible days
        crosses quarters), audit_quarter (first day of the quarter in which the sampled crimes end;
        missing where unread), grade, failed (bool), all_percent, violence_percent, dated (bool).
    """
    rows = tables.load(INSPECTIONS)
    rows = rows[rows["programme"] == ROLLING].reset_index(drop=True)
    first, last = (_quarter(rows[name]) for name in ("published_first", "published_last"))
    middle = rows["published_first"] + (rows["published_last"] - rows["published_first"]) / 2
    return pd.DataFrame(
        {
            "force": rows["force"],
            "published": middle.dt.normalize(),
            "quarter": first.where(first == last),
            "audit_quarter": _quarter(rows["audit_end"]),
            "grade": pd.Categorical(rows["grade"], categories=list(GRADES), ordered=True),
            "failed": rows["grade"] == GRADES[0],
            "all_percent": rows["all_percent"],
            "violence_percent": rows["violence_percent"],
            "dated": rows["published_as"] == "day",
        }
    )


def dates(event: str = "quarter") -> pd.DataFrame:
    """Quarter of each force's first inspection in the rolling programme.

    Parameters
    ----------
    event : {"quarter", "audit_quarter"}
        Publication of the report, or the end of the crimes that the auditors sampled.

    Returns
    -------
    DataFrame
        unit (force), event (first day of the quarter; missing where no day was read), earliest
        (first day of the first quarter in which it can have been).
    """
    rows = tables.load(INSPECTIONS)
    published = rows.loc[rows["programme"] == ROLLING, "published_first"].reset_index(drop=True)
    found = rolling()
    first = _quarter(published)
    if event != "quarter":
        # Sampled crimes end about three quarters before the report; unread ones at that distance.
        first = found[event].fillna(first - pd.DateOffset(months=9))
    return pd.DataFrame({"unit": found["force"], "event": found[event], "earliest": first})


def audits(force: str | Force) -> pd.DataFrame:
    """Return the recording rates found in the graded inspections of one force, the earliest first.

    Returns
    -------
    DataFrame
        crimes ("violence" or "all-crime"), audit_year, programme, percent, lower, upper (missing
        where no margin was read), read, source_url; empty where none was read.
    """
    rows = tables.load(INSPECTIONS)
    rows = rows[(rows["force"] == forces.resolve(force).slug) & rows["programme"].isin(GRADED)]
    parts = []
    for crimes, (percent, margin, read) in AUDITED.items():
        mine = rows[rows[percent].notna()].sort_values("published_first")
        year = mine["audit_end"].fillna(mine["published_first"]).dt.year
        parts.append(
            pd.DataFrame(
                {
                    "crimes": crimes,
                    "audit_year": year.astype("int64"),
                    "programme": mine["programme"],
                    "percent": mine[percent],
                    "lower": mine[percent] - mine[margin],
                    "upper": mine[percent] + mine[margin],
                    "read": mine[read],
                    "source_url": mine["source_url"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def reports(force: str | Force) -> pd.DataFrame:
    """Days on which graded inspections of one force were published, in order.

    Returns
    -------
    DataFrame
        day, force, kind ("recording"), event, read, source_url. Only reports whose day is known;
        none for England and Wales.
    """
    rows = tables.load(INSPECTIONS)
    mine = rows[(rows["force"] == forces.resolve(force).slug) & rows["programme"].isin(GRADED)]
    mine = mine[mine["published_as"] == "day"].sort_values("published_first")
    official = mine["read_date"].isin(["official page", "official press release"])
    return pd.DataFrame(
        {
            "day": mine["published_first"],
            "force": mine["force"],
            "kind": "recording",
            "event": mine["programme"].map({ROLLING: FIRST_REPORT, AGAIN: LATER_REPORT}),
            "read": official.map({True: "directly", False: "second-hand"}),
            "source_url": mine["source_url"],
        }
    ).reset_index(drop=True)


def marks(force: str | Force) -> pd.DataFrame:
    """Quarters in which a jump of one force's record may follow an inspection.

    Returns
    -------
    DataFrame
        day (publication), quarter (first day of the first whole quarter after it), grade, label
        (for a chart), source_url; the earliest first, and only where the day is known.
    """
    rows = tables.load(INSPECTIONS)
    mine = rows[(rows["force"] == forces.resolve(force).slug) & rows["programme"].isin(GRADED)]
    mine = mine[mine["published_as"] == "day"].sort_values("published_first")
    grade = mine["grade"].fillna("no grade read").astype(str)
    return pd.DataFrame(
        {
            "day": mine["published_first"],
            "quarter": _quarter(mine["published_first"]) + pd.DateOffset(months=3),
            "grade": grade,
            "label": mine["programme"].map({ROLLING: "inspection", AGAIN: "second inspection"})
            + ": "
            + grade,
            "source_url": mine["source_url"],
        }
    ).reset_index(drop=True)


def forms_beside_records() -> pd.DataFrame:
    """Places where officers' own forms stand beside crime records, as the table gives them."""
    return tables.load(FORMS)


def events(force: str | Force) -> pd.DataFrame:
    """Dated events of one force and of the nation, as the table gives them, in order."""
    rows = tables.load(EVENTS)
    wanted = (forces.resolve(force).slug, forces.ENGLAND_AND_WALES)
    mine = rows[rows["force"].isin(wanted)]
    when = mine["first_day"].fillna(mine["last_day"])
    return mine.loc[when.sort_values(kind="stable").index].reset_index(drop=True)


def release() -> Release:
    """Provenance of the inspections."""
    return tables.release(INSPECTIONS)


def _quarter(days: pd.Series) -> pd.Series:
    """First day of the calendar quarter of each day."""
    return pd.Series(days.dt.to_period("Q").dt.start_time)
