# Simulated trials, drawn by equipoise, looked at, cut, analyzed and decided by R.
#   Rscript drawn_trials_bank.R FOLDER OUTPUT VERSIONS
# FOLDER is written by validation/drawn_trials_data.py. Times are ticks, whole numbers. Of every trial R finds the dates
# of the looks, what is seen then (scans, dropout, cut), Z of survdiff, log hazard ratio and standard error of coxph,
# medians, survival and restricted means of survfit; and over all trials decisions and means at the stop.
suppressMessages({library(survival); library(rpact)})
args <- commandArgs(trailingOnly = TRUE)
folder <- args[1]
out <- file(args[2], "w")
writeLines(c(R.version.string, paste("survival", packageVersion("survival")), paste("rpact", packageVersion("rpact"))),
           args[3])
never <- 2^28 - 1
horizon <- never - 1

text <- function(v) ifelse(is.finite(v), sprintf("%.17g", v), "null")
emit <- function(dataset, analysis, quantity, values) {
  cat(sprintf('{"dataset": "%s", "analysis": "%s", "quantity": "%s", "values": [%s]}\n', dataset, analysis, quantity,
              paste(text(as.numeric(values)), collapse = ", ")), file = out)
}

lines <- read.csv(file.path(folder, "models.csv"), colClasses = "character")
numbers <- function(words) {
  words <- sub("^inf$", "Inf", sub("^-inf$", "-Inf", words))
  as.numeric(words)
}
model_of <- function(name) {
  own <- lines[lines$model == name, ]
  sapply(setNames(strsplit(own$values, " "), own$key), identity, simplify = FALSE)
}

# When an event that is no death is seen: at the next scan of the schedule.
scans_of <- function(model) {
  every <- numbers(model$scan_every)
  if (!length(every)) return(NULL)
  from <- 0
  found <- c()
  for (k in seq_along(every)) {
    to <- if (k < length(every)) numbers(model$scan_until)[k] else never
    steps <- floor((to - from) / every[k] + 1e-9)
    found <- c(found, from + every[k] * seq_len(steps))
    from <- to
  }
  found[found <= horizon]
}
next_scan <- function(scans, t) ifelse(is.finite(t), c(scans, Inf)[findInterval(t, scans, left.open = TRUE) + 1], Inf)
last_scan <- function(scans, t) c(0, scans)[findInterval(t, scans) + 1]

# The times of both endpoints by patient, endpoint 1 as it is seen.
happened <- function(patients, scans, endpoints) {
  event <- ifelse(is.na(patients$event_tick), Inf, patients$event_tick)
  if (length(scans)) event <- next_scan(scans, event)
  if (endpoints == 1) return(list(event))
  death <- ifelse(is.na(patients$death_tick), Inf, patients$death_tick)
  list(pmin(event, death), death)
}

look_time <- function(patients, times, look) {
  loss <- ifelse(is.na(patients$dropout_tick), Inf, patients$dropout_tick)
  met <- c()
  if (look[1] != "NA") {
    own <- times[[if (look[3] == "death") 2 else 1]]
    counted <- own <= loss & is.finite(own)
    if (look[2] != "all") counted <- counted & patients$arm %in% as.numeric(strsplit(look[2], "+", fixed = TRUE)[[1]])
    calendar <- sort((patients$entry_tick + own)[counted])
    met <- c(met, c(calendar, rep(Inf, nrow(patients)))[as.numeric(look[1])])
  }
  if (look[4] != "NA") met <- c(met, as.numeric(look[4]))
  if (look[5] != "NA") met <- c(met, max(patients$entry_tick) + as.numeric(look[5]))
  latest <- if (look[6] != "NA") as.numeric(look[6]) else horizon
  min(if (look[7] == "first") min(met) else max(met), latest)
}

seen_at <- function(patients, own, cut, scans) {
  loss <- ifelse(is.na(patients$dropout_tick), Inf, patients$dropout_tick)
  inside <- patients$entry_tick < cut
  known <- pmin(loss, cut - patients$entry_tick)
  event <- own <= known & is.finite(own)
  if (length(scans)) known <- ifelse(inside, last_scan(scans, pmax(known, 0)), known)
  data.frame(time = ifelse(event, own, known), event = as.integer(event), arm = patients$arm,
             stratum = patients$stratum)[inside, ]
}

z_of <- function(data, arm, stratified, rho = 0) {
  formula <- if (stratified) Surv(time, event) ~ (arm == b) + strata(stratum) else Surv(time, event) ~ (arm == b)
  environment(formula) <- list2env(list(b = arm), parent = globalenv())
  fit <- survdiff(formula, data, rho = rho)
  observed <- as.matrix(fit$obs)
  expected <- as.matrix(fit$exp)
  u <- sum(observed[2, ]) - sum(expected[2, ])
  -u / sqrt(fit$var[2, 2])
}

compare <- function(data, arm, stratified, rhos) {
  two <- data[data$arm %in% c(0, arm), ]
  two$x <- as.integer(two$arm == arm)
  formula <- if (stratified) Surv(time, event) ~ x + strata(stratum) else Surv(time, event) ~ x
  fit <- suppressWarnings(coxph(formula, two, control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 100)))
  c(z_of(two, arm, stratified), coef(fit), sqrt(vcov(fit)[1, 1]),
    vapply(rhos, function(rho) z_of(two, arm, stratified, rho), 0))
}

