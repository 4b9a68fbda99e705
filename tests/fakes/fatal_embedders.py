"""Embedders that take their process down, or never come back, each in its own way."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np


class Good:
    """Loudness, zero crossings and length; breaks nothing."""

    sample_rate = 16000
    dim = 3

    def embed(self, clips):
        self.before(clips)
        return np.stack([self.one(clip) for clip in clips])

    def before(self, clips):
        pass

    def one(self, clip):
        return np.array([clip.std(), np.mean(np.diff(np.signbit(clip))), len(clip) / 16000], np.float32)


class Raises(Good):
    def before(self, clips):
        raise IndexError("list index out of range")


class Exits(Good):
    def before(self, clips):
        sys.exit("no model file at model.bin")


class ExitsAtOnce(Good):
    def before(self, clips):
        os._exit(3)


class Crashes(Good):
    def before(self, clips):
        os.kill(os.getpid(), signal.SIGSEGV)


class IsKilled(Good):
    def before(self, clips):
        os.kill(os.getpid(), signal.SIGKILL)


class Hangs(Good):
    def before(self, clips):
        time.sleep(3600)


class CrashesInWorker(Crashes):
    in_workers = True


class HangsInWorker(Hangs):
    in_workers = True


class CancelsItself(Good):
    """What is no `Exception`."""

    def before(self, clips):
        raise KeyboardInterrupt


class NeedsAnArgument(Good):
    def __init__(self, scale):
        self.scale = scale


class WrongDim(Good):
    dim = 4


class NotANumber(Good):
    def one(self, clip):
        return super().one(clip) * np.float32("nan")


class Integers(Good):
    def embed(self, clips):
        return (super().embed(clips) * 1000).astype(np.int64)


class ImportsLate(Good):
    def before(self, clips):
        import moodmissing_late  # noqa: F401 - is not there


class ImportsLateInWorker(ImportsLate):
    in_workers = True


class NeedsPackage(Good):
    """Cannot do without a package."""

    def before(self, clips):
        import moodmissing

        self.factor = np.float32(moodmissing.FACTOR)

    def one(self, clip):
        return super().one(clip) * self.factor


class DiesOnce(Good):
    """Is killed at its third batch, as long as `marker` is not there."""

    def __init__(self, marker):
        self.marker, self.batches = Path(marker), 0

    def before(self, clips):
        self.batches += 1
        if self.batches == 3 and not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Slow(Good):
    """Takes three seconds for a hundred clips."""

    def one(self, clip):
        time.sleep(0.03)
        return super().one(clip)


class OtherInEachProcess(Good):
    """Hangs on the process's number, as what is drawn from `hash` or `id` does."""

    def one(self, clip):
        return super().one(clip) * np.float32(1 + os.getpid() % 10_007)


class KeptInTorch(Good):
    """Holds a network of 3 x 2 + 2 parameters, in a list in a dictionary."""

    def __init__(self):
        import torch

        self.parts = {"networks": [torch.nn.Linear(3, 2)]}


class NeedsExtra(Good):
    def before(self, clips):
        from embedders.base import MissingExtraError

        raise MissingExtraError("needs framework. Install it: pip install 'moodbench[framework]'.")


class OnDevice(Good):
    """Takes a device; on a GPU its answers are a little off."""

    def __init__(self, device="cpu"):
        self.device = device

    def one(self, clip):
        return super().one(clip) * np.float32(1.001 if self.device == "cuda" else 1)


class NeedsWeights(Good):
    """Looks for its weights by itself, and they are nowhere."""

    def before(self, clips):
        from embedders.missing import MissingWeightsError

        raise MissingWeightsError("weights missing: model.bin. Fetch it from its authors.")
