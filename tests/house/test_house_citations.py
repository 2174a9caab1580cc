"""A method id that any room emits is in the table of citations, and every entry of the table is emitted."""

import ast
from pathlib import Path

from equipoise.citations import CITATIONS, citation

ROOT = Path(__file__).parents[2]
# Functions of numpy whose `method` is a rule of interpolation.
NUMPY_METHODS = {"quantile", "percentile"}


def _literals() -> set[str]:
    """Every text in the source, with the pieces of an f-string joined by a star."""
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        if path.parent.name == "citations":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            if isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "*" for p in node.values)
                found.add("".join(str(part) for part in parts))
    return found


def _emitted() -> set[str]:
    """Literals given to `method` in the source, keyword or dictionary key."""
    found: set[str] = set()
    for path in (ROOT / "src/equipoise").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") not in NUMPY_METHODS:
                given = [keyword.value for keyword in node.keywords if keyword.arg == "method"]
                found |= {str(value.value) for value in given if isinstance(value, ast.Constant)}
            if isinstance(node, ast.Dict):
                found |= {
                    str(value.value)
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "method" and isinstance(value, ast.Constant)
                }
    return found


def test_every_method_id_is_cited():
    assert sorted(_emitted() - {"None"} - set(CITATIONS)) == []


def test_every_citation_is_used():
    literals = _literals()
    families = {text.rstrip("*") for text in literals if text.endswith("-*")}
    unused = [m for m in CITATIONS if m not in literals and not any(m.startswith(f) for f in families)]
    assert unused == []


def test_citation_looks_up_the_paper():
    assert "1958" in citation("kaplan-meier")
