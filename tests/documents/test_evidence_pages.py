"""The numbers in the pages on pooling and assurance are those that the code beside them gives."""

import doctest
from pathlib import Path

import pytest

METHODS = Path(__file__).parents[2] / "docs/methods"


@pytest.mark.parametrize("page", ["pooling.md", "assurance.md"])
def test_code_of_the_page_gives_its_numbers(page: str):
    failed, tried = doctest.testfile(str(METHODS / page), module_relative=False)
    assert tried > 3
    assert failed == 0
