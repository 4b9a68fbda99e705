"""Any embedder as an encoder of MTEB 2: an object with `encode`, to be handed to `mteb.evaluate`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.adapters.calling import embed_whole, without_statistics
from embedders.base import Clip, Declared, Embedder, EmbedderError, MissingExtraError, Vectors


class MtebEncoder:
    """Audio in MTEB's batches to vectors of the embedder, in order; `similarity` is the cosine.

    Channels are averaged, and the sound is brought to the embedder's rate by soxr at its HQ setting, as the
    engine does. Clips of several lengths are handed over as the embedder declares it can take them.
    `name` ("organisation/model") and `revision` are what MTEB files the results under.

    Raises `EmbedderError` for an embedder that must see a dataset's statistics first.
    """

    def __init__(self, embedder: Embedder, name: str, revision: str = "1") -> None:
        without_statistics(embedder, "as_mteb")
        self._embedder, self._name, self._revision = embedder, name, revision

    def encode(self, inputs: Iterable[Mapping[str, Any]], **_: Any) -> Vectors:
        """Vectors (clips, dim) of a loader's batches, each with `"audio"`: `{"array", "sampling_rate"}` a clip.

        What else MTEB tells (the task, its split, a batch size) changes no vector.
        """
        rows = []
        for batch in inputs:
            if "audio" not in batch:
                raise EmbedderError(
                    f"as_mteb: a batch holds {', '.join(batch) or 'nothing'}, expected 'audio'. This is an encoder of "
                    "sound: choose tasks of the modality audio."
                )
            rows.append(self._embed([self._clip(item) for item in batch["audio"]]))
        return np.concatenate(rows) if rows else np.empty((0, self._embedder.dim), np.float32)

    def similarity(self, embeddings1: Any, embeddings2: Any) -> NDArray[np.float64]:
        """The cosine of every vector of the one with every one of the other, (n, m)."""
        return _unit(embeddings1) @ _unit(embeddings2).T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> NDArray[np.float64]:
        """The cosine of the vectors at the same place, (n,)."""
        product: NDArray[np.float64] = (_unit(embeddings1) * _unit(embeddings2)).sum(axis=1)
        return product

    @property
    def mteb_model_meta(self) -> Any:
        """What MTEB wants to know of a model, of its own type `ModelMeta`; raises `MissingExtraError` without mteb."""
        try:
            from mteb.models import ModelMeta
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"as_mteb: cannot import {error.name!r}, expected mteb for a model card. Install it: pip install mteb."
            ) from None
        known = {
            "name": self._name,
            "revision": self._revision,
            "modalities": ["audio"],
            "embed_dim": self._embedder.dim,
        }
        return ModelMeta.create_empty(overwrites=known)

    def _clip(self, item: Mapping[str, Any]) -> Clip:
        found = np.asarray(item["array"])
        shape = found.shape
        if found.dtype.kind != "f" or len(shape) not in (1, 2) or (len(shape) == 2 and shape[0] > shape[1]):
            raise EmbedderError(
                f"as_mteb: audio has shape {shape} and type {found.dtype}, expected (samples,) or (channels, samples), "
                "floats in [-1, 1]. Divide 16-bit samples by 32768; turn (samples, channels) round."
            )
        samples = found.astype(np.float32)
        mono = samples.mean(axis=0) if len(shape) == 2 else samples
        rate, wanted = int(item["sampling_rate"]), self._embedder.sample_rate
        if rate != wanted:
            import soxr

            mono = np.ascontiguousarray(soxr.resample(mono, rate, wanted, quality="HQ"), dtype=np.float32)
        least = round(Declared.of(self._embedder).min_seconds * wanted)
        return np.pad(mono, (0, max(0, least - len(mono))))

    def _embed(self, clips: Sequence[Clip]) -> Vectors:
        if not Declared.of(self._embedder).equal_length:
            return embed_whole(self._embedder, clips)
        places: dict[int, list[int]] = {}
        for place, clip in enumerate(clips):
            places.setdefault(len(clip), []).append(place)
        vectors = np.empty((len(clips), self._embedder.dim), np.float32)
        for same in places.values():
            vectors[same] = embed_whole(self._embedder, [clips[place] for place in same])
        return vectors


def _unit(vectors: Any) -> NDArray[np.float64]:
    found = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return found / np.where(lengths > 0, lengths, 1.0)
