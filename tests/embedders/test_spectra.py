"""Mel spectrograms of many clips at once, against those of each alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchaudio

from embedders.spectra import mel_powers, mirrored, without_rest

LENGTHS = (1120, 16000, 513, 1279, 16000, 700)


def noises():
    generator = np.random.default_rng(2)
    return [(0.2 * generator.standard_normal(samples)).astype(np.float32) for samples in LENGTHS]


@pytest.mark.parametrize(
    "options",
    [
        {"n_fft": 1024, "win_length": 400, "hop_length": 160, "f_min": 60.0, "f_max": 7800.0, "n_mels": 64},
        {"n_fft": 512, "hop_length": 256, "n_mels": 40, "mel_scale": "slaney", "norm": "slaney"},
        {"n_fft": 400, "n_mels": 32},
    ],
)
def test_each_clip_has_the_spectrogram_that_it_has_alone(options):
    mel, clips = torchaudio.transforms.MelSpectrogram(16000, **options), noises()
    together = mel_powers(mel, clips, "cpu")
    assert together.shape == (6, options["n_mels"], 1 + 16000 // mel.hop_length)
    for clip, found in zip(clips, together, strict=True):
        alone = mel(torch.from_numpy(clip))
        torch.testing.assert_close(found[:, : alone.shape[1]], alone, rtol=1e-6, atol=1e-9)


def test_another_power_is_refused():
    mel = torchaudio.transforms.MelSpectrogram(16000, n_fft=400, n_mels=32, power=1.0)
    with pytest.raises(ValueError, match=r"of power 1\.0, expected 2"):
        mel_powers(mel, noises(), "cpu")


def test_edges_are_mirrored_without_the_outermost_sample():
    clips = [np.arange(1, 6, dtype=np.float32), np.arange(11, 15, dtype=np.float32)]
    found = mirrored(clips, 3)
    assert found.dtype == np.float32
    assert found.tolist() == [[4, 3, 2, 1, 2, 3, 4, 5, 4, 3, 2], [14, 13, 12, 11, 12, 13, 14, 13, 12, 11, 0]]
    for clip, row in zip(clips, found, strict=True):
        assert np.array_equal(row[: len(clip) + 6], np.pad(clip, 3, mode="reflect"))


def test_zeros_take_the_place_of_whatever_lies_behind_a_clip():
    spectra = torch.ones(2, 3, 4)
    spectra[1, :, 2:] = torch.tensor([torch.nan, -torch.inf])
    found = without_rest(spectra, torch.tensor([4, 2]))
    assert found[0].eq(1).all()
    assert found[1, :, :2].eq(1).all()
    assert found[1, :, 2:].eq(0).all()
    assert not torch.signbit(found).any()
