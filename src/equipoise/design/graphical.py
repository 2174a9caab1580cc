"""Graphical testing of several hypotheses, at one analysis or at several looks with group-sequential bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from equipoise.design.design_result import DesignResult, design_row, prose_listing, prose_number, render_code
from equipoise.design.hypothesis_graph import HypothesisGraph, Transitions, checked_graph
from equipoise.design.levels import check_alpha, refused, to_float
from equipoise.design.monitoring import to_sequence
from equipoise.design.spending import Spending, to_spending
from equipoise.errors import permitted
from equipoise.frames.results import ResultRow
from equipoise.kernels.plain.sequential import normal_tails, solve_upper

ByLook = float | Sequence[float | None]


@dataclass(frozen=True)
class GraphStep:
    """One rejection: its look, the hypothesis, the look whose P rejects (earlier only with `look_back`), the P, the
    nominal level it met, and the graph of the hypotheses that are left."""

    look: int
    hypothesis: str
    tested_look: int
    p_value: float
    level: float
    graph: HypothesisGraph


@dataclass(frozen=True)
class HypothesisLooks:
    """One hypothesis at its looks: `looks` (from 1), one-sided `p_value`, `information` fraction and `spent`, the share
    of its alpha that its spending function allows by then, at the level it has in the graph."""

    looks: tuple[int, ...]
    p_value: tuple[float, ...]
    information: tuple[float, ...]
    time: tuple[float, ...]
    spending: Spending | None

    def levels(self, alpha: float) -> np.ndarray:
        """The nominal one-sided levels at its looks when its hypothesis is tested at `alpha` in all."""
        if self.spending is None or alpha <= 0.0:
            return np.full(len(self.looks), alpha)
        return _nominal(self.information, self.time, self.spending, alpha)

    def counting(self, look: int, look_back: bool) -> list[int]:
        """The positions of the looks whose P counts at a look of the trial: this look's, or its last, or all so far."""
        past = [j for j, own in enumerate(self.looks) if own <= look]
        if look_back or not past:
            return past
        done = past[-1] == len(self.looks) - 1
        return past[-1:] if done or self.looks[past[-1]] == look else []


@lru_cache(maxsize=512)
def _nominal(information: tuple[float, ...], time: tuple[float, ...], spending: Spending, alpha: float) -> np.ndarray:
    spent = np.array(spending.spent(time, alpha))
    return normal_tails(solve_upper(np.array(information), spent))


@dataclass(frozen=True, repr=False)
class GraphicalTesting(DesignResult):
    """What a graph of hypotheses rejects.

    `rejected`: hypothesis -> the look at which it was rejected, None where it was not; `steps`: the rejections in
    order, each with the graph after it; `start` and `graph`: the graph before and after; `levels`: hypothesis -> the
    nominal level at its last look, at the weight it had in the end; `adjusted_p_value`: hypothesis -> the smallest
    familywise alpha that rejects it, None where there are several looks.
    """

    alpha: float
    rejected: dict[str, int | None]
    steps: tuple[GraphStep, ...]
    start: HypothesisGraph
    graph: HypothesisGraph
    levels: dict[str, float]
    adjusted_p_value: dict[str, float] | None
    hypotheses: dict[str, HypothesisLooks] = field(compare=False)
    arguments: dict[str, Any] = field(compare=False)

    def to_rows(self) -> list[ResultRow]:
        """By hypothesis: weight, what it passes on, P by look, decision; by step: the rejection, the graph after."""
        several = any(len(tested.looks) > 1 for tested in self.hypotheses.values())
        method = "graphical-group-sequential" if several else "graphical-test"
        rows = []
        for name, tested in self.hypotheses.items():
            rows.append(design_row("weight", self.start.weights[name], parameter=name, method=method))
            for stop, share in self.start.transitions.get(name, {}).items():
                to: dict[str, Any] = {"parameter": name, "group1": "to", "level1": stop, "method": method}
                rows.append(design_row("transition", share, **to))
            for look, p in zip(tested.looks, tested.p_value, strict=True):
                rows.append(design_row("p_value", p, look=look, parameter=name, format="p"))
            look = self.rejected[name]
            said: dict[str, Any] = {"missing": "not rejected", "format": "int"}
            rows.append(design_row("rejected_at_look", look, parameter=name, method=method, **said))
            rows.append(design_row("level", self.levels[name], look=tested.looks[-1], parameter=name, method=method))
            if self.adjusted_p_value is not None:
                adjusted = self.adjusted_p_value[name]
                rows.append(design_row("adjusted_p_value", adjusted, parameter=name, method=method, format="p"))
        for number, step in enumerate(self.steps, start=1):
            place = {"at": float(number), "at_unit": "step", "method": method, "label": f"{step.hypothesis} rejected"}
            rows.append(design_row("rejection_level", step.level, parameter=step.hypothesis, **place))
            for name, weight in step.graph.weights.items():
                rows.append(design_row("weight", weight, parameter=name, **place))
                for stop, share in step.graph.transitions.get(name, {}).items():
                    rows.append(design_row("transition", share, parameter=name, group1="to", level1=stop, **place))
        return rows

    def text(self) -> str:
        several = any(len(tested.looks) > 1 for tested in self.hypotheses.values())
        shares = ", ".join(f"{name} {prose_number(weight, 4)}" for name, weight in self.start.weights.items())
        lines = [
            f"The familywise error rate of {len(self.hypotheses)} hypotheses is kept at one-sided "
            f"{prose_number(self.alpha, 5)} by a graphical procedure (shares of alpha at the start: {shares})"
            + (", each tested group-sequentially at its share of alpha." if several else ".")
        ]
        for step in self.steps:
            where = f" at look {step.look}" if several else ""
            left = ", ".join(f"{name} {prose_number(weight, 4)}" for name, weight in step.graph.weights.items())
            lines.append(
                f"{step.hypothesis} is rejected{where} (P = {step.p_value:.4g}, level {step.level:.4g})"
                + (f"; the shares are then {left}." if left else ", the last.")
            )
        kept = [name for name, look in self.rejected.items() if look is None]
        verdict = f"{prose_listing(kept)} {'is' if len(kept) == 1 else 'are'} not rejected." if kept else ""
        lines.append(
            verdict or ("All hypotheses are rejected." if len(self.hypotheses) > 1 else "The hypothesis is rejected.")
        )
        return " ".join(lines)

    def code(self) -> str:
        return render_code("graphical_testing", self.arguments)


