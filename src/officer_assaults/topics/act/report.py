"""Interruption: the sentences and tables of the report on the 2018 Act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data.forces import spoken
from officer_assaults.page import words
from officer_assaults.stats.segmented import register_verdict
from officer_assaults.topics.act.findings import SAID, found_national
from officer_assaults.topics.act.model import step_of
from officer_assaults.topics.act.story import ATTRIBUTIONS, CONTROLS, day_in_words, plain_control
from officer_assaults.topics.act.story import InterruptionStory as InterruptionStory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.registers import Registers
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.segmented import RegisterSteps, SegmentedSeries
    from officer_assaults.topics.act.model import Assessment


def answer(story: InterruptionStory) -> str:
    """Answer the question of the report in two sentences."""
    found = story.assessment
    if found is None:
        return f"Not known. {words.sentence(story.refused[0].what)}."
    rejected = found.placebos["rejected"]
    range_ = words.interval(rejected.min(), rejected.max(), as_percent=True)
    return SAID.text("answer", rejected=range_, expected=words.percent(story.alpha))


def headline(story: InterruptionStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    found = story.focus
    who, day = spoken(story.force.slug), day_in_words(story.event)
    caution = SAID.told("headline")
    if found is None:
        problem = story.refused[0]
        why = words.without_codes(words.sentence(problem.what))
        told = SAID.told("not_judged", who=who, day=day, why=why)
        return told | (caution if story.assessment else {"caveat": problem.remedy})
    return {
        "number": found.verdict.capitalize(),
        "text": f"{SAID.told('judged', who=who)[found.verdict]} on {day}.",
        "interval": _step_words(story, found),
        **caution,
    }


def _step_words(story: InterruptionStory, found: Assessment) -> str:
    if not found.holds_level:
        return SAID.text("no_step")
    who = str(found.force)
    steps = [
        f"{_limits(step.table['ratio'].loc[who], step.of(who))} beside {CONTROLS[step.control]}"
        for step in found.calibrated
    ]
    limits = words.level_words(story.level)
    return f"Level after, as a multiple of the level before ({limits}): {words.listing(steps)}."


def main_points(story: InterruptionStory, breaks: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write the points of the summary, at most six."""
    if story.assessment is None:
        return [f"{words.sentence(problem.what)}." for problem in story.refused[:6]]
    found = story.assessment
    points = [_point_gates(found)] if story.focus else []
    points += [_point_record(story, found), _point_timing(story, breaks), _point_level(found)]
    if story.jump is not None and story.jump.value > 0:
        points.append(SAID.text("jump_point", jump=words.percent(story.jump.value)))
    return [point for point in points if point][:6]


def may_say(story: InterruptionStory) -> dict[str, Any] | None:
    """Arguments of :func:`report.may_say` on the record of all forces, as the model has it."""
    if not story.fits or story.assessment is None:
        return None
    control, fit = next(iter(story.fits.items()))
    step, forces = step_of(fit), story.forces
    limits = words.interval_words(
        step.lower - 1, step.upper - 1, level=story.level, as_percent=True
    )
    told = SAID.told(
        "may_say", quarter=words.quarter(story.assessment.event), forces=forces, limits=limits,
        by=f"{words.percent(abs(step.ratio - 1))} {'more' if step.ratio > 1 else 'fewer'}",
        control=CONTROLS[control],
    )  # fmt: skip
    return {**told, "finding": found_national(story, control, fit)}


