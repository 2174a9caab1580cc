"""A trial-sized analysis loads neither the compiler nor a frame library: it would cost more than the analysis."""

import subprocess
import sys

PROGRAM = """
import sys
from equipoise.analysis import adverse_event_rates, cox, kaplan_meier, logrank
time, event, arm = [float(i % 40 + 1) for i in range(198)], [i % 5 > 0 for i in range(198)], ["C", "E", "E"] * 66
kaplan_meier(time, event, group=arm).to_rows()
logrank(time, event, arm, reference="C", strata=[i % 4 for i in range(198)]).to_rows()
cox(time, event, arm, reference="C").to_rows()
cox(time, event, {"x": [float(i * 37 % 101) for i in range(198)], "arm": arm}).to_rows()
adverse_event_rates(["1"], ["Rash"], [2], ["C"], {"C": 66, "E": 132}).to_rows()
print(*sorted({"numba", "scipy", "pandas", "polars", "narwhals", "matplotlib"} & set(sys.modules)))
"""


def test_small_analyses_stay_light():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr
