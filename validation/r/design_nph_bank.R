# Designs for non-proportional hazards: moments of weighted log-rank numerators, average hazard ratios, restricted means
# and milestones, by fine-grid integration and by simulation with survdiff and coxph (survival).
#   Rscript design_nph_bank.R OUTPUT VERSIONS
# Prints one JSON object a line: dataset (the scenario), analysis, quantity, values. Nothing is read.
suppressPackageStartupMessages(library(survival))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(sprintf("%.17g", as.numeric(values)), collapse = ", ")), file = out)
}

# A step function: rate[k] from cut[k] on, cut[1] = 0.
steps <- function(rate, cut = 0) list(rate = rate, cut = cut)
at <- function(s, t) s$rate[findInterval(t, s$cut)]
cum <- function(s, t) {
  total <- 0
  for (k in seq_along(s$cut)) {
    stop <- if (k < length(s$cut)) s$cut[k + 1] else Inf
    total <- total + s$rate[k] * pmax(pmin(t, stop) - s$cut[k], 0)
  }
  total
}

# Scenarios. Each stratum: its share, and by arm (control, experimental) the hazards of event and dropout.
arms <- function(share, control, experimental, loss0, loss1) {
  list(share = share, h = list(control, experimental), g = list(loss0, loss1))
}
scenarios <- list(
  delayed = list(ratio = 1, accrual = list(rate = 1, cut = 0, end = 12), time = 30, tau = 18, seed = 101, strata = list(
    arms(1, steps(log(2) / 15), steps(log(2) / 15 * c(1, 0.5), c(0, 4)), steps(0.004), steps(0.004)))),
  crossing = list(ratio = 2, accrual = list(rate = c(1, 3, 5), cut = c(0, 4, 9), end = 20), time = 33, tau = 12, seed = 102, strata = list(
    arms(1, steps(c(0.05, 0.11), c(0, 6)), steps(c(0.08, 0.07, 0.04), c(0, 3, 10)), steps(0.01), steps(c(0.03, 0.005), c(0, 5))))),
  diminishing = list(ratio = 1, accrual = list(rate = c(2, 1), cut = c(0, 6), end = 15), time = 28, tau = 12, seed = 103, strata = list(
    arms(0.4, steps(0.12), steps(c(0.03, 0.10), c(0, 8)), steps(0.01), steps(0.01)),
    arms(0.6, steps(c(0.06, 0.09), c(0, 5)), steps(c(0.02, 0.05, 0.09), c(0, 5, 10)), steps(0.005), steps(0.02)))),
  proportional = list(ratio = 1.5, accrual = list(rate = 1, cut = 0, end = 24), time = 36, tau = 20, seed = 104, strata = list(
    arms(1, steps(c(0.09, 0.05), c(0, 9)), steps(0.25 * c(0.09, 0.05), c(0, 9)), steps(0.01), steps(0.01)))),
  none = list(ratio = 1, accrual = list(rate = 1, cut = 0, end = 12), time = 24, tau = 12, seed = 105, strata = list(
    arms(1, steps(0.07), steps(0.07), steps(0.01), steps(0.01)))))

arrived <- function(a, t) {
  total <- function(x) cum(steps(a$rate, a$cut), pmin(pmax(x, 0), a$end))
  total(t) / total(a$end)
}

# Composite Simpson on many small steps between all breaks; the first piece is stretched (t = L u^4), because a weight
# such as (1 - S)^0.5 is not smooth at zero. `x` holds nodes, step ends and middles in turn; `w` their weights.
grid <- function(end, cuts, cells = 4000) {
  edges <- sort(unique(c(0, cuts[cuts > 0 & cuts < end], end)))
  x <- w <- piece <- numeric(0)
  for (k in seq_len(length(edges) - 1)) {
    u <- seq(0, 1, length.out = 2 * cells + 1)
    simpson <- rep(c(2, 4), length.out = 2 * cells + 1)
    simpson[c(1, 2 * cells + 1)] <- 1
    simpson <- simpson / (6 * cells)
    length <- edges[k + 1] - edges[k]
    if (k == 1) { x <- c(x, length * u^4); w <- c(w, simpson * length * 4 * u^3) }
    else { x <- c(x, edges[k] + length * u); w <- c(w, simpson * length) }
    piece <- c(piece, rep(k, 2 * cells + 1))
  }
  # Ends are read from inside their piece.
  inside <- x
  first <- c(TRUE, diff(piece) != 0)
  last <- c(diff(piece) != 0, TRUE)
  inside[first] <- x[first] + 1e-12 * end
  inside[last] <- x[last] - 1e-12 * end
  list(x = x, w = w, inside = inside)
}