curve_of <- function(data, arm, landmarks, windows) {
  own <- data[data$arm == arm, ]
  fit <- survfit(Surv(time, event) ~ 1, own)
  ends <- max(own$time)
  fallen <- min(fit$surv) == 0
  at <- function(t) if (t <= ends || fallen) {
    found <- summary(fit, times = t, extend = TRUE)
    c(found$surv, if (found$surv > 0) found$std.err else NA)
  } else c(NA, NA)
  mean_to <- function(t) if (t <= ends || fallen) {
    found <- summary(fit, rmean = t)$table
    found[c("rmean", "se(rmean)")]
  } else c(NA, NA)
  c(unname(quantile(fit, 0.5)$quantile), unlist(lapply(landmarks, at)), unlist(lapply(windows, mean_to)))
}

spent <- new.env()
efficacy_of <- function(model, events, maximum, look) {
  # Error spent at the events seen; the last look is at the planned maximum here.
  if (look == 1) {
    key <- as.character(events)
    if (is.null(spent[[key]])) spent[[key]] <- getDesignGroupSequential(
      sided = 1, alpha = as.numeric(model$spend[1]), informationRates = c(events / maximum, 1), typeOfDesign = "asOF",
      tolerance = 1e-10)$criticalValues
    return(spent[[key]][1])
  }
  spent[[as.character(events[1])]][2]
}

decide <- function(model, z, events) {
  # z by look and arm; the look where the trial stops and why: 1 efficacy, 2 futility, 3 harm, 4 none of these.
  looks <- nrow(z)
  for (k in seq_len(looks)) {
    upper <- numbers(model$efficacy)[k]
    if (!is.null(model$spend)) upper <- efficacy_of(model, events[seq_len(k)][1], as.numeric(model$spend[2]), k)
    best <- max(z[k, ], na.rm = TRUE)
    if (best >= upper) return(c(k, 1))
    if (best <= numbers(model$harm)[k]) return(c(k, 3))
    if (best <= numbers(model$futility)[k]) return(c(k, 2))
  }
  c(looks, 4)
}

for (name in unique(lines$model)) {
  model <- model_of(name)
  all <- read.csv(file.path(folder, model$file))
  arms <- as.numeric(model$arms)
  endpoints <- as.numeric(model$endpoints)
  looks <- grep("^look ", names(model), value = TRUE)
  scans <- scans_of(model)
  at_cut <- if (length(scans) && model$censor_at_scan == "1") scans
  landmarks <- numbers(model$landmarks)
  windows <- numbers(model$windows)
  rhos <- numbers(model$rho)
  stratified <- model$stratified == "1"
  contrasts <- c("z", "log_hr", "log_hr_se", if (length(rhos)) paste0("weighted_z_", seq_along(rhos)))
  curves <- c("median", if (length(landmarks)) paste0(c("survival_", "survival_se_"), rep(seq_along(landmarks), each = 2)),
              if (length(windows)) paste0(c("rmst_", "rmst_se_"), rep(seq_along(windows), each = 2)))
  by_trial <- split(all, all$trial)
  emit(name, "data", "shape", c(length(by_trial), nrow(all), sum(all$entry_tick)))
  rows <- lapply(by_trial, function(patients) {
    times <- happened(patients, scans, endpoints)
    lapply(looks, function(look) {
      cut <- look_time(patients, times, model[[look]])
      found <- c(time = cut, enrolled = sum(patients$entry_tick < cut))
      for (end in seq_len(endpoints)) {
        data <- seen_at(patients, times[[end]], cut, if (end == 1) at_cut)
        for (arm in seq_len(arms) - 1) {
          named <- function(words) paste(words, end - 1, arm)
          found[named("events")] <- sum(data$event[data$arm == arm])
          found[named(curves)] <- curve_of(data, arm, landmarks, windows)
          if (arm > 0) found[named(contrasts)] <- compare(data, arm, stratified, if (end == 1) rhos else numeric(0))[
            seq_along(contrasts)]
        }
      }
      found
    })
  })
  table_of <- function(look) do.call(rbind, lapply(rows, `[[`, look))
  tables <- lapply(seq_along(looks), table_of)
  for (look in seq_along(looks)) for (quantity in colnames(tables[[look]])) {
    values <- tables[[look]][, quantity]
    if (any(is.finite(values))) emit(name, look, quantity, values)
  }
  end <- if (model$decides == "death") 1 else 0
  word <- if (model$decides == "weighted") "weighted_z_1" else "z"
  deciding <- paste(word, end, seq_len(arms - 1))
  stops <- t(vapply(seq_along(by_trial), function(i) {
    z <- do.call(rbind, lapply(tables, function(each) each[i, deciding]))
    events <- vapply(tables, function(each) sum(each[i, paste("events", end, seq_len(arms) - 1)]), 0)
    decide(model, z, events)
  }, c(0, 0)))
  for (reason in 1:3) emit(name, "decisions", c("efficacy", "futility", "harm")[reason],
    vapply(seq_along(looks), function(k) sum(stops[, 1] == k & stops[, 2] == reason), 0))
  at_stop <- function(quantity) vapply(seq_along(by_trial), function(i) tables[[stops[i, 1]]][i, quantity], 0)
  emit(name, "at stop", "time", mean(at_stop("time")))
  emit(name, "at stop", "enrolled", mean(at_stop("enrolled")))
  emit(name, "at stop", "events", mean(Reduce(`+`, lapply(paste("events", 0, seq_len(arms) - 1), at_stop))))
  cat(name, "\n")
}
close(out)
