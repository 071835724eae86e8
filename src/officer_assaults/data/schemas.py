"""Schemas: what every data file must look like, in one place, with units and meanings.

The data dictionary is written from these objects (:mod:`officer_assaults.data.dictionary`).
A check carries its refusal in its error text: ``code|what is wrong|what to do``.
"""

from __future__ import annotations

import csv
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa

from officer_assaults import paths

#: Offence codes of assaults on constables: without and with injury.
NO_INJURY, INJURY = "104", "8S"
#: Assaults on emergency workers other than constables.
OTHER_WORKERS = "8T"
#: The series that 104 and 8S make up, and the one of 8T.
CONSTABLE_SERIES, OTHER_SERIES = "prc_104_8S", "prc_8T"
#: 8S begins here; before it such offences sit inside general violence codes.
INJURY_STARTS = date(2017, 4, 1)
#: 8T is in real use from here; three zeros of Greater Manchester stand in the year before.
OTHER_WORKERS_START = date(2020, 4, 1)
#: Lowest quarterly count, net of cancelled records, that an official series may carry.
LOWEST_NET_COUNT = -30
#: Lowest balance of offences without an outcome; Kent's moved offences leave -64 in one quarter.
LOWEST_BALANCE = -100

SERIES = (CONSTABLE_SERIES, OTHER_SERIES, "hr_self_report", "federation", "use_of_force")
CONTEXT_MEANINGS = {
    "all-crime-except-fraud": "all recorded crime except fraud",
    "violence-with-injury": "subgroup violence with injury (code 8S is part of it)",
    "8N": "assault with injury",
    "105A": "assault without injury (victims other than constables)",
    "public-order": "public order offences",
    "weapons": "possession of weapons offences",
    "drugs": "drug offences",
    "66": "other offences against the State or public order",
}
CONTEXT_SERIES = tuple(CONTEXT_MEANINGS)
EVENTS = (
    "single-crewed-often-or-always",
    "verbal-insult-at-least-monthly",
    "verbal-threat-at-least-monthly",
    "unarmed-attack-at-least-monthly",
    "unarmed-attack-at-least-once",
    "weapon-attack-at-least-once",
    "injury-needing-medical-attention",
    "assaulted-on-duty",
)
ASSIGNMENTS = (
    "Two-Officer Vehicle",
    "One-Officer (Alone)",
    "One-Officer (Assisted)",
    "Detective or Special Assignment (Alone)",
    "Detective or Special Assignment (Assisted)",
    "Other (Alone)",
    "Other (Assisted)",
)


def column(
    dtype: str,
    description: str,
    *checks: pa.Check,
    unit: str = "",
    code: str = "E124",
    nullable: bool = False,
    required: bool = True,
) -> pa.Column:
    """Column with its meaning, unit and the refusal code of a cell that cannot be read."""
    return pa.Column(
        dtype,
        list(checks),
        nullable=nullable,
        required=required,
        description=description,
        metadata={"unit": unit, "code": code},
    )


def table(
    name: str,
    description: str,
    columns: dict[str, pa.Column],
    *,
    key: list[str] | None = None,
    checks: list[pa.Check] | None = None,
) -> pa.DataFrameSchema:
    """Strict table: unknown columns refused, except those whose name starts with ``x_``."""
    own = pa.Column(regex=True, required=False, nullable=True, description="column of your own")
    return pa.DataFrameSchema(
        {**columns, "^x_": own},
        checks=checks,
        strict=True,
        unique=key,
        name=name,
        description=description,
    )


def one_of(words: tuple[str, ...], code: str = "E124") -> pa.Check:
    """Check that a cell is one word of a fixed vocabulary."""
    return pa.Check.isin(words, error=f"{code}|{{cell}} is not known.|Known: {', '.join(words)}.")


def at_least(lowest: float, code: str, what: str, remedy: str) -> pa.Check:
    """Check that a number is not below a limit."""
    return pa.Check.ge(lowest, error=f"{code}|{what}|{remedy}")


