"""Rows of torchaudio's larger bundles: what they say is torchaudio's; the contract, made tiny and random."""

from __future__ import annotations

import dataclasses
import functools

import pytest
import torch
import torchaudio

from benchmark.check import check_embedder
from embedders.catalog import CATALOG
from embedders.torchaudio_pipelines import BUNDLES, Network, TorchaudioPipeline

ROWS = ["wav2vec2_large", "wav2vec2_xlsr_53", "wav2vec2_xlsr_1b", "wav2vec2_xlsr_2b", "hubert_xlarge"]
LAYERS, WIDTH = 2, 16
SMALL = {
    "extractor_conv_layer_config": [(8, 10, 5), *[(8, 3, 2)] * 4, *[(8, 2, 2)] * 2],
    "encoder_embed_dim": WIDTH,
    "encoder_num_layers": LAYERS,
    "encoder_num_heads": 2,
    "encoder_ff_interm_features": 32,
    "encoder_pos_conv_kernel": 16,
    "encoder_pos_conv_groups": 4,
}


def test_every_bundle_has_a_row():
    rows = [entry for entry in CATALOG.values() if "torchaudio_pipelines" in entry.factory]
    assert sorted(entry.kwargs["bundle"] for entry in rows) == sorted(BUNDLES)


@pytest.mark.parametrize("row", ROWS)
def test_what_a_row_says_is_torchaudios(row):
    entry = CATALOG[row]
    bundle = getattr(torchaudio.pipelines, entry.kwargs["bundle"])
    assert entry.weights.file == bundle._path
    assert bundle._path in entry.weights.way_out
    assert entry.dim == bundle._params["encoder_embed_dim"]
    with torch.device("meta"):
        model = torchaudio.models.wav2vec2_model(**bundle._params)
    assert entry.parameters == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize("row", ["wav2vec2_large", "wav2vec2_xlsr_1b", "hubert_xlarge"])  # the modes of the five
def test_contract(row, tmp_path, monkeypatch):
    name = CATALOG[row].kwargs["bundle"]
    bundle = getattr(torchaudio.pipelines, name)
    bundle = dataclasses.replace(bundle, _params={**bundle._params, **SMALL}, _path="never-downloaded.pth")
    monkeypatch.setattr(torchaudio.pipelines, name, bundle)
    monkeypatch.setitem(BUNDLES, name, Network(LAYERS, WIDTH))
    path = tmp_path / "random.pth"
    with torch.random.fork_rng():
        torch.manual_seed(8)
        torch.save(torchaudio.models.wav2vec2_model(**bundle._params).state_dict(), path)
    report = check_embedder(functools.partial(TorchaudioPipeline, path, bundle=name, device="cpu"), long_seconds=8)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}
