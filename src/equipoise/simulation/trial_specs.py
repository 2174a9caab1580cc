"""A model as the arrays that trial engines take, and what each of its rows of output is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from equipoise.design.hazards import Hazard
from equipoise.kernels.plain import general_spec as general
from equipoise.kernels.plain.trial_spec import FIELDS, Look, Pieces, TrialSpec, build_spec
from equipoise.randomization import Complete, PermutedBlocks, Scheme
from equipoise.simulation.batches import batch_of
from equipoise.simulation.event_laws import Cured, EventLaw, LogNormal, Weibull
from equipoise.simulation.trial_definition import Cells, TrialDefinition
from equipoise.simulation.trial_looks import TrialLook
from equipoise.simulation.trial_options import endpoint_number

# Rows of the base that compare the first experimental arm with control, and do not say so.
_CONTRASTS = ("z", "variance", "log_hr", "log_hr_se")
# Where another law holds, the pieces of the base are not read.
_UNUSED = Hazard(1.0)


def spec_of(model: TrialDefinition, *, cox: bool, medians: bool) -> TrialSpec | general.GeneralTrial:
    """A `TrialSpec` where that can say it all, else a `GeneralTrial`."""
    base = _base(model, cox, medians)
    return _general(model, base) if needs_general(model) else base


def needs_general(model: TrialDefinition) -> bool:
    """Whether the model has what the fast engine does not: see `general_spec`."""
    extended = (model.deaths, model.scans, model.day, model.tests, model.landmarks, model.windows)
    return (
        any(extended)
        or len(model.arms) > 2
        or not isinstance(model.randomization, PermutedBlocks | Complete)
        or not all(look.plain for look in model.looks)
        or not all(isinstance(law, Hazard) for law in model.laws.values())
    )


def _base(model: TrialDefinition, cox: bool, medians: bool) -> TrialSpec:
    laws = [model.laws[stratum, arm] for stratum in model.strata for arm in model.arms]
    return build_spec(
        model.n,
        accrual=model.entries if model.arrivals == "planned" else Pieces(model.accrual.rates, model.accrual.breaks),
        uniform_over=model.accrual.end if model.arrivals == "uniform" else None,
        event=_pieces([law if isinstance(law, Hazard) else _UNUSED for law in laws]),
        dropout=_pieces([model.losses[arm] for _ in model.strata for arm in model.arms]),
        looks=[_look(look) for look in model.looks],
        prevalence=model.shares,
        ticks_per_unit=model.ticks_per_unit,
        cox=cox,
        medians=medians,
        **_allocation(model),
    )


def _allocation(model: TrialDefinition) -> dict[str, Any]:
    method, scheme = model.randomization, model.randomization.scheme
    if isinstance(method, PermutedBlocks):
        times = [size // scheme.total for size in method.block_sizes]
        return {"blocks": [[many * scheme.ratio[arm] for arm in model.arms] for many in times]}
    return {"shares": [scheme.ratio[arm] / scheme.total for arm in model.arms]}


def _look(look: TrialLook) -> Look:
    events = look.events or 0 if look.plain else 0
    return Look(events, look.time, look.follow_up, look.when == "first", look.latest)


def _pieces(hazards: Sequence[Hazard]) -> Pieces:
    """The hazards of cells on the breaks of all."""
    breaks = sorted({b for hazard in hazards for b in hazard.breaks})
    at = np.array([0.0, *breaks])
    return Pieces(np.stack([hazard.at(at) for hazard in hazards]), breaks)


def _general(model: TrialDefinition, base: TrialSpec) -> general.GeneralTrial:
    return general.build_general(
        base,
        laws=None if model.deaths is not None else _laws(model, model.laws),
        course=_course(model),
        scans=None if model.scans is None else model.scans.to_kernel(),
        day=model.day,
        allocation=_tables(model),
        rules=[_rules(model, look) for look in model.looks],
        tests=[test.to_kernel() for test in model.tests],
        landmarks=_points(model, model.landmarks),
        windows=_points(model, model.windows),
    )


def _laws(model: TrialDefinition, cells: Cells) -> list[general.Law] | None:
    """The laws by cell; None where the pieces of the base say them."""
    laws = [cells[stratum, arm] for stratum in model.strata for arm in model.arms]
    return None if all(isinstance(law, Hazard) for law in laws) and cells is model.laws else [_law(law) for law in laws]


def _law(law: EventLaw, cured: float = 0.0) -> general.Law:
    if isinstance(law, Cured):
        return _law(law.law, law.share)
    if isinstance(law, Weibull):
        return general.weibull(law.shape, law.scale, cured)
    if isinstance(law, LogNormal):
        return general.log_normal(law.median_time, law.sigma, cured)
    return general.piecewise(law.rates, law.breaks, cured)


def _course(model: TrialDefinition) -> general.IllnessDeath | None:
    deaths = model.deaths
    if deaths is None:
        return None
    before, after = (
        [_law(cells[stratum, arm]) for stratum in model.strata for arm in model.arms]
        for cells in (model.deaths_before, model.deaths_after)
    )
    return general.IllnessDeath(
        _laws(model, model.laws), before, after, deaths.clock == "randomization",
        [deaths.switching.get(arm, 0.0) for arm in model.arms],
        [deaths.switch_factor.get(arm, 1.0) for arm in model.arms],
    )  # fmt: skip


def _tables(model: TrialDefinition) -> Any:
    """The tables of the randomization with the arms in the model's order; None for blocks and complete."""
    method = model.randomization
    if isinstance(method, PermutedBlocks | Complete):
        return None
    scheme = method.scheme
    ordered = Scheme({arm: scheme.ratio[arm] for arm in model.arms}, dict(scheme.factors))
    return batch_of(replace(method, scheme=ordered), model.n).tables  # type: ignore[type-var]


def _rules(model: TrialDefinition, look: TrialLook) -> list[general.EventRule]:
    if look.plain or look.events is None:
        return []
    arms = [model.arms.index(arm) for arm in look.arms]
    return [general.EventRule(look.events, arms, endpoint_number(look.endpoint))]


def _points(model: TrialDefinition, times: Sequence[float]) -> list[general.CurvePoint]:
    """Each time for each endpoint."""
    endpoints = range(1 if model.deaths is None else 2)
    return [general.CurvePoint(at, endpoint) for endpoint in endpoints for at in times]


def output_fields(spec: TrialSpec | general.GeneralTrial) -> Mapping[tuple[str, int, int, int], int]:
    """The row of the output by (statistic, endpoint, arm, number of test or time); arm -1 where it is of no arm."""
    plain = isinstance(spec, TrialSpec)
    fields = [general.Field(name) for name in FIELDS] if plain else general.general_fields(spec.spec)
    found: dict[tuple[str, int, int, int], int] = {}
    for row, field in enumerate(fields):
        name, arm = field.statistic, field.arm
        for end, number in (("_control", 0), ("_experimental", 1)):
            if name.endswith(end):
                name, arm = name.removesuffix(end), number
        found[name, field.endpoint, 1 if arm < 0 and name in _CONTRASTS else arm, field.number] = row
    return found
