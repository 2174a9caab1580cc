"""Bring the committed copies up to date: the JSON Schema of the trial file, and examples/."""

from pathlib import Path

from equipoise.protocol import builtin_names, builtin_text, render_schema

ROOT = Path(__file__).parents[1]


def main() -> None:
    (ROOT / "src/equipoise/protocol/trial.schema.json").write_text(render_schema(), encoding="utf-8")
    for name in builtin_names():
        (ROOT / "examples" / f"{name}.yaml").write_text(builtin_text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
