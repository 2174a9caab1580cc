"""The table of citations."""

import re

import pytest

from equipoise.citations import CITATIONS, citation


@pytest.mark.parametrize("method", sorted(CITATIONS))
def test_an_entry_names_authors_a_year_and_a_place(method):
    text = citation(method)
    assert re.match(r"\w[^.]+\. \S", text), text
    assert re.search(r"\b(18|19|20)\d\d\b", text), text
    assert re.search(r"\d+-\d+\b|doi:", text), text


def test_a_doi_stands_once():
    dois = [doi for text in CITATIONS.values() for doi in re.findall(r"doi:(\S+)", text)]
    assert all(doi.startswith("10.") for doi in dois)
    assert len(dois) > 0


def test_an_id_without_a_paper():
    with pytest.raises(KeyError, match="made-up"):
        citation("made-up")


def test_the_table_is_frozen():
    with pytest.raises(TypeError, match="does not support item assignment"):
        CITATIONS["made-up"] = "paper"  # pyright: ignore[reportIndexIssue]
