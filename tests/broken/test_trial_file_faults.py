"""Every fault a trial file can have, made by a small edit of PALMIRA: where it is, what it is, what would be right.

In an edit the mark ‸ stands where the message must point; it is taken out before the file is read.
"""

import pytest

from equipoise.errors import Problem, TrialFileError
from equipoise.protocol import builtin_text, parse_trial

MARK = "‸"
ONE_FORM = "give exactly one of median, hazards, weibull, log_normal, hazard_ratio, hazard_ratios, by_stratum"
PALMIRA = builtin_text("palmira")


def _edited(*edits: tuple[str, str]) -> tuple[str, str]:
    """The edited text, and the line:column of the mark in it."""
    text = PALMIRA
    for old, new in edits:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    before, mark, after = text.partition(MARK)
    assert mark
    assert MARK not in after
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def _problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(TrialFileError, match="trial.yaml has ") as caught:
        parse_trial(text)
    assert caught.value.code == "trial-file-invalid"
    return tuple(caught.value.problems)


def _expect_only(edits: list[tuple[str, str]], message: str, hint: str | None) -> Problem:
    text, place = _edited(*edits)
    problems = _problems(text)
    assert [problem.message for problem in problems] == [message]
    (problem,) = problems
    assert problem.where == f"trial.yaml:{place}"
    line, column = map(int, place.split(":"))
    assert problem.excerpt == text.splitlines()[line - 1]
    assert problem.caret == column - 1
    assert problem.hint == hint
    return problem


# -- keys ------------------------------------------------------------------------------------------------------------

SECTIONS = (
    "equipoise, trial, example, variables, eligibility, interventions, arms, randomization, schedule, analysis_sets, "
    "sources, endpoints, estimands, derivation, analyses, scenarios, report"
)


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("\nreport:", "\n‸reprot:", "unknown key 'reprot'", f"did you mean 'report'? permitted: {SECTIONS}"),
        (
            "    ratio: 2",
            "    ‸ration: 2\n    ratio: 2",
            "unknown key 'ration'",
            "did you mean 'ratio'? permitted: id, label, description, role, ratio, interventions",
        ),
        (
            "sites: {value: 41, source:",
            "sites: {value: 41, ‸sorce: x, source:",
            "unknown key 'sorce'",
            "did you mean 'source'? permitted: value, source, assumption",
        ),
        (
            "value: [{every: 8 weeks}]",
            "value: [{every: 8 weeks, ‸til: 48 weeks}]",
            "unknown key 'til'",
            "did you mean 'until'? permitted: every, until",
        ),
        (
            "ET: {median: {value: 28.8 months,",
            "ET: {‸medain: 1, median: {value: 28.8 months,",
            "unknown key 'medain'",
            "did you mean 'median'? permitted: median, hazards, weibull, log_normal, hazard_ratio, hazard_ratios, "
            "cured, by_stratum",
        ),
        (
            "  age: {label: Age,",
            "  age: {label: Age, ‸units: years,",
            "unknown key 'units'",
            "did you mean 'unit'? permitted: label, type, unit, levels, collected, verified, analysis",
        ),
        ("    ratio: 2\n", "", "missing key 'ratio'", "add `ratio:` here"),
        ("method: logrank, sides: 2,", "method: logrank,", "missing key 'sides'", "add `sides:` here"),
    ],
)
def test_keys(old, new, message, hint):
    edits = [(old, new)]
    if "ratio" in message and "missing" in message:
        edits.append(("  - id: PALBO_ET", "  - ‸id: PALBO_ET"))
    if "sides" in message:
        edits.append(("    test: {method: logrank, alpha", "    ‸test: {method: logrank, alpha"))
    _expect_only(edits, message, hint)


def test_a_missing_section_is_asked_for_at_the_top():
    text = PALMIRA.replace("\nequipoise: 1\n", "\n", 1)
    (problem,) = _problems(text)
    assert (problem.message, problem.hint) == ("missing key 'equipoise'", "add `equipoise:` here")
    assert problem.where == "trial.yaml:1:1"


