"""Every estimator of `equipoise.analysis` is proven by hand and against another source, documented, and cited."""

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import equipoise.analysis
from equipoise.citations import CITATIONS

ROOT = Path(__file__).parents[2]
ESTIMATORS = sorted(
    name
    for name in equipoise.analysis.__all__
    if inspect.isfunction(getattr(equipoise.analysis, name)) and not name.startswith("_")
)

# (estimator, what it lacks) -> why. An entry that is not needed any more fails the test.
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("baseline_summary", "truth"): "worked by hand in tests/analysis/test_descriptive_summaries.py",
    ("flow_counts", "truth"): "worked by hand in tests/analysis/test_descriptive_summaries.py",
    ("adverse_event_rates", "parity"): "counts of subjects with the intervals of rate_interval, which are compared",
    ("reverse_kaplan_meier", "parity"): "kaplan_meier of the reversed event, which is compared",
    ("median_difference", "parity"): "R has none: the medians and limits it is made from are compared",
    ("baseline_summary", "parity"): "counts, means and quantiles: worked by hand, nothing to converge or to choose",
    ("flow_counts", "parity"): "counts of subjects: worked by hand",
    ("two_by_two", "parity"): "counts of subjects: worked by hand",
    ("from_counts", "parity"): "equality with one row per subject, which is compared: tests/properties",
    ("from_counts", "source"): "it hands rows to the estimators, whose own docstrings name their papers",
    ("pool_strata", "parity"): "a rule of this project: worked by hand",
    ("pool_strata", "source"): "a rule of this project",
    ("two_by_two", "source"): "counts of subjects have no paper",
    ("baseline_summary", "source"): "means and quantiles have no paper",
    ("flow_counts", "source"): "counts of subjects have no paper",
    ("baseline_summary", "page"): "descriptive numbers: docs/results.md lists them",
    ("flow_counts", "page"): "counts of subjects: docs/results.md lists them",
}


def _mentioned(name: str, *folders: str) -> bool:
    """Whether a test file of the folders calls the estimator, or takes it as an argument."""
    word = re.compile(rf"\b{name}\b")
    for folder in folders:
        for path in sorted((ROOT / folder).glob("*.py")):
            text = path.read_text(encoding="utf-8")
            imported = "equipoise.analysis" in text or "equipoise import" in text
            if imported and len(word.findall(text)) > 1:
                return True
    return False


def _function(name: str) -> Callable[..., object]:
    return getattr(equipoise.analysis, name)


def _page(name: str) -> bool:
    word = re.compile(rf"\b{name}\b")
    return any(word.search(path.read_text(encoding="utf-8")) for path in (ROOT / "docs/methods").glob("*.md"))


CHECKS: dict[str, Callable[[str], bool]] = {
    "truth": lambda name: _mentioned(name, "tests/truth"),
    "parity": lambda name: _mentioned(name, "tests/parity", "tests/published"),
    "page": _page,
    "source": lambda name: "Source:" in (_function(name).__doc__ or ""),
}


def test_there_are_estimators():
    assert {"kaplan_meier", "logrank", "cox", "rate_difference"} <= set(ESTIMATORS)


@pytest.mark.parametrize("lacking", CHECKS)
@pytest.mark.parametrize("name", ESTIMATORS)
def test_estimator_is_proven_documented_and_sourced(name: str, lacking: str):
    excepted = (name, lacking) in EXCEPTIONS
    assert CHECKS[lacking](name) != excepted, f"{name}: {lacking}{' is there now: drop the exception' * excepted}"


def test_exceptions_name_estimators_and_reasons():
    assert all(name in ESTIMATORS and lack in CHECKS and reason for (name, lack), reason in EXCEPTIONS.items())


def _method_ids(name: str) -> set[str]:
    """Ids given to `method=` in the estimator's module, and the choices named METHODS or TESTS there."""
    tree = ast.parse(Path(inspect.getfile(_function(name))).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "method" and isinstance(node.value, ast.Constant):
            found.add(str(node.value.value))
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(t, ast.Name) and t.id in ("METHODS", "TESTS") for t in targets):
            value = node.value
            elements = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
            found |= {e.value for e in elements if isinstance(e, ast.Constant) and isinstance(e.value, str)}
    return found - {"None"}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_method_id_of_an_estimator_is_cited(name: str):
    assert sorted(_method_ids(name) - set(CITATIONS)) == []


def test_method_ids_are_found():
    assert {"newcombe", "miettinen-nurminen", "sato"} <= _method_ids("rate_difference")
    assert {"fisher", "chi-square"} <= _method_ids("rate_test")
