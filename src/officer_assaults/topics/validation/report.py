"""Method validation: the sentences and tables of the report on the methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from officer_assaults.page import words
from officer_assaults.refusals import Refusal
from officer_assaults.stats.studies import RANK_BINS, RANKS, Result, judge, tally
from officer_assaults.topics.validation.findings import SAID
from officer_assaults.topics.validation.findings import findings as findings
from officer_assaults.topics.validation.story import (
    FORECAST,
    all_agree,
    family,
    limits_text,
    lowest,
    names_of,
    program_in_words,
    value_text,
    written,
)
from officer_assaults.topics.validation.story import ValidationStory as ValidationStory

KEPT, NOT_KEPT = "in the band", "outside the band"
SAMPLED = ", sampled"


def forecast_result(scores: pd.DataFrame) -> Result:
    """Coverage of the forecast on the real forces as one more result.

    Parameters
    ----------
    scores : DataFrame
        One horizon and method of :func:`officer_assaults.stats.forecast.rolling_scores`.
    """
    return judge(FORECAST, tally(FORECAST.measure, scores["covered"].astype(float)))


def refusal_of(call: Callable[[], Any]) -> str:
    """Code of the refusal that a call meets; empty if it meets none."""
    try:
        call()
    except Refusal as refusal:
        return ", ".join(dict.fromkeys(refusal.codes))
    return ""


def scenario_of(result: Result) -> str:
    """Say what the data of a result are."""
    return result.scenario or "recorded counts of all forces, one year ahead"


def answer(story: ValidationStory) -> str:
    """Answer the question of the report in a sentence or two."""
    if not story.relied:
        return "Not known. No full study is on record yet: make validate would make it."
    if story.missed:
        return (
            f"Mostly: {words.plural(len(story.missed), 'promise')} of the methods that reports "
            "rely on is not kept, and it is not known why. Each is named below."
        )
    but = " but for limits that are known and named below" if story.limits else ""
    return (
        "Yes, as far as simulated data with a known truth can show: the methods that reports rely "
        f"on keep their promises{but}, and they agree with other programs."
    )


def headline(story: ValidationStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`; simulated numbers never stand in large type."""
    kept = [one for one in story.relied if one.met]
    low = lowest(story.of("coverage"))
    if low is None:
        interval = "No full study is on record yet: run make validate."
    else:
        interval = (
            f"The lowest coverage of any 95% interval relied on is {value_text(low)} "
            f"({low.target.estimator[:1].lower()}{low.target.estimator[1:]}; Monte-Carlo interval "
            f"{limits_text(low)})."
        )
    numbers = {"kept": words.number(len(kept)), "relied": words.number(len(story.relied))}
    return {"interval": interval, **SAID.told("headline", **numbers)}


def may_say(story: ValidationStory) -> dict[str, str]:
    """Arguments of :func:`report.may_say`."""
    kept = sum(one.met for one in story.relied)
    return SAID.told("may_say", kept=words.number(kept), relied=words.number(len(story.relied)))


def main_points(story: ValidationStory) -> list[str]:
    """Write the points of the summary."""
    failing = [one for one in story.shown_to_fail if not one.met]
    points = [_point_bands(story)]
    if failing:
        points.append(
            "Methods in common use that fail here are shown beside those that hold, which is why "
            "reports use others."
        )
    points.append(_point_references(story))
    if any(one.target.kind == "contraction" for one in story.relied):
        points.append(
            "A posterior can be right and say nothing: where nothing measured moves recording, the "
            "model of recording learns next to nothing of its level."
        )
    reached = [one for one in story.relied if one.target.kind == "verdict"]
    if reached:
        kept = sum(one.met for one in reached)
        points.append(
            "In every named situation the verdict fixed beforehand is reached as often as it has "
            "to be."
            if kept == len(reached)
            else f"In {words.number(len(reached) - kept)} of {words.number(len(reached))} named "
            "situations the verdict fixed beforehand is not reached as often as it has to be."
        )
    points.append(_point_record(story))
    return points


