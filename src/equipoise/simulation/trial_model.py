"""A trial that can be simulated: its definition, and the arrays that engines make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.design.hazards import Accrual
from equipoise.kernels.plain.general_spec import GeneralTrial
from equipoise.kernels.plain.trial_spec import TrialSpec
from equipoise.randomization import Complete, PermutedBlocks, Scheme
from equipoise.simulation.event_laws import Effect, EventLaw, refused
from equipoise.simulation.trial_definition import TrialDefinition
from equipoise.simulation.trial_looks import LookBounds, TrialLook
from equipoise.simulation.trial_specs import spec_of

CONTROL, EXPERIMENTAL = "control", "experimental"


@dataclass(frozen=True, kw_only=True)
class TrialModel(TrialDefinition):
    """A trial that can be simulated; its fields are those of `TrialDefinition`.

    >>> from equipoise.design.hazards import Hazard
    >>> model = TrialModel.two_arms(
    ...     accrual=Accrual.uniform(n=198, duration=24),
    ...     control=Hazard.from_median(3.6),
    ...     effect=0.59,
    ...     ratio=(2, 1),
    ...     block_sizes=(3, 6),
    ...     looks=155,
    ...     alpha=0.05,
    ...     sides=2,
    ... )
    >>> model.n, model.arms, model.to_spec().strata
    (198, ('control', 'experimental'), 1)
    """

    @classmethod
    def two_arms(
        cls,
        *,
        accrual: Accrual,
        control: EventLaw,
        effect: Effect,
        looks: int | TrialLook | Sequence[TrialLook],
        alpha: float | None = None,
        sides: int = 1,
        bounds: Any = None,
        ratio: tuple[int, int] = (1, 1),
        block_sizes: Sequence[int] | None = None,
        **further: Any,
    ) -> TrialModel:
        """Two arms named control and experimental, without factors.

        `effect`: a hazard ratio, a `PiecewiseRatio` or a law of its own; `ratio`, experimental to control;
        `block_sizes` of permuted blocks (without: complete randomization); `looks`: a number of events for a single
        look, or looks; `bounds`, or `alpha` and `sides` for a single look. `further`: other fields of the model.
        """
        scheme = Scheme({EXPERIMENTAL: ratio[0], CONTROL: ratio[1]})
        method = Complete(scheme) if block_sizes is None else PermutedBlocks(scheme, tuple(block_sizes))
        listed = _listed(looks)
        if bounds is None:
            if alpha is None or len(listed) != 1:
                raise refused("bounds", bounds, "give alpha for a single look, bounds for several")
            bounds = LookBounds.single(alpha=alpha, sides=sides)
        return cls(
            accrual=accrual, randomization=method, control=CONTROL, looks=listed, bounds=bounds,
            events={CONTROL: control, EXPERIMENTAL: effect}, **further,
        )  # fmt: skip

    def to_spec(self, *, cox: bool = True, medians: bool = True) -> TrialSpec | GeneralTrial:
        """The model as the arrays that engines take; without `cox` or `medians` these are not computed."""
        return spec_of(self, cox=cox, medians=medians)


def _listed(looks: int | TrialLook | Sequence[TrialLook]) -> tuple[TrialLook, ...]:
    if isinstance(looks, int):
        return (TrialLook(events=looks),)
    return (looks,) if isinstance(looks, TrialLook) else tuple(looks)
