"""Claims about crewing, each judged by a rule that knows nothing of the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from officer_assaults.findings import Verdict
from officer_assaults.shown import Shown
from officer_assaults.stats.verdicts import bounded, lies, within
from officer_assaults.topics.crewing.model.checks import BackupModification, NegativeControl
from officer_assaults.topics.crewing.model.policy import PolicyOutcome
from officer_assaults.topics.crewing.model.ratios import ArmRatio, Denominators


@dataclass(frozen=True, slots=True)
class Claim(Shown):
    """A statement, the estimate that judges it, and the verdict.

    Attributes
    ----------
    id, statement : str
    verdict : Verdict
    value, lower, upper : float
    unit, denominator : str
    note : str
        The rule, in words.
    """

    id: str
    statement: str
    verdict: Verdict
    value: float
    lower: float
    upper: float
    unit: str
    denominator: str
    note: str = ""


EXPOSURES = {
    "officer_hours": "officer-hours",
    "unit_hours": "unit-hours",
    "attended": "attended incidents",
}


def _ratio_claim(name: str, statement: str, found: ArmRatio, verdict: Verdict, note: str) -> Claim:
    return Claim(
        id=name,
        statement=statement,
        verdict=verdict,
        value=found.ratio,
        lower=found.lower,
        upper=found.upper,
        unit="rate ratio, single over double",
        denominator=f"{_exposure(found.exposure_single)} single and "
        f"{_exposure(found.exposure_double)} double crewed {EXPOSURES[found.unit]}",
        note=note,
    )


def _exposure(amount: float) -> str:
    return f"{amount:,.0f}"


def hidden_danger(controls: Iterable[NegativeControl]) -> bool:
    """Whether the crew of the shift before still tells of assaults, after adjustment."""
    return any(control.gates and not control.passes for control in controls)


def overruled(*, like_calls: bool, controls: Iterable[NegativeControl]) -> Verdict | None:
    """Verdict on every claim about like work that no interval can change, if there is one.

    Parameters
    ----------
    like_calls : bool
        Whether crews are compared at like calls. Without the grade of calls most of a difference
        can vanish, so the records that would settle the claim are not there.
    controls : iterable of NegativeControl
        Where the crew of the shift before still tells of assaults, a danger is left unrecorded that
        dispatchers act on, and more rows of the same columns would not help.
    """
    if not like_calls:
        return "needs data"
    return "not identified" if hidden_danger(controls) else None


Bias = Literal["low", "high", "unknown"]


def tested(controls: Iterable[NegativeControl]) -> bool:
    """Whether a hidden danger that dispatchers act on was looked for at all."""
    return any(control.gates for control in controls)


def untested_verdict(verdict: Verdict, *, looked: bool, bias: Bias = "low") -> Verdict:
    """Verdict that no unsought danger could have made, or else "needs data".

    Dispatchers who double up where they expect trouble push a ratio down, single over double. Where
    nobody looked for that, only a verdict that stands in spite of it is given: not tested is not
    passed.

    Parameters
    ----------
    verdict : Verdict
        By the interval, on a claim that something lies above a value.
    looked : bool
        From :func:`tested`.
    bias : {"low", "high", "unknown"}
        Which way the estimate errs.

    Examples
    --------
    >>> untested_verdict("contradicted", looked=False)
    'needs data'
    >>> untested_verdict("consistent", looked=False)
    'consistent'
    """
    safe: dict[Bias, Verdict | None] = {
        "low": "consistent",
        "high": "contradicted",
        "unknown": None,
    }
    return verdict if looked or verdict == safe[bias] else "needs data"


def judge_ratios(
    found: Denominators,
    crude: ArmRatio,
    *,
    far_more: float = 2.0,
    instead: Verdict | None = None,
    looked: bool = True,
) -> tuple[Claim, ...]:
    """Judge the claims on the ratio, under every denominator.

    Parameters
    ----------
    found : Denominators
    crude : ArmRatio
        Ratio per officer-hour without adjustment.
    far_more : float
        Least ratio that "far more" stands for (assumption).
    instead : Verdict, optional
        From :func:`overruled`: the verdict whatever the intervals.
    looked : bool
        From :func:`tested`.

    Notes
    -----
    Fewer than eight clusters give "needs data".
    """
    one = found.per_officer_hour

    def over(estimate: ArmRatio, value: float) -> Verdict:
        if not estimate.has_interval:
            return "needs data"
        if instead:
            return instead
        return untested_verdict(lies("above", value, estimate.lower, estimate.upper), looked=looked)

    more = "For the same work, more assaults on officers are recorded per"
    meet = "For the same work, single crews meet more incidents with a recorded assault per"
    times = f"For the same work, at least {far_more:g} times as many are recorded per"
    asked: tuple[tuple[str, str, ArmRatio | None, float], ...] = (
        ("per_officer_hour", f"{more} officer-hour when single crewed", one, 1.0),
        ("far_more", f"{times} officer-hour when single crewed", one, far_more),
        ("per_attendance", f"{more} attended incident when single crewed", found.per_attendance, 1),
        ("incidents", f"{meet} unit-hour", found.incidents, 1.0),
    )
    rules = {"incidents": "judges deterrence apart from sharing the risk; consistent above 1"}
    claims = [
        _ratio_claim(
            name,
            statement,
            ratio,
            over(ratio, value),
            rules.get(name, f"consistent if the whole interval lies above {value:g}"),
        )
        for name, statement, ratio, value in asked
        if ratio is not None
    ]
    plain = _ratio_claim(
        "crude",
        "The plain comparison, without adjustment, gives the adjusted ratio",
        crude,
        within(one.ratio, crude.lower, crude.upper) if crude.has_interval else "needs data",
        "consistent if the adjusted ratio lies inside the interval of the plain one",
    )
    return (*claims[:2], plain, *claims[2:])


def judge_controls(controls: Sequence[NegativeControl]) -> tuple[Claim, ...]:
    """Judge, by each negative control, whether the recorded columns account for the crews."""
    return tuple(
        _ratio_claim(
            f"control_{number + 1}",
            f"{control.label}: no difference between crews is left after adjustment",
            control.found,
            within(control.expected, control.found.lower, control.found.upper),
            f"otherwise {control.meaning}",
        )
        for number, control in enumerate(controls)
    )


def judge_recording(
    found: ArmRatio, table: pd.DataFrame, *, instead: Verdict | None = None, looked: bool = True
) -> Claim:
    """Judge whether true assaults are more frequent when single crewed, recording unknown.

    Parameters
    ----------
    found : ArmRatio
        Recorded ratio per officer-hour.
    table : pandas.DataFrame
        From :func:`officer_assaults.topics.crewing.model.checks.recording_table`.
    instead : Verdict, optional
        From :func:`overruled`.
    """
    lower, upper = float(table["lower"].min()), float(table["upper"].max())
    verdict = instead or untested_verdict(bounded("above", 1.0, lower, upper), looked=looked)
    if not found.has_interval:
        verdict = "needs data"
    low, high = float(table["rho"].min()), float(table["rho"].max())
    return Claim(
        id="true_ratio",
        statement="For the same work, more assaults happen per officer-hour when single crewed, "
        "recorded or not",
        verdict=verdict,
        value=found.ratio,
        lower=lower,
        upper=upper,
        unit="rate ratio, single over double",
        denominator="officer-hours",
        note=f"limits over recording ratios from {low:.2f} to {high:.2f} (assumption)",
    )


def judge_backup(
    found: BackupModification, *, instead: Verdict | None = None, looked: bool = True
) -> Claim:
    """Judge whether the gap widens where back-up is further away."""
    return Claim(
        id="backup",
        statement="The ratio per officer-hour is higher where planned back-up is further away",
        verdict=instead
        or untested_verdict(
            lies("above", 1.0, found.lower, found.upper), looked=looked, bias="unknown"
        ),
        value=found.per_ten_minutes,
        lower=found.lower,
        upper=found.upper,
        unit="factor on the ratio for ten more minutes",
        denominator="officer-hours",
        note="consistent if the whole interval lies above 1",
    )


def judge_policies(
    outcomes: Iterable[PolicyOutcome],
    held: str,
    *,
    instead: Verdict | None = None,
    looked: bool = True,
) -> tuple[Claim, ...]:
    """Judge, for each policy, whether fewer recorded victims would be expected.

    Parameters
    ----------
    outcomes : iterable of PolicyOutcome
    held : str
        What every policy holds fixed, for the statement and the id: ``"officer-hours"`` or
        ``"attendances"``.
    instead : Verdict, optional
        From :func:`overruled`.

    Notes
    -----
    A policy that a gate on positivity refuses is "not identified"; one that has no model, or that
    moves no hours of these cells, "needs data".
    """
    claims = []
    for outcome in outcomes:
        refused = outcome.refusal is not None
        verdict: Verdict
        if refused:
            verdict = "not identified" if outcome.strata else "needs data"
        else:
            by_interval = lies("above", 0.0, outcome.lower, outcome.upper)
            verdict = instead or untested_verdict(
                by_interval, looked=looked, bias=outcome.hidden_bias
            )
        claims.append(
            Claim(
                id=f"policy.{outcome.policy.name}.{held}",
                statement=f"{outcome.policy.label}: fewer recorded victims at the same {held}",
                verdict=verdict,
                value=outcome.avoided,
                lower=outcome.lower,
                upper=outcome.upper,
                unit="recorded victims avoided",
                denominator=f"the same {held}",
                note=str(outcome.refusal) if refused else "consistent if all of it is above 0",
            )
        )
    return tuple(claims)
