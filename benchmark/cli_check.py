"""`moodbench check` and `moodbench efficiency`: parses and dispatches, nothing else."""

from __future__ import annotations

from typing import Annotated

import typer


def check(
    names: Annotated[list[str] | None, typer.Argument(help="Rows of params.yaml or of the catalogue.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every row that can run here.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the 500 clips that show whether memory grows.")] = (
        False
    ),
    patience: Annotated[
        float,
        typer.Option(
            min=1.0, envvar="MOODBENCH_PATIENCE", help="Seconds for one check, after which a model counts as hanging."
        ),
    ] = 300.0,
) -> None:
    """Try whether models keep the contract: what was seen, why it matters, how to mend it."""
    from benchmark.check import row as module
    from benchmark.errors import ParamsError
    from benchmark.render import checked as render

    if bool(names) == everything:
        raise ParamsError("found both names and --all" if names else "found no row to check; name some, or give --all.")
    rows = []
    for name, entry in module.chosen_rows(names or []).items():
        rows.append(module.check_row(name, entry, patience=patience, thorough=not quick, fetch=not everything))
        for line in render.lines(rows[-1]):
            typer.echo(line)
    if len(rows) > 1:
        typer.echo(render.summary(rows))
    bad = {"failed"} if everything else {"failed", "not run"}
    raise typer.Exit(1 if any(row.state in bad for row in rows) else 0)


def efficiency() -> None:
    """Show what the rows cost here, from the records of their last embedding, and write it to results/runs/."""
    import sys

    from rich.console import Console

    from benchmark import efficiency as module
    from benchmark import params
    from benchmark.render.costs import NOTE, efficiency_table

    rows = module.measured(params.load())
    if not rows:
        typer.echo("no row of params.yaml was embedded here yet. Run: moodbench run")
        return
    module.write(rows)
    console = Console(width=None if sys.stdout.isatty() else 200, markup=False, highlight=False)
    console.print(efficiency_table(rows))
    console.print(NOTE)
