"""Words: how numbers are written, and which phrases a report may not use."""

from __future__ import annotations

import math
import re
from datetime import date as Date  # noqa: N812
from html import unescape
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

MINUS = "−"
NOT_AVAILABLE = "[x]"
_SMALL_P = 0.001
# From here on two places tell the numbers of a column or the limits of an interval apart.
_SMALL = 0.1
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def number(value: float, decimals: int | None = None, *, signed: bool = False) -> str:
    """Write a number with thousands separators and a true minus sign.

    Parameters
    ----------
    value : float
        Not-a-number is written ``[x]``, infinity ``∞``.
    decimals : int, optional
        Places after the point. By default none for whole numbers, otherwise enough for three
        leading digits, at most four.
    signed : bool
        Write ``+`` before positive numbers.

    Examples
    --------
    >>> number(1057), number(1.33123), number(-263, signed=True), number(20.27, 1)
    ('1,057', '1.33', '−263', '20.3')
    """
    if math.isnan(value):
        return NOT_AVAILABLE
    sign = MINUS if value < 0 else "+" if signed and value > 0 else ""
    size = abs(value)
    if math.isinf(size):
        return f"{sign}∞"
    text = f"{size:,.{_places(size) if decimals is None else decimals}f}"
    return text if not text.strip("0.,") and sign == MINUS else sign + text


def _places(size: float) -> int:
    if size == int(size):
        return 0
    return min(4, max(0, 2 - math.floor(math.log10(size))))


def shared_decimals(values: Iterable[float]) -> int:
    """Places after the point that suit a whole column: none for whole numbers, else one or two.

    A column of small numbers gets as many as its largest needs for three leading digits.
    """
    finite = [abs(value) for value in values if math.isfinite(value)]
    if all(value == int(value) for value in finite):
        return 0
    if max(finite) >= 100:
        return 1
    return 2 if max(finite) >= _SMALL else _places(max(finite))


def percent(share: float, decimals: int = 0, *, signed: bool = False) -> str:
    """Write a proportion as a percentage.

    Examples
    --------
    >>> percent(0.331), percent(0.331, 1, signed=True)
    ('33%', '+33.1%')
    """
    text = number(share * 100, decimals, signed=signed)
    return text if text == NOT_AVAILABLE else f"{text}%"


def interval(
    lower: float, upper: float, decimals: int | None = None, *, as_percent: bool = False
) -> str:
    """Write the limits of an interval, "1.21 to 1.46"; an infinite limit in words.

    Parameters
    ----------
    lower, upper : float
        Limits; an infinite one gives "1.21 or more" or "1.46 or less".
    decimals : int, optional
        Places after the point; by default none for percentages and whole numbers, else what suits
        both limits.
    as_percent : bool
        Treat the limits as proportions.
    """
    places = decimals
    if places is None:
        places = 0 if as_percent else _shared_places(lower, upper)

    def write(value: float) -> str:
        return percent(value, places) if as_percent else number(value, places)

    if math.isnan(lower) or math.isnan(upper):
        return NOT_AVAILABLE
    if math.isinf(lower) and math.isinf(upper):
        return "any value"
    if math.isinf(upper):
        return f"{write(lower)} or more"
    if math.isinf(lower):
        return f"{write(upper)} or less"
    return f"{write(lower)} to {write(upper)}"


def _shared_places(*numbers: float) -> int:
    finite = [abs(number) for number in numbers if math.isfinite(number)]
    if all(number == int(number) for number in finite):
        return 0
    largest = max(finite) + 1e-9
    return min(_places(largest), 2) if largest >= _SMALL else _places(largest)


def estimate(value: float, lower: float, upper: float) -> tuple[str, str]:
    """Write a number and the limits of its interval to the same place.

    Examples
    --------
    >>> estimate(0.9006, 0.8689, 0.9335), estimate(0.0543, 0.0374, 0.0774)
    (('0.90', '0.87 to 0.93'), ('0.0543', '0.0374 to 0.0774'))
    """
    places = _shared_places(value, lower, upper)
    return number(value, places), interval(lower, upper, places)


_CLASSES = {"104": "recorded assaults without injury", "8S": "recorded assaults with injury"}
_CODE = re.compile(r"\b[Cc]ode (104|8S)( is)?\b")
_CODE_YEAR = re.compile(r"^.*?\b(\d{4}/\d{2}), (?:codes? [\w, ]+?|all codes): (.)")


