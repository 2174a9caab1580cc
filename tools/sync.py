"""Bring what is generated up to date: JSON Schemas of trial and published-result files, examples/, docs/profiles.md."""

from pathlib import Path

from equipoise.derivation import PROFILES, load_profile
from equipoise.evidence.published_schema import render_published_schema
from equipoise.protocol import builtin_names, builtin_text, render_schema

ROOT = Path(__file__).parents[1]


def render_profiles() -> str:
    """docs/profiles.md: every constant of every conventions profile."""
    profiles = [load_profile(name) for name in sorted(PROFILES)]
    names = sorted({name for profile in profiles for name in profile.constants})
    lines = [
        "# Conventions profiles",
        "",
        "A profile is dated data: constants, each with unit and reference, and sources of dates. A trial file adopts",
        "one (`derivation.profile`), and may set single constants (`derivation.constants`); `equipoise derive --set`",
        "sets one for a call. This page is generated from the profiles (`just schema`).",
        "",
        *(f"- `{profile.id}`, {profile.dated}: {profile.title}. {profile.reference}" for profile in profiles),
        "",
        "| constant | means | " + " | ".join(f"`{profile.id}`" for profile in profiles) + " | unit |",
        "|---|---|" + "---|" * (len(profiles) + 1),
    ]
    for name in names:
        known = next(profile.constants[name] for profile in profiles if name in profile.constants)
        values = [_shown(profile.constants[name].value) if name in profile.constants else "–" for profile in profiles]
        lines.append(f"| `{name}` | {known.meaning} | {' | '.join(values)} | {known.unit} |")
    return "\n".join(lines) + "\n"


def _shown(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def main() -> None:
    (ROOT / "src/equipoise/protocol/trial.schema.json").write_text(render_schema(), encoding="utf-8")
    schema = ROOT / "src/equipoise/evidence/published.schema.json"
    schema.write_text(render_published_schema(), encoding="utf-8")
    (ROOT / "docs/profiles.md").write_text(render_profiles(), encoding="utf-8")
    for name in builtin_names():
        (ROOT / "examples" / f"{name}.yaml").write_text(builtin_text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
