"""Checkpoints of transformers that are refused, and what is said of them."""

from __future__ import annotations

import json
import os
from importlib import import_module

import pytest
import torch

from embedders.base import EmbedderError
from embedders.transformers import AudioEncoder

pytest.importorskip("transformers")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"model": "some/tiny"}, "revision of some/tiny is None, expected a commit of 40 digits"),
        ({"model": "some/tiny", "revision": "main"}, "revision of some/tiny is 'main', expected a commit"),
        ({"model": "tiny", "revision": "0" * 40}, "model is 'tiny', expected owner/name"),
    ],
)
def test_words_that_name_no_checkpoint(options, said):
    with pytest.raises(EmbedderError, match=said):
        AudioEncoder(width=16, **options)


def change(folder, name, **changes):
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **changes}), encoding="utf-8")


def renamed(folder):
    tiny = import_module("tiny_transformers")
    tensors = tiny.tensors_of(folder)
    tensors["encoder.odd"] = tensors.pop("encoder.layer_norm.bias")
    tensors["feature_projection.projection.bias"] = torch.zeros(5)
    tiny.save_tensors(folder, tensors)


BROKEN = {
    "kind": (
        lambda folder: change(folder, "config.json", model_type="bert"),
        "model_type in config.json is 'bert', expected one of wav2vec2, hubert, .*Code of a repository's own is never",
    ),
    "keys": (
        renamed,
        "encoder.layer_norm.bias is missing; encoder.odd is not part of the network; "
        r"feature_projection.projection.bias is \(5,\) instead of \(16,\). Expected the tensors of HubertModel",
    ),
    "layers": (
        lambda folder: change(folder, "config.json", num_hidden_layers=2),
        "encoder.layers.2.attention.k_proj.bias is not part of the network; .* and 13 more",
    ),
    "no config": (lambda folder: (folder / "config.json").unlink(), "no config.json in .*, expected it beside"),
    "config": (lambda folder: (folder / "config.json").write_text("{"), "config.json cannot be read .* expected JSON"),
    "list": (lambda folder: (folder / "config.json").write_text("[]"), "config.json holds a list, expected a JSON"),
    "type": (
        lambda folder: change(folder, "config.json", num_hidden_layers="three"),
        r"config\.json is no HubertConfig \(.*num_hidden_layers.* expected int.*\)\. Fetch it again",
    ),
    "preprocessor": (
        lambda folder: (folder / "preprocessor_config.json").unlink(),
        "no preprocessor_config.json in .*, expected it beside the weights",
    ),
    "normalise": (
        lambda folder: change(folder, "preprocessor_config.json", do_normalize=None),
        "do_normalize in preprocessor_config.json is None, expected true or false",
    ),
    "no weights": (
        lambda folder: (folder / "model.safetensors").unlink(),
        "holds config.json, preprocessor_config.json, expected model.safetensors or pytorch_model.bin",
    ),
    "cut": (
        lambda folder: os.truncate(folder / "model.safetensors", 5000),
        "model.safetensors cannot be read .* It may be cut short",
    ),
}


@pytest.mark.parametrize("how", BROKEN)
def test_checkpoints_that_do_not_fit(tiny, folder, how, from_folder):
    tiny.wave(folder, "hubert")
    mend, said = BROKEN[how]
    mend(folder)
    with pytest.raises(EmbedderError, match=said) as told:
        from_folder(folder, width=16)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("switch", ["feature_extractor_cqt", "deepnorm"])
def test_a_mert_that_is_no_hubert(tiny, folder, switch):
    tiny.mert(folder, **{switch: True})
    with pytest.raises(EmbedderError, match=f"config.json sets {switch}, expected a plain mert_model"):
        AudioEncoder(weights=folder, sample_rate=24000)


def test_weights_that_could_run_code_are_not_opened(tiny, folder, capsys, from_folder):
    class Trap:
        def __reduce__(self):
            return print, ("run",)

    tiny.wave(folder, "hubert")
    (folder / "model.safetensors").unlink()
    torch.save({"odd": Trap()}, folder / "pytorch_model.bin")
    with pytest.raises(EmbedderError, match=r"holds more than tensors .* and was not opened"):
        from_folder(folder)
    assert capsys.readouterr().out == ""


def test_front_ends_of_another_network(tiny, folder, from_folder):
    tiny.whisper(folder)
    change(folder, "preprocessor_config.json", n_samples=32000, chunk_length=2)
    with pytest.raises(EmbedderError, match=r"n_samples in preprocessor_config\.json is 32000, expected 16000"):
        from_folder(folder)
