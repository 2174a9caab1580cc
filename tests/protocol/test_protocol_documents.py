"""The page on the trial file and the error pages say what is so: keys, permitted values, snippets, messages."""

import contextlib
import io
import itertools
import re
import typing
from pathlib import Path

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from equipoise.errors import CODES, EquipoiseError
from equipoise.protocol import Trial, builtin_text, load_trial, parse_expression, parse_trial
from equipoise.seeds import Stream

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "trial-file.md").read_text(encoding="utf-8")


def _models(annotation: object) -> set[type[BaseModel]]:
    """The models reachable from a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = (_models(field.annotation) for field in annotation.model_fields.values())
        return {annotation}.union(*inner)
    return set().union(*map(_models, typing.get_args(annotation)))


def _choices(annotation: object) -> set[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return {str(choice) for choice in typing.get_args(annotation)}
    return set().union(*map(_choices, typing.get_args(annotation)))


MODELS = sorted(_models(Trial), key=lambda model: model.__name__)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__.split("[")[0])
def test_every_key_and_choice_is_explained(model):
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    words = set(re.findall(r"`([a-z_0-9]+)`", prose)) | set(re.findall(r"`([a-z_]+):", prose))
    shown = set(re.findall(r"\b([a-z_]+):", "".join(re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL))))
    assert sorted(set(model.model_fields) - words - shown) == []
    plain = re.sub(r"[`*]", "", PAGE)
    for name, field in model.model_fields.items():
        missing = [
            text for text in _choices(field.annotation) if not re.search(rf"(?<!\w){re.escape(text)}(?!\w)", plain)
        ]
        assert missing == [], name


def test_the_three_forms_of_survival_are_shown():
    assert all(f"{form}:" in PAGE for form in ("median", "hazards", "hazard_ratio"))


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
def test_snippets_run(code):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "docs/trial-file.md", "exec"), {})
    printed = said.getvalue().splitlines()
    assert len(printed) > 0
    # what a comment says of a line is what the line prints
    promised = re.findall(r"# (True|False|None)", code)
    assert promised == printed[: len(promised)]


def test_yaml_snippets_are_trial_file():
    """Each shown section, put into the starter, is accepted."""
    snippets = [
        snippet for snippet in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL) if not snippet.startswith("#")
    ]
    yaml = YAML(typ="safe", pure=True)
    assert len(snippets) >= 5
    for snippet in snippets:
        tree = yaml.load(builtin_text("palmira"))
        ((section, shown),) = yaml.load(snippet).items()
        if section == "survival":
            tree["scenarios"][0]["survival"] = {"PFS": shown["PFS"]}
            tree["scenarios"][1]["survival"]["OS"]["ET"] = shown["OS"]["ET"]
        else:
            tree[section] = shown if isinstance(shown, list) else {**tree.get(section, {}), **shown}
        assert Trial.model_validate(tree).id == "PALMIRA"


def test_the_grammar_is_that_of_the_module():
    import equipoise.protocol.expressions as module

    (grammar,) = re.findall(r"```text\n(.*?)```", PAGE, flags=re.DOTALL)
    source = "\n".join(line.strip() for line in str(module.__doc__).splitlines())
    assert [line.strip() for line in grammar.strip().splitlines()] == [
        line for line in source.splitlines() if ":=" in line or line.startswith("|")
    ]


def test_the_truth_table_is_that_of_the_rules():
    rows = re.findall(r"^\| (true|false|unknown) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, flags=re.MULTILINE)
    words = {"true": True, "false": False, "unknown": None}
    states = {True: 1, False: 0, None: None}
    assert [(a, b) for a, b, *_ in rows] == list(itertools.product(words, words))
    for a, b, both, either, negated in rows:
        values = {"a": states[words[a]], "b": states[words[b]]}
        assert parse_expression("a == 1 and b == 1").evaluate(values) is words[both]
        assert parse_expression("a == 1 or b == 1").evaluate(values) is words[either]
        assert parse_expression("not a == 1").evaluate(values) is words[negated]


STARTER = builtin_text("starter")


def _invalid() -> None:
    text = STARTER.replace("role: control, ratio: 1", "role: contrl, ratio: 0").replace("[stage]\n\n", "[stge]\n\n", 1)
    parse_trial(text)


EXAMPLES = [
    ("trial-file-missing", lambda: load_trial("palmria")),
    ("trial-file-syntax", lambda: parse_trial(STARTER.replace("title: An", "title: Aim: an"))),
    ("trial-file-invalid", _invalid),
    ("expression-invalid", lambda: parse_expression("age > = 18")),
    ("expression-invalid", lambda: parse_expression("ecog == 0").evaluate({"ecog": "0"})),
    ("argument-invalid", lambda: load_trial("palmira").scenario("publishd")),
    ("argument-invalid", lambda: Stream(-1, "allocation")),
]


@pytest.mark.parametrize(("code", "act"), EXAMPLES, ids=[f"{k}-{code}" for k, (code, _) in enumerate(EXAMPLES)])
def test_examples_of_error_pages_are_what_is_printed(code, act):
    with pytest.raises(EquipoiseError, match=re.escape(f"[{code}]")) as caught:
        act()
    page = (DOCS / "errors" / f"{code}.md").read_text(encoding="utf-8")
    for line in f"error {caught.value}".splitlines():
        assert f"    {line}".rstrip() in page.splitlines()


@pytest.mark.parametrize("code", sorted(CODES))
def test_an_error_page_shows_a_message_with_its_code(code):
    page = (DOCS / "errors" / f"{code}.md").read_text(encoding="utf-8")
    happened = page.split("## What happened\n")[1].split("\n## ")[0]
    assert re.search(rf"^    (error )?\[{code}\] \S", happened, flags=re.MULTILINE)
    assert page.index("## What happened") < page.index("## Why it matters") < page.index("## What to do")
