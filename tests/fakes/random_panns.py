"""Files laid out as those of PANNs, with random weights, and networks small enough to be written out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from embedders.panns.network import Network, spectrogram_layout
from embedders.panns.variants import VARIANTS, Variant

TINY = Variant(title="Tiny", sample_rate=8000, n_fft=256, hop=80, high=4000.0, channels=(3, 4, 5), poolings=2)
WIDE = replace(TINY, channels=(4, 3), kernel=5, convolutions=1)  # like Cnn6: every block ends with a pooling
KNOWN = {"tiny": TINY, "wide": WIDE, **VARIANTS}


def random_state(variant: Variant, seed: int = 3) -> dict[str, Tensor]:
    """A state dict of the right layout, so drawn that no layer dies and no norm is the identity."""
    generator = np.random.default_rng(seed)
    with torch.device("meta"):
        shapes = {name: tuple(tensor.shape) for name, tensor in Network(variant).state_dict().items()}
    state = {}
    for name, shape in shapes.items():
        if len(shape) > 1:
            value = generator.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        else:
            low, high = (0.5, 1.5) if name.endswith(("weight", "running_var")) else (-0.3, 0.3)
            value = generator.uniform(low, high, shape)
        state[name] = torch.tensor(value, dtype=torch.float32)
    state |= {name: torch.tensor(9) for name in shapes if name.endswith("num_batches_tracked")}
    return state | {"bn0.running_mean": torch.full((64,), -20.0), "bn0.running_var": torch.full((64,), 150.0)}


def checkpoint(variant: Variant, **changed: Any) -> dict[str, Any]:
    """What a published file holds, random weights in it; None takes a tensor out."""
    width = variant.channels[-1]
    model = {name: torch.zeros(shape) for name, shape in spectrogram_layout(variant).items()}
    model |= random_state(variant)
    model |= {"fc_audioset.weight": torch.zeros(527, width), "fc_audioset.bias": torch.zeros(527)}
    model = {name: tensor for name, tensor in {**model, **changed}.items() if tensor is not None}
    sampler = {"indexes_per_class": [np.arange(5), np.arange(3)], "queue": [3, 1], "pointers_of_classes": [0, 2]}
    return {"iteration": 600000, "model": model, "sampler": sampler}


def network_of(variant: Variant) -> Network:
    """The network with the weights of `random_state`."""
    network = Network(variant)
    network.load_state_dict(random_state(variant))
    return network.eval()
