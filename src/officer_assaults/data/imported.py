"""Imported: what every import of an official table shares, and what it says afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from officer_assaults import files
from officer_assaults.data import forces, readers, tables
from officer_assaults.data.workbooks import PARQUET, Table, plain
from officer_assaults.refusals import Problems, Refusal, nearest

#: Bodies in the crime tables that are no police force.
NOT_FORCES = frozenset({"actionfraud", "cifas", "ukfinance", "financialfraudactionuk"})
TOTALS = frozenset(
    {"total", "totals", "englandandwales", "england", "wales", "allforces", "grandtotal"}
)
#: Changes that a summary lists before it counts the rest.
LISTED = 12
#: A figure with a mark beside it: "1,234 [r]", "233*", "233 r".
_MARKED = re.compile(
    r"([+-]?[\d, \u00a0\u202f]+?)\s*(\[[^\]]*\]|\([^)]*\)|[a-z]|[*†‡]+)", re.IGNORECASE
)
#: What to do with an empty cell of a column that names the row.
FILL = "Fill it in as the publisher's table has it; a merged cell fills its first row only."
_NO_FIGURE = "Take the figure from the publisher's own file; leave no row out."


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, or would write, and how it differs from the release before.

    Parameters
    ----------
    vintage : str
        The new release.
    previous : str
        The release it is compared with; empty if there is none.
    rows_read : int
        Rows of the official file.
    files : tuple of str
        Files written, relative to the project.
    same : int
        Cells of the previous release that are equal.
    revised : pandas.DataFrame
        Cells that changed, the largest change first: key columns, before, after, change (share of
        the figure before; missing where that was 0).
    revisions : pandas.DataFrame
        Yearly figures revised by more than 5 %: key columns, before, after, change.
    new_periods : tuple of str
        Quarters or years that the previous release did not hold.
    gone : int
        Cells of the previous release that the new one lacks.
    new_breaks : pandas.DataFrame
        Breaks that the detector proposes in this release and did not in the previous one.
    notes : tuple of str
        What was skipped, dropped or is unusual, in words.
    lost : tuple of str
        Periods, forces and codes that the previous release held and this one does not; such a
        release does not lead.
    dry_run : bool
        Whether nothing was written.
    """

    vintage: str
    previous: str
    rows_read: int
    files: tuple[str, ...]
    same: int
    revised: pd.DataFrame
    revisions: pd.DataFrame
    new_periods: tuple[str, ...]
    gone: int
    new_breaks: pd.DataFrame
    notes: tuple[str, ...]
    lost: tuple[str, ...] = ()
    dry_run: bool = False

    @property
    def changed(self) -> int:
        """Cells of the previous release that differ."""
        return len(self.revised)

    def lines(self) -> list[str]:
        """Summary for a terminal, one fact per line."""
        wrote = "would write" if self.dry_run else "wrote"
        read = f"Release {self.vintage}: {self.rows_read:,} rows read; {wrote} "
        out = [f"{read}{', '.join(self.files)}.", *self._difference_lines()]
        out += _first([f"Lost against {self.previous}: {what}." for what in self.lost], "losses")
        if self.lost:
            out.append("This release does not lead; name it to use it.")
        proposed = [
            f"New break proposed: {_name(row['force'])}, code {row['offence_code']}, quarter from "
            f"{row['quarter_start']:%d %B %Y}: {row['offences']} where {row['expected']:.0f} were "
            "expected."
            for row in self.new_breaks.to_dict("records")
        ]
        return out + _first(proposed, "proposed breaks") + list(self.notes)

    def by_force(self) -> list[str]:
        """Sentences on every force with a revised figure, the most revised first.

        Each names how many cells moved and the largest move.
        """
        lines = []
        for force, rows in self.revised.groupby("force", sort=False):
            cells = "1 figure" if len(rows) == 1 else f"{len(rows)} figures"
            most = {n: v for n, v in rows.iloc[0].to_dict().items() if n != "force"}
            lines.append(f"{_name(force)}: {cells}, most of all {cell_words(most)}.")
        return lines

    def _difference_lines(self) -> list[str]:
        if not self.previous:
            return ["There is no earlier release to compare with."]
        out = [
            f"Against {self.previous}: {self.same:,} cells equal, {self.changed:,} changed, "
            f"{self.gone:,} gone; new periods: {', '.join(self.new_periods) or 'none'}."
        ]
        out += [
            f"Changed most: {cell_words(row)}." for row in self.revised.head(3).to_dict("records")
        ]
        revised = [
            f"Revised by more than 5 %: {cell_words(row)}."
            for row in self.revisions.to_dict("records")
        ]
        return out + _first(revised, "yearly figures revised by more than 5 %")


def cell_words(row: Mapping[Any, Any]) -> str:
    """Say how one figure changed: where, from what, to what, by how much."""
    shown = [_word(name, row[name]) for name in row if name not in ("before", "after", "change")]
    before, after = row["before"], row["after"]
    moved = after - before
    by = f"{abs(moved):,.0f} {'more' if moved > 0 else 'fewer'}"
    share = f", {row['change']:+.0%}" if before else ""
    return f"{', '.join(shown)}: {before:,.0f} before, {after:,.0f} now ({by}{share})"


def received(path: Path) -> dict[str, str]:
    """Name and checksum of a file as it was received."""
    return {"file": path.name, "checksum": f"sha256:{files.sha256_file(path)}"}


def sidecar(path: Path, vintage: str, title: str, source: str, url: str) -> dict[str, Any]:
    """Provenance of a table of the Home Office that was brought in."""
    return {
        "title": f"{title}, release {vintage}",
        "source": source,
        "publisher": "Home Office",
        "url": url,
        "vintage": vintage,
        "notes": [f"Imported from {path.name}."],
        "how_read": how_read(path),
        "received": received(path),
    }


