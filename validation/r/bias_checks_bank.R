# Checks of an open-label trial: survival from a landmark (survfit of those still at risk), scan intervals by arm
# (wilcox.test, kruskal.test), two reviews of progression (table), reasons for censoring (chisq.test).
#   Rscript bias_checks_bank.R OUTPUT VERSIONS
suppressPackageStartupMessages(library(survival))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(sprintf("%.17g", as.numeric(values)), collapse = ", ")), file = out)
}
put <- function(name, d) for (column in names(d)) emit(name, "data", column, d[[column]])

sets <- list(
  veteran = data.frame(time = veteran$time, event = veteran$status, group = veteran$trt),
  lung = data.frame(time = lung$time, event = lung$status - 1, group = lung$sex),
  colon = with(colon[colon$etype == 2, ], data.frame(time = time, event = status, group = as.numeric(rx))))
for (name in names(sets)) {
  d <- sets[[name]]; put(name, d)
  for (at in c(30, 180, 365)) {
    key <- paste0("landmark ", at)
    for (g in sort(unique(d$group))) {
      own <- d[d$group == g, ]
      emit(name, key, paste("counts", g), c(nrow(own), sum(own$time <= at & own$event == 1),
                                            sum(own$time <= at & own$event == 0), sum(own$time > at)))
      # S(at + t) / S(at) from the curve of everybody, and from those still at risk.
      whole <- survfit(Surv(time, event) ~ 1, own)
      kept <- own[own$time > at, ]; kept$time <- kept$time - at
      f <- survfit(Surv(time, event) ~ 1, kept)
      later <- c(50, 100, 200)
      emit(name, key, paste("survival", g), summary(f, times = later, extend = TRUE)$surv)
      emit(name, key, paste("ratio", g), summary(whole, times = at + later, extend = TRUE)$surv /
                                          summary(whole, times = at, extend = TRUE)$surv)
      emit(name, key, paste("std_error", g), summary(f, times = later, extend = TRUE)$std.err)
    }
  }
}

# Forty patients scanned about every eight weeks, a little later in the second arm; sixty in three arms.
for (arms in 2:3) {
  name <- paste0("scans", arms); n <- 20 * arms
  subject <- rep(seq_len(n), times = 1 + (seq_len(n) * 7) %% 5)
  visit <- ave(subject, subject, FUN = seq_along)
  group <- (subject - 1) %% arms + 1
  time <- 56 * visit + (subject * 13 + visit * 29) %% 23 - 10 + 3 * (group == 2)
  put(name, data.frame(subject = subject, time = time, group = group))
  mean_interval <- tapply(time, subject, max) / tapply(visit, subject, max)
  g <- tapply(group, subject, max)
  if (arms == 2) emit(name, "test", "p_value", wilcox.test(mean_interval ~ g, exact = FALSE, correct = FALSE)$p.value)
  k <- kruskal.test(mean_interval, g)
  emit(name, "test", "chi_square", k$statistic); emit(name, "test", "kruskal_p_value", k$p.value)
  for (a in seq_len(arms)) {
    gaps <- unlist(lapply(split(time[group == a], subject[group == a]), function(t) diff(c(0, sort(t)))))
    emit(name, "intervals", paste(a), c(length(gaps), quantile(gaps, c(0, .25, .5, .75, 1)), mean(gaps), sd(gaps)))
    near <- sapply(time[group == a], function(t) min(abs(t - 56 * 1:6)))
    emit(name, "off", paste(a), sum(near > 7))
  }
}

# Two reviews of eighty patients.
i <- seq_len(80)
review <- data.frame(group = i %% 2 + 1, t1 = 56 * (1 + (i * 5) %% 7), e1 = as.numeric((i * 3) %% 11 > 3),
                     t2 = 56 * (1 + ((i * 5) %% 7 + c(0, 0, 0, 1, 0, -1)[i %% 6 + 1]) %% 7), e2 = as.numeric((i * 4) %% 13 > 4))
put("review", review)
for (g in 1:2) {
  d <- review[review$group == g, ]
  cell <- table(factor(d$e1, 0:1), factor(d$e2, 0:1))
  side <- table(factor(sign(d$t1 - d$t2)[d$e1 == 1 & d$e2 == 1], -1:1))
  b <- cell["1", "0"]; cc <- cell["0", "1"]; a <- cell["1", "1"]
  emit("review", "rates", paste(g), c((b + side["-1"]) / (a + b), (cc + side["1"]) / (b + cc + side["1"] + side["-1"]),
                                      (a + cell["0", "0"]) / nrow(d)))
}

# Reasons for censoring of ninety patients, three of them.
i <- seq_len(90)
why <- data.frame(group = i %% 2 + 1, time = 1 + (i * 17) %% 60, event = as.numeric((i * 7) %% 9 < 4), reason = (i * i) %% 3 + (i %% 4 == 0))
put("reasons", why)
censored <- why[why$event == 0, ]
x <- suppressWarnings(chisq.test(table(censored$group, censored$reason), correct = FALSE))
n <- nrow(censored)
emit("reasons", "test", "chi_square", x$statistic * (n - 1) / n)
emit("reasons", "test", "p_value", pchisq(x$statistic * (n - 1) / n, x$parameter, lower.tail = FALSE))
emit("reasons", "test", "counts", as.vector(t(table(censored$group, censored$reason))))
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival"))), args[2])
