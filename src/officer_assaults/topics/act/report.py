"""Interruption: the sentences, tables and findings of the report on the 2018 Act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.findings import BOUNDS, Finding
from officer_assaults.page import words
from officer_assaults.stats.segmented import register_verdict
from officer_assaults.topics.act import figures
from officer_assaults.topics.act.model import LARGEST_PLACEBO_RATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.data.forces import Force
    from officer_assaults.data.registers import Registers
    from officer_assaults.data.tables import Release
    from officer_assaults.refusals import Problem
    from officer_assaults.stats.intervals import Interval
    from officer_assaults.stats.segmented import RegisterSteps, SegmentedSeries
    from officer_assaults.topics.act.model import Assessment, Jump, PooledStep

CONTROLS = {
    "105A": "public victims",
    "public-order": "public order",
    "all-crime-except-fraud": "all crime except fraud",
    "violence-with-injury": "violence with injury",
    "8N": "public victims with injury",
    "weapons": "weapons",
    "drugs": "drugs",
    "66": "other offences against the state",
}
ASSUMPTIONS = (
    "Whatever else moved recorded assaults on officers at the date moved the control alike.",
    "Recording of neither series changed at the date by itself.",
    "Trend and season before the date would have gone on.",
)
SETTLE = (
    "A second register of the same events, such as safety forms, on both sides of the date.",
    "Recorded assaults by day, so that the quarter of the Act can be cut at its day.",
    "Dates at which each force changed its recording practice.",
)
ATTRIBUTIONS = {
    "recording": "the crime record moved and the other register not that way: recording",
    "both registers": "both registers moved alike: what happens may have changed",
    "both kinds": "the other register moved, and the crime record differently: both",
    "neither": "no change can be told from none",
}
DESCRIPTIVE = "descriptive"


@dataclass(frozen=True, slots=True)
class InterruptionStory:
    """Everything that the report says about one dated event.

    Parameters
    ----------
    force : Force
        In focus.
    event : Timestamp
        Day of the event.
    assessment : Assessment or None
        Without a force in focus where that one cannot carry the model; None if nothing can.
    refused : tuple of Problem
        Why the force, or the whole analysis, is refused.
    left_out : DataFrame
        force, code, reason: forces that cannot carry the model.
    jump : Jump or None
        Jump on the first day by which the event alone would have made the year's change.
    years : tuple of str
        Financial years compared for the jump.
    vintage, release : str, Release
        Where the series come from.
    covid : bool
        Whether the window reaches into 2020.
    alpha : float
        One minus the coverage.
    """

    force: Force
    event: pd.Timestamp
    assessment: Assessment | None
    refused: tuple[Problem, ...]
    left_out: pd.DataFrame
    jump: Jump | None
    years: tuple[str, str]
    vintage: str
    release: Release
    covid: bool
    alpha: float

    @property
    def level(self) -> float:
        """Coverage of the intervals."""
        return 1 - self.alpha

    @property
    def focus(self) -> Assessment | None:
        """Assessment, where the force is in it."""
        found = self.assessment
        return found if found is not None and found.force is not None else None


def headline(story: InterruptionStory) -> dict[str, str]:
    """Arguments of :func:`report.headline`."""
    found = story.focus
    caution = (
        "A law can deter and, at the same time, make recording likelier. A step of the record is "
        "not an effect on violence."
    )
    if found is None:
        problem = story.refused[0]
        return {
            "number": "Not judged",
            "text": f"The series of {story.force.name} cannot be judged at {_day(story.event)}.",
            "interval": f"No interval ({problem.code}). {_sentence(problem.what)}.",
            "caveat": caution if story.assessment else problem.remedy,
        }
    who = str(found.force)
    steps = [
        f"{_ratio(step.table['ratio'].loc[who], step.of(who), story)} against "
        f"{CONTROLS[step.control]}"
        for step in found.steps
    ]
    said = {
        "not identified": "cannot be told from these records",
        "consistent": "fits every control",
        "not supported": "is not borne out",
    }[found.verdict]
    return {
        "number": found.verdict.capitalize(),
        "text": f"Whether recorded assaults on {story.force.name} officers stepped on "
        f"{_day(story.event)} {said}."
        if found.verdict == "not identified"
        else f"A step of recorded assaults on {story.force.name} officers at {_day(story.event)} "
        f"{said}.",
        "interval": f"Step, as a ratio: {words.listing(steps)}.",
        "caveat": caution,
    }


def main_points(story: InterruptionStory, breaks: Mapping[str, pd.DataFrame]) -> list[str]:
    """Write the points of the summary, at most six."""
    if story.assessment is None:
        return [f"{_sentence(problem.what)} ({problem.code})." for problem in story.refused[:6]]
    found = story.assessment
    points = [_point_gates(found)] if story.focus else []
    points += [_point_pooled(found, story), _point_placebos(found)]
    points.append(_point_timing(story, breaks))
    if story.jump is not None and story.jump.size > 0:
        jump = story.jump
        limits = words.interval_words(
            jump.interval.lower, jump.interval.upper, level=story.level, as_percent=True
        )
        points.append(
            f"The law was in force on {jump.days_in_force} of the {jump.days} days of "
            f"{story.years[1]}: to make the year's rise alone it would have needed a jump of "
            f"{words.percent(jump.size)} ({limits}) on its first day."
        )
    points.append(
        f"{words.quarter(found.event)} is counted as after the date, which falls inside it."
    )
    return [point for point in points if point][:6]


def boxes(story: InterruptionStory) -> dict[str, str | list[str]]:
    """Arguments of :func:`report.boxes`."""
    return {
        "shows": "Recorded assaults without injury on constables by quarter, beside other recorded "
        f"crime of {story.force.name}, and what the same method finds in other forces and at other "
        "dates.",
        "cannot": [
            "What the law did to violence: deterrence and better recording pull apart.",
            "What would have happened without it: it began everywhere on one day.",
        ],
        "settle": list(SETTLE),
    }


def caveats(story: InterruptionStory) -> list[str]:
    """Say what belongs beside the numbers."""
    notes = [str(problem) for problem in story.refused]
    if story.covid:
        notes.append("The window reaches into January to March 2020, when the pandemic began.")
    return notes


def gates(story: InterruptionStory) -> list[dict[str, Any]]:
    """Arguments of :func:`report.gate`, one for all conditions together."""
    found = story.focus
    if found is None:
        return []
    return [
        {
            "name": "A step at this date can be read as one",
            "passed": all(gate.passed for gate in found.gates),
            "assumptions": ASSUMPTIONS,
        }
    ]


def gate_table(story: InterruptionStory) -> list[dict[str, Any]]:
    """Tables of the conditions, what was found, and what was needed."""
    found = story.assessment
    if found is None:
        return []
    rows = [
        {
            "Condition": _plain_control(gate.name),
            "Found": _plain_control(gate.found),
            "Needed": gate.needed,
            "Holds": "yes" if gate.passed else "no",
        }
        for gate in found.gates
    ]
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": "Conditions set before the figures were seen",
            "notes": f"If one fails, the verdict is not identified. {len(found.placebos)} placebo "
            "steps a force were tried, on quarters before the event only.",
        }
    ]


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
        own = [
            (CONTROLS[step.control], step.table.loc[found.force].to_dict()) for step in found.steps
        ]
        focus = [
            (story.force.name, name, float(row["ratio"]), float(row["lower"]), float(row["upper"]))
            for name, row in own
        ]
        rows = [*focus, *rows]
    frame = pd.DataFrame(rows, columns=["Who", "Relative to", "Step ratio", "lower", "upper"])
    spread = words.listing([words.number(pooled.tau, 2) for pooled in found.pooled])
    return [
        {
            "frame": frame,
            "caption": f"Step of recorded assaults on constables at {_day(story.event)}, relative "
            "to other recorded crime of the same force",
            "level": story.level,
            "notes": "Binomial share with trend and season, quasi errors with t. The mean step of "
            f"all forces is printed so that the verdict does not look chosen; forces' true steps "
            f"spread by {spread} on the log scale.",
        }
    ]


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
            "Forces whose interval excludes no step": table["rejected"],
        }
    )
    if found.force is not None:
        rows[f"Step in {story.force.name}"] = table["focus"]
    return [
        {
            "frame": rows,
            "caption": f"Steps found at dates when nothing is known to have happened, "
            f"{int(table['k'].iloc[0])} forces",
            "formats": {"Forces whose interval excludes no step": "percent"},
            "level": story.level,
            "notes": "If the method were right, about "
            f"{words.percent(story.alpha)} of intervals would exclude no step; the limit set is "
            f"{words.percent(LARGEST_PLACEBO_RATE)}.",
        }
    ]


def series_figure(
    story: InterruptionStory,
    recorded: pd.DataFrame,
    expected: Mapping[str, pd.DataFrame],
    events: pd.DataFrame,
) -> list[dict[str, Any]]:
    """Figures of the series beside what each control would have had it be."""
    found = story.focus
    if found is None:
        return []
    named = {CONTROLS[control]: frame for control, frame in expected.items()}
    chart = figures.series_with_counterfactual(recorded, named, _labels(story, events))
    ratios = [
        f"{words.number(float(step.table['ratio'].loc[str(found.force)]), 2)} times what "
        f"{CONTROLS[step.control]} would have had it be"
        for step in found.steps
    ]
    agree = "agree" if found.gates[0].passed else "do not agree"
    return [
        {
            "fig": chart,
            "headline": f"The controls {agree} on what would have been expected",
            "subtitle": f"By quarter: recorded assaults without injury on {story.force.name} "
            "constables, and the number expected from each control without a step",
            "alt": f"{chart.alt_hint} From the event on the record is "
            f"{words.listing(ratios)}; the bands are {words.level_words(story.level)}s of the "
            "expected number.",
            "formats": dict.fromkeys(("Offences a quarter", "lower", "upper"), 0),
        }
    ]


def placebo_figure(story: InterruptionStory) -> list[dict[str, Any]]:
    """Figures of the placebo steps."""
    found = story.assessment
    if found is None:
        return []
    chart = figures.placebo_histogram(found, CONTROLS)
    rejected = found.placebos["rejected"]
    spread = words.interval(rejected.min(), rejected.max(), as_percent=True)
    return [
        {
            "fig": chart,
            "headline": "Dates when nothing is known to have happened show steps too",
            "subtitle": f"Steps of {int(found.placebos['k'].iloc[0])} forces at "
            f"{found.placebos['event'].nunique()} placebo dates, as ratios"
            + (f"; dashed: {story.force.name} at the event" if found.force else ""),
            "alt": f"{chart.alt_hint} Steps at dates without an event spread widely on both sides "
            f"of 1, and {spread} of forces' intervals exclude no step there, where about "
            f"{words.percent(story.alpha)} should.",
            "formats": dict.fromkeys(("From", "To"), 2),
        }
    ]


def timing_figure(
    story: InterruptionStory,
    own: pd.DataFrame,
    breaks: Mapping[str, pd.DataFrame],
    events: pd.DataFrame,
    base: tuple[pd.Timestamp, pd.Timestamp],
) -> list[dict[str, Any]]:
    """Figures of the record and its controls as an index, with dated events.

    Parameters
    ----------
    story : InterruptionStory
        The force.
    own : DataFrame
        Its series by quarter.
    breaks : mapping of str to DataFrame
        Series to :func:`officer_assaults.stats.segmented.break_dates`.
    events : DataFrame
        Dated events.
    base : tuple of Timestamp
        First and last day of the year whose mean quarter is 100.
    """
    if not breaks:
        return []
    columns = {"recorded": "constables", **CONTROLS}
    columns = {name: said for name, said in columns.items() if name in own}
    chart = figures.indexed_series(own, columns, base, _labels(story, events))
    best = {name: words.quarter(frame["date"].iloc[0]) for name, frame in breaks.items()}
    together = len(set(best.values())) == 1
    said = (
        f"All {len(best)} records step best in {next(iter(best.values()))}"
        if together
        else "The records do not step in the same quarter"
    )
    listed = [f"{name.split(',')[0]} in {when}" for name, when in best.items()]
    return [
        {
            "fig": chart,
            "headline": said,
            "subtitle": f"By quarter: recorded offences of {story.force.name}, each series as an "
            f"index of its mean quarter in {base[0].year}/{base[1]:%y}",
            "alt": f"{chart.alt_hint} The quarter in which a step fits each record best is: "
            f"{words.listing(listed)}.",
            "formats": {"Index": 0},
        }
    ]


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
    return [
        {
            "frame": pd.DataFrame(rows),
            "caption": "The same step under other first years, seasons and slopes",
            "formats": dict.fromkeys(("Smallest", "Middle", "Largest"), 2),
            "notes": "Ratios. Every mix of the settings is counted, none is picked.",
        }
    ]


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
    return {
        "frame": pd.DataFrame(rows),
        "caption": "The series by itself, without a control",
        "level": level,
        "notes": "Without a control a step cannot be told from whatever else moved, so this is "
        "descriptive only.",
    }


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
        "caption": "How often a 95% interval holds the true step, by method",
        "formats": dict.fromkeys(percents, "percent1"),
        "intervals": {"Coverage, 48 months": ("lower", "upper")},
        "simulated": True,
        "notes": f"{words.number(runs)} simulated series of 75 recorded assaults a month with a "
        "season and a disturbance that the control shares. Errors that allow for "
        "autocorrelation do not mend a short series; a control does.",
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


def findings(story: InterruptionStory, own: RegisterSteps | None, simulated: bool) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    made = [_found_steps(story)] if story.focus else [_found_refused(story)]
    if story.assessment is not None:
        made += [_found_pooled(story, pooled) for pooled in story.assessment.pooled]
        made += _found_placebos(story, story.assessment)
    if story.focus is not None:
        made = [*_found_each(story, story.focus), *made]
    if story.jump is not None:
        made.append(_found_jump(story))
    if own is not None:
        made.append(_found_register(story, own, simulated))
    return made


def _found_steps(story: InterruptionStory) -> Finding:
    found = story.focus
    assert found is not None
    failed = [gate.name for gate in found.gates if not gate.passed]
    return Finding(
        id="act.step",
        label=f"Step of recorded assaults on {story.force.name} officers at {_day(story.event)}",
        claim="Recorded assaults stepped at the event beyond what other recorded crime did",
        verdict=found.verdict,
        kind="statement",
        note=_plain_control(
            f"conditions that failed: {'; '.join(failed)}" if failed else "all conditions hold"
        ),
        **_common(story),
    )


def _found_each(story: InterruptionStory, found: Assessment) -> list[Finding]:
    made = []
    for step in found.steps:
        own = step.table.loc[str(found.force)].to_dict()
        made.append(
            Finding(
                id=f"act.step_{step.control.lower().replace('-', '_')}",
                label=f"Step of {story.force.name} relative to {CONTROLS[step.control]}",
                claim="Recorded assaults stepped at the event beyond what other recorded crime did",
                verdict=found.verdict,
                value=float(own["ratio"]),
                lower=float(own["lower"]),
                upper=float(own["upper"]),
                unit="ratio of the level after to before",
                denominator=f"recorded offences of {CONTROLS[step.control]}",
                note=f"binomial share, quasi errors with t on {step.df} df, dispersion "
                f"{own['dispersion']:.2f}, p = {own['p']:.3g}",
                **_common(story),
            )
        )
    return made


def _found_pooled(story: InterruptionStory, pooled: PooledStep) -> Finding:
    return Finding(
        id=f"act.pooled_{pooled.control.lower().replace('-', '_')}",
        label=f"Mean step of {pooled.k} forces relative to {CONTROLS[pooled.control]}",
        claim="The event changed recorded assaults in the forces together",
        verdict="not identified",
        value=pooled.ratio,
        lower=pooled.interval.lower,
        upper=pooled.interval.upper,
        unit="ratio of the level after to before",
        denominator=f"recorded offences of {CONTROLS[pooled.control]}",
        note=f"Paule-Mandel, tau = {pooled.tau:.3f}; {pooled.rejected:.0%} of forces' intervals "
        "exclude no step; it began everywhere on one day, so nothing tells law from recording",
        **_common(story),
    )


def _found_placebos(story: InterruptionStory, found: Assessment) -> list[Finding]:
    made = []
    for control, part in found.placebos.groupby("control", sort=False):
        rate = part["rejected"]
        made.append(
            Finding(
                id=f"act.placebo_{str(control).lower().replace('-', '_')}",
                label=f"Intervals that exclude no step at placebo dates, relative to "
                f"{CONTROLS[str(control)]}",
                claim=f"The method finds a step at no more than {LARGEST_PLACEBO_RATE:.0%} of "
                "dates without one",
                verdict="consistent" if rate.mean() <= LARGEST_PLACEBO_RATE else "contradicted",
                value=float(rate.mean()),
                lower=float(rate.min()),
                upper=float(rate.max()),
                unit="share of forces' intervals; limits are the range over dates",
                denominator=f"{int(part['k'].iloc[0])} forces, {len(part)} dates",
                note=f"mean steps {part['ratio'].min():.2f} to {part['ratio'].max():.2f}",
                **{**_common(story), "level": BOUNDS},
            )
        )
    return made


def _found_jump(story: InterruptionStory) -> Finding:
    assert story.jump is not None
    jump = story.jump
    return Finding(
        id="act.jump",
        label="Jump on its first day by which the law alone would have made the year's change",
        claim="The law alone made the year's change",
        verdict="not identified",
        value=jump.size,
        lower=jump.interval.lower,
        upper=jump.interval.upper,
        level=story.level,
        unit="proportion",
        denominator=f"{jump.days_in_force} of {jump.days} days in force",
        period=f"{story.years[0]} to {story.years[1]}",
        vintage=story.vintage,
        note="the rest of the year at the rate of the year before; counting chance only",
    )


def _found_register(story: InterruptionStory, own: RegisterSteps, simulated: bool) -> Finding:
    limits = own.difference_interval
    return Finding(
        id="act.second_register",
        label="Step of the crime record over that of the second register",
        claim="What happens changed at the event, not only what is recorded",
        verdict=register_verdict(own.attribution),
        value=own.difference,
        lower=limits.lower,
        upper=limits.upper,
        unit="ratio of steps",
        denominator="entries of the second register",
        simulated=simulated,
        note=ATTRIBUTIONS[own.attribution],
        **_common(story),
    )


def _found_refused(story: InterruptionStory) -> Finding:
    return Finding(
        id="act.step",
        label=f"Step of recorded assaults on {story.force.name} officers at {_day(story.event)}",
        claim="Recorded assaults stepped at the event beyond what other recorded crime did",
        verdict="needs data",
        kind="statement",
        note="; ".join(str(problem) for problem in story.refused),
        **_common(story),
    )


def _common(story: InterruptionStory) -> dict[str, Any]:
    return {"period": _day(story.event), "vintage": story.vintage, "level": story.level}


def _point_gates(found: Assessment) -> str:
    failed = sum(not gate.passed for gate in found.gates)
    if not failed:
        return f"All {len(found.gates)} conditions set beforehand hold."
    directions, *placebos = found.gates
    why = [] if directions.passed else ["the controls point in different directions"]
    if not all(gate.passed for gate in placebos):
        why.append("the method finds steps at dates when nothing is known to have happened")
    return (
        f"{failed} of {len(found.gates)} conditions set beforehand fail, so the verdict is not "
        f"identified by rule: {words.listing(why)}."
    )


def _point_pooled(found: Assessment, story: InterruptionStory) -> str:
    means = [
        f"{_ratio(pooled.ratio, pooled.interval, story)} against {CONTROLS[pooled.control]}"
        for pooled in found.pooled
    ]
    low, high = found.placebos["ratio"].min(), found.placebos["ratio"].max()
    beyond = all(not low <= pooled.ratio <= high for pooled in found.pooled)
    reading = (
        "something common moved around then, in recording or in violence"
        if beyond
        else "nothing common to all forces stands out"
    )
    return (
        f"Over {found.pooled[0].k} forces the mean step at the date is {words.listing(means)}, "
        f"where placebo dates give means of {words.interval(low, high)}: {reading}."
    )


def _point_placebos(found: Assessment) -> str:
    rejected = found.placebos["rejected"]
    spread = words.interval(rejected.min(), rejected.max(), as_percent=True)
    return (
        f"At dates without an event {spread} of forces' intervals exclude no step, so an interval "
        "that does so at the real date says little."
    )


def _point_timing(story: InterruptionStory, breaks: Mapping[str, pd.DataFrame]) -> str:
    if not breaks:
        return ""
    best = [
        f"{words.quarter(frame['date'].iloc[0])} ({name.split(',')[0]})"
        for name, frame in breaks.items()
    ]
    return f"By itself each series of {story.force.name} steps best in: {words.listing(best)}."


def _labels(story: InterruptionStory, events: pd.DataFrame) -> dict[Any, str]:
    shown = events[(events["day"] >= figures.FIRST_SHOWN) & (events["kind"] != "law")]
    # Later events would crowd a telephone; the table of dated events has them all.
    shown = shown[shown["event"].isin(list(SHORT)) & (shown["force"] == story.force.slug)]
    labels = {row["day"]: SHORT[row["event"]] for row in shown.to_dict("records")}
    laws = events.loc[events["kind"] == "law", ["day", "event"]].set_index("day")["event"]
    labels[story.event] = SHORT.get(laws.get(story.event, ""), "event")
    return dict(sorted(labels.items()))


SHORT = {
    "Inspection report on crime recording": "inspection",
    "Emergency workers Act in force": "Act in force",
}


def _plain_control(text: str) -> str:
    for code, name in sorted(CONTROLS.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"against {code}", f"against {name}")
    return text


def _ratio(value: float, interval: Interval, story: InterruptionStory) -> str:
    return words.ratio(float(value), interval.lower, interval.upper, level=story.level)


def _limits(value: float, interval: Interval) -> str:
    return f"{words.number(value, 2)} ({words.interval(interval.lower, interval.upper, 2)})"


def _day(day: pd.Timestamp) -> str:
    return day.strftime("%-d %B %Y")


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".")
