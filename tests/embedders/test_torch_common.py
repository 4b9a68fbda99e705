"""What our torch embedders share."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from embedders.base import EmbedderError
from embedders.torch_common import (
    choose_device,
    exact,
    passes,
    pooled,
    read_state_dict,
    require_layout,
    require_one_of,
    whitened,
)


def test_passes_hold_every_place_once_within_the_budget():
    lengths = [10, 400, 90, 100, 30, 100]
    assert list(passes(lengths, 200, mixed=True)) == [[1], [3, 5], [2, 4], [0]]
    assert list(passes(lengths, 200, mixed=False)) == [[1], [3, 5], [2], [4], [0]]
    assert list(passes([0, 0], 5, mixed=False)) == [[0, 1]]
    assert list(passes([], 200, mixed=True)) == []


def test_arguments_and_devices():
    require_one_of("net", "size", 2, (1, 2))
    with pytest.raises(EmbedderError, match=r"net: size is '2', expected one of 1, 2\."):
        require_one_of("net", "size", "2", (1, 2))
    assert choose_device("net", "cpu") == "cpu"
    if not torch.cuda.is_available():
        assert choose_device("net", "auto") == "cpu"
        with pytest.raises(EmbedderError, match="net: device is 'cuda', but torch sees no CUDA device here"):
            choose_device("net", "cuda")


def test_exact_holds_only_inside():
    before = torch.backends.cudnn.allow_tf32
    with exact():
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic
    assert torch.backends.cudnn.allow_tf32 == before


def test_poolings_by_hand():
    steps = np.random.default_rng(3).standard_normal((7, 4)).astype(np.float32)
    mean = steps.mean(axis=0)
    scores = np.exp(steps @ mean / 2.0)  # the root of the width
    wanted = {
        "mean": mean,
        "mean+max": np.concatenate([mean, steps.max(axis=0)]),
        "mean+std": np.concatenate([mean, steps.std(axis=0)]),
        "attention": (scores[:, None] * steps).sum(axis=0) / scores.sum(),
    }
    for pooling, vector in wanted.items():
        np.testing.assert_allclose(pooled(torch.tensor(steps), pooling).numpy(), vector, rtol=1e-5, atol=1e-6)
        alone = pooled(torch.tensor(steps[:1]), pooling).numpy()
        np.testing.assert_allclose(alone[:4], steps[0], rtol=1e-6, err_msg="one step is its own mean")


def test_whitened():
    wave = np.random.default_rng(3).uniform(-0.2, 0.5, 300).astype(np.float32)
    wanted = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-3)
    np.testing.assert_allclose(whitened(torch.tensor(wave), epsilon=1e-3).numpy(), wanted, rtol=1e-4, atol=1e-6)
    assert not whitened(torch.full((9,), 0.5), epsilon=1e-7).any()


class TouchesAFile:
    """Unpickled without care, this creates `marker`."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def test_files_that_are_no_state_dict(tmp_path):
    state, path = {"a": torch.ones(2)}, tmp_path / "file.pt"

    def refused(content, match):
        path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
        with pytest.raises(EmbedderError, match=match):
            read_state_dict("net", path)

    torch.save(state, path)
    assert torch.equal(read_state_dict("net", path)["a"], state["a"])
    whole = path.read_bytes()
    refused([1, 2], "net: .* holds an object of type list, expected a state dict")
    refused({"epoch": 3, **state}, "holds a mapping whose 'epoch' is of type int, expected a state dict")
    for content in (whole[:200], b"not weights", b""):
        refused(content, r"net: .*file\.pt (cannot be read|holds more).* [Ee]xpected a (plain )?state dict")
    marker = tmp_path / "ran"
    refused({"a": TouchesAFile(marker)}, r"holds more than tensors .* could run code")
    refused(pickle.dumps({"a": TouchesAFile(marker)}, protocol=2), r"holds more than tensors .* could run code")
    assert not marker.exists()
    with pytest.raises(EmbedderError, match=r"net: no weights at .*absent"):
        read_state_dict("net", tmp_path / "absent")


def test_differences_are_named(tmp_path):
    expected = {"a": torch.zeros(2, 3), "b": torch.zeros(1), "c": torch.zeros(1)}

    def told(match, **found):
        with pytest.raises(EmbedderError, match=match):
            require_layout("net", tmp_path / "file", {**expected, **found}, expected, "a net")

    require_layout("net", tmp_path / "file", dict(reversed(expected.items())), expected, "a net")
    told(r"net: .*file: a is float32 \(3, 2\) instead of float32 \(2, 3\)\. Expected a net\.", a=torch.zeros(3, 2))
    told(r"b is float64 \(1,\) instead of float32 \(1,\)", b=torch.zeros(1).double())
    told(r"d is not part of the network", d=torch.zeros(1))
    with pytest.raises(EmbedderError, match=r"a is missing; b is missing; c is missing; and 1 more\. Expected a net\."):
        require_layout("net", tmp_path / "file", {"x": torch.zeros(1)}, expected, "a net")
