"""Method validation: the findings of the report, with the verdict on each by rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from officer_assaults.estimate import Estimate, count
from officer_assaults.findings import Finding, Verdict
from officer_assaults.page import words
from officer_assaults.page.wording import Wording
from officer_assaults.stats.studies import Result
from officer_assaults.topics.validation.story import (
    FORECAST,
    ValidationStory,
    all_agree,
    family,
    limits_text,
    lowest,
    names_of,
    program_in_words,
    value_text,
)

KIND_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "coverage": "intervals that hold the truth",
        "size": "false alarms",
        "power": "real differences found",
        "bias": "mean error",
        "ranks": "p of uniform ranks",
        "contraction": "contraction of the prior",
        "verdict": "draws that reach the verdict",
    }
)
SAID = Wording(__file__)


def findings(story: ValidationStory) -> list[Finding]:
    """State the findings, one for each group of methods and for each source."""
    found = [
        _family_finding(name, [one for one in story.relied if family(one) == name], story.release)
        for name in dict.fromkeys(family(one) for one in story.relied)
    ]
    return [*found, *_reference_findings(story), *_external_findings(story)]


def _family_finding(name: str, results: Sequence[Result], release: str) -> Finding:
    kept = sum(one.met for one in results)
    verdict: Verdict = "consistent" if kept == len(results) else "not supported"
    kinds = list(dict.fromkeys(one.target.kind for one in results))
    is_real = any(one.target == FORECAST for one in results)
    return count(
        f"validation.{_slug(name)}",
        f"{name}: bands met",
        f"Every band is met: {name[0].lower()}{name[1:]} "
        f"({words.listing([KIND_WORDS[kind] for kind in kinds])}).",
        verdict,
        value=float(kept),
        unit="bands met",
        denominator=f"of {words.plural(len(results), 'band')}",
        period="all origins" if is_real else "",
        simulated=not is_real,
        note=_note(results),
        release=release if is_real else "simulated",
    )


def _note(results: Sequence[Result]) -> str:
    low = lowest([one for one in results if one.target.kind == "coverage"])
    out = [one for one in results if not one.met]
    parts = []
    if low is not None:
        parts.append(f"Lowest coverage {value_text(low)} ({limits_text(low)}).")
    if out:
        parts.append(f"Outside: {names_of(out)}.")
    return " ".join(parts)


def _reference_findings(story: ValidationStory) -> Iterable[Finding]:
    for name, part in story.references.groupby("program", sort=False):
        program = str(name)
        kept = int(part["agrees"].sum())
        yield count(
            f"validation.agrees.{_slug(program)}",
            f"Figures that agree with {program_in_words(program)}",
            f"The functions of this project give the figures of {program_in_words(program)}.",
            "reproduces" if kept == len(part) else "contradicted",
            value=float(kept),
            unit="figures that agree",
            denominator=f"of {words.plural(len(part), 'figure')}",
            release="as given with each figure",
        )


def _external_findings(story: ValidationStory) -> Iterable[Finding]:
    by_id = story.references.set_index("id")
    for name, about in SAID.told("released").items():
        value, lower, upper = (
            float(by_id["found"][f"{name}{end}"]) for end in ("", ".lower", ".upper")
        )
        verdict: Verdict = "reproduces" if all_agree(by_id, name) else "contradicted"
        head = (f"validation.{name}", about.pop("label"), about.pop("claim"), verdict)
        quantity = about.pop("quantity")
        made = Estimate(value, lower, upper, tolerance=1e-4, **about)
        yield made.finding(*head, quantity=quantity)


def _slug(name: str) -> str:
    kept = "".join(sign if sign.isalnum() else "-" for sign in name.lower())
    return "-".join(part for part in kept.split("-") if part)
