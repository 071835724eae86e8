"""Shown: what a result shows when its name is typed in JupyterLab, and in a report."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS_SHOWN = 60

#: Class of the table that a result shows; the report takes such a table as it is.
RESULT_CLASS = "oa-result"
SMALLEST_P = 0.001


class Tabled:
    """A result that lays its table out, for one with a field of the name of a hook of Shown."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Lay the table out with a caption and scopes, numbers to four digits."""
        table = _asked(self, "table")
        names = [str(name) for name in table.columns]
        heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
        rows = table.head(MOST_ROWS_SHOWN).to_numpy(dtype=object).tolist()
        body = "".join(_row_html(names, row) for row in rows)
        left = len(table) - MOST_ROWS_SHOWN
        notes = (
            *_asked(self, "notes"),
            *([f"{left:,} further rows are in .table()."] if left > 0 else []),
        )
        below = "".join(f'<p class="oa-source">{html.escape(note)}</p>' for note in notes)
        return (
            f'<div class="oa oa-tablebox"><table class="oa-table {RESULT_CLASS}">'
            f'<caption><span class="oa-title">{html.escape(_asked(self, "title"))}</span></caption>'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{below}</div>"
        )


class Shown(Tabled):
    """A result that shows its table when its name is typed in JupyterLab, and in a report.

    A class that inherits may define ``table()``, which returns a DataFrame of few columns,
    ``title()``, the table's caption, and ``notes()``, sentences to print under it. Without
    ``table()`` a dataclass shows its field ``frame``, or else its fields one by one.
    """

    __slots__ = ()

    def table(self) -> pd.DataFrame:
        """Return the numbers that matter, one row a line."""
        import pandas as pd

        held = {one.name: getattr(self, one.name) for one in fields(cast("Any", self)) if one.repr}
        frame = held.get("frame")
        if isinstance(frame, pd.DataFrame):
            return frame.copy()
        rows = [(name.replace("_", " "), _brief(value)) for name, value in held.items()]
        return pd.DataFrame(rows, columns=["what", "value"])

    def title(self) -> str:
        """Say what the table holds."""
        words = re.findall("[A-Z][a-z]+", type(self).__name__)
        return " ".join(words).capitalize() or type(self).__name__

    def notes(self) -> tuple[str, ...]:
        """Sentences that belong under the table."""
        return ()


def _asked(result: Any, hook: str) -> Any:
    """Ask a result for its table, title or notes; where that name is a field, as any other."""
    own = getattr(result, hook, None)
    return own() if callable(own) else getattr(Shown, hook)(result)


def _row_html(names: Sequence[str], row: Sequence[Any]) -> str:
    first, *rest = map(_cell, names, row)
    cells = "".join(f'<td class="oa-n">{text}</td>' for text in rest)
    return f'<tr><th scope="row">{first}</th>{cells}</tr>'


def _cell(name: str, value: Any) -> str:
    if name == "p" and isinstance(value, float) and not math.isnan(value):
        return f"{value:.3f}" if value >= SMALLEST_P else f"&lt;{SMALLEST_P:g}"
    if name == "year":
        return html.escape(str(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "not applicable" if math.isnan(value) else digits(float(value))
    return html.escape(str(value))


def _brief(value: Any) -> Any:
    """Give what a cell can hold: a number or text as it is, a table by its size."""
    if isinstance(getattr(value, "lower", None), float) and "__str__" not in vars(type(value)):
        return f"{digits(value.lower)} to {digits(value.upper)}"
    if hasattr(value, "shape") and not hasattr(value, "columns"):
        return f"{' x '.join(map(str, value.shape)) or 'one'} numbers"
    if hasattr(value, "columns"):
        return f"{len(value):,} rows: {', '.join(map(str, value.columns))}"
    if isinstance(value, tuple | list | dict | set | frozenset):
        return f"{len(value):,} of them"
    if is_dataclass(value) and "__str__" not in vars(type(value)):
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(value).__name__).capitalize()
    return value if isinstance(value, int | float) else str(value)


def digits(number: float) -> str:
    """Four digits, without an exponent where a reader would not want one."""
    if math.isinf(number):
        return "infinity" if number > 0 else "-infinity"
    if number == round(number) and abs(number) < 1e15:
        return f"{number:,.0f}"
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.4g}"
