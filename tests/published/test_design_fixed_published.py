"""Printed sample sizes: PALMIRA's arithmetic, East, SAS PROC SEQDESIGN and gsDesign."""

import math

import pytest

from equipoise.design import (
    Accrual,
    Dropout,
    Hazard,
    detectable_hazard_ratio,
    events_required,
    expected_events,
    fixed_design,
    power_of,
)

PALMIRA = {"alpha": 0.05, "sides": 2, "ratio": 2}


def test_palmira_needs_127_events():
    found = events_required(0.59, power=0.8, **PALMIRA)
    assert (found.events_up, round(found.events, 2)) == (127, 126.87)


def test_palmira_by_freedman():
    found = events_required(0.59, power=0.8, method="freedman", **PALMIRA)
    assert (found.events_up, round(found.events, 2)) == (111, 110.95)
    assert events_required(0.59, power=0.8, alpha=0.05, sides=2, method="freedman").events_up == 119


def test_palmira_at_155_events():
    assert round(power_of(155, hazard_ratio=0.59, **PALMIRA).power, 6) == 0.872164


@pytest.mark.parametrize(
    ("events", "power", "detectable", "largest"),
    [
        (127, 0.800, 0.590, 0.691),
        (140, 0.837, 0.605, 0.704),
        (155, 0.872, 0.620, 0.716),
        (178, 0.913, 0.641, 0.732),
        (198, 0.938, 0.656, 0.744),
    ],
)
def test_palmira_design_table(events, power, detectable, largest):
    found = power_of(events, hazard_ratio=0.59, **PALMIRA)
    assert (round(found.power, 3), round(found.critical_hazard_ratio, 3)) == (power, largest)
    assert round(detectable_hazard_ratio(events, power=0.8, **PALMIRA).hazard_ratio, 3) == detectable


def test_monaleesa_7_about_329_events():
    """MONALEESA-7: about 329 events give 95% power at 0.67 (9.0 to 13.4 months), one-sided 2.5%, 1:1."""
    found = events_required(9.0 / 13.4, power=0.95, alpha=0.025, sides=1)
    assert found.events_up == 329


def test_east_fixed_part_of_the_group_sequential_case():
    """East 6.5: 1:1, HR 0.6, median 9.4, 24 + 10 months, dropout 0.019: 234.426 events need 398.2 patients."""
    accrual = Accrual.uniform(n=1, duration=24)
    control = Hazard.from_median(9.4)
    share = expected_events(34, accrual=accrual, control=control, hazard_ratio=0.6, dropout=Dropout(0.019)).total
    assert round(234.426 / share, 1) == 398.2


def test_east_power_from_the_validation_of_gsdesign():
    """East 6.5: median 10, HR 0.5, 4 patients a month for 12 months, 30 months of follow-up, one-sided 0.025."""
    design = fixed_design(
        hazard_ratio=0.5, control=Hazard.from_median(10), accrual=Accrual.uniform(rate=4, duration=12), follow_up=30,
        alpha=0.025, sides=1,
    )  # fmt: skip
    assert design.events == pytest.approx(39.02121789, abs=5e-9)
    # East's last digit differs: 0.5812045889 here.
    assert design.power == pytest.approx(0.58120457, abs=2e-8)


# SAS was given the hazard log(2) / 20 = 0.034657 as 0.03466; its n agree with that to every digit.
SEQDESIGN = {"hazard_ratio": 0.5, "control": Hazard(0.03466), "power": 0.9, "alpha": 0.025, "sides": 1}


def test_sas_seqdesign_patients():
    """SAS 9.4 PROC SEQDESIGN, printed in gsDesign's validation: HR 0.5, 24 months of accrual, 12 of follow-up."""
    design = fixed_design(accrual=Accrual.uniform(duration=24), follow_up=12, **SEQDESIGN)
    assert (round(design.events, 4), round(design.n, 4)) == (87.4793, 197.1152)


def test_sas_seqdesign_accrual_duration():
    """The same at 6 patients a month, the duration of accrual open: n 182.1759."""
    design = fixed_design(accrual=Accrual.uniform(rate=6), follow_up=12, **SEQDESIGN)
    assert (round(design.events, 4), round(design.n, 4)) == (87.4793, 182.1759)


def test_gsdesign_lachin_foulkes():
    """gsDesign's nSurv, printed: median 20, HR 0.5, 20 months of accrual and 10 of follow-up: N 227.6, D 88.7."""
    design = fixed_design(accrual=Accrual.uniform(duration=20), follow_up=10, method="lachin-foulkes-log", **SEQDESIGN)
    assert (round(design.n, 1), round(design.events, 1)) == (227.6, 88.7)


def test_median_of_the_experimental_arm():
    """Control medians 3.6, 4.6, 5.0 and 6.0 correspond to 6.1, 7.8, 8.5 and 10.2 months at a hazard ratio of 0.59."""
    found = [round(Hazard.from_median(m).times(0.59).median(), 1) for m in (3.6, 4.6, 5.0, 6.0)]
    assert found == [6.1, 7.8, 8.5, 10.2]
    assert math.isinf(Hazard(0.0).median())