# -- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("equipoise: 1", "equipoise: ‸2", "equipoise: 2 is not permitted", "permitted: 1"),
        ("    ratio: 1", "    ratio: ‸0", "ratio: 0 is out of range", "the value must be at least 1"),
        ("    ratio: 1", "    ratio: ‸-2", "ratio: -2 is out of range", "the value must be at least 1"),
        ("    ratio: 1", "    ratio: ‸two", "ratio: 'two' is not accepted: it should be a whole number", None),
        ("    ratio: 1", "    ratio: ‸1.5", "ratio: 1.5 is not accepted: it should be a whole number", None),
        (
            "phase: II\n",
            "phase: ‸IIa\n",
            "phase: 'IIa' is not permitted",
            "did you mean 'II'? permitted: I, I/II, II, II/III, III, IV, NA",
        ),
        (
            "masking: open-label",
            "masking: ‸open label",
            "masking: 'open label' is not permitted",
            "did you mean 'open-label'? permitted: open-label, single-blind, double-blind, triple-blind",
        ),
        (
            "    role: control",
            "    role: ‸contrl",
            "role: 'contrl' is not permitted",
            "did you mean 'control'? permitted: experimental, control",
        ),
        (
            "method: permuted-blocks",
            "method: ‸permuted-block",
            "method: 'permuted-block' is not permitted",
            "did you mean 'permuted-blocks'? permitted: complete, permuted-blocks, big-stick, biased-coin, block-urn, "
            "maximal-procedure, minimization",
        ),
        ("sides: 2, alpha", "sides: ‸3, alpha", "sides: 3 is not permitted", "permitted: 1, 2"),
        ("alpha: 0.05,", "alpha: ‸5,", "alpha: 5 is out of range", "the value must be less than 1"),
        ("alpha: 0.05,", "alpha: ‸0,", "alpha: 0 is out of range", "the value must be greater than 0"),
        (
            "conf_level: 0.95, stratified",
            "conf_level: ‸95%, stratified",
            "conf_level: '95%' is not accepted: it should be a number",
            None,
        ),
        (
            "enrollment: {value: 198,",
            "enrollment: {value: ‸1,",
            "enrollment: 1 is out of range",
            "the value must be at least 2",
        ),
        (
            "nct: NCT03809988",
            "nct: ‸NCT0380998",
            r"nct: 'NCT0380998' does not have the form ^NCT\d{8}$",
            None,
        ),
        (
            "first_enrollment: {value: 2019-04-05,",
            "first_enrollment: {value: ‸April 2019,",
            "first_enrollment: 'April 2019' is not accepted: it should be a date, as in 2019-04-05",
            None,
        ),
        (
            "cycle: 28 days",
            "cycle: ‸28",
            "cycle: 28 is not a duration; write a number and a unit, as in '8 weeks' or '3.6 months'",
            None,
        ),
        (
            "cycle: 28 days",
            "cycle: ‸28 dyas",
            "cycle: '28 dyas' is not a duration; write a number and a unit, as in '8 weeks' or '3.6 months'",
            None,
        ),
        (
            "cycle: 28 days",
            "cycle: ‸0 days",
            "cycle: '0 days' is no length of time; it must be longer than zero",
            None,
        ),
        (
            "value: [{every: 8 weeks}]",
            "value: [{every: ‸0 weeks}]",
            "every: '0 weeks' is no length of time; it must be longer than zero",
            None,
        ),
        (
            "{value: 0.01 per month,",
            "{value: ‸0.01,",
            "rate: 0.01 is not a rate; write a number and a unit of time, as in '0.14 per month'",
            None,
        ),
        (
            "ET: {median: {value: 28.8 months, source:",
            "ET: {median: {value: ‸0 months, source:",
            "median: '0 months' is no length of time; it must be longer than zero",
            None,
        ),
        (
            "hazard_ratio: {value: 0.59,",
            "hazard_ratio: {value: ‸-0.59,",
            "hazard_ratio: -0.59 is out of range",
            "the value must be greater than 0",
        ),
        (
            "measurable: {value: {Y: 0.697, N: 0.303}",
            "measurable: {value: {Y: ‸1.697, N: 0.303}",
            "Y: 1.697 is out of range",
            "the value must be at most 1",
        ),
        (
            "  cycle: 28 days",
            "  ‸cycle: [28 days]",
            "cycle: ['28 days'] is not a duration; write a number and a unit, as in '8 weeks' or '3.6 months'",
            None,
        ),
        (
            "  strata: [prior_et, visceral]",
            "  strata: ‸prior_et",
            "strata: 'prior_et' is not accepted: it should be a list",
            None,
        ),
        (
            "\n  age: {label: Age,",
            "\n  a ge: &x {label: Age, type: number, analysis: AGE}\n  age: {label: Age,",
            "a ge: 'a ge' does not have the form ^[A-Za-z][A-Za-z0-9_-]*$",
            None,
        ),
    ],
)
def test_values(old, new, message, hint):
    edits = [(old, new)]
    if MARK not in new:
        edits.append(("  a ge:", f"  {MARK}a ge:"))
    _expect_only(edits, message, hint)


