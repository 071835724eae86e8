"""How numbers are written, and which sentences a report may not hold."""

from __future__ import annotations

from datetime import date
from math import inf, nan

import pytest

from officer_assaults.findings import VERDICTS
from officer_assaults.page import words


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (words.number(1057), "1,057"),
        (words.number(-263, signed=True), "−263"),
        (words.number(263, signed=True), "+263"),
        (words.number(-0.0001, 2), "0.00"),
        (words.number(1.33123), "1.33"),
        (words.number(0.0123), "0.0123"),
        (words.number(nan), "[x]"),
        (words.number(inf), "∞"),
        (words.percent(0.331), "33%"),
        (words.percent(-0.05, 1, signed=True), "−5.0%"),
        (words.percent(nan), "[x]"),
        (words.interval(1.213, 1.461), "1.21 to 1.46"),
        (words.interval(22, 28), "22 to 28"),
        (words.interval(0.213, 0.461, as_percent=True), "21% to 46%"),
        (words.interval(0.7491, 0.9353), "0.75 to 0.94"),
        (words.interval(0.0374, 0.0774), "0.0374 to 0.0774"),
        (" ".join(words.estimate(0.9006, 0.8689, 0.9335)), "0.90 0.87 to 0.93"),
        (" ".join(words.estimate(26, 22, 28)), "26 22 to 28"),
        (words.p_equals(1e-9), "p <0.001"),
        (words.p_equals(0.26), "p = 0.26"),
        (words.interval(1.213, inf), "1.21 or more"),
        (words.interval(-inf, 2.5), "2.50 or less"),
        (words.interval(-inf, inf), "any value"),
        (words.interval(nan, 1.0), "[x]"),
        (words.interval_words(1.213, 1.461, level=0.998), "99.8% interval 1.21 to 1.46"),
        (words.ratio(1.331, 1.213, 1.461), "1.33 (95% interval 1.21 to 1.46)"),
        (words.p_value(1.06e-9), "<0.001"),
        (words.p_value(0.001), "0.001"),
        (words.p_value(0.0999), "0.100"),
        (words.p_value(0.2612), "0.26"),
        (words.p_value(0.9999), ">0.99"),
        (words.listing(["a", "b", "c"]), "a, b and c"),
        (words.plural(1, "force"), "1 force"),
        (words.plural(1234, "force"), "1,234 forces"),
        (words.day(date(2018, 11, 13)), "13 November 2018"),
    ],
)
def test_numbers_are_written_one_way(written: str, expected: str) -> None:
    assert written == expected


def test_every_verdict_is_explained() -> None:
    assert tuple(words.VERDICT_MEANING) == VERDICTS


@pytest.mark.parametrize(
    ("sentence", "phrase"),
    [
        ("The rise is significant.", "significant"),
        ("It did not differ significantly.", "significantly"),
        ("The worst force of 43.", "worst"),
        ("The rise was caused by training.", "caused"),
        ("More because of the Act.", "because of"),
        ("This led to more recorded assaults.", "led to"),
        ("It is due to reporting.", "due to"),
        ("The policy worked.", "worked"),
        ("Officers were assaulted 1,057 times.", "were assaulted"),
        ("There were 1,057 assaults on officers.", "assaults"),
        ("Thames Valley is the sixth highest.", "sixth highest"),
        ("The force ranks 26th of 43.", "ranks 26th"),
        ("It is in the top six by rate.", "top six"),
        ("<p>The rise is\nsignificant.</p>", "significant"),
        ("<td>Assaults, 2018/19</td>", "Assaults"),
    ],
)
def test_banned_phrases_are_found(sentence: str, phrase: str) -> None:
    assert [found.split(":")[0] for found in words.lint(sentence)] == [phrase]


@pytest.mark.parametrize(
    "sentence",
    [
        "The article said <q>sixth worst of 40</q>.",
        "The file is <cite>Assaults on officers by year</cite>.",
        "<pre>caused = worst</pre>",
        "1,057 assaults on officers were recorded.",
        "The survey asks how often officers met assaults.",
        "By rate it ranks 26th of 43 forces per officer (95% interval 22 to 28).",
        "Hours worked are the exposure.",
        "A worked example follows.",
        "How the answer is worked out.",
        "Made with officer-assaults 0.1.0 from data/us/city-assaults.csv.",
        "This coincided with the Act.",
        "The first of three steps.",
    ],
)
def test_clean_sentences_pass(sentence: str) -> None:
    assert words.lint(sentence) == []


def test_causal_verbs_pass_only_with_a_gate() -> None:
    text = "Double crewing led to fewer recorded assaults, which is significant."
    assert [found.split(":")[0] for found in words.lint(text, causal_gate=True)] == ["significant"]
    assert len(words.lint(text)) == 2


def test_blocks_do_not_run_together() -> None:
    html = "<table><tr><td>Recorded offences</td><td>Assaults</td></tr></table>"
    assert [found.split(":")[0] for found in words.lint(html)] == ["Assaults"]
