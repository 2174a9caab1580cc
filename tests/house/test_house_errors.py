"""Every error code has its page, its place in the source, and a test that meets it."""

from pathlib import Path

import pytest

from equipoise.errors import CODES

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "errors"
SOURCE = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py") if p.name != "errors.py")
TESTS = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py") if p != Path(__file__))


@pytest.mark.parametrize("code", sorted(CODES))
def test_code_has_a_page(code: str):
    page = PAGES / f"{code}.md"
    assert page.is_file()
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {code}\n")
    for heading in ("## What happened", "## Why it matters", "## What to do"):
        assert heading in text


@pytest.mark.parametrize("code", sorted(CODES))
def test_code_is_raised_and_tested(code: str):
    assert f'"{code}"' in SOURCE
    assert code in TESTS


def test_every_page_is_a_code():
    assert {page.stem for page in PAGES.glob("*.md")} - {"README"} == set(CODES)
