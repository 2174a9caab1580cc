"""Budgets: short files, short functions, no drawers for odds and ends, checked messages."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

CHECKING_WORDS = ("assert", "expect", "check", "same", "agree")
FILE_LINES = 500
FUNCTION_LINES = 40
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc"}

# path or path::function -> why it may be longer. An entry that is not needed any more fails the test.
EXCEPTIONS: dict[str, str] = {}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _over_budget() -> dict[str, int]:
    found = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > FILE_LINES:
            found[_name(path)] = lines
        for function in _functions(ast.parse(text)):
            if _body_lines(function) > FUNCTION_LINES:
                found[f"{_name(path)}::{function.name}"] = _body_lines(function)
    return found


def test_files_and_functions_keep_their_budget():
    assert {name: size for name, size in _over_budget().items() if name not in EXCEPTIONS} == {}


def test_exceptions_to_a_budget_are_needed_and_reasoned():
    over = _over_budget()
    assert all(name in over and reason for name, reason in EXCEPTIONS.items())


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=_name)
def test_no_drawer(path: Path):
    assert not DRAWERS & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}


def test_every_expected_exception_checks_its_message():
    unchecked = []
    for path in TESTS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.With):
                unchecked += [f"{_name(path)}:{node.lineno}" for item in node.items if _is_unchecked(item, node)]
    assert unchecked == []


def _is_unchecked(item: ast.withitem, block: ast.With) -> bool:
    """A `pytest.raises` without `match=` whose caught error is not looked at afterwards either."""
    call = item.context_expr
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "raises"):
        return False
    return not any(keyword.arg == "match" for keyword in call.keywords) and item.optional_vars is None and bool(block)


def test_test_files_have_unique_names():
    names = [path.name for path in TESTS if path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_every_test_asserts_or_expects():
    """A test without an assertion cannot fail."""
    empty = []
    for path in TESTS:
        functions = _functions(ast.parse(path.read_text(encoding="utf-8")))
        tests = [function for function in functions if function.name.startswith("test_")]
        empty += [f"{_name(path)}::{test.name}" for test in tests if not _checks_something(test)]
    assert empty == []


def _checks_something(function: ast.AST) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("raises", "fail", "warns") or name.lstrip("_").startswith(CHECKING_WORDS):
                return True
    return False
