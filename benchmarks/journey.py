"""The journeys as a user meets them, each in a fresh process and a fresh folder: first and later times, and sizes."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3


def _timed(arguments: list[str], folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "equipoise", *arguments], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        demo = [_timed(["demo"], folder) for _ in range(RUNS)]
        run = [_timed(["run", "palmira", "--sdtm", "runs/palmira-001/sdtm"], folder) for _ in range(RUNS)]
        analyze = [_timed(["analyze", "gbsg2"], folder) for _ in range(RUNS)]
        report = folder / "runs/palmira-001/report.html"
        print(f"equipoise demo            first {demo[0]:.1f} s, median {statistics.median(demo):.1f} s")
        print(f"equipoise run             first {run[0]:.1f} s, median {statistics.median(run):.1f} s")
        print(f"equipoise analyze gbsg2   first {analyze[0]:.1f} s, median {statistics.median(analyze):.1f} s")
        print(f"report.html               {report.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
