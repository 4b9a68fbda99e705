"""The command line: parses and dispatches, nothing else. Heavy modules are imported inside commands."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable
from enum import StrEnum
from types import FrameType
from typing import Annotated, NoReturn

import typer

from benchmark import cli_check, cli_data, cli_embedders, paths
from benchmark.cli_embedders import Device
from benchmark.errors import BenchmarkError

app = typer.Typer(
    help="Score audio embeddings on speech emotion, music mood and music genre.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(cli_data.data, name="data")
app.add_typer(cli_data.new, name="new")
app.command()(cli_data.audit)
app.command(cls=cli_embedders.ManyValues)(cli_embedders.register)
app.command()(cli_embedders.sweep)
app.command()(cli_embedders.frames)
app.command()(cli_check.check)
app.command()(cli_check.efficiency)

OnDevice = Annotated[Device, typer.Option(help="Where models run.")]
Workers = Annotated[int, typer.Option(min=0, help="Helper processes; 0 takes one a core.")]
BatchSeconds = Annotated[float, typer.Option(min=1.0, help="Seconds of audio in one batch.")]
Patience = Annotated[
    float,
    typer.Option(
        min=1.0,
        envvar="MOODBENCH_PATIENCE",  # for `run`: DVC passes no options on
        help="Seconds without a finished batch after which a model counts as hanging and is ended.",
    ),
]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what is there already.")]
SkipBroken = Annotated[
    bool,
    typer.Option(
        "--skip-broken",
        envvar="MOODBENCH_SKIP_BROKEN",  # how `run` tells `prepare`: DVC passes no options on
        help="Leave out clips that cannot be decoded; the manifest and the tables name them.",
    ),
]
Names = Annotated[list[str] | None, typer.Argument(help="Embedders of params.yaml; all of them by default.")]


class Engine(StrEnum):
    """How heads are fitted; both give the same figures."""

    fast = "fast"
    reference = "reference"


class What(StrEnum):
    """What can be listed."""

    embedders = "embedders"
    datasets = "datasets"
    tasks = "tasks"
    suites = "suites"
    heads = "heads"


@app.command()
def run(skip_broken: SkipBroken = False) -> None:
    """Bring the leaderboard up to date: dvc repro, keep going past broken rows, then report."""
    from benchmark.stages import everything

    raise typer.Exit(everything.run(skip_broken=skip_broken))


@app.command()
def prepare(skip_broken: SkipBroken = False) -> None:
    """Build datasets that are new, and write manifests and plans."""
    from benchmark import params
    from benchmark.stages import prepare as stage

    stage.run(params.load(), skip_broken=skip_broken)


@app.command()
def embed(
    names: Names = None,
    device: OnDevice = Device.auto,
    workers: Workers = 0,
    batch_seconds: BatchSeconds = 120.0,
    patience: Patience = 900.0,
    fresh: Fresh = False,
) -> None:
    """Turn clips into vectors, where they are not there yet; a row that fails keeps no other from its turn."""
    from benchmark import params
    from benchmark.progress import say
    from benchmark.stages import embed as stage
    from benchmark.workers import default_count

    found = params.load()
    chosen = _chosen(names, found.embedders)
    failed = []
    for name in chosen:
        try:
            stage.run(
                found,
                name,
                device=device.value,
                workers=workers or default_count(),
                batch_seconds=batch_seconds,
                patience=patience,
                fresh=fresh,
            )
        except BenchmarkError as error:
            if len(chosen) == 1:
                raise
            say(f"embed {name}: {error}")
            failed.append(name)
    if failed:
        listed = ", ".join(failed)
        raise BenchmarkError(f"embed: {len(failed)} of {len(chosen)} rows failed, for the reasons above: {listed}.")


@app.command()
def evaluate(names: Names = None, engine: Engine = Engine.fast, workers: Workers = 0, fresh: Fresh = False) -> None:
    """Score vectors, where the score is not there yet."""
    from benchmark import params
    from benchmark.stages import evaluate as stage
    from benchmark.workers import default_count

    found = params.load()
    for name in _chosen(names, found.embedders):
        stage.run(found, name, engine=engine.value, workers=workers or default_count(), fresh=fresh)


@app.command()
def report(
    clean: Annotated[
        bool, typer.Option("--clean", help="Show the tables without scores of models that know the recordings.")
    ] = False,
) -> None:
    """Write the leaderboards of the chosen suites from the cells that are there."""
    from benchmark.stages import everything

    raise typer.Exit(everything.report(show=not os.environ.get(everything.QUIET), clean=clean))


@app.command()
def use(suites: Annotated[list[str], typer.Argument(help="Suites to score from now on.")]) -> None:
    """Choose suites: rewrites `suites:` in params.yaml and keeps its comments."""
    from benchmark import params, registry

    for name in suites:
        registry.suite(name)
    params.set_suites(suites)
    typer.echo(f"params.yaml: suites are now {', '.join(params.load().suites)}. Next: moodbench run (or dvc repro).")


@app.command(name="list")
def list_(what: What) -> None:
    """List what there is, with its state on this machine."""
    from benchmark import listing

    listing.show(what.value)


@app.command()
def show(cell: Annotated[str, typer.Argument(help="EMBEDDER/TASK")]) -> None:
    """Print one cell: scores with intervals, the chosen heads, the folds."""
    from benchmark import show as module

    module.show(cell)


@app.command()
def doctor() -> None:
    """Say what is here, what the chosen suites need, and the next step for what is missing."""
    from benchmark import doctor as module

    raise typer.Exit(module.show())


@app.command()
def prune(
    rows: Annotated[list[str] | None, typer.Argument(help="Only these rows, their cells in git too.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
) -> None:
    """Remove what left params.yaml: lists it with its size, and asks first. Cells that git holds stay unless named."""
    from benchmark import params
    from benchmark import prune as module

    known = params.load()
    found = module.of_rows(known, rows) if rows else module.leftovers(known)
    if not rows and (kept := module.published(known)):
        some = "1 row, which" if len(kept) == 1 else f"{len(kept)} rows, which"
        typer.echo(f"kept: the cells of {some} git holds. To remove a row's: moodbench prune {kept[0]}", err=True)
    for path in found:
        typer.echo(f"{module.size(path) / 1e6:10.1f} MB  {path}")
    if not found:
        typer.echo("nothing to remove")
    elif yes or typer.confirm(f"Remove these {len(found)}?"):
        module.remove(found)
        typer.echo(f"removed {len(found)}")


def _chosen(names: list[str] | None, known: Iterable[str]) -> list[str]:
    from benchmark.errors import UnknownNameError

    listed = list(known)
    for name in names or ():
        if name not in listed:
            raise UnknownNameError("embedder (in params.yaml)", name, listed, "Add an entry for it under 'embedders:'.")
    return list(names) if names else listed


class Stopped(BaseException):
    """By SIGINT or SIGTERM. Not KeyboardInterrupt: the command parser would take that for its own."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _stop(number: int, _: FrameType | None) -> None:
    _hear_no_more()
    raise Stopped(number)


def _hear_no_more() -> None:
    """Let nothing disturb the cleaning up, nor the end of Python."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _raise_stopped() -> None:
    """Raise `Stopped` in the main thread at the first SIGINT or SIGTERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `run`, nohup and a shell's `&` want it
            signal.signal(number, _stop)


def _end(message: str) -> NoReturn:
    from benchmark.progress import one_line

    sys.stderr.write(f"error: {one_line(message)}\n")
    sys.exit(2)


def main() -> None:
    """Entry point: one clear line on stderr and exit code 2 for what the user can mend."""
    root = str(paths.ROOT)
    if root not in sys.path:  # the installed command, unlike `python -m benchmark`, does not put it there
        sys.path.insert(0, root)
    _raise_stopped()
    try:
        app()
    except Stopped as stopped:
        if stopped.number == signal.SIGINT:
            sys.stderr.write("interrupted: finished work is kept; run again to go on\n")
        sys.exit(128 + stopped.number)
    except BenchmarkError as error:
        _end(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        _end(f"{error.strerror or error}{where}. Check that the place exists, has room, and is yours.")
    finally:
        _hear_no_more()
