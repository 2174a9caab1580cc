"""The rooms import downward only; a new room declares its floor."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

HEAVY = ("numpy", "scipy", "polars", "pandas", "numba", "matplotlib", "pydantic", "rich", "jinja2", "ruamel")


def _modules_after(code: str) -> set[str]:
    listing = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_import_contracts_hold():
    done = subprocess.run(["lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_every_room_has_a_floor():
    """import-linter's exhaustive layers would miss a room only if it were no package."""
    rooms = [path for path in (ROOT / "src/equipoise").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert all((room / "__init__.py").is_file() for room in rooms)


def test_import_of_the_package_is_light():
    assert not _modules_after("import equipoise") & set(HEAVY)


def test_the_command_line_starts_light():
    assert not _modules_after("import equipoise.cli") & set(HEAVY)


def test_no_front_door_name_equals_a_room():
    import equipoise

    rooms = {path.name for path in (ROOT / "src/equipoise").iterdir() if path.is_dir()}
    assert not set(equipoise.__all__) & rooms


def test_front_door_names_are_documented_functions():
    import inspect

    import equipoise

    for name in equipoise.__all__:
        verb = getattr(equipoise, name)
        assert inspect.isfunction(verb), name
        assert inspect.getdoc(verb), name
        assert all(p.annotation is not inspect.Parameter.empty for p in inspect.signature(verb).parameters.values())
