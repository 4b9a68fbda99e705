"""Where a checkpoint of transformers comes from, and what is said of one that is absent, damaged or another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmark import embedder_spec
from benchmark.errors import ContractError, Unavailable
from benchmark.model_errors import as_benchmark_error
from benchmark.params import EmbedderEntry
from embedders.base import EmbedderError, MissingExtraError
from embedders.catalog import CATALOG
from embedders.missing import MissingWeightsError
from embedders.transformers import AudioEncoder

pytest.importorskip("transformers")
hub = pytest.importorskip("huggingface_hub")
constants = pytest.importorskip("huggingface_hub.constants")

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def answered(status):
    """As much of a web answer as the hub's errors read."""
    return SimpleNamespace(headers={}, request=None, status_code=status)


def from_hub(**options):
    return AudioEncoder(model="some/tiny", revision=COMMIT, width=16, device="cpu", **options)


# -- the three places ----------------------------------------------------------------------------


def test_a_file_a_folder_and_a_commit_in_the_cache_give_the_same(tiny, cache, from_folder, clips):
    place = cache / "models--some--tiny" / "snapshots" / COMMIT
    place.mkdir(parents=True)
    tiny.wave(place, "hubert")
    wanted = from_folder(place)
    assert np.abs(wanted).max() > 0.01
    np.testing.assert_array_equal(AudioEncoder(place / "model.safetensors", device="cpu").embed(clips), wanted)
    np.testing.assert_array_equal(from_hub().embed(clips), wanted)
    state = place / "pytorch_model.bin"
    torch.save(tiny.tensors_of(place), state)
    np.testing.assert_array_equal(AudioEncoder(state, device="cpu").embed(clips), wanted)
    (place / "model.safetensors").unlink()
    np.testing.assert_array_equal(from_hub().embed(clips), wanted)


def test_tensors_in_several_files(tiny, folder, from_folder):
    tiny.wave(folder, "hubert")
    wanted = from_folder(folder)
    tensors = tiny.tensors_of(folder)
    table = {name: f"part-{place % 2}.safetensors" for place, name in enumerate(tensors)}
    for part in sorted(set(table.values())):
        tiny.save_tensors(folder, {name: tensors[name] for name in tensors if table[name] == part})
        (folder / "model.safetensors").rename(folder / part)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": table}), encoding="utf-8")
    np.testing.assert_array_equal(from_folder(folder), wanted)


def test_a_users_file_goes_before_the_hub(tiny, folder, cache, from_folder, clips):
    tiny.wave(folder, "hubert")
    row = EmbedderEntry(weights=str(folder / "model.safetensors"), kwargs={"width": 16})
    spec = embedder_spec.resolve("hubert_base_hf", row)
    made = embedder_spec.construction(spec, embedder_spec.weights_file(spec), "cpu").make()
    np.testing.assert_array_equal(made.embed(clips), from_folder(folder))


def test_the_width_is_read_from_a_folder_that_is_here(tiny, folder):
    tiny.whisper(folder)
    assert AudioEncoder(weights=folder, pooling="mean+std").dim == 32


# -- what a checkpoint may hold besides -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["wav2vec2", "data2vec"])
def test_a_head_is_left_out(tiny, tmp_path, kind, from_folder, clips):
    found = []
    for head in ("Model", "ForSequenceClassification"):
        place = tmp_path / head
        place.mkdir()
        network = tiny.wave(place, kind, head=head)
        bare = getattr(network, network.base_model_prefix, network)
        with torch.inference_mode():
            wave = torch.nn.functional.layer_norm(torch.tensor(np.stack(clips)), (800,), eps=1e-7)
            wanted = bare(wave).last_hidden_state[0].mean(dim=0).numpy()
        np.testing.assert_allclose(from_folder(place, layer="last")[0], wanted, atol=2e-5 * np.abs(wanted).max())
        found.append(set(tiny.tensors_of(place)))
    assert any(name.startswith("classifier") for name in found[1])


def test_names_of_older_checkpoints(tiny, folder, from_folder):
    """Until torch 2 a weight norm's two tensors were called otherwise."""
    tiny.wave(folder, "hubert")
    wanted = from_folder(folder)
    new, old = "parametrizations.weight.original", {"0": "weight_g", "1": "weight_v"}
    tensors = tiny.tensors_of(folder)
    renamed = {
        name if new not in name else name.replace(new + name[-1], old[name[-1]]): tensor
        for name, tensor in tensors.items()
    }
    assert any(name.endswith("weight_g") for name in renamed)
    tiny.save_tensors(folder, renamed)
    np.testing.assert_array_equal(from_folder(folder), wanted)


def test_half_precision_is_computed_in_full(tiny, folder, from_folder):
    tiny.wave(folder, "hubert")
    halves = {name: tensor.half() for name, tensor in tiny.tensors_of(folder).items()}
    tiny.save_tensors(folder, {name: tensor.float() for name, tensor in halves.items()})
    wanted = from_folder(folder)
    tiny.save_tensors(folder, halves)
    np.testing.assert_array_equal(from_folder(folder), wanted)


# -- what is not here: a state of the row ------------------------------------------------------------


def test_a_model_that_is_nowhere_is_not_run_and_says_how_to_get_it(cache, clips):
    with pytest.raises(MissingWeightsError) as error:
        from_hub().embed(clips)
    told = as_benchmark_error(error.value, "row on corpus")  # what the stage makes of it
    assert isinstance(told, Unavailable)
    assert told.what == (
        "weights missing: some/tiny (MOODBENCH_OFFLINE=1 forbids to fetch it, and the Hugging Face cache does not "
        "hold it)"
    )
    assert f"hf download some/tiny --revision {COMMIT}" in told.way_out
    assert isinstance(as_benchmark_error(EmbedderError("broken"), "row on corpus"), ContractError)


