"""Crewing evidence: the sentences and tables of the report on real crewing data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.page import words
from officer_assaults.stats import shares as crewing_shares
from officer_assaults.topics.evidence.findings import SAID
from officer_assaults.topics.evidence.findings import findings as findings
from officer_assaults.topics.evidence.model import CREWING_TOPIC
from officer_assaults.topics.evidence.story import CITIES, strata_in_words, years_of
from officer_assaults.topics.evidence.story import CrewingStory as CrewingStory
from officer_assaults.topics.evidence.story import Washington as Washington
from officer_assaults.topics.evidence.story import years_in_words as years_in_words

if TYPE_CHECKING:
    from officer_assaults.stats.risk_ratio import RiskRatio

OFFENCE_WORDS: Mapping[str, str] = {
    "13A": "aggravated assault",
    "13B": "simple assault",
    "13C": "intimidation",
}
COUNT_PAIR = re.compile(r"(\d+) against (\d+)")
TRIALS: Mapping[str, str] = {
    "G10": "TASER on shifts drawn by lot",
    "G15": "Scenario-based safety training",
    "G16": "Scenario-based safety training",
    "F19": "Body-worn video on shifts drawn by lot",
    "F20": "Body-worn video, the same trials",
}
TWICE = 2.0
PLAIN_NUMBER = re.compile(r"[\d.,]+")


def two_counts(text: str) -> tuple[int, int]:
    """Read "6 against 3" out of a published figure.

    Raises
    ------
    ValueError
        If there is no such pair.
    """
    found = COUNT_PAIR.search(text)
    if found is None:
        raise ValueError(f"no pair of counts in '{text}'")
    return int(found.group(1)), int(found.group(2))


def answer(story: CrewingStory) -> str:
    """First line of the page: the answer to its question."""
    more = story.both["lower"] > 1
    found = "were injured somewhat more often" if more else "may or may not be injured more often"
    return (
        "Little. No open record says how often single and double crews are assaulted per hour. "
        f"Once assaulted, American officers alone {found} than officers in pairs."
    )


def headline(story: CrewingStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    both = story.both
    return {
        "number": words.number(both["Ratio"], 2),
        "interval": words.interval_words(both["lower"], both["upper"], 2, level=story.level) + ".",
        **SAID.told("headline"),
    }


def may_say(story: CrewingStory) -> dict[str, str]:
    """Arguments of :func:`report.may_say`: a sentence to use, and one that goes too far."""
    both = story.both
    limits = words.interval(both["lower"], both["upper"], 2)
    return SAID.told("may_say", ratio=words.number(both["Ratio"], 2), limits=limits)


def main_points(story: CrewingStory) -> list[str]:
    """Write the points of the summary."""
    silent = [name for name, found in story.agencies.items() if found.implausible]
    trial = story.trial
    return [
        _point_washington(story),
        "More American reports are of officers alone than of officers in pairs. That says nothing "
        "of risk: nobody published how many hours either crew was out.",
        *(_point_missing(story, name) for name in silent[:1]),
        "A British survey counts officers who are often alone, not the hours. It fits a lower risk "
        "alone as well as a higher one.",
        f"Forces that use TASER more record {_taser_words(story)}.",
        f"One British trial of TASER is small: {trial.y1} officers assaulted on shifts with it, "
        f"{trial.y0} without. Chance alone could give that."
        if trial.interval.contains(1.0)
        else f"One British trial of TASER counted {trial.y1} officers assaulted on shifts with it "
        f"and {trial.y0} without.",
    ]


def _taser_words(story: CrewingStory) -> str:
    limits = story.taser.within_interval
    if limits.contains(1.0):
        return "neither clearly more nor clearly fewer assaults on officers"
    return "more assaults on officers" if limits.lower > 1 else "fewer assaults on officers"


def boxes(story: CrewingStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return SAID.told("boxes", years=years_of(story.washington))


def victims_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: officers and injured by year and crew."""
    washington = story.washington
    rows = washington.by_year
    return {
        "frame": pd.DataFrame(
            {
                "Year": rows["year"].astype(str),
                "Assignment": rows["assignment"],
                "Officers": rows["victims"],
                "Injured": rows["injured"],
                "Injured (share)": rows["injured"] / rows["victims"],
                "lower": rows["lower"],
                "upper": rows["upper"],
            }
        ),
        "formats": {"Injured (share)": "percent", "lower": "percent", "upper": "percent"},
        "intervals": {"Injured (share)": ("lower", "upper")},
        "level": story.level,
        **SAID.told("victims", offences=_offences(washington), left_out=_left_out(washington)),
    }