def test_an_empty_section_is_no_list():
    text, place = _edited(("\nestimands:\n", "\n‸estimands:\nreport_x:\n"))
    messages = {problem.message: problem.where for problem in _problems(text)}
    assert messages["estimands: None is not accepted: it should be a list"] == f"trial.yaml:{place}"
    assert "unknown key 'report_x'" in messages


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "sites: {value: 41, source:",
            "‸sites: {value: 41, assumption: b, source:",
            "sites: a value has a source or is an assumption, not both",
        ),
        (
            "PALBO_ET: {value: 0.044, source:",
            "‸PALBO_ET: {value: 0.044, assumption: b, source:",
            "PALBO_ET: a value has a source or is an assumption, not both",
        ),
        (
            "screen_failure: {value: 0.15, assumption: the number screened is not published}",
            "screen_failure: ‸0.15",
            "screen_failure: a scenario value must name its source or be marked an assumption; write "
            "{value: ..., source: ...} or {value: ..., assumption: ...}",
        ),
        (
            "PALBO_ET: {median: {value: 28.3 months,",
            "‸PALBO_ET: {hazard_ratio: {value: 1, source: x}, median: {value: 28.3 months,",
            f"PALBO_ET: {ONE_FORM}; given: median, hazard_ratio",
        ),
        (
            '        ET: {median: {value: 28.8 months, source: "ASCO Post, May 2025 (immature)"}}',
            "        ‸ET: {}",
            f"ET: {ONE_FORM}; given: none",
        ),
        (
            "            value:\n              - {until: 4.9 months, rate: 0.1415 per month}",
            "            ‸value:\n              - {until: 7 months, rate: 0.1415 per month}",
            "hazards: the pieces must have an increasing 'until', and only the last may have none; given: 7 months, "
            "6 months, none",
        ),
        (
            "              - {until: 4.9 months, rate: 0.1415 per month}",
            "              - {rate: 0.1415 per month}",
            "hazards: the pieces must have an increasing 'until', and only the last may have none; given: none, "
            "6 months, none",
        ),
        (
            "value: [{every: 8 weeks}]",
            "‸value: [{every: 8 weeks}, {every: 12 weeks}]",
            "intervals: the pieces must have an increasing 'until', and only the last may have none; given: none, none",
        ),
        (
            "value: [{every: 8 weeks}]",
            "‸value: []",
            "intervals: the pieces must have an increasing 'until', and only the last may have none; given: no pieces",
        ),
    ],
)
def test_values_that_contradict_each_other(old, new, message):
    edits = [(old, new)]
    if MARK not in new:
        edits.append(
            ("            value:\n              - {rate: 0.1415", "            ‸value:\n              - {rate: 0.1415")
        )
    _expect_only(edits, message, None)


