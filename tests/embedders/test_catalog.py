"""The catalogue says what is so, and listing it is light."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest

from embedders.catalog import CATALOG

NAMES = ["opensmile_compare", "opensmile_egemaps", "byol_s_512", "logmel_stats", "chance"]


def test_the_rows():
    assert list(CATALOG) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_agrees_with_what_it_makes(name, tmp_path):
    entry = CATALOG[name]
    module, _, factory = entry.factory.partition(":")
    runtime = {"weights": tmp_path / entry.weights.file} if entry.weights else {}
    made = getattr(importlib.import_module(module), factory)(**entry.kwargs, **runtime)
    assert (made.dim, made.sample_rate) == (entry.dim, entry.sample_rate)
    assert entry.title
    assert entry.citation
    assert entry.licence


def test_weights_can_be_fetched_and_checked():
    weights = [entry.weights for entry in CATALOG.values() if entry.weights]
    assert [each.file for each in weights] == ["byol_s_512.pth"]
    for each in weights:
        assert re.fullmatch("[0-9a-f]{64}", each.sha256)
        assert each.url.startswith("https://")
        assert each.way_out
        assert each.licence


def test_listing_and_constructing_load_no_framework():
    program = (
        "import sys; from embedders.catalog import CATALOG; from embedders.byol import Byol; "
        "from embedders.opensmile import OpenSmile; Byol('absent.pth'); OpenSmile(); "
        "print(sorted({'torch', 'torchaudio', 'opensmile', 'scipy', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
