# The log-rank family on the data sets of the bank, by survival, coin and mvtnorm, and by loops in base R where no
# package has the statistic.
#   Rscript logrank_family_bank.R FOLDER OUTPUT
# FOLDER holds one CSV per data set (see validation/export.py). OUTPUT gets one JSON object a line: data set, analysis,
# quantity, values with 17 significant digits (null for NA).
suppressPackageStartupMessages({
  library(survival)
  library(mvtnorm)
  library(coin)
})
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[2], "w")

text <- function(v) if (is.na(v)) "null" else sprintf("%.17g", v)
emit <- function(dataset, analysis, quantity, values) {
  values <- as.numeric(values)
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(values, text, ""), collapse = ", ")), file = out)
}

# One stratum: U and V of any weights, time by time. The pooled curve is survfit's.
weigh <- function(d, kind, a = NULL, b = NULL) {
  levels <- sort(unique(d$group))
  f <- survfit(Surv(time, event) ~ 1, d, timefix = FALSE)
  at <- f$time[f$n.event > 0]
  before <- c(1, f$surv)[match(at, f$time)]
  peto <- 1
  u <- 0
  v <- 0
  for (j in seq_along(at)) {
    here <- d$time == at[j] & d$event == 1
    n <- sum(d$time >= at[j])
    y <- sum(d$time >= at[j] & d$group == levels[2])
    e <- sum(here)
    peto <- peto * (1 - e / (n + 1))
    s_t_star <- if (is.null(a)) 1 else min(c(1, f$surv[f$time <= a]))
    w <- switch(kind,
      fh = before[j]^a * (1 - before[j])^b, tw = sqrt(n), gehan = n, peto = peto, mpeto = peto * n / (n + 1),
      mw_s = 1 / max(before[j], a), mw_t = 1 / max(before[j], s_t_star))
    u <- u + w * (sum(here & d$group == levels[2]) - e * y / n)
    if (n > 1) v <- v + w^2 * e * (y / n) * (1 - y / n) * (n - e) / (n - 1)
  }
  c(u, v)
}
summed <- function(d, strata, ...) {
  parts <- if (strata) split(d, d$stratum) else list(d)
  levels <- sort(unique(d$group))
  parts <- Filter(function(p) all(levels %in% p$group) && any(p$event == 1), parts)
  Reduce(`+`, lapply(parts, function(p) weigh(p, ...)))
}
kinds <- list(fh_0.5_0.5 = list("fh", 0.5, 0.5), fh_1_1 = list("fh", 1, 1), fh_0_1 = list("fh", 0, 1),
              fh_0.5_2 = list("fh", 0.5, 2), tarone_ware = list("tw"), gehan = list("gehan"), peto = list("peto"),
              modified_peto = list("mpeto"), modest_s = list("mw_s", 0.5), modest_t = list("mw_t", NA))

weighted <- function(name, d, strata) {
  suffix <- if (strata) "/stratified" else ""
  formula <- if (strata) Surv(time, event) ~ group + strata(stratum) else Surv(time, event) ~ group
  for (rho in c(0.5, 1)) {
    f <- survdiff(formula, d, rho = rho)
    a <- sprintf("survdiff_%g%s", rho, suffix)
    emit(name, a, "observed", if (is.matrix(f$obs)) rowSums(f$obs) else f$obs)
    emit(name, a, "expected", if (is.matrix(f$exp)) rowSums(f$exp) else f$exp)
    emit(name, a, "covariance", f$var)
    emit(name, a, "chi_square", f$chisq)
  }
  if (length(unique(d$group)) != 2) return(invisible())
  for (k in names(kinds)) {
    kind <- kinds[[k]]
    if (k == "modest_t") kind[[2]] <- median(d$time)
    emit(name, paste0(k, suffix), "u_v", do.call(summed, c(list(d, strata), kind)))
    if (k == "modest_t") emit(name, paste0(k, suffix), "t_star", median(d$time))
  }
}

trend <- function(name, d) {
  f <- survdiff(Surv(time, event) ~ group, d)
  score <- seq_along(f$n)^2
  u <- sum(score * (f$obs - f$exp))
  emit(name, "trend", "score", score)
  emit(name, "trend", "u_v", c(u, t(score) %*% f$var %*% score))
}

