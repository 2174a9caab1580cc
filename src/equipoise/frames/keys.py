"""The variables that identify a record of an SDTM domain or an ADaM data set."""

from __future__ import annotations

from collections.abc import Iterable

_SUBJECT = ("STUDYID", "USUBJID")
_SUPPLEMENTAL = ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM")
_OWN = {
    "DM": _SUBJECT,
    "ADSL": _SUBJECT,
    "SV": (*_SUBJECT, "VISITNUM"),
    "SE": (*_SUBJECT, "ETCD", "SESTDTC"),
    "TS": ("STUDYID", "TSPARMCD", "TSSEQ"),
    "TA": ("STUDYID", "ARMCD", "TAETORD"),
    "TE": ("STUDYID", "ETCD"),
    "TI": ("STUDYID", "IETESTCD"),
    "TV": ("STUDYID", "VISITNUM", "ARMCD"),
    "RELREC": ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "RELID"),
}


def record_keys(name: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The variables that together name one record, in order, as far as the table has them.

    Arguments: the domain or data set in any case; its columns. A findings, events or interventions domain is keyed by
    subject and --SEQ, an analysis data set by subject and ASEQ, a supplemental domain by the record it qualifies.

    >>> record_keys("ae", ["STUDYID", "USUBJID", "AESEQ", "AETERM"])
    ('STUDYID', 'USUBJID', 'AESEQ')
    """
    held, folded = set(columns), name.upper()
    if folded in _OWN:
        wanted = _OWN[folded]
    elif folded.startswith("SUPP"):
        wanted = _SUPPLEMENTAL
    else:
        wanted = (*_SUBJECT, "ASEQ" if folded.startswith("AD") else f"{folded[:2]}SEQ")
    return tuple(column for column in wanted if column in held)
