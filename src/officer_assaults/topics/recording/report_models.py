"""Reporting: tables of the models that rest on priors, of surveys, and of matched lists."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.data import forces
from officer_assaults.page import words
from officer_assaults.stats.capture_recapture import TwoLists
from officer_assaults.topics.recording.model.bounds import EVENT_DEFINITIONS
from officer_assaults.topics.recording.story import ASSUMED, ReportingStory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from officer_assaults.stats.pogit import PogitFit
    from officer_assaults.topics.recording.model.bayes import SampledPosterior
    from officer_assaults.topics.recording.model.bounds import SurveyFigure
    from officer_assaults.topics.recording.model.thinned_panel import PanelFit


def joint_table(story: ReportingStory) -> list[dict[str, Any]]:
    """Tables of the joint model with contraction beside every parameter."""
    anchored = story.anchored()
    if anchored is None:
        return []
    joint = anchored.joint
    table = joint.table.reset_index()
    rows = pd.DataFrame(
        {
            "Parameter": table["parameter"].str.capitalize(),
            "Prior": [
                f"{words.number(mean, 2)} (SD {words.number(sd, 2)})"
                for mean, sd in zip(table["prior_mean"], table["prior_sd"], strict=True)
            ],
            "Posterior mean": table["mean"],
            "lower": table["lower"],
            "upper": table["upper"],
            "Contraction": table["contraction"],
            "Reads": table["label"],
        }
    )
    limits = joint.share_interval
    share = words.interval_words(limits.lower, limits.upper, level=story.level, as_percent=True)
    return [
        {
            "frame": rows,
            "caption": "Joint model of severity and recording: how far the counts move each prior",
            "formats": dict.fromkeys(("Posterior mean", "lower", "upper", "Contraction"), 2),
            "intervals": {"Posterior mean": ("lower", "upper")},
            "level": story.level,
            "notes": "Contraction is one minus the posterior over the prior standard deviation; "
            f"a parameter that the counts moved is not thereby identified. Share explained "
            f"{words.percent(joint.share)} ({share}) {ASSUMED}.",
        }
    ]


def panel_table(fits: Mapping[float, PanelFit], forces: int) -> dict[str, Any]:
    """Show that the level of the panel follows its prior and the slopes do not."""
    rows = [
        {
            "Quantity": f"{_quantity(str(row['quantity']))}, {words.percent(level)} believed",
            "Estimate": row["estimate"],
            "lower": row["lower"],
            "upper": row["upper"],
            "Contraction": row["contraction"],
            "Reads": row["label"],
        }
        for level, fit in fits.items()
        for row in fit.summary.to_dict("records")
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": f"One panel of {forces} forces fitted with {len(fits)} beliefs about the level "
        "of recording",
        "formats": dict.fromkeys(("Estimate", "lower", "upper", "Contraction"), 2),
        "notes": f"{_level_words(fits)} The slope of recording rests on an assumption: that the "
        "mix of public assaults without injury tells of recording and not of violence "
        f"{ASSUMED}. Without true counts for some units no level is identified.",
    }


def _level_words(fits: Mapping[float, PanelFit]) -> str:
    """Say how far the level that comes out follows the level put in."""
    rows = [
        fit.summary.set_index("quantity").loc["level of recording"].to_dict()
        for fit in fits.values()
    ]
    found = [float(row["estimate"]) for row in rows]
    if len(found) < 2:
        return f"The level of recording is {rows[0]['label']}."
    put, out = (max(values) - min(values) for values in (list(fits), found))
    share = out / put if put else 1.0
    return f"Beliefs {words.percent(put)} apart come out {words.percent(out)} apart: " + (
        "the level follows the belief." if share >= 0.5 else "the counts pull them together."
    )


def mirror_table(pair: tuple[PogitFit, PogitFit]) -> dict[str, Any]:
    """Show the two equal peaks of a model whose parts share a covariate."""
    rows = [
        {
            "Peak": name,
            "Log-likelihood": f"{fit.log_likelihood:.8f}".replace("-", words.MINUS),
            "Recorded on average": fit.mean_recording,
        }
        for name, fit in zip(("One", "Its mirror image"), pair, strict=True)
    ]
    return {
        "frame": pd.DataFrame(rows),
        "caption": "Two answers that fit the same simulated counts equally well",
        "formats": {"Recorded on average": "percent"},
        "simulated": True,
        "notes": "One covariate in both parts, 344 simulated units. Nothing in the counts can "
        "choose, so the project refuses this fit (E117) unless true counts are known for some.",
    }


def sampled_table(posterior: SampledPosterior, caption: str) -> dict[str, Any]:
    """Show a sampled posterior, where the sampler was asked for."""
    table = posterior.table.reset_index()
    rows = pd.DataFrame(
        {
            "Parameter": table["parameter"].str.capitalize(),
            "Posterior mean": table["mean"],
            "lower": table["lower"],
            "upper": table["upper"],
            "R-hat": table["rhat"],
            "Effective draws": table["effective"].round().astype(int),
            "Contraction": table["contraction"],
        }
    )
    state = "passed" if posterior.passed else "not passed"
    return {
        "frame": rows,
        "caption": caption,
        "formats": {"R-hat": 3, "Contraction": 2},
        "intervals": {"Posterior mean": ("lower", "upper")},
        "notes": f"Sampler checks {state}: {words.plural(posterior.divergences, 'divergence')}, "
        "R-hat at most 1.01, at least 400 effective draws.",
    }


def survey_table(
    survey: SurveyFigure, ceilings: pd.DataFrame, per_officer: float
) -> dict[str, Any]:
    """Show what a survey allows at most, under each reading of it."""
    alone = ceilings["concentration"].map(lambda value: value is None)
    ceilings = ceilings[alone | (ceilings["answer_odds"] == 1)]
    rows = pd.DataFrame(
        {
            "Repeat victims": [_repeats(value) for value in ceilings["concentration"]],
            "Victims likelier to answer": [
                "no" if odds == 1 else f"odds × {odds:g}" for odds in ceilings["answer_odds"]
            ],
            "Events per officer a year": ceilings["events"],
            "Recorded at most": ceilings["ceiling"],
        }
    )
    return {
        "frame": rows,
        "caption": f"Highest recording probability that the {survey.name} allows: "
        f"{EVENT_DEFINITIONS[survey.event_definition]}",
        "formats": {"Events per officer a year": 2, "Recorded at most": "percent"},
        "without_interval": f"{words.percent(survey.prevalence)} of "
        f"{words.number(survey.respondents)} respondents; a sampling interval would ignore who "
        "chose to answer, so the spread over the rows is the uncertainty shown.",
        "notes": f"Against {words.number(per_officer, 3)} recorded assaults per officer-year in "
        "England and Wales. A level, not a change, and only as good as the match between the "
        "event asked about and a recordable assault.",
    }


def lists_table(table: pd.DataFrame, lists: TwoLists, true_total: int) -> dict[str, Any]:
    """Two simulated lists with known total, under assumed odds ratios between them."""
    rows = pd.DataFrame(
        {
            "Assumed": [f"odds ratio {value:g}" for value in table["odds_ratio"]],
            "Estimated total": table["total"].round().astype(int),
            "lower": table["lower"].round().astype(int),
            "upper": table["upper"].round().astype(int),
            "Recorded share": table["recorded_share"],
            "Total reads": table["reading"],
        }
    )
    return {
        "frame": rows,
        "caption": "What matching crime records with safety forms would give, and in which "
        f"direction it errs: {words.number(true_total)} simulated assaults",
        "formats": {"Recorded share": "percent"},
        "intervals": {"Estimated total": ("lower", "upper")},
        "without_interval": "The recorded share is crime records over the total.",
        "simulated": True,
        "notes": f"{words.number(lists.first)} on the crime record, {words.number(lists.second)} "
        f"on a form, {words.number(lists.both)} on both; the true odds ratio is 2. One supervisor "
        "prompts both, so independence counts too few: a lower bound on the total, an upper bound "
        "on the recorded share.",
    }


def _repeats(concentration: float | None) -> str:
    if concentration is None:
        return "each victim once"
    if math.isinf(concentration):
        return "equal risk for all"
    return f"few officers meet most (shape {concentration:g})"


def _quantity(name: str) -> str:
    names = {
        "level of recording": "Level of recording",
        "incidence slope: violence": "Slope of true rate on violence",
        "reporting slope: minor_share": "Slope of recording on the minor share",
    }
    return names.get(name, name)


def forms_table(forms: pd.DataFrame) -> dict[str, Any]:
    """Show the places where officers' own forms stand beside crime records.

    Parameters
    ----------
    forms : DataFrame
        From :func:`officer_assaults.data.inspections.forms_beside_records`.
    """
    names = forces.names()
    shown = {
        "On forms": "on_forms",
        "Code 104": "code_104",
        "In the crime system": "in_crime_system",
    }
    cells = {
        name: [words.number(float(value)) if pd.notna(value) else "not read" for value in column]
        for name, column in ((name, forms[key]) for name, key in shown.items())
    }
    return {
        "frame": pd.DataFrame(
            {
                "Place": forms["force"].map(names),
                "Period": forms["period"],
                **cells,
                "Read in": forms["read"],
            }
        ),
        "caption": "Officers' own forms beside recorded offences, where both were found",
        "notes": "Forms hold fewer entries than crime records in two places and more in one; what "
        "a form counts differs between them, so nothing is computed over these rows.",
    }
