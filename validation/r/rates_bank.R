# Rates, their differences, odds ratios and tests, by R.
#   Rscript rates_bank.R OUTPUT VERSIONS
# By R functions: binom.test, prop.test, fisher.test, mantelhaen.test (stats); ci.pd (Epi); rma.mh, rma.uni (metafor);
# cmh_test (coin). Where R has none: written here from the paper, by another route than equipoise takes (restricted
# rates by the cubic's closed form, limits by uniroot, unconditional P by a dense grid and optimize).
suppressMessages({library(Epi); library(metafor); library(coin)})
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
writeLines(c(R.version.string, sapply(c("stats", "Epi", "metafor", "coin"),
             function(p) paste(p, packageVersion(p)))), args[2])

text <- function(v) if (is.na(v)) "null" else if (is.infinite(v)) sprintf('"%s"', v) else sprintf("%.17g", v)
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(as.numeric(values), text, ""), collapse = ", ")), file = out)
}
z <- qnorm(0.975)
fine <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-15, maxiter = 10000)$root

# --- one rate
for (case in list(c(0, 10), c(1, 10), c(5, 10), c(10, 10), c(57, 136), c(17, 62), c(81, 263), c(15, 148), c(0, 20),
                  c(1, 29), c(1, 1), c(0, 1), c(49999, 100000), c(3, 100000))) {
  x <- case[1]; n <- case[2]; p <- x / n
  name <- sprintf("rate %d of %d", x, n)
  emit(name, "data", "counts", case)
  emit(name, "rate/clopper-pearson", "limits", binom.test(x, n)$conf.int)
  emit(name, "rate/clopper-pearson", "limits_90", binom.test(x, n, conf.level = 0.9)$conf.int)
  emit(name, "rate/wilson", "limits", suppressWarnings(prop.test(x, n, correct = FALSE))$conf.int)
  # prop.test shrinks its correction near one half; those x are left out.
  if (abs(x - n / 2) >= 0.5)
    emit(name, "rate/wilson-continuity", "limits", suppressWarnings(prop.test(x, n, correct = TRUE))$conf.int)
  emit(name, "rate/jeffreys", "limits", c(if (x == 0) 0 else qbeta(0.025, x + 0.5, n - x + 0.5),
                                          if (x == n) 1 else qbeta(0.975, x + 0.5, n - x + 0.5)))
  m <- n + z^2; q <- (x + z^2 / 2) / m
  emit(name, "rate/agresti-coull", "limits", pmin(pmax(q + c(-1, 1) * z * sqrt(q * (1 - q) / m), 0), 1))
  emit(name, "rate/wald", "limits", pmin(pmax(p + c(-1, 1) * z * sqrt(p * (1 - p) / n), 0), 1))
}

# --- the score statistic of a difference; Miettinen and Nurminen 1985, appendix I, in closed form
restricted <- function(x1, n1, x2, n2, d) {
  N <- n1 + n2; C <- x1 + x2
  L3 <- N; L2 <- (n1 + 2 * n2) * d - N - C; L1 <- (n2 * d - N - 2 * x2) * d + C; L0 <- x2 * d * (1 - d)
  q <- L2^3 / (3 * L3)^3 - L1 * L2 / (6 * L3^2) + L0 / (2 * L3)
  p <- ifelse(q == 0, 1, sign(q)) * sqrt(pmax(L2^2 / (3 * L3)^2 - L1 / (3 * L3), 0))
  a <- (pi + acos(pmax(pmin(ifelse(p == 0, 0, q / p^3), 1), -1))) / 3
  p2 <- pmin(pmax(2 * p * cos(a) - L2 / (3 * L3), max(0, -d)), min(1, 1 - d))
  list(p1 = p2 + d, p2 = p2)
}
score <- function(t, d, weights, bias = TRUE) {
  r <- restricted(t$x1, t$n1, t$x2, t$n2, d); N <- t$n1 + t$n2
  v <- pmax(r$p1 * (1 - r$p1) / t$n1 + r$p2 * (1 - r$p2) / t$n2, 0)
  if (bias) v <- v * N / (N - 1)
  w <- switch(weights, cmh = t$n1 * t$n2 / N, "sample-size" = N, equal = rep(1, length(N)),
              "inverse-variance" = 1 / pmax(v, 1e-300), "miettinen-nurminen" = {
    w <- t$n1 * t$n2 / N
    for (k in 1:2000) {
      w <- w / sum(w)
      P1 <- sum(w * r$p1); P2 <- sum(w * r$p2)
      w <- 1 / (P1 * (1 - P1) / t$n1 + P2 * (1 - P2) / t$n2)
    }
    w
  })
  w <- w / sum(w)
  (sum(w * (t$x1 / t$n1 - t$x2 / t$n2)) - d) / sqrt(sum(w^2 * v))
}
score_bank <- function(name, t, weights, label, bias = TRUE) {
  f <- function(d, shift) { s <- score(t, d, weights, bias); if (is.nan(s)) s <- 0; max(min(s - shift, 1e6), -1e6) }
  edge <- 1 - 1e-12
  ends <- function(shift) {
    if (f(edge, shift) > 0) return(1)
    if (f(-edge, shift) < 0) return(-1)
    fine(function(d) f(d, shift), -edge, edge)
  }
  a <- sprintf("difference/%s/%s", label, weights)
  emit(name, a, "limits", c(ends(z), ends(-z)))
  s <- score(t, 0, weights, bias)
  emit(name, a, "z", s)
  emit(name, a, "p_value", 2 * pnorm(-abs(s)))
  s <- score(t, -0.1, weights, bias)
  emit(name, a, "p_value_margin", pnorm(s, lower.tail = FALSE))
}