# The integral of a hazard that is a ratio of exponentials from 0 to every node: Simpson's rule within each interval.
running <- function(g, f) {
  from <- head(g$x, -1); to <- g$x[-1]
  a <- pmin(from + 1e-12, (from + to) / 2); b <- pmax(to - 1e-12, (from + to) / 2)
  c(0, cumsum((to - from) / 6 * (f(a) + 4 * f((from + to) / 2) + f(b))))
}

weights <- function(t, S, Sstar) list(
  fh00 = rep(1, length(t)), fh01 = 1 - S, fh10 = S, fh11 = S * (1 - S), fh55 = sqrt(S * (1 - S)),
  mt6 = 1 / pmax(S, Sstar), ms5 = 1 / pmax(S, 0.5), late = ifelse(t < 5, 0, 1))

exact_moments <- function(s, time) {
  p <- c(1, s$ratio) / (1 + s$ratio)
  events <- c(0, 0); mean <- est <- null <- 0; cox <- list(); geo <- c(0, 0); kp <- c(0, 0)
  for (one in s$strata) {
    share <- function(t) {
      r <- sapply(1:2, function(j) one$share * p[j] * exp(-cum(one$h[[j]], t) - cum(one$g[[j]], t)))
      r <- matrix(r, ncol = 2)
      r[, 2] / rowSums(r)
    }
    pooled <- function(t) { e <- share(t); (1 - e) * at(one$h[[1]], t) + e * at(one$h[[2]], t) }
    # Where the pooled curve passes one half a modest weight bends: found by bisection on its own integral.
    cuts <- c(one$h[[1]]$cut, one$h[[2]]$cut, one$g[[1]]$cut, one$g[[2]]$cut, time - s$accrual$cut, time - s$accrual$end, 5, 6)
    g0 <- grid(time, cuts)
    S0 <- exp(-running(g0, pooled))
    half <- if (min(S0) < 0.5) approx(S0, g0$x, 0.5, ties = "ordered")$y else time
    g <- grid(time, c(cuts, half))
    t <- g$inside
    S <- exp(-running(g, pooled))
    Sstar <- S[which.min(abs(g$x - 6))]
    A <- arrived(s$accrual, time - t)
    pi <- sapply(1:2, function(j) one$share * p[j] * exp(-cum(one$h[[j]], t) - cum(one$g[[j]], t)) * A)
    lam <- sapply(1:2, function(j) at(one$h[[j]], t))
    e <- share(t); v <- rowSums(pi * lam)
    W <- do.call(rbind, weights(t, S, Sstar))
    mean <- mean + as.vector(W %*% (g$w * rowSums(pi) * e * (1 - e) * (lam[, 1] - lam[, 2])))
    est <- est + W %*% (t(W) * (g$w * e * (1 - e) * v))
    G <- sapply(1:2, function(j) one$share * p[j] * exp(-cum(one$g[[j]], t)))
    q <- G[, 2] / rowSums(G)
    null <- null + W %*% (t(W) * (g$w * q * (1 - q) * rowSums(G) * S * A * pooled(t)))
    events <- events + colSums(g$w * pi * lam)
    cox[[length(cox) + 1]] <- list(w = g$w, d1 = pi[, 2] * lam[, 2], v = v, odds = e / (1 - e))
    geo <- geo + c(sum(g$w * v * log(lam[, 2] / lam[, 1])), sum(g$w * v))
    both <- one$share * exp(-0.5 * (cum(one$h[[1]], t) + cum(one$h[[2]], t)))
    kp <- kp + colSums(g$w * both * lam)
  }
  score <- function(b) sum(sapply(cox, function(k) sum(k$w * (k$d1 - k$odds * exp(b) / (1 + k$odds * exp(b)) * k$v))))
  beta <- uniroot(score, c(-5, 5), tol = 1e-13)$root
  list(mean = mean, est = est, null = null, events = events, geometric = exp(geo[1] / geo[2]), kp = kp[2] / kp[1], cox = exp(beta))
}

