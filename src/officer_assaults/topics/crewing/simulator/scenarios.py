"""Named situations, and what a report must say of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

import pandas as pd

from officer_assaults.findings import Verdict
from officer_assaults.shown import Shown
from officer_assaults.topics.crewing.simulator.force import planned_hours, simulate_force
from officer_assaults.topics.crewing.simulator.params import (
    Act,
    Deployment,
    ForceParams,
    Hidden,
    Panel,
    Recording,
    Risk,
)

Layer = Literal["crewing", "reporting", "interruption"]


@dataclass(frozen=True, slots=True)
class Scenario(Shown):
    """A situation with a known truth, and the verdicts that an honest report reaches.

    Attributes
    ----------
    name : str
    what : str
        What is true in it.
    layer : {"crewing", "reporting", "interruption"}
        Which models it is meant for.
    params : ForceParams
    verdicts : mapping of claim to Verdict
        Claims as ``crewing.model.claims`` names them; ``"share"`` of a rise
        that is recording; ``"step"`` of recorded assaults at a law.
    refused : str
        Code of the refusal that the files of this situation meet; empty as a rule.
    crew_source : mapping
        Log of the crew behind hours and victims.
    """

    name: str
    what: str
    layer: Layer
    params: ForceParams
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    refused: str = ""
    crew_source: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({"hours": "actual", "victims": "actual"})
    )


_BASE = ForceParams()
_DEPLOYMENT = _BASE.deployment
_RISE = _BASE.panel.focus_growth


def _stronger(deployment: Deployment, factor: float) -> Deployment:
    return replace(
        deployment,
        evening=deployment.evening * factor,
        night=deployment.night * factor,
        early=deployment.early * factor,
        high_risk=deployment.high_risk * factor,
        urban=deployment.urban * factor,
        weekend_night=deployment.weekend_night * factor,
    )


SCENARIOS: Mapping[str, Scenario] = MappingProxyType(
    {
        scenario.name: scenario
        for scenario in (
            Scenario(
                "baseline",
                "The rate per officer-hour is 1.40 times as high when single crewed; everything "
                "that dispatchers go by is recorded.",
                "crewing",
                _BASE,
                {
                    "per_officer_hour": "consistent",
                    "far_more": "contradicted",
                    "crude": "contradicted",
                    "per_attendance": "contradicted",
                    "control_1": "consistent",
                    "policy.all_double.officer-hours": "consistent",
                    "policy.all_double.attendances": "contradicted",
                },
            ),
            Scenario(
                "null_crew",
                "Crewing changes no incident: the ratio per officer-hour is 2 over the victims "
                "per incident, 1.60, and not 1.",
                "crewing",
                replace(_BASE, risk=Risk(crew_ratio=2 / 1.25), years=2),
                {
                    "per_officer_hour": "consistent",
                    "incidents": "not supported",
                    "per_attendance": "contradicted",
                },
            ),
            Scenario(
                "strong_confounding",
                "Dispatchers double up on risky work half as strongly again: the plain comparison "
                "has the wrong sign.",
                "crewing",
                replace(_BASE, deployment=_stronger(_DEPLOYMENT, 1.5), years=2),
                {"per_officer_hour": "consistent", "crude": "contradicted"},
            ),
            Scenario(
                "hidden_dispatcher",
                "Dispatchers know of a danger that no column records.",
                "crewing",
                replace(_BASE, hidden=Hidden(assignment_odds=5.0, rate_ratio=4.0), years=2),
                {
                    "control_1": "contradicted",
                    "per_officer_hour": "not identified",
                    "policy.all_double.officer-hours": "not identified",
                },
            ),
            Scenario(
                "positivity_fail",
                "At night hardly any officer is alone.",
                "crewing",
                replace(_BASE, deployment=replace(_DEPLOYMENT, night_double=0.995)),
                {"policy.all_single.officer-hours": "not identified"},
            ),
            Scenario(
                "backup_modifies",
                "The gap widens by 3% for each minute of planned back-up.",
                "crewing",
                replace(_BASE, risk=Risk(backup_slope=0.03), years=3),
                {"backup": "consistent", "policy.double_far_backup.officer-hours": "consistent"},
            ),
            Scenario(
                "split_crews",
                "A tenth of planned double crews part; hours follow the plan, victims the log.",
                "crewing",
                replace(_BASE, deployment=replace(_DEPLOYMENT, split_share=0.10)),
                refused="E112",
                crew_source=MappingProxyType({"hours": "planned", "victims": "actual"}),
            ),
            Scenario(
                "differential_recording",
                "A single officer's assault without injury is recorded in 60 of 100 cases, a "
                "double crew's in 70.",
                "crewing",
                replace(_BASE, recording=Recording(single=0.60, double=0.70)),
                {"true_ratio": "not identified"},
            ),
            Scenario(
                "all_reporting",
                "The whole rise of the focus force is recording.",
                "reporting",
                replace(_BASE, panel=Panel(focus_growth=0.0, recording_rise=math.log(859 / 628))),
                {"share": "not identified"},
            ),
            Scenario(
                "no_reporting",
                "None of the rise of the focus force is recording.",
                "reporting",
                replace(_BASE, panel=Panel(focus_growth=_RISE, recording_rise=0.0)),
                {"share": "not identified"},
            ),
            Scenario(
                "broken_anchor",
                "None of the rise is recording, but the injury class was still being taken up in "
                "the first year, at 89 of 100.",
                "reporting",
                replace(_BASE, panel=Panel(focus_growth=_RISE, injury_capture_first=0.89)),
                {"share": "not identified"},
            ),
            Scenario(
                "act_deters",
                "A law cuts true assaults by 30%; recording stays as it was.",
                "interruption",
                replace(_BASE, act=Act(deterrence=0.7)),
                {"step": "consistent"},
            ),
            Scenario(
                "act_records",
                "A law changes no assault, but 40% more of them are recorded.",
                "interruption",
                replace(_BASE, act=Act(recording=1.4)),
                {"step": "consistent"},
            ),
            Scenario(
                "placebo",
                "Nothing happens on the day.",
                "interruption",
                _BASE,
                {"step": "not supported"},
            ),
        )
    }
)


def scenario(name: str) -> Scenario:
    """One of :data:`SCENARIOS`.

    Raises
    ------
    KeyError
        If there is none of this name; the message lists them.
    """
    if name not in SCENARIOS:
        raise KeyError(f"no scenario '{name}'; known: {', '.join(SCENARIOS)}")
    return SCENARIOS[name]


def crew_cells(chosen: Scenario, seed: int) -> pd.DataFrame:
    """Crew cells of a scenario as its files would hold them.

    Parameters
    ----------
    chosen : Scenario
    seed : int
    """
    cells = simulate_force(chosen.params, seed).frames["crew_cells"]
    return planned_hours(cells) if chosen.crew_source["hours"] == "planned" else cells
