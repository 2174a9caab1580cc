"""What unequal allocation costs and gives: one design at several ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from equipoise.design.design_result import (
    DesignResult,
    design_row,
    prose_listing,
    prose_number,
    prose_percent,
    render_code,
)
from equipoise.design.levels import ratio_words, refused, to_ratio
from equipoise.design.sample_size import FixedDesign, fixed_design
from equipoise.frames.results import ResultRow

Ratio = float | tuple[float, float]


@dataclass(frozen=True, eq=False, repr=False)
class AllocationTradeoff(DesignResult):
    """The same question answered at several allocation ratios, experimental to control: one `FixedDesign` each."""

    designs: tuple[FixedDesign, ...]
    arguments: Mapping[str, Any]

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(design.ratio for design in self.designs)

    def to_rows(self) -> list[ResultRow]:
        """events, n, n_experimental, power, hazard_ratio, accrual_duration and time at each ratio."""
        rows: list[ResultRow] = []
        names = ("events", "n", "n_experimental", "power", "hazard_ratio", "accrual_duration", "time")
        for design in self.designs:
            place: dict[str, Any] = {"group1": "ratio", "level1": ratio_words(design.ratio), "method": design.method}
            rows += [design_row(name, getattr(design, name), **place) for name in names]
        return rows

    def text(self) -> str:
        """One clause a ratio, the first being what the others are held against."""
        first = self.designs[0]
        said = [
            f"{ratio_words(d.ratio)}: {prose_number(d.events, 1)} events, {prose_number(d.n, 1)} patients "
            f"({prose_number(d.n_experimental, 1)} experimental), {prose_percent(d.power)} power, analysis at "
            f"{prose_number(d.time, 1)} {d.time_unit}"
            for d in self.designs
        ]
        more = [_more(d.ratio, d.n / first.n - 1.0) for d in self.designs[1:]]
        found = "n" in first.solved and more
        cost = f" Compared with {ratio_words(first.ratio)}, {prose_listing(more)}." if found else ""
        return f"By allocation, experimental to control: {'; '.join(said)}.{cost}"

    def code(self) -> str:
        return render_code("allocation_tradeoff", self.arguments)


def _more(ratio: float, change: float) -> str:
    shown, word = prose_percent(abs(change)), "more" if change > 0.0 else "fewer"
    return f"{ratio_words(ratio)} takes {'as many' if shown == '0%' else f'{shown} {word}'} patients"


def allocation_tradeoff(ratios: Sequence[Ratio] = (1.0, 1.5, 2.0, 2.5, 3.0), **design: Any) -> AllocationTradeoff:
    """Events, patients, duration and patients on the experimental arm, by allocation ratio.

    Arguments: `ratios`, experimental to control, numbers or pairs, at least one; the others those of `fixed_design`
    without `ratio`, with what is to be compared left out.

    Returns an `AllocationTradeoff`. Raises what `fixed_design` raises.

    Source: Schoenfeld D. Biometrika 1981;68:316-319: events grow with (1 + r)^2 / (4 r).

    >>> from equipoise.design import Accrual, Hazard
    >>> found = allocation_tradeoff(
    ...     (1, 2, 3),
    ...     hazard_ratio=0.59,
    ...     power=0.8,
    ...     alpha=0.05,
    ...     sides=2,
    ...     follow_up=5,
    ...     control=Hazard.from_median(3.6),
    ...     accrual=Accrual.uniform(duration=24),
    ... )
    >>> [round(d.events, 1) for d in found.designs]
    [112.8, 126.9, 150.4]
    """
    if isinstance(ratios, str) or not hasattr(ratios, "__iter__") or not len(ratios := list(ratios)):
        raise refused("ratios", ratios, "a sequence of ratios, such as (1, 2, 3)")
    if "ratio" in design:
        raise refused("ratio", design["ratio"], "leave it out: ratios takes its place")
    checked = [to_ratio(ratio) for ratio in ratios]
    designs = tuple(fixed_design(ratio=ratio, **design) for ratio in checked)
    return AllocationTradeoff(designs, {"ratios": tuple(ratios), **design})
