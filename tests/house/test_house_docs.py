"""Documents that cannot drift: what they say of commands, columns, files and numbers is asserted here."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from equipoise.frames.results import COLUMNS
from equipoise.protocol import builtin_names, builtin_text, render_schema
from equipoise.protocol.trial import Trial

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs/commands.md").read_text(encoding="utf-8")


def _tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def _commands() -> dict[str, list[str]]:
    """Each verb of the command line with its options."""
    import typer.main

    from equipoise.cli.app import app

    group = typer.main.get_command(app)
    return {
        name: [option for param in command.params for option in param.opts if option.startswith("--")]
        for name, command in group.commands.items()  # pyright: ignore[reportAttributeAccessIssue]
    }


def test_readme_shows_the_two_commands():
    assert "uv run equipoise demo" in README
    assert "uv run pytest" in README


def test_readme_example_runs(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(code.strip().splitlines()) <= 10
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "hazard" in done.stdout.lower() or "PFS" in done.stdout


def test_readme_links_resolve():
    for document in (README, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        targets = re.findall(r"\]\(([^)#]+)\)", document) + re.findall(r'(?:src|srcset)="([^"]+)"', document)
        missing = [t for t in targets if not t.startswith("http") and not (ROOT / t).exists()]
        assert missing == []


@pytest.mark.parametrize("verb", sorted(_commands()))
def test_commands_page_names_every_option(verb: str):
    section = re.search(rf"^## equipoise {verb}\n(.*?)(?=^## |\Z)", COMMANDS, flags=re.DOTALL | re.MULTILINE)
    assert section, f"docs/commands.md has no section on {verb}"
    assert [option for option in _commands()[verb] if f"`{option}`" not in section.group(1)] == []


def test_verbs_of_terminal_and_python_are_the_same():
    import equipoise

    same = {"init": "starter", "check": "load", "design": "plan"}
    assert {same.get(verb, verb) for verb in _commands()} <= set(equipoise.__all__)


def test_results_page_names_every_column():
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []


def test_trial_file_page_names_every_section():
    page = (ROOT / "docs/trial-file.md").read_text(encoding="utf-8")
    assert [key for key in Trial.model_fields if f"`{key}`" not in page] == []


def test_json_schema_is_the_committed_one():
    committed = (ROOT / "src/equipoise/protocol/trial.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(render_schema()), "run `just schema`"


@pytest.mark.parametrize("name", builtin_names())
def test_examples_equal_the_builtin_files(name: str):
    assert (ROOT / "examples" / f"{name}.yaml").read_text(encoding="utf-8") == builtin_text(name)


def test_decisions_are_numbered_without_gaps():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    listed += [r for extra in project["project"]["optional-dependencies"].values() for r in extra]
    names = {re.split(r"[\[<>=~ ]", requirement)[0] for requirement in listed} - {"equipoise"}
    reasons = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "docs/decisions").glob("*.md"))
    assert [name for name in sorted(names) if f"`{name}`" not in reasons] == []


def test_every_dependency_is_pinned_by_a_constraint():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = {re.split(r"[=;]", line)[0] for line in project["tool"]["uv"]["constraint-dependencies"]}
    listed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=~ ]", requirement)[0].lower().replace(".", "-") for requirement in listed}
    names -= {"equipoise"}
    assert sorted(names - pinned) == []


def test_repository_speaks_of_the_product_only():
    """No path of a machine, no registry host, no lock file."""
    private = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root|home)/|https?://[^ \"]*/(simple|packages)/")
    spoken = []
    for path in _tracked():
        assert path.name != "uv.lock"
        if path.suffix in {".png", ".parquet", ".xpt", ".ttf"} or path == Path(__file__):
            continue
        text = path.read_text(encoding="utf-8")
        spoken += [f"{path.relative_to(ROOT)}: {m.group(0)}" for m in private.finditer(text)]
    assert spoken == []


def test_tracked_files_are_small():
    assert [str(path) for path in _tracked() if path.stat().st_size > 1_500_000] == []


def test_profiles_page_is_the_generated_one():
    import runpy

    written = (ROOT / "docs/profiles.md").read_text(encoding="utf-8")
    assert written == runpy.run_path(str(ROOT / "tools/sync.py"))["render_profiles"](), "run `just schema`"


def test_derivation_page_names_every_decision():
    """Codes of the decision log stand in the source as the second argument of `decisions` or as `code=`."""
    import ast

    page = (ROOT / "docs/derivation.md").read_text(encoding="utf-8")
    codes: set[str] = set()
    for path in [*(ROOT / "src/equipoise/derivation").glob("*.py"), ROOT / "src/equipoise/frames/adam.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else ""
                given = [k.value for k in node.keywords if k.arg == "code"] + node.args[1:2] * (name == "decisions")
                codes |= {
                    value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)
                }
    assert len(codes) > 15
    assert sorted(code for code in codes if f"`{code}`" not in page) == []


def test_style_names_functions_that_exist():
    table = (ROOT / "STYLE.md").read_text(encoding="utf-8").split("## Words")[0]
    examples = re.findall(r"\| `([a-z_]+)`(?:, `[a-z_]+`)* \|$|`([a-z]+_[a-z_]+[a-z])`", table, flags=re.MULTILINE)
    names = {name for pair in examples for name in pair if name}
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert len(names) >= 8
    assert sorted(name for name in names if f"def {name}(" not in source) == []
