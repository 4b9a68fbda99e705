"""torchaudio's networks, made tiny and random: against torchaudio's own answer for each clip alone."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pytest
import torch
import torchaudio

from benchmark import embedder_spec
from benchmark.check import check_embedder
from benchmark.contract import validate_frames
from benchmark.errors import Unavailable
from benchmark.params import EmbedderEntry
from embedders.base import EmbedderError, FrameEmbedder
from embedders.catalog import CATALOG
from embedders.torchaudio_pipelines import BUNDLES, Network, TorchaudioPipeline

ROWS = [
    "wav2vec2_base",
    "wav2vec2_large_lv60k",
    "wav2vec2_xlsr_300m",
    "hubert_base",
    "hubert_large",
    "wavlm_base",
    "wavlm_base_plus",
    "wavlm_large",
]
KINDS = ["WAV2VEC2_BASE", "WAV2VEC2_LARGE_LV60K", "WAVLM_BASE_PLUS", "WAVLM_LARGE"]
MODELS = {"Wav2Vec2": torchaudio.models.wav2vec2_model, "WavLM": torchaudio.models.wavlm_model}
LAYERS, WIDTH = 3, 16
SMALL = {
    "extractor_conv_layer_config": [(8, 10, 5), *[(8, 3, 2)] * 4, *[(8, 2, 2)] * 2],
    "encoder_embed_dim": WIDTH,
    "encoder_pos_conv_kernel": 16,
    "encoder_pos_conv_groups": 4,
    "encoder_num_layers": LAYERS,
    "encoder_num_heads": 2,
    "encoder_ff_interm_features": 32,
}
LENGTHS = (16000, 400, 9123, 16000, 5000)


def bundle_of(row):
    return CATALOG[row].kwargs["bundle"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """`tiny(bundle, ...)` makes an embedder whose bundle has its own modes, few weights, and those at random."""

    def shrink(name):
        bundle = getattr(torchaudio.pipelines, name)
        if bundle._params["encoder_num_layers"] > LAYERS:
            bundle = dataclasses.replace(bundle, _params={**bundle._params, **SMALL}, _path="never-downloaded.pth")
            monkeypatch.setattr(torchaudio.pipelines, name, bundle)
            monkeypatch.setitem(BUNDLES, name, Network(LAYERS, WIDTH, BUNDLES[name].masks))
        path = tmp_path / f"{name}.pth"
        with torch.random.fork_rng():
            torch.manual_seed(8)
            model = MODELS[bundle._model_type](**bundle._params)
            for weight in model.parameters():  # as made, layers hardly differ and clips hardly matter
                weight.data.add_(0.1 * torch.randn_like(weight))
            torch.save(model.state_dict(), path)
        return path

    def make(name="WAV2VEC2_BASE", **options):
        path = shrink(name)
        return TorchaudioPipeline(path, bundle=name, device="cpu", **options)

    return make


@pytest.fixture
def clips():
    generator = np.random.default_rng(9)
    return [(0.3 * generator.standard_normal(n)).clip(-1, 1).astype(np.float32) + np.float32(0.05) for n in LENGTHS]


def torchaudios_own(embedder, name, clips):
    """For each clip alone, the outputs of all layers by the bundle as torchaudio gives it: (layers, frames, width)."""
    path = embedder._weights
    found = {"model_dir": str(path.parent), "file_name": path.name, "weights_only": True}
    model = getattr(torchaudio.pipelines, name).get_model(dl_kwargs=found)
    with torch.inference_mode():
        return [torch.cat(model.extract_features(torch.tensor(clip)[None])[0]).numpy() for clip in clips]


def assert_close(found, wanted, tolerance=2e-5):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * np.abs(wanted).max())


@pytest.mark.parametrize("name", KINDS)
def test_a_batch_is_what_torchaudio_answers_for_each_clip_alone(tiny, clips, name):
    embedder = tiny(name)
    layers = torchaudios_own(embedder, name, clips)
    wanted = np.stack([each.mean(axis=(0, 1)) for each in layers])
    found = embedder.embed(clips)
    assert found.dtype == np.float32
    assert_close(found, wanted)
    assert np.abs(wanted[0] - wanted[3]).max() > 0.01, "two clips of one length differ"


@pytest.mark.parametrize("layer", [1, 2, LAYERS])
def test_one_layer(tiny, clips, layer):
    embedder = tiny(layer=layer)
    wanted = np.stack([each[layer - 1].mean(axis=0) for each in torchaudios_own(embedder, "WAV2VEC2_BASE", clips)])
    assert_close(embedder.embed(clips), wanted)


@pytest.mark.parametrize(("pooling", "second"), [("mean+max", np.max), ("mean+std", np.std)])
def test_poolings_see_only_a_clips_own_frames(tiny, clips, pooling, second):
    embedder = tiny(pooling=pooling, layer=2)
    frames = [each[1] for each in torchaudios_own(embedder, "WAV2VEC2_BASE", clips)]
    assert [len(each) for each in frames] == [49, 1, 28, 49, 15]
    wanted = np.stack([np.concatenate([each.mean(axis=0), second(each, axis=0)]) for each in frames])
    assert embedder.dim == 2 * WIDTH
    assert_close(embedder.embed(clips), wanted)


@pytest.mark.parametrize("name", ["HUBERT_BASE", "WAVLM_LARGE"])
def test_frames_are_a_layers_own_and_every_20_ms(tiny, clips, name):
    embedder = tiny(name, layer=2, pooling="attention")
    found = validate_frames(embedder.embed_frames(clips), clips, 16000, WIDTH, [str(n) for n in LENGTHS])
    for (vectors, times), layers in zip(found, torchaudios_own(embedder, name, clips), strict=True):
        assert_close(vectors, layers[1])
        np.testing.assert_allclose(times * 16000, 199.5 + 320 * np.arange(len(times)))
    assert not isinstance(tiny(name, pooling="mean+std"), FrameEmbedder)


def test_torchaudios_own_batch_is_another_thing(tiny, clips):
    """What the two steps are for: its group norm sees the padding, and it normalises over the batch."""
    for name in ("WAV2VEC2_BASE", "WAV2VEC2_LARGE_LV60K"):
        embedder = tiny(name)
        path = embedder._weights
        model = getattr(torchaudio.pipelines, name).get_model(
            dl_kwargs={"model_dir": str(path.parent), "file_name": path.name}
        )
        padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(clip) for clip in clips], batch_first=True)
        with torch.inference_mode():
            layers, frames = model.extract_features(padded, torch.tensor(LENGTHS))
        batched = torch.stack(layers)[:, 2, : frames[2]].mean(dim=(0, 1)).numpy()
        own = embedder.embed(clips)[2]
        assert np.abs(batched - own).max() > 1e-3 * np.abs(own).max()


@pytest.mark.parametrize("row", ROWS)
def test_contract_in_the_modes_of_every_row(tiny, row):
    name = bundle_of(row)
    tiny(name)
    report = check_embedder(functools.partial(tiny, name), long_seconds=20.0)
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("name", KINDS)
def test_on_a_gpu(tiny, name):
    path = tiny(name)._weights
    on = functools.partial(TorchaudioPipeline, path, bundle=name, pooling="mean+std")
    report = check_embedder(functools.partial(on, device="cpu"), on_gpu=functools.partial(on, device="cuda"))
    report.raise_on_failure()
    assert "gpu" in {finding.name for finding in report.findings}


def test_small_passes_change_no_vector(tiny, clips, monkeypatch):
    embedder = tiny()
    together = embedder.embed(clips)
    monkeypatch.setitem(embedder.embed.__globals__["_FRAMES_A_PASS"], "cpu", 50)
    assert_close(embedder.embed(clips), together)


def test_what_the_table_and_the_rows_say_is_torchaudios():
    rows = {bundle_of(name): entry for name, entry in CATALOG.items() if name in ROWS}
    assert len(rows) == len(ROWS)
    for name, network in BUNDLES.items():
        bundle = getattr(torchaudio.pipelines, name)
        assert (network.layers, network.width) == (
            bundle._params["encoder_num_layers"],
            bundle._params["encoder_embed_dim"],
        )
        assert network.masks == (bundle._model_type == "Wav2Vec2")
        assert bundle.sample_rate == TorchaudioPipeline.sample_rate
        if name in rows:
            assert rows[name].weights.file == bundle._path
            assert bundle._path in rows[name].weights.way_out
            with torch.device("meta"):
                model = MODELS[bundle._model_type](**bundle._params)
            assert rows[name].parameters == sum(weight.numel() for weight in model.parameters())


def test_a_row_without_its_file_is_not_run_and_says_where_it_is(tiny):
    with pytest.raises(Unavailable, match=r"weights missing: hubert_fairseq_base_ls960\.pth") as told:
        embedder_spec.weights_file(embedder_spec.resolve("hubert_base", EmbedderEntry()))
    assert "https://download.pytorch.org/torchaudio/models/hubert_fairseq_base_ls960.pth" in told.value.way_out
    path = tiny("HUBERT_BASE")._weights
    spec = embedder_spec.resolve("hubert_base", EmbedderEntry(weights=str(path)))
    made = embedder_spec.construction(spec, embedder_spec.weights_file(spec), "cpu").make()
    assert made.embed([np.zeros(400, np.float32)]).shape == (1, WIDTH)


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bundle": "WAV2VEC2"}, "bundle is 'WAV2VEC2', expected one of WAV2VEC2_BASE"),
        ({"pooling": "max"}, "pooling is 'max', expected one of mean, mean.max, mean.std"),
        ({"device": "tpu"}, "device is 'tpu', expected one of auto, cpu, cuda"),
        ({"layer": 0}, "layer is 0, expected 'mean' or a number from 1 to 12"),
        ({"layer": 13}, "layer is 13, expected 'mean' or a number from 1 to 12"),
        ({"layer": True}, "layer is True, expected 'mean'"),
        ({"layer": "last"}, "layer is 'last', expected 'mean'"),
    ],
)
def test_arguments(options, said):
    with pytest.raises(EmbedderError, match=said):
        TorchaudioPipeline("absent.pth", **options)


def test_clips(tiny):
    with pytest.raises(EmbedderError, match="WAV2VEC2_BASE: clip 1 has 399 samples, expected at least 400"):
        tiny().embed([np.zeros(400, np.float32), np.zeros(399, np.float32)])


def test_missing_weights_are_told_and_never_downloaded(tmp_path, monkeypatch):
    def download(*_, **__):
        raise AssertionError("a download")

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    clip = [np.zeros(400, np.float32)]
    with pytest.raises(EmbedderError, match="HUBERT_BASE: found no weights, expected the state dict"):
        TorchaudioPipeline(bundle="HUBERT_BASE").embed(clip)
    with pytest.raises(EmbedderError, match=r"no weights at .*absent\.pth, expected a PyTorch state dict"):
        TorchaudioPipeline(tmp_path / "absent.pth").embed(clip)


def test_weights_of_another_network_are_told_by_their_keys(tiny):
    path = tiny()._weights
    weights = torch.load(path, weights_only=True)
    weights["encoder.odd"] = weights.pop("encoder.transformer.layer_norm.bias")
    weights["encoder.feature_projection.projection.bias"] = torch.zeros(5)
    torch.save(weights, path)
    with pytest.raises(EmbedderError) as told:
        TorchaudioPipeline(path, device="cpu").embed([np.zeros(400, np.float32)])
    said = str(told.value)
    assert "\n" not in said
    assert 'Missing key(s) in state_dict: "encoder.transformer.layer_norm.bias"' in said
    assert 'Unexpected key(s) in state_dict: "encoder.odd"' in said
    assert "expected the state dict of WAV2VEC2_BASE" in said


class Trap:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Trap(), "holds more than tensors .* and was not opened"),
        ([torch.zeros(1)], "cannot be loaded"),
        (b"PK\x03\x04 cut short", "cannot be loaded"),
        (b"", "cannot be loaded"),
    ],
)
def test_files_that_are_no_state_dict(tiny, capsys, content, said):
    path = tiny()._weights
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(EmbedderError, match=said) as told:
        TorchaudioPipeline(path, device="cpu").embed([np.zeros(400, np.float32)])
    assert "\n" not in str(told.value)
    assert capsys.readouterr().out == ""
