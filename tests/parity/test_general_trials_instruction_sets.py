"""The general engine gives the same bits for any instruction set: the oldest, AVX2 with FMA, this processor's."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from equipoise.kernels.compiled import general_trials
from equipoise.kernels.plain.general_spec import field_count
from made_up_general_trials import scenarios

SETS = {"x86-64": "", "haswell": "+avx2,+fma"}


def digest() -> str:
    """The digest of draws and statistics of every scenario."""
    found = hashlib.sha256()
    for trial in scenarios().values():
        out = np.empty((field_count(trial.spec), len(trial.spec.base.look_latest), 200))
        general_trials.simulate_chunk(trial, 3, 0, 200, out)
        found.update(out.tobytes())
        for values in general_trials.draw_histories(trial, 3, 0, 50):
            found.update(values.tobytes())
    return found.hexdigest()


@pytest.mark.slow
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the sets named here are those of x86-64 processors")
@pytest.mark.parametrize("name", SETS)
def test_bits_do_not_depend_on_the_instruction_set(name, tmp_path):
    here = Path(__file__)
    program = f"import runpy; print(runpy.run_path({str(here)!r})['digest']())"
    chosen = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": SETS[name], "NUMBA_CACHE_DIR": str(tmp_path)}
    path = os.pathsep.join([str(here.parents[1] / "made_up"), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | chosen | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == digest()
