"""Meanings: what the columns of force systems are called, and how their cells are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

Words = Mapping[str, tuple[str, ...]]

_PLACE: dict[str, tuple[str, ...]] = {
    "lpa": (
        "lpa",
        "area",
        "district",
        "division",
        "bcu",
        "lpu",
        "sector",
        "policing area",
        "local policing area",
        "borough",
        "command area",
    ),
    "beat": ("beat", "beat code", "neighbourhood", "ward", "patrol area", "npt"),
    "area_type": ("area type", "beat type", "urban rural", "rurality"),
    "team": ("team", "relief", "shift team", "section", "turn", "rota"),
}
_SIGN = (
    "call sign",
    "callsign",
    "unit",
    "resource",
    "resource id",
    "vehicle",
    "unit call sign",
    "unit id",
    "call sign id",
    "resource name",
    "radio call sign",
)
_WHO = (
    "collar no",
    "collar",
    "collar number",
    "officer",
    "officer id",
    "officer no",
    "shoulder number",
    "shoulder no",
    "warrant no",
    "warrant number",
    "pin",
    "fin",
    "employee",
    "employee no",
    "employee number",
    "staff id",
    "payroll no",
    "badge",
    "victim",
    "victim collar no",
    "victim officer",
    "officer collar",
    "id no",
    "epaulette",
    "pid",
)

#: Names that columns go by, per kind of table; the first need is what the kind is known by.
TABLES: Mapping[str, Words] = MappingProxyType(
    {
        "officers": {
            "officer": _WHO,
            "call_sign": _SIGN,
            "start": (
                "book on",
                "booked on",
                "log on",
                "logged on",
                "on duty",
                "start",
                "shift start",
                "signed on",
                "time on",
                "start time",
                "on",
                "duty start",
                "bookon",
                "from",
                "start datetime",
            ),
            "end": (
                "book off",
                "booked off",
                "log off",
                "logged off",
                "off duty",
                "end",
                "shift end",
                "signed off",
                "time off",
                "end time",
                "off",
                "duty end",
                "bookoff",
                "to",
                "finish",
                "end datetime",
            ),
            **_PLACE,
        },
        "incidents": {
            "incident": (
                "incident",
                "incident no",
                "incident number",
                "incident id",
                "log",
                "log no",
                "log number",
                "cad",
                "cad no",
                "urn",
                "incident ref",
                "storm ref",
                "event",
                "event no",
                "event number",
                "job no",
                "reference",
            ),
            "attended": (
                "attended",
                "arrived",
                "at scene",
                "on scene",
                "arrival",
                "time at scene",
                "arrival time",
                "attended at",
                "on scene time",
                "state 6",
                "arrive time",
                "time arrived",
            ),
            "call_sign": _SIGN,
            "grade": (
                "grade",
                "priority",
                "response grade",
                "call grade",
                "initial grade",
                "grading",
                "response level",
            ),
            "marker": (
                "marker",
                "warning marker",
                "markers",
                "warning",
                "warning markers",
                "address marker",
            ),
        },
        "assaults": {
            "assault": (
                "crime no",
                "crime number",
                "crime ref",
                "crime reference",
                "occurrence",
                "occurrence no",
                "occurrence number",
                "crime",
                "urn",
                "crime id",
                "niche ref",
                "crime reference number",
            ),
            "occurred": (
                "occurred",
                "occurred at",
                "offence date",
                "committed",
                "committed from",
                "committed on",
                "date occurred",
                "occurred from",
                "offence datetime",
                "incident date",
                "date time of offence",
                "first committed",
            ),
            "recorded": (
                "recorded",
                "recorded at",
                "created",
                "date recorded",
                "recorded on",
                "reported",
                "report date",
            ),
            "officer": _WHO,
            "code": (
                "ho code",
                "offence code",
                "code",
                "offence",
                "home office code",
                "classification",
                "hocr",
                "ho offence code",
                "offence classification",
                "crime type",
            ),
        },
    }
)
NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "officers": ("officer", "call_sign", "start", "end", "lpa"),
        "incidents": ("attended", "call_sign"),
        "assaults": ("occurred", "officer"),
    }
)
MOMENTS = ("start", "end", "attended", "occurred", "recorded", "occurred_at", "recorded_at")
#: Columns of ready cells and unit-shifts, and what else they are called.
READY: Words = MappingProxyType(
    {
        "force": ("police force", "force name"),
        "lpa": _PLACE["lpa"],
        "beat": _PLACE["beat"],
        "area_type": _PLACE["area_type"],
        "beat_type": ("beat type",),
        "period_start": (
            "month",
            "period",
            "month start",
            "period start",
            "date",
            "month beginning",
        ),
        "hour_band": ("hour band", "time band", "time of day", "band", "shift band"),
        "weekend": ("is weekend", "weekend flag", "we"),
        "call_grade": ("call grade", "grade", "priority"),
        "crew": (
            "crew type",
            "crewing",
            "single double",
            "crew size",
            "single or double",
            "s d",
            "sc dc",
            "crew status",
        ),
        "unit_hours": ("unit hours", "hours", "vehicle hours", "resource hours", "crew hours"),
        "officer_hours": ("officer hours", "staff hours", "person hours"),
        "attended": ("incidents attended", "attendances", "calls attended", "incidents"),
        "y": (
            "assaults",
            "victims",
            "assaults on officers",
            "officer victims",
            "assaulted",
            "officers assaulted",
            "assaults on police",
            "officer assaults",
        ),
        "y_injury": (
            "injuries",
            "with injury",
            "assaults with injury",
            "injured",
            "victims with injury",
            "with injuries",
        ),
        "incidents_assault": ("incidents with assault", "assault incidents"),
        "dark_share": ("dark share", "darkness"),
        "backup_min": ("backup min", "back up minutes", "backup minutes", "back up"),
    }
)

CREW_WORDS: Words = MappingProxyType(
    {
        "single": (
            "s",
            "sc",
            "single",
            "1",
            "single crew",
            "single crewed",
            "single-crewed",
            "solo",
            "one",
            "alone",
            "1 officer",
            "one officer",
            "1 up",
        ),
        "double": (
            "d",
            "dc",
            "double",
            "2",
            "double crew",
            "double crewed",
            "double-crewed",
            "pair",
            "two",
            "dbl",
            "2 officers",
            "two officers",
            "2 up",
        ),
        "multi": (
            "m",
            "mc",
            "multi",
            "3",
            "4",
            "5",
            "6",
            "multiple",
            "triple",
            "t",
            "3+",
            "three",
            "van",
            "more",
            "3 officers",
            "4 officers",
            "multi crew",
            "triple crew",
            "triple crewed",
            "tc",
        ),
    }
)
BAND_WORDS: Words = MappingProxyType(
    {
        "day": ("day", "d", "days", "daytime", "07-17", "0700-1700", "7-17", "07:00-17:00"),
        "evening": (
            "evening",
            "e",
            "eve",
            "evenings",
            "lates",
            "17-22",
            "1700-2200",
            "17:00-22:00",
        ),
        "night": ("night", "n", "nights", "22-03", "2200-0300", "22-3", "22:00-03:00"),
        "early": ("early", "early morning", "earlies", "03-07", "0300-0700", "3-7", "03:00-07:00"),
    }
)
GRADE_WORDS: Words = MappingProxyType(
    {
        "grade 1": (
            "i",
            "immediate",
            "1",
            "grade 1",
            "g1",
            "emergency",
            "e",
            "a",
            "blue light",
            "emergency response",
            "grade1",
            "immediate response",
        ),
        "other": (
            "other",
            "p",
            "priority",
            "priority response",
            "scheduled response",
            "s",
            "soon",
            "scheduled",
            "2",
            "3",
            "4",
            "5",
            "grade 2",
            "grade 3",
            "grade 4",
            "g2",
            "g3",
            "r",
            "resolution",
            "prompt",
            "routine",
            "significant",
            "d",
            "diary",
            "deferred",
            "b",
            "c",
            "standard",
            "telephone",
            "appointment",
        ),
    }
)
CODE_WORDS: Words = MappingProxyType(
    {
        "no injury": (
            "104",
            "assault without injury on a constable",
            "assault pc",
            "no injury",
            "104/25",
        ),
        "injury": (
            "8s",
            "8t",
            "008s",
            "8/s",
            "assault with injury on a constable",
            "injury",
            "assault with injury",
            "8s/",
        ),
    }
)
TYPE_WORDS: Words = MappingProxyType(
    {"urban": ("urban", "u", "city"), "town": ("town", "t", "suburban"), "rural": ("rural", "r")}
)
FLAG_WORDS: Words = MappingProxyType(
    {
        "1": ("1", "yes", "y", "true", "t", "weekend", "we", "x"),
        "0": ("0", "no", "n", "false", "f", "weekday", "wd", "", "-"),
    }
)
YES_NO: Words = MappingProxyType({"yes": FLAG_WORDS["1"], "no": FLAG_WORDS["0"]})
VALUE_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "crew": CREW_WORDS,
        "crew_actual": CREW_WORDS,
        "crew_planned": CREW_WORDS,
        "hour_band": BAND_WORDS,
        "grade": GRADE_WORDS,
        "call_grade": GRADE_WORDS,
        "code": CODE_WORDS,
        "area_type": TYPE_WORDS,
        "beat_type": TYPE_WORDS,
        "weekend": FLAG_WORDS,
        "taser": FLAG_WORDS,
        "marker": FLAG_WORDS,
        "is_simulated": YES_NO,
    }
)
HOURS = ("unit_hours", "officer_hours", "officer_hours_after_double")
MOST_HOURS_A_MONTH = 24 * 31

#: A name shorter than this is taken for a meaning only where it is the whole header.
SHORTEST_PART = 5
#: What stands in a cell that holds nothing.
MISSING = (
    "", "-", "--", "null", "n/a", "#n/a", "na", "nan", "none", "nil", "(null)", "nat", "<na>",
    "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!",
)  # fmt: skip
_CODES = (
    ("no injury", re.compile(r"without injury|^\s*104\b", re.IGNORECASE)),
    ("injury", re.compile(r"\bwith injury|^\s*0*8/?[ST]\b|^\s*0*8/(6[89]|70)\b", re.IGNORECASE)),
)


def plain(text: str) -> str:
    """Header or value in lower case, without signs between its words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return " ".join(re.sub(r"[^\w+]+|_", " ", spaced.casefold()).split())


