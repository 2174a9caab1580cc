# Restricted means, milestones, cumulative hazards and bands by R, on every data set of the bank on curves.
#   Rscript curves_bank.R FOLDER OUTPUT
# FOLDER holds one CSV per data set (see validation/curves_data.py). OUTPUT gets one JSON object a line: data set,
# analysis, quantity, values with 17 significant digits (null for NA, text for infinities).
# Single-curve numbers are survfit's own; comparisons are the published formulas (Uno et al. 2014; Klein et al. 2007)
# written out below from survfit's columns; critical values are the tables shipped with km.ci.
suppressPackageStartupMessages({ library(survival); library(km.ci) })
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

fit <- function(d, timefix, ...) {
  y <- if (is.null(d$entry)) Surv(d$time, d$event) else Surv(d$entry, d$time, d$event)
  w <- if (is.null(d$weight)) rep(1, nrow(d)) else d$weight
  survfit(y ~ 1, weights = w, timefix = timefix, robust = FALSE, ...)
}

mean_of <- function(f, tau) {
  # survfit refuses a restriction before the first observed time; everyone is alive until then.
  if (tau < min(f$time)) return(c(tau, 0))
  m <- summary(f, rmean = tau)$table
  c(m[grep("^[*]?rmean$", names(m))], m["se(rmean)"])
}

hazard <- function(name, g, d, timefix) {
  a <- sprintf("hazard/%s", g)
  f <- fit(d, timefix)
  emit(name, a, "time", f$time)
  emit(name, a, "hazard", f$cumhaz)
  emit(name, a, "std_error", f$std.chaz)
  if (is.null(d$weight)) {
    f2 <- fit(d, timefix, ctype = 2)
    emit(name, a, "fh_hazard", f2$cumhaz)
    emit(name, a, "fh_std_error", f2$std.chaz)
  }
  # -log of the limits of exp(-H): type "log" is plain on the hazard (kept at 0 by S <= 1), "log-log" is log.
  for (type in c("log", "log-log")) {
    f3 <- fit(d, timefix, stype = 2, ctype = 1, conf.type = type)
    emit(name, a, paste0(type, "_low"), -log(f3$upper))
    emit(name, a, paste0(type, "_high"), -log(f3$lower))
  }
}

contrast <- function(name, a, m1, s1, m0, s0, tau) {
  z <- qnorm(0.975)
  lines <- list(difference = c(m1 - m0, sqrt(s1^2 + s0^2)))
  emit(name, a, "difference", c(lines$difference, m1 - m0 + c(-z, z) * lines$difference[2],
       2 * pnorm(-abs((m1 - m0) / lines$difference[2]))))
  ratio <- function(x, sx, y, sy) {
    l <- log(x) - log(y)
    s <- sqrt((sx / x)^2 + (sy / y)^2)
    c(exp(l), s, exp(l + c(-z, z) * s), 2 * pnorm(-abs(l / s)))
  }
  emit(name, a, "ratio", ratio(m1, s1, m0, s0))
  if (!is.na(tau)) emit(name, a, "lost_ratio", ratio(tau - m1, s1, tau - m0, s0))
}

compare <- function(name, d, timefix) {
  groups <- sort(unique(d$group))
  last <- sapply(groups, function(g) max(d$time[d$group == g]))
  for (share in c(0.4, 1)) {
    tau <- min(last) * share
    m <- t(sapply(groups, function(g) mean_of(fit(d[d$group == g, ], timefix), tau)))
    for (g in groups[-1]) {
      i <- match(g, groups)
      a <- sprintf("rmst/%s/%g", g, share)
      emit(name, a, "tau", tau)
      if (all(m[c(1, i), 2] > 0)) contrast(name, a, m[i, 1], m[i, 2], m[1, 1], m[1, 2], tau)
    }
  }
  at <- min(last) / 2
  s <- t(sapply(groups, function(g) {
    x <- summary(fit(d[d$group == g, ], timefix), times = at, extend = TRUE)
    c(x$surv, x$std.err)
  }))
  for (g in groups[-1]) {
    i <- match(g, groups)
    two <- s[c(1, i), ]
    if (any(!is.finite(two)) || any(two[, 2] <= 0) || any(two[, 1] <= 0)) next
    a <- sprintf("milestone/%s", g)
    emit(name, a, "at", at)
    emit(name, a, "survival", two[, 1])
    emit(name, a, "std_error", two[, 2])
    S <- two[, 1]
    V <- two[, 2]^2
    # Klein, Logan, Harhoff and Andersen 2007, section 2, chi-square on one degree of freedom.
    sigma2 <- V / S^2
    emit(name, a, "plain", diff(S)^2 / sum(V))
    emit(name, a, "log", diff(log(S))^2 / sum(sigma2))
    emit(name, a, "log-log", diff(log(-log(S)))^2 / sum(sigma2 / log(S)^2))
    emit(name, a, "arcsine", diff(asin(sqrt(S)))^2 / sum(S * sigma2 / (4 * (1 - S))))
    emit(name, a, "logit", diff(log(S / (1 - S)))^2 / sum(sigma2 / (1 - S)^2))
  }
}

