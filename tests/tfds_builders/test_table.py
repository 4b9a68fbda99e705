"""A table finds its files whatever way their names are written."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest

from tfds_builders.common.source import Source
from tfds_builders.common.table import TableBuilder

COMPOSED = unicodedata.normalize("NFC", "Ärger/señora.wav")
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)


@pytest.mark.parametrize("listed", [COMPOSED, DECOMPOSED])
@pytest.mark.parametrize("packed", [COMPOSED, DECOMPOSED])
def test_accents_composed_or_not(tmp_path, small_members, listed, packed):
    assert COMPOSED != DECOMPOSED
    file = tmp_path / "audio" / packed
    file.parent.mkdir(parents=True)
    file.write_bytes(next(iter(small_members.values())))
    table = tmp_path / "table.csv"
    table.write_text(f"path,label,group\n{listed},anger,s1\n", encoding="utf-8")
    builder = TableBuilder.__new__(type("Own", (TableBuilder,), {"TABLE": table}, skip_registration=True))
    with Source(tmp_path / "audio") as source:
        builder.read_tables(source)
    clips = list(builder.clips_in(PurePosixPath(COMPOSED)))
    assert clips == [(COMPOSED, {"label": "anger", "group": "s1"}, None)]
    assert builder.part_of(COMPOSED, {}) is None
