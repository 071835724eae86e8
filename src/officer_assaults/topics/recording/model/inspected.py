"""What inspections of crime recording did to recorded assaults: every figure of the plan.

The plan stands in ``docs/plans/recording-inspections.md``; it was committed before any of these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from officer_assaults.data import cache
from officer_assaults.estimate import Estimate, Shown
from officer_assaults.refusals import Refusal
from officer_assaults.stats import event_simulation, event_study, panel
from officer_assaults.stats.event_study import EventPanel, Imputation, Windows
from officer_assaults.stats.glm import RateModel
from officer_assaults.stats.intervals import FloatArray, Interval
from officer_assaults.stats.newton import leave_one_cluster_out
from officer_assaults.stats.panel import BoolArray, Jackknife

OUTCOME, PUBLIC = "no_injury", "public_no_injury"
CONTRASTS = (PUBLIC, "violence_with_injury", "public_order", "all_crime")
DEALS, DRAWS = 999, 1999
LEADING = Windows()
TWELVE = Windows(span=12)
NO_ANTICIPATION = Windows(untreated_to=-1)
#: The second outcome begins in 2017: no force meets the plan's rule, so a shorter one is shown.
SHORT = Windows(untreated_to=-1, least_untreated=2)
EARLIER = -8
SIZE_DEALS = 99
#: Effect of the first and the last cohort in the simulation, log scale.
SIMULATED = (0.6, 0.0)
Row = dict[Any, Any]
COLUMNS = [
    "part", "series", "name", "value", "lower", "upper", "p", "lead_p", "lowest", "highest",
    "units", "cohorts", "counted", "expected",
]  # fmt: skip
#: Names of the figures of the outcome.
ALL, FAILED, OTHERS, DIFFERENCE = "all", "failed", "others", "failed over others"
WEIGHTED, STACKED, TWO_WAY = "each offence", "stacked", "two-way"
PASS_THROUGH, SLOPE = "pass-through", "slope"


@dataclass(frozen=True, slots=True)
class Figure(Shown):
    """One figure of the study on the log scale, and what it rests on."""

    value: float
    interval: Interval
    p: float
    lead_p: float
    lowest: float
    highest: float
    units: int
    cohorts: int
    counted: int

    @property
    def change(self) -> float:
        """Relative change: 0.05 is 5 % more than expected."""
        return math.expm1(self.value)

    @property
    def limits(self) -> tuple[float, float]:
        """Limits of the relative change."""
        return math.expm1(self.interval.lower), math.expm1(self.interval.upper)

    @property
    def moved(self) -> bool:
        """Whether the plan lets the page say that the record moved."""
        return not self.interval.contains(0.0) and self.p < 0.05 and not self.lead_p < 0.05


@dataclass(frozen=True, slots=True)
class InspectionStudy(Shown):
    """Every figure of the event study.

    Parameters
    ----------
    rows : DataFrame
        Columns :data:`COLUMNS`; log scale but for the pass-through and its like.
    alpha : float
        One minus the coverage.
    """

    rows: pd.DataFrame
    alpha: float

    def figure(self, name: str = ALL, series: str = OUTCOME) -> Figure:
        """Return one figure by its name and series."""
        rows = self.rows[(self.rows["part"] == "figure") & (self.rows["name"] == name)]
        row = rows[rows["series"] == series].iloc[0]
        return Figure(
            value=float(row["value"]),
            interval=Interval(float(row["lower"]), float(row["upper"])),
            p=float(row["p"]),
            lead_p=float(row["lead_p"]),
            lowest=float(row["lowest"]),
            highest=float(row["highest"]),
            units=int(row["units"]),
            cohorts=int(row["cohorts"]),
            counted=int(row["counted"]),
        )

    def noise(self, name: str) -> float:
        """Dispersion or serial correlation of the outcome before any report."""
        rows = self.rows[(self.rows["part"] == "noise") & (self.rows["name"] == name)]
        return float(rows["value"].iloc[0])

    def has(self, name: str, series: str = OUTCOME) -> bool:
        """Whether the figure could be computed."""
        rows = self.rows[(self.rows["name"] == name) & (self.rows["series"] == series)]
        return bool(len(rows) and rows["value"].notna().all())

    def profile(self, series: str = OUTCOME) -> pd.DataFrame:
        """Effect by quarters from the report: time, value, lower, upper, units, fitted (bool)."""
        rows = self.rows[self.rows["part"].isin(["lead", "profile"])]
        rows = rows[rows["series"] == series]
        out = rows[["value", "lower", "upper", "units"]].assign(
            time=rows["name"].astype(int), fitted=rows["part"] == "lead"
        )
        return out.sort_values("time", ignore_index=True)

    def forces(self) -> pd.DataFrame:
        """Inspected forces of the outcome: force, counted, expected, value (log ratio)."""
        rows = self.rows[self.rows["part"] == "force"]
        return rows.rename(columns={"name": "force"})[["force", "counted", "expected", "value"]]

    def title(self) -> str:
        """Name the table."""
        return "Recorded offences in the year after an inspection report, over those expected"

    def table(self) -> pd.DataFrame:
        """Ratios by series and figure."""
        rows = self.rows[(self.rows["part"] == "figure") & (self.rows["name"] != PASS_THROUGH)]
        rows = rows[rows["name"] != SLOPE]
        return pd.DataFrame(
            {
                "series": rows["series"],
                "figure": rows["name"],
                **{
                    new: np.exp(rows[old])
                    for new, old in (("ratio", "value"), ("lower", "lower"), ("upper", "upper"))
                },
                "forces": rows["units"],
            }
        ).reset_index(drop=True)


def study_inspections(
    rows: pd.DataFrame,
    dates: pd.DataFrame,
    audit_dates: pd.DataFrame,
    traits: pd.DataFrame,
    seed: int,
    alpha: float = 0.05,
) -> InspectionStudy:
    """Compute every figure of the plan; national, so once for all forces.

    Parameters
    ----------
    rows : DataFrame
        Usable counts: series, force, quarter, count, officers.
    dates, audit_dates : DataFrame
        unit, event, earliest: by publication, and by the end of the sampled crimes.
    traits : DataFrame
        force, failed, all_percent, broken.
    seed : int
        Seed of permutations and bootstrap.
    alpha : float
        One minus the coverage.
    """
    frame = cache.cached(figures, rows, dates, audit_dates, traits, seed, alpha)
    return InspectionStudy(frame, alpha)


def figures(
    rows: pd.DataFrame,
    dates: pd.DataFrame,
    audit_dates: pd.DataFrame,
    traits: pd.DataFrame,
    seed: int,
    alpha: float,
) -> pd.DataFrame:
    """Frame behind :class:`InspectionStudy`, for the cache."""
    traits = traits.set_index("force")
    made = _outcome(panel_of(rows, OUTCOME, dates), traits, seed, alpha)
    made += _sensitivities(rows, dates, audit_dates, traits, seed, alpha)
    for series in CONTRASTS:
        study = panel_of(rows, series, dates)
        found = event_study.impute(study, LEADING, alpha)
        made += _judged(found, series, _failed(study, traits), seed)
    made += _passed_through(rows, dates, traits, seed, alpha)
    return pd.DataFrame(made).reindex(columns=COLUMNS)


def panel_of(rows: pd.DataFrame, series: str, dates: pd.DataFrame) -> EventPanel:
    """Panel of one series with the dates of the inspections."""
    return event_study.event_panel(
        rows[rows["series"] == series], dates, unit="force", period="quarter", count="count",
        exposure="officers",
    )  # fmt: skip


def _failed(study: EventPanel, traits: pd.DataFrame) -> BoolArray:
    return traits["failed"].reindex(list(study.units)).to_numpy(dtype=bool)


def _row(
    name: str,
    held: Jackknife,
    found: Imputation,
    series: str,
    among: BoolArray | None = None,
    **more: object,
) -> Row:
    units, cohorts, counted, expected = found.rests_on(among)
    base = {
        "part": "figure", "series": series, "name": name, "value": held.value,
        "lower": held.interval.lower, "upper": held.interval.upper, "lowest": held.lowest,
        "highest": held.highest, "units": units, "cohorts": cohorts,
        "counted": counted, "expected": expected,
    }  # fmt: skip
    return base | more


def _judged(found: Imputation, series: str, failed: BoolArray, seed: int) -> list[Row]:
    """Mean over all and over failed forces, with permuted dates and leads."""
    study, windows = found.study, found.windows
    leads, _, lead_p = event_study.leads(found)
    kinds = {ALL: None, FAILED: failed, OTHERS: ~failed}
    dealt = event_study.permuted(study, windows, DEALS, seed, list(kinds.values()))
    out = []
    for (name, among), deals in zip(kinds.items(), dealt, strict=True):
        held = found.effect(among)
        p = event_study.permutation_p(held.value, deals)
        out.append(_row(name, held, found, series, among, p=p, lead_p=lead_p))
    profile = event_study.profile(found, windows.untreated_to + 1, 8)
    return [*out, *_times("lead", leads, series), *_times("profile", profile, series)]


def _times(part: str, table: pd.DataFrame, series: str) -> list[Row]:
    names = {"estimate": "value", "time": "name"}
    rows = table.rename(columns=names).assign(part=part, series=series)
    rows["name"] = rows["name"].astype(str)
    return [dict(row) for row in rows.to_dict("records")]


def _outcome(study: EventPanel, traits: pd.DataFrame, seed: int, alpha: float) -> list[Row]:
    failed = _failed(study, traits)
    found = event_study.impute(study, LEADING, alpha)
    out = _judged(found, OUTCOME, failed, seed)
    out.append(_row(DIFFERENCE, found.difference(failed), found, OUTCOME))
    out.append(_row(WEIGHTED, found.weighted(), found, OUTCOME))
    out.append(_row(STACKED, event_study.stacked(study, LEADING, alpha), found, OUTCOME))
    out.append(_row(TWO_WAY, event_study.two_way(study, LEADING, alpha), found, OUTCOME))
    rate = traits["all_percent"].reindex(list(study.units)).to_numpy(dtype=float) / 10
    out.append(_row(SLOPE, found.slope(rate), found, OUTCOME))
    dispersion, serial = event_simulation.dispersion(study, LEADING)
    out += [
        {"part": "noise", "series": OUTCOME, "name": name, "value": value}
        for name, value in (("dispersion", dispersion), ("serial correlation", serial))
    ]
    for row in found.table().to_dict("records"):
        out.append(
            {"part": "force", "series": OUTCOME, "name": row["unit"], "counted": row["counted"],
             "expected": row["expected"], "value": math.log(row["ratio"])}
        )  # fmt: skip
    return out


def _sensitivities(
    rows: pd.DataFrame,
    dates: pd.DataFrame,
    audit_dates: pd.DataFrame,
    traits: pd.DataFrame,
    seed: int,
    alpha: float,
) -> list[Row]:
    """Return the sensitivities that the plan names, where enough forces are left."""
    own = rows[rows["series"] == OUTCOME]
    whole = own[~own["force"].isin(traits.index[traits["broken"]])]
    tried = {
        "twelve quarters": (own, dates, TWELVE, OUTCOME),
        "no anticipation": (own, dates, NO_ANTICIPATION, OUTCOME),
        "unbroken forces": (whole, dates, LEADING, OUTCOME),
        "without London": (own[own["force"] != "metropolitan-police"], dates, LEADING, OUTCOME),
        "end of audit": (own, audit_dates, LEADING, OUTCOME),
        ALL: (rows, dates, SHORT, "both"),
    }
    out = []
    for name, (part, when, windows, series) in tried.items():
        try:
            found = event_study.impute(panel_of(part, series, when), windows, alpha)
        except ValueError:
            continue
        dealt = event_study.permuted(found.study, windows, DEALS, seed)[0]
        p = event_study.permutation_p(found.effect().value, dealt)
        out.append(_row(name, found.effect(), found, series, p=p))
    placebo = event_study.impute(panel_of(own, OUTCOME, dates).shifted(EARLIER), LEADING, alpha)
    return [*out, _row("two years earlier", placebo.effect(), placebo, OUTCOME)]


def _passed_through(
    rows: pd.DataFrame, dates: pd.DataFrame, traits: pd.DataFrame, seed: int, alpha: float
) -> list[Row]:
    """Mean log ratio of the outcome over that of the public series, failed forces."""
    studies = [panel_of(rows, series, dates) for series in (OUTCOME, PUBLIC)]
    if studies[0].units != studies[1].units:
        raise ValueError("outcome and public series hold different forces")
    failed = _failed(studies[0], traits)
    size = len(studies[0].units)
    weights = panel.drawn_weights(size, DRAWS, np.random.default_rng(seed))
    weights = np.vstack([np.ones(size), weights])
    means = [
        event_study.mean_ratio(event_study.bootstrap(study, LEADING, weights), weights, failed)
        for study in studies
    ]
    ratio: FloatArray = means[0] / means[1]
    drawn = ratio[1:][np.isfinite(ratio[1:])]
    low, high = np.quantile(drawn, [alpha / 2, 1 - alpha / 2])
    found = event_study.impute(studies[0], LEADING, alpha)
    units, cohorts, counted, expected = found.rests_on(failed)
    row = {
        "part": "figure", "series": OUTCOME, "name": PASS_THROUGH, "value": float(ratio[0]),
        "lower": float(low), "upper": float(high), "units": units, "cohorts": cohorts,
        "counted": counted, "expected": expected,
    }  # fmt: skip
    return [row]


def cells_of(rows: pd.DataFrame, dates: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lay the leading figure's cells out: those that a model may see, and those it judges.

    Returns
    -------
    tuple of DataFrame
        force, quarter (text), recorded, officers.
    """
    study = panel_of(rows, OUTCOME, dates)
    found = event_study.cells(study.usable, study.event[None], study.earliest[None], LEADING)

    def frame(chosen: BoolArray) -> pd.DataFrame:
        unit, period = np.where(chosen)
        return pd.DataFrame(
            {
                "force": np.array(study.units)[unit],
                "quarter": study.periods.strftime("%Y-%m").to_numpy()[period],
                "recorded": study.counts[chosen].astype("int64"),
                "officers": study.exposure[chosen],
            }
        )

    return frame(found.untreated[0]), frame(found.after[0])


