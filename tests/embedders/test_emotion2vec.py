"""emotion2vec through FunASR, on a stand-in with its signatures, and as an ONNX file: against sums in numpy."""

from __future__ import annotations

import functools
import json
import random
import sys
from importlib import import_module

import numpy as np
import pytest
import torch

from benchmark import embedder_spec
from benchmark.check import check_embedder
from benchmark.contract import validate_frames
from benchmark.errors import Unavailable
from benchmark.params import EmbedderEntry
from embedders.base import EmbedderError, FrameEmbedder, MissingExtraError
from embedders.catalog import CATALOG
from embedders.emotion2vec import Emotion2vec
from embedders.onnx import OnnxModel

ROWS = {
    "emotion2vec_base": 768,
    "emotion2vec_plus_seed": 768,
    "emotion2vec_plus_base": 768,
    "emotion2vec_plus_large": 1024,
}
WIDTH = 6


@pytest.fixture
def model(fakes, tmp_path):
    """`model(...)` writes a folder as the hub has it; answers it and the network's arrays."""
    import_module("funasr")

    def write(width=WIDTH, *, kind="Emotion2vec", inside="model", file="emotion2vec_base.pt", **lost):
        folder = tmp_path / "emotion2vec_base"
        folder.mkdir(exist_ok=True)
        (folder / "config.yaml").write_text(f"model: {kind}\nwidth: {width}\n")
        meta = {"framework": "pytorch", "file_path_metas": {"init_param": file, "config": "config.yaml"}}
        (folder / "configuration.json").write_text(json.dumps(meta))
        generator = torch.Generator().manual_seed(5)
        tensors = {
            "weight": 0.1 * torch.randn(width, 1, 400, generator=generator),
            "bias": torch.randn(width, generator=generator),
            "ema.of_training": torch.zeros(3, dtype=torch.float64),
        }
        held = {name: lost.get(name, tensor) for name, tensor in tensors.items() if lost.get(name, tensor) is not None}
        torch.save({inside: held} if inside else held, folder / "emotion2vec_base.pt")
        return folder, tensors["weight"].double().numpy()[:, 0], tensors["bias"].double().numpy()

    return write


def noises(lengths):
    generator = np.random.default_rng(9)
    return [(0.3 * generator.standard_normal(n)).clip(-1, 1).astype(np.float32) + np.float32(0.05) for n in lengths]


def frames_of(clip, weight, bias):
    """The stand-in's frames in numpy: normalised, convolved."""
    wave = clip.astype(np.float64)
    wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-5)
    frames = np.lib.stride_tricks.sliding_window_view(wave, 400)[::320]
    return np.tanh(frames @ weight.T + bias)


def heard(clip, weight, bias):
    """The stand-in's vector in numpy: the mean over frames."""
    return frames_of(clip, weight, bias).mean(axis=0)


def test_a_clip_is_the_mean_of_its_frames(model):
    folder, weight, bias = model()
    clips = noises((16000, 400, 9123, 719))
    embedder = Emotion2vec(folder, width=WIDTH, device="cpu")
    found = embedder.embed(clips)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [heard(clip, weight, bias) for clip in clips], atol=2e-6)
    assert np.abs(found[0] - found[1]).max() > 1e-2
    assert Emotion2vec(folder, width=WIDTH).embed([]).shape == (0, WIDTH)


def test_frames_and_the_middle_of_what_each_hears(model):
    folder, weight, bias = model()
    clips = noises((16000, 400, 9123, 719))
    embedder = Emotion2vec(folder, width=WIDTH, device="cpu")
    assert isinstance(embedder, FrameEmbedder)
    answers = validate_frames(embedder.embed_frames(clips), clips, 16000, WIDTH, "abcd")
    assert [len(times) for _, times in answers] == [49, 1, 28, 1]
    for clip, (vectors, times) in zip(clips, answers, strict=True):
        np.testing.assert_allclose(vectors, frames_of(clip, weight, bias), atol=2e-6)
        np.testing.assert_allclose(times * 16000, np.arange(len(times)) * 320 + 199.5)
    assert embedder.embed_frames([]) == []


@pytest.mark.parametrize("inside", ["model_state_dict", "state_dict", ""])
def test_where_the_tensors_lie_in_the_file(model, inside):
    folder, weight, bias = model(inside=inside)
    clips = noises((5000,))
    found = Emotion2vec(folder, width=WIDTH, device="cpu").embed(clips)
    np.testing.assert_allclose(found[0], heard(clips[0], weight, bias), atol=2e-6)


