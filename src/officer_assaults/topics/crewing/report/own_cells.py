"""What a report may say of the small counts of a force's own cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from officer_assaults.page import tables, words
from officer_assaults.refusals import Refusal
from officer_assaults.topics.crewing import disclosure, door
from officer_assaults.topics.crewing.model.cells import OWN_TERMS
from officer_assaults.topics.crewing.model.policy_language import POLICIES

if TYPE_CHECKING:
    from officer_assaults.topics.crewing.report.story import CrewingStory


def of_larger_crews(story: CrewingStory) -> str:
    """Victims in crews of three and more, as far as they may be told."""
    count = story.analysis.data.multi_victims
    shown = disclosure.shown_count(count, story.audience)
    if isinstance(shown, str) or (story.protected and count == 0):
        return f" and fewer than {disclosure.SMALLEST_SHOWN} recorded victims"
    return f" and {words.number(shown)} recorded victims"


def check(story: CrewingStory) -> None:
    """Refuse what a public report of a force's own cells may not say (E121)."""
    assert story.file is not None
    data = story.analysis.data
    written = {
        "formula": " ".join(data.rungs.get(OWN_TERMS, ())),
        "override_reason": data.override_reason,
        "own_policy": " ".join(
            outcome.policy.expression
            for outcome in story.analysis.policies
            if outcome.policy.name not in POLICIES
        ),
    }
    if story.audience == "public":
        door.check_names(written, story.file.cells)
    disclosure.check_policies(
        (outcome.policy.expression for outcome in story.analysis.policies), story.audience
    )
    if story.outcome == "injury" and disclosure.is_hidden(injuries(story)):
        what = "victims with or without injury are too few in a crew: a ratio would tell."
        remedy = "Ask for a longer period, take outcome=all, or set audience=internal."
        raise Refusal.of("E121", what, remedy, story.file.release.path, column="y_injury")


def injuries(story: CrewingStory) -> list[Any]:
    """Victims with injury in single and in double crews, suppressed with their complement in mind.

    The marks are the same whichever outcome a report is about, so that two reports side by side
    tell no more than one.
    """
    by_crew = story.analysis.data.frame.groupby("single")[["y", "y_injury"]].sum()
    split = pd.DataFrame(
        {"with": by_crew["y_injury"], "without": by_crew["y"] - by_crew["y_injury"]}
    ).reindex([1.0, 0.0])
    if story.protected:
        # Groups below the threshold hold 0 here, so that 0 must look like them.
        few = (split < disclosure.SMALLEST_SHOWN).to_numpy().any()
        return [tables.SUPPRESSED] * 2 if few else split["with"].astype(int).tolist()
    safe = disclosure.counts_table(split, "crew", story.audience)
    return [safe["with"].iloc[0], safe["with"].iloc[1]]
