"""The list of attacks: what a reader of the built files alone can try, each by its name.

An attack gives guesses of planted counts: pairs of the name of a count and a number.
"""

import csv
import io
import itertools
import json
import math
import re
import struct

import numpy as np

CREWING = "05_crewing"
WORDS = "victims|injured|injuries|assaults|incidents|calls"
#: Counts that a ratio of few victims could be made of.
LARGEST = 60


def number(text):
    try:
        return float(str(text).replace(",", "").replace("\u2212", "-"))
    except ValueError:
        return math.nan


def tables_of(files):
    """Every download as rows."""
    found = []
    for name, content in files.items():
        if name.endswith(".csv"):
            found.append(list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")))))
    return [rows for rows in found if rows]


def findings_of(files):
    held = json.loads(files[f"{CREWING}.json"])
    return {one["id"]: one for one in held["findings"] if one.get("value")}


def crews(files):
    """Rows of single and double crews in the table of counts."""
    (counts,) = (rows for rows in tables_of(files) if {"Recorded victims", "Crew"} <= set(rows[0]))
    return ({key: number(cell) for key, cell in row.items()} for row in counts)


def shown_counts(files, official):
    single, double = crews(files)
    yield "injured alone", single["With injury"]
    yield "injured alone", single["Recorded victims"] - single["With injury"]
    yield "injured in pairs", double["With injury"]


def complements_of_totals(files, official):
    """The exact totals of a force, as the Home Office prints them, less what pages show."""
    single, double = crews(files)
    both = single["Recorded victims"] + double["Recorded victims"]
    yield "larger crews", official["all"] - both
    yield "injured alone", official["injured"] - double["With injury"]
    yield "injured in pairs", official["injured"] - single["With injury"]
    for text in texts(files):
        for shown in re.findall(r"about ([\d,]+) recorded\s+assaults a year", text):
            yield "larger crews", official["all"] - number(shown)


def pairs_of(ratio, hours, digits=9):
    """Counts of victims of single and double crews that alone give a ratio in all its digits."""
    crude = ratio * hours[0] / hours[1]
    near = 10.0**-digits * crude
    return [
        (a, b) for a, b in itertools.product(range(1, LARGEST), repeat=2)
        if math.gcd(a, b) == 1 and abs(a / b - crude) < near
    ]  # fmt: skip


def digits_of_ratios(files, official):
    """Continued fractions: a pair of whole numbers, if only one fits, of any plain ratio."""
    single, double = crews(files)
    pairs = [(single[name], double[name]) for name in ("Officer-hours", "Unit-hours", "Attended")]
    plain = [findings_of(files)["crewing.crude"]["value"], *dots(files)]
    for ratio, hours in itertools.product(plain, pairs):
        if not (ratio > 0) or any(math.isnan(one) for one in hours):
            continue
        found = pairs_of(ratio, hours)
        if len(found) == 1:
            yield "injured alone", found[0][0]
            yield "injured in pairs", found[0][1]
            yield "after a double crew", found[0][0]


def policy_rows(files, official):
    """Victims avoided are those of the hours moved, times what crewing does to their rate."""
    one = findings_of(files)["crewing.per_officer_hour"]["value"]
    for row in itertools.chain(*tables_of(files)):
        label, avoided = row.get("Policy") or "", number(row.get("Avoided"))
        if "22:00" in label or "back-up >" in label:
            of = "alone at night" if "22:00" in label else "alone in the far beat"
            yield of, avoided
            if one != 1:
                yield of, avoided / (1 - 1 / one)


def differences_of_policies(files, official):
    """What one policy moves and another does not."""
    one = findings_of(files)["crewing.per_officer_hour"]["value"]
    rows = [row for row in itertools.chain(*tables_of(files)) if "Avoided" in row]
    shown = {row["Policy"]: number(row["Avoided"]) for row in rows}
    for first, second in itertools.permutations(shown.values(), 2):
        for guess in (first - second, (first - second) / (1 - 1 / one) if one != 1 else math.nan):
            yield "alone at one grade by night", guess


def small_numbers_in_words(files, official):
    """Sentences, captions, alternative texts, JSON: a small number beside a word for victims."""
    pattern = re.compile(rf"\b([1-9]) (?:recorded )?(?:{WORDS})\b")
    told = [int(shown) for text in texts(files) for shown in pattern.findall(text)]
    yield from itertools.product(COUNTS, told)


def texts(files):
    """All that reads as text, titles and descriptions inside pictures included."""
    for name, content in files.items():
        if name.endswith(".png"):
            yield from png_texts(content)
        else:
            yield content.decode("utf-8", "replace")


def png_texts(content):
    at = 8
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        if kind in (b"tEXt", b"iTXt", b"zTXt", b"eXIf"):
            yield content[at + 8 : at + 8 + length].decode("utf-8", "replace")
        at += 12 + length


def drawn(svg):
    """Places of the dots of a drawing on the horizontal axis, and the axis: labels and places."""
    text = svg.decode()
    ticks = [
        (number(label), float(x))
        for x, label in re.findall(r'<text x="([\d.]+)"[^>]*"middle"[^>]*>([^<]*)<', text)
    ]  # fmt: skip
    ticks = sorted({tick for tick in ticks if not math.isnan(tick[0])})
    boxes = [
        (float(x), float(x) + float(width)) for x, width in
        re.findall(r'<clipPath[^>]*><rect x="([\d.]+)"[^>]*width="([\d.]+)"', text)
    ]  # fmt: skip
    places = [float(x) for x in re.findall(r'<use x="([\d.]+)"', text)]
    inside = [x for x in places if any(low <= x <= high for low, high in boxes)]
    return inside, ticks


def scale(ticks):
    """Turn places of an axis into values, by its labels: lines of the value or of its logarithm."""
    values, places = np.array(ticks).T
    best = None
    for there, back in ((lambda v: v, lambda v: v), (np.log, np.exp)):
        with np.errstate(all="ignore"):
            scaled = there(values)
        if not np.isfinite(scaled).all():
            continue
        slope, start = np.polyfit(places, scaled, 1)
        off = np.abs(np.polyval((slope, start), places) - scaled).max() / np.ptp(scaled)
        if best is None or off < best[0]:
            best = off, slope, start, back
    return best


def read_dots(svg):
    """Values of the dots of a drawing, each with how far a hundredth of a point moves it."""
    inside, ticks = drawn(svg)
    if len(ticks) < 3:
        return []
    off, slope, start, back = scale(ticks)
    if off > 1e-3:
        return []
    found = []
    for x in inside:
        value = float(back(np.polyval((slope, start), x)))
        found.append((value, abs(float(back(np.polyval((slope, start), x + 0.02))) - value)))
    return found


def dots(files):
    return [value for name, content in sorted(files.items())
            if name.endswith(".svg") for value, _ in read_dots(content)]  # fmt: skip


COUNTS = (
    "alone at night", "alone in the far beat", "injured alone", "larger crews",
    "after a double crew", "alone at one grade by night",
)  # fmt: skip
ATTACKS = (
    shown_counts, complements_of_totals, digits_of_ratios, policy_rows, differences_of_policies,
    small_numbers_in_words,
)  # fmt: skip


def claims_of(files, official):
    """Everything that an attacker would claim: attack, planted count and guess."""
    return [
        (attack.__name__, name, float(guess))
        for attack in ATTACKS
        for name, guess in attack(files, official)
        if not math.isnan(guess)
    ]