def _known_force(values: pd.Series) -> Any:
    return values.isin(_short_names(paths.data_dir() / "forces.csv"))


@lru_cache(maxsize=4)
def _short_names(register: Path) -> frozenset[str]:
    # Read bare: data.forces is built on this module, and its table on this column.
    with register.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["force"] for row in csv.DictReader(stream))


def force() -> pa.Column:
    """Force column holding short names of ``forces.csv``."""
    check = pa.Check(
        _known_force,
        name="known_force",
        error="E101|{cell} is not a force.|Use the short names of forces.csv.",
    )
    return column("str", "force, by its short name (forces.csv)", check, code="E101")


def year_label() -> pa.Column:
    """Financial-year column written as ``2018/19``."""
    good = pa.Check(
        lambda values: values.map(_is_year_label),
        name="financial_year",
        error="E106|{cell} is not a financial year.|Write it as 2018/19.",
    )
    return column("str", "financial year, 1 April to 31 March", good, code="E106")


def vintage() -> pa.Column:
    """Vintage column: the release that a row comes from."""
    return column("str", "release that the row comes from", code="E107")


def series(*words: str) -> pa.Column:
    """Series column; rows of different series are never compared."""
    return column(
        "str", "series; rows of different series are never compared", one_of(words, "E107")
    )


def count(description: str, *, nullable: bool = False, unit: str = "offences") -> pa.Column:
    """Whole number that is not negative."""
    check = at_least(0, "E102", "{cell} is negative.", "Counts are 0 or more.")
    return column("int64", description, check, unit=unit, code="E102", nullable=nullable)


def net_count(
    description: str,
    *,
    unit: str = "offences",
    lowest: int = LOWEST_NET_COUNT,
    nullable: bool = False,
) -> pa.Column:
    """Official count net of cancelled or moved records: a small negative is legitimate."""
    check = at_least(
        lowest,
        "E102",
        "{cell} is too far below 0 for a count net of cancelled records.",
        "Check the figure against the publisher's table.",
    )
    dtype = "Int64" if nullable else "int64"
    return column(dtype, description, check, unit=unit, code="E102", nullable=nullable)


def amount(description: str, unit: str, *, nullable: bool = False, above: float = 0.0) -> pa.Column:
    """Exposure that must be greater than zero."""
    check = pa.Check.gt(above, error="E104|{cell} is not above zero.|Give the exposure.")
    return column("float64", description, check, unit=unit, code="E104", nullable=nullable)


def percentage(description: str, *, nullable: bool = False) -> pa.Column:
    """Percentage between 0 and 100."""
    check = pa.Check.in_range(
        0, 100, error="E110|{cell} is outside 0 to 100.|Give a percentage, not a share."
    )
    return column("float64", description, check, unit="%", code="E110", nullable=nullable)


def text(description: str, *, nullable: bool = False, code: str = "E124") -> pa.Column:
    """Free text."""
    return column("str", description, nullable=nullable, code=code)


def day(description: str) -> pa.Column:
    """ISO date."""
    return column("datetime64[ns]", description, unit="date", code="E106")


def _is_year_label(label: object) -> bool:
    words = str(label).split("/")
    if len(words) != 2 or len(words[0]) != 4 or not all(word.isdigit() for word in words):
        return False
    return words[1] == f"{(int(words[0]) + 1) % 100:02d}"


def _quarter_agrees(frame: pd.DataFrame) -> Any:
    start = frame["quarter_start"]
    number = (start.dt.month - 4) // 3 % 4 + 1
    first = start.dt.year - (start.dt.month < 4)
    label = first.map(lambda year: f"{year}/{(year + 1) % 100:02d}" if year == year else "")
    starts = (start.dt.day == 1) & ((start.dt.month - 1) % 3 == 0)
    return starts & (frame["quarter"] == number) & (frame["financial_year"] == label)