def column_for(
    meaning: str, names: Iterable[str], headers: Sequence[str], *, loose: bool = False
) -> str:
    """Header that most likely holds a meaning; empty if none does.

    Parameters
    ----------
    meaning : str
    names : iterable of str
        What else it is called.
    headers : sequence of str
    loose : bool
        Whether a header may hold the name among other words, as 'Officer Collar No' does.
    """
    known = {plain(header): header for header in reversed(headers)}
    wanted = [plain(name) for name in (meaning, *names)]
    for name in wanted:
        if found := known.get(name):
            return found
    if loose:
        for name in sorted(wanted, key=len, reverse=True):
            for text, header in known.items():
                if len(name) >= SHORTEST_PART and f" {name} " in f" {text} ":
                    return header
    return ""


def word_for(cell: str, words: Words) -> str:
    """Word of the vocabulary that a cell most likely stands for; empty if none does."""
    text = plain(cell)
    for word, known in words.items():
        if text == plain(word) or cell.strip().casefold() in known or text in map(plain, known):
            return word
    if words is CODE_WORDS:
        return next((word for word, form in _CODES if form.search(cell)), "")
    return ""


def hours_unit(cells: Sequence[str], largest: float) -> str:
    """Tell the unit of hours: hh:mm by its sign; ASK where a month could not hold them."""
    given = [cell for cell in cells if cell]
    if given and all(re.fullmatch(r"\d+:\d{2}(:\d{2})?", cell) for cell in given):
        return "hh:mm"
    values = []
    for cell in given:
        try:
            values.append(float(cell.replace(",", ".")))
        except ValueError:
            return "ASK"
    if values and sorted(values)[len(values) // 2] > largest:
        return "ASK"
    return "hours"
