"""An encoder of MTEB (and of its audio part, MAEB) as an embedder; mteb itself need not be installed.

The interface, `EncoderProtocol` of mteb 2: `encode(inputs, *, task_metadata, hf_split, hf_subset, …)`
takes a torch DataLoader whose batches hold `"audio"`, a list of `{"array", "sampling_rate"}`, and answers
(clips, dim) in order. Enevoldsen et al., "MMTEB: Massive Multilingual Text Embedding Benchmark", ICLR 2025.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from embedders.adapters import calling
from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.torch_common import DEVICES, choose_device, require_one_of

RATE_NAMES = ("sampling_rate", "sample_rate")  # of an encoder that says at which rate it computes


class Mteb:
    """The vectors of an MTEB encoder.

    `wraps` names the encoder's class, or a function that makes one, or the encoder itself. A constructor
    gets what it takes of `model_name` (its own name unless given), `revision`, `device` and `weights`, and
    all of `options`. Audio is handed over at `sample_rate`, else at the rate that the encoder names. Without
    `dim` it is asked here for the vector of one second of noise. With `equal_length` (the default: the
    protocol leaves padding to the encoder, and few encoders mask it) its batches hold clips of one length.
    """

    def __init__(
        self,
        wraps: str,
        weights: str | None = None,
        *,
        device: str = "auto",
        sample_rate: int | None = None,
        dim: int | None = None,
        equal_length: bool = True,
        min_seconds: float = 0.0,
        window_seconds: float = 0.0,
        tolerance: float = 1e-5,
        **options: Any,
    ) -> None:
        self._who = f"mteb {wraps}"
        calling.require_declarations(
            self._who,
            min_seconds=min_seconds,
            window_seconds=window_seconds,
            tolerance=tolerance,
            equal_length=equal_length,
        )
        require_one_of(self._who, "device", device, DEVICES)
        found = calling.find(self._who, wraps)
        if isinstance(found, type) or not hasattr(found, "encode"):
            found = self._make(calling.require_callable(self._who, found, wraps), weights, device, options)
        elif weights or options:
            given = ", ".join([*options, *(["weights"] if weights else [])])
            raise EmbedderError(f"{self._who}: it is made already and takes no {given}. Name its class instead.")
        if not callable(getattr(found, "encode", None)):
            raise EmbedderError(f"{self._who}: a {type(found).__name__} has no 'encode', expected an MTEB encoder.")
        self._encoder = found
        named = [getattr(found, name) for name in RATE_NAMES if hasattr(found, name)]
        if sample_rate is None and not named:
            raise EmbedderError(
                f"{self._who}: the encoder names no sampling_rate, expected the rate in Hz that it computes at. "
                "Give `sample_rate` in kwargs."
            )
        self.sample_rate = calling.require_whole(
            self._who, "sample_rate", named[0] if sample_rate is None else sample_rate
        )
        self.min_seconds, self.window_seconds = min_seconds, window_seconds
        self.equal_length, self.tolerance = equal_length, tolerance
        if dim is None:
            dim = self._encode([calling.noise(round(max(1.0, min_seconds) * self.sample_rate))], None).shape[1]
        self.dim = calling.require_whole(self._who, "dim", dim)

    def _make(self, make: Any, weights: str | None, device: str, options: dict[str, Any]) -> Any:
        name = self._who.rpartition(":")[2]
        offered = {"model_name": name, "revision": None, "device": choose_device(self._who, device)}
        wanted = {key: value for key, value in offered.items() if calling.takes(make, key)}
        return calling.call(self._who, make, **{**wanted, **({"weights": weights} if weights else {}), **options})

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim)."""
        require_samples(clips, 1, self._who)
        return self._encode(clips, self.dim)

    def _encode(self, clips: Sequence[Clip], dim: int | None) -> Vectors:
        from torch import Generator
        from torch.utils.data import DataLoader

        own = Generator()  # a loader draws a seed, without this from the process's random state
        items: Any = [{"audio": {"array": clip, "sampling_rate": self.sample_rate}} for clip in clips]
        loader = DataLoader(items, batch_size=len(items), shuffle=False, collate_fn=_collated, generator=own)
        task = SimpleNamespace(name="moodbench", type="AudioClassification", modalities=["audio"], category="a2c")
        answer = self._encoder.encode(
            loader, task_metadata=task, hf_split="test", hf_subset="default", prompt_type=None, batch_size=len(items)
        )
        return calling.to_float32(self._who, answer, (len(clips), dim), "(clips, dim)")


def _collated(items: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """A batch as MTEB hands it over: columns, each a list."""
    return {key: [item[key] for item in items] for key in items[0]}
