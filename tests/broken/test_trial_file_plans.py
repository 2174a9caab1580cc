"""Every fault of planned tests and estimates, with the line it points at.

In an edit the mark ‸ stands where the message must point; it is taken out before the file is read.
"""

import pytest

from equipoise.errors import TrialFileError
from equipoise.protocol import parse_trial
from made_up_plans import planned_text

MARK = "‸"


def _problems(text: str):
    before, mark, after = text.partition(MARK)
    assert mark
    place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    with pytest.raises(TrialFileError, match=r"trial.yaml has 1 problem\n") as caught:
        parse_trial(before + after)
    (problem,) = caught.value.problems
    return problem, f"trial.yaml:{place}"


LEFT_OUT = (
    "- {method: median-difference, conf_type: log}",
    "- {method: milestone, at: 100 days, transform: plain, conf_level: 0.9}",
)
LOGRANK = "{method: logrank, sides: 2, alpha: 0.05, stratified: true}"
COX = "{method: cox, stratified: true}"
CMH = "{method: cmh, sides: 2, alpha: 0.05, stratified: true}"
NEWCOMBE = "{method: newcombe, stratified: true}"


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        (
            LOGRANK,
            "{method: ‸cmh, sides: 2, alpha: 0.05}",
            "'cmh' is no test of an endpoint of kind time-to-event",
            None,
        ),
        (
            CMH,
            "{method: ‸logrank, sides: 2, alpha: 0.05}",
            "'logrank' is no test of an endpoint of kind response",
            None,
        ),
        (COX, "{method: ‸newcombe}", "'newcombe' is no estimate of an endpoint of kind time-to-event", None),
        (NEWCOMBE, "{method: ‸rmst, tau: 3 months}", "'rmst' is no estimate of an endpoint of kind response", None),
        (
            LOGRANK,
            "{method: logrank, sides: 2, alpha: 0.05, ‸rho: 1}",
            "logrank does not read 'rho'",
            "it belongs to fleming-harrington",
        ),
        (
            COX,
            "{method: median-difference, ‸ties: efron}",
            "median-difference does not read 'ties'",
            "it belongs to cox",
        ),
        (
            "test: " + LOGRANK,
            "‸test: {method: modestly-weighted, sides: 2, alpha: 0.05}",
            "modestly-weighted needs 't_star' or 's_star'",
            "t_star: the time, or s_star: the survival, at which weights stop",
        ),
        (
            LOGRANK,
            "{method: modestly-weighted, t_star: 3 months, ‸s_star: 0.5, sides: 2, alpha: 0.05}",
            "modestly-weighted takes 't_star' or 's_star', not both",
            None,
        ),
        (
            "test: " + LOGRANK,
            "‸test: {method: fleming-harrington, sides: 2, alpha: 0.05}",
            "fleming-harrington needs 'rho' or 'gamma'",
            "the exponents: rho of survival, gamma of one less survival",
        ),
        (
            "test: " + LOGRANK,
            "‸test: {method: fleming-harrington, rho: 0, gamma: 0, sides: 2, alpha: 0.05}",
            "fleming-harrington with rho 0 and gamma 0 has no weights",
            "write method: logrank",
        ),
        (
            LOGRANK,
            "{method: fleming-harrington, rho: ‸-1, sides: 2, alpha: 0.05}",
            "rho: -1 is out of range",
            "the value must be at least 0",
        ),
        (
            LOGRANK,
            "{method: modestly-weighted, s_star: ‸1.5, sides: 2, alpha: 0.05}",
            "s_star: 1.5 is out of range",
            "the value must be at most 1",
        ),
        (
            "covariates: [age, sex]",
            "covariates: [age, ‸sexx]",
            "'sexx' is not a declared variable",
            "did you mean 'sex'? permitted: sex, age",
        ),
        (
            "- {method: adjusted-logrank, covariates: [age, sex], sides: 2}",
            "- ‸{method: adjusted-logrank, sides: 2}",
            "adjusted-logrank needs 'covariates'",
            "covariates: the baseline variables to adjust for",
        ),
        (
            "- {method: rerandomization, sides: 2, stratified: true, seed: 7, draws: 500, arrival: PLACE}",
            "- ‸{method: rerandomization, sides: 2}",
            "rerandomization needs 'seed'",
            "seed: a whole number, so that the draws can be repeated",
        ),
        (
            "estimate: " + COX,
            "‸estimate: {method: milestone}",
            "milestone needs 'at'",
            "at: the time at which survival is compared, as in 12 months",
        ),
        (
            COX,
            "{method: median-difference, stratified: ‸true}",
            "median-difference has no stratified form",
            "leave `stratified` out",
        ),
        (
            CMH,
            "{method: fisher, sides: 2, alpha: 0.05, stratified: ‸true}",
            "fisher has no stratified form",
            "leave `stratified` out",
        ),
        (
            NEWCOMBE,
            "{method: newcombe, ‸weights: cmh}",
            "weights are of strata, and this estimate is not stratified",
            "add stratified: true, or leave `weights` out",
        ),
        (
            "window_start: 30 days",
            "window_start: ‸5 months",
            "the window begins at 5 months, not before it ends, at 120 days",
            "window_start is before tau",
        ),
        (
            "tests: [[0, 0], [0, 0.5]]",
            "tests: [[0, 0], ‸[0]]",
            "tests: value 2 is missing here",
            "write a pair, as in [0, 1]",
        ),
        (
            "tests: [[0, 0], [0, 0.5]]",
            "‸tests: []",
            "tests is empty",
            "list one at least, or leave the key out",
        ),
        (
            NEWCOMBE,
            "{method: newcombe, stratified: true, weights: ‸miettinen-nurminen}",
            "'miettinen-nurminen' are no weights of newcombe",
            "permitted: cmh, sample-size, equal, wilson",
        ),
        (
            "- {id: unstratified, method: logrank, sides: 2}",
            "- ‸{method: logrank, sides: 2}",
            "rows named 'logrank' are there already",
            "give it an id of its own, as in id: mine",
        ),
        (
            "- {id: window, method",
            "- {id: ‸too-late, method",
            "rows named 'too-late' are there already",
            "give it an id of its own, as in id: mine",
        ),
        (
            "- {id: window, method",
            "- {id: ‸curve, method",
            "rows named 'curve' are there already",
            "give it an id of its own, as in id: mine",
        ),
    ],
)
def test_fault(old, new, message, hint):
    text = planned_text()
    text = "".join(line for line in text.splitlines(keepends=True) if line.strip() not in LEFT_OUT)
    assert text.count(old) == 1
    problem, place = _problems(text.replace(old, new))
    assert problem.message == message
    assert problem.where == place
    if hint is not None:
        assert problem.hint == hint


