"""Group-sequential designs as printed: East, Armitage, McPherson and Rowe, Jennison and Turnbull, converged values."""

import numpy as np
import pytest

from equipoise.design import Accrual, Boundary, Dropout, Hazard, Spending, group_sequential, sequential_trial
from equipoise.kernels.plain.sequential import crossing_probabilities


def test_east_case():
    """East 6.5: one-sided 0.0125, power 0.95, HR 0.6, interim at three quarters, HSD(-10) non-binding futility."""
    exact = group_sequential(
        [0.75, 1.0], alpha=0.0125, sides=1, futility=Spending("hwang-shih-decani", -10), power=0.95, hazard_ratio=0.6
    )
    assert round(exact.maximum, 3) == 234.426
    design = group_sequential(
        [0.75, 1.0], alpha=0.0125, sides=1, futility=Spending("hwang-shih-decani", -10), power=0.95, hazard_ratio=0.6,
        integer=True,
    )  # fmt: skip
    assert design.events.tolist() == [176.0, 235.0]
    assert design.upper == pytest.approx([2.66061817, 2.27984962], abs=1e-6)
    assert design.futility[0] == pytest.approx(0.73787511, abs=1e-5)
    assert design.on_scale("hr") == pytest.approx([0.66958, 0.74272], abs=1e-5)
    assert design.power == pytest.approx(0.9505021, abs=1e-7)
    assert round(design.bounds.beta, 7) == 0.0494979
    assert 1.0 - design.power == pytest.approx(design.bounds.beta, abs=1e-12)
    trial = sequential_trial(
        design, accrual=Accrual.uniform(duration=24), control=Hazard.from_median(9.4), follow_up=10,
        dropout=Dropout(0.019),
    )  # fmt: skip
    assert (trial.n, round(trial.n_exact, 1)) == (398.0, 398.2)
    # 234.426 events of 398.2 patients are expected at 34 months; 235 of 398 come 0.15 months later.
    assert trial.time[1] == pytest.approx(34.0, abs=0.2)
    assert trial.time[0] < 26.0


def test_converged_five_look_design():
    """Values converged by doubling the nodes, printed to 13 digits: O'Brien-Fleming spending, HSD(-2), power 0.9."""
    design = group_sequential(5, alpha=0.025, sides=1, futility=Spending("hwang-shih-decani", -2), power=0.9)
    printed = [4.876884948776, 3.357011921575, 2.680280064545, 2.289816767712, 2.031032043491]
    # The first is the normal quantile of 5.4e-7, printed 1.5e-11 off.
    assert design.upper == pytest.approx(printed, abs=2e-11)
    assert design.inflation == pytest.approx(1.099917558238, abs=2e-11)


@pytest.mark.parametrize(
    ("looks", "error"),
    [(1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193), (20, 0.248), (50, 0.320)],
)
def test_repeated_significance_tests(looks, error):
    """Armitage, McPherson and Rowe (1969), table 2: testing at two-sided 0.05 after every group."""
    bound = np.full(looks, 1.959964)
    below, above = crossing_probabilities(np.arange(1.0, looks + 1), -bound, bound, 0.0)
    assert round(float(below.sum() + above.sum()), 3) == error


POCOCK = {
    0.10: {2: 1.875, 3: 1.992, 4: 2.067, 5: 2.122, 10: 2.270},
    0.05: {2: 2.178, 3: 2.289, 4: 2.361, 5: 2.413, 6: 2.453, 7: 2.485, 8: 2.512, 9: 2.535, 10: 2.555, 20: 2.672},
    0.01: {2: 2.772, 3: 2.873, 4: 2.939, 5: 2.986, 10: 3.117},
}
OBRIEN_FLEMING = {
    0.10: {2: 1.678, 3: 1.710, 4: 1.733, 5: 1.751, 10: 1.801},
    0.05: {2: 1.977, 3: 2.004, 4: 2.024, 5: 2.040, 6: 2.053, 7: 2.063, 8: 2.072, 9: 2.080, 10: 2.087, 20: 2.126},
    0.01: {2: 2.580, 3: 2.595, 4: 2.609, 5: 2.621, 10: 2.660},
}


@pytest.mark.parametrize(
    ("family", "alpha", "looks", "constant"),
    [("pocock", a, k, c) for a, row in POCOCK.items() for k, c in row.items()]
    + [("obrien-fleming", a, k, c) for a, row in OBRIEN_FLEMING.items() for k, c in row.items()],
)
def test_classical_constants(family, alpha, looks, constant):
    """Jennison and Turnbull (2000), tables 2.1 and 2.3: two-sided tests."""
    design = group_sequential(looks, alpha=alpha, sides=2, efficacy=Boundary(family))
    assert round(float(design.upper[-1]), 3) == constant
    shape = np.ones(looks) if family == "pocock" else np.sqrt(looks / np.arange(1, looks + 1))
    assert design.upper == pytest.approx(design.upper[-1] * shape, abs=1e-12)
    assert design.harm == pytest.approx(-design.upper, abs=0.0)


@pytest.mark.parametrize(
    ("family", "power", "factors"),
    [
        ("pocock", 0.8, {2: 1.110, 3: 1.166, 4: 1.202, 5: 1.229, 10: 1.301}),
        ("pocock", 0.9, {2: 1.100, 3: 1.151, 4: 1.183, 5: 1.207}),
        ("obrien-fleming", 0.8, {2: 1.008, 3: 1.017, 4: 1.024, 5: 1.028, 10: 1.040}),
        ("obrien-fleming", 0.9, {2: 1.007, 3: 1.016, 4: 1.022, 5: 1.026, 10: 1.037}),
    ],
)
def test_inflation_factors(family, power, factors):
    """Jennison and Turnbull (2000), tables 2.2 and 2.4: two-sided 0.05."""
    for looks, factor in factors.items():
        design = group_sequential(looks, alpha=0.05, sides=2, efficacy=Boundary(family), power=power)
        assert round(design.inflation, 3) == factor
