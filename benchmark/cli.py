"""The command line: parses and dispatches, nothing else. Heavy modules are imported inside commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import typer

from benchmark import paths
from benchmark.errors import BenchmarkError

app = typer.Typer(
    help="Score audio embeddings on speech emotion, music mood and music genre.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Device = Annotated[str, typer.Option(help="Where models run: auto, cpu or cuda.")]
Workers = Annotated[int, typer.Option(min=0, help="Helper processes; 0 takes one a core.")]
BatchSeconds = Annotated[float, typer.Option(min=1.0, help="Seconds of audio in one batch.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Compute again what is there already.")]
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
def run() -> None:
    """Bring the leaderboard up to date: dvc repro, keep going past broken rows, then report."""
    from benchmark.stages import everything

    raise typer.Exit(everything.run())


@app.command()
def prepare() -> None:
    """Build datasets that are new, and write manifests and plans."""
    from benchmark import params
    from benchmark.stages import prepare as stage

    stage.run(params.load())


@app.command()
def embed(
    names: Names = None,
    device: Device = "auto",
    workers: Workers = 0,
    batch_seconds: BatchSeconds = 120.0,
    fresh: Fresh = False,
) -> None:
    """Turn clips into vectors, where they are not there yet."""
    from benchmark import params
    from benchmark.stages import embed as stage
    from benchmark.workers import default_count

    found = params.load()
    for name in _chosen(names, found.embedders):
        stage.run(
            found, name, device=device, workers=workers or default_count(), batch_seconds=batch_seconds, fresh=fresh
        )


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
def report() -> None:
    """Write the leaderboards of the chosen suites from the cells that are there."""
    from benchmark.stages import everything

    raise typer.Exit(everything.report(show=not os.environ.get(everything.QUIET)))


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
def prune(yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False) -> None:
    """Remove what left params.yaml: lists it with its size, and asks first."""
    from benchmark import params
    from benchmark import prune as module

    found = module.leftovers(params.load())
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


def main() -> None:
    """Entry point: one clear line on stderr and exit code 2 for what the user can mend."""
    root = str(paths.ROOT)
    if root not in sys.path:  # the installed command, unlike `python -m benchmark`, does not put it there
        sys.path.insert(0, root)
    try:
        app()
    except BenchmarkError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(2)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        what = error.strerror or error
        sys.stderr.write(f"error: {what}{where}. Check that the place exists, has room, and is yours.\n")
        sys.exit(2)
