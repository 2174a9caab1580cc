"""What Define-XML says of derived data: origin and method of each variable, as the conventions profile has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from io import StringIO
from typing import Any

import polars as pl

from equipoise.derivation.censoring_rules import load_rule_set
from equipoise.derivation.conventions import Interval, Profile
from equipoise.errors import ArgumentError
from equipoise.frames import codelists, domains
from equipoise.frames.codelists import CodeList
from equipoise.frames.define_xml import Definition, Origin, ValueOrigin
from equipoise.protocol.trial import Trial

_SOURCES = {"ADSL": "DM", "ADRS": "RS", "ADTR": "TR", "ADAE": "AE", "ADLB": "LB"}
_RULES_SHOWN = 6
_DAYS = {"D": "Day imputed", "M": "Month and day imputed"}
_TIMES = {"H": "Hour, minute and second imputed", "M": "Minute and second imputed", "S": "Second imputed"}
_DATE_FLAG = CodeList("DATEFL", "Date Imputation Flag", _DAYS, {})
_TIME_FLAG = CodeList("TIMEFL", "Time Imputation Flag", _TIMES, {})
_FLAG = CodeList("FLAG", "Yes or No", {"Y": "Yes", "N": "No"}, {})
_BY_NAME: Mapping[str, CodeList] = {
    "SEX": codelists.SEX,
    "AGEU": codelists.AGE_UNIT,
    "RACE": codelists.RACE,
    "ETHNIC": codelists.ETHNICITY,
    "EOSSTT": codelists.END_OF_STUDY_STATUS,
    "EOTSTT": codelists.END_OF_STUDY_STATUS,
    "AESEV": codelists.SEVERITY,
    "ASEV": codelists.ANALYSIS_SEVERITY,
    "AEOUT": codelists.AE_OUTCOME,
    "AEACN": codelists.AE_ACTION,
    "AESER": codelists.NO_YES,
    "ATOXGR": codelists.TOXICITY_GRADE,
    "TULOCGR1": CodeList("TULOCGR1", "Tumor Site Group", {"NODAL": "Lymph node", "NON-NODAL": "Other site"}, {}),
}
_RESPONSES = ("OVR", "BOR", "CBOR", "LSTA")


def define_study(
    tables: Mapping[str, pl.DataFrame],
    profile: Profile,
    trial: Trial | None,
    study: str,
    documents: tuple[tuple[str, str], ...] = (),
) -> Definition:
    """The definition of a study's analysis data, for `frames.define_xml.write_define`.

    Arguments: the data sets by lower-case name; the profile, whose constants stand in the methods; the trial, if there
    is one; the study's name; file names and titles of documents that go with the data.
    Returns origins (a variable is copied, derived by a method or assigned), methods by parameter, code lists.
    """
    named = {name.upper(): frame for name, frame in tables.items()}
    places = {(name, column): frame for name, frame in named.items() for column in frame.columns}
    return Definition(
        study=study,
        title=trial.trial.title if trial is not None else f"Analysis data of {study}",
        origins={place: _origin(*place, named, profile, trial) for place in places},
        values={place: found for place, frame in places.items() if (found := _values(*place, frame, profile))},
        codelists={place: listed for place in places if (listed := _listed(place[1])) is not None},
        comments={name: _comment(name, frame, profile) for name, frame in named.items()},
        documents=documents,
    )


@cache
def _texts() -> Mapping[str, Any]:
    from ruamel.yaml import YAML

    text = files("equipoise.derivation").joinpath("metadata", "methods.yaml").read_text(encoding="utf-8")
    return YAML(typ="safe").load(StringIO(text))


def _filled(text: str, profile: Profile) -> str:
    """A text with the constants of the profile in it."""
    values = {name: _shown(constant.value) for name, constant in profile.constants.items()}
    return text.format_map(values)


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _origin(
    dataset: str, column: str, tables: Mapping[str, pl.DataFrame], profile: Profile, trial: Trial | None
) -> Origin:
    stated = _texts().get(dataset, {}).get(column) or _texts()["ALL"].get(column)
    if stated is not None:
        if stated.startswith("assigned:"):
            return Origin("Assigned", stated.removeprefix("assigned:").strip())
        if stated.startswith("copy:"):
            return Origin("Predecessor", stated.removeprefix("copy:").strip())
        return Origin("Derived", _filled(stated, profile))
    if dataset != "ADSL" and "ADSL" in tables and column in tables["ADSL"].columns:
        return Origin("Predecessor", f"ADSL.{column}")
    for variable in trial.variables.values() if trial is not None else ():
        if variable.analysis == column and variable.collected:
            return Origin("Predecessor", variable.collected)
    copied = _SOURCES.get(dataset)
    if copied is not None and _is_collected(column, copied):
        return Origin("Predecessor", f"{copied}.{column}")
    return Origin("Derived", f"By the rule that EQRULE names; conventions profile {profile.id}.")


def _is_collected(column: str, domain: str) -> bool:
    known = domains.domain(domain)
    named = known is not None and any(one.name == column for one in known.variables)
    return named or (domain != "DM" and column.startswith(domain))


def _values(dataset: str, column: str, frame: pl.DataFrame, profile: Profile) -> tuple[ValueOrigin, ...]:
    """The method of AVAL and AVALC by parameter; parameters of one method together."""
    if column not in ("AVAL", "AVALC") or "PARAMCD" not in frame.columns or not frame.height:
        return ()
    grouped: dict[tuple[str, str], list[str]] = {}
    for code, text in _parameter_methods(dataset, frame, profile):
        listed = _listed_value(code) if (dataset, column) == ("ADRS", "AVALC") else None
        grouped.setdefault((text, listed.name if listed else ""), []).append(code)
    return tuple(
        ValueOrigin(
            tuple(codes),
            Origin("Derived", text),
            {"ONCRSR": codelists.OVERALL_RESPONSE, "FLAG": _FLAG}.get(listed),
        )
        for (text, listed), codes in grouped.items()
    )


def _listed_value(parameter: str) -> CodeList:
    return codelists.OVERALL_RESPONSE if parameter in _RESPONSES else _FLAG


def _parameter_methods(dataset: str, frame: pl.DataFrame, profile: Profile) -> Iterator[tuple[str, str]]:
    stated = _texts()["VALUES"].get(dataset, {})
    for code in frame.get_column("PARAMCD").drop_nulls().unique().sort().to_list():
        if code in stated:
            yield code, _filled(stated[code], profile)
        elif dataset == "ADTTE":
            yield code, _time_to_event(code, frame, profile)
        elif (lesion := re.fullmatch(r"(N?LDIAM)\d+", code)) is not None:
            short = "shortest axis (LPERP)" if lesion[1] == "NLDIAM" else "longest diameter (LDIAM)"
            yield code, f"TRSTRESN, the {short} of the target lesion of that number."
        else:
            yield code, _by_rule(code, frame)


def _time_to_event(code: str, frame: pl.DataFrame, profile: Profile) -> str:
    endpoint = _endpoint(code, profile)
    if endpoint is None:
        return _by_rule(code, frame)
    events = "; ".join(profile.sources[name].event for name in endpoint.events)
    dates = "; ".join(profile.sources[name].censoring or profile.sources[name].event for name in endpoint.censoring)
    start = profile.sources[endpoint.start].event
    words = f"From {start} to the earliest of: {events}. Without one, censored at the latest of: {dates}."
    return " ".join([words, *_rule_set_words(code, frame), "AVAL = ADT - STARTDT + 1 days."])


def _endpoint(code: str, profile: Profile) -> Interval | None:
    """The endpoint of a parameter: its own, or the one whose further rule set it is."""
    fitting = [endpoint for endpoint in profile.endpoints if code.startswith(endpoint.id)]
    return max(fitting, key=lambda endpoint: len(endpoint.id), default=None)


def _rule_set_words(code: str, frame: pl.DataFrame) -> list[str]:
    if "EQSET" not in frame.columns:
        return []
    named = frame.filter(pl.col("PARAMCD") == code).get_column("EQSET").drop_nulls().unique().sort().to_list()
    words: list[str] = []
    for name in named:
        try:
            rules = load_rule_set(str(name))
        except ArgumentError:
            words.append(f"Censoring rules: {name}.")
        else:
            words.append(f"Censoring rules: {rules.title} ({rules.reference}).")
            words += [rule.words for rule in rules.rules]
    return words


def _by_rule(code: str, frame: pl.DataFrame) -> str:
    """What EQRULE says of a parameter that no text is written for."""
    if "EQRULE" not in frame.columns:
        return f"Derived: {code}."
    rules = frame.filter(pl.col("PARAMCD") == code).get_column("EQRULE").drop_nulls().unique().sort().to_list()
    more = f"; and {len(rules) - _RULES_SHOWN} more" if len(rules) > _RULES_SHOWN else ""
    return "By the rule " + "; ".join(str(rule) for rule in rules[:_RULES_SHOWN]) + more + "."


def _listed(column: str) -> CodeList | None:
    if column in _BY_NAME:
        return _BY_NAME[column]
    if column.endswith("DTF"):
        return _DATE_FLAG
    if column.endswith("TMF"):
        return _TIME_FLAG
    return _FLAG if column.endswith("FL") else None


def _comment(name: str, frame: pl.DataFrame, profile: Profile) -> str:
    words = f"Derived by the conventions profile {profile.id}, {profile.dated}: {profile.title}. {profile.reference}."
    return words if frame.height else f"No record was derived for {name}. {words}"
