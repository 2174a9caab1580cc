"""Laws of rules over random trees and random rows: one meaning, whether read row by row or by polars."""

import polars as pl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from equipoise.errors import ExpressionError
from equipoise.protocol import parse_expression

NUMBERS = ("age", "nodes")
TEXTS = ("sex", "stage")
SIGNS = ("==", "!=", "<", "<=", ">", ">=")

numbers = st.integers(-3, 3).map(float) | st.sampled_from([0.5, 1e3, -0.25])
texts = st.sampled_from(["F", "M", "", "and", "IV", "é"])


def _number(value: float) -> str:
    return f"{value:g}"


def _text(value: str) -> str:
    return f"'{value}'"


def _listing(members: list[str]) -> str:
    return f"[{', '.join(members)}]"


def _conditions(names: tuple[str, ...], literal: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    name = st.sampled_from(names)
    sides = st.tuples(name, literal) | st.tuples(literal, name) | st.tuples(name, name) | st.tuples(literal, literal)
    compared = st.builds(lambda pair, sign: f"{pair[0]} {sign} {pair[1]}", sides, st.sampled_from(SIGNS))
    word = st.sampled_from(["in", "not in"])
    member = st.builds(
        lambda n, w, found: f"{n} {w} {_listing(found)}", name, word, st.lists(literal, min_size=1, max_size=3)
    )
    known = st.builds(lambda n, w: f"{n} {w}", name, st.sampled_from(["is known", "is not known"]))
    return compared | member | known


leaves = (
    _conditions(NUMBERS, numbers.map(_number))
    | _conditions(TEXTS, texts.map(_text))
    | st.sampled_from(["true", "false"])
)


def _junctions(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = parts.map(lambda text: f"({text})") | parts
    joined = st.builds(
        lambda found, word: f" {word} ".join(found),
        st.lists(inner, min_size=2, max_size=3),
        st.sampled_from(["and", "or"]),
    )
    compared = st.builds(lambda a, b, sign: f"({a}) {sign} ({b})", parts, parts, st.sampled_from(["==", "!="]))
    known = st.builds(lambda a, word: f"({a}) {word}", parts, st.sampled_from(["is known", "is not known"]))
    return joined | parts.map(lambda text: f"not ({text})") | compared | known


rules = st.recursive(leaves, _junctions, max_leaves=8)
rows = st.fixed_dictionaries(
    {
        **dict.fromkeys(NUMBERS, st.none() | numbers),
        **dict.fromkeys(TEXTS, st.none() | texts),
    }
)
SCHEMA = {**dict.fromkeys(NUMBERS, pl.Float64), **dict.fromkeys(TEXTS, pl.String)}


@given(rules, st.lists(rows, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_polars_and_rows_agree(text, patients):
    rule = parse_expression(text)
    row_by_row = [rule.evaluate(patient) for patient in patients]
    frame = pl.DataFrame(patients, schema=SCHEMA)
    at_once = frame.with_columns(rule.to_polars().alias("met")).get_column("met").to_list()
    assert at_once == row_by_row


def _de_morgan(a: str, b: str) -> tuple[tuple[str, str], ...]:
    return (
        (f"not (({a}) and ({b}))", f"not ({a}) or not ({b})"),
        (f"not (({a}) or ({b}))", f"not ({a}) and not ({b})"),
        (f"({a}) and ({b})", f"({b}) and ({a})"),
        (f"({a}) or ({b})", f"({b}) or ({a})"),
        (f"not not ({a})", a),
    )


@given(rules, rules, rows)
@settings(deadline=None)
def test_kleene_logic_keeps_de_morgan(a, b, patient):
    for left, right in _de_morgan(a, b):
        assert parse_expression(left).evaluate(patient) is parse_expression(right).evaluate(patient)


@given(rules, rows, st.sampled_from([*NUMBERS, *TEXTS]))
@settings(deadline=None)
def test_learning_a_value_never_turns_a_decided_rule_without_is_known(text, patient, name):
    """Strong Kleene logic is monotone: what is decided with a value unknown stays so whatever the value is."""
    assume("known" not in text)
    rule = parse_expression(text)
    decided = rule.evaluate({**patient, name: None})
    if decided is not None:
        assert rule.evaluate(patient) is decided


@given(rules)
def test_names_are_those_of_the_text(text):
    names = [name.name for name in parse_expression(text).names]
    assert len(names) == len(set(names))
    assert set(names) <= {*NUMBERS, *TEXTS}
    assert all(text[name.column :].startswith(name.name) for name in parse_expression(text).names)


@given(st.text(alphabet="ab_ ()[]=<>!,.'\"0123456789-andorntisk", max_size=40) | st.text(max_size=20))
@settings(max_examples=400)
def test_any_text_is_a_rule_or_an_explained_error(text):
    refused = _refusal(text)
    if refused is None:
        assert parse_expression(text).evaluate({}) in (True, False, None)
    else:
        assert refused.code == "expression-invalid"
        assert 0 <= int(str(refused.rows[0]["column"])) <= len(text)


def _refusal(text: str) -> ExpressionError | None:
    try:
        parse_expression(text)
    except ExpressionError as refused:
        return refused
    return None
