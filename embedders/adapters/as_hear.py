"""Any embedder as a module of the HEAR 2021 common API: three functions to be put into a module of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from embedders.adapters.calling import embed_whole, without_statistics
from embedders.base import Clip, Declared, Embedder, EmbedderError, FrameEmbedder

if TYPE_CHECKING:
    from torch import Tensor


class HearModule(NamedTuple):
    """The functions of the HEAR API.

    `load_model(model_file_path="")` answers a torch.nn.Module with `sample_rate`, `scene_embedding_size` and
    `timestamp_embedding_size` (both are `dim`). The other two take audio (sounds, samples), float32 at that
    rate, and the model; they answer float32 tensors on the audio's device: scenes (sounds, dim); frames
    (sounds, frames, dim) with their centres in milliseconds (sounds, frames).
    """

    load_model: Callable[..., Any]
    get_scene_embeddings: Callable[[Tensor, Any], Tensor]
    get_timestamp_embeddings: Callable[[Tensor, Any], tuple[Tensor, Tensor]]


def as_hear(make: Callable[..., Embedder]) -> HearModule:
    """The HEAR functions of the embedder that `make` answers; it is handed `weights=PATH` where HEAR names a file.

    An embedder without `embed_frames` has one frame a clip, at its middle. Clips below `min_seconds` are
    zero-padded, as the engine does; frames that begin their time behind the clip's own end are left out.
    HEAR itself only knows 16000, 22050, 32000, 44100 and 48000 Hz.

    Raises `EmbedderError` (from `load_model`) for an embedder that must see a dataset's statistics first.
    """

    def load_model(model_file_path: str = "") -> Any:
        embedder = make(weights=model_file_path) if model_file_path else make()
        without_statistics(embedder, "as_hear")
        return _model(embedder)

    return HearModule(load_model, _scenes, _timestamps)


def _model(embedder: Embedder) -> Any:
    import torch

    class HearModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedder = embedder
            self.sample_rate = int(embedder.sample_rate)
            self.scene_embedding_size = self.timestamp_embedding_size = int(embedder.dim)

        def __reduce__(self) -> tuple[Any, ...]:  # a class that stands in a function is not found by its name
            return _model, (self.embedder,)

    return HearModel()


def _clips(audio: Tensor, model: Any) -> list[Clip]:
    if not hasattr(audio, "is_floating_point") or not audio.is_floating_point():
        kind = f"{type(audio).__name__} of {getattr(audio, 'dtype', 'no type')}"
        raise EmbedderError(f"as_hear: audio is a {kind}, expected a torch tensor of floats in [-1, 1]. Convert it.")
    if audio.ndim != 2:
        raise EmbedderError(f"as_hear: audio has shape {tuple(audio.shape)}, expected (sounds, samples).")
    least = round(Declared.of(model.embedder).min_seconds * model.sample_rate)
    samples = audio.detach().cpu().numpy().astype(np.float32)
    return list(np.pad(samples, ((0, 0), (0, max(0, least - samples.shape[1])))))


def _scenes(audio: Tensor, model: Any) -> Tensor:
    import torch

    return torch.from_numpy(embed_whole(model.embedder, _clips(audio, model))).to(audio.device)


def _timestamps(audio: Tensor, model: Any) -> tuple[Tensor, Tensor]:
    import torch

    clips, seconds = _clips(audio, model), audio.shape[1] / model.sample_rate
    if isinstance(model.embedder, FrameEmbedder):
        answers = model.embedder.embed_frames(clips)
        vectors = np.stack([answer[0] for answer in answers])
        times = np.stack([answer[1] for answer in answers])
        kept = max(1, int((times[0] <= seconds).sum()))
        vectors, times = vectors[:, :kept], np.minimum(times[:, :kept], seconds)
    else:
        vectors = embed_whole(model.embedder, clips)[:, None]
        times = np.full((len(clips), 1), seconds / 2)
    stamps = torch.from_numpy((1000.0 * times).astype(np.float32)).to(audio.device)
    return torch.from_numpy(np.ascontiguousarray(vectors)).to(audio.device), stamps
