# Cox regression to completeness by R's survival package: fits by every rule for ties, cluster-robust variances,
# residuals, baselines, tests of proportional hazards, profile limits and Firth's penalty.
#   Rscript cox_full_bank.R FOLDER OUTPUT
# FOLDER holds the made-up data sets as CSV (see validation/export.py); the others are the package's own. OUTPUT gets one
# JSON object a line, as that of survival_bank.R. cox_full_data.py holds the same models for the tests.
suppressPackageStartupMessages({library(survival); library(numDeriv)})
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[2], "w")
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)

text <- function(v) {
  if (is.na(v)) "null" else if (is.infinite(v)) sprintf('"%s"', v) else sprintf("%.17g", v)
}
emit <- function(dataset, analysis, quantity, values) {
  values <- as.numeric(values)
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(values, text, ""), collapse = ", ")), file = out)
}
# Long columns are thinned to at most 24 values at a fixed stride.
thin <- function(n) seq(1, n, by = ceiling(n / 24))
level <- function(x) factor(as.character(x))

formula_of <- function(d, drop = NULL, offset = NULL) {
  y <- if (is.null(d$entry)) "Surv(time, event)" else "Surv(entry, time, event)"
  x <- setdiff(grep("^x_", names(d), value = TRUE), drop)
  if (length(offset)) x <- c(x, "offset(.fixed)")
  if (!is.null(d$stratum)) x <- c(x, "strata(stratum)")
  as.formula(paste(y, "~", paste(x, collapse = " + ")))
}
fitted_model <- function(d, ties, ...) {
  d$.w <- if (is.null(d$weight)) rep(1, nrow(d)) else d$weight
  d$.c <- if (is.null(d$cluster)) seq_len(nrow(d)) else d$cluster
  if (ties == "exact") {
    suppressWarnings(eval(bquote(coxph(.(formula_of(d)), d, ties = "exact", control = tight, model = TRUE, x = TRUE))))
  } else if (is.null(d$cluster)) {
    suppressWarnings(eval(bquote(coxph(.(formula_of(d)), d, weights = .w, ties = .(ties), robust = FALSE,
                                       control = tight, x = TRUE))))
  } else {
    suppressWarnings(eval(bquote(coxph(.(formula_of(d)), d, weights = .w, ties = .(ties), cluster = .c,
                                       control = tight, x = TRUE))))
  }
}


model <- function(name, d, ties) {
  assign("d", d, envir = globalenv())
  f <- fitted_model(d, ties)
  a <- ties
  emit(name, a, "coef", coef(f))
  emit(name, a, "std_error", sqrt(diag(f$var)))
  emit(name, a, "loglik", f$loglik)
  emit(name, a, "score", f$score)
  emit(name, a, "wald", f$wald.test)
  if (!is.null(d$cluster) && ties != "exact") {
    emit(name, a, "naive_std_error", sqrt(diag(f$naive.var)))
    emit(name, a, "covariance", f$var)
    emit(name, a, "robust_score", f$rscore)
  }
  # An exact fit to intervals comes back without its class: it has estimates, but no methods that could be trusted.
  if (ties == "exact" && !is.null(d$entry)) return(invisible())
  k <- thin(nrow(d))
  emit(name, a, "martingale", residuals(f, "martingale")[k])
  emit(name, a, "deviance", residuals(f, "deviance")[k])
  if (!is.null(d$cluster)) emit(name, a, "martingale_by", residuals(f, "martingale", collapse = d$cluster))
  curves(name, a, f, d)
  if (ties == "exact") return(invisible())
  for (type in c("score", "dfbeta", "dfbetas")) {
    r <- as.matrix(residuals(f, type))
    emit(name, a, if (type == "score") "score_residuals" else type, t(r[k, , drop = FALSE]))
  }
  for (type in c("schoenfeld", "scaledsch")) {
    r <- as.matrix(residuals(f, type))
    emit(name, a, type, t(r[thin(nrow(r)), , drop = FALSE]))
  }
  hazards(name, a, f, d)
}

curves <- function(name, a, f, d) {
  for (type in c("log", "log-log", "plain")) {
    s <- survfit(f, conf.type = type)
    k <- thin(length(s$time))
    if (type == "log") {
      emit(name, a, "base_time", s$time[k])
      emit(name, a, "base_n_risk", s$n.risk[k])
      emit(name, a, "base_n_event", s$n.event[k])
      emit(name, a, "base_hazard", s$cumhaz[k])
      emit(name, a, "base_error", s$std.err[k])
      emit(name, a, "base_survival", s$surv[k])
    }
    emit(name, a, paste0("base_low_", type), s$lower[k])
    emit(name, a, paste0("base_high_", type), s$upper[k])
  }
  x <- grep("^x_", names(d), value = TRUE)
  new <- d[2, x, drop = FALSE]
  if (!is.null(d$stratum)) {
    keep <- sort(unique(d$stratum))
    new <- cbind(new[rep(1, length(keep)), , drop = FALSE], stratum = keep)
  }
  s <- survfit(f, newdata = new)
  k <- thin(length(s$time))
  if (is.null(d$stratum)) {
    emit(name, a, "at_hazard", s$cumhaz[k])
    emit(name, a, "at_error", s$std.err[k])
    emit(name, a, "at_low", s$lower[k])
    emit(name, a, "at_high", s$upper[k])
  } else {
    emit(name, a, "at_hazard", s$cumhaz[k])
    emit(name, a, "at_error", s$std.err[k])
  }
}

