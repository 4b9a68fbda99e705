"""Networks in bfloat16: float32 untouched, close to it, front ends left alone, and what is refused."""

from __future__ import annotations

import functools
import warnings
from importlib import import_module

import numpy as np
import pytest
import torch

from benchmark import embedder_spec
from benchmark.check import check_embedder
from benchmark.params import EmbedderEntry
from embedders.base import Declared, EmbedderError
from embedders.byol import Byol
from embedders.byol.encoder import AudioNTT2020
from embedders.byol.frontend import LogMel
from embedders.byol_cvt import ByolCvt
from embedders.catalog import CATALOG
from embedders.congruformer import Congruformer
from embedders.musicnn import Musicnn
from embedders.panns import Panns
from embedders.random_cnn import RandomCnn
from embedders.resemblyzer import Resemblyzer
from embedders.resemblyzer.network import Network
from embedders.torch_common import LOW_TOLERANCE, arithmetic, choose_device, to_device, tolerance_at
from embedders.torchaudio_pipelines import TorchaudioPipeline
from embedders.transformers import AudioEncoder, Clap

FAMILIES = {
    "byol": functools.partial(Byol, "absent"),
    "byol_cvt": functools.partial(ByolCvt, "absent"),
    "clap": functools.partial(Clap, "absent", width=8),
    "congruformer": functools.partial(Congruformer, untrained_seed=0),
    "musicnn": functools.partial(Musicnn, "absent"),
    "panns": functools.partial(Panns, "absent"),
    "random_cnn": RandomCnn,
    "resemblyzer": functools.partial(Resemblyzer, "absent"),
    "torchaudio": TorchaudioPipeline,
    "transformers": functools.partial(AudioEncoder, "absent", width=8),
}


def noises(*lengths):
    generator = np.random.default_rng(6)
    return [generator.uniform(-0.5, 0.5, length).astype(np.float32) for length in lengths]


CLIPS = noises(16000, 1500, 9123, 16000, 5000)


@pytest.fixture
def makers(tmp_path, fakes):
    """Three families with random weights, by name."""

    def byol(**options):
        with torch.random.fork_rng():
            torch.manual_seed(4)
            torch.save(AudioNTT2020(512).state_dict(), tmp_path / "byol.pth")
        return functools.partial(Byol, tmp_path / "byol.pth", **{"statistics": [-5.5, 5.0], "device": "cpu"} | options)

    def transformers(**options):
        pytest.importorskip("transformers")
        import_module("tiny_transformers").wave(tmp_path, "wav2vec2")
        return functools.partial(AudioEncoder, tmp_path, device="cpu", **options)

    def random_cnn(**options):
        return functools.partial(RandomCnn, device="cpu", **options)

    return {"byol": byol, "random_cnn": random_cnn, "transformers": transformers}


@pytest.mark.parametrize("family", ["byol", "random_cnn", "transformers"])
def test_bfloat16_is_close_to_float32_which_is_as_it_was(makers, family):
    plain, named, low = (makers[family](**each)() for each in ({}, {"precision": "float32"}, {"precision": "bfloat16"}))
    exact, rounded = plain.embed(CLIPS), low.embed(CLIPS)
    np.testing.assert_array_equal(named.embed(CLIPS), exact)
    assert rounded.dtype == np.float32
    assert not np.array_equal(rounded, exact)
    cosines = (rounded * exact).sum(1) / np.linalg.norm(rounded, axis=1) / np.linalg.norm(exact, axis=1)
    assert cosines.min() > 0.9995
    assert np.abs(rounded - exact).max() < LOW_TOLERANCE["bfloat16"] * np.abs(exact).max()
    assert Declared.of(low).tolerance == LOW_TOLERANCE["bfloat16"] > Declared.of(plain).tolerance
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("family", ["byol", "random_cnn", "transformers"])
def test_the_battery_in_bfloat16(makers, family):
    make = makers[family](precision="bfloat16")
    report = check_embedder(make, long_seconds=5.0)  # without bfloat16 units a CPU is slow at it
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


def test_the_lstm_of_resemblyzer_is_left_in_float32_on_a_cpu():
    """torch has none in bfloat16 for every processor; the layer above it is rounded."""
    network = Network().eval()
    mels = torch.rand(2, 160, 40)
    with torch.inference_mode():
        exact = network(mels)
        with arithmetic("bfloat16", "cpu"):
            rounded = network(mels).float()
    assert not torch.equal(rounded, exact)
    torch.testing.assert_close(rounded, exact, rtol=0.02, atol=0.002)


