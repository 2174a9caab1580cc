# Simulated trials, by rpact.
#   Rscript trial_simulation_bank.R OUTPUT VERSIONS
# getSimulationSurvival, 100,000 trials a case, seeds below. Treatment group 1 is experimental, a small hazard ratio is
# good. Arrivals are at their expected times and allocation goes round by turns, as rpact has it. Each case prints what it
# was given, then what rpact found: means and standard deviations over the trials.
suppressMessages(library(rpact))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
writeLines(c(R.version.string, paste("rpact", packageVersion("rpact"))), args[2])
iterations <- 100000

text <- function(v) if (is.na(v)) "null" else sprintf("%.17g", v)
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(vapply(as.numeric(values), text, ""), collapse = ", ")), file = out)
}

base <- list(events = 155, n = 198, intensity = 198 / 24, breaks = numeric(0), duration = 24, allocation = c(2, 1),
             lambda2 = log(2) / 3.6, lambda1 = 0.59 * log(2) / 3.6, changes = numeric(0), dropout = c(0, 0),
             rates = NULL, alpha = 0.025, futility = numeric(0))
cases <- list(
  "two to one" = list(),
  "no effect, two to one" = list(lambda1 = log(2) / 3.6),
  "one to one" = list(events = 100, n = 150, intensity = 150 / 12, duration = 12, allocation = c(1, 1),
                      lambda2 = log(2) / 6, lambda1 = 0.6 * log(2) / 6),
  "no effect, one to one" = list(events = 100, n = 150, intensity = 150 / 12, duration = 12, allocation = c(1, 1),
                                 lambda2 = log(2) / 6, lambda1 = log(2) / 6),
  "dropout" = list(events = 130, dropout = c(0.02, 0.01)),
  "delayed effect" = list(events = 220, n = 300, intensity = 12.5, duration = 24, allocation = c(1, 1), changes = 4,
                          lambda2 = c(0.1, 0.1), lambda1 = c(0.1, 0.055)),
  "crossing hazards" = list(events = 220, n = 300, intensity = 12.5, duration = 24, allocation = c(1, 1), changes = 3,
                            lambda2 = c(0.1, 0.1), lambda1 = c(0.14, 0.05)),
  "two looks" = list(events = c(80, 155), rates = c(80, 155) / 155),
  "two looks, no effect" = list(events = c(80, 155), rates = c(80, 155) / 155, lambda1 = log(2) / 3.6),
  "three looks, one to one" = list(events = c(70, 140, 210), n = 300, intensity = 15, duration = 20,
                                   allocation = c(1, 1), lambda2 = log(2) / 8, lambda1 = 0.65 * log(2) / 8,
                                   rates = (1:3) / 3),
  "futility" = list(events = c(80, 155), rates = c(80, 155) / 155, futility = 0.3, lambda1 = 0.85 * log(2) / 3.6),
  "accrual in pieces" = list(events = 150, intensity = c(4, 10, 14), breaks = c(6, 12), duration = NA,
                             dropout = c(0.01, 0.01)),
  "two looks, pieces, dropout" = list(events = c(90, 180), n = 260, intensity = c(5, 12), breaks = 8, duration = NA,
                                      changes = c(3, 9), lambda2 = c(0.14, 0.1, 0.06), lambda1 = c(0.14, 0.06, 0.03),
                                      allocation = c(1, 1), dropout = c(0.015, 0.015), rates = c(0.5, 1)),
  "small" = list(events = 20, n = 30, intensity = 5, duration = 6, allocation = c(1, 1), lambda2 = 0.2, lambda1 = 0.08))

number <- 0
for (name in names(cases)) {
  case <- modifyList(base, cases[[name]])
  # modifyList drops nothing that is empty, and rates may be NULL.
  looks <- length(case$events)
  number <- number + 1
  for (key in c("events", "n", "intensity", "breaks", "duration", "allocation", "lambda1", "lambda2", "changes",
                "dropout", "alpha", "futility")) emit(name, "given", key, case[[key]])
  design <- if (looks == 1) getDesignGroupSequential(kMax = 1, alpha = case$alpha, sided = 1)
    else if (length(case$futility)) getDesignGroupSequential(kMax = looks, alpha = case$alpha, sided = 1,
      informationRates = case$rates, typeOfDesign = "asOF", futilityBounds = case$futility, bindingFutility = FALSE)
    else getDesignGroupSequential(kMax = looks, alpha = case$alpha, sided = 1, informationRates = case$rates,
                                  typeOfDesign = "asOF")
  loss <- 1 - exp(-case$dropout * 12)
  world <- list(design = design, directionUpper = FALSE, plannedEvents = case$events, allocation1 = case$allocation[1],
    allocation2 = case$allocation[2], dropoutRate1 = loss[1], dropoutRate2 = loss[2], dropoutTime = 12,
    accrualTime = if (is.na(case$duration)) c(0, case$breaks) else c(0, case$duration),
    accrualIntensity = case$intensity, maxNumberOfIterations = iterations, seed = 20260 + number)
  if (is.na(case$duration)) world$maxNumberOfSubjects <- case$n
  world <- c(world, if (length(case$changes)) list(piecewiseSurvivalTime = c(0, case$changes), lambda1 = case$lambda1,
    lambda2 = case$lambda2) else list(lambda1 = case$lambda1, lambda2 = case$lambda2))
  found <- do.call(getSimulationSurvival, world)
  raw <- getData(found)
  emit(name, "bounds", "efficacy", design$criticalValues)
  emit(name, "found", "iterations", iterations)
  emit(name, "found", "n", found$maxNumberOfSubjects)
  emit(name, "found", "reject", found$rejectPerStage)
  if (looks > 1) emit(name, "found", "futility", found$futilityPerStage)
  first <- raw[raw$stageNumber == 1, ]
  last <- raw[!duplicated(raw$iterationNumber, fromLast = TRUE), ]
  z <- if ("logRankStatistic" %in% names(raw)) first$logRankStatistic else first$testStatistic
  emit(name, "found", "first_z", c(mean(z), sd(z)))
  emit(name, "found", "first_time", c(mean(first$analysisTime), sd(first$analysisTime)))
  emit(name, "found", "first_enrolled", c(mean(first$numberOfSubjects), sd(first$numberOfSubjects)))
  emit(name, "found", "stop_time", c(mean(last$analysisTime), sd(last$analysisTime)))
  events <- if ("overallEvents" %in% names(last)) last$overallEvents else last$overallEvents1 + last$overallEvents2
  emit(name, "found", "stop_events", c(mean(events), sd(events)))
}
close(out)
