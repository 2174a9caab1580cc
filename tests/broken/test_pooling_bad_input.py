"""Tables and arguments of pooling that cannot be used: each is refused by name, none is guessed."""

import math

import polars as pl
import pytest

import equipoise as eq
from equipoise.errors import ArgumentError, DataError, DesignError, PublishedFileError
from equipoise.evidence import (
    StudyEffect,
    assurance,
    conflict_p,
    effect_from_p,
    effect_from_published,
    effect_from_std_error,
    pool,
    pool_patients,
    read_pooled_trials,
    read_published,
)

GOOD = {"trial": "A", "hr": "0.80", "lower": "0.65", "upper": "0.98", "level": "95"}
OTHER = {"trial": "B", "log_hr": "-0.1", "se": "0.2"}


def refusal(tmp_path, *rows: dict[str, str]) -> str:
    """What is said of a CSV of these rows."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
    path = tmp_path / "trials.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(PublishedFileError, match="published-file-invalid") as caught:
        read_pooled_trials(path)
    return str(caught.value)


def test_a_missing_level_is_an_error_that_names_the_row_and_tries_the_usual_ones(tmp_path):
    said = refusal(tmp_path, OTHER, GOOD | {"level": ""})
    assert "trials.csv:3, column level" in said
    assert "A: the interval 0.65 to 0.98 has no level" in said
    assert all(f"at {level}%" in said for level in (80, 90, 95, 99))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"lower": "0.98", "upper": "0.65"}, "swapped"),
        ({"lower": "0.80", "upper": "0.80"}, "has no width"),
        ({"hr": "1.20"}, "does not hold the hazard ratio 1.20"),
        ({"level": "9"}, "level of A's interval is 9"),
        ({"level": "100"}, "level of A's interval is 100"),
        ({"hr": "-0.22"}, "not its log"),
        ({"hr": "abc"}, "no printed number"),
        ({"upper": ""}, "one limit only, lower 0.65"),
        ({"lower": "", "upper": ""}, "nothing that says how sure"),
        ({"lower": "", "upper": "", "p": "0.04"}, "one- or two-sided"),
        ({"lower": "", "upper": "", "p": "0.04", "sides": "3"}, "has 3 sides"),
        ({"lower": "", "upper": "", "p": "<.001", "sides": "2"}, "a bound from which no standard error follows"),
        ({"se": "0.1"}, "a standard error and limits"),
        ({"log_hr": "-0.2"}, "hr and log_hr"),
        ({"hr": ""}, "neither hr nor log_hr"),
        ({"trial": ""}, "has no name"),
        ({"events": "many"}, "events is 'many'"),
        ({"n": "0"}, "n is '0'"),
    ],
)
def test_rows(tmp_path, changed, said):
    assert said in refusal(tmp_path, OTHER, GOOD | changed)


def test_every_row_that_is_wrong_is_named(tmp_path):
    said = refusal(tmp_path, GOOD | {"level": ""}, OTHER, GOOD | {"trial": "C", "hr": "2"})
    assert "2 rows cannot be pooled" in said
    assert "trials.csv:2" in said
    assert "trials.csv:4" in said


def test_levels_in_percent_with_a_sign_and_as_a_share_are_one():
    found = [read_pooled_trials([GOOD | {"level": level}]).studies[0].std_error for level in ("95", "95%", "0.95")]
    assert len(set(found)) == 1


def test_unknown_column(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("trial,hazard\nA,0.8\n", encoding="utf-8")
    with pytest.raises(PublishedFileError, match="unknown column 'hazard'"):
        read_pooled_trials(path)


def test_yaml_says_the_line(tmp_path):
    path = tmp_path / "pool.yaml"
    path.write_text("trials:\n  - {published: palmira, endpoint: PFS}\n  - trial: B\n    hr: 0.8\n", encoding="utf-8")
    with pytest.raises(PublishedFileError, match="2 problems") as caught:
        read_pooled_trials(path)
    said = str(caught.value)
    assert "pool.yaml:2" in said
    assert "name one of: PFS, final; PFS, 2023 cut-off" in said
    assert "pool.yaml:3" in said


def test_yaml_and_json_of_the_same_entries_are_one(tmp_path):
    yaml, json = tmp_path / "pool.yaml", tmp_path / "pool.json"
    yaml.write_text("- {trial: A, hr: 0.80, lower: 0.65, upper: 0.98, level: 95}\n", encoding="utf-8")
    json.write_text('[{"trial": "A", "hr": 0.80, "lower": 0.65, "upper": 0.98, "level": 95}]', encoding="utf-8")
    first, second = read_pooled_trials(yaml), read_pooled_trials(json)
    assert first == second
    # The digits count: 0.80 was rounded to two.
    assert first.studies[0].largest_std_error > first.studies[0].std_error  # pyright: ignore


def test_unknown_keys_and_no_trials(tmp_path):
    path = tmp_path / "pool.yaml"
    path.write_text("trials: []\nlevel: 95\n", encoding="utf-8")
    with pytest.raises(PublishedFileError, match="unknown key 'level'"):
        read_pooled_trials(path)
    path.write_text("title: none\n", encoding="utf-8")
    with pytest.raises(PublishedFileError, match="key `trials`"):
        read_pooled_trials(path)


def test_missing_pool():
    with pytest.raises(PublishedFileError, match="after-cdk46"):
        read_pooled_trials("after-cdk47")
    with pytest.raises(ArgumentError, match="no list of trials"):
        read_pooled_trials(7)


def test_parquet_and_frames_are_read_as_csv_is(tmp_path):
    frame = pl.DataFrame([GOOD, GOOD | {"trial": "C", "hr": "0.90"}])
    path = tmp_path / "trials.parquet"
    frame.write_parquet(path)
    assert read_pooled_trials(path) == read_pooled_trials(frame)


def test_pandas_frames_with_gaps():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"trial": ["A", "B", "C"], "hr": [0.8, 0.7, 0.9], "lower": [0.65, 0.5, None], "upper": [0.98, 0.99, None],
         "level": [95, 90, None], "p": [None, None, 0.4], "sides": [None, None, 2], "events": [300, None, None]}
    )  # fmt: skip
    found = read_pooled_trials(frame).studies
    assert [study.origin for study in found] == ["interval", "interval", "p-value"]
    assert [study.events for study in found] == [300, None, None]


def test_trials_that_cannot_be_pooled_together():
    one = StudyEffect(name="A", effect=-0.2, std_error=0.1)
    with pytest.raises(ArgumentError, match="1 trial cannot be pooled"):
        pool([one])
    with pytest.raises(ArgumentError, match="two trials are named 'A'"):
        pool([one, one])
    with pytest.raises(ArgumentError, match="cannot be pooled together"):
        pool([one, effect_from_std_error("B", 1.0, 0.5, measure="rmst-difference")])
    same = pool([one, StudyEffect(name="B", effect=-0.2, std_error=0.1)])
    assert "are they one trial" in same.warnings[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"method": "mh"}, "method is 'mh'"),
        ({"interval": "t"}, "interval is 't'"),
        ({"prediction": "k"}, "prediction is 'k'"),
        ({"level": 95}, "level is 95"),
    ],
)
def test_choices(more, said):
    trials = [StudyEffect(name=n, effect=-0.2, std_error=0.1) for n in "AB"]
    with pytest.raises(ArgumentError, match=said):
        pool(trials, **more)


def test_effects_that_are_none():
    with pytest.raises(ArgumentError, match="standard error of A is 0"):
        StudyEffect(name="A", effect=0.1, std_error=0.0)
    with pytest.raises(ArgumentError, match="effect of A is nan"):
        StudyEffect(name="A", effect=math.nan, std_error=0.1)
    with pytest.raises(ArgumentError, match="measure of A"):
        StudyEffect(name="A", effect=0.1, std_error=0.1, measure="odds")  # pyright: ignore
    with pytest.raises(ArgumentError, match="different sides of no effect"):
        effect_from_p("A", 0.7, 0.8, sides=1)


def test_published_results_that_say_too_little():
    with pytest.raises(ArgumentError, match="has no level"):
        effect_from_published(read_published("maintain"))
    with pytest.raises(ArgumentError, match="neither an interval nor a P value with its sides"):
        effect_from_published(read_published("pada-1"), "PFS, 2022")
    with pytest.raises(ArgumentError, match="no result called 'DFS'"):
        effect_from_published(read_published("pace"), "DFS")


def test_patients():
    columns = {"time": [1, 2, 3, 4], "event": [1, 1, 1, 1], "arm": ["a", "b", "a", "b"], "trial": ["X", "X", "Y", "Y"]}
    with pytest.raises(ArgumentError, match="control arm is not named"):
        eq.pool(pl.DataFrame(columns))
    with pytest.raises(DataError, match="no column trial"):
        eq.pool(pl.DataFrame(columns).drop("trial"), reference="a")
    with pytest.raises(ArgumentError, match="reference has no meaning"):
        eq.pool("after-cdk46", reference="a")
    with pytest.raises(ArgumentError, match="arm has 3 levels"):
        pool_patients([1, 2, 3], [1, 1, 1], ["a", "b", "c"], ["X", "X", "Y"], reference="a")
    with pytest.raises(DataError, match="length-mismatch"):
        pool_patients([1, 2, 3], [1, 1], ["a", "b", "a"], ["X", "X", "Y"], reference="a")


def test_a_trial_without_an_estimate_stays_in_the_first_stage_and_is_named():
    time, event = [1, 2, 3, 4, 2, 3, 4, 5], [1, 1, 1, 1, 0, 0, 0, 0]
    found = pool_patients(time, event, ["a", "b"] * 4, ["X"] * 4 + ["Y"] * 4, reference="a")
    assert found.two_stage is None
    assert found.cox.n_strata == 2
    assert any(warning.startswith("Y has no hazard ratio of its own") for warning in found.warnings)
    with pytest.raises(ArgumentError, match="fewer than two trials"):
        eq.assurance(found, events=100, alpha=0.05, sides=2)


def test_targets_that_no_events_reach():
    with pytest.raises(DesignError, match="no number of events gives an assurance of 0.99") as caught:
        assurance((0.8, 0.15), target=0.99, alpha=0.05, sides=2)
    assert "0.9316" in str(caught.value)
    with pytest.raises(DesignError, match="ignores the data"):
        assurance((0.8, 0.15), target=0.02, alpha=0.05, sides=2)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "neither a design, nor events, nor a target"),
        ({"events": 100}, "alpha and sides are not given"),
        ({"events": 100, "target": 0.5, "alpha": 0.05, "sides": 2}, "events and a target are given"),
    ],
)
def test_next_trials_given_by_too_much_or_too_little(more, said):
    with pytest.raises(DesignError, match=said):
        assurance((0.8, 0.15), **more)


def test_designs_and_evidence_of_another_kind():
    with pytest.raises(DesignError, match="a design and events are given"):
        eq.assurance((0.8, 0.15), "palmira", events=100)
    with pytest.raises(ArgumentError, match="result of power_of"):
        assurance((0.8, 0.15), object())
    with pytest.raises(ArgumentError, match="Schoenfeld"):
        from equipoise.design import power_of

        assurance((0.8, 0.15), power_of(100, hazard_ratio=0.7, alpha=0.05, sides=2, method="freedman"))
    with pytest.raises(ArgumentError, match="no pooled effect"):
        assurance("palmira", events=100, alpha=0.05, sides=2)  # pyright: ignore
    means = [effect_from_std_error(n, 1.0, 0.5, measure="rmst-difference") for n in "AB"]
    with pytest.raises(ArgumentError, match="pools rmst-differences"):
        assurance(pool(means), events=100, alpha=0.05, sides=2)


def test_a_trial_is_no_conflict_with_itself():
    trials = [StudyEffect(name=n, effect=y, std_error=0.1) for n, y in zip("ABC", (-0.2, -0.1, 0.3), strict=True)]
    whole = pool(trials)
    with pytest.raises(ArgumentError, match="in the pool"):
        conflict_p(whole, trials[2])
    assert 0.0 < conflict_p(dict(whole.without)["C"], trials[2]) < 0.05


def test_a_next_trial_without_events():
    with pytest.raises(ArgumentError, match="events is 0"):
        assurance((0.8, 0.15), events=0, alpha=0.05, sides=2)
