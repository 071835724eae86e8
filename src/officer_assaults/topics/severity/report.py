"""Severity split: the sentences, tables and findings of the report on injury and no injury."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data import forces
from officer_assaults.findings import Finding
from officer_assaults.page import words
from officer_assaults.stats import verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.force_year import ForceYear
    from officer_assaults.data.years import TwoYears
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.severity import Placebo, SeverityContrast, ShareChange

NEW_CLASS = "2017/18"
UPTAKE_Z = 3.0
ORDINARY_Z = 2.0
LAYERS = {
    "naive": "counting chance only",
    "against the rest": "against all others as one, counting chance only",
    "calibrated": "calibrated by the other forces",
    "triple": "beyond the mean of the other forces",
}


@dataclass(frozen=True, slots=True)
class SeverityStory:
    """Everything that the report says about injury and no injury in one force.

    Parameters
    ----------
    two : TwoYears or None
        The force's own figures; None where a break bars every code.
    force : Force
        In focus.
    data : ForceYear
        All forces in one release.
    refused : tuple of Problem
        Why the force has no severity split; empty if it has.
    share : ShareChange or None
        Its injury share in both years.
    own : mapping of str to SeverityContrast
        Its contrasts: "naive" and, where its release holds the total, "against the rest".
    panel : mapping of str to SeverityContrast
        "naive", "calibrated" and "triple" in the release that holds all forces.
    placebo : Placebo
        Contrasts of all usable forces.
    pooled : mapping of str to SeverityContrast
        Contrasts of groups of forces added together, by who they are.
    influence : DataFrame
        Pooled contrast with each force left out, largest shift first.
    uptake : DataFrame
        Change of the injury share during the bedding-in year, by force; empty for other years.
    alpha : float
        One minus the coverage.
    """

    two: TwoYears | None
    force: forces.Force
    data: ForceYear
    refused: tuple[Problem, ...]
    share: ShareChange | None
    own: Mapping[str, SeverityContrast]
    panel: Mapping[str, SeverityContrast]
    placebo: Placebo
    pooled: Mapping[str, SeverityContrast]
    influence: pd.DataFrame
    uptake: pd.DataFrame
    alpha: float

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha

    @property
    def period(self) -> str:
        """Years compared."""
        return f"{self.data.panel.period0} to {self.data.panel.period1}"

    @property
    def largest(self) -> str:
        """Short name of the force that moves the pooled contrast most."""
        return str(self.influence.index[0])


def headline(story: SeverityStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    caveat = f"{_readings(story)} These counts cannot tell them apart."
    if story.refused or story.share is None:
        problem = story.refused[0]
        return {
            "number": "Not compared",
            "text": f"{story.force.name} has no comparable injury split, {story.period}.",
            "interval": f"No interval ({problem.code}). {_problem_text(problem).rstrip('.')}.",
            "caveat": caveat,
        }
    naive, wide = story.own["naive"], story.panel.get("calibrated")
    tail = (
        f"; {_limits(wide.interval)} once the ordinary scatter between forces is allowed for."
        if wide is not None
        else "."
    )
    return {
        "number": words.number(naive.ratio, 2),
        "text": f"{story.force.name}: recorded assaults without injury {_went(story, 'no_injury')},"
        f" those with injury {_went(story, 'injury')}, {story.period}.",
        "interval": f"Ratio of ratios {words.number(naive.ratio, 2)}, "
        f"{words.level_words(story.level)} {_limits(naive.interval)} for counting chance{tail}",
        "caveat": caveat,
    }


def _readings(story: SeverityStory) -> str:
    share = story.share
    if share is not None and share.after > share.before:
        return (
            "A higher share with injury fits worse recording of minor assaults, a true shift to "
            "graver ones, and uptake of the injury code alike."
        )
    return (
        "A lower share with injury fits better recording of minor assaults, a true shift to minor "
        "ones, and loss of injury coding alike."
    )


def main_points(story: SeverityStory) -> list[str]:
    """Write the points of the summary, at most six."""
    points = [_point_share(story), _point_layers(story), _point_rest(story)]
    points += [_point_placebo(story), _point_national(story), _point_uptake(story)]
    refused = [f"{_problem_text(problem)} ({problem.code})." for problem in story.refused[:2]]
    return [point for point in (*refused, *points) if point][:6]


def boxes(story: SeverityStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return {
        "shows": "Whether recorded assaults without injury (code 104) grew faster than those with "
        f"injury (code 8S), {story.period}, and how far forces differ in that by themselves.",
        "cannot": [
            "Whether more minor assaults happened, or more of those that happened were recorded.",
            "How severe an injury was: a graze and a broken bone share code 8S.",
        ],
        "settle": [
            "Injury graded by severity on health and safety forms, for the same incidents.",
            "An audit of how forces class injured officers, force by force.",
        ],
    }


def caveats(story: SeverityStory) -> list[str]:
    """Warnings at the top: refusals with their code, flags on the force's own figures."""
    notes = [f"{problem.code}: {_problem_text(problem)}." for problem in story.refused]
    if story.two is not None and not story.refused:
        notes += list(story.two.notes)
        if story.two.vintage != story.data.panel.vintage:
            notes.append(
                f"The force's own figures are of the release {story.two.vintage}; forces are set "
                f"side by side in the release {story.data.panel.vintage}, never mixed."
            )
    return [note.replace("..", ".") for note in notes]


