"""Frames of transformers' encoders: the library's own steps, and times that are the middle of what a step hears."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.contract import validate_frames
from embedders.base import Embedder, FrameEmbedder
from embedders.transformers import AudioEncoder

transformers = pytest.importorskip("transformers")

LENGTHS = (16000, 400, 9123)


def noises(lengths=LENGTHS):
    generator = np.random.default_rng(9)
    return [(0.3 * generator.standard_normal(n)).clip(-1, 1).astype(np.float32) for n in lengths]


def checked(encoder, clips):
    assert isinstance(encoder, FrameEmbedder)
    assert isinstance(encoder, Embedder)
    return validate_frames(encoder.embed_frames(clips), clips, encoder.sample_rate, encoder.dim, ["a", "b", "c"])


def test_frames_are_the_librarys_own_steps(tiny, tmp_path):
    network = tiny.wave(tmp_path, "hubert")
    front = transformers.Wav2Vec2FeatureExtractor.from_pretrained(tmp_path)
    answers = checked(AudioEncoder(weights=tmp_path, device="cpu", layer="last"), noises())
    for clip, (vectors, times) in zip(noises(), answers, strict=True):
        with torch.inference_mode():
            asked = front(clip, sampling_rate=16000, return_tensors="pt").input_values
            wanted = network(asked).last_hidden_state[0].numpy()
        np.testing.assert_allclose(vectors, wanted, rtol=0, atol=2e-5 * np.abs(wanted).max())
        assert len(times) == 1 + (len(clip) - 400) // 320


@pytest.mark.parametrize("kind", ["hubert", "whisper", "ast"])
@pytest.mark.parametrize("pooling", ["mean", "attention"])
def test_the_mean_of_the_frames_is_the_vector(tiny, tmp_path, kind, pooling):
    if kind == "hubert":
        tiny.wave(tmp_path, kind)
    else:
        getattr(tiny, kind)(tmp_path)
    answers = checked(AudioEncoder(weights=tmp_path, device="cpu", pooling=pooling), noises())
    vectors = AudioEncoder(weights=tmp_path, device="cpu").embed(noises())
    means = np.stack([frames.mean(axis=0) for frames, _ in answers])
    np.testing.assert_allclose(means, vectors, rtol=0, atol=1e-5 * np.abs(vectors).max())


def test_a_waveforms_times_are_the_middle_of_what_reaches_a_step(tiny, tmp_path):
    """By the gradient of one step of the convolutions with respect to the samples."""
    network = tiny.wave(tmp_path, "wav2vec2 large")  # normalised step by step, so that no other step is seen
    ((_, times),) = AudioEncoder(weights=tmp_path, device="cpu").embed_frames(noises([4000]))
    for step in (0, 1, 7):
        samples = torch.tensor(noises([4000])[0])[None].requires_grad_()
        network.feature_extractor(samples)[0, :, step].sum().backward()
        heard = np.flatnonzero(samples.grad[0].numpy())
        assert times[step] == (heard[0] + heard[-1]) / 2 / 16000


def test_times_of_spectrogram_networks(tiny, tmp_path):
    tiny.whisper(tmp_path)
    times = AudioEncoder(weights=tmp_path, device="cpu").embed_frames(noises())[0][1]
    np.testing.assert_allclose(times, 0.02 * np.arange(50), rtol=0, atol=1e-12)
    tiny.ast(tmp_path)
    encoder = AudioEncoder(weights=tmp_path, device="cpu")
    times = encoder.embed_frames(noises())[2][1]
    config = transformers.ASTConfig.from_pretrained(tmp_path)
    # a patch of frames of 400 samples every 160: it hears from its first frame's begin to its last one's end
    heard = (config.patch_size - 1) * 160 + 400
    begins = config.time_stride * 160 * np.arange(len(times))
    ends = np.minimum(begins + heard - 1, LENGTHS[2] - 1)  # where the clip ends
    np.testing.assert_allclose(times * 16000, (begins + ends) / 2)
    assert ends[0] < LENGTHS[2] - 1 == ends[-1]


@pytest.mark.parametrize("pooling", ["mean+max", "mean+std", "token"])
def test_a_pooling_that_is_longer_than_a_step_has_no_frames(tiny, tmp_path, pooling):
    tiny.ast(tmp_path)
    assert not isinstance(AudioEncoder(weights=tmp_path, device="cpu", pooling=pooling), FrameEmbedder)
