"""What ran, on what, with which versions, seeds and digests."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("numpy", "scipy", "polars", "pydantic", "matplotlib", "pyreadstat", "numba")


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Everything needed to say where a result came from, and nothing that changes on a second run.

    Digests are SHA-256 in hexadecimal; `cutoff` is an ISO date; `packages` maps a package to its version.
    Clock times are kept apart (in provenance.json and log.txt of a run folder), so that every other file is equal on
    a second run.
    """

    trial_id: str
    trial_digest: str | None = None
    data_digest: str | None = None
    data_sources: tuple[str, ...] = ()
    seed: int | None = None
    scenario: str | None = None
    synthetic: bool = False
    cutoff: str | None = None
    profile: str | None = None
    version: str = field(default_factory=lambda: equipoise_version())
    python: str = field(default_factory=platform.python_version)
    packages: Mapping[str, str] = field(default_factory=lambda: package_versions())

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "packages": dict(self.packages), "data_sources": list(self.data_sources)}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Provenance:
        """The inverse of `to_dict`; keys of later formats are ignored."""
        known: dict[str, Any] = {key: value for key, value in record.items() if key in cls.__dataclass_fields__}
        known["data_sources"] = tuple(known.get("data_sources", ()))
        return cls(**known)


def equipoise_version() -> str:
    """The installed version of equipoise."""
    return _installed("equipoise") or "unknown"


def package_versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Versions of the installed packages among `names`, read from their metadata without importing them."""
    found = {name: _installed(name) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def digest_bytes(*parts: bytes) -> str:
    """SHA-256 over the parts in order, each preceded by its length so that no two splits collide."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
