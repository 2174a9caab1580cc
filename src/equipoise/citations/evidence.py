"""Papers of pooling, audits and reconstruction of other people's trials."""

from __future__ import annotations

from types import MappingProxyType

PAPERS = MappingProxyType(
    {
        "inverse-variance": (
            "Cochran WG. The combination of estimates from different experiments. Biometrics 1954;10:101-129. "
            "doi:10.2307/3001666"
        ),
        "cochran-q": (
            "Cochran WG. The combination of estimates from different experiments. Biometrics 1954;10:101-129. "
            "doi:10.2307/3001666"
        ),
        "i-squared": (
            "Higgins JPT, Thompson SG. Quantifying heterogeneity in a meta-analysis. Stat Med 2002;21:1539-1558. "
            "doi:10.1002/sim.1186"
        ),
        "dersimonian-laird": (
            "DerSimonian R, Laird N. Meta-analysis in clinical trials. Control Clin Trials 1986;7:177-188. "
            "doi:10.1016/0197-2456(86)90046-2"
        ),
        "reml-heterogeneity": (
            "Viechtbauer W. Bias and efficiency of meta-analytic variance estimators in the random-effects model. "
            "J Educ Behav Stat 2005;30:261-293. doi:10.3102/10769986030003261"
        ),
        "paule-mandel": (
            "Paule RC, Mandel J. Consensus values and weighting factors. J Res Natl Bur Stand 1982;87:377-385. "
            "doi:10.6028/jres.087.022"
        ),
        "hartung-knapp": (
            "Hartung J, Knapp G. On tests of the overall treatment effect in meta-analysis with normally distributed "
            "responses. Stat Med 2001;20:1771-1782. doi:10.1002/sim.791"
        ),
        "q-profile": (
            "Viechtbauer W. Confidence intervals for the amount of heterogeneity in meta-analysis. "
            "Stat Med 2007;26:37-52. doi:10.1002/sim.2514"
        ),
        "prediction-interval": (
            "Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. "
            "J R Stat Soc A 2009;172:137-159. doi:10.1111/j.1467-985X.2008.00552.x"
        ),
        "assurance": (
            "O'Hagan A, Stevens JW, Campbell MJ. Assurance in clinical trial design. Pharm Stat 2005;4:187-201. "
            "doi:10.1002/pst.175"
        ),
        "grim": (
            "Brown NJL, Heathers JAJ. The GRIM test: a simple technique detects numerous anomalies in the reporting of "
            "results in psychology. Soc Psychol Personal Sci 2017;8:363-369. doi:10.1177/1948550616673876"
        ),
        "statcheck": (
            "Nuijten MB, Hartgerink CHJ, van Assen MALM, Epskamp S, Wicherts JM. The prevalence of statistical "
            "reporting errors in psychology (1985-2013). Behav Res Methods 2016;48:1205-1226. "
            "doi:10.3758/s13428-015-0664-2"
        ),
        "guyot": (
            "Guyot P, Ades AE, Ouwens MJ, Welton NJ. Enhanced secondary analysis of survival data: reconstructing the "
            "data from published Kaplan-Meier survival curves. BMC Med Res Methodol 2012;12:9. "
            "doi:10.1186/1471-2288-12-9"
        ),
        "constrained-reconstruction": (
            "The data of Guyot P, Ades AE, Ouwens MJ, Welton NJ. BMC Med Res Methodol 2012;12:9 "
            "(doi:10.1186/1471-2288-12-9), the most probable counts found by the algorithm of Viterbi AJ. Error bounds "
            "for convolutional codes and an asymptotically optimum decoding algorithm. IEEE Trans Inf Theory "
            "1967;13:260-269. doi:10.1109/TIT.1967.1054010"
        ),
    }
)
