"""Events, sample size, power, group-sequential bounds and monitoring of a time-to-event trial."""
