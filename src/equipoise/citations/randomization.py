"""Papers of the allocation methods and of their assessment."""

from __future__ import annotations

from types import MappingProxyType

PAPERS = MappingProxyType(
    {
        "complete": (
            "Rosenberger WF, Lachin JM. Randomization in clinical trials: theory and practice. 2nd ed. Wiley 2016, "
            "chapter 3. doi:10.1002/9781118742112"
        ),
        "permuted-blocks": (
            "Zelen M. The randomization and stratification of patients to clinical trials. "
            "J Chronic Dis 1974;27:365-375. doi:10.1016/0021-9681(74)90015-0"
        ),
        "big-stick": (
            "Soares JF, Wu CFJ. Some restricted randomization rules in sequential designs. "
            "Commun Stat Theory Methods 1983;12:2017-2034. doi:10.1080/03610928308828586"
        ),
        "biased-coin": (
            "Efron B. Forcing a sequential experiment to be balanced. Biometrika 1971;58:403-417. "
            "doi:10.1093/biomet/58.3.403"
        ),
        "block-urn": (
            "Zhao W, Weng Y. Block urn design: a new randomization algorithm for sequential trials with two or more "
            "treatments and balanced or unbalanced allocation. Contemp Clin Trials 2011;32:953-961. "
            "doi:10.1016/j.cct.2011.08.004"
        ),
        "maximal-procedure": (
            "Berger VW, Ivanova A, Deloria Knoll M. Minimizing predictability while retaining balance through the use "
            "of less restrictive randomization procedures. Stat Med 2003;22:3017-3028. doi:10.1002/sim.1538"
        ),
        "blackwell-hodges": (
            "Blackwell D, Hodges JL. Design for the control of selection bias. Ann Math Stat 1957;28:449-460. "
            "doi:10.1214/aoms/1177706973"
        ),
        "chronological-bias": (
            "Tamm M, Hilgers RD. Chronological bias in randomized clinical trials arising from different types of "
            "unobserved time trends. Methods Inf Med 2014;53:501-510. doi:10.3414/ME14-01-0048"
        ),
        "minimization": (
            "Pocock SJ, Simon R. Sequential treatment assignment with balancing for prognostic factors in the "
            "controlled clinical trial. Biometrics 1975;31:103-115. doi:10.2307/2529712"
        ),
        "ratio-preserving": (
            "Kuznetsova OM, Tymofyeyev Y. Preservation of the allocation ratio at every allocation with biased coin "
            "randomization and minimization in studies with unequal allocation. Stat Med 2012;31:701-723. "
            "doi:10.1002/sim.4447"
        ),
        "han2009": (
            "Han B, Enas NH, McEntegart D. Randomization by minimization for unbalanced treatment allocation. "
            "Stat Med 2009;28:3329-3346. doi:10.1002/sim.3710"
        ),
        "hu-hu": (
            "Hu Y, Hu F. Asymptotic properties of covariate-adaptive randomization. Ann Stat 2012;40:1794-1815. "
            "doi:10.1214/12-AOS983"
        ),
    }
)
