"""Published-result files and tables that are wrong: each fault with its line, value and what would be right."""

import json
from pathlib import Path

import pytest

from equipoise.errors import ArgumentError, DataError, PublishedFileError
from equipoise.evidence import (
    audit_many,
    parse_published,
    published_text,
    read_published,
    read_published_folder,
    read_published_table,
)

PALMIRA = published_text("palmira")


def _problem(old: str, new: str):
    assert old in PALMIRA
    with pytest.raises(PublishedFileError, match="has 1 problem") as caught:
        parse_published(PALMIRA.replace(old, new, 1))
    assert caught.value.code == "published-file-invalid"
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("old", "new", "message", "line"),
    [
        ("hazard_ratio: 0.84", "hazardratio: 0.84", "unknown key 'hazardratio'", 23),
        ("test: {p: .149}", "test: {p: 14.9}", "test: P is 14.9, and a probability lies between 0 and 1", 24),
        ("(95% 0.66", "(0.95% 0.66", "the level 0.95 is no level in percent from 50 to 100; write 95", 23),
        ("0.84 (95% 0.66-1.07)", "-0.17", "a hazard ratio is positive, and -0.17 is not", 23),
        ("0.84 (95% 0.66-1.07)", "0.00", "a hazard ratio is positive, and 0.00 is not", 23),
        ("0.84 (95% 0.66-1.07)", "NR", "a hazard ratio is a number, and NR is none; leave it out", 23),
        ("median: 28.3", "median: -28.3", "the median -28.3 is no time", 43),
        ("experimental: 42.1", "experimental: 142.1", "142.1 is no percentage from 0 to 100", 28),
        ("median: 28.3", "median: twenty", "'twenty' is no printed number", 43),
        ("percent: 47.4", "percent: 147.4", "147.4 is no percentage from 0 to 100", 64),
        ("randomized: 62", "randomized: 62.5", "'62.5' is not accepted: it should be a whole number", 15),
        ("source: abstract", "source: abstrac", "source 'abstrac' is not among the file's sources", 1),
        ('ratio: "2:1"', 'ratio: "2/1"', "'2/1' is no allocation ratio", 1),
        ("0.66-1.07", "0.66", "does not name two limits", 23),
    ],
)
def test_a_fault_has_its_line_and_value(old: str, new: str, message: str, line: int):
    problem = _problem(old, new)
    assert message in problem.message
    assert problem.where.split(":")[1] == str(line)


def test_an_unknown_key_names_the_nearest():
    assert _problem("hazard_ratio: 0.84", "hazardratio: 0.84").hint.startswith("did you mean 'hazard_ratio'?")


def test_a_missing_file_names_the_nearest_example(tmp_path: Path):
    with pytest.raises(PublishedFileError, match="there is no published-result file 'palmria'") as caught:
        read_published("palmria")
    assert caught.value.code == "published-file-missing"
    assert caught.value.hint.startswith("did you mean 'palmira'?")
    with pytest.raises(PublishedFileError, match="holds no published-result file"):
        read_published_folder(tmp_path)
    with pytest.raises(PublishedFileError, match="is no folder"):
        read_published_folder(tmp_path / "none")


def test_what_is_no_name_is_refused():
    with pytest.raises(ArgumentError, match="named by a path or an example's name, not by int"):
        read_published(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("published: [1", "expected ',' or ']'"),
        ('{"published": 1,\n "trial": "x"\n "ratio": "1:1"}', "expecting ',' delimiter"),
        ("published: 1\npublished: 1\n", "found duplicate key"),
    ],
)
def test_broken_syntax_has_its_place(text: str, message: str):
    with pytest.raises(PublishedFileError, match="is not valid") as caught:
        parse_published(text)
    assert caught.value.code == "published-file-syntax"
    assert message in caught.value.problems[0].message


@pytest.mark.parametrize("text", ["just words", "- a list", "[1, 2]", ""])
def test_what_is_no_mapping_is_refused(text: str):
    with pytest.raises(PublishedFileError, match="problem") as caught:
        parse_published(text)
    assert caught.value.problems[0].message == "a published-result file is a mapping of keys to values"


def test_json_and_yaml_are_the_same_trial_with_its_digits():
    trial = parse_published(PALMIRA)
    record = trial.model_dump(mode="json", exclude_none=True)
    for indent in (None, 1, "\t"):
        assert parse_published(json.dumps(record, indent=indent)) == trial
    assert trial.results[1].hazard_ratio.value.text == "0.8"


def test_numbers_of_json_keep_their_zeros():
    record = parse_published(PALMIRA).model_dump(mode="json", exclude_none=True)
    text = json.dumps(record).replace('"0.84"', "0.840")
    assert parse_published(text).results[0].hazard_ratio.value.text == "0.840"


def test_empty_keys_are_not_printed():
    text = PALMIRA.replace("follow_up: 13.4", "follow_up:")
    assert parse_published(text).results[0].follow_up is None


# Tables

HEAD = "trial,n_experimental,n_control,ratio,hr,lower,upper,level,p,events\n"


def _table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "trials.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_keeps_digits_and_joins_the_rows_of_a_trial(tmp_path: Path):
    path = _table(tmp_path, HEAD + "A,136,62,2:1,0.80,0.66,0.97,95,.024,\nA,136,62,2:1,0.84,0.66,1.07,95,.149,\n"
                  "B,100,100,,0.70,0.52,0.94,95,,180\n")  # fmt: skip
    trials = read_published_table(path)
    assert list(trials) == ["A", "B"]
    assert [one.hazard_ratio.value.text for one in trials["A"].results] == ["0.80", "0.84"]
    audits = audit_many(trials)
    assert audits.flagged == ("A",)
    assert audits.audits["B"].status == "consistent"


def test_rows_that_cannot_be_used_are_named_and_the_others_audited(tmp_path: Path):
    path = _table(tmp_path, HEAD + "A,136,62,2:1,0.84,0.66,1.07,95,14.9,\nB,100,100,,0.70,0.52,0.94,95,,180\n")
    audits = audit_many(read_published_table(path))
    assert list(audits.audits) == ["B"]
    (problem,) = audits.refused["A"].problems
    assert problem.where == f"{path}:2"
    assert "P is 14.9" in problem.message


def test_columns_are_checked(tmp_path: Path):
    with pytest.raises(DataError, match="has no column n_control, hr"):
        read_published_table(_table(tmp_path, "trial,n_experimental\nA,1\n"))
    with pytest.raises(PublishedFileError, match="unknown column 'hazard'"):
        read_published_table(_table(tmp_path, HEAD.strip() + ",hazard\n"))
    with pytest.raises(DataError, match="cannot be read as a table"):
        read_published_table(tmp_path / "none.csv")


def test_a_table_separated_by_semicolons_is_said_to_be_so(tmp_path: Path):
    table = tmp_path / "trials.csv"
    for text in ("trial;n_experimental;n_control;hr\nA;100;100;0,80\n", "trial;n_control\nA;100\n"):
        table.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match="separated by semicolons") as caught:
            read_published_table(table)
        assert caught.value.code == "file-unreadable"
        assert "0.80, not 0,80" in caught.value.hint
