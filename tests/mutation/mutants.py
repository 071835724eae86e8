"""Mutations of the models: each is a mistake that could be made, and the tests that must see it."""

from __future__ import annotations

from dataclasses import dataclass

PACKAGE = "src/officer_assaults"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake.

    Parameters
    ----------
    name : str
        What is done wrong.
    file : str
        Module from the package on, without its ending.
    old, new : str
        Text that must stand in the file exactly once, and what it becomes.
    why : str
        What would be printed wrong.
    tests : str
        Test files or single tests, parted by spaces, of which at least one must fail.
    """

    name: str
    file: str
    old: str
    new: str
    why: str
    tests: str

    @property
    def path(self) -> str:
        """File from the project's root on."""
        return f"{PACKAGE}/{self.file}.py"


RATE = "tests/stats/test_glm.py"
CREW = "tests/topics/crewing/test_estimators.py"
POLICY = "tests/topics/crewing/test_policy.py"
TRIAL = "tests/topics/planning/test_power.py"

MUTANTS = (
    Mutant(
        "offset dropped",
        "stats/glm_fits",
        "glm = sm.GLM(y, x, family=sm.families.Poisson(), offset=log_exposure)",
        "glm = sm.GLM(y, x, family=sm.families.Poisson())",
        "counts compared as if every row had the same hours",
        f"{RATE}::test_poisson_equals_r_glm",
    ),
    Mutant(
        "leave-one-out not left out",
        "stats/newton",
        "rest = np.where(left, 0.0, y - np.exp(x @ beta + log_exposure))",
        "rest = y - np.exp(x @ beta + log_exposure)",
        "every refit the full fit: jackknife intervals of no width",
        f"{RATE}::test_jackknife_equals_refits_and_the_reference_value",
    ),
    Mutant(
        "cluster ignored",
        "topics/crewing/model/ratios",
        'cov="HC1" if few else "cluster",\n            cluster=None if few else cluster,',
        'cov="HC1",\n            cluster=None,',
        "intervals as if every beat-month were on its own",
        "tests/topics/crewing/test_golden.py::test_ratio_and_cluster_error_equal_r",
    ),
    Mutant(
        "G/(G-1) dropped where rows are very many",
        "stats/glm_fits",
        'by = {"none": 1.0, "G/(G-1)": clusters / (clusters - 1)}',
        'by = {"none": 1.0, "G/(G-1)": 1.0}',
        "cluster errors of large exports too small",
        "tests/stats/test_many_places.py::test_every_family_of_many_rows_is_that_of_statsmodels",
    ),
    Mutant(
        "back-up by crew left out of the single arm of many cells",
        "topics/crewing/model/arms",
        "            single[at, kept.index(partner)] = 1.0\n",
        "            single[at, kept.index(partner)] = float(partner == name or name == CREW)\n",
        "policies of large exports judged by one ratio for all hours",
        "tests/topics/crewing/test_many_cells.py::"
        "test_the_whole_analysis_of_many_cells_is_that_of_few",
    ),
    Mutant(
        "G/(G-1) dropped",
        "stats/glm_fits",
        'factor = len(labels) / (len(labels) - 1) if spec.correction == "G/(G-1)" else 1.0',
        "factor = 1.0",
        "cluster errors too small",
        f"{RATE}::test_robust_errors_equal_r_sandwich",
    ),
    Mutant(
        "G/(G-1) doubled",
        "stats/glm_fits",
        'factor = len(labels) / (len(labels) - 1) if spec.correction == "G/(G-1)" else 1.0',
        'factor = (len(labels) / (len(labels) - 1)) ** 2 if spec.correction == "G/(G-1)" else 1.0',
        "cluster errors corrected twice",
        f"{RATE}::test_robust_errors_equal_r_sandwich",
    ),
    Mutant(
        "normal for t with clusters",
        "stats/glm",
        """    if clusters is not None:
        return float(clusters - 1)
""",
        "",
        "intervals too short where clusters are few",
        "tests/topics/crewing/test_golden.py::test_ratio_and_cluster_error_equal_r",
    ),
    Mutant(
        "call grade left out of the adjustment",
        "topics/crewing/model/cells",
        '"Call grade and markers": ("grade1_share", "marker_share"),',
        '"Call grade and markers": ("marker_share",),',
        "riskier calls of double crews make single crewing look safe",
        f"{CREW}::test_the_adjustment_set_is_fixed_by_the_diagram",
    ),
    Mutant(
        "planned hours under booked victims",
        "stats/shares",
        "planned = ratio * ((single + share * double) / single) / kept",
        "planned = ratio * (single / (single + share * double)) * kept",
        "the warning on planned crews would point the wrong way",
        "tests/topics/crewing/test_shares.py::test_wrong_crew_types_shift_hours_and_victims_as_counted",
    ),
    Mutant(
        "planned crew in the numerator, booked crew in the denominator",
        "topics/crewing/data/about",
        "if hours in CREW_LOGS and victims in CREW_LOGS and hours != victims:",
        "if False:",
        "a ratio out by a third where planned crews part",
        "tests/topics/crewing/test_sources.py::test_a_broken_sidecar_is_refused",
    ),
    Mutant(
        "crews of three counted as double",
        "topics/crewing/model/cells",
        "kept = cells[~larger] if larger.any() else cells",
        "kept = cells",
        "hours and victims of larger crews in the double-crewed rate",
        f"{CREW}::test_crews_of_three_are_left_out_and_counted",
    ),
    Mutant(
        "double crew counted as two units",
        "topics/crewing/model/policy",
        "(hours * (single + (1 - single) / OFFICERS_PER_DOUBLE)).sum()",
        "(hours * (single + (1 - single))).sum()",
        "the units that a policy costs would be understated",
        f"{POLICY}::test_units_lost_are_half_the_officers_put_together",
    ),
    Mutant(
        "policy hours not conserved",
        "topics/crewing/model/policy",
        "moved = exposure * (model.frame[AS_IT_IS].to_numpy(float) "
        "- share_single(policy, model.frame))",
        "moved = exposure * (1.0 - share_single(policy, model.frame))",
        "double-crewed hours counted as moved to double crews",
        f"{POLICY}::test_leaving_crews_as_they_are_moves_nothing_and_is_told_so",
    ),
    Mutant(
        "policy counted the wrong way round",
        "topics/crewing/model/policy",
        "model.single.sums(moved, betas) - model.double.sums(moved, betas)",
        "model.double.sums(moved, betas) - model.single.sums(moved, betas)",
        "more victims printed as fewer",
        f"{POLICY}::test_all_single_and_all_double_frame_the_observed_total",
    ),
    Mutant(
        "interaction dropped from the policy model",
        "topics/crewing/model/policy",
        "f\"victims ~ {' + '.join(['single', *data.terms, *interactions])}\", "
        "list(data.frame.columns)",
        "f\"victims ~ {' + '.join(['single', *data.terms])}\", list(data.frame.columns)",
        "a targeted policy judged by the average ratio",
        f"{POLICY}::test_the_policy_model_has_every_interaction_it_was_asked_for",
    ),
    Mutant(
        "jackknife of policies scaled wrongly",
        "topics/crewing/model/policy",
        "return math.sqrt((groups - 1) / groups * float(((left_out - full) ** 2).sum()))",
        "return math.sqrt(float(((left_out - full) ** 2).sum()) / groups)",
        "policy intervals shorter by the root of G - 1",
        "tests/topics/crewing/test_golden.py::test_jackknife_error_equals_the_refits",
    ),
    Mutant(
        "gate on positivity off its bound",
        "topics/crewing/model/strata",
        "self.events >= FEWEST_EVENTS",
        "self.events > FEWEST_EVENTS",
        "a stratum with exactly enough victims refused",
        f"{POLICY}::test_the_gate_counts_its_bounds_in",
    ),
    Mutant(
        "benchmark of sharing upside down",
        "stats/shares",
        "return 2 / victims_per_double",
        "return victims_per_double / 2",
        "the ratio that crewing alone produces, inverted",
        "tests/topics/crewing/test_shares.py::test_the_benchmark_needs_one_or_two_victims",
    ),
    Mutant(
        "recording multiplied instead of divided",
        "topics/crewing/model/checks",
        "found.ratio / rho, found.lower / rho, found.upper / rho",
        "found.ratio * rho, found.lower * rho, found.upper * rho",
        "unequal recording corrected the wrong way",
        f"{CREW}::test_recording_divides_the_ratio",
    ),
    Mutant(
        "hours after a double-crewed shift not taken off",
        "topics/crewing/model/checks",
        'officer_hours=frame["officer_hours"] - hours,',
        'officer_hours=frame["officer_hours"],',
        "the negative control fails, or passes, by its denominator",
        f"{CREW}::test_negative_controls_hold_where_nothing_is_hidden",
    ),
    Mutant(
        "sign changes counted one-sided",
        "topics/crewing/model/ratios",
        "totals = np.abs(signs @ scores)\n"
        "    return float((totals >= abs(scores.sum()) * (1 - 1e-9)).mean())",
        "totals = signs @ scores\n"
        "    return float((totals >= abs(scores.sum()) * (1 - 1e-9)).mean())",
        "p half of what it is",
        f"{CREW}::test_few_clusters_give_a_permutation_and_no_interval "
        f"{CREW}::test_sign_changes_keep_their_size_under_no_difference",
    ),
    Mutant(
        "weights not inverted",
        "topics/crewing/model/weights",
        'return 1 - own if estimator == "overlap" else 1 / own',
        'return 1 - own if estimator == "overlap" else own',
        "weighting makes crews less alike, not more",
        f"{CREW}::test_with_one_cause_in_full_weighting_and_standardising_agree",
    ),
    Mutant(
        "error of the estimated chance taken off",
        "topics/crewing/model/weights",
        "scores = scores + _inverse_correction(",
        "scores = scores - _inverse_correction(",
        "weighted intervals of the wrong length",
        f"{CREW}::test_weighted_limits_are_those_of_leaving_places_out",
    ),
    Mutant(
        "vintages and years mixed: any year is the same segment",
        "stats/forecast_panel",
        "return moment.year if moment.month >= APRIL else moment.year - 1",
        "return moment.year",
        "January to March counted in the following financial year",
        "tests/stats/test_forecast.py::test_breaks_become_segment_starts",
    ),
    Mutant(
        "tau set to zero",
        "stats/heterogeneity",
        "tau2 = float(_generalised_q_root(y, v, np.ones_like(y), y.size - 1))",
        "tau2 = 0.0",
        "forces taken to differ by chance alone",
        "tests/stats/test_heterogeneity.py::test_estimators_equal_r_metafor",
    ),
    Mutant(
        "tau without its degree of freedom",
        "stats/heterogeneity",
        "tau2 = float(_generalised_q_root(y, v, np.ones_like(y), y.size - 1))",
        "tau2 = float(_generalised_q_root(y, v, np.ones_like(y), y.size))",
        "heterogeneity understated",
        "tests/stats/test_heterogeneity.py::test_estimators_equal_r_metafor",
    ),
    Mutant(
        "the judged force not left out",
        "stats/heterogeneity",
        "df = others.k - 1",
        "df = others.k",
        "a comparison with one degree of freedom too many",
        "tests/stats/test_heterogeneity.py::test_comparison_uses_the_other_units_only",
    ),
    Mutant(
        "spread of the others without the judged force's own error",
        "stats/heterogeneity",
        "spread = np.sqrt(tau2 + v + se2)",
        "spread = np.sqrt(tau2 + se2)",
        "false alarms in the funnel: what winsorising without its factor does",
        "tests/stats/test_heterogeneity.py::test_all_units_at_once_equal_one_at_a_time",
    ),
    Mutant(
        "exact funnel limits with both tails on one side",
        "stats/funnel",
        "tail = check_alpha(1 - level) / 2",
        "tail = check_alpha(1 - level)",
        "control limits too narrow",
        "tests/stats/test_funnel.py::test_exact_limits_leave_the_stated_tails",
    ),
    Mutant(
        "score for exact interval of a proportion",
        "stats/intervals",
        '(_beta if method == "exact" else _wilson)(k, n, alpha)',
        "_wilson(k, n, alpha)",
        "limits that cover less than they say",
        "tests/stats/test_intervals.py::test_clopper_pearson_equals_published_table",
    ),
    Mutant(
        "ratio turned round",
        "stats/rate_ratio",
        "lower = share.lower / (1 - share.lower) * g / f",
        "lower = share.lower / (1 - share.lower) * f / g",
        "exposures of the two years exchanged",
        "tests/stats/test_rate_ratio.py::test_swapping_periods_inverts_the_ratio "
        "tests/stats/test_rate_ratio.py::test_the_unit_of_exposure_does_not_matter",
    ),
    Mutant(
        "two-sided p taken one-sided",
        "stats/rate_ratio",
        "return float(stats.binomtest(y1, y1 + y0, share).pvalue)",
        'return float(stats.binomtest(y1, y1 + y0, share, alternative="greater").pvalue)',
        "p about half of what it is",
        "tests/stats/test_rate_ratio.py::test_exact_ratio_equals_r_poisson_test",
    ),
    Mutant(
        "movement between years added, not squared",
        "stats/rate_ratio",
        "se = math.sqrt(phi * (1 / y1 + 1 / y0) + tau**2)",
        "se = math.sqrt(phi * (1 / y1 + 1 / y0) + tau)",
        "intervals of another width",
        "tests/stats/test_rate_ratio.py::test_interval_reaches_one_exactly_at_the_tipping_points",
    ),
    Mutant(
        "days of a week",
        "stats/intervals",
        "DAYS_PER_WEEK = 7",
        "DAYS_PER_WEEK = 5",
        "a week of working days",
        "tests/stats/test_intervals.py::test_weekly_rates_as_printed",
    ),
    Mutant(
        "dispersion of incidents with two victims",
        "stats/dispersion",
        "return (1 + 3 * share_two) / (1 + share_two)",
        "return (1 + 2 * share_two) / (1 + share_two)",
        "overdispersion understated",
        "tests/stats/test_dispersion.py::test_two_victims_an_incident",
    ),
    Mutant(
        "common drift not taken off",
        "stats/severity",
        "log_ratio=own.log_ratio - panel.mu,",
        "log_ratio=own.log_ratio,",
        "uptake of a new code read as severity",
        "tests/stats/test_severity.py::"
        "test_calibration_uses_the_others_only_and_loses_a_degree_of_freedom "
        "tests/stats/test_severity.py::test_coverage_with_wobble_between_forces_and_a_common_drift",
    ),
    Mutant(
        "calibrated by normal limits",
        "stats/severity",
        """        method="calibrated",
        se=float(np.hypot(own.se, panel.tau)),
        df=float(panel.k - 1),""",
        """        method="calibrated",
        se=float(np.hypot(own.se, panel.tau)),
        df=math.inf,""",
        "intervals too short",
        "tests/stats/test_severity.py::"
        "test_calibration_uses_the_others_only_and_loses_a_degree_of_freedom",
    ),
    Mutant(
        "upper bound of an overlap",
        "stats/composition",
        "upper=int(min(first.upper, second.upper)),",
        "upper=int(max(first.upper, second.upper)),",
        "more cases in both parts than one of them holds",
        "tests/stats/test_composition.py::test_overlap_bounds_hold_every_possible_overlap",
    ),
    Mutant(
        "lower bound of an overlap",
        "stats/composition",
        "lower=max(0, int(first.lower + second.lower) - total),",
        "lower=0,",
        "an overlap that must exist called possible",
        "tests/stats/test_composition.py::test_overlap_bounds_hold_every_possible_overlap",
    ),
    Mutant(
        "follow-up counted from the start of the quarter",
        "topics/justice/model",
        "end = quarter_start + pd.DateOffset(months=MONTHS_PER_QUARTER)",
        "end = quarter_start",
        "charge rates of offences that had no time to be charged",
        "tests/topics/justice/test_justice.py::test_follow_up_counts_whole_quarters",
    ),
    Mutant(
        "last day of follow-up",
        "topics/justice/model",
        "until = outcomes_until + pd.Timedelta(days=1)",
        "until = outcomes_until",
        "one quarter of follow-up lost",
        "tests/topics/justice/test_justice.py::test_follow_up_counts_whole_quarters",
    ),
    Mutant(
        "standardised to each force's own mix",
        "topics/justice/model",
        "standard = (charged / recorded) @ weights",
        "standard = charged.T.sum() / recorded.T.sum()",
        "a difference of mix read as one of charging",
        "tests/topics/justice/test_justice.py::test_standardising_removes_a_difference_that_is_only_mix",
    ),
    Mutant(
        "month of commencement counted as before",
        "topics/justice/courts",
        "[month < commencement, month == commencement, month.isin(last)]",
        "[month <= commencement, month == commencement, month.isin(last)]",
        "a mixed month in the comparison",
        "tests/topics/justice/test_justice.py::"
        "test_old_and_new_offence_are_added_and_months_are_sorted_into_periods",
    ),
    Mutant(
        "series without its step counterfactual",
        "stats/segmented",
        "without[:, (-2 if options.slope else -1) :] = 0.0",
        "without[:, -1:] = 0.0",
        "the slope after the event left in the counterfactual",
        "tests/topics/act/test_interruption.py::test_the_counterfactual_has_neither_step_nor_slope",
    ),
    Mutant(
        "event period half open",
        "stats/segmented",
        "earlier = dates[dates <= event]",
        "earlier = dates[dates < event]",
        "the quarter that opens on the day counted as before",
        "tests/topics/act/test_interruption.py::test_a_day_belongs_to_the_period_that_it_opens",
    ),
    Mutant(
        "control category not in the binomial total",
        "topics/act/steps",
        "fit = fit_batch(design.matrix, recorded, recorded + other)\n    quantile",
        "fit = fit_batch(design.matrix, recorded)\n    quantile",
        "no control at all",
        "tests/topics/act/test_interruption.py::test_steps_at_the_act",
    ),
    Mutant(
        "permutation count off by one",
        "topics/planning/trials",
        "far = np.abs(centred) >= np.abs(own)[:, None] - TIE",
        "far = np.abs(centred) > np.abs(own)[:, None] + TIE",
        "the drawn allocation not counted: p of 0 possible",
        f"{TRIAL}::test_permutation_p_is_exact_on_a_trial_small_enough_to_count",
    ),
    Mutant(
        "two arms counted as one in the sample size",
        "topics/planning/power",
        "shifts = z**2 * (1 + 1 / ratio) / per_shift / math.log(ratio) ** 2",
        "shifts = z**2 / per_shift / math.log(ratio) ** 2",
        "a trial half as large as needed",
        f"{TRIAL}::test_sample_sizes_agree_with_the_planning_table_and_the_library",
    ),
    Mutant(
        "dilution by present crewing forgotten",
        "topics/planning/power",
        "return totals[1] / totals[0]",
        "return totals[1]",
        "a policy promised a larger effect than it can have",
        f"{TRIAL}::test_a_policy_dilutes_the_effect_of_crewing",
    ),
    Mutant(
        "counting error of next year only once",
        "stats/forecast",
        "half = float(stats.norm.isf(check_alpha(alpha) / 2)) * math.sqrt(tau**2 + 2 / count)",
        "half = float(stats.norm.isf(check_alpha(alpha) / 2)) * math.sqrt(tau**2 + 1 / count)",
        "forecast intervals too short",
        "tests/stats/test_forecast.py::test_next_count_interval_in_closed_form",
    ),
    Mutant(
        "common movement drawn for each force",
        "stats/forecasters",
        "common = model.tau_common * np.cumsum(t[1:], axis=0) + "
        "model.drift_se * ahead[:, None] * t[:1]",
        "common = model.drift_se * ahead[:, None] * t[:1]",
        "movements of all forces together averaged away",
        "tests/stats/test_forecast.py::test_total_keeps_the_movement_that_units_share",
    ),
    Mutant(
        "E-value without its root",
        "stats/evalue",
        "return away + math.sqrt(away * (away - 1))",
        "return away",
        "strength of a hidden danger understated",
        "tests/topics/crewing/test_shares.py::test_e_value",
    ),
    Mutant(
        "E-value of the further limit",
        "stats/evalue",
        "nearer = min(limits) if min(limits) > 1 else max(limits)",
        "nearer = max(limits) if min(limits) > 1 else min(limits)",
        "a weak finding called robust",
        "tests/topics/crewing/test_shares.py::test_the_limit_nearer_to_one_counts",
    ),
    Mutant(
        "limit at the null called consistent",
        "stats/verdicts",
        """    if lower <= value <= upper:
        return "not supported\"""",
        """    if lower < value <= upper:
        return "not supported\"""",
        "an interval that touches 1 read as evidence",
        "tests/stats/test_verdicts.py::test_sides_of_a_value",
    ),
    Mutant(
        "total of victims per month for two years",
        "topics/crewing/model/what_if",
        "hours / years,",
        "hours,",
        "patrol hours of all periods printed as those of a year",
        "tests/topics/crewing/test_what_if.py::test_patrol_is_what_the_simulated_force_was_set_to",
    ),
    Mutant(
        "ranks counted from the lowest",
        "stats/ranks",
        "ranks = stats.rankdata(-np.asarray(draws, dtype=float), axis=1)",
        "ranks = stats.rankdata(np.asarray(draws, dtype=float), axis=1)",
        "the safest force called the most assaulted",
        "tests/stats/test_ranks.py::test_plain_case_without_uncertainty",
    ),
    Mutant(
        "capture-recapture without its dependence",
        "stats/capture_recapture",
        "found = chapman(lists, odds_ratio, alpha)",
        "found = chapman(lists, 1.0, alpha)",
        "every assumed dependence gives the same total",
        "tests/stats/test_capture_recapture.py::"
        "test_totals_grow_with_the_assumed_dependence_and_shares_shrink",
    ),
)