def capital(text: str) -> str:
    """Begin a sentence with a capital letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """Begin with a capital and drop the full stop."""
    return (text[:1].upper() + text[1:]).rstrip(".")


def without_codes(text: str) -> str:
    """Say why figures are not used as a reader would: offence codes by name, no list of places.

    Examples
    --------
    >>> without_codes("Kent cannot be compared: 2017/18, code 8S: Counts moved. (touches 1 of 4)")
    'In 2017/18: counts moved'
    >>> without_codes("Code 8S is left out.")
    'Recorded assaults with injury are left out'
    """
    text = re.sub(r"\.? ?\(touches [^)]*\)", "", text)
    text = _CODE_YEAR.sub(lambda found: f"In {found[1]}: {found[2].lower()}", text)
    named = _CODE.sub(lambda found: _CLASSES[found[1]] + (" are" if found[2] else ""), text)
    return capital(named).rstrip(" .")


def interval_words(
    lower: float,
    upper: float,
    decimals: int | None = None,
    *,
    level: float = 0.95,
    as_percent: bool = False,
) -> str:
    """Write an interval with its coverage: "95% interval 1.21 to 1.46"."""
    limits = interval(lower, upper, decimals, as_percent=as_percent)
    return f"{level_words(level)} {limits}"


def level_words(level: float) -> str:
    """Name an interval by its coverage; one that leaves nothing out is a pair of bounds.

    Examples
    --------
    >>> level_words(0.95), level_words(0.998), level_words(1.0)
    ('95% interval', '99.8% interval', 'bounds')
    """
    if level == 1:
        return "bounds"
    return f"{level * 100:.4g}% interval"


def ratio(
    value: float,
    lower: float | None = None,
    upper: float | None = None,
    decimals: int = 2,
    *,
    level: float = 0.95,
) -> str:
    """Write a ratio, with its interval where limits are given.

    Examples
    --------
    >>> ratio(1.331, 1.213, 1.461)
    '1.33 (95% interval 1.21 to 1.46)'
    """
    text = number(value, decimals)
    if lower is None or upper is None:
        return text
    return f"{text} ({interval_words(lower, upper, decimals, level=level)})"


def p_value(p: float) -> str:
    """Write a probability: "<0.001", ">0.99", else two leading digits, three places at most.

    Examples
    --------
    >>> p_value(1.06e-9), p_value(0.2612), p_value(0.042)
    ('<0.001', '0.26', '0.042')
    """
    if math.isnan(p):
        return NOT_AVAILABLE
    if p < _SMALL_P:
        return "<0.001"
    if p > 0.99:
        return ">0.99"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def p_equals(p: float) -> str:
    """Write a probability after its letter: "p = 0.26", "p <0.001"."""
    text = p_value(p)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def release(vintage: str) -> str:
    """Name a data release for a reader.

    Examples
    --------
    >>> release("first-release"), release("2023-10")
    ('first release', 'October 2023 release')
    """
    dated = re.fullmatch(r"(\d{4})-(\d{2})", vintage)
    if dated is None:
        return vintage.replace("-", " ")
    return f"{MONTHS[int(dated[2]) - 1]} {dated[1]} release"


def listing(items: list[str], last: str = "and") -> str:
    """Join items into a sentence: "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def plural(count: float, singular: str, many: str | None = None) -> str:
    """Write a count with its noun: "1 force", "43 forces"."""
    return f"{number(count)} {singular if count == 1 else many or singular + 's'}"


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def quarter(day: pd.Timestamp) -> str:
    """Name a quarter by its months.

    Examples
    --------
    >>> import pandas as pd
    >>> quarter(pd.Timestamp("2018-04-01"))
    'April to June 2018'
    """
    last = day.month + 2
    return f"{day:%B} to {MONTHS[(last - 1) % 12]} {day.year + (last > 12)}"


