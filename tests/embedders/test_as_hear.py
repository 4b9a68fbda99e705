"""Any embedder as a HEAR module: the checks of HEAR's validator, written from the API's page, and numbers."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from benchmark import embedder
from benchmark.errors import UnknownNameError
from embedders.adapters.as_hear import as_hear
from embedders.base import EmbedderError, FrameEmbedder
from embedders.chance import Chance
from embedders.logmel import LogMelStats

RATE = 16000


class Framed(LogMelStats):
    """Two numbers for every 10 ms, a quarter of a second at the least."""

    dim, min_seconds = 2, 0.25

    def embed_frames(self, clips):
        answers = []
        for clip in clips:
            frames = clip[: len(clip) // 160 * 160].reshape(-1, 160)
            vectors = np.stack([frames.mean(axis=1), frames.std(axis=1)], axis=1).astype(np.float32)
            answers.append((vectors, (np.arange(len(frames)) + 0.5) / 100))
        return answers

    def embed(self, clips):
        return np.stack([vectors.mean(axis=0) for vectors, _ in self.embed_frames(clips)])


def audio(sounds, seconds):
    draw = torch.Generator().manual_seed(5)
    return 2 * torch.rand((sounds, int(seconds * RATE)), generator=draw) - 1


@pytest.mark.parametrize("make", [Framed, LogMelStats, Chance, functools.partial(embedder, "mfcc_stats")])
def test_what_hears_validator_asks(make):
    module = as_hear(make)
    model = module.load_model()
    assert isinstance(model, torch.nn.Module)
    assert model.sample_rate in (16000, 22050, 32000, 44100, 48000)
    assert type(model.scene_embedding_size) is type(model.timestamp_embedding_size) is int
    for seconds in (1.07, 1.98, 4.0):
        vectors, times = module.get_timestamp_embeddings(audio(2, seconds), model)
        assert (vectors.dtype, times.dtype) == (torch.float32, torch.float32)
        assert vectors.shape[:2] == times.shape
        assert (vectors.ndim, len(vectors), vectors.shape[2]) == (3, 2, model.timestamp_embedding_size)
        gaps = torch.diff(times)
        assert torch.all(torch.abs(gaps - gaps.mean()) < 1.0) or not gaps.numel()
        assert times.min() >= 0
        assert times.max() <= 1000 * seconds
    scenes = module.get_scene_embeddings(audio(4, 2.74), model)
    assert (scenes.dtype, scenes.shape) == (torch.float32, (4, model.scene_embedding_size))


def test_frames_and_times_by_hand():
    module = as_hear(Framed)
    sound = audio(1, 0.5)
    vectors, times = module.get_timestamp_embeddings(sound, module.load_model())
    assert times[0, :3].tolist() == pytest.approx([5.0, 15.0, 25.0])
    assert vectors[0, :, 0].numpy() == pytest.approx(sound.reshape(50, 160).mean(dim=1).numpy(), abs=1e-6)


def test_frames_of_the_padding_are_left_out():
    module = as_hear(Framed)
    vectors, times = module.get_timestamp_embeddings(audio(2, 0.1), module.load_model())
    assert vectors.shape == (2, 10, 2)
    assert times.max() <= 100
    vectors, times = module.get_timestamp_embeddings(audio(1, 0.002), module.load_model())
    assert vectors.shape == (1, 1, 2)
    assert times[0, 0] == pytest.approx(2.0)


def test_without_frames_there_is_one_in_the_middle():
    module = as_hear(LogMelStats)
    model = module.load_model()
    sounds = audio(3, 1.5)
    assert not isinstance(LogMelStats(), FrameEmbedder)
    vectors, times = module.get_timestamp_embeddings(sounds, model)
    assert times.tolist() == [[750.0]] * 3
    assert torch.equal(vectors[:, 0], module.get_scene_embeddings(sounds, model))
    assert module.get_scene_embeddings(sounds, model).numpy() == pytest.approx(
        LogMelStats().embed(list(sounds.numpy())), rel=1e-6
    )


def test_a_file_name_becomes_weights():
    class Named(Chance):
        def __init__(self, weights=None):
            super().__init__()
            self.weights = weights

    module = as_hear(Named)
    assert module.load_model().embedder.weights is None
    assert module.load_model("some.pt").embedder.weights == "some.pt"


def test_statistics_of_a_dataset_cannot_be_had(tmp_path):
    from embedders.byol import Byol
    from embedders.byol.encoder import AudioNTT2020

    torch.save(AudioNTT2020(512).state_dict(), tmp_path / "w.pth")
    make = functools.partial(Byol, tmp_path / "w.pth", d=512, device="cpu")
    with pytest.raises(EmbedderError, match=r"wants statistics of a dataset's audio.*Give it constants"):
        as_hear(functools.partial(make, statistics="train")).load_model()
    module = as_hear(functools.partial(make, statistics=[-9.0, 5.0]))
    assert module.get_scene_embeddings(audio(1, 1.0), module.load_model()).shape == (1, 512)


def test_audio_of_another_shape():
    module = as_hear(Chance)
    with pytest.raises(EmbedderError, match=r"audio has shape \(16000,\), expected \(sounds, samples\)"):
        module.get_scene_embeddings(audio(1, 1.0)[0], module.load_model())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (torch.zeros((1, 16000), dtype=torch.int16), "Tensor of torch.int16"),
        (np.zeros((1, 16000), np.float32), "ndarray of float32"),
    ],
)
def test_what_is_no_tensor_of_floats(given, told):
    """Whole numbers would be taken as samples far beyond full scale."""
    module = as_hear(Chance)
    for embed in (module.get_scene_embeddings, module.get_timestamp_embeddings):
        with pytest.raises(EmbedderError, match=f"audio is a {told}, expected a torch tensor of floats"):
            embed(given, module.load_model())


def test_an_unknown_row():
    with pytest.raises(UnknownNameError, match=r"unknown embedder 'mfcc_stat'\. Did you mean 'mfcc_stats'"):
        as_hear(functools.partial(embedder, "mfcc_stat")).load_model()
