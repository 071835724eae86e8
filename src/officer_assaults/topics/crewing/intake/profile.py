"""Profile: what a person looks at before signing the cells, as text and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.topics.crewing.data.schemas import SIMULATED_FORCE
from officer_assaults.topics.crewing.intake.build import Built

Table = tuple[str, Sequence[str], list[list[str]]]


def tables(cells: pd.DataFrame, built: Built) -> list[Table]:
    """Tables of the profile: title, headings and rows of text.

    Parameters
    ----------
    cells : pandas.DataFrame
        Typed crew cells, as the reader gives them.
    built : Built
    """
    return [
        ("Hours and victims by crew", *_by_crew(cells)),
        ("Unit-hours by month and crew", *_by_month(cells)),
        ("What was counted on the way", ("what", "number"), _counts(built.counts)),
        ("The oddest rows", ("row",), [[text] for text in built.oddest]),
    ]


def _by_crew(cells: pd.DataFrame) -> tuple[Sequence[str], list[list[str]]]:
    has_calls = cells["attended"].notna().all()
    sums = cells.groupby(cells["crew"].astype(str), sort=True)[
        ["unit_hours", "officer_hours", "y"]
    ].sum()
    calls = cells.groupby(cells["crew"].astype(str))["attended"].sum()
    rows = []
    for crew, row in sums.iterrows():
        name = str(crew)
        rate = (
            f"{calls[name] / row['unit_hours']:.2f}"
            if has_calls and row["unit_hours"]
            else "not known"
        )
        rows.append(
            [
                str(crew),
                f"{row['unit_hours']:,.0f}",
                f"{row['officer_hours']:,.0f}",
                f"{row['y']:,.0f}",
                rate,
            ]
        )
    return ("crew", "unit-hours", "officer-hours", "victims", "attended per hour"), rows


def _by_month(cells: pd.DataFrame) -> tuple[Sequence[str], list[list[str]]]:
    month = cells["period_start"].dt.strftime("%Y-%m")
    wide = cells.pivot_table(
        index=month,
        columns=cells["crew"].astype(str),
        values="unit_hours",
        aggfunc="sum",
        fill_value=0,
        observed=True,
    )
    every = pd.period_range(month.min(), month.max(), freq="M").strftime("%Y-%m")
    wide = wide.reindex(every, fill_value=0)
    rows = [
        [str(name), *(f"{value:,.0f}" for value in row)]
        for name, row in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return ("month", *map(str, wide.columns)), rows


def _counts(counts: Mapping[str, int]) -> list[list[str]]:
    return [[name, f"{value:,}"] for name, value in counts.items()]


def as_text(cells: pd.DataFrame, built: Built) -> str:
    """Profile for a terminal."""
    parts = []
    for title, headings, rows in tables(cells, built):
        widths = [
            max(len(row[at]) for row in [list(headings), *rows]) for at in range(len(headings))
        ]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [list(headings), *rows]
        ]
        parts.append(
            "\n".join([title, *(f"  {line}" for line in lines)]) if rows else f"{title}\n  none"
        )
    return "\n\n".join(parts) + "\n"


def as_page(cells: pd.DataFrame, built: Built, about: Mapping[str, Any], simulated: bool) -> str:
    """Profile as a page of its own, readable offline and on a phone."""
    force = escape(_named(str(cells["force"].iloc[0])))
    mark = "<p><strong>Simulated: these numbers are made up.</strong></p>" if simulated else ""
    body = "".join(_section(*table) for table in tables(cells, built))
    lead = (
        "Look at every table. Sign only if hours, victims and the rows at the end are what the "
        "force knows of itself; if not, correct the mapping and build again."
    )
    return _PAGE.format(
        force=force,
        mark=mark,
        lead=lead,
        body=body,
        source=escape(str(about.get("source", ""))),
        retrieved=escape(str(about.get("retrieved", ""))),
    )


def _named(force: str) -> str:
    return "a made-up force" if force == SIMULATED_FORCE else forces.resolve(force).name


def _section(title: str, headings: Sequence[str], rows: list[list[str]]) -> str:
    if not rows:
        return f"<h2>{escape(title)}</h2><p>None.</p>"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in headings)
    lines = "".join(
        "<tr>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    name = escape(title)
    table = (
        f"<table><caption>{name}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{lines}</tbody></table>"
    )
    box = f'<div class="wide" tabindex="0" role="region" aria-label="{name}">'
    return f"<h2>{name}</h2>{box}{table}</div>"


_PAGE = """\
<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="audience" content="internal">
<title>Crew cells of {force}: profile to sign off</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 0 auto; padding: 1rem; }}
body {{ color: #1a1a1a; background: #fff; }}
caption {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }}
table {{ border-collapse: collapse; }}
th, td {{ padding: .3rem .6rem; border-bottom: 1px solid #767676; text-align: right; }}
td {{ font-variant-numeric: tabular-nums; }}
th[scope=row], th:first-child {{ text-align: left; font-weight: normal; }}
thead th {{ font-weight: bold; }}
.wide {{ overflow-x: auto; position: relative; }}
@media (max-width: 30rem) {{
  h1 {{ font-size: 1.5rem; }}
  h2 {{ font-size: 1.2rem; }}
  th, td {{ padding: .3rem .25rem; font-size: .9rem; }}
}}
@media (prefers-color-scheme: dark) {{
  body {{ color: #e8e8e8; background: #16181b; }}
}}
</style>
</head>
<body>
<main>
<h1>Crew cells of {force}: profile to sign off</h1>
{mark}<p>{lead}</p>
<p>Source: {source}. Exported on {retrieved}. For use inside the force only.</p>
{body}
<h2>Signed off</h2>
<p>Name and day: ______________________</p>
</main>
</body>
</html>
"""
