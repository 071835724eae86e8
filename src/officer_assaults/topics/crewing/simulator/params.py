"""Parameters of the simulated force: the truth is whatever stands here.

Every default is an assumption unless its comment names a source. All parameter classes are frozen:
change one with :func:`dataclasses.replace`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

AREA_TYPES = ("urban", "town", "rural")
HOUR_BANDS: dict[str, tuple[int, int]] = {
    "day": (7, 17),
    "evening": (17, 22),
    "night": (22, 3),
    "early": (3, 7),
}
BANDS = tuple(HOUR_BANDS)
HIGH_RISK = "grade 1"
STANDARD_RISK = "other"
REFERENCE_BACKUP = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Where and when officers patrol, and how a dispatcher chooses single or double crews.

    Effects on the choice are log odds of a double crew; the intercept is solved so that
    ``single_share`` of unit-hours comes out.
    """

    officer_hours: float = 2_750_000.0  # patrol officer-hours a year: 2,300 officers, 1,200 hours
    beats: int = 60
    lpas: int = 12
    area_shares: tuple[float, float, float] = (0.45, 0.30, 0.25)  # of beats: urban, town, rural
    backup_medians: tuple[float, float, float] = (6.0, 11.0, 20.0)  # minutes, by area
    backup_sd: float = 0.30  # of log minutes between beats
    volume_medians: tuple[float, float, float] = (1.6, 1.0, 0.5)  # relative hours of a beat
    volume_sd: float = 0.25
    band_shares: tuple[float, float, float, float] = (0.42, 0.22, 0.22, 0.14)
    weekend_share: float = 2 / 7
    high_risk_shares: tuple[float, float, float, float] = (0.18, 0.32, 0.32, 0.18)
    single_share: float = 0.73  # of unit-hours: the survey's headcount taken as an assumption
    evening: float = 0.5
    night: float = 1.6
    early: float = 0.8
    high_risk: float = 1.3
    urban: float = 0.5
    weekend_night: float = 0.8
    backup: float = 0.02  # per minute
    night_double: float | None = None  # fixes P(double) at night, for failures of positivity
    concentration: float = 400.0  # of the beta split of a stratum's hours around its probability
    split_share: float = 0.0  # of planned double crews that part and work as two single crews
    calls_per_unit_hour: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """True assaults on officers: log rates per officer-hour, and what crewing does to them.

    ``crew_ratio`` is the rate ratio per officer-hour, single over double, at 10 minutes of back-up.
    """

    recorded_assaults: float = 900.0  # expected a year on patrol, of about 1,057 recorded in all
    crew_ratio: float = 1.40
    backup_slope: float = 0.0  # change of the log crew ratio per minute of planned back-up
    night_ratio: float = 1.0  # factor on the crew ratio in the night band
    victims_per_double: float = 1.25  # mean victims of a double crew's violent incident, 1 to 2
    evening: float = 0.45
    night: float = 0.85
    early: float = 0.30
    high_risk: float = 1.05
    urban: float = 0.30
    weekend: float = 0.15
    weekend_night: float = 0.40
    beat_sd: float = 0.25
    cell_sd: float = 0.15
    control_rate: float = 0.08  # non-assault injuries per 1,000 officer-hours, crew or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Which true assaults become recorded offences.

    ``concordance`` is the probability that the victims of one incident share one decision.
    """

    injury_share: float = 0.187  # of recorded assaults, Thames Valley 2018/19 as first released
    injury: float = 0.90
    single: float = 0.60  # without injury, single crew
    double: float = 0.60  # without injury, double crew
    concordance: float = 1.0
    injury_code: float = 1.0  # share of recorded injury assaults that get the injury offence code
    form_given_recorded: float = 0.70  # health-and-safety form
    form_odds_ratio: float = 3.0  # of a form, recorded against not


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """A danger that the dispatcher knows and no column records."""

    prevalence: float = 0.20
    assignment_odds: float = 1.0
    rate_ratio: float = 1.0
    persistence: float = 0.9  # probability that the shift before faced the same danger

    @property
    def active(self) -> bool:
        """Whether it touches anything."""
        return self.prevalence > 0 and (self.assignment_odds != 1 or self.rate_ratio != 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Forty-three forces by quarter; standard deviations on the log scale from the open data."""

    forces: int = 43
    quarters: int = 8  # from April 2017
    officers_median: float = 2_000.0
    officers_sd: float = 0.75
    focus_officers: float = 4_100.0
    rate: float = 0.25  # true assaults per officer-year that get recorded in the first year
    level_sd: float = 0.38
    growth_mean: float = 0.15
    growth_sd: float = 0.167
    severity_sd: float = 0.30
    dispersion: float = 2.8
    lag1: float = 0.18
    seasonal: float = 0.08
    injury_share: float = 0.21
    focus_growth: float = math.log(1057 / 794)
    recording_rise: float = 0.0  # log change of P(recorded), no injury, second year, focus force
    recording_first: float = 0.60
    injury_capture_first: float = 1.0  # share of injury assaults that got code 8S in the first year


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A law that begins on one day, and may change deterrence, recording, or neither."""

    begins: str = "2018-11-13"
    first_quarter: str = "2012-04-01"
    quarters: int = 34
    quarterly_mean: float = 110.0  # of a force of median size
    control_means: tuple[float, float] = (1300.0, 900.0)
    smallest_size: float = 0.3  # of the median force, so that no series is nearly empty
    deterrence: float = 1.0  # factor on true assaults
    recording: float = 1.0  # factor on P(recorded)
    trend: float = 0.012  # log change a quarter, shared with the controls
    lag1: float = 0.4
    sd: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceParams:
    """Everything :func:`simulate_force` needs, by layer."""

    deployment: Deployment = field(default_factory=Deployment)
    risk: Risk = field(default_factory=Risk)
    recording: Recording = field(default_factory=Recording)
    hidden: Hidden = field(default_factory=Hidden)
    panel: Panel = field(default_factory=Panel)
    act: Act = field(default_factory=Act)
    periods: int = 4  # of crew cells in a year; 0 leaves the calendar out: one row per stratum
    years: int = 1
    first_month: str = "2018-04-01"


Layer = Literal[
    "geography",
    "assignment",
    "incidents",
    "recording",
    "control",
    "history",
    "details",
    "panel",
    "act",
]
LAYERS: tuple[Layer, ...] = get_args(Layer)