# -- names that refer to nothing -------------------------------------------------------------------------------------

VARIABLES = (
    "age, sex, ecog, menopausal, prior_et, visceral, measurable, hormone_receptor, her2, prior_clinical_benefit, "
    "palbociclib_last_dose, palbociclib_washout, adjuvant_route"
)
SOURCES = (
    "progression, death, last_assessment, last_alive, randomization, new_therapy, discontinuation, clinical_progression"
)


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "interventions: [palbociclib, fulvestrant, letrozole]",
            "interventions: [palbociclib, ‸fulvestrnt, letrozole]",
            "'fulvestrnt' is not a declared intervention",
            "did you mean 'fulvestrant'? permitted: palbociclib, fulvestrant, letrozole",
        ),
        (
            "strata: [prior_et, visceral]",
            "strata: [prior_et, ‸viscreal]",
            "'viscreal' is not a declared variable",
            f"did you mean 'visceral'? permitted: {VARIABLES}",
        ),
        (
            "    start: randomization\n    events: [progression, death]",
            "    start: ‸randomisation\n    events: [progression, death]",
            "'randomisation' is not a declared source",
            f"did you mean 'randomization'? permitted: {SOURCES}",
        ),
        (
            "events: [progression, death]",
            "events: [‸progresion, death]",
            "'progresion' is not a declared source",
            f"did you mean 'progression'? permitted: {SOURCES}",
        ),
        (
            "censoring: [last_assessment, randomization]",
            "censoring: [‸last_visit, randomization]",
            "'last_visit' is not a declared source",
            f"did you mean 'last_alive'? permitted: {SOURCES}",
        ),
        (
            "  - id: EST1\n    endpoint: PFS",
            "  - id: EST1\n    endpoint: ‸PSF",
            "'PSF' is not a declared endpoint",
            "did you mean 'PFS'? permitted: PFS, OS, ORR, CBR, TEAE",
        ),
        (
            "    endpoint: PFS\n    analysis_set: ITT\n    treatment",
            "    endpoint: PFS\n    analysis_set: ‸IIT\n    treatment",
            "'IIT' is not a declared analysis set",
            "did you mean 'ITT'? permitted: ITT, SAF",
        ),
        (
            "endpoint: OS\n    analysis_set: ITT",
            "endpoint: ‸OSS\n    analysis_set: ITT",
            "'OSS' is not a declared endpoint",
            "did you mean 'OS'? permitted: PFS, OS, ORR, CBR, TEAE",
        ),
        (
            "endpoint: OS\n    analysis_set: ITT",
            "endpoint: OS\n    analysis_set: ‸PP",
            "'PP' is not a declared analysis set",
            "permitted: ITT, SAF",
        ),
        (
            "    estimand: EST1",
            "    estimand: ‸EST3",
            "'EST3' is not a declared estimand",
            "did you mean 'EST2'? permitted: EST1, EST2",
        ),
        (
            "subgroups: [prior_et,",
            "subgroups: [‸prior_ET_x,",
            "'prior_ET_x' is not a declared variable",
            f"did you mean 'prior_et'? permitted: {VARIABLES}",
        ),
        (
            "  baseline: [age,",
            "  baseline: [‸agee,",
            "'agee' is not a declared variable",
            f"did you mean 'age'? permitted: {VARIABLES}",
        ),
        (
            "      OS:\n        PALBO_ET: {median",
            "      ‸OSS:\n        PALBO_ET: {median",
            "'OSS' is not a declared endpoint",
            "did you mean 'OS'? permitted: PFS, OS, ORR, CBR, TEAE",
        ),
        (
            "      OS:\n        PALBO_ET: {median",
            "      OS:\n        ‸PALBO: {median",
            "'PALBO' is not a declared arm",
            "did you mean 'PALBO_ET'? permitted: PALBO_ET, ET",
        ),
        (
            "      visceral: {value: {Y: 0.60, N: 0.40}",
            "      ‸viseral: {value: {Y: 0.60, N: 0.40}",
            "'viseral' is not a declared variable",
            f"did you mean 'visceral'? permitted: {VARIABLES}",
        ),
        (
            "visceral: {value: {Y: 0.60, N: 0.40}",
            "visceral: {value: {Y: 0.60, ‸No: 0.40}",
            "'No' is not a level of visceral",
            "did you mean 'N'? permitted: Y, N",
        ),
        (
            "      PALBO_ET: {value: 0.00735,",
            "      ‸PALBOET: {value: 0.00735,",
            "'PALBOET' is not a declared arm",
            "did you mean 'PALBO_ET'? permitted: PALBO_ET, ET",
        ),
        (
            "        PALBO_ET: {value: 0.044,",
            "        ‸XYZ: {value: 0.044,",
            "'XYZ' is not a declared arm",
            "permitted: PALBO_ET, ET",
        ),
    ],
)
def test_names_that_refer_to_nothing(old, new, message, hint):
    _expect_only([(old, new)], message, hint)