def _injury_code_exists(frame: pd.DataFrame) -> Any:
    return ~(
        (frame["offence_code"] == INJURY) & (frame["quarter_start"] < pd.Timestamp(INJURY_STARTS))
    )


def _other_code_exists(frame: pd.DataFrame) -> Any:
    early = frame["quarter_start"] < pd.Timestamp(OTHER_WORKERS_START)
    kept = (frame["force"] == "greater-manchester") & (frame["offences"] == 0)
    return ~((frame["offence_code"] == OTHER_WORKERS) & early & ~kept)


def _series_fits_code(frame: pd.DataFrame) -> Any:
    wanted = frame["offence_code"].map({OTHER_WORKERS: OTHER_SERIES}).fillna(CONSTABLE_SERIES)
    return frame["series"] == wanted


QUARTER_AGREES = pa.Check(
    _quarter_agrees,
    name="quarter_agrees",
    error="E106|quarter_start, financial_year and quarter disagree.|Quarters start on 1 April, "
    "1 July, 1 October and 1 January.",
)
INJURY_EXISTS = pa.Check(
    _injury_code_exists,
    name="injury_code_exists",
    error="E109|code 8S does not exist before April 2017.|Leave the row out; it is not a zero.",
)
OTHER_WORKERS_EXIST = pa.Check(
    _other_code_exists,
    name="other_code_exists",
    error="E109|code 8T does not exist before April 2020.|Leave the row out; it is not a zero.",
)
SERIES_FITS = pa.Check(
    _series_fits_code,
    name="series_fits_code",
    error=f"E107|series and offence code disagree.|104 and 8S are {CONSTABLE_SERIES}, "
    f"8T is {OTHER_SERIES}.",
)


def quarter_columns() -> dict[str, pa.Column]:
    """Columns that name a quarter."""
    numbers = pa.Check.isin((1, 2, 3, 4), error="E106|{cell} is not a quarter.|Write 1 to 4.")
    return {
        "quarter_start": day("first day of the quarter"),
        "financial_year": year_label(),
        "quarter": column(
            "int64", "quarter of the financial year; 1 is April to June", numbers, code="E106"
        ),
    }


