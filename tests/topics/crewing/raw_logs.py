"""Three raw tables of a made-up force with a known ratio, drawn independently of the simulator."""

import numpy as np
import pandas as pd

ZONE = "Europe/London"
MINUTE = pd.Timedelta(minutes=1)
BEATS = 40


def draw(ratio, seed, days=365, start="2023-03-01", base=1 / 1_200):
    """Officer rows, incidents and assaults; ``ratio`` is the rate per officer-hour alone.

    Every unit-shift is cut by the clock of the world into minutes of one or two officers: a third
    of double crews part, a sixth of single crews are joined. Beats differ in danger and in how
    often crews are double, nights too; one incident can have two victims of one crew.
    """
    rng = np.random.default_rng(seed)
    beats = np.arange(BEATS)
    danger, pairing = rng.gamma(6, 1 / 6, BEATS), rng.uniform(0.25, 0.75, BEATS)
    first = pd.Timestamp(start)
    rows, victims, calls = [], [], []
    collar = 1000
    for day in range(days):
        for turn, hour in enumerate((7, 15, 22)):
            length = 9 if turn == 2 else 8
            for beat in beats:
                on = (first + pd.Timedelta(days=day, hours=hour)).tz_localize(
                    ZONE, ambiguous=True, nonexistent="shift_forward"
                )
                off = on + pd.Timedelta(hours=length)
                sign = f"U{beat:02d}"
                # Each unit has its three turns of officers, so nobody is on two units at once.
                who = [str(collar + beat * 10 + turn * 2 + n) for n in (0, 1)]
                double = rng.random() < pairing[beat] + 0.15 * (turn == 2)
                cut = on + rng.integers(60, length * 60 - 60) * MINUTE
                spans = [(on, off, 1 + double)]
                second = (on, off) if double else None
                if double and rng.random() < 1 / 3:
                    spans, second = [(on, cut, 2), (cut, off, 1)], (on, cut)
                elif not double and rng.random() < 1 / 6:
                    spans, second = [(on, cut, 1), (cut, off, 2)], (cut, off)
                rows.append((who[0], sign, on, off, beat))
                if second:
                    rows.append((who[1], sign, *second, beat))
                for begin, end, crew in spans:
                    hours = (end - begin) / pd.Timedelta(hours=1)
                    rate = base * danger[beat] * (1.8 if turn == 2 else 1.0)
                    rate *= ratio if crew == 1 else 1.0
                    # Incidents with a victim; of a double crew a fifth has two.
                    per_incident = 1.2 if crew == 2 else 1.0
                    for _ in range(rng.poisson(rate * hours * crew / per_incident)):
                        at = begin + rng.random() * (end - begin)
                        both = crew == 2 and rng.random() < 0.2
                        hit = who if both else [who[rng.integers(crew)]]
                        victims += [(len(victims), at, officer) for officer in hit]
                    there = rng.random(rng.poisson(0.3 * hours))
                    calls += [(begin + share * (end - begin), sign) for share in there]
    return _tables(rows, calls, victims, rng)


def _clock(moments):
    local = pd.DatetimeIndex(moments).tz_convert(ZONE)
    return local.strftime("%d/%m/%Y %H:%M:%S")


def _tables(rows, calls, victims, rng):
    who, sign, on, off, beat = zip(*rows, strict=True)
    officers = pd.DataFrame(
        {
            "Collar No": who,
            "Call Sign": sign,
            "Booked On": _clock(on),
            "Booked Off": _clock(off),
            "Beat": [f"{b:02d}" for b in beat],
            "Area": [f"A{b % 8}" for b in beat],
        }
    )
    at, unit = zip(*calls, strict=True)
    incidents = pd.DataFrame(
        {
            "Log No": np.arange(len(at)),
            "At Scene": _clock(at),
            "Callsign": unit,
            "Grade": rng.choice(["Immediate", "Priority", "Scheduled"], len(at)),
        }
    )
    number, when, hit = zip(*victims, strict=True)
    assaults = pd.DataFrame(
        {
            "Crime No": [f"C{n:05d}" for n in number],
            "Committed": _clock(when),
            "Victim": hit,
            "HO Code": rng.choice(["104", "8S"], len(hit), p=[0.8, 0.2]),
        }
    )
    return officers, incidents, assaults
