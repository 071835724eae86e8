"""Interruption: the findings of the report on the 2018 Act, with the verdict on each by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officer_assaults.estimate import Estimate, statement
from officer_assaults.findings import BOUNDS, Finding
from officer_assaults.stats.segmented import register_verdict
from officer_assaults.topics.act.model import LARGEST_PLACEBO_RATE, step_of
from officer_assaults.topics.act.story import (
    ATTRIBUTIONS,
    CONTROLS,
    InterruptionStory,
    day_in_words,
    plain_control,
)

if TYPE_CHECKING:
    from officer_assaults.stats.glm import RateModel
    from officer_assaults.stats.segmented import RegisterSteps
    from officer_assaults.topics.act.model import Assessment, PooledStep

STEPPED = "Recorded assaults stepped at the event beyond what other recorded crime did"


def findings(story: InterruptionStory, own: RegisterSteps | None, simulated: bool) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    made = [_found_steps(story)] if story.focus else [_found_refused(story)]
    if story.assessment is not None:
        made += [found_national(story, *each) for each in story.fits.items()]
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
        f"{day_in_words(story.event)}", STEPPED, found.verdict, release=story.vintage,
        period=day_in_words(story.event), note=plain_control(note),
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


def found_national(story: InterruptionStory, control: str, fit: RateModel) -> Finding:
    """State the step of all forces together beside one control."""
    step = step_of(fit)
    said = f"{fit.spec.formula}; {fit.spec.family}, errors {fit.spec.errors}"
    return _step(story, step.ratio, step.lower, step.upper, control).finding(
        f"act.national_{_key(control)}",
        f"Step of {story.forces} forces together relative to {CONTROLS[control]}",
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
                release=story.vintage, period=day_in_words(story.event), level=BOUNDS,
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
    return story.jump.finding(
        "act.jump",
        "Jump on its first day by which the law alone would have made the year's change",
        "The law alone made the year's change", "not identified",
        period=f"{story.years[0]} to {story.years[1]}", vintage=story.vintage, level=story.level,
        note="the rest of the year at the rate of the year before; counting chance only",
    )  # fmt: skip


def _found_register(story: InterruptionStory, own: RegisterSteps, simulated: bool) -> Finding:
    limits = own.difference_interval
    return Estimate.of(
        own.difference, limits, unit="ratio of steps",
        denominator="entries of the second register", period=day_in_words(story.event),
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
        denominator=f"recorded offences of {CONTROLS[control]}", period=day_in_words(story.event),
        release=story.vintage, level=story.level,
    )  # fmt: skip


def _key(control: str) -> str:
    return control.lower().replace("-", "_")


def _found_refused(story: InterruptionStory) -> Finding:
    return statement(
        "act.step", f"Step of recorded assaults on {story.force.name} officers at "
        f"{day_in_words(story.event)}", STEPPED, "needs data", release=story.vintage,
        period=day_in_words(story.event), note="; ".join(str(problem) for problem in story.refused),
    )  # fmt: skip
