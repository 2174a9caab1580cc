"""The ADaM data sets that equipoise derives and analyzes, as data: variables in order, labels, types.

Labels have the wording of ADaMIG where it names the variable; the others (RANDDT's neighbors such as SCRFDT, FRVDT,
MEASFL, NACTDT, LSEXP) follow the same pattern.

A data set may carry more variables; they follow the known ones. The label and type of such a variable are looked up in
ADSL, then in the SDTM domain it was copied from.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from equipoise.frames import domains

_TYPES = {"c": "text", "n": "number", "d": "date", "t": "datetime"}


@dataclass(frozen=True)
class AdamVariable:
    """One ADaM variable: name, label (at most 40 characters), type (text, number, date, datetime), required or not."""

    name: str
    label: str
    type: str
    required: bool = False


@dataclass(frozen=True)
class Schema:
    """One ADaM data set: name, label and its known variables in order."""

    name: str
    label: str
    variables: tuple[AdamVariable, ...]

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(variable.name for variable in self.variables if variable.required)

    @property
    def types(self) -> dict[str, str]:
        return {variable.name: variable.type for variable in self.variables}

    @property
    def labels(self) -> dict[str, str]:
        return {variable.name: variable.label for variable in self.variables}


# One line a variable: name, type (c text, n number, d date, t datetime), an asterisk when required, label.
_ADSL = """
STUDYID  c   Study Identifier
USUBJID  c*  Unique Subject Identifier
SUBJID   c   Subject Identifier for the Study
SITEID   c   Study Site Identifier
COUNTRY  c   Country
REGION1  c   Geographic Region 1
AGE      n   Age
AGEU     c   Age Units
AGEGR1   c   Pooled Age Group 1
AGEGR1N  n   Pooled Age Group 1 (N)
SEX      c   Sex
RACE     c   Race
RACEGR1  c   Pooled Race Group 1
ETHNIC   c   Ethnicity
ARM      c   Description of Planned Arm
ARMCD    c   Planned Arm Code
ACTARM   c   Description of Actual Arm
ACTARMCD c   Actual Arm Code
TRT01P   c   Planned Treatment for Period 01
TRT01PN  n   Planned Treatment for Period 01 (N)
TRT01A   c   Actual Treatment for Period 01
TRT01AN  n   Actual Treatment for Period 01 (N)
STRATAR  c   Strata Used for Randomization
STRATAV  c   Strata from Verification Source
STRAT1D  c   Description of Stratification Factor 1
STRAT1R  c   Strat Factor 1 Value Used for Rand
STRAT1RN n   Strat Factor 1 Value Used for Rand (N)
STRAT1V  c   Strat Factor 1 Value from Verif. Source
STRAT2D  c   Description of Stratification Factor 2
STRAT2R  c   Strat Factor 2 Value Used for Rand
STRAT2RN n   Strat Factor 2 Value Used for Rand (N)
STRAT2V  c   Strat Factor 2 Value from Verif. Source
STRAT3D  c   Description of Stratification Factor 3
STRAT3R  c   Strat Factor 3 Value Used for Rand
STRAT3RN n   Strat Factor 3 Value Used for Rand (N)
STRAT3V  c   Strat Factor 3 Value from Verif. Source
ENRLFL   c   Enrolled Population Flag
RANDFL   c   Randomized Population Flag
ITTFL    c   Intent-To-Treat Population Flag
FASFL    c   Full Analysis Set Population Flag
SAFFL    c   Safety Population Flag
PPROTFL  c   Per-Protocol Population Flag
MEASFL   c   Measurable Disease at Baseline Flag
EVALFL   c   Response Evaluable Population Flag
BRTHDTC  c   Date/Time of Birth
RFSTDTC  c   Subject Reference Start Date/Time
RFENDTC  c   Subject Reference End Date/Time
RFICDT   d   Date of Informed Consent
SCRFDT   d   Screen Failure Date
RANDDT   d   Date of Randomization
TRTSDTM  t   Datetime of First Exposure to Treatment
TRTSTMF  c   Time of First Exposure Imput. Flag
TRTSDT   d   Date of First Exposure to Treatment
TRTEDTM  t   Datetime of Last Exposure to Treatment
TRTETMF  c   Time of Last Exposure Imput. Flag
TRTEDT   d   Date of Last Exposure to Treatment
TRTDURD  n   Total Treatment Duration (Days)
TRTDURY  n   Total Treatment Duration (Years)
AERISKDT d   End of Risk of Trt-Emergent Events
AERISKY  n   Time at Risk of Trt-Emergent AEs (Years)
EOSDT    d   End of Study Date
EOSSTT   c   End of Study Status
DCSREAS  c   Reason for Discontinuation from Study
EOTSTT   c   End of Treatment Status
DCTREAS  c   Reason for Discontinuation of Treatment
FRVDT    d   Final Retrieval Visit Date
DTHFL    c   Subject Death Flag
DTHDTC   c   Date/Time of Death
DTHDT    d   Date of Death
DTHDTF   c   Date of Death Imputation Flag
DTHADY   n   Relative Day of Death
LDDTHELD n   Elapsed Days from Last Dose to Death
LDDTHGR1 c   Last Dose to Death - Days Elapsed Grp 1
DTH30FL  c   Death Within 30 Days of Last Trt Flag
DTHA30FL c   Death After 30 Days from Last Trt Flag
DTHB30FL c   Death Within 30 Days of First Trt Flag
DTHCAUS  c   Cause of Death
DTHDOM   c   Domain for Date of Death Collection
DTHCGR1  c   Cause of Death Reason 1
LSTALVDT d   Date Last Known Alive
FUPDT    d   End of Follow-up Date
FUPDURD  n   Follow-up Duration (Days)
FUPCNSR  n   Follow-up Ended by Death
NACTDT   d   Date of New Anti-Cancer Therapy
DCUTDT   d   Date of Data Cutoff
"""

_SUBJECT = """
STUDYID  c   Study Identifier
USUBJID  c*  Unique Subject Identifier
SUBJID   c   Subject Identifier for the Study
SITEID   c   Study Site Identifier
ARM      c   Description of Planned Arm
ARMCD    c   Planned Arm Code
ACTARM   c   Description of Actual Arm
ACTARMCD c   Actual Arm Code
TRT01P   c   Planned Treatment for Period 01
TRT01PN  n   Planned Treatment for Period 01 (N)
TRT01A   c   Actual Treatment for Period 01
TRT01AN  n   Actual Treatment for Period 01 (N)
"""

_PARAMETER = """
ASEQ     n   Analysis Sequence Number
PARAMCD  c*  Parameter Code
PARAM    c   Parameter
PARAMN   n   Parameter (N)
PARCAT1  c   Parameter Category 1
PARCAT2  c   Parameter Category 2
PARCAT3  c   Parameter Category 3
"""

_SOURCE = """
SRCDOM   c   Source Data
SRCVAR   c   Source Variable
SRCSEQ   n   Source Sequence Number
"""

_ADRS = """
AVALC    c*  Analysis Value (C)
AVAL     n   Analysis Value
ADT      d   Analysis Date
ADTF     c   Analysis Date Imputation Flag
ADY      n   Analysis Relative Day
AVISIT   c   Analysis Visit
AVISITN  n   Analysis Visit (N)
VISITNUM n   Visit Number
VISIT    c   Visit Name
ANL01FL  c   Analysis Flag 01
ANL02FL  c   Analysis Flag 02
RANDDT   d   Date of Randomization
"""

_ADTR = """
AVAL     n*  Analysis Value
AVALU    c   Analysis Value Unit
ADT      d   Analysis Date
ADTF     c   Analysis Date Imputation Flag
ADY      n   Analysis Relative Day
AVISIT   c   Analysis Visit
AVISITN  n   Analysis Visit (N)
VISITNUM n   Visit Number
VISIT    c   Visit Name
ABLFL    c   Baseline Record Flag
BASE     n   Baseline Value
CHG      n   Change from Baseline
PCHG     n   Percent Change from Baseline
NADIR    n   NADIR
CHGNAD   n   Change from NADIR
PCHGNAD  n   Percent Change from NADIR
PDFL     c   Progressive Disease Flag
LSEXP    c   Lesion IDs Expected
LSASS    c   Lesion IDs Assessed
ANL01FL  c   Analysis Flag 01
ANL02FL  c   Analysis Flag 02
ANL03FL  c   Analysis Flag 03
ANL04FL  c   Analysis Flag 04
TULOC    c   Location of the Tumor/Lesion
TULOCGR1 c   Tumor Site Group 1
RANDDT   d   Date of Randomization
"""

_ADTTE = """
AVAL     n*  Analysis Value
AVALU    c   Analysis Value Unit
STARTDT  d   Time-to-Event Origin Date for Subject
STARTDTF c   Origin Date Imputation Flag
ADT      d   Analysis Date
ADTF     c   Analysis Date Imputation Flag
ADY      n   Analysis Relative Day
CNSR     n*  Censor
EVNTDESC c   Event or Censoring Description
CNSDTDSC c   Censor Date Description
"""

_ADAE = """
TRTSDT   d   Date of First Exposure to Treatment
TRTEDT   d   Date of Last Exposure to Treatment
SAFFL    c   Safety Population Flag
ASEQ     n   Analysis Sequence Number
AESEQ    n   Sequence Number
AETERM   c   Reported Term for the Adverse Event
AEDECOD  c*  Dictionary-Derived Term
AEBODSYS c   Body System or Organ Class
AESOC    c   Primary System Organ Class
AESTDTC  c   Start Date/Time of Adverse Event
ASTDTM   t   Analysis Start Datetime
ASTDT    d   Analysis Start Date
ASTDTF   c   Analysis Start Date Imputation Flag
ASTTMF   c   Analysis Start Time Imputation Flag
ASTDY    n   Analysis Start Relative Day
AEENDTC  c   End Date/Time of Adverse Event
AENDTM   t   Analysis End Datetime
AENDT    d   Analysis End Date
AENDTF   c   Analysis End Date Imputation Flag
AENTMF   c   Analysis End Time Imputation Flag
AENDY    n   Analysis End Relative Day
ADURN    n   AE Duration (N)
ADURU    c   AE Duration Units
TRTEMFL  c   Treatment Emergent Analysis Flag
AOCCFL   c   1st Occurrence within Subject Flag
AOCCSFL  c   1st Occurrence of SOC Flag
AOCCPFL  c   1st Occurrence of Preferred Term Flag
AOCCIFL  c   1st Max Sev./Int. Occurrence Flag
AOCCSIFL c   1st Max Sev./Int. Occur Within SOC Flag
AESER    c   Serious Event
AESEV    c   Severity/Intensity
ASEV     c   Analysis Severity/Intensity
ASEVN    n   Analysis Severity/Intensity (N)
AETOXGR  c   Standard Toxicity Grade
ATOXGR   c   Analysis Toxicity Grade
ATOXGRN  n   Analysis Toxicity Grade (N)
AEREL    c   Causality
AREL     c   Analysis Causality
RELGR1   c   Pooled Causality Group 1
AEACN    c   Action Taken with Study Treatment
AEOUT    c   Outcome of Adverse Event
LDOSEDTM t   End Date/Time of Last Dose
DOSEON   n   Treatment Dose at Record Start
DOSEU    c   Treatment Dose Units
"""

_ADLB = """
AVAL     n   Analysis Value
AVALU    c   Analysis Value Unit
ANRLO    n   Analysis Normal Range Lower Limit
BASE     n   Baseline Value
CHG      n   Change from Baseline
ATOXDSCL c   Analysis Toxicity Description Low
ATOXGR   c   Analysis Toxicity Grade
ATOXGRN  n   Analysis Toxicity Grade (N)
BTOXGR   c   Baseline Toxicity Grade
BTOXGRN  n   Baseline Toxicity Grade (N)
SHIFT1   c   Shift from Baseline to Analysis Grade
ADT      d   Analysis Date
ADY      n   Analysis Relative Day
AVISIT   c   Analysis Visit
AVISITN  n   Analysis Visit (N)
VISITNUM n   Visit Number
VISIT    c   Visit Name
ABLFL    c   Baseline Record Flag
TRTEMFL  c   Treatment Emergent Analysis Flag
ANL01FL  c   Analysis Flag 01
ANL02FL  c   Analysis Flag 02
TRTSDT   d   Date of First Exposure to Treatment
TRTEDT   d   Date of Last Exposure to Treatment
SAFFL    c   Safety Population Flag
"""


def _variables(lines: str) -> tuple[AdamVariable, ...]:
    records = [line.split(maxsplit=2) for line in lines.splitlines() if line.strip()]
    return tuple(
        AdamVariable(name, label.strip(), _TYPES[kind[0]], kind.endswith("*")) for name, kind, label in records
    )


SCHEMAS = MappingProxyType(
    {
        name: Schema(name, label, _variables(lines))
        for name, label, lines in (
            ("ADSL", "Subject-Level Analysis Dataset", _ADSL),
            ("ADRS", "Response Analysis Dataset", _SUBJECT + _PARAMETER + _ADRS + _SOURCE),
            ("ADTR", "Tumor Results Analysis Dataset", _SUBJECT + _PARAMETER + _ADTR + _SOURCE),
            ("ADTTE", "Time-to-Event Analysis Dataset", _SUBJECT + _PARAMETER + _ADTTE + _SOURCE),
            ("ADAE", "Adverse Events Analysis Dataset", _SUBJECT + _ADAE + _SOURCE),
            ("ADLB", "Laboratory Results Analysis Dataset", _SUBJECT + _PARAMETER + _ADLB + _SOURCE),
        )
    }
)


def schema(name: str) -> Schema | None:
    """The schema of a data set by its name in any case; None when equipoise does not know it."""
    return SCHEMAS.get(name.upper())


def variable(name: str, dataset: str | None = None) -> AdamVariable | None:
    """What is known of a variable: from its data set, else from ADSL, else from the SDTM domain it was copied from."""
    own = SCHEMAS.get((dataset or "").upper())
    for known in (own, SCHEMAS["ADSL"]):
        for candidate in known.variables if known else ():
            if candidate.name == name:
                return candidate
    for domain in domains.DOMAINS.values():
        for copied in domain.variables:
            if copied.name == name:
                return AdamVariable(name, copied.label, copied.type)
    return None
