"""Registry: every study of the validation, and what each estimator has to keep."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pandas as pd

from officer_assaults.data.cache import cached
from officer_assaults.stats.studies import (
    SEED,
    Measure,
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

TOLD = Path(__file__).with_name("targets.csv")
SPREADS = (0.15, 0.25, 0.4)
WOBBLES = (0.0, 0.1, 0.2)
CORRELATIONS = (0.0, 0.2, 0.4)


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


def _told_targets() -> Iterator[Target]:
    """Read ``targets.csv`` beside this; the name of a policy in braces stands for its label."""
    labels = {name: policy.label for name, policy in POLICIES.items()}
    with TOLD.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield Target(
                row["study"],
                row["measure"],
                row["estimator"].format(**labels),
                cast(Measure, row["kind"]),
                float(row["low"]),
                float(row["high"]),
                row["why"],
                row["miss"],
                limit=row["limit"] == "yes",
            )


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
    *_told_targets(),
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


def codes() -> pd.DataFrame:
    """Hash the code of every study: columns ``study`` and ``code``."""
    hashes = {name: code_hash(study.simulate) for name, study in STUDIES.items()}
    return pd.DataFrame({"study": list(hashes), "code": list(hashes.values())})


def ages(record: Mapping[str, StudyRecord]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Name the studies whose code has changed since the record, and those it lacks."""
    now = cached(codes).set_index("study")["code"]
    changed = (name for name in STUDIES if name in record and record[name].code != now[name])
    missing = (name for name, study in STUDIES.items() if study.full and name not in record)
    return tuple(changed), tuple(missing)
