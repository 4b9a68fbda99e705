"""The untrained network: the formula written out, its seed, its statistics and the contract."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.random_cnn import RandomCnn
from embedders.random_cnn.network import Network


def noise(samples, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, samples).astype(np.float32)


def by_hand(network, spectrum):
    """The vector of one spectrogram (64, T), every convolution a sum over its nine places, in float64."""
    hidden = spectrum[None].astype(np.float64)
    for block in range(3):
        kernel = getattr(network, f"weight_{block}").numpy().astype(np.float64)
        padded = np.pad(hidden, ((0, 0), (1, 1), (1, 1)))
        height, width = hidden.shape[1:]
        places = [(row, column) for row in range(3) for column in range(3)]
        hidden = sum(
            np.tensordot(kernel[:, :, row, column], padded[:, row : row + height, column : column + width], axes=1)
            for row, column in places
        ).clip(min=0)
        cut = hidden[:, :, : width // 2 * 2]
        hidden = cut.reshape(len(cut), height // 2, 2, width // 2, 2).max(axis=(2, 4))
    steps = hidden.reshape(-1, hidden.shape[-1])
    return steps.max(axis=1) + steps.mean(axis=1)


def test_vector_against_numpy():
    clip, network = noise(9000), Network(0)
    wanted = by_hand(network, network.log_mels([clip], "cpu")[0].numpy())
    np.testing.assert_allclose(RandomCnn(device="cpu").embed([clip])[0], wanted, rtol=1e-4, atol=1e-4)


def test_weights_are_hes_and_follow_the_seed():
    network, again, other = Network(0), Network(0), Network(1)
    for block, inputs in enumerate((1, 64, 64)):
        name = f"weight_{block}"
        weight = getattr(network, name)
        assert weight.shape == (64, inputs, 3, 3)
        assert weight.std().item() == pytest.approx(np.sqrt(2 / (9 * inputs)), rel=0.1)
        assert torch.equal(weight, getattr(again, name))
        assert not torch.equal(weight, getattr(other, name))
    assert not list(network.parameters())
    clip = noise(4000)
    assert not np.allclose(RandomCnn(device="cpu").embed([clip]), RandomCnn(seed=1, device="cpu").embed([clip]))


def test_the_global_generator_is_left_alone():
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    RandomCnn(device="cpu").embed([noise(2000)])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_clips_of_a_pass_do_not_see_each_other():
    clips = [noise(samples, samples) for samples in (1120, 5000, 1280, 16000)]
    together = RandomCnn(device="cpu").embed(clips)
    alone = np.concatenate([RandomCnn(device="cpu").embed([clip]) for clip in clips])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


def test_contract():
    report = check_embedder(functools.partial(RandomCnn, device="cpu", **CATALOG["random_cnn"].kwargs))
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


def test_wrong_arguments_and_short_clips_are_refused():
    for seed in (-1, 1.5, True, "0"):
        with pytest.raises(EmbedderError, match=r"random_cnn: seed is .*, expected a whole number from 0 on"):
            RandomCnn(seed=seed)
    with pytest.raises(EmbedderError, match="device is 'tpu', expected one of auto, cpu, cuda"):
        RandomCnn(device="tpu")
    with pytest.raises(EmbedderError, match="clip 0 has 1119 samples, expected at least 1120"):
        RandomCnn(device="cpu").embed([noise(1119)])
