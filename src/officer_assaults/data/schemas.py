"""Schemas: what every data file must look like, in one place, with units and meanings.

The data dictionary is written from these objects (:mod:`officer_assaults.data.dictionary`).
A check carries its refusal in its error text: ``code|what is wrong|what to do``.
"""

from __future__ import annotations

import pandera.pandas as pa

from officer_assaults.data.columns import (
    CONSTABLE_SERIES,
    CONTEXT_MEANINGS,
    EVENTS,
    INJURY,
    INJURY_EXISTS,
    LOWEST_BALANCE,
    NO_INJURY,
    OTHER_SERIES,
    OTHER_WORKERS,
    OTHER_WORKERS_EXIST,
    QUARTER_AGREES,
    SERIES_FITS,
    count,
    day,
    force,
    net_count,
    offence_code,
    percentage,
    quarter_columns,
    series,
    text,
    vintage,
    year_label,
)
from officer_assaults.data.columns import amount as amount
from officer_assaults.data.columns import at_least as at_least
from officer_assaults.data.columns import column as column
from officer_assaults.data.columns import one_of as one_of
from officer_assaults.data.columns import table as table
from officer_assaults.data.evidence_schemas import (
    CITY_ASSAULTS,
    DC_VICTIMS,
    EVIDENCE_CLAIMS,
    EVIDENCE_LEDGER,
    PATROL_UNITS,
    QUARTER_COMPOSITION,
    REFERENCE_BCG,
    REFERENCE_CREW_CELLS,
    REFERENCE_LOG_RATIOS,
    REFERENCE_NHEFS,
    REFERENCE_SHIPS,
    REFERENCE_SMOKING,
    REFERENCE_VALUES,
    TWO_AGENCIES,
)

FORCES = table(
    "forces",
    "Police forces and their short names.",
    {
        "force": text("short name used throughout", code="E101"),
        "name": text("name as the Home Office writes it"),
        "kind": column("str", "kind of force", one_of(("territorial", "transport", "nation"))),
        "geo_code": text("ONS code of the area", nullable=True),
        "region": text("region of England, or Wales", nullable=True),
    },
    key=["force"],
)
FORCE_NAMES = table(
    "force-names",
    "Other spellings of force names.",
    {
        "alias": text("spelling met"),
        "force": force(),
        "where_used": text("where the spelling is met"),
    },
    key=["alias"],
)
GEOGRAPHY = table(
    "geography",
    "Area, centroid and density of the 43 police force areas.",
    {
        "force": force(),
        "geo_code": text("ONS code of the area"),
        "area_km2": amount("area of the generalised boundary, approximate", "km²"),
        "longitude": column("float64", "centroid, east positive", unit="degrees"),
        "latitude": column("float64", "centroid, north positive", unit="degrees"),
        "population_mid_2018": count("residents at mid-2018, rounded", unit="residents"),
        "households_2017": count("households in 2017", unit="households"),
        "density_per_km2": amount("residents per square kilometre", "residents per km²"),
    },
    key=["force"],
)
RECORDED_ASSAULTS = table(
    "recorded-assaults/<release>",
    "Recorded assaults on constables (104, 8S) and on other emergency workers (8T), one full "
    "release.",
    {
        "force": force(),
        **quarter_columns(),
        "offence_code": offence_code(NO_INJURY, INJURY, OTHER_WORKERS),
        "offences": net_count("recorded offences in the quarter, net of cancelled records"),
        "series": series(CONSTABLE_SERIES, OTHER_SERIES),
        "vintage": vintage(),
    },
    key=["force", "quarter_start", "offence_code", "vintage"],
    checks=[QUARTER_AGREES, INJURY_EXISTS, OTHER_WORKERS_EXIST, SERIES_FITS],
)
EARLY_COPIES = table(
    "recorded-assaults/early-copies",
    "Recorded assaults on constables as they stood soon after first publication, one year a copy.",
    {
        "force": force(),
        "financial_year": year_label(),
        "offence_code": offence_code(NO_INJURY, INJURY),
        "offences": net_count("recorded offences in the year"),
        "series": series(CONSTABLE_SERIES),
        "vintage": vintage(),
    },
    key=["force", "financial_year", "offence_code", "vintage"],
)


