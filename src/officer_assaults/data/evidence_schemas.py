"""Schemas of evidence from elsewhere: studies, ledgers, other countries and reference values."""

from __future__ import annotations

import pandera.pandas as pa

from officer_assaults.data.columns import (
    ASSIGNMENTS,
    amount,
    column,
    count,
    day,
    force,
    one_of,
    table,
    text,
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
