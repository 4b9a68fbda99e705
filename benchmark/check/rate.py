"""Whether a model takes its samples at the rate that it declares.

A model is given bare samples, so it cannot be asked at which rate it takes them. Two of its ways to be wrong leave
traces: a resampling function of a known library, called with another source rate than the declared one; and samples
thrown away, after which a tone and its mirror image beside the lower rate sound alike. A model that resamples with
code of its own, filtered well, or that was trained at another rate than it declares, leaves none.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from types import FrameType

import numpy as np

from benchmark.check import signals
from benchmark.check.subject import Failed, Subject, Vectors, relative_difference
from embedders.base import Clip

FACTORS = (2, 3, 4, 6)
LOW = 0.0234  # of the rate; away from its simple fractions
APART = 100  # tolerances by which two low tones differ before anything is said of high ones
LEAST_RATE = 1000  # Hz; below it a call names a ratio, such as the 2 to 1 between the octaves of a constant-Q transform
HEARD = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of half the rate


@dataclass(frozen=True)
class Resampler:
    """A function that resamples: the start of its module's name, its own, and where it has both rates."""

    module: str
    function: str
    source: str
    target: str


RESAMPLERS = (
    Resampler("librosa", "resample", "orig_sr", "target_sr"),
    Resampler("torchaudio", "resample", "orig_freq", "new_freq"),
    Resampler("torchaudio", "forward", "orig_freq", "new_freq"),  # transforms.Resample, which has them as attributes
    Resampler("soxr", "resample", "in_rate", "out_rate"),
    Resampler("resampy", "resample", "sr_orig", "sr_new"),
    Resampler("julius", "resample_frac", "old_sr", "new_sr"),
)


def as_declared(subject: Subject) -> str:
    """Listens for resampling while one clip is embedded, then compares tones with their mirror images."""
    calls = [pair for pair in _resamplings(subject) if pair[0] >= LEAST_RATE]
    wrong = sorted({pair for pair in calls if pair[0] != pair[1] and pair[0] != subject.rate})
    if wrong:
        told = ", ".join(f"from {source:g} to {target:g} Hz" for source, target in wrong)
        raise Failed(f"a resampling {told} of samples that stand at {subject.rate} Hz")
    itself = sorted({target for source, target in calls if source != target})
    base, near = _tone(subject, LOW), _tone(subject, 1.5 * LOW)
    if relative_difference(base, near) <= APART * subject.declared.tolerance:
        return _told(itself, "tones of two pitches give nearly the same vector, so no more can be said")
    for factor in FACTORS:
        pitches = (LOW, 1.5 * LOW)
        mirrored = [relative_difference(_tone(subject, f), _tone(subject, 1 / factor - f)) for f in pitches]
        if max(mirrored) <= subject.declared.tolerance and _deaf_between(subject, factor):
            low, high = (round(f * subject.rate) for f in (LOW, 1 / factor - LOW))
            raise Failed(f"the same vector for {low} and {high} Hz: only each sample in {factor} is used")
    highest = _highest(subject, relative_difference(base, near))
    lowest = HEARD[0] * subject.rate / 2
    heard = f"up to {highest:.0f} Hz" if highest else f"below {lowest:.0f} Hz only"
    return _told(itself, f"tones told apart {heard}")


def _told(itself: list[float], heard: str) -> str:
    return f"{heard}; it resamples by itself to {', '.join(f'{rate:g} Hz' for rate in itself)}" if itself else heard


def _deaf_between(subject: Subject, factor: int) -> bool:
    """Whether noise in place of the other samples goes unheard; mirror images alone also fool what hears energy."""
    tone = _cosine(subject, LOW)
    between = np.arange(len(tone)) % factor != 0
    noisy = np.where(between, signals.noise(len(tone)), tone)
    return relative_difference(subject.vectors([noisy]), subject.vectors([tone])) <= subject.declared.tolerance


def _tone(subject: Subject, fraction: float) -> Vectors:
    return subject.vectors([_cosine(subject, fraction)])


def _cosine(subject: Subject, fraction: float) -> Clip:
    """A tone at a fraction of the rate; it and its mirror image agree in the samples that are kept."""
    samples = max(subject.rate, round(subject.declared.min_seconds * subject.rate))
    tone: Clip = (0.3 * np.cos(2 * np.pi * fraction * np.arange(samples))).astype(np.float32)
    return tone


def _highest(subject: Subject, scale: float) -> float:
    """The highest of some pitches, in Hz, beside which a small step still makes a difference worth the name."""
    found = 0.0
    for part in HEARD:
        step = relative_difference(_tone(subject, part / 2), _tone(subject, 1.07 * part / 2))
        if step > 0.01 * scale:
            found = part * subject.rate / 2
    return found


def _resamplings(subject: Subject) -> list[tuple[float, float]]:
    """Source and target of every resampling by a known function while one clip is embedded."""
    found: list[tuple[float, float]] = []

    def listen(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name in _FUNCTIONS and (pair := _rates(frame)) is not None:
            found.append(pair)

    clip = signals.various(subject.rate, seconds=max(1.0, subject.declared.min_seconds))[:1]
    before, others = sys.getprofile(), threading.getprofile()
    sys.setprofile(listen)
    threading.setprofile(listen)
    try:
        subject.vectors(clip)
    finally:
        sys.setprofile(before)
        threading.setprofile(others)
    return found


_FUNCTIONS = {each.function for each in RESAMPLERS}


def _rates(frame: FrameType) -> tuple[float, float] | None:
    module = str(frame.f_globals.get("__name__", ""))
    for each in RESAMPLERS:
        if frame.f_code.co_name == each.function and module.partition(".")[0] == each.module:
            places = (frame.f_locals, getattr(frame.f_locals.get("self"), "__dict__", {}))
            source, target = (next((p[name] for p in places if name in p), None) for name in (each.source, each.target))
            if isinstance(source, int | float) and isinstance(target, int | float):
                return float(source), float(target)
    return None
