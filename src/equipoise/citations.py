"""A frozen table from method id to the paper behind it.

Result rows carry method ids; reports look the paper up here and print the ones used. A house test holds that every
id a room emits is in this table and that every entry is emitted somewhere.
"""

from __future__ import annotations

from types import MappingProxyType

CITATIONS = MappingProxyType(
    {
        "kaplan-meier": (
            "Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. "
            "J Am Stat Assoc 1958;53:457-481. doi:10.1080/01621459.1958.10501452"
        ),
        "brookmeyer-crowley": (
            "Brookmeyer R, Crowley J. A confidence interval for the median survival time. "
            "Biometrics 1982;38:29-41. doi:10.2307/2530286"
        ),
        "logrank": (
            "Mantel N. Evaluation of survival data and two new rank order statistics arising in its consideration. "
            "Cancer Chemother Rep 1966;50:163-170."
        ),
        "cox-efron": (
            "Efron B. The efficiency of Cox's likelihood function for censored data. "
            "J Am Stat Assoc 1977;72:557-565. doi:10.1080/01621459.1977.10480613"
        ),
        "cox-breslow": (
            "Breslow N. Covariance analysis of censored survival data. Biometrics 1974;30:89-99. doi:10.2307/2529620"
        ),
        "clopper-pearson": (
            "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial. "
            "Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404"
        ),
    }
)


def citation(method: str) -> str:
    """The paper behind a method id. Raises KeyError for an id that is not in the table."""
    return CITATIONS[method]