# --- exact unconditional: every outcome, a dense grid, then optimize about each of its best points
unconditional <- function(x1, n1, x2, n2, statistic, alternative) {
  i <- rep(0:n1, n2 + 1); j <- rep(0:n2, each = n1 + 1)
  if (statistic == "boschloo") {
    e <- -mapply(function(a, b) {
      if (alternative == "less") phyper(a, n1, n2, a + b)
      else if (alternative == "greater") phyper(a - 1, n1, n2, a + b, lower.tail = FALSE)
      else { d <- dhyper(max(0, a + b - n2):min(n1, a + b), n1, n2, a + b)
             sum(d[d <= dhyper(a, n1, n2, a + b) * (1 + 1e-7)]) }
    }, i, j)
  } else {
    p <- (i + j) / (n1 + n2)
    v <- if (statistic == "barnard") p * (1 - p) * (1 / n1 + 1 / n2)
         else i / n1 * (1 - i / n1) / n1 + j / n2 * (1 - j / n2) / n2
    e <- ifelse(i / n1 == j / n2, 0, (i / n1 - j / n2) / sqrt(v))
    e <- switch(alternative, greater = e, less = -e, abs(e))
  }
  own <- e[i == x1 & j == x2]
  inside <- if (is.infinite(own)) e >= own else e >= own - 1e-9 * max(abs(own), 1e-12)
  i <- i[inside]; j <- j[inside]
  value <- function(p) sum(dbinom(i, n1, p) * dbinom(j, n2, p))
  grid <- seq(0, 1, length.out = 4001); values <- sapply(grid, value)
  best <- max(values)
  for (k in order(-values)[1:40]) {
    low <- max(grid[k] - 1 / 4000, 0); high <- min(grid[k] + 1 / 4000, 1)
    best <- max(best, optimize(value, c(low, high), maximum = TRUE, tol = 1e-13)$objective)
  }
  min(best, 1)
}

# --- the conditional distribution: fisher.test and mantelhaen.test find limits by uniroot at its coarse default;
# the same equations are solved again to rounding
convolved <- function(a, b) {
  r <- numeric(length(a) + length(b) - 1)
  for (i in seq_along(a)) { at <- i:(i + length(b) - 1); r[at] <- r[at] + a[i] * b }
  r
}
conditional <- function(name, t) {
  support <- 0; logs <- 0
  for (k in seq_along(t$x1)) {
    m <- t$x1[k] + t$x2[k]; s <- max(0, m - t$n2[k]):min(t$n1[k], m)
    d <- dhyper(s, t$n1[k], t$n2[k], m)
    logs <- log(if (k == 1) d else convolved(exp(logs), d))
    support <- seq(min(support) + min(s), by = 1, length.out = length(logs))
  }
  own <- sum(t$x1)
  prob <- function(b) { e <- logs + support * b; e <- exp(e - max(e, na.rm = TRUE)); e[is.nan(e)] <- 0; e / sum(e) }
  solve <- function(f) exp(fine(f, -40, 40))
  low <- if (own == min(support)) 0 else solve(function(b) sum(prob(b)[support >= own]) - 0.025)
  high <- if (own == max(support)) Inf else solve(function(b) sum(prob(b)[support <= own]) - 0.025)
  mle <- if (own == min(support)) 0 else if (own == max(support)) Inf else solve(function(b) sum(support * prob(b)) - own)
  emit(name, "odds/conditional", "estimate", mle)
  emit(name, "odds/conditional", "limits", c(low, high))
}