def mean_log_ratio(after: pd.DataFrame, expected: pd.Series) -> float:
    """Mean over forces of the log of recorded over expected offences."""
    sums = after.assign(expected=expected).groupby("force")[["recorded", "expected"]].sum()
    return float(np.log(sums["recorded"] / sums["expected"]).mean())


def each_force_left_out(fit: RateModel, frame: pd.DataFrame, term: str) -> Jackknife:
    """Effect of a term by the same model, each force left out in turn.

    Parameters
    ----------
    fit : RateModel
        Whatever formula, exposure and family it has.
    frame : DataFrame
        Its rows, with their force.
    term : str

    Raises
    ------
    Refusal
        E125 if the model was fitted to other rows.
    """
    if len(frame) != fit.n:
        what = f"the model holds {fit.n:,} rows and the frame beside it {len(frame):,}."
        raise Refusal.of("E125", what, "Choose the rows before the fit, and give both the same.")
    full = fit.effect(term).estimate
    coefficients = fit.coefficients
    if fit.spec.family != "nb2" and full == coefficients.get(term):
        place, rows = list(coefficients.index).index(term), fit.rows
        data = (rows.matrix, rows.y, rows.log_exposure, frame["force"])
        values = cache.cached(effects_left_out, *data, place)["effect"].to_numpy()
    else:
        values = np.array([_without(fit, part, term) for part in _all_but_one(frame)])
    return panel.jackknife(np.append(full, values), fit.spec.alpha)


