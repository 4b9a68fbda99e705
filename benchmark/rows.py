"""A row as an object in this process, for use from Python and for the interfaces of other benchmarks."""

from __future__ import annotations

from typing import Any

from benchmark import embedder_spec, params, paths
from benchmark.params import EmbedderEntry
from embedders.base import Embedder


def embedder(name: str, *, weights: str | None = None, device: str = "auto", **kwargs: Any) -> Embedder:
    """The embedder of a row of params.yaml, or else of the catalogue or an installed package.

    `weights` and `kwargs` take the place of the row's own, one by one.

    Raises:
        UnknownNameError: no such row.
        Unavailable: its weights or a library are not here.
        ParamsError: it does not take these arguments.
    """
    rows = params.load().embedders if paths.PARAMS.is_file() else {}
    entry = rows.get(name, EmbedderEntry())
    changed: dict[str, Any] = {"kwargs": {**entry.kwargs, **kwargs}}
    if weights is not None:
        changed["weights"] = weights
    spec = embedder_spec.resolve(name, entry.model_copy(update=changed))
    return embedder_spec.construction_here(spec, device).make()
