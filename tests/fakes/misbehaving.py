"""Embedders that break the contract in one way each. All are functions of their input, but for `Random`."""

from __future__ import annotations

import os
import random
import warnings

import numpy as np


class Good:
    """Six loudness and shape figures of a clip; breaks nothing."""

    sample_rate = 8000
    dim = 6

    def embed(self, clips):
        return np.stack([self.one(clip) for clip in clips])

    def one(self, clip):
        half = clip[: max(1, len(clip) // 2)]
        crossings = np.mean(np.diff(np.signbit(clip))) if len(clip) > 1 else 0.0
        figures = [np.abs(clip).mean(), clip.std(), np.abs(clip).max(), half.std(), crossings, 1.0]
        return np.array(figures, dtype=np.float32)


class NanOnSilence(Good):
    def one(self, clip):
        with np.errstate(invalid="ignore", divide="ignore"):
            return super().one(clip) / np.float32(clip.any())


class NanOnShort(Good):
    def one(self, clip):
        return super().one(clip) if len(clip) >= 500 else np.full(self.dim, np.nan, np.float32)


class OverflowsOnFullScale(Good):
    def one(self, clip):
        with np.errstate(divide="ignore"):
            return super().one(clip) + np.float32(1.0) / np.float32(1.0 - np.abs(clip).mean())


class NanOnTiny(Good):
    def one(self, clip):
        loud = np.abs(clip).max()
        return super().one(clip) if loud == 0 or loud > 1e-4 else np.full(self.dim, np.nan, np.float32)


class FailsOnLong(Good):
    def one(self, clip):
        if len(clip) > 30 * self.sample_rate:
            raise ValueError("sequence longer than 30 s")
        return super().one(clip)


class Random(Good):
    def embed(self, clips):
        return super().embed(clips) + np.random.standard_normal((len(clips), self.dim)).astype(np.float32)  # noqa: NPY002


class RandomAtBirth(Good):
    born = 0

    def __init__(self):
        type(self).born += 1
        self.scale = np.float32(type(self).born)

    def embed(self, clips):
        return super().embed(clips) * self.scale + self.scale


class PadsWithoutMask(Good):
    def embed(self, clips):
        longest = max(len(clip) for clip in clips)
        return super().embed([np.pad(clip, (0, longest - len(clip))) for clip in clips])


class CentresTheBatch(Good):
    def embed(self, clips):
        vectors = super().embed(clips)
        return vectors - vectors.mean(axis=0) if len(clips) > 1 else vectors


class SortsByLoudness(Good):
    def embed(self, clips):
        vectors = super().embed(clips)
        return vectors[np.argsort(vectors[:, 1])]


class SortsByLength(Good):
    def embed(self, clips):
        return super().embed(sorted(clips, key=len))


class WrongDim(Good):
    dim = 7


class OneRowTooFew(Good):
    def embed(self, clips):
        return super().embed(clips)[:-1]


class AnswersAList(Good):
    def embed(self, clips):
        return super().embed(clips).tolist()


class Integers(Good):
    def embed(self, clips):
        return (super().embed(clips) * 1000).astype(np.int64)


class Doubles(Good):
    def embed(self, clips):
        return super().embed(clips).astype(np.float64)


class ScalesItsInput(Good):
    def one(self, clip):
        figures = super().one(clip)
        clip *= 0.5
        return figures


class OneBuffer(Good):
    def __init__(self):
        self.buffer = np.zeros((64, self.dim), np.float32)

    def embed(self, clips):
        self.buffer[: len(clips)] = super().embed(clips)
        return self.buffer[: len(clips)]


class IgnoresItsInput(Good):
    def one(self, clip):
        return np.ones(self.dim, np.float32)


class FractionalDim(Good):
    dim = 6.0


class WordyMinimum(Good):
    min_seconds = "half"


class CannotBeMade(Good):
    def __init__(self):
        raise OSError("no model file")


class DeclaresMinSeconds(NanOnShort):
    """Mends `NanOnShort` by declaring what it needs."""

    min_seconds = 0.0625


class EqualLength(Good):
    """Cannot mask, and says so."""

    equal_length = True

    def embed(self, clips):
        if len({len(clip) for clip in clips}) > 1:
            raise ValueError("clips of several lengths")
        return super().embed(clips)


class Unequal(EqualLength):
    """Cannot mask, and does not say so."""

    equal_length = False


class Fitted(Good):
    """Wants the dataset's loudness first."""

    loudness = None

    def fit_statistics(self, clips, *, dataset):
        self.loudness = np.float32(np.mean([np.abs(clip).mean() for clip in clips]))

    def statistics_record(self):
        return {"loudness": float(self.loudness)}

    def one(self, clip):
        return super().one(clip) / self.loudness


class FittedToNan(Fitted):
    def statistics_record(self):
        return {"loudness": float("nan")}


class Frames(Good):
    """Also answers a vector each tenth of a second."""

    def embed_frames(self, clips):
        step = self.sample_rate // 10
        parts = [[clip[start : start + step] for start in range(0, len(clip) - step + 1, step)] for clip in clips]
        return [(self.embed(own), (np.arange(len(own)) + 0.5) / 10) for own in parts]


class FramesInMilliseconds(Frames):
    def embed_frames(self, clips):
        return [(vectors, times * 1000) for vectors, times in super().embed_frames(clips)]


class SlightlyOff(Good):
    """What TF32 does on a GPU."""

    def embed(self, clips):
        return super().embed(clips) * np.float32(1.001)


class ResamplesAgain(Good):
    """Takes what it is given for 24 kHz."""

    def one(self, clip):
        import soxr

        return super().one(soxr.resample(clip, 3 * self.sample_rate, self.sample_rate))


class ResamplesByItself(Good):
    """From the rate that it declares: wasteful, but right."""

    def one(self, clip):
        import soxr

        return super().one(soxr.resample(clip, self.sample_rate, self.sample_rate / 2))


class DropsSamples(Good):
    """Brings 24 kHz to 8 kHz, as it thinks, by taking every third sample."""

    def one(self, clip):
        return super().one(clip[::3])


class Seeds(Good):
    """Sets numpy's global seed at each call."""

    def embed(self, clips):
        np.random.seed(0)  # noqa: NPY002
        return super().embed(clips)


class SeedsPython(Good):
    def embed(self, clips):
        random.seed(0)
        return super().embed(clips)


class Moves(Good):
    """Changes the working folder when it is made."""

    def __init__(self):
        os.chdir(os.path.sep)


class SetsTheEnvironment(Good):
    calls = 0

    def embed(self, clips):
        type(self).calls += 1
        os.environ["MISBEHAVING_CALLS"] = str(self.calls)
        return super().embed(clips)


class Hushes(Good):
    def embed(self, clips):
        warnings.filterwarnings("ignore", message=f"{len(warnings.filters)}")
        return super().embed(clips)


class TorchDoubles(Good):
    """Makes doubles torch's default."""

    def __init__(self):
        import torch

        torch.set_default_dtype(torch.float64)


class TorchThreads(Good):
    """Sets torch's thread count at each call."""

    def embed(self, clips):
        import torch

        torch.set_num_threads(1)
        return super().embed(clips)


class TorchSeeds(Good):
    def embed(self, clips):
        import torch

        torch.manual_seed(0)
        return super().embed(clips)


class KeepsEverything(Good):
    """Gains a fifth of a megabyte with each clip."""

    def __init__(self):
        self.kept = []

    def one(self, clip):
        self.kept.append(np.ones(25_000))
        return super().one(clip)


class Needs32k(Good):
    """Says which rate it needs; that is no fault."""

    sample_rate = 32000


class HearsEnergyOnly(Good):
    """A tone and its mirror image below half the rate have one energy; that is no fault."""

    def one(self, clip):
        return super().one(np.abs(clip))
