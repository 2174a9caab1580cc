"""Collected tables become analysis tables (SDTM to ADaM), each row traced to its source."""

from equipoise.derivation.censoring_rules import CensoringRule, RuleSet, load_rule_set
from equipoise.derivation.conventions import PROFILES, Profile, load_profile, resolve_profile
from equipoise.derivation.derive import AdamSet, derive_adam
from equipoise.derivation.quality import QUALITY_CHECKS, QualityReport, check_quality
from equipoise.derivation.recist_discordance import LIKELY_REASONS, Discordance

__all__ = [
    "LIKELY_REASONS",
    "PROFILES",
    "QUALITY_CHECKS",
    "AdamSet",
    "CensoringRule",
    "Discordance",
    "Profile",
    "QualityReport",
    "RuleSet",
    "check_quality",
    "derive_adam",
    "load_profile",
    "load_rule_set",
    "resolve_profile",
]
