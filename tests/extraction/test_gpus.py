"""Several GPUs: a process each."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark import cost, gpus
from benchmark.blame import Blame
from benchmark.construction import Construction

RATE = 8000


def test_each_gpu_has_a_process(run, monkeypatch, tmp_path):
    monkeypatch.setattr(gpus, "visible", lambda: ["4", "7"])
    (tmp_path / "meeting").mkdir()
    kwargs = {"meeting": str(tmp_path / "meeting"), "processes": 2}
    making = Construction("small_embedders:WhichGpu", kwargs, None, "auto")
    _, vectors, _ = run(making, workers=2, budget=0.5)
    _, expected, _ = run("Loudness", "other")
    assert np.array_equal(vectors[:, :3], expected[:, :3])
    assert set(vectors[:, 3].tolist()) == {4.0, 7.0}


@pytest.mark.parametrize(("device", "kwargs"), [("cpu", {}), ("auto", {"device": "cuda:0"})])
def test_a_model_with_a_device_of_its_own_stays_here(run, monkeypatch, device, kwargs):
    monkeypatch.setattr(gpus, "visible", lambda: ["4", "7"])
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    _, vectors, _ = run(Construction("small_embedders:WhichGpu", kwargs, None, device))
    assert set(vectors[:, 3].tolist()) == {-1.0}


@pytest.mark.parametrize(
    ("listed", "expected"), [("", []), ("2", ["2"]), ("0, 3", ["0", "3"]), ("1,-1,2", ["1"]), ("-1", [])]
)
def test_the_variable_says_which_gpus(monkeypatch, listed, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", listed)
    assert gpus.visible() == expected


@pytest.mark.parametrize(("code", "expected"), [(0, ["GPU-a", "GPU-b"]), (9, [])])
def test_without_it_the_driver_does(monkeypatch, tmp_path, code, expected):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho GPU-a\necho GPU-b\nexit {code}\n")
    tool.chmod(0o755)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert gpus.visible() == expected
    monkeypatch.setenv("PATH", "")
    assert gpus.visible() == []


def test_suspects_are_tried_on_one_gpu(run, corpus, monkeypatch):
    monkeypatch.setattr(gpus, "visible", lambda: ["4", "7"])
    suspects = [clip["id"] for clip in corpus.clips[:5]]
    making = Construction("small_embedders:WhichGpu", {}, None, "auto")
    _, vectors, _ = run(making, workers=2, blame=Blame(suspects=suspects))
    assert set(vectors[:5, 3].tolist()) == {4.0}


def test_what_models_elsewhere_cost_is_told(run, monkeypatch):
    monkeypatch.setattr(gpus, "visible", lambda: ["4", "7"])
    summary, _, _ = run(Construction("small_embedders:WhichGpu", {}, None, "auto"), workers=2)
    assert len(summary.costs) == 2
    assert all(each["peak_bytes"] > 1e7 for each in summary.costs)


def test_costs_of_several_processes():
    here = {"parameters": None, "processor": "cpu", "peak_bytes": 9, "gpu_peak_bytes": None}
    there = {"parameters": 5, "processor": "gpu, cpu", "peak_bytes": 3, "gpu_peak_bytes": 7}
    assert cost.together([here]) == here
    both = {"parameters": 5, "processor": "2 x gpu, cpu", "peak_bytes": 9, "gpu_peak_bytes": 8}
    assert cost.together([here, there, {**there, "gpu_peak_bytes": 8}]) == both