def ratio_rows(story: CrewingStory) -> pd.DataFrame:
    """Rows of the forest: each way to compare, the main one first."""
    washington = story.washington
    strata = strata_in_words(washington.stratum)
    ways = [
        (f"Within {strata}, by incident", washington.main, "clustered by incident"),
        (f"Within {strata} and activity", washington.active, "clustered by incident"),
        *((label, found, "clustered by incident") for label, found in washington.others),
        ("Officers taken as independent", washington.naive, "not clustered"),
    ]
    return pd.DataFrame(
        {
            "Estimate": [label for label, _, _ in ways],
            "Ratio": [found.ratio for _, found, _ in ways],
            "lower": [found.lower for _, found, _ in ways],
            "upper": [found.upper for _, found, _ in ways],
            "Errors": [errors for _, _, errors in ways],
        }
    )


def ratio_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the same rows with their counts."""
    washington = story.washington
    found = [washington.main, washington.active, *(r for _, r in washington.others)]
    found.append(washington.naive)
    rows = ratio_rows(story)
    return {
        "frame": pd.DataFrame(
            {
                "Comparison": rows["Estimate"],
                "Alone": [f"{r.events1}/{r.total1}" for r in found],
                "Reference": [f"{r.events0}/{r.total0}" for r in found],
                "Incidents": [NOT_CLUSTERED if r.clusters is None else r.clusters for r in found],
                "Risk ratio": rows["Ratio"],
                "lower": rows["lower"],
                "upper": rows["upper"],
            }
        ),
        "formats": {"Risk ratio": 3, "lower": 3, "upper": 3},
        "level": story.level,
        **SAID.told("ratios", washington=washington),
    }


NOT_CLUSTERED = "[z]"


def words_for_forest(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the forest of Washington ratios."""
    washington, main, naive = story.washington, story.washington.main, story.washington.naive
    turns = (
        "Taking officers of one incident together turns a difference into an open question"
        if _excludes(naive) and not _excludes(main)
        else "The answer is the same whether or not incidents are taken together"
    )
    return SAID.told(
        "forest_figure", turns=turns, washington=washington, offences=_offences(washington),
        years=years_of(washington), main=words.ratio(main.ratio, main.lower, main.upper),
        naive=words.ratio(naive.ratio, naive.lower, naive.upper),
    )  # fmt: skip


def caveat_on_choice(story: CrewingStory) -> str:
    """Warn where another choice of records would have changed the verdict."""
    others = [label for label, found in story.washington.others if _excludes(found)]
    start = (
        "The transit police alone report before 2021, so earlier years are another agency: the "
        "main comparison keeps to years in which both report."
    )
    if not others:
        return f"{start} No other choice tried here changes the verdict."
    return (
        f"{start} One choice tried here would have changed the verdict "
        f"({'; '.join(others).lower()}): the interval lies that close to 1."
    )


def activity_rows(story: CrewingStory) -> pd.DataFrame:
    """Rows of the forest of counts by activity."""
    return story.counts.rename(columns={"activity": "Estimate", "ratio": "Ratio"})[
        ["Estimate", "Ratio", "lower", "upper", "single", "double"]
    ].rename(columns={"single": "Alone", "double": "Two-officer"})


