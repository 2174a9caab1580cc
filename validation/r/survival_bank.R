# Kaplan-Meier, log-rank and Cox by R's survival package on every data set of the bank.
#   Rscript survival_bank.R FOLDER OUTPUT
# FOLDER holds one CSV per data set (see validation/export.py). OUTPUT gets one JSON object a line: data set, analysis,
# quantity, values with 17 significant digits (null for NA, text for infinities).
suppressPackageStartupMessages(library(survival))
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
quietly <- function(expr) suppressWarnings(expr)

curve <- function(name, d, timefix) {
  groups <- if (is.null(d$group)) "" else sort(unique(d$group))
  for (g in groups) {
    s <- if (g == "") d else d[d$group == g, ]
    y <- if (is.null(s$entry)) Surv(s$time, s$event) else Surv(s$entry, s$time, s$event)
    w <- if (is.null(s$weight)) rep(1, nrow(s)) else s$weight
    for (type in c("log", "log-log", "plain", "logit", "arcsin")) {
      f <- survfit(y ~ 1, weights = w, conf.type = type, timefix = timefix, robust = FALSE)
      a <- sprintf("km/%s/%s", type, g)
      if (type == "log") {
        emit(name, a, "time", f$time)
        emit(name, a, "survival", f$surv)
        emit(name, a, "std_error", f$std.err * f$surv)
        emit(name, a, "n_risk", f$n.risk)
        emit(name, a, "n_event", f$n.event)
        emit(name, a, "n_censor", f$n.censor)
        at <- quantile(s$time, c(0.1, 0.4, 0.7, 0.9), names = FALSE)
        m <- summary(f, times = c(0, at, 2 * max(s$time)), extend = TRUE)
        emit(name, a, "at_time", m$time)
        emit(name, a, "at_survival", m$surv)
        emit(name, a, "at_low", m$lower)
        emit(name, a, "at_high", m$upper)
        emit(name, a, "at_n_risk", m$n.risk)
      }
      emit(name, a, "low", f$lower)
      emit(name, a, "high", f$upper)
      q <- quantile(f, c(0.25, 0.5, 0.75))
      emit(name, a, "quantile", q$quantile)
      emit(name, a, "quantile_low", q$lower)
      emit(name, a, "quantile_high", q$upper)
    }
    f90 <- survfit(y ~ 1, weights = w, conf.type = "log-log", conf.int = 0.9, timefix = timefix, robust = FALSE)
    emit(name, sprintf("km/log-log-90/%s", g), "low", f90$lower)
  }
}

test <- function(name, d) {
  if (is.null(d$group) || !is.null(d$entry) || !is.null(d$weight)) return(invisible())
  fits <- list(plain = tryCatch(survdiff(Surv(time, event) ~ group, d), error = function(e) NULL))
  if (!is.null(d$stratum)) {
    fits$stratified <- tryCatch(survdiff(Surv(time, event) ~ group + strata(stratum), d), error = function(e) NULL)
  }
  for (k in names(fits)) {
    f <- fits[[k]]
    if (is.null(f)) next
    a <- sprintf("logrank/%s", k)
    emit(name, a, "observed", if (is.matrix(f$obs)) rowSums(f$obs) else f$obs)
    emit(name, a, "expected", if (is.matrix(f$exp)) rowSums(f$exp) else f$exp)
    emit(name, a, "covariance", f$var)
    emit(name, a, "chi_square", f$chisq)
    emit(name, a, "p_value", pchisq(f$chisq, length(f$n) - 1, lower.tail = FALSE))
  }
}

model <- function(name, d, terms, label, ties, timefix) {
  y <- if (is.null(d$entry)) "Surv(time, event)" else "Surv(entry, time, event)"
  d$.w <- if (is.null(d$weight)) rep(1, nrow(d)) else d$weight
  f <- quietly(coxph(as.formula(paste(y, "~", paste(terms, collapse = " + "))), d, weights = .w, ties = ties,
                     robust = FALSE,
                     control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100, timefix = timefix)))
  a <- sprintf("cox/%s/%s", label, ties)
  emit(name, a, "coef", coef(f))
  emit(name, a, "std_error", sqrt(diag(vcov(f))))
  emit(name, a, "loglik", f$loglik)
  emit(name, a, "score", f$score)
  emit(name, a, "wald", f$wald.test)
}

files <- sort(list.files(args[1], "[.]csv$"))
for (file in files) {
  name <- sub("[.]csv$", "", file)
  d <- read.csv(file.path(args[1], file))
  emit(name, "data", "shape", dim(d))
  numeric <- names(d)[vapply(d, is.numeric, TRUE)]
  for (column in numeric) emit(name, "data", paste0("sum/", column), sum(d[[column]]))
  timefix <- name != "tiny_times"
  curve(name, d, timefix)
  if (timefix) test(name, d)
  if (is.null(d$group)) next
  strata <- if (is.null(d$stratum)) character(0) else "strata(stratum)"
  covariates <- grep("^x[0-9]+$", names(d), value = TRUE)
  for (ties in c("efron", "breslow")) {
    model(name, d, "factor(group)", "group", ties, timefix)
    if (length(strata)) model(name, d, c("factor(group)", strata), "group-strata", ties, timefix)
    if (length(covariates)) {
      model(name, d, c("factor(group)", covariates), "all", ties, timefix)
      if (length(strata)) model(name, d, c("factor(group)", covariates, strata), "all-strata", ties, timefix)
    }
  }
}
emit("versions", "R", "version", c(R.version$major, R.version$minor))
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival"))),
           sub("[.]jsonl$", "_versions.txt", args[2]))
