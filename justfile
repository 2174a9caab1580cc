# The contributor's menu; `just` lists it.

default:
    @just --list

# Everything the test run holds, quick ones only
test:
    uv run pytest

# Tests that take minutes
test-slow:
    uv run pytest -m slow

# Format, lint, types, imports
check:
    uv run ruff format .
    uv run ruff check --fix .
    uv run basedpyright
    uv run lint-imports

# Write the JSON Schema of the trial file, and copy the built-in trials to examples/
schema:
    uv run python tools/sync.py

# Take the newest versions the requirements allow, and pin them exactly in pyproject.toml
pins:
    uv run --no-sync python tools/pins.py

# Time ourselves against the peers
bench:
    uv run python benchmarks/startup.py
    uv run python benchmarks/journey.py
    uv run python benchmarks/analysis_small.py
    uv run python benchmarks/analysis_large.py
    uv run python benchmarks/rerandomization.py

# The demo
demo:
    uv run equipoise demo