def graphical_testing(
    p: Mapping[str, ByLook],
    *,
    weights: Mapping[str, float],
    transitions: Transitions,
    alpha: float,
    information: Mapping[str, Sequence[float | None]] | None = None,
    spending: Any = None,
    spending_time: Mapping[str, Sequence[float | None]] | None = None,
    look_back: bool = False,
) -> GraphicalTesting:
    """Tests several hypotheses (PFS, OS, subgroups) by a graph that hands on the alpha of what is rejected.

    Arguments: `p`: hypothesis -> its one-sided P value, or one per look (None where it is not tested). `weights`:
    hypothesis -> its share of alpha; `transitions`: hypothesis -> (hypothesis -> share of its level that it hands on
    once rejected), pairs left out are 0. `alpha`: the familywise one-sided error rate. For hypotheses with several
    looks: `information`: hypothesis -> information fraction at each look (None where not tested), rising; `spending`: a
    `Spending` or the name of one without parameter, or a mapping from hypothesis to one; `spending_time`: hypothesis ->
    the time at which the spending function is read at each look (None: the information fraction, at most 1).
    `look_back`: whether a level that was raised by a rejection also counts for P values of earlier looks; if not, a
    hypothesis is tested at its raised level from the current look on. A hypothesis whose last look has passed keeps its
    last P.

    Returns a `GraphicalTesting`. Raises ArgumentError `argument-invalid`.

    Formula: H_i is rejected at look k when p_ik <= Phi(-c_k(w_i alpha)), c_k the bounds that spend w_i alpha; then the
    graph is updated, w_l + w_i g_il and (g_lk + g_li g_ik) / (1 - g_li g_il), and all that are left are tested again.
    Source: Bretz, Maurer, Brannath, Posch. Stat Med 2009;28:586-604, doi:10.1002/sim.3495; Maurer, Bretz. Stat Biopharm
    Res 2013;5:311-320, doi:10.1080/19466315.2013.807748.

    >>> both = {"PFS": {"OS": 1.0}, "OS": {"PFS": 1.0}}
    >>> found = graphical_testing(
    ...     {"PFS": 0.001, "OS": 0.02}, weights={"PFS": 0.2, "OS": 0.8}, transitions=both, alpha=0.025
    ... )
    >>> [(step.hypothesis, round(step.level, 6)) for step in found.steps]
    [('PFS', 0.005), ('OS', 0.025)]
    """
    arguments = dict(locals())
    graph = start = checked_graph(weights, transitions)
    total = check_alpha(alpha, 1)
    tested = _tested(p, start, information, spending, spending_time)
    last = max(look for one in tested.values() for look in one.looks)
    steps: list[GraphStep] = []
    final = dict(start.weights)
    for look in range(1, last + 1):
        while found := _first_rejected(graph, tested, total, look, look_back):
            graph = graph.remove(found[0])
            steps.append(GraphStep(look, *found, graph))
            final |= graph.weights
    fixed = all(len(one.looks) == 1 for one in tested.values())
    first = {step.hypothesis: step.look for step in steps}
    return GraphicalTesting(
        alpha=total,
        rejected={name: first.get(name) for name in start.names},
        steps=tuple(steps),
        start=start,
        graph=graph,
        levels={name: float(one.levels(final[name] * total)[-1]) for name, one in tested.items()},
        adjusted_p_value=_adjusted(start, tested) if fixed else None,
        hypotheses=tested,
        arguments=arguments,
    )