def test_names_of_a_kind_that_is_not_declared_at_all():
    text = PALMIRA[: PALMIRA.index("\nestimands:\n")] + PALMIRA[PALMIRA.index("\nderivation:\n") :]
    problems = _problems(text)
    # Named by an endpoint and by an analysis, each of the two.
    assert [problem.message for problem in problems] == [
        f"'{name}' is not a declared estimand" for name in ("EST1", "EST2", "EST1", "EST2")
    ]
    assert {problem.hint for problem in problems} == {"the trial file declares no estimand"}


# -- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            """rule: "sex == 'F' and age >= 18\"""",
            """rule: "sex == 'F' and ‸agee >= 18\"""",
            "rule \"sex == 'F' and agee >= 18\": 'agee' is not a declared variable",
            f"did you mean 'age'? permitted: {VARIABLES}",
        ),
        (
            "    rule: prior_et is known",
            "    rule: ‸prior_tx is known",
            "rule 'prior_tx is known': 'prior_tx' is not a declared variable",
            f"did you mean 'prior_et'? permitted: {VARIABLES}",
        ),
        (
            "rule: palbociclib_last_dose >= 75",
            "rule: palbociclib_last_dose > ‸= 75",
            "rule 'palbociclib_last_dose > = 75': unexpected character '=' at column 25",
            None,
        ),
        (
            "rule: palbociclib_last_dose >= 75",
            "rule: ‸palbociclib_last_dose >= '75'",
            "rule \"palbociclib_last_dose >= '75'\": palbociclib_last_dose holds numbers, '75' is not one",
            "leave the quotes out",
        ),
        (
            "rule: palbociclib_last_dose >= 75",
            "rule: ‸palbociclib_last_dose == true",
            "rule 'palbociclib_last_dose == true': palbociclib_last_dose holds numbers, True is not one",
            "compare it with a number",
        ),
        (
            """rule: "ecog in ['0', '1']\"""",
            "rule: ‸ecog <= 1",
            "rule 'ecog <= 1': ecog holds text, 1 is not",
            "write '1' in quotes",
        ),
        (
            """rule: "ecog in ['0', '1']\"""",
            """rule: ‸"ecog in ['0', '7']\"""",
            "rule \"ecog in ['0', '7']\": '7' is not a level of ecog",
            "permitted: 0, 1, 2",
        ),
        (
            "    when: prior_et == 'FULV'",
            "    when: ‸prior_et == 'FULVE'",
            "rule \"prior_et == 'FULVE'\": 'FULVE' is not a level of prior_et",
            "did you mean 'FULV'? permitted: AI, FULV",
        ),
        (
            "    when: prior_et == 'FULV'",
            "    when: ‸prior_line == 'FULV'",
            "rule \"prior_line == 'FULV'\": 'prior_line' is not a declared variable",
            f"did you mean 'prior_et'? permitted: {VARIABLES}",
        ),
        (
            "where: RANDDT is known and SAFFL == 'Y'",
            "where: RANDDT is known and SAFFL ‸= 'Y'",
            "rule \"RANDDT is known and SAFFL = 'Y'\": unexpected character '=' at column 27",
            None,
        ),
        (
            """where: "PARAMCD == 'LSTA'\"""",
            """where: "PARAMCD == ‸LSTA'\"""",
            'rule "PARAMCD == LSTA\'": unexpected character "\'" at column 16',
            None,
        ),
    ],
)
def test_rules(old, new, message, hint):
    edits = [(old, new)]
    if "LSTA" in new:
        edits = [(old, """where: "PARAMCD == LSTA‸'\"""")]
    problem = _expect_only(edits, message, hint)
    assert (problem.reason is not None) == ("column" in message)