def test_networks_with_recurrent_layers_and_attention():
    exact, rounded = (
        Congruformer(variant="spectrogram_small", untrained_seed=0, device="cpu", precision=precision).embed(
            noises(20000, 30000)
        )
        for precision in ("float32", "bfloat16")
    )
    assert rounded.dtype == np.float32
    assert not np.array_equal(rounded, exact)
    np.testing.assert_allclose(rounded, exact, rtol=0, atol=LOW_TOLERANCE["bfloat16"] * np.abs(exact).max())


def test_front_ends_and_pooling_stay_float32(makers, monkeypatch):
    seen = []

    def spied(function, *arguments, **options):
        seen.append(torch.is_autocast_enabled("cpu"))
        return function(*arguments, **options)

    monkeypatch.setattr(
        LogMel, "of_clips", functools.partialmethod(lambda self, f, *x: spied(f, self, *x), LogMel.of_clips)
    )
    makers["byol"](precision="bfloat16")().embed_frames(CLIPS)
    assert seen
    encoder = import_module("embedders.transformers.encoder")
    monkeypatch.setattr(encoder, "pooled", functools.partial(spied, encoder.pooled))
    makers["transformers"](precision="bfloat16")().embed(CLIPS)
    assert len(seen) > len(CLIPS)
    assert not any(seen)


def test_another_precision_is_another_embedder():
    def identity(**kwargs):
        spec = embedder_spec.resolve("byol_s_512", EmbedderEntry(kwargs=kwargs))
        return embedder_spec.vectors_fingerprint(embedder_spec.identity(spec, "sha256"), "clips")

    assert identity() != identity(precision="bfloat16") != identity(precision="float16")
    assert not [name for name, entry in CATALOG.items() if "precision" in entry.kwargs]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_refused(family, monkeypatch):
    with pytest.raises(EmbedderError, match="precision is 'half', expected one of float32, bfloat16, float16"):
        FAMILIES[family](precision="half")
    assert FAMILIES[family](precision="float16").tolerance == LOW_TOLERANCE["float16"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EmbedderError, match=r"net: precision is 'float16' on a CPU, .* Use `bfloat16` or `float32`\."):
        choose_device("net", "auto", "float16")


@pytest.mark.parametrize("family", ["random_cnn", "congruformer"])
def test_float16_is_refused_where_the_network_is_made(family):
    with pytest.raises(EmbedderError, match="precision is 'float16' on a CPU"):
        FAMILIES[family](precision="float16", device="cpu").embed(noises(20000))


def test_arithmetic_holds_only_inside():
    ones = torch.ones(2, 2)
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        with arithmetic(precision, "cpu"):
            assert (ones @ ones).dtype == dtype
            assert not torch.backends.cudnn.allow_tf32
        assert (ones @ ones).dtype == torch.float32
    assert [tolerance_at(each) for each in ("float32", "bfloat16")] == [1e-5, LOW_TOLERANCE["bfloat16"]]
    assert tolerance_at("float32", 1e-4) == 1e-4


# -- to the device --------------------------------------------------------------------------------


def test_on_a_cpu_nothing_is_pinned(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "pin_memory", None)
    values = np.arange(6, dtype=np.float32)
    assert to_device(values, "cpu").data_ptr() == values.ctypes.data
    tensor = torch.ones(3)
    assert to_device(tensor, "cpu") is tensor
    locked = values.copy()
    locked.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert torch.equal(to_device(locked, "cpu"), torch.from_numpy(values))
        assert to_device(values[::-1], "cpu").tolist() == [5, 4, 3, 2, 1, 0]


def test_to_cuda_goes_through_pinned_memory_without_waiting(monkeypatch):
    """A stand-in for the device: this says what is asked of torch, not that a GPU answers."""
    asked = []

    def pin(self):
        asked.append("pinned")
        return self.clone()

    def to(self, device, *, non_blocking=False):
        asked.append((device, non_blocking))
        return self

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    monkeypatch.setattr(torch.Tensor, "to", to)
    values = np.arange(3, dtype=np.float32)
    for each in (values, torch.from_numpy(values)):
        assert to_device(each, "cuda").tolist() == [0, 1, 2]
    assert asked == ["pinned", ("cuda", True)] * 2
