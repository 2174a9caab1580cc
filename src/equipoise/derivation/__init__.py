"""Collected tables become analysis tables (SDTM to ADaM), each row traced to its source."""

from equipoise.derivation.conventions import PROFILES, Profile, load_profile, resolve_profile
from equipoise.derivation.derive import AdamSet, derive_adam

__all__ = ["PROFILES", "AdamSet", "Profile", "derive_adam", "load_profile", "resolve_profile"]
