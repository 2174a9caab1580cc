"""Papers of the estimators and tests on one data set."""

from __future__ import annotations

from types import MappingProxyType

PAPERS = MappingProxyType(
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
        "fleming-harrington": (
            "Harrington DP, Fleming TR. A class of rank test procedures for censored survival data. "
            "Biometrika 1982;69:553-566. doi:10.1093/biomet/69.3.553"
        ),
        "tarone-ware": (
            "Tarone RE, Ware J. On distribution-free tests for equality of survival distributions. "
            "Biometrika 1977;64:156-160. doi:10.1093/biomet/64.1.156"
        ),
        "gehan": (
            "Gehan EA. A generalized Wilcoxon test for comparing arbitrarily singly-censored samples. "
            "Biometrika 1965;52:203-223. doi:10.1093/biomet/52.1-2.203"
        ),
        "peto": (
            "Peto R, Peto J. Asymptotically efficient rank invariant test procedures. "
            "J R Stat Soc A 1972;135:185-207. doi:10.2307/2344317"
        ),
        "modified-peto": (
            "Andersen PK, Borgan O, Gill R, Keiding N. Linear nonparametric tests for comparison of counting "
            "processes, with applications to censored survival data. Int Stat Rev 1982;50:219-258. doi:10.2307/1402489"
        ),
        "modestly-weighted": (
            "Magirr D, Burman CF. Modestly weighted logrank tests. Stat Med 2019;38:3782-3790. doi:10.1002/sim.8186"
        ),
        "logrank-trend": (
            "Tarone RE. Tests for trend in life table analysis. Biometrika 1975;62:679-682. doi:10.1093/biomet/62.3.679"
        ),
        "maxcombo": (
            "Karrison TG. Versatile tests for comparing survival curves based on weighted log-rank statistics. "
            "Stata J 2016;16:678-690. doi:10.1177/1536867X1601600308"
        ),
        "rerandomization": (
            "Rosenberger WF, Lachin JM. Randomization in clinical trials: theory and practice. 2nd ed. Wiley 2016, "
            "chapter 6. doi:10.1002/9781118742112"
        ),
        "logrank-exact": (
            "Hothorn T, Hornik K, van de Wiel MA, Zeileis A. A Lego system for conditional inference. "
            "Am Stat 2006;60:257-263. doi:10.1198/000313006X118430"
        ),
        "one-sample-logrank": (
            "Breslow NE. Analysis of survival data under the proportional hazards model. "
            "Int Stat Rev 1975;43:45-57. doi:10.2307/1402659"
        ),
        "adjusted-logrank": (
            "Ye T, Shao J, Yi Y. Covariate-adjusted log-rank test: guaranteed efficiency gain and universal "
            "applicability. Biometrika 2024;111:691-705. doi:10.1093/biomet/asad045"
        ),
        "cox-efron": (
            "Efron B. The efficiency of Cox's likelihood function for censored data. "
            "J Am Stat Assoc 1977;72:557-565. doi:10.1080/01621459.1977.10480613"
        ),
        "cox-breslow": (
            "Breslow N. Covariance analysis of censored survival data. Biometrics 1974;30:89-99. doi:10.2307/2529620"
        ),
        "cox-exact": (
            "Cox DR. Regression models and life-tables. J R Stat Soc B 1972;34:187-220. "
            "doi:10.1111/j.2517-6161.1972.tb00899.x; Gail MH, Lubin JH, Rubinstein LV. Likelihood calculations for "
            "matched case-control studies and survival studies with tied death times. Biometrika 1981;68:703-707. "
            "doi:10.1093/biomet/68.3.703"
        ),
        "cox-marginal": (
            "Kalbfleisch JD, Prentice RL. Marginal likelihoods based on Cox's regression and life model. "
            "Biometrika 1973;60:267-278. doi:10.1093/biomet/60.2.267; DeLong DM, Guirguis GH, So YC. Efficient "
            "computation of subset selection probabilities with application to Cox regression. "
            "Biometrika 1994;81:607-611. doi:10.1093/biomet/81.3.607"
        ),
        "cox-firth": (
            "Heinze G, Schemper M. A solution to the problem of monotone likelihood in Cox regression. "
            "Biometrics 2001;57:114-119. doi:10.1111/j.0006-341X.2001.00114.x"
        ),
        "lin-wei": (
            "Lin DY, Wei LJ. The robust inference for the Cox proportional hazards model. "
            "J Am Stat Assoc 1989;84:1074-1078. doi:10.1080/01621459.1989.10478874"
        ),
        "proportional-hazards-score": (
            "Therneau TM, Grambsch PM. Modeling survival data: extending the Cox model. Springer 2000. "
            "doi:10.1007/978-1-4757-3294-8; Grambsch and Therneau 1994, the score test without their approximation."
        ),
        "proportional-hazards-1994": (
            "Grambsch PM, Therneau TM. Proportional hazards tests and diagnostics based on weighted residuals. "
            "Biometrika 1994;81:515-526. doi:10.1093/biomet/81.3.515"
        ),
        "martingale-residuals": (
            "Therneau TM, Grambsch PM, Fleming TR. Martingale-based residuals for survival models. "
            "Biometrika 1990;77:147-160. doi:10.1093/biomet/77.1.147"
        ),
        "schoenfeld-residuals": (
            "Schoenfeld D. Partial residuals for the proportional hazards regression model. "
            "Biometrika 1982;69:239-241. doi:10.1093/biomet/69.1.239"
        ),
        "cox-baseline-efron": (
            "Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc 1977;72:557-565; "
            "Tsiatis AA. A large sample study of Cox's regression model. Ann Stat 1981;9:93-108. "
            "doi:10.1214/aos/1176345335"
        ),
        "cox-baseline-breslow": (
            "Breslow N. Covariance analysis of censored survival data. Biometrics 1974;30:89-99; "
            "Tsiatis AA. A large sample study of Cox's regression model. Ann Stat 1981;9:93-108. "
            "doi:10.1214/aos/1176345335"
        ),
        "clopper-pearson": (
            "Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial. "
            "Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404"
        ),
        "wilson": (
            "Wilson EB. Probable inference, the law of succession, and statistical inference. "
            "J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953"
        ),
        "wilson-continuity": (
            "Newcombe RG. Two-sided confidence intervals for the single proportion: comparison of seven methods. "
            "Stat Med 1998;17:857-872. doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E"
        ),
        "jeffreys": (
            "Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. "
            "Stat Sci 2001;16:101-133. doi:10.1214/ss/1009213286"
        ),
        "agresti-coull": (
            "Agresti A, Coull BA. Approximate is better than exact for interval estimation of binomial proportions. "
            "Am Stat 1998;52:119-126. doi:10.1080/00031305.1998.10480550"
        ),
        "wald": (
            "Wald A. Tests of statistical hypotheses concerning several parameters when the number of observations is "
            "large. Trans Am Math Soc 1943;54:426-482. doi:10.1090/S0002-9947-1943-0012401-3"
        ),
        "newcombe": (
            "Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven "
            "methods. Stat Med 1998;17:873-890, method 10. "
            "doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; over strata Yan X, Su XG. "
            "Stat Biopharm Res 2010;2:329-335. doi:10.1198/sbr.2009.0049"
        ),
        "newcombe-continuity": (
            "Newcombe RG. Interval estimation for the difference between independent proportions: comparison of eleven "
            "methods. Stat Med 1998;17:873-890, method 11. "
            "doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I"
        ),
        "miettinen-nurminen": (
            "Miettinen O, Nurminen M. Comparative analysis of two rates. Stat Med 1985;4:213-226. "
            "doi:10.1002/sim.4780040211"
        ),
        "mee": "Mee RW. Confidence bounds for the difference between two probabilities. Biometrics 1984;40:1175-1176.",
        "agresti-caffo": (
            "Agresti A, Caffo B. Simple and effective confidence intervals for proportions and differences of "
            "proportions result from adding two successes and two failures. Am Stat 2000;54:280-288. "
            "doi:10.1080/00031305.2000.10474560"
        ),
        "sato": (
            "Sato T. On the variance estimator for the Mantel-Haenszel risk difference. Biometrics 1989;45:1323-1324."
        ),
        "mantel-haenszel": (
            "Robins J, Breslow N, Greenland S. Estimators of the Mantel-Haenszel variance consistent in both sparse "
            "data and large-strata limiting models. Biometrics 1986;42:311-323. doi:10.2307/2531052"
        ),
        "conditional": (
            "Mehta CR, Patel NR, Gray R. Computing an exact confidence interval for the common odds ratio in several "
            "2 x 2 contingency tables. J Am Stat Assoc 1985;80:969-973. doi:10.1080/01621459.1985.10478212"
        ),
        "cmh": (
            "Mantel N, Haenszel W. Statistical aspects of the analysis of data from retrospective studies of disease. "
            "J Natl Cancer Inst 1959;22:719-748. doi:10.1093/jnci/22.4.719"
        ),
        "cmh-general": (
            "Landis JR, Heyman ER, Koch GG. Average partial association in three-way contingency tables: a review and "
            "discussion of alternative tests. Int Stat Rev 1978;46:237-254. doi:10.2307/1402373"
        ),
        "chi-square": (
            "Pearson K. On the criterion that a given system of deviations is such that it can be reasonably supposed "
            "to have arisen from random sampling. Philos Mag 1900;50:157-175. doi:10.1080/14786440009463897"
        ),
        "chi-square-continuity": (
            "Yates F. Contingency tables involving small numbers and the chi-square test. "
            "Suppl J R Stat Soc 1934;1:217-235. doi:10.2307/2983604"
        ),
        "chi-square-n-1": (
            "Campbell I. Chi-squared and Fisher-Irwin tests of two-by-two tables with small sample recommendations. "
            "Stat Med 2007;26:3661-3675. doi:10.1002/sim.2832"
        ),
        "likelihood-ratio": (
            "Wilks SS. The large-sample distribution of the likelihood ratio for testing composite hypotheses. "
            "Ann Math Stat 1938;9:60-62. doi:10.1214/aoms/1177732360"
        ),
        "fisher": "Fisher RA. The logic of inductive inference. J R Stat Soc 1935;98:39-82. doi:10.2307/2342435",
        "fisher-mid-p": (
            "Lancaster HO. Significance tests in discrete distributions. J Am Stat Assoc 1961;56:223-234. "
            "doi:10.1080/01621459.1961.10482105"
        ),
        "barnard": (
            "Barnard GA. Significance tests for 2 x 2 tables. Biometrika 1947;34:123-138. doi:10.1093/biomet/34.1-2.123"
        ),
        "suissa-shuster": (
            "Suissa S, Shuster JJ. Exact unconditional sample sizes for the 2 x 2 binomial trial. "
            "J R Stat Soc A 1985;148:317-327. doi:10.2307/2981892"
        ),
        "boschloo": (
            "Boschloo RD. Raised conditional level of significance for the 2 x 2-table when testing the equality of "
            "two probabilities. Stat Neerl 1970;24:1-9. doi:10.1111/j.1467-9574.1970.tb00104.x"
        ),
        "rmst": (
            "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard ratio for the design "
            "and analysis of randomized trials with a time-to-event outcome. BMC Med Res Methodol 2013;13:152. "
            "doi:10.1186/1471-2288-13-152"
        ),
        "rmst-difference": (
            "Uno H, Claggett B, Tian L, et al. Moving beyond the hazard ratio in quantifying the between-group "
            "difference in survival analysis. J Clin Oncol 2014;32:2380-2385. doi:10.1200/JCO.2014.55.2208"
        ),
        "milestone": (
            "Klein JP, Logan B, Harhoff M, Andersen PK. Analyzing survival curves at a fixed point in time. "
            "Stat Med 2007;26:4505-4519. doi:10.1002/sim.2864"
        ),
        "median-difference": (
            "Zou GY, Donner A. Construction of confidence limits about effect measures: a general approach. "
            "Stat Med 2008;27:1693-1702. doi:10.1002/sim.3095"
        ),
        "nelson-aalen": (
            "Aalen O. Nonparametric inference for a family of counting processes. Ann Stat 1978;6:701-726. "
            "doi:10.1214/aos/1176344247"
        ),
        "hall-wellner": (
            "Hall WJ, Wellner JA. Confidence bands for a survival curve from censored data. "
            "Biometrika 1980;67:133-143. doi:10.1093/biomet/67.1.133"
        ),
        "equal-precision": (
            "Nair VN. Confidence bands for survival functions with censored data: a comparative study. "
            "Technometrics 1984;26:265-275. doi:10.1080/00401706.1984.10487964"
        ),
        "aalen-johansen": (
            "Aalen OO, Johansen S. An empirical transition matrix for non-homogeneous Markov chains based on censored "
            "observations. Scand J Stat 1978;5:141-150."
        ),
        "gray": (
            "Gray RJ. A class of K-sample tests for comparing the cumulative incidence of a competing risk. "
            "Ann Stat 1988;16:1141-1154. doi:10.1214/aos/1176350951"
        ),
        "fine-gray": (
            "Fine JP, Gray RJ. A proportional hazards model for the subdistribution of a competing risk. "
            "J Am Stat Assoc 1999;94:496-509. doi:10.1080/01621459.1999.10474144"
        ),
        "interval-logrank": (
            "Fay MP, Shaw PA. Exact and asymptotic weighted logrank tests for interval censored data: the interval R "
            "package. J Stat Softw 2010;36(2):1-34. doi:10.18637/jss.v036.i02; Sun J. A non-parametric test for "
            "interval-censored failure time data with application to AIDS studies. Stat Med 1996;15:1387-1395; "
            "Finkelstein DM. A proportional hazards model for interval-censored failure time data. "
            "Biometrics 1986;42:845-854. doi:10.2307/2530698"
        ),
        "landmark": (
            "Anderson JR, Cain KC, Gelber RD. Analysis of survival by tumor response. J Clin Oncol 1983;1:710-719. "
            "doi:10.1200/JCO.1983.1.11.710"
        ),
        "discrepancy-rates": (
            "Amit O, Mannino F, Stone AM, et al. Blinded independent central review of progression in cancer clinical "
            "trials: results from a meta-analysis. Eur J Cancer 2011;47:1772-1778. doi:10.1016/j.ejca.2011.02.013"
        ),
        "rank-sum": (
            "Wilcoxon F. Individual comparisons by ranking methods. Biometrics Bull 1945;1:80-83. doi:10.2307/3001968; "
            "of several groups Kruskal WH, Wallis WA. J Am Stat Assoc 1952;47:583-621."
        ),
        "turnbull": (
            "Turnbull BW. The empirical distribution function with arbitrarily grouped, censored and truncated data. "
            "J R Stat Soc B 1976;38:290-295. doi:10.1111/j.2517-6161.1976.tb01597.x"
        ),
    }
)
