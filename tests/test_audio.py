"""Samples to signals: exact scale, soxr at its HQ setting, padding at the end."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from benchmark import audio


def test_the_scale_is_exact():
    pcm = np.array([-32768, -1, 0, 1, 16384, 32767], np.int16)
    signal = audio.to_float(pcm)
    assert signal.dtype == np.float32
    assert signal.tolist() == [-1.0, -1 / 32768, 0.0, 1 / 32768, 0.5, 32767 / 32768]
    assert np.array_equal((signal * 32768).astype(np.int16), pcm)


def test_the_own_rate_is_left_alone():
    signal = np.linspace(-1, 1, 50, dtype=np.float32)
    assert audio.resample(signal, 16000, 16000) is signal


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (48000, 16000), (22050, 16000), (44100, 8000)])
def test_resampling_is_soxr_hq(rate, wanted):
    time = np.arange(rate // 2) / rate
    signal = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    found = audio.resample(signal, rate, wanted)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    assert np.array_equal(found, soxr.resample(signal, rate, wanted, quality="HQ"))
    assert abs(len(found) - audio.resampled_length(len(signal), rate, wanted)) <= 1
    middle = slice(wanted // 8, 3 * wanted // 8)  # away from the edges a tone stays the tone it was
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(found)) / wanted)
    assert np.abs(found[middle] - expected[middle]).max() < 1e-3


@pytest.mark.parametrize(("samples", "rate", "wanted"), [(1, 8000, 16000), (777, 22050, 16000), (12345, 44100, 48000)])
def test_the_expected_length_is_right_within_one_sample(samples, rate, wanted):
    found = audio.resample(np.zeros(samples, np.float32), rate, wanted)
    assert abs(len(found) - audio.resampled_length(samples, rate, wanted)) <= 1


def test_padding_goes_to_the_end():
    signal = np.ones(3, np.float32)
    padded = audio.pad_to(signal, 5)
    assert padded.tolist() == [1, 1, 1, 0, 0]
    assert padded.dtype == np.float32
    assert audio.pad_to(signal, 3) is signal
    assert audio.pad_to(signal, 0) is signal