def day(date: Date) -> str:
    """Write a date the same way in every locale: "13 November 2018"."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


VERDICT_MEANING: Mapping[str, str] = MappingProxyType(
    {
        "reproduces": "the records give the same figure",
        "consistent": "the records fit the claim, and may fit others",
        "not supported": "the records do not bear the claim out",
        "contradicted": "the records say otherwise",
        "not identified": "these records cannot tell, however many there are",
        "needs data": "a record that could tell is not published",
    }
)

_EXEMPT = re.compile(
    r"<(q|cite|pre|code|style|script|math)\b[^>]*>.*?</\1>", re.DOTALL | re.IGNORECASE
)
_BLOCK_END = re.compile(
    r"</(?:p|li|h[1-6]|td|th|caption|figcaption|summary|dt|dd|div|title|desc|text)>|<br\s*/?>"
    r"|<span class=\"oa-(?:sub|unit)\">",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^>]+>")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z‘“])")

_ALWAYS: tuple[re.Pattern[str], ...] = (
    re.compile(r"\b(?:in)?significan(?:t|tly|ce)\b", re.IGNORECASE),
    re.compile(r"\bworst\b", re.IGNORECASE),
)
_CAUSAL: tuple[re.Pattern[str], ...] = (
    re.compile(r"\bcaus(?:ed|es|ing)\b", re.IGNORECASE),
    re.compile(r"\bbecause of\b", re.IGNORECASE),
    re.compile(r"\b(?:led|leads|leading) to\b", re.IGNORECASE),
    re.compile(r"\bdue to\b", re.IGNORECASE),
    re.compile(
        r"(?<!hours )(?<!shifts )(?<!days )\bworked\b(?! example| hours| out)", re.IGNORECASE
    ),
)
_ORDINAL = (
    r"(?:\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)"
)
_RANK = re.compile(
    rf"\brank(?:s|ed)?\s+(?:\d+|{_ORDINAL})\b"
    rf"|\b{_ORDINAL}\s+(?:highest|lowest|largest|smallest|most|out of|of \d+)\b"
    r"|\b(?:top|bottom)\s+(?:\d+|three|five|six|ten)\b",
    re.IGNORECASE,
)
_RANK_UNITS = re.compile(r"\b(?:of|among|out of)\s+(?:the\s+)?\d+\b", re.IGNORECASE)
_RANK_INTERVAL = re.compile(r"\binterval\b|\d\s*(?:to|–|-)\s*\d", re.IGNORECASE)
_RANK_DENOMINATOR = re.compile(
    r"\bper\b|\bby (?:count|number|rate)\b|\bdenominator\b", re.IGNORECASE
)
_ASSAULTS = re.compile(r"(?<![-/\w])(?<!Officer )assaults(?![-/\w])", re.IGNORECASE)
_WERE_ASSAULTED = re.compile(
    r"\bwere (?:assaulted|attacked)\b(?=.*(?:\d|\bonce\b|\btwice\b|\bmore often\b))", re.IGNORECASE
)
_ASSAULTS_QUALIFIED = re.compile(
    r"\brecord(?:s|ed|ing)?\b|\breport(?:ed|ing)?\b|\bsurvey\b|\bsimulat|\btrue\b|\bunrecorded\b"
    r"|\bcharge|\bcourt|\bconvict|\bprosecut|\boffences?\b|\bcodes? (?:104|8S)\b|π",
    re.IGNORECASE,
)


def lint(html_text: str, *, causal_gate: bool = False) -> list[str]:
    """List the banned phrases of a page, each with the sentence it stands in.

    Quotations in ``<q>``, titles in ``<cite>`` and code are exempt. Banned always: "significant",
    "worst", a rank without number of units, interval and denominator, "assaults" in a sentence that
    does not say of what record they are. Banned unless an identification gate passed: causal verbs.

    Parameters
    ----------
    html_text : str
        Page or fragment.
    causal_gate : bool
        True where the report states its assumptions and its gate passed.

    Returns
    -------
    list of str
        ``"phrase: sentence"``; empty where the text is clean.
    """
    banned = _ALWAYS if causal_gate else _ALWAYS + _CAUSAL
    found: list[str] = []
    for sentence in sentences(html_text):
        phrases = [match.group() for pattern in banned for match in pattern.finditer(sentence)]
        phrases += _bare_ranks(sentence) + _bare_assaults(sentence)
        found.extend(f"{phrase}: {sentence}" for phrase in phrases)
    return found


def sentences(html_text: str) -> list[str]:
    """Text of a page, sentence by sentence; blocks of markup never run together."""
    one_line = " ".join(_EXEMPT.sub(" … ", html_text).split())
    text = unescape(_TAG.sub("", _BLOCK_END.sub("\n", one_line)))
    return [
        " ".join(part.split())
        for line in text.split("\n")
        for part in _SENTENCE_END.split(line)
        if part.strip()
    ]


def _bare_ranks(sentence: str) -> list[str]:
    match = _RANK.search(sentence)
    if match is None:
        return []
    needed = (_RANK_UNITS, _RANK_INTERVAL, _RANK_DENOMINATOR)
    return [] if all(part.search(sentence) for part in needed) else [match.group()]


def _bare_assaults(sentence: str) -> list[str]:
    passive = _WERE_ASSAULTED.search(sentence)
    if passive is not None and not re.search(r"\bsurvey\b|\bsaid\b|\bsimulat", sentence):
        return [passive.group()]
    bare = _ASSAULTS.search(sentence)
    return [bare.group()] if bare and not _ASSAULTS_QUALIFIED.search(sentence) else []
