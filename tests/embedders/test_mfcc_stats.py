"""MFCC statistics against torchaudio, which computes the same coefficients in its own way, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchaudio

from benchmark.check import check_embedder
from embedders import mfcc as module
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.mfcc import MfccStats, mfcc, slopes


@pytest.fixture
def clip():
    glide = np.sin(2 * np.pi * np.cumsum(np.linspace(100, 4000, 20000)) / 16000)
    return (0.4 * glide + 0.01 * np.random.default_rng(5).standard_normal(20000)).astype(np.float32)


def test_against_torchaudio(clip):
    transform = torchaudio.transforms.MelSpectrogram(
        16000, n_fft=512, win_length=400, hop_length=160, f_min=20, f_max=7600, n_mels=40, center=False
    ).double()
    # torchaudio centres the 400-sample window in 512 points; 56 zeros at each end put it over our frames
    power = transform(torch.nn.functional.pad(torch.from_numpy(clip).double(), (56, 56)))
    basis = torchaudio.functional.create_dct(20, 40, norm="ortho").double()
    wanted = (power + 1e-10).log().T @ basis
    np.testing.assert_allclose(mfcc(clip), wanted.numpy(), atol=1e-3)

    change = torchaudio.functional.compute_deltas(wanted.T, win_length=5, mode="replicate").T
    np.testing.assert_allclose(slopes(mfcc(clip)), change.numpy(), atol=1e-3)
    both = torch.cat([wanted, change], dim=1)
    vector = torch.cat([both.mean(dim=0), both.std(dim=0, correction=0)])
    np.testing.assert_allclose(MfccStats().embed([clip])[0], vector.numpy(), atol=1e-3)


def test_slopes_by_hand():
    series = np.array([[0.0, 5.0], [3.0, 5.0], [6.0, 5.0], [9.0, 5.0], [12.0, 5.0]])
    # at the edge the first value is repeated: (-2·0 - 1·0 + 1·3 + 2·6) / 10 = 1.5; next (-2·0 - 1·0 + 1·6 + 2·9) / 10
    np.testing.assert_allclose(slopes(series)[:, 0], [1.5, 2.4, 3.0, 2.4, 1.5])
    np.testing.assert_allclose(slopes(series)[:, 1], 0, atol=1e-15)


def test_silence_and_one_window():
    vector = MfccStats().embed([np.zeros(400, np.float32)])[0]
    # forty equal logarithms: only the first coefficient of an orthonormal DCT is not zero
    assert vector[0] == pytest.approx(np.sqrt(40) * np.log(1e-10))
    np.testing.assert_allclose(vector[1:], 0, atol=1e-5)
    with pytest.raises(EmbedderError, match="mfcc_stats: clip 0 has 399 samples, expected at least 400"):
        MfccStats().embed([np.zeros(399, np.float32)])


def test_blocks_do_not_show(clip, monkeypatch):
    whole = mfcc(clip)
    monkeypatch.setattr(module, "_BLOCK", 7)
    np.testing.assert_allclose(mfcc(clip), whole, atol=1e-6)


def test_contract():
    assert CATALOG["mfcc_stats"].factory == "embedders.mfcc:MfccStats"
    check_embedder(MfccStats).raise_on_failure()