def test_three_arms_at_once_have_no_side():
    problem, place = _problems(planned_text(3).replace("- {method: gehan, sides: 2}", "- {method: gehan, sides: ‸1}"))
    assert problem.message == "a test of 3 arms at once has no side"
    assert problem.where == place


def test_rerandomization_needs_the_randomization():
    lines = [line for line in planned_text().splitlines() if not line.startswith("randomization:")]
    text = "\n".join(lines).replace(", stratified: true", "").replace(", weights: inverse-variance", "")
    text = text.replace(", weights: miettinen-nurminen", "").replace(
        "method: rerandomization", "method: ‸rerandomization"
    )
    problem, place = _problems(text)
    assert problem.message == "a re-randomization test needs the randomization"
    assert problem.where == place


def test_an_adverse_event_endpoint_has_no_test():
    text = planned_text().replace(
        "  - {id: ORR, label: Objective",
        "  - {id: AE, label: Events, kind: adverse-event}\n  - {id: ORR, label: Objective",
    )
    planned = "adverse_events: {}, test: {method: ‸logrank, sides: 2, alpha: 0.05}"
    text = text.replace("report:", f"  - {{id: ae, role: safety, endpoint: AE, analysis_set: ITT, {planned}}}\nreport:")
    problem, place = _problems(text)
    assert problem.message == "'logrank' is no test of an endpoint of kind adverse-event"
    assert problem.hint == "leave the test out"
    assert problem.where == place