def test_the_process_is_left_as_it_was(model):
    """FunASR would set torch's threads to four, and draw a key from Python's random numbers for each clip."""
    folder, *_ = model()
    embedder = Emotion2vec(folder, width=WIDTH, device="cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        embedder.embed(noises((400,)))
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    before = random.getstate()
    embedder.embed(noises((400, 800)))
    assert random.getstate() == before


def test_contract(model):
    folder, *_ = model()
    report = check_embedder(functools.partial(Emotion2vec, folder, width=WIDTH, device="cpu"), long_seconds=20)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


def test_the_rows(model):
    family = {name: entry for name, entry in CATALOG.items() if entry.factory == "embedders.emotion2vec:Emotion2vec"}
    assert {name: entry.dim for name, entry in family.items()} == ROWS
    assert all("IEMOCAP" in entry.training_sets for entry in family.values())
    assert [name for name, entry in family.items() if "EmoBox (with labels of emotion)" in entry.training_sets] == [
        name for name in ROWS if "plus" in name
    ]
    with pytest.raises(Unavailable, match="weights missing: emotion2vec_base") as told:
        embedder_spec.weights_file(embedder_spec.resolve("emotion2vec_base", EmbedderEntry()))
    assert "hf download emotion2vec/emotion2vec_base" in told.value.way_out
    folder, weight, bias = model(768)
    spec = embedder_spec.resolve("emotion2vec_base", EmbedderEntry(weights=str(folder)))
    made = embedder_spec.construction(spec, embedder_spec.weights_file(spec), "cpu").make()
    clips = noises((3000,))
    np.testing.assert_allclose(made.embed(clips)[0], heard(clips[0], weight, bias), atol=2e-6)


# -- what is refused --------------------------------------------------------------------------------


def refused(folder, match, width=WIDTH, error=EmbedderError):
    with pytest.raises(error, match=match) as told:
        Emotion2vec(folder, width=width, device="cpu").embed(noises((400,)))
    assert "\n" not in str(told.value)


def test_without_funasr_the_pip_line_is_told(model, monkeypatch):
    folder, *_ = model()
    monkeypatch.setitem(sys.modules, "funasr", None)
    refused(folder, r"funasr cannot be imported.*pip install funasr", error=MissingExtraError)


@pytest.mark.parametrize("lost", [None, torch.zeros(WIDTH + 1)])
def test_a_checkpoint_that_funasr_would_leave_partly_random_is_refused(model, lost):
    folder, *_ = model(bias=lost)
    refused(folder, r"emotion2vec_base\.pt does not fill bias, which FunASR would leave random")


def test_folders_that_are_none(model, tmp_path):
    refused(tmp_path / "absent", "nothing at .*absent, expected a folder with config.yaml")
    folder, *_ = model(kind="Paraformer")
    refused(folder, r"FunASR cannot open .*\(model 'Paraformer' is not registered\), expected a copy")
    folder, *_ = model(file="model.pt")
    refused(folder, r"no model\.pt in .*emotion2vec_base, expected the checkpoint there")
    folder, *_ = model(file="../outside.pt")
    torch.save({}, tmp_path / "outside.pt")
    refused(folder, r"no \.\./outside\.pt in .*emotion2vec_base, expected the checkpoint there")
    (folder / "configuration.json").write_text("{}")
    refused(folder, r"configuration\.json in .* names no checkpoint \(KeyError\), expected init_param")
    (folder / "config.yaml").unlink()
    refused(folder, r"no config\.yaml at .*emotion2vec_base, expected a folder with config.yaml")


def test_answers_and_arguments(model, monkeypatch):
    folder, *_ = model()
    refused(folder, r"FunASR answered feats of shape \(6,\), expected one vector of 768 numbers", width=768)
    monkeypatch.setattr(import_module("funasr").AutoModel, "generate", lambda *_, **__: [{"key": "clip", "text": "hi"}])
    refused(folder, "FunASR answered no feats, expected one vector of 6 numbers")
    one_more = np.zeros((2, WIDTH), np.float32)
    monkeypatch.setattr(import_module("funasr").AutoModel, "generate", lambda *_, **__: [{"feats": one_more}])
    with pytest.raises(EmbedderError, match=r"FunASR answered feats of shape \(2, 6\), expected 1 frames of 6 numbers"):
        Emotion2vec(folder, width=WIDTH, device="cpu").embed_frames(noises((719,)))
    with pytest.raises(EmbedderError, match="clip 0 has 399 samples, expected at least 400"):
        Emotion2vec(folder).embed([np.zeros(399, np.float32)])
    with pytest.raises(EmbedderError, match="width is '768', expected a whole number above 0"):
        Emotion2vec(folder, width="768")
    with pytest.raises(EmbedderError, match="device is 'tpu', expected one of auto, cpu, cuda"):
        Emotion2vec(folder, device="tpu")


# -- as an ONNX file ----------------------------------------------------------------------------------


@pytest.fixture
def exported(fakes, tmp_path):
    """A file with the input and output of FunASR's export: (batch, samples) to (batch, frames, 768)."""
    pytest.importorskip("onnxruntime")
    files = import_module("onnx_files")
    gains = np.linspace(-1, 2, 768, dtype=np.float32)
    content = files.model(
        [
            files.node("Reshape", ["input", "channel"], "wave"),
            files.node("AveragePool", ["wave"], "frames", kernel_shape=[400], strides=[320]),
            files.node("Reshape", ["frames", "column"], "tall"),
            files.node("Mul", ["tall", "gains"], "output"),
        ],
        [files.value("input", "batch_size", "sequence_length")],
        [files.value("output", "batch_size", "frames_each", 768)],
        channel=[1, 1, -1],
        column=[1, -1, 1],
        gains=gains,
    )
    path = tmp_path / "emotion2vec_base.onnx"
    path.write_bytes(content)
    return path, gains


def test_the_onnx_row_is_the_mean_of_the_frames(exported):
    path, gains = exported
    spec = embedder_spec.resolve("emotion2vec_onnx", EmbedderEntry(weights=str(path)))
    made = embedder_spec.construction(spec, embedder_spec.weights_file(spec), "cpu").make()
    assert isinstance(made, OnnxModel)
    assert (made.dim, made.min_seconds) == (768, 400 / 16000)
    clips = noises((400, 3000))
    frames = [np.lib.stride_tricks.sliding_window_view(clip.astype(np.float64), 400)[::320] for clip in clips]
    np.testing.assert_allclose(made.embed(clips), [each.mean() * gains for each in frames], rtol=2e-5, atol=1e-7)


def test_contract_of_the_onnx_row(exported):
    path, _ = exported
    make = functools.partial(OnnxModel, path, **CATALOG["emotion2vec_onnx"].kwargs)
    check_embedder(make).raise_on_failure()