def test_a_rule_in_a_folded_block_is_pointed_at_where_it_begins():
    text, place = _edited(
        ("    rule: palbociclib_last_dose >= 75", "    rule: ‸>-\n      palbociclib_last_dose\n      >= dose")
    )
    (problem,) = _problems(text)
    assert problem.where == f"trial.yaml:{place}"
    assert "'dose' is not a declared variable" in problem.message


def test_a_name_used_twice_in_a_rule_is_reported_once():
    text, _ = _edited(("rule: palbociclib_last_dose >= 75", "rule: ‸dosis >= 75 and dosis < 999"))
    assert len(_problems(text)) == 1


# -- plans that contradict themselves --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            "  - {id: EXC01,",
            "  - {id: ‸INC13,",
            "eligibility: the id 'INC13' is used twice",
            "give each its own id",
        ),
        (
            "  - id: os\n    role",
            "  - id: ‸pfs-primary\n    role",
            "analyses: the id 'pfs-primary' is used twice",
            "give each its own id",
        ),
        (
            "    value: [3, 6]",
            "    value: [3, ‸4]",
            "block size 4 is not a multiple of 3",
            "use 3",
        ),
        (
            "    value: [3, 6]",
            "    value: [3, ‸8]",
            "block size 8 is not a multiple of 3",
            "use 9",
        ),
        (
            "  strata: [prior_et, visceral]",
            "  strata: [prior_et, ‸age]",
            "stratum 'age' is a number",
            "strata need variables of type category",
        ),
        (
            "    role: secondary\n    endpoint: OS",
            "    role: ‸primary\n    endpoint: OS",
            "two analyses have the role 'primary'",
            "make all but one secondary",
        ),
        (
            "    default_for: [synthesize, demo]",
            "    default_for: [synthesize, ‸design]",
            "'design' already has the default scenario 'design'",
            None,
        ),
        (
            "{id: cbr, role: secondary, endpoint: CBR, analysis_set: ITT, rate:",
            "‸{id: cbr, role: secondary, endpoint: CBR, analysis_set: ITT} #",
            "analysis 'cbr' needs 'rate': its endpoint is of kind response",
            None,
        ),
        (
            "{id: teae, role: safety, endpoint: TEAE, analysis_set: SAF, adverse_events:",
            "‸{id: teae, role: safety, endpoint: TEAE, analysis_set: SAF} #",
            "analysis 'teae' needs 'adverse_events': its endpoint is of kind adverse-event",
            None,
        ),
        (
            "  - id: os\n    role: secondary\n",
            "  - ‸id: os\n    role: secondary\n",
            "analysis 'os' needs 'curve': its endpoint is of kind time-to-event",
            None,
        ),
        (
            "  - id: CBR\n    label",
            "  - ‸id: CBR\n    label",
            "endpoint 'CBR': a response endpoint needs 'responders'",
            None,
        ),
        (
            "  - id: OS\n    label",
            "  - ‸id: OS\n    label",
            "endpoint 'OS': a time-to-event endpoint needs 'censoring'",
            None,
        ),
        (
            "trigger: {events: 155, source:",
            "trigger: {source:",
            "a look's trigger needs events, time or follow_up",
            None,
        ),
        (
            "      - {id: final, trigger: {events: 155,",
            "      - {id: interim, trigger: {events: 80}}\n      - {id: final, trigger: {events: 155,",
            "more than one look needs 'spending'",
            None,
        ),
        (
            "      - {id: final, trigger: {events: 155,",
            "      - {id: interim, trigger: {events: 180}}\n      - {id: final, trigger: {events: 155,",
            "event counts of the looks must increase; they are [180, 155]",
            None,
        ),
        (
            "      PFS:\n        ET: {median: {value: 3.6 months, assumption:",
            "      PFS:\n        ET: {‸hazard_ratio: {value: 0.9, assumption:",
            "the control arm cannot have a hazard ratio to itself",
            None,
        ),
        (
            "              - {rate: 0.1435 per month}",
            "              - {until: 12 months, rate: 0.1435 per month}",
            "the last hazard piece must have no 'until'",
            None,
        ),
        (
            "      visceral: {value: {Y: 0.60, N: 0.40}",
            "      ‸visceral: {value: {Y: 0.60, N: 0.30}",
            "prevalences of visceral sum to 0.9, not 1",
            None,
        ),
    ],
)
def test_plans_that_contradict_themselves(old, new, message, hint):
    _expect_only([(old, new), *_further(message)], message, hint)


