"""Embedders whose fault shows in one case only: in a large batch, late in a clip, for a clip alone, in one kind."""

from __future__ import annotations

import sys
from typing import ClassVar

import numpy as np
from misbehaving import EqualLength, Frames, Good

CHUNK = 16


class CentresLaterChunks(Good):
    """Subtracts the mean of every sixteen clips, but of the first."""

    def embed(self, clips):
        vectors = super().embed(clips)
        for start in range(CHUNK, len(clips), CHUNK):
            vectors[start : start + CHUNK] -= vectors[start : start + CHUNK].mean(axis=0)
        return vectors


class Counts(Good):
    """Remembers the largest batch; breaks nothing."""

    largest = 0

    def embed(self, clips):
        type(self).largest = max(self.largest, len(clips))
        return super().embed(clips)


class CountsEqual(Counts, EqualLength):
    """The same of clips of one length."""


class KnowsClipsByTheirBegin(Good):
    """Keeps vectors under the first tenth of a second."""

    kept: ClassVar[dict[bytes, np.ndarray]] = {}

    def one(self, clip):
        return self.kept.setdefault(clip[: self.sample_rate // 10].tobytes(), super().one(clip))


class HearsTenSeconds(Good):
    """Cuts a clip off."""

    def one(self, clip):
        return super().one(clip[: 10 * self.sample_rate])


class DropsTheRest(Good):
    """Hears windows of 3 s, and not what is left over; that is no fault here."""

    def one(self, clip):
        window = 3 * self.sample_rate
        return super().one(clip[: max(1, len(clip) // window) * window])


class NumpyDim(Good):
    dim = np.int64(6)


class NumpyAmounts(Good):
    """Declares amounts as numpy's numbers, which are as good as any."""

    tolerance = np.float32(1e-4)
    min_seconds = np.float32(6)


class RefusesShort(Good):
    def one(self, clip):
        assert len(clip) >= 0.7 * self.sample_rate, "clips below 0.7 s"
        return super().one(clip)


class FlatAlone(Good):
    """A clip alone comes back without its row."""

    def embed(self, clips):
        vectors = super().embed(clips)
        return vectors[0] if len(clips) == 1 else vectors


class ExitsAtBirth(Good):
    def __init__(self):
        sys.exit(3)


class OneThread(Good):
    """Sets torch's thread count when it is made."""

    def __init__(self):
        import torch

        torch.set_num_threads(1)


class Takeover(Good):
    """Loads torch when it is made, and sets what others rely on."""

    def __init__(self):
        import torch

        torch.set_num_threads(1)
        torch.set_grad_enabled(False)


class CannotFit(Good):
    """Counts how often it is made."""

    made: ClassVar = []

    def __init__(self):
        self.made.append(self)

    def fit_statistics(self, clips, *, dataset):
        raise ValueError(f"no mean of {dataset}")

    def statistics_record(self):
        return {}


class Sizes(Good):
    """Keeps how many clips it was given at once."""

    def __init__(self, min_seconds):
        self.min_seconds, self.seen = min_seconds, []

    def embed(self, clips):
        self.seen.append(len(clips))
        return super().embed(clips)


class FramesBehindTheEnd(Frames):
    """The last frame is centred behind the clip's end, but by less than a step; that is no fault."""

    def embed_frames(self, clips):
        return [(vectors, times + 0.09) for vectors, times in super().embed_frames(clips)]


class FramesAsTuple(Frames):
    def embed_frames(self, clips):
        return tuple(super().embed_frames(clips))


class FramesAtFloat32(Frames):
    def embed_frames(self, clips):
        return [(vectors, times.astype(np.float32)) for vectors, times in super().embed_frames(clips)]


class HalfFitted(Good):
    def fit_statistics(self, clips, *, dataset):
        raise AssertionError("never asked, for want of its other half")


class NumpyRecord(Good):
    def fit_statistics(self, clips, *, dataset):
        self.loudest = max(np.abs(clip).max() for clip in clips)

    def statistics_record(self):
        return {"loudest": self.loudest}


class Unpicklable(NumpyRecord):
    in_workers = True

    def __init__(self):
        self.norm = lambda clip: clip

    def statistics_record(self):
        return {"loudest": float(self.loudest)}


class Quits(Good):
    def embed(self, clips):
        sys.exit(3)


class NoWordsError(Exception):
    def __str__(self):
        raise TypeError("no words")


class RaisesWithoutWords(Good):
    def embed(self, clips):
        raise NoWordsError


class OnlyRealDevices(Good):
    def __init__(self, device="cpu"):
        import torch

        self.device = torch.device(device)


class WrongFlag(Good):
    in_workers = "yes"


class NumpyShortest(Good):
    min_seconds = np.float64(0.1)
