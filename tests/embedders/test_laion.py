"""LAION's own CLAP package, on a stand-in with its signatures: against sums written out in numpy."""

from __future__ import annotations

import functools
import sys
from importlib import import_module

import numpy as np
import pytest
import torch

from benchmark import embedder_spec, registry
from benchmark.check import check_embedder
from benchmark.contamination import shared
from benchmark.errors import Unavailable
from benchmark.params import EmbedderEntry
from embedders.base import EmbedderError, MissingExtraError, TextEmbedder
from embedders.catalog import CATALOG
from embedders.laion import LaionClap
from embedders.missing import MissingWeightsError

pytest.importorskip("huggingface_hub")

RATE, WINDOW, FRAME, WIDTH = 48000, 480000, 480, 512
ROWS = {
    "laion_clap_630k": "HTSAT-tiny",
    "laion_clap_630k_audioset": "HTSAT-tiny",
    "laion_clap_music": "HTSAT-base",
    "laion_clap_music_speech": "HTSAT-base",
    "laion_clap_music_speech_audioset": "HTSAT-base",
}


@pytest.fixture
def package(fakes):
    return import_module("laion_clap")


@pytest.fixture
def checkpoint(package, tmp_path):
    """`checkpoint(amodel)` writes a random one, as the package's own training does; answers its path and matrices."""

    def write(amodel="HTSAT-tiny"):
        with torch.random.fork_rng():
            torch.manual_seed(11)
            state = package.CLAP_Module(device="cpu", amodel=amodel).model.state_dict()
        path = tmp_path / f"{amodel}.pt"
        torch.save({"epoch": 1, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, path)
        return path, {name: tensor.numpy().astype(np.float64) for name, tensor in state.items()}

    return write


def noises(lengths):
    generator = np.random.default_rng(7)
    ramp = np.linspace(0.05, 0.3, max(lengths))  # so that windows of one clip differ
    return [(ramp[:n] * generator.standard_normal(n)).clip(-1, 1).astype(np.float32) for n in lengths]


def unit(vector):
    return vector / np.linalg.norm(vector)


def heard(wave, matrices):
    """The stand-in's vector for a wave that fits its window, in numpy."""
    rounded = np.trunc(wave * np.float32(32767.0)) / 32767.0
    whole = np.zeros(WINDOW)
    times = WINDOW // len(wave)
    whole[: times * len(wave)] = np.tile(rounded, times)
    vector = np.abs(whole.reshape(-1, FRAME)).mean(axis=0) + 0.01
    for name in sorted(name for name in matrices if name.startswith("audio")):
        vector = matrices[name] @ vector
    return unit(vector)


def test_clips_that_fit_are_what_the_package_answers(checkpoint):
    path, matrices = checkpoint()
    clips = noises((WINDOW, 300000, 480, 1, WINDOW - 1))
    found = LaionClap(path, device="cpu").embed(clips)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack([heard(clip, matrices) for clip in clips]), atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert np.abs(found[0] - found[2]).max() > 1e-3
    assert LaionClap(path).embed([]).shape == (0, WIDTH)


def test_a_long_clip_is_cut_at_fixed_places(checkpoint):
    path, matrices = checkpoint("HTSAT-base")
    long, short = noises((2 * WINDOW + 100000, 5000))
    parts = [long[:WINDOW], long[WINDOW : 2 * WINDOW], long[WINDOW + 100000 :]]
    wanted = unit(np.mean([heard(part, matrices) for part in parts], axis=0))
    embedder = LaionClap(path, amodel="HTSAT-base", device="cpu")
    found = embedder.embed([short, long, short])
    np.testing.assert_allclose(found[1], wanted, atol=2e-6)
    np.testing.assert_allclose(found[[0, 2]], [heard(short, matrices)] * 2, atol=2e-6)
    np.testing.assert_array_equal(embedder.embed([long])[0], embedder.embed([long])[0])


def test_the_packages_own_window_is_drawn_at_random(package, checkpoint):
    """What the windows are for."""
    path, _ = checkpoint()
    module = package.CLAP_Module(device="cpu")
    module.load_ckpt(str(path))
    long = noises((2 * WINDOW,))
    assert np.abs(module.get_audio_embedding_from_data(long) - module.get_audio_embedding_from_data(long)).max() > 1e-6


def test_texts(checkpoint):
    path, matrices = checkpoint()
    embedder = LaionClap(path, device="cpu")
    assert isinstance(embedder, TextEmbedder)
    texts = ["ab", "happy music", "a" * 75] + ["zz"] * 40
    wanted = [unit(matrices["text.weight"][[0, *(3 + x for x in text.encode()), 2]].sum(axis=0)) for text in texts]
    np.testing.assert_allclose(embedder.embed_text(texts), wanted, atol=2e-6)
    assert embedder.embed_text([]).shape == (0, WIDTH)
    with pytest.raises(EmbedderError, match="a text has 78 tokens, expected at most 77"):
        embedder.embed_text(["ab", "a" * 76])
    with pytest.raises(EmbedderError, match="a text is empty, expected words"):
        embedder.embed_text([" "])


def test_the_rows():
    """The network of each, and that a row without its file or the package is not run."""
    family = {name: entry for name, entry in CATALOG.items() if entry.factory == "embedders.laion:LaionClap"}
    assert {name: entry.kwargs["amodel"] for name, entry in family.items()} == ROWS
    with pytest.raises(Unavailable, match=r"weights missing: 630k-best\.pt") as told:
        embedder_spec.weights_file(embedder_spec.resolve("laion_clap_630k", EmbedderEntry()))
    assert "hf download lukewys/laion_clap 630k-best.pt" in told.value.way_out


def test_no_row_is_clean_of_audioset():
    """Also the checkpoints of 630k without AudioSet's captions: their audio network was trained to tag it before."""
    for row in (*ROWS, "clap_htsat_unfused", "clap_larger_music", "clap_larger_general"):
        assert shared(CATALOG[row].training_sets, registry.task("musiccaps_retrieval")), row


@pytest.mark.parametrize("amodel", sorted(set(ROWS.values())))
def test_contract(checkpoint, amodel):
    path, _ = checkpoint(amodel)
    report = check_embedder(functools.partial(LaionClap, path, amodel=amodel, device="cpu"), long_seconds=25)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


# -- the package and the hub --------------------------------------------------------------------------


def test_without_the_package_the_pip_line_is_told(checkpoint, monkeypatch):
    path, _ = checkpoint()
    monkeypatch.setitem(sys.modules, "laion_clap", None)
    with pytest.raises(MissingExtraError, match=r"laion_clap cannot be imported.*pip install laion-clap"):
        LaionClap(path, device="cpu").embed(noises((480,)))


@pytest.mark.parametrize(("variable", "forbidden"), [("1", True), ("0", False)])
def test_offline_the_hub_is_not_asked(package, checkpoint, monkeypatch, variable, forbidden):
    path, _ = checkpoint()
    constants = import_module("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("MOODBENCH_OFFLINE", variable)
    embedder = LaionClap(path, device="cpu")
    embedder.embed(noises((480,)))
    assert embedder._loaded[0].offline is forbidden
    assert constants.HF_HUB_OFFLINE is False, "only while the package reads"


def test_what_the_hub_does_not_give_makes_the_row_not_run(checkpoint, monkeypatch):
    path, _ = checkpoint()
    monkeypatch.setenv("LAION_CLAP_STAND_IN", "unreachable")
    with pytest.raises(MissingWeightsError) as told:
        LaionClap(path, device="cpu").embed(noises((480,)))
    what, _, way_out = str(told.value).partition(". ")
    assert "roberta-base, bert-base-uncased, facebook/bart-base" in what
    assert "'roberta-base'; It is not in the cache" in what
    assert way_out.startswith("Where there is a network: hf download")


# -- what is refused --------------------------------------------------------------------------------


def test_other_files_are_told(checkpoint, tmp_path):
    path, _ = checkpoint()
    with pytest.raises(EmbedderError, match=r"HTSAT-tiny\.pt cannot be loaded .*expected a checkpoint of HTSAT-base"):
        LaionClap(path, amodel="HTSAT-base", device="cpu").embed(noises((480,)))
    (tmp_path / "text.pt").write_text("no tensors")
    with pytest.raises(EmbedderError, match=r"text\.pt cannot be loaded"):
        LaionClap(tmp_path / "text.pt", device="cpu").embed(noises((480,)))
    with pytest.raises(EmbedderError, match=r"no weights at .*absent\.pt, expected a \.pt file"):
        LaionClap(tmp_path / "absent.pt", device="cpu").embed(noises((480,)))


def test_arguments_and_clips(checkpoint):
    path, _ = checkpoint()
    with pytest.raises(EmbedderError, match="amodel is 'PANN-14', expected one of HTSAT-tiny, HTSAT-base"):
        LaionClap(path, amodel="PANN-14")
    with pytest.raises(EmbedderError, match="device is 'tpu', expected one of auto, cpu, cuda"):
        LaionClap(path, device="tpu")
    with pytest.raises(EmbedderError, match="clip 0 has 0 samples, expected at least 1"):
        LaionClap(path).embed([np.zeros(0, np.float32)])


def test_an_answer_of_another_shape_is_told(checkpoint, package, monkeypatch):
    path, _ = checkpoint()
    monkeypatch.setattr(package.CLAP_Module, "get_audio_embedding_from_data", lambda *_, **__: np.zeros((1, 1024)))
    with pytest.raises(EmbedderError, match=r"answered shape \(1, 1024\), expected \(1, 512\)"):
        LaionClap(path, device="cpu").embed(noises((480,)))
