"""Any ONNX file as an embedder, on small files whose answers can be worked out by hand."""

from __future__ import annotations

import functools
import sys
from importlib import import_module

import numpy as np
import pytest

from benchmark.check import check_embedder
from embedders.base import EmbedderError, MissingExtraError
from embedders.onnx import OnnxModel

pytest.importorskip("onnxruntime")


@pytest.fixture
def files(fakes):
    return import_module("onnx_files")


@pytest.fixture
def save(tmp_path):
    def write(content):
        (tmp_path / "model.onnx").write_bytes(content)
        return tmp_path / "model.onnx"

    return write


@pytest.fixture
def outer(files, save):
    """(1, n) to (1, n, 3): each sample times 1, -2 and 10."""

    def make(*shape):
        nodes = [
            files.node("Reshape", ["wave", "column"], "tall"),
            files.node("Mul", ["tall", "gains"], "frames"),
        ]
        content = files.model(
            nodes,
            [files.value("wave", *shape)],
            [files.value("frames", 1, "n", 3)],
            column=[1, -1, 1],
            gains=[1.0, -2.0, 10.0],
        )
        return save(content)

    return make


RAMP = np.array([0.1, 0.2, 0.3, 0.4, 0.5], np.float32)


@pytest.mark.parametrize("shape", [("n",), (1, "n"), ("batch", "n"), ("batch", 1, "n")])
@pytest.mark.parametrize(
    ("pooling", "wanted"),
    [("mean", [0.3, -0.6, 3.0]), ("max", [0.5, -0.2, 5.0]), ("mean+max", [0.3, -0.6, 3.0, 0.5, -0.2, 5.0])],
)
def test_shapes_and_poolings(outer, shape, pooling, wanted):
    model = OnnxModel(outer(*shape), sample_rate=8000, width=3, pooling=pooling)
    assert (model.dim, model.sample_rate, model.min_seconds) == (len(wanted), 8000, 0.0)
    np.testing.assert_allclose(model.embed([RAMP, RAMP]), [wanted] * 2, rtol=1e-6)


def test_a_fixed_length_is_cut_into_windows(outer):
    model = OnnxModel(outer(1, 2), sample_rate=8000, width=3, samples=2, scale=32768.0)
    assert model.min_seconds == 2 / 8000
    # windows 0.1 0.2, 0.3 0.4 and, moved back, 0.4 0.5
    mean = np.mean([0.1, 0.2, 0.3, 0.4, 0.4, 0.5]) * 32768
    np.testing.assert_allclose(model.embed([RAMP])[0], mean * np.array([1, -2, 10]), rtol=1e-6)
    np.testing.assert_allclose(model.embed([RAMP[:4]])[0, 0], 0.25 * 32768, rtol=1e-6)
    with pytest.raises(EmbedderError, match="onnx: clip 0 has 1 samples, expected at least 2"):
        model.embed([RAMP[:1]])


def test_another_axis_can_hold_the_vector(files, save):
    content = files.model(
        [files.node("Reshape", ["wave", "rows"], "turned")],
        [files.value("wave", 1, 6)],
        [files.value("turned", 1, 3, 2)],
        rows=[1, 3, 2],
    )
    clip = np.arange(6, dtype=np.float32) / 10
    model = OnnxModel(save(content), sample_rate=8000, width=3, axis=1, samples=6)
    np.testing.assert_allclose(model.embed([clip])[0], [0.05, 0.25, 0.45], rtol=1e-6)
    with pytest.raises(EmbedderError, match=r"'turned' of shape \(1, 3, 2\), expected 3 numbers on axis -1\. Correct"):
        OnnxModel(save(content), sample_rate=8000, width=3, samples=6).embed([clip])
    with pytest.raises(EmbedderError, match=r"expected 3 numbers on axis 3"):
        OnnxModel(save(content), sample_rate=8000, width=3, samples=6, axis=3).embed([clip])


