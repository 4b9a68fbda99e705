"""`moodbench data …`, `moodbench audit` and `moodbench new …`: parses and dispatches, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(no_args_is_help=True, help="Corpora on this machine: their state, cards, preparation.")
new = typer.Typer(no_args_is_help=True, help="New folders from templates.")

Name = Annotated[str, typer.Argument(help="Small letters, digits and '_'.")]


@data.command()
def status() -> None:
    """One line a dataset: ready, archive found, archive wrong or missing, and what to do."""
    from benchmark import corpora

    raise typer.Exit(corpora.show_status())


@data.command()
def show(dataset: Annotated[str, typer.Argument(help="As 'moodbench data status' names it.")]) -> None:
    """A dataset's card: clips, hours, rate, classes by part, groups, examples."""
    from benchmark import corpora

    corpora.show_card(dataset)


@data.command()
def prepare(
    names: Annotated[list[str] | None, typer.Argument(help="Datasets; by default all whose archive is here.")] = None,
    skip_broken: Annotated[bool, typer.Option("--skip-broken", help="Leave out clips that cannot be decoded.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Datasets at a time; 0 takes one a core.")] = 0,
) -> None:
    """Build datasets, several at a time; goes on where a killed run stopped."""
    from benchmark import corpora
    from benchmark.workers import default_count

    raise typer.Exit(corpora.prepare(names or [], skip_broken=skip_broken, workers=workers or default_count()))


@data.command()
def fetch(
    names: Annotated[list[str], typer.Argument(help="Datasets, as 'moodbench data status' names them.")],
) -> None:
    """Fetch corpora that anyone may download into the manual folder; of the others, say how to get them."""
    from benchmark import fetch as module

    raise typer.Exit(module.run(names))


@data.command()
def add(
    name: Name,
    audio: Annotated[Path, typer.Option(help="The folder that paths start from, or that holds a folder a class.")],
    table: Annotated[Path | None, typer.Option(help="CSV or Parquet; without it, a subfolder is a class.")] = None,
    group: Annotated[str, typer.Option(help="Column of the group; without a table, a pattern with a bracket.")] = "",
    label: Annotated[str, typer.Option(help="Column of the label.")] = "label",
    path: Annotated[str, typer.Option(help="Column of the file's path.")] = "path",
    domain: Annotated[str, typer.Option(help="What kind of corpus it is.")] = "speech emotion",
) -> None:
    """Make a dataset, a task and a suite of a corpus of one's own."""
    from benchmark.errors import DatasetError
    from benchmark.scaffold import own_corpus

    if table is not None:
        lines = own_corpus.add_table(
            name, table, audio, own_corpus.Columns(path=path, label=label, group=group or "group"), domain
        )
    elif group:
        lines = own_corpus.add_folder(name, audio, group, domain)
    else:
        raise DatasetError(
            "--group is missing: a pattern with a bracket around what names the speaker or artist in a file's path, "
            r"such as --group '_(\w+)_'. Without groups, clips of one speaker would cross parts."
        )
    for line in lines:
        typer.echo(line)


@new.command()
def dataset(name: Name) -> None:
    """A builder's folder with tests, card and dummy data that works at once, to be edited."""
    from benchmark.scaffold import new_dataset

    for line in new_dataset.create(name):
        typer.echo(line)


def audit(
    names: Annotated[list[str] | None, typer.Argument(help="Tasks; by default those of the chosen suites.")] = None,
    allow_leaks: Annotated[
        bool, typer.Option("--allow-leaks", help="Let tasks pass that are marked as leaking; no other.")
    ] = False,
) -> None:
    """Look for leaks: groups and duplicates across parts, odd clips, lacking classes."""
    from benchmark import params, registry
    from benchmark.audit import run

    tasks = [registry.task(name) for name in names] if names else registry.tasks_of(params.load().suites)
    raise typer.Exit(run.show(tasks, allow_leaks=allow_leaks))