wanted <- c("lymph_node", "rossi", "lung", "waltons", "larynx", "heavy_ties", "all_tied", "one_event",
            "one_arm_censored", "one_arm_stratum", "huge_times")
for (name in wanted) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  emit(name, "data", "shape", dim(d))
  for (column in c("time", "event")) emit(name, "data", paste0("sum/", column), sum(d[[column]]))
  weighted(name, d, FALSE)
  if (!is.null(d$stratum)) weighted(name, d, TRUE)
  if (length(unique(d$group)) > 2) trend(name, d)
}
# Rectangles of normal vectors: by Miwa's algorithm (up to four dimensions, regular correlation), and three dimensions
# one-sided by Genz's TVPACK, good to 1e-14.
equal <- function(m, r) (1 - r) * diag(m) + r
powers <- function(m, r) r^abs(outer(1:m, 1:m, "-"))
maxcombo_like <- matrix(c(1, 0.84, 0.89, 0.84, 1, 0.73, 0.89, 0.73, 1), 3)
for (case in list(list(equal(3, 0.5), 0.3), list(equal(3, 0.95), 2), list(powers(3, 0.8), 2.24),
                  list(maxcombo_like, 2.5), list(maxcombo_like, -0.4), list(diag(3), 1))) {
  a <- sprintf("trivariate/%s/%g", paste(format(case[[1]][c(2, 3, 6)]), collapse = " "), case[[2]])
  emit("normal", a, "correlation", case[[1]])
  emit("normal", a, "limit", case[[2]])
  emit("normal", a, "below", pmvnorm(upper = rep(case[[2]], 3), corr = case[[1]], algorithm = TVPACK(abseps = 1e-14)))
}
for (case in list(list(equal(2, 0.7), 1.9), list(maxcombo_like, 2.5), list(powers(4, 0.6), 2.3), list(equal(4, 0.4), 1))) {
  m <- nrow(case[[1]])
  a <- sprintf("two_sided/%d/%g", m, case[[2]])
  emit("normal", a, "correlation", case[[1]])
  emit("normal", a, "limit", case[[2]])
  emit("normal", a, "inside", pmvnorm(lower = rep(-case[[2]], m), upper = rep(case[[2]], m), corr = case[[1]],
                                      algorithm = Miwa(steps = 2048)))
}

# MaxCombo of three tests with a regular correlation, by the loops above and TVPACK; one-sided.
pairs <- list(c(0, 1), c(1, 0), c(1, 1))
combined <- function(name, d, strata) {
  parts <- if (strata) split(d, d$stratum) else list(d)
  levels <- sort(unique(d$group))
  u <- numeric(3)
  V <- matrix(0, 3, 3)
  for (p in Filter(function(p) all(levels %in% p$group) && any(p$event == 1), parts)) {
    f <- survfit(Surv(time, event) ~ 1, p, timefix = FALSE)
    at <- f$time[f$n.event > 0]
    before <- c(1, f$surv)[match(at, f$time)]
    for (j in seq_along(at)) {
      n <- sum(p$time >= at[j])
      y <- sum(p$time >= at[j] & p$group == levels[2])
      e <- sum(p$time == at[j] & p$event == 1)
      w <- vapply(pairs, function(q) before[j]^q[1] * (1 - before[j])^q[2], 0)
      u <- u + w * (sum(p$time == at[j] & p$event == 1 & p$group == levels[2]) - e * y / n)
      if (n > 1) V <- V + w %o% w * e * (y / n) * (1 - y / n) * (n - e) / (n - 1)
    }
  }
  z <- -u / sqrt(diag(V))
  a <- if (strata) "maxcombo/stratified" else "maxcombo"
  emit(name, a, "z", z)
  emit(name, a, "correlation", cov2cor(V))
  emit(name, a, "p_value", 1 - pmvnorm(upper = rep(max(z), 3), corr = cov2cor(V), algorithm = TVPACK(abseps = 1e-14)))
}
for (name in c("lymph_node", "rossi", "lung", "waltons")) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  combined(name, d, FALSE)
  if (!is.null(d$stratum)) combined(name, d, TRUE)
}

