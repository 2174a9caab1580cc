"""PALMIRA's clinical benefit rates (PMID 40294349): 57/136 and 17/62, intervals 33.5-50.7 and 16.9-40.2 percent."""

import pytest

from equipoise.analysis import rate_interval


@pytest.mark.parametrize(("x", "n", "printed"), [(57, 136, (33.5, 50.7)), (17, 62, (16.9, 40.2))])
def test_clinical_benefit_rate_interval(x, n, printed):
    interval = rate_interval(x, n)
    assert (round(100 * interval.conf_low, 1), round(100 * interval.conf_high, 1)) == printed
