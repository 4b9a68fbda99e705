"""Files of PANNs: what training left in them, and what must be refused."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from embedders.base import EmbedderError
from embedders.panns import Panns
from embedders.panns.network import load_network


@pytest.mark.parametrize("zipped", [True, False])  # torch's form since 1.6, and the one before
def test_what_training_left_in_a_file_is_left_out(saved, zipped, panns):
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    network = load_network(saved(panns.checkpoint(panns.TINY), _use_new_zipfile_serialization=zipped), panns.TINY)
    assert not network.training
    assert torch.equal(torch.random.get_rng_state(), before)
    wanted = panns.random_state(panns.TINY)
    found = network.state_dict()
    assert found.keys() == wanted.keys()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in found.items())


def test_arrays_under_the_name_that_numpy_1_gave_them(saved, panns):
    path = saved(panns.checkpoint(panns.TINY), _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    assert content.count(b"numpy._core.multiarray\n") == 1  # pickled once, then referred to
    path.write_bytes(content.replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n"))
    assert not load_network(path, panns.TINY).training


def test_a_network_alone_and_another_classifier_are_accepted(saved, panns):
    load_network(saved({"model": panns.random_state(panns.TINY)}), panns.TINY)
    load_network(saved(panns.checkpoint(panns.TINY, **{"fc_audioset.weight": torch.zeros(50, 5)})), panns.TINY)


def test_a_file_for_another_rate_is_told_by_its_spectrogram(saved, panns):
    other = replace(panns.TINY, sample_rate=16000, n_fft=512)
    wanted = (
        r"conv_real\.weight is float32 \(129, 1, 256\) instead of float32 \(257, 1, 512\); .*Expected Tiny at 16000 Hz"
    )
    with pytest.raises(EmbedderError, match=wanted):
        load_network(saved(panns.checkpoint(panns.TINY)), other)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"fc1.bias": None}, r"fc1\.bias is missing\. Expected Tiny at 8000 Hz\. Give its published file"),
        ({"bn1.weight": torch.zeros(3)}, r"bn1\.weight is not part of the network"),
        ({"logmel_extractor.other": torch.zeros(3)}, r"logmel_extractor\.other is not part of the network"),
        ({"fc1.bias": torch.zeros(4)}, r"fc1\.bias is float32 \(4,\) instead of float32 \(5,\)"),
        ({"fc1.bias": torch.zeros(5).half()}, r"fc1\.bias is float16 \(5,\) instead of float32 \(5,\)"),
        ({"fc1.bias": np.zeros(5)}, r"holds a mapping whose 'fc1\.bias' is of type \w+, expected a state dict"),
    ],
)
def test_other_networks_are_refused_in_one_clear_message(saved, changed, said, panns):
    with pytest.raises(EmbedderError, match=rf"^panns: .*weights\.pth:? .*{said}"):
        load_network(saved(panns.checkpoint(panns.TINY, **changed)), panns.TINY)


def test_other_files_are_refused(tmp_path, saved, panns):
    with pytest.raises(EmbedderError, match="has no 'model', expected a checkpoint that holds its state dict there"):
        load_network(saved(panns.random_state(panns.TINY)), panns.TINY)
    with pytest.raises(EmbedderError, match="holds an object of type int, expected a state dict"):
        load_network(saved({"model": 3}), panns.TINY)
    whole = saved(panns.checkpoint(panns.TINY))
    for name, content in (("cut", whole.read_bytes()[:5_000]), ("text", b"not weights"), ("empty", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(EmbedderError, match=rf"panns: .*{name} .*Expected a (plain )?state dict"):
            load_network(path, panns.TINY)
    with pytest.raises(EmbedderError, match=r"panns: no weights at .*absent"):
        Panns(tmp_path / "absent", device="cpu").embed([np.zeros(10000, np.float32)])


class TouchesAFile:
    """Unpickled without care, this creates `marker`."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


@pytest.mark.parametrize("written_by", ["torch", "pickle"])
@pytest.mark.parametrize("place", ["model", "sampler"])
def test_a_file_that_would_run_code_is_refused_and_nothing_runs(tmp_path, saved, written_by, place, panns):
    marker = tmp_path / "ran"
    content = {**panns.checkpoint(panns.TINY), place: {"indexes": np.arange(3), "odd": TouchesAFile(marker)}}
    path = saved(content)
    if written_by == "pickle":
        path.write_bytes(pickle.dumps({place: content[place]}, protocol=2))
    with pytest.raises(EmbedderError, match=r"panns: .*holds more than tensors .* could run code"):
        load_network(path, panns.TINY)
    assert not marker.exists()
