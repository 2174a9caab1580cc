# Fine and Gray's regression with a censoring distribution by group (cmprsk's cengroup), and with strata and case weights
# (survival's finegray and coxph). finegray has its own rule for a censoring and a failure at one time and its censoring
# distribution takes no weights: so its times are made distinct (their ranks), and its weights are repeated rows.
#   Rscript fine_gray_bank.R FOLDER/competing OUTPUT VERSIONS
suppressPackageStartupMessages({ library(survival); library(cmprsk) })
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[2], "w")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(sprintf("%.17g", as.numeric(values)), collapse = ", ")), file = out)
}

control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)
for (name in c("mgus2", "heavy_ties", "few_ties", "two_groups", "huge_times")) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  xs <- grep("^x", names(d), value = TRUE)
  if (is.null(d$stratum)) d$stratum <- d$group
  emit(name, "data", "shape", dim(d)); emit(name, "data", "sum_time", sum(d$time))
  d$kind <- factor(d$event, sort(unique(c(0, d$event))))
  d$id <- seq_len(nrow(d))
  x <- as.matrix(d[xs])
  # A small gtol and restarts: crr stops early else.
  f <- crr(d$time, d$event, x, cengroup = d$stratum, failcode = 1, gtol = 1e-12, maxiter = 100)
  for (k in 1:4) f <- crr(d$time, d$event, x, cengroup = d$stratum, failcode = 1, gtol = 1e-14, init = f$coef)
  emit(name, "censoring_group", "coef", f$coef)
  emit(name, "censoring_group", "variance", f$var)
  emit(name, "censoring_group", "loglik", c(f$loglik.null, f$loglik))
  d$time <- rank(d$time, ties.method = "first")
  model <- function(analysis, formula, weights, strata) {
    used <- if (weights) d[rep(seq_len(nrow(d)), 1 + (seq_len(nrow(d)) * 7) %% 3), ] else d
    fg <- finegray(formula, data = used, etype = "1", timefix = FALSE)
    right <- paste(xs, collapse = " + ")
    if (strata) right <- paste(right, "+ strata(stratum)")
    fit <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", right)), data = fg, weights = fgwt, ties = "breslow",
                 control = control, timefix = FALSE, robust = FALSE)
    emit(name, analysis, "coef", coef(fit))
    emit(name, analysis, "information_inverse", vcov(fit))
    emit(name, analysis, "loglik", fit$loglik)
  }
  right <- paste(xs, collapse = " + ")
  plain <- as.formula(paste("Surv(time, kind) ~", right, "+ stratum + id"))
  apart <- as.formula(paste("Surv(time, kind) ~", right, "+ stratum + id + strata(stratum)"))
  model("strata", plain, FALSE, TRUE)
  model("weights", plain, TRUE, FALSE)
  model("strata weights", plain, TRUE, TRUE)
  if (name != "mgus2") model("strata censoring_group", apart, FALSE, TRUE)
}
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("cmprsk", packageVersion("cmprsk"))), args[3])
