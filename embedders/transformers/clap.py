"""LAION's CLAP (Wu et al., ICASSP 2023): audio and text in one space.

Its own feature extractor crops a clip above 10 s at a random place, so the same clip gets another vector at each
call. Here such a clip is cut into windows of 10 s, one beginning where the last ended, the last one moved back to end
with the clip; the unit vectors of the windows are averaged. A shorter clip is repeated as often as it fits into 10 s
and zero-padded, as in training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embedders.base import Clip, EmbedderError, Vectors
from embedders.common import require_samples
from embedders.torch_common import (
    DEVICES,
    PRECISIONS,
    arithmetic,
    choose_device,
    exact,
    first_line,
    passes,
    require_one_of,
    to_device,
    tolerance_at,
)
from embedders.transformers.loading import kind_of, load, preprocessing, width_of
from embedders.transformers.source import CONFIG, PREPROCESSOR, Source
from embedders.windows import cut

if TYPE_CHECKING:
    from torch import Tensor

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json")
_WINDOWS_A_PASS = {"cpu": 2, "cuda": 32}  # bounds memory, changes no vector
_TOKENS_A_PASS = {"cpu": 1000, "cuda": 20000}
_ODDS = 2  # the first positions of its text network are taken


class Clap:
    """Unit vectors of `width` numbers for clips and for texts; their scalar product tells how well they match.

    `weights`, or `model` with `revision` name the checkpoint, see `Source`; the tokenizer's files stand
    beside config.json. Checkpoints with feature fusion are refused: fusion sees random crops. `precision` is one of
    `embedders.torch_common.PRECISIONS`, for both of its networks; spectrograms are always float32.
    """

    sample_rate = 48000
    tolerance = 1e-4

    def __init__(
        self,
        weights: str | Path | None = None,
        *,
        model: str | None = None,
        revision: str | None = None,
        width: int | None = None,
        device: str = "auto",
        precision: str = "float32",
    ) -> None:
        who = f"clap {model or Path(weights or 'model').name}"
        require_one_of(who, "device", device, DEVICES)
        require_one_of(who, "precision", precision, PRECISIONS)
        self._source = Source.of(who, weights, model, revision)
        config = self._source.known_config() if width is None else None
        if config is not None:
            kind_of(who, config, ("clap",))
            width = width_of(config)
        if type(width) is not int or width < 1:
            raise EmbedderError(
                f"{who}: width is {width!r}, expected the checkpoint's projection_dim, where no {CONFIG} here says "
                "it. Set `width`."
            )
        self.dim = width
        self.tolerance = tolerance_at(precision, self.tolerance)
        self._who, self._device_name, self._precision = who, device, precision
        self._loaded: tuple[Any, Any, Path, str] | None = None
        self._tokenizer: Any = None

    @staticmethod
    def find_weights(kwargs: Mapping[str, Any], *, fetch: bool) -> None:
        """Raises `MissingWeightsError` where the checkpoint of these arguments is not here and cannot be fetched."""
        Source.of("clap", None, *(kwargs.get(name) for name in ("model", "revision"))).look(fetch=fetch)

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Unit vectors of shape (len(clips), width).

        Raises `EmbedderError` for an empty clip and for a checkpoint that is another network, `MissingWeightsError`
        for one that is not here, `MissingExtraError` without transformers.
        """
        require_samples(clips, 1, self._who)
        if not clips:
            return np.empty((0, self.dim), dtype=np.float32)
        network, front, _, device = self._load()
        import torch

        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        with torch.inference_mode(), exact():
            cuts = [cut(clip, front.nb_max_samples) for clip in clips]
            waves, size = [wave for each in cuts for wave in each], _WINDOWS_A_PASS[device]
            starts = range(0, len(waves), size)
            heard = torch.cat([self._heard(network, front, waves[start : start + size], device) for start in starts])
            for row, own in zip(vectors, heard.split([len(each) for each in cuts]), strict=True):
                row[:] = _unit(own.mean(dim=0)).cpu().numpy()
        return vectors

    def embed_text(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), width).

        Raises `EmbedderError` for a text that is empty or longer than the network's positions, and where the
        tokenizer's files are missing; else as `embed`.
        """
        network, _, folder, device = self._load()
        import torch

        rows = [self._tokens(text, folder, network) for text in texts]
        vectors = np.empty((len(rows), self.dim), dtype=np.float32)
        with torch.inference_mode(), exact():
            # texts of one length share a pass, so that nothing is padded
            for places in passes([len(row) for row in rows], _TOKENS_A_PASS[device], mixed=False):
                ids = torch.tensor([rows[place] for place in places], device=device)
                with arithmetic(self._precision, device):
                    seen = network.text_model(input_ids=ids, attention_mask=torch.ones_like(ids)).pooler_output
                    projected = network.text_projection(seen)
                vectors[places] = _unit(projected.float()).cpu().numpy()
        return vectors

    def _heard(self, network: Any, front: Any, waves: Sequence[Clip], device: str) -> Tensor:
        # no window is longer than the extractor's longest, so that nothing is cropped
        asked = {"truncation": "rand_trunc", "padding": "repeatpad", "sampling_rate": self.sample_rate}
        spectra = [front(wave, return_tensors="np", **asked)["input_features"][0] for wave in waves]
        batch = to_device(np.stack(spectra).astype(np.float32, copy=False), device)
        with arithmetic(self._precision, device):
            projected = network.audio_projection(network.audio_model(input_features=batch).pooler_output)
        return _unit(projected.float())

    def _tokens(self, text: str, folder: Path, network: Any) -> list[int]:
        if self._tokenizer is None:
            self._tokenizer = self._read_tokenizer(folder)
        if not text.strip():
            raise EmbedderError(f"{self._who}: a text is empty, expected words. Take it out.")
        ids: list[int] = self._tokenizer(text, verbose=False)["input_ids"]
        most = network.config.text_config.max_position_embeddings - _ODDS
        if len(ids) > most:
            raise EmbedderError(f"{self._who}: a text has {len(ids)} tokens, expected at most {most}. Shorten it.")
        return ids

    def _read_tokenizer(self, folder: Path) -> Any:
        import transformers

        if not (folder / TOKENIZER[0]).is_file() and not (folder / TOKENIZER[2]).is_file():
            raise EmbedderError(
                f"{self._who}: neither {TOKENIZER[0]} nor {TOKENIZER[2]} in {folder}, expected the tokenizer's files "
                "beside the weights. Copy them from where they come from."
            )
        try:
            return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise EmbedderError(
                f"{self._who}: the tokenizer in {folder} cannot be read ({first_line(error)}). Fetch its files again."
            ) from error

    def _load(self) -> tuple[Any, Any, Path, str]:
        """The network, its feature extractor, the folder of its other files, and the device."""
        if self._loaded is None:
            checkpoint = load(self._source, fronts=("clap",), width=self.dim, also=TOKENIZER)
            import transformers

            if checkpoint.network.config.audio_config.enable_fusion:
                raise EmbedderError(
                    f"{self._who}: {CONFIG} sets enable_fusion, expected a checkpoint without it: fusion sees random "
                    "crops, so the same clip would get other vectors. Use laion/clap-htsat-unfused or one of its kind."
                )
            preprocessing(self._who, checkpoint.folder, self.sample_rate)
            try:
                front = transformers.ClapFeatureExtractor.from_pretrained(checkpoint.folder, local_files_only=True)
            except (OSError, ValueError, TypeError, KeyError) as error:
                raise EmbedderError(
                    f"{self._who}: {checkpoint.folder / PREPROCESSOR} is none of a ClapFeatureExtractor "
                    f"({first_line(error)}). Fetch it again."
                ) from error
            device = choose_device(self._who, self._device_name, self._precision)
            self._loaded = checkpoint.network.to(device), front, checkpoint.folder, device
        return self._loaded


def _unit(vectors: Tensor) -> Tensor:
    import torch

    return torch.nn.functional.normalize(vectors, dim=-1)