def _quoted(name: str, description: str) -> pa.DataFrameSchema:
    return table(
        name,
        description,
        {
            "force": force(),
            "financial_year": year_label(),
            "offence_code": offence_code(NO_INJURY, INJURY, f"{NO_INJURY}+{INJURY}"),
            "offences": count("recorded offences in the year"),
            "series": series(CONSTABLE_SERIES),
            "vintage": vintage(),
            "basis": column(
                "str", "printed, or computed from the other cells", one_of(("published", "derived"))
            ),
            "how_read": column(
                "str",
                "how the figure was read",
                one_of(("read directly", "second-hand", "derived")),
            ),
            "source_url": text("page it was read on", nullable=True),
            "note": text("remark", nullable=True),
        },
        key=["force", "financial_year", "offence_code"],
    )


FIRST_RELEASE = _quoted(
    "recorded-assaults/first-release",
    "Recorded assaults on constables as first published.",
)
ARTICLE = _quoted(
    "recorded-assaults/article",
    "Recorded assaults on constables as newspapers printed them: the claimant's own figures.",
)
RECORDED_CONTEXT = table(
    "recorded-context/<release>",
    "Other recorded crime by force and quarter, one column per series, one full release.",
    {
        "force": force(),
        "quarter_start": day("first day of the quarter"),
        **{
            name: net_count(f"{meaning}, net of cancelled records", nullable=True)
            for name, meaning in CONTEXT_MEANINGS.items()
        },
        "vintage": vintage(),
    },
    key=["force", "quarter_start", "vintage"],
)
RECORDING_BREAKS = table(
    "recording-breaks",
    "Stretches in which a force's series cannot be compared, as the project decided.",
    {
        "force": force(),
        "offence_code": offence_code(NO_INJURY, INJURY, OTHER_WORKERS),
        "from": day("first quarter affected"),
        "to": column(
            "datetime64[ns]", "last day affected; empty while it lasts", unit="date", nullable=True
        ),
        "kind": column(
            "str",
            "gap: counts within it are unusable; step: counts before and after it differ in kind",
            one_of(("gap", "step")),
        ),
        "decision": column(
            "str",
            "leave-out: whole years it touches are not compared; flag: kept and shown; keep: a "
            "later release mended the series",
            one_of(("leave-out", "flag", "keep")),
        ),
        "release": text("release on whose figures the decision was made", code="E107"),
        "what": text("what happened to the counts"),
        "how_known": text("how the project knows"),
        "why_not_proposed": text("why the detector cannot propose it", nullable=True),
    },
    key=["force", "offence_code", "from", "release"],
)
WORKFORCE = table(
    "workforce/<release>",
    "Police workforce by force at 31 March.",
    {
        "force": force(),
        "as_at": day("day of the count, 31 March"),
        "officer_fte": amount("police officers, all ranks", "full-time equivalents"),
        "officer_headcount": count("police officers, all ranks", unit="persons"),
        "constable_fte": amount("constables", "full-time equivalents"),
        "female_officer_fte": amount("female police officers", "full-time equivalents"),
        "pcso_fte": column(
            "float64",
            "police community support officers",
            at_least(0, "E104", "{cell} is negative.", "Give 0 or more."),
            unit="full-time equivalents",
            code="E104",
            nullable=True,
        ),
        "specials_headcount": count("special constables", unit="persons", nullable=True),
        "vintage": vintage(),
    },
    key=["force", "as_at", "vintage"],
    checks=[
        pa.Check(
            lambda frame: frame["officer_headcount"] >= 0.98 * frame["officer_fte"],
            name="headcount_covers_fte",
            error="E104|headcount is below full-time equivalents.|Check that the two columns are "
            "not swapped.",
        )
    ],
)
POPULATION = table(
    "population/<release>",
    "Resident population by police force area.",
    {
        "force": force(),
        "mid_year": column("int64", "year of the estimate, at 30 June", unit="year", code="E106"),
        "residents": amount("usual residents", "residents"),
        "vintage": vintage(),
    },
    key=["force", "mid_year", "vintage"],
)
OFFICER_STOCKS = table(
    "officer-stocks/<release>",
    "Police officers by force on days that no workforce release held here covers.",
    {
        "force": force(),
        "as_at": day("day of the count, 31 March"),
        "officer_fte": amount("police officers, all ranks", "full-time equivalents"),
        "vintage": vintage(),
    },
    key=["force", "as_at"],
)
OUTCOMES = table(
    "outcomes/2018-19",
    "Outcomes of recorded assaults on constables by quarter of recording.",
    {
        "force": force(),
        **quarter_columns(),
        "offence_code": offence_code(NO_INJURY, INJURY),
        "outcome": text("outcome group as published"),
        "outcomes_of_offences_recorded": net_count(
            "outcomes, up to the release, of offences recorded in the quarter; offences without "
            "one are the balance, negative where offences were moved away after their outcome",
            unit="outcomes",
            lowest=LOWEST_BALANCE,
        ),
        "outcomes_recorded": net_count(
            "outcomes given in the quarter, whenever the offence was recorded, net of withdrawn "
            "ones",
            unit="outcomes",
        ),
        "vintage": vintage(),
    },
    key=["force", "quarter_start", "offence_code", "outcome"],
    checks=[QUARTER_AGREES],
)
COURTS = table(
    "courts/2018-2019",
    "Court proceedings for assaults on police and emergency workers, England and Wales.",
    {
        "month_start": day("first day of the month"),
        "offence": text("offence as published"),
        "stage": text("stage or sentence"),
        "value": column(
            "float64",
            "defendants, or months of custody where unit says so",
            at_least(0, "E102", "{cell} is negative.", "Give 0 or more."),
            unit="see the column unit",
            code="E102",
            nullable=True,
        ),
        "unit": column("str", "unit of value", one_of(("defendants", "months"))),
        "vintage": vintage(),
    },
    key=["month_start", "offence", "stage"],
)
USE_OF_FORCE = table(
    "use-of-force/incidents",
    "Use-of-force reports by force.",
    {
        "force": force(),
        "financial_year": year_label(),
        "incidents": count("use-of-force reports, one per officer who used force", unit="reports"),
        "vintage": vintage(),
    },
    key=["force", "financial_year", "vintage"],
)
TASER = table(
    "use-of-force/taser",
    "Recorded TASER use by force and highest type of use.",
    {
        "force": force(),
        "financial_year": year_label(),
        "uses": count("all recorded uses", unit="uses"),
        "not_discharged": count("drawn, aimed, red-dotted or arced", unit="uses"),
        "drawn": count("drawn", unit="uses"),
        "aimed": count("aimed", unit="uses"),
        "red_dot": count("red dot put on the subject", unit="uses"),
        "arced": count("sparked without aim or contact", unit="uses"),
        "discharged": count("drive-stunned, fired or angled drive-stunned", unit="uses"),
        "drive_stun": count("held against the body", unit="uses"),
        "fired": count("fired", unit="uses"),
        "angled_drive_stun": count("held against the body after firing", unit="uses"),
        "not_stated": count("type of use not stated", unit="uses"),
        "vintage": vintage(),
    },
    key=["force", "financial_year", "vintage"],
    checks=[
        pa.Check(
            lambda frame: (
                frame["uses"] == frame["not_discharged"] + frame["discharged"] + frame["not_stated"]
            ),
            name="uses_add_up",
            error="E103|uses is not the sum of its parts.|Check the row against the bulletin.",
        )
    ],
)
OFFICER_INJURIES = table(
    "use-of-force/officer-injuries",
    "Officers injured in use-of-force incidents, England and Wales.",
    {
        "financial_year": year_label(),
        "officer_injured": column(
            "str", "whether an officer was injured", one_of(("yes", "no", "not-reported"))
        ),
        "intentional_assault": column(
            "str",
            "whether the report calls it an intentional assault",
            one_of(("yes", "no", "not-reported")),
        ),
        "incidents": count("use-of-force reports", unit="reports"),
        "minor": count("minor injury", unit="reports"),
        "severe": count("severe injury", unit="reports"),
        "severity_not_reported": count("severity not reported", unit="reports"),
        "vintage": vintage(),
    },
    key=["financial_year", "officer_injured", "intentional_assault"],
    checks=[
        pa.Check(
            lambda frame: (
                frame["incidents"]
                == frame["minor"] + frame["severe"] + frame["severity_not_reported"]
            ),
            name="severities_add_up",
            error="E103|incidents is not the sum of its parts.|Check the row.",
        )
    ],
)
PUBLISHED = table(
    "published/figures",
    "Published figures that are not first releases of recorded crime.",
    {
        "force": force(),
        "period": text("period as the page words it"),
        "measure": text("measure as the page words it"),
        "value": count("figure", unit="see measure"),
        "source_url": text("page it was read on"),
        "note": text("remark", nullable=True),
    },
    key=["force", "period", "measure"],
)
SURVEYS = table(
    "surveys/officer-surveys",
    "Published percentages of officer surveys.",
    {
        "survey_id": text("short name of the survey"),
        "survey": text("survey"),
        "fieldwork_start": day("first day of fieldwork, as far as stated"),
        "fieldwork_end": day("last day of fieldwork, as far as stated"),
        "force": force(),
        "population_definition": text("whom the percentage is of", code="E110"),
        "event_definition": column(
            "str", "what was asked about", one_of(EVENTS, "E110"), code="E110"
        ),
        "recall": column(
            "str",
            "period asked about",
            one_of(("past-12-months", "career", "not-stated"), "E110"),
            code="E110",
        ),
        "measure": text("measure as published"),
        "respondents": column(
            "Int64",
            "respondents",
            at_least(1, "E110", "{cell} is no base.", "Give the number of respondents."),
            unit="persons",
            code="E102",
            nullable=True,
        ),
        "respondents_is_minimum": column("bool", "whether the survey had more than that"),
        "response_percent": percentage("share of those invited who answered", nullable=True),
        "percent": percentage("percentage of respondents"),
        "source_url": text("page it was read on"),
        "note": text("remark", nullable=True),
    },
    key=["survey_id", "force", "population_definition", "event_definition", "recall"],
)
EVENTS_DATED = table(
    "events/dated",
    "Dated events that can move the record.",
    {
        "day": day("day of the event"),
        "force": force(),
        "kind": column("str", "what it can move", one_of(("recording", "law"))),
        "event": text("event, short enough for a chart"),
        "read": column("str", "how it was read", one_of(("directly", "second-hand"))),
        "source_url": text("page it was read on"),
    },
    key=["day", "force"],
)
#: Schemas of files with a fixed name.
FIXED: dict[str, pa.DataFrameSchema] = {
    str(schema.name): schema
    for schema in (
        FORCES,
        FORCE_NAMES,
        GEOGRAPHY,
        EARLY_COPIES,
        FIRST_RELEASE,
        ARTICLE,
        RECORDING_BREAKS,
        OUTCOMES,
        COURTS,
        USE_OF_FORCE,
        TASER,
        OFFICER_INJURIES,
        PUBLISHED,
        SURVEYS,
        EVENTS_DATED,
        EVIDENCE_LEDGER,
        EVIDENCE_CLAIMS,
        QUARTER_COMPOSITION,
        DC_VICTIMS,
        CITY_ASSAULTS,
        TWO_AGENCIES,
        PATROL_UNITS,
        REFERENCE_VALUES,
        REFERENCE_NHEFS,
        REFERENCE_CREW_CELLS,
        REFERENCE_LOG_RATIOS,
        REFERENCE_SHIPS,
        REFERENCE_SMOKING,
        REFERENCE_BCG,
    )
}
#: Schemas of folders that gain one file per release.
BY_RELEASE: dict[str, pa.DataFrameSchema] = {
    "recorded-assaults": RECORDED_ASSAULTS,
    "recorded-context": RECORDED_CONTEXT,
    "workforce": WORKFORCE,
    "officer-stocks": OFFICER_STOCKS,
    "population": POPULATION,
}
