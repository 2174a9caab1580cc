"""`equipoise warm`: what it compiles is what is looked for later, it says so, and it finds nothing to do twice."""

import json
import os
import subprocess
import sys

import pytest

import equipoise as eq
from equipoise.errors import ArgumentError

DRAWS = """
import equipoise as eq
from equipoise.kernels import compilation
eq.simulate("palmira", trials=2048, seed=2)
print(compilation.compiled_so_far())
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A cache of its own."""
    return os.environ | {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("cache"))}


def called(environment, *arguments):
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True)


def test_what_is_compiled_is_found_again(environment):
    first = json.loads(called(environment, "-m", "equipoise", "warm", "simulation", "--json").stdout)
    assert first["format"] == "equipoise.warm/1"
    assert first["compiled"] > 5
    assert first["cache"] == environment["NUMBA_CACHE_DIR"]
    assert [part["part"] for part in first["parts"]] == ["simulation"]
    assert called(environment, "-c", DRAWS).stdout == "0\n"
    again = called(environment, "-m", "equipoise", "warm", "simulation")
    assert "nothing to do" in again.stdout
    assert f"kept in {environment['NUMBA_CACHE_DIR']}" in again.stdout


def test_a_cold_cache_is_told_of_when_somebody_watches(tmp_path, monkeypatch, capsys):
    from equipoise.cli import app
    from equipoise.kernels import compilation

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with compilation.announced(app._say_compiling):
        compilation.began("a kernel")
        compilation.began("another")
    compilation.began("out of turn")
    assert capsys.readouterr().err.count("equipoise warm") == 1


def test_an_unknown_part_is_refused_with_those_there_are(equipoise_command):
    said = equipoise_command("warm", "simulations")
    assert said.status == 2
    assert "did you mean 'simulation'" in said.err


def test_python_says_the_same():
    from equipoise.workflow.warming import parts_to_warm

    found = eq.warm(["randomization"])
    assert [part.purpose for part in found.parts] == [parts_to_warm()["randomization"]]
    assert found.seconds >= 0.0
    assert found.cache.is_dir()
    with pytest.raises(ArgumentError, match="there is no part 'x'"):
        eq.warm(["x"])