table_bank <- function(name, x1, n1, x2, n2) {
  t <- list(x1 = x1, n1 = n1, x2 = x2, n2 = n2); K <- length(x1)
  for (q in names(t)) emit(name, "data", q, t[[q]])
  array3 <- array(rbind(x1, x2, n1 - x1, n2 - x2), dim = c(2, 2, K))
  varied <- any((x1 + x2) > 0 & (x1 + x2) < n1 + n2)
  score_bank(name, t, "cmh", "miettinen-nurminen")
  score_bank(name, t, "cmh", "mee", FALSE)
  if (K > 1) for (w in c("sample-size", "equal", "inverse-variance", "miettinen-nurminen"))
    # At no difference a stratum without any event (or any non-event) would get infinite weight.
    if (w != "inverse-variance" || all(x1 + x2 > 0 & x1 + x2 < n1 + n2)) score_bank(name, t, w, "miettinen-nurminen")
  if (varied) {
    mh <- rma.mh(ai = x1, n1i = n1, ci = x2, n2i = n2, measure = "RD")
    emit(name, "difference/sato/cmh", "estimate", mh$beta)
    emit(name, "difference/sato/cmh", "limits", c(mh$ci.lb, mh$ci.ub))
    if (mh$se > 0) emit(name, "difference/sato/cmh", "p_value", mh$pval)
    if (sum(x1 * (n2 - x2)) > 0 && sum(x2 * (n1 - x1)) > 0) {
      or <- rma.mh(ai = x1, n1i = n1, ci = x2, n2i = n2, measure = "OR", correct = FALSE, add = 0, drop00 = FALSE)
      emit(name, "odds/mantel-haenszel", "estimate", exp(or$beta))
      emit(name, "odds/mantel-haenszel", "std_error", or$se)
      emit(name, "odds/mantel-haenszel", "limits", exp(c(or$ci.lb, or$ci.ub)))
    }
    for (correct in c(TRUE, FALSE)) {
      h <- mantelhaen.test(array3[, , rep(seq_len(K), length.out = max(K, 2)), drop = FALSE], correct = correct)
      if (K > 1) {
        emit(name, sprintf("cmh/%s", if (correct) "corrected" else "plain"), "chi_square", h$statistic)
        emit(name, sprintf("cmh/%s", if (correct) "corrected" else "plain"), "p_value", h$p.value)
        emit(name, "odds/mantelhaen.test", "limits", h$conf.int)
      }
    }
    if (K > 1) {
      e <- mantelhaen.test(array3, exact = TRUE)
      emit(name, "odds/exact", "p_value", e$p.value)
      emit(name, "odds/exact", "p_greater", mantelhaen.test(array3, exact = TRUE, alternative = "greater")$p.value)
    }
    conditional(name, t)
  }
  if (K > 1) {
    if (all(x1 > 0 & x2 > 0 & x1 < n1 & x2 < n2)) {
      iv <- rma.uni(ai = x1, n1i = n1, ci = x2, n2i = n2, measure = "RD", method = "FE")
      emit(name, "difference/wald/inverse-variance", "estimate", iv$beta)
      emit(name, "difference/wald/inverse-variance", "limits", c(iv$ci.lb, iv$ci.ub))
      emit(name, "difference/wald/inverse-variance", "p_value", iv$pval)
    }
    w <- n1 * n2 / (n1 + n2); w <- w / sum(w)
    d <- sum(w * (x1 / n1 - x2 / n2)); v <- sum(w^2 * (x1 / n1 * (1 - x1 / n1) / n1 + x2 / n2 * (1 - x2 / n2) / n2))
    emit(name, "difference/wald/cmh", "limits", d + c(-1, 1) * z * sqrt(v))
    return(invisible())
  }
  nc <- ci.pd(aa = x1, bb = x2, cc = n1 - x1, dd = n2 - x2, method = "Nc", print = FALSE)
  emit(name, "difference/newcombe", "limits", nc[, c(6, 7)])
  ac <- ci.pd(aa = x1, bb = x2, cc = n1 - x1, dd = n2 - x2, method = "AC", print = FALSE)
  emit(name, "difference/agresti-caffo", "limits", pmin(pmax(ac[, c(6, 7)], -1), 1))
  if (varied) {
    m <- matrix(c(x1, x2, n1 - x1, n2 - x2), 2)
    emit(name, "test/chi-square", "p_value", suppressWarnings(chisq.test(m, correct = FALSE))$p.value)
    emit(name, "test/chi-square-continuity", "p_value", suppressWarnings(prop.test(c(x1, x2), c(n1, n2)))$p.value)
    E <- outer(rowSums(m), colSums(m)) / sum(m)
    emit(name, "test/likelihood-ratio", "p_value",
         pchisq(2 * sum(ifelse(m > 0, m * log(m / E), 0)), 1, lower.tail = FALSE))
    emit(name, "test/chi-square-n-1", "p_value",
         pchisq(suppressWarnings(chisq.test(m, correct = FALSE))$statistic * (sum(m) - 1) / sum(m), 1, lower.tail = FALSE))
    for (alternative in c("two.sided", "greater", "less"))
      emit(name, sprintf("test/fisher/%s", sub("[.]", "-", alternative)), "p_value",
           fisher.test(m, alternative = alternative)$p.value)
  }
  if (n1 * n2 < 20000) for (statistic in c("barnard", "boschloo", "suissa-shuster"))
    for (alternative in c("two-sided", "greater", "less"))
      emit(name, sprintf("unconditional/%s/%s", statistic, alternative), "p_value",
           unconditional(x1, n1, x2, n2, statistic, alternative))
}
table_bank("newcombe a", 56, 70, 48, 80)
table_bank("newcombe b", 9, 10, 3, 10)
table_bank("newcombe c", 6, 7, 2, 7)
table_bank("newcombe d", 5, 56, 0, 29)
table_bank("newcombe e", 0, 10, 0, 20)
table_bank("newcombe f", 0, 10, 0, 10)
table_bank("newcombe g", 10, 10, 0, 20)
table_bank("newcombe h", 10, 10, 0, 10)
table_bank("clinical benefit", 57, 136, 17, 62)
table_bank("mehta senchaudhuri", 7, 15, 12, 15)
table_bank("large", 51234, 100000, 25321, 50000)
table_bank("rare", 3, 40000, 11, 60000)
table_bank("three strata", c(8, 10, 6), c(30, 35, 27), c(12, 15, 9), c(30, 35, 23))
table_bank("sparse strata", c(0, 3, 2), c(13, 70, 13), c(1, 42, 0), c(8, 50, 95))
table_bank("six strata", c(8, 4, 2, 5, 6, 5), c(9, 4, 5, 7, 7, 8), c(3, 6, 2, 3, 3, 3), c(6, 12, 5, 4, 8, 5))
table_bank("pairs", c(1, 0, 1, 1, 0), c(1, 1, 1, 1, 1), c(0, 0, 1, 0, 1), c(1, 1, 1, 1, 1))
u <- UCBAdmissions
table_bank("UCBAdmissions", u["Admitted", "Female", ], colSums(u[, "Female", ]), u["Admitted", "Male", ], colSums(u[, "Male", ]))

