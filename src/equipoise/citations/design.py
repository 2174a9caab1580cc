"""Papers of designs, sequential bounds, monitoring and simulation."""

from __future__ import annotations

from types import MappingProxyType

PAPERS = MappingProxyType(
    {
        "group-sequential": (
            "Jennison C, Turnbull BW. Group sequential methods with applications to clinical trials. Chapman and Hall "
            "2000, chapter 19. doi:10.1201/9780367805326"
        ),
        "lan-demets": (
            "Lan KKG, DeMets DL. Discrete sequential boundaries for clinical trials. Biometrika 1983;70:659-663. "
            "doi:10.1093/biomet/70.3.659"
        ),
        "hwang-shih-decani": (
            "Hwang IK, Shih WJ, DeCani JS. Group sequential designs using a family of type I error probability "
            "spending functions. Stat Med 1990;9:1439-1445. doi:10.1002/sim.4780091207"
        ),
        "kim-demets": (
            "Kim K, DeMets DL. Design and analysis of group sequential tests based on the type I error spending rate "
            "function. Biometrika 1987;74:149-154. doi:10.1093/biomet/74.1.149"
        ),
        "obrien-fleming": (
            "O'Brien PC, Fleming TR. A multiple testing procedure for clinical trials. Biometrics 1979;35:549-556. "
            "doi:10.2307/2530245"
        ),
        "pocock": (
            "Pocock SJ. Group sequential methods in the design and analysis of clinical trials. "
            "Biometrika 1977;64:191-199. doi:10.1093/biomet/64.2.191"
        ),
        "wang-tsiatis": (
            "Wang SK, Tsiatis AA. Approximately optimal one-parameter boundaries for group sequential trials. "
            "Biometrics 1987;43:193-199. doi:10.2307/2531959"
        ),
        "haybittle-peto": (
            "Haybittle JL. Repeated assessment of results in clinical trials of cancer treatment. Br J Radiol "
            "1971;44:793-797. doi:10.1259/0007-1285-44-526-793; Peto R, Pike MC, Armitage P, et al. Design and "
            "analysis of randomized clinical trials requiring prolonged observation of each patient. Br J Cancer "
            "1976;34:585-612. doi:10.1038/bjc.1976.220"
        ),
        "schoenfeld": (
            "Schoenfeld D. The asymptotic properties of nonparametric tests for comparing survival distributions. "
            "Biometrika 1981;68:316-319. doi:10.1093/biomet/68.1.316"
        ),
        "freedman": (
            "Freedman LS. Tables of the number of patients required in clinical trials using the logrank test. "
            "Stat Med 1982;1:121-129. doi:10.1002/sim.4780010204"
        ),
        "lachin-foulkes": (
            "Lachin JM, Foulkes MA. Evaluation of sample size and power for analyses of survival with allowance for "
            "nonuniform patient entry, losses to follow-up, noncompliance, and stratification. "
            "Biometrics 1986;42:507-519. doi:10.2307/2531201"
        ),
        "lachin-foulkes-log": (
            "Lachin JM, Foulkes MA. Biometrics 1986;42:507-519. doi:10.2307/2531201, "
            "on the scale of the log hazard ratio."
        ),
        "rubinstein": (
            "Rubinstein LV, Gail MH, Santner TJ. Planning the duration of a comparative clinical trial with loss to "
            "follow-up and a period of continued observation. J Chronic Dis 1981;34:469-479. "
            "doi:10.1016/0021-9681(81)90007-2"
        ),
        "expected-events": (
            "Lachin JM, Foulkes MA. Biometrics 1986;42:507-519. doi:10.2307/2531201, with the accrual, hazards and "
            "losses piecewise constant."
        ),
        "trial-simulation": (
            "Morris TP, White IR, Crowther MJ. Using simulation studies to evaluate statistical methods. Stat Med "
            "2019;38:2074-2102. doi:10.1002/sim.8086"
        ),
        "conditional-power": (
            "Lan KKG, Wittes J. The B-value: a tool for monitoring data. Biometrics 1988;44:579-585. "
            "doi:10.2307/2531870"
        ),
        "predictive-power": (
            "Spiegelhalter DJ, Freedman LS, Blackburn PR. Monitoring clinical trials: conditional or predictive power? "
            "Control Clin Trials 1986;7:8-17. doi:10.1016/0197-2456(86)90003-6"
        ),
        "promising-zone": (
            "Mehta CR, Pocock SJ. Adaptive increase in sample size when interim results are promising: a practical "
            "guide with examples. Stat Med 2011;30:3267-3284. doi:10.1002/sim.4102"
        ),
        "cui-hung-wang": (
            "Cui L, Hung HMJ, Wang SJ. Modification of sample size in group sequential clinical trials. "
            "Biometrics 1999;55:853-857. doi:10.1111/j.0006-341X.1999.00853.x"
        ),
        "chen-demets-lan": (
            "Chen YHJ, DeMets DL, Lan KKG. Increasing the sample size when the unblinded interim result is promising. "
            "Stat Med 2004;23:1023-1038. doi:10.1002/sim.1688"
        ),
        "stagewise-ordering": (
            "Tsiatis AA, Rosner GL, Mehta CR. Exact confidence intervals following a group sequential test. "
            "Biometrics 1984;40:797-803. doi:10.2307/2530924"
        ),
        "repeated-confidence": (
            "Jennison C, Turnbull BW. Interim analyses: the repeated confidence interval approach. "
            "J R Stat Soc B 1989;51:305-361. doi:10.1111/j.2517-6161.1989.tb01433.x"
        ),
        "sequential-p": (
            "Liu Q, Anderson KM. On adaptive extensions of group sequential trials for clinical investigations. "
            "J Am Stat Assoc 2008;103:1621-1630. doi:10.1198/016214508000001110"
        ),
        "graphical-test": (
            "Bretz F, Maurer W, Brannath W, Posch M. A graphical approach to sequentially rejective multiple test "
            "procedures. Stat Med 2009;28:586-604. doi:10.1002/sim.3495"
        ),
        "graphical-group-sequential": (
            "Maurer W, Bretz F. Multiple testing in group sequential trials using graphical approaches. "
            "Stat Biopharm Res 2013;5:311-320. doi:10.1080/19466315.2013.807748"
        ),
        "milestone-prediction": (
            "Bagiella E, Heitjan DF. Predicting analysis times in randomized clinical trials. "
            "Stat Med 2001;20:2055-2063. doi:10.1002/sim.843"
        ),
        "milestone-prediction-weibull": (
            "Ying GS, Heitjan DF. Weibull prediction of event times in clinical trials. "
            "Pharm Stat 2008;7:107-120. doi:10.1002/pst.271"
        ),
        "average-hazard-ratio": (
            "Mukhopadhyay P, Huang W, Metcalfe P, Öhrn F, Jenner M, Stone A. Statistical and practical considerations "
            "in designing of immuno-oncology trials. J Biopharm Stat 2020;30:1130-1146. "
            "doi:10.1080/10543406.2020.1815035"
        ),
        "kalbfleisch-prentice": (
            "Kalbfleisch JD, Prentice RL. Estimation of the average hazard ratio. Biometrika 1981;68:105-112. "
            "doi:10.1093/biomet/68.1.105"
        ),
        "cox-limit": (
            "Struthers CA, Kalbfleisch JD. Misspecified proportional hazard models. Biometrika 1986;73:363-369. "
            "doi:10.1093/biomet/73.2.363"
        ),
        "weighted-logrank-design": (
            "Yung G, Liu Y. Sample size and power for the weighted log-rank test and Kaplan-Meier based tests with "
            "allowance for nonproportional hazards. Biometrics 2020;76:939-950. doi:10.1111/biom.13196; Tsiatis AA. "
            "Repeated significance testing for a general class of statistics used in censored survival analysis. "
            "J Am Stat Assoc 1982;77:855-861. doi:10.1080/01621459.1982.10477898"
        ),
        "maxcombo-design": (
            "Prior TJ. Group sequential monitoring based on the maximum of weighted log-rank statistics with the "
            "Fleming-Harrington class of weights in oncology clinical trials. Stat Methods Med Res 2020;29:3525-3532. "
            "doi:10.1177/0962280220931560"
        ),
        "rmst-design": (
            "Royston P, Parmar MKB. Restricted mean survival time: an alternative to the hazard ratio for the design "
            "and analysis of randomized trials with a time-to-event outcome. BMC Med Res Methodol 2013;13:152. "
            "doi:10.1186/1471-2288-13-152; variance under accrual: Yung G, Liu Y. Biometrics 2020;76:939-950. "
            "doi:10.1111/biom.13196"
        ),
        "milestone-design": (
            "Klein JP, Logan B, Harhoff M, Andersen PK. Analyzing survival curves at a fixed point in time. "
            "Stat Med 2007;26:4505-4519. doi:10.1002/sim.2864; variance under accrual: Yung G, Liu Y. "
            "Biometrics 2020;76:939-950. doi:10.1111/biom.13196"
        ),
    }
)