def _point_bands(story: ValidationStory) -> str:
    outside = [*story.missed, *story.limits]
    if not outside:
        return "Every band that a method relied on is held to is met."
    known = ""
    if story.limits:
        many = "each" if not story.missed else words.number(len(story.limits))
        known = f", {many} for a known reason that stands in a table below"
    named = f": {names_of(story.missed)}" if story.missed else ""
    return (
        f"{words.plural(len(outside), 'band')} of methods relied on "
        f"{'is' if len(outside) == 1 else 'are'} not met{known}{named}."
    )


def _point_references(story: ValidationStory) -> str:
    table = story.references
    off = int((~table["agrees"]).sum())
    programs = words.listing([program_in_words(str(name)) for name in table["program"].unique()])
    if off:
        return (
            f"{words.plural(off, 'figure')} of {words.number(len(table))} from {programs} "
            f"{'does' if off == 1 else 'do'} not agree within the tolerance."
        )
    return f"All {words.number(len(table))} figures from {programs} agree within their tolerance."


def _point_record(story: ValidationStory) -> str:
    if not story.full or len(story.full) == 1:
        return "The full study has not been run; what follows was made in this report."
    parts = ["The full study is a tracked record, written by make validate"]
    if story.changed:
        many = words.plural(len(story.changed), "study", "studies")
        parts.append(f"the code of {many} changed since")
    else:
        parts.append("the code is the same now")
    if story.missing:
        parts.append(f"{words.plural(len(story.missing), 'study', 'studies')} not run yet")
    again = words.plural(story.runs, "run")
    return f"{'; '.join(parts)}. Quick studies were made again here with {again} each."


