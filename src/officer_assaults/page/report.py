"""Report: the helpers through which a notebook speaks to its reader.

Each helper displays one output. Its HTML reads well inside JupyterLab as it stands; its metadata
(``{"report": {"role": ...}}``) lets :mod:`officer_assaults.page.page` lift it into the report,
number it and link it. Text arguments are plain text in which ``<q>``, ``<cite>``, ``<em>`` and
``<strong>`` may be used; a claim quoted from an article stands in ``<q>``.
"""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from officer_assaults import findings, paths
from officer_assaults.page import adopt, charts, markup, measured, styles, svg, tables, theme, words
from officer_assaults.page import formats as formats_
from officer_assaults.refusals import unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

FEWEST_ALT_WORDS = 8
MOST_POINTS = 6
MOST_ROWS_IN_FOLD = 400
#: Longer tables are for looking things up: on paper on pages of their own, folded on a screen if
#: they have many rows.
MOST_ROWS_IN_TEXT = 15
MOST_LETTERS_IN_TEXT = 1500
SIMULATED = "Simulated data"
#: Openings of an answer that are set in bold.
OPENINGS = ("Not known, but bounded.", "Not known.", "Not tested.")
PROJECT_CITED = "Officer Assaults"


def check_parameters() -> None:
    """Check the parameters cell by the rules of ``make``, and spell its values in one way.

    The first call of every notebook: JupyterLab, papermill, nbconvert and jupytext then refuse what
    ``make`` refuses, in the same words. Dates, years and names may be written as ``make`` takes
    them; a file is looked for in the project folder and in the folder of the kernel.

    Raises
    ------
    Refusal
        With everything wrong in any parameter.
    """
    from officer_assaults.page import entrance

    entrance.check_parameters()


def headline(text: str, *, interval: str, caveat: str, number: str = "") -> None:
    """Show the finding first on the page, with its interval and its caveat.

    Parameters
    ----------
    text : str
        The finding in one sentence.
    interval : str
        Interval of the number, in words (see :func:`words.interval_words`), or why there is none.
    caveat : str
        What the number cannot say.
    number : str
        The number itself, shown large, for instance ``"+33%"``.

    Raises
    ------
    ValueError
        If text, interval or caveat is empty.
    """
    _require(text=text, interval=interval, caveat=caveat)
    big = f'<p class="oa-big">{markup.inline(number)}</p>' if number else ""
    body = (
        f'<div class="oa-headline">{big}<p class="oa-finding">{markup.inline(text)}</p>'
        f'<p class="oa-interval">{markup.inline(interval)}</p>'
        f'<p class="oa-caveat"><strong>Caution.</strong> {markup.inline(caveat)}</p></div>'
    )
    words_only = " ".join(filter(None, (number, text, interval, f"Caution: {caveat}")))
    said = {"number": number, "text": text, "interval": interval, "caveat": caveat}
    _display("headline", body, words_only, said=said)


def answer(text: str) -> None:
    """Show the first line of the page: the answer to its question.

    Parameters
    ----------
    text : str
        One or two sentences that answer the question of the report, or say "Not known" and what
        would make it known. A leading "Not known." is set in bold.

    Raises
    ------
    ValueError
        If the text is empty.
    """
    _require(text=text)
    opening = next((known for known in OPENINGS if text.startswith(known)), "")
    rest = markup.inline(text.removeprefix(opening))
    said = f"<strong>{opening}</strong>{rest}" if opening else rest
    body = f'<p class="oa-answer">{said}</p>'
    _display("answer", body, markup.plain(text), said={"answer": text})


