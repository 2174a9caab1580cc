"""The censoring rule sets by name, as far as a trial file speaks of them; what they hold is data of the derivation."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, get_args

RuleSetName = Literal["missed-two", "fda-a", "ema", "palmira", "interval-censored"]

RULE_SETS: tuple[str, ...] = get_args(RuleSetName)

# What a rule set adds to the id of its endpoint to name the parameter, which CDISC holds to eight characters.
SUFFIXES = MappingProxyType(
    {"missed-two": "M2", "fda-a": "FA", "ema": "EM", "palmira": "PM", "interval-censored": "IC"}
)
LONGEST_PARAMETER = 8

# Sources that every trial has without declaring them, for rule sets and intercurrent events to speak of.
STANDARD_SOURCES: tuple[str, ...] = ("new_therapy", "discontinuation", "clinical_progression")

# The rule sets that count scheduled intervals, and the events at which a rule set stops following a patient.
NEED_A_SCHEDULE = frozenset({"missed-two", "fda-a"})
CENSORS_AT = MappingProxyType({"fda-a": STANDARD_SOURCES})


def parameter_code(endpoint: str, rule_set: str) -> str:
    """PARAMCD of an endpoint under a rule set that is not its own.

    >>> parameter_code("PFS", "fda-a")
    'PFSFA'
    """
    return endpoint + SUFFIXES[rule_set]
