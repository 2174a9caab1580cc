"""Patients arrive at sites, are screened, and the eligible ones are randomized, until enrollment is complete."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from equipoise.protocol.expressions import Value
from equipoise.randomization import Complete, Patient, Scheme, SeededWords, method_of
from equipoise.seeds import Stream
from equipoise.simulation.assumptions import assumed
from equipoise.simulation.baseline import draw_eligible, draw_failure, read_screening
from equipoise.simulation.premises import Premises

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Site:
    """A site: its SITEID and its country, None where the trial names no countries."""

    id: str
    country: str | None


@dataclass(frozen=True)
class Screened:
    """One patient who gave consent. Days count from the origin; `decided` is the day of randomization or of failure.

    `unit` addresses every random draw of the patient; `failed` lists the criteria not met.
    """

    unit: int
    usubjid: str
    site: Site
    consent: int
    decided: int
    values: dict[str, Value]
    eligible: bool
    failed: tuple[str, ...]
    arm: str | None
    stratum: tuple[str, ...]


def draw_cohort(premises: Premises, seed: int, replicate: int) -> list[Screened]:
    """Everyone screened, in the order of decision, with the arm of those randomized."""
    failing = _draw_failing(premises, seed, replicate)
    count = int(np.flatnonzero(np.cumsum(~failing) == premises.enrollment)[0]) + 1
    units = list(range(count))
    screening = read_screening(premises.trial, premises.scenario)
    values = draw_eligible(screening, units, seed, replicate)
    failed = {u: draw_failure(screening, values[u], u, seed, replicate) for u in units if failing[u]}
    decided, consent = _draw_days(premises, count, seed, replicate)
    sites = _draw_sites(premises, count, seed, replicate)
    arms = _allocate(premises, [u for u in units if not failing[u]], values, seed, replicate)
    seen: dict[str, int] = {}
    cohort = []
    for u in units:
        seen[sites[u].id] = seen.get(sites[u].id, 0) + 1
        cohort.append(
            Screened(
                unit=u,
                usubjid=f"{premises.trial.id}-{sites[u].id}-{seen[sites[u].id]:03d}",
                site=sites[u],
                consent=int(consent[u]),
                decided=int(decided[u]),
                values=values[u],
                eligible=not failing[u],
                failed=failed.get(u, ()),
                arm=arms.get(u),
                stratum=_stratum(premises, values[u]) if u in arms else (),
            )
        )
    return cohort


def _draw_failing(premises: Premises, seed: int, replicate: int) -> npt.NDArray[np.bool_]:
    """Who will fail screening, for enough patients that enrollment is reached."""
    plan = premises.scenario.screen_failure
    share = plan.value if plan is not None else 0.0
    size = premises.enrollment
    while True:
        failing = Stream(seed, "screening", replicate).uniforms(np.arange(size), 1)[:, 0] < share
        if np.count_nonzero(~failing) >= premises.enrollment:
            return failing
        size += size // 2 + 10


def _draw_days(premises: Premises, count: int, seed: int, replicate: int) -> tuple[Days, Days]:
    """Days of decision and consent. Poisson arrivals, given their number, are ordered draws of the accrual's shape."""
    uniforms = Stream(seed, "enrollment", replicate).uniforms(np.arange(count), 2)
    first, last = (float(premises.accrual.cumulative(day)) for day in (premises.screening, premises.accrual_days))
    times = premises.accrual.inverse(first + np.sort(uniforms[:, 0]) * (last - first))
    decided = np.floor(times).astype(np.int64)
    shortest = min(round(assumed("shortest_screening")), premises.screening)
    length = shortest + np.floor(uniforms[:, 1] * (premises.screening - shortest + 1)).astype(np.int64)
    return decided, decided - length


def _draw_sites(premises: Premises, count: int, seed: int, replicate: int) -> list[Site]:
    """The site of every patient: sites of uneven size, each in a country, every country with a site."""
    identity = premises.trial.trial
    size = identity.sites.value if identity.sites is not None else 1
    countries = identity.countries.value if identity.countries is not None else (None,)
    stream = Stream(seed, "sites", replicate)
    weights = stream.exponentials(np.arange(size), 1)[:, 0] ** assumed("unevenness")
    pull = np.cumsum(stream.exponentials(size + np.arange(len(countries)), 1)[:, 0])
    place = np.searchsorted(pull / pull[-1], stream.uniforms(np.arange(size), 1, first=1)[:, 0], side="right")
    place[: len(countries)] = np.arange(len(countries))[:size]
    sites: list[Site] = []
    for number in place.tolist():
        ordinal = 1 + sum(1 for site in sites if site.country == countries[number])
        sites.append(Site(f"{number + 1}{ordinal:02d}", countries[number]))
    bounds = np.cumsum(weights) / weights.sum()
    drawn = np.searchsorted(bounds, Stream(seed, "enrollment", replicate).uniforms(np.arange(count), 1, first=2)[:, 0])
    return [sites[min(int(s), size - 1)] for s in drawn]


def _allocate(
    premises: Premises, units: list[int], values: list[dict[str, Value]], seed: int, replicate: int
) -> dict[int, str]:
    """The arm of each unit, by the trial's allocation method, in the order of decision."""
    trial = premises.trial
    scheme = Scheme({arm.id: arm.ratio for arm in trial.arms})
    method = method_of(trial) if trial.randomization is not None else Complete(scheme)
    state, words, arms = method.start(), SeededWords(seed, replicate), {}
    for unit in units:
        levels = {name: str(values[unit][name]) for name in method.scheme.factors}
        arms[unit], state = method.allocate(state, Patient(str(unit), levels), words)
    return arms


def _stratum(premises: Premises, values: dict[str, Value]) -> tuple[str, ...]:
    plan = premises.trial.randomization
    return tuple(str(values[name]) for name in plan.strata) if plan is not None else ()
