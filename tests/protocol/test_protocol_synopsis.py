"""The synopsis: its sentences for PALMIRA typed by hand, and one screen of it."""

import pytest

from equipoise.cli.app import main
from equipoise.protocol import builtin_text, load_trial, parse_trial, synopsis
from made_up_plans import planned_text

ASSUMPTIONS = sum(
    line.count("assumption: ") for line in builtin_text("palmira").splitlines() if not line.startswith("#")
)

PALMIRA = [
    (
        "Question",
        "Does Palbociclib + ET improve investigator-assessed progression-free survival over ET alone in hormone "
        "receptor-positive, HER2-negative advanced breast cancer?",
    ),
    ("Design", "Phase II, open-label, randomized 2:1; registered as NCT03809988 and 2017-002781-48"),
    ("Patients", "198 patients at 41 sites; 13 inclusion and 1 exclusion criteria, 9 of them executable"),
    (
        "Arm",
        "Palbociclib + ET (experimental): Palbociclib rechallenge with second-line endocrine therapy; "
        "palbociclib 125 mg with fulvestrant 500 mg or letrozole 2.5 mg",
    ),
    ("Arm", "ET alone (control): Second-line endocrine therapy alone; fulvestrant 500 mg or letrozole 2.5 mg"),
    (
        "Randomization",
        "2:1, permuted blocks of 3 and 6 (assumption), within 4 strata by previous endocrine therapy and visceral "
        "involvement",
    ),
    (
        "Scans",
        "RECIST 1.1, every 8 weeks from randomization (assumption), within 7 days either way (assumption)",
    ),
    (
        "Primary endpoint",
        "Investigator-assessed progression-free survival: time from randomization to objective progression by "
        "RECIST 1.1 or death from any cause",
    ),
    (
        "Primary analysis",
        "When 155 events have occurred; in the intention-to-treat set; stratified log-rank test (assumption), "
        "two-sided, at 5%; hazard ratio by stratified Cox regression (assumption) with 95% CI",
    ),
    (
        "Other analyses",
        "Overall survival (secondary), objective response rate (secondary), clinical benefit rate (secondary) and "
        "treatment-emergent adverse events (safety)",
    ),
    ("Scenario", "design: what the trial was designed to detect, used by design and simulate"),
    ("Scenario", "published: what was observed, as published, used by synthesize and demo"),
    ("Assumptions", f"{ASSUMPTIONS} values are assumptions, marked so in the file; reports that depend on one say so"),
]


@pytest.mark.parametrize("place", range(len(PALMIRA)), ids=[f"{k}-{line[0]}" for k, line in enumerate(PALMIRA)])
def test_palmira_in_words(place):
    assert synopsis(load_trial("palmira"))[place] == PALMIRA[place]


def test_palmira_says_no_more():
    assert len(synopsis(load_trial("palmira"))) == len(PALMIRA)


@pytest.mark.parametrize("name", ["palmira", "gbsg2"])
def test_one_screen(name, capsys):
    status = _status(["check", name])
    valid, title, body = capsys.readouterr().out.rstrip("\n").split("\n\n", 2)
    assert status == 0
    assert valid == f"{name}.yaml (built in) is valid"
    assert title.startswith(f"{name.upper()}: ")
    assert max(map(len, body.splitlines())) <= 100
    assert len(body.splitlines()) <= 40
    said = " ".join(body.split())
    assert all(heading in said for heading, _ in synopsis(load_trial(name)))
    assert said.split(" ", 1)[1].startswith(synopsis(load_trial(name))[0][1])


def _status(arguments: list[str]) -> int:
    try:
        main(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def test_a_study_that_was_not_randomized():
    lines = dict(synopsis(load_trial("gbsg2")))
    assert lines["Design"] == "Phase III, open-label"
    assert lines["Patients"] == "686 patients"
    assert {"Randomization", "Scans", "Scenario", "Assumptions"} & set(lines) == set()


@pytest.mark.parametrize(
    ("old", "new", "heading", "sentence"),
    [
        ("phase: II ", "phase: NA ", "Design", "Not phased, open-label, randomized 2:1"),
        (
            "method: permuted-blocks\n  block_sizes: [3, 6]",
            "method: complete\n  #",
            "Randomization",
            "2:1, complete, within 2 strata by disease stage",
        ),
        ("enrollment: 150", "enrollment: {value: 150, assumption: a guess}", "Patients", "150 patients (assumption)"),
        ("sides: 2, alpha: 0.05", "sides: 1, alpha: 0.1", "Primary analysis", "one-sided, at 10%"),
        ("sides: 2, alpha: 0.05", "sides: 1, alpha: 0.025", "Primary analysis", "one-sided, at 2.5%"),
        ("{events: 110}", "{events: 110, time: 30 months, assumption: x}", "Primary analysis", "30 months have passed"),
        (
            "intervals: [{every: 8 weeks, until: 48 weeks}, {every: 12 weeks}]",
            "intervals: [{every: 1 month}]",
            "Scans",
            "RECIST 1.1, every 1 month from randomization, within 7 days either way",
        ),
        (
            "conf_level: 0.95, stratified: true}\n    curve: {conf_type",
            "conf_level: 0.9}\n    curve: {conf_type",
            "Primary analysis",
            "hazard ratio by Cox regression with 90% CI",
        ),
    ],
)
def test_sentences_follow_the_file(old, new, heading, sentence):
    text = builtin_text("starter")
    assert old in text
    lines = dict(synopsis(parse_trial(text.replace(old, new, 1)).trial))
    assert sentence in lines[heading]


def test_one_assumption_is_in_the_singular():
    text = builtin_text("gbsg2").replace("{value: 686, source:", "{value: 686, assumption:")
    assert dict(synopsis(parse_trial(text).trial))["Assumptions"].startswith("1 value is an assumption, marked so")


def test_the_question_agrees_with_the_number_of_arms():
    questions = [dict(synopsis(parse_trial(planned_text(arms)).trial))["Question"] for arms in (2, 3)]
    assert questions[0].startswith("Does Experimental improve")
    assert questions[1].startswith("Do Low dose and High dose improve")
