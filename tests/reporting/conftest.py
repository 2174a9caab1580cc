from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def _made_up():
    name = "equipoise_made_up_results"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).parent / "made_up_results.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def made_up():
    """The fixture module: `made_up.palmira_results()` and its parts."""
    return _made_up()


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
