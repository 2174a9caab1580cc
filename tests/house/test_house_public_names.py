"""A room that loads its names when they are asked for offers exactly the names it says."""

import subprocess
import sys
from importlib import import_module

import pytest

LAZY = ("equipoise.design", "equipoise.evidence", "equipoise.reporting", "equipoise.simulation")


@pytest.mark.parametrize("room", LAZY)
def test_public_holds_the_names_of_the_room(room: str):
    names = import_module(room).__all__
    public = import_module(f"{room}.public")
    held = {name for name in vars(public) if not name.startswith("_")} - {"annotations"}
    assert sorted(held) == sorted(names)
    assert dir(import_module(room)) == sorted(names)
    assert [name for name in names if not hasattr(import_module(room), name)] == []


@pytest.mark.parametrize("room", LAZY)
def test_another_name_is_refused_as_python_does(room: str):
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = import_module(room).nothing


def test_the_design_of_a_trial_loads_no_more_than_it_needs():
    code = (
        "import sys; from equipoise.design.plan import plan_design; from equipoise.protocol import load_trial;"
        "plan_design(load_trial('palmira')).to_rows(); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "equipoise.design.trial_design" in loaded
    heavy = {
        "scipy",
        "numba",
        "polars",
        "narwhals",
        "matplotlib",
        "equipoise.design.public",
        "equipoise.design.prediction",
    }
    assert heavy & set(loaded) == set()
