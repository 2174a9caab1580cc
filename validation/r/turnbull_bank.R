# Turnbull's estimate by survfit (survival) from interval-censored times.
#   Rscript turnbull_bank.R FOLDER OUTPUT
# FOLDER holds one CSV per data set (see validation/curves_data.py). survfit's EM algorithm stops early; the last lines of
# `refine` carry its masses on by EM until nothing changes, and print the log-likelihood there.
suppressPackageStartupMessages({ library(survival); library(KMsurv) })
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[2], "w")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(sprintf("%.17g", as.numeric(values)), collapse = ", ")), file = out)
}

# EM on a grid of half steps between whole times: a point, or the open interval that follows it.
refine <- function(l, r) {
  r[is.na(r)] <- Inf
  ends <- sort(unique(c(l, r[is.finite(r)])))
  low <- c(ends, ends)
  high <- c(ends, c(ends[-1], Inf))
  holds <- outer(seq_along(l), seq_along(low), Vectorize(function(i, j) {
    if (low[j] == high[j]) { if (l[i] == r[i]) low[j] == l[i] else l[i] < low[j] && high[j] <= r[i] }
    else l[i] <= low[j] && high[j] <= r[i]
  }))
  holds <- holds + 0
  p <- rep(1 / ncol(holds), ncol(holds))
  for (k in 1:20000) {
    f <- as.vector(holds %*% p)
    q <- p * as.vector(t(holds) %*% (1 / f)) / nrow(holds)
    if (max(abs(q - p)) < 1e-13) break
    p <- q
  }
  list(loglik = sum(log(as.vector(holds %*% p))), survival = function(t) 1 - sum(p[high <= t]))
}

one <- function(name, g, l, r) {
  f <- survfit(Surv(l, r, type = "interval2") ~ 1)
  at <- sort(unique(r[is.finite(r)]))
  better <- refine(l, r)
  emit(name, g, "n", length(l))
  emit(name, g, "sum_left", sum(l))
  emit(name, g, "at", at)
  emit(name, g, "survfit", summary(f, times = at, extend = TRUE)$surv)
  emit(name, g, "loglik", better$loglik)
  emit(name, g, "survival", sapply(at, better$survival))
}

for (file in sort(list.files(args[1], "[.]csv$"))) {
  d <- read.csv(file.path(args[1], file))
  d$right[is.infinite(d$right)] <- NA
  for (g in sort(unique(d$group))) one(sub("[.]csv$", "", file), g, d$left[d$group == g], d$right[d$group == g])
}
# Breast cosmesis (Beadle et al. 1984; Finkelstein 1986), printed as data too.
data(bcdeter)
for (g in 1:2) {
  b <- bcdeter[bcdeter$treat == g, ]
  emit("bcdeter", g, "left", b$lower)
  emit("bcdeter", g, "right", ifelse(is.na(b$upper), -1, b$upper))
  one("bcdeter", g, b$lower, b$upper)
}
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival")),
             paste("KMsurv", packageVersion("KMsurv"))), sub("[.]jsonl$", "_versions.txt", args[2]))
