"""Log-mel statistics against torchaudio, which computes the same spectrogram in its own way."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import torchaudio

from embedders import logmel
from embedders.base import EmbedderError
from embedders.common import hertz_to_mel, mel_filterbank, mel_to_hertz
from embedders.logmel import LogMelStats, log_mel


@pytest.fixture
def clip():
    generator = np.random.default_rng(5)
    glide = np.sin(2 * np.pi * np.cumsum(np.linspace(100, 4000, 20000)) / 16000)
    return (0.4 * glide + 0.01 * generator.standard_normal(20000)).astype(np.float32)


def test_filterbank_is_torchaudios():
    ours = mel_filterbank(sample_rate=16000, n_fft=1024, bands=64, low=60.0, high=7800.0)
    theirs = torchaudio.functional.melscale_fbanks(513, 60.0, 7800.0, 64, 16000, norm=None, mel_scale="htk")
    np.testing.assert_allclose(ours, theirs.numpy(), atol=2e-5)


def test_mel_scale_by_hand():
    assert hertz_to_mel(700.0) == pytest.approx(781.1728, abs=1e-4)  # 2595 log10(2)
    assert mel_to_hertz(hertz_to_mel(4321.0)) == pytest.approx(4321.0)


def test_a_band_without_a_bin_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchaudio only warns of them
        theirs = torchaudio.functional.melscale_fbanks(65, 60.0, 7800.0, 64, 16000)
    empty = int((theirs.max(dim=0).values == 0).sum())
    with pytest.raises(EmbedderError, match=rf"{empty} of 64 bands hold no frequency bin .* n_fft above 128"):
        mel_filterbank(sample_rate=16000, n_fft=128, bands=64, low=60.0, high=7800.0)


def test_statistics_against_torchaudio(clip):
    transform = torchaudio.transforms.MelSpectrogram(
        16000, n_fft=1024, win_length=400, hop_length=160, f_min=60, f_max=7800, n_mels=64, center=False
    )
    # torchaudio centres the 400-sample window in 1024 points; 312 zeros at each end put it over our frames
    padded = torch.nn.functional.pad(torch.from_numpy(clip), (312, 312))
    spectrum = (transform(padded) + torch.finfo(torch.float32).eps).log().numpy().T
    assert log_mel(clip).shape == spectrum.shape == (1 + (20000 - 400) // 160, 64)
    np.testing.assert_allclose(log_mel(clip), spectrum, atol=1e-3)
    vector = LogMelStats().embed([clip])[0]
    np.testing.assert_allclose(vector[:64], spectrum.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(vector[64:], spectrum.std(axis=0), atol=1e-4)


def test_blocks_do_not_show(clip, monkeypatch):
    whole = log_mel(clip)
    monkeypatch.setattr(logmel, "_BLOCK", 7)
    np.testing.assert_allclose(log_mel(clip), whole, atol=1e-5)


def test_silence_and_one_window():
    floor = np.log(np.finfo(np.float32).eps)
    vector = LogMelStats().embed([np.zeros(400, np.float32)])[0]
    np.testing.assert_allclose(vector, np.r_[np.full(64, floor), np.zeros(64)], rtol=1e-6)
    with pytest.raises(EmbedderError, match="clip 0 has 399 samples, expected at least 400"):
        LogMelStats().embed([np.zeros(399, np.float32)])