def how_read(path: Path) -> str:
    """Tell a public copy from a publisher's file: no publisher of these tables gives Parquet."""
    return tables.HOW_READ[path.suffix.lower() == PARQUET]


def _word(name: object, cell: object) -> str:
    if name == "force":
        return _name(cell)
    if name == "offence_code":
        return f"code {cell}"
    return f"{cell:%d %B %Y}" if isinstance(cell, pd.Timestamp | date) else str(cell)


def _name(slug: object) -> str:
    return forces.names().get(str(slug), str(slug))


def _first(lines: list[str], what: str) -> list[str]:
    rest = len(lines) - LISTED
    return lines[:LISTED] + ([f"{rest} further {what}."] if rest > 0 else [])


def vintage_of(path: Path, vintage: str | None) -> str:
    """Month of a release: as given, or read off the official file name.

    Raises
    ------
    Refusal
        E107 if neither tells it.
    """
    if vintage is not None:
        if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", vintage):
            return vintage
        raise Refusal.of(
            "E107", f"'{vintage}' is no release month.", "Write it as 2024-01.", column="vintage"
        )
    dated = re.search(r"(?<!\d)(\d{2})(0[1-9]|1[0-2])(\d{2})(?!\d)", path.stem)
    if dated:
        return f"20{dated[3]}-{dated[2]}"
    months = re.findall(r"(?<!\d)(20\d{2}-(?:0[1-9]|1[0-2]))(?!\d)", path.stem)
    if months:
        return str(months[-1])
    raise Refusal.of(
        "E107",
        "the file name does not tell the month of the release.",
        "Give the month in which it was published: --vintage 2024-01.",
        path.name,
        column="vintage",
    )


def joined(table: Table) -> pd.DataFrame:
    """Rows of all sheets, every cell as text, with the number of the row and its sheet."""
    parts = [sheet.frame.assign(sheet=sheet.name) for sheet in table.sheets]
    rows = pd.concat(parts)
    # A workbook mixes numbers, dates and text in one column; here every cell is compared as text.
    for name in rows.columns:
        if pd.api.types.infer_dtype(rows[name], skipna=False) != "string":
            rows[name] = rows[name].map(text_of)
    return rows.rename_axis("row").reset_index()


def place(row: Any) -> str:
    """Sheet of a row, to begin a message with; empty for a CSV."""
    return f"sheet '{row['sheet']}': " if row["sheet"] else ""


def with_forces(
    rows: pd.DataFrame, column: str, problems: Problems, named: str = ""
) -> pd.DataFrame:
    """Rows with the short name of their force; empty for a body that is no force."""
    slugs: dict[object, str] = {}
    first = rows.drop_duplicates(column)
    for row in first.to_dict("records"):
        slugs[row[column]] = _force_slug(row, column, problems, named or column)
    return rows.assign(force=rows[column].map(slugs))


def _force_slug(row: dict[Any, Any], column: str, problems: Problems, named: str) -> str:
    name = text_of(row[column])
    if not name:
        problems.add("E101", f"{place(row)}the cell is empty.", FILL, row=row["row"], column=named)
        return ""
    if plain(name) in NOT_FORCES:
        return ""
    found = forces.find(name)
    if plain(name) in TOTALS or (found is not None and found.kind == "nation"):
        what = f"{place(row)}'{name}' is a total among forces."
        problems.add("E124", what, "Delete the total rows.", row=row["row"], column=named)
        return ""
    if found is None:
        what = f"{place(row)}'{name}' is not a police force."
        known = list(forces.names().values())
        problems.add("E101", what, nearest(name, known), row=row["row"], column=named)
        return ""
    return found.slug


def counts(
    rows: pd.DataFrame,
    column: str,
    problems: Problems,
    *,
    whole: bool = True,
    needed: pd.Series | None = None,
    absent: str = _NO_FIGURE,
    named: str = "",
) -> pd.Series:
    """Numbers of a column; a cell that is none is noted, unless ``needed`` says it is not used.

    What to do where the publisher gives no figure is said in ``absent``, the column's name for the
    reader in ``named``.
    """
    cells = rows[column].map(text_of)
    values, wrong = readers.numbers(cells, whole=whole)
    if needed is not None:
        wrong &= needed
    bad = rows[wrong.to_numpy(dtype=bool)]
    for row, cell in list(zip(bad.to_dict("records"), cells[wrong], strict=True))[: readers.LISTED]:
        what, remedy = _no_number(cell, absent, whole=whole)
        problems.add("E102", f"{place(row)}{what}", remedy, row=row["row"], column=named or column)
    if len(bad) > readers.LISTED:
        more = f"{len(bad) - readers.LISTED} further cells have problems of this kind."
        problems.add("E102", more, "Correct them likewise.", column=named or column)
    return values


def _no_number(cell: str, absent: str, *, whole: bool) -> tuple[str, str]:
    """Say why a cell of an official table is no figure, and what may be done about it."""
    marked = _MARKED.fullmatch(cell)
    if marked:
        digits = re.sub(r"[^\d.+-]", "", marked[1])
        return f"'{cell}' holds a mark beside the figure.", f"Write {digits}."
    if cell.startswith("#"):
        return f"'{cell}' is an error of a spreadsheet.", absent
    what, remedy = readers.explain_number(cell, whole=whole)
    return what, absent if cell == "" or "missing value" in what else remedy


def text_of(cell: object) -> str:
    """Cell as text."""
    return "" if cell is None else str(cell).strip()
