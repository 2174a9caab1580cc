"""Words typed at a terminal become calls; no decisions here. One file per verb."""

from equipoise.cli.app import main

__all__ = ["main"]
