"""Operating characteristics as result rows, and in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from equipoise.design.design_result import prose_number, prose_percent
from equipoise.frames.results import ResultRow
from equipoise.frames.row_result import number
from equipoise.simulation.characteristics import Characteristics, Estimate
from equipoise.simulation.event_course import PROBABILITIES, quantile_name
from equipoise.simulation.measures import AT_STOP, LOG_LIMIT, LOG_RATIO, TIME, counted_events
from equipoise.simulation.tallies import OUTCOMES

ANALYSIS = "simulate"
METHOD = "trial-simulation"
# Bins of a histogram as shown; neighbors of the fixed bins are put together.
_SHOWN_BINS = 60


def characteristic_rows(found: Characteristics) -> list[ResultRow]:
    """All rows; those of `run` alone depend on the machine."""
    rows = [*_rejection(found), *_decisions(found), *_at_stop(found)]
    for look in range(1, len(found.model.looks) + 1):
        for measure in found.measures.names:
            rows += [*_look(found, measure, look), *_histogram(found, measure, look)]
    if found.course is not None:
        rows += found.course.to_rows()
    return [*rows, *_run(found)]


def _row(statistic: str, value: float, parameter: str, missing: str = "NE", **columns: Any) -> ResultRow:
    content: dict[str, Any] = number(float(value), missing) | columns
    return ResultRow(statistic=statistic, analysis=ANALYSIS, parameter=parameter, method=METHOD, **content)


def _look_place(found: Characteristics, look: int) -> dict[str, Any]:
    return {"at": float(look), "at_unit": "look", "label": found.model.looks[look - 1].id}


def _rejection(found: Characteristics) -> Iterator[ResultRow]:
    rate = found.rate()
    low, high = found.rejection_interval()
    values = {"rejection_rate": rate.mean, "std_error": rate.std_error, "conf_low": low, "conf_high": high}
    for statistic, value in values.items():
        yield _row(statistic, value, "rejection", format="percent")
    for outcome in OUTCOMES[1:]:
        yield _row(f"{outcome}_rate", found.rate(outcome).mean, "rejection", format="percent")
        yield _row(f"{outcome}_std_error", found.rate(outcome).std_error, "rejection", format="percent")
    for arm in found.model.arms[1:]:
        own = found.power_of_arm(arm)
        for statistic, value in (("rejection_rate", own.mean), ("std_error", own.std_error)):
            yield _row(statistic, value, "rejection", group1="arm", level1=arm, format="percent")


def _decisions(found: Characteristics) -> Iterator[ResultRow]:
    shares, trials = found.probabilities, found.trials
    for look in range(1, shares.shape[1] + 1):
        place = _look_place(found, look) | {"group1": "decision", "format": "percent"}
        for outcome, share in zip(OUTCOMES, shares[:, look - 1].tolist(), strict=True):
            yield _row("probability", share, "decision", level1=outcome, **place)
            yield _row("std_error", math.sqrt(share * (1.0 - share) / trials), "decision", level1=outcome, **place)
        going = 1.0 - float(shares[:, :look].sum())
        yield _row("probability", max(going, 0.0), "decision", level1="none", **place)
        yield _row("power", float(found.power_by_look[look - 1]), "decision", level1="efficacy", **place)


def _at_stop(found: Characteristics) -> Iterator[ResultRow]:
    for measure in AT_STOP:
        place: dict[str, Any] = {"group1": "measure", "level1": measure, "unit": _unit(found, measure)}
        yield from _estimate_rows("at-stop", found.at_stop(measure), place)


def _estimate_rows(parameter: str, estimate: Estimate, place: dict[str, Any]) -> Iterator[ResultRow]:
    for statistic in ("mean", "std_error", "std_dev"):
        yield _row(statistic, getattr(estimate, statistic), parameter, **place)


def _look(found: Characteristics, measure: str, look: int) -> Iterator[ResultRow]:
    place: dict[str, Any] = _look_place(found, look) | _measure_place(found, measure)
    place |= {"unit": _unit(found, measure)}
    yield from _estimate_rows("look", found.at_look(measure, look), place)
    for probability in PROBABILITIES:
        value = found.quantile(measure, look, probability)
        yield _row(quantile_name(probability), value, "look", missing="not reached", **place)
        if found.measures[measure].kind in (LOG_RATIO, LOG_LIMIT):
            ratio = place | {"level1": place["level1"].replace("log_hazard", "hazard"), "format": "ratio"}
            yield _row(quantile_name(probability), math.exp(value), "look", **ratio)
    share = 1.0 - found.known(measure, look) / found.trials
    yield _row("share_missing", share, "look", **(place | {"unit": None, "format": "percent"}))
    if measure == _waited_for(found, look):
        place |= {"unit": None, "format": "percent"}
        yield _row("share_not_reached", found.not_reached(look), "look", **place)


def _waited_for(found: Characteristics, look: int) -> str:
    """The measure that holds the events a look waits for; all events where it waits for none."""
    given = found.model.looks[look - 1]
    return "events" if given.events is None else counted_events(given, found.model.arms)


def _histogram(found: Characteristics, measure: str, look: int) -> Iterator[ResultRow]:
    """Per shown bin its lower end and the share of trials in it, `at` its upper end."""
    edges, counts = found.histogram(measure, look)
    held = np.flatnonzero(counts)
    if not len(held):
        return
    first, last = int(held[0]), int(held[-1]) + 1
    together = -(-(last - first) // _SHOWN_BINS)
    place = _measure_place(found, measure) | {"label": f"look {look}"}
    for start in range(first, last, together):
        stop = min(start + together, len(counts))
        unit = {"at": float(edges[stop]), "at_unit": _unit(found, measure) or measure}
        yield _row("bin_low", float(edges[start]), "histogram", **place, **unit)
        share = float(counts[start:stop].sum()) / found.trials
        yield _row("share", share, "histogram", format="percent", **place, **unit)


def _unit(found: Characteristics, measure: str) -> str | None:
    return found.model.time_unit if found.measures[measure].kind == TIME else None


def _measure_place(found: Characteristics, measure: str) -> dict[str, Any]:
    own = found.measures[measure]
    place: dict[str, Any] = {"group1": "measure", "level1": own.name}
    return place | ({"group2": "arm", "level2": own.arm} if own.arm else {})


def _run(found: Characteristics) -> Iterator[ResultRow]:
    whole = {"format": "int"}
    yield _row("trials", found.trials, "run", **whole)
    yield _row("trials_requested", found.requested, "run", **whole)
    yield _row("seed", found.seed, "run", **whole)
    yield _row("partial", float(found.partial), "run", warning=partial_words(found) or None, **whole)
    yield ResultRow(statistic="engine", analysis=ANALYSIS, parameter="run", method=METHOD, value_text=found.engine)
    if found.model.decides == "death":
        yield ResultRow(statistic="decides", analysis=ANALYSIS, parameter="run", method=METHOD, value_text="death")
    yield _row("threads", found.timing.threads, "run", **whole)
    yield _row("trials_per_second", found.trials_per_second, "run", **whole)
    yield _row("start_up", found.timing.start_up, "run", unit="seconds")
    yield _row("work", found.timing.work, "run", unit="seconds")


def characteristics_text(found: Characteristics) -> str:
    """Paragraphs: what was simulated, what was decided, what it takes."""
    parts = [_first_words(found), _decision_words(found), _cost_words(found), " ".join(_look_words(found))]
    return "\n\n".join(part for part in (partial_words(found), *parts) if part)


def partial_words(found: Characteristics) -> str:
    """How much was done before Ctrl-C; empty where all was."""
    if not found.partial:
        return ""
    return f"Partial: interrupted after {found.trials:,} of {found.requested:,} trials."


def _first_words(found: Characteristics) -> str:
    model = found.model
    looks = len(model.looks)
    return (
        f"{found.trials:,} trials of {model.n:,} patients in {len(model.arms)} arms and {len(model.strata)} "
        f"strat{'a' if len(model.strata) != 1 else 'um'}, with {looks} look{'s' if looks != 1 else ''}, were simulated "
        f"with seed {found.seed}: {_rate_words(found.trials_per_second)} trials a second."
    )


def _rate_words(rate: float) -> str:
    return f"{float(f'{rate:.3g}'):,.0f}"


def _decision_words(found: Characteristics) -> str:
    rate = found.rate()
    low, high = found.rejection_interval()
    said = (
        f"An efficacy bound was crossed in {prose_percent(rate.mean, 2)} of them (Monte-Carlo standard error "
        f"{prose_percent(rate.std_error, 3)}, 95% interval {prose_percent(low, 2)} to {prose_percent(high, 2)})"
    )
    for outcome in OUTCOMES[1:]:
        if found.rate(outcome).mean > 0.0:
            said += f"; {prose_percent(found.rate(outcome).mean, 2)} stopped for {outcome}"
    arms = found.model.arms[1:]
    own = [f"{prose_percent(found.power_of_arm(arm).mean, 2)} with {arm}" for arm in arms] if len(arms) > 1 else []
    return said + (f". By arm: {', '.join(own)}." if own else ".")


def _cost_words(found: Characteristics) -> str:
    time, events, enrolled = (found.at_stop(measure) for measure in AT_STOP)
    # Counted at the stop are first events, whichever endpoint decides.
    what = "patients with progression or death, of" if found.model.decides == "death" else "events and"
    return (
        f"A trial ends on average after {prose_number(time.mean, 2)} {found.model.time_unit} with "
        f"{prose_number(events.mean, 1)} {what} {prose_number(enrolled.mean, 1)} patients."
    )


def _early_words(found: Characteristics, look: int) -> str:
    """A look made before its events have come: at the time when one looks anyhow."""
    given = found.model.looks[look - 1]
    said = f"it is made without its {given.events} events"
    if given.when == "first":
        return said
    latest = found.model.longest if given.latest is None else given.latest
    return f"{said}, at {prose_number(latest, 1)} {found.model.time_unit}"


def _look_words(found: Characteristics) -> Iterator[str]:
    unit = found.model.time_unit
    for look in range(1, len(found.model.looks) + 1):
        low, middle, high = (found.quantile("time", look, p) for p in (0.05, 0.5, 0.95))
        said = (
            f"Look {look} comes after {prose_number(middle, 1)} {unit} (median; 90% of trials between "
            f"{prose_number(low, 1)} and {prose_number(high, 1)})"
        )
        never = found.not_reached(look)
        if never > 0.0:
            said += f"; in {prose_percent(never, 2)} of trials {_early_words(found, look)}"
        yield said + "."