hazards <- function(name, a, f, d) {
  if (length(unique(d$time[d$event == 1])) < 2) return(invisible())
  for (transform in c("km", "identity", "rank", "log", "sqrt")) {
    g <- if (transform == "sqrt") sqrt else transform
    if (transform == "log" && any(d$time <= 0)) next
    # cox.zph finds its matrix singular where scales differ by many millions: nothing to compare with.
    z <- tryCatch(cox.zph(f, transform = g, terms = FALSE), error = function(e) NULL)
    if (is.null(z)) next
    emit(name, a, paste0("zph_", transform), z$table[, 1])
    z <- cox.zph(f, transform = g, terms = TRUE)
    emit(name, a, paste0("zph_terms_", transform), z$table[, 1])
    emit(name, a, paste0("zph_p_", transform), z$table[, 3])
    # The approximation of 1994 from R's own Schoenfeld residuals and covariance (the package dropped it in 3.0).
    s <- as.matrix(residuals(f, "schoenfeld"))
    v <- if (is.null(f$naive.var)) f$var else f$naive.var
    x <- z$x - mean(z$x)
    slope <- nrow(s) * as.vector(x %*% s) %*% v
    own <- slope^2 / (diag(v) * nrow(s) * sum(x^2))
    emit(name, a, paste0("zph_1994_", transform), c(own, slope %*% solve(v) %*% t(slope) / (nrow(s) * sum(x^2))))
  }
}

# Profile limits: R's log-likelihood with one coefficient held by an offset, and a root finder.
profiles <- function(name, d, ties) {
  f <- fitted_model(d, ties)
  z <- qchisq(0.95, 1)
  x <- model.matrix(f)
  base <- d[, setdiff(names(d), grep("^x_", names(d), value = TRUE)), drop = FALSE]
  limits <- NULL
  for (j in seq_len(ncol(x))) {
    others <- as.data.frame(x[, -j, drop = FALSE])
    if (ncol(others)) names(others) <- paste0("x_", seq_len(ncol(others)))
    profile <- function(b) {
      e <- if (ncol(others)) cbind(base, others) else base
      e$.fixed <- b * (x[, j] - mean(x[, j]))
      e$.w <- if (is.null(d$weight)) rep(1, nrow(d)) else d$weight
      form <- formula_of(e, offset = ".fixed")
      g <- suppressWarnings(if (ties == "exact") coxph(form, e, ties = "exact", control = tight)
                            else coxph(form, e, weights = .w, ties = ties, robust = FALSE, control = tight))
      2 * (f$loglik[2] - g$loglik[length(g$loglik)]) - z
    }
    se <- sqrt(diag(if (is.null(f$naive.var)) f$var else f$naive.var))[j]
    for (sign in c(-1, 1)) {
      ends <- sort(coef(f)[j] + sign * c(0.2, 6) * se)
      root <- tryCatch(uniroot(profile, ends, tol = 1e-13 * se)$root, error = function(e) NULL)
      if (is.null(root)) return(invisible())
      limits <- c(limits, root)
    }
  }
  emit(name, ties, "profile", limits)
}

# Firth: R's log-likelihood and information at any coefficients, penalized, maximized to where numeric slopes vanish.
firth <- function(name, d, ties, limits = TRUE) {
  d$.w <- if (is.null(d$weight)) rep(1, nrow(d)) else d$weight
  form <- formula_of(d)
  at <- function(b) {
    suppressWarnings(coxph(form, d, weights = .w, ties = ties, robust = FALSE, init = b,
                           control = coxph.control(iter.max = 0, toler.chol = 1e-14)))
  }
  penalized <- function(b) {
    g <- tryCatch(at(b), error = function(e) NULL)
    if (is.null(g)) return(-1e10)
    g$loglik[1] - 0.5 * as.numeric(determinant(as.matrix(g$var))$modulus)
  }
  start <- rep(0, length(coef(fitted_model(d, ties))))
  size <- sqrt(diag(as.matrix(at(start)$var)))
  b <- optim(start, penalized, method = "BFGS",
             control = list(fnscale = -1, reltol = 1e-14, maxit = 1000, parscale = size, ndeps = rep(1e-4, length(size))))$par
  scaled <- function(u) penalized(b + u * size)
  for (i in 1:6) b <- b - size * solve(hessian(scaled, start), grad(scaled, start))
  emit(name, ties, "firth_coef", b)
  emit(name, ties, "firth_std_error", sqrt(diag(as.matrix(at(b)$var))))
  emit(name, ties, "firth_loglik", c(penalized(start), penalized(b)))
}

