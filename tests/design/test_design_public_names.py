"""The public names of the room: loaded when asked for, each the thing itself and not the module that holds it."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import equipoise.design as room


@pytest.mark.parametrize("name", room.__all__)
def test_name_is_no_module(name: str) -> None:
    assert not isinstance(getattr(room, name), ModuleType)


def test_no_public_name_is_a_module_of_the_room() -> None:
    # Importing the module would put it in the place of the function of the same name.
    modules = {path.stem for path in Path(room.__file__).parent.glob("*.py")}
    assert not modules & set(room.__all__)


def test_a_name_is_found_before_and_after_its_module_was_loaded() -> None:
    program = (
        "from equipoise.design.plan import plan_design\n"
        "from equipoise.design import group_sequential, sequential_trial\n"
        "print(callable(group_sequential), callable(sequential_trial))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'groupsequential'"):
        room.groupsequential  # noqa: B018
