"""The CUDA kernel beside the law: in numba's simulator always, as machine code for a device that need not be there, and
on a device where there is one."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from equipoise.errors import ArgumentError, MissingExtraError
from equipoise.kernels.device import presence
from equipoise.kernels.dispatch import simulate_chunk
from equipoise.kernels.plain.trial_spec import FIELDS
from equipoise.simulation import operating
from equipoise.simulation.operating import simulate
from equipoise.simulation.trial_runs import Work
from imagined_trials import general_model, small_model
from lane_trials import SEED, TRIALS

MADE_UP = Path(__file__).parents[1] / "made_up"

needs_extra = pytest.mark.skipif(
    not presence.installed() and sys.platform == "darwin", reason="numba-cuda has no build for macOS"
)
needs_device = pytest.mark.skipif(not presence.present(), reason="no CUDA device here: only run where there is one")


@pytest.fixture(scope="module")
def simulated() -> dict:
    done = subprocess.run(
        [sys.executable, str(MADE_UP / "device_trials.py")],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1", "PYTHONPATH": str(MADE_UP)},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@needs_extra
def test_the_law_in_the_simulator_of_a_device(simulated):
    cases = simulated["cases"]
    assert {case["name"] for case in cases} == set(TRIALS)
    assert [case["name"] for case in cases if case["unequal"] or not case["alike"]] == []
    assert max(case["difference"] for case in cases) < 1e-10
    assert sum(case["finite"] for case in cases) > 500


@needs_extra
def test_the_compiled_engines_in_the_simulator_of_a_device(simulated):
    lanes, general = simulated["compiled"]
    assert lanes["unequal"] == general["unequal"] == []
    assert lanes["difference"] < 1e-5
    assert general["difference"] < 1e-10


@needs_extra
def test_a_whole_simulation_in_the_simulator_of_a_device(simulated):
    assert simulated["result"]["engines"] == ["plain", "cuda"]
    assert simulated["result"]["equal"] == [True] * 4
    assert simulated["result"]["sums"] < 1e-9


def _compiler_is_here() -> bool:
    parts = ("nvidia.cuda_nvcc", "nvidia.cuda_nvrtc")
    return presence.installed() and find_spec("nvidia") is not None and all(find_spec(part) for part in parts)


@pytest.mark.skipif(not _compiler_is_here(), reason="the compiler is not here: `uv run --extra gpu pytest` brings it")
def test_the_kernel_compiles_for_a_device_without_fused_products(monkeypatch, tmp_path):
    """Machine code for compute capability 9.0. Products of 32-bit floats are rounded: else draws were other draws."""
    import nvidia.cuda_nvcc  # pyright: ignore[reportMissingImports]
    from numba import cuda, typeof, types

    from equipoise.kernels.device import trial_kernel

    # Functions that a kernel calls are compiled for the device at hand, which is asked what it is.
    device = SimpleNamespace(compute_capability=(9, 0))
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)
    tables = [
        typeof(np.ascontiguousarray(each)) if isinstance(each, np.ndarray) else types.float32
        for each in trial_kernel.tables_of(TRIALS["palmira"])
    ]
    signature = (*tables, *[types.uint64] * 3, types.uint32[:, ::1], types.float64[:, :, ::1])
    kernel = trial_kernel.simulate_trials.py_func
    ptx, _ = cuda.compile(kernel, signature, device=False, cc=(9, 0), output="ptx", abi="numba")
    operations = set(re.findall(r"\b(?:fma|mul|mad|div)[.\w]*\.f32\b", ptx))
    assert operations == {"mul.rn.f32", "div.rn.f32"}
    (tmp_path / "kernel.ptx").write_text(ptx, encoding="ascii")
    assembler = Path(next(iter(nvidia.cuda_nvcc.__path__))) / "bin" / "ptxas"
    done = subprocess.run(
        [str(assembler), "-v", "-arch=sm_90", "kernel.ptx", "-o", "kernel.cubin"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert "0 bytes spill stores, 0 bytes spill loads" in done.stderr
    registers = re.search(r"Used (\d+) registers", done.stderr)
    assert registers is not None
    assert int(registers.group(1)) <= 128


@needs_device
@pytest.mark.parametrize("name", sorted(TRIALS))
def test_the_law_on_a_device(name: str):
    spec, count = TRIALS[name], 300
    here, there = np.empty((2, len(FIELDS), len(spec.look_events), count))
    simulate_chunk(spec, SEED, 1000, count, here, engine="plain")
    simulate_chunk(spec, SEED, 1000, count, there, engine="cuda")
    np.testing.assert_array_equal(here[4:], there[4:])
    np.testing.assert_allclose(there[:4], here[:4], rtol=0, atol=1e-9)


@needs_device
def test_many_trials_on_a_device_have_the_same_bytes_in_any_division():
    found = [
        simulate(small_model(), trials=300_000, seed=3, engine="cuda", course=0, threads=threads, chunk=chunk).digest
        for threads, chunk in ((1, 262_144), (2, 65_536), (4, 1024))
    ]
    assert len(set(found)) == 1


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setattr(presence, "installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"extra-missing\].*numba-cuda(?s:.*)pip install 'equipoise\[gpu\]'"):
        simulate(small_model(), trials=100, seed=1, engine="cuda")


@pytest.mark.skipif(presence.present(), reason="there is a CUDA device here")
@needs_extra
def test_without_a_device_it_is_said(equipoise_command):
    said = equipoise_command("simulate", "palmira", "--trials", "1024", "--engine", "cuda")
    assert said.status == 2
    assert "[argument-invalid] the engine is 'cuda', and no CUDA device is to be found here" in said.err


def test_a_trial_that_does_not_fit_is_said(monkeypatch):
    monkeypatch.setattr(presence, "installed", lambda: True)
    monkeypatch.setattr(presence, "present", lambda: True)
    with pytest.raises(ArgumentError, match="the engine is 'cuda', which does not run trials of this kind"):
        simulate(general_model(), trials=100, seed=1, engine="cuda")
    for spec in (TRIALS["palmira"]._replace(strata=5), TRIALS["palmira"]._replace(patients=8193)):
        assert not presence.takes(spec)
    assert all(presence.takes(spec) for spec in TRIALS.values())


def test_a_device_is_taken_for_large_simulations_that_fit(monkeypatch):
    monkeypatch.setattr(presence, "present", lambda: True)
    chosen = [
        operating._on_device(Work.of(model, 1, engine, cox=True, medians=True), trials).engine
        for model, engine, trials in (
            (small_model(), "auto", 1_000_000), (small_model(), "auto", 999_999), (small_model(), "lanes", 1_000_000),
            (general_model(), "auto", 1_000_000),
        )
    ]  # fmt: skip
    assert chosen == ["cuda", "auto", "lanes", "auto"]


def test_without_a_device_nothing_changes(monkeypatch):
    monkeypatch.setattr(presence, "present", lambda: False)
    work = Work.of(small_model(), 1, "auto", cox=True, medians=True)
    assert operating._on_device(work, 10_000_000) is work
