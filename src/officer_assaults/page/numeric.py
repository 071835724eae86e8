"""Numeric: text cells that hold numbers, taken apart so that a spreadsheet can reckon with them."""

from __future__ import annotations

import re
from collections.abc import Collection

import pandas as pd

_NUMBER = r"[+−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+−-]?\d+)?%?"
#: What a cell may look like, and the endings of the columns that its parts go into.
_FORMS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(f"({_NUMBER})"), ("",)),
    (re.compile(rf"({_NUMBER}) \(({_NUMBER})\)"), ("", ", in brackets")),
    (re.compile(rf"({_NUMBER}) \(SD ({_NUMBER})\)"), ("", ", SD")),
    (re.compile(rf"({_NUMBER}) \(({_NUMBER}) to ({_NUMBER})\)"), ("", ", lower", ", upper")),
    (re.compile(rf"({_NUMBER}) to ({_NUMBER})"), (", lower", ", upper")),
)


def take_apart(frame: pd.DataFrame, marks: Collection[str]) -> pd.DataFrame:
    """Put each number that stands in a text cell into a cell of its own.

    A column is taken apart by the form of its cells: a number, a number with another in brackets or
    with its standard deviation, a number with its interval, or two limits. Cells that hold a mark
    keep it. In a column that holds words too, words stand in the first part; numbers are plain,
    except that a percentage among other units keeps its sign.

    Parameters
    ----------
    frame : DataFrame
        As shown; it is not changed.
    marks : collection of str
        Cells that say why there is no number.

    Returns
    -------
    DataFrame
        Plain digits without signs of thousands or per cent; the heading then says "%".
    """
    columns: list[pd.Series] = []
    for at, name in enumerate(frame.columns):
        values = frame.iloc[:, at]
        # As a list: each cell of a column of Arrow's own is made anew whenever it is looked at.
        texts = len(values) > 0 and all(isinstance(value, str) for value in values.tolist())
        columns += _parts(values.rename(name), marks) if texts else [values]
    return pd.concat(columns, axis=1) if columns else frame


def _parts(values: pd.Series, marks: Collection[str]) -> list[pd.Series]:
    cells = values.tolist()
    told = [text for text in cells if text and text not in marks]
    for form, endings in _FORMS:
        if told and all(map(form.fullmatch, told)):
            return [
                _column(values, form, group, f"{values.name}{ending}")
                for group, ending in enumerate(endings, 1)
            ]
    for form, endings in _FORMS[1:]:
        if any(map(form.fullmatch, told)):
            parts = [_mixed(text, form, len(endings)) for text in cells]
            return [
                pd.Series([part[at] for part in parts], values.index, name=f"{values.name}{ending}")
                for at, ending in enumerate(endings)
            ]
    return [values.map(_alone)]


def _mixed(text: str, form: re.Pattern[str], count: int) -> list[str]:
    """Parts of a cell of a column of several forms; a number alone is both limits of itself."""
    match = form.fullmatch(text)
    if match:
        return [_plain(group) for group in match.groups()]
    is_range = form is _FORMS[-1][0] and _FORMS[0][0].fullmatch(text)
    return [_alone(text)] * count if is_range else [_alone(text)] + [""] * (count - 1)


def _alone(text: str) -> str:
    is_dressed = "," in text or "−" in text
    return _plain(text) if is_dressed and _FORMS[0][0].fullmatch(text) else text


def _column(values: pd.Series, form: re.Pattern[str], group: int, name: str) -> pd.Series:
    texts = values.tolist()
    found = [form.fullmatch(text) for text in texts]
    numbers = [_plain(match.group(group)) if match else "" for match in found]
    share = all(number.endswith("%") for number in numbers if number)
    cells = [
        (number.removesuffix("%") if share else number) or text
        for number, text in zip(numbers, texts, strict=True)
    ]
    return pd.Series(cells, values.index, name=f"{name}, %" if share else name, dtype=object)


def _plain(number: str) -> str:
    return number.replace("−", "-").replace(",", "").removeprefix("+")
