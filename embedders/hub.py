"""TensorFlow Hub modules as embedders: VGGish, YAMNet, TRILL (layer 19) and TRILLsson 1 to 5.

What a module takes and answers is written on its TF Hub card, and in the code that exported it
(tensorflow/models, research/audioset; google-research, non_semantic_speech_benchmark). Each is asked
one clip at a time, so that no clip can see another; the frames of its answer are averaged, as SERAB
and the NOSS benchmark do (TRILLsson averages inside the module, and has no frames).

A module comes from one of two places: `weights` (a .tar.gz as TF Hub hands out, or a SavedModel
folder), or else `handle` (an address with a version, fetched by tensorflow_hub into TFHUB_CACHE_DIR).
A SavedModel is a program: take it from whom you trust.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, MissingExtraError, Vectors
from embedders.common import require_samples
from embedders.missing import OFFLINE, MissingWeightsError, is_offline
from embedders.steps import centres
from embedders.torch_common import DEVICES, require_one_of

SAVED_MODEL = "saved_model.pb"
HEARD = 95 * 160 + 400  # samples of a frame: 96 steps of 10 ms, and the rest of the last one's window of 25 ms


@dataclass(frozen=True)
class Module:
    """How a module is called, and which part of its answer holds the vectors, shape (frames, dim)."""

    dim: int
    min_seconds: float
    answers: str
    hop: int | None = None  # samples from a frame, of `HEARD` samples, to the next; None: the answer is one vector
    output: str | int | None = None  # a key, a place, or the answer itself
    with_rate: bool = False  # also takes `sample_rate`
    with_batch: bool = False  # takes (batch, samples)


MODULES = {
    # answers whole frames only. SERAB pads to 1 s (at random places)
    "vggish": Module(128, 1.0, "one tensor (frames, 128)", 15360),
    # pads itself with zeros at the end, to 0.975 s and then to whole frames; an export that does not would answer none
    "yamnet": Module(
        1024, 0.975, "(scores, embeddings, spectrogram), embeddings of shape (frames, 1024)", 7680, output=1
    ),
    # takes any length (its card shows 128 samples): pads itself with zeros at the end to 1 s
    "trill": Module(
        12288, 0.0, "a dict with 'layer19' of shape (frames, 12288)", 2720, output="layer19", with_rate=True
    ),
    **{
        # mirrors a clip to 2 s, which needs at least half of that
        f"trillsson{size}": Module(
            1024, 1.0, "a dict with 'embedding' (batch, 1024)", output="embedding", with_batch=True
        )
        for size in range(1, 6)
    },
}


class TfHub:
    """The frames of a TF Hub module, averaged over a clip: one vector of `dim` numbers.

    `module` is a name of `MODULES`. `weights` names what is on this machine; without it the module is
    fetched from `handle`, an https address that ends in a version number.
    """

    sample_rate = 16000

    def __init__(
        self,
        module: str,
        *,
        handle: str | None = None,
        weights: str | Path | None = None,
        device: str = "auto",
    ) -> None:
        require_one_of("hub", "module", module, MODULES)
        require_one_of("hub", "device", device, DEVICES)
        if handle is not None and not re.fullmatch(r"https://\S+/\d+", handle):
            raise EmbedderError(
                f"hub {module}: handle is {handle!r}, expected an https address that ends in a version, as "
                "https://tfhub.dev/google/vggish/1. Without a version the module could change unseen."
            )
        self.dim = MODULES[module].dim
        self.min_seconds = MODULES[module].min_seconds
        self._name = module
        self._module = MODULES[module]
        self._handle = handle
        self._path = None if weights is None else Path(weights).expanduser()
        self._device = device
        if self._module.hop is None:
            self.embed_frames = None  # type: ignore[method-assign, assignment]
        self._loaded: Any = None

    @staticmethod
    def find_weights(kwargs: Mapping[str, Any], *, fetch: bool) -> None:
        """Raises `MissingWeightsError` where the module of these arguments is not here and must not be fetched."""
        if kwargs.get("handle") is not None and (is_offline() or not fetch):
            _kept(kwargs["handle"])

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), dim).

        Raises `EmbedderError` for a clip below `min_seconds`, and for a module that cannot be loaded or called, or
        answers something else; `MissingWeightsError` where there is none; `MissingExtraError` without TensorFlow.
        """
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, frames in zip(vectors, self._answers(clips), strict=True):
            row[:] = frames.mean(axis=0, dtype=np.float64)
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip the module's frames, shape (frames, dim), and the centres of what each hears, in seconds.

        Every 0.96 s (VGGish), 0.48 s (YAMNet) or 0.17 s (TRILL), of 0.975 s each. Raises as `embed`, and
        `EmbedderError` for a module whose frames are farther apart or closer. None for TRILLsson.
        """
        return [
            (frames, self._centres(len(frames), len(clip)))
            for frames, clip in zip(self._answers(clips), clips, strict=True)
        ]

    def _centres(self, count: int, samples: int) -> NDArray[np.float64]:
        hop = self._module.hop
        assert hop is not None
        if abs(count - 1 - max(0, samples - HEARD) / hop) >= 1:  # a part of a frame at the end may have one, or none
            raise EmbedderError(
                f"hub {self._name}: the SavedModel answered {count} frames for {samples} samples, expected one every "
                f"{hop}. Give the published {self._name} module."
            )
        return centres(count, samples, hop=hop, first=(HEARD - 1) / 2, rate=self.sample_rate)

    def _answers(self, clips: Sequence[Clip]) -> Iterator[Vectors]:
        """For each clip, in order, what its module answers, shape (frames, dim)."""
        require_samples(clips, max(1, round(self.min_seconds * self.sample_rate)), f"hub {self._name}")
        tf = _imported("tensorflow")
        for clip in clips:
            with self._placed(tf):
                if self._loaded is None:
                    self._loaded = self._load(tf)
                answer = self._ask(tf, clip)
            yield self._frames(answer)

    def _placed(self, tf: Any) -> AbstractContextManager[Any]:
        if self._device == "cuda" and not tf.config.list_physical_devices("GPU"):
            raise EmbedderError(
                f"hub {self._name}: device is 'cuda', but TensorFlow sees no GPU here. Use `auto` or `cpu`."
            )
        return tf.device("/CPU:0") if self._device == "cpu" else nullcontext()

    def _load(self, tf: Any) -> Any:
        tf.config.experimental.enable_tensor_float_32_execution(False)  # on GPUs the default, wrong in the fourth digit
        if self._path is None:
            return self._read(tf, self._resolve(tf))
        if self._path.is_dir():
            return self._read(tf, self._path)
        with tempfile.TemporaryDirectory() as unpacked:  # variables are in memory once the model is loaded
            return self._read(tf, self._unpack(self._path, Path(unpacked)))

    def _resolve(self, tf: Any) -> Path:
        """The folder of the module that `handle` names, fetched where tensorflow_hub does not have it yet."""
        if self._handle is None:
            raise EmbedderError(
                f"hub {self._name}: found no weights and no handle, expected one of them. Give `weights`, the module's "
                ".tar.gz or its folder."
            )
        if is_offline():
            return _kept(self._handle)
        hub = _imported("tensorflow_hub")
        try:
            return Path(hub.resolve(self._handle))
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            raise _missing(self._handle, _first_line(error)) from error

    def _unpack(self, archive: Path, into: Path) -> Path:
        if not archive.is_file():
            raise EmbedderError(
                f"hub {self._name}: nothing at {archive}, expected a SavedModel folder or its .tar.gz. Correct the "
                "path."
            )
        try:
            with tarfile.open(archive) as members:
                members.extractall(into, filter="data")  # nothing leaves the folder
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise EmbedderError(
                f"hub {self._name}: {archive} cannot be unpacked ({_first_line(error)}), expected the .tar.gz of a "
                "SavedModel. It may be cut short: fetch it again."
            ) from error
        return into

    def _read(self, tf: Any, folder: Path) -> Any:
        nested = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
        found = [path for path in nested if (path / SAVED_MODEL).is_file()]
        if len(found) != 1:
            names = ", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing"
            where = self._path or folder
            raise EmbedderError(
                f"hub {self._name}: {where} holds {len(found)} SavedModels ({names}), expected one {SAVED_MODEL} in it "
                "or in one folder below. Give the folder that was exported."
            )
        try:
            model = tf.saved_model.load(str(found[0]))
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            raise EmbedderError(
                f"hub {self._name}: {self._path or folder} cannot be loaded ({_first_line(error)}), expected a "
                "TensorFlow 2 SavedModel. The copy may be incomplete: fetch it again."
            ) from error
        if not callable(model):
            raise EmbedderError(
                f"hub {self._name}: the SavedModel cannot be called; found signatures "
                f"{', '.join(model.signatures) or 'none'}, expected a module that answers {self._module.answers}. "
                f"Give the published {self._name} module."
            )
        return model

    def _ask(self, tf: Any, clip: Clip) -> Any:
        samples = tf.constant(clip[None] if self._module.with_batch else clip)
        rate = {"sample_rate": self.sample_rate} if self._module.with_rate else {}
        try:
            return self._loaded(samples, **rate)
        except (TypeError, ValueError) as error:
            taken = "(batch, samples)" if self._module.with_batch else "(samples,)"
            why = _first_line(error).partition(". Received args")[0]  # which it would print in full
            raise EmbedderError(
                f"hub {self._name}: the SavedModel cannot be called with {taken}{' and sample_rate' if rate else ''} "
                f"({why}), expected a module that answers {self._module.answers}. Give the published {self._name} "
                "module."
            ) from error

    def _frames(self, answer: Any) -> Vectors:
        """The part of a module's answer that holds the vectors, shape (frames, dim)."""
        place, part = self._module.output, answer
        if isinstance(place, str):
            part = answer.get(place) if isinstance(answer, Mapping) else None
        elif isinstance(place, int):
            part = answer[place] if isinstance(answer, list | tuple) and place < len(answer) else None
        if hasattr(part, "numpy"):
            frames: Vectors = part.numpy()
            if frames.ndim == 2 and frames.shape[0] > 0 and frames.shape[1] == self.dim:
                return frames
        raise EmbedderError(
            f"hub {self._name}: the SavedModel answered {_described(answer)}, expected {self._module.answers}. "
            f"Give the published {self._name} module."
        )