def _further(message: str) -> list[tuple[str, str]]:
    """Edits beside the first: what makes the fault where the mark stands elsewhere, or the mark."""
    return {
        "analysis 'os' needs 'curve': its endpoint is of kind time-to-event": [
            ("    curve: {conf_type: log-log, rates_at: [12 months, 24 months]}\n", "")
        ],
        "endpoint 'CBR': a response endpoint needs 'responders'": [('    responders: ["Y"]\n', "")],
        "endpoint 'OS': a time-to-event endpoint needs 'censoring'": [
            ("    censoring: [last_alive, randomization]\n", "")
        ],
        "a look's trigger needs events, time or follow_up": [("      - {id: final,", "      - ‸{id: final,")],
        "more than one look needs 'spending'": [("    looks:\n", "    ‸looks:\n")],
        "event counts of the looks must increase; they are [180, 155]": [
            ("    looks:\n", "    spending: {function: pocock}\n    ‸looks:\n")
        ],
        "the last hazard piece must have no 'until'": [
            ("        ET:\n          hazards:", "        ET:\n          ‸hazards:")
        ],
    }.get(message, [])


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (("    role: control", "    role: experimental"), "0 arms have the role 'control'; exactly one must"),
        (("    role: experimental", "    role: control"), "2 arms have the role 'control'; exactly one must"),
    ],
)
def test_the_roles_of_the_arms(edit, message):
    text, place = _edited(edit, ("\narms:\n", "\n‸arms:\n"))
    first = _problems(text)[0]
    assert first.message == message
    assert first.where == f"trial.yaml:{place}"


def test_permuted_blocks_without_sizes():
    start, stop = PALMIRA.index("  block_sizes:\n"), PALMIRA.index("  strata: [prior_et, visceral]")
    (problem,) = _problems(PALMIRA[:start] + PALMIRA[stop:])
    assert (problem.message, problem.hint) == ("permuted blocks need block_sizes", "e.g. block_sizes: [6]")
    assert problem.excerpt == "randomization:"


