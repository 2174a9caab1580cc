"""Sentences as journals write them, each with what must be read, asked or left."""

import pytest

from equipoise.errors import ArgumentError
from equipoise.evidence.abstract_text import draft_from_text
from equipoise.evidence.published_files import parse_published


def read(text):
    return {one.field: one.value for one in draft_from_text(text).readings}


@pytest.mark.parametrize(
    ("text", "ratio", "p"),
    [
        ("PFS was longer (hazard ratio, 0.84 [95% CI, 0.66 to 1.07]; P = .149).", "0.84 (95% 0.66-1.07)", ".149"),
        ("Overall PFS: HR 0·46 [95% CI 0·36–0·59], p<0·0001.", "0.46 (95% 0.36-0.59)", "<0.0001"),
        ("PFS (hazard ratio for disease progression or death, 0.58; 95% CI, 0.46 to 0.72; P<0.001).",
         "0.58 (95% 0.46-0.72)", "<0.001"),
        ("PFS: HR 0.57, 95% CI 0.39-0.95; two-sided P=.006.", "0.57 (95% 0.39-0.95)", ".006"),
        ("PFS: HR=1.11; 90% CI: 0.79—1.55; log-rank p-value = 0.62.", "1.11 (90% 0.79-1.55)", "0.62"),
        ("PFS favored it: stratified HR 0.553 (95% confidence interval 0.441-0.694), P = 9.83 x 10-8.",
         "0.553 (95% 0.441-0.694)", "9.83x10-8"),
    ],
)  # fmt: skip
def test_hazard_ratios_of_many_journals(text, ratio, p):
    found = read(text)
    assert (found["PFS: hazard ratio"], found["PFS: P"]) == (ratio, p)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("There was 80% power to detect a hazard ratio for PFS of 0.59.", "speaks of the design"),
        ("Among patients with visceral disease, the PFS hazard ratio was 0.61 (95% CI 0.40-0.93).", "some patients"),
        ("Median PFS and OS were 4.9 and 20.1 months.", "in one list"),
        ("Median duration of treatment was 5.1 versus 3.2 months.", "something else than an endpoint"),
        ("The hazard ratio was 0.7 (95% CI 0.5-0.9).", "no endpoint that is named"),
    ],
)
def test_what_is_left_and_why(text, reason):
    draft = draft_from_text(text)
    assert draft.readings == ()
    assert any(reason in one.reason for one in draft.unread)


def test_the_control_arm_may_come_first():
    found = read("Median OS was 20.1 months in the placebo group versus 28.3 months in the abeloxib group.")
    assert (found["OS: experimental median, months"], found["OS: control median, months"]) == ("28.3", "20.1")


def test_a_list_of_arms_after_the_values_gives_their_order():
    found = read("Median OS was 20.1 v 28.3 months in the placebo and abeloxib groups, respectively.")
    assert found["OS: experimental median, months"] == "28.3"


def test_an_order_that_no_words_give_is_asked_for():
    draft = draft_from_text("Median PFS was 4.9 v 3.6 months.")
    assert all("experimental arm's" in one.doubt for one in draft.readings)
    assert draft.questions[0] == (
        "arm order: the first value is the experimental arm's was assumed for 2 values; is it so?"
    )  # fmt: skip


def test_ratio_and_medians_that_favor_different_arms_are_asked_for():
    draft = draft_from_text("Median PFS was 3.6 v 4.9 months (HR 0.84; 95% CI 0.66-1.07).")
    assert any("favor different arms" in question for question in draft.questions)


def test_arms_that_are_not_told_stay_empty_with_a_comment():
    draft = draft_from_text("In all, 198 patients were randomly assigned (2:1). Median PFS was 4.9 v 3.6 months.")
    text = draft.to_yaml()
    assert text.count("randomized:               # not in the text (198 in both arms): fill in") == 2
    assert 'ratio: "2:1"' in text
    filled = text.replace("randomized:               #", "randomized: 132  #", 1).replace(
        "randomized:               #", "randomized: 66  #"
    )
    assert parse_published(filled).randomized == 198


def test_a_whole_draft_is_a_published_result_file():
    text = """We randomly assigned 666 patients to receive abeloxib plus letrozole (n = 444) or placebo plus letrozole
    (n = 222). The median progression-free survival was 24.8 months (95% confidence interval [CI], 22.1 to not
    estimable) in the abeloxib–letrozole group, as compared with 14.5 months (95% CI, 12.9 to 17.1) in the
    placebo–letrozole group (hazard ratio for disease progression or death, 0.58; 95% CI, 0.46 to 0.72; P<0.001).
    The 2-year progression-free survival rate was 50.1% with abeloxib versus 30.2% with placebo."""
    trial = parse_published(draft_from_text(text).to_yaml())
    result = trial.results[0]
    assert (trial.experimental.randomized, trial.control.label) == (444, "placebo plus letrozole")
    assert result.experimental.median.interval.upper.reached is False
    assert (result.rates[0].at, result.rates[0].control.value.text) == (24.0, "30.2")


def test_spans_are_places_of_the_pasted_text():
    text = "Primary: PFS HR 0·84 [95% CI 0·66–1·07]."
    (one,) = draft_from_text(text).readings
    assert text[one.start : one.end] == one.quote == "HR 0·84 [95% CI 0·66–1·07]"


@pytest.mark.parametrize("text", ["", "   \n", None, 3])
def test_no_text_is_refused(text):
    with pytest.raises(ArgumentError, match="there is no text to read") as caught:
        draft_from_text(text)
    assert caught.value.code == "argument-invalid"


def test_an_arm_is_called_by_its_name_alone():
    text = "Patients were randomly assigned 2:1 to palbociclib (n=200) or to placebo (n=100)."
    assert {"experimental arm, palbociclib", "control arm, placebo"} <= set(read(text))
