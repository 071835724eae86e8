"""Registry: every study of the validation, and what each estimator has to keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import pandas as pd

from officer_assaults.stats.studies import (
    RANKS,
    SEED,
    Result,
    Study,
    Tally,
    Target,
    judge,
    run_study,
)
from officer_assaults.studies import situations
from officer_assaults.topics.act import study as series
from officer_assaults.topics.act.study import SeriesScenario
from officer_assaults.topics.crewing import studies as crews
from officer_assaults.topics.crewing.model.policy_language import POLICIES
from officer_assaults.topics.crewing.simulator.scenarios import SCENARIOS
from officer_assaults.topics.planning import studies as planning
from officer_assaults.topics.planning.power import Design
from officer_assaults.topics.recording import studies as calibration
from officer_assaults.topics.validation.data import StudyRecord, code_hash
from officer_assaults.topics.validation.studies import counts, forces

#: Two and a half to three Monte-Carlo errors at the full number of runs, around 95%.
AROUND_95 = "95% and about 2.9 Monte-Carlo errors at 1,000 runs on either side"
CAUTIOUS = "95%, and leave for an interval from few clusters to be a little wide"
LEAST_P = 0.005
UNIFORM = "a right posterior gives ranks this uneven in 1 of 200 studies"
SPREADS = (0.15, 0.25, 0.4)
WOBBLES = (0.0, 0.1, 0.2)
CORRELATIONS = (0.0, 0.2, 0.4)
LINK = (
    "where something measured moves recording much, the curve of the link tells of the level: "
    "an assumption, and no record"
)
PEAK = (
    "effects of forces and of recording are summarised at their joint peak, which lies about a "
    "sixth of the level's prior spread below its mean; its 95% interval still covers"
)
NO_POSTERIOR = "the likelihood says nothing of the level, so nothing may be learnt of it"


def _studies() -> Iterator[Study]:
    yield Study(
        "rate ratio", "two Poisson counts at means from 5 to 2,000, true ratio 1.331",
        counts.rate_ratio_runs, 10_000, 1_000, 1_000, in_report=True,
    )  # fmt: skip
    yield Study(
        "single figures", "Poisson counts at means from 5 to 2,000; shares of 30 to 1,500 cases",
        counts.single_count_runs, 10_000, 300, 1_000, in_report=True,
    )  # fmt: skip
    yield Study(
        "paired victims", "four in ten incidents have a second victim; true ratio 1.331",
        counts.paired_victims_runs, 2_000, 200, 500, in_report=True,
    )  # fmt: skip
    yield Study(
        "injury given assault", "300 incidents whose officers share its danger; true ratio 1.3",
        counts.risk_ratio_runs, 1_000, 60, 100,
    )  # fmt: skip
    yield Study(
        "two lists", "1,500 events on two independent lists", counts.two_lists_runs,
        2_000, 200, 500, in_report=True,
    )  # fmt: skip
    yield Study(
        "recording with validation", "500 units, true counts known for three in ten",
        counts.recording_runs, 500, 40, 50,
    )  # fmt: skip
    yield from _force_studies()
    yield from _series_studies()
    yield from _crew_studies()
    yield from _calibration_studies()
    for name, one in SCENARIOS.items():
        if not one.refused:
            crewing = one.layer == "crewing"
            yield Study(
                f"situation {name}", one.what, partial(situations.situation_runs, name=name),
                SITUATION_RUNS if crewing else 200, 0 if crewing else 20, 4 if crewing else 20,
                in_report=not crewing,
            )  # fmt: skip


SITUATION_RUNS = 12


def _force_studies() -> Iterator[Study]:
    for tau in SPREADS:
        what = f"43 forces whose true rates spread by {tau} on the log scale"
        yield Study(
            f"force rates {tau}", what, partial(forces.shrunken_runs, tau=tau), 1_000, 60, 100
        )
        yield Study(
            f"force rates {tau}, full Bayes", what, partial(forces.full_bayes_runs, tau=tau),
            1_000 if tau == SPREADS[1] else 400, 8, 20,
        )  # fmt: skip
        yield Study(
            f"funnel {tau}", f"{what}, all in control", partial(forces.funnel_runs, tau=tau),
            2_000, 200, 200, in_report=True,
        )  # fmt: skip
    for wobble in WOBBLES:
        yield Study(
            f"severity, wobble {wobble}",
            f"no change of recording; growth of each class wobbles by {wobble} force by force",
            partial(forces.severity_runs, wobble=wobble), 2_000, 100, 250,
        )  # fmt: skip
    yield Study(
        "severity, injury capture", "injury is captured 10% more often in every force",
        partial(forces.severity_runs, capture=-0.10), 2_000, 100, 250,
    )  # fmt: skip
    yield Study(
        "severity, drift of the mix", "the mix drifts by 5% in every force",
        partial(forces.severity_runs, drift=0.05), 2_000, 100, 250,
    )  # fmt: skip


def _series_studies() -> Iterator[Study]:
    for rho in CORRELATIONS:
        yield Study(
            f"series, autocorrelation {rho}",
            f"48 months, 12 after the event, a shared disturbance with autocorrelation {rho}",
            partial(series.step_runs, scenario=SeriesScenario(rho=rho)),
            2_000, 300, 500, in_report=True,
        )  # fmt: skip
    yield Study(
        "next year", "a count of about 900 in a force whose rate moves by 10% between years",
        partial(planning.next_year_runs, tau=0.10), 4_000, 300, 1_000, in_report=True,
    )  # fmt: skip
    trials: tuple[tuple[Design, float], ...] = (
        ("cluster crossover", 1.0),
        ("stepped wedge", 1.0),
        ("cluster crossover", 0.8),
    )
    for design, ratio in trials:
        yield Study(
            f"trial, {design}, ratio {ratio}",
            f"{design} of 12 areas over a year, true ratio {ratio}",
            partial(planning.trial_runs, design=design, ratio=ratio), 2_000, 200, 200,
        )  # fmt: skip


def _crew_studies() -> Iterator[Study]:
    what = "a force of 60 beats, true ratio 1.40, dispatchers double up on risky work"
    yield Study("crew ratio", what, crews.ratio_runs, 1_000, 40, 50)
    yield Study(
        "crew ratio, hidden danger", f"{what}, some of it known to them alone",
        crews.hidden_runs, 500, 0, 50,
    )  # fmt: skip
    yield Study("crew ratio by weighting", what, crews.weighted_runs, 500, 8, 20)
    yield Study("crewing policies", what, crews.policy_runs, 1_000, 8, 20)
    yield Study(
        "crewing policies, with a calendar", f"{what}, cells by month",
        partial(crews.policy_runs, names=(crews.BY_DAYLIGHT,), calendar=True), 60, 0, 4,
    )  # fmt: skip
    yield Study(
        "crewing policies, back-up matters", f"{what}, and the ratio rises by 2% a minute",
        partial(crews.policy_runs, backup_slope=0.02), 200, 0, 20,
    )  # fmt: skip


def _calibration_studies() -> Iterator[Study]:
    rates = "12 forces; their mean, spread and rates drawn from the prior"
    yield Study(
        "calibration of rates, integrated", rates, calibration.integrated_rate_runs,
        1_000, 60, 50,
    )  # fmt: skip
    yield Study(
        "calibration of rates, sampled", rates, calibration.sampled_rate_runs, 500, 0, 25,
        needs="bayes",
    )  # fmt: skip
    panel = f"{calibration.FORCES} forces by {calibration.PERIODS} periods drawn from the prior"
    yield Study("calibration of recording, at the peak", panel, calibration.panel_runs, 500, 40, 25)
    yield Study(
        "calibration of recording, nothing measured moves it", panel,
        partial(calibration.panel_runs, covariate=False), 500, 40, 25,
    )  # fmt: skip
    yield Study(
        "calibration of recording, sampled", panel, calibration.sampled_panel_runs, 200, 0, 10,
        needs="bayes",
    )  # fmt: skip


def _count_targets() -> Iterator[Target]:
    yield Target(
        "rate ratio", "exact", "Exact ratio of two rates", "coverage", 0.95, 1.0,
        "exact limits never cover less than 95%",
    )  # fmt: skip
    yield Target(
        "rate ratio", "mid-p", "Mid-p ratio of two rates", "coverage", 0.94, 0.965,
        "mid-p limits cover 95% on average over means, not at each",
    )  # fmt: skip
    for mean in (counts.MEANS[0], counts.MEANS[-1]):
        yield Target(
            "rate ratio", f"exact at a mean of {mean}", f"Exact ratio at a mean of {mean:,}",
            "coverage", 0.95 - 0.0066, 1.0, "95% less three Monte-Carlo errors of 10,000 runs",
        )  # fmt: skip
    for name, label, low, high in (
        ("exact", "Exact interval of a count", 0.95, 1.0),
        ("mid-p", "Mid-p interval of a count", 0.94, 0.965),
        ("Wilson", "Wilson interval of a share", 0.94, 0.96),
    ):
        yield Target(
            "single figures", name, label, "coverage", low, high,
            "exact never below 95%; the others near it on average",
        )  # fmt: skip
    yield Target(
        "paired victims", "dispersion allowed for", "Ratio with known dispersion", "coverage",
        0.935, 0.965, "95% and three Monte-Carlo errors of 2,000 runs",
    )  # fmt: skip
    yield Target(
        "paired victims", "counting error alone", "Ratio, counting error alone", "coverage",
        0.935, 0.965, "the same",
        "victims of one incident are counted as if they were separate, so the interval is short",
    )  # fmt: skip
    yield Target(
        "injury given assault", "clustered by incident", "Risk ratio, clustered by incident",
        "coverage", 0.93, 0.97, AROUND_95,
    )  # fmt: skip
    yield Target(
        "injury given assault", "officers taken as independent", "Risk ratio, not clustered",
        "coverage", 0.93, 0.97, AROUND_95,
        "officers of one incident are alike and are counted as separate evidence",
    )  # fmt: skip
    yield Target(
        "injury given assault", "log error", "Risk ratio, clustered by incident", "bias",
        -0.02, 0.02, "2% of the ratio",
    )  # fmt: skip
    yield Target(
        "two lists", "Chapman", "Total from two lists", "coverage", 0.935, 0.97,
        "95% and three Monte-Carlo errors of 2,000 runs",
    )  # fmt: skip
    yield Target(
        "recording with validation", "coefficients", "Recording model with true counts",
        "coverage", 0.93, 0.97, AROUND_95,
    )  # fmt: skip
    yield Target(
        "recording with validation", "error of the slope", "Recording model with true counts",
        "bias", -0.02, 0.02, "2% of the rate per unit of the covariate",
    )  # fmt: skip


def _force_targets() -> Iterator[Target]:
    for tau in SPREADS:
        study = f"force rates {tau}"
        yield Target(
            study, "rates", "Force rates, empirical Bayes", "coverage", 0.93, 0.97, AROUND_95
        )
        yield Target(
            f"{study}, full Bayes", "rates", "Force rates, full Bayes", "coverage", 0.93, 0.97,
            AROUND_95,
        )  # fmt: skip
        yield Target(
            study, "ranks", "Rank intervals", "coverage", 0.95, 1.0,
            "ranks are whole numbers, so the interval may only be too wide",
        )  # fmt: skip
        yield Target(
            study, "spread between forces", "Spread between forces (tau)", "coverage", 0.93, 0.97,
            AROUND_95,
        )  # fmt: skip
        yield Target(
            f"funnel {tau}", "against the spread of the others", "Funnel limits at 99.8%", "size",
            0.0005, 0.004, "0.2% of forces in control, to half and double",
        )  # fmt: skip
        yield Target(
            f"funnel {tau}", "against counting error alone", "Exact Poisson limits at 99.8%",
            "size", 0.0005, 0.004, "the same",
            "forces differ beyond counting error, which these limits leave out",
        )  # fmt: skip
    for wobble in WOBBLES:
        study = f"severity, wobble {wobble}"
        for method, label in (("calibrated", "calibrated"), ("triple", "triple difference")):
            yield Target(
                study, method, f"Severity contrast, {label}", "coverage", 0.93, 0.975, AROUND_95
            )
        yield Target(
            study, "naive", "Severity contrast, naive", "coverage", 0.93, 0.975, AROUND_95,
            "" if wobble == 0 else "it leaves out that forces wobble",
        )  # fmt: skip
    for study in ("severity, injury capture", "severity, drift of the mix"):
        yield Target(
            study, "triple", "Severity contrast, triple difference", "coverage", 0.93, 0.975,
            AROUND_95,
        )  # fmt: skip
    yield Target(
        "severity, injury capture", "calibrated", "Severity contrast, calibrated", "coverage",
        0.93, 0.975, AROUND_95,
        "a change common to all forces moves the contrast and only the triple difference drops it",
    )  # fmt: skip


def _series_targets() -> Iterator[Target]:
    why = "95%, and leave for a dispersion that is not let below 1"
    alone = "a short series cannot tell a shared disturbance from a step"
    for rho in CORRELATIONS:
        study = f"series, autocorrelation {rho}"
        yield Target(
            study, "Controlled share with t", "Step against a control", "coverage", 0.93, 0.98, why
        )
        for method in ("Quasi-Poisson with t", "Newey-West", "Prais-Winsten"):
            yield Target(
                study, method, f"Step without control, {method}", "coverage", 0.93, 0.98, why,
                alone,
            )  # fmt: skip
    yield Target(
        "next year", "movement allowed for", "Limits of next year's count", "coverage", 0.93, 0.97,
        AROUND_95,
    )  # fmt: skip
    yield Target(
        "next year", "counting error alone", "Poisson limits of next year's count", "coverage",
        0.93, 0.97, AROUND_95, "rates move between years",
    )  # fmt: skip
    for design in ("cluster crossover", "stepped wedge"):
        study = f"trial, {design}, ratio 1.0"
        yield Target(
            study, "permutation", f"Permutation test, {design}", "size", 0.035, 0.065,
            "5% and two Monte-Carlo errors of 1,000 trials",
        )  # fmt: skip
        for test, quantiles in (("cluster t", "t"), ("cluster z", "the normal")):
            yield Target(
                study, test, f"Clustered errors against {quantiles}, {design}", "size",
                0.035, 0.065, "the same",
                "twelve clusters are too few for clustered errors: plans use the permutation test",
            )  # fmt: skip
    yield Target(
        "trial, cluster crossover, ratio 0.8", "permutation", "Permutation test, power", "power",
        0.74, 0.82, "0.78 in the planning table, and two errors of the 500 trials behind it",
    )  # fmt: skip


def _crew_targets() -> Iterator[Target]:
    for name, label in (
        ("correct, by beat", "Ratio per officer-hour, by beat"),
        ("correct, by policing area", "Ratio per officer-hour, by policing area"),
    ):
        yield Target("crew ratio", name, label, "coverage", 0.93, 0.98, CAUTIOUS)
        yield Target(
            "crew ratio", f"error of {name}", label, "bias", -0.02, 0.02, "2% of the ratio"
        )
    for name, label in (
        ("crude", "Ratio without adjustment"),
        ("hour band only", "Ratio adjusted for the hour alone"),
        ("all but call risk", "Ratio adjusted for all but call risk"),
    ):
        yield Target(
            "crew ratio", name, label, "coverage", 0.93, 0.98, CAUTIOUS,
            "crews follow risk that is left out, so the estimate is of something else",
        )  # fmt: skip
    for name in ("hidden danger, strong", "hidden danger, weak"):
        yield Target(
            "crew ratio, hidden danger", name, f"Ratio per officer-hour, {name}", "coverage",
            0.93, 0.98, CAUTIOUS, "no column records the danger: negative controls have to tell",
        )  # fmt: skip
    yield from _weighting_targets()
    yield Target(
        "crewing policies, with a calendar", crews.BY_DAYLIGHT,
        f"{_policy_words(crews.BY_DAYLIGHT)}, jackknife", "coverage", 0.865, 1.0,
        "95% less three Monte-Carlo errors of 60 runs",
    )  # fmt: skip
    for study in ("crewing policies", "crewing policies, back-up matters"):
        for name in crews.JUDGED:
            label = f"{_policy_words(name)}, jackknife"
            yield Target(study, name, label, "coverage", 0.93, 0.98, CAUTIOUS)
        yield Target(
            study, "error of all_double", _policy_words("all_double"), "bias", -0.05, 0.05,
            "5% of what the policy avoids",
        )  # fmt: skip


def _policy_words(name: str) -> str:
    return f"Policy: {POLICIES[name].label}"


def _weighting_targets() -> Iterator[Target]:
    study, tilted = "crew ratio by weighting", "its model of who is sent alone leaves call risk out"
    for name in ("IPW", "overlap weights", "AIPW, both right"):
        label = f"{name[0].upper()}{name[1:]}"
        yield Target(study, name, label, "coverage", 0.93, 0.98, CAUTIOUS)
    for name in ("AIPW, both right", "AIPW, wrong outcome", "AIPW, wrong chance", "IPW"):
        yield Target(
            study, f"error of {name}", name, "bias", -0.02, 0.02, "2% of the ratio, of the log"
        )
    yield Target(
        study, "error of IPW, wrong chance", "IPW, wrong chance", "bias", -0.02, 0.02,
        "2% of the ratio, of the log", tilted,
    )  # fmt: skip


def _calibration_targets() -> Iterator[Target]:
    ways = {"integrated": "integrated", "sampled": "sampled, long settings"}
    for way, label in ways.items():
        for quantity in ("mean", "spread", "smallest force", "largest force"):
            yield Target(
                f"calibration of rates, {way}", f"{RANKS}{quantity}",
                f"Hierarchy of rates, {label}: {quantity}", "ranks", LEAST_P, 1.0, UNIFORM,
            )  # fmt: skip
    alone = "nothing measured moves it"
    for way in (alone, "at the peak", "sampled"):
        study = f"calibration of recording, {way}"
        quantities = ["level of recording", "slope of incidence", "slope of recording"]
        for quantity in quantities[: 2 if way == alone else 3]:
            moved = PEAK if way == alone and quantity == quantities[0] else ""
            yield Target(
                study, f"{RANKS}{quantity}", f"Recording panel, {way}: {quantity}", "ranks",
                LEAST_P, 1.0, UNIFORM, moved, limit=bool(moved),
            )  # fmt: skip
        if way != "sampled":
            yield Target(
                study, "level", f"Level of recording, {way}", "coverage",
                0.92, 0.975, "95% and 2.5 Monte-Carlo errors at 500 runs on either side",
            )  # fmt: skip
        yield Target(
            study, "contraction of the level", f"Recording panel, {way}: level", "contraction",
            -0.10, 0.10, NO_POSTERIOR, "" if way == alone else LINK, limit=way != alone,
        )  # fmt: skip


def _situation_targets() -> Iterator[Target]:
    for name, one in SCENARIOS.items():
        if one.refused:
            continue
        for claim, verdict in one.verdicts.items():
            yield Target(
                f"situation {name}", claim, situations.claim_words(claim), "verdict",
                situations.MOST_DRAWS, 1.0,
                "a 95% interval misses in one draw of twenty, a control rejects in another",
                wanted=verdict,
            )  # fmt: skip


#: Group of each study, by how its name begins.
FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "rate ratio": "Counts and ratios",
        "single figures": "Counts and ratios",
        "paired victims": "Counts and ratios",
        "injury given": "Counts and ratios",
        "two lists": "Recording",
        "recording with": "Recording",
        "force rates": "Rates and ranks of forces",
        "funnel": "Funnel limits",
        "severity": "Severity contrast",
        "series": "Interrupted series",
        "next year": "Next year's count",
        "trial": "Trials",
        "crew ratio": "Crewing ratio",
        "crewing policies": "Crewing policies",
        "calibration of rates": "Calibration of rates",
        "calibration of recording": "Calibration of recording",
        "situation": "Named situations",
    }
)


def _family(name: str) -> str:
    return next(family for start, family in FAMILIES.items() if name.startswith(start))


STUDIES: Mapping[str, Study] = MappingProxyType(
    {one.id: replace(one, family=_family(one.id)) for one in _studies()}
)
TARGETS: tuple[Target, ...] = (
    *_count_targets(),
    *_force_targets(),
    *_series_targets(),
    *_crew_targets(),
    *_calibration_targets(),
    *_situation_targets(),
)


def judged(found: Mapping[str, Mapping[str, Tally]], *, widen: bool = False) -> tuple[Result, ...]:
    """Hold the studies that there are against their bands.

    Parameters
    ----------
    found : mapping of study to mapping of measure to Tally
    widen : bool
        As for :func:`officer_assaults.stats.studies.judge`.
    """
    return tuple(
        judge(target, found[target.study][target.measure], widen=widen, study=STUDIES[target.study])
        for target in TARGETS
        if target.measure in found.get(target.study, {})
    )


def made_now(names: Sequence[str], runs: Sequence[int], seed: int = SEED) -> pd.DataFrame:
    """Make studies in this process, few runs each.

    Parameters
    ----------
    names : sequence of str
        Of :data:`STUDIES`.
    runs : sequence of int
        Runs of each.
    seed : int

    Returns
    -------
    DataFrame
        study, measure, runs, given, total, squares, bins: sums that :func:`tallies` reads.
    """
    rows = [
        {"study": name, "measure": measure, **one.as_dict()}
        for name, number in zip(names, runs, strict=True)
        for measure, one in run_study(STUDIES[name], number, seed).items()
    ]
    return pd.DataFrame(rows)


def tallies(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Tally]]:
    """Read the rows of :func:`made_now` back, by study and measure."""
    found: dict[str, dict[str, Tally]] = {}
    for row in rows:
        found.setdefault(row["study"], {})[row["measure"]] = Tally.of(row)
    return found


def from_record(record: Mapping[str, StudyRecord]) -> dict[str, dict[str, Tally]]:
    """Read the sums of the tracked record, by study and measure, studies of the registry only."""
    return {
        name: {measure: Tally.of(one) for measure, one in study.measures.items()}
        for name, study in record.items()
        if name in STUDIES
    }


def ages(record: Mapping[str, StudyRecord]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the studies whose code has changed since the record, and those it lacks."""
    changed = (
        name
        for name, study in STUDIES.items()
        if name in record and record[name].code != code_hash(study.simulate)
    )
    missing = (name for name, study in STUDIES.items() if study.full and name not in record)
    return tuple(changed), tuple(missing)