def words_for_activities(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of counts by activity."""
    inner = story.counts.iloc[:-1]
    return SAID.told(
        "activities_figure", above=(inner["lower"] > 1).sum(), below=(inner["upper"] < 1).sum(),
        low=words.number(inner["ratio"].min(), 2), high=words.number(inner["ratio"].max(), 2),
        total=words.number(story.total["ratio"], 2),
    )  # fmt: skip


def deployment_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: one ratio of counts under six mixes of units."""
    rows = story.deployment
    return {
        "frame": pd.DataFrame(
            {
                "Sworn officers": rows["sworn_size"],
                "Agencies": rows["agencies"],
                "One-officer units": rows["motor_one_officer"],
                "Two-officer units": rows["motor_two_officer"],
                "Implied rate ratio per unit": rows["per_unit"],
                "Implied rate ratio per officer": rows["per_officer"],
            }
        ),
        "formats": {"Implied rate ratio per unit": 2, "Implied rate ratio per officer": 2},
        **SAID.told("deployment", ratio=words.number(story.total["ratio"], 2)),
    }


def reporting_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: rates with and without the zeros."""
    return {
        "frame": pd.DataFrame(
            [
                {
                    "Agency": CITIES.get(name, name),
                    "Years reported": found.reports,
                    "Zeros": found.zeros,
                    "Rate with zeros as counts": found.rate_as_printed,
                    "Rate in reporting years": found.rate_of_reports,
                    "lower": found.lower,
                    "upper": found.upper,
                }
                for name, found in story.agencies.items()
            ]
        ),
        **SAID.told("reporting"),
        "formats": {"Rate with zeros as counts": 1, "Rate in reporting years": 1},
        "intervals": {"Rate in reporting years": ("lower", "upper")},
        "level": story.level,
        "notes": [
            f"{CITIES.get(name, name)}: {words.plural(found.missing, 'year')} without a number."
            for name, found in story.agencies.items()
            if found.missing
        ],
    }


def words_for_published(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the forest of published results."""
    said = "; ".join(
        f"{row['Estimate']}: {words.ratio(row['Ratio'], row['lower'], row['upper'])}"
        for row in story.studies.to_dict("records")
    )
    found = (
        "Alone, officers were injured somewhat more often once assaulted"
        if story.both["lower"] > 1
        else "Studies do not tell whether officers alone are injured more often"
    )
    return SAID.told("published_figure", found=found, said=said)


def published_table(ledger: pd.DataFrame) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: results that could only be read as a direction."""
    mine = ledger[ledger["topic"] == CREWING_TOPIC]
    drawn = pd.to_numeric(mine["lower"], errors="coerce").notna()
    rest = mine[~drawn]
    return {
        "frame": pd.DataFrame(
            {
                "Result": rest["what"],
                "What was read": _as_read(rest),
                "Where and when": rest["area"] + ", " + rest["period"],
                "How read": rest["how_read"],
                "Source": _cited(rest["source_title"] + ", " + rest["publisher"]),
            }
        ),
        **SAID.told("published"),
    }


def survey_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: readings of the survey's share, and what follows."""
    share = float(story.survey["percent"]) / 100
    low, high = story.bounds[0].lower, story.bounds[0].upper
    readings = [
        ("Taken as a share of officer-hours", share),
        ("Taken as a share of unit-hours", crewing_shares.officer_hour_share(share)),
        ("Least it allows (often is half the time, others never)", low),
        ("Most it allows (often is all the time, others half)", high),
    ]
    return {
        "frame": pd.DataFrame(
            {
                "Reading of the answer": [label for label, _ in readings],
                "Officer-hours single": [hours for _, hours in readings],
                "Victims single if crews were equally at risk": [
                    crewing_shares.victims_share_for(1.0, hours) for _, hours in readings
                ],
                "Ratio per hour at the assumed victims": [
                    crewing_shares.ratio_from_shares(story.victims_single, hours)
                    for _, hours in readings
                ],
            }
        ),
        "formats": {
            "Officer-hours single": "percent1",
            "Victims single if crews were equally at risk": "percent1",
            "Ratio per hour at the assumed victims": 2,
        },
        **SAID.told(
            "survey",
            share=words.percent(share),
            victims=words.percent(story.victims_single),
            respondents=words.number(story.survey["respondents"]),
        ),
    }


def words_for_taser(story: CrewingStory) -> dict[str, str]:
    """Headline, subtitle and alternative text of the scatter of TASER use and recorded rates."""
    taser = story.taser
    clear = not (taser.between_interval.contains(1.0) and taser.within_interval.contains(1.0))
    return SAID.told(
        "taser_figure", taser=taser, found="do stand out" if clear else "do not stand out",
        factor=words.number(taser.factor), between=words.number(taser.between, 2),
        limits=_limits(taser.between_interval),
    )  # fmt: skip


def taser_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: association between totals beside the trial."""
    taser, trial = story.taser, story.trial
    times = "twice" if taser.factor == TWICE else f"{words.number(taser.factor)} times"
    rows = [
        (f"Between forces, {times} the uses of TASER", taser.between, taser.between_interval),
        (f"Within a force over years, {times} the uses", taser.within, taser.within_interval),
        ("Trial, shifts with TASER over without", trial.ratio, trial.interval),
    ]
    return {
        "frame": pd.DataFrame(
            {
                "Comparison": [label for label, _, _ in rows],
                "Ratio of recorded rates": [value for _, value, _ in rows],
                "lower": [limits.lower for _, _, limits in rows],
                "upper": [limits.upper for _, _, limits in rows],
                "What it rests on": [
                    f"{taser.rows} force-years of {taser.units} forces",
                    "the same, each force against itself, common change taken out",
                    f"{trial.y1} and {trial.y0} officers assaulted, press report, second-hand",
                ],
            }
        ),
        "formats": {"Ratio of recorded rates": 2, "lower": 2, "upper": 2},
        "level": story.level,
        **SAID.told("taser"),
    }


def taser_limits() -> list[str]:
    """Say what the comparison of totals cannot carry."""
    return SAID.lines("taser_limits")


def taser_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Force-years per 1,000 officer-years, as plotted and downloaded.

    Parameters
    ----------
    frame : DataFrame
        From :func:`officer_assaults.data.histories.taser_years`.
    """
    thousands = frame["officer_years"] / 1000
    return pd.DataFrame(
        {
            "Force": frame["force"].map(forces.names()),
            "Year": frame["financial_year"],
            "TASER uses": frame["taser_uses"] / thousands,
            "Recorded": frame["recorded"] / thousands,
        }
    )


def trials_table(story: CrewingStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: published trials of equipment and training."""
    known = story.ledger.set_index("id")
    rows = known.loc[[one for one in TRIALS if one in known.index]]
    return {
        "frame": pd.DataFrame(
            {
                "What was tried": [TRIALS[str(one)] for one in rows.index],
                "Result": rows["what"],
                "What was read": _as_read(rows),
                "Where and when": rows["area"] + ", " + rows["period"],
                "How read": rows["how_read"],
                "Caution": rows["caution"].fillna("none noted"),
            }
        ),
        **SAID.told("trials"),
    }


def _point_washington(story: CrewingStory) -> str:
    main = story.washington.main
    return (
        f"In Washington DC {_percent(main.risk1)} of officers assaulted alone were injured, and "
        f"{_percent(main.risk0)} of those in pairs: a difference that {_leaves(main)}."
    )


def _point_missing(story: CrewingStory, name: str) -> str:
    zeros = words.plural(story.agencies[name].implausible, "year")
    return (
        f"{CITIES.get(name, name)} shows {zeros} of zero reports in the federal series. "
        "Those reports are missing; the years were not quiet."
    )


def _offences(washington: Washington) -> str:
    return words.listing([OFFENCE_WORDS[code] for code in washington.offences])


def _left_out(washington: Washington) -> str:
    rest = [name for code, name in OFFENCE_WORDS.items() if code not in washington.offences]
    return f"victims of {words.listing(rest)}" if rest else "nothing else"


def _excludes(found: RiskRatio) -> bool:
    return not found.interval.contains(1.0)


def _leaves(found: RiskRatio) -> str:
    return "chance alone would not give" if _excludes(found) else "chance alone could give"


def _limits(limits: Any) -> str:
    return words.interval(limits.lower, limits.upper, 2)


def _percent(share: float) -> str:
    return words.percent(share)


def _cited(texts: pd.Series) -> list[str]:
    """Mark the ledger's own titles, which keep the words of their sources."""
    return [f"<cite>{text}</cite>" for text in texts]


def _as_read(rows: pd.DataFrame) -> list[str]:
    """Value and unit as they were read, quoted."""
    units = rows["unit"].fillna("")
    return [
        f"<q>{value} {unit}</q>" if PLAIN_NUMBER.fullmatch(value) else f"<q>{value}</q>"
        for value, unit in zip(rows["value"], units, strict=True)
    ]