def boxes(story: InterruptionStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return SAID.told("boxes", force=story.force.name)


def caveats(story: InterruptionStory) -> list[str]:
    """Say what belongs beside the numbers."""
    notes = [str(problem) for problem in story.refused]
    if story.assessment is not None:
        quarter = words.quarter(story.assessment.event)
        notes.append(f"{quarter} is counted as after the date, which falls inside it.")
    if story.covid:
        notes.append("The window reaches into January to March 2020, when the pandemic began.")
    return notes


def gates(story: InterruptionStory) -> list[dict[str, Any]]:
    """Arguments of :func:`report.gate`, one for all conditions together."""
    found = story.focus
    if found is None:
        return []
    return [SAID.told("gate") | {"passed": all(gate.passed for gate in found.gates)}]


def gate_table(story: InterruptionStory) -> list[dict[str, Any]]:
    """Tables of the conditions, what was found, and what was needed."""
    found = story.assessment
    if found is None:
        return []
    rows = [
        {
            "Condition": plain_control(gate.name),
            "Found": plain_control(gate.found),
            "Needed": gate.needed,
            "Holds": "yes" if gate.passed else "no",
        }
        for gate in found.gates
    ]
    return [{"frame": pd.DataFrame(rows), **SAID.told("gates")}]


def step_table(story: InterruptionStory) -> list[dict[str, Any]]:
    """Tables of the force's step and the mean step of all forces, control by control."""
    found = story.assessment
    if found is None:
        return []
    rows = [
        (f"mean of {pooled.k} forces", CONTROLS[pooled.control], pooled.ratio,
         pooled.interval.lower, pooled.interval.upper)
        for pooled in found.pooled
    ]  # fmt: skip
    if found.force is not None:
        both = {"": found.calibrated, ", its own errors only": found.steps}
        own = [
            (f"{story.force.name}{kind}", CONTROLS[step.control],
             *step.table.loc[found.force, ["ratio", "lower", "upper"]].to_numpy(dtype=float))
            for kind, steps in both.items()
            for step in steps
        ]  # fmt: skip
        rows = [*own, *rows]
    frame = pd.DataFrame(rows, columns=["Who", "Relative to", "Step ratio", "lower", "upper"])
    spread = words.listing([words.number(pooled.tau, 2) for pooled in found.pooled])
    told = SAID.told("steps", day=day_in_words(story.event), spread=spread)
    return [{"frame": frame, "level": story.level, **told}]


def placebo_table(story: InterruptionStory) -> list[dict[str, Any]]:
    """Tables of the mean step at each placebo date."""
    found = story.assessment
    if found is None:
        return []
    table = found.placebos
    rows = pd.DataFrame(
        {
            "Placebo date": [
                f"{day.strftime('%-d %B %Y')}, {CONTROLS[control]}"
                for day, control in zip(table["event"], table["control"], strict=True)
            ],
            "Mean step ratio": table["ratio"],
            "lower": table["lower"],
            "upper": table["upper"],
            "Forces with a step, own errors": table["rejected"],
            "Forces with a step, widened": table["calibrated"],
        }
    )
    if found.force is not None:
        rows[f"Step in {story.force.name}"] = table["focus"]
    widened = ("Forces with a step, own errors", "Forces with a step, widened")
    told = SAID.told("placebos", forces=int(table["k"].iloc[0]), alpha=words.percent(story.alpha))
    formats = dict.fromkeys(widened, "percent")
    return [{"frame": rows, "formats": formats, "level": story.level, **told}]


def range_table(story: InterruptionStory, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Tables of how far the step depends on the form of the model."""
    if story.focus is None or table.empty:
        return []
    rows = []
    for (control, slope), part in table.groupby(["control", "slope"], sort=False):
        ratios = part["ratio"].sort_values()
        apart = ((part["lower"] > 1) | (part["upper"] < 1)).sum()
        rows.append(
            {
                "Relative to": f"{CONTROLS[str(control)]}, {'step and slope' if slope else 'step'}",
                "Models": len(part),
                "Smallest": ratios.iloc[0],
                "Middle": ratios.median(),
                "Largest": ratios.iloc[-1],
                "Intervals that exclude no step": f"{apart} of {len(part)}",
            }
        )
    formats = dict.fromkeys(("Smallest", "Middle", "Largest"), 2)
    return [{"frame": pd.DataFrame(rows), "formats": formats, **SAID.told("range")}]


def single_table(fits: Mapping[str, SegmentedSeries], level: float) -> dict[str, Any]:
    """Single series, labelled descriptive."""
    rows = [
        {
            "Errors": name,
            "Step ratio": fit.step,
            "lower": fit.step_interval.lower,
            "upper": fit.step_interval.upper,
            "Dispersion": fit.dispersion,
            "Reads": fit.label,
        }
        for name, fit in fits.items()
    ]
    return {"frame": pd.DataFrame(rows), "level": level, **SAID.told("single")}


def study_table(study: pd.DataFrame, short: pd.DataFrame, runs: int) -> dict[str, Any]:
    """Coverage of the step's interval under each method, in simulation."""
    error = 1.96 * np.sqrt(study["coverage"] * (1 - study["coverage"]) / runs)
    rows = pd.DataFrame(
        {
            "Method": study.index,
            "Coverage, 48 months": study["coverage"],
            "lower": study["coverage"] - error,
            "upper": (study["coverage"] + error).clip(upper=1),
            "Coverage, 24 months": short["coverage"].to_numpy(),
            "False steps, 48 months": study["rejected"],
        }
    )
    percents = [name for name in rows.columns if name != "Method"]
    return {
        "frame": rows,
        "formats": dict.fromkeys(percents, "percent1"),
        "intervals": {"Coverage, 48 months": ("lower", "upper")},
        "simulated": True,
        **SAID.told("study", runs=words.number(runs)),
    }


def register_table(
    steps: Mapping[str, RegisterSteps], *, simulated: bool, level: float
) -> dict[str, Any]:
    """Set two registers side by side and say where the change lies."""
    rows = [
        {
            "Case": name,
            "Step in the crime record": _limits(found.first.step, found.first.step_interval),
            "Step in the other register": _limits(found.second.step, found.second.step_interval),
            "Crime record over other": _limits(found.difference, found.difference_interval),
            "Reads": ATTRIBUTIONS[found.attribution],
            "Claim of a real change": register_verdict(found.attribution),
        }
        for name, found in steps.items()
    ]
    dropped = sorted({name for found in steps.values() for name in found.dropped})
    notes = [f"In brackets {words.level_words(level)}s. A change of what happens moves both "
             "registers; a change of what one takes in moves that one alone."]  # fmt: skip
    if dropped:
        notes.append(f"Categories of the crime record that end at the date: {', '.join(dropped)}.")
    for name, found in steps.items():
        if found.like_for_like is not None:
            rest = found.like_for_like
            notes.append(
                f"Without them, {name}, the crime record steps by "
                f"{_limits(rest.step, rest.step_interval)}."
            )
    return {
        "frame": pd.DataFrame(rows),
        "caption": "What a second register of the same events says",
        "simulated": simulated,
        "notes": notes,
    }


def register_caption(registers: Registers) -> str:
    """Name of the case in the table of registers."""
    return f"crime record and {registers.second_name.replace('-', ' ')}, {registers.force.name}"


def left_out_table(story: InterruptionStory, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Tables of the forces that cannot carry the model."""
    if story.left_out.empty:
        return []
    rows = pd.DataFrame(
        {
            "Force": story.left_out["force"].map(names),
            "Why": story.left_out["reason"],
            "Code": story.left_out["code"],
        }
    )
    return [{"frame": rows, "caption": "Forces left out, by rule"}]


def search_table(story: InterruptionStory) -> list[dict[str, Any]]:
    """Tables of the date that fits best under each model, all forces together."""
    if story.search.empty:
        return []
    rows = pd.DataFrame(
        {
            "Model": [
                f"{CONTROLS[str(row['control'])]}, "
                + (
                    "the model above"
                    if np.isnan(row["harmonics"])
                    else f"from {row['start'].year}, "
                    f"{'season' if row['harmonics'] else 'no season'}"
                    f"{', bend allowed' if row['slope'] else ''}"
                )
                for row in story.search.to_dict("records")
            ],
            "Quarter of the step": [words.quarter(day) for day in story.search["date"]],
            "Mean step": story.search["ratio"],
            "lower": story.search["lower"],
            "upper": story.search["upper"],
        }
    )
    return [
        {
            "frame": rows,
            "caption": "Every date tried: where the record of all forces steps most",
            "intervals": {"Mean step": ("lower", "upper")},
            "level": story.level,
            "notes": "Intervals take the quarter as given. The first rows are the model of all "
            "forces at the head of this page, with its step at every date; the others stay as "
            "they are, whatever its formula.",
        }
    ]


def _point_gates(found: Assessment) -> str:
    failed = [gate.name for gate in found.gates if not gate.passed]
    why = []
    if any(name.startswith("The controls") for name in failed):
        why.append("the comparisons point in different directions")
    if any("of this force" in name for name in failed):
        why.append("the method finds steps here at quiet dates too")
    if any(name.startswith("The method") for name in failed):
        why.append("the method does not hold its level over all forces")
    if why:
        return f"No step can be told here: {words.listing(why)}."
    return (
        "Every condition of a verdict holds here, and the verdict follows from the intervals: "
        + (
            "both comparisons find a step."
            if found.verdict == "consistent"
            else "at least one comparison leaves room for no step."
        )
    )


def _point_record(story: InterruptionStory, found: Assessment) -> str:
    first = found.pooled[0]
    where = (
        f"Of all dates tried, the quarter of the event fits best in {story.in_the_quarter} of "
        f"{len(story.search)} models."
    )
    if not story.record_stepped:
        return f"The record of all forces together shows no clear step at the date. {where}"
    return (
        f"The national record stepped {'up' if first.ratio > 1 else 'down'} when the Act began; "
        f"why is not identified. {where}"
    )


def _point_level(found: Assessment) -> str:
    rates = found.placebo_steps["calibrated_p"] < found.alpha
    said = "which is what they promise" if found.holds_level else "more often than they promise"
    return (
        "Intervals here are widened by how far steps spread on quiet dates. Tried on dates left "
        f"out, they find a step in {words.percent(float(rates.mean()))} of cases, {said}."
    )


def _point_timing(story: InterruptionStory, breaks: Mapping[str, pd.DataFrame]) -> str:
    found = story.assessment
    if not breaks or found is None:
        return ""
    best = {name.split(",")[0]: frame["date"].iloc[0] for name, frame in breaks.items()}
    quarters = set(best.values())
    if len(quarters) == 1 and len(best) > 1:
        day = quarters.pop()
        when = "before" if day < found.event else "not before"
        return (
            f"In {story.force.name} every record looked at jumps most in {words.quarter(day)}, "
            f"{when} the event."
        )
    listed = [f"{words.quarter(day)} ({name})" for name, day in best.items()]
    return f"By itself each record of {story.force.name} jumps most in: {words.listing(listed)}."


def _limits(value: float, interval: Interval) -> str:
    return f"{words.number(value, 2)} ({words.interval(interval.lower, interval.upper, 2)})"
