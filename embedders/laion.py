"""LAION's own package for CLAP, `laion_clap` (Wu et al., ICASSP 2023): its checkpoints as they were published.

The package crops a clip above 10 s at a random place, so the same clip gets another vector at each call. Here such a
clip is cut into windows of 10 s, one beginning where the last ended, the last one moved back to end with the clip; the
unit vectors of the windows are averaged. So the package never sees more than it takes whole. A shorter clip is repeated
as often as it fits into 10 s and zero-padded, by the package. It also rounds samples to 16 bits and back, as its
authors' example does.

The package needs the network or the Hugging Face cache even for a checkpoint of the user's own: at its import it reads
the tokenizers, and then the first weights of its text network.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, MissingExtraError, Vectors
from embedders.common import require_samples
from embedders.missing import MissingWeightsError
from embedders.torch_common import DEVICES, choose_device, exact, require_one_of

NETWORKS = ("HTSAT-tiny", "HTSAT-base")
WIDTH = 512
WINDOW = 480_000  # samples that the package takes whole
TOKENS = 77  # of a text; the package drops the rest without a word
OFFLINE = "MOODBENCH_OFFLINE"
READ_AT_IMPORT = ("roberta-base", "bert-base-uncased", "facebook/bart-base")
_UNREADABLE = (  # no file of tensors, or tensors of another network
    AttributeError,
    EOFError,
    ImportError,
    KeyError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)
_WINDOWS_A_PASS = {"cpu": 2, "cuda": 32}  # bounds memory, changes no vector
_TEXTS_A_PASS = 32


class LaionClap:
    """Unit vectors of 512 numbers for clips and for texts; their scalar product tells how well they match.

    `weights` is a checkpoint without feature fusion; `amodel` the audio network that it was trained with, in the
    package's own word. The package unpickles the file: take it from whom you trust.
    """

    sample_rate = 48000
    dim = WIDTH
    tolerance = 1e-4

    def __init__(self, weights: str | Path, *, amodel: str = "HTSAT-tiny", device: str = "auto") -> None:
        self._weights = Path(weights).expanduser()
        self._who = f"laion_clap {self._weights.name}"
        require_one_of(self._who, "amodel", amodel, NETWORKS)
        require_one_of(self._who, "device", device, DEVICES)
        self._amodel, self._device_name = amodel, device
        self._loaded: tuple[Any, str] | None = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Unit vectors of shape (len(clips), 512).

        Raises `EmbedderError` for an empty clip and for a checkpoint of another network, `MissingExtraError` without
        the package, `MissingWeightsError` where what it reads from the Hugging Face hub cannot be had.
        """
        require_samples(clips, 1, self._who)
        if not clips:
            return np.empty((0, self.dim), dtype=np.float32)
        module, device = self._load()
        import torch

        cuts = [_windows(clip) for clip in clips]
        waves, size = [wave for cut in cuts for wave in cut], _WINDOWS_A_PASS[device]
        with torch.inference_mode(), exact():
            heard = np.concatenate(
                [
                    self._checked(module.get_audio_embedding_from_data(x=part, use_tensor=False), len(part))
                    for part in (waves[start : start + size] for start in range(0, len(waves), size))
                ]
            )
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, own in zip(vectors, np.split(heard, np.cumsum([len(cut) for cut in cuts])[:-1]), strict=True):
            mean = own.mean(axis=0, dtype=np.float64)
            row[:] = mean / np.linalg.norm(mean)
        return vectors

    def embed_text(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of shape (len(texts), 512).

        Raises `EmbedderError` for a text that is empty or longer than 77 tokens, which the package would cut; else as
        `embed`.
        """
        if not texts:
            return np.empty((0, self.dim), dtype=np.float32)
        module, _ = self._load()
        import torch

        for text in texts:
            if not text.strip():
                raise EmbedderError(f"{self._who}: a text is empty, expected words. Take it out.")
            count = len(module.tokenize(text)["input_ids"])
            if count > TOKENS:
                raise EmbedderError(f"{self._who}: a text has {count} tokens, expected at most {TOKENS}. Shorten it.")
        with torch.inference_mode(), exact():
            return np.concatenate(
                [
                    self._checked(module.get_text_embedding(part, use_tensor=False), len(part))
                    for part in (list(texts[at : at + _TEXTS_A_PASS]) for at in range(0, len(texts), _TEXTS_A_PASS))
                ]
            )

    def _checked(self, answer: Any, rows: int) -> Vectors:
        found: NDArray[Any] = np.asarray(answer)
        if found.shape != (rows, self.dim):
            raise EmbedderError(
                f"{self._who}: the package answered shape {found.shape}, expected {(rows, self.dim)}. Install another "
                "version of laion-clap."
            )
        return found.astype(np.float32)

    def _load(self) -> tuple[Any, str]:
        """The package's module with the checkpoint in it, and the device it is on."""
        if self._loaded is None:
            if not self._weights.is_file():
                raise EmbedderError(
                    f"{self._who}: no weights at {self._weights}, expected a .pt file. Correct the path."
                )
            device = choose_device(self._who, self._device_name)
            module = self._made(device)
            try:
                with redirect_stdout(io.StringIO()):  # it lists every tensor
                    module.load_ckpt(str(self._weights))
            except _UNREADABLE as error:
                raise EmbedderError(
                    f"{self._who}: {self._weights} cannot be loaded ({_told(error)}), expected a checkpoint of "
                    f"{self._amodel} without fusion. The 630k files are HTSAT-tiny, the music files HTSAT-base; set "
                    "`amodel`. Files with fusion in their name are not read: fusion sees random crops."
                ) from error
            self._loaded = module, device
        return self._loaded

    def _made(self, device: str) -> Any:
        try:
            with _cache_alone_where_offline(), redirect_stdout(io.StringIO()):
                import laion_clap

                return laion_clap.CLAP_Module(enable_fusion=False, device=device, amodel=self._amodel)
        except ImportError as error:
            raise MissingExtraError(
                f"{self._who}: {error.name or _told(error)} cannot be imported, expected the package laion_clap with "
                "all that it needs. Install it: pip install laion-clap."
            ) from error
        except OSError as error:  # what transformers raises for a repository that it cannot read
            raise MissingWeightsError(
                f"weights missing: laion_clap reads {', '.join(READ_AT_IMPORT)} of the Hugging Face hub, which cannot "
                f"be had ({_told(error).replace('. ', '; ')}). Where there is a network: hf download each of them into "
                "the Hugging Face cache."
            ) from error


@contextmanager
def _cache_alone_where_offline() -> Iterator[None]:
    """Under MOODBENCH_OFFLINE=1 the Hugging Face libraries look only into their cache."""
    if os.environ.get(OFFLINE) != "1":
        yield
        return
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True  # asked at each request; the variable of that name is read at import only
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _windows(clip: Clip) -> list[Clip]:
    last = max(0, len(clip) - WINDOW)
    return [clip[min(start, last) :][:WINDOW] for start in range(0, len(clip), WINDOW)]


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".:") or type(error).__name__
