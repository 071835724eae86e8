"""Planning: the sentences and tables of the report on forecasts and trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data.histories import year_label
from officer_assaults.page import words
from officer_assaults.stats import forecast as forecasts
from officer_assaults.topics.planning.findings import SAID, found_plan
from officer_assaults.topics.planning.story import (
    ASSUMED,
    DESIGN_WORDS,
    FORECAST_NOTE,
    METHOD_WORDS,
    changed,
    setting_in_words,
)
from officer_assaults.topics.planning.story import CLUSTER_T as CLUSTER_T
from officer_assaults.topics.planning.story import CLUSTER_Z as CLUSTER_Z
from officer_assaults.topics.planning.story import PERMUTATION as PERMUTATION
from officer_assaults.topics.planning.story import PlanningStory as PlanningStory
from officer_assaults.topics.planning.story import what_if_rows as what_if_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from officer_assaults.data.forces import Force
    from officer_assaults.stats.forecast import Panel
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.topics.planning.power import TrialPlan


def laid_out(panel: Panel, started: pd.DataFrame) -> np.ndarray:
    """Lay the known quarters of a year out by unit of a panel, shape (units, quarters)."""
    quarters = range(1, int(started["quarter"].max()) + 1) if len(started) else range(0)
    wide = started.pivot_table(index="force", columns="quarter", values="count")
    found = wide.reindex(index=list(panel.units), columns=list(quarters)).to_numpy(dtype=float)
    return np.where(found < 0, np.nan, found)


def no_scores() -> pd.DataFrame:
    """Scores of a part year where the release holds none."""
    return pd.DataFrame({"year": [], "covered": []})


def past_forecasts(scored: pd.DataFrame, force: Force) -> pd.DataFrame:
    """One-year-ahead forecasts of one force beside what came, in order of origin.

    Parameters
    ----------
    scored : DataFrame
        From :func:`officer_assaults.stats.forecast.rolling_scores`.
    force : Force
    """
    mine = scored[(scored["unit"] == force.slug) & (scored["horizon"] == 1)]
    mine = mine[mine["method"] == forecasts.RANDOM_WALK]
    return mine.sort_values("origin", ignore_index=True)


def answer(story: PlanningStory) -> str:
    """Answer the question of the report in a few sentences."""
    plan = story.plan
    opening = (
        "It would draw lots for crewing, area by area and month by month, for about "
        f"{words.plural(plan.setting.months, 'month')} in {_who(plan)}."
        if plan.reaches_target
        else f"More than was tried: {words.plural(plan.setting.months, 'month')} in {_who(plan)} "
        "would still be too little."
    )
    return f"{opening} What crewing does is not known before that."


def headline(story: PlanningStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    plan = story.plan
    return SAID.told(
        "headline", enough="enough" if plan.reaches_target else "too little",
        ratio=words.number(plan.crew_ratio, 1), power=words.number(100 * plan.power, 0),
        limits=words.interval(100 * plan.lower, 100 * plan.upper, 0),
    )  # fmt: skip


def may_say(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.may_say` on the trial."""
    plan = story.plan
    told = SAID.told(
        "may_say", length="about" if plan.reaches_target else "more than", who=_who(plan),
        months=words.plural(plan.setting.months, "month"), ratio=words.number(plan.crew_ratio, 1),
    )  # fmt: skip
    return {**told, "finding": found_plan(story)}


def _who(plan: TrialPlan) -> str:
    if plan.forces == 1:
        return "one force"
    return f"{'two' if plan.forces == 2 else plan.forces} neighbouring forces"


def _point_forecast(story: PlanningStory) -> str:
    median, low, high = story.next_count
    return (
        f"Without other crewing, about {words.number(round(median, -1), 0)} recorded assaults are "
        f"to be expected in {story.focus.name} in {story.next_year} "
        f"({words.interval_words(low, high, 0, level=story.level)})."
    )


def main_points(story: PlanningStory) -> list[str]:
    """Write the points of the summary."""
    best = story.score(forecasts.RANDOM_WALK)
    plain = story.score(forecasts.LAST_COUNT)
    points = [
        _point_forecast(story),
        f"Sent back to past years, forecasts of this kind held {words.percent(best['coverage'])} "
        f"of the counts that came a year later, where {words.percent(story.level)} is promised."
        + (
            " Limits that allow for chance alone held fewer."
            if plain["coverage"] < best["coverage"]
            else ""
        ),
    ]
    if len(story.part):
        points.append(
            "With as many quarters known as now, forecasts of the whole year were right, limits "
            f"and all, in {words.percent(float(story.part['covered'].mean()))} of past years."
        )
    if not changed(story):
        points.append("No crewing policy can be judged on these cells; the reasons are below.")
    return [*points, SAID.text("designs")]


