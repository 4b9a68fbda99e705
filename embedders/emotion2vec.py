"""emotion2vec (Ma et al., "emotion2vec: Self-Supervised Pre-Training for Speech Emotion Representation", Findings of
ACL 2024) and emotion2vec+, through FunASR, the package that its authors publish it for.

FunASR is handed a folder on this machine and never a name, which it would look up on a model hub. What it does without
a word is checked here: tensors that are missing in a checkpoint, or of another shape, keep their random first values.
"""

from __future__ import annotations

import functools
import json
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.base import Clip, EmbedderError, MissingExtraError, Vectors
from embedders.common import require_samples
from embedders.steps import centres
from embedders.torch_common import DEVICES, choose_device, exact, first_line, require_one_of

CONFIG, META, CHECKPOINT = "config.yaml", "configuration.json", "model.pt"
MIN_SAMPLES, HOP = 400, 320  # a frame: the convolutions, those of wav2vec 2.0, see 400 samples every 320
INSIDE = ("state_dict", "model_state_dict", "model")  # where FunASR looks for the tensors in a file


class Emotion2vec:
    """The mean of the last layer's frames, one every 20 ms: `width` numbers.

    `weights` is a folder with a copy of the model's repository: config.yaml, configuration.json and the checkpoint
    (with tokens.txt for emotion2vec+). Clips are asked one at a time.
    """

    sample_rate = 16000
    min_seconds = MIN_SAMPLES / 16000
    tolerance = 1e-4

    def __init__(self, weights: str | Path, *, width: int = 768, device: str = "auto") -> None:
        self._folder = Path(weights).expanduser()
        self._who = f"emotion2vec {self._folder.name}"
        require_one_of(self._who, "device", device, DEVICES)
        if type(width) is not int or width < 1:
            raise EmbedderError(f"{self._who}: width is {width!r}, expected a whole number above 0.")
        self.dim = width
        self._device = device
        self._model: Any = None

    def embed(self, clips: Sequence[Clip]) -> Vectors:
        """Vectors of shape (len(clips), width).

        Raises `EmbedderError` for a clip below 400 samples, and for a folder that is no emotion2vec or another width;
        `MissingExtraError` without FunASR.
        """
        vectors = np.empty((len(clips), self.dim), dtype=np.float32)
        for row, found in zip(vectors, self._answers(clips, "utterance"), strict=True):
            if np.shape(found) != (self.dim,):
                raise self._unexpected(found, f"one vector of {self.dim} numbers")
            row[:] = found
        return vectors

    def embed_frames(self, clips: Sequence[Clip]) -> list[tuple[Vectors, NDArray[np.float64]]]:
        """For each clip a vector every 20 ms, shape (frames, width), and the centres of what the convolutions see.

        Raises as `embed`.
        """
        times = functools.partial(centres, hop=HOP, first=(MIN_SAMPLES - 1) / 2, rate=self.sample_rate)
        frames = []
        for clip, found in zip(clips, self._answers(clips, "frame"), strict=True):
            count = 1 + (len(clip) - MIN_SAMPLES) // HOP
            if np.shape(found) != (count, self.dim):
                raise self._unexpected(found, f"{count} frames of {self.dim} numbers")
            frames.append((np.array(found, dtype=np.float32), times(count, len(clip))))
        return frames

    def _answers(self, clips: Sequence[Clip], granularity: str) -> Iterator[Any]:
        """What FunASR tells of each clip, in order: an array, or None."""
        require_samples(clips, MIN_SAMPLES, self._who)
        if clips and self._model is None:
            self._model = self._load()
        import torch

        for clip in clips:
            with torch.inference_mode(), exact():
                # without a key it draws one from Python's random numbers
                answer = self._model.generate(clip, key="clip", granularity=granularity, extract_embedding=True)
            one = answer[0] if isinstance(answer, list) and len(answer) == 1 else None
            yield one.get("feats") if isinstance(one, dict) else None

    def _unexpected(self, found: Any, wanted: str) -> EmbedderError:
        told = f"feats of shape {np.shape(found)}" if found is not None else "no feats"
        return EmbedderError(
            f"{self._who}: FunASR answered {told}, expected {wanted}. Correct `width`, or give the folder of an "
            "emotion2vec model."
        )

    def _load(self) -> Any:
        checkpoint = self._checkpoint()
        device = choose_device(self._who, self._device)
        import torch

        try:
            from funasr import AutoModel

            made = AutoModel(
                model=str(self._folder.resolve()),
                init_param=str(checkpoint),
                device=device,
                ncpu=torch.get_num_threads(),  # it would set torch's to 4
                trust_remote_code=False,  # whatever config.yaml says
                disable_update=True,  # which asks a server
                disable_pbar=True,
                log_level="ERROR",
            )
        except ImportError as error:
            raise MissingExtraError(
                f"{self._who}: {error.name or first_line(error)} cannot be imported, expected FunASR with all that it "
                "needs. Install it: pip install funasr."
            ) from error
        except (
            AssertionError,
            AttributeError,
            EOFError,
            KeyError,
            OSError,
            RuntimeError,
            TypeError,
            ValueError,
            pickle.UnpicklingError,
        ) as error:
            raise EmbedderError(
                f"{self._who}: FunASR cannot open {self._folder} ({first_line(error)}), expected a copy of the "
                "repository of an emotion2vec model. Copy it again, whole."
            ) from error
        self._require_filled(made.model, checkpoint)
        return made

    def _checkpoint(self) -> Path:
        """The file of the tensors, which must lie in the folder: only what is in it is known by its sha256."""
        folder = self._folder.resolve()
        if not (folder / CONFIG).is_file():
            found = "nothing" if not folder.exists() else f"no {CONFIG}"
            raise EmbedderError(
                f"{self._who}: {found} at {self._folder}, expected a folder with {CONFIG}, {META} and the checkpoint. "
                "Name the folder that the model's repository was copied to."
            )
        name: Any = CHECKPOINT
        if (folder / META).is_file():
            try:
                name = json.loads((folder / META).read_text(encoding="utf-8"))["file_path_metas"]["init_param"]
            except (ValueError, KeyError, TypeError) as error:
                raise EmbedderError(
                    f"{self._who}: {META} in {self._folder} names no checkpoint ({type(error).__name__}), expected "
                    "init_param under file_path_metas. Copy the file again."
                ) from error
        path = folder / str(name)
        if not path.is_file() or not path.resolve().is_relative_to(folder):
            raise EmbedderError(
                f"{self._who}: no {name} in {self._folder}, expected the checkpoint there. Copy it from where the rest "
                "comes from."
            )
        return path

    def _require_filled(self, network: Any, path: Path) -> None:
        """Raises `EmbedderError` where the network has tensors that the file does not fill."""
        import torch

        held = torch.load(path, map_location="cpu", weights_only=True)
        for key in INSIDE:
            held = held.get(key, held)
        shapes = {name.removeprefix("module."): tuple(tensor.shape) for name, tensor in held.items()}
        left = [name for name, tensor in network.state_dict().items() if shapes.get(name) != tuple(tensor.shape)]
        if left:
            shown = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
            raise EmbedderError(
                f"{self._who}: {path} does not fill {shown}, which FunASR would leave random. Expected the checkpoint "
                f"that {CONFIG} beside it describes. Give the files of one model."
            )