def _first_rejected(
    graph: HypothesisGraph, tested: Mapping[str, HypothesisLooks], alpha: float, look: int, look_back: bool
) -> tuple[str, int, float, float] | None:
    """The hypothesis that lies furthest below its level at a look: (name, tested look, P, level), or None.

    The order of rejections does not change what is rejected in the end (Bretz et al. 2009).
    """
    best: tuple[float, tuple[str, int, float, float]] | None = None
    for name, weight in graph.weights.items():
        if weight <= 0.0:
            continue
        one = tested[name]
        levels = one.levels(weight * alpha)
        for j in one.counting(look, look_back):
            p, level = one.p_value[j], float(levels[j])
            if p <= level and (best is None or p / level < best[0]):
                best = p / level, (name, one.looks[j], p, level)
    return best[1] if best else None


def _adjusted(graph: HypothesisGraph, tested: Mapping[str, HypothesisLooks]) -> dict[str, float]:
    """Adjusted P values of a single analysis (Bretz et al. 2009, algorithm 2)."""
    found: dict[str, float] = {}
    largest = 0.0
    for _ in range(len(tested)):
        ratio = {name: tested[name].p_value[0] / w if w > 0.0 else math.inf for name, w in graph.weights.items()}
        name = min(ratio, key=ratio.__getitem__)
        largest = max(largest, min(ratio[name], 1.0))
        found[name] = largest
        graph = graph.remove(name)
    return {name: found[name] for name in tested}


def _tested(
    p: Any, graph: HypothesisGraph, information: Any, spending: Any, spending_time: Any
) -> dict[str, HypothesisLooks]:
    """Each hypothesis at its looks, checked."""
    given = {"p": p, "information": information, "spending_time": spending_time}
    given |= {"spending": spending} if isinstance(spending, Mapping) else {}
    for what, values in given.items():
        if values is not None:
            _check_names(what, values, graph.names, complete=what == "p")
    return {
        name: _hypothesis(
            name,
            p[name],
            (information or {}).get(name),
            spending.get(name) if isinstance(spending, Mapping) else spending,
            (spending_time or {}).get(name),
        )
        for name in graph.names
    }


def _check_names(what: str, values: Any, names: tuple[str, ...], *, complete: bool) -> None:
    if not isinstance(values, Mapping):
        raise refused(what, values, f"a mapping from hypothesis: {', '.join(names)}")
    for name in values:
        if name not in names:
            raise refused(what, name, permitted(str(name), names), f"{what} is given for a hypothesis without a weight")
    if complete and (absent := [name for name in names if name not in values]):
        raise refused(what, values, f"give it for {', '.join(absent)} too")


def _hypothesis(name: str, p: Any, information: Any, spending: Any, time: Any) -> HypothesisLooks:
    by_look = to_sequence(p)
    looks = [k for k, value in enumerate(by_look) if value is not None]
    if not looks:
        raise refused("p", p, f"at least one P value of {name}")
    values = tuple(to_float(by_look[k], f"p of {name}") for k in looks)
    for value in values:
        if not 0.0 <= value <= 1.0:
            raise refused(f"p of {name}", value, "a probability from 0 to 1")
    where = tuple(k + 1 for k in looks)
    if information is None:
        if len(looks) > 1:
            raise refused("information", None, f"give the information fractions of {name}, which has several looks")
        return HypothesisLooks(where, values, (1.0,), (1.0,), None)
    fractions = _by_look(name, "information", information, looks, len(by_look))
    if (np.diff((0.0, *fractions)) <= 0.0).any():
        raise refused("information", information, f"fractions of {name} above zero that rise from look to look")
    times = tuple(min(t, 1.0) for t in fractions)
    if time is not None:
        times = _by_look(name, "spending_time", time, looks, len(by_look))
        if (np.diff((0.0, *times)) < 0.0).any() or times[-1] > 1.0:
            raise refused("spending_time", time, f"times of {name} from 0 to 1 that do not fall")
    if spending is None:
        raise refused("spending", None, f"name the spending function of {name}, which has information fractions")
    return HypothesisLooks(where, values, fractions, times, to_spending(spending))


def _by_look(name: str, what: str, values: Any, looks: list[int], count: int) -> tuple[float, ...]:
    given = to_sequence(values)
    if len(given) != count or any(given[k] is None for k in looks):
        raise refused(what, values, f"one per look of {name} ({count}), None only where P is None")
    return tuple(to_float(given[k], f"{what} of {name}") for k in looks)
