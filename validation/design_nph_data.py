"""The scenarios of validation/r/design_nph_bank.R, as the design room states them."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from equipoise.design import Accrual, Dropout, Hazard, Stratum

_FLAT = math.log(2) / 15


class Scenario(NamedTuple):
    """Arguments of a design, with the calendar time of the analysis and a time since randomization."""

    effect: dict[str, Any]
    accrual: Accrual
    time: float
    tau: float


def _by_arm(control: Dropout, experimental: Dropout) -> dict[str, Dropout]:
    return {"control": control, "experimental": experimental}


SCENARIOS = {
    "delayed": Scenario(
        {
            "control": Hazard.from_rates(_FLAT),
            "experimental": Hazard.piecewise([_FLAT, 0.5 * _FLAT], [4]),
            "dropout": Dropout(0.004),
        },
        Accrual.uniform(n=1000, duration=12),
        time=30,
        tau=18,
    ),
    "crossing": Scenario(
        {
            "control": Hazard.piecewise([0.05, 0.11], [6]),
            "experimental": Hazard.piecewise([0.08, 0.07, 0.04], [3, 10]),
            "dropout": _by_arm(Dropout(0.01), Dropout((0.03, 0.005), (5.0,))),
            "ratio": 2,
        },
        Accrual.piecewise([1, 3, 5], [4, 9], duration=20, n=1000, relative=True),
        time=33,
        tau=12,
    ),
    "diminishing": Scenario(
        {
            "strata": {
                "first": Stratum(
                    0.4,
                    Hazard.from_rates(0.12),
                    experimental=Hazard.piecewise([0.03, 0.10], [8]),
                    dropout=Dropout(0.01),
                ),
                "second": Stratum(
                    0.6,
                    Hazard.piecewise([0.06, 0.09], [5]),
                    experimental=Hazard.piecewise([0.02, 0.05, 0.09], [5, 10]),
                    dropout=_by_arm(Dropout(0.005), Dropout(0.02)),
                ),
            },
        },
        Accrual.piecewise([2, 1], [6], duration=15, n=1000, relative=True),
        time=28,
        tau=12,
    ),
    "proportional": Scenario(
        {
            "control": Hazard.piecewise([0.09, 0.05], [9]),
            "hazard_ratio": 0.25,
            "dropout": Dropout(0.01),
            "ratio": 1.5,
        },
        Accrual.uniform(n=1000, duration=24),
        time=36,
        tau=20,
    ),
    "none": Scenario(
        {
            "control": Hazard.from_rates(0.07),
            "experimental": Hazard.from_rates(0.07),
            "dropout": Dropout(0.01),
        },
        Accrual.uniform(n=1000, duration=12),
        time=24,
        tau=12,
    ),
}