def test_a_block_that_the_ratio_does_not_fill_says_which_it_would():
    text, _ = _edited(("    value: [3, 6]", "    value: [3, ‸7]"))
    assert _problems(text)[0].reason == "the ratio 2:1 fills blocks of 3, 6, 9, ..."


def test_a_one_sided_test_of_three_arms():
    third = "  - {id: HIGH, label: High dose, role: experimental, ratio: 1}\n  - id: ET\n"
    text = PALMIRA.replace("  - id: ET\n", third, 1).replace("[3, 6]", "[4, 8]").replace("sides: 2", "sides: 1", 1)
    (problem,) = _problems(text)
    assert problem.message == "a test of 3 arms at once has no side"
    assert problem.hint == "write sides: 2"


def test_a_stratified_test_without_strata():
    start, stop = PALMIRA.index("  strata: [prior_et, visceral]"), PALMIRA.index("  seed_policy:")
    text = PALMIRA[:start] + PALMIRA[stop:]
    problems = _problems(text)
    assert {problem.message for problem in problems} == {"stratified, but the randomization has no strata"}
    assert [text.splitlines()[_line(problem) - 1].split()[0] for problem in problems] == ["test:", "estimate:"] * 2


def _line(problem: Problem) -> int:
    return int(str(problem.where).split(":")[1])


# -- several at once -------------------------------------------------------------------------------------------------


def test_all_faults_are_reported_in_the_order_of_their_lines():
    edits = [
        ("    ratio: 1", "    ratio: 0"),
        ("sides: 2, alpha: 0.05", "sides: 3, alpha: 5"),
        ("phase: II\n", "phase: IIa\n"),
        ("  - id: EST1\n    endpoint: PFS", "  - id: EST1\n    endpoint: PSF"),
        ("rule: palbociclib_last_dose >= 75", "rule: palbociclib_last_dose >="),
        ("\nreport:", "\nreprot:"),
        ("  masking: open-label\n", ""),
        ("  id: PALMIRA\n", ""),
        ("  enrollment: {value: 198,", "  enrolment: {value: 198,"),
    ]
    text = PALMIRA
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    problems = _problems(text)
    assert [problem.message for problem in problems] == [
        "missing key 'id'",
        "missing key 'enrollment'",
        "phase: 'IIa' is not permitted",
        "unknown key 'enrolment'",
        "rule 'palbociclib_last_dose >=': expected a name or a value, found 'end of rule' at column 25",
        "ratio: 0 is out of range",
        "'PSF' is not a declared endpoint",
        "sides: 3 is not permitted",
        "alpha: 5 is out of range",
        "unknown key 'reprot'",
    ]
    assert [_line(problem) for problem in problems] == sorted(_line(problem) for problem in problems)
    with pytest.raises(TrialFileError, match="trial.yaml has 10 problems"):
        parse_trial(text)


def test_a_missing_key_does_not_hide_what_is_inside_or_beside_it():
    text = PALMIRA.replace("    label: ET alone\n", "", 1).replace("    role: control", "    role: contrl", 1)
    text = text.replace("    label: Overall survival\n", "", 1).replace(
        "censoring: [last_alive, randomization]", "x: 1", 1
    )
    assert sorted(problem.message for problem in _problems(text)) == [
        "endpoint 'OS': a time-to-event endpoint needs 'censoring'",
        "missing key 'label'",
        "missing key 'label'",
        "role: 'contrl' is not permitted",
        "unknown key 'x'",
    ]


def test_the_whole_message_as_it_prints():
    text = PALMIRA.replace("    ratio: 1", "    ratio: 0", 1)
    with pytest.raises(TrialFileError, match="has 1 problem") as caught:
        parse_trial(text, name="my.yaml")
    assert str(caught.value).splitlines() == [
        "[trial-file-invalid] my.yaml has 1 problem",
        "",
        "ratio: 0 is out of range",
        "  at my.yaml:144:12",
        "    |     ratio: 0",
        "    |            ^",
        "  hint: the value must be at least 1",
    ]
