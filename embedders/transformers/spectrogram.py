"""Networks that see a spectrogram of fixed length: Whisper's encoder (30 s) and AST (10.24 s).

A clip that fits is zero-padded to that length, as in their training, and only the steps of its own length count. A
longer one is cut into windows that begin where the steps of the last one ended; the last window is moved back to end
with the clip, and only its steps that no other window has seen count. So nothing is drawn at random, and each moment
counts once. Windows share a pass, but neither network
looks across them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from embedders.base import Clip, EmbedderError
from embedders.torch_common import arithmetic, first_line, to_device
from embedders.transformers.layers import chosen_layers, read_layers
from embedders.transformers.loading import Checkpoint
from embedders.transformers.source import PREPROCESSOR

_WINDOWS_A_PASS = {"cpu": 2, "cuda": 32}  # bounds memory, changes no vector


@dataclass(frozen=True)
class Geometry:
    """How samples become steps: a step begins every `hop` samples; a window of `samples` holds `steps` of them."""

    hop: int
    samples: int
    steps: int
    lead: int = 0  # samples of a frame beyond its hop
    frames: int = 1  # spectrogram frames a step
    first: float = 0.0  # sample that the first step is centred at

    def count(self, samples: int) -> int:
        """The steps of a clip that begin within its own spectrogram frames; a clip of one window has at most its."""
        frame = self.hop // self.frames
        own = 1 + (samples - self.lead) // frame if self.lead else -(-samples // frame)
        begun = -(-own // self.frames)
        return min(begun, self.steps) if samples <= self.samples else begun


def windows(total: int, steps: int) -> Iterator[tuple[int, int]]:
    """Windows over `total` steps: where each begins, and the first of its steps that no window before has seen."""
    for begin in range(0, total, steps):
        start = max(0, min(begin, total - steps))
        yield start, begin - start


class Spectrogram:
    """One checkpoint on one device. Steps are `hop` samples apart, the first is centred at sample `first`.

    `token` asks for the mean of AST's two tokens, a step a window.
    """

    def __init__(
        self,
        who: str,
        checkpoint: Checkpoint,
        layer: int | str,
        device: str,
        *,
        precision: str,
        token: bool = False,
    ) -> None:
        import transformers

        self._who, self._device, self._precision, self._token = who, device, precision, token
        self._network = checkpoint.network.to(device)
        self._layers = chosen_layers(who, self._network, layer)
        self._is_ast = checkpoint.kind.front == "ast"
        extractor: Any = transformers.ASTFeatureExtractor if self._is_ast else transformers.WhisperFeatureExtractor
        try:
            self._front: Any = extractor.from_pretrained(checkpoint.folder, local_files_only=True)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EmbedderError(
                f"{who}: {checkpoint.folder / PREPROCESSOR} is none of a {extractor.__name__} ({first_line(error)}). "
                "Fetch it again."
            ) from error
        self._geometry = self._ast() if self._is_ast else self._whisper()
        self.hop, self.first = self._geometry.hop, self._geometry.first

    def steps(self, clips: Sequence[Clip]) -> Iterator[tuple[int, Tensor]]:
        """For each place in `clips`, in order, its own steps of shape (steps, width)."""
        shape, size = self._geometry, _WINDOWS_A_PASS[self._device]
        totals = [shape.count(len(clip)) for clip in clips]
        cuts = [(place, *cut) for place, total in enumerate(totals) for cut in windows(total, shape.steps)]
        own: list[list[Tensor]] = [[] for _ in clips]
        for first in range(0, len(cuts), size):
            taken = cuts[first : first + size]
            waves = [clips[place][start * shape.hop :][: shape.samples] for place, start, _ in taken]
            for (place, start, new), answer in zip(taken, self._answers(waves), strict=True):
                if self._token:
                    own[place].append(answer[:2].mean(dim=0, keepdim=True))
                else:
                    own[place].append(self._in_time(answer)[new : totals[place] - start].clone())
        yield from enumerate(torch.cat(parts) for parts in own)

    def _answers(self, waves: Sequence[Clip]) -> Tensor:
        batch = to_device(np.stack([self._seen(wave) for wave in waves]), self._device)

        def run() -> Tensor:
            answer: Tensor = self._network(batch).last_hidden_state
            return answer

        with arithmetic(self._precision, self._device):
            return read_layers(self._layers, run)

    def _seen(self, wave: Clip) -> Any:
        asked = self._front(wave, sampling_rate=self._front.sampling_rate, return_tensors="np")
        return asked[self._front.model_input_names[0]][0]

    def _in_time(self, answer: Tensor) -> Tensor:
        """One vector a step of time. AST's patches lie frequency by frequency: their mean over frequency."""
        if not self._is_ast:
            return answer
        return answer[2:].reshape(-1, self._geometry.steps, answer.shape[1]).mean(dim=0)

    def _whisper(self) -> Geometry:
        config, front = self._network.config, self._front
        hop, samples = 2 * front.hop_length, front.n_samples  # the second convolution halves the frames
        self._require(hop * config.max_source_positions, samples, "n_samples")
        self._require(config.num_mel_bins, front.feature_size, "feature_size")
        # centred frames, and convolutions centred on every second of them: the first step is the first sample's
        return Geometry(hop, samples, config.max_source_positions, frames=2)

    def _ast(self) -> Geometry:
        config, front = self._network.config, self._front
        self._require(config.max_length, front.max_length, "max_length")
        self._require(config.num_mel_bins, front.num_mel_bins, "num_mel_bins")
        frame, hop = front.sampling_rate // 40, front.sampling_rate // 100  # Kaldi's 25 ms every 10 ms
        steps = (config.max_length - config.patch_size) // config.time_stride + 1
        samples = frame + (config.max_length - 1) * hop
        first = ((config.patch_size - 1) * hop + frame - 1) / 2  # of a patch that begins with the clip
        return Geometry(config.time_stride * hop, samples, steps, lead=frame, frames=config.time_stride, first=first)

    def _require(self, wanted: int, found: int, name: str) -> None:
        if wanted != found:
            raise EmbedderError(
                f"{self._who}: {name} in {PREPROCESSOR} is {found}, expected {wanted} by the network. Take the file of "
                "the same checkpoint."
            )
