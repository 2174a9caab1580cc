# Fixed designs, expected events and expected accrual, by rpact.
#   Rscript design_fixed_bank.R OUTPUT VERSIONS
# getSampleSizeSurvival and getPowerSurvival with one look; getEventProbabilities and getNumberOfSubjects over time.
# Treatment group 1 is experimental. Each case prints what it was given, then what rpact found.
suppressMessages(library(rpact))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
writeLines(c(R.version.string, paste("rpact", packageVersion("rpact"))), args[2])

text <- function(v) if (is.na(v)) "null" else sprintf("%.17g", v)
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(as.numeric(values), text, ""), collapse = ", ")), file = out)
}
given <- function(name, case) for (key in names(case)) emit(name, "given", key, case[[key]])

# rpact takes a dropout as a probability by a time; here both are hazards.
loss <- function(hazard) 1 - exp(-hazard * 12)
hazards <- function(case) {
  if (length(case$rates) == 1) list(lambda2 = case$rates, hazardRatio = case$hazard_ratio)
  else list(piecewiseSurvivalTime = c(0, case$breaks), lambda2 = case$rates, hazardRatio = case$hazard_ratio)
}
world <- function(case) c(hazards(case), list(
  allocationRatioPlanned = case$ratio, dropoutRate1 = loss(case$dropout_experimental),
  dropoutRate2 = loss(case$dropout_control), dropoutTime = 12))

controls <- list(
  short = list(rates = log(2) / 3.6, breaks = numeric(0)),
  long = list(rates = log(2) / 9.4, breaks = numeric(0)),
  falling = list(rates = c(0.08, 0.03), breaks = 6),
  three = list(rates = c(0.02, 0.11, 0.05), breaks = c(3, 9.5)))
accruals <- list(
  uniform = list(accrual_rates = 198 / 24, accrual_breaks = numeric(0), duration = 24),
  slow = list(accrual_rates = c(2, 6.6), accrual_breaks = 18, duration = 42.5),
  steps = list(accrual_rates = c(4, 12, 30), accrual_breaks = c(2, 5.5), duration = 11))
losses <- list(none = c(0, 0), equal = c(0.01, 0.01), unequal = c(0.004, 0.02))

# --- expected events and patients at several times
times <- c(0.5, 2, 4, 6.5, 10, 18, 24, 30, 43, 60, 120)
for (h in names(controls)) for (a in names(accruals)) for (d in names(losses)) for (r in c(1, 2, 0.5)) {
  if (r == 0.5 && d != "unequal") next
  case <- c(controls[[h]], accruals[[a]], list(hazard_ratio = if (r == 1) 0.7 else 0.59, ratio = r,
            dropout_control = losses[[d]][1], dropout_experimental = losses[[d]][2]))
  name <- sprintf("events %s %s %s %g", h, a, d, r)
  given(name, case)
  begin <- c(0, case$accrual_breaks, case$duration)
  x <- do.call(getEventProbabilities, c(world(case), list(time = times, accrualTime = begin,
                                                          accrualIntensity = case$accrual_rates)))
  emit(name, "course", "time", times)
  emit(name, "course", "share", x$cumulativeEventProbabilities)
  emit(name, "course", "share_experimental", x$eventProbabilities1)
  emit(name, "course", "share_control", x$eventProbabilities2)
  emit(name, "course", "n", x$maxNumberOfSubjects)
  y <- getNumberOfSubjects(time = times, accrualTime = begin, accrualIntensity = case$accrual_rates)
  emit(name, "course", "enrolled", y$numberOfSubjects)
}

# --- sample size: n for a follow-up, follow-up for an n
for (h in names(controls)) for (d in names(losses)) for (r in c(1, 2)) for (m in c("Schoenfeld", "Freedman")) {
  sides <- if (d == "equal") 2 else 1
  alpha <- if (sides == 2) 0.05 else 0.025
  power <- if (r == 1) 0.9 else 0.8
  case <- c(controls[[h]], list(hazard_ratio = 0.65, ratio = r, dropout_control = losses[[d]][1],
            dropout_experimental = losses[[d]][2], alpha = alpha, sides = sides, power = power,
            freedman = m == "Freedman", duration = 18, follow_up = 7.5))
  name <- sprintf("size %s %s %g %s", h, d, r, m)
  given(name, case)
  x <- do.call(getSampleSizeSurvival, c(world(case), list(alpha = alpha, beta = 1 - power, sided = sides,
    typeOfComputation = m, accrualTime = c(0, 18), followUpTime = 7.5)))
  emit(name, "n", "n", x$nFixed)
  emit(name, "n", "events", x$eventsFixed)
  # rpact raises an intensity below 1 to meet n; here a whole number a bit above what is needed, at its own intensity.
  n <- ceiling(1.1 * x$nFixed)
  y <- do.call(getSampleSizeSurvival, c(world(case), list(alpha = alpha, beta = 1 - power, sided = sides,
    typeOfComputation = m, accrualTime = c(0, 18), accrualIntensity = n / 18)))
  emit(name, "follow_up", "n", n)
  emit(name, "follow_up", "follow_up", y$followUpTime)
  emit(name, "follow_up", "time", y$maxStudyDuration)
}

# --- power, and the time of the events
for (h in names(controls)) for (a in names(accruals)) for (r in c(1, 2, 3)) for (m in c("Schoenfeld", "Freedman")) {
  case <- c(controls[[h]], accruals[[a]], list(hazard_ratio = 0.7, ratio = r, dropout_control = 0.008,
            dropout_experimental = 0.008, alpha = 0.025, sides = 1, freedman = m == "Freedman"))
  n <- sum(diff(c(0, case$accrual_breaks, case$duration)) * case$accrual_rates)
  case$events <- floor(0.55 * n)
  name <- sprintf("power %s %s %g %s", h, a, r, m)
  given(name, case)
  x <- suppressWarnings(do.call(getPowerSurvival, c(world(case), list(alpha = 0.025, sided = 1, directionUpper = FALSE,
    typeOfComputation = m, accrualTime = c(0, case$accrual_breaks, case$duration),
    accrualIntensity = case$accrual_rates, maxNumberOfEvents = case$events))))
  emit(name, "power", "power", x$overallReject)
  emit(name, "power", "time", x$analysisTime)
}
close(out)
