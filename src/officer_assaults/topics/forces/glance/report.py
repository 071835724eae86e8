"""Words, chart and files of a force at a glance, and of all forces side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.page import charts, jinja, markup, spreadsheet, styles, svg, tables, words
from officer_assaults.page import picture as picture_

if TYPE_CHECKING:
    from officer_assaults.topics.forces.glance.model import Glances

PAGE = "index.html"
PICTURE = "index.png"
ALL = "all-forces"
ACT_DAY = date(2018, 11, 13)
NEAR_ZERO = 0.01
#: Of the chart, in px: the page is to fit one screen of a telephone.
HEIGHT = 190
#: Columns of the table of all forces, as files and pages name them.
COLUMNS = {
    "name": "Force",
    "before": "Before",
    "after": "Newest year",
    "ratio": "Rate ratio",
    "lower": "Ratio, lower limit",
    "upper": "Ratio, upper limit",
    "rate": "Per 1,000 officers",
    "rate_lower": "Rate, lower limit",
    "rate_upper": "Rate, upper limit",
    "place_lower": "Place from",
    "place_upper": "Place to",
    "reason": "Why something is missing",
}
#: Orders in which the table of all forces is shown: name of the page, words, column, descending.
ORDERS = (
    (ALL, "by name", "name", False),
    (f"{ALL}-by-rate", "by rate", "rate", True),
    (f"{ALL}-by-count", "by count", "after", True),
    (f"{ALL}-by-change", "by change", "ratio", True),
)


def sentences(glances: Glances, slug: str) -> dict[str, str]:
    """Put the newest figure and the place of a force into words.

    Parameters
    ----------
    glances : Glances
        All forces.
    slug : str
        Short name of the force, or ``"england-and-wales"``.
    """
    row = glances.table.loc[[slug]].iloc[0]
    return {
        "answer": _answer(glances, row),
        "compared": _compared(glances, row),
        "recording": "Not known. More assaults raise a count, and so does better recording of "
        "them.",
        "say": _say(glances, row),
        "not_say": _not_say(row),
    }


def chart(series: pd.DataFrame, name: str) -> svg.Drawing:
    """Draw the long series of a force, with what changed the record marked on it.

    Parameters
    ----------
    series : DataFrame
        From ``model.series``.
    name : str
        The force, for the alternative text.
    """
    frame = series.assign(quarter=pd.to_datetime(series["quarter"]))
    drawn = charts.lines(
        frame, x="quarter", y="offences", series="recorded", axis_label="Recorded a quarter",
        events={pd.Timestamp(ACT_DAY): "2018 Act", pd.Timestamp("2017-04-01"): "injuries counted"},
        height=HEIGHT,
    )  # fmt: skip
    newest = frame.iloc[-1]
    token = f"oa-glance-{markup.digest(name)}"
    return svg.draw(
        drawn.figure,
        title=f"Recorded assaults on officers, {name}",
        description=f"Lines of recorded assaults a quarter in {name} since 2012; the newest "
        f"quarter shown, {newest['quarter']:%B %Y} on, has {words.number(newest['offences'])} "
        "without injury.",
        prefix=token,
    )


def page(
    glances: Glances,
    series: pd.DataFrame,
    slug: str,
    *,
    reports: Mapping[str, str],
    picture: str = "",
    pairs: Mapping[str, str] | None = None,
    claims: Sequence[Any] = (),
) -> str:
    """Write the page of one force.

    Parameters
    ----------
    glances : Glances
        All forces.
    series : DataFrame
        Long series of the force.
    slug : str
        Short name.
    reports : mapping of str to str
        Address to question of the reports of this force that are built.
    picture : str
        Address of its picture to share; empty if there is none.
    pairs : mapping of str to str, optional
        Address to name of each force that a page sets beside this one.
    claims : sequence
        What others said of this force, judged: claim, verdict, address, report.
    """
    name = str(glances.table.loc[slug, "name"])
    style = styles.page_style() + styles.read("front.css")
    csv = tables.to_csv(series)
    said = sentences(glances, slug)
    reason = words.without_codes(str(glances.table.loc[slug, "reason"]))
    text: str = jinja.template("glance.html.j2").render(
        style=style,
        style_hash=jinja.csp_hash(style),
        script_hash="",
        up="../",
        title=f"{name} at a glance",
        description=markup.plain(said["answer"]),
        name=name,
        said=said,
        drawing=chart(series, name),
        csv=markup.data_link(tables.BYTE_ORDER_MARK + csv, "text/csv"),
        slug=slug,
        reports=reports,
        picture=picture,
        pairs=pairs or {},
        claims=claims,
        citation=f"Officer Assaults, “{name} at a glance”, "
        f"{words.release(glances.release.vintage)}",
        release=glances.release,
        notes=(*glances.notes, *([f"{reason}."] if reason else [])),
        waiting=glances.waiting,
        newest=_newest_quarter(series),
    )
    return text


def shared_picture(glances: Glances, slug: str, address: str = "") -> bytes:
    """Draw what may be said of a force as a picture to share.

    Parameters
    ----------
    glances : Glances
        All forces.
    slug : str
        Short name.
    address : str
        Where the page is found.
    """
    release, name = glances.release, str(glances.table.loc[slug, "name"])
    return picture_.draw(
        title=f"{name} at a glance",
        finding=markup.plain(sentences(glances, slug)["say"]),
        source=f"Source: {release.publisher}, {words.release(release.vintage)}",
        address=address,
    )


def all_forces(glances: Glances, built: Collection[str] = ()) -> dict[str, str | bytes]:
    """Write the table of all forces: a page in each order, a CSV and a spreadsheet.

    Parameters
    ----------
    glances : Glances
        All forces.
    built : collection of str
        Short names of the forces whose own page is there to be linked.

    Returns
    -------
    dict of str to str or bytes
        Content by file name.
    """
    made: dict[str, str | bytes] = {}
    style = styles.page_style() + styles.read("front.css")
    for file, order, column, descending in ORDERS:
        rows = glances.table.sort_values(
            column, ascending=not descending, kind="stable", na_position="last"
        )
        made[f"{file}.html"] = jinja.template("all-forces.html.j2").render(
            style=style,
            style_hash=jinja.csp_hash(style),
            script_hash="",
            up="",
            title=f"All forces, {glances.after}, {order}",
            description=f"Recorded assaults on officers in every force, {glances.after}.",
            rows=[shown(slug, row, built) for slug, row in rows.iterrows()],
            orders=[(name, words_) for name, words_, *_ in ORDERS],
            here=file,
            before=str(glances.before),
            after=str(glances.after),
            places=glances.places,
            release=glances.release,
            notes=glances.notes,
            waiting=glances.waiting,
        )
    frame = glances.table[list(COLUMNS)].rename(columns=COLUMNS)
    made[f"{ALL}.csv"] = tables.BYTE_ORDER_MARK + tables.to_csv(frame)
    made[f"{ALL}.ods"] = _spreadsheet(glances, frame)
    return made


def _answer(glances: Glances, row: pd.Series) -> str:
    count = words.number(float(row["after"]))
    who = words.capital(forces.spoken(str(row.name)))
    opening = f"{who} recorded {count} assaults on officers in {glances.after}"
    if pd.isna(row["ratio"]):
        return f"{opening}. The year before cannot be set against it: the record was broken."
    moved = _more_or_fewer(float(row["ratio"]))
    told = f"{opening}, {moved} the year before."
    if row["lower"] <= 1 <= row["upper"]:
        return f"{told} A difference of that size can be chance."
    return f"{told} Chance alone would hardly give such a difference."


def _not_say(row: pd.Series) -> str:
    """Say the sentence that takes the record for what happened."""
    who = forces.spoken(str(row.name))
    if pd.isna(row["ratio"]):
        return f"That is how many officers of {who} were assaulted."
    if words.percent(abs(float(row["ratio"]) - 1)) == "0%":
        return f"Violence against officers of {who} did not change."
    moved = "rose" if row["ratio"] > 1 else "fell"
    return f"Violence against officers of {who} {moved} as the record did."


def _more_or_fewer(ratio: float) -> str:
    if words.percent(abs(ratio - 1)) == "0%":
        return "about as many a day as"
    return f"{'more' if ratio > 1 else 'fewer'} a day than"


def _moved(ratio: float) -> str:
    share = words.percent(abs(ratio - 1))
    if share == "0%":
        return "about as many assaults on officers a day as"
    return f"{share} {'more' if ratio > 1 else 'fewer'} assaults on officers a day than"


def _compared(glances: Glances, row: pd.Series) -> str:
    if pd.isna(row["rate"]):
        if not row["reason"]:
            return "It is all forces together, so it has no place among them."
        why = " ".join(words.without_codes(row["reason"]).split(": ")[:2])
        return f"Not compared. {why}."
    span = _places(row)
    opening = f"By assaults recorded per officer, its place among {glances.places} forces"
    if " " not in span:
        return f"{opening} is {span}, counted from the highest."
    return f"{opening} could be {span}, counted from the highest. Many forces lie close together."


def _say(glances: Glances, row: pd.Series) -> str:
    who = forces.spoken(str(row.name))
    if pd.isna(row["ratio"]):
        return (
            f"{words.capital(who)} recorded {words.number(float(row['after']))} assaults on "
            f"officers in {glances.after}."
        )
    # A limit that would round to no change at all keeps a decimal.
    low, high = float(row["lower"]) - 1, float(row["upper"]) - 1
    places = 1 if min(abs(low), abs(high)) < NEAR_ZERO else 0
    limits = words.interval_words(low, high, places, as_percent=True)
    return (
        f"In {glances.after} {who} recorded {_moved(float(row['ratio']))} the year before "
        f"({limits}, for chance alone)."
    )


def _newest_quarter(series: pd.DataFrame) -> str:
    newest = pd.Timestamp(series["quarter"].max())
    return f"{newest + pd.DateOffset(months=2):%B %Y}"


def shown(slug: Any, row: pd.Series, built: Collection[str]) -> dict[str, str]:
    """Texts of one force in a table: address, name, before, after, change, limits, rate, place."""
    compared = not pd.isna(row["ratio"])
    placed = not pd.isna(row["rate"])
    return {
        "address": f"{slug}/{PAGE}" if slug in built else "",
        "name": str(row["name"]),
        "before": words.number(float(row["before"])),
        "after": words.number(float(row["after"])),
        "change": words.percent(float(row["ratio"]) - 1, signed=True) if compared else "[x]",
        "limits": words.interval(
            float(row["lower"]) - 1, float(row["upper"]) - 1, 0, as_percent=True
        )
        if compared
        else "[x]",
        "rate": words.number(float(row["rate"]), 0) if placed else "[x]",
        "place": _places(row) if placed else "[x]",
    }


def _places(row: pd.Series) -> str:
    low, high = int(row["place_lower"]), int(row["place_upper"])
    if low == high:
        return f"{low}"
    return f"{low} or {high}" if high == low + 1 else f"{low} to {high}"


def _spreadsheet(glances: Glances, frame: pd.DataFrame) -> bytes:
    """ODS with cover, contents, notes and one table a sheet, as the Analysis Function asks."""
    title = f"Recorded assaults on police officers by force, {glances.before} and {glances.after}"
    release = glances.release
    source = (
        f"Source: {release.publisher}, {release.title}, release {release.vintage}. "
        f"{release.attribution}"
    )
    named = frame.rename(columns={"Before": str(glances.before), "Newest year": str(glances.after)})
    named["Why something is missing"] = named["Why something is missing"].replace("", "[z]")
    return spreadsheet.workbook(
        title,
        cover=[
            "Independent research; not official statistics.",
            source,
            "Contact and revisions: see the page “About” beside this file.",
            "The sheet Contents lists the others.",
        ],
        notes=[
            "Rate ratio: recorded assaults a day in the newer year over those in the older, over "
            "the quarters that both years have; limits are of the exact 95% interval, for chance "
            "alone.",
            "Per 1,000 officers: recorded assaults for each 1,000 full-time equivalent "
            "officer-years.",
            f"Place: range of places by rate among {glances.places} forces that holds with 95% "
            "confidence, 1 the highest rate.",
            *glances.notes,
            *glances.waiting,
        ],
        sheets=[
            spreadsheet.Sheet(
                "Table_1", title, named,
                [source, "The sheet Notes says what columns and shorthand mean."],
            )
        ],
    )  # fmt: skip
