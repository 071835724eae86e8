"""Panel of recorded counts thinned by recording: what its priors decide, and what they do not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special

from officer_assaults.refusals import Refusal
from officer_assaults.stats.pogit import PogitData
from officer_assaults.topics.recording.model.thinned_panel import (
    PanelPriors,
    fit_reporting_panel,
    panel_data,
)


def simulated_panel(forces: int) -> PogitData:
    """Force-quarters of about 150 with recording about .60, as in the design's own study."""
    rng = np.random.default_rng(12)
    frame = pd.DataFrame(
        [(f"f{force}", f"q{period}") for force in range(forces) for period in range(8)],
        columns=["force", "period"],
    )
    frame["x"], frame["z"] = rng.normal(size=len(frame)), rng.normal(size=len(frame))
    level = np.repeat(rng.normal(0, 0.3, forces), 8)
    mean = 250 * np.exp(level + 0.3 * frame["x"]) * special.expit(0.405 + 0.3 * frame["z"])
    return panel_data(frame.assign(recorded=rng.poisson(mean), exposure=250.0), ["x"], ["z"])


def test_panel_level_follows_its_prior_and_slopes_do_not():
    panel = simulated_panel(43)
    fits = [
        fit_reporting_panel(panel, PanelPriors(level=level)).summary.set_index("quantity")
        for level in (0.4, 0.6, 0.8)
    ]
    levels = [fit.loc["level of recording", "estimate"] for fit in fits]
    slopes = [fit.loc["incidence slope: x", "estimate"] for fit in fits]
    # The design's own study moved from .50 over .60 to .66 with the same three priors.
    assert levels == pytest.approx([0.50, 0.60, 0.66], abs=0.06)
    assert np.ptp(levels) > 0.1
    assert slopes == pytest.approx([0.3] * 3, abs=0.05)
    assert np.ptp(slopes) < 0.005
    for fit in fits:
        assert "estimated" not in fit.loc["level of recording", "label"]
        assert fit.loc["level of recording", "label"] != "moved by the counts"
        assert fit.loc["incidence slope: x", "label"] == "moved by the counts"


def test_panel_refuses_a_covariate_in_both_parts():
    frame = pd.DataFrame({
        "force": ["a", "a", "b", "b"], "period": ["1", "2"] * 2, "recorded": [5, 6, 7, 9],
        "exposure": 1.0, "x": [1.0, 2.0, 3.0, 5.0],
    })  # fmt: skip
    with pytest.raises(Refusal, match="E117"):
        fit_reporting_panel(panel_data(frame, ["x"], ["x"]), PanelPriors())
