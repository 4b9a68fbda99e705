"""What an embedder's answer must be, checked for every batch of every run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.errors import AnswerError


def named(names: Sequence[str]) -> str:
    """The clips of a batch in a message: the first, and how many more."""
    return repr(names[0]) + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def validate_vectors(vectors: object, count: int, dim: int, names: Sequence[str]) -> NDArray[np.float32]:
    """`vectors` itself, when it is a finite float32 array of shape (count, dim).

    `names` are the clips of the batch, in order, for the message.

    Raises:
        AnswerError: it is anything else; says what was found, what was expected and the way out.
    """
    where = f"embedding {named(names)}" if names else "embed"
    expected = f"a float32 array of shape ({count}, {dim})"
    if not isinstance(vectors, np.ndarray):
        kind = f"{type(vectors).__module__}.{type(vectors).__qualname__}".removeprefix("builtins.")
        raise AnswerError(where, "shape", f"a {kind}", expected, "Convert it to numpy on the CPU.")
    if vectors.shape != (count, dim):
        way_out = "Return one vector of `dim` numbers for each clip, or correct `dim`."
        raise AnswerError(where, "shape", f"shape {vectors.shape}", f"{(count, dim)}", way_out)
    if vectors.dtype != np.float32:
        way_out = "Return `vectors.astype(numpy.float32)`."
        raise AnswerError(where, "dtype", f"dtype {vectors.dtype}", "float32", way_out)
    finite = np.isfinite(vectors)
    if not finite.all():
        row = int(np.flatnonzero(~finite.all(axis=1))[0])
        bad = vectors[row][~finite[row]]
        clip = f"clip {row} ({names[row]!r})" if row < len(names) else f"clip {row}"
        raise AnswerError(
            where,
            "finite",
            f"{bad[0]} among the {dim} numbers of {clip}, {bad.size} not finite",
            "finite numbers only",
            "If the clip is too short for the model declare `min_seconds`; otherwise answer a defined value where the "
            "model has none.",
        )
    return vectors


def validate_frames(
    answers: Any, clips: Sequence[NDArray[np.float32]], rate: int, dim: int, names: Sequence[str]
) -> list[tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """The answers themselves, when each is what `FrameEmbedder` says.

    Raises:
        AnswerError: one is anything else; says what was found, what was expected and the way out.
    """
    way_out = "Mend its embed_frames; 'moodbench check' tries it."
    if not isinstance(answers, list) or len(answers) != len(clips):
        found = f"{len(answers)} answers" if isinstance(answers, list) else f"a {type(answers).__name__}"
        expected = f"a list of {len(clips)}, one a clip"
        raise AnswerError(f"frames of {named(names)}", "frames", found, expected, way_out)
    for answer, clip, name in zip(answers, clips, names, strict=True):
        found, expected = _mistake(answer, len(clip) / rate, dim)
        if found:
            raise AnswerError(f"frames of {name!r}", "frames", found, expected, way_out)
    return answers


def _mistake(answer: Any, seconds: float, dim: int) -> tuple[str, str]:
    """What is wrong with the frames of a clip of so many seconds, and what it should be; nothing where all is well."""
    if not isinstance(answer, tuple) or len(answer) != 2 or not all(isinstance(each, np.ndarray) for each in answer):
        return f"a {type(answer).__name__}", "a pair of arrays, vectors and times"
    vectors, times = answer
    if vectors.ndim != 2 or vectors.shape[1] != dim or vectors.dtype != np.float32:
        return f"vectors {vectors.dtype} of shape {vectors.shape}", f"float32 of shape (frames, {dim})"
    if times.shape != vectors.shape[:1] or times.dtype != np.float64 or not len(times):
        return (
            f"times {times.dtype} of shape {times.shape} for {len(vectors)} vectors",
            "one float64 each, and at least one",
        )
    if not np.isfinite(vectors).all():
        row = int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])
        return f"numbers that are not finite in frame {row}", "finite numbers only"
    steps = np.diff(times)
    if not np.isfinite(times).all() or not (steps > 0).all():
        return "times that do not rise", "each after the one before, in seconds"
    last = seconds + float(steps.max(initial=0.0))  # a frame that the end cuts may be centred behind it
    if times[0] < 0 or times[-1] > last:
        return f"times from {times[0]:.3f} to {times[-1]:.3f} s", f"them inside a clip of {seconds:.3f} s"
    return "", ""