stratified <- function(name, d, timefix) {
  groups <- sort(unique(d$group))
  if (length(groups) != 2 || is.null(d$stratum) || !is.null(d$weight) || !is.null(d$entry)) return(invisible())
  full <- Filter(function(s) length(unique(d$group[d$stratum == s])) == 2, sort(unique(d$stratum)))
  d <- d[d$stratum %in% full, ]
  cells <- expand.grid(s = full, g = groups, stringsAsFactors = FALSE)
  tau <- 0.5 * min(mapply(function(s, g) max(d$time[d$stratum == s & d$group == g]), cells$s, cells$g))
  m <- t(mapply(function(s, g) mean_of(fit(d[d$stratum == s & d$group == g, ], timefix), tau), cells$s, cells$g))
  if (any(m[, 2] <= 0)) return(invisible())
  k <- length(full)
  zero <- m[1:k, , drop = FALSE]
  one <- m[k + 1:k, , drop = FALSE]
  weights <- list(size = sapply(full, function(s) mean(d$stratum == s)), `inverse-variance` = 1 / (zero[, 2]^2 + one[, 2]^2))
  for (kind in names(weights)) {
    w <- weights[[kind]] / sum(weights[[kind]])
    a <- sprintf("rmst-strata/%s", kind)
    emit(name, a, "tau", tau)
    contrast(name, a, sum(w * one[, 1]), sqrt(sum(w^2 * one[, 2]^2)), sum(w * zero[, 1]), sqrt(sum(w^2 * zero[, 2]^2)), tau)
  }
}

bands <- function(name, g, d) {
  if (!is.null(d$entry) || !is.null(d$weight) || nrow(d) < 15 || sum(d$event) < 8) return(invisible())
  f <- survfit(Surv(time, event) ~ 1, d)
  died <- f$time[f$n.event > 0 & f$n.risk > f$n.event]
  part <- km.ci:::a.up.low.fun(f, min(died), max(died))
  if (part$a.low > 0.55 || part$a.up < 0.15) return(invisible())
  methods <- c("hall-wellner" = "plain", "loghall" = "log-log", "epband" = "plain", "logep" = "log-log")
  for (m in names(methods)) {
    b <- tryCatch(km.ci(f, conf.level = 0.95, method = m), error = function(e) NULL)
    if (is.null(b)) next
    a <- sprintf("band/%s/%s/%s", if (grepl("hall", m)) "hall-wellner" else "equal-precision", methods[[m]], g)
    emit(name, a, "part", c(part$a.low, part$a.up))
    emit(name, a, "time", b$time)
    emit(name, a, "low", b$lower)
    emit(name, a, "high", b$upper)
  }
}

tables <- function() {
  for (level in c(90, 95, 99)) for (kind in c("hall", "nair")) {
    table <- sprintf("critical.value.%s.%d", kind, level)
    if (!exists(table)) next
    t <- get(table)
    a <- sprintf("%s/%d", kind, level)
    emit("tables", a, "shape", dim(t))
    emit("tables", a, "first_low", as.numeric(sub("al", "", colnames(t)[1])) / 100)
    emit("tables", a, "values", t(as.matrix(t)))
  }
}

tables()
for (file in sort(list.files(args[1], "[.]csv$"))) {
  name <- sub("[.]csv$", "", file)
  d <- read.csv(file.path(args[1], file))
  emit(name, "data", "shape", dim(d))
  for (column in names(d)[vapply(d, is.numeric, TRUE)]) emit(name, "data", paste0("sum/", column), sum(d[[column]]))
  timefix <- name != "tiny_times"
  for (g in if (is.null(d$group)) "" else sort(unique(d$group))) {
    s <- if (g == "") d else d[d$group == g, ]
    hazard(name, g, s, timefix)
    bands(name, g, s)
    for (share in c(0.3, 0.8, 1)) {
      m <- mean_of(fit(s, timefix), share * max(s$time))
      emit(name, sprintf("mean/%s/%g", g, share), "tau", share * max(s$time))
      emit(name, sprintf("mean/%s/%g", g, share), "mean", m)
    }
  }
  if (!is.null(d$group)) {
    compare(name, d, timefix)
    stratified(name, d, timefix)
  }
}
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("km.ci", packageVersion("km.ci"))), sub("[.]jsonl$", "_versions.txt", args[2]))
