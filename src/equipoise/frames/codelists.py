"""Code lists as data, in CDISC's spelling: the words that a column may hold, what they decode to, and their numbers.

Spelling follows CDISC controlled terminology (SDTM and ADaM packages, published by NCI EVS); the analysis numbers of
tumor responses follow the `admiral` conventions profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl


@dataclass(frozen=True)
class CodeList:
    """A code list: its CDISC short name, the label, terms to decodes in their order, and terms to numbers.

    `extensible` says that a study may add terms, so a word outside the list is worth a look but not wrong.
    """

    name: str
    label: str
    terms: Mapping[str, str]
    numbers: Mapping[str, float]
    extensible: bool = False

    def __contains__(self, term: object) -> bool:
        return term in self.terms

    def outside(self, column: str | pl.Expr) -> pl.Expr:
        """Whether a value is there and is none of the terms."""
        value = pl.col(column) if isinstance(column, str) else column
        return value.is_not_null() & ~value.is_in(list(self.terms))

    def number(self, column: str | pl.Expr) -> pl.Expr:
        """The analysis number of each term as Float64; null for words outside the list and terms without a number."""
        value = pl.col(column) if isinstance(column, str) else column
        return value.replace_strict(
            list(self.numbers), list(self.numbers.values()), default=None, return_dtype=pl.Float64
        )


def _codelist(
    name: str, label: str, terms: Mapping[str, str], *, numbered: bool = False, extensible: bool = False
) -> CodeList:
    numbers = {term: float(i) for i, term in enumerate(terms, start=1)} if numbered else {}
    return CodeList(name, label, MappingProxyType(dict(terms)), MappingProxyType(numbers), extensible)


# ADaM AVAL of an overall response: CR 1, PR 2, SD 3, NON-CR/NON-PD 4, PD 5, NE 6, MISSING 7.
OVERALL_RESPONSE = _codelist(
    "ONCRSR",
    "RECIST 1.1 Overall Response",
    {
        "CR": "Complete Response",
        "PR": "Partial Response",
        "SD": "Stable Disease",
        "NON-CR/NON-PD": "Non-CR/Non-PD",
        "PD": "Progressive Disease",
        "NE": "Not Evaluable",
        "MISSING": "Missing",
    },
    numbered=True,
)

TARGET_RESPONSE = _codelist(
    "TRGRESP",
    "RECIST 1.1 Target Response",
    {
        "CR": "Complete Response",
        "PR": "Partial Response",
        "SD": "Stable Disease",
        "PD": "Progressive Disease",
        "NE": "Not Evaluable",
    },
)

NONTARGET_RESPONSE = _codelist(
    "NTRGRESP",
    "RECIST 1.1 Non-target Response",
    {
        "CR": "Complete Response",
        "NON-CR/NON-PD": "Non-CR/Non-PD",
        "PD": "Progressive Disease",
        "NE": "Not Evaluable",
    },
)

LESION_TYPE = _codelist(
    "TUIDRS",
    "Tumor or Lesion Identification Test Results",
    {"TARGET": "Target", "NON-TARGET": "Non-Target", "NEW": "New"},
    extensible=True,
)

NO_YES = _codelist(
    "NY", "No Yes Response", {"N": "No", "Y": "Yes", "U": "Unknown", "NA": "Not Applicable"}, extensible=True
)

SEX = _codelist("SEX", "Sex", {"F": "Female", "M": "Male", "U": "Unknown", "INTERSEX": "Intersex"})

SEVERITY = _codelist(
    "AESEV", "Severity/Intensity Scale for Adverse Events", {"MILD": "Mild", "MODERATE": "Moderate", "SEVERE": "Severe"}
)

# The analysis numbers of severity reach one further than the code list: the word of the CDISC pilot study.
ANALYSIS_SEVERITY = _codelist(
    "ASEV",
    "Analysis Severity/Intensity",
    {"MILD": "Mild", "MODERATE": "Moderate", "SEVERE": "Severe", "DEATH THREATENING": "Death threatening"},
    numbered=True,
)

TOXICITY_GRADE = _codelist(
    "AETOXGR",
    "CTCAE Toxicity Grade",
    {"1": "Mild", "2": "Moderate", "3": "Severe", "4": "Life-threatening", "5": "Death"},
    numbered=True,
)

AE_OUTCOME = _codelist(
    "OUT",
    "Outcome of Event",
    {
        "FATAL": "Fatal",
        "NOT RECOVERED/NOT RESOLVED": "Not recovered or not resolved",
        "RECOVERED/RESOLVED": "Recovered or resolved",
        "RECOVERED/RESOLVED WITH SEQUELAE": "Recovered or resolved with sequelae",
        "RECOVERING/RESOLVING": "Recovering or resolving",
        "UNKNOWN": "Unknown",
    },
)

AE_ACTION = _codelist(
    "ACN",
    "Action Taken with Study Treatment",
    {
        "DOSE INCREASED": "Dose increased",
        "DOSE NOT CHANGED": "Dose not changed",
        "DOSE REDUCED": "Dose reduced",
        "DRUG INTERRUPTED": "Drug interrupted",
        "DRUG WITHDRAWN": "Drug withdrawn",
        "NOT APPLICABLE": "Not applicable",
        "UNKNOWN": "Unknown",
    },
)

EVALUATOR = _codelist(
    "EVAL",
    "Evaluator",
    {"INVESTIGATOR": "Investigator", "INDEPENDENT ASSESSOR": "Independent assessor"},
    extensible=True,
)

END_OF_STUDY_STATUS = _codelist(
    "SBJTSTAT",
    "Subject Trial Status",
    {"COMPLETED": "Completed", "DISCONTINUED": "Discontinued", "ONGOING": "Ongoing"},
)

RACE = _codelist(
    "RACE",
    "Race",
    {
        "AMERICAN INDIAN OR ALASKA NATIVE": "American Indian or Alaska Native",
        "ASIAN": "Asian",
        "BLACK OR AFRICAN AMERICAN": "Black or African American",
        "NATIVE HAWAIIAN OR OTHER PACIFIC ISLANDER": "Native Hawaiian or other Pacific Islander",
        "NOT REPORTED": "Not reported",
        "OTHER": "Other",
        "UNKNOWN": "Unknown",
        "WHITE": "White",
    },
    extensible=True,
)

ETHNICITY = _codelist(
    "ETHNIC",
    "Ethnic Group",
    {
        "HISPANIC OR LATINO": "Hispanic or Latino",
        "NOT HISPANIC OR LATINO": "Not Hispanic or Latino",
        "NOT REPORTED": "Not reported",
        "UNKNOWN": "Unknown",
    },
    extensible=True,
)

AGE_UNIT = _codelist(
    "AGEU", "Age Unit", {"YEARS": "Years", "MONTHS": "Months", "WEEKS": "Weeks", "DAYS": "Days", "HOURS": "Hours"}
)

CODELISTS: Mapping[str, CodeList] = MappingProxyType(
    {
        codelist.name: codelist
        for codelist in (
            OVERALL_RESPONSE,
            TARGET_RESPONSE,
            NONTARGET_RESPONSE,
            LESION_TYPE,
            NO_YES,
            SEX,
            SEVERITY,
            ANALYSIS_SEVERITY,
            TOXICITY_GRADE,
            AE_OUTCOME,
            AE_ACTION,
            EVALUATOR,
            END_OF_STUDY_STATUS,
            RACE,
            ETHNICITY,
            AGE_UNIT,
        )
    }
)
