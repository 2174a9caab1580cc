# Cox's regression with SAS's exact ties, the marginal likelihood, which R's survival lacks: one covariate, the likelihood
# and its first two derivatives by integrate() for each death time, the maximum by uniroot().
#   Rscript cox_marginal_bank.R OUTPUT VERSIONS
suppressPackageStartupMessages(library(survival))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(sprintf("%.17g", as.numeric(values)), collapse = ", ")), file = out)
}

# Log-likelihood, score and information of one death time: x of the dead, y of those who outlive it.
part <- function(b, x, y) {
  if (length(y) == 0) return(c(0, 0, 0))
  w <- exp(y * b); total <- sum(w); mean_y <- sum(w * y) / total; spread <- sum(w * (y - mean_y)^2) / total
  r <- exp(x * b) / total; u <- x - mean_y
  whole <- function(f) {
    # In y = log t, piece by piece: the integrand is smooth and dies on both sides.
    g <- function(y) sapply(y, function(one) { t <- exp(one); f(t) * prod(-expm1(-r * t)) * exp(one - t) })
    cut <- c(-60, seq(-24, 5, by = 1))
    sum(sapply(seq_len(length(cut) - 1), function(i)
      integrate(g, cut[i], cut[i + 1], rel.tol = 1e-11, abs.tol = 1e-16, stop.on.error = FALSE)$value))
  }
  phi <- function(t) { a <- pmin(r * t, 700); ifelse(a < 1e-12, 1, a / expm1(a)) }
  z <- whole(function(t) 1)
  q <- whole(function(t) sum(phi(t) * u)) / z
  qq <- whole(function(t) sum(phi(t) * u)^2) / z
  cc <- whole(function(t) { p <- phi(t); a <- pmin(r * t, 700); sum(p * (1 - p - a) * u^2) - sum(p) * spread }) / z
  c(log(z), q, -(qq - q^2 + cc))
}

terms <- function(b, d) {
  total <- c(0, 0, 0)
  for (s in unique(d$stratum)) {
    own <- d[d$stratum == s, ]
    for (at in sort(unique(own$time[own$event == 1]))) {
      dead <- own$time == at & own$event == 1
      risk <- own$time >= at & own$entry < at & !dead
      total <- total + part(b, own$x[dead], own$x[risk])
    }
  }
  total
}

one <- function(name, d) {
  if (is.null(d$stratum)) d$stratum <- 1
  if (is.null(d$entry)) d$entry <- -1
  for (column in c("time", "event", "x", "stratum", "entry")) emit(name, "data", column, d[[column]])
  root <- uniroot(function(b) terms(b, d)[2], c(-6, 6), tol = 1e-13)$root
  best <- terms(root, d)
  emit(name, "marginal", "coef", root)
  emit(name, "marginal", "std_error", 1 / sqrt(best[3]))
  emit(name, "marginal", "loglik", c(terms(0, d)[1], best[1]))
  at <- terms(0, d)
  emit(name, "marginal", "score", at[2]^2 / at[3])
  # Efron's and the discrete rule beside it, to show how far apart they lie.
  s <- if (all(d$entry < 0)) Surv(d$time, d$event) else Surv(d$entry, d$time, d$event)
  for (rule in c("efron", "exact")) {
    fit <- tryCatch(coxph(s ~ x + strata(stratum), d, ties = rule, control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)),
                    error = function(e) NULL)
    if (!is.null(fit)) emit(name, rule, "coef", coef(fit))
  }
}

aml1 <- data.frame(time = aml$time, event = aml$status, x = as.numeric(aml$x == "Nonmaintained"))
one("aml", aml1)
one("ovarian_years", data.frame(time = ceiling(ovarian$futime / 180), event = ovarian$fustat, x = ovarian$age - 56))
one("kidney_months", data.frame(time = ceiling(kidney$time / 30), event = kidney$status, x = kidney$sex - 1))
one("veteran_months", data.frame(time = ceiling(veteran$time / 30), event = veteran$status, x = (veteran$karno - 60) / 10,
                                 stratum = as.numeric(veteran$celltype)))
# Remission of acute leukemia on 6-mercaptopurine and placebo, in weeks (Freireich et al. 1963; Gehan 1965; Cox 1972).
mp <- c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35)
mpe <- c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
placebo <- c(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
one("gehan", data.frame(time = c(mp, placebo), event = c(mpe, rep(1, 21)), x = rep(0:1, each = 21)))
# Left truncation and heavy ties, made up by a rule.
i <- 0:59
one("late_entry", data.frame(time = 3 + (i * 7) %% 9, event = as.numeric((i * 5) %% 7 > 1), x = ((i * 37) %% 11 - 5) / 4,
                             entry = (i * 3) %% 3))
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival"))), args[2])
