"""The command `equipoise`: its verbs, its exit statuses.

0    done
1    the work found a problem
2    the input was wrong
130  interrupted
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from equipoise.cli import (
    analyze,
    audit,
    check,
    demo,
    derive,
    design,
    explain,
    init,
    pool,
    randomize,
    reconstruct,
    report,
    run,
    simulate,
    synthesize,
    warm,
)
from equipoise.cli.console import print_error
from equipoise.errors import EquipoiseError, OutputError
from equipoise.kernels import compilation

WRONG_INPUT = 2
INTERRUPTED = 130

app = typer.Typer(
    name="equipoise",
    help="Randomized time-to-event trials from protocol to result.",
    epilog="TRIAL is a trial file or a built-in name (palmira, gbsg2). Every verb explains itself with --help.",
    no_args_is_help=True,
    add_completion=False,
    # rich's help and tracebacks cost more start-up time than everything else together.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("init")(init.init)
app.command("check")(check.check)
app.command("design")(design.design)
app.command("pool")(pool.pool)
app.command("randomize")(randomize.randomize)
app.command("simulate")(simulate.simulate)
app.command("synthesize")(synthesize.synthesize)
app.command("derive")(derive.derive)
app.command("analyze")(analyze.analyze)
app.command("explain")(explain.explain)
app.command("report")(report.report)
app.command("run")(run.run)
app.command("audit")(audit.audit)
app.command("reconstruct")(reconstruct.reconstruct)
app.command("warm")(warm.warm)


@app.callback(invoke_without_command=True)
def _options(*, version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    """Randomized time-to-event trials from protocol to result."""
    if version:
        from equipoise.provenance import equipoise_version

        typer.echo(f"equipoise {equipoise_version()}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status; bad input never ends in a traceback."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with compilation.announced(_say_compiling):
            app(given)
    except EquipoiseError as error:
        print_error(error, as_json="--json" in given)
        sys.exit(WRONG_INPUT)
    except OSError as problem:
        print_error(_unwritable(problem), as_json=False)
        sys.exit(WRONG_INPUT)
    except KeyboardInterrupt:
        _leave_interrupted(as_program=arguments is None)
    except SystemExit as stop:
        # typer turns an interruption and a wrong option into an exit of its own.
        if stop.code == INTERRUPTED:
            _leave_interrupted(as_program=arguments is None)
        raise


def _say_compiling() -> None:
    """Seconds pass before anything else is seen: said where somebody is watching."""
    if sys.stderr.isatty():
        typer.echo("compiling for this processor, once; `equipoise warm` does it ahead", err=True)


def _unwritable(problem: OSError) -> OutputError:
    """What the system refused outside of any product: most often standard output on a full disk."""
    return OutputError(
        "output-unwritable",
        f"the system says: {(problem.strerror or str(problem)).lower()}",
        where=str(problem.filename) if problem.filename else "standard output",
        hint="check that the disk has room and that the place can be written to",
    )


def _leave_interrupted(*, as_program: bool) -> NoReturn:
    typer.echo("\ninterrupted; nothing was left half-written", err=True)
    if as_program:
        # When the interruption passed through an exec() of text (dataclasses use one), CPython remembers it as
        # unhandled and ends the process by the signal after all; leaving at once keeps the promised status.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    sys.exit(INTERRUPTED)
