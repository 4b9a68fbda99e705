"""What an embedder answers: its form, its values, and what they may depend on.

Each check returns what it saw, or raises `Failed`.
"""

from __future__ import annotations

import json
import pickle
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmark import declared, isolation
from benchmark.check import signals
from benchmark.check.subject import Failed, NotApplicable, Subject, Vectors, relative_difference
from benchmark.embedding import MAX_CLIPS, embed_clips
from benchmark.errors import AnswerError
from benchmark.frames import frames_of
from benchmark.model_errors import text
from embedders.base import Clip, FittedEmbedder, FrameEmbedder

BEGIN_SECONDS = 0.5  # in which two clips are alike
TURNING_SECONDS = 1.5  # of each of the two
BATCH_SECONDS = 120.0  # of audio in a batch of the engine, unless the user says another number
LARGE_BATCH_SECONDS = 60.0  # that a large batch may take


def attributes(subject: Subject) -> str:
    """The declarations are of the right kind."""
    for name in ("sample_rate", "dim"):
        value = getattr(subject.embedder, name)
        if not isinstance(value, int) or isinstance(value, bool):
            kind = f"{type(value).__module__}.{type(value).__qualname__}".removeprefix("builtins.")
            raise Failed(f"{name} = {value!r}, which is a {kind}")
        if value < 1:
            raise Failed(f"{name} = {value!r}")
    if wrong := declared.wrong_besides(subject.embedder):
        expected = "each as embedders/base.py says of it"
        raise AnswerError("", "attributes", "; ".join(wrong), expected, "Mend it on the class.")
    return f"{subject.embedder.dim} numbers from {subject.rate} Hz"


