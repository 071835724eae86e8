"""Identifiers: names, collar numbers, addresses and free text that must not come in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from officer_assaults.data.readers import MANY_TEXTS
from officer_assaults.refusals import Problems

LONGEST_LABEL = 40
MOST_WORDS = 4
LISTED = 20
REMEDY = "Take it out, or replace it by a code that cannot be traced outside the force."

_NAMES = re.compile(
    r"(^|_)(name|forename|surname|firstname|lastname|initials|collar|shoulder|warrant|badge|"
    r"epaulette|payroll|email|phone|mobile|address|street|postcode|easting|northing|lat|lon|"
    r"latitude|longitude|uprn|dob|birth|nino|narrative|notes?|comments?|description|summary|"
    r"details|free_?text|mo|suspect|victim_name|occurrence|crime_number|crime_ref|urn|log_number)"
    r"(_|$)",
    re.IGNORECASE,
)
_ALLOWED = frozenset({"crime_ref_present"})

#: HMAC digests of 64 bits or more, in hexadecimal; anything shorter could be a collar number.
HASH = r"[0-9a-fA-F]{16,128}"

#: Hashes, short numbers, dates and times: what most cells hold, and nobody can be known by.
_CODES = (
    rf"|{HASH}"
    r"|-?\d{0,9}(\.\d*)?([eE][+-]?\d+)?"
    r"|\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?"
)
_CODE = re.compile(_CODES, re.ASCII)

_PATTERNS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "an e-mail address": re.compile(r"\S+@\S+\.\S+"),
        "a postcode": re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}\b", re.IGNORECASE),
        "a collar number": re.compile(
            r"\b(PC|PS|DC|DS|DI|SC|SGT|INSP|TDC|WPC|PCSO|CSO)[ -]?\d{2,6}\b|\bcollar\b",
            re.IGNORECASE,
        ),
        "a telephone number": re.compile(r"(\b0|\+44 ?)\d{3,4} ?\d{3} ?\d{3,4}\b"),
        "a name": re.compile(
            r"\b(PC|PS|DC|DS|Sgt|Sergeant|Insp|Inspector|Constable|Mr|Mrs|Ms|Miss|Dr)\.? "
            r"[A-Z][a-z]+"
        ),
        "an address": re.compile(
            r"\b\d+[A-Za-z]?,? [A-Z]\w+ "
            r"(Street|St|Road|Rd|Lane|Avenue|Ave|Close|Drive|Way|Court)\b",
            re.IGNORECASE,
        ),
    }
)


def scan(cells: pd.DataFrame, problems: Problems) -> None:
    """Note every column and cell that could identify a person or holds free text.

    Parameters
    ----------
    cells : pandas.DataFrame
        All cells as text; the index holds line numbers.
    problems : Problems
        Gets E121 for each finding; at most :data:`LISTED` cells per column. The offending text is
        never repeated in the message.
    """
    for name in cells.columns:
        if _NAMES.search(name) and name not in _ALLOWED:
            problems.add(
                "E121",
                f"the column '{name}' may identify a person or a place.",
                "Take the column out.",
                row=1,
                column=name,
            )
            continue
        _scan_column(cells[name], problems)


def _are_codes(texts: pd.Series) -> NDArray[np.bool_]:
    """Whether texts are of the plain forms that nobody can be known by."""
    if len(texts) < MANY_TEXTS:
        return np.array([_CODE.fullmatch(str(text)) is not None for text in texts], dtype=bool)
    # What ``str.fullmatch`` of pandas does, without parsing the pattern anew for every column.
    codes = pc.match_substring_regex(pa.array(texts.astype("str")), f"^({_CODES})$")
    return np.asarray(codes.to_numpy(zero_copy_only=False).astype(bool))


def _scan_column(column: pd.Series, problems: Problems) -> None:
    distinct = column.drop_duplicates()
    suspect = distinct[~_are_codes(distinct)]
    found = {text: what for text in suspect if (what := _what(str(text))) is not None}
    if not found:
        return
    lines = column.index[column.isin(list(found))]
    for line in lines[:LISTED]:
        problems.add(
            "E121",
            f"the cell holds {found[column.loc[line]]}.",
            REMEDY,
            row=int(line),
            column=str(column.name),
        )
    if len(lines) > LISTED:
        problems.add(
            "E121",
            f"{len(lines) - LISTED} further cells of this column hold the like.",
            REMEDY,
            column=str(column.name),
        )


def _what(text: str) -> str | None:
    for what, pattern in _PATTERNS.items():
        if pattern.search(text):
            return what
    if len(text) > LONGEST_LABEL or len(text.split()) > MOST_WORDS:
        return "free text"
    return None
