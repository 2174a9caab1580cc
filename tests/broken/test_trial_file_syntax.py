"""Trial files that are no trial files: broken YAML, other shapes, other encodings, garbage."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.cli.app import main
from equipoise.errors import TrialFileError
from equipoise.protocol import Trial, builtin_text, load_trial, parse_trial, read_trial_file

STARTER = builtin_text("starter")


def _refused(text: str) -> TrialFileError:
    with pytest.raises(TrialFileError, match="trial.yaml") as caught:
        parse_trial(text)
    return caught.value


@pytest.mark.parametrize(
    ("old", "new", "message", "where"),
    [
        ("  id: MYTRIAL", "\tid: MYTRIAL", r"found character '\t' that cannot start any token", "8:1"),
        ("text: Another active", "text: 'Another active", None, None),
        (
            "  phase: II ",
            "  phase: II\n  phase: III ",
            'found duplicate key "phase" with value "III" (original value: "II")',
            "11:3",
        ),
        ("  title: An experimental", "  title: Aim: An experimental", "mapping values are not allowed here", "9:13"),
        ("arms:\n", "arms:\n- a\n ", None, None),
        ("strata: [stage]", "strata: [stage", None, None),
        ("strata: [stage]", "strata: *stage", "found undefined alias 'stage'", "41:11"),
        ("\ntrial:\n", "\n---\ntrial:\n", "but found another document", "7:1"),
        (
            "enrollment: 150",
            "enrollment: 150\n  first_enrollment: 2019-02-30",
            "'2019-02-30' cannot be read: day is out of range for month",
            "15:21",
        ),
        (
            "enrollment: 150",
            "enrollment: !!int many",
            "'many' cannot be read: invalid literal for int() with base 10: 'many'",
            "14:15",
        ),
        ("  stage: {label: Dis", "  ? stage: {label: Dis", "a key is a word, not a list or mapping", "22:5"),
        ("id: MYTRIAL", "id: MY\x00TRIAL", "the file holds the control character U+0000", "8:9"),
        ("id: MYTRIAL", "id: MY\x1bTRIAL", "the file holds the control character U+001B", "8:9"),
    ],
)
def test_broken_yaml(old, new, message, where):
    assert old in STARTER
    error = _refused(STARTER.replace(old, new, 1))
    assert error.code == "trial-file-syntax"
    assert error.message == "trial.yaml is not valid YAML"
    assert error.hint
    (problem,) = error.problems
    assert str(problem.where).startswith("trial.yaml:")
    assert problem.excerpt is not None
    assert message is None or (problem.message, problem.where) == (message, f"trial.yaml:{where}")


def test_a_control_character_is_not_sent_to_the_terminal():
    (problem,) = _refused(STARTER.replace("id: MYTRIAL", "id: MY\x1b[31mTRIAL", 1)).problems
    assert problem.excerpt is not None
    assert problem.excerpt.startswith("  id: MY\N{REPLACEMENT CHARACTER}[31mTRIAL")


def test_an_unclosed_quote_shows_a_line_near_it():
    (problem,) = _refused(STARTER.replace("title: An", "title: 'An", 1)).problems
    assert str(problem.where).startswith("trial.yaml:")


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only a comment\n", "- a\n- list\n", "just text\n", "42\n", "null\n", "[]"]
)
def test_what_is_no_mapping(text):
    error = _refused(text)
    assert error.code == "trial-file-invalid"
    (problem,) = error.problems
    assert problem.message == "a trial file is a mapping of keys to values"
    assert problem.where == "trial.yaml:1:1"


def test_an_empty_mapping_lacks_every_needed_section():
    assert [problem.message for problem in _refused("{}").problems] == [
        "missing key 'equipoise'",
        "missing key 'trial'",
        "missing key 'arms'",
        "missing key 'analysis_sets'",
        "missing key 'endpoints'",
    ]


@pytest.mark.parametrize("text", ["a: " + "[" * 1200, "a: " + "{b: " * 1200])
def test_a_file_nested_beyond_reason(text):
    error = _refused(text)
    assert error.code == "trial-file-syntax"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("id: PFS", "id: [PFS]"),
        ("id: PFS", "id: {a: b}"),
        ("id: EXP", "id: [EXP]"),
        ("endpoint: PFS", "endpoint: [PFS]"),
        ("endpoint: PFS", "endpoint: {PFS: 1}"),
        ("default_for: [design,", "default_for: [[design], {a: b},"),
        ("strata: [stage]", "strata: [[stage]]"),
        ("strata: [stage]", "strata: [1, null, 2020-01-01]"),
        ("block_sizes: [3, 6]", f"block_sizes: [{'7' * 400}]"),
        ("block_sizes: [3, 6]", f"block_sizes: [{'7' * 5000}]"),
        ("block_sizes: [3, 6]", "block_sizes: {value: {value: 3}}"),
        ("ratio: 2", "ratio: .inf"),
        ("ratio: 2", "ratio: .nan"),
        ("enrollment: 150", "enrollment: !thing 150"),
        ("enrollment: 150", "enrollment: &loop [*loop]"),
        ("cycle: 28 days", "cycle: 1e999 days"),
        ("rule: age >= 18", "rule: " + "(" * 3000 + "age"),
        ("rule: age >= 18", "rule: " + "not " * 3000 + "age >= 18"),
        ("\narms:\n", "\narms:\nx:\n"),
        ("variables:\n", "variables: []\nx:\n"),
        ("role: control", "role: [control]"),
    ],
)
def test_values_of_any_shape_are_explained(old, new):
    assert old in STARTER
    error = _refused(STARTER.replace(old, new, 1))
    assert len(error.problems) > 0
    assert all(problem.where for problem in error.problems)


def test_merge_keys_and_anchors_are_read():
    text = STARTER.replace("cycle: 28 days", "cycle: &c 28 days\n  follow_up: *c")
    schedule = parse_trial(text).trial.schedule
    assert schedule.follow_up is not None
    assert schedule.follow_up.value == schedule.cycle
    merged = STARTER.replace("- {id: EXP,", "- &arm {id: EXP,").replace("- {id: CTL,", "- {<<: *arm, id: CTL,")
    assert parse_trial(merged).trial == parse_trial(STARTER).trial


def test_a_fault_in_a_merged_part_is_still_reported():
    text = STARTER.replace("- {id: EXP,", "- &arm {id: EXP, colour: red,").replace(
        "- {id: CTL,", "- {<<: *arm, id: CTL,"
    )
    assert [problem.message for problem in _refused(text).problems] == ["unknown key 'colour'"] * 2


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_utf_8(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes(STARTER.replace("MYTRIAL", "ESSAI_É").encode("latin-1"))
    with pytest.raises(TrialFileError, match=r"latin\.yaml is not UTF-8 text: byte \d+ is 0xC9") as caught:
        load_trial(path)
    assert caught.value.code == "trial-file-syntax"
    assert caught.value.hint == "save the file as UTF-8 in your editor"


@pytest.mark.parametrize(
    "encode", [lambda text: text.encode("utf-8-sig"), lambda text: text.replace("\n", "\r\n").encode()]
)
def test_files_as_windows_writes_them(tmp_path, encode):
    path = tmp_path / "windows.yaml"
    path.write_bytes(encode(STARTER))
    assert load_trial(path) == parse_trial(STARTER).trial
    path.write_bytes(encode(STARTER.replace("ratio: 1,", "ratio: 0,")))
    with pytest.raises(TrialFileError, match="1 problem") as caught:
        load_trial(path)
    place = caught.value.problems[0].where
    expected = _refused(STARTER.replace("ratio: 1,", "ratio: 0,")).problems[0].where
    assert str(place).removeprefix(str(path)) == str(expected).removeprefix("trial.yaml")


@pytest.mark.parametrize("name", ["palmria", "nowhere/trial.yaml", "x" * 5000, "a\x00b"])
def test_a_file_that_is_not_there(name):
    with pytest.raises(TrialFileError, match="there is no trial file") as caught:
        read_trial_file(name)
    assert caught.value.code == "trial-file-missing"
    assert "built-in trials: gbsg2, palmira" in str(caught.value.hint)
    if name == "palmria":
        assert str(caught.value.hint).startswith("did you mean 'palmira'?")


def test_a_near_miss_in_the_folder_is_named(tmp_path):
    (tmp_path / "mytrial.yaml").write_text(STARTER, encoding="utf-8")
    with pytest.raises(TrialFileError, match="there is no trial file") as caught:
        read_trial_file(tmp_path / "mytrail.yaml")
    assert str(caught.value.hint).startswith("did you mean 'mytrial.yaml'?")


def test_a_folder_is_no_trial_file(tmp_path):
    with pytest.raises(TrialFileError, match="there is no trial file"):
        read_trial_file(tmp_path)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "trial-file-invalid"), (b"\ta: 1", "trial-file-syntax"), (b"a: \xff", "trial-file-syntax")],
)
def test_the_command_line_stops_with_status_2(tmp_path: Path, capsys, content, code):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(SystemExit, match="2"):
        main(["check", str(path)])
    said = capsys.readouterr()
    assert said.out == ""
    assert f"error [{code}]" in said.err
    assert "Traceback" not in said.err


# -- garbage ---------------------------------------------------------------------------------------------------------


def _loads_or_explains(text: str) -> bool:
    """A trial, or a TrialFileError that prints; anything else that is raised fails the test."""
    try:
        return isinstance(parse_trial(text).trial, Trial)
    except TrialFileError as refused:
        return len(str(refused)) > 0 and all(problem.where for problem in refused.problems)


LINES = STARTER.splitlines()
TOKENS = ["[", "]", "{", "}", ":", ": ", "- ", "&a ", "*a", "!x ", "'", '"', "|", ">", "#", "\t", "0", "-1", ".nan"]
TOKENS += ["null", "true", "é", "\x07", "\u2028", "<<: ", "1e999", "2020-13-01", "~", "? ", "%", "@", "`", "  "]


@given(
    st.integers(0, len(LINES) - 1),
    st.integers(0, 120),
    st.integers(0, 12),
    st.sampled_from(TOKENS) | st.text(max_size=6),
)
@settings(max_examples=120, deadline=None)
def test_a_line_mutated_anywhere(line, column, cut, put):
    changed = list(LINES)
    column = min(column, len(changed[line]))
    changed[line] = changed[line][:column] + put + changed[line][column + cut :]
    assert _loads_or_explains("\n".join(changed) + "\n")


@given(
    st.lists(
        st.tuples(st.sampled_from(["drop", "twice", "swap"]), st.integers(0, len(LINES) - 2)), min_size=1, max_size=4
    )
)
@settings(max_examples=80, deadline=None)
def test_lines_dropped_doubled_and_swapped(acts):
    changed = list(LINES)
    for act, line in acts:
        line = min(line, len(changed) - 2)
        if act == "drop":
            del changed[line]
        elif act == "twice":
            changed.insert(line, changed[line])
        else:
            changed[line], changed[line + 1] = changed[line + 1], changed[line]
    assert _loads_or_explains("\n".join(changed) + "\n")


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(width=32)
    | st.sampled_from(["PFS", "ITT", "8 weeks", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "value", "kind", "ratio", "levels", "when", "0"]), inner, max_size=3)
    ),
    max_leaves=6,
)
SECTION = st.sampled_from([key for key in Trial.model_fields if key != "equipoise"])


@given(SECTION, junk, st.booleans())
@settings(max_examples=120, deadline=None)
def test_a_section_of_any_shape(section, value, listed):
    text = json.dumps([value] if listed else value).replace("NaN", ".nan").replace("Infinity", ".inf")
    assert _loads_or_explains("\n".join([*_without(section), f"{section}: {text}"]) + "\n")


def _without(section: str) -> list[str]:
    kept, inside = [], False
    for line in LINES:
        if line and not line.startswith((" ", "#")):
            inside = line.startswith(f"{section}:")
        if not inside:
            kept.append(line)
    return kept


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
@settings(max_examples=150, deadline=None)
def test_any_text_at_all(text):
    assert _loads_or_explains(text)
