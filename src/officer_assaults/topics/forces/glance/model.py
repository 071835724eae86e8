"""Numbers of a force at a glance: newest year against the one before, and the place by rate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from officer_assaults.data import (
    decisions,
    exposure,
    force_year,
    forces,
    long_view,
    recorded,
    years,
)
from officer_assaults.data.periods import FinancialYear, financial_year
from officer_assaults.data.tables import Release
from officer_assaults.shown import Tabled
from officer_assaults.stats import dispersion
from officer_assaults.stats.rate_ratio import rate_ratio_table
from officer_assaults.topics.forces import model

DENOMINATOR = "officer_fte"
PER = 1000.0
#: Fewest forces with a denominator for a place among them.
FEWEST = 10
#: Seed of the draws behind places; any other moves a limit by one place at most.
SEED = 20180401
NATION = "england-and-wales"


@dataclass(frozen=True, slots=True)
class Glances(Tabled):
    """Newest whole year of every force beside the year before.

    Parameters
    ----------
    table : DataFrame
        One row per force and England and Wales, by short name: name, before, after, ratio, lower,
        upper (rates per day; missing where the years are not comparable), rate, rate_lower,
        rate_upper (per 1,000 officer-years; missing without a denominator), place, place_lower,
        place_upper (1 is the highest rate; missing where the force is in no comparison), officers
        (full-time equivalent officer-years; missing where not held), reason (why something is
        missing; empty where nothing is).
    before, after : FinancialYear
        The two years.
    places : int
        Forces among which places are counted.
    release : Release
        Release of the counts.
    notes : tuple of str
        What stands in for a denominator that is not held.
    waiting : tuple of str
        Sentence on recording breaks that wait for a decision; none where all is decided.
    """

    table: pd.DataFrame
    before: FinancialYear
    after: FinancialYear
    places: int
    release: Release
    notes: tuple[str, ...]
    waiting: tuple[str, ...] = ()


@lru_cache(maxsize=2)
def glances(vintage: str = "auto", alpha: float = 0.05) -> Glances:
    """Compare the newest whole year of every force with the one before, and rank the rates.

    Parameters
    ----------
    vintage : str
        A release that holds every force; ``"auto"`` is the newest.
    alpha : float
        One minus the coverage of intervals.
    """
    after = _newest_year(vintage)
    before = financial_year(f"{after.first - 1}/{after.first % 100:02d}")
    data = force_year.force_year(before, after, vintage)
    exposures = force_year.exposures(after, [DENOMINATOR])
    table = _counts(before, after, data.panel.vintage)
    table = table.join(_changes(data, alpha)).join(_rates(data, exposures, alpha))
    table = table.combine_first(_nation(table, before, after, alpha))
    held = exposures.frames.get(DENOMINATOR, pd.DataFrame(columns=["force", "exposure"]))
    table["officers"] = held.set_index("force")["exposure"].reindex(table.index).astype(float)
    table["reason"] = [_reason(data, slug) for slug in table.index]
    table.insert(0, "name", table.index.map(forces.names()))
    return Glances(
        table=table.sort_values("name"),
        before=before,
        after=after,
        places=int(table["place"].notna().sum()),
        release=data.release,
        notes=exposures.notes,
        waiting=decisions.waiting(data.release.vintage),
    )


def series(force: str, vintage: str = "auto") -> pd.DataFrame:
    """Count recorded assaults a quarter: code 104 throughout, 104 and 8S since April 2017.

    Parameters
    ----------
    force : str
        Short name of a force, or ``"england-and-wales"``.
    vintage : str
        Release.

    Returns
    -------
    DataFrame
        quarter (date), recorded ("All", "Without injury"), offences; quarters inside a decided
        break are missing.
    """
    rows = long_view.quarters(force, recorded.CODES, vintage)
    shown = rows[~rows["state"].isin(["broken", "negative"])]
    wide = shown.pivot_table(
        index="quarter_start", columns="offence_code", values="offences", aggfunc="sum"
    ).reindex(columns=list(recorded.CODES))
    without, injury = (wide[code] for code in recorded.CODES)
    parts = {"All": without + injury, "Without injury": without}
    long = [
        values.rename("offences").rename_axis("quarter").reset_index().assign(recorded=name)
        for name, values in parts.items()
    ]
    rows = pd.concat(long, ignore_index=True).dropna(subset=["offences"])
    return rows[["quarter", "recorded", "offences"]].astype({"offences": "int64"})


def _newest_year(vintage: str) -> FinancialYear:
    return financial_year(str(recorded.annual(vintage)["financial_year"].max()))


def _counts(before: FinancialYear, after: FinancialYear, vintage: str) -> pd.DataFrame:
    rows = recorded.annual(vintage)
    parts = [
        rows[rows["financial_year"] == year.label].set_index("force")["n_total"].rename(name)
        for year, name in ((before, "before"), (after, "after"))
    ]
    table = pd.concat(parts, axis=1)
    kept = [*forces.slugs("territorial"), *forces.slugs("transport")]
    table = table.reindex([slug for slug in kept if slug in table.index])
    table.loc[NATION] = table.sum(min_count=len(table))
    return table


def _changes(data: force_year.ForceYear, alpha: float) -> pd.DataFrame:
    frame = data.panel.frame.set_index("force")
    ratios = rate_ratio_table(
        frame["y1"], frame["days1"], frame["y0"], frame["days0"], alpha=alpha, index=frame.index
    )
    return ratios[["ratio", "lower", "upper"]]


def _nation(
    table: pd.DataFrame, before: FinancialYear, after: FinancialYear, alpha: float
) -> pd.DataFrame:
    """Change of the whole, and of forces outside every denominator, over the days of both years."""
    rows = table.loc[[slug for slug in (NATION, *forces.slugs("transport")) if slug in table.index]]
    rows = rows.dropna(subset=["before", "after"])
    days = [pd.Series(float(year.days), rows.index) for year in (after, before)]
    ratios = rate_ratio_table(
        rows["after"], days[0], rows["before"], days[1], alpha=alpha, index=rows.index
    )
    return ratios[["ratio", "lower", "upper"]]


def _rates(
    data: force_year.ForceYear, exposures: force_year.Exposures, alpha: float
) -> pd.DataFrame:
    names = ["rate", "rate_lower", "rate_upper", "place", "place_lower", "place_upper"]
    if DENOMINATOR not in exposures.frames:
        return pd.DataFrame(columns=names, dtype=float)
    frame = exposures.joined(data.fit, DENOMINATOR)
    if len(frame) < FEWEST:
        return pd.DataFrame(columns=names, dtype=float)
    quarters = recorded.usable_quarters(vintage=data.panel.vintage).frame
    movement = dispersion.quarterly_dispersion(years.add_codes(quarters, recorded.CODES))
    compared = model.compare_rates(
        frame, exposure.UNITS[DENOMINATOR], per=PER,
        phi=model.dispersions(movement.frame, frame["force"]), alpha=alpha, seed=SEED,
    )  # fmt: skip
    ranks = compared.ranks_dispersed.table[["lower", "upper"]]
    plain = compared.ranks.table["rank"].rename("place")
    rates = compared.rates().rename(columns={"lower": "rate_lower", "upper": "rate_upper"})
    places = ranks.rename(columns={"lower": "place_lower", "upper": "place_upper"})
    return rates.join(plain).join(places)[names]


def _reason(data: force_year.ForceYear, slug: str) -> str:
    problems = data.refusal(slug) if slug != NATION else ()
    return " ".join(dict.fromkeys(problem.what for problem in problems))
