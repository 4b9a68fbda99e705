"""CLAP, made tiny and random: against transformers' own answers, and windows that are nowhere random."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from embedders.base import EmbedderError, TextEmbedder
from embedders.catalog import CATALOG
from embedders.transformers import Clap

transformers = pytest.importorskip("transformers")

ROWS = ["clap_htsat_unfused", "clap_larger_music", "clap_larger_general"]
RATE = 48000
TEXTS = ["ab", "happy music", "zz", "a very sad song"]


@pytest.fixture
def written(tiny, tmp_path):
    """The folder of a tiny checkpoint with windows of one second, and its network."""
    return tmp_path, tiny.clap(tmp_path)


def noises(lengths):
    generator = np.random.default_rng(7)
    return [(0.3 * generator.standard_normal(n)).clip(-1, 1).astype(np.float32) for n in lengths]


def heard(network, front, wave):
    """The library's own unit vector for a wave that fits its window."""
    asked = front(wave, sampling_rate=RATE, return_tensors="pt")
    with torch.inference_mode():
        answer = network.get_audio_features(**asked)
    return getattr(answer, "pooler_output", answer)[0].numpy()


def test_clips_that_fit_the_window_are_what_the_library_answers(written):
    folder, network = written
    front = transformers.ClapFeatureExtractor.from_pretrained(folder)
    clips = noises((RATE, 20000, 400, 1))
    found = Clap(weights=folder, device="cpu").embed(clips)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.stack([heard(network, front, clip) for clip in clips]), atol=2e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_a_long_clip_is_cut_at_fixed_places(written):
    folder, network = written
    front = transformers.ClapFeatureExtractor.from_pretrained(folder)
    clip = noises((120000,))[0]
    parts = [clip[:48000], clip[48000:96000], clip[72000:]]
    mean = np.mean([heard(network, front, part) for part in parts], axis=0)
    embedder = Clap(weights=folder, device="cpu")
    found = embedder.embed([clip])[0]
    np.testing.assert_allclose(found, mean / np.linalg.norm(mean), atol=2e-6)
    np.testing.assert_array_equal(embedder.embed([clip])[0], found)


def test_the_librarys_own_window_is_drawn_at_random(written):
    """What the windows are for."""
    folder, network = written
    front = transformers.ClapFeatureExtractor.from_pretrained(folder)
    clip = noises((120000,))[0]
    assert np.abs(heard(network, front, clip) - heard(network, front, clip)).max() > 1e-6


def test_texts_are_what_the_library_answers(written):
    folder, network = written
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(TEXTS, return_tensors="pt", padding=True)
    with torch.inference_mode():
        answer = network.get_text_features(**tokens)
    wanted = getattr(answer, "pooler_output", answer)
    embedder = Clap(weights=folder, device="cpu")
    assert isinstance(embedder, TextEmbedder)
    found = embedder.embed_text(TEXTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, torch.nn.functional.normalize(wanted, dim=1).numpy(), atol=2e-6)
    np.testing.assert_array_equal(embedder.embed_text([])[:, :1], np.empty((0, 1)))
    alone = np.concatenate([embedder.embed_text([text]) for text in TEXTS])
    np.testing.assert_allclose(found, alone, atol=2e-6)
    assert np.abs(found[0] - found[2]).max() > 1e-3


def test_contract(written):
    folder, _ = written
    report = check_embedder(functools.partial(Clap, weights=folder, device="cpu"), long_seconds=5)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


def test_the_rows():
    assert {name for name, entry in CATALOG.items() if entry.factory == "embedders.transformers:Clap"} == set(ROWS)
    larger = {"patch_embeds_hidden_size": 128, "hidden_size": 1024, "depths": [2, 2, 12, 2]}
    for row in ROWS:
        config = transformers.ClapConfig(audio_config=larger if "larger" in row else {})
        with torch.device("meta"):
            network = transformers.ClapModel(config)
        assert CATALOG[row].parameters == sum(weight.numel() for weight in network.parameters())
        assert CATALOG[row].dim == config.projection_dim


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_on_a_gpu(written):
    folder, _ = written
    on = functools.partial(Clap, weights=folder)
    report = check_embedder(functools.partial(on, device="cpu"), on_gpu=functools.partial(on, device="cuda"))
    report.raise_on_failure()
    assert "gpu" in {finding.name for finding in report.findings}


# -- what is refused --------------------------------------------------------------------------------


def test_fusion_is_refused(tiny, tmp_path):
    tiny.clap(tmp_path, fusion=True)
    with pytest.raises(EmbedderError, match="sets enable_fusion, expected a checkpoint without it: fusion sees random"):
        Clap(weights=tmp_path, device="cpu").embed(noises((400,)))


def test_texts_that_cannot_be_read(written):
    folder, _ = written
    embedder = Clap(weights=folder, device="cpu")
    with pytest.raises(EmbedderError, match="a text is empty, expected words"):
        embedder.embed_text(["ab", " "])
    with pytest.raises(EmbedderError, match="a text has 42 tokens, expected at most 38"):
        embedder.embed_text(["a" * 40])


def test_a_folder_without_its_tokenizer(written):
    folder, _ = written
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        (folder / name).unlink()
    embedder = Clap(weights=folder, device="cpu")
    assert embedder.embed(noises((400,))).shape == (1, 8), "clips need none"
    with pytest.raises(EmbedderError, match=r"neither tokenizer\.json nor vocab\.json in .*, expected the tokenizer"):
        embedder.embed_text(["ab"])


def test_other_checkpoints(written, tiny, tmp_path):
    folder, _ = written
    with pytest.raises(EmbedderError, match=r"config\.json says vectors of 8, expected 512"):
        Clap(weights=folder, device="cpu", width=512).embed(noises((400,)))
    path = folder / "preprocessor_config.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**said, "sampling_rate": 16000}), encoding="utf-8")
    with pytest.raises(EmbedderError, match=r"preprocessor_config\.json says 16000 Hz, expected 48000"):
        Clap(weights=folder, device="cpu").embed(noises((400,)))
    other = tmp_path / "other"
    other.mkdir()
    tiny.wave(other, "hubert")
    with pytest.raises(EmbedderError, match=r"model_type in config\.json is 'hubert', expected one of clap"):
        Clap(weights=other)
    with pytest.raises(EmbedderError, match="width is None, expected the checkpoint's projection_dim"):
        Clap(model="some/clap", revision="0" * 40)
    with pytest.raises(EmbedderError, match="clip 0 has 0 samples, expected at least 1"):
        Clap(weights=other, width=8).embed([np.zeros(0, np.float32)])
