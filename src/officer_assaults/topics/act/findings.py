"""Interruption: the findings of the report on the 2018 Act, with the verdict on each by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officer_assaults.findings import BOUNDS, Finding, Verdict
from officer_assaults.page.wording import Wording
from officer_assaults.stats.intervals import Interval
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

SAID = Wording(__file__)


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


def _common(story: InterruptionStory) -> dict[str, Any]:
    return {
        "release": story.vintage,
        "period": day_in_words(story.event),
        "level": story.level,
    }


def _verdict(story: InterruptionStory, verdict: Verdict, note: str) -> Finding:
    day = day_in_words(story.event)
    names = {"force": story.force.name, "day": day, "note": note}
    return SAID.statement("verdict", verdict, names=names, release=story.vintage, period=day)


def _found_steps(story: InterruptionStory) -> Finding:
    found = story.focus
    assert found is not None
    failed = [gate.name for gate in found.gates if not gate.passed]
    note = f"conditions that failed: {'; '.join(failed)}" if failed else "all conditions hold"
    return _verdict(story, found.verdict, plain_control(note))


def _found_refused(story: InterruptionStory) -> Finding:
    return _verdict(story, "needs data", "; ".join(str(problem) for problem in story.refused))


def _found_each(story: InterruptionStory, found: Assessment) -> list[Finding]:
    made = []
    for step in found.calibrated if found.holds_level else ():
        own = step.table.loc[[str(found.force)]].iloc[0]
        names = {**_against(step.control), "force": story.force.name, "df": step.df}
        names |= {"dispersion": own["dispersion"]}
        about = {"names": names, **_common(story)}
        made.append(SAID.estimate("step", own["ratio"], own, found.verdict, **about))
    return made


def found_national(story: InterruptionStory, control: str, fit: RateModel) -> Finding:
    """State the step of all forces together beside one control."""
    step = step_of(fit)
    verdict: Verdict = "consistent" if story.record_stepped else "not supported"
    names = {**_against(control), "forces": story.forces, "fit": fit}
    names |= {"best": story.in_the_quarter, "models": len(story.search)}
    return SAID.estimate("national", step.ratio, step, verdict, names=names, **_common(story))


def _found_pooled(story: InterruptionStory, pooled: PooledStep) -> Finding:
    names = {**_against(pooled.control), "pooled": pooled}
    about = {"names": names, **_common(story)}
    return SAID.estimate("pooled", pooled.ratio, pooled.interval, "not identified", **about)


def _found_placebos(story: InterruptionStory, found: Assessment) -> list[Finding]:
    made = []
    for control, part in found.placebos.groupby("control", sort=False):
        names = {**_against(str(control)), "alpha": story.alpha, "forces": int(part["k"].max())}
        names |= {"dates": len(part), "low": part["ratio"].min(), "high": part["ratio"].max()}
        about = {"names": names, **_common(story), "level": BOUNDS}
        for name, column in (("placebo", "rejected"), ("level", "calibrated")):
            rate = part[column]
            kept = abs(rate.mean() - story.alpha) <= (LARGEST_PLACEBO_RATE - 1) * story.alpha
            verdict: Verdict = "consistent" if kept else "contradicted"
            range_ = Interval(float(rate.min()), float(rate.max()))
            made.append(SAID.estimate(name, rate.mean(), range_, verdict, **about))
    return made


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
    return SAID.estimate(
        "register", own.difference, own.difference_interval, register_verdict(own.attribution),
        names={"note": ATTRIBUTIONS[own.attribution]}, simulated=simulated, **_common(story),
    )  # fmt: skip


def _against(control: str) -> dict[str, Any]:
    return {"key": control.lower().replace("-", "_"), "control": CONTROLS[control]}
