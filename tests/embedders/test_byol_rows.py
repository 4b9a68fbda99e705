"""The rows of BYOL-A and BYOL-S: sizes and settings, and the contract with random weights."""

from __future__ import annotations

import functools

import pytest
import torch

from benchmark import weights
from benchmark.check import check_embedder
from benchmark.errors import Unavailable
from embedders.byol import Byol
from embedders.byol.encoder import AudioNTT2020
from embedders.catalog import CATALOG

ROWS = [("byol_a_512", 1024), ("byol_a_1024", 1024), ("byol_a_2048", 1024), ("byol_s_1024", 400), ("byol_s_2048", 400)]


@pytest.mark.parametrize(("name", "window"), ROWS)
def test_size_and_settings(name, window):
    entry = CATALOG[name]
    assert entry.kwargs == {"d": entry.dim, "win_length": window, "statistics": "train"}
    trained = sum(parameter.numel() for parameter in AudioNTT2020(entry.dim).parameters())
    assert (entry.parameters, name.endswith(str(entry.dim))) == (trained, True)
    assert ("NTT" in entry.licence) == name.startswith("byol_a")
    assert entry.weights.redistributable == name.startswith("byol_s")


@pytest.mark.parametrize("name", [name for name, _ in ROWS])
def test_contract(name, tmp_path):
    entry, path = CATALOG[name], tmp_path / "random.pth"
    with torch.random.fork_rng():
        torch.manual_seed(5)
        torch.save(AudioNTT2020(entry.dim).state_dict(), path)
    make = functools.partial(Byol, path, device="cpu", **entry.kwargs)
    report = check_embedder(make, long_seconds=5.0)
    report.raise_on_failure()
    assert {"statistics", "batch mates"} <= {finding.name for finding in report.findings}


@pytest.mark.parametrize("name", [name for name, _ in ROWS])
def test_absent_weights_are_no_error_and_told_how_to_get(name, tmp_path):
    with pytest.raises(Unavailable, match=rf"weights missing: {name}\.pth") as caught:
        weights.resolve(CATALOG[name].weights, None, folders=[tmp_path], cache=tmp_path, fetch=True)
    assert "name its path as `weights:`" in caught.value.way_out