# The exact distribution, by coin's split-up algorithm (one stratum) on the first subjects of each data set, and the
# observed statistic.
for (name in c("lymph_node", "rossi", "lung", "waltons", "heavy_ties", "one_arm_censored", "all_tied")) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  d <- head(d[d$group %in% sort(unique(d$group))[1:2], ], 24)
  if (length(unique(d$group)) < 2 || sum(d$event) == 0) next
  d$group <- factor(d$group)
  for (side in c("two.sided", "less", "greater")) {
    t <- logrank_test(Surv(time, event) ~ group, d, distribution = exact(), alternative = side, ties.method = "mid-ranks")
    emit(name, paste0("exact/", side), "p_value", pvalue(t))
    emit(name, paste0("exact/", side), "linear", statistic(t, "linear"))
  }
}

# One sample against an exponential curve: survdiff with an offset of expected survival.
for (name in c("lymph_node", "rossi", "lung", "waltons", "larynx")) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  rate <- 1.2 * sum(d$event) / sum(d$time)
  f <- survdiff(Surv(time, event) ~ offset(exp(-rate * time)), d)
  emit(name, "one_sample", "rate", rate)
  emit(name, "one_sample", "observed", f$obs)
  emit(name, "one_sample", "expected", f$exp)
  emit(name, "one_sample", "variance", f$var)
  emit(name, "one_sample", "chi_square", f$chisq)
  exact <- poisson.test(sum(d$event), f$exp)
  emit(name, "one_sample", "ratio_limits", exact$conf.int)
  emit(name, "one_sample", "few", ppois(sum(d$event), f$exp))
  emit(name, "one_sample", "many", ppois(sum(d$event) - 1, f$exp, lower.tail = FALSE))
}

# Adjusted for covariates: subject by subject, event time by event time, with lm for the projections.
adjusted <- function(d, strata) {
  d$x <- as.integer(d$group == sort(unique(d$group))[2])
  d$s <- if (strata) d$stratum else 1
  covariates <- grep("^x[0-9]+$", names(d), value = TRUE)
  d$o <- 0
  u <- 0
  v <- 0
  for (s in unique(d$s)) {
    rows <- which(d$s == s)
    for (t in sort(unique(d$time[rows][d$event[rows] == 1]))) {
      risk <- rows[d$time[rows] >= t]
      y <- length(risk)
      y1 <- sum(d$x[risk])
      dead <- as.integer(d$time[risk] == t & d$event[risk] == 1)
      k <- sum(dead)
      other <- ifelse(d$x[risk] == 1, y - y1, y1) / y
      d$o[risk] <- d$o[risk] + other * (dead - k / y)
      u <- u + sum(dead * d$x[risk]) - k * y1 / y
      if (y > 1) v <- v + k * (y1 / y) * (1 - y1 / y) * (y - k) / (y - 1)
    }
  }
  slopes <- sapply(0:1, function(arm) {
    here <- d[d$x == arm, ]
    f <- if (length(unique(here$s)) > 1) "o ~ factor(s) +" else "o ~"
    coef(lm(as.formula(paste(f, paste(covariates, collapse = "+"))), here))[covariates]
  })
  slopes <- matrix(slopes, ncol = 2)
  n <- nrow(d)
  X <- as.matrix(d[covariates])
  around <- X - apply(X, 2, function(column) ave(column, d$s))
  shift <- sum(around[d$x == 1, , drop = FALSE] %*% slopes[, 2]) - sum(around[d$x == 0, , drop = FALSE] %*% slopes[, 1])
  S <- Reduce(`+`, lapply(split(as.data.frame(X), d$s), function(part) cov(part) * nrow(part) / n))
  b <- rowSums(slopes)
  c(u, v, u - shift, v - n * mean(d$x) * (1 - mean(d$x)) * c(t(b) %*% S %*% b))
}
for (name in c("lymph_node", "rossi", "lung")) {
  d <- read.csv(file.path(args[1], paste0(name, ".csv")))
  emit(name, "adjusted", "sums", adjusted(d, FALSE))
  emit(name, "adjusted/stratified", "sums", adjusted(d, TRUE))
}
emit("versions", "R", "version", c(R.version$major, R.version$minor))
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("coin", packageVersion("coin")), paste("mvtnorm", packageVersion("mvtnorm"))),
           sub("[.]jsonl$", "_versions.txt", args[2]))
