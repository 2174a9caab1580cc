"""Faults of the scenarios: names that refer to nothing, forms that do not fit together, shares that do not sum to 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from equipoise.errors import permitted
from equipoise.protocol.event_times import EFFECTS, LAWS
from equipoise.protocol.faults import Fault
from equipoise.protocol.tree import Path, Tree, entries, ids, listed, mapping, stated, unknown

_TRANSITIONS = ("progression", "death_before", "death_after")
_NO_PIECES = ("weibull", "log_normal", "cured")


def check_scenarios(tree: Tree) -> Iterator[Fault]:
    """Faults of all scenarios."""
    arms, variables = ids(tree, "arms"), mapping(tree, "variables")
    claimed: dict[str, str] = {}
    for path, entry in entries(tree, "scenarios"):
        for place, use in enumerate(listed(entry.get("default_for"))):
            if isinstance(use, str) and use in claimed:
                yield Fault((*path, "default_for", place), f"{use!r} already has the default scenario {claimed[use]!r}")
            claimed[str(use)] = str(entry.get("id"))
        if "survival" not in entry and "illness_death" not in entry:
            yield Fault(path, "missing key 'survival'", hint="add `survival:` or `illness_death:` here", on_key=True)
        yield from _survival_of_endpoints(path, entry, tree)
        yield from _illness_death(path, entry, tree)
        for name, shares in mapping(entry, "prevalences").items():
            yield from _prevalence((*path, "prevalences", name), name, stated(shares), variables)
        yield from _joint_prevalences(path, entry, tree)
        sections = (("not_treated",), ("response", "objective_response"), ("response", "clinical_benefit"))
        for section in (*sections, ("dropout", "by_arm")):
            for arm in mapping(entry, *section):
                yield from unknown((*path, *section, arm), "arm", arm, arms, on_key=True)


def _survival_of_endpoints(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    endpoints, model = ids(tree, "endpoints"), mapping(entry, "illness_death")
    for endpoint, by_arm in mapping(entry, "survival").items():
        place = (*path, "survival", endpoint)
        yield from unknown(place, "endpoint", endpoint, endpoints, on_key=True)
        if endpoint in (model.get("progression_or_death"), model.get("death")):
            hint = "leave one of the two out"
            yield Fault(place, f"{endpoint} follows from illness_death already", hint=hint, on_key=True)
        yield from _by_arm(place, mapping({"arms": by_arm}, "arms"), tree)


def _by_arm(path: Path, by_arm: Tree, tree: Tree) -> Iterator[Fault]:
    """Faults of the event times of the arms, of which effects are on the control arm's."""
    arms = ids(tree, "arms")
    controls = [str(entry.get("id")) for _, entry in entries(tree, "arms") if entry.get("role") == "control"]
    own = [form for name in controls for _, form in _forms((), by_arm.get(name))]
    for arm, given in by_arm.items():
        yield from unknown((*path, arm), "arm", arm, arms, on_key=True)
        for place, form in _forms((*path, arm), given):
            yield from _open_end(place, form)
            meeting = [each for each in own if _meet(mapping(each, "stratum"), mapping(form, "stratum"))]
            yield from _effect(place, form, None if arm in controls else meeting)
        yield from _strata((*path, arm, "by_stratum"), given, tree)


def _forms(path: Path, given: Any) -> Iterator[tuple[Path, Tree]]:
    """An arm's form with those of its strata."""
    if not isinstance(given, Mapping):
        return
    yield path, given
    for place, form in enumerate(listed(given.get("by_stratum"))):
        if isinstance(form, Mapping):
            yield (*path, "by_stratum", place), form


def _meet(one: Tree, other: Tree) -> bool:
    """Whether a stratum can have the levels of both."""
    return all(other[name] == level for name, level in one.items() if name in other)


def _open_end(path: Path, form: Tree) -> Iterator[Fault]:
    for key, word in (("hazards", "hazard"), ("hazard_ratios", "hazard-ratio")):
        pieces = listed(stated(form.get(key)))
        if pieces and mapping({"piece": pieces[-1]}, "piece").get("until") is not None:
            yield Fault((*path, key), f"the last {word} piece must have no 'until'", on_key=True)


def _effect(path: Path, form: Tree, control: list[Tree] | None) -> Iterator[Fault]:
    """An effect in the control arm (`control` None), or on a law that it cannot be an effect on."""
    for key in EFFECTS:
        if key not in form:
            continue
        if control is None:
            yield Fault((*path, key), "the control arm cannot have a hazard ratio to itself", on_key=True)
            continue
        laws = [law for law in ("weibull", "log_normal") if any(law in each for each in control)]
        if "log_normal" in laws:
            reason = "hazards of log-normal times are not proportional"
        elif key == "hazard_ratios" and laws:
            reason = "a ratio that changes multiplies hazards that are constant in pieces"
        else:
            continue
        message = f"{key} cannot be an effect on the control arm's {laws[-1]}"
        yield Fault((*path, key), message, reason=reason, hint="give this arm a law of its own", on_key=True)


def _factors(tree: Tree) -> dict[str, list[str]]:
    """The levels of each stratification factor."""
    names = [name for name in listed(mapping(tree, "randomization").get("strata")) if isinstance(name, str)]
    return {name: list(mapping(tree, "variables", name, "levels")) for name in names}


