"""Audits: one in a process that has them loaded, 10,000 in one process, and the command from a cold start.

Goals: one under 0.2 s, 10,000 under 60 s (without the search for a feasible data set). Processor time, best of three.
"""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "validation"))
from honest_trials import draw_honest

from equipoise.evidence import PublishedTrial, audit_many, audit_trial, read_published

MANY, ROUNDS = 10_000, 3
DISTINCT = 500


def main() -> None:
    began = time.process_time()
    audit_trial(read_published("palmira"), deep=False)
    print(f"first audit, PALMIRA from its file        {1e3 * (time.process_time() - began):8.1f} ms")
    seconds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        audit_trial(read_published("palmira"), deep=False)
        seconds.append(time.process_time() - began)
    print(f"another                                   {1e3 * min(seconds):8.1f} ms")
    printed = [draw_honest(k).printed for k in range(DISTINCT)]
    began = time.process_time()
    trials = [PublishedTrial.model_validate(printed[k % DISTINCT]) for k in range(MANY)]
    validated = time.process_time() - began
    began = time.process_time()
    audits = audit_many(trials)
    print(f"{MANY:,} audits of {DISTINCT} made-up papers      {time.process_time() - began:8.1f} s "
          f"and {validated:.1f} s to validate them; {len(audits.flagged)} flagged")  # fmt: skip
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "equipoise", "audit", "pace"], check=True, capture_output=True)
    print(f"equipoise audit pace, a new process       {1e3 * (time.perf_counter() - began):8.0f} ms (elapsed)")


if __name__ == "__main__":
    main()
