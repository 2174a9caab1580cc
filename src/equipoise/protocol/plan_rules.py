"""Faults of planned tests and estimates: a method of another kind of endpoint, a key it does not read, one it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from equipoise.errors import permitted
from equipoise.protocol.faults import Fault
from equipoise.protocol.plan_words import parameter_of
from equipoise.protocol.plans import RateEstimate, RateTest, TimeEstimate, TimeTest
from equipoise.protocol.tree import Path, Tree, entries, ids, listed, mapping, stated, unknown_in
from equipoise.quantities import Duration, parse_duration

_METHODS = {
    "test": {"time-to-event": get_args(TimeTest), "response": get_args(RateTest)},
    "estimate": {"time-to-event": get_args(TimeEstimate), "response": get_args(RateEstimate)},
}
_DIFFERENCES = ("newcombe", "newcombe-continuity", "miettinen-nurminen", "mee", "wald", "sato")
# The methods that read a key; every method reads the keys that are not here.
_READ_BY = {
    "test": {
        "rho": ("fleming-harrington",),
        "gamma": ("fleming-harrington",),
        "t_star": ("modestly-weighted",),
        "s_star": ("modestly-weighted",),
        "tests": ("maxcombo",),
        "covariates": ("adjusted-logrank",),
        "statistic": ("rerandomization",),
        "draws": ("rerandomization",),
        "seed": ("rerandomization",),
        "arrival": ("rerandomization",),
    },
    "estimate": {
        "ties": ("cox",),
        "tau": ("rmst",),
        "window_start": ("rmst",),
        "at": ("milestone",),
        "transform": ("milestone",),
        "conf_type": ("median-difference",),
        "weights": ("rmst", "milestone", *_DIFFERENCES),
    },
}
_NEEDS = {
    "modestly-weighted": (("t_star", "s_star"), "t_star: the time, or s_star: the survival, at which weights stop"),
    "fleming-harrington": (("rho", "gamma"), "the exponents: rho of survival, gamma of one less survival"),
    "adjusted-logrank": (("covariates",), "covariates: the baseline variables to adjust for"),
    "rerandomization": (("seed",), "seed: a whole number, so that the draws can be repeated"),
    "milestone": (("at",), "at: the time at which survival is compared, as in 12 months"),
}
_UNSTRATIFIED = {
    "test": tuple(method for method in get_args(RateTest) if method != "cmh"),
    "estimate": ("median-difference", "agresti-caffo"),
}
_WEIGHTS = {
    "rmst": ("size", "inverse-variance"),
    "milestone": ("size", "inverse-variance"),
    "newcombe": ("cmh", "sample-size", "equal", "wilson"),
    "newcombe-continuity": ("cmh", "sample-size", "equal", "wilson"),
    "miettinen-nurminen": ("cmh", "inverse-variance", "sample-size", "equal", "miettinen-nurminen"),
    "mee": ("cmh", "inverse-variance", "sample-size", "equal", "miettinen-nurminen"),
    "wald": ("cmh", "inverse-variance", "sample-size", "equal"),
    "sato": ("cmh",),
}
_SEVERAL_ARMS = get_args(TimeTest)[:7]
_TAKEN = ("kaplan-meier", "landmark", "curve", "at-risk", "follow-up", "logrank", "subgroup", "rate", "best-response",
          "response-test", "group")  # fmt: skip


class _Plan(NamedTuple):
    """One planned test or estimate: where it stands, `kind` "test" or "estimate", and what is written there."""

    path: Path
    kind: str
    written: Tree
    further: bool

    @property
    def method(self) -> Any:
        return self.written.get("method")


def check_plans(tree: Tree) -> Iterator[Fault]:
    """Faults of the planned and further tests and estimates of every analysis."""
    kinds = {str(entry.get("id")): entry.get("kind") for _, entry in entries(tree, "endpoints")}
    for path, entry in entries(tree, "analyses"):
        kind = kinds.get(str(entry.get("endpoint")))
        plans = list(_plans(path, entry))
        for plan in plans:
            yield from _method(plan, str(kind), kind is not None)
            yield from _keys(plan)
            yield from _strata(plan, tree)
            yield from _arms(plan, tree)
            if plan.kind == "test":
                yield from unknown_in(
                    (*plan.path, "covariates"), "variable", plan.written.get("covariates"), mapping(tree, "variables")
                )
        yield from _names(plans)


def _plans(path: Path, entry: Tree) -> Iterator[_Plan]:
    for kind in ("test", "estimate"):
        if mapping(entry, kind):
            yield _Plan((*path, kind), kind, mapping(entry, kind), False)
        for place, written in enumerate(listed(entry.get(f"further_{kind}s"))):
            if isinstance(written, dict):
                yield _Plan((*path, f"further_{kind}s", place), kind, written, True)


def _method(plan: _Plan, kind: str, known: bool) -> Iterator[Fault]:
    """A method that is of the other kind of endpoint; one that does not exist at all the model reports."""
    by_kind = _METHODS[plan.kind]
    allowed = by_kind.get(kind, ())
    every = [method for methods in by_kind.values() for method in methods]
    if known and plan.method in every and plan.method not in allowed:
        hint = permitted(str(plan.method), allowed) if allowed else f"leave the {plan.kind} out"
        yield Fault(
            (*plan.path, "method"), f"{plan.method!r} is no {plan.kind} of an endpoint of kind {kind}", hint=hint
        )


def _keys(plan: _Plan) -> Iterator[Fault]:
    for key, methods in _READ_BY[plan.kind].items():
        if plan.written.get(key) is not None and isinstance(plan.method, str) and plan.method not in methods:
            hint = f"it belongs to {' or '.join(methods)}"
            yield Fault((*plan.path, key), f"{plan.method} does not read {key!r}", hint=hint, on_key=True)
    needed, words = _NEEDS.get(str(plan.method), ((), ""))
    given = [key for key in needed if plan.written.get(key) is not None]
    if needed and not given:
        yield Fault(plan.path, f"{plan.method} needs {' or '.join(map(repr, needed))}", hint=words, on_key=True)
    if plan.method == "modestly-weighted" and len(given) == 2:
        yield Fault((*plan.path, "s_star"), "modestly-weighted takes 't_star' or 's_star', not both", on_key=True)
    if plan.method == "fleming-harrington" and given and not any(plan.written.get(key) for key in given):
        yield Fault(plan.path, "fleming-harrington with rho 0 and gamma 0 has no weights", hint="write method: logrank")
    if _weights_without_strata(plan):
        message = f"weights are of strata, and this {plan.kind} is not stratified"
        yield Fault((*plan.path, "weights"), message, hint="add stratified: true, or leave `weights` out", on_key=True)
    yield from _window(plan)
    weights = plan.written.get("weights")
    allowed = _WEIGHTS.get(str(plan.method), ())
    if isinstance(weights, str) and allowed and weights not in allowed:
        yield Fault(
            (*plan.path, "weights"), f"{weights!r} are no weights of {plan.method}", hint=permitted(weights, allowed)
        )


def _weights_without_strata(plan: _Plan) -> bool:
    read = isinstance(plan.method, str) and plan.method in _READ_BY["estimate"]["weights"]
    given = plan.kind == "estimate" and plan.written.get("weights") is not None
    return read and given and stated(plan.written.get("stratified")) is not True


def _window(plan: _Plan) -> Iterator[Fault]:
    """A window of a restricted mean that ends before it begins."""
    start, end = (_duration(plan.written.get(key)) for key in ("window_start", "tau"))
    if plan.method == "rmst" and start is not None and end is not None and start.days >= end.days:
        yield Fault(
            (*plan.path, "window_start"),
            f"the window begins at {start}, not before it ends, at {end}",
            hint="window_start is before tau",
        )


def _duration(written: Any) -> Duration | None:
    """A duration that can be read; of another the model says what is wrong."""
    try:
        return parse_duration(written) if isinstance(written, str) else None
    except ValueError:
        return None


def _strata(plan: _Plan, tree: Tree) -> Iterator[Fault]:
    path = (*plan.path, "stratified")
    if stated(plan.written.get("stratified")) is not True:
        return
    if plan.method in _UNSTRATIFIED[plan.kind]:
        yield Fault(path, f"{plan.method} has no stratified form", hint="leave `stratified` out")
    elif not mapping(tree, "randomization").get("strata"):
        yield Fault(path, "stratified, but the randomization has no strata")


def _arms(plan: _Plan, tree: Tree) -> Iterator[Fault]:
    arms = len(ids(tree, "arms"))
    if plan.kind == "test" and plan.written.get("sides") == 1 and arms > 2 and plan.method in _SEVERAL_ARMS:
        yield Fault(
            (*plan.path, "sides"),
            f"a test of {arms} arms at once has no side",
            reason="one-sided means better than the control arm, which is a question about one other arm",
            hint="write sides: 2",
        )
    if plan.method == "rerandomization" and not mapping(tree, "randomization"):
        yield Fault(
            (*plan.path, "method"),
            "a re-randomization test needs the randomization",
            reason="its reference set is every allocation that the trial's own scheme could have made",
            hint="describe it in the section randomization",
        )


def _names(plans: list[_Plan]) -> Iterator[Fault]:
    """Two tests or estimates of one analysis whose rows would have one name."""
    seen: set[str] = set()
    for plan in plans:
        method = str(plan.method)
        default = parameter_of(method) if plan.kind == "estimate" else method
        if plan.kind == "test" and not plan.further:
            default = "logrank"
        name = plan.written.get("id") if plan.further and plan.written.get("id") else default
        if name in seen or (plan.further and name in _TAKEN):
            path = (*plan.path, "id") if plan.written.get("id") else plan.path
            yield Fault(path, f"rows named {name!r} are there already", hint="give it an id of its own, as in id: mine")
        seen.add(str(name))
