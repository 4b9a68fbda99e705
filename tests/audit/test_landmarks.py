"""Near duplicates are found after what people do to audio; other clips of the same kind are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
import soxr

from benchmark.audit.landmarks import FFT, MAX_HASHES, RATE, landmarks
from benchmark.audit.pairs import ALIKE, candidates, likeness


def voice(seed: int, seconds: float = 2.0) -> np.ndarray:
    """A gliding harmonic sound with pauses and a breath of noise: speech-like enough for a fingerprint."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    glide = np.interp(time, np.linspace(0, seconds, 12), rng.uniform(100, 260, 12))
    phase = 2 * np.pi * np.cumsum(glide) / RATE
    shape = np.interp(time, np.linspace(0, seconds, 24), rng.uniform(0, 1, 24) ** 2)
    sound = sum(rng.uniform(0.2, 1) / k * np.sin(k * phase) for k in range(1, 12))
    return (0.1 * shape * sound + 0.001 * rng.standard_normal(len(time))).astype(np.float32)


def as_ogg(signal: np.ndarray) -> np.ndarray:
    stream = io.BytesIO()
    soundfile.write(stream, signal, RATE, format="OGG")
    stream.seek(0)
    return soundfile.read(stream, dtype="float32")[0]


CHANGES = {
    "level": lambda x: x * np.float32(0.5),
    "polarity": lambda x: -x,
    "codec": lambda x: as_ogg(x * np.float32(0.5)),
    "rate": lambda x: soxr.resample(soxr.resample(x, RATE, 11025), 11025, RATE),
    "begins 0.3 s later": lambda x: x[int(0.3 * RATE) + 7 :],
    "silence before": lambda x: np.concatenate([np.zeros(3001, np.float32), x]),
    "noise 45 dB below": lambda x: (
        x + np.random.default_rng(1).standard_normal(len(x)).astype(np.float32) * x.std() / 178
    ),
}


@pytest.fixture(scope="module")
def others():
    """Twenty clips with their landmarks."""
    clips = [voice(seed) for seed in range(20)]
    return [(clip, *landmarks(clip)) for clip in clips]


def alike(heard) -> dict[tuple[int, int], float]:
    """Pairs that the search finds among (clip, hashes, frames), with their likeness."""
    clips, found = [each[0] for each in heard], [each[1:] for each in heard]
    numbers = np.concatenate([np.full(len(h), n, np.int32) for n, (h, _) in enumerate(found)])
    hashes, frames = (np.concatenate([pair[k] for pair in found]) for k in (0, 1))
    each = [(c, likeness(clips[c.a], clips[c.b], c.offset)) for c in candidates(numbers, hashes, frames)]
    return {(c.a, c.b): fit for c, fit in each if fit >= ALIKE}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_others(others, change):
    changed = [np.ascontiguousarray(CHANGES[change](clip), dtype=np.float32) for clip, *_ in others[:10]]
    heard = [*others, *((clip, *landmarks(clip)) for clip in changed)]
    assert set(alike(heard)) == {(n, 20 + n) for n in range(10)}


def test_the_offset_is_where_the_second_clip_begins():
    clip = voice(3)
    found = [landmarks(clip), landmarks(clip[4000:])]
    numbers = np.concatenate([np.full(len(h), n, np.int32) for n, (h, _) in enumerate(found)])
    hashes, frames = (np.concatenate([pair[k] for pair in found]) for k in (0, 1))
    (pair,) = candidates(numbers, hashes, frames)
    assert pair.offset == pytest.approx(4000 / RATE, abs=0.02)


def test_likeness_is_the_normalised_correlation_where_clips_overlap():
    rng = np.random.default_rng(0)
    time = np.arange(RATE) / RATE
    a = np.sin(2 * np.pi * 400 * time).astype(np.float32)
    noise = sum(np.sin(2 * np.pi * f * time + rng.uniform(0, 6)) for f in (310, 520, 730)).astype(np.float32)
    assert likeness(a, a * 0.1, 0.0) == pytest.approx(1.0, abs=1e-6)
    mixed = a + noise  # orthogonal over a second, so the correlation is 1 / sqrt(1 + 3)
    assert likeness(a, mixed, 0.0) == pytest.approx(0.5, abs=0.02)
    assert likeness(a, a, 5.0) == 0.0  # they do not overlap there


def test_clips_without_sound_have_no_landmarks():
    assert [len(part) for part in landmarks(np.zeros(RATE, np.float32))] == [0, 0]
    assert [len(part) for part in landmarks(np.ones(FFT - 1, np.float32))] == [0, 0]
    assert len(landmarks(voice(0, 30))[0]) == MAX_HASHES


def test_hashes_of_level_are_equal():
    one, two = landmarks(voice(5)), landmarks(voice(5) * np.float32(0.25))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def test_candidates_equal_those_of_every_pair_compared():
    rng = np.random.default_rng(2)
    clips = np.repeat(np.arange(12, dtype=np.int32), 60)
    hashes = rng.integers(0, 150, len(clips)).astype(np.uint64)
    frames = rng.integers(0, 6, len(clips)).astype(np.int32)
    expected = {}
    sizes = {value: np.count_nonzero(hashes == value) for value in set(hashes.tolist())}
    for a in range(12):
        for b in range(a + 1, 12):
            counts: dict[int, int] = {}
            for i in np.flatnonzero(clips == a):
                for j in np.flatnonzero(clips == b):
                    if hashes[i] == hashes[j] and sizes[int(hashes[i])] <= 24:
                        offset = int(frames[i] - frames[j])
                        counts[offset] = counts.get(offset, 0) + 1
            counts = {offset: n for offset, n in counts.items() if n > 1}
            best = max((sum(counts.get(o + s, 0) for s in (-1, 0, 1)) for o in counts), default=0)
            if best >= 5:
                expected[a, b] = best
    found = candidates(clips, hashes, frames)
    assert {(c.a, c.b): c.hashes for c in found} == expected
    assert len(expected) > 3