def offence_code(*codes: str) -> pa.Column:
    """Home Office offence code."""
    return column("str", "Home Office offence code", one_of(codes))


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
DC_VICTIMS = table(
    "us/dc-officer-victims",
    "Officer victims of assault in Washington DC, one row per incident, assignment, activity and "
    "offence.",
    {
        "year": column("int64", "calendar year", unit="year", code="E106"),
        "incident": count("number of the incident within its year: the cluster", unit=""),
        "assignment": column("str", "crew of the victim", one_of(ASSIGNMENTS)),
        "activity": text("what the officer was doing"),
        "offence_code": column(
            "str",
            "13A aggravated, 13B simple assault, 13C intimidation",
            one_of(("13A", "13B", "13C")),
        ),
        "victims": count("officer victims", unit="officers"),
        "injured": count("of those, injured", unit="officers"),
    },
    key=["year", "incident", "assignment", "activity", "offence_code"],
    checks=[
        pa.Check(
            lambda frame: frame["injured"] <= frame["victims"],
            name="injured_are_victims",
            error="E103|more injured than victims.|Check the row.",
        )
    ],
)
CITY_ASSAULTS = table(
    "us/city-assaults",
    "Assaults on US city officers by activity and assignment, 1995 to 2019 together.",
    {
        "activity": text("what the officer was doing"),
        "assignment": column("str", "crew of the officer", one_of(ASSIGNMENTS)),
        "assaults": count("assaults on officers", unit="officers assaulted"),
    },
    key=["activity", "assignment"],
)
TWO_AGENCIES = table(
    "us/two-agencies",
    "Assaults on officers of two US agencies by year.",
    {
        "agency": text("agency"),
        "ori": text("agency identifier"),
        "year": column("int64", "calendar year", unit="year", code="E106"),
        "population": count("residents served", unit="residents"),
        "sworn": count("sworn officers", unit="officers"),
        "assaults_with_injury": count(
            "assaults with injury", unit="officers assaulted", nullable=True
        ),
        "assaults": count("assaults on officers", unit="officers assaulted", nullable=True),
    },
    key=["ori", "year"],
)
PATROL_UNITS = table(
    "us/patrol-units-1987",
    "Patrol units with one and two officers by type and size of agency, 1987.",
    {
        "agency_type": text("type of agency"),
        "sworn_size": text("sworn officers, banded"),
        "agencies": count("agencies in the sample", unit="agencies"),
        "sworn": count("sworn officers", unit="officers"),
        "motor_one_officer": count("motorised units with one officer", unit="units"),
        "motor_two_officer": count("motorised units with two officers", unit="units"),
        "foot_one_officer": count("foot units with one officer", unit="units"),
        "foot_two_officer": count("foot units with two officers", unit="units"),
    },
    key=["agency_type", "sworn_size"],
)
EVIDENCE_LEDGER = table(
    "evidence/ledger",
    "Published figures on recorded assaults on officers, crewing and reporting, one per row.",
    {
        "id": text("number of the row, by which claims and reports cite it"),
        "topic": text("what it is about"),
        "what": text("what the figure is, in the project's words"),
        "value": text("figure as the page gives it; a word where it gives none"),
        "lower": column("float64", "lower limit, where the page gives one", nullable=True),
        "upper": column("float64", "upper limit, where the page gives one", nullable=True),
        "unit": text("unit of the value"),
        "area": text("place, and whom it covers"),
        "period": text("period as the page words it"),
        "source_title": text("title of the page"),
        "publisher": text("who published it"),
        "source_year": column("Int64", "year of publication", unit="year", nullable=True),
        "address": text("address of the page, or the file of this project it is computed from"),
        "how_read": column(
            "str",
            "how the figure was read",
            one_of(("read directly", "second-hand", "computed", "derived")),
        ),
        "caution": text("what to know before using it", nullable=True),
    },
    key=["id"],
    checks=[
        pa.Check(
            lambda frame: frame["address"].str.match(r"https?://|data/"),
            name="address_leads_somewhere",
            error="E124|address is neither a page nor a file of data/.|Give one of the two.",
        )
    ],
)
EVIDENCE_CLAIMS = table(
    "evidence/claims",
    "What two newspaper articles say, claim by claim; verdicts are computed, never kept.",
    {
        "claim_id": text("short name of the claim"),
        "article": text("where it was said"),
        "number": count("number within the article", unit=""),
        "claim": text("what is said, shortened"),
        "kind": column(
            "str",
            "what sort of statement it is",
            one_of(("figure", "place", "law", "source", "survey", "explanation", "outcome")),
        ),
        "claimed_value": column("float64", "figure claimed", nullable=True),
        "claimed_decimals": column(
            "Int64", "decimals it is rounded to; -1 is tens", nullable=True, code="E102"
        ),
        "ledger_ids": text("rows of the ledger that bear on it, parted by ;", nullable=True),
    },
    key=["claim_id"],
)
QUARTER_COMPOSITION = table(
    "evidence/quarter-composition",
    "Parts of the officers reported as assaulted in one quarter, as far as the wording fixes them.",
    {
        "force": force(),
        "start": day("first day of the quarter"),
        "end": day("last day of the quarter"),
        "part": text("what the part is"),
        "lower": count("fewest cases that the wording allows", unit="cases"),
        "upper": count("most cases that the wording allows", unit="cases"),
        "total": count("cases in all", unit="cases"),
        "exclusive": column("bool", "whether a case falls into one part only"),
        "ledger_id": text("row of the ledger that holds the article"),
    },
    key=["force", "start", "part"],
    checks=[
        pa.Check(
            lambda frame: (frame["lower"] <= frame["upper"]) & (frame["upper"] <= frame["total"]),
            name="parts_fit_total",
            error="E120|a part runs past its total.|Correct the range or the total.",
        )
    ],
)

