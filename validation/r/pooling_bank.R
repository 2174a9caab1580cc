# Pooled log hazard ratios by metafor: effects, heterogeneity, its interval, prediction intervals, each trial left out.
#   Rscript pooling_bank.R OUTPUT VERSIONS
# 240 made-up pools of 2 to 30 trials, among them pools without spread (tau2 = 0), with much, of equal and of very
# unequal standard errors. Iterations run to their last digits: threshold and tolerances are far below 1e-8.
suppressMessages(library(metafor))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
writeLines(c(R.version.string, paste("metafor", packageVersion("metafor"))), args[2])
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(20250429)

text <- function(v) if (is.na(v)) "null" else sprintf("%.12g", v)
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(as.numeric(values), text, ""), collapse = ", ")), file = out)
}
methods <- c(fixed = "EE", "dersimonian-laird" = "DL", reml = "REML", "paule-mandel" = "PM")
tests <- c(normal = "z", "hartung-knapp" = "knha", "hartung-knapp-adhoc" = "adhoc")
control <- function(method) {
  if (method == "PM") list(tol = 1e-16, maxiter = 5000) else list(threshold = 1e-15, maxiter = 100000)
}
fit <- function(y, v, method, test) {
  suppressWarnings(rma(yi = y, vi = v, method = method, test = test, control = control(method)))
}

# Intervals of the true effect in a next trial: t with k - 2 degrees of freedom (metafor: with 1 where k = 2, which is
# left out here), t with k - 1, normal; then what predict() gives by default.
predicted <- function(x) {
  ends <- function(p) c(p$pi.lb, p$pi.ub)
  s <- sqrt(x$se^2 + x$tau2)
  c(if (x$k > 2) ends(predict(x, pi.type = "riley")) else c(NA, NA), ends(predict(x, pi.type = "t")),
    x$b[1] + c(-1, 1) * qnorm(0.975) * s, ends(predict(x)))
}

sizes <- c(rep(2:6, 24), rep(c(7, 8, 9, 10, 12, 15), 14), rep(c(20, 25, 30), 12))
for (i in seq_along(sizes)) {
  k <- sizes[i]
  spread <- c(0, 0.05, 0.15, 0.3, 0.8)[i %% 5 + 1]
  se <- if (i %% 7 == 0) rep(0.15, k) else exp(runif(k, log(0.06), log(0.5)))
  y <- if (i %% 11 == 0) -0.2 + seq_len(k) * 1e-3 else rnorm(k, -0.2, sqrt(spread^2 + se^2))
  name <- sprintf("pool %03d", i)
  y <- round(y, 5)
  se <- round(se, 5)
  emit(name, "given", "effect", y)
  emit(name, "given", "std_error", se)
  for (m in names(methods)) for (t in names(tests)) {
    x <- fit(y, se^2, methods[[m]], tests[[t]])
    key <- paste(m, t)
    emit(name, key, "pooled", c(x$b[1], x$se, x$ci.lb, x$ci.ub, x$pval))
    if (t == "normal") {
      if (i %% 3 == 1) emit(name, key, "weights", weights(x) / 100)
      emit(name, key, "heterogeneity", c(x$QE, x$QEp, x$tau2, x$I2 / 100, x$H2))
      if (m == "reml") {
        found <- confint(x, control = list(tol = 1e-16, maxiter = 5000, tau2.max = 1e6))
        emit(name, key, "tau2_interval", found$random[1, 2:3])
      }
      if (k > 2 && i %% 6 == 0) {
        left <- vapply(seq_len(k), function(j) {
          z <- fit(y[-j], se[-j]^2, methods[[m]], "z")
          c(z$b[1], z$se, z$tau2)
        }, numeric(3))
        emit(name, key, "left_out", c(left))
      }
    }
    if (m != "fixed" && i %% 2 == 0) emit(name, key, "predicted", predicted(x))
  }
}
close(out)
