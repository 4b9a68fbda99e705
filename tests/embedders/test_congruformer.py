"""ConGRUFormer against the same network written out in numpy; its sizes, windows and files."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.congruformer import VARIANTS, Congruformer
from embedders.congruformer import embedder as module
from embedders.congruformer.network import Decibels, Network, positions, untrained_network
from embedders.congruformer.variants import Variant

TINY = Variant(
    sample_rate=8000,
    inputs=3,
    channels=(4, 4, 6),
    kernels=(5, 3, 3),
    strides=(2, 1, 2),
    padding=1,
    residual_from=2,
    gru_units=3,
    width=8,
    heads=2,
    layers=3,
    shortest=1,
    longest=100,
)
PLAIN = Variant(sample_rate=8000, inputs=8, width=8, heads=4, layers=2, shortest=1, longest=100)


def trained(variant):
    """A network in which no norm is the identity."""
    network = untrained_network(variant, 3)
    generator = torch.Generator().manual_seed(4)
    for name, tensor in network.state_dict().items():
        if ("norm" in name or ".1." in name) and tensor.dtype == torch.float32:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.3)
    return network


# -- the same by hand: float64, one sequence of shape (time, features) -----------------------------


class ByHand:
    def __init__(self, variant, network):
        self.variant = variant
        self.of = {name: tensor.double().numpy() for name, tensor in network.state_dict().items()}

    def convolve(self, x, name, stride=1, padding=0):
        kernel = self.of[f"{name}.weight"]
        padded = np.pad(x, ((padding, padding), (0, 0)))
        starts = range(0, len(padded) - kernel.shape[2] + 1, stride)
        return np.array([np.einsum("oik,ki->o", kernel, padded[s : s + kernel.shape[2]]) for s in starts])

    def batch_norm(self, x, name):
        mean, variance = self.of[f"{name}.running_mean"], self.of[f"{name}.running_var"]
        return (x - mean) / np.sqrt(variance + 1e-5) * self.of[f"{name}.weight"] + self.of[f"{name}.bias"]

    def layer_norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return centred / deviation * self.of[f"{name}.weight"] + self.of[f"{name}.bias"]

    def linear(self, x, name):
        return x @ self.of[f"{name}.weight"].T + self.of[f"{name}.bias"]

    def attend(self, query, source, name):
        parts = np.split(self.of[f"{name}.in_proj_weight"], 3), np.split(self.of[f"{name}.in_proj_bias"], 3)
        q, k, v = (x @ w.T + b for x, w, b in zip((query, source, source), *parts, strict=True))
        heads = []
        for rows in np.split(np.arange(self.variant.width), self.variant.heads):
            scores = np.exp(q[:, rows] @ k[:, rows].T / np.sqrt(len(rows)))
            heads.append(scores / scores.sum(axis=1, keepdims=True) @ v[:, rows])
        return self.linear(np.concatenate(heads, axis=1), f"{name}.out_proj")

    def gru(self, x, name):
        def one_way(steps, suffix):
            state, states = np.zeros(self.variant.gru_units), []
            for step in steps:
                given = np.split(self.of[f"{name}.weight_ih_{suffix}"] @ step + self.of[f"{name}.bias_ih_{suffix}"], 3)
                held = np.split(self.of[f"{name}.weight_hh_{suffix}"] @ state + self.of[f"{name}.bias_hh_{suffix}"], 3)
                reset, update = (1 / (1 + np.exp(-(given[i] + held[i]))) for i in (0, 1))
                state = (1 - update) * np.tanh(given[2] + reset * held[2]) + update * state
                states.append(state)
            return np.array(states)

        for layer in range(self.variant.gru_layers):
            back = one_way(x[::-1], f"l{layer}_reverse")[::-1]
            x = np.concatenate([one_way(x, f"l{layer}"), back], axis=1)
        return x

    def vector(self, x):
        variant = self.variant
        for place in range(len(variant.channels)):
            name, before = f"convolutions.{place}", x
            x = self.convolve(x, f"{name}.branch.0", variant.strides[place], variant.padding)
            x = gelu(self.batch_norm(x, f"{name}.branch.1"))
            if place + 1 >= variant.residual_from:
                if f"{name}.projection.0.weight" in self.of:
                    before = self.batch_norm(self.convolve(before, f"{name}.projection.0"), f"{name}.projection.1")
                n, m = len(before), len(x)
                x = x + [before[i * n // m : -(-(i + 1) * n // m)].mean(axis=0) for i in range(m)]
        source = query = x
        if variant.channels:
            query = np.maximum(self.layer_norm(self.linear(self.gru(x, "gru"), "query.0"), "query.1"), 0)
            source = np.maximum(self.linear(x, "source.0"), 0)
        source, query = source + waves(source), query + waves(query)
        for _ in range(variant.layers):  # one set of weights
            normed = self.layer_norm(source if variant.channels else query, "layer.source_norm")
            query = query + self.attend(query, normed, "layer.attention")
            wide = gelu(self.linear(self.layer_norm(query, "layer.norm"), "layer.feed_forward.0"))
            query = query + self.linear(wide, "layer.feed_forward.3")
        asked = self.of["pooling.query"][0]
        return self.layer_norm(asked + self.attend(asked, query, "pooling.attention"), "pooling.norm")[0]


def gelu(x):
    return x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def waves(sequence):
    steps, width = sequence.shape
    angles = [[step / 10000 ** (2 * (place // 2) / width) for place in range(width)] for step in range(steps)]
    return np.where(np.arange(width) % 2 == 0, np.sin(angles), np.cos(angles))


@pytest.mark.parametrize("variant", [TINY, PLAIN])
def test_network_against_numpy(variant):
    network = trained(variant)
    x = torch.randn(2, variant.inputs, 23, generator=torch.Generator().manual_seed(5))
    by_hand = ByHand(variant, network)
    with torch.inference_mode():
        found = network(x).numpy()
    np.testing.assert_allclose(found, [by_hand.vector(each.T.double().numpy()) for each in x], atol=1e-5)


def test_positions_by_hand():
    np.testing.assert_allclose(positions(torch.zeros(1, 5, 6)).numpy(), waves(np.zeros((5, 6))), atol=1e-6)
    assert positions(torch.zeros(1, 1, 4)).tolist() == [[0, 1, 0, 1]]


@pytest.mark.parametrize(
    ("name", "reported"),  # millions; the transformer's is not reported
    [("spectrogram", 13.0), ("spectrogram_small", 7.9), ("audio", 9.2), ("transformer", 0.149)],
)
def test_parameters_are_the_reported_ones(name, reported):
    counted = sum(parameter.numel() for parameter in Network(VARIANTS[name]).parameters())
    assert counted / 1e6 == pytest.approx(reported, rel=0.01)
    assert CATALOG[f"congruformer_{name}"].parameters == counted


def test_decibels_are_scaled_to_one():
    front = Decibels(22050, 96)
    assert not front(torch.zeros(1, 5000)).any()
    tone = torch.sin(2 * math.pi * 3000 * torch.arange(22050) / 22050)[None]
    full, tenth = front(tone), front(0.1 * tone)
    assert full.shape == (1, 96, 87)
    band = full[0, :, 40].argmax()
    assert 0.85 < full[0, band, 40] <= 1
    assert (full - tenth)[0, band, 40].item() == pytest.approx(20 / 117, abs=1e-5)  # 20 dB of 117


def test_a_long_clip_is_the_mean_of_its_windows(monkeypatch):
    monkeypatch.setitem(VARIANTS, "audio", replace(VARIANTS["audio"], longest=32000))
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 75_000).astype(np.float32)
    model = Congruformer(variant="audio", untrained_seed=1, device="cpu")
    wanted = model.embed([noise[:32000], noise[32000:64000], noise[-32000:]]).mean(axis=0)
    np.testing.assert_allclose(model.embed([noise[:32000], noise])[1], wanted, atol=1e-5)
    monkeypatch.setattr(module, "_SAMPLES_A_PASS", {"cpu": 1})
    np.testing.assert_allclose(model.embed([noise])[0], wanted, atol=1e-5)
    assert model.embed([]).shape == (0, 312)


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "trained.pt"
    state = trained(VARIANTS["transformer"]).state_dict()
    torch.save({**state, "classifier.weight": torch.zeros(2, 96), "classifier.bias": torch.zeros(2)}, path)
    return path


def test_a_checkpoint_is_loaded_and_its_classifier_left_out(checkpoint):
    clip = np.random.default_rng(2).uniform(-0.5, 0.5, 20000).astype(np.float32)
    found = Congruformer(checkpoint, variant="transformer", device="cpu").embed([clip])[0]
    with torch.inference_mode():
        wanted = trained(VARIANTS["transformer"])(Decibels(22050, 96)(torch.from_numpy(clip)[None]))[0].numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    with pytest.raises(EmbedderError, match=r"congruformer: .*is missing.*Expected the state dict of variant 'audio'"):
        Congruformer(checkpoint, variant="audio", device="cpu").embed([clip.repeat(2)])


def test_random_weights_follow_their_seed_and_leave_torchs_generator_alone():
    torch.manual_seed(9)
    before = torch.random.get_rng_state()
    states = [untrained_network(TINY, seed).state_dict() for seed in (0, 0, 1)]
    assert torch.equal(torch.random.get_rng_state(), before)
    same = [all(torch.equal(states[0][name], other[name]) for name in states[0]) for other in states[1:]]
    assert same == [True, False]


def test_wrong_arguments_are_refused():
    with pytest.raises(EmbedderError, match="variant is 'lyrics', expected one of spectrogram, spectrogram_small"):
        Congruformer(variant="lyrics", untrained_seed=0)
    with pytest.raises(EmbedderError, match="found neither of weights and untrained_seed, expected one"):
        Congruformer()
    with pytest.raises(EmbedderError, match="found both of weights and untrained_seed, expected one"):
        Congruformer("some.pt", untrained_seed=0)
    with pytest.raises(EmbedderError, match="untrained_seed is True, expected a whole number from 0 on"):
        Congruformer(untrained_seed=True)
    with pytest.raises(EmbedderError, match="congruformer: clip 0 has 31999 samples, expected at least 32000"):
        Congruformer(variant="audio", untrained_seed=0).embed([np.zeros(31999, np.float32)])
    with pytest.raises(EmbedderError, match=r"congruformer: no weights at .*absent"):
        Congruformer("absent").embed([np.zeros(20000, np.float32)])


ROWS = ("congruformer_spectrogram", "congruformer_spectrogram_small", "congruformer_audio", "congruformer_transformer")


@pytest.mark.parametrize("name", ROWS)
def test_contract(name):
    make = functools.partial(Congruformer, untrained_seed=0, device="cpu", **CATALOG[name].kwargs)
    check_embedder(make, long_seconds=4.0).raise_on_failure()
