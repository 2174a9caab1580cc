"""Which patients a censoring rule set moves, from what to what, and by which rule."""

from __future__ import annotations

import polars as pl

from equipoise.derivation.conventions import Profile
from equipoise.derivation.study import KEYS
from equipoise.protocol.censoring import parameter_code

_SIDE = {"ADT": pl.Date, "AVAL": pl.Float64, "CNSR": pl.Float64, "DESC": pl.String}
_SCHEMA = {
    **dict.fromkeys((*KEYS, "ENDPOINT", "PARAMCD", "RULESET", "RULE"), pl.String),
    **{f"FROM{end}": kind for end, kind in _SIDE.items()},
    **{f"TO{end}": kind for end, kind in _SIDE.items()},
    "WHY": pl.String,
}


def reconcile_rule_sets(adtte: pl.DataFrame, profile: Profile) -> pl.DataFrame:
    """One row for each subject whom a rule set dates or censors otherwise than the endpoint's own rules.

    Arguments: ADTTE as derived by the profile; the profile with its endpoints and their rule sets.
    Returns ENDPOINT, PARAMCD, RULESET; the endpoint's own date, days, CNSR and description (FROM...) and those under
    the rule set (TO...); RULE, the rule that decided, and WHY, the sentence. Sorted by parameter and subject.
    """
    parts = [
        _changed(adtte, endpoint.id, parameter_code(endpoint.id, name))
        for endpoint in profile.endpoints
        for name in endpoint.rule_sets[1:]
    ]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *parts]).sort("ENDPOINT", "PARAMCD", *KEYS)


def _changed(adtte: pl.DataFrame, endpoint: str, code: str) -> pl.DataFrame:
    own = adtte.filter(pl.col("PARAMCD") == endpoint)
    other = adtte.filter(pl.col("PARAMCD") == code)
    joined = other.join(own, on=list(KEYS), how="inner", suffix="_own")
    moved = joined.filter((pl.col("ADT") != pl.col("ADT_own")) | (pl.col("CNSR") != pl.col("CNSR_own")))
    by_own = pl.col("EQWHY").str.contains(r"^[^ ]+: ").not_()
    renamed = {**{end: end for end in _SIDE}, "DESC": "EVNTDESC"}
    return moved.select(
        *KEYS,
        ENDPOINT=pl.lit(endpoint),
        PARAMCD=pl.lit(code),
        RULESET="EQSET",
        RULE=pl.when(by_own).then("EQRULE_own").otherwise("EQRULE").str.extract(r"^[^:]+: (.+) \["),
        **{f"FROM{end}": f"{held}_own" for end, held in renamed.items()},
        **{f"TO{end}": held for end, held in renamed.items()},
        WHY=pl.when(by_own).then("EQWHY_own").otherwise("EQWHY"),
    )