def boxes(story: PlanningStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    source = "simulated force" if story.simulated else "force's own cells"
    ratios = "simulated or assumed" if story.simulated else "adjusted, not randomised"
    return SAID.told("boxes", source=source, ratios=ratios)


def forecast_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the force and all forces, year by year."""
    rows = []
    for name, future in ((story.focus.name, story.future), (_all(story), story.together)):
        table = future.table([story.level])
        rows += [
            {
                "Area": name,
                "Financial year": year_label(int(row["year"])),
                "Years ahead": int(row["year"]) - story.growth.origin,
                "Recorded offences, middle estimate": row["median"],
                "lower": row["lower"],
                "upper": row["upper"],
            }
            for row in table.to_dict("records")
        ]
    return {
        "frame": pd.DataFrame(rows),
        "formats": {"Recorded offences, middle estimate": 0, "lower": 0, "upper": 0},
        "level": story.level,
        **SAID.told(
            "forecast",
            growth=story.growth,
            drift=words.percent(story.growth.drift, 1, signed=True),
            drift_se=words.percent(story.growth.drift_se, 1),
            tau=words.number(story.growth.tau, 3),
            tau_common=words.number(story.growth.tau_common, 3),
            missing=words.listing(list(story.missing)) or "none",
        ),
    }


def before_table(story: PlanningStory) -> list[dict[str, Any]]:
    """Tables of what was forecast for the force a year ahead, and what came."""
    rows = story.before
    if rows.empty:
        return []
    return [
        {
            "frame": pd.DataFrame(
                {
                    "Year": [year_label(int(origin) + 1) for origin in rows["origin"]],
                    "Forecast a year earlier": rows["median"],
                    "lower": rows["lower"],
                    "upper": rows["upper"],
                    "Recorded": rows["observed"],
                    "Inside": ["yes" if one else "no" for one in rows["covered"]],
                }
            ),
            **SAID.told("before", force=story.focus.name),
            "formats": {"Forecast a year earlier": 0, "Recorded": 0},
            "intervals": {"Forecast a year earlier": ("lower", "upper")},
            "level": story.level,
        }
    ]


def scores_table(story: PlanningStory, horizon: int) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: how each method did at one horizon."""
    name = story.scores["series"].iloc[0]
    rows = story.scores[(story.scores["series"] == name) & (story.scores["horizon"] == horizon)]
    return {
        "frame": pd.DataFrame(
            {
                "Method": rows["method"].map(METHOD_WORDS),
                "Held (share)": rows["coverage"],
                "lower": rows["lower"],
                "upper": rows["upper"],
                "Lowest year": rows["lowest_origin"],
                "Interval score": rows["interval_score"],
                "CRPS": rows["crps"],
            }
        ),
        **SAID.told(
            "scores", ahead=words.plural(horizon, "year"), series=name,
            forecasts=rows["forecasts"].iloc[0],
            years=words.plural(int(rows["origins"].iloc[0]), "year"),
        ),
        "formats": {"Held (share)": "percent1", "Lowest year": "percent",
                    "Interval score": 2, "CRPS": 3},
        "intervals": {"Held (share)": ("lower", "upper")},
        "level": story.level,
        "notes": [
            f"{words.level_words(story.level)}s; scores on the scale of log(count + 1), smaller is "
            f"better. {FORECAST_NOTE}",
            *_shorter_series(story, horizon),
            "No forecast is made or scored across a decided recording break.",
        ],
    }  # fmt: skip


def _shorter_series(story: PlanningStory, horizon: int) -> list[str]:
    others = story.scores[
        (story.scores["series"] != story.scores["series"].iloc[0])
        & (story.scores["horizon"] == horizon)
        & (story.scores["method"] == forecasts.RANDOM_WALK)
    ]
    return [
        f"{METHOD_WORDS[forecasts.RANDOM_WALK]}, {row['series']}: held "
        f"{words.percent(row['coverage'], 1)} of {row['forecasts']} counts of "
        f"{words.plural(row['origins'], 'year')} "
        f"({words.interval(row['lower'], row['upper'], 1, as_percent=True)}). With so few years of "
        "growth behind a forecast its interval is drawn wide (Student's t), which shows here."
        for row in others.to_dict("records")
    ]


def movement_table(
    covers: Sequence[tuple[float, dict[str, float], Interval]], count: float
) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: why counting chance is not enough.

    Parameters
    ----------
    covers : sequence of (tau, coverage by kind of interval, interval of the next count)
        From :func:`forecast.assumed_coverage` and :func:`forecast.next_count_interval`.
    count : float
        Count that both start from.
    """
    return {
        "frame": pd.DataFrame(
            {
                "Movement between years": [f"{tau:.2f}" for tau, _, _ in covers],
                "Poisson about the last count": [c[forecasts.LAST_COUNT] for _, c, _ in covers],
                "Counting chance in both": [c[forecasts.COUNTING] for _, c, _ in covers],
                "With the movement": [c["with between-year movement"] for _, c, _ in covers],
                f"Next count, from {words.number(count, 0)}": [words.interval(i.lower, i.upper, 0)
                                           for _, _, i in covers],
            }
        ),
        **SAID.told("movement", count=words.number(count, 0)),
        "formats": {"Poisson about the last count": "percent", "Counting chance in both": "percent",
                    "With the movement": "percent"},
        "simulated": True,
    }  # fmt: skip


def what_if_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: next year's count by policy, and its price."""
    rows = [
        {
            "Policy": label,
            "Next year's count": change.policy_median,
            "lower": change.policy.lower,
            "upper": change.policy.upper,
            "Difference": change.difference_median,
            "least": change.difference.lower,
            "most": change.difference.upper,
        }
        for label, change in changed(story)
    ]
    present = story.next_count
    intervals = {"Next year's count": ("lower", "upper")}
    if rows:
        intervals["Difference"] = ("least", "most")
    rows.insert(0, {"Policy": "Crewing as it is", "Next year's count": present[0],
                    "lower": present[1], "upper": present[2]})  # fmt: skip
    return {
        "frame": pd.DataFrame(rows),
        **SAID.told("what_if", force=story.focus.name, next=story.next_year),
        "formats": dict.fromkeys(intervals, 0),
        "intervals": intervals,
        "level": story.level,
        "simulated": story.simulated,
        "notes": [
            f"Policies reach {words.percent(story.patrol_share)} of recorded offences {ASSUMED}; "
            "ratios by g-computation with errors that leave out one area at a time, joined to the "
            "forecast's futures.",
            *_refused(story),
        ],
    }


def price_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: victims avoided in a year, and units lost for it."""
    told = story.policies[story.policies["refusal"] == ""]
    if told.empty:
        raise ValueError("no policy can be judged: ask any_what_if first")
    moved = float(told["longer_backup"].abs().max())
    backup = (
        f"If lost units lengthened back-up by a square-root law {ASSUMED}, no policy's number "
        f"would move by more than {words.number(moved, 1)}."
        if moved == moved
        else "Longer back-up for crews that stay single is not in these figures."
    )
    return {
        "frame": pd.DataFrame(
            {
                "Policy": told["policy"],
                "Hours that change crew": told["moved_share"],
                "Unit-hours lost": told["unit_share_lost"],
                "Recorded victims avoided": told["avoided"],
                "lower": told["lower"],
                "upper": told["upper"],
            }
        ),
        **SAID.told("price", victims=words.number(told["victims"].iloc[0])),
        "formats": {"Hours that change crew": "percent", "Unit-hours lost": "percent1",
                    "Recorded victims avoided": 0},
        "level": story.level,
        "simulated": story.simulated,
        "notes": [f"A negative number is an increase. {backup}", *_refused(story)],
    }  # fmt: skip


def questions_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: the questions, never one without the others."""
    asked = story.questions
    benchmark, victims = float(asked["benchmark"].iloc[0]), asked["victims_per_double"].iloc[0]
    mechanical = (
        f"Crewing that changed no incident would give {words.number(benchmark, 2)} per "
        f"officer-hour, since {words.number(victims, 2)} officers of a double crew are victims of "
        "an incident on average. "
        if benchmark == benchmark
        else ""
    )
    return {
        "frame": pd.DataFrame(
            {
                "Question": asked["question"],
                "Rate ratio, single over double": asked["ratio"],
                "lower": asked["lower"],
                "upper": asked["upper"],
                "Held fixed": asked["held_fixed"],
            }
        ),
        **SAID.told("questions", mechanical=mechanical),
        "level": story.level,
        "simulated": story.simulated,
    }


def any_what_if(story: PlanningStory) -> bool:
    """Whether the crewing rows can judge any policy; with too few areas they can judge none."""
    return bool(changed(story))


def power_table(story: PlanningStory, ratios: Sequence[float]) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: power of each design by its permutation test."""
    mine = story.grid[story.grid["test"] == PERMUTATION]
    rows = []
    for design in mine["design"].unique():
        row: dict[str, Any] = {
            "Design": DESIGN_WORDS[design],
            "Months": int(mine.loc[mine["design"] == design, "months"].iloc[0]),
        }
        row |= {_ratio_heading(ratio): _power_cell(story.power(design, ratio)) for ratio in ratios}
        rows.append(row)  # fmt: skip
    return {
        "frame": pd.DataFrame(rows),
        **SAID.told(
            "power",
            limits=words.level_words(0.95),
            runs=words.number(int(mine["runs"].iloc[0])),
            setting=setting_in_words(story),
        ),
        "simulated": True,
    }


def tests_table(story: PlanningStory, ratio: float) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: size and power of three analyses of one trial."""
    names = {
        PERMUTATION: "permutation over the list",
        CLUSTER_T: "clustered errors, t",
        CLUSTER_Z: "clustered errors, normal",
    }
    rows = []
    for design in story.grid["design"].unique():
        for test, label in names.items():
            rows.append(
                {
                    "Design and analysis": f"{DESIGN_WORDS[design]}: {label}",
                    "Size": _power_cell(story.power(design, 1.0, test)),
                    f"Power at {words.number(ratio, 2)}": _power_cell(
                        story.power(design, ratio, test)
                    ),
                }
            )
    return {
        "frame": pd.DataFrame(rows),
        **SAID.told("tests"),
        "simulated": True,
    }


def length_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: power by months and number of forces."""
    rows = story.lengths
    return {
        "frame": pd.DataFrame(
            {
                "Trial": [
                    f"{words.plural(forces, 'force')}, {months} months"
                    for forces, months in zip(rows["forces"], rows["months"], strict=True)
                ],
                "Areas": rows["areas"],
                "Recorded assaults analysed": rows["events"].round(-1).astype(int),
                "Power": rows["power"],
                "lower": rows["lower"],
                "upper": rows["upper"],
            }
        ),
        "formats": {"Power": "percent"},
        "intervals": {"Power": ("lower", "upper")},
        "simulated": True,
        **SAID.told(
            "lengths",
            ratio=words.number(story.plan.ratio, 3),
            crew_ratio=words.number(story.plan.crew_ratio, 1),
            before=words.percent(story.plan.share_before, 1),
            after=words.percent(story.plan.share_after),
            assumed=ASSUMED,
        ),
    }


def size_table(story: PlanningStory) -> dict[str, Any]:
    """Arguments of :func:`report.show_table`: officer-shifts per arm if nothing clustered."""
    return {
        "frame": pd.DataFrame(
            {
                "True ratio of rates": [f"{size['ratio']:.2f}" for size in story.sizes],
                "Officer-shifts in each arm": [
                    int(round(size["officer_shifts_per_arm"], -2)) for size in story.sizes
                ],
                "Recorded assaults in both": [round(size["events"]) for size in story.sizes],
                "Years of all patrol": [size["years_of_patrol"] for size in story.sizes],
            }
        ),
        "formats": {"Years of all patrol": 2},
        **SAID.told(
            "sizes",
            rate=words.number(story.patrol["rate_per_1000_hours"], 3),
            hours=words.number(story.patrol["patrol_hours_per_year"], 0),
            source="(the export)" if story.own_cells else ASSUMED,
        ),
    }


def _all(story: PlanningStory) -> str:
    forces_left = story.history.frame["force"].nunique() - len(story.missing)
    return f"{forces_left} forces together"


def _ratio_heading(ratio: float) -> str:
    return f"at {words.number(ratio, 2)}"


def _power_cell(row: pd.Series) -> str:
    limits = words.interval(100 * row["lower"], 100 * row["upper"], 0)
    return f"{words.number(100 * row['power'], 0)} ({limits})"


def _refused(story: PlanningStory) -> list[str]:
    return [
        f"{row['policy']}: not estimated; {row['refusal']}"
        for row in story.policies.to_dict("records")
        if row["refusal"]
    ]
