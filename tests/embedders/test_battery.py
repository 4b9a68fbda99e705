"""The contract battery over every row of the catalogue, each in its own setting."""

from __future__ import annotations

import functools
import importlib
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
import torch

from benchmark.check import check_embedder
from embedders.byol import Byol
from embedders.byol.encoder import AudioNTT2020
from embedders.catalog import CATALOG


def maker(name, **runtime):
    entry = CATALOG[name]
    module, _, factory = entry.factory.partition(":")
    return functools.partial(getattr(importlib.import_module(module), factory), **{**entry.kwargs, **runtime})


@pytest.fixture
def random_weights(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        path = tmp_path / "random.pth"
        torch.save(AudioNTT2020(512).state_dict(), path)
    return path


@pytest.mark.parametrize("name", CATALOG)
def test_every_row_is_tried_here_or_beside(name):
    texts = [file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py")]
    assert any(f'"{name}"' in text for text in texts if "check_embedder(" in text)


@pytest.mark.parametrize("name", ["logmel_stats", "chance"])
def test_light_rows(name):
    check_embedder(maker(name)).raise_on_failure()


@pytest.mark.parametrize("name", ["opensmile_compare", "opensmile_egemaps"])
def test_opensmile_in_a_worker_process(name):
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        report = pool.submit(check_embedder, maker(name)).result()
    report.raise_on_failure()
    assert "batch mates" in {finding.name for finding in report.findings}


def test_byol_with_random_weights(random_weights):
    report = check_embedder(maker("byol_s_512", weights=random_weights, device="cpu"))
    report.raise_on_failure()
    assert {"frames", "batch mates"} <= {finding.name for finding in report.findings}


@pytest.mark.realdata
def test_byol_with_the_published_weights(data_folder):
    weights = data_folder / "weights" / CATALOG["byol_s_512"].weights.file
    make = maker("byol_s_512", weights=weights, device="cpu", statistics="serab")
    check_embedder(make, dataset="emodb").raise_on_failure()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
def test_byol_on_a_gpu(random_weights):
    on = functools.partial(Byol, random_weights, statistics="train")
    report = check_embedder(functools.partial(on, device="cpu"), on_gpu=functools.partial(on, device="cuda"))
    report.raise_on_failure()
    assert "gpu" in {finding.name for finding in report.findings}
    check_embedder(functools.partial(on, device="cuda")).raise_on_failure()
