# Cumulative incidence, Gray's test and Fine-Gray regression by cmprsk, and cumulative incidence by survfit.
#   Rscript competing_bank.R FOLDER OUTPUT
# FOLDER holds one CSV per data set (see validation/curves_data.py). OUTPUT gets one JSON object a line: data set,
# analysis, quantity, values with 17 significant digits (null for NA, text for infinities).
suppressPackageStartupMessages({ library(survival); library(cmprsk) })
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[2], "w")

text <- function(v) {
  if (is.na(v)) "null" else if (is.infinite(v)) sprintf('"%s"', v) else sprintf("%.17g", v)
}
emit <- function(dataset, analysis, quantity, values) {
  values <- as.numeric(values)
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(values, text, ""), collapse = ", ")), file = out)
}

incidence <- function(name, d, g) {
  causes <- sort(setdiff(unique(d$event), 0))
  at <- unique(round(quantile(d$time, c(0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1), names = FALSE, type = 1), 6))
  found <- timepoints(cuminc(d$time, d$event), at)
  multi <- survfit(Surv(d$time, factor(d$event, c(0, causes))) ~ 1)
  for (type in c("log", "log-log", "plain")) {
    s <- survfit(Surv(d$time, factor(d$event, c(0, causes))) ~ 1, conf.type = type)
    s <- summary(s, times = at, extend = TRUE)
    for (k in seq_along(causes)) {
      a <- sprintf("incidence/%s/%s", causes[k], g)
      emit(name, a, paste0(type, "_low"), s$lower[, k + 1])
      emit(name, a, paste0(type, "_high"), s$upper[, k + 1])
    }
  }
  for (k in seq_along(causes)) {
    a <- sprintf("incidence/%s/%s", causes[k], g)
    row <- match(sprintf("1 %s", causes[k]), rownames(found$est))
    emit(name, a, "at", at)
    emit(name, a, "estimate", found$est[row, ])
    emit(name, a, "aalen", found$var[row, ])
    emit(name, a, "survfit_estimate", s$pstate[, k + 1])
    emit(name, a, "greenwood", s$std.err[, k + 1]^2)
  }
}

gray <- function(name, d) {
  for (rho in c(0, 1, 0.5)) {
    t <- cuminc(d$time, d$event, d$group, rho = rho)$Tests
    emit(name, sprintf("gray/plain/%g", rho), "chi_square", t[, "stat"])
    emit(name, sprintf("gray/plain/%g", rho), "p_value", t[, "pv"])
    emit(name, sprintf("gray/plain/%g", rho), "df", t[, "df"])
    if (is.null(d$stratum)) next
    t <- cuminc(d$time, d$event, d$group, d$stratum, rho = rho)$Tests
    emit(name, sprintf("gray/strata/%g", rho), "chi_square", t[, "stat"])
    emit(name, sprintf("gray/strata/%g", rho), "p_value", t[, "pv"])
  }
}

regression <- function(name, d) {
  x <- grep("^x[0-9]+$", names(d), value = TRUE)
  models <- list()
  if (!is.null(d$group)) models$group <- model.matrix(~ group, d)[, -1, drop = FALSE]
  if (length(x)) models$x <- as.matrix(d[x])
  for (label in names(models)) for (cause in sort(setdiff(unique(d$event), 0))) {
    f <- crr(d$time, d$event, models[[label]], failcode = cause, gtol = 1e-13, maxiter = 100)
    # crr's line search stops at the rounding of the log-likelihood, with a score of about 1e-6; two Newton steps of
    # its own score and information finish the work, and crr gives everything at that point.
    for (polish in 1:2) {
      start <- f$coef + as.vector(f$invinf %*% f$score)
      f <- crr(d$time, d$event, models[[label]], failcode = cause, init = start, gtol = 1e-300, maxiter = 0)
    }
    a <- sprintf("crr/%s/%s", label, cause)
    emit(name, a, "score", f$score)
    emit(name, a, "coef", f$coef)
    emit(name, a, "variance", f$var)
    emit(name, a, "information_inverse", f$invinf)
    emit(name, a, "loglik", c(f$loglik.null, f$loglik))
  }
}

for (file in sort(list.files(args[1], "[.]csv$"))) {
  name <- sub("[.]csv$", "", file)
  d <- read.csv(file.path(args[1], file))
  emit(name, "data", "shape", dim(d))
  for (column in names(d)[vapply(d, is.numeric, TRUE)]) emit(name, "data", paste0("sum/", column), sum(d[[column]]))
  for (g in if (is.null(d$group)) "" else sort(unique(d$group))) incidence(name, if (g == "") d else d[d$group == g, ], g)
  if (!is.null(d$group)) gray(name, d)
  regression(name, d)
}
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("cmprsk", packageVersion("cmprsk"))), sub("[.]jsonl$", "_versions.txt", args[2]))
