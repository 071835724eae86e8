"""Interruption: the sentences, tables and findings of the report on the 2018 Act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from officer_assaults.data.forces import spoken
from officer_assaults.estimate import Estimate, statement
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
    from officer_assaults.stats.glm import RateModel
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
STEPPED = "Recorded assaults stepped at the event beyond what other recorded crime did"


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
    law : str
        Label of the law that came into force on the day; empty for another event.
    fits : mapping of str to RateModel
        Model of all usable forces together, by control; its term ``after`` is the step.
    search : DataFrame
        From :func:`officer_assaults.topics.act.model.best_steps`.
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
    law: str
    fits: Mapping[str, RateModel]
    search: pd.DataFrame
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

    @property
    def in_the_quarter(self) -> int:
        """Number of models in which the best of all dates is the quarter of the event."""
        found = self.assessment
        return 0 if found is None else int((self.search["date"] == found.event).sum())

    @property
    def record_stepped(self) -> bool:
        """Whether all controls and most searched models put a step of the record at the event."""
        found = self.assessment
        if found is None or not self.fits:
            return False
        limits = [fit.contrast({"after": 1.0}) for fit in self.fits.values()]
        one_side = all(one.lower > 1 for one in limits) or all(one.upper < 1 for one in limits)
        return one_side and 2 * self.in_the_quarter > len(self.search)


def answer(story: InterruptionStory) -> str:
    """Answer the question of the report in two sentences."""
    found = story.assessment
    if found is None:
        return f"Not known. {_sentence(story.refused[0].what)}."
    rejected = found.placebos["rejected"]
    return (
        "Not known. We tried the same method on dates when nothing is known to have happened: it "
        f"found a change in {words.interval(rejected.min(), rejected.max(), as_percent=True)} of "
        f"forces, where {words.percent(story.alpha)} is to be expected, so one on the real date "
        "proves little."
    )


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
            "text": f"The series of {spoken(story.force.slug)} cannot be judged at "
            f"{_day(story.event)}.",
            "interval": f"No interval. {words.without_codes(_sentence(problem.what))}.",
            "caveat": caution if story.assessment else problem.remedy,
        }
    who = spoken(story.force.slug)
    said = {
        "not identified": f"These records do not tell whether assaults on officers of {who} moved",
        "consistent": f"The record of assaults on officers of {who} moved, by every comparison,",
        "not supported": f"No move of recorded assaults on officers of {who} shows",
    }[found.verdict]
    return {
        "number": found.verdict.capitalize(),
        "text": f"{said} on {_day(story.event)}.",
        "interval": _step_words(story, found),
        "caveat": caution,
    }


def _step_words(story: InterruptionStory, found: Assessment) -> str:
    if not found.holds_level:
        return (
            "No step is given: even with wider intervals the method finds steps at quiet dates "
            "more often than it promises."
        )
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
        return [f"{_sentence(problem.what)}." for problem in story.refused[:6]]
    found = story.assessment
    points = [_point_gates(found)] if story.focus else []
    points += [_point_record(story, found), _point_timing(story, breaks), _point_level(found)]
    if story.jump is not None and story.jump.size > 0:
        points.append(
            "The law was in force for part of its first year only. To make that year's rise "
            "by itself, it would have had to lift recorded assaults by "
            f"{words.percent(story.jump.size)} on its first day."
        )
    return [point for point in points if point][:6]


def may_say(story: InterruptionStory) -> dict[str, Any] | None:
    """Arguments of :func:`report.may_say` on the record of all forces, as the model has it."""
    if not story.fits or story.assessment is None:
        return None
    control, fit = next(iter(story.fits.items()))
    step, forces = fit.contrast({"after": 1.0}), fit.clusters
    limits = words.interval_words(
        step.lower - 1, step.upper - 1, level=story.level, as_percent=True
    )
    return {
        "say": f"From {words.quarter(story.assessment.event)} on, {forces} forces together "
        f"recorded {words.percent(abs(step.ratio - 1))} {'more' if step.ratio > 1 else 'fewer'} "
        "assaults without injury on officers than their trend, set against "
        f"{CONTROLS[control]} ({limits}); why cannot be told from the records.",
        "not_say": "The Act made assaults on officers rarer, or more common.",
        "finding": _found_national(story, control, fit),
    }


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
            "caption": "Conditions of a verdict",
            "notes": "If one fails, the verdict is not identified. Placebo dates are the quarters "
            "before the event in which nothing dated is known to have happened in all forces; "
            "a force is left out at dates of its own.",
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
    return [
        {
            "frame": frame,
            "caption": f"Step of recorded assaults on constables at {_day(story.event)}, relative "
            "to other recorded crime of the same force",
            "level": story.level,
            "notes": "Binomial share with trend and season, quasi errors with t. The first "
            "intervals are widened by how far steps spread where nothing happened; those of the "
            "series' own errors find steps at quiet dates too often. Forces' true steps spread by "
            f"{spread} on the log scale.",
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
            "Forces with a step, own errors": table["rejected"],
            "Forces with a step, widened": table["calibrated"],
        }
    )
    if found.force is not None:
        rows[f"Step in {story.force.name}"] = table["focus"]
    return [
        {
            "frame": rows,
            "caption": f"Steps found at dates when nothing is known to have happened, "
            f"{int(table['k'].iloc[0])} forces",
            "formats": {
                "Forces with a step, own errors": "percent",
                "Forces with a step, widened": "percent",
            },
            "level": story.level,
            "notes": "If the method were right, about "
            f"{words.percent(story.alpha)} of intervals would exclude no step. Each date is "
            "widened by the spread at the other dates.",
        }
    ]


def record_figure(
    story: InterruptionStory, rows: pd.DataFrame, expected: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    """Figures of the record of all forces beside what the models expect without a step.

    Parameters
    ----------
    story : InterruptionStory
    rows : DataFrame
        What the models were fitted to.
    expected : mapping of str to DataFrame
        Control to :func:`officer_assaults.topics.act.model.without_step`.
    """
    if not story.fits:
        return []
    recorded = rows.groupby("date")[["recorded"]].sum().reset_index()
    named = {CONTROLS[control]: frame for control, frame in expected.items()}
    labels = {story.event: "event" if story.law == "" else story.law}
    chart = figures.record_without_step(recorded, named, labels)
    ratios = [
        f"{words.number(fit.contrast({'after': 1.0}).ratio, 2)} times what {CONTROLS[control]} "
        "would have had it be"
        for control, fit in story.fits.items()
    ]
    forces = next(iter(story.fits.values())).clusters
    return [
        {
            "fig": chart,
            "headline": "The record of all forces stepped when the event came"
            if story.record_stepped
            else "The record of all forces shows no clear step at the event",
            "subtitle": f"By quarter, {forces} forces together: recorded assaults without injury "
            "on constables, and the number expected from each comparison without a step",
            "alt": f"{chart.alt_hint} From the event on the record is {words.listing(ratios)}.",
            "formats": {"Offences a quarter": 0},
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


def search_table(story: InterruptionStory) -> list[dict[str, Any]]:
    """Tables of the date that fits best under each model, all forces together."""
    if story.search.empty:
        return []
    rows = pd.DataFrame(
        {
            "Model": [
                f"{CONTROLS[str(row['control'])]}, from {row['start'].year}, "
                f"{'season' if row['harmonics'] else 'no season'}"
                f"{', bend allowed' if row['slope'] else ''}"
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
            "notes": "Intervals take the quarter as given.",
        }
    ]


def findings(story: InterruptionStory, own: RegisterSteps | None, simulated: bool) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    made = [_found_steps(story)] if story.focus else [_found_refused(story)]
    if story.assessment is not None:
        made += [_found_national(story, *each) for each in story.fits.items()]
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
    note = f"conditions that failed: {'; '.join(failed)}" if failed else "all conditions hold"
    return statement(
        "act.step", f"Step of recorded assaults on {story.force.name} officers at "
        f"{_day(story.event)}", STEPPED, found.verdict, release=story.vintage,
        period=_day(story.event), note=_plain_control(note),
    )  # fmt: skip


def _found_each(story: InterruptionStory, found: Assessment) -> list[Finding]:
    made = []
    for step in found.calibrated if found.holds_level else ():
        own = step.table.loc[str(found.force)].to_dict()
        made.append(
            _step(story, own["ratio"], own["lower"], own["upper"], step.control).finding(
                f"act.step_{_key(step.control)}",
                f"Step of {story.force.name} relative to {CONTROLS[step.control]}",
                STEPPED, found.verdict,
                note="binomial share; errors widened by the spread of steps at quiet dates, t on "
                f"{step.df} df, dispersion {own['dispersion']:.2f}",
            )
        )  # fmt: skip
    return made


def _found_national(story: InterruptionStory, control: str, fit: RateModel) -> Finding:
    step = fit.contrast({"after": 1.0})
    said = f"{fit.spec.formula}; {fit.spec.family}, errors clustered by {fit.spec.cluster}"
    return _step(story, step.ratio, step.lower, step.upper, control).finding(
        f"act.national_{_key(control)}",
        f"Step of {fit.clusters} forces together relative to {CONTROLS[control]}",
        "The national record of assaults on officers stepped when the event came",
        "consistent" if story.record_stepped else "not supported",
        note=f"{said}; best quarter of all in {story.in_the_quarter} of {len(story.search)} "
        "models; why it stepped is not identified",
    )


def _found_pooled(story: InterruptionStory, pooled: PooledStep) -> Finding:
    limits = pooled.interval
    return _step(story, pooled.ratio, limits.lower, limits.upper, pooled.control).finding(
        f"act.pooled_{_key(pooled.control)}",
        f"Mean step of {pooled.k} forces relative to {CONTROLS[pooled.control]}",
        "The event changed recorded assaults in the forces together", "not identified",
        note=f"Paule-Mandel, tau = {pooled.tau:.3f}; {pooled.rejected:.0%} of forces' intervals "
        "exclude no step; it began everywhere on one day, so nothing tells law from recording",
    )  # fmt: skip


def _found_placebos(story: InterruptionStory, found: Assessment) -> list[Finding]:
    made = []
    for control, part in found.placebos.groupby("control", sort=False):
        for name, column in (("placebo", "rejected"), ("level", "calibrated")):
            rate, wide = part[column], name == "level"
            shares = Estimate(
                float(rate.mean()), float(rate.min()), float(rate.max()),
                unit="share of forces' intervals; limits are the range over dates",
                denominator=f"{int(part['k'].max())} forces, {len(part)} dates",
                release=story.vintage, period=_day(story.event), level=BOUNDS,
                note=f"mean steps {part['ratio'].min():.2f} to {part['ratio'].max():.2f}",
            )  # fmt: skip
            made.append(
                shares.finding(
                    f"act.{name}_{_key(str(control))}",
                    f"{'Widened intervals' if wide else 'Intervals'} that exclude no step at "
                    f"placebo dates, relative to {CONTROLS[str(control)]}",
                    f"{'Widened' if wide else 'Taken alone'}, relative to "
                    f"{CONTROLS[str(control)]}, the method finds a step at about "
                    f"{story.alpha:.0%} of dates without one",
                    "consistent" if _as_promised(rate.mean(), story.alpha) else "contradicted",
                )
            )
    return made


def _as_promised(rate: float, alpha: float) -> bool:
    return abs(rate - alpha) <= (LARGEST_PLACEBO_RATE - 1) * alpha


def _found_jump(story: InterruptionStory) -> Finding:
    assert story.jump is not None
    jump = story.jump
    return Estimate.of(
        jump.size, jump.interval, unit="proportion",
        denominator=f"{jump.days_in_force} of {jump.days} days in force",
        period=f"{story.years[0]} to {story.years[1]}", release=story.vintage, level=story.level,
        note="the rest of the year at the rate of the year before; counting chance only",
    ).finding(
        "act.jump",
        "Jump on its first day by which the law alone would have made the year's change",
        "The law alone made the year's change", "not identified",
    )  # fmt: skip


def _found_register(story: InterruptionStory, own: RegisterSteps, simulated: bool) -> Finding:
    limits = own.difference_interval
    return Estimate.of(
        own.difference, limits, unit="ratio of steps",
        denominator="entries of the second register", period=_day(story.event),
        release=story.vintage, level=story.level, simulated=simulated,
        note=ATTRIBUTIONS[own.attribution],
    ).finding(
        "act.second_register", "Step of the crime record over that of the second register",
        "What happens changed at the event, not only what is recorded",
        register_verdict(own.attribution),
    )  # fmt: skip


def _step(
    story: InterruptionStory, ratio: float, lower: float, upper: float, control: str
) -> Estimate:
    return Estimate(
        float(ratio), float(lower), float(upper), unit="ratio of the level after to before",
        denominator=f"recorded offences of {CONTROLS[control]}", period=_day(story.event),
        release=story.vintage, level=story.level,
    )  # fmt: skip


def _key(control: str) -> str:
    return control.lower().replace("-", "_")


def _found_refused(story: InterruptionStory) -> Finding:
    return statement(
        "act.step", f"Step of recorded assaults on {story.force.name} officers at "
        f"{_day(story.event)}", STEPPED, "needs data", release=story.vintage,
        period=_day(story.event), note="; ".join(str(problem) for problem in story.refused),
    )  # fmt: skip


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


def _labels(story: InterruptionStory, events: pd.DataFrame) -> dict[Any, str]:
    shown = events[(events["day"] >= figures.FIRST_SHOWN) & (events["kind"] != "law")]
    # Later events would crowd a telephone; the table of dated events has them all.
    shown = shown[shown["event"].isin(list(SHORT)) & (shown["force"] == story.force.slug)]
    labels = {row["day"]: SHORT[row["event"]] for row in shown.to_dict("records")}
    labels[story.event] = story.law or "event"
    return dict(sorted(labels.items()))


def law_of(event: pd.Timestamp, events: pd.DataFrame) -> str:
    """Label of the law that came into force on a day; empty if none did."""
    laws = events.loc[events["kind"] == "law", ["day", "event"]].set_index("day")["event"]
    return SHORT.get(laws.get(event, ""), "")


SHORT = {
    "Inspection report on crime recording": "inspection",
    "Emergency workers Act in force": "Act in force",
}


def _plain_control(text: str) -> str:
    for code, name in sorted(CONTROLS.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"against {code}", f"against {name}")
    return text


def _limits(value: float, interval: Interval) -> str:
    return f"{words.number(value, 2)} ({words.interval(interval.lower, interval.upper, 2)})"


def _day(day: pd.Timestamp) -> str:
    return day.strftime("%-d %B %Y")


def _sentence(text: str) -> str:
    return (text[:1].upper() + text[1:]).rstrip(".")
