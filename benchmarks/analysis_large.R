# Holds the data of benchmarks/analysis_large.py and times one task per line of input: seconds, then the numbers.
suppressMessages(library(survival))
given <- commandArgs(trailingOnly = TRUE)
n <- as.integer(given[2])
column <- function(name, k = 1) readBin(file.path(given[1], paste0(name, ".bin")), "double", n * k)
exact <- column("time"); days <- column("days"); event <- column("event")
arm <- column("arm"); stratum <- column("stratum"); x <- matrix(column("covariates", 10), n)
curve <- function(time) {
  fit <- survfit(Surv(time, event) ~ 1, conf.type = "log-log")
  q <- quantile(fit, 0.5)
  c(min(fit$surv), q$quantile, q$lower, q$upper)
}
estimates <- function(fit) c(coef(fit), sqrt(diag(vcov(fit))))
tasks <- list(
  "Kaplan-Meier" = function(t) curve(t),
  "log-rank, 4 strata" = function(t) survdiff(Surv(t, event) ~ arm + strata(stratum))$chisq,
  "Cox, 1 covariate, 4 strata" = function(t) estimates(coxph(Surv(t, event) ~ arm + strata(stratum))),
  "Cox, 10 covariates, 4 strata" = function(t) estimates(coxph(Surv(t, event) ~ x + strata(stratum)))
)
cat(R.version.string, "survival", as.character(packageVersion("survival")), "\n")
flush(stdout())
input <- file("stdin"); open(input)
while (length(line <- readLines(input, 1)) > 0) {
  name <- sub(", days$", "", line)
  time <- if (name == line) exact else days
  taken <- system.time(found <- tasks[[name]](time))[["elapsed"]]
  cat(format(c(taken, found), digits = 17), "\n")
  flush(stdout())
}
