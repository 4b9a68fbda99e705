"""Rows of checkpoints whose kinds of network are tried beside: their parts against the published sizes."""

from __future__ import annotations

import functools
import json
from importlib import import_module

import numpy as np
import pytest
import torch

from benchmark.check import check_embedder
from embedders.catalog import CATALOG
from embedders.transformers import AudioEncoder

transformers = pytest.importorskip("transformers")

ROWS = {  # the tiny network that has the modes of a row's
    "wav2vec2_large_robust_hf": "wav2vec2 large",
    "wav2vec2_xls_r_300m_hf": "wav2vec2 large",
    "wav2vec2_xls_r_1b_hf": "wav2vec2 large",
    "wav2vec2_xls_r_2b_hf": "wav2vec2 large",
    "hubert_large_hf": "hubert large",
    "wavlm_base_hf": "wavlm",
    "data2vec_large_960h": "data2vec",
    "music2vec": "data2vec",
    "whisper_medium_encoder": "whisper",
    "whisper_large_v3_encoder": "whisper of 128 bands",
}
WAY = ("layer", "pooling", "sample_rate")


def sizes(width, layers, heads=16):
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
    }


LARGE = {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
PUBLISHED = {  # what config.json of the repositories says, beyond the library's defaults
    "wav2vec2_large_robust_hf": ("Wav2Vec2", {**sizes(1024, 24), **LARGE, "conv_bias": True}),
    "wav2vec2_xls_r_300m_hf": ("Wav2Vec2", {**sizes(1024, 24), **LARGE, "conv_bias": True}),
    "wav2vec2_xls_r_1b_hf": ("Wav2Vec2", {**sizes(1280, 48), **LARGE, "conv_bias": True}),
    "wav2vec2_xls_r_2b_hf": ("Wav2Vec2", {**sizes(1920, 48), **LARGE, "conv_bias": True}),
    "hubert_large_hf": ("Hubert", {**sizes(1024, 24), **LARGE, "conv_bias": True}),
    "wavlm_base_hf": ("WavLM", {}),
    "data2vec_large_960h": ("Data2VecAudio", sizes(1024, 24)),
    "music2vec": ("Data2VecAudio", {}),
}
WHISPER = {"whisper_medium_encoder": (1024, 24, 80), "whisper_large_v3_encoder": (1280, 32, 128)}


@pytest.mark.parametrize("row", ROWS)
def test_parameters_are_counted_from_the_published_sizes(row):
    if row in PUBLISHED:
        name, changes = PUBLISHED[row]
        config, network = getattr(transformers, f"{name}Config")(**changes), getattr(transformers, f"{name}Model")
    else:
        width, layers, bands = WHISPER[row]
        encoder = {"encoder_layers": layers, "encoder_attention_heads": width // 64, "encoder_ffn_dim": 4 * width}
        config = transformers.WhisperConfig(d_model=width, num_mel_bins=bands, **encoder)
        network = import_module("transformers.models.whisper.modeling_whisper").WhisperEncoder
    with torch.device("meta"):
        made = network(config)
    assert CATALOG[row].parameters == sum(weight.numel() for weight in made.parameters())
    assert CATALOG[row].dim == CATALOG[row].kwargs["width"] == config.hidden_size


def test_a_config_of_music2vecs_kind_is_read(fakes, tmp_path):
    """The published one gives as vocab_size the path of a file on its author's machine, which the library refuses."""
    tiny = import_module("tiny_transformers")
    tiny.wave(tmp_path, "data2vec")
    noise = [np.random.default_rng(3).uniform(-0.5, 0.5, 4000).astype(np.float32)]
    wanted = AudioEncoder(weights=tmp_path, device="cpu").embed(noise)
    path = tmp_path / "config.json"
    said = {**json.loads(path.read_text(encoding="utf-8")), "vocab_size": "convert_HF/data2vec_base/config.json"}
    path.write_text(json.dumps(said), encoding="utf-8")
    np.testing.assert_array_equal(AudioEncoder(weights=tmp_path, device="cpu").embed(noise), wanted)


@pytest.mark.parametrize("kind", ["hubert large", "mert large", "whisper of 128 bands"])
def test_contract_in_modes_that_no_other_row_has(fakes, tmp_path, monkeypatch, kind):
    tiny = import_module("tiny_transformers")
    if kind == "hubert large":
        monkeypatch.setitem(tiny.WAVES, kind, ("Hubert", tiny.STABLE))
        tiny.wave(tmp_path, kind)
    elif kind == "mert large":
        tiny.mert(tmp_path, do_stable_layer_norm=True, attention_relax=32.0)
    else:
        config, front = transformers.WhisperConfig, transformers.WhisperFeatureExtractor
        monkeypatch.setattr(transformers, "WhisperConfig", functools.partial(config, num_mel_bins=128))
        monkeypatch.setattr(transformers, "WhisperFeatureExtractor", functools.partial(front, feature_size=128))
        tiny.whisper(tmp_path)
        monkeypatch.undo()
    row = next(row for row, each in {**ROWS, "mert_330m": "mert large"}.items() if each == kind)
    way = {key: CATALOG[row].kwargs[key] for key in WAY}
    report = check_embedder(functools.partial(AudioEncoder, weights=tmp_path, device="cpu", **way), long_seconds=4)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}
