"""`moodbench register`, `moodbench sweep` and `moodbench frames`: parses and dispatches, nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperCommand


class Device(StrEnum):
    """Where a model runs; auto takes a GPU where there is one."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class ManyValues(TyperCommand):
    """`--sweep layer=3,6 pooling=mean` reads as `--sweep layer=3,6 --sweep pooling=mean`; so does `--kwargs`."""

    SPREAD = ("--sweep", "--kwargs")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does it, after every `key=value` that follows has got its option."""
        spread: list[str] = []
        option = ""
        for place, text in enumerate(args):
            follows = bool(option) and args[place - 1] != option and "=" in text and not text.startswith("-")
            spread += [option, text] if follows else [text]
            if text.startswith("-") or ("=" not in text and place and args[place - 1] != option):
                option = text if text in self.SPREAD else ""
        return super().parse_args(ctx, spread)


def register(
    name: Annotated[str, typer.Argument(help="The new row's name: small letters, digits and '_'.")],
    hear: Annotated[str | None, typer.Option(metavar="MODULE", help="A module of the HEAR 2021 API.")] = None,
    mteb: Annotated[str | None, typer.Option(metavar="MODULE:CLASS", help="An encoder of MTEB.")] = None,
    xares: Annotated[str | None, typer.Option(metavar="MODULE:CLASS", help="An encoder of X-ARES.")] = None,
    function: Annotated[
        str | None, typer.Option(metavar="MODULE:FUNCTION", help="A function (audio, rate) to a vector.")
    ] = None,
    factory: Annotated[str | None, typer.Option(metavar="MODULE:CLASS", help="An embedder of your own.")] = None,
    like: Annotated[str | None, typer.Option(metavar="ROW", help="A row of the catalogue to vary.")] = None,
    weights: Annotated[str | None, typer.Option(help="The model's weights file.")] = None,
    kwargs: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Arguments, or one JSON object; several may follow.")
    ] = None,
    library: Annotated[
        list[str] | None, typer.Option(help="A distribution whose version can change a vector; those seen are added.")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=V1,V2", help="A row for each value, or combination of values; several may follow."),
    ] = None,
    no_check: Annotated[bool, typer.Option("--no-check", help="Do not try the model first.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write the row though a check fails.")] = False,
    device: Annotated[Device, typer.Option(help="Where the model is tried.")] = Device.auto,
    patience: Annotated[
        float, typer.Option(min=1.0, envvar="MOODBENCH_PATIENCE", help="Seconds after which it counts as hanging.")
    ] = 900.0,
) -> None:
    """Try a model in a process of its own, then write it into params.yaml as a row (as the rows of a sweep)."""
    from benchmark import registering

    given: dict[str, Any] = {
        "like": like, "factory": factory, "hear": hear, "mteb": mteb, "xares": xares, "function": function,
        "weights": weights, "libraries": library,
        "kwargs": registering.parse_settings(kwargs or [], "--kwargs"),
    }  # fmt: skip
    fields = {key: value for key, value in given.items() if value}
    options = registering.Options(check=not no_check, force=force, device=device.value, patience=patience)
    registering.register(name, fields, sweep or [], options, typer.echo)


def sweep(name: Annotated[str, typer.Argument(help="What the names of the sweep's rows begin with.")]) -> None:
    """Name the best row of a sweep by its validation scores; test scores are not looked at."""
    from benchmark import sweeps

    sweeps.show(name)


def frames(
    name: Annotated[str, typer.Argument(help="A row of params.yaml, or of the catalogue.")],
    datasets: Annotated[list[str], typer.Argument(help="Prepared datasets.")],
    device: Annotated[Device, typer.Option(help="Where the model runs.")] = Device.auto,
    workers: Annotated[int, typer.Option(min=0, help="Helper processes that read; 0 takes one a core.")] = 0,
    batch_seconds: Annotated[float, typer.Option(min=1.0, help="Seconds of audio in one batch.")] = 120.0,
    patience: Annotated[
        float, typer.Option(min=1.0, envvar="MOODBENCH_PATIENCE", help="Seconds after which it counts as hanging.")
    ] = 900.0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Compute again what is there already.")] = False,
) -> None:
    """Keep an embedder's vectors over time, frame by frame, in results/frames/."""
    from benchmark import frames as module
    from benchmark import params
    from benchmark.workers import default_count

    module.run(
        params.load(),
        name,
        datasets,
        device=device.value,
        workers=workers or default_count(),
        batch_seconds=batch_seconds,
        patience=patience,
        fresh=fresh,
    )
