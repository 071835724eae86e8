"""Dates: every way in which force systems and Excel write a moment, each read strictly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

STYLES = (
    "iso", "day first", "month first", "named month", "compact", "excel", "unix", "month",
)  # fmt: skip
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+", re.IGNORECASE)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)
_CLOCK_FIRST = re.compile(
    r"(\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\.?)?|\d{4})\s*(?:hrs?)?[\s,]+(?:on\s+)?"
    r"(?=\d{1,2}[/.\- ]|\d{4}-|\d{1,2}[A-Za-z])(.*)",
    re.IGNORECASE,
)
_DMY = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?!\d)")
_YMD = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NAMED = re.compile(r"(\d{1,2})[ \-/.]?([A-Za-z]{3,9})\.?[ \-/.,]*(\d{4}|\d{2})(?!\d)")
_NAME_FIRST = re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4})(?!\d)")
_COMPACT = re.compile(r"((?:19|20)\d{2})([01]\d)([0-3]\d)(?=$|[ T]|\d{4})")
_SERIAL = re.compile(r"[3-6]\d{4}(?:\.\d+)?")
_UNIX = re.compile(r"1[0-9]\d{8}(?:\d{3})?(?:\.\d+)?")
#: What may stand between a day and its time.
_BETWEEN = re.compile(r"[T,:]|\s*-\s*|,?\s+(?:at\s+)?", re.IGNORECASE)
_CLOCK = re.compile(
    r"(\d{1,2})(?:[:.]?(\d{2})(?:[:.]?(\d{2}(?:[.,]\d+)?))?)?\s*(?:([ap])\.?m\.?)?\s*(?:hrs?|hours)?"
    r"\s*(Z|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
#: A time as Excel keeps it: a part of a day, which no hours and minutes are written like.
_FRACTION = re.compile(r"0?\.\d{3,}|\d(?:\.\d+)?E-\d+", re.IGNORECASE)
_SHORT_FRACTION = re.compile(r"0?\.\d+|\d(?:\.\d+)?E-\d+", re.IGNORECASE)
_CLOCK_ONLY = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?[ap]\.?m\.?)?", re.IGNORECASE)
_DIGITS = re.compile(r"\d{1,4}|0?\.\d+|\d(?:\.\d+)?E-\d+", re.IGNORECASE)
#: A month without a day: 2022-04, 04/2022, 202204, Apr-22, April 2022.
MONTH_ONLY = re.compile(
    r"(?:(?P<year>\d{4})[-/]?(?P<month>\d{2})|(?P<month2>\d{1,2})[-/](?P<year2>\d{4})"
    r"|(?P<name>[A-Za-z]{3,9})[- ](?P<year3>\d{2}|\d{4}))$"
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
_EPOCH = datetime(1899, 12, 30)
#: Cells of which so many are written one way are taken to be written that way.
MOST = 0.9
#: Year as written, month and day, and where the text of them ends.
Day = tuple[str, int, int, int]
Reader = Callable[[str], Day | None]


def iso_texts(cells: Sequence[str], style: str) -> list[str]:
    """Cells as ISO dates and times; what is no date of that style becomes empty.

    Parameters
    ----------
    cells : sequence of str
        All different cells of one column: whether its times are parts of a day, others tell.
    style : str
        One of :data:`STYLES`.
    """
    parts = [_split(cell, style) for cell in cells]
    clocks = [part[1] for part in parts if part]
    fractions = any(
        _FRACTION.fullmatch(part[1])
        for cell, part in zip(cells, parts, strict=True)
        if part and ("." in cell or "E-" in cell)
    )
    digits = [clock for clock in clocks if len(clock) > 2 and clock.isdigit()]
    short = any(len(clock) == 3 for clock in digits) and not any(c[0] == "0" for c in digits)
    return [
        _iso(cell, style, part, fractions, short) for cell, part in zip(cells, parts, strict=True)
    ]


def style_of(cells: Sequence[str], *, first_of_month: bool = False) -> str:
    """How dates are written, or ASK where that cannot be told."""
    given = [cell for cell in dict.fromkeys(cells) if cell]
    for style in ("month", "iso", "named month", "compact", "excel", "unix"):
        if given and _share(given, style) > MOST:
            return style
    found = [match for cell in given if (match := _DMY.match(_tidy(cell)))]
    if not found:
        return "ASK"
    first, second = ({int(match[at]) for match in found} for at in (1, 2))
    if max(first) > 12 >= max(second):
        return "day first"
    if max(second) > 12 >= max(first):
        return "month first"
    if first_of_month and len(first | second) > 1 and (first == {1}) != (second == {1}):
        return "day first" if first == {1} else "month first"
    return "ASK"


def _share(cells: Sequence[str], style: str) -> float:
    return sum(map(bool, iso_texts(cells, style))) / len(cells)


def only_as(cells: Sequence[str], style: str) -> str:
    """First cell that reads as a day first, or a month first, and not the other way round."""
    other = {"day first": "month first", "month first": "day first"}[style]
    given = list(dict.fromkeys(cells))
    both = zip(given, iso_texts(given, style), iso_texts(given, other), strict=True)
    return next((cell for cell, read, turned in both if read and not turned), "")


def other_styles(cells: Sequence[str], style: str) -> list[str]:
    """Styles in which cells can be read that are no dates of the style they should have."""
    styles = [name for name in STYLES if name not in (style, "month")]
    return [name for name in styles if cells and _share(cells, name) > MOST]


def dated(cells: Sequence[str]) -> bool:
    """Whether most cells begin as a date does."""
    texts = list(map(_tidy, cells))
    forms = (_YMD, _DMY, _NAMED, _NAME_FIRST, _COMPACT)
    whole = (_SERIAL, _UNIX)
    read = sum(
        any(form.match(text) for form in forms) or any(form.fullmatch(text) for form in whole)
        for text in texts
    )
    return bool(cells) and read > 0.5 * len(cells)


def clock_only(cells: Sequence[str], header: str = "") -> bool:
    """Whether cells are times of day without a day; numbers are where the header says so."""
    if not cells:
        return False
    named = any(word in header.casefold() for word in ("time", "clock", "hrs"))
    return all(_CLOCK_ONLY.fullmatch(cell) for cell in cells) or (
        named and all(_DIGITS.fullmatch(cell) or _CLOCK_ONLY.fullmatch(cell) for cell in cells)
    )


def has_clock(cell: str, style: str) -> bool:
    """Whether a cell tells the time of day."""
    return style == "unix" or bool("." in cell if style == "excel" else _clock_of(cell, style))


def said_date(cell: str, style: str) -> str:
    """Say which day a cell is, so that a person sees what was guessed."""
    text = iso_texts([cell], style)[0]
    try:
        return f"{datetime.fromisoformat(text[:10]):%d %B %Y}".lstrip("0")
    except ValueError:
        return "no date"


def _tidy(cell: str) -> str:
    """Cell without the weekday and the endings of ordinals, the day before the time."""
    text = " ".join(cell.replace("\u200b", "").split())
    text = _ORDINAL.sub("", _WEEKDAY.sub("", text, count=1) if text[:1].isalpha() else text)
    turned = _CLOCK_FIRST.fullmatch(text)
    return f"{turned[2]} {turned[1]}" if turned else text


def _named(text: str) -> Day | None:
    found = _NAMED.match(text)
    day, name, year = found.groups() if found else ("", "", "")
    if found is None:
        found = _NAME_FIRST.match(text)
        if found is None:
            return None
        name, day, year = found.groups()
    fits = [n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.casefold())]
    short = name.casefold() == "sept"
    if not fits and not short:
        return None
    return year, fits[0] if fits else 9, int(day), found.end()


def _by(form: re.Pattern[str], year: int, month: int, day: int) -> Reader:
    def read(text: str) -> Day | None:
        found = form.match(text)
        return (found[year], int(found[month]), int(found[day]), found.end()) if found else None

    return read


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "iso": _by(_YMD, 1, 2, 3),
        "day first": _by(_DMY, 3, 2, 1),
        "month first": _by(_DMY, 3, 1, 2),
        "compact": _by(_COMPACT, 1, 2, 3),
        "named month": _named,
    }
)


def _split(cell: str, style: str) -> tuple[Day, str] | None:
    """Year, month and day of a cell, and the text of its time."""
    read = _READERS.get(style)
    if read is None:
        return None
    text = _tidy(cell)
    found = read(text)
    if found is None:
        return None
    rest = text[found[-1] :]
    between = _BETWEEN.match(rest)
    if rest and between is None and style != "compact":
        return None
    return found, rest[between.end() :].strip() if between else rest


def _clock_of(cell: str, style: str) -> str:
    found = _split(cell, style)
    return found[1] if found else ""


def _iso(cell: str, style: str, part: tuple[Day, str] | None, fractions: bool, short: bool) -> str:
    try:
        if style == "excel":
            return (_EPOCH + timedelta(seconds=round(float(cell) * 86400))).isoformat()
        if style == "unix":
            seconds = float(cell) / (1000 if float(cell) > 1e11 else 1)
            whole = _UNIX.fullmatch(cell)
            return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}Z" if whole else ""
        if style == "month":
            return _month(cell)
        if part is None:
            return ""
        (year, month, day, _), clock = part
        date = datetime(int(year if len(year) == 4 else f"20{year}"), month, day)
        # A spreadsheet has taken the noughts off 0057 and 0700.
        return _with_time(date, clock.zfill(4) if short and clock.isdigit() else clock, fractions)
    except (ValueError, OverflowError):
        return ""


def _with_time(day: datetime, clock: str, fractions: bool) -> str:
    if not clock or clock == "0":
        return f"{day:%Y-%m-%dT00:00:00}"
    if fractions and _SHORT_FRACTION.fullmatch(clock):
        return (day + timedelta(seconds=round(float(clock) * 86400))).isoformat()
    found = _CLOCK.fullmatch(clock)
    if found is None or (found[2] is None and not found[4]):
        raise ValueError(clock)
    hour, minute, second, half, offset = found.groups()
    hours, seconds = int(hour), (second or "00").replace(",", ".")
    if half:
        if not 1 <= hours <= 12:
            raise ValueError(clock)
        hours = hours % 12 + (12 if half.lower() == "p" else 0)
    if hours == 24 and not int(minute or 0) and not float(seconds):
        day, hours = day + timedelta(days=1), 0
    offset = "Z" if (offset or "").upper() == "UTC" else offset or ""
    return f"{day:%Y-%m-%d}T{hours:02d}:{minute or '00'}:{seconds}{offset.upper()}"


def _month(cell: str) -> str:
    """First day of a month written without a day."""
    found = MONTH_ONLY.match(cell)
    if found is None:
        return ""
    year = found["year"] or found["year2"] or found["year3"]
    month = found["month"] or found["month2"]
    if found["name"]:
        month = str(datetime.strptime(found["name"][:3], "%b").month)
    return f"{year if len(year) == 4 else f'20{year}'}-{int(month):02d}-01T00:00:00"