def test_preparing_and_listing_know_what_is_missing_without_loading_anything(tiny, cache):
    spec = embedder_spec.resolve("hubert_base_hf", EmbedderEntry())
    for fetch in (True, False):
        with pytest.raises(Unavailable, match="weights missing: facebook/hubert-base-ls960"):
            embedder_spec.find_checkpoint(spec, fetch=fetch)
    place = cache / "models--facebook--hubert-base-ls960" / "snapshots" / spec.kwargs["revision"]
    place.mkdir(parents=True)
    tiny.wave(place, "hubert")
    embedder_spec.find_checkpoint(spec)
    program = (
        "import sys; from benchmark import listing; from benchmark.params import EmbedderEntry; "
        "print(listing.embedder_state('hubert_base_hf', EmbedderEntry())); "
        "print(sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[0].startswith("weights missing: facebook/hubert-base-ls960")
    assert done.stdout.splitlines()[1] == "[]"
    embedder_spec.find_checkpoint(embedder_spec.resolve("clap_htsat_unfused", EmbedderEntry(weights="mine.pt")))


def test_only_config_is_fetched_before_the_row_runs(monkeypatch):
    monkeypatch.delenv("MOODBENCH_OFFLINE")
    asked = []
    monkeypatch.setattr(hub, "hf_hub_download", lambda _model, name, **_: asked.append(name) or name)
    embedder_spec.find_checkpoint(embedder_spec.resolve("clap_larger_music", EmbedderEntry()))
    assert asked == ["config.json"]


def test_half_a_model_in_the_cache_is_missing_too(tiny, cache, clips):
    place = cache / "models--some--tiny" / "snapshots" / COMMIT
    place.mkdir(parents=True)
    tiny.wave(place, "hubert")
    (place / "model.safetensors").unlink()
    with pytest.raises(MissingWeightsError, match=r"has neither model\.safetensors nor pytorch_model\.bin"):
        from_hub().embed(clips)


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("GatedRepoError", 403, "some/tiny is gated, .*Accept them on the page of some/tiny .*hf auth login"),
        ("RepositoryNotFoundError", 401, "the Hugging Face hub shows no some/tiny to this account"),
        ("HfHubHTTPError", 500, r"weights missing: some/tiny \(broken\).*hf download some/tiny"),
        ("LocalEntryNotFoundError", 0, r"weights missing: some/tiny \(broken\)"),
    ],
)
def test_what_the_hub_answers(monkeypatch, error, status, said, clips):
    monkeypatch.delenv("MOODBENCH_OFFLINE")

    def refuse(*_, **asked):
        assert asked["revision"] == COMMIT
        assert asked["local_files_only"] is False
        answer = answered(status) if status else None
        raise getattr(hub.errors, error)("broken", **({"response": answer} if answer else {}))

    monkeypatch.setattr(hub, "hf_hub_download", refuse)
    with pytest.raises(MissingWeightsError, match=said):
        from_hub().embed(clips)


def test_a_commit_that_the_hub_does_not_know_is_an_error(monkeypatch, clips):
    def refuse(*_, **__):
        answer = answered(404)
        raise hub.errors.RevisionNotFoundError("broken", response=answer)

    monkeypatch.setattr(hub, "hf_hub_download", refuse)
    with pytest.raises(EmbedderError, match=f"some/tiny has no commit {COMMIT}") as told:
        from_hub().embed(clips)
    assert not isinstance(told.value, MissingWeightsError)


def test_only_what_is_needed_is_fetched(tiny, folder, monkeypatch, from_folder, clips):
    tiny.wave(folder, "hubert")
    monkeypatch.delenv("MOODBENCH_OFFLINE")
    asked = []

    def fetch(_model, name, **_):
        asked.append(name)
        if not (folder / name).is_file():
            answer = answered(404)
            raise hub.errors.RemoteEntryNotFoundError("none", response=answer)
        return str(folder / name)

    monkeypatch.setattr(hub, "hf_hub_download", fetch)
    np.testing.assert_array_equal(from_hub().embed(clips), from_folder(folder))
    assert asked == ["config.json", "preprocessor_config.json", "model.safetensors"]


def test_files_and_folders_that_are_not_there(tmp_path, clips):
    for given in (tmp_path / "absent" / "model.safetensors", tmp_path / "absent"):
        with pytest.raises(MissingWeightsError, match=r"weights missing: nothing at .*absent.*Correct the path"):
            AudioEncoder(weights=given, width=16).embed(clips)
    with pytest.raises(MissingWeightsError, match="weights missing: none named"):
        AudioEncoder(width=16).embed(clips)


def test_every_row_names_a_commit():
    rows = {name: entry for name, entry in CATALOG.items() if entry.factory.startswith("embedders.transformers:")}
    assert "mert_330m" in rows
    for name, entry in rows.items():
        assert entry.weights is None, name
        assert re.fullmatch("[0-9a-f]{40}", entry.kwargs["revision"]), name


def test_without_the_extra_the_pip_line_is_told(tiny, folder, monkeypatch, from_folder):
    tiny.wave(folder, "hubert")
    monkeypatch.setitem(__import__("sys").modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'moodbench\[transformers\]'"):
        from_folder(folder)