exact_curves <- function(s, time, tau) {
  p <- c(1, s$ratio) / (1 + s$ratio)
  rmst <- vrmst <- surv <- vsurv <- c(0, 0)
  for (one in s$strata) for (j in 1:2) {
    f <- function(t) exp(-cum(one$h[[j]], t))
    risk <- function(t) one$share * p[j] * f(t) * exp(-cum(one$g[[j]], t)) * arrived(s$accrual, time - t)
    g <- grid(tau, c(one$h[[j]]$cut, one$g[[j]]$cut, time - s$accrual$cut, time - s$accrual$end))
    area <- running(g, f)
    rmst[j] <- rmst[j] + one$share * tail(area, 1)
    vrmst[j] <- vrmst[j] + one$share^2 * sum(g$w * (tail(area, 1) - area)^2 * at(one$h[[j]], g$inside) / risk(g$inside))
    surv[j] <- surv[j] + one$share * f(tau)
    vsurv[j] <- vsurv[j] + one$share^2 * f(tau)^2 * sum(g$w * at(one$h[[j]], g$inside) / risk(g$inside))
  }
  list(rmst = rmst, vrmst = vrmst, surv = surv, vsurv = vsurv)
}

# Simulation -----------------------------------------------------------------------------------------------------------
# Times from a step hazard by inverting its integral at unit exponentials.
draw <- function(s, n) {
  target <- rexp(n)
  reached <- cum(s, s$cut)
  k <- findInterval(target, reached)
  s$cut[k] + (target - reached[k]) / s$rate[k]
}
draw_entry <- function(a, n) {
  grid <- c(a$cut, a$end)
  approx(arrived(a, grid), grid, runif(n))$y
}
trial <- function(s, n) {
  p <- c(1, s$ratio) / (1 + s$ratio)
  parts <- list()
  for (k in seq_along(s$strata)) for (j in 1:2) {
    one <- s$strata[[k]]
    m <- round(n * one$share * p[j])
    parts[[length(parts) + 1]] <- data.frame(stratum = k, arm = j - 1, event = draw(one$h[[j]], m), loss = draw(one$g[[j]], m),
                                              entry = draw_entry(s$accrual, m))
  }
  do.call(rbind, parts)
}
cutoff <- function(d, time) {
  d <- d[d$entry < time, ]
  follow <- time - d$entry
  d$time <- pmin(d$event, d$loss, follow)
  d$status <- as.integer(d$event <= pmin(d$loss, follow))
  d[order(d$stratum, d$time), ]
}
# Numerators (experimental, observed minus expected) and variances for all weights; continuous times, so no ties.
numerators <- function(d) {
  U <- V <- 0
  for (one in split(d, d$stratum)) {
    n <- nrow(one):1
    n1 <- rev(cumsum(rev(one$arm)))
    e <- n1 / n
    S <- c(1, head(cumprod(1 - one$status / n), -1))
    after <- cumprod(1 - one$status / n)
    k <- findInterval(6, one$time)
    W <- do.call(rbind, weights(one$time, S, if (k > 0) after[k] else 1))
    hit <- one$status == 1
    U <- U + as.vector(W[, hit, drop = FALSE] %*% (one$arm - e)[hit])
    V <- V + as.vector(W[, hit, drop = FALSE]^2 %*% (e * (1 - e))[hit])
  }
  list(U = U, V = V)
}

