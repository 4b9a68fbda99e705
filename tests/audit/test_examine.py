"""From looks at clips to findings: exact groups, near pairs, faults, without any audio on disk."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark import audio
from benchmark.audit import pairs, record, scan
from benchmark.audit.pairs import ALIKE, LARGEST_RUN
from benchmark.manifest import Manifest

RATE = 8000


def murmur(seed: int, seconds: float = 1.2) -> np.ndarray:
    """Filtered noise whose loudness changes: rich in peaks, and never twice the same."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.standard_normal(int(seconds * RATE)), np.hanning(9), "same")
    shape = np.interp(np.linspace(0, 1, len(noise)), np.linspace(0, 1, 9), rng.uniform(0.1, 1, 9))
    return np.rint(1500 * noise * shape).astype(np.int16)


@pytest.fixture
def examined(monkeypatch, tmp_path):
    """`examined({id: samples})`: the findings on clips that are in memory."""

    def examine(clips):
        def looks(_, names, *, workers, advance):
            for name in names:
                yield name, scan.look_at(clips[name], RATE)
                advance(1)

        def confirmed(_, suspects, *, workers):
            for a, b, offset in suspects:
                fit = pairs.likeness(audio.to_float(clips[a]), audio.to_float(clips[b]), offset)
                if fit >= ALIKE:
                    yield a, b, offset, fit

        monkeypatch.setattr(scan, "looks", looks)
        monkeypatch.setattr(scan, "confirmed", confirmed)
        rows = [
            {"id": name, "identity": name, "samples": len(clips[name]), "rate": RATE, "part": "train", "features": {}}
            for name in sorted(clips)
        ]
        return record.examine(Manifest("some", "1.0.0", "", "", {}, {}, rows), tmp_path, workers=1)

    return examine


def test_what_is_found(examined):
    one, two = murmur(1), murmur(2)
    found = examined(
        {
            "a": one,
            "b": np.concatenate([np.zeros(500, np.int16), one]),
            "c": two,
            "d": (two // 2)[800:],
            "e": murmur(3),
            "f": np.zeros(RATE, np.int16),
            "g": np.zeros(RATE, np.int16),
        }
    )
    assert found.exact == [["a", "b"]]
    assert [(near.a, near.b) for near in found.near] == [("c", "d")]
    assert found.near[0].offset == pytest.approx(0.1, abs=0.02)
    assert found.faults == {"constant": ["f", "g"], "silent": ["f", "g"]}
    assert found.clips == 7
    assert found.seconds == pytest.approx(7.9625, abs=1e-3)


def test_many_copies_hide_no_other(examined):
    """Hashes of a recording that stands there often are common; one copy stands for all in the search."""
    one = murmur(1)
    copies = {f"copy{n:02}": one for n in range(LARGEST_RUN + 5)}
    found = examined({**copies, "quiet": one // 3, "other": murmur(2)})
    assert found.exact == [sorted(copies)]
    assert [(near.a, near.b) for near in found.near] == [("copy00", "quiet")]
    assert len(found.pairs()) == len(copies)


def test_a_set_without_sound(examined):
    found = examined({name: np.zeros(RATE, np.int16) for name in "abc"})
    assert (found.exact, found.near) == ([], [])