# --- general Cochran-Mantel-Haenszel on R's own data; rows are the counts, first index fastest
general <- function(name, counts) {
  emit(name, "data", "dim", dim(counts))
  emit(name, "data", "counts", counts)
  g <- mantelhaen.test(counts)
  emit(name, "cmh/general", "statistic", c(g$statistic, g$parameter, g$p.value))
  d <- as.data.frame(as.table(counts)); names(d) <- c("row", "column", "stratum", "n")
  d <- d[rep(seq_len(nrow(d)), d$n), 1:3]
  d$row_ <- ordered(as.integer(d$row)); d$column_ <- ordered(as.integer(d$column))
  m <- cmh_test(column_ ~ row | stratum, data = d)
  emit(name, "cmh/mean-score", "statistic", c(statistic(m), length(levels(d$row)) - 1,
                                           pchisq(statistic(m), length(levels(d$row)) - 1, lower.tail = FALSE)))
  l <- lbl_test(column_ ~ row_ | stratum, data = d)
  emit(name, "cmh/correlation", "statistic", c(statistic(l)^2, 1, pchisq(statistic(l)^2, 1, lower.tail = FALSE)))
}
general("job satisfaction", array(c(1, 2, 0, 0, 3, 3, 1, 2, 11, 17, 8, 4, 2, 3, 5, 2,
                                    1, 0, 0, 0, 1, 3, 0, 1, 2, 5, 7, 9, 1, 1, 3, 6), dim = c(4, 4, 2)))
general("hair eye by sex", unclass(HairEyeColor))
general("titanic class by survival", apply(Titanic, c("Class", "Survived", "Sex"), sum))
close(out)
