# Monitoring of group-sequential trials by rpact: bounds, repeated limits and P, final P, median-unbiased estimate and
# limits by the stage-wise ordering, conditional power; and the stage-wise answers again by mvtnorm.
#   Rscript design_monitoring_bank.R OUTPUT VERSIONS
suppressMessages({library(rpact); library(mvtnorm)})
setLogLevel("DISABLED")
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
writeLines(c(R.version.string, paste("rpact", packageVersion("rpact")), paste("mvtnorm", packageVersion("mvtnorm"))),
           args[2])

text <- function(v) if (is.na(v)) "null" else if (is.infinite(v)) sprintf('"%s"', v) else sprintf("%.17g", v)
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(as.numeric(values), text, ""), collapse = ", ")), file = out)
}

# type, its parameter, alpha of one side, events at the planned looks, ratio, Z at the looks done, hazard ratio of H1
cases <- list(
  list("asOF", NA, 0.025, c(66, 132), 1, c(1.2, 2.5), 0.7),
  list("asOF", NA, 0.025, c(66, 132), 1, c(1.2, 1.5), 0.7),
  list("asOF", NA, 0.025, c(66, 132), 2, c(3.2), 0.59),
  list("asOF", NA, 0.0125, c(176, 235), 1, c(1.9, 2.6), 0.6),
  list("asOF", NA, 0.025, c(111, 248, 370), 1, c(1.86, 2.9), 0.74),
  list("asOF", NA, 0.025, c(111, 248, 370), 1, c(-0.4, 0.3, -1.1), 0.74),
  list("asOF", NA, 0.025, c(50, 100, 150, 200), 2, c(0.3, 1.7, 2.1, 2.2), 0.65),
  list("asOF", NA, 0.025, c(50, 100, 150, 200), 2, c(0.3, 1.7, 2.9), 0.65),
  list("asP", NA, 0.025, c(60, 120, 180), 1, c(1.1, 2.6), 0.7),
  list("asP", NA, 0.025, c(60, 120, 180), 1, c(2.4), 0.7),
  list("asP", NA, 0.05, c(60, 120, 180), 3, c(0.9, 1.6, 2.0), 0.7),
  list("asHSD", -4, 0.025, c(80, 160, 240), 1, c(1.5, 2.1, 2.4), 0.72),
  list("asHSD", -4, 0.025, c(80, 160, 240), 1, c(1.5, 3.1), 0.72),
  list("asHSD", 1, 0.025, c(80, 160, 240), 2, c(0.2, 2.7), 0.72),
  list("asHSD", -10, 0.0125, c(176, 235), 1, c(0.8, 2.4), 0.6),
  list("asKD", 2, 0.025, c(90, 180, 300), 1, c(1.3, 2.0, 2.2), 0.75),
  list("asKD", 3, 0.025, c(90, 180, 300), 2, c(3.4), 0.75),
  list("OF", NA, 0.025, c(50, 100, 150, 200, 250), 1, c(0.8, 1.6, 2.2, 2.35), 0.7),
  list("OF", NA, 0.025, c(50, 100, 150), 2, c(1.0, 1.9, 2.05), 0.65),
  list("P", NA, 0.025, c(50, 100, 150, 200), 1, c(0.9, 2.5), 0.7),
  list("P", NA, 0.025, c(50, 100, 150), 1, c(0.9, 1.5, 1.2), 0.7),
  list("WT", 0.25, 0.025, c(60, 110, 190), 1, c(1.4, 2.6), 0.7),
  list("WT", 0.1, 0.05, c(60, 110, 190), 2, c(0.4, 1.3, 1.9), 0.7))

# P(an upper crossing before the last look, or Z of the last look >= z) under theta, by Genz and Bretz (Miwa).
stagewise <- function(theta, information, upper, z) {
  s <- length(information); p <- 0
  for (k in seq_len(s)) {
    low <- rep(-Inf, k); high <- c(upper[seq_len(k - 1)], Inf); low[k] <- if (k < s) upper[k] else z
    mean <- theta * sqrt(information[seq_len(k)])
    corr <- outer(seq_len(k), seq_len(k), function(i, j) sqrt(information[pmin(i, j)] / information[pmax(i, j)]))
    p <- p + if (k == 1) pnorm(low[1], mean, lower.tail = FALSE)
             else pmvnorm(low, high, mean, corr = corr, algorithm = Miwa(steps = 4097))[1]
  }
  p
}

for (i in seq_along(cases)) {
  x <- cases[[i]]; type <- x[[1]]; parameter <- x[[2]]; alpha <- x[[3]]; events <- x[[4]]; ratio <- x[[5]]; z <- x[[6]]
  K <- length(events); k <- length(z); rates <- events / events[K]
  options <- list(kMax = K, alpha = alpha, sided = 1, informationRates = rates, typeOfDesign = type, tolerance = 1e-10)
  if (type == "asHSD") options$gammaA <- parameter
  if (type == "asKD") options$gammaA <- parameter
  if (type == "WT") options$deltaWT <- parameter
  design <- do.call(getDesignGroupSequential, options)
  name <- sprintf("case %02d %s", i, type)
  emit(name, "inputs", "parameter", parameter); emit(name, "inputs", "alpha", alpha)
  emit(name, "inputs", "events", events); emit(name, "inputs", "ratio", ratio); emit(name, "inputs", "z", z)
  emit(name, "inputs", "hazard_ratio", x[[7]])
  emit(name, "bounds", "upper", design$criticalValues)

  data <- getDataset(overallEvents = events[1:k], overallLogRanks = -z, overallAllocationRatios = rep(ratio, k))
  stage <- getStageResults(design, data, directionUpper = FALSE, stage = k)
  emit(name, "repeated", "p_value", getRepeatedPValues(stage, tolerance = 1e-13)[1:k])
  limits <- getRepeatedConfidenceIntervals(design, data, directionUpper = FALSE, tolerance = 1e-13, stage = k)
  emit(name, "repeated", "low", limits[1, 1:k]); emit(name, "repeated", "high", limits[2, 1:k])

  ended <- k == K || z[k] >= design$criticalValues[k]
  if (ended) {
    final <- getFinalConfidenceInterval(design, data, directionUpper = FALSE, tolerance = 1e-13, stage = k)
    emit(name, "stagewise", "p_value", getFinalPValue(stage)$pFinal)
    emit(name, "stagewise", "limits", final$finalConfidenceInterval)
    emit(name, "stagewise", "estimate", final$medianUnbiased)
    information <- events[1:k] * ratio / (1 + ratio)^2
    upper <- design$criticalValues[seq_len(k - 1)]
    at <- function(p) exp(-uniroot(function(theta) stagewise(theta, information, upper, z[k]) - p,
                                   z[k] / sqrt(information[k]) + c(-6, 6) / sqrt(information[k]), tol = 1e-14)$root)
    emit(name, "mvtnorm", "p_value", stagewise(0, information, upper, z[k]))
    emit(name, "mvtnorm", "hr", c(at(0.5), at(1 - alpha), at(alpha)))
  }
  if (z[1] < design$criticalValues[1] && K > 1) {
    first <- getStageResults(design, data, directionUpper = FALSE, stage = 1)
    power <- function(hr) getConditionalPower(first, nPlanned = diff(events), allocationRatioPlanned = ratio,
                                              thetaH1 = hr)$conditionalPower[2:K]
    emit(name, "conditional", "design", power(x[[7]]))
    emit(name, "conditional", "null", power(1))
    emit(name, "conditional", "observed", power(exp(-z[1] * (1 + ratio) / sqrt(ratio * events[1]))))
  }
}
close(out)
