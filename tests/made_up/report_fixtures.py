"""Fixtures for tests of reports: made-up rows of the built-in trials."""

from __future__ import annotations

import pytest

import made_up_results


@pytest.fixture(scope="session")
def made_up():
    """The module of made-up rows: `made_up.palmira_results()` and its parts."""
    return made_up_results


@pytest.fixture(scope="session")
def palmira():
    from equipoise.protocol import load_trial

    return load_trial("palmira")


@pytest.fixture(scope="session")
def gbsg2():
    from equipoise.protocol import load_trial

    return load_trial("gbsg2")


@pytest.fixture(scope="session")
def palmira_results(made_up):
    return made_up.palmira_results()


@pytest.fixture(scope="session")
def gbsg2_results(made_up):
    return made_up.gbsg2_results()


@pytest.fixture(scope="session")
def provenance(made_up):
    return made_up.palmira_provenance()