def _note_on_the_rest(story: SeverityStory) -> list[str]:
    if "against the rest" not in story.own:
        return []
    return [
        "The line against all others as one looks precise only because it takes every other force "
        "to move alike, and because its comparator carries the coding of the largest force; the "
        "calibrated lines take their error from how far other forces do move."
    ]


def share_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: counts and injury share in both years."""
    two, share = story.two, story.share
    if two is None or share is None:
        raise ValueError("the force has no injury split")
    frame = pd.DataFrame(
        {
            "Financial year": [two.before.financial_year, two.after.financial_year],
            "With injury": [two.before.n_injury, two.after.n_injury],
            "Without injury": [two.before.n_no_injury, two.after.n_no_injury],
            "Injury share": [share.before, share.after],
            "lower": [share.before_interval.lower, share.after_interval.lower],
            "upper": [share.before_interval.upper, share.after_interval.upper],
        }
    )
    gap = share.difference_interval
    return {
        "frame": frame,
        "caption": f"Recorded assaults on constables by injury, {story.force.name}",
        "formats": {"Injury share": "percent1"},
        "level": story.level,
        "notes": f"Difference {_points(share.difference)} percentage points "
        f"({_points(gap.lower)} to {_points(gap.upper)}, Newcombe); Fisher's exact "
        f"{words.p_equals(share.p)}. Wilson intervals.",
    }


def layers_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the contrast under each set of assumptions."""
    own_release = story.two.vintage if story.two is not None else ""
    rows = [_layer_row(name, own_release, contrast) for name, contrast in story.own.items()]
    same = own_release == story.data.panel.vintage
    rows += [
        _layer_row(name, story.data.panel.vintage, contrast)
        for name, contrast in story.panel.items()
        if not (same and name == "naive")
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Growth without injury over growth with injury, {story.force.name}",
        "formats": {"Ratio of ratios": 2},
        "level": story.level,
        "notes": [
            *_note_on_the_rest(story),
            f"Spread between forces: {words.number(story.placebo.tau, 2)} on the log scale.",
        ],
    }


def pooled_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the national contrast with and without forces."""
    rows = [
        {
            "Forces added together": who,
            "Ratio of ratios": contrast.ratio,
            "lower": contrast.interval.lower,
            "upper": contrast.interval.upper,
        }
        for who, contrast in story.pooled.items()
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"Growth without injury over growth with injury, forces together, "
        f"{story.period}",
        "formats": {"Ratio of ratios": 2},
        "level": story.level,
        "notes": "Counting chance only. A pooled figure hides that one large force may carry it; "
        f"leaving out {forces.spoken(story.largest)} moves it most.",
    }


def uptake_table(story: SeverityStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: how the new class was taken up, force by force."""
    table = story.uptake.sort_values("z", key=np.abs, ascending=False).head(12)
    table = table.sort_values("z", ascending=False)
    frame = pd.DataFrame(
        {
            "Force": [forces.names()[slug] for slug in table.index],
            "Injury share, first quarter": table["share_first"].to_numpy(),
            "Third and fourth quarter": table["share_settled"].to_numpy(),
            "Odds ratio": table["odds_ratio"].to_numpy(),
            "lower": table["lower"].to_numpy(),
            "upper": table["upper"].to_numpy(),
        }
    )
    return {
        "frame": frame,
        "caption": f"Uptake of the class with injury during {NEW_CLASS}, the 12 largest changes",
        "formats": {
            "Injury share, first quarter": "percent",
            "Third and fourth quarter": "percent",
            "Odds ratio": 2,
        },
        "notes": f"Of {len(story.uptake)} forces. Counting chance only; with so many forces some "
        "stand out by chance.",
    }