def may_say(
    say: str, not_say: str, *, finding: findings.Finding | None = None, source: str = ""
) -> None:
    """Show what a reader may say of a finding, what not, and how to cite it.

    The first pair of a report stands with its headline, every other where it is shown.

    Parameters
    ----------
    say, not_say : str
        One sentence each, computed from the finding, the first with its interval. The second may
        hold words that a report itself must not use.
    finding : Finding, optional
        The finding they are about; gives the period and release of the citation.
    source : str
        Publisher and release in words, in place of the finding's release.

    Raises
    ------
    ValueError
        If a sentence is empty.
    """
    _require(say=say, not_say=not_say)
    parts = [PROJECT_CITED, f'<span class="oa-cite">{_reference("report")}</span>']
    if finding is not None:
        release = source or (words.release(finding.vintage) if finding.vintage else "")
        parts += [markup.inline(part) for part in (finding.period, release) if part]
    elif source:
        parts.append(markup.inline(source))
    cite = ". ".join(parts)
    body = (
        '<div class="oa-say"><p class="oa-may"><strong>You may say:</strong> '
        f'{markup.inline(say)}</p><p class="oa-maynot"><strong>You may not say:</strong> '
        f'<q>{markup.inline(not_say)}</q></p><p class="oa-source">To cite: {cite}.</p></div>'
    )
    text = f"You may say: {markup.plain(say)}\nYou may not say: {markup.plain(not_say)}"
    _display("may_say", body, text)


def main_points(points: Sequence[str]) -> None:
    """Show the main points of the report, at most six.

    Raises
    ------
    ValueError
        If there is no point, an empty one, or more than six.
    """
    if not 1 <= len(points) <= MOST_POINTS:
        raise unfit(f"{len(points)} main points; give 1 to {MOST_POINTS}")
    for point in points:
        _require(point=point)
    items = "".join(f"<li>{markup.inline(point)}</li>" for point in points)
    body = f'<div class="oa-points"><h2 class="oa-label">Main points</h2><ul>{items}</ul></div>'
    _display("main_points", body, "\n".join(f"* {markup.plain(point)}" for point in points))


def boxes(
    *, shows: str | Sequence[str], cannot: str | Sequence[str], settle: str | Sequence[str]
) -> None:
    """Show what the records show, what they cannot show, and what would settle it.

    Parameters
    ----------
    shows, cannot, settle : str or sequence of str
        A paragraph, or one line per point.

    Raises
    ------
    ValueError
        If any box is empty.
    """
    contents = {
        "What the records show": shows,
        "What they cannot show": cannot,
        "What would settle it": settle,
    }
    kinds = ("shows", "cannot", "settle")
    parts, plain = [], []
    for kind, (title, content) in zip(kinds, contents.items(), strict=True):
        lines = [content] if isinstance(content, str) else list(content)
        _require(**{kind: " ".join(lines)})
        inside = (
            f"<p>{markup.inline(lines[0])}</p>"
            if len(lines) == 1
            else f"<ul>{''.join(f'<li>{markup.inline(line)}</li>' for line in lines)}</ul>"
        )
        parts.append(
            f'<div class="oa-box oa-{kind}"><h2 class="oa-label">{title}</h2>{inside}</div>'
        )
        plain.append(f"{title}: {markup.plain(' '.join(lines))}")
    _display("boxes", f'<div class="oa-boxes">{"".join(parts)}</div>', "\n".join(plain))


def caveat(text: str) -> None:
    """Show a warning beside the number it belongs to."""
    _require(text=text)
    body = f'<p class="oa-note"><strong>Caution.</strong> {markup.inline(text)}</p>'
    _display("caveat", body, f"Caution: {markup.plain(text)}")


def gate(name: str, *, passed: bool, assumptions: Sequence[str]) -> None:
    """Show whether an identification gate passed, and the assumptions it rests on.

    Only a report with a passed gate may use causal verbs (see :func:`words.lint`).

    Parameters
    ----------
    name : str
        What the gate tests, in a reader's words.
    passed : bool
        Outcome.
    assumptions : sequence of str
        What has to hold for the estimate to be of an effect.
    """
    _require(name=name, assumptions=" ".join(assumptions))
    outcome = "passed" if passed else "not passed"
    items = "".join(f"<li>{markup.inline(item)}</li>" for item in assumptions)
    body = (
        f'<div class="oa-gate"><p class="oa-label">{markup.inline(name)}: {outcome}</p>'
        f"<p>It rests on these assumptions:</p><ul>{items}</ul></div>"
    )
    _display("gate", body, f"{markup.plain(name)}: {outcome}", passed=passed)


