"""Long clips by windows, for models that declare it."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.embedding import embed_clips
from embedders.windows import cut

RATE = 8000


def test_long_clips_go_in_windows_and_their_vectors_are_averaged(small):
    embedder = small.InWindows()
    ramp = np.arange(2000, dtype=np.float32) / 2000
    short = np.full(300, 0.25, np.float32)
    vectors = embed_clips(embedder, [ramp, short], ["ramp", "short"], budget_seconds=0.2)
    assert embedder.calls == [[800, 800], [800, 300]], "as much at once as the budget allows"
    windows = [ramp[:800], ramp[800:1600], ramp[1200:]]
    assert vectors[0, 0] == pytest.approx(np.mean([window.mean(dtype=np.float64) for window in windows]), rel=1e-6)
    assert vectors[1, 0] == np.float32(0.25)


def test_windows_of_one_length_for_models_that_want_it(small):
    class Strict(small.InWindows):
        equal_length = True

        def embed(self, clips):
            assert len({len(clip) for clip in clips}) == 1
            return super().embed(clips)

    clips = [np.full(n, n / 10_000, np.float32) for n in (2001, 2000, 700)]
    found = embed_clips(Strict(), clips, ["a", "b", "c"])
    assert np.allclose(found[:, 0], [0.2001, 0.2, 0.07])


def test_windows_are_in_a_row_and_the_last_is_moved_back():
    clip = np.arange(10, dtype=np.float32)
    assert [window.tolist() for window in cut(clip, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]
    assert [window.tolist() for window in cut(clip[:8], 4)] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert cut(clip, 10)[0] is clip
