"""Named situations: how often the analysis reaches the verdict fixed for each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from officer_assaults.findings import Verdict
from officer_assaults.stats import severity, verdicts
from officer_assaults.stats.studies import Draws, Seeds, whole_number
from officer_assaults.topics.act import model as interruption
from officer_assaults.topics.crewing.model.analysis import judge_claims
from officer_assaults.topics.crewing.model.cells import prepare
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.simulator.force import SimulatedForce, simulate_force
from officer_assaults.topics.crewing.simulator.scenarios import SCENARIOS, Scenario, crew_cells
from officer_assaults.topics.recording.model import bias as bias_analysis

FOCUS = "simulated-force"
CONTROLS = ("control_1", "control_2")
PLACEBOS = ("2015-07-01", "2015-10-01", "2016-01-01", "2016-04-01")
#: Least share of draws that give the verdict: an interval of 95% misses in one of twenty, and a
#: negative control rejects in another.
MOST_DRAWS = 0.75

CLAIM_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "per_officer_hour": "more per officer-hour when single crewed",
        "far_more": "at least twice as many",
        "crude": "the plain comparison shows it",
        "per_attendance": "more per attended incident",
        "incidents": "crewing changes incidents",
        "control_1": "no hidden danger shows",
        "backup": "the gap widens with back-up time",
        "true_ratio": "the true ratio, not the recorded one",
        "share": "most of the rise is recording",
        "step": "a step at the law",
    }
)


def verdicts_of(chosen: Scenario, seed: int) -> Mapping[str, Verdict]:
    """Verdicts that the analysis of one draw of a situation reaches, by claim.

    Parameters
    ----------
    chosen : Scenario
    seed : int

    Raises
    ------
    Refusal
        Where the cells cannot be judged.
    """
    if chosen.layer == "crewing":
        # Policies share one model, so that all are fitted where one is judged.
        judged = any(claim.startswith("policy.") for claim in chosen.verdicts)
        policies = list(POLICIES) if judged else []
        claims = judge_claims(prepare(crew_cells(chosen, seed)), policies)
        return {claim.id: claim.verdict for claim in claims}
    force = simulate_force(chosen.params, seed)
    return _recording(force) if chosen.layer == "reporting" else _step(force)


def situation_runs(seeds: Seeds, *, name: str) -> Draws:
    """Share of draws of a situation that give each verdict fixed for it."""
    chosen = SCENARIOS[name]
    found: dict[str, list[float]] = {claim: [] for claim in chosen.verdicts}
    for seed in map(whole_number, seeds):
        given = verdicts_of(chosen, seed)
        for claim, verdict in chosen.verdicts.items():
            found[claim].append(float(given.get(claim) == verdict))
    return found


def _recording(force: SimulatedForce) -> dict[str, Verdict]:
    panel = force.frames["quarterly"]
    year = panel["financial_year"].map({"2017/18": "0", "2018/19": "1"})
    kind = panel["offence_code"].map({"8S": "injury", "104": "no_injury"})
    wide = panel.assign(cell=kind + year).pivot_table(
        index="force", columns="cell", values="offences", aggfunc="sum"
    )
    tau = severity.focus_contrasts(wide.reset_index(), FOCUS)["calibrated"].tau
    counts = {str(cell): int(wide[cell][FOCUS]) for cell in wide.columns}
    own = bias_analysis.SeverityCounts(**counts)
    default = bias_analysis.standard_priors(tau)[2]
    share = bias_analysis.bias_analysis(own, default, 1).interval
    return {"share": verdicts.bounded("above", 0.5, share.lower, share.upper)}


def _step(force: SimulatedForce) -> dict[str, Verdict]:
    frame = force.frames["act"]
    kept, _ = interruption.usable_forces(frame, list(CONTROLS))
    found = interruption.assess(
        frame[frame["force"].isin(kept)],
        FOCUS,
        pd.Timestamp(force.params.act.begins),
        list(CONTROLS),
        [pd.Timestamp(day) for day in PLACEBOS],
    )
    return {"step": found.verdict}


def claim_words(claim: str) -> str:
    """Name a claim for a reader."""
    if not claim.startswith("policy."):
        return CLAIM_WORDS.get(claim, claim.replace("_", " "))
    _, name, held = claim.split(".")
    return f"{POLICIES[name].label}: fewer recorded at the same {held}"
