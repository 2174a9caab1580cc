"""Pin every dependency exactly, as `[tool.uv] constraint-dependencies` of pyproject.toml.

A lock file names the host of the registry it was made with, so none is committed; the constraints say the same of
versions. This takes the old ones out, lets uv resolve to the newest versions allowed, and writes what it found.
"""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
START, END = "# pins: written by tools/pins.py", "# end of pins"


def main() -> None:
    file = ROOT / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    block = re.compile(rf"{START}\n.*?{END}\n", flags=re.DOTALL)
    file.write_text(block.sub(f"{START}\n{END}\n", text), encoding="utf-8")
    try:
        subprocess.run(["uv", "lock", "--upgrade"], cwd=ROOT, check=True)
        locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
        pins = sorted({f"{p['name']}=={p['version']}" for p in locked if p["name"] != "equipoise"})
    except BaseException:
        file.write_text(text, encoding="utf-8")
        raise
    names = [pin.split("==")[0] for pin in pins]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        file.write_text(text, encoding="utf-8")
        raise SystemExit(f"resolved to more than one version, so that no exact pin exists: {', '.join(twice)}")
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    written = f"{START}\nconstraint-dependencies = [\n{lines}]\n{END}\n"
    file.write_text(block.sub(written, text), encoding="utf-8")


if __name__ == "__main__":
    main()
