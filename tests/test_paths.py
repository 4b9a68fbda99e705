"""What is recorded names no folder of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark import paths


def test_portable_names_known_folders_and_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOODBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MOODBENCH_CACHE", str(tmp_path / "data-cache"))
    text = f"{paths.ROOT}/weights/x, {tmp_path}/data/manual, '{tmp_path}/data-cache', {tmp_path}/database/x"
    expected = f"./weights/x, $MOODBENCH_DATA/manual, '$MOODBENCH_CACHE', {tmp_path}/database/x"
    assert paths.portable(text) == expected