def statistics(subject: Subject) -> str:
    """What is fitted can be kept as JSON."""
    embedder = subject.fitted(subject.embedder)
    if not isinstance(embedder, FittedEmbedder):
        return "none needed"
    record = embedder.statistics_record()
    if subject.declared.in_workers:
        try:
            pickle.dumps(embedder)
        except Exception as error:  # a stranger's code: anything it raises is a finding
            raise Failed(f"it cannot be pickled for its workers (in_workers): {text(error)}") from None
    try:
        return json.dumps(dict(record), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise Failed(f"{type(error).__name__}: {error}") from None


def _raw(subject: Subject) -> NDArray[np.generic]:
    """The answer as it is, for clips of one length."""
    return subject.embedder.embed(_same_length(subject))


def _same_length(subject: Subject) -> list[Clip]:
    return signals.various(subject.rate, seconds=max(1.0, subject.declared.min_seconds))


def shape(subject: Subject) -> str:
    """A numpy array, a row a clip."""
    answer, wanted = _raw(subject), (len(_same_length(subject)), subject.embedder.dim)
    if not isinstance(answer, np.ndarray):
        raise Failed(f"a {type(answer).__module__}.{type(answer).__qualname__}")
    if answer.shape != wanted:
        raise Failed(f"shape {answer.shape} for {wanted[0]} clips and dim {wanted[1]}")
    return str(answer.shape)


def dtype(subject: Subject) -> str:
    """float32, not cast from anything."""
    answer = _raw(subject)
    if answer.dtype != np.float32:
        raise Failed(f"dtype {answer.dtype}")
    return "float32"


def finite(subject: Subject) -> str:
    """Clips of several lengths."""
    return _values(subject.vectors(signals.various(subject.rate)))


def _values(vectors: Vectors) -> str:
    return f"finite, largest {np.abs(vectors).max():.3g}"


def deterministic(subject: Subject) -> str:
    """Two calls."""
    clips = signals.various(subject.rate)
    return subject.require_close(subject.vectors(clips), subject.vectors(signals.various(subject.rate)))


def instances(subject: Subject) -> str:
    """Two objects."""
    clips = signals.various(subject.rate)
    return subject.require_close(subject.vectors(clips, subject.fitted(subject.make())), subject.vectors(clips))


def order(subject: Subject) -> str:
    """Rows follow their clips."""
    seen = ""
    mixed = [] if subject.declared.equal_length else [_long_enough(subject)]
    for clips in (_same_length(subject), *mixed):
        turned = list(range(1, len(clips), 2)) + list(range(0, len(clips), 2))
        names = [f"test signal {place}" for place in range(len(clips))]
        straight = embed_clips(subject.embedder, [clip.copy() for clip in clips], names).copy()
        seen = subject.require_close(
            embed_clips(subject.embedder, [clips[p].copy() for p in turned], names), straight[turned]
        )
    return seen


def _long_enough(subject: Subject) -> list[Clip]:
    shortest = round(subject.declared.min_seconds * subject.rate)
    return [clip for clip in signals.various(subject.rate) if len(clip) >= shortest] or _same_length(subject)


def batch_mates(subject: Subject) -> str:
    """Alone, in a batch, and in one as large as the engine hands over, of the shorter clips again and again.

    A batch that would take minutes is not tried, nor one of more audio than the engine hands over.
    """
    clips = [*signals.various(subject.rate), *_same_length(subject)]
    alone = np.concatenate([subject.vectors([clip]) for clip in clips])
    begun = time.monotonic()
    seen = subject.require_close(subject.vectors(clips), alone)
    seconds = (time.monotonic() - begun) / len(clips)
    usual, shorter = len(clips[-1]), not subject.declared.equal_length
    short = [n for n, clip in enumerate(clips) if len(clip) == usual or (shorter and len(clip) < usual)]
    padded = max(max(len(clips[n]) for n in short) / subject.rate, subject.declared.min_seconds)
    size = min(MAX_CLIPS, int(BATCH_SECONDS / padded))
    if size <= len(clips):
        return seen
    if size * seconds > LARGE_BATCH_SECONDS:
        return f"{seen}; not tried in a batch of {size}, which takes {size * seconds:.0f} s"
    many = (short * size)[:size]
    isolation.beat()
    try:
        subject.require_close(subject.vectors([clips[n] for n in many]), alone[many])
    except Failed as error:
        raise Failed(f"{error} in a batch of {size} clips, and none to speak of in smaller ones") from None
    return seen


def different(subject: Subject) -> str:
    """Different clips, different vectors, though two of the clips begin alike."""
    samples, alike = (round(seconds * subject.rate) for seconds in (TURNING_SECONDS, BEGIN_SECONDS))
    *vectors, one, other = subject.vectors(
        [*_same_length(subject), signals.noise(samples), signals.turning(samples, alike, subject.rate)]
    )
    pairs = [(i, j) for i in range(len(vectors)) for j in range(i)]
    differences = [relative_difference(vectors[i][None], vectors[j][None]) for i, j in pairs]
    nearest = int(np.argmin(differences))
    if differences[nearest] <= subject.declared.tolerance:
        raise Failed("the same vector for {1} and {0}".format(*(signals.NAMES[place] for place in pairs[nearest])))
    if relative_difference(one[None], other[None]) <= subject.declared.tolerance:
        raise Failed(f"the same vector for two clips that have only their first {BEGIN_SECONDS:g} s in common")
    return f"smallest difference {differences[nearest]:.2g}"


def inputs(subject: Subject) -> str:
    """The samples given are left alone."""
    clips, before = _same_length(subject), _same_length(subject)
    subject.embedder.embed(clips)
    for clip, original, name in zip(clips, before, signals.NAMES, strict=True):
        if not np.array_equal(clip, original):
            raise Failed(f"other samples in {name} after the call")
    return "unchanged"


def own_memory(subject: Subject) -> str:
    """Each answer has memory of its own."""
    clips = _same_length(subject)
    first = subject.embedder.embed(clips)
    kept = first.copy()
    second = subject.embedder.embed([np.float32(0.5) * clip for clip in reversed(clips)])
    if not np.array_equal(first, kept, equal_nan=True):
        raise Failed("the first answer changed by the second call")
    if np.shares_memory(first, second) or any(np.shares_memory(first, clip) for clip in clips):
        raise Failed("an answer that shares memory with another or with its input")
    return "separate"


def on(make: Callable[[Subject], list[Clip]]) -> Callable[[Subject], str]:
    """A check that the vectors of some clips, each asked alone, are finite."""

    def run(subject: Subject) -> str:
        return _values(np.concatenate([subject.vectors(clips) for clips in _singly(make(subject))]))

    return run


def _singly(clips: list[Clip]) -> Iterator[list[Clip]]:
    return ([clip] for clip in clips)


def very_short(subject: Subject) -> list[Clip]:
    """Noise of 0.05 s, and of the declared shortest length."""
    least = round(subject.declared.min_seconds * subject.rate)
    return [signals.noise(n) for n in sorted({max(1, round(0.05 * subject.rate)), least} - {0})]


def long(subject: Subject) -> str:
    """Noise of `long_seconds`."""
    return _values(subject.long_vector)


def whole_clip(subject: Subject) -> str:
    """Long clips that differ in their last half. A model that drops the rest after its last window hears some of it."""
    samples = round(subject.long_seconds * subject.rate)
    other = subject.vectors([signals.turning(samples, samples // 2, subject.rate)])
    difference = relative_difference(other, subject.long_vector)
    if difference <= subject.declared.tolerance:
        raise Failed(f"the same vector for two clips of {subject.long_seconds:g} s that differ in their last half")
    return f"another last half of {subject.long_seconds:g} s makes a difference of {difference:.2g}"


def frames(subject: Subject) -> str:
    """Vectors with times inside the clip, as `moodbench frames` asks for them and checks them."""
    if not isinstance(subject.embedder, FrameEmbedder):
        raise NotApplicable("it has no embed_frames")
    clips = _same_length(subject) if subject.declared.equal_length else signals.various(subject.rate)
    _, times = frames_of(subject.embedder, clips, signals.NAMES)[0]
    return f"{len(times)} frames from {max(len(clips[0]) / subject.rate, subject.declared.min_seconds):.2f} s"


def gpu(subject: Subject) -> str:
    """The CPU and a GPU."""
    if subject.on_gpu is None:
        raise NotApplicable(subject.no_gpu)
    clips = signals.various(subject.rate)
    return subject.require_close(subject.vectors(clips, subject.fitted(subject.on_gpu())), subject.vectors(clips))
