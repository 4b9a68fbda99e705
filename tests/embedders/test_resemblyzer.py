"""Resemblyzer: its network written out in numpy, its front end, and its partial utterances by hand."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from benchmark.hashing import file_sha256
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.resemblyzer import Resemblyzer
from embedders.resemblyzer.network import Network, mel_front_end
from embedders.resemblyzer.partials import STEP, louder, starts

ROW = CATALOG["resemblyzer"]


@pytest.fixture
def weights(tmp_path):
    """A file laid out as the published one, with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        state = {name: 0.05 * torch.randn_like(tensor) for name, tensor in Network().state_dict().items()}
    for layer in range(3):
        state[f"lstm.bias_hh_l{layer}"][256:512] += 5.0  # the forget gate: what was heard outlives the padding
    path = tmp_path / "resemblyzer.pt"
    loss = {"similarity_weight": torch.tensor([10.0]), "similarity_bias": torch.tensor([-5.0])}
    torch.save({"step": 1, "model_state": {**loss, **state}, "optimizer_state": {"state": {}}}, path)
    return path


def voice(samples, level=0.2):
    generator = np.random.default_rng(8)
    time = np.arange(samples) / 16000
    hum = sum(np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 12)) * (1 + 0.5 * np.sin(2 * np.pi * 4 * time))
    return (level * hum + 0.01 * level * generator.standard_normal(samples)).astype(np.float32)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def lstm(frames, state, layer):
    """One LSTM layer over frames of shape (n, width): gates in the order input, forget, cell, output."""
    into, back = state[f"lstm.weight_ih_l{layer}"], state[f"lstm.weight_hh_l{layer}"]
    bias = state[f"lstm.bias_ih_l{layer}"] + state[f"lstm.bias_hh_l{layer}"]
    hidden = cell = np.zeros(back.shape[1])
    answers = []
    for frame in frames:
        i, f, g, o = np.split(into @ frame + back @ hidden + bias, 4)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(cell)
        answers.append(hidden)
    return np.array(answers)


def by_hand(mel, state):
    for layer in range(3):
        mel = lstm(mel, state, layer)
    answer = np.maximum(0.0, state["linear.weight"] @ mel[-1] + state["linear.bias"])
    return answer / np.linalg.norm(answer)


def read(path):
    return {
        name: tensor.double().numpy()
        for name, tensor in torch.load(path, map_location="cpu", weights_only=True)["model_state"].items()
    }


def mel_by_hand(clip):
    """Power of 400-point frames around every 160th sample, zeros beyond the ends, in 40 Slaney bands of equal area."""
    padded = np.pad(clip.astype(np.float64), 200)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160] * hann
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    top = 15.0 + 27.0 * np.log(8.0) / np.log(6.4)
    mels = np.linspace(0.0, top, 42)
    edges = np.where(mels < 15.0, mels * 200 / 3, 1000.0 * 6.4 ** ((mels - 15.0) / 27.0))
    bins = np.arange(201) * 40.0
    bank = [
        np.interp(bins, (low, middle, high), (0.0, 2.0 / (high - low), 0.0))
        for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False)
    ]
    return power @ np.array(bank).T


def test_front_end_by_hand():
    clip = voice(8000)
    found = mel_front_end()(torch.tensor(clip)).T.numpy()
    wanted = mel_by_hand(clip)
    assert found.shape == wanted.shape == (51, 40)
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-5 * wanted.max())


@pytest.mark.parametrize(
    ("samples", "wanted"),
    [
        (1, [0]),
        (25600, [0]),  # 1.6 s
        (30000, [0]),  # the next one would be filled by 17,680 of its 25,600 samples: too little
        (31520, [0, 77]),  # 12,320 + 19,200 samples: 3/4 of it
        (44000, [0, 77, 154]),  # 24,640 + 19,360
        (43000, [0, 77]),
    ],
)
def test_partial_utterances(samples, wanted):
    assert STEP == 77  # 0.77 s: the whole frames nearest to 1 / 1.3 s
    assert starts(samples) == wanted


def test_quiet_clips_are_made_louder_and_loud_ones_left():
    quiet, loud, silent = voice(16000, 0.002), voice(16000, 0.2), np.zeros(1600, np.float32)
    assert louder(loud) is loud
    assert louder(silent) is silent
    raised = louder(quiet)
    assert raised.dtype == np.float32
    np.testing.assert_allclose(10 * np.log10(np.mean(raised.astype(np.float64) ** 2)), -30.0, atol=1e-4)


def test_vectors_by_hand(weights):
    state = read(weights)
    short, long = voice(16000), voice(44000, 0.004)
    found = Resemblyzer(weights, device="cpu").embed([short, long])
    wanted = by_hand(mel_by_hand(np.pad(short, (0, 9600)))[:160], state)
    np.testing.assert_allclose(found[0], wanted, atol=2e-5)
    mel = mel_by_hand(np.pad(louder(long), (0, 6240)))
    mean = np.mean([by_hand(mel[start : start + 160], state) for start in (0, 77, 154)], axis=0)
    np.testing.assert_allclose(found[1], mean / np.linalg.norm(mean), atol=2e-5)
    assert (wanted > 0).sum() > 50


def test_contract(weights):
    report = check_embedder(functools.partial(Resemblyzer, weights, device="cpu"), long_seconds=5)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_on_a_gpu(weights):
    on = functools.partial(Resemblyzer, weights)
    report = check_embedder(functools.partial(on, device="cpu"), on_gpu=functools.partial(on, device="cuda"))
    report.raise_on_failure()
    assert "gpu" in {finding.name for finding in report.findings}


def test_the_row_counts_its_parameters():
    assert ROW.parameters == sum(weight.numel() for weight in Network().parameters())


@pytest.fixture
def published(data_folder):
    path = data_folder / "weights" / ROW.weights.file
    if not path.is_file():
        pytest.skip(f"no {path.name} in the folder of weights")
    return path


@pytest.mark.realdata
def test_with_the_published_weights(published):
    assert file_sha256(published) == ROW.weights.sha256
    clip = voice(16000)
    found = Resemblyzer(published, device="cpu").embed([clip])[0]
    wanted = by_hand(mel_by_hand(np.pad(clip, (0, 9600)))[:160], read(published))
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    check_embedder(functools.partial(Resemblyzer, published, device="cpu")).raise_on_failure()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"step": 1}, "has no 'model_state', expected a checkpoint that holds its state dict there"),
        (
            {"model_state": {"lstm.weight_ih_l0": torch.zeros(4)}},
            "lstm.weight_hh_l0 is missing.*Expected Resemblyzer's",
        ),
        ({"model_state": 3}, "holds an object of type int, expected a state dict"),
    ],
)
def test_other_files(tmp_path, content, said):
    path = tmp_path / "other.pt"
    torch.save(content, path)
    with pytest.raises(EmbedderError, match=f"resemblyzer: .*{said}"):
        Resemblyzer(path, device="cpu").embed([voice(400)])


def test_arguments_and_clips(weights):
    with pytest.raises(EmbedderError, match="device is 'tpu', expected one of auto, cpu, cuda"):
        Resemblyzer(weights, device="tpu")
    with pytest.raises(EmbedderError, match="clip 0 has 0 samples, expected at least 1"):
        Resemblyzer(weights, device="cpu").embed([np.zeros(0, np.float32)])
