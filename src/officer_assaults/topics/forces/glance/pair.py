"""Two forces side by side: which to set beside which, and what their records say of each other."""

from __future__ import annotations

from functools import lru_cache
from math import radians
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from officer_assaults.data import forces
from officer_assaults.data import tables as data
from officer_assaults.estimate import Estimate
from officer_assaults.page import jinja, markup, styles, svg, words
from officer_assaults.stats.rate_ratio import exact_rate_ratio
from officer_assaults.topics.forces.glance import model, report

if TYPE_CHECKING:
    from officer_assaults.topics.forces.glance.model import Glances

FOLDER = "compare"
KILOMETRES_A_DEGREE = 111.2
NEAREST = 3
SIMILAR = 3
#: Ratio from which it is told as "times as many" and not in per cent.
TIMES = 2.0


def address(one: str, other: str) -> str:
    """Address of the page of two forces from the front page, whichever is named first.

    Examples
    --------
    >>> address("sussex", "kent")
    'compare/kent--sussex.html'
    """
    return f"{FOLDER}/{'--'.join(sorted((one, other)))}.html"


def beside(glances: Glances, slug: str) -> list[str]:
    """Name the forces to set beside one: the nearest by their centres, and the most alike.

    Parameters
    ----------
    glances : Glances
        All forces.
    slug : str
        Short name; a force without a territory has none beside it.
    """
    places = data.load("geography").set_index("force")
    if slug not in places.index:
        return []
    away = _kilometres(places, slug).drop(slug).sort_values(kind="stable")
    officers = glances.table["officers"].dropna()
    alike = (np.log(officers) - np.log(officers[slug])).abs().drop(slug).sort_values(kind="stable")
    return list(dict.fromkeys([*away.index[:NEAREST], *alike.index[:SIMILAR]]))


def pairs(glances: Glances, slugs: set[str]) -> set[tuple[str, str]]:
    """Pairs that have a page where the pages of these forces are made."""
    return {
        (min(slug, other), max(slug, other))
        for slug in slugs
        for other in beside(glances, slug)
        if other in slugs
    }


def ratio(glances: Glances, one: str, other: str) -> Estimate | None:
    """Divide the recorded assaults per officer of one force by those of another, newest year.

    The interval is exact and allows for chance alone. None where either has no denominator.
    """
    rows = glances.table.loc[[one, other]]
    if rows[["after", "officers", "rate"]].isna().any(axis=None):
        return None
    (y1, y0), (e1, e0) = rows["after"], rows["officers"]
    found = exact_rate_ratio(int(y1), float(e1), int(y0), float(e0))
    return Estimate.of(
        found.ratio, found, unit="ratio", denominator="officer-years",
        period=str(glances.after), release=str(glances.release.vintage),
    )  # fmt: skip


def sentences(glances: Glances, one: str, other: str) -> dict[str, str]:
    """Put what two records say of each other into words."""
    first, second = (forces.spoken(slug) for slug in (one, other))
    found = ratio(glances, one, other)
    opening = (
        f"Not known. No record tells whether officers of {first} or of {second} run more risk."
    )
    more, less = (first, second) if found is None or found.value >= 1 else (second, first)
    not_say = f"Officers of {more} run more risk than officers of {less}."
    if found is None:
        why = "The records of the two cannot be set against their officers here."
        return {
            "answer": f"{opening} {why}",
            "record": "",
            "say": _counts(glances, one, other),
            "not_say": not_say,
        }
    limits = _limits(found)
    moved = _moved(found.value)
    chance = (
        "Chance alone could make that difference."
        if found.lower <= 1 <= found.upper
        else "Chance alone would hardly make that difference; other ways of recording could."
    )
    return {
        "answer": f"{opening} The record of {first} shows {moved} that of {second}.",
        "record": f"The difference has a {limits}, for chance alone. {chance}",
        "say": f"In {glances.after} {first} recorded {moved} {second} "
        f"({limits}, for chance alone).",
        "not_say": not_say,
    }


def page(glances: Glances, one: str, other: str) -> str:
    """Write the page of two forces.

    Parameters
    ----------
    glances : Glances
        All forces.
    one, other : str
        Short names, in any order.
    """
    slugs = tuple(sorted((one, other)))
    names = [str(glances.table.loc[slug, "name"]) for slug in slugs]
    style = styles.page_style() + styles.read("front.css")
    said = sentences(glances, *slugs)
    title = f"{names[0]} and {names[1]} side by side"
    text: str = jinja.template("pair.html.j2").render(
        style=style,
        style_hash=jinja.csp_hash(style),
        script_hash="",
        up="../",
        title=title,
        description=markup.plain(said["answer"]),
        said=said,
        names=names,
        slugs=slugs,
        rows=_rows(glances, slugs),
        drawings=[_drawing(slug, name) for slug, name in zip(slugs, names, strict=True)],
        places=glances.places,
        citation=f"Officer Assaults, “{title}”, figures of the "
        f"{words.release(glances.release.vintage)}",
        release=glances.release,
        notes=glances.notes,
    )
    return text


@lru_cache(maxsize=64)
def _drawing(slug: str, name: str) -> str:
    drawn: svg.Drawing = report.chart(model.series(slug), name)
    return drawn.narrow or drawn.wide


def _kilometres(places: pd.DataFrame, slug: str) -> pd.Series:
    """Distance of each centre from that of one force, near enough for an order."""
    longitude, latitude = places["longitude"].to_dict()[slug], places["latitude"].to_dict()[slug]
    east = (places["longitude"] - longitude) * np.cos(radians(latitude))
    result: pd.Series = KILOMETRES_A_DEGREE * np.hypot(east, places["latitude"] - latitude)
    return result


def _limits(found: Estimate) -> str:
    """Interval in words: "95% interval 20% to 30% fewer"."""
    assert found.lower is not None
    assert found.upper is not None
    name = words.level_words(found.level)
    if found.value >= TIMES:
        return f"{name} {words.interval(found.lower, found.upper, 1)} times"
    low, high = (words.percent(abs(limit - 1)) for limit in (found.lower, found.upper))
    if found.lower < 1 < found.upper:
        return f"{name} {low} fewer to {high} more"
    return f"{name} {low} to {high} more" if found.lower >= 1 else f"{name} {high} to {low} fewer"


def _moved(value: float) -> str:
    if value >= TIMES:
        return f"{words.number(value, 1)} times as many assaults per officer as"
    share = words.percent(abs(value - 1))
    if share == "0%":
        return "about as many assaults per officer as"
    return f"{share} {'more' if value > 1 else 'fewer'} assaults per officer than"


def _counts(glances: Glances, one: str, other: str) -> str:
    counts = glances.table["after"].astype(float).to_dict()
    told = [f"{words.number(counts[slug])} in {forces.spoken(slug)}" for slug in (one, other)]
    return f"In {glances.after}, assaults on officers recorded were {words.listing(told)}."


def _rows(glances: Glances, slugs: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """Label and one text for each force, row by row."""
    shown = [report.shown(slug, glances.table.loc[[slug]].iloc[0], ()) for slug in slugs]
    labels = {
        "before": f"Recorded in {glances.before}",
        "after": f"Recorded in {glances.after}",
        "change": "Change a day",
        "limits": "95% interval of the change",
        "rate": "Per 1,000 officers",
        "place": f"Place among {glances.places}",
    }
    return [(label, [row[key] for row in shown]) for key, label in labels.items()]
