"""Valid crew cells of a force that is small in some way, drawn so that every column is right."""

import itertools
import math

import pandas as pd

OPTIONAL = (
    "area_type", "call_grade", "dark_share", "attended", "y_injury", "incidents_assault",
    "grade1_share", "marker_share", "backup_min", "beat", "y_control", "staffing", "taser_share",
    "y_after_double",
)  # fmt: skip
ALWAYS_THERE = (
    "dark_share",
    "attended",
    "y_injury",
    "incidents_assault",
    "grade1_share",
    "marker_share",
    "backup_min",
)


def draw(rng):
    """Crew cells with one, few or many of each thing, and victims from none to plenty."""
    areas = [f"area {n}" for n in range(1, rng.choice((1, 1, 2, 3, 8, 12)) + 1)]
    months = [f"2023-{n:02}-01" for n in range(4, 4 + rng.choice((1, 1, 2, 6)))]
    bands = rng.choice((["day"], ["night"], ["day", "night"], ["day", "evening", "night", "early"]))
    weekend = rng.choice(([0], [0, 1]))
    crews = rng.choice(
        (["single", "double"],) * 8 + (["double"], ["single"], ["single", "double", "multi"])
    )
    grades = rng.choice(([None], ["grade 1", "other"], ["other"]))
    present = {name for name in OPTIONAL if rng.randint(0, 2)} | (
        {"call_grade"} if grades != [None] else set()
    )
    rate = rng.choice((0.0, 0.0005, 0.002, 0.01))
    gone = rng.choice((0.0, 0.0, 0.3))
    same = {name: rng.choice((True, False)) for name in OPTIONAL}
    rows = []
    for area, month, band, end, grade, crew in itertools.product(
        areas, months, bands, weekend, grades, crews
    ):
        if rng.random() < gone:
            continue
        rows.append(
            _cell(rng, areas.index(area), month, band, end, grade, crew, rate, present, same)
        )
    frame = pd.DataFrame(rows)
    for name in OPTIONAL:
        if len(frame) and name not in present:
            frame = (
                frame.drop(columns=name)
                if name not in ALWAYS_THERE
                else frame.assign(**{name: None})
            )
    return frame.drop(columns="call_grade", errors="ignore") if grades == [None] else frame


def _cell(rng, area, month, band, end, grade, crew, rate, present, same):
    size = {"single": 1, "double": 2, "multi": 3}[crew]
    hours = rng.choice((8, 100, 1_000, 4_000))
    expected = rate * hours * size * (2 if band == "night" else 1)
    victims = min(sum(rng.random() < expected / 40 for _ in range(40)), hours)
    incidents = math.ceil(victims / size)
    return {
        "force": "kent",
        "lpa": f"area {area + 1}",
        "area_type": "urban" if same["area_type"] else ("urban", "town", "rural")[area % 3],
        "period_start": month,
        "hour_band": band,
        "weekend": end,
        "call_grade": grade,
        "dark_share": 0.5 if same["dark_share"] else {"day": 0.1, "night": 1.0}.get(band, 0.6),
        "crew": crew,
        "unit_hours": hours,
        "officer_hours": hours * size,
        "attended": 0 if same["attended"] and not rng.randint(0, 3) else hours // 2,
        "y": victims,
        "y_injury": 0 if same["y_injury"] else victims // 3,
        "incidents_assault": incidents,
        "grade1_share": 0.3 if same["grade1_share"] else float(grade == "grade 1"),
        "marker_share": 0.1 if same["marker_share"] else round(rng.random(), 2),
        "backup_min": 10 if same["backup_min"] else 5 + 9 * (area % 3),
        "beat": f"{area + 1}",
        "y_control": 0 if same["y_control"] else rng.randint(0, 4),
        "staffing": 12 if same["staffing"] else 10 + area,
        "taser_share": 0.5 if same["taser_share"] else round(rng.random(), 2),
        "y_after_double": 0 if same["y_after_double"] else victims // 2,
        "is_simulated": "no",
    }
