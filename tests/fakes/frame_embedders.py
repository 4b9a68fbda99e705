"""Tiny embedders of frames that keep the contract, or break it on demand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from small_embedders import Loudness

STEP = 100  # samples a frame


class Envelope(Loudness):
    """Mean, peak and deviation of every 100 samples, and the clip's length: as many frames as fit, at least one."""

    def embed_frames(self, clips):
        return [self.frames(clip) for clip in clips]

    def frames(self, clip):
        blocks = clip[: len(clip) // STEP * STEP].reshape(-1, STEP)
        length = np.full(len(blocks), len(clip))
        vectors = np.stack([blocks.mean(1), np.abs(blocks).max(1), blocks.std(1), length], axis=1)
        return vectors.astype(np.float32), (np.arange(len(blocks)) + 0.5) * STEP / self.sample_rate


class Fitted(Envelope):
    """Divides by the mean loudness of what it was fitted to."""

    def fit_statistics(self, clips, *, dataset):
        self.loudness = np.float32(np.mean([np.abs(clip).mean() for clip in clips]))

    def statistics_record(self):
        return {"loudness": float(self.loudness)}

    def frames(self, clip):
        vectors, times = super().frames(clip)
        return vectors / self.loudness, times


class Counted(Envelope):
    """Writes the length of each batch into the file that the environment names."""

    def embed_frames(self, clips):
        with Path(os.environ["COUNTED"]).open("a") as file:
            file.write(f"{len(clips)}\n")
        return super().embed_frames(clips)


class SmallMemory(Counted):
    """Runs out of memory above three clips, as a GPU would."""

    def embed_frames(self, clips):
        if len(clips) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().embed_frames(clips)


class OneLength(Envelope):
    """Cannot mask, and wants 0.12 s: the shorter clips of the tiny corpus are padded."""

    equal_length = True
    min_seconds = 0.12

    def embed_frames(self, clips):
        if len({len(clip) for clip in clips}) > 1 or len(clips[0]) < 960:
            raise ValueError("clips of several lengths, or too short")
        return super().embed_frames(clips)


class Bad(Envelope):
    """Answers what the contract forbids, as `how` says."""

    def __init__(self, how):
        self.how = how

    def embed_frames(self, clips):
        vectors, times = zip(*super().embed_frames(clips), strict=True)
        first, when = vectors[0].copy(), times[0].copy()
        if self.how == "raises":
            raise IndexError("list index\nout of range")
        if self.how == "too few":
            return list(zip(vectors, times, strict=True))[1:]
        if self.how == "no list":
            return np.zeros(3)
        if self.how == "no pair":
            return [first] * len(clips)
        if self.how == "nan":
            first[2, 1] = np.nan
        if self.how == "behind the end":
            when += 1.0
        if self.how == "before the begin":
            when -= 1.0
        if self.how == "falling":
            when = when[::-1].copy()
        if self.how == "milliseconds":
            when = when.astype(np.float32)
        answer = {
            "double": (first.astype(np.float64), when),
            "narrow": (first[:, :3], when),
            "flat": (first[0], when),
            "a time too many": (first, np.append(when, when[-1] + 0.001)),
            "none": (first[:0], when[:0]),
        }.get(self.how, (first, when))
        return [answer, *list(zip(vectors, times, strict=True))[1:]]
