"""The SDTM domains and variables that equipoise reads or writes, as data (names and labels of CDISC SDTMIG 3.3/3.4).

A domain may hold more variables than are listed; those travel along. A variable is `required` when nothing sensible can
be derived from the domain without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Variable:
    """One SDTM variable: CDISC name and label, type "text" or "number", and whether reading insists on it."""

    name: str
    label: str
    type: str
    required: bool = False


@dataclass(frozen=True)
class Domain:
    """One SDTM domain: two-letter name (or SUPP--), label, and its known variables in CDISC order."""

    name: str
    label: str
    variables: tuple[Variable, ...]

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables if variable.required)

    @property
    def labels(self) -> dict[str, str]:
        return {variable.name: variable.label for variable in self.variables}

    @property
    def types(self) -> dict[str, str]:
        return {variable.name: variable.type for variable in self.variables}


# One line a variable: name, type (c text, n number), an asterisk when required, label.
_KEYS = """
STUDYID  c*  Study Identifier
DOMAIN   c   Domain Abbreviation
USUBJID  c*  Unique Subject Identifier
"""

_VISIT = """
VISITNUM n   Visit Number
VISIT    c   Visit Name
VISITDY  n   Planned Study Day of Visit
EPOCH    c   Epoch
"""

_DM = """
SUBJID   c   Subject Identifier for the Study
RFSTDTC  c   Subject Reference Start Date/Time
RFENDTC  c   Subject Reference End Date/Time
RFXSTDTC c   Date/Time of First Study Treatment
RFXENDTC c   Date/Time of Last Study Treatment
RFICDTC  c   Date/Time of Informed Consent
RFPENDTC c   Date/Time of End of Participation
DTHDTC   c   Date/Time of Death
DTHFL    c   Subject Death Flag
SITEID   c   Study Site Identifier
INVID    c   Investigator Identifier
INVNAM   c   Investigator Name
BRTHDTC  c   Date/Time of Birth
AGE      n   Age
AGEU     c   Age Units
SEX      c   Sex
RACE     c   Race
ETHNIC   c   Ethnicity
ARMCD    c   Planned Arm Code
ARM      c*  Description of Planned Arm
ACTARMCD c   Actual Arm Code
ACTARM   c   Description of Actual Arm
ARMNRS   c   Reason Arm and/or Actual Arm is Null
ACTARMUD c   Description of Unplanned Actual Arm
COUNTRY  c   Country
DMDTC    c   Date/Time of Collection
DMDY     n   Study Day of Collection
"""

_DS = """
DSSEQ    n   Sequence Number
DSSPID   c   Sponsor-Defined Identifier
DSTERM   c   Reported Term for the Disposition Event
DSDECOD  c*  Standardized Disposition Term
DSCAT    c   Category for Disposition Event
DSSCAT   c   Subcategory for Disposition Event
{visit}
DSDTC    c   Date/Time of Collection
DSSTDTC  c*  Start Date/Time of Disposition Event
DSSTDY   n   Study Day of Start of Disposition Event
"""

_EX = """
EXSEQ    n   Sequence Number
EXTRT    c*  Name of Treatment
EXCAT    c   Category of Treatment
EXDOSE   n*  Dose
EXDOSTXT c   Dose Description
EXDOSU   c   Dose Units
EXDOSFRM c   Dose Form
EXDOSFRQ c   Dosing Frequency per Interval
EXROUTE  c   Route of Administration
EXADJ    c   Reason for Dose Adjustment
{visit}
EXSTDTC  c*  Start Date/Time of Treatment
EXENDTC  c*  End Date/Time of Treatment
EXSTDY   n   Study Day of Start of Treatment
EXENDY   n   Study Day of End of Treatment
"""

_AE = """
AESEQ    n*  Sequence Number
AESPID   c   Sponsor-Defined Identifier
AETERM   c   Reported Term for the Adverse Event
AELLT    c   Lowest Level Term
AELLTCD  n   Lowest Level Term Code
AEDECOD  c*  Dictionary-Derived Term
AEPTCD   n   Preferred Term Code
AEHLT    c   High Level Term
AEHLTCD  n   High Level Term Code
AEHLGT   c   High Level Group Term
AEHLGTCD n   High Level Group Term Code
AECAT    c   Category for Adverse Event
AEBODSYS c   Body System or Organ Class
AEBDSYCD n   Body System or Organ Class Code
AESOC    c   Primary System Organ Class
AESOCCD  n   Primary System Organ Class Code
AESEV    c   Severity/Intensity
AESER    c   Serious Event
AEACN    c   Action Taken with Study Treatment
AEREL    c   Causality
AEOUT    c   Outcome of Adverse Event
AESCAN   c   Involves Cancer
AESCONG  c   Congenital Anomaly or Birth Defect
AESDISAB c   Persist or Signif Disability/Incapacity
AESDTH   c   Results in Death
AESHOSP  c   Requires or Prolongs Hospitalization
AESLIFE  c   Is Life Threatening
AESOD    c   Occurred with Overdose
AESMIE   c   Other Medically Important Serious Event
AECONTRT c   Concomitant or Additional Trtmnt Given
AETOXGR  c   Standard Toxicity Grade
EPOCH    c   Epoch
AEDTC    c   Date/Time of Collection
AESTDTC  c*  Start Date/Time of Adverse Event
AEENDTC  c   End Date/Time of Adverse Event
AESTDY   n   Study Day of Start of Adverse Event
AEENDY   n   Study Day of End of Adverse Event
AEENRTPT c   End Relative to Reference Time Point
AEENTPT  c   End Reference Time Point
"""

_CM = """
CMSEQ    n   Sequence Number
CMSPID   c   Sponsor-Defined Identifier
CMTRT    c*  Reported Name of Drug, Med, or Therapy
CMDECOD  c   Standardized Medication Name
CMCAT    c   Category for Medication
CMSCAT   c   Subcategory for Medication
CMINDC   c   Indication
CMCLAS   c   Medication Class
CMCLASCD c   Medication Class Code
CMDOSE   n   Dose per Administration
CMDOSU   c   Dose Units
CMDOSFRQ c   Dosing Frequency per Interval
CMROUTE  c   Route of Administration
{visit}
CMDTC    c   Date/Time of Collection
CMSTDTC  c   Start Date/Time of Medication
CMENDTC  c   End Date/Time of Medication
CMSTDY   n   Study Day of Start of Medication
CMENDY   n   Study Day of End of Medication
CMENRTPT c   End Relative to Reference Time Point
CMENTPT  c   End Reference Time Point
"""

_TU = """
TUSEQ    n   Sequence Number
TULNKID  c   Link ID
TUTESTCD c*  Tumor/Lesion ID Short Name
TUTEST   c   Tumor/Lesion ID Test Name
TUORRES  c   Tumor/Lesion ID Result
TUSTRESC c*  Tumor/Lesion ID Result Std. Format
TUNAM    c   Laboratory/Vendor Name
TULOC    c   Location of the Tumor/Lesion
TULAT    c   Laterality
TUMETHOD c   Method of Identification
TUEVAL   c   Evaluator
TUEVALID c   Evaluator Identifier
TUACPTFL c   Accepted Record Flag
{visit}
TUDTC    c   Date/Time of Tumor/Lesion Identification
TUDY     n   Study Day of Tumor/Lesion Identification
"""

_TR = """
TRSEQ    n   Sequence Number
TRGRPID  c   Group ID
TRLNKGRP c   Link Group
TRLNKID  c   Link ID
TRTESTCD c*  Tumor/Lesion Assessment Short Name
TRTEST   c   Tumor/Lesion Assessment Test Name
TRORRES  c   Result or Finding in Original Units
TRORRESU c   Original Units
TRSTRESC c   Character Result/Finding in Std Format
TRSTRESN n   Numeric Result/Finding in Standard Units
TRSTRESU c   Standard Units
TRSTAT   c   Completion Status
TRREASND c   Reason Not Done
TRNAM    c   Laboratory/Vendor Name
TRMETHOD c   Method Used to Identify the Tumor/Lesion
TREVAL   c   Evaluator
TREVALID c   Evaluator Identifier
TRACPTFL c   Accepted Record Flag
{visit}
TRDTC    c*  Date/Time of Tumor/Lesion Measurement
TRDY     n   Study Day of Tumor/Lesion Measurement
"""

_RS = """
RSSEQ    n   Sequence Number
RSLNKGRP c   Link Group
RSTESTCD c*  Assessment Short Name
RSTEST   c   Assessment Name
RSCAT    c   Category for Assessment
RSSCAT   c   Subcategory
RSORRES  c   Result or Finding in Original Units
RSSTRESC c*  Character Result/Finding in Std Format
RSSTAT   c   Completion Status
RSREASND c   Reason Not Done
RSNAM    c   Vendor Name
RSEVAL   c   Evaluator
RSEVALID c   Evaluator Identifier
RSACPTFL c   Accepted Record Flag
{visit}
RSDTC    c*  Date/Time of Assessment
RSDY     n   Study Day of Assessment
"""

_SV = """
VISITNUM n   Visit Number
VISIT    c   Visit Name
VISITDY  n   Planned Study Day of Visit
SVPRESP  c   Pre-specified
SVOCCUR  c   Visit Occurrence
EPOCH    c   Epoch
SVSTDTC  c   Start Date/Time of Observation
SVENDTC  c   End Date/Time of Observation
SVSTDY   n   Study Day of Start of Observation
SVENDY   n   Study Day of End of Observation
"""

_IE = """
IESEQ    n   Sequence Number
IETESTCD c*  Inclusion/Exclusion Criterion Short Name
IETEST   c   Inclusion/Exclusion Criterion
IECAT    c   Inclusion/Exclusion Category
IEORRES  c   I/E Criterion Original Result
IESTRESC c   I/E Criterion Result in Std Format
{visit}
IEDTC    c   Date/Time of Collection
IEDY     n   Study Day of Collection
"""

_LB = """
LBSEQ    n   Sequence Number
LBTESTCD c   Lab Test or Examination Short Name
LBTEST   c   Lab Test or Examination Name
LBCAT    c   Category for Lab Test
LBORRES  c   Result or Finding in Original Units
LBORRESU c   Original Units
LBORNRLO c   Reference Range Lower Limit in Orig Unit
LBORNRHI c   Reference Range Upper Limit in Orig Unit
LBSTRESC c   Character Result/Finding in Std Format
LBSTRESN n   Numeric Result/Finding in Standard Units
LBSTRESU c   Standard Units
LBSTNRLO n   Reference Range Lower Limit-Std Units
LBSTNRHI n   Reference Range Upper Limit-Std Units
LBNRIND  c   Reference Range Indicator
LBBLFL   c   Baseline Flag
{visit}
LBDTC    c*  Date/Time of Specimen Collection
LBDY     n   Study Day of Specimen Collection
"""

_SUPP = """
STUDYID  c*  Study Identifier
RDOMAIN  c*  Related Domain Abbreviation
USUBJID  c*  Unique Subject Identifier
IDVAR    c*  Identifying Variable
IDVARVAL c*  Identifying Variable Value
QNAM     c*  Qualifier Variable Name
QLABEL   c   Qualifier Variable Label
QVAL     c*  Data Value
QORIG    c   Origin
QEVAL    c   Evaluator
"""


def _variables(lines: str) -> tuple[Variable, ...]:
    records = [line.split(maxsplit=2) for line in lines.format(visit=_VISIT).splitlines() if line.strip()]
    return tuple(
        Variable(name, label.strip(), "number" if kind[0] == "n" else "text", kind.endswith("*"))
        for name, kind, label in records
    )


DOMAINS = MappingProxyType(
    {
        name: Domain(name, label, _variables(_KEYS + lines))
        for name, label, lines in (
            ("DM", "Demographics", _DM),
            ("DS", "Disposition", _DS),
            ("EX", "Exposure", _EX),
            ("AE", "Adverse Events", _AE),
            ("CM", "Concomitant/Prior Medications", _CM),
            ("TU", "Tumor/Lesion Identification", _TU),
            ("TR", "Tumor/Lesion Results", _TR),
            ("RS", "Disease Response and Clin Classification", _RS),
            ("SV", "Subject Visits", _SV),
            ("IE", "Inclusion/Exclusion Criteria Not Met", _IE),
            ("LB", "Laboratory Test Results", _LB),
        )
    }
)

SUPPLEMENTAL = Domain("SUPP--", "Supplemental Qualifiers", _variables(_SUPP))

# Variables that are numbers in every domain of their class, by the ending of their name after the two-letter prefix.
_NUMBER_ENDINGS = frozenset(
    (
        *("SEQ", "STRESN", "STNRLO", "STNRHI", "DY", "STDY", "ENDY", "DOSE", "DOSTOT", "TPTNUM", "REPNUM"),
        *("LLTCD", "PTCD", "HLTCD", "HLGTCD", "BDSYCD", "SOCCD"),
    )
)
_NUMBERS = frozenset(("VISITNUM", "VISITDY", "AGE", "TAETORD"))


def domain(name: str) -> Domain | None:
    """The domain of a name in any case (`dm`, `SUPPAE`); None when equipoise does not know it."""
    folded = name.upper()
    if folded.startswith("SUPP") and len(folded) == 6:
        base = DOMAINS.get(folded[4:])
        label = f"Supplemental Qualifiers for {folded[4:] if base is None else base.name}"
        return Domain(folded, label, SUPPLEMENTAL.variables)
    return DOMAINS.get(folded)


def is_number(variable: str) -> bool:
    """Whether an SDTM variable is numeric by its CDISC name, in any domain."""
    name = variable.upper()
    return name in _NUMBERS or name[2:] in _NUMBER_ENDINGS
