# Group-sequential designs by rpact.
#   Rscript design_sequential_bank.R OUTPUT VERSIONS
# One JSON object a line: what was asked of getDesignGroupSequential, and what it and getDesignCharacteristics said.
# rpact finds every bound by a one-dimensional search to `tolerance`; 1e-10 here, the least it permits.
suppressMessages(library(rpact))
args <- commandArgs(trailingOnly = TRUE)
out <- file(args[1], "w")
writeLines(c(R.version.string, paste("rpact", packageVersion("rpact"))), args[2])

text <- function(v) if (is.na(v)) "null" else if (is.infinite(v)) sprintf('"%s"', v) else sprintf("%.17g", v)
array <- function(v) paste0("[", paste(vapply(as.numeric(v), text, ""), collapse = ", "), "]")
quoted <- function(v) if (is.character(v)) sprintf('"%s"', v) else if (is.logical(v)) tolower(v) else
  if (length(v) == 1) text(v) else array(v)
object <- function(fields) paste0("{", paste(sprintf('"%s": %s', names(fields), fields), collapse = ", "), "}")

case <- function(rates, alpha, type, sided = 1, beta = 0.1, ...) {
  extra <- list(...)
  asked <- c(list(informationRates = rates, alpha = alpha, beta = beta, sided = sided, typeOfDesign = type), extra)
  design <- suppressWarnings(do.call(getDesignGroupSequential, c(asked, list(tolerance = 1e-10))))
  traits <- suppressWarnings(getDesignCharacteristics(design))
  said <- list(upper = array(design$criticalValues), alpha_spent = array(design$alphaSpent),
               drift = text(sqrt(traits$shift)), inflation = text(traits$inflationFactor),
               expected_alternative = text(traits$averageSampleNumber1),
               expected_between = text(traits$averageSampleNumber01), expected_null = text(traits$averageSampleNumber0))
  futility <- design$futilityBounds
  if (length(futility) && !all(is.na(futility))) said$futility <- array(futility)
  if (!is.null(extra$typeBetaSpending)) said$beta_spent <- array(design$betaSpent)
  cat(object(list(asked = object(lapply(asked, function(v) if (length(v) > 1) array(v) else quoted(v))),
                  said = object(said))), "\n", sep = "", file = out)
}

equal <- function(k) seq_len(k) / k
uneven <- list(c(0.3, 1), c(0.75, 1), c(0.2, 0.7, 1), c(0.5, 0.6, 0.9, 1), c(0.1, 0.3, 0.4, 0.8, 1))

# --- spending functions, one-sided
for (k in 2:10) {
  case(equal(k), 0.025, "asOF")
  case(equal(k), 0.05, "asP", beta = 0.2)
}
for (gamma in c(-8, -4, -2, 1, 3)) case(equal(4), 0.025, "asHSD", gammaA = gamma, beta = 0.15)
for (rho in c(0.5, 1, 1.5, 3, 5)) case(equal(5), 0.01, "asKD", gammaA = rho, beta = 0.05)
for (rates in uneven) {
  case(rates, 0.0125, "asOF", beta = 0.05)
  case(rates, 0.1, "asP", beta = 0.1)
  case(rates, 0.005, "asHSD", gammaA = -4, beta = 0.2)
}
case(equal(3), 0.025, "asUser", userAlphaSpending = c(0.002, 0.01, 0.025))
case(c(0.25, 0.6, 1), 0.05, "asUser", userAlphaSpending = c(0.01, 0.02, 0.05), beta = 0.2)

# --- two-sided
for (k in c(2, 3, 5, 8)) {
  case(equal(k), 0.05, "asOF", sided = 2)
  case(equal(k), 0.05, "asP", sided = 2)
  case(equal(k), 0.1, "OF", sided = 2)
  case(equal(k), 0.05, "P", sided = 2)
}
case(c(0.5, 0.8, 1), 0.05, "asHSD", gammaA = -3, sided = 2, beta = 0.2)
case(c(0.5, 0.8, 1), 0.05, "WT", deltaWT = 0.25, sided = 2, beta = 0.2)

# --- classical boundaries, one-sided
for (k in c(2, 4, 6, 10)) {
  case(equal(k), 0.025, "OF")
  case(equal(k), 0.025, "P", beta = 0.2)
  case(equal(k), 0.05, "WT", deltaWT = 0.1)
}
for (rates in uneven) case(rates, 0.025, "WT", deltaWT = 0.3)
case(equal(3), 0.025, "HP")
case(equal(5), 0.05, "HP", constantBoundsHP = 2.8, beta = 0.2)
case(c(0.4, 0.7, 1), 0.025, "noEarlyEfficacy", futilityBounds = c(0, 0.5))

# --- futility bounds given
for (binding in c(FALSE, TRUE)) {
  case(equal(3), 0.025, "asOF", futilityBounds = c(0, 0.5), bindingFutility = binding)
  case(equal(4), 0.025, "asP", futilityBounds = c(-1, 0.2, 1), bindingFutility = binding, beta = 0.2)
  case(c(0.3, 0.8, 1), 0.05, "OF", futilityBounds = c(0.2, 1), bindingFutility = binding)
  case(equal(3), 0.025, "P", futilityBounds = c(-6, 0.8), bindingFutility = binding)
}

# --- futility by spending of the type II error
for (binding in c(FALSE, TRUE)) {
  for (kind in c("bsOF", "bsP")) {
    case(equal(3), 0.025, "asOF", typeBetaSpending = kind, bindingFutility = binding)
    case(c(0.3, 0.8, 1), 0.05, "asP", typeBetaSpending = kind, bindingFutility = binding, beta = 0.2)
  }
  for (gamma in c(-10, -2, 1)) case(equal(5), 0.025, "asOF", typeBetaSpending = "bsHSD", gammaB = gamma,
                                    bindingFutility = binding)
  for (rho in c(1, 3)) case(c(0.2, 0.7, 1), 0.0125, "asHSD", gammaA = -4, typeBetaSpending = "bsKD", gammaB = rho,
                            bindingFutility = binding, beta = 0.05)
  case(equal(8), 0.025, "asKD", gammaA = 2, typeBetaSpending = "bsKD", gammaB = 2, bindingFutility = binding)
  case(equal(3), 0.025, "asOF", typeBetaSpending = "bsUser", userBetaSpending = c(0.02, 0.05, 0.1),
       bindingFutility = binding)
}
case(c(0.75, 1), 0.0125, "asOF", typeBetaSpending = "bsHSD", gammaB = -10, bindingFutility = FALSE, beta = 0.05)
close(out)