def boxes(story: ValidationStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    del story
    return SAID.told("boxes")


def notes_on_record(story: ValidationStory) -> list[str]:
    """Cautions about the age of the record."""
    notes = []
    if story.changed:
        notes.append(
            "Made by older code, and to be run again with make validate: "
            f"{words.listing(list(story.changed))}."
        )
    if story.missing:
        notes.append(f"Not in the record: {words.listing(list(story.missing))}.")
    return notes


def band_text(result: Result) -> str:
    """Band of a result as its kind is written."""
    target = result.target
    if result.high >= 1 and target.kind not in ("bias", "contraction"):
        return f"{written(target, max(result.low, 0.0))} or more"
    low = result.low if target.kind in ("bias", "contraction") else max(result.low, 0.0)
    return f"{written(target, low)} to {written(target, result.high)}"


def results_table(results: Iterable[Result], caption: str, *notes: str) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what was found beside each band.

    Parameters
    ----------
    results : iterable of Result
    caption : str
    notes : str
        Printed under the table.
    """
    rows = [
        {
            "Estimator": one.target.estimator,
            "Data made": scenario_of(one),
            "Runs": one.given,
            "Found": value_text(one),
            "Monte-Carlo limits": limits_text(one) or "[z]",
            "Band, and whether met": f"{band_text(one)}: {KEPT if one.met else NOT_KEPT}",
        }
        for one in results
    ]
    return {"frame": pd.DataFrame(rows), "caption": caption, "notes": list(notes)}


def kind_tables(story: ValidationStory) -> list[dict[str, Any]]:
    """Arguments of one table for each kind of promise, methods relied on."""
    return [
        results_table(chosen, caption, _reasons(chosen))
        for kinds, caption in SAID.told("kinds").items()
        if (chosen := [one for one in story.simulated if one.target.kind in kinds.split(", ")])
    ]


def _reasons(results: Sequence[Result]) -> str:
    reasons: dict[str, list[str]] = {}
    for one in results:
        reasons.setdefault(one.target.why, []).append(family(one))
    parts = [f"{words.listing(sorted(set(who)))}: {why}" for why, who in reasons.items()]
    return f"Why these bands. {'; '.join(parts)}."


def forecast_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the one promise that real records can test."""
    chosen = [one for one in story.full if one.target == FORECAST]
    return results_table(
        chosen,
        "How often next year's recorded count lay in its 95% forecast interval",
        _reasons(chosen),
    )


def failures_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: bands that are not met, and why."""
    rows = [
        {
            "Estimator": one.target.estimator,
            "Data made": scenario_of(one),
            "Found": value_text(one),
            "Monte-Carlo limits": limits_text(one) or "[z]",
            "Band": band_text(one),
            "Why": one.target.miss or "not known: under review",
        }
        for one in [*story.missed, *story.limits, *story.shown_to_fail]
        if not one.met
    ]
    return {"frame": pd.DataFrame(rows), **SAID.told("failures")}


def coverage_rows(results: Iterable[Result]) -> pd.DataFrame:
    """Rows of the dot plot: each estimator where its coverage is lowest."""
    kept: dict[str, Result] = {}
    for one in results:
        name = one.target.estimator
        if one.target.kind == "coverage" and (name not in kept or one.value < kept[name].value):
            kept[name] = one
    return pd.DataFrame(
        {
            "Estimator": list(kept),
            "Held (%)": [100 * one.value for one in kept.values()],
            "lower": [100 * one.lower for one in kept.values()],
            "upper": [100 * one.upper for one in kept.values()],
            "Band": [KEPT if one.met else NOT_KEPT for one in kept.values()],
        }
    )


def family_rows(results: Iterable[Result]) -> pd.DataFrame:
    """Rows of the leading dot plot: each group of methods where its coverage is lowest."""
    kept: dict[str, Result] = {}
    for one in results:
        name = family(one)
        if one.target.kind == "coverage" and (name not in kept or one.value < kept[name].value):
            kept[name] = one
    return coverage_rows(
        replace(one, target=replace(one.target, estimator=name)) for name, one in kept.items()
    )


def words_for_coverage(story: ValidationStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the dot plot of coverage."""
    rows = family_rows(story.simulated)
    low, high = rows["Held (%)"].min(), rows["Held (%)"].max()
    out = int((rows["Band"] == NOT_KEPT).sum())
    found = (
        f"{words.plural(out, 'group')} of {words.number(len(rows))} "
        f"{'covers' if out == 1 else 'cover'} outside the band"
        if out
        else "Every interval that reports rely on covers as its band asks"
    )
    return SAID.told(
        "coverage_figure", found=found, groups=words.plural(len(rows), "group"),
        low=words.number(low, 1), high=words.number(high, 1), dots=words.plural(out, "dot"),
    )  # fmt: skip


def words_for_failures(story: ValidationStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the dot plot of methods that fail."""
    rows = coverage_rows(story.shown_to_fail)
    low = rows.iloc[int(rows["Held (%)"].to_numpy().argmin())]
    return SAID.told(
        "failures_figure", methods=words.plural(len(rows), "method"), name=low["Estimator"],
        lowest=words.number(float(low["Held (%)"]), 1),
    )  # fmt: skip


def drawn_studies(results: Iterable[Result]) -> list[str]:
    """Calibration studies that get a figure: posteriors as reports make them unless told to sample.

    Those that are sampled stand in the table of ranks only.
    """
    named = dict.fromkeys(one.target.study for one in results if one.bins)
    return [study for study in named if not study.endswith(SAMPLED)]


def rank_rows(results: Iterable[Result], study: str) -> pd.DataFrame:
    """Cumulative share of ranks less that of even ranks, by quantity.

    Parameters
    ----------
    results : iterable of Result
    study : str
        Name of a calibration study.

    Returns
    -------
    DataFrame
        Rank (%), Quantity, Difference (points), Allowed (points): 95% of even ranks stay inside,
        point by point.
    """
    rows = []
    for one in results:
        if one.target.study != study or not one.bins:
            continue
        total, seen = sum(one.bins), 0
        for place, held in enumerate((0, *one.bins)):
            seen += held
            share = place / RANK_BINS
            rows.append(
                {
                    "Rank of the truth (%)": 100 * share,
                    "Quantity": one.target.measure.removeprefix(RANKS),
                    "Difference (points)": 100 * (seen / total - share),
                    "Allowed (points)": 196 * math.sqrt(share * (1 - share) / total),
                }
            )
    return pd.DataFrame(rows)


def words_for_ranks(rows: pd.DataFrame, what: str, runs: int) -> dict[str, str]:
    """Headline, subtitle and alternative text of a figure of ranks.

    Parameters
    ----------
    rows : DataFrame
        From :func:`rank_rows`.
    what : str
        Model, in words.
    runs : int
    """
    farthest = float(rows["Difference (points)"].abs().max())
    outside = float((rows["Difference (points)"].abs() > rows["Allowed (points)"]).mean())
    return SAID.told(
        "ranks_figure", what=what, found="are even" if outside <= 0.1 else "stray",
        draws=words.plural(runs, "draw"), farthest=words.number(farthest, 1),
        quantities=words.plural(rows["Quantity"].nunique(), "quantity", "quantities"),
        outside=words.percent(outside),
    )  # fmt: skip


def model_words(study: str) -> str:
    """Name the model of a calibration study in a sentence."""
    what, _, how = study.removeprefix("calibration of ").partition(", ")
    names = {"rates": "hierarchy of rates", "recording": "recording panel"}
    return f"{names[what]} ({how})"


def note_on_refusal(story: ValidationStory) -> str:
    """Say what became of the situation whose files no report may be made from."""
    if story.refused == story.refusal_wanted:
        return (
            f"One more situation gets no verdict, as it should: {story.refused_situation} "
            f"Its files are refused ({story.refused})."
        )
    was = f"was with {story.refused}" if story.refused else "was not"
    return (
        f"One situation should be refused with {story.refusal_wanted} and {was}: "
        f"{story.refused_situation}"
    )


def situations_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: situations, claims and how often the verdict came."""
    rows = [
        {
            "Situation": one.scenario,
            "Claim": one.target.estimator,
            "Verdict wanted": one.target.wanted,
            "Draws": one.given,
            "Reached": f"{value_text(one)} ({limits_text(one)})",
            "Band": KEPT if one.met else NOT_KEPT,
        }
        for one in (*story.full, *story.now)
        if one.target.kind == "verdict"
        and (one in story.full or one.target.id not in {r.target.id for r in story.full})
    ]
    return {"frame": pd.DataFrame(rows), **SAID.told("situations")}


def references_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: every figure of other programs and authors."""
    table = story.references
    return {
        "frame": pd.DataFrame(
            {
                "Quantity": table["quantity"],
                "Theirs": table["value"].map(_digits),
                "Ours": table["found"].map(_digits),
                "Difference": table["difference"].map(_small),
                "Allowed": table["tolerance"].map(_small),
                "Where from": table["program"] + ", " + table["source"],
            }
        ),
        **SAID.told("references"),
    }


def programs_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: agreement by program."""
    table = story.references
    close = table["difference"].abs() / table["tolerance"]
    grouped = table.assign(close=close).groupby("program", sort=False)
    rows = grouped.agg(figures=("id", "size"), agree=("agrees", "sum"), close=("close", "max"))
    return {
        "frame": pd.DataFrame(
            {
                "Where from": rows.index,
                "Figures": rows["figures"].to_numpy(),
                "Agree": rows["agree"].to_numpy(),
                "Nearest to its limit": [words.percent(value) for value in rows["close"]],
            }
        ),
        **SAID.told("programs"),
    }


def external_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: analyses of others, done again."""
    by_id = story.references.set_index("id")
    rows = [
        {
            "Analysis": told["label"],
            "Published": _with_limits(by_id["value"], name),
            "Ours": _with_limits(by_id["found"], name),
            "Agrees": "yes" if all_agree(by_id, name) else "no",
        }
        for name, told in SAID.told("released").items()
    ]
    for label, name in (
        ("Coronary death, smoking doctors (rate ratio)", "doctors.ratio"),
        ("Ship damage, year of construction (coefficient)", "ships.yr_con"),
    ):
        rows.append(
            {
                "Analysis": label,
                "Published": words.number(by_id["value"][name], 4),
                "Ours": words.number(by_id["found"][name], 4),
                "Agrees": "yes" if by_id["agrees"][name] else "no",
            }
        )
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Analyses of other authors, done again by the functions of this project",
        "notes": "Limits are 95% intervals. Weight in kg; the others are ratios.",
    }


def now_table(story: ValidationStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: what was made again in this report."""
    return results_table(
        [one for one in story.now if one.target.kind != "verdict"],
        "Quick studies made again in this report",
        "Bands are those of the full study and 3.5 Monte-Carlo errors on either side.",
    )


def _with_limits(values: pd.Series, name: str) -> str:
    low, high = values[f"{name}.lower"], values[f"{name}.upper"]
    return f"{words.number(values[name], 2)} ({words.interval(low, high, 2)})"


def _digits(value: float) -> str:
    return f"{value:.7g}".replace("-", words.MINUS)


def _small(value: float) -> str:
    return f"{value:.0e}".replace("-", words.MINUS)