def groups(
    everyone: pd.DataFrame, usable: pd.DataFrame, largest: str
) -> dict[str, tuple[pd.DataFrame, list[str]]]:
    """Group the forces to add together: who they are, their counts, and who is left out."""
    name = forces.spoken(largest)
    return {
        f"all {len(everyone)} forces": (everyone, []),
        f"without {name}": (everyone, [largest]),
        f"{len(usable)} forces without a recording break": (usable, []),
        f"the same without {name}": (usable, [largest]),
    }


def quarter_groups(story: SeverityStory, land: pd.DataFrame, mine: pd.DataFrame) -> dict[str, Any]:
    """Lines of the quarterly figure: who they are, their rows, and who is left out."""
    lines: dict[str, Any] = {
        "England and Wales": (land, []),
        f"without {forces.spoken(story.largest)}": (land, [story.largest]),
    }
    if story.force.kind != "nation" and not story.refused:
        lines[story.force.name] = (mine, [])
    return lines


def share_by_quarter(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Rows of the figure of injury shares: Quarter, Forces, Injury share, lower, upper."""
    rows = [
        pd.DataFrame(
            {
                "Quarter": part["quarter_start"],
                "Forces": who,
                "Injury share": part["share"] * 100,
                "lower": part["lower"] * 100,
                "upper": part["upper"] * 100,
            }
        )
        for who, part in parts.items()
    ]
    return pd.concat(rows, ignore_index=True)


def words_for_shares(story: SeverityStory, shares: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """Headline, subtitle and alternative text of the shares by quarter.

    Parameters
    ----------
    story : SeverityStory
        What is compared.
    shares : mapping of str to DataFrame
        Quarterly shares: all forces first, then all but the one that moves the total most.
    """
    whole, without = list(shares.values())[:2]
    name = forces.spoken(story.largest)
    moves = [words.number(float(np.ptp(part["share"])) * 100, 1) for part in (whole, without)]
    ends = [
        f"{words.percent(float(part['share'].iloc[0]))} to "
        f"{words.percent(float(part['share'].iloc[-1]))}"
        for part in (whole, without)
    ]
    return {
        "headline": f"The national injury share moves by {moves[0]} points, without {name} by "
        f"{moves[1]}",
        "subtitle": "Recorded with injury as a share of all recorded assaults on constables, "
        f"quarters from {whole['quarter_start'].iloc[0]:%B %Y}, {words.level_words(story.level)}",
        "alt": f"Lines of the quarterly injury share. England and Wales goes from {ends[0]}, "
        f"without {name} from {ends[1]}.",
    }


def words_for_caterpillar(story: SeverityStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the placebo distribution."""
    table = story.placebo.table
    low, high = np.quantile(table["ratio"], [0.1, 0.9])
    own = story.placebo.of(story.force.slug)
    inside = (
        f"{story.force.name} lies at {words.number(own[0], 2)}, inside the ordinary range"
        if own is not None and abs(own[1]) < ORDINARY_Z
        else f"{len(table)} forces scatter widely"
    )
    return {
        "headline": f"Forces differ so much that no ratio between {words.number(low, 1)} and "
        f"{words.number(high, 1)} is unusual",
        "subtitle": f"Growth without injury over growth with injury, {len(table)} forces, "
        f"{story.period}, intervals for counting chance only",
        "alt": f"Dots with intervals for {len(table)} forces from the lowest ratio to the highest. "
        f"{inside}.",
    }


def findings(story: SeverityStory) -> list[Finding]:
    """State the results, each with its verdict by rule."""
    made = [_found_pooled(story, at, who) for at, who in enumerate(story.pooled)]
    if story.refused or story.share is None or story.two is None:
        return [*made, _found_refused(story)]
    made += [_found_count(story, 0), _found_count(story, 1)]
    made += [_found_share(story, 0), _found_share(story, 1), _found_share_change(story)]
    release = story.two.vintage
    made += [
        _found_contrast(story, f"severity.{_key(name)}", contrast, release)
        for name, contrast in story.own.items()
    ]
    late = story.data.panel.vintage
    made += [
        _found_contrast(story, f"severity.{_key(name)}{'_late' if name == 'naive' else ''}",
                        contrast, late)
        for name, contrast in story.panel.items()
    ]  # fmt: skip
    return made


def _key(name: str) -> str:
    return name.replace(" ", "_")


def _layer_row(name: str, release: str, contrast: SeverityContrast) -> dict[str, Any]:
    limits = contrast.interval
    return {
        "What is allowed for": LAYERS[name],
        "Release": release,
        "Ratio of ratios": contrast.ratio,
        "lower": limits.lower,
        "upper": limits.upper,
        "p": contrast.p,
    }


def _problem_text(problem: Problem) -> str:
    return (problem.what[:1].upper() + problem.what[1:]).rstrip(".")


def _limits(interval: Interval) -> str:
    return words.interval(interval.lower, interval.upper, 2)


def _points(share: float) -> str:
    return words.number(share * 100, 1, signed=True)


def _went(story: SeverityStory, which: str) -> str:
    if story.two is None:
        raise ValueError("the force has no injury split")
    before, after = (getattr(year, f"n_{which}") for year in (story.two.before, story.two.after))
    return words.change(after / before)


def _point_share(story: SeverityStory) -> str:
    share = story.share
    if share is None:
        return ""
    before, after = share.before_interval, share.after_interval
    gap = share.difference_interval
    return (
        f"Recorded with injury: {words.percent(share.before, 1)} of recorded assaults "
        f"({words.interval(before.lower, before.upper, 1, as_percent=True)}) in "
        f"{story.data.panel.period0}, {words.percent(share.after, 1)} "
        f"({words.interval(after.lower, after.upper, 1, as_percent=True)}) in "
        f"{story.data.panel.period1}; difference {_points(share.difference)} points "
        f"({_points(gap.lower)} to {_points(gap.upper)}), Fisher's {words.p_equals(share.p)}."
    )


def _point_layers(story: SeverityStory) -> str:
    if "calibrated" not in story.panel:
        return ""
    naive, calibrated = story.panel["naive"], story.panel["calibrated"]
    triple = story.panel["triple"]
    return (
        f"In the release that holds all forces the ratio is {words.number(naive.ratio, 2)}: "
        f"{_limits(naive.interval)} for counting chance, {_limits(calibrated.interval)} with the "
        f"scatter of {calibrated.comparators} other forces; beyond their mean "
        f"{words.number(triple.ratio, 2)} ({_limits(triple.interval)})."
    )


def _point_rest(story: SeverityStory) -> str:
    rest, triple = story.own.get("against the rest"), story.panel.get("triple")
    if rest is None or triple is None:
        return ""
    counting, honest = rest.interval, triple.interval
    shown = (
        f"Against all others as one the ratio is {words.number(rest.ratio, 2)} "
        f"({_limits(counting)}, {words.p_equals(rest.p)}) for counting chance"
    )
    if not counting.contains(1) and honest.contains(1):
        return f"{shown}, which looks firm; it does not last once other forces serve as placebos."
    return f"{shown}; with other forces as placebos the limits are {_limits(honest)}."


def _point_placebo(story: SeverityStory) -> str:
    placebo = story.placebo
    size = len(placebo.table)
    spread = f"the spread between {size} forces is {words.number(placebo.tau, 2)} on the log scale"
    own = placebo.of(story.force.slug)
    if own is None:
        return f"Forces differ in this by themselves: {spread}."
    above = placebo.position(story.force.slug) - 1
    return (
        f"{above} of {size} forces have a higher ratio; {spread} (z = {words.number(own[1], 2)})."
    )


def _point_national(story: SeverityStory) -> str:
    (_, whole), (who, without), *_ = story.pooled.items()
    return (
        f"All 43 forces together: {words.number(whole.ratio, 2)} ({_limits(whole.interval)}); "
        f"{who}: {words.number(without.ratio, 2)} ({_limits(without.interval)})."
    )


def _point_uptake(story: SeverityStory) -> str:
    if story.uptake.empty:
        return ""
    risen = story.uptake[story.uptake["z"] > UPTAKE_Z]
    if risen.empty:
        return ""
    listed = [
        f"{forces.spoken(str(slug))} ({words.percent(row['share_first'])} to "
        f"{words.percent(row['share_settled'])})"
        for slug, row in risen.iterrows()
    ]
    return (
        f"Code 8S was new in {NEW_CLASS}; its share rose beyond z = {words.number(UPTAKE_Z)} "
        f"during that year in {words.listing(listed)}."
    )


def _common(story: SeverityStory, vintage: str) -> dict[str, Any]:
    return {"period": story.period, "vintage": vintage, "level": story.level}


def _found_pooled(story: SeverityStory, at: int, who: str) -> Finding:
    contrast = story.pooled[who]
    limits = contrast.interval
    names = ("national", "national_without", "usable", "usable_without")
    return Finding(
        id=f"severity.{names[at]}",
        label=f"Growth without injury over growth with injury, {who}",
        claim="Recorded assaults without injury grew faster than those with injury",
        verdict=verdicts.lies("above", 1, limits.lower, limits.upper),
        value=contrast.ratio,
        lower=limits.lower,
        upper=limits.upper,
        unit="ratio of ratios",
        denominator="recorded assaults with injury",
        note="counting chance only",
        **_common(story, story.data.panel.vintage),
    )


def _found_refused(story: SeverityStory) -> Finding:
    return Finding(
        id="severity.refused",
        label=f"{story.force.name} has no comparable injury split",
        claim=f"The injury split of {story.force.name} can be compared, {story.period}",
        verdict="needs data",
        kind="statement",
        note="; ".join(str(problem) for problem in story.refused),
        **_common(story, story.data.panel.vintage),
    )


def _found_count(story: SeverityStory, which: int) -> Finding:
    two = story.two
    if two is None:
        raise ValueError("the force has no injury split")
    injured = which == 0
    value = two.after.n_injury if injured else two.after.n_no_injury
    return Finding(
        id="severity.with_injury" if injured else "severity.without_injury",
        label=f"Recorded assaults {'with' if injured else 'without'} injury, {story.force.name}, "
        f"{two.after.financial_year}",
        claim=f"{words.number(value or 0)} recorded offences of that class",
        verdict="reproduces",
        kind="count",
        value=float(value or 0),
        unit="recorded offences, one per victim",
        denominator=f"{two.after.days} days",
        period=two.after.financial_year,
        vintage=two.vintage,
        level=story.level,
    )


def _found_share(story: SeverityStory, which: int) -> Finding:
    share, two = story.share, story.two
    if share is None or two is None:
        raise ValueError("the force has no injury split")
    value, limits = (
        (share.after, share.after_interval) if which else (share.before, share.before_interval)
    )
    year = two.after if which else two.before
    return Finding(
        id=f"severity.share{which}",
        label=f"Share of recorded assaults with injury, {story.force.name}, {year.financial_year}",
        claim=f"{words.number(year.n_injury or 0)} of {words.number(year.n_total)} recorded "
        "assaults are with injury",
        verdict="reproduces",
        value=value,
        lower=limits.lower,
        upper=limits.upper,
        unit="share with injury",
        denominator="recorded assaults on constables",
        period=year.financial_year,
        vintage=two.vintage,
        level=story.level,
        note="Wilson interval",
    )


def _found_share_change(story: SeverityStory) -> Finding:
    share, two = story.share, story.two
    if share is None or two is None:
        raise ValueError("the force has no injury split")
    gap = share.difference_interval
    return Finding(
        id="severity.share_change",
        label="Change of the share of recorded assaults with injury",
        claim="The share with injury fell",
        verdict=verdicts.lies("below", 0, gap.lower, gap.upper),
        value=share.difference,
        lower=gap.lower,
        upper=gap.upper,
        unit="difference of shares",
        denominator="recorded assaults on constables",
        note=f"Newcombe interval; Fisher's exact p = {share.p:.3g}, odds ratio "
        f"{share.odds_ratio:.3f} ({share.odds_interval.lower:.3f} to "
        f"{share.odds_interval.upper:.3f})",
        **_common(story, two.vintage),
    )


def _found_contrast(
    story: SeverityStory, name: str, contrast: SeverityContrast, vintage: str
) -> Finding:
    limits = contrast.interval
    return Finding(
        id=name,
        label=f"Growth without injury over growth with injury, {LAYERS[contrast.method]}",
        claim="Recorded assaults without injury grew faster than those with injury",
        verdict=verdicts.lies("above", 1, limits.lower, limits.upper),
        value=contrast.ratio,
        lower=limits.lower,
        upper=limits.upper,
        unit="ratio of ratios",
        denominator="recorded assaults with injury",
        note=f"p = {contrast.p:.3g}"
        + (f"; tau = {contrast.tau:.3f} over {contrast.comparators} forces, t with "
           f"{contrast.df:g} df" if contrast.tau else ""),
        **_common(story, vintage),
    )  # fmt: skip