ready <- function(d, needed) d[stats::complete.cases(d[, needed]), ]
v <- veteran
l <- ready(cancer, c("time", "status", "age", "sex", "ph.ecog"))
o <- ovarian
c1 <- ready(colon[colon$etype == 2, ], c("nodes"))
c2 <- ready(colon, c("nodes"))
p <- ready(pbc, c("age", "edema", "bili", "albumin", "protime"))
models <- list(
  veteran = data.frame(time = v$time, event = v$status, x_trt = v$trt, x_cell = level(v$celltype), x_karno = v$karno,
                       x_age = v$age),
  veteran_strata = data.frame(time = v$time, event = v$status, x_trt = v$trt, x_karno = v$karno,
                              stratum = level(v$celltype)),
  lung = data.frame(time = l$time, event = l$status - 1, x_age = l$age, x_sex = l$sex, x_ecog = l$ph.ecog),
  lung_strata = data.frame(time = l$time, event = l$status - 1, x_age = l$age, x_ecog = l$ph.ecog, stratum = l$sex),
  ovarian = data.frame(time = o$futime, event = o$fustat, x_age = o$age, x_ecog = o$ecog.ps, x_rx = o$rx),
  colon = data.frame(time = c1$time, event = c1$status, x_rx = level(c1$rx), x_age = c1$age, x_nodes = c1$nodes),
  colon_clusters = data.frame(time = c2$time, event = c2$status, x_rx = level(c2$rx), x_nodes = c2$nodes,
                              stratum = c2$etype, cluster = c2$id),
  pbc = data.frame(time = p$time, event = as.numeric(p$status == 2), x_age = p$age, x_edema = p$edema, x_bili = p$bili,
                   x_albumin = p$albumin, x_protime = p$protime),
  kidney = data.frame(time = kidney$time, event = kidney$status, x_age = kidney$age, x_sex = kidney$sex,
                      cluster = kidney$id),
  kidney_disease = data.frame(time = kidney$time, event = kidney$status, x_age = kidney$age, x_sex = kidney$sex,
                              x_disease = level(kidney$disease)),
  bladder = data.frame(time = bladder$stop, event = bladder$event, x_rx = bladder$rx, x_size = bladder$size,
                       x_number = bladder$number, stratum = bladder$enum, cluster = bladder$id),
  bladder2 = data.frame(entry = bladder2$start, time = bladder2$stop, event = bladder2$event, x_rx = bladder2$rx,
                        x_size = bladder2$size, x_number = bladder2$number, stratum = bladder2$enum,
                        cluster = bladder2$id),
  heart = data.frame(entry = heart$start, time = heart$stop, event = heart$event, x_age = heart$age, x_year = heart$year,
                     x_surgery = heart$surgery, x_transplant = as.numeric(heart$transplant) - 1),
  heart_clusters = data.frame(entry = heart$start, time = heart$stop, event = heart$event, x_age = heart$age,
                              x_surgery = heart$surgery, cluster = heart$id)
)
made <- c("heavy_ties", "left_truncated", "steep_truncated", "weighted", "fractional_weights", "all_tied", "huge_times",
          "near_ties", "wide_covariate", "one_arm_stratum", "one_arm_censored", "one_event")
for (name in made) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  e <- data.frame(time = d$time, event = d$event)
  for (column in c("entry", "weight", "stratum")) if (!is.null(d[[column]])) e[[column]] <- d[[column]]
  e$x_group <- level(d$group)
  for (column in grep("^x[0-9]+$", names(d), value = TRUE)) e[[paste0("x_", column)]] <- d[[column]]
  models[[name]] <- e
}
models$weighted_clusters <- cbind(models$fractional_weights, cluster = rep(1:40, 5))
monotone <- c("one_arm_censored", "one_event")
small <- c("ovarian", "kidney", "kidney_disease", "veteran_strata", "heart", "heavy_ties", "left_truncated", "all_tied",
           "huge_times", "fractional_weights")

for (name in names(models)) {
  d <- models[[name]]
  emit(name, "data", "shape", dim(d))
  numeric <- names(d)[vapply(d, is.numeric, TRUE)]
  for (column in numeric) emit(name, "data", paste0("sum/", column), sum(d[[column]]))
  weighted <- !is.null(d$weight)
  # The exact iteration of coxph does not end on bladder2 (intervals of recurrent events).
  for (ties in c("efron", "breslow", if (!weighted && name != "bladder2") "exact")) {
    if (!name %in% monotone) model(name, d, ties)
    if (name %in% setdiff(small, "all_tied") && (ties != "exact" || is.null(d$entry))) profiles(name, d, ties)
    if (ties != "exact" && name %in% c(small, monotone, "steep_truncated")) firth(name, d, ties)
  }
}
emit("versions", "R", "version", c(R.version$major, R.version$minor))
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("numDeriv", packageVersion("numDeriv"))), sub("[.]jsonl$", "_versions.txt", args[2]))
