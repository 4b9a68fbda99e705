"""A tiny corpus, and `run`, which embeds it."""

from __future__ import annotations

import io
import wave
from importlib import import_module

import numpy as np
import pytest

from benchmark import datasets, extraction, spreading, store
from benchmark.construction import Construction
from benchmark.manifest import Manifest
from benchmark.workers import Workers


@pytest.fixture
def small(fakes):
    return import_module("small_embedders")


@pytest.fixture
def corpus(manual) -> Manifest:
    return datasets.base_manifest("emodb")


@pytest.fixture
def run(corpus, tmp_path, fakes, inline_workers, monkeypatch):
    """`run(embedder)` embeds the tiny corpus; answers (summary, vectors, meta). Two workers are real processes."""

    def go(embedder, name="row", *, workers=1, budget=2.0, advance=lambda clips, seconds: None, **more):
        monkeypatch.setattr(spreading, "Workers", Workers if workers > 1 else inline_workers)
        folder = tmp_path / "vectors" / name / "corpus"
        made = Construction(f"small_embedders:{embedder}", {}, None, "cpu") if isinstance(embedder, str) else embedder
        summary = extraction.extract(
            made,
            corpus,
            datasets.ensure_prepared("emodb"),
            folder,
            fingerprint="f",
            workers=workers,
            budget_seconds=budget,
            record={"embedder": name},
            advance=advance,
            **more,
        )
        return summary, np.array(store.open_vectors(folder, "f")), store.read_meta(folder)

    return go


@pytest.fixture
def pcm(small_members):
    """`pcm(clip id)` answers the int16 samples of the archive."""

    def read(clip_id) -> np.ndarray:
        with wave.open(io.BytesIO(small_members[clip_id])) as file:
            return np.frombuffer(file.readframes(file.getnframes()), "<i2")

    return read