def show_figure(
    fig: Any,
    *,
    headline: str,
    subtitle: str,
    alt: str,
    data: pd.DataFrame | None = None,
    source: str = "",
    units: Mapping[str, str] | None = None,
    formats: Mapping[str, tables.Format] | None = None,
    simulated: bool = False,
    lead: bool = False,
) -> None:
    """Show a chart with its finding, its alternative text and the rows behind it.

    The figure is drawn twice, for a screen and for a telephone, and then closed.

    Parameters
    ----------
    fig : charts.Chart, Figure, Axes, array of Axes or seaborn grid
        From a function of :mod:`officer_assaults.page.charts` or :func:`theme.figure`, or any
        figure drawn with seaborn or matplotlib, which is put into the house's look.
    headline : str
        What the chart shows, as a finding.
    subtitle : str
        What, where, when, and the unit.
    alt : str
        Alternative text of eight words or more that states the finding.
    data : DataFrame, optional
        The plotted rows, at most six columns; taken from a :class:`charts.Chart` if not given.
    source : str
        Publisher and release.
    units, formats : mapping, optional
        As for :func:`show_table`.
    simulated : bool
        Put "Simulated data" before the subtitle.
    lead : bool
        Put the chart before the main points of the page; one chart of a report may lead.

    Raises
    ------
    ValueError
        If the alternative text is missing, short or a repetition of the headline, the plotted rows
        are missing, or the drawing breaks a rule of :func:`svg.draw`.
    """
    if isinstance(fig, charts.Chart):
        data = fig.data if data is None else data
        fig = fig.figure
    fig = adopt.figure_of(fig)
    _require(headline=headline, subtitle=subtitle)
    _check_alt(alt, headline)
    if data is None or data.empty:
        raise unfit(f"figure '{headline}': give the plotted rows as data=")
    subtitle = f"{SIMULATED}. {subtitle}" if simulated else subtitle
    csv = tables.to_csv(data)
    token = f"oa-figure-{markup.digest(headline, subtitle, alt, csv)}"
    with measured.once():
        drawing = svg.draw(fig, title=markup.plain(headline), description=alt, prefix=token)
        pictures = formats_.bundle(fig, drawing, title=markup.plain(headline), alt=alt)
    theme.close(fig)
    body = (
        f'<figure class="oa-figure" id="{token}"><figcaption><b class="oa-no">Figure</b> '
        f'<span class="oa-title">{markup.inline(headline)}</span>'
        f'<span class="oa-sub">{markup.inline(subtitle)}</span></figcaption>'
        f"{_chart_html(drawing)}{_source_html(source)}"
        f"{_fold_html(data, units, formats, headline)}"
        f"{_download_html(csv, token, 'figure')}</figure>"
    )
    text = f"Figure: {markup.plain(headline)}. {markup.plain(subtitle)}. {alt}"
    more = {"lead": True} if lead else {}
    title = markup.plain(headline)
    _display("figure", body, text, pictures=pictures, token=token, title=title, **more)


