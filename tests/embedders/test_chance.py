"""Chance: a function of the samples, normal, and about nothing."""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from embedders.base import EmbedderError
from embedders.chance import Chance


def test_one_vector_by_hand():
    clip = np.array([0.5, -1.0, 1 / 32768], np.float32)
    pcm = b"\x00\x40\x00\x80\x01\x00"  # 16384, -32768, 1, little endian
    digest = hashlib.sha256(hashlib.sha256(pcm).digest() + b"\x00\x00\x00\x00").digest()
    uniform = (int.from_bytes(digest[8:16], "little") // 2**11 + 0.5) / 2**53
    assert Chance(4).embed([clip])[0, 1] == np.float32(NormalDist().inv_cdf(uniform))


def test_values_are_standard_normal_and_clips_independent():
    clips = [np.full(50, number / 32768, np.float32) for number in range(400)]
    vectors = Chance().embed(clips)
    assert vectors.shape == (400, 16)
    assert stats.kstest(vectors.ravel(), "norm").pvalue > 0.001
    assert abs(np.corrcoef(vectors[:-1].ravel(), vectors[1:].ravel())[0, 1]) < 4 / math.sqrt(vectors.size)


def test_a_difference_below_one_sixteen_bit_step_is_none():
    clip = np.linspace(-0.5, 0.5, 32769, dtype=np.float32)
    assert np.array_equal(Chance().embed([clip]), Chance().embed([clip + np.float32(1e-7)]))


def test_integers_and_no_numbers_are_refused():
    with pytest.raises(EmbedderError, match="clip 0 is int16, expected float32"):
        Chance().embed([np.zeros(10, np.int16)])
    with pytest.raises(EmbedderError, match="dim is 0, expected at least 1"):
        Chance(0)
