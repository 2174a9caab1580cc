"""Start-up: `import equipoise` and `equipoise --help`, over a bare Python on the same machine, medians of 11."""

import statistics
import subprocess
import sys
import time

RUNS = 11
COMMANDS = {
    "bare python": [sys.executable, "-c", "pass"],
    "import equipoise": [sys.executable, "-c", "import equipoise"],
    "equipoise --help": [sys.executable, "-m", "equipoise", "--help"],
    "equipoise check palmira": [sys.executable, "-m", "equipoise", "check", "palmira"],
}


def main() -> None:
    # Alternating rounds, so that a slow moment of the machine falls on all alike; the first warms the disk cache.
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for round_ in range(RUNS + 1):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if round_ > 0:
                seconds[name].append(time.perf_counter() - began)
    bare = statistics.median(seconds["bare python"])
    for name, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{name:26}{median * 1000:8.0f} ms {(median - bare) * 1000:8.0f} ms over bare python")


if __name__ == "__main__":
    main()
