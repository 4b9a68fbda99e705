"""Tiny embedders that keep the contract, or break it on demand. All are functions of their input."""

from __future__ import annotations

import os
import signal
import time
import zlib
from pathlib import Path

import numpy as np


class Loudness:
    """Root mean square, share of zero crossings, peak and mean slope of a clip."""

    sample_rate = 8000
    dim = 4

    def embed(self, clips):
        return np.stack([self.one(clip) for clip in clips])

    def one(self, clip):
        crossings = np.mean(np.diff(np.signbit(clip)))
        slope = np.abs(np.diff(clip)).mean()
        return np.array([np.sqrt(np.mean(clip**2)), crossings, np.abs(clip).max(), slope], np.float32)


class Doubled(Loudness):
    """At another rate than the corpus, so that clips are resampled."""

    sample_rate = 16000


class Scaled(Loudness):
    """Takes an argument, so that rows can differ by it."""

    def __init__(self, factor=1.0):
        self.factor = np.float32(factor)

    def one(self, clip):
        return super().one(clip) * self.factor


class FromFile(Loudness):
    """Its weights file holds one number."""

    def __init__(self, weights):
        self.weights = weights

    def one(self, clip):
        with open(self.weights) as file:  # noqa: PTH123 - as a stranger would write it
            return super().one(clip) * np.float32(file.read())


class OneLength(Loudness):
    """Cannot mask, and says so."""

    equal_length = True

    def embed(self, clips):
        if len({len(clip) for clip in clips}) > 1:
            raise ValueError("clips of several lengths")
        return super().embed(clips)


class Patient(Loudness):
    """Wants 0.12 s: the shorter clips of the tiny corpus are padded."""

    min_seconds = 0.12

    def one(self, clip):
        if len(clip) < 960:
            raise ValueError(f"{len(clip)} samples are too short")
        return super().one(clip)


class SmallMemory(Loudness):
    """Runs out of memory above three clips, as a GPU would."""

    sizes: list[int] = []  # noqa: RUF012 - shared on purpose: what was asked for

    def embed(self, clips):
        self.sizes.append(len(clips))
        if len(clips) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().embed(clips)


class NoMemory(Loudness):
    """One clip is too much."""

    def embed(self, clips):
        raise MemoryError


class Abroad(Loudness):
    """Runs in helper processes; the last number is the process, which tells where it ran."""

    in_workers = True

    def embed(self, clips):
        vectors = super().embed(clips)
        vectors[:, 3] = os.getpid() % 100_000
        return vectors


class Dies(Loudness):
    """Takes its process down, as native code that crashes does."""

    in_workers = True

    def embed(self, clips):
        os.kill(os.getpid(), signal.SIGKILL)


class Levelled(Loudness):
    """Divides by the loudness of the dataset's training part."""

    loudness = None

    def fit_statistics(self, clips, *, dataset):
        self.loudness = np.float32(np.mean([np.abs(clip).mean() for clip in clips]))
        self.dataset = dataset

    def statistics_record(self):
        return {"dataset": self.dataset, "loudness": float(self.loudness)}

    def one(self, clip):
        return super().one(clip) / self.loudness


class LevelledAbroad(Levelled):
    """Travels to the helper processes with its statistics."""

    in_workers = True


class LevelledStuck(LevelledAbroad):
    """Cannot travel."""

    def fit_statistics(self, clips, *, dataset):
        super().fit_statistics(clips, dataset=dataset)
        self.inside = lambda: None


class Picky(Loudness):
    """Cannot take clips with these checksums, in one of several ways; where `marker` is given, until it is there."""

    def __init__(self, how, checksums, marker=None):
        self.how, self.checksums, self.marker = how, set(checksums), marker and Path(marker)

    def one(self, clip):
        if zlib.crc32(clip.tobytes()) in self.checksums and not (self.marker and self.marker.exists()):
            if self.marker:
                self.marker.touch()
            if self.how == "raises":
                raise ValueError(f"{len(clip)} samples are not for me")
            if self.how == "crashes":
                os.kill(os.getpid(), signal.SIGSEGV)
            if self.how == "hangs":
                time.sleep(3600)
            return np.full(self.dim, np.nan, np.float32)
        return super().one(clip)


class PickyAbroad(Picky):
    in_workers = True


class Threads(Loudness):
    """The last number is the most threads that a native library of its process would take."""

    in_workers = True

    def embed(self, clips):
        from threadpoolctl import threadpool_info

        vectors = super().embed(clips)
        vectors[:, 3] = max(library["num_threads"] for library in threadpool_info())
        return vectors


class WhichGpu(Loudness):
    """The last number is the GPU that its process may see; waits for processes on others to come to `meeting`."""

    def __init__(self, device="cpu", meeting=None, processes=1):
        self.device, self.meeting, self.processes = device, meeting and Path(meeting), processes

    def embed(self, clips):
        vectors = super().embed(clips)
        vectors[:, 3] = int(os.environ.get("CUDA_VISIBLE_DEVICES", "-1"))
        if self.meeting:
            (self.meeting / str(os.getpid())).touch()
            while len(list(self.meeting.iterdir())) < self.processes:
                time.sleep(0.01)
        return vectors


class InWindows(Loudness):
    """The mean of each window, up to 0.1 s; remembers what it was given."""

    window_seconds = 0.1
    dim = 1

    def __init__(self):
        self.calls = []

    def embed(self, clips):
        self.calls.append([len(clip) for clip in clips])
        return np.array([[clip.mean()] for clip in clips], np.float32)


class Raises(Loudness):
    """A model with a mistake."""

    def embed(self, clips):
        raise IndexError("list index\nout of range")


class NanOnLoud(Loudness):
    """No number for loud clips."""

    def one(self, clip):
        return super().one(clip) if np.abs(clip).max() < 0.2 else np.full(self.dim, np.nan, np.float32)


class OneRowTooFew(Loudness):
    """Loses a clip."""

    def embed(self, clips):
        return super().embed(clips)[:-1]


class NotAnEmbedder:
    """Has no `embed`."""

    sample_rate = 8000
    dim = 4


class Placed(Loudness):
    """Takes the runtime's device."""

    def __init__(self, device="cpu", weights=None):
        self.device, self.weights = device, weights
