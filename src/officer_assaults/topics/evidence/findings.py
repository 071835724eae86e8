"""Crewing evidence: the findings of the report, with the verdict on each by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from officer_assaults.findings import BOUNDS, Finding
from officer_assaults.page import words
from officer_assaults.page.wording import Wording
from officer_assaults.stats import shares as crewing_shares
from officer_assaults.stats import verdicts
from officer_assaults.stats.intervals import Interval
from officer_assaults.topics.evidence.story import CITIES, CrewingStory, strata_in_words, years_of

if TYPE_CHECKING:
    from officer_assaults.stats.risk_ratio import RiskRatio

SAID = Wording(__file__)
TRAINING = "G16"


def findings(story: CrewingStory) -> list[Finding]:
    """State the findings, with the verdict on each claim computed by rule."""
    return [
        *_found_washington(story),
        _found_deployment(story),
        *_found_reports(story),
        _found_survey(story),
        _found_taser(story),
        _found_trial(story),
        *_found_training(story),
    ]


def _found_washington(story: CrewingStory) -> list[Finding]:
    washington, both = story.washington, story.both
    kinds = [
        ("crewing.injury_ratio", f"within {strata_in_words(washington.stratum)}", washington.main),
        ("crewing.injury_ratio_activity", "within activity as well", washington.active),
        (
            "crewing.injury_ratio_unclustered",
            "officers taken as independent (too narrow; judged by the clustered interval)",
            washington.naive,
        ),
    ]
    verdict = verdicts.lies("above", 1.0, float(both["lower"]), float(both["upper"]))
    names = {"years": years_of(washington)}
    pooled = SAID.estimate("pooled", both["Ratio"], both, verdict, names=names, level=story.level)
    return [pooled, *(_washington_finding(story, *kind) for kind in kinds)]


def _washington_finding(story: CrewingStory, name: str, how: str, found: RiskRatio) -> Finding:
    names = {"id": name, "how": how, "found": found, "years": years_of(story.washington)}
    quantity = f"injury once assaulted in Washington, {name.rpartition('_')[2]}"
    return SAID.estimate(
        "washington", found.ratio, found, story.washington.verdict, names=names,
        level=story.level, quantity=quantity,
    )  # fmt: skip


def _found_deployment(story: CrewingStory) -> Finding:
    each = story.deployment["per_officer"]
    range_ = Interval(float(each.min()), float(each.max()))
    verdict = verdicts.bounded("above", 1.0, range_.lower, range_.upper)
    return SAID.estimate("deployment", story.implied, range_, verdict, names={}, level=BOUNDS)


def _found_reports(story: CrewingStory) -> list[Finding]:
    made = []
    for name, found in story.agencies.items():
        years = found.table["year"]
        names: dict[str, Any] = {
            "key": name.split()[0].lower().replace(",", ""),
            "city": CITIES.get(name, name),
        }
        names |= {"found": found, "years": found.reports + found.zeros}
        names |= {"first": years.min(), "last": years.max()}
        if found.implausible:
            made.append(SAID.count("zeros", found.implausible, "contradicted", names=names))
    return made


def _found_survey(story: CrewingStory) -> Finding:
    (_, ratio), share = story.bounds, float(story.survey["percent"]) / 100
    hours = crewing_shares.officer_hour_share(share)
    value = crewing_shares.ratio_from_shares(story.victims_single, hours)
    verdict = verdicts.bounded("above", 1.0, ratio.lower, ratio.upper)
    names = {"victims": story.victims_single}
    return SAID.estimate("survey", value, ratio, verdict, names=names, level=BOUNDS)


def _found_taser(story: CrewingStory) -> Finding:
    taser = story.taser
    limits = taser.within_interval
    verdict = verdicts.lies("below", 1.0, limits.lower, limits.upper)
    names = {"taser": taser, "factor": words.number(taser.factor)}
    return SAID.estimate("taser", taser.within, limits, verdict, names=names, level=story.level)


def _found_trial(story: CrewingStory) -> Finding:
    trial = story.trial
    verdict = verdicts.lies("above", 1.0, trial.lower, trial.upper)
    names = {"trial": trial}
    return SAID.estimate("trial", trial.ratio, trial, verdict, names=names, level=story.level)


def _found_training(story: CrewingStory) -> list[Finding]:
    rows = story.ledger[story.ledger["id"] == TRAINING].to_dict("records")
    return [SAID.statement("training", "needs data", names={"one": one}) for one in rows[:1]]
