"""A row as an object in this process, for use from Python and for the interfaces of other benchmarks."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark import declared, embedder_spec, entry_points, model_errors, params, paths
from benchmark.construction import Construction
from benchmark.errors import ContractError, ParamsError, UnknownNameError
from benchmark.params import EmbedderEntry
from embedders.base import Embedder

DEVICE = re.compile(r"auto|(cpu|cuda|mps)(:\d+)?")  # an embedder may know fewer, and says so


def embedder(
    name: str, *, weights: str | os.PathLike[str] | None = None, device: str = "auto", **kwargs: Any
) -> Embedder:
    """The embedder of a row of params.yaml, or else of the catalogue or an installed package.

    `weights` and `kwargs` take the place of the row's own, one by one.

    Raises:
        UnknownNameError: no such row.
        Unavailable: its weights or a library are not here.
        ParamsError: it does not take these arguments.
        ContractError: it cannot be made.
    """
    return made(name, construction(name, kwargs, weights=weights, device=device))


def construction(
    name: str,
    kwargs: Mapping[str, Any] | None = None,
    *,
    weights: str | os.PathLike[str] | None = None,
    device: str = "auto",
) -> Construction:
    """How the embedder of a row is made on this machine; arguments and errors as of `embedder`."""
    if not isinstance(kwargs, Mapping | None):
        raise ParamsError(f"kwargs is {kwargs!r}, expected a mapping of arguments to values, such as {{'layer': 3}}.")
    if not isinstance(weights, str | os.PathLike | None):
        raise ParamsError(f"weights is {weights!r}, expected the path of a file.")
    if not isinstance(device, str) or not DEVICE.fullmatch(device):
        raise ParamsError(f"device is {device!r}, expected auto, cpu or cuda (or cuda:1, where the embedder takes it).")
    rows = params.load().embedders if paths.PARAMS.is_file() else {}
    if name not in rows and name not in entry_points.names():
        raise UnknownNameError(
            "embedder",
            name,
            rows.keys() | entry_points.names(),
            "'moodbench list embedders' shows them. For a model of your own give an object, or add an entry to "
            "params.yaml.",
        )
    entry = rows.get(name, EmbedderEntry())
    changed: dict[str, Any] = {"kwargs": {**entry.kwargs, **(kwargs or {})}}
    if weights is not None:
        changed["weights"] = os.fspath(weights)
    spec = embedder_spec.resolve(name, entry.model_copy(update=changed))
    return embedder_spec.construction_here(spec, device)


def made(name: str, making: Construction) -> Embedder:
    """What a construction makes, checked.

    Raises:
        Unavailable: its weights or a library are not here.
        ParamsError: it does not take these arguments.
        ContractError: it raised, or is no embedder.
    """
    with model_errors.told(f"making {name}"):
        found = making.make()
    return checked(found)


def checked(given: object) -> Embedder:
    """`given` itself, where it is an embedder: the engine can resample to its rate and store its vectors.

    Raises:
        ContractError: it is a class or anything else, or one of its declarations cannot be.
    """
    if isinstance(given, type) or not isinstance(given, Embedder):
        kind = f"the class {given.__name__}" if isinstance(given, type) else repr(given)
        raise ContractError(
            f"embedder is {kind}, expected a name of the catalogue or of params.yaml, or an object with sample_rate, "
            "dim and embed. Give an object of your class."
        )
    declared.require(given)
    return given


def require_seconds(name: str, value: object) -> None:
    """Raises `ParamsError` for anything but a finite number of seconds above 0."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not 0 < float(value) < math.inf:  # type: ignore[arg-type]
        raise ParamsError(f"{name} is {value!r}, expected a finite number of seconds above 0.")
