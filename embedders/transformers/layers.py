"""Which layer of a transformer is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from embedders.base import EmbedderError


def chosen_layers(who: str, network: Any, layer: int | str) -> list[Any]:
    """The layers whose outputs are wanted: one, all for "mean", none for "last", which is the network's own answer."""
    layers = list(getattr(network, "encoder", network).layers)
    if layer == "last":
        return []
    if layer == "mean":
        return layers
    if not isinstance(layer, int) or not 1 <= layer <= len(layers):
        raise EmbedderError(f"{who}: layer is {layer!r}, expected 'mean', 'last' or a number from 1 to {len(layers)}.")
    return [layers[layer - 1]]


def read_layers(layers: list[Any], run: Callable[[], Tensor]) -> Tensor:
    """The mean of what `layers` put out while `run` runs, without layers what it answers: float32 (B, steps, width)."""
    if not layers:
        return run().float()
    sums: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, answer: Any) -> None:
        own = (answer[0] if isinstance(answer, tuple) else answer).float()  # sums are not taken in half precision
        sums[:] = [sums[0] + own if sums else own]

    hooks = [layer.register_forward_hook(keep) for layer in layers]
    try:
        run()
    finally:
        for hook in hooks:
            hook.remove()
    return sums[0] / len(layers)
