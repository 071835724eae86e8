"""Arms: the design of a policy model were every hour single crewed, or double."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from officer_assaults.stats.designs import MANY_ROWS
from officer_assaults.stats.formulas import RateFormula, rebuild_design
from officer_assaults.stats.near import rate_sums

FloatArray = NDArray[np.float64]
CREW = "single"


@dataclass(frozen=True, slots=True)
class Arm:
    """Design of one arm.

    Attributes
    ----------
    design : array, shape (rows, columns)
    per_term : array, shape (terms, columns), or None
        How much of each coefficient of the model each column takes; None where columns are terms.
    """

    design: FloatArray
    per_term: FloatArray | None = None

    def sums(self, weights: FloatArray, betas: FloatArray) -> FloatArray:
        """Weighted sums of fitted rates at each of many coefficients, shape (m,)."""
        return rate_sums(self.design, weights, self._at(betas))

    def rates(self, beta: FloatArray) -> FloatArray:
        """Fitted rate of each row, shape (rows,)."""
        return np.asarray(np.exp(self.design @ self._at(beta)))

    def longer(self, term: int, more: FloatArray) -> Arm:
        """Return the same arm with ``more``, shape (rows,), added to the column of one term."""
        if self.per_term is None:
            design = self.design.copy()
            design[:, term] += more
            return Arm(design)
        own = np.eye(len(self.per_term))[:, [term]]
        return Arm(np.column_stack([self.design, more]), np.hstack([self.per_term, own]))

    def _at(self, betas: FloatArray) -> FloatArray:
        return betas if self.per_term is None else np.asarray(betas @ self.per_term)


def arms_of(
    matrix: pd.DataFrame, formula: RateFormula, info: Any, frame: pd.DataFrame
) -> tuple[Arm, Arm]:
    """Single and double arm of a model.

    Of very many rows only the columns without the crew are kept, once for both arms: where all are
    single, a term ``single:x`` adds to the coefficient of ``x``.

    Parameters
    ----------
    matrix : DataFrame, shape (rows, terms)
        Design of the rows as they were crewed.
    formula, info
        From :func:`officer_assaults.stats.formulas.build_design`.
    frame : DataFrame
        The rows.
    """
    names = [str(name) for name in matrix.columns]
    if len(frame) > MANY_ROWS and (places := _partners(names)) is not None:
        kept = [name for name in names if CREW not in name.split(":")]
        design = np.ascontiguousarray(matrix[kept].to_numpy())
        single = np.zeros((len(names), len(kept)))
        double = np.zeros_like(single)
        for at, (name, partner) in enumerate(zip(names, places, strict=True)):
            single[at, kept.index(partner)] = 1.0
            if partner == name:
                double[at, kept.index(partner)] = 1.0
        return Arm(design, single), Arm(design, double)
    one, two = (
        Arm(np.asarray(rebuild_design(formula, info, frame.assign(single=arm)).to_numpy()))
        for arm in (1.0, 0.0)
    )
    return one, two


def _partners(names: Sequence[str]) -> list[str] | None:
    """Give the column that each term adds to where all crews are single; None if one has none."""
    found = []
    for name in names:
        parts = name.split(":")
        others = [part for part in parts if part != CREW]
        partner = ":".join(others) if others else "Intercept"
        if partner not in names or len(parts) - len(others) > 1:
            return None
        found.append(partner)
    return found