def _strata(path: Path, given: Any, tree: Tree) -> Iterator[Fault]:
    """Strata described never, or twice."""
    described = listed(given.get("by_stratum")) if isinstance(given, Mapping) else []
    if not described:
        return
    factors = _factors(tree)
    listed_strata = [mapping(form, "stratum") for form in described]
    wrong = [fault for k, each in enumerate(listed_strata) for fault in _levels((*path, k, "stratum"), each, factors)]
    yield from wrong
    if wrong or not all(listed_strata):
        return
    for levels in product(*factors.values()):
        stratum = dict(zip(factors, levels, strict=True))
        fitting = [k for k, each in enumerate(listed_strata) if each.items() <= stratum.items()]
        if len(fitting) != 1:
            said = "none" if not fitting else f"{len(fitting)} entries"
            where = (*path, fitting[1]) if fitting else path
            hint = "each stratum of the randomization is described once"
            yield Fault(where, f"{said} of by_stratum describe{'s' * (not fitting)} {_shown(stratum)}", hint=hint,
                        on_key=not fitting)  # fmt: skip
            return


def _levels(path: Path, stratum: Tree, factors: Mapping[str, list[str]]) -> Iterator[Fault]:
    for name, level in stratum.items():
        if name not in factors:
            hint = permitted(name, factors) if factors else "the randomization has no strata"
            yield Fault((*path, name), f"{name!r} is not a stratification factor", hint=hint, on_key=True)
        elif factors[name] and level not in factors[name]:
            hint = permitted(str(level), factors[name])
            yield Fault((*path, name), f"{level!r} is not a level of {name}", hint=hint)


def _shown(stratum: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {level}" for name, level in stratum.items())


def _illness_death(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    model, where = mapping(entry, "illness_death"), (*path, "illness_death")
    arms, endpoints = ids(tree, "arms"), ids(tree, "endpoints")
    for key in ("progression_or_death", "death"):
        yield from unknown((*where, key), "endpoint", model.get(key), endpoints)
    if model and model.get("progression_or_death") == model.get("death"):
        yield Fault((*where, "death"), "progression_or_death and death are one endpoint", hint="name two")
    for key in _TRANSITIONS:
        given = mapping(model, key)
        yield from _by_arm((*where, key), given, tree)
        missing = [arm for arm in arms if arm not in given]
        if given and missing:
            yield Fault((*where, key), f"{key} says nothing of {', '.join(missing)}", hint="give every arm",
                        on_key=True)  # fmt: skip
    for arm, given in mapping(model, "death_after").items():
        for place, form in _forms((*where, "death_after", arm), given):
            for key in (key for key in _NO_PIECES if key in form):
                reason = "its clock may start at progression, whenever that is"
                hint = f"give {LAWS[0]}, {LAWS[1]} or an effect on the control arm's"
                yield Fault((*place, key), f"death_after has no {key}", reason=reason, hint=hint, on_key=True)
    for arm in mapping(model, "switching"):
        yield from unknown((*where, "switching", arm), "arm", arm, arms, on_key=True)


def _prevalence(path: Path, name: str, shares: Any, variables: Tree) -> Iterator[Fault]:
    yield from unknown(path, "variable", name, variables, on_key=True)
    if not isinstance(shares, Mapping):
        return
    levels = mapping(variables, name, "levels")
    for level in shares:
        if levels and level not in levels:
            yield Fault(
                (*path, "value", level),
                f"{level!r} is not a level of {name}",
                hint=permitted(level, levels),
                on_key=True,
            )
    yield from _sum(path, f"prevalences of {name}", list(shares.values()))


def _sum(path: Path, what: str, shares: list[Any]) -> Iterator[Fault]:
    numbers = [share for share in shares if isinstance(share, int | float)]
    shared_out = len(numbers) == len(shares) and all(0 <= number <= 1 for number in numbers)
    if shared_out and abs(sum(numbers) - 1.0) > 1e-9:
        yield Fault(path, f"{what} sum to {sum(numbers):g}, not 1", on_key=True)


def _joint_prevalences(path: Path, entry: Tree, tree: Tree) -> Iterator[Fault]:
    given = [each for each in listed(stated(entry.get("joint_prevalences"))) if isinstance(each, Mapping)]
    if not given:
        return
    factors, where = _factors(tree), (*path, "joint_prevalences")
    places = [(*where, "value", k, "stratum") for k in range(len(given))]
    strata = [mapping(each, "stratum") for each in given]
    wrong = [fault for place, each in zip(places, strata, strict=True) for fault in _levels(place, each, factors)]
    yield from wrong
    if not wrong:
        found = [tuple(str(each.get(name)) for name in factors) for each in strata]
        wanted = list(product(*factors.values()))
        off = [levels for levels in wanted if found.count(levels) != 1]
        if off or len(found) != len(wanted):
            hint = "give the share of each stratum of the randomization once, with a level of every factor"
            said = _shown(dict(zip(factors, off[0], strict=True))) if off else "what is no stratum"
            times = f"{found.count(off[0])} times" if off else "also"
            yield Fault(where, f"joint_prevalences state {said} {times}", hint=hint, on_key=True)
    yield from _sum(where, "joint_prevalences", [each.get("share") for each in given])
    for name in factors:
        if name in mapping(entry, "prevalences"):
            message = f"joint_prevalences say already how common the levels of {name} are"
            yield Fault((*path, "prevalences", name), message, hint="leave one of the two out", on_key=True)
