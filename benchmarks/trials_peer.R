# One round of the peer: rpact's getSimulationSurvival of PALMIRA's design, no strata, no Cox model, no medians.
# Prints trials a second of processor time. Run by benchmarks/trials_peer.py.
suppressMessages(library(rpact))
trials <- as.integer(commandArgs(trailingOnly = TRUE)[1])
round <- function(n, seed) getSimulationSurvival(
  getDesignGroupSequential(kMax = 1, alpha = 0.025, sided = 1), directionUpper = FALSE,
  lambda2 = log(2) / 3.6, hazardRatio = 0.59, dropoutRate1 = 0, dropoutRate2 = 0,
  accrualTime = c(0, 24), accrualIntensity = 198 / 24, plannedEvents = 155,
  allocation1 = 2, allocation2 = 1, maxNumberOfIterations = n, seed = seed)
invisible(round(100L, 1))
spent <- system.time(round(trials, 2))
cat(trials / (spent[["user.self"]] + spent[["sys.self"]]), "\n")
