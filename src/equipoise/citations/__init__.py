"""A frozen table from method id to the paper behind it.

Result rows carry method ids; reports look the paper up here and print the ones used. A house test holds that every
id a room emits is in this table and that every entry is emitted somewhere. The papers stand by topic in the modules
beside this one.
"""

from __future__ import annotations

from types import MappingProxyType

from equipoise.citations import analysis, design, evidence, randomization

CITATIONS = MappingProxyType({**analysis.PAPERS, **design.PAPERS, **randomization.PAPERS, **evidence.PAPERS})


def citation(method: str) -> str:
    """The paper behind a method id. Raises KeyError for an id that is not in the table."""
    return CITATIONS[method]
