"""speech_embedding: its front end and network against the published ONNX files, windows and means by hand."""

from __future__ import annotations

import functools
from importlib import import_module

import numpy as np
import pytest

from benchmark.check import check_embedder
from embedders.base import EmbedderError
from embedders.catalog import CATALOG
from embedders.onnx import SpeechEmbedding
from embedders.onnx.speech_embedding import log_mel

onnxruntime = pytest.importorskip("onnxruntime")
GAINS = np.linspace(-1, 2, 96, dtype=np.float32)


@pytest.fixture
def averaging(fakes, tmp_path):
    """A network of the right shapes: the mean of its window of the spectrogram, times 96 gains."""
    files = import_module("onnx_files")
    nodes = [
        files.node("ReduceMean", ["mel"], "mean", axes=[1, 2], keepdims=1),
        files.node("Mul", ["mean", "gains"], "vectors"),
    ]
    inputs, outputs = [files.value("mel", "n", 76, 32, 1)], [files.value("vectors", "n", 1, 1, 96)]
    path = tmp_path / "averaging.onnx"
    path.write_bytes(files.model(nodes, inputs, outputs, gains=GAINS))
    return path


def speechlike(samples):
    generator = np.random.default_rng(6)
    time = np.arange(samples) / 16000
    voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 20)) * (np.sin(2 * np.pi * 3 * time) > 0)
    return (0.2 * voice + 0.001 * generator.standard_normal(samples)).astype(np.float32)


def test_windows_and_mean_by_hand(averaging):
    clip = speechlike(
        512 + 95 * 160 + 159
    )  # 96 frames: windows begin at frames 0, 8 and 16; frames 92 to 95 are left over
    spectrum = log_mel(clip)
    assert spectrum.shape == (96, 32)
    means = np.array([spectrum[start : start + 76].mean() for start in (0, 8, 16)])
    model = SpeechEmbedding(averaging)
    np.testing.assert_allclose(model.embed([clip])[0], means.mean() * GAINS, rtol=1e-5)
    vectors, centres = model.embed_frames([clip])[0]
    np.testing.assert_allclose(vectors, means[:, None] * GAINS, rtol=1e-5)
    np.testing.assert_allclose(centres, [0.391, 0.471, 0.551])  # the middle of 12512 samples, then every 80 ms


def test_front_end_floors():
    np.testing.assert_array_equal(log_mel(np.zeros(12512, np.float32)), -8.0)  # 10 log10(1e-10) / 10 + 2
    clip = speechlike(16000)
    assert log_mel(clip).max() - log_mel(clip).min() <= 8.0 + 1e-9
    louder = log_mel(0.5 * clip) + 2 * np.log10(2)
    np.testing.assert_allclose(louder, log_mel(clip), atol=1e-9)


@pytest.mark.realdata
def test_against_the_published_files(data_folder):
    """The clip through both published files, one after the other, as openWakeWord runs them."""
    clip = speechlike(30000)

    def run(file, values):
        session = onnxruntime.InferenceSession(data_folder / "weights" / file, providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: values.astype(np.float32)})[0]

    mel = run("speech_embedding_google_melspec.onnx", 32768 * clip[None])[0, 0] / 10 + 2
    np.testing.assert_allclose(log_mel(clip), mel, atol=2e-4)
    windows = np.stack([mel[start : start + 76, :, None] for start in range(0, len(mel) - 75, 8)])
    wanted = run("speech_embedding_google.onnx", windows)[:, 0, 0].mean(axis=0)
    weights = data_folder / "weights" / CATALOG["speech_embedding"].weights.file
    np.testing.assert_allclose(SpeechEmbedding(weights).embed([clip])[0], wanted, atol=1e-3)


@pytest.mark.realdata
def test_contract_with_the_published_weights(data_folder):
    make = functools.partial(SpeechEmbedding, data_folder / "weights" / CATALOG["speech_embedding"].weights.file)
    check_embedder(make).raise_on_failure()


def test_contract(averaging):
    report = check_embedder(functools.partial(SpeechEmbedding, averaging))
    report.raise_on_failure()
    assert {"frames", "batch mates"} <= {finding.name for finding in report.findings}


def test_another_network_is_refused(fakes, tmp_path):
    files, path = import_module("onnx_files"), tmp_path / "other.onnx"
    wave = files.value("input", "batch", "samples")
    path.write_bytes(files.model([files.node("Neg", ["input"], "output")], [wave], [files.value("output", "b", "n")]))
    told = r"takes input: float \(batch, samples\) and gives output: .*; expected \(n, 76, 32, 1\) and \(n, 1, 1, 96\)"
    with pytest.raises(EmbedderError, match=f"speech_embedding: .*{told}"):
        SpeechEmbedding(path).embed([speechlike(16000)])
    with pytest.raises(EmbedderError, match="clip 0 has 12511 samples, expected at least 12512"):
        SpeechEmbedding(path).embed([speechlike(12511)])