def show_table(
    frame: pd.DataFrame,
    *,
    caption: str,
    units: str | Mapping[str, str] | None = None,
    formats: Mapping[str, tables.Format] | None = None,
    intervals: Mapping[str, tuple[str, str]] | None = None,
    without_interval: str = "",
    level: float = 0.95,
    notes: str | Sequence[str] = (),
    source: str = "",
    simulated: bool = False,
) -> None:
    """Show a table with caption, scopes, aligned numbers, suppression marks and a CSV.

    Parameters
    ----------
    frame : DataFrame
        One row per line, first column naming the rows, at most six columns as shown. A cell may
        hold a mark of :data:`tables.MARKS`; missing values are marked ``[x]``.
    caption : str
        What, where and when.
    units : str or mapping, optional
        One unit for the whole table, or one by column.
    formats : mapping, optional
        By column: decimals, ``"percent"``, ``"percent1"``, a format string, or a function.
    intervals : mapping, optional
        Estimate column to its (lower, upper) columns, shown as one column beside it. Columns named
        ``lower`` and ``upper`` are taken as limits of the column before them.
    without_interval : str
        Why an estimate has no interval here; printed under the table.
    level : float
        Coverage of the intervals.
    notes : str or sequence of str
        Printed under the table.
    source : str
        Publisher and release.
    simulated : bool
        Put "Simulated data" into the caption.

    Raises
    ------
    ValueError
        If the table has no rows, more than six columns, a name that is no column, or a ratio, rate,
        share or estimate with neither interval nor a reason for having none.
    """
    _require(caption=caption)
    if frame.empty:
        raise unfit(f"table '{caption}' has no rows; say so with caveat() instead")
    shown = tables.columns(frame, units=units, formats=formats, intervals=intervals, level=level)
    bare = tables.needs_interval(shown)
    if bare and not without_interval:
        raise unfit(
            f"table '{caption}': no interval beside {words.listing([repr(name) for name in bare])};"
            " give intervals={column: (lower, upper)}, or the reason as without_interval="
        )
    csv = tables.to_csv(frame)
    token = f"oa-table-{markup.digest(caption, csv)}"
    notes = [notes] if isinstance(notes, str) else list(notes)
    notes = [tables.marks_used(shown), without_interval, *notes]
    table = tables.to_html(shown, caption=_caption_html(caption, units, simulated))
    kind = " reference" if _is_reference(shown) else ""
    body = (
        f'<div class="oa-tablebox{kind}" id="{token}">{_folded_if_long(table, len(frame), caption)}'
        f"{''.join(_note_html(note) for note in notes if note)}"
        f"{_source_html(source)}{_download_html(csv, token, 'table')}</div>"
    )
    text = f"Table: {markup.plain(caption)}\n{frame.to_string(index=False)}"
    _display("table", body, text, token=token, title=markup.plain(caption))


def record(finding: findings.Finding) -> None:
    """Record a finding for the report's JSON, its verdict table and ``findings.csv``."""
    number = "" if finding.value is None else f" = {words.number(finding.value)}"
    if finding.lower is not None and finding.upper is not None:
        number += f" ({words.interval_words(finding.lower, finding.upper, level=finding.level)})"
    text = f"Recorded finding {finding.id}{number}: {finding.verdict}"
    _publish("finding", {findings.FINDING_MIME: finding.as_dict(), "text/plain": text})


def record_sources(releases: Iterable[Any]) -> None:
    """Record the data releases that the report rests on, for its data section and its JSON.

    Parameters
    ----------
    releases : iterable of Release or mapping
        From :func:`officer_assaults.data.tables.release`; repeated ones are kept once.

    Raises
    ------
    ValueError
        If there is none, or one has no title or checksum.
    """
    rows: dict[str, dict[str, Any]] = {}
    for release in releases:
        row = (
            asdict(release) if is_dataclass(release) and not isinstance(release, type) else release
        )
        row = {key: _without_folder(value) for key, value in dict(row).items()}
        if not row.get("title") or not row.get("sha256"):
            raise unfit(f"data release {row.get('name')!r} has no title or no checksum")
        rows[str(row.get("name", row["title"]))] = row
    if not rows:
        raise unfit("a report rests on at least one data release")
    text = "Data: " + "; ".join(str(row["title"]) for row in rows.values())
    _publish("source", {findings.SOURCE_MIME: list(rows.values()), "text/plain": text})


def _require(**texts: str) -> None:
    for name, text in texts.items():
        if not text.strip():
            raise unfit(f"{name} is empty; say it in words")


def _check_alt(alt: str, headline: str) -> None:
    count = len(alt.split())
    if count < FEWEST_ALT_WORDS:
        raise unfit(
            f"figure '{headline}': alternative text has {words.plural(count, 'word')}; state what "
            f"the chart shows in at least {FEWEST_ALT_WORDS}"
        )
    if alt.strip().rstrip(".").lower() == markup.plain(headline).strip().rstrip(".").lower():
        raise unfit(
            f"figure '{headline}': alternative text repeats the headline; say what is drawn and "
            "what it shows"
        )