def effects_left_out(
    matrix: FloatArray, y: FloatArray, log_exposure: FloatArray, force: pd.Series, place: int
) -> pd.DataFrame:
    """Coefficient at one place of a Poisson model, each force left out in turn.

    Parameters
    ----------
    matrix, y, log_exposure, force
        As for :func:`officer_assaults.stats.newton.leave_one_cluster_out`.
    place : int
        Of the coefficient.

    Returns
    -------
    DataFrame
        ``effect``, a row for each force.
    """
    left = leave_one_cluster_out(matrix, y, log_exposure, force, partial=True)
    return pd.DataFrame({"effect": left.coefficients[:, place]})


def _all_but_one(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for force in sorted(frame["force"].unique()):
        yield frame[frame["force"] != force]


def _without(fit: RateModel, frame: pd.DataFrame, term: str) -> float:
    try:
        return fit.again(frame).effect(term).estimate
    except Refusal:
        return math.nan


def tells(share: Estimate) -> bool:
    """Whether a share of a rise is known more narrowly than between none and all."""
    return not (share.lower <= 0 and share.upper >= 1)


def share_of_rise(
    slope: float, limits: Interval, own_log_growth: float, log_rise: float
) -> Estimate:
    """Carry a slope over to one force: slope times its own growth, over its rise, all logs.

    Parameters
    ----------
    slope : float
        Log change of recorded assaults on officers for one log unit of something else.
    limits : Interval
        Its interval; the force's own growth is taken as it is.
    own_log_growth : float
        How far that something moved in the force.
    log_rise : float
        Log ratio of the force's recorded assaults; not 0.
    """
    factor = own_log_growth / log_rise
    ends = sorted((limits.lower * factor, limits.upper * factor))
    return Estimate(
        slope * factor, ends[0], ends[1], unit="share of the log change",
        denominator="log ratio of recorded assaults",
    )  # fmt: skip


def own_shares(
    own: tuple[float, float] | None,
    audited: tuple[float, float] | None,
    slope: float,
    limits: Interval,
    passed: Figure,
) -> tuple[Estimate | None, Estimate | None]:
    """Carry over to one force what goes with its own record of the public, and with its audits.

    Parameters
    ----------
    own : tuple of float or None
        Log ratios of the force's recorded assaults on constables (104) and on the public (105A);
        None where they say nothing.
    audited : tuple of float or None
        Audited recording rates of violence, earlier and later.
    slope : float
        Panel coefficient of the record of the public, and ``limits``, its interval.
    limits : Interval
    passed : Figure
        The pass-through.
    """
    if own is None or own[0] == 0:
        return None, None
    rise, public = own
    associated = share_of_rise(slope, limits, public, rise)
    if audited is None:
        return associated, None
    gained = math.log(audited[1] / audited[0])
    return associated, share_of_rise(passed.value, passed.interval, gained, rise)


def recovered(rows: pd.DataFrame, dates: pd.DataFrame, seed: int, panels: int) -> pd.DataFrame:
    """Try the estimators on simulated panels with the real dates; for the cache."""
    study = panel_of(rows, OUTCOME, dates)
    noise = event_simulation.calibrate(study, LEADING, seed)
    effect = event_simulation.growing_effect(study, *SIMULATED)
    windows = {"all": LEADING, "twelve": TWELVE}
    table = event_simulation.recovery(study, windows, noise, effect, panels, seed)
    size = event_simulation.permutation_size(study, LEADING, noise, panels, SIZE_DEALS, seed)
    return table.assign(size=size)


def recovery(rows: pd.DataFrame, dates: pd.DataFrame, seed: int, panels: int) -> pd.DataFrame:
    """Coverage and bias of every estimator on simulated panels, from the cache if there."""
    own = rows[rows["series"] == OUTCOME]
    return cache.cached(recovered, own, dates, seed, panels)
