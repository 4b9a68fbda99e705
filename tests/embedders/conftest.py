"""Fixtures that tests of several embedders share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from embedders.base import Clip, Vectors


@pytest.fixture
def tiny(fakes: Path) -> Any:
    """The module `tiny_transformers`: checkpoints with few weights, those at random."""
    return import_module("tiny_transformers")


@pytest.fixture
def panns(fakes: Path) -> Any:
    """The module `random_panns`: files laid out as the published ones, and small networks."""
    return import_module("random_panns")


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """`saved(content)` is the path of a file that torch wrote."""
    import torch

    def save(content: object, name: str = "weights.pth", **options: Any) -> Path:
        torch.save(content, tmp_path / name, **options)
        return tmp_path / name

    return save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for a checkpoint."""
    made = tmp_path / "checkpoint"
    made.mkdir()
    return made


@pytest.fixture
def clips() -> list[Clip]:
    """One clip, a ramp of 800 samples."""
    return [np.linspace(-0.5, 0.5, 800, dtype=np.float32)]


@pytest.fixture
def from_folder(clips: list[Clip]) -> Callable[..., Vectors]:
    """`from_folder(folder, …)` is the vector of the clip by the checkpoint of transformers in that folder."""
    from embedders.transformers import AudioEncoder

    def run(folder: Path, **options: Any) -> Vectors:
        return AudioEncoder(weights=folder, device="cpu", **options).embed(clips)

    return run


@pytest.fixture
def models(fakes: Path) -> Any:
    """Models behind the interfaces of others."""
    return import_module("stranger_models")


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """`module(name=value, …)` is a module `made_here` of these names."""

    def make(**names: Any) -> str:
        made = ModuleType("made_here")
        vars(made).update(names)
        monkeypatch.setitem(sys.modules, "made_here", made)
        return "made_here"

    return make
