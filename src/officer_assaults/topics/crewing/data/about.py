"""About: the sidecar of a crewing file, which says where hours and victims come from."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from officer_assaults import files
from officer_assaults.data import readers
from officer_assaults.data.tables import SIDECAR
from officer_assaults.daylight import DEFAULT_LATITUDE
from officer_assaults.refusals import Problems, nearest

CREW_LOGS = ("actual", "planned")
FIELDS = (
    "title",
    "source",
    "publisher",
    "url",
    "licence",
    "attribution",
    "retrieved",
    "vintage",
    "crew_source",
    "timezone",
    "latitude",
    "headcount",
    "period_months",
    "missing_months",
    "definitions",
    "checksum",
)
NEEDED = ("source", "retrieved", "crew_source")
#: What the template leaves in the place of an answer.
OPEN = "ASK"
OPEN_SOURCE = "NAME OF THE SYSTEM AND THE QUERY"


@dataclass(frozen=True, slots=True)
class About:
    """What the force says of its own file.

    Parameters
    ----------
    source : str
        System that the figures were taken from.
    retrieved : datetime.date
        Day of the export; nothing in the file may lie after it.
    hours_log, victims_log : {"actual", "planned"}
        Crew as booked on or as planned, behind the hours and behind the victims; the same for both.
    timezone : str
        Zone of clock times that carry no offset; empty if there are none.
    latitude : float
        Degrees north, for darkness.
    headcount : float or None
        Officers who could have been on duty, to check the hours by.
    period_months : int
        Length of a period of the cells.
    title, vintage, licence : str
    missing_months : str
        Why months between the first and the last have no rows; empty if none are missing.
    """

    source: str
    retrieved: date
    hours_log: str
    victims_log: str
    timezone: str = ""
    latitude: float = DEFAULT_LATITUDE
    headcount: float | None = None
    period_months: int = 1
    title: str = "Crewing export of the force"
    vintage: str = ""
    licence: str = "not for release"
    missing_months: str = ""

    @property
    def planned(self) -> bool:
        """Whether crews are as planned, not as booked on."""
        return self.hours_log == "planned"


def sidecar_of(path: Path) -> Path:
    """Where the sidecar of a file lies."""
    return Path(f"{path}{SIDECAR}")


def read_about(path: Path, sidecar: Path) -> About:
    """Read and check the sidecar of a crewing file.

    Parameters
    ----------
    path : Path
        The data file, for its checksum.
    sidecar : Path

    Raises
    ------
    Refusal
        E112 if it is missing or takes crews from different logs for hours and victims; E124 for
        fields that are unknown, missing or unreadable; all problems at once.
    """
    problems = Problems(file=sidecar.name)
    content = _content(sidecar, problems)
    _check_fields(content, problems)
    hours, victims = _crew_logs(content.get("crew_source"), problems)
    about = About(
        source=str(content.get("source", "")),
        retrieved=_day(content.get("retrieved"), problems),
        hours_log=hours,
        victims_log=victims,
        timezone=_zone(content.get("timezone"), problems),
        latitude=_number(content, "latitude", DEFAULT_LATITUDE, (-66, 66), problems),
        headcount=_number(content, "headcount", 0.0, (0, 1e6), problems) or None,
        period_months=int(_whole(content, "period_months", 1, (1, 12), problems)),
        title=str(content.get("title") or "Crewing export of the force"),
        vintage=str(content.get("vintage") or content.get("retrieved") or ""),
        licence=str(content.get("licence") or "not for release"),
        missing_months=str(content.get("missing_months") or ""),
    )
    stated = str(content.get("checksum") or "").removeprefix("sha256:")
    if stated and stated != files.sha256_file(path):
        problems.add(
            "E124",
            f"the checksum is not that of '{path.name}': the file was changed afterwards.",
            "Export it again, or take the checksum out.",
            column="checksum",
        )
    problems.raise_if_any()
    return about


def _content(sidecar: Path, problems: Problems) -> dict[str, Any]:
    if not sidecar.is_file():
        problems.add(
            "E112",
            "is missing, so nobody can tell whether hours and victims take the crew from one log.",
            "Write one with 'officer-assaults template crewing' and put it beside the data file.",
        )
        problems.raise_if_any()
    if twice := keys_twice(readers.read_text(sidecar, sidecar.name)):
        problems.add("E124", f"says '{twice[0]}' twice.", "Keep one of them.", column=twice[0])
        problems.raise_if_any()
    content = readers.read_mapping(sidecar, sidecar.name)
    if content is None:
        problems.add("E124", "is not a YAML mapping.", "Start from the template.")
        problems.raise_if_any()
        raise AssertionError
    return content


def keys_twice(text: str) -> list[str]:
    """Keys that stand twice in one mapping of a YAML text; YAML keeps the last without a word."""
    found: list[str] = []

    def look(node: Any) -> None:
        if isinstance(node, yaml.MappingNode):
            names = [str(key.value) for key, _ in node.value]
            found.extend(sorted({name for name in names if names.count(name) > 1}))
            for _, value in node.value:
                look(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                look(item)

    # Aliases can stand for gigabytes of nodes; the reader refuses them afterwards.
    if "*" not in text:
        with contextlib.suppress(yaml.YAMLError, RecursionError):
            look(yaml.compose(text, Loader=yaml.SafeLoader))
    return found


def _check_fields(content: dict[str, Any], problems: Problems) -> None:
    for name in content:
        if name not in FIELDS and not name.startswith("x_"):
            problems.add(
                "E124", f"has an unknown field '{name}'.", nearest(name, FIELDS), column=name
            )
    for name in _unanswered(content):
        code = "E112" if name.startswith("crew_source") else "E124"
        problems.add(code, "is still as the template left it.", "Fill it in.", column=name)
    for name in NEEDED:
        if not content.get(name):
            code = "E112" if name == "crew_source" else "E124"
            problems.add(code, f"does not say '{name}'.", "Fill it in.", column=name)


def _unanswered(content: dict[str, Any]) -> list[str]:
    logs = content.get("crew_source")
    parts = logs if isinstance(logs, dict) else {}
    open_logs = [f"crew_source.{part}" for part in ("hours", "victims") if parts.get(part) == OPEN]
    return [
        *(name for name, value in content.items() if value in (OPEN, OPEN_SOURCE)),
        *open_logs,
    ]


def _crew_logs(stated: Any, problems: Problems) -> tuple[str, str]:
    if not stated:
        return "", ""
    logs = stated if isinstance(stated, dict) else {}
    hours, victims = str(logs.get("hours", "")), str(logs.get("victims", ""))
    for part, log in (("hours", hours), ("victims", victims)):
        if log not in (*CREW_LOGS, OPEN):
            problems.add(
                "E112",
                f"'{log}' under {part} is not a crew log.",
                f"Write {part}: actual (as booked on) or planned.",
                column="crew_source",
            )
    if hours in CREW_LOGS and victims in CREW_LOGS and hours != victims:
        problems.add(
            "E112",
            f"hours take the crew as {hours}, victims as {victims}: when planned double crews "
            "part, such a ratio can be out by a third and more.",
            "Take both from the same log, best from book-on and book-off.",
            column="crew_source",
        )
    return hours, victims


def _day(value: Any, problems: Problems) -> date:
    # A moment is a date to Python, but cannot be compared with one.
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if value == OPEN:
        return date.max
    if value:
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            problems.add(
                "E124", f"'{value}' is not a date.", "Write it as 2024-04-30.", column="retrieved"
            )
    return date.max


def _zone(value: Any, problems: Problems) -> str:
    if value and str(value) not in available_timezones():
        problems.add(
            "E113",
            f"'{value}' is not a time zone.",
            "Write Europe/London, or give every time an offset.",
            column="timezone",
        )
        return ""
    return str(value or "")


def _whole(
    content: dict[str, Any],
    name: str,
    default: int,
    limits: tuple[float, float],
    problems: Problems,
) -> float:
    value = _number(content, name, default, limits, problems)
    if value != int(value):
        problems.add(
            "E124",
            f"'{value:g}' is no whole number.",
            "Give cells of whole months, and write how many.",
            column=name,
        )
        return default
    return value


def _number(
    content: dict[str, Any],
    name: str,
    default: float,
    limits: tuple[float, float],
    problems: Problems,
) -> float:
    value = content.get(name, default)
    if value is None:
        return default
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not fits or not limits[0] <= value <= limits[1]:
        problems.add(
            "E124",
            f"'{value}' is no number from {limits[0]:g} to {limits[1]:g}.",
            "Correct it, or take the field out.",
            column=name,
        )
        return default
    return float(value)