def _caption_html(caption: str, units: str | Mapping[str, str] | None, simulated: bool) -> str:
    unit = units if isinstance(units, str) else ""
    below = ". ".join(filter(None, (SIMULATED if simulated else "", unit)))
    sub = f'<span class="oa-sub">{markup.inline(below)}</span>' if below else ""
    title = f'<span class="oa-title">{markup.inline(caption)}</span>'
    return f'<b class="oa-no">Table</b> {title}{sub}'


def _chart_html(drawing: svg.Drawing) -> str:
    if drawing.narrow is None:
        return f'<div class="oa-chart">{drawing.wide}</div>'
    return (
        f'<div class="oa-chart"><div class="oa-wide">{drawing.wide}</div>'
        f'<div class="oa-narrow">{drawing.narrow}</div></div>'
    )


def _note_html(note: str) -> str:
    return f'<p class="oa-source">{markup.inline(note)}</p>'


def _source_html(source: str) -> str:
    return _note_html(f"Source: <cite>{source}</cite>") if source else ""


def _fold_html(
    data: pd.DataFrame,
    units: Mapping[str, str] | None,
    formats: Mapping[str, tables.Format] | None,
    headline: str,
) -> str:
    shown = tables.columns(data.head(MOST_ROWS_IN_FOLD), units=units, formats=formats)
    more = len(data) - MOST_ROWS_IN_FOLD
    caption = f"The numbers drawn in {_reference('figure')}: {markup.inline(headline)}"
    rest = (
        f'<p class="oa-source">The file has {words.plural(more, "further row")}.</p>'
        if more > 0
        else ""
    )
    return (
        f'<details class="oa-data"><summary>Show the numbers in {_reference("figure")} as a table '
        f"({words.plural(len(data), 'row')})</summary>"
        f"{tables.to_html(shown, caption=caption)}{rest}</details>"
    )


def _is_reference(shown: Sequence[tables.Column]) -> bool:
    letters = sum(len(cell) for column in shown for cell in column.cells)
    return len(shown[0].cells) > MOST_ROWS_IN_TEXT or letters > MOST_LETTERS_IN_TEXT


def _folded_if_long(table: str, rows: int, caption: str) -> str:
    if rows <= MOST_ROWS_IN_TEXT:
        return table
    # Open in a notebook; the page shuts it, as it does all folds.
    return (
        f'<details class="oa-long" open><summary>Show {_reference("table")}: '
        f"{markup.inline(caption)} ({words.plural(rows, 'row')})</summary>{table}</details>"
    )


def _download_html(csv: str, token: str, kind: str) -> str:
    link = markup.data_link(tables.BYTE_ORDER_MARK + csv, "text/csv")
    return (
        f'<p class="oa-get"><a download="{token}.csv" href="{link}">'
        f"Download the data of {_reference(kind)} (CSV, {markup.kilobytes(csv)})</a></p>"
    )


def _reference(kind: str) -> str:
    return f'<span class="oa-ref">this {kind}</span>'


def _without_folder(value: Any) -> Any:
    if not isinstance(value, Path):
        return value
    root = paths.project_root()
    return value.relative_to(root).as_posix() if value.is_relative_to(root) else value.name


def _display(
    role: str, body: str, text: str, *, pictures: Mapping[str, str] | None = None, **more: Any
) -> None:
    html = f'<div class="oa">{styles.notebook_style(pictures is not None)}{body}</div>'
    _publish(role, {"text/html": html, **(pictures or {}), "text/plain": text}, **more)


def _publish(role: str, bundle: dict[str, Any], **more: Any) -> None:
    from IPython.display import display

    display(  # type: ignore[no-untyped-call]
        bundle, raw=True, metadata={findings.ROLE_KEY: {"role": role, **more}}
    )