N <- 1000
B <- 2500
BIG <- 40
simulate <- function(name, s) {
  set.seed(s$seed)
  U <- matrix(0, B, 8)
  E <- matrix(0, B, 2)
  compared <- 0
  for (b in 1:B) {
    d <- cutoff(trial(s, N), s$time)
    found <- numerators(d)
    U[b, ] <- found$U
    E[b, ] <- tapply(d$status, d$arm, sum)
    # survdiff merges times closer than 1.5e-8, here or there a pair.
    if (b <= 5 && min(diff(sort(d$time))) > 3e-8 * max(d$time)) {
      compared <- compared + 1
      f <- if (length(s$strata) > 1) Surv(time, status) ~ arm + strata(stratum) else Surv(time, status) ~ arm
      for (rho in 0:1) {
        sd <- survdiff(f, d, rho = rho)
        gap <- sum(as.matrix(sd$obs)[2, ]) - sum(as.matrix(sd$exp)[2, ])
        stopifnot(abs(gap - found$U[c(1, 3)[rho + 1]]) < 1e-8, abs(sd$var[2, 2] / found$V[c(1, 3)[rho + 1]] - 1) < 1e-8)
      }
    }
  }
  stopifnot(compared > 0)
  emit(name, "simulated", "n", N); emit(name, "simulated", "trials", B)
  emit(name, "simulated", "mean_u", colMeans(U)); emit(name, "simulated", "se_mean_u", apply(U, 2, sd) / sqrt(B))
  # The standard error of a variance, from the fourth moment.
  var_se <- apply(U, 2, function(x) { z <- (x - mean(x))^2; sd(z) / sqrt(B) })
  emit(name, "simulated", "var_u", apply(U, 2, var)); emit(name, "simulated", "se_var_u", var_se)
  emit(name, "simulated", "events", colMeans(E)); emit(name, "simulated", "se_events", apply(E, 2, sd) / sqrt(B))
  # The mean of the variance estimate has a bias of order 1 / n, so larger trials are drawn for it.
  V <- t(replicate(BIG, numerators(cutoff(trial(s, 50 * N), s$time))$V))
  emit(name, "simulated", "large_n", 50 * N); emit(name, "simulated", "large_trials", BIG)
  emit(name, "simulated", "mean_v", colMeans(V)); emit(name, "simulated", "se_mean_v", apply(V, 2, sd) / sqrt(BIG))
  # The Cox limit, from one large trial.
  big <- cutoff(trial(s, 800000), s$time)
  f <- if (length(s$strata) > 1) Surv(time, status) ~ arm + strata(stratum) else Surv(time, status) ~ arm
  fit <- coxph(f, big, ties = "breslow", robust = FALSE)
  emit(name, "simulated", "cox", coef(fit)); emit(name, "simulated", "se_cox", sqrt(vcov(fit)))
}

for (name in names(scenarios)) {
  s <- scenarios[[name]]
  m <- exact_moments(s, s$time)
  early <- exact_moments(s, 0.6 * s$time)
  for (q in c("mean", "est", "null", "events", "geometric", "kp", "cox")) {
    emit(name, "final", q, m[[q]]); emit(name, "early", q, early[[q]])
  }
  k <- exact_curves(s, s$time, s$tau)
  for (q in names(k)) emit(name, "curves", q, k[[q]])
  simulate(name, s)
}

# Two looks under no effect: the covariances of two tests at two times.
s <- scenarios$none
set.seed(206)
B2 <- 6000
U <- matrix(0, B2, 4)
for (b in 1:B2) {
  d <- trial(s, N)
  early <- numerators(cutoff(d, 14)); late <- numerators(cutoff(d, 24))
  U[b, ] <- c(early$U[1:2], late$U[1:2])
}
emit("none", "looks", "n", N); emit("none", "looks", "trials", B2)
emit("none", "looks", "cov_u", var(U))
centered <- sweep(U, 2, colMeans(U))
se <- matrix(0, 4, 4)
for (i in 1:4) for (j in 1:4) se[i, j] <- sd(centered[, i] * centered[, j]) / sqrt(B2)
emit("none", "looks", "se_cov_u", se)
close(out)
writeLines(c(R.version.string, R.version$platform, paste("survival", packageVersion("survival"))), args[2])
