# The generalized log-rank test of interval-censored times: scores in base R from the estimate of all subjects, the
# permutation distribution by coin (asymptotic, exact) and, for a small set, by listing every labelling.
#   Rscript interval_logrank_bank.R FOLDER/intervals OUTPUT VERSIONS
# FOLDER holds one CSV per data set (see validation/curves_data.py).
suppressPackageStartupMessages({ library(survival); library(KMsurv); library(coin) })
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[2], "w")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(sprintf("%.17g", as.numeric(values)), collapse = ", ")), file = out)
}

# Mass of the elementary pieces between the ends that occur: EM finds where there is mass, Newton steps on those pieces
# (the last mass being what is left) end it. Prints by how much the optimality condition is missed.
estimate <- function(l, r) {
  ends <- sort(unique(c(l, r)))
  low <- c(ends, ends[-length(ends)]); high <- c(ends, ends[-1])
  keep <- order(low, high); low <- low[keep]; high <- high[keep]
  holds <- 1 * t(sapply(seq_along(l), function(i) {
    if (l[i] == r[i]) low == l[i] & high == l[i] else ifelse(low == high, l[i] < low & low <= r[i], l[i] <= low & high <= r[i])
  }))
  used <- colSums(holds) > 0
  low <- low[used]; high <- high[used]; holds <- holds[, used, drop = FALSE]
  n <- nrow(holds); p <- rep(1 / ncol(holds), ncol(holds))
  for (k in 1:5000) p <- p * as.vector(t(holds) %*% (1 / as.vector(holds %*% p))) / n
  # Pieces that nobody tells apart are one.
  same <- duplicated(t(holds)); p[same] <- 0
  on <- which(p > 1e-5)
  repeat {
    a <- holds[, on, drop = FALSE]; q <- p[on]; m <- length(on)
    q <- q / sum(q)
    for (k in 1:100) {
      f <- as.vector(a %*% q)
      d <- (a[, -m, drop = FALSE] - a[, m]) / f
      step <- qr.solve(crossprod(d), colSums(d), tol = 1e-14)
      scale <- 1
      while (any(q[-m] + scale * step <= 0) || q[m] - scale * sum(step) <= 0) scale <- scale / 2
      q <- q + scale * c(step, -sum(step))
      if (max(abs(step)) < 1e-15) break
    }
    slope <- as.vector(t(holds) %*% (1 / as.vector(a %*% q)))
    if (max(slope) <= n * (1 + 1e-9)) break
    on <- sort(unique(c(on[q > 1e-9], which.max(slope))))
    p <- rep(0, ncol(holds)); p[on] <- 1 / length(on)
    for (k in 1:2000) p <- p * as.vector(t(holds) %*% (1 / as.vector(holds %*% p))) / n
  }
  mass <- rep(0, ncol(holds)); mass[on] <- q
  list(low = low, high = high, holds = holds, mass = mass, excess = max(slope) / n - 1)
}

scores <- function(l, r, kind) {
  e <- estimate(l, r)
  s <- pmax(1 - c(0, cumsum(e$mass)), 0); s[length(s)] <- 0
  hazard <- c(0, cumsum(ifelse(s[-length(s)] > 1e-14, e$mass / pmax(s[-length(s)], 1e-300), 0)))
  f <- switch(kind, sun = ifelse(s > 0, -s * hazard, 0), finkelstein = ifelse(s > 0, s * log(pmax(s, 1e-300)), 0),
              wilcoxon = s * (s - 1))
  sapply(seq_along(l), function(i) {
    inside <- range(which(e$holds[i, ] > 0 & e$mass > 0))
    (f[inside[1]] - f[inside[2] + 1]) / (s[inside[1]] - s[inside[2] + 1])
  })
}

one <- function(name, l, r, g, stratum, exact) {
  emit(name, "data", "n", length(l)); emit(name, "data", "sum_left", sum(l))
  emit(name, "data", "sum_right", sum(r[is.finite(r)]))
  g <- factor(g)
  for (by in c("plain", "stratified")) {
    block <- if (by == "plain") rep(1, length(l)) else stratum
    if (by == "stratified" && is.null(stratum)) next
    for (kind in c("sun", "finkelstein", "wilcoxon")) {
      c1 <- numeric(length(l))
      for (b in unique(block)) c1[block == b] <- scores(l[block == b], r[block == b], kind)
      key <- paste(kind, by)
      emit(name, key, "scores", c1)
      d <- data.frame(c1 = c1, g = g, b = factor(block))
      test <- function(...) if (by == "plain") independence_test(c1 ~ g, data = d, teststat = "quadratic", ...)
              else independence_test(c1 ~ g | b, data = d, teststat = "quadratic", ...)
      a <- test()
      emit(name, key, "chi_square", statistic(a)); emit(name, key, "p_value", pvalue(a))
      emit(name, key, "u", tapply(c1, g, sum) )
      if (nlevels(g) == 2) {
        emit(name, key, "variance", covariance(a)[1, 1])
        if (exact) {
          z <- if (by == "plain") independence_test(c1 ~ g, data = d, distribution = exact(algorithm = "split-up"))
               else NULL
          if (!is.null(z)) emit(name, key, "exact_p_value", pvalue(z))
          if (by == "plain") {
            k <- sum(g == levels(g)[2]); own <- sum(c1[g == levels(g)[2]])
            every <- combn(length(c1), k, function(rows) sum(c1[rows])) - k * mean(c1)
            own <- own - k * mean(c1)
            emit(name, key, "listed", c(length(every), sum(abs(every) >= abs(own) - 1e-9), sum(every <= own + 1e-9)))
          }
        }
      }
    }
  }
}

data(bcdeter)
one("bcdeter", bcdeter$lower, ifelse(is.na(bcdeter$upper), Inf, bcdeter$upper), bcdeter$treat,
    rep(1:2, length.out = nrow(bcdeter)), FALSE)
emit("bcdeter", "data", "left", bcdeter$lower)
emit("bcdeter", "data", "right", ifelse(is.na(bcdeter$upper), -1, bcdeter$upper))
emit("bcdeter", "data", "treat", bcdeter$treat)
# The same patients in three groups, made by their place.
one("bcdeter3", bcdeter$lower, ifelse(is.na(bcdeter$upper), Inf, bcdeter$upper), rep(1:3, length.out = nrow(bcdeter)),
    NULL, FALSE)
# Twelve made-up patients of two visit schedules: small enough to list every labelling.
small_l <- c(0, 2, 4, 4, 6, 8, 0, 0, 2, 2, 6, 5)
small_r <- c(2, 4, 6, Inf, 8, Inf, 2, 3, 4, 5, 8, 5)
one("small", small_l, small_r, rep(1:2, each = 6), rep(1:3, 4), TRUE)
for (file in sort(list.files(args[1], "[.]csv$"))) {
  d <- read.csv(file.path(args[1], file))
  d$right[is.na(d$right)] <- Inf
  one(sub("[.]csv$", "", file), d$left, d$right, d$group, NULL, FALSE)
}
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("coin", packageVersion("coin")), paste("KMsurv", packageVersion("KMsurv"))), args[3])
