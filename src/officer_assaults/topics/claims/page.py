"""Page of any collection of claims, each with its verdict, its readings and its rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from officer_assaults.page import jinja, styles
from officer_assaults.topics.claims import kinds
from officer_assaults.topics.claims.collection import Claim


def render(claims: Sequence[Claim], *, title: str, up: str = "") -> str:
    """Judge claims and write their page.

    Parameters
    ----------
    claims : sequence of Claim
        From :func:`officer_assaults.topics.claims.collection.read`.
    title : str
        First heading.
    up : str
        Address of the folder of the front page, as seen from the page.
    """
    style = styles.page_style() + styles.read("front.css")
    text: str = jinja.template("claims.html.j2").render(
        style=style,
        style_hash=jinja.csp_hash(style),
        script_hash="",
        up=up,
        title=title,
        description="What was said, and what the records say of it, claim by claim.",
        answers=[_shown(claim) for claim in claims],
    )
    return text


def _shown(claim: Claim) -> dict[str, Any]:
    answer, kind = kinds.judge(claim), kinds.kind(claim.kind)
    return {
        "claim": claim,
        "answer": answer,
        "kind": kind,
        "said": claim.quotation or claim.says or kind.estimand,
        "who": kinds.about(claim),
        "rows": answer.readings.to_dict("records"),
        "columns": list(answer.readings.columns),
    }
