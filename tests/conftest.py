"""Fixtures that several test folders share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real archives and weights (`MOODBENCH_DATA`); the test is skipped where there is none."""
    folder = Path(os.environ.get("MOODBENCH_DATA") or ROOT.parent / "shared" / "data").resolve()
    if not (folder / "manual").is_dir():
        pytest.skip(f"no real data: set MOODBENCH_DATA to a folder with manual/ and weights/ (looked in {folder})")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests neither read nor fill the user's cache, and never go to the network."""
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "moodbench-cache"))
    monkeypatch.setenv("MOODBENCH_OFFLINE", "1")
