"""Crewing evidence: the findings of the report, with the verdict on each by rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from officer_assaults import estimate
from officer_assaults.estimate import Estimate
from officer_assaults.findings import BOUNDS, Finding
from officer_assaults.page import words
from officer_assaults.stats import shares as crewing_shares
from officer_assaults.stats import verdicts
from officer_assaults.topics.evidence.story import CITIES, CrewingStory, strata_in_words, years_of

if TYPE_CHECKING:
    from officer_assaults.stats.risk_ratio import RiskRatio

INJURY_CLAIM = (
    "Once assaulted, an officer alone is injured more often than an officer of a two-officer unit."
)
WASHINGTON_CLAIM = (
    "In the records of Washington DC an officer assaulted alone is injured more often than one of "
    "a two-officer unit."
)
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
    pooled = Estimate.of(
        both["Ratio"], both, level=story.level,
        unit="risk ratio", denominator="officers recorded as assaulted in the United States",
        period=f"early 1970s; {years_of(washington)}", release="evidence ledger; NIBRS 2018-2022",
        note="A common effect, each study weighed by its precision.",
    ).finding(
        "crewing.injury_pooled",
        "Risk ratio of injury once assaulted, alone over in pairs, all studies",
        INJURY_CLAIM,
        verdicts.lies("above", 1.0, float(both["lower"]), float(both["upper"])),
    )  # fmt: skip
    return [pooled, *(_washington_finding(story, *kind) for kind in kinds)]


def _washington_finding(story: CrewingStory, name: str, how: str, found: RiskRatio) -> Finding:
    return Estimate.of(
        found.ratio, found, level=story.level, unit="risk ratio",
        denominator=f"officers recorded as assaulted: {found.events1} of {found.total1} "
        f"injured alone, {found.events0} of {found.total0} in two-officer vehicles",
        period=years_of(story.washington), release="NIBRS 2018-2022",
        note=f"{found.method}. The verdict follows the clustered interval.",
    ).finding(
        name,
        f"Risk ratio of injury once assaulted, alone over two-officer, {how}",
        WASHINGTON_CLAIM,
        story.washington.verdict,
        quantity=f"injury once assaulted in Washington, {name.rpartition('_')[2]}",
    )  # fmt: skip


def _found_deployment(story: CrewingStory) -> Finding:
    low, high = story.deployment["per_officer"].min(), story.deployment["per_officer"].max()
    return Estimate(
        story.implied, float(low), float(high), level=BOUNDS, unit="rate ratio",
        denominator="patrol units by size of municipal agency, 1987",
        period="1995-2019", release="LEOKA 1995-2019; LEMAS 1987",
        note="The value adds up all municipal units; the limits are its range over sizes of "
        "agency, not a confidence interval.",
    ).finding(
        "crewing.city_counts",
        "Rate ratio per officer, alone over two-officer, that reports and units imply",
        "Officers alone are assaulted more often per hour than officers in pairs, since more "
        "reports are of officers alone.",
        verdicts.bounded("above", 1.0, low, high),
    )  # fmt: skip


def _found_reports(story: CrewingStory) -> list[Finding]:
    return [
        estimate.count(
            f"crewing.zeros_{name.split()[0].lower().replace(',', '')}",
            f"{CITIES.get(name, name)}: zeros that cannot be counts",
            "A zero in the federal series is a year without an assault on an officer.",
            "contradicted",
            value=found.implausible,
            unit="years",
            denominator=f"{found.zeros} zeros in {found.reports + found.zeros} years with a figure",
            period=f"{found.table['year'].min()}-{found.table['year'].max()}",
            release="LEOKA",
            note="Probability of 0 below 0.001 at the agency's lowest reported rate.",
        )
        for name, found in story.agencies.items()
        if found.implausible
    ]


def _found_survey(story: CrewingStory) -> Finding:
    (_, ratio), share = story.bounds, float(story.survey["percent"]) / 100
    unit_hours = crewing_shares.officer_hour_share(share)
    return Estimate.of(
        crewing_shares.ratio_from_shares(story.victims_single, unit_hours),
        ratio, level=BOUNDS, unit="rate ratio",
        denominator="officer-hours, bounded from a share of answers",
        period="12 months to February 2016", release="PFEW and University of Nottingham survey",
        note=f"Assumes that {story.victims_single:.0%} of victims were single crewed; with that "
        "share free the bounds are 0 and infinity. The value reads the answer as a share of "
        "unit-hours.",
    ).finding(
        "crewing.survey_bounds",
        "Rate ratio per officer-hour, single over double, that the survey allows if "
        f"{story.victims_single:.0%} of victims were single crewed",
        "Since most officers say they are single crewed often or always, the risk alone is higher.",
        verdicts.bounded("above", 1.0, ratio.lower, ratio.upper),
    )  # fmt: skip


def _found_taser(story: CrewingStory) -> Finding:
    taser = story.taser
    limits = taser.within_interval
    return Estimate.of(
        taser.within, limits, level=story.level, unit="rate ratio",
        denominator=f"officer-years of {taser.units} forces",
        period="2017/18 to 2019/20", release="2023-10; HOSB 30/18, 33/19, 37/20",
        note="An association between totals of forces, not between officers.",
    ).finding(
        "crewing.taser_totals",
        f"Ratio of recorded rates that goes with {words.number(taser.factor)} times the uses of "
        "TASER, within forces",
        "More TASER use goes with fewer recorded assaults on officers.",
        verdicts.lies("below", 1.0, limits.lower, limits.upper),
    )  # fmt: skip


def _found_trial(story: CrewingStory) -> Finding:
    trial = story.trial
    return Estimate.of(
        trial.ratio, trial, level=story.level, unit="rate ratio",
        denominator="shifts, arms taken as equally long", period="June 2016 to June 2017",
        release="press report of the published trial, second-hand",
        note=f"{trial.y1} and {trial.y0} officers; {trial.method} interval.",
    ).finding(
        "crewing.taser_trial",
        "City of London trial: officers assaulted, shifts with TASER over shifts without",
        "Recorded assaults on officers doubled on shifts with TASER.",
        verdicts.lies("above", 1.0, trial.lower, trial.upper),
    )  # fmt: skip


def _found_training(story: CrewingStory) -> list[Finding]:
    row = story.ledger[story.ledger["id"] == TRAINING]
    if row.empty:
        return []
    one = row.iloc[0]
    return [
        estimate.statement(
            "crewing.training",
            f"{one['what']}: {one['value']} ({one['area']})",
            "Safety training lowers the number of assaults recorded on officers.",
            "needs data",
            period=str(one["period"]),
            release=f"evidence ledger, {TRAINING}, {one['how_read']}",
            note=str(one["caution"]),
        )
    ]