def _kept(handle: str) -> Path:
    """Where tensorflow_hub keeps the module of a handle: asking it for one that it lacks would fetch.

    Raises `MissingWeightsError` where it keeps none.
    """
    cache = Path(os.environ.get("TFHUB_CACHE_DIR") or Path(tempfile.gettempdir()) / "tfhub_modules")
    kept = cache / hashlib.sha1(handle.encode()).hexdigest()
    if not (kept / SAVED_MODEL).is_file():
        forbidden = f"{OFFLINE}=1 forbids to fetch it, and " if is_offline() else ""
        raise _missing(handle, f"{forbidden}TFHUB_CACHE_DIR does not hold it")
    return kept


def _missing(handle: str, why: str) -> MissingWeightsError:
    told = why.replace(". ", "; ")  # the first full stop ends what is missing, and begins the way out
    return MissingWeightsError(
        f"weights missing: {handle} ({told}). Fetch its .tar.gz where there is a network and give that file as "
        "`weights:`."
    )


def _imported(name: str) -> Any:
    """TensorFlow takes seconds to import, and openSMILE crashes beside it: only who embeds gets it."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"hub: {name} cannot be imported ({_first_line(error)}), expected the extra 'hub'. Install it: "
            "pip install 'moodbench[hub]'."
        ) from None


def _described(answer: Any) -> str:
    if isinstance(answer, Mapping):
        return "a dict with " + (", ".join(f"{key!r} {_shape(answer[key])}" for key in sorted(answer)) or "nothing")
    if isinstance(answer, list | tuple):
        return f"{len(answer)} outputs: " + ", ".join(_shape(part) for part in answer)
    return f"one output {_shape(answer)}"


def _shape(part: Any) -> str:
    return str(tuple(part.shape)) if hasattr(part, "shape") else f"of type {type(part).__name__}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")[:200]