def test_one_of_several_outputs_is_named(files, save):
    content = files.model(
        [files.node("Neg", ["wave"], "less"), files.node("Abs", ["less"], "size")],
        [files.value("wave", 1, "n")],
        [files.value("less", 1, "n"), files.value("size", 1, "n")],
    )
    clip = RAMP[:1]
    take = functools.partial(OnnxModel, save(content), sample_rate=8000, width=1)
    assert take(output_name="less").embed([clip])[0, 0] == -clip[0]
    assert take(output_name="size").embed([clip])[0, 0] == clip[0]
    for name, wanted in ((None, "expected one"), ("more", "expected one named 'more'")):
        with pytest.raises(EmbedderError, match=rf"gives less: float \(1, n\); size: float \(1, n\); {wanted}\. Set"):
            take(output_name=name).embed([clip])


def test_other_inputs_are_told(files, save):
    def refused(*inputs, match, kind=files.FLOAT, **settings):
        outputs = [files.value("out", "n", kind=kind)]
        content = files.model([files.node("Identity", ["wave"], "out")], inputs, outputs)
        with pytest.raises(EmbedderError, match=match):
            OnnxModel(save(content), sample_rate=8000, width=1, **settings).embed([RAMP])

    wave = files.value("wave", "batch", "n")
    expected = r"; expected one float input of shape \(samples,\), \(1, samples\) or \(1, 1, samples\)"
    refused(wave, files.value("mask", "n"), match=r"takes wave: float \(batch, n\); mask: float \(n\)" + expected)
    whole = files.value("wave", "n", kind=files.INT64)
    refused(whole, kind=files.INT64, match=r"takes wave: int64 \(n\)" + expected)
    refused(files.value("wave", 4, "n"), match=r"takes wave: float \(4, n\)" + expected)
    refused(files.value("wave", 1, 2, "n"), match=r"takes wave: float \(1, 2, n\)" + expected)
    refused(files.value("wave", 1, 1, 1, "n"), match=r"takes wave: float \(1, 1, 1, n\)" + expected)
    refused(files.value("wave", 1, 7), match=r"takes wave: float \(1, 7\)" + expected + r"\. Set `samples`")
    refused(files.value("wave", 1, 7), samples=5, match=r"of shape \(5,\), \(1, 5\) or \(1, 1, 5\)")
    refused(wave, input_name="audio", match="expected one float input named 'audio' of shape")


def test_files_that_are_no_models(tmp_path, outer):
    whole = outer(1, "n").read_bytes()
    for name, content in (("text", b"not a model"), ("cut", whole[:40]), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(EmbedderError, match=rf"onnx: .*{name} cannot be opened .*Expected one ONNX file"):
            OnnxModel(tmp_path / name, sample_rate=8000, width=3).embed([RAMP])
    with pytest.raises(EmbedderError, match=r"no weights at .*absent, expected an \.onnx file"):
        OnnxModel(tmp_path / "absent", sample_rate=8000, width=3).embed([RAMP])


def test_weights_in_another_file_are_refused(files, save, tmp_path):
    np.ones(3, np.float32).tofile(tmp_path / "gains.bin")
    content = files.model(
        [files.node("Mul", ["wave", "gains"], "out")],
        [files.value("wave", 3)],
        [files.value("out", 3)],
        gains=files.elsewhere("gains", 3, "gains.bin"),
    )
    with pytest.raises(EmbedderError, match=r"cannot be opened .*Expected one ONNX file that holds its weights"):
        OnnxModel(save(content), sample_rate=8000, width=3, samples=3).embed([RAMP])


def test_without_onnxruntime_the_pip_line_is_told(outer, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'moodbench\[onnx\]'"):
        OnnxModel(outer(1, "n"), sample_rate=8000, width=3).embed([RAMP])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"width": 0}, "width is 0, expected a whole number above 0"),
        ({"sample_rate": 16000.0}, r"sample_rate is 16000\.0, expected a whole number"),
        ({"samples": -1}, "samples is -1, expected"),
        ({"pooling": "median"}, r"pooling is 'median', expected one of mean, max, mean\+max"),
        ({"samples": 5, "min_seconds": 1.0}, "both samples and min_seconds are given"),
    ],
)
def test_wrong_arguments_are_refused(settings, match):
    with pytest.raises(EmbedderError, match=match):
        OnnxModel("model.onnx", **{"sample_rate": 8000, "width": 3, **settings})


@pytest.mark.parametrize("samples", [None, 3000])
def test_contract(outer, samples):
    path = outer(1, samples or "n")
    make = functools.partial(OnnxModel, path, sample_rate=8000, width=3, samples=samples, pooling="mean+max")
    check_embedder(make).raise_on_failure()