REFERENCE_VALUES = table(
    "reference/values",
    "What other programs and publications give for the reference data, and how near to come.",
    {
        "id": text("name of the quantity"),
        "quantity": text("quantity in words"),
        "value": column("float64", "value as printed"),
        "tolerance": column("float64", "largest difference allowed"),
        "kind": column(
            "str", "whether the tolerance is a share of the value", one_of(("relative", "absolute"))
        ),
        "program": text("program, or Published"),
        "source": text("function of the program, or publication"),
    },
    key=["id"],
)
REFERENCE_NHEFS = table(
    "reference/nhefs",
    "Smoking cessation and weight gain, people with complete data.",
    {
        "person": count("running number", unit=""),
        "qsmk": count("1 if stopped smoking between 1971 and 1982", unit=""),
        "sex": count("1 if female", unit=""),
        "race": count("1 if not white", unit=""),
        "age": count("age in 1971", unit="years"),
        "education": count("schooling, five grades", unit=""),
        "smokeintensity": count("cigarettes a day in 1971", unit="cigarettes"),
        "smokeyrs": count("years of smoking", unit="years"),
        "exercise": count("exercise in 1971, three grades", unit=""),
        "active": count("activity in 1971, three grades", unit=""),
        "wt71": amount("weight in 1971", "kg"),
        "wt82_71": column("float64", "gain of weight, 1971 to 1982", unit="kg"),
    },
    key=["person"],
)
REFERENCE_CREW_CELLS = table(
    "reference/crew-cells",
    "Made-up crew cells that R has fitted.",
    {
        "beat": count("beat", unit=""),
        "band": text("band of the day"),
        "risk": count("risk grade, 0 or 1", unit=""),
        "single": count("1 if single crewed", unit=""),
        "officer_hours": amount("exposure", "officer-hours"),
        "y": count("recorded victims", unit="victims"),
    },
    key=["beat", "band", "risk", "single"],
)
REFERENCE_LOG_RATIOS = table(
    "reference/log-ratios",
    "Made-up log ratios that R has pooled.",
    {
        "yi": column("float64", "log ratio"),
        "vi": amount("its variance", "squared log ratio"),
    },
)
REFERENCE_SHIPS = table(
    "reference/ships",
    "Damage to cargo ships.",
    {
        "ship": count("type of ship", unit=""),
        "yr_con": count("period of construction", unit=""),
        "yr_op": count("period of operation", unit=""),
        "service": column("float64", "exposure", unit="ship-months", nullable=True),
        "accident": column("float64", "incidents of damage", unit="incidents", nullable=True),
        "op_75_79": count("1 if operated 1975 to 1979", unit=""),
        "co_65_69": count("1 if built 1965 to 1969", unit=""),
        "co_70_74": count("1 if built 1970 to 1974", unit=""),
        "co_75_79": count("1 if built 1975 to 1979", unit=""),
    },
    key=["ship", "yr_con", "yr_op"],
)
REFERENCE_SMOKING = table(
    "reference/smoking-deaths",
    "Coronary deaths of British doctors.",
    {
        "agecat": count("age group", unit=""),
        "smokes": count("1 if a smoker", unit=""),
        "deaths": count("deaths", unit="deaths"),
        "pyears": amount("exposure", "person-years"),
    },
    key=["agecat", "smokes"],
)
REFERENCE_BCG = table(
    "reference/bcg-trials",
    "Trials of BCG vaccine.",
    {
        "trial": count("trial", unit=""),
        "tpos": count("vaccinated, cases", unit="people"),
        "tneg": count("vaccinated, others", unit="people"),
        "cpos": count("not vaccinated, cases", unit="people"),
        "cneg": count("not vaccinated, others", unit="people"),
    },
    key=["trial"],
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


def named(schema: pa.DataFrameSchema) -> list[str]:
    """Names of the columns of a schema, without the pattern for columns of your own."""
    return [name for name, column in schema.columns.items() if not column.regex]
